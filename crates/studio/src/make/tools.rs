//! The tools on the timeline: each request becomes a board of the engine's.

use std::path::Path;

use kinora_engine::Request;
use kinora_engine::board::tools::{self, Blending, LoopLength, Part};
use kinora_engine::board::{Board, Curve, Strength};
use kinora_engine::plan::limits::PROMPT_CHARS;
use serde_json::{Map, Value};

use super::{Known, effort, parsed, resolution, size};
use crate::wire::{self, JobRequest, Tool};
use crate::{Error, Result};

/// The engine's request for every tool but plain generation.
pub(super) fn request(tool: Tool, request: &JobRequest, known: &Known) -> Result<Request> {
    let clip = |id: &Option<String>, name: &str| -> Result<&Path> {
        let missing = || Error::Invalid(format!("{} needs a clip: give `{name}`", tool.name()));
        Ok(&known.footage(id.as_ref().ok_or_else(missing)?)?.path)
    };
    let prompt = request
        .prompt
        .as_deref()
        .map(str::trim)
        .filter(|prompt| !prompt.is_empty());
    let range = request.range;
    let mut board = match tool {
        Tool::Generate | Tool::Storyboard => storyboard(request, known)?,
        Tool::Extend => {
            let (before, after) = (request.before.unwrap_or(0.0), request.after.unwrap_or(0.0));
            tools::extend(clip(&request.clip, "clip")?, before, after, prompt)?
        }
        Tool::Recut => {
            let parts = parts(request)?;
            let board = tools::recut(
                clip(&request.clip, "clip")?,
                &parts,
                request.gap.as_slice(),
                prompt.as_slice(),
            )?;
            with_room(board, request)?
        }
        Tool::Remix => {
            let Some(words) = prompt else {
                return Err(Error::Invalid(
                    "a remix needs a prompt: say what is to change".into(),
                ));
            };
            tools::remix(
                clip(&request.clip, "clip")?,
                words,
                strength(request)?,
                range,
            )?
        }
        Tool::Blend => {
            let (a, b) = (
                clip(&request.clip, "clip")?,
                clip(&request.clip_b, "clip_b")?,
            );
            tools::blend(a, b, &blending(request)?, prompt)?
        }
        Tool::Loop => {
            let length = match &request.length {
                Some(length) => length.parse().map_err(Error::Invalid)?,
                None => LoopLength::default(),
            };
            tools::loop_(clip(&request.clip, "clip")?, range, length, prompt)?
        }
    };
    over(&mut board, request)?;
    let look = known.look(board.style.as_deref());
    Ok(Request {
        look,
        ..board.into()
    })
}

/// What a recut keeps, and how fast each part of it plays.
fn parts(request: &JobRequest) -> Result<Vec<Part>> {
    let ranges = request.ranges.as_deref().unwrap_or_default();
    let speeds = match &request.speeds {
        None => &vec![1.0; ranges.len()],
        Some(speeds) => speeds,
    };
    if speeds.len() != ranges.len() {
        return Err(Error::Invalid(format!(
            "the number of speeds ({}) is not that of ranges ({}): give one for each, or none",
            speeds.len(),
            ranges.len()
        )));
    }
    let pairs = ranges.iter().zip(speeds);
    Ok(pairs
        .map(|(&(from, to), &speed)| Part { from, to, speed })
        .collect())
}

/// Seconds to draw before the first and after the last of what a recut keeps: a new beginning, a new ending.
fn with_room(mut board: Board, request: &JobRequest) -> Result<Board> {
    let (before, after) = (request.before.unwrap_or(0.0), request.after.unwrap_or(0.0));
    if !(before >= 0.0 && after >= 0.0) {
        return Err(Error::Invalid(
            "`before` and `after` are seconds to add: give 0 or more".into(),
        ));
    }
    for card in &mut board.cards {
        card.at += before;
    }
    board.duration += before + after;
    Ok(board)
}

/// What the request says beside the tool's own fields goes over what the tool took from the footage.
fn over(board: &mut Board, request: &JobRequest) -> Result<()> {
    fn set<T: Clone>(field: &mut Option<T>, given: &Option<T>) {
        if given.is_some() {
            field.clone_from(given);
        }
    }
    if let Some(aspect) = parsed(request.aspect.as_deref())? {
        (board.aspect, board.size) = (Some(aspect), None);
    }
    if let Some(text) = &request.resolution {
        (board.resolution, board.size) = (Some(resolution(text)?), None);
    }
    if let Some(text) = &request.size {
        board.size = Some(size(text)?);
    }
    if let Some(fps) = request.fps {
        board.fps = Some(super::rate(fps)?);
    }
    if request.effort.is_some() {
        board.effort = effort(request.effort.as_deref())?;
    }
    set(&mut board.negative, &request.negative);
    set(&mut board.style, &request.style);
    set(&mut board.seed, &request.seed);
    set(&mut board.variants, &request.variants);
    set(&mut board.steps, &request.steps);
    set(&mut board.guidance, &request.guidance);
    Ok(())
}

/// What a card may say over the wire.
const CARD: &[&str] = &[
    "at", "text", "image", "clip", "in", "out", "speed", "keep", "strength", "gap",
];
/// What a board may say.
const BOARD: &[&str] = &[
    "duration",
    "prompt",
    "negative",
    "style",
    "aspect",
    "resolution",
    "size",
    "fps",
    "seed",
    "variants",
    "steps",
    "guidance",
    "effort",
];

/// A board as the pages keep it, with clips in the place of files.
fn storyboard(request: &JobRequest, known: &Known) -> Result<Board> {
    let Some(Value::Object(given)) = &request.board else {
        return Err(Error::Invalid("a storyboard needs a `board`".into()));
    };
    let mut board = known_fields(given, BOARD);
    let cards = given
        .get("cards")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let cards = cards.iter().map(|card| {
        let mut card = known_fields(card.as_object().unwrap_or(&Map::new()), CARD);
        let media = ["image", "clip"]
            .into_iter()
            .find_map(|kind| Some((kind, card.get(kind)?.as_str()?.to_owned())));
        if let Some((kind, id)) = media {
            card.insert(
                kind.into(),
                Value::String(known.footage(&id)?.path.display().to_string()),
            );
            // A caption that says nothing is none.
            if card.get("text").is_some_and(|text| text == "") {
                card.remove("text");
            }
        }
        Ok(Value::Object(card))
    });
    board.insert("card".into(), Value::Array(cards.collect::<Result<_>>()?));
    if let Some(prompt) = request
        .prompt
        .as_ref()
        .filter(|prompt| !prompt.trim().is_empty())
    {
        board.insert("prompt".into(), Value::String(prompt.clone()));
    }
    if let Some(seconds) = request.seconds {
        board.entry("duration").or_insert(seconds.into());
    }
    let mut board: Board = serde_json::from_value(Value::Object(board))
        .map_err(|error| Error::Invalid(format!("the board does not fit: {error}")))?;
    board.tool = Some(Tool::Storyboard.name().into());
    check_texts(&board)?;
    Ok(board)
}

/// A board is read as one prompt is: by moderation, the text encoder, and the index of the library.
fn check_texts(board: &Board) -> Result<()> {
    let cards = board.cards.iter().filter_map(|card| card.text.as_deref());
    let texts = cards.chain([board.prompt.as_str()]);
    let chars: usize = texts.map(|text| text.chars().count()).sum();
    match chars > PROMPT_CHARS {
        true => Err(Error::Invalid(format!(
            "the texts of the board have {chars} characters together; keep them to {PROMPT_CHARS}"
        ))),
        false => Ok(()),
    }
}

/// Pages may keep more in a board than the engine knows.
fn known_fields(given: &Map<String, Value>, known: &[&str]) -> Map<String, Value> {
    let fields = given
        .iter()
        .filter(|(name, value)| known.contains(&name.as_str()) && !value.is_null());
    fields
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn strength(request: &JobRequest) -> Result<Strength> {
    match &request.strength {
        None => Ok(Strength::Mild),
        Some(wire::Strength::Part(part)) => part.to_string().parse().map_err(Error::Invalid),
        Some(wire::Strength::Word(word)) => word.parse().map_err(Error::Invalid),
    }
}

fn blending(request: &JobRequest) -> Result<Blending> {
    match (&request.curve, &request.preset) {
        (Some(points), _) => Ok(Blending::Curve(
            Curve::new(points.clone()).map_err(Error::Invalid)?,
        )),
        (None, Some(preset)) => preset.parse().map_err(Error::Invalid),
        (None, None) => Ok(Blending::Transition),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_texts_of_a_board_have_one_limit_together() {
        let planned = |count: usize| {
            let card = json!({"at": 0.0, "text": "x".repeat(1000)});
            let board = json!({"duration": 2.0, "prompt": "", "cards": vec![card; count]});
            let request = JobRequest {
                board: Some(board),
                ..JobRequest::default()
            };
            storyboard(&request, &Known::default())
        };
        assert!(planned(PROMPT_CHARS / 1000).is_ok());
        let refused = planned(PROMPT_CHARS / 1000 + 1);
        assert!(matches!(refused, Err(Error::Invalid(_))));
    }
}
