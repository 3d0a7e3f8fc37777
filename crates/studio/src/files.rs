//! Where things lie in the data folder.
//!
//! ```text
//! DATA/studio.db          everything but media
//!      clips/ID/          one folder a clip: its media file, video.json, thumbnail.webp, spritesheet.jpg, meta.json
//!      jobs/ID/           work under way, or stopped lately: files that are being made, the checkpoint, a preview
//!      uploads/           bytes that are still coming in
//! ```
//!
//! A clip's folder is put together in `jobs/` or `uploads/` and renamed into `clips/`: it is whole, or not there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The data folder.
#[derive(Debug, Clone)]
pub struct Files {
    root: PathBuf,
}

/// The engine's record beside the media file.
pub const SIDECAR: &str = "video.json";
pub const THUMBNAIL: &str = "thumbnail.webp";
pub const SPRITESHEET: &str = "spritesheet.jpg";
/// The copy with the visible mark, before the ending of its format.
pub const MARKED: &str = "marked";
/// In a job's folder: the file that the engine makes.
pub const OUT: &str = "video.mp4";
/// In a job's folder: what its clip looked like at some step.
pub const PREVIEW: &str = "preview.jpg";
/// What was measured of the media, see [`crate::derive::Meta`].
pub const META: &str = "meta.json";

impl Files {
    /// Makes the folders that are missing.
    pub fn open(root: &Path) -> io::Result<Self> {
        let root = std::path::absolute(root)?;
        for folder in ["clips", "jobs", "uploads"] {
            fs::create_dir_all(root.join(folder))?;
        }
        Ok(Self { root })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn database(&self) -> PathBuf {
        self.root.join("studio.db")
    }

    pub fn clip(&self, id: &str) -> PathBuf {
        self.root.join("clips").join(plain(id))
    }

    pub fn job(&self, id: &str) -> PathBuf {
        self.root.join("jobs").join(plain(id))
    }

    /// What a job that was stopped on the way goes on from.
    pub fn checkpoint(&self, id: &str) -> PathBuf {
        kinora_engine::checkpoint::path_of(&self.job(id).join(OUT))
    }

    pub fn upload(&self, id: &str) -> PathBuf {
        self.root.join("uploads").join(plain(id))
    }
}

/// Identifiers come out of the database or are checked by [`is_id`]; no other text ever becomes part of a path.
fn plain(id: &str) -> &str {
    assert!(is_id(id), "not an identifier: {id:?}");
    id
}

/// Lower-case letters, digits and dashes, at most 64.
pub fn is_id(text: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    !text.is_empty() && text.len() <= 64 && text.bytes().all(plain)
}

/// A new identifier; later ones sort after earlier ones.
pub fn fresh_id() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

/// 244 random bits as text: nobody guesses it.
pub fn secret() -> String {
    format!(
        "{}{}",
        uuid::Uuid::new_v4().simple(),
        uuid::Uuid::new_v4().simple()
    )
}

/// Milliseconds since 1970.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_identifiers() {
        assert!(is_id(&fresh_id()) && is_id(&format!("{}-4", fresh_id())));
        for bad in ["", "..", "a/b", "a.b", "A", "a\\b", "a\0", &"a".repeat(65)] {
            assert!(!is_id(bad), "{bad:?}");
        }
    }
}
