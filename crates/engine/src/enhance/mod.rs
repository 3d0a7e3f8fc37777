//! A short prompt made a director's: who, doing what, where, in which light, seen how.
//!
//! Offline and by rules: what the prompt leaves open is chosen by the seed from the model's own vocabulary, or from a
//! general one where the model has none. What the user said stays word for word, and comes first.

mod lexicon;
mod scene;

use serde::{Deserialize, Serialize};

use crate::text::is_cjk;
use crate::vocabulary::Vocabulary;
use lexicon::Lexicon;
pub(crate) use lexicon::general;
use scene::{Dice, Scene};

/// A prompt that was expanded, as requests and sidecars keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enhanced {
    /// What the user typed.
    pub from: String,
    /// What the text cards of a board said, in their order, where any was expanded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<String>,
    /// `rules`, or the model that wrote it.
    pub by: String,
}

/// The languages that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    English,
    Chinese,
}

impl Language {
    fn of(text: &str) -> Self {
        match text.chars().any(is_cjk) {
            true => Self::Chinese,
            false => Self::English,
        }
    }
}

/// Expands `prompt`; the same prompt, vocabulary and seed give the same words. A prompt that leaves nothing open comes
/// back as it is.
pub fn enhance(prompt: &str, vocabulary: Option<&Vocabulary>, seed: u64) -> String {
    let prompt = prompt.trim();
    let language = Language::of(prompt);
    let general = general();
    let own = vocabulary.map(|vocabulary| Lexicon::new(vocabulary, language));
    let known = Lexicon::new(&general, language);
    let scene = Scene::read(prompt, own.as_ref(), &known);
    let offers = own.as_ref().unwrap_or(&known);
    scene.complete(offers, language, own.is_some(), &mut Dice(seed))
}

/// Expands the scene of a board and what its text cards say, in their order. Place, light and camera are one shot's: what no
/// card says of them the scene gets, even an empty one; a card gets its deed.
pub fn enhance_board(
    scene: &str,
    cards: &[&str],
    vocabulary: Option<&Vocabulary>,
    seed: u64,
) -> (String, Vec<String>) {
    let all = |scene: &str| [&[scene][..], cards].concat().join("\n");
    let whole = all(scene);
    let language = Language::of(&whole);
    let general = general();
    let own = vocabulary.map(|vocabulary| Lexicon::new(vocabulary, language));
    let known = Lexicon::new(&general, language);
    let dice = &mut Dice(seed);
    let offers = own.as_ref().unwrap_or(&known);
    let around = Scene {
        prompt: scene.trim(),
        action: true,
        ends_with_actor: false,
        ..Scene::read(&whole, own.as_ref(), &known)
    };
    let scene = around.complete(offers, language, own.is_some(), dice);
    let whole = all(&scene);
    let place = Scene::read(&whole, own.as_ref(), &known)
        .place
        .unwrap_or_default();
    let expand = |card: &&str| {
        let said = Scene::read(card.trim(), own.as_ref(), &known);
        let card = Scene {
            place: Some(said.place.clone().unwrap_or_else(|| place.clone())),
            light: true,
            camera: true,
            detail: true,
            ..said
        };
        card.complete(offers, language, own.is_some(), dice)
    };
    let cards = cards.iter().map(expand).collect();
    (scene, cards)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mini() -> Vocabulary {
        let text = kinora_models::ModelSource::embedded(kinora_models::MINI)
            .read("vocabulary.json")
            .unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    #[test]
    fn what_was_said_stays_and_comes_first() {
        let mini = mini();
        for seed in 0..40 {
            for prompt in [
                "a frog",
                "a frog jumps in the snow",
                "一只青蛙",
                "一只青蛙在雪地里跳跃",
            ] {
                for vocabulary in [None, Some(&mini)] {
                    let long = enhance(prompt, vocabulary, seed);
                    assert!(long.starts_with(prompt), "{long}");
                    assert!(long.len() > prompt.len(), "{long}");
                    assert_eq!(long, enhance(prompt, vocabulary, seed));
                }
            }
        }
        assert_ne!(
            (0..9)
                .map(|seed| enhance("a frog", Some(&mini), seed))
                .collect::<Vec<_>>(),
            vec![enhance("a frog", Some(&mini), 0); 9]
        );
    }

    #[test]
    fn the_models_own_words_fill_what_is_open() {
        let mini = mini();
        let kinds = ["actors", "actions", "places", "times", "camera"];
        for seed in 0..40 {
            for (prompt, language) in [
                ("a frog", Language::English),
                ("一只青蛙", Language::Chinese),
            ] {
                let long = enhance(prompt, Some(&mini), seed);
                assert!(mini.unknown_words(&long).is_empty(), "{long}");
                let lexicon = Lexicon::new(&mini, language);
                for kind in kinds {
                    assert!(lexicon.find(kind, &long).is_some(), "no {kind} in: {long}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_said_twice() {
        let mini = mini();
        let full = "A frog jumps in the snow at night, wide-angle shot";
        assert_eq!(enhance(full, Some(&mini), 1), full);
        let full = "一只青蛙在雪地里跳跃，夜晚，广角镜头";
        assert_eq!(enhance(full, Some(&mini), 1), full);
        let long = enhance("two lions walking on the beach", Some(&mini), 3);
        assert!(
            long.starts_with("two lions walking on the beach "),
            "{long}"
        );
        assert!(
            !long["two lions walking on the beach".len()..].contains(" in the "),
            "{long}"
        );
    }

    #[test]
    fn deeds_and_places_fit_the_actor() {
        let mini = mini();
        for seed in 0..40 {
            let whale = enhance("a whale", Some(&mini), seed);
            assert!(whale.starts_with("a whale swims in the s"), "{whale}");
            let horse = enhance("a brown horse", Some(&mini), seed);
            assert!(
                !horse.contains("sea") && !horse.contains("stream"),
                "{horse}"
            );
            // What is not known may be a deed: none is added.
            let strange = enhance("a frog yodels", Some(&mini), seed);
            let deeds = ["walk", "run", "jump", "stand"];
            assert!(
                !deeds.iter().any(|deed| strange.contains(deed)),
                "{strange}"
            );
        }
    }

    #[test]
    fn a_board_gets_one_place_and_light_and_each_card_its_deed() {
        let mini = mini();
        let english = Lexicon::new(&mini, Language::English);
        for seed in 0..40 {
            let cards = ["a frog", "the frog swims", "it turns"];
            let (scene, said) = enhance_board("", &cards, Some(&mini), seed);
            assert_eq!((&*said[1], &*said[2]), (cards[1], cards[2]));
            assert!(said[0].starts_with("a frog ") && english.find("actions", &said[0]).is_some());
            for kind in ["places", "times", "camera"] {
                assert!(
                    english.find(kind, &scene).is_some(),
                    "no {kind} in: {scene}"
                );
                assert!(
                    said.iter().all(|card| english.find(kind, card).is_none()),
                    "{said:?}"
                );
            }
            assert!(scene.starts_with(|c: char| c.is_alphabetic()), "{scene}");
            let (scene, said) =
                enhance_board("at night", &["一只青蛙", "在雪地里"], Some(&mini), seed);
            let chinese = Lexicon::new(&mini, Language::Chinese);
            assert!(scene.starts_with("at night") && chinese.find("places", &scene).is_none());
            assert_eq!(said[1], "在雪地里");
        }
        let (scene, said) = enhance_board("a city", &["a detective yodels"], None, 5);
        assert!(scene.starts_with("a city, "), "{scene}");
        assert_eq!(said, ["a detective yodels"]);
        assert_eq!(
            enhance_board("a city", &[], None, 5).0,
            enhance("a city", None, 5)
        );
    }

    #[test]
    fn any_model_gets_light_camera_and_detail_but_no_inventions() {
        let long = enhance("A detective opens a letter.", None, 5);
        assert!(long.starts_with("A detective opens a letter, "), "{long}");
        assert!(long.split(", ").count() >= 4, "{long}");
        let known = enhance("a city at night, close-up", None, 5);
        assert_eq!(known.split(", ").count(), 3, "{known}");
    }
}
