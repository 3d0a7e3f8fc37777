//! What a scene is called: many wordings in English and Chinese.

mod chinese;
mod english;

use crate::actors::{self, Actor};
use crate::record::SceneRecord;
use crate::rng::{Dice, hash};
use crate::solid::cast::{Coat, Element};
use crate::vocabulary::{Action, Camera, Direction, Place, Style};

pub use english::{article, plural};

/// One wording in each language.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Captions {
    pub en: String,
    pub zh: String,
}

/// Draws a wording of the whole record in both languages (independently of each other).
pub fn captions(record: &SceneRecord, dice: &mut Dice) -> Captions {
    let (first, then) = (record.action, record.then);
    Captions {
        en: english::sentence(record, first, then, dice),
        zh: chinese::sentence(record, first, then, dice),
    }
}

/// Wordings of the two halves, for storyboards; both the whole if the record has one action.
pub fn segment_captions(record: &SceneRecord, dice: &mut Dice) -> [Captions; 2] {
    [record.action, record.then.unwrap_or(record.action)].map(|action| Captions {
        en: english::sentence(record, action, None, dice),
        zh: chinese::sentence(record, action, None, dice),
    })
}

/// How a place is told in English and in Chinese, e.g. "in the desert" and 沙漠中.
pub fn place_phrases(place: Place) -> (&'static [&'static str], &'static [&'static str]) {
    (english::places(place), chinese::places(place))
}

/// The generator of a record's own wordings; `salt` numbers them.
pub fn wording(record: &SceneRecord, salt: u64) -> Dice {
    Dice::new(hash(&[record.seed, 0x0063_6170, salt]))
}

/// The actor's noun: mostly the name, sometimes a synonym.
fn noun<'a>(words: &[&'a str], dice: &mut Dice) -> &'a str {
    if words.len() == 1 || dice.chance(0.55) {
        words[0]
    } else {
        words[1 + dice.below(words.len() - 1)]
    }
}

/// The style that a caption names; none for what is drawn plainly.
fn style(record: &SceneRecord, dice: &mut Dice) -> Option<Style> {
    let said = !record.style.is_plain() && (record.steady || dice.chance(0.9));
    said.then_some(record.style)
}

/// The coat that the actor wears, where it is three-dimensional.
fn coat(record: &SceneRecord) -> Option<&'static Coat> {
    let solid = record.solid.as_ref()?;
    crate::solid::cast::find(&record.actor.kind)?.coat(solid.coat)
}

/// The second actor and its coat.
fn partner(record: &SceneRecord) -> Option<(&'static Actor, Option<&'static Coat>)> {
    let partner = record.partner()?;
    let coat = crate::solid::cast::find(&partner.kind).and_then(|a| a.coat(partner.coat));
    Some((actors::find(&partner.kind)?, coat))
}

/// Whether the actor is a thing made by code rather than an animal.
fn is_thing(record: &SceneRecord) -> bool {
    let solid = record.solid.is_some();
    solid && crate::solid::cast::find(&record.actor.kind).is_some_and(|a| a.made())
}

/// Whether the actor goes on feet: others fly or swim after each other.
fn on_feet(record: &SceneRecord) -> bool {
    let actor = crate::solid::cast::find(&record.actor.kind);
    actor.is_none_or(|a| a.element == Element::Land)
}

fn says_direction(record: &SceneRecord, action: Action, dice: &mut Dice) -> bool {
    let side = record.actor_entry().faces_sideways();
    match action {
        _ if record.steady && record.direction == Direction::Right => true,
        _ if action.travels() => dice.chance(0.45),
        Action::Stands => side && dice.chance(0.22),
        Action::Turns => side && dice.chance(0.35),
        _ => false,
    }
}

fn says_camera(record: &SceneRecord, dice: &mut Dice) -> bool {
    dice.chance(match record.camera {
        Camera::Static => 0.1,
        _ if record.steady => 1.0,
        _ => 0.8,
    })
}

fn pick<'a>(words: &[&'a str], dice: &mut Dice) -> &'a str {
    words[dice.below(words.len())]
}
