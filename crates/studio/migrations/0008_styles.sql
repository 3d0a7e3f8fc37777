-- A style is kept whole, as its file says it: `written` by its user, `look` with what its pictures show filled in (both JSON).
ALTER TABLE styles ADD COLUMN written TEXT NOT NULL DEFAULT '';
ALTER TABLE styles ADD COLUMN look TEXT NOT NULL DEFAULT '';
UPDATE styles SET written = json_object('name', name, 'title', json_object('en', title), 'en', json_object('brief', text));
UPDATE styles SET look = written;
ALTER TABLE styles DROP COLUMN title;
ALTER TABLE styles DROP COLUMN text;

CREATE TABLE style_pictures (
    id     TEXT PRIMARY KEY,
    owner  TEXT NOT NULL,
    style  TEXT NOT NULL,
    number INTEGER NOT NULL,
    jpeg   BLOB NOT NULL,
    FOREIGN KEY (owner, style) REFERENCES styles (owner, name) ON DELETE CASCADE
);
CREATE INDEX style_pictures_style ON style_pictures (owner, style, number);
