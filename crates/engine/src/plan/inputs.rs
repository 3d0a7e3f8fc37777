//! The prompt, the given files and the places to be written, checked before any work.

use std::path::Path;

use kinora_media::{Provenance, WriterOptions};

use super::Output;
use super::limits::{PROMPT_CHARS, UNKNOWN_TOKENS};
use super::media::{check_name, files, fix_file, unusable};
use crate::board::joined;
use crate::model::Model;
use crate::request::{Condition, ConditionKind, Request};
use crate::style::{self, Length, Style};
use crate::text::number;
use crate::vocabulary::Vocabulary;
use crate::{Error, Result, sidecar};

pub(super) fn check_prompt(request: &Request) -> Result<()> {
    // Footage and pictures may speak for themselves.
    if request.prompt.trim().is_empty() && !request.is_board() {
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
                "{flag} {}@{}: the clip lasts {} s",
                path.display(),
                number(condition.at),
                number(seconds)
            ),
            format!(
                "give a time from 0 to {}, or a longer --seconds",
                number(seconds)
            ),
        ));
    }
    if !(0.0..=1.0).contains(&condition.strength) {
        return Err(Error::request(
            format!(
                "{flag} {}: a strength of {}",
                path.display(),
                number(condition.strength)
            ),
            "give 0 to 1",
        ));
    }
    fix_file(&mut condition.path, &mut condition.sha256, flag)?;
    // Decodes the first frame: a foreign file is found here, before any work.
    let read = kinora_media::read_image(&condition.path);
    read.map_err(|error| unusable(flag, error.into()))?;
    Ok(())
}

/// Frames of the output, the first 0, and the number of the text that holds from each on.
type Holds = Vec<(u64, usize)>;

/// What the text encoder reads, in the request's style, and when each of it holds. Fixes the style's words in the
/// request.
pub(super) fn texts(
    request: &mut Request,
    model: &Model,
    output: &Output,
) -> Result<(Vec<String>, Holds)> {
    if let (Some(name), None) = (&request.style, &request.look) {
        let style = style::find(name);
        let unknown = || style::library::unknown(name, &style::built_in());
        request.look = Some(style.ok_or_else(unknown)?);
    }
    let style = request.look.as_ref().filter(|_| request.style.is_some());
    let scene = request.prompt.trim();
    let mut said: Vec<(u64, String)> = request
        .cards
        .iter()
        .filter(|card| card.text.is_some())
        .map(|card| {
            let text = joined(scene, card.text.as_deref());
            (output.fps.frames_in(card.at), text)
        })
        .collect();
    said.sort_by_key(|(frame, _)| *frame);
    if said.first().is_none_or(|(frame, _)| *frame > 0) {
        // Before anything is said, the scene holds; without one, what is said first.
        let before = match (scene.is_empty(), said.first()) {
            (true, Some((_, first))) => first.clone(),
            _ => scene.to_owned(),
        };
        said.insert(0, (0, before));
    }
    let mut texts: Vec<String> = Vec::new();
    let mut at = Vec::new();
    for (frame, text) in said {
        // A small model is told what comes nearest to words that it never met.
        let text = match &model.vocabulary {
            Some(vocabulary) => readable(model, vocabulary, &vocabulary.reworded(&text))?,
            None => text,
        };
        let text = match &style {
            Some(style) => in_style(&text, style, model)?,
            None => text,
        };
        let known = texts.iter().position(|known| *known == text);
        at.push((frame, known.unwrap_or(texts.len())));
        if known.is_none() {
            texts.push(text);
        }
    }
    Ok((texts, at))
}

/// What to avoid.
pub(super) fn negative(request: &Request, model: &Model) -> String {
    let given = request.negative.clone();
    given.unwrap_or_else(|| model.defaults.negative.clone())
}

/// Refuses texts that the encoder cannot read; tells what is cut off of them, and what the model was not taught.
pub(super) fn read_texts(
    model: &Model,
    request: &Request,
    texts: &[String],
    negative: &str,
) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let what = match texts.len() {
            1 => "the prompt".to_owned(),
            n => format!("prompt {} of {n} (“{text}”)", index + 1),
        };
        notes.extend(read_prompt(model, text, &what)?);
    }
    notes.extend(read_prompt(model, negative, "the negative prompt")?);
    let cards = request.cards.iter().filter_map(|card| card.text.as_deref());
    let all: Vec<&str> = [request.prompt.as_str()].into_iter().chain(cards).collect();
    notes.extend(unknown_words(model, &all.join("\n")));
    notes.extend(untaught_style(model, request, texts));
    Ok(notes)
}

/// The text; of one that is full of words unknown to the encoder, those that it knows, if there are any.
fn readable(model: &Model, vocabulary: &Vocabulary, text: &str) -> Result<String> {
    let unknown = model.family.read_text(&model.source, text)?.unknown;
    let part = (unknown > UNKNOWN_TOKENS).then(|| vocabulary.readable_part(text));
    Ok(part.flatten().unwrap_or_else(|| text.to_owned()))
}

/// All of the style's words where the model reads that many, else the style in a line; without the style where its
/// words would make a prompt that can be read one that cannot.
fn in_style(prompt: &str, style: &Style, model: &Model) -> Result<String> {
    let whole = style.apply(prompt, Length::Whole);
    let reading = model.family.read_text(&model.source, &whole)?;
    if reading.tokens <= model.defaults.max_text_tokens && reading.unknown <= UNKNOWN_TOKENS {
        return Ok(whole);
    }
    let brief = style.apply(prompt, Length::Brief);
    let unknown =
        |text: &str| -> Result<f64> { Ok(model.family.read_text(&model.source, text)?.unknown) };
    let spoilt = unknown(&brief)? > UNKNOWN_TOKENS && unknown(prompt)? <= UNKNOWN_TOKENS;
    Ok(if spoilt { prompt.to_owned() } else { brief })
}

/// A note if the style's words are not among those that the model was taught.
fn untaught_style(model: &Model, request: &Request, texts: &[String]) -> Option<String> {
    let look = request.look.as_ref().filter(|_| request.style.is_some())?;
    if !texts.iter().any(|text| look.is_said_in(text)) {
        return Some(format!(
            "{} cannot read the words of the style {}: the clip is made without it",
            model.title, look.name
        ));
    }
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
fn read_prompt(model: &Model, text: &str, what: &str) -> Result<Option<String>> {
    let reading = model.family.read_text(&model.source, text)?;
    let limit = model.defaults.max_text_tokens;
    if reading.unknown > UNKNOWN_TOKENS {
        return Err(Error::request(
            format!(
                "the text encoder of {} cannot read {what}: {:.0} % of its tokens are unknown to it",
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
            "{what} has {tokens} tokens; {} reads the first {limit}",
            model.title
        )
    }))
}

/// One line on the words that the model was not taught.
fn unknown_words(model: &Model, prompt: &str) -> Option<String> {
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

/// The longest name of a file: there are others beside it, with longer ones.
const NAME_BYTES: usize = 200;

/// Finds out now rather than after minutes of work whether the file can be written, and what would be lost by it.
pub(super) fn check_writable(path: &Path, output: &Output, request: &Request) -> Result<()> {
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
    let name = path.file_name().unwrap_or_default();
    if name.len() > NAME_BYTES {
        return Err(refuse(format!("its name has {} bytes", name.len())));
    }
    let parent = parent.canonicalize().map_err(Error::io("find", parent))?;
    check_name(&parent.join(name))?;
    // The same file may have several names.
    let target = path.canonicalize().unwrap_or_else(|_| parent.join(name));
    // Of a directory all that is in it is replaced.
    let given = |path: &Path| {
        path.canonicalize()
            .is_ok_and(|path| path.starts_with(&target))
    };
    if files(request).any(|(path, _)| given(path)) {
        return Err(refuse("it is one of the files given, or holds one".into()));
    }
    sidecar::check_place(path)?;
    // Begun and dropped: nothing is left of it.
    let options = WriterOptions::new(output.size, output.fps).provenance(Provenance::default());
    match kinora_media::create(path, options) {
        Ok(_) => Ok(()),
        Err(kinora_media::Error::Io { source, .. }) => Err(refuse(source.to_string())),
        Err(error) => Err(error.into()),
    }
}
