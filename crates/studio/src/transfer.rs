//! A whole library as one zip: `library.json`, and each clip's media and sidecar as they are. Blocking.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::files::{Files, SIDECAR, is_id};
use crate::scratch::Scratch;
use crate::wire::Clip;
use crate::{Error, Result};

/// What `library.json` holds.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Library {
    /// Version of the studio that wrote it.
    pub kinora: String,
    pub folders: Vec<Folder>,
    pub clips: Vec<Entry>,
    pub boards: Vec<Board>,
    pub styles: Vec<Style>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Folder {
    pub id: String,
    pub name: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Entry {
    #[serde(flatten)]
    pub clip: Clip,
    /// Name of the media file in `clips/ID/`.
    pub media: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Board {
    pub name: String,
    pub board: Value,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Style {
    pub name: String,
    pub title: String,
    /// The look in a line, for studios that know no more of a style.
    pub text: String,
    /// The whole of it, its pictures' words too.
    #[serde(default)]
    pub look: Option<kinora_engine::style::Style>,
    /// Reference pictures as data URLs.
    #[serde(default)]
    pub pictures: Vec<String>,
}

const INDEX: &str = "library.json";
/// Bytes of an index that is read: it is held in memory, several times its size.
const INDEX_LIMIT: u64 = 32 << 20;
/// Bytes of a sidecar: a request and what was drawn for it.
const SIDECAR_LIMIT: u64 = 1 << 20;

/// Writes the zip at `to`.
pub fn pack(files: &Files, library: &Library, to: &Path) -> Result<()> {
    let mut zip = ZipWriter::new(File::create(to)?);
    // Media does not get smaller; large files need the zip's 64-bit form.
    let stored = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .large_file(true);
    zip.start_file(INDEX, stored).map_err(Error::internal)?;
    zip.write_all(&serde_json::to_vec(library)?)?;
    for entry in &library.clips {
        let id = &entry.clip.id;
        for name in [entry.media.as_str(), SIDECAR] {
            let path = files.clip(id).join(name);
            if !path.exists() {
                continue;
            }
            zip.start_file(format!("clips/{id}/{name}"), stored)
                .map_err(Error::internal)?;
            std::io::copy(&mut File::open(path)?, &mut zip)?;
        }
    }
    zip.finish().map_err(Error::internal)?;
    Ok(())
}

/// A zip that came from elsewhere: only what its index names is read, and only names that are plain.
pub struct Import {
    zip: ZipArchive<BufReader<File>>,
    pub contents: Library,
    /// The file itself, which lasts as long as it is read.
    _file: Scratch,
}

impl Import {
    pub fn open(scratch: Scratch) -> Result<Self> {
        let foreign =
            |what: String| Error::Unreadable(format!("this is no export of a studio: {what}"));
        let file = BufReader::new(File::open(scratch.path())?);
        let mut zip = ZipArchive::new(file).map_err(|error| foreign(error.to_string()))?;
        let index = zip
            .by_name(INDEX)
            .map_err(|error| foreign(error.to_string()))?;
        if index.size() > INDEX_LIMIT {
            let limit = INDEX_LIMIT >> 20;
            let said = format!("its {INDEX} has more than {limit} MiB; move fewer clips at a time");
            return Err(Error::TooLarge(said));
        }
        let contents = serde_json::from_reader(index.take(INDEX_LIMIT));
        let contents = contents.map_err(|error| foreign(format!("{INDEX}: {error}")))?;
        Ok(Self {
            zip,
            contents,
            _file: scratch,
        })
    }

    /// Writes a clip's media, of at most `limit` bytes, to `folder/upload`, and its sidecar beside it; `false` if the zip
    /// lacks the media.
    pub fn unpack(&mut self, entry: &Entry, folder: &Path, limit: u64) -> Result<bool> {
        let id = &entry.clip.id;
        if !is_id(id) {
            return Ok(false);
        }
        let media = entry.media.as_str();
        for (name, to, limit) in [(media, "upload", limit), (SIDECAR, SIDECAR, SIDECAR_LIMIT)] {
            let found = self.zip.by_name(&format!("clips/{id}/{name}"));
            let Ok(found) = found else {
                match to == SIDECAR {
                    true => continue,
                    false => return Ok(false),
                }
            };
            let written = std::io::copy(
                &mut found.take(limit + 1),
                &mut File::create(folder.join(to))?,
            )?;
            if written > limit {
                return Err(Error::TooLarge(format!(
                    "a file of the clip {id} has more than {} MiB",
                    limit >> 20
                )));
            }
        }
        Ok(true)
    }
}
