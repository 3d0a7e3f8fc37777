//! What a request may ask for, whichever the model.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::text::number;
use crate::{Error, Result};

/// Seconds that a clip may last.
pub const SECONDS: RangeInclusive<f64> = 1.0..=20.0;
/// Seconds that a board may last.
pub const BOARD_SECONDS: RangeInclusive<f64> = 0.1..=600.0;
/// Cards, and sources, that a board may have.
pub const CARDS: usize = 256;
/// How many times as fast footage may play.
pub const SPEED: RangeInclusive<f64> = 0.1..=10.0;
/// Frames per second that a file may have.
pub const FPS: RangeInclusive<f64> = 1.0..=60.0;
/// Pixels that a side of a file may have.
pub const SIDE: RangeInclusive<u32> = 16..=4096;
/// Clips that one request may ask for.
pub const VARIANTS: RangeInclusive<u32> = 1..=4;
/// Denoising steps.
pub const STEPS: RangeInclusive<usize> = 1..=200;
/// Guidance scales.
pub const GUIDANCE: RangeInclusive<f64> = 0.0..=30.0;
/// Characters of a prompt.
pub const PROMPT_CHARS: usize = 32_000;
/// The part of a prompt's tokens that the text encoder need not know.
pub const UNKNOWN_TOKENS: f64 = 0.2;

/// Refuses a value outside of its range.
pub(crate) fn within(
    name: &str,
    value: f64,
    range: &RangeInclusive<f64>,
    unit: &str,
) -> Result<()> {
    match range.contains(&value) {
        true => Ok(()),
        false => Err(out_of_range(
            name,
            number(value),
            *range.start(),
            *range.end(),
            unit,
        )),
    }
}

pub(super) fn out_of_range(
    name: &str,
    value: impl Display,
    low: impl Display,
    high: impl Display,
    unit: &str,
) -> Error {
    Error::request(
        format!("{name} {value} is out of range"),
        format!("give {low} to {high} {unit}"),
    )
}
