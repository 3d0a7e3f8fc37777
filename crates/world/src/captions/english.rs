//! English sentences.

mod nouns;
mod verbs;

pub use nouns::{article, places, plural};
use verbs::{ing, verb_phrase};

use super::{noun as choose_noun, pick, says_camera, says_direction};
use crate::record::SceneRecord;
use crate::rng::Dice;
use crate::vocabulary::{Action, Camera, Direction, Style, Time, Weather};

pub(super) fn sentence(
    record: &SceneRecord,
    action: Action,
    then: Option<Action>,
    dice: &mut Dice,
) -> String {
    let actor = record.actor_entry();
    let many = record.actor.count > 1;
    let noun = &dress(record, choose_noun(actor.en, dice), dice);
    let subject = match record.actor.count {
        1 if dice.chance(0.85) => format!("{} {noun}", article(noun)),
        1 => format!("the {noun}"),
        2 => format!("two {}", plural(noun)),
        _ => format!("three {}", plural(noun)),
    };
    let way = record.direction;
    let place = pick(places(record.place), dice);
    let object = object(record, dice);
    let mut verb = verb_phrase(record, action, many, &object, dice);
    let mut side = String::new();
    if says_direction(record, action, dice) {
        side = format!(" {}", direction(action, way, dice));
        verb += &side;
    }
    if let Some(next) = then {
        let second = verb_phrase(record, next, many, "", dice);
        let link = pick(&["and then", "then", ", then"], dice);
        verb = format!("{verb} {link} {second}").replace(" ,", ",");
    }
    let mut sentence = if dice.chance(0.08) && then.is_none() {
        format!("{place}, {subject} {verb}")
    } else if dice.chance(0.10) && then.is_none() {
        // A noun phrase: "a frog jumping in the snow".
        let base = ing(action, &object, dice);
        format!("{subject} {base}{side} {place}")
    } else if matches!(action, Action::Meets | Action::Fights) && dice.chance(0.3) {
        // Both are subjects: "a lion and a bear meet in the snow".
        let both = if action == Action::Meets {
            "meet"
        } else {
            "fight"
        };
        format!("{subject} and {object} {both} {place}")
    } else {
        format!("{subject} {verb} {place}")
    };
    if record.time != Time::Day && dice.chance(0.75)
        || record.time == Time::Day && record.place.times().len() > 1 && dice.chance(0.15)
    {
        let words: &[&str] = match record.time {
            Time::Day => &["during the day", "in daylight", "by day"],
            Time::Sunset => &[
                "at sunset",
                "at dusk",
                "in the evening light",
                "at golden hour",
            ],
            Time::Night => &["at night", "in the moonlight", "at nighttime"],
        };
        if !record.place.times().contains(&Time::Day) {
            // Night skies say so themselves.
        } else {
            sentence = format!("{sentence} {}", pick(words, dice));
        }
    }
    let weather: Option<&[&str]> = match record.weather {
        Weather::Clear => (dice.chance(0.06) && record.place.has_weather())
            .then_some(&["clear weather", "on a clear day"][..1]),
        Weather::Rain => Some(&["in the rain", "while it rains", "rainy weather"]),
        Weather::Snowfall => Some(&["while snow falls", "in falling snow", "snowing"]),
        Weather::Fog => Some(&["in the fog", "in thick mist", "foggy weather"]),
    };
    if let Some(words) = weather
        && dice.chance(0.8)
    {
        let word = pick(words, dice);
        let comma = if word.starts_with("in ") || word.starts_with("while") {
            ""
        } else {
            ","
        };
        sentence = format!("{sentence}{comma} {word}");
    }
    let camera: &[&str] = match record.camera {
        Camera::Static => &["static shot", "medium shot", "still camera"],
        Camera::PanLeft => &["the camera pans left", "camera pans left", "pan left"],
        Camera::PanRight => &["the camera pans right", "camera pans right", "pan right"],
        Camera::ZoomIn => &["the camera zooms in", "zoom in", "slow zoom in"],
        Camera::ZoomOut => &["the camera zooms out", "zoom out", "slow zoom out"],
        Camera::WideAngle => &[
            "wide-angle shot",
            "wide-angle shot",
            "wide shot",
            "long shot",
        ],
        Camera::CloseUp => &["close-up", "close-up shot", "close shot"],
        Camera::Follow => &["tracking shot", "the camera follows", "follow shot"],
        Camera::Aerial => &[
            "aerial shot",
            "drone shot",
            "bird's-eye view",
            "view from above",
        ],
        Camera::LowAngle => &["low-angle shot", "low angle", "view from below"],
        Camera::Orbit => &["orbit shot", "the camera circles", "orbiting camera"],
        Camera::DollyIn => &["dolly in", "slow dolly-in", "the camera moves closer"],
        Camera::DollyOut => &["dolly out", "slow dolly-out", "the camera moves back"],
        Camera::TiltUp => &["tilt up", "the camera tilts up"],
        Camera::TiltDown => &["tilt down", "the camera tilts down"],
        Camera::Handheld => &["handheld shot", "handheld camera", "shaky camera"],
    };
    if says_camera(record, dice) {
        let shot = pick(camera, dice);
        let framing = matches!(record.camera, Camera::WideAngle | Camera::CloseUp);
        sentence = if framing && then.is_none() && dice.chance(0.25) {
            let doing = ing(action, &object, dice);
            format!(
                "{} {shot} of {subject} {doing}{side} {place}",
                article(shot)
            )
        } else if dice.chance(0.08) {
            format!("{shot}, {sentence}")
        } else {
            format!("{sentence}, {shot}")
        };
    }
    if let Some(style) = super::style(record, dice) {
        let word = pick(style.words().en, dice);
        sentence = match style {
            Style::Papercraft | Style::Watercolour => match dice.below(3) {
                0 => format!("{word} of {sentence}"),
                1 => format!("{sentence}, {word} style"),
                _ => format!("{sentence}, {word}"),
            },
            _ if dice.chance(0.4) => format!("{word} style, {sentence}"),
            _ if dice.chance(0.4) => format!("{sentence}, {word} style"),
            _ => format!("{sentence}, {word}"),
        };
    }
    if dice.chance(0.15) {
        let mut letters = sentence.chars();
        if let Some(first) = letters.next() {
            sentence = first.to_uppercase().chain(letters).collect();
        }
        sentence.push('.');
    }
    sentence
}

/// The noun with the colours that the record gives it: "black horse", "white crane with a yellow tail".
fn dress(record: &SceneRecord, noun: &str, dice: &mut Dice) -> String {
    let Some(solid) = &record.solid else {
        return noun.to_string();
    };
    let mut text = noun.to_string();
    if let Some(coat) = super::coat(record)
        && !coat.en.is_empty()
        && dice.chance(0.75)
    {
        text = format!("{} {text}", coat.en);
    }
    if let Some(body) = solid.body {
        let plain = text
            .split_once(' ')
            .filter(|(first, _)| COLOURS.contains(first));
        let bare = plain.map_or(text.clone(), |(_, rest)| rest.to_string());
        text = format!("{} {bare}", body.words().en[0]);
    }
    // A plural cannot carry what follows the noun.
    if let Some(tail) = solid.tail.filter(|_| record.actor.count == 1) {
        let word = pick(tail.words().en, dice);
        text = format!("{text} with {} {word} tail", article(word));
    }
    text
}

/// First words of nouns that a colour of the record replaces.
const COLOURS: &[&str] = &["white", "grey", "red", "brown", "yellow", "blue", "pink"];

fn direction(action: Action, way: Direction, dice: &mut Dice) -> &'static str {
    match (action, way) {
        (Action::Stands, Direction::Left) => pick(&["facing left", "looking to the left"], dice),
        (Action::Stands, Direction::Right) => pick(&["facing right", "looking to the right"], dice),
        (_, Direction::Left) => pick(&["to the left", "left", "towards the left"], dice),
        (_, Direction::Right) => pick(&["to the right", "right", "towards the right"], dice),
    }
}

/// The second actor, "" where there is none: "a black horse".
fn object(record: &SceneRecord, dice: &mut Dice) -> String {
    let Some((actor, coat)) = super::partner(record) else {
        return String::new();
    };
    let noun = choose_noun(actor.en, dice);
    let noun = match coat {
        Some(coat) if !coat.en.is_empty() && dice.chance(0.6) => format!("{} {noun}", coat.en),
        _ => noun.to_string(),
    };
    format!("{} {noun}", article(&noun))
}
