-- What goes with a clip that is deleted, found without reading the whole table.
CREATE INDEX v1_files_clip ON v1_files (clip);
CREATE INDEX v1_characters_clip ON v1_characters (clip);
