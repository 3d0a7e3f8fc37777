//! What lies in `uploads/` only while it is worked on.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::files::{Files, fresh_id};

/// A file or a folder that is gone when this is dropped, unless it was moved into the library. Work takes it along: a
/// client may go away, which drops what a handler holds, but not what a thread still writes to.
#[derive(Debug)]
pub struct Scratch {
    id: String,
    path: PathBuf,
}

impl Files {
    /// A name for a file; none is made yet.
    pub fn scratch_file(&self, ending: &str) -> Scratch {
        let id = fresh_id();
        let path = self.upload(&id).with_extension(ending);
        Scratch { id, path }
    }

    /// An empty folder.
    pub fn scratch_folder(&self) -> io::Result<Scratch> {
        let id = fresh_id();
        let path = self.upload(&id);
        std::fs::create_dir(&path)?;
        Ok(Scratch { id, path })
    }
}

impl Scratch {
    /// The identifier of the clip that it may become.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let gone = match self.path.is_dir() {
            true => std::fs::remove_dir_all(&self.path),
            false => std::fs::remove_file(&self.path),
        };
        if let Err(error) = gone
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %self.path.display(), "left behind until the next start");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_with_its_last_holder_unless_it_was_moved() {
        let data = tempfile::tempdir().unwrap();
        let files = Files::open(data.path()).unwrap();
        let (file, folder) = (files.scratch_file("zip"), files.scratch_folder().unwrap());
        std::fs::write(file.path(), "x").unwrap();
        std::fs::write(folder.path().join("upload"), "x").unwrap();
        let moved = files.scratch_folder().unwrap();
        let clip = files.clip(moved.id());
        std::fs::rename(moved.path(), &clip).unwrap();
        drop((file, folder, moved));
        let left = data.path().join("uploads").read_dir().unwrap().count();
        assert_eq!((left, clip.is_dir()), (0, true));
    }
}
