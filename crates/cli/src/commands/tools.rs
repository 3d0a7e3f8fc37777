//! `kinora storyboard`, `extend`, `recut`, `remix`, `blend` and `loop`: each builds a board, which becomes a request
//! like any other.

use std::path::Path;

use kinora_engine::board::SCHEMA;
use kinora_engine::board::tools::{self, Blending};
use kinora_engine::{Board, Error};

use super::make::{self, Asked, open};
use crate::args::values::{Part, TimedPart};
use crate::args::{
    BlendArgs, ExtendArgs, LoopArgs, MakeArgs, RecutArgs, RemixArgs, StoryboardArgs,
};
use crate::exit::{Outcome, input, resolving};
use crate::library::MINI_NAME;
use crate::stdout::say;

pub fn storyboard(args: StoryboardArgs) -> Outcome {
    let Some(file) = &args.board else {
        say!("{}", SCHEMA.trim_end());
        return Ok(());
    };
    let board = Board::load(file).map_err(resolving)?;
    if board.cards.is_empty() && board.prompt.trim().is_empty() {
        return Err(input(format!(
            "{}: a board without cards and words; say what is seen, as in the examples of \
             `kinora storyboard --help`",
            file.display()
        )));
    }
    draw(board, &args.make)
}

pub fn extend(args: ExtendArgs) -> Outcome {
    let ExtendArgs {
        clip,
        before,
        after,
        prompt,
        make,
    } = args;
    let board = tools::extend(&clip, before, after, prompt.as_deref());
    draw(board.map_err(resolving)?, &make)
}

pub fn recut(args: RecutArgs) -> Outcome {
    let RecutArgs {
        clip,
        keep,
        gap,
        prompt,
        make,
    } = args;
    if keep.len() == 1 && gap.iter().any(|seconds| *seconds > 0.0) {
        return Err(input(
            "one part is kept, so there is no gap; give --keep another, for instance --keep 0..2,3..5, or \
             use kinora extend",
        ));
    }
    if !prompt.is_empty() && gap.iter().all(|seconds| *seconds == 0.0) {
        return Err(input(
            "a prompt tells what happens in a gap, and there is none; give its seconds with --gap",
        ));
    }
    let parts: Vec<Part> = keep.iter().map(|timed| timed.part).collect();
    let ranges = ranges(&clip, &parts)?.into_iter().zip(&keep);
    let part = |((from, to), timed): (_, &TimedPart)| tools::Part {
        from,
        to,
        speed: timed.speed,
    };
    let parts: Vec<tools::Part> = ranges.map(part).collect();
    let prompts: Vec<&str> = prompt.iter().map(String::as_str).collect();
    let board = tools::recut(&clip, &parts, &gap, &prompts);
    draw(board.map_err(resolving)?, &make)
}

pub fn remix(args: RemixArgs) -> Outcome {
    let RemixArgs {
        clip,
        prompt,
        strength,
        range,
        make,
    } = args;
    if prompt.trim().is_empty() {
        return Err(input(
            "remix needs a prompt: say what the clip is to show, for instance \
             kinora remix walk.mp4 \"a lion walks in the desert\"",
        ));
    }
    let range = range_of(&clip, range)?;
    let board = tools::remix(&clip, &prompt, strength, range);
    draw(board.map_err(resolving)?, &make)
}

pub fn blend(args: BlendArgs) -> Outcome {
    let BlendArgs {
        first,
        second,
        preset,
        curve,
        prompt,
        make,
    } = args;
    let blending = curve.map_or(preset, Blending::Curve);
    let board = tools::blend(&first, &second, &blending, prompt.as_deref());
    draw(board.map_err(resolving)?, &make)
}

pub fn loop_(args: LoopArgs) -> Outcome {
    let LoopArgs {
        clip,
        range,
        length,
        prompt,
        make,
    } = args;
    let range = range_of(&clip, range)?;
    let board = tools::loop_(&clip, range, length, prompt.as_deref());
    draw(board.map_err(resolving)?, &make)
}

fn draw(board: Board, args: &MakeArgs) -> Outcome {
    let model = open(args.model.as_deref().unwrap_or(MINI_NAME))?;
    make::run(make::resolve(Asked::new(board.into(), model), args)?)
}

fn range_of(clip: &Path, part: Option<Part>) -> Outcome<Option<(f64, f64)>> {
    let Some(part) = part else {
        return Ok(None);
    };
    Ok(ranges(clip, &[part])?.pop())
}

/// Open ends become the clip's.
fn ranges(clip: &Path, parts: &[Part]) -> Outcome<Vec<(f64, f64)>> {
    let mut length = None;
    let mut end = || match length {
        Some(seconds) => Ok(seconds),
        None => {
            let reader = kinora_media::open(clip);
            let reader = reader.map_err(|error| resolving(Error::from(error)))?;
            let info = reader.info();
            let counted = info.frames.map(|frames| info.fps.seconds(frames));
            let seconds = counted.or(info.seconds).ok_or_else(|| {
                input(format!(
                    "{} does not say how long it is; give the range's end",
                    clip.display()
                ))
            })?;
            Ok(*length.insert(seconds))
        }
    };
    parts
        .iter()
        .map(|part| Ok((part.from, part.to.map_or_else(&mut end, Ok)?)))
        .collect()
}
