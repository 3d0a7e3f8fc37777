//! The files of a request: that they can be read, which they are, and what the plan must know of them.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::limits::{BOARD_SECONDS, CARDS, PROMPT_CHARS, SPEED, within};
use crate::board::{Card, CardKind, Source};
use crate::footage::Facts;
use crate::model::hex;
use crate::request::Request;
use crate::sidecar::{self, Ancestor};
use crate::text::number;
use crate::{Error, Result};

/// How a card is spoken of: by its place in the board and its time.
pub(super) fn name_of(index: usize, card: &Card) -> String {
    format!("card {} at {} s", index + 1, number(card.at))
}

/// Checks what can be said of the cards and sources one by one; fixes which files they name. Gives the facts of the
/// clips among the cards.
pub(super) fn check_board(request: &mut Request, seconds: f64) -> Result<Vec<Option<Facts>>> {
    within("a duration of", seconds, &BOARD_SECONDS, "s")?;
    if request.cards.len() > CARDS || request.sources.len() > CARDS {
        let first = request.cards.get(CARDS);
        let name = first.map_or("the sources".into(), |card| name_of(CARDS, card));
        return Err(Error::request(
            format!(
                "{name} is one too many: the board has {} cards",
                request.cards.len()
            ),
            format!("keep it to {CARDS}, or make several boards and join their clips"),
        ));
    }
    let mut facts = Vec::with_capacity(request.cards.len());
    for (index, card) in request.cards.iter_mut().enumerate() {
        let name = name_of(index, card);
        facts.push(check_card(card, &name, seconds)?);
    }
    for (index, source) in request.sources.iter_mut().enumerate() {
        check_source(source, &format!("source {}", index + 1), seconds)?;
    }
    Ok(facts)
}

fn check_card(card: &mut Card, name: &str, seconds: f64) -> Result<Option<Facts>> {
    let refuse = |what: String, cure: String| Err(Error::request(format!("{name}: {what}"), cure));
    if !(0.0..=seconds).contains(&card.at) {
        return refuse(
            format!("the board lasts {} s", number(seconds)),
            "move it, or give the board more time".into(),
        );
    }
    if !(0.0..=1.0).contains(&card.strength) {
        return refuse(
            format!("a strength of {}", number(card.strength)),
            "give 0 to 1".into(),
        );
    }
    if let Some(text) = &card.text {
        let chars = text.chars().count();
        if chars > PROMPT_CHARS {
            return refuse(
                format!("its text has {chars} characters"),
                format!("keep it to {PROMPT_CHARS}"),
            );
        }
        if text.trim().is_empty() && card.kind == CardKind::Text {
            return refuse(
                "its text is empty".into(),
                "say what is seen, or remove it".into(),
            );
        }
    }
    let mut sha256 = card.sha256.take();
    if let Some(path) = card.media_mut() {
        fix_file(path, &mut sha256, name)?;
    }
    card.sha256 = sha256;
    match &mut card.kind {
        CardKind::Text => Ok(None),
        CardKind::Image { path } => {
            kinora_media::read_image(&*path).map_err(|error| unusable(name, error.into()))?;
            Ok(None)
        }
        CardKind::Clip {
            path,
            from,
            to,
            speed,
            ..
        } => {
            if !SPEED.contains(speed) {
                let (slowest, fastest) = (SPEED.start(), SPEED.end());
                return refuse(
                    format!("a speed of {}", number(*speed)),
                    format!("give {slowest} to {fastest}: 0.5 is half as fast"),
                );
            }
            let facts = Facts::of(path).map_err(|error| unusable(name, error))?;
            *to = Some(check_range(path, (*from, *to), &facts, name)?);
            Ok(Some(facts))
        }
    }
}

fn check_source(source: &mut Source, name: &str, seconds: f64) -> Result<()> {
    if !(0.0..seconds).contains(&source.at) {
        return Err(Error::request(
            format!(
                "{name}: it begins at {} s, the board lasts {} s",
                number(source.at),
                number(seconds)
            ),
            "move it, or give the board more time",
        ));
    }
    fix_file(&mut source.clip, &mut source.sha256, name)?;
    let facts = Facts::of(&source.clip).map_err(|error| unusable(name, error))?;
    let range = (source.from, Some(source.to));
    source.to = check_range(&source.clip, range, &facts, name)?;
    Ok(())
}

/// What is wrong with a file that was given, and where it was given: at a card, a source or a flag. Where the system is at
/// fault, the error stays as it is.
pub(super) fn unusable(name: &str, error: Error) -> Error {
    use kinora_media::Error as Media;
    match error {
        Error::Media(Media::Io { .. }) => error,
        Error::Media(_) | Error::Request { .. } => {
            let said = error.to_string();
            let (what, cure) = said
                .rsplit_once("; ")
                .unwrap_or((&said, "give another file"));
            Error::request(format!("{name}: {what}"), cure)
        }
        error => error,
    }
}

/// The end of a range of a clip, if the clip has it.
fn check_range(
    path: &Path,
    (from, to): (f64, Option<f64>),
    facts: &Facts,
    name: &str,
) -> Result<f64> {
    let end = facts.fps.seconds(facts.frames);
    let to = to.unwrap_or(end);
    let frame = 1.0 / facts.fps.as_f64();
    let refuse = |what: String| {
        Err(Error::request(
            format!("{name}: {what}"),
            format!("give `in` and `out` within 0 and {}", number(end)),
        ))
    };
    if !(from >= 0.0 && to.is_finite()) || to > end + frame {
        let file = path.display();
        return refuse(format!(
            "{file} lasts {} s, it has no {} to {} s",
            number(end),
            number(from),
            number(to)
        ));
    }
    match to.min(end) - from >= frame * 0.5 {
        true => Ok(to.min(end)),
        false => refuse(format!(
            "{} to {} s holds no frame",
            number(from),
            number(to)
        )),
    }
}

/// Checks that a file can be read, and that it is the one that it was; makes its path absolute.
pub(super) fn fix_file(path: &mut PathBuf, sha256: &mut Option<String>, name: &str) -> Result<()> {
    let unreadable = |error: io::Error| {
        Error::request(
            format!("{name}: {} cannot be read ({error})", path.display()),
            "give a picture (PNG, JPEG, WebP, GIF) or a video (MP4, GIF)",
        )
    };
    let mut hash = Sha256::new();
    let mut file = File::open(&*path).map_err(unreadable)?;
    io::copy(&mut file, &mut hash).map_err(unreadable)?;
    let found = hex(&hash.finalize());
    if sha256.as_ref().is_some_and(|recorded| *recorded != found) {
        return Err(Error::request(
            format!(
                "{name}: {} has changed since the clip was made",
                path.display()
            ),
            "restore the file, or begin anew with the one that is there",
        ));
    }
    *sha256 = Some(found);
    *path = std::path::absolute(&*path).map_err(Error::io("find", path))?;
    check_name(path)
}

/// Refuses a path that sidecars and checkpoints, which are JSON, cannot name.
pub(super) fn check_name(path: &Path) -> Result<()> {
    match path.to_str() {
        Some(_) => Ok(()),
        None => Err(Error::request(
            format!("{} has a name that is not Unicode", path.display()),
            "rename the file or its directory",
        )),
    }
}

/// The files that a request draws on.
pub(super) fn files(request: &Request) -> impl Iterator<Item = (&Path, Option<&String>)> {
    let conditions = request.conditions.iter();
    let conditions = conditions.map(|c| (c.path.as_path(), c.sha256.as_ref()));
    let cards = request.cards.iter();
    let cards = cards.filter_map(|card| Some((card.media()?, card.sha256.as_ref())));
    let sources = request.sources.iter();
    let sources = sources.map(|s| (s.clip.as_path(), s.sha256.as_ref()));
    conditions.chain(cards).chain(sources)
}

/// What a clip comes from: the files that are given, then what their own sidecars say that those come from.
pub(super) fn ancestry(request: &Request) -> Vec<Ancestor> {
    let tool = request
        .tool
        .clone()
        .unwrap_or_else(|| match request.is_board() {
            true => "storyboard".into(),
            false => "generate".into(),
        });
    let mut ancestry: Vec<Ancestor> = Vec::new();
    let mut add = |ancestor: Ancestor| {
        if !ancestry.iter().any(|known| known.sha256 == ancestor.sha256) {
            ancestry.push(ancestor);
        }
    };
    for (path, sha256) in files(request) {
        add(Ancestor {
            path: path.to_path_buf(),
            sha256: sha256.cloned().unwrap_or_default(),
            tool: tool.clone(),
        });
    }
    for (path, _) in files(request) {
        // Footage from elsewhere has no sidecar.
        sidecar::of(path)
            .into_iter()
            .flat_map(|s| s.ancestry)
            .for_each(&mut add);
    }
    ancestry
}
