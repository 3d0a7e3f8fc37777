//! Outcomes as exit codes: 0 done, 1 failed, 2 bad input found before the work, 130 interrupted.

use std::io;
use std::io::ErrorKind::{FileTooLarge, NotFound, QuotaExceeded, StorageFull};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use kinora_engine::Error;
use kinora_engine::text::edit_distance;

/// Why a command ended early.
#[derive(Debug)]
pub enum Failure {
    /// Usage or input; found before any work.
    Input(anyhow::Error),
    /// The work failed.
    Work(anyhow::Error),
    /// The user stopped it; all is said.
    Interrupted,
    /// The work failed, and what to do now.
    Unfinished(anyhow::Error, String),
}

pub type Outcome<T = ()> = Result<T, Failure>;

/// The process's exit code; says on stderr what went wrong.
pub fn code(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Work(error)) => {
            eprintln!("error: {}", sentence(&error));
            ExitCode::from(1)
        }
        Err(Failure::Unfinished(error, hint)) => {
            eprintln!("error: {}\n{hint}", sentence(&error));
            ExitCode::from(1)
        }
        Err(Failure::Input(error)) => {
            eprintln!("error: {}", sentence(&error));
            ExitCode::from(2)
        }
        Err(Failure::Interrupted) => ExitCode::from(130),
    }
}

/// The error and its causes, each said once: most errors name their cause themselves. A full disk has a cure, and a file
/// that is not there.
fn sentence(error: &anyhow::Error) -> String {
    if let Some(path) = missing(error) {
        let cure = match nearest(path) {
            Some(near) => format!("did you mean {}?", near.display()),
            None => "check its name and folder".to_owned(),
        };
        return format!("there is no file {}; {cure}", path.display());
    }
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    let full =
        |cause: &io::Error| matches!(cause.kind(), StorageFull | QuotaExceeded | FileTooLarge);
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref());
    match causes.any(full) {
        true => format!("{text}; make room there"),
        false => text,
    }
}

/// The file that was to be read and is not there.
fn missing(error: &anyhow::Error) -> Option<&Path> {
    use kinora_media::Error as Media;
    match error.downcast_ref()? {
        Error::Io {
            action: "read",
            path,
            source,
        }
        | Error::Media(Media::Io {
            action: "read",
            path,
            source,
        }) if source.kind() == NotFound => Some(path),
        _ => None,
    }
}

/// What lies beside a path under nearly the same name.
fn nearest(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let folder = match path.parent()? {
        here if here.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    };
    let entries = folder.read_dir().ok()?.flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let (edits, near) = names
        .map(|other| (edit_distance(name, &other), other))
        .min()?;
    (edits * 4 <= name.chars().count()).then(|| path.with_file_name(near))
}

/// An error of input, said in one sentence.
pub fn input(message: impl Into<String>) -> Failure {
    Failure::Input(anyhow::anyhow!(message.into()))
}

/// Errors found while resolving are the input's.
pub fn resolving(error: impl Into<anyhow::Error>) -> Failure {
    Failure::Input(error.into())
}

/// Errors found while running, unless the input is at fault.
pub fn running(error: Error) -> Failure {
    match error.is_input() {
        true => Failure::Input(error.into()),
        false => Failure::Work(error.into()),
    }
}
