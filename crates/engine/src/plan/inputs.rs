//! The prompt, the given files and the places to be written, checked before any work.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::limits::{PROMPT_CHARS, UNKNOWN_TOKENS};
use crate::model::{Model, hex};
use crate::request::{Condition, ConditionKind, Request};
use crate::style::{self, Length, Style};
use crate::{Error, Result};

pub(super) fn check_prompt(request: &Request) -> Result<()> {
    if request.prompt.trim().is_empty() {
        return Err(Error::request(
            "the prompt is empty",
            "say what the video shows, for instance: kinora generate \"a woolly mammoth walks in the desert\"",
        ));
    }
    let chars = request.prompt.chars().count();
    if chars > PROMPT_CHARS {
        return Err(Error::request(
            format!("the prompt has {chars} characters"),
            format!("keep it to {PROMPT_CHARS}"),
        ));
    }
    Ok(())
}

/// Checks that the file can be read, and fixes which file it is.
pub(super) fn check_condition(condition: &mut Condition, seconds: f64) -> Result<()> {
    let path = &condition.path;
    let flag = match condition.kind {
        ConditionKind::Image => "--image",
        ConditionKind::Video => "--video",
    };
    if !(0.0..=seconds).contains(&condition.at) {
        return Err(Error::request(
            format!(
                "{flag} {}@{}: the clip lasts {seconds} s",
                path.display(),
                condition.at
            ),
            format!("give a time from 0 to {seconds}, or a longer --seconds"),
        ));
    }
    if !(0.0..=1.0).contains(&condition.strength) {
        return Err(Error::request(
            format!(
                "{flag} {}: a strength of {}",
                path.display(),
                condition.strength
            ),
            "give 0 to 1",
        ));
    }
    let bytes = std::fs::read(path).map_err(|error| {
        Error::request(
            format!("{flag} {}: cannot be read ({error})", path.display()),
            "give a picture (PNG, JPEG, WebP, GIF) or a video (MP4, GIF)",
        )
    })?;
    let found = hex(&Sha256::digest(&bytes));
    if condition
        .sha256
        .as_ref()
        .is_some_and(|recorded| *recorded != found)
    {
        return Err(Error::request(
            format!("{} has changed since the clip was made", path.display()),
            format!("restore the file, or give the new one with {flag} to make another clip"),
        ));
    }
    // Decodes the first frame: a foreign file is found here, before any work.
    kinora_media::read_image(path)?;
    condition.sha256 = Some(found);
    condition.path = std::path::absolute(path).map_err(Error::io("find", path))?;
    Ok(())
}

/// The prompt in its style, and what to avoid. Fixes the style's words in the request.
pub(super) fn prompts(request: &mut Request, model: &Model) -> Result<(String, String)> {
    let prompt = request.prompt.trim();
    let prompt = match (&request.style, &request.look) {
        (None, _) => prompt.to_owned(),
        (Some(_), Some(look)) => in_style(prompt, look, model)?,
        (Some(name), None) => {
            let style = style::find(name)
                .ok_or_else(|| style::library::unknown(name, &style::built_in()))?;
            let prompt = in_style(prompt, &style, model)?;
            request.look = Some(style);
            prompt
        }
    };
    let negative = request
        .negative
        .clone()
        .unwrap_or_else(|| model.defaults.negative.clone());
    Ok((prompt, negative))
}

/// All of the style's words where the model reads that many, else the style in a line.
fn in_style(prompt: &str, style: &Style, model: &Model) -> Result<String> {
    let whole = style.apply(prompt, Length::Whole);
    let reading = model.family.read_text(&model.source, &whole)?;
    Ok(match reading.tokens <= model.defaults.max_text_tokens {
        true => whole,
        false => style.apply(prompt, Length::Brief),
    })
}

/// A note if the style's words are not among those that the model was taught.
pub(super) fn untaught_style(model: &Model, request: &Request) -> Option<String> {
    let look = request.look.as_ref().filter(|_| request.style.is_some())?;
    let words = [&look.en.brief, &look.zh.brief].map(|text| text.as_str());
    let taught = |text: &str| {
        model
            .vocabulary
            .as_ref()
            .is_none_or(|v| v.unknown_words(text).is_empty())
    };
    (!words.into_iter().all(taught)).then(|| {
        format!(
            "{} was not taught the style {}: expect little of it",
            model.title, look.name
        )
    })
}

/// Refuses text that the encoder cannot read; tells if some of it is cut off.
pub(super) fn read_prompt(model: &Model, text: &str, what: &str) -> Result<Option<String>> {
    let reading = model.family.read_text(&model.source, text)?;
    let limit = model.defaults.max_text_tokens;
    if reading.unknown > UNKNOWN_TOKENS {
        return Err(Error::request(
            format!(
                "the text encoder of {} cannot read the {what}: {:.0} % of its tokens are unknown to it",
                model.title,
                reading.unknown * 100.0
            ),
            "write it in a language that the model was trained on (English works with every model), \
             or use a model that reads yours: --model mini reads English and Chinese",
        ));
    }
    let tokens = reading.tokens;
    Ok((tokens > limit).then(|| {
        format!(
            "the {what} has {tokens} tokens; {} reads the first {limit}",
            model.title
        )
    }))
}

/// One line on the words that the model was not taught.
pub(super) fn unknown_words(model: &Model, prompt: &str) -> Option<String> {
    let words = model.vocabulary.as_ref()?.unknown_words(prompt);
    if words.is_empty() {
        return None;
    }
    let shown: Vec<String> = words.iter().take(5).map(|word| word.to_string()).collect();
    let more = match words.len() {
        0..=5 => String::new(),
        n => format!(" and {} more", n - 5),
    };
    Some(format!(
        "{} does not know {}{more}; `kinora models info {}` lists what it knows, \
         --model DIR uses an open-weights model (LTX-Video in the diffusers layout)",
        model.title,
        shown.join(", "),
        model.name
    ))
}

/// Finds out now rather than after minutes of work whether the file can be written.
pub(super) fn check_writable(path: &Path, conditions: &[Condition]) -> Result<()> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let refuse = |reason: String| {
        Error::request(
            format!("{} cannot be written ({reason})", path.display()),
            "give another place with -o",
        )
    };
    if !parent.is_dir() {
        return Err(refuse(format!(
            "there is no directory {}",
            parent.display()
        )));
    }
    let probe = parent.join(format!(".kinora-{}.probe", std::process::id()));
    std::fs::File::create(&probe).map_err(|error| refuse(error.to_string()))?;
    // A probe that cannot be removed again does no harm.
    let _ = std::fs::remove_file(&probe);
    let target = std::path::absolute(path).map_err(Error::io("find", path))?;
    if conditions.iter().any(|condition| condition.path == target) {
        return Err(refuse("it is one of the files given as conditions".into()));
    }
    Ok(())
}
