//! A body taken apart: JSON and multipart give the same [`Form`].
//!
//! The SDKs send multipart with nested fields as `video[id]` and everything as text; others send JSON. So text that
//! stands where a number is asked is read as one, see [`super::fields`].

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::multipart::MultipartError;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::{StatusCode, header};
use serde_json::{Map, Value};
use tokio::io::AsyncWriteExt;

use super::fault::{Answer, Fault};
use crate::App;
use crate::scratch::Scratch;

/// How deep fields may be nested: nothing here goes deeper than `board[cards][0][at]`.
const DEEPEST: usize = 6;
/// Bytes of a JSON body: a picture as a data URL has room in it.
const JSON_LIMIT: usize = 96 << 20;
/// Bytes of all text fields of a form together: they are held in memory.
const TEXT_LIMIT: usize = 96 << 20;
const MOST_FIELDS: usize = 200;

/// Fields by name, and files that lie in a folder of their own until the form is dropped.
#[derive(Debug, Default)]
pub(super) struct Form {
    pub fields: Map<String, Value>,
    pub files: BTreeMap<String, Upload>,
}

/// A file that came in.
#[derive(Debug)]
pub(super) struct Upload {
    /// The name that the client gave it; never part of a path.
    pub name: String,
    pub bytes: u64,
    /// The folder where it lies as `upload`.
    pub folder: Scratch,
}

impl Upload {
    /// An empty one.
    pub async fn begin(app: &App, name: String) -> crate::Result<(Self, tokio::fs::File)> {
        let folder = app.store.files.scratch_folder()?;
        let file = tokio::fs::File::create(folder.path().join("upload")).await?;
        let bytes = 0;
        let upload = Self {
            name,
            bytes,
            folder,
        };
        Ok((upload, file))
    }

    /// One that holds `bytes`.
    pub async fn of(app: &App, name: &str, bytes: &[u8]) -> crate::Result<Self> {
        let (mut upload, mut file) = Self::begin(app, name.to_owned()).await?;
        file.write_all(bytes).await?;
        file.flush().await?;
        upload.bytes = bytes.len() as u64;
        Ok(upload)
    }
}

impl Form {
    /// Reads a body of either kind.
    pub async fn read(app: &App, request: Request) -> Answer<Self> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let essence = kind
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        match essence.as_str() {
            "multipart/form-data" => Self::multipart(app, request).await,
            // Some clients send JSON without saying so.
            "application/json" | "" => Self::json(request).await,
            other => Err(Fault::request(format!(
                "Unsupported content type '{other}': send multipart/form-data or application/json."
            ))),
        }
    }

    async fn json(mut request: Request) -> Answer<Self> {
        DefaultBodyLimit::max(JSON_LIMIT).apply(&mut request);
        let body = Bytes::from_request(request, &()).await;
        let body = body.map_err(|error| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Fault::too_large(),
            _ => Fault::request(format!(
                "The body could not be read: {}.",
                error.body_text()
            )),
        })?;
        if body.is_empty() {
            return Ok(Self::default());
        }
        match serde_json::from_slice(&body) {
            Ok(Value::Object(fields)) => Ok(Self {
                fields,
                files: BTreeMap::new(),
            }),
            Ok(_) => Err(Fault::request("The body has to be a JSON object.")),
            Err(error) => Err(Fault::request(format!(
                "The body is no valid JSON: {error}."
            ))),
        }
    }

    async fn multipart(app: &App, request: Request) -> Answer<Self> {
        let broken = |error: MultipartError| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Fault::too_large(),
            _ => Fault::request(format!(
                "The form could not be read: {}.",
                error.body_text()
            )),
        };
        let mut parts = match Multipart::from_request(request, &()).await {
            Ok(parts) => parts,
            Err(error) => {
                return Err(Fault::request(format!(
                    "The form could not be read: {}.",
                    error.body_text()
                )));
            }
        };
        let mut form = Self::default();
        let (mut count, mut bytes_of_text) = (0, 0);
        while let Some(mut part) = parts.next_field().await.map_err(broken)? {
            count += 1;
            if count > MOST_FIELDS {
                return Err(Fault::request(format!(
                    "The form has more than {MOST_FIELDS} fields."
                )));
            }
            let Some(name) = part.name().map(str::to_owned) else {
                return Err(Fault::request("A part of the form has no name."));
            };
            if let Some(file) = part.file_name().map(str::to_owned) {
                let io = |error: std::io::Error| Fault::from(crate::Error::from(error));
                let (mut upload, mut out) = Upload::begin(app, file).await?;
                while let Some(bytes) = part.chunk().await.map_err(broken)? {
                    upload.bytes += bytes.len() as u64;
                    out.write_all(&bytes).await.map_err(io)?;
                }
                out.flush().await.map_err(io)?;
                form.files.insert(name, upload);
                continue;
            }
            let mut text = Vec::new();
            while let Some(bytes) = part.chunk().await.map_err(broken)? {
                bytes_of_text += bytes.len();
                if bytes_of_text > TEXT_LIMIT {
                    return Err(Fault::too_large().about(&name));
                }
                text.extend_from_slice(&bytes);
            }
            let text = String::from_utf8(text)
                .map_err(|_| Fault::field(name.as_str(), "The field is not UTF-8."))?;
            put(&mut form.fields, &name, text)?;
        }
        Ok(form)
    }
}

/// Puts `a[b][c]` where it belongs; `a[]` and numbers make arrays.
fn put(fields: &mut Map<String, Value>, name: &str, text: String) -> Answer<()> {
    let bad = || Fault::field(name, format!("'{name}' is not a field's name."));
    let (first, mut rest) = match name.find('[') {
        Some(at) => name.split_at(at),
        None => (name, ""),
    };
    let mut keys = Vec::new();
    while !rest.is_empty() {
        let (key, after) = rest
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
            .ok_or_else(bad)?;
        keys.push(key);
        rest = after;
    }
    if first.is_empty() || keys.len() > DEEPEST {
        return Err(bad());
    }
    let mut place = fields.entry(first).or_insert(Value::Null);
    for key in keys {
        let index = match key {
            "" => Some(place.as_array().map_or(0, Vec::len)),
            key => key.parse().ok(),
        };
        if place.is_null() {
            *place = match index {
                Some(_) => Value::Array(Vec::new()),
                None => Value::Object(Map::new()),
            };
        }
        place = match (place, index) {
            (Value::Array(list), Some(index)) if index <= list.len() && index < MOST_FIELDS => {
                if index == list.len() {
                    list.push(Value::Null);
                }
                &mut list[index]
            }
            (Value::Object(map), _) => map.entry(key).or_insert(Value::Null),
            _ => return Err(bad()),
        };
    }
    if !place.is_null() {
        return Err(Fault::field(name, format!("'{name}' stands there twice.")));
    }
    *place = Value::String(text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(pairs: &[(&str, &str)]) -> Answer<Value> {
        let mut fields = Map::new();
        for (name, text) in pairs {
            put(&mut fields, name, (*text).to_owned())?;
        }
        Ok(Value::Object(fields))
    }

    #[test]
    fn brackets_nest() {
        let form = read(&[
            ("prompt", "a frog"),
            ("video[id]", "video_1"),
            ("input_reference[image_url]", "data:,"),
            ("board[cards][0][at]", "0"),
            ("board[cards][0][text]", "one"),
            ("board[cards][1][at]", "5"),
            ("characters[]", "char_1"),
            ("characters[]", "char_2"),
        ]);
        let expected = json!({
            "prompt": "a frog",
            "video": {"id": "video_1"},
            "input_reference": {"image_url": "data:,"},
            "board": {"cards": [{"at": "0", "text": "one"}, {"at": "5"}]},
            "characters": ["char_1", "char_2"],
        });
        assert_eq!(form.unwrap(), expected);
    }

    #[test]
    fn names_that_make_no_sense_are_refused() {
        for pairs in [
            &[("", "x")][..],
            &[("[a]", "x")],
            &[("a[b", "x")],
            &[("a[b]c", "x")],
            &[("a", "x"), ("a", "y")],
            &[("a", "x"), ("a[b]", "y")],
            &[("a[b]", "x"), ("a", "y")],
            &[("a[7]", "x")],
            &[("a[0]", "x"), ("a[b]", "y")],
            &[("a[b][c][d][e][f][g][h]", "x")],
        ] {
            assert!(read(pairs).is_err(), "{pairs:?}");
        }
    }
}
