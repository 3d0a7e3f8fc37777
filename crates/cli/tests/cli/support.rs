//! Runs the program in a directory of its own.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// Few steps, small files: what is tested is the way, not the picture.
pub const QUICK: [&str; 6] = ["--steps", "2", "--seconds", "1", "--size", "96x64"];

pub struct Place {
    dir: TempDir,
    /// Outside of the directory, whose names are looked at.
    cache: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            cache: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The names in the directory, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kinora"));
        command
            .args(args)
            .current_dir(self.dir.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_CACHE_HOME", self.cache.path());
        command
    }

    pub fn run(&self, args: &[&str]) -> Run {
        Run(self.command(args).stdin(Stdio::null()).output().unwrap())
    }

    /// `kinora generate ARGS` with few steps.
    pub fn generate(&self, args: &[&str]) -> Run {
        self.run(&[&["generate"], args, &QUICK].concat())
    }

    pub fn spawn(&self, args: &[&str]) -> Child {
        let mut command = self.command(args);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// The coded video track of an MP4.
    pub fn track(&self, name: &str) -> Vec<u8> {
        track_of(&std::fs::read(self.path(name)).unwrap())
    }
}

pub struct Run(pub Output);

impl Run {
    pub fn code(&self) -> i32 {
        self.0.status.code().unwrap_or(-1)
    }

    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code(), 0, "{}", self.stderr());
        self
    }

    /// Bad input: exit 2, and a message that has all of `words`.
    #[track_caller]
    pub fn refused(self, words: &[&str]) {
        let stderr = self.stderr();
        assert_eq!(self.code(), 2, "{stderr}");
        for word in words {
            assert!(stderr.contains(word), "`{word}` is missing in: {stderr}");
        }
        assert_eq!(self.stdout(), "");
    }
}

/// The contents of an MP4's `mdat` box, walking the boxes of the file's top level.
pub fn track_of(mp4: &[u8]) -> Vec<u8> {
    let mut rest = mp4;
    while let Some((head, _)) = rest.split_at_checked(8) {
        let size = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
        if &head[4..] == b"mdat" {
            assert!(size > 8);
            return rest[8..size].to_vec();
        }
        rest = &rest[size.max(8)..];
    }
    panic!("no coded track");
}
