//! A vocabulary in one language, laid out for finding and choosing.

use crate::text::is_cjk;
use crate::vocabulary::{Concept, Vocabulary};

use super::Language;

/// What is offered and recognised where a model has no vocabulary of its own.
const GENERAL: &str = include_str!("general.json");

pub(crate) fn general() -> Vocabulary {
    serde_json::from_str(GENERAL).expect("the embedded vocabulary is tested")
}

/// The concepts of a vocabulary, by kind.
pub(super) struct Lexicon<'a> {
    vocabulary: &'a Vocabulary,
    kinds: Vec<(String, Vec<Term>)>,
}

/// A concept in one language.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    /// Its name in English, by which the rules know it.
    pub en: String,
    pub name: String,
    /// The form of a deed that can stand behind a noun: "walking", "行走".
    pub doing: String,
    words: Vec<String>,
}

/// A concept that a prompt names.
pub(super) struct Found {
    pub name: String,
    /// Whether nothing but the end of the prompt follows.
    pub at_end: bool,
}

impl<'a> Lexicon<'a> {
    pub fn new(vocabulary: &'a Vocabulary, language: Language) -> Self {
        let code = match language {
            Language::English => "en",
            Language::Chinese => "zh",
        };
        let kinds = vocabulary.kinds().into_iter().map(|(kind, concepts)| {
            let terms = concepts
                .into_iter()
                .filter_map(|concept| term(concept, code));
            (kind.to_owned(), terms.collect())
        });
        Self {
            vocabulary,
            kinds: kinds.collect(),
        }
    }

    pub fn terms(&self, kind: &str) -> Vec<&Term> {
        let found = self.kinds.iter().find(|(name, _)| name == kind);
        found.map_or(Vec::new(), |(_, terms)| terms.iter().collect())
    }

    /// The concept of this kind that the prompt names with the most words.
    pub fn find(&self, kind: &str, prompt: &str) -> Option<Found> {
        let prompt = words_of(prompt);
        let mut best: Option<(usize, Found)> = None;
        for term in self.terms(kind) {
            for phrase in &term.words {
                let phrase = words_of(phrase);
                let Some(at) = position(&prompt, &phrase) else {
                    continue;
                };
                if best
                    .as_ref()
                    .is_none_or(|(length, _)| phrase.len() > *length)
                {
                    let at_end = at + phrase.len() == prompt.len();
                    let name = term.en.clone();
                    best = Some((phrase.len(), Found { name, at_end }));
                }
            }
        }
        best.map(|(_, found)| found)
    }

    pub fn knows_all(&self, prompt: &str) -> bool {
        self.vocabulary.unknown_words(prompt).is_empty()
    }
}

fn term(concept: Concept, code: &str) -> Option<Term> {
    let en = concept.name.get("en")?.clone();
    let name = concept.name.get(code)?.clone();
    let mut words = concept.words.get(code).cloned().unwrap_or_default();
    words.push(name.clone());
    let doing = words
        .iter()
        // Two characters of Chinese read as a deed where one reads clipped.
        .find(|word| {
            word.ends_with("ing") || (word.chars().count() == 2 && word.chars().all(is_cjk))
        })
        .unwrap_or(&name)
        .clone();
    Some(Term {
        en,
        name,
        doing,
        words,
    })
}

/// Lower-case words; each CJK character is one.
fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut open = false;
    for c in text.chars() {
        match (is_cjk(c) && c.is_alphabetic(), c.is_alphanumeric()) {
            (true, _) => {
                words.push(c.to_string());
                open = false;
            }
            (false, true) => {
                if !open {
                    words.push(String::new());
                }
                words
                    .last_mut()
                    .expect("one was begun")
                    .extend(c.to_lowercase());
                open = true;
            }
            (false, false) => open = false,
        }
    }
    words
}

/// Where `phrase` begins in `prompt`; its last word may be in the plural.
fn position(prompt: &[String], phrase: &[String]) -> Option<usize> {
    if phrase.is_empty() {
        return None;
    }
    let same = |said: &String, word: &String| {
        said == word
            || said.strip_suffix('s') == Some(word)
            || said.strip_suffix("es") == Some(word)
    };
    prompt.windows(phrase.len()).position(|window| {
        let (last, rest) = (phrase.len() - 1, &phrase[..phrase.len() - 1]);
        window[..last] == *rest && same(&window[last], &phrase[last])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_general_vocabulary_is_whole_in_both_languages() {
        let general = general();
        for language in [Language::English, Language::Chinese] {
            let lexicon = Lexicon::new(&general, language);
            for kind in [
                "light", "camera", "detail", "places", "actions", "times", "weather",
            ] {
                let terms = lexicon.terms(kind);
                assert!(terms.len() >= 3, "{kind}");
                let chinese = language == Language::Chinese;
                assert!(
                    terms
                        .iter()
                        .all(|term| term.name.chars().any(is_cjk) == chinese)
                );
            }
        }
    }

    #[test]
    fn phrases_are_found_as_words() {
        let general = general();
        let lexicon = Lexicon::new(&general, Language::English);
        assert!(
            lexicon
                .find("camera", "a frog, Close-Up")
                .is_some_and(|f| f.at_end)
        );
        assert!(lexicon.find("camera", "a panda").is_none());
        assert_eq!(
            lexicon.find("places", "two forests").unwrap().name,
            "forest"
        );
    }
}
