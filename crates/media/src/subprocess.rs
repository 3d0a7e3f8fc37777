//! The optional ffmpeg: found on PATH, run beside us, never linked.

use std::env;
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};

use crate::{Error, Result};

/// The first ffmpeg on PATH.
pub(crate) fn find_ffmpeg() -> Option<PathBuf> {
    find_in(&env::var_os("PATH")?)
}

fn find_in(directories: &OsStr) -> Option<PathBuf> {
    let name = format!("ffmpeg{}", env::consts::EXE_SUFFIX);
    env::split_paths(directories)
        .map(|directory| directory.join(&name))
        .find(|path| path.is_file())
}

/// A path that ffmpeg cannot take for an option or a protocol.
pub(crate) fn as_file_argument(path: &Path) -> std::ffi::OsString {
    let mut argument = std::ffi::OsString::from("file:");
    argument.push(path);
    argument
}

/// A running ffmpeg whose complaints are gathered. Killed on drop.
pub(crate) struct Ffmpeg {
    path: PathBuf,
    pub child: Child,
    log: Option<JoinHandle<String>>,
}

impl Ffmpeg {
    /// `path` is the user's file, for messages.
    pub fn start<A: AsRef<OsStr>>(
        program: &Path,
        path: &Path,
        arguments: impl IntoIterator<Item = A>,
        stdin: Stdio,
        stdout: Stdio,
    ) -> Result<Self> {
        let mut child = Command::new(program)
            .args(["-hide_banner", "-nostats", "-loglevel", "error", "-y"])
            .args(arguments)
            .stdin(stdin)
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Error::io("run", program))?;
        let log = child.stderr.take().map(|stderr| {
            thread::spawn(move || {
                let mut text = Vec::new();
                // What cannot be read is not told; the exit code still is.
                let _ = stderr.take(1 << 16).read_to_end(&mut text);
                String::from_utf8_lossy(&text).into_owned()
            })
        });
        Ok(Self {
            path: path.to_path_buf(),
            child,
            log,
        })
    }

    /// Waits for the end; an error holds what ffmpeg said last.
    pub fn wait(&mut self) -> Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait().map_err(Error::io("run", &self.path))?;
        if status.success() {
            return Ok(());
        }
        Err(self.failure(&status.to_string()))
    }

    /// The error that its log tells.
    pub fn failure(&mut self, otherwise: &str) -> Error {
        let log = self
            .log
            .take()
            .and_then(|log| log.join().ok())
            .unwrap_or_default();
        let last = log.trim().lines().rev().take(3).collect::<Vec<_>>();
        Error::Ffmpeg {
            path: self.path.clone(),
            log: match last.is_empty() {
                true => otherwise.to_owned(),
                false => last.into_iter().rev().collect::<Vec<_>>().join("; "),
            },
        }
    }
}

impl Drop for Ffmpeg {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_on_the_path_is_found_and_none_elsewhere() {
        let (empty, full) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let program = full
            .path()
            .join(format!("ffmpeg{}", env::consts::EXE_SUFFIX));
        std::fs::write(&program, "").unwrap();
        let both = env::join_paths([empty.path(), full.path()]).unwrap();
        assert_eq!(find_in(&both), Some(program));
        assert_eq!(find_in(empty.path().as_os_str()), None);
        assert_eq!(find_in(OsStr::new("")), None);
    }
}
