//! A file or directory written under a temporary name beside its place, renamed when complete.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Error, Result};

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Removes its temporary on drop unless it was committed.
pub(crate) struct Staged {
    target: PathBuf,
    temporary: PathBuf,
    is_dir: bool,
    committed: bool,
}

impl Staged {
    /// Begins a file.
    pub fn file(target: &Path) -> Result<(Self, File)> {
        if target.is_dir() {
            return Err(Error::Occupied {
                path: target.to_path_buf(),
                reason: "a directory is there; choose another name".to_owned(),
            });
        }
        let temporary = temporary_sibling(target);
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&temporary)
            .map_err(Error::io("create", target))?;
        Ok((Self::begun(target, temporary, false), file))
    }

    /// Begins a directory.
    pub fn directory(target: &Path) -> Result<Self> {
        let temporary = temporary_sibling(target);
        fs::create_dir(&temporary).map_err(Error::io("create", target))?;
        Ok(Self::begun(target, temporary, true))
    }

    fn begun(target: &Path, temporary: PathBuf, is_dir: bool) -> Self {
        Self {
            target: target.to_path_buf(),
            temporary,
            is_dir,
            committed: false,
        }
    }

    /// Where to write until [`Self::commit`].
    pub fn path(&self) -> &Path {
        &self.temporary
    }

    /// Puts what was written in its place, replacing what is there.
    pub fn commit(mut self) -> Result<()> {
        if self.is_dir && self.target.is_dir() {
            // A directory is not replaced by a rename: move the old one aside first.
            let aside = temporary_sibling(&self.target);
            fs::rename(&self.target, &aside).map_err(Error::io("replace", &self.target))?;
            if let Err(error) = fs::rename(&self.temporary, &self.target) {
                // Best effort: the first error is the one to tell.
                let _ = fs::rename(&aside, &self.target);
                return Err(Error::io("replace", &self.target)(error));
            }
            self.committed = true;
            return fs::remove_dir_all(&aside).map_err(Error::io("remove the old", &self.target));
        }
        fs::rename(&self.temporary, &self.target).map_err(Error::io("write", &self.target))?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if self.committed {
            return;
        }
        // Nothing can be told from a drop; what is left behind is hidden and named as a part.
        let _ = match self.is_dir {
            true => fs::remove_dir_all(&self.temporary),
            false => fs::remove_file(&self.temporary),
        };
    }
}

/// A hidden name in the same directory, so that the rename stays on one file system.
pub(crate) fn temporary_sibling(target: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    let serial = COUNTER.fetch_add(1, Ordering::Relaxed);
    name.push(format!(".{}-{serial}.part", std::process::id()));
    match target.parent() {
        Some(parent) => parent.join(name),
        None => PathBuf::from(name),
    }
}

/// The bytes of a file.
pub(crate) fn size_of(path: &Path) -> Result<u64> {
    fs::metadata(path)
        .map(|meta| meta.len())
        .map_err(Error::io("read", path))
}

/// An anonymous scratch file in the directory of `beside`, gone when it is closed or the process ends.
pub(crate) fn scratch_file(beside: &Path) -> Result<ScratchFile> {
    let path = temporary_sibling(beside);
    let open = || -> io::Result<File> {
        File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
    };
    let file = open().map_err(Error::io("create", beside))?;
    Ok(ScratchFile { path, file })
}

/// Removed on drop.
pub(crate) struct ScratchFile {
    path: PathBuf,
    pub file: File,
}

impl Drop for ScratchFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
