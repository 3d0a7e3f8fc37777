//! Words that one shot can hardly show together: two places, two times of day, two weathers, two styles.

use std::collections::BTreeSet;

use super::media::name_of;
use super::timeline::Timeline;
use crate::board::Gap;
use crate::enhance;
use crate::style::Words;
use crate::vocabulary::Concept;

/// Kinds of the vocabulary of which a shot has one.
const ONE_OF: [&str; 4] = ["places", "times", "weather", "styles"];
const STYLES: &str = "styles";

/// Something said of the shot.
struct Said {
    /// What says it: "the scene", "card 2 at 5 s".
    by: String,
    /// What it names of a kind.
    names: BTreeSet<String>,
}

/// A note for each card that names another place, time, weather or style than what holds beside or before it. A model without
/// a vocabulary is read with a general one.
pub(super) fn contradictions(timeline: &Timeline) -> Vec<String> {
    let general;
    let vocabulary = match &timeline.model.vocabulary {
        Some(vocabulary) => vocabulary,
        None => {
            general = enhance::general();
            &general
        }
    };
    let kinds = vocabulary.kinds().into_iter();
    let kinds = kinds.filter(|(kind, _)| ONE_OF.contains(kind));
    kinds
        .flat_map(|(kind, concepts)| of_kind(timeline, kind, &concepts))
        .collect()
}

fn of_kind(timeline: &Timeline, kind: &str, concepts: &[Concept]) -> Vec<String> {
    let request = timeline.request;
    let said = |by: String, text: &str| Said {
        by,
        names: named(concepts, text),
    };
    let mut notes = Vec::new();
    let mut compare = |first: &Said, second: &Said, cure: &str| {
        let apart = first.names.is_disjoint(&second.names);
        if apart && !first.names.is_empty() && !second.names.is_empty() {
            notes.push(format!(
                "{} says {}, {} says {}: one shot can hardly show both; {cure}",
                first.by,
                listed(&first.names),
                second.by,
                listed(&second.names)
            ));
        }
    };
    // What holds throughout: the scene, and of styles the style.
    let scene = said("the scene".into(), &request.prompt);
    let style = request
        .look
        .as_ref()
        .filter(|_| kind == STYLES && request.style.is_some());
    let style = style.map(|style| {
        let words = |words: &Words| format!("{} {}", words.brief, words.theme);
        let text = format!("{} {}", words(&style.en), words(&style.zh));
        said(format!("the style {}", style.name), &text)
    });
    if let Some(style) = &style {
        compare(style, &scene, "say it in one place");
    }
    let mut cards: Vec<_> = request.cards.iter().enumerate().collect();
    cards.sort_by(|a, b| a.1.at.total_cmp(&b.1.at));
    let mut before: Option<Said> = None;
    for (index, card) in cards {
        if card.gap == Gap::Cut {
            before = None; // a new shot
        }
        let Some(text) = &card.text else { continue };
        let card = said(name_of(index, card), text);
        for whole in style.iter().chain([&scene]) {
            compare(whole, &card, "say it in one place");
        }
        if let Some(before) = &before {
            let cure = "say it in one place, or set gap = \"cut\"";
            compare(before, &card, cure);
        }
        if !card.names.is_empty() {
            before = Some(card);
        }
    }
    notes
}

/// The concepts whose words a text has.
fn named(concepts: &[Concept], text: &str) -> BTreeSet<String> {
    let lower = text.to_lowercase();
    let here = concepts.iter().filter(|concept| {
        let mut words = concept.words.values().flatten();
        words.any(|word| contains_word(&lower, &word.to_lowercase()))
    });
    here.filter_map(|c| c.name.get("en").or(c.name.values().next()).cloned())
        .collect()
}

fn listed(names: &BTreeSet<String>) -> String {
    names.iter().cloned().collect::<Vec<_>>().join(", ")
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
