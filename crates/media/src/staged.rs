//! A file or directory written under a temporary name beside its place, renamed when complete.

use std::ffi::OsString;
use std::fs::{self, DirEntry, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{io, process};

use crate::provenance::{self, Provenance};
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
    /// Begins a file, and removes what a process that was killed left of it.
    pub fn file(target: &Path) -> Result<(Self, File)> {
        sweep(target);
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
        sweep(target);
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

    /// Puts a file in its place, signed if it says where it comes from.
    pub fn commit_from(self, said: Option<&Provenance>) -> Result<()> {
        if let Some(said) = said {
            provenance::sign(&self.temporary, &self.target, said)?;
        }
        self.commit()
    }

    /// Puts what was written in its place, replacing what is there.
    pub fn commit(mut self) -> Result<()> {
        if self.is_dir && self.target.is_dir() {
            // A directory is not replaced by a rename: move the old one aside first.
            // Not under a name that is swept: should all end here, the old one is still there.
            let aside = hidden_sibling(&self.target, ".replaced");
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
    hidden_sibling(target, PART)
}

fn hidden_sibling(target: &Path, ending: &str) -> PathBuf {
    let serial = COUNTER.fetch_add(1, Ordering::Relaxed);
    let mut name = temporary_name(target);
    name.push(format!("{}-{:x}-{serial}{ending}", process::id(), *RUN));
    target.with_file_name(name)
}

/// Tells this run from an earlier one of the same number, as the first process of a container always has.
static RUN: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());

/// How the names of all temporaries of a file begin; the process's number and the run's follow.
fn temporary_name(target: &Path) -> OsString {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".");
    name
}

const PART: &str = ".part";

/// After this a temporary may be removed whose process does not run here: it may have been one of another container.
const STALE: Duration = Duration::from_secs(3600);

/// Removes what earlier runs left of a file. Best effort: it is in nobody's way.
fn sweep(target: &Path) {
    let begin = temporary_name(target);
    let parent = target
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let Ok(entries) = fs::read_dir(parent.unwrap_or(Path::new("."))) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let rest = name
            .as_encoded_bytes()
            .strip_prefix(begin.as_encoded_bytes());
        let rest = rest.and_then(|rest| str::from_utf8(rest).ok());
        let whose = rest.and_then(|rest| rest.strip_suffix(PART)?.split_once('-'));
        if whose.is_some_and(|(process, run)| is_left(process, run, &entry)) {
            let _ = fs::remove_file(entry.path()).or_else(|_| fs::remove_dir_all(entry.path()));
        }
    }
}

/// Whether a temporary of a process, named with its run, is nobody's any more.
fn is_left(process: &str, run: &str, entry: &DirEntry) -> bool {
    let Ok(process) = process.parse::<u32>() else {
        return false;
    };
    if process == process::id() {
        return !run.starts_with(&format!("{:x}-", *RUN));
    }
    let age = entry
        .metadata()
        .and_then(|meta| meta.modified())
        .map(|at| at.elapsed().unwrap_or_default());
    !is_running(process) && age.is_ok_and(|age| age > STALE)
}

/// Where the system does not tell, every process runs.
fn is_running(process: u32) -> bool {
    !Path::new("/proc/self").exists() || Path::new("/proc").join(process.to_string()).exists()
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
