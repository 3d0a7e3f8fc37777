//! Outcomes as exit codes: 0 done, 1 failed, 2 bad input found before the work, 130 interrupted.

use std::process::ExitCode;

use kinora_engine::Error;

/// Why a command ended early.
#[derive(Debug)]
pub enum Failure {
    /// Usage or input; found before any work.
    Input(anyhow::Error),
    /// The work failed.
    Work(anyhow::Error),
    /// The user stopped it; all is said.
    Interrupted,
}

pub type Outcome<T = ()> = Result<T, Failure>;

/// The process's exit code; says on stderr what went wrong.
pub fn code(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Work(error)) => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
        Err(Failure::Input(error)) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
        Err(Failure::Interrupted) => ExitCode::from(130),
    }
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
