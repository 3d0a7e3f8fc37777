//! Results, on stdout.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write, stdout};
use std::process::exit;

/// `println!` for results: a reader that has had enough (`kinora models info | head -1`) ends the program in peace.
macro_rules! say {
    ($($what:tt)*) => {
        crate::stdout::line(format_args!($($what)*))
    };
}
pub(crate) use say;

/// Writes one line, or ends the program. What it tells of is done by then.
pub fn line(text: Arguments) {
    match writeln!(stdout(), "{text}") {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => exit(0),
        Err(error) => {
            eprintln!("error: the result cannot be written to stdout: {error}");
            exit(1)
        }
    }
}
