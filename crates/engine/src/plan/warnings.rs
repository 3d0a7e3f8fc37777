//! What a user should know of a timeline before it is drawn.

use std::collections::BTreeSet;

use super::Span;
use super::media::{name_of, tidy};
use super::timeline::Timeline;
use crate::board::{Card, CardKind, Gap};
use crate::vocabulary::Vocabulary;

/// Seconds between two pictures that the model hardly bridges.
const CLOSE: f64 = 0.5;
/// Kinds of the vocabulary of which a shot has one.
const ONE_OF: [&str; 4] = ["places", "times", "weather", "styles"];

pub(super) fn warnings(timeline: &Timeline, spans: &[Span]) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(long(timeline, spans));
    notes.extend(close(timeline));
    notes.extend(sizes(timeline, spans));
    notes.extend(sound(timeline));
    if let Some(vocabulary) = &timeline.model.vocabulary {
        notes.extend(contradictions(timeline, vocabulary));
    }
    notes
}

/// Spans that are drawn in more than one window.
fn long(timeline: &Timeline, spans: &[Span]) -> Option<String> {
    let drawn = spans.iter().filter_map(Span::drawn);
    let longest = drawn.max_by_key(|span| span.windows.len())?;
    let window = timeline.model.defaults.window?;
    (longest.windows.len() > 1).then(|| {
        format!(
            "{:.1} s at a stretch are more than {} draws at once ({:.1} s): they are drawn in {} windows, \
             each going on from the one before, and may drift",
            timeline.output.fps.seconds(longest.frames),
            timeline.model.title,
            (window as f64 - 1.0) / timeline.drawn.fps.as_f64(),
            longest.windows.len()
        )
    })
}

/// Pictures and clips that lie too near each other for a flowing shot.
fn close(timeline: &Timeline) -> Vec<String> {
    let cards = &timeline.request.cards;
    let shown = cards.iter().enumerate();
    let mut shown: Vec<(usize, &Card, f64)> = shown
        .filter_map(|(index, card)| {
            let end = match &card.kind {
                CardKind::Text => return None,
                CardKind::Image { .. } | CardKind::Clip { keep: false, .. } => card.at,
                CardKind::Clip { from, to, .. } => card.at + to.unwrap_or(*from) - from,
            };
            Some((index, card, end))
        })
        .collect();
    shown.sort_by(|a, b| a.1.at.total_cmp(&b.1.at));
    let pairs = shown.windows(2).filter_map(|pair| {
        let [(i, first, end), (j, second, _)] = pair else {
            return None;
        };
        let gap = second.at - end;
        // Footage that touches is joined as it is.
        let joined = gap.abs() < 0.5 / timeline.output.fps.as_f64();
        let near = gap < CLOSE && !joined && second.gap == Gap::Flow;
        near.then(|| {
            format!(
                "{} and {} are {} s apart, less than the {CLOSE} s that the model bridges: expect a jump, \
                 or set gap = \"cut\"",
                name_of(*i, first),
                name_of(*j, second),
                tidy(gap)
            )
        })
    });
    pairs.collect()
}

/// Footage that does not stay bit for bit.
fn sizes(timeline: &Timeline, spans: &[Span]) -> Option<String> {
    let output = timeline.output;
    let other = spans.iter().find_map(|span| match span {
        Span::Kept(kept) if !kept.is_as_shown(output) => Some(kept),
        _ => None,
    })?;
    Some(format!(
        "the footage of {} is {}x{} at {} fps and is brought to {}x{} at {} fps",
        other.path.display(),
        other.source_size.0,
        other.source_size.1,
        other.source_fps,
        output.size.0,
        output.size.1,
        output.fps
    ))
}

fn sound(timeline: &Timeline) -> Option<String> {
    let cards = timeline.request.cards.iter().zip(timeline.facts);
    let mut loud = cards.filter(|(_, facts)| facts.is_some_and(|facts| facts.audio));
    let path = loud.next()?.0.media()?;
    Some(format!("the sound of {} is left behind", path.display()))
}

/// Texts that name different things of which a shot has one.
fn contradictions(timeline: &Timeline, vocabulary: &Vocabulary) -> Vec<String> {
    let scene = &timeline.request.prompt;
    let cards = timeline.request.cards.iter().enumerate();
    let mut said: Vec<(String, &str)> = vec![("the scene".into(), scene.as_str())];
    said.extend(cards.filter_map(|(i, card)| Some((name_of(i, card), card.text.as_deref()?))));
    let mut notes = Vec::new();
    for (kind, concepts) in vocabulary.kinds() {
        if !ONE_OF.contains(&kind) {
            continue;
        }
        let named = |text: &str| -> BTreeSet<String> {
            let lower = text.to_lowercase();
            let here = concepts.iter().filter(|concept| {
                let mut words = concept.words.values().flatten();
                words.any(|word| contains_word(&lower, &word.to_lowercase()))
            });
            here.filter_map(|c| c.name.get("en").or(c.name.values().next()).cloned())
                .collect()
        };
        let all: Vec<(&String, BTreeSet<String>)> = said
            .iter()
            .map(|(name, text)| (name, named(text)))
            .filter(|(_, names)| !names.is_empty())
            .collect();
        let Some((first, names)) = all.first() else {
            continue;
        };
        if let Some((other, others)) = all.iter().find(|(_, o)| o.is_disjoint(names)) {
            let list =
                |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
            notes.push(format!(
                "{first} says {}, {other} says {}: one shot can hardly show both; \
                 say it in one place, or set gap = \"cut\"",
                list(names),
                list(others)
            ));
        }
    }
    notes
}

/// Whether a text has a word or phrase, not merely within another word; Chinese has no spaces to tell by.
fn contains_word(text: &str, word: &str) -> bool {
    if word.chars().any(crate::text::is_cjk) {
        return text.contains(word);
    }
    let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !letter(before) && !letter(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole() {
        assert!(contains_word("in the rain, at night", "rain"));
        assert!(!contains_word("a training ground", "rain"));
        assert!(contains_word("在沙漠中行走", "沙漠"));
    }
}
