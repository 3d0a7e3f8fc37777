//! How fast an actor goes with which of its clips.

use crate::rng;
use crate::solid::cast::{Element, SolidActor};
use crate::solid::props::Props;
use crate::solid::wader;
use crate::vocabulary::Action;

/// A clip with its rate and its speed over the ground, metres a second.
#[derive(Clone, Copy)]
pub struct Way {
    pub clip: &'static str,
    pub rate: f32,
    pub speed: f32,
}

impl Way {
    /// The same at another speed, as far as legs can follow.
    pub fn at(self, speed: f32) -> Way {
        let rate = self.rate * (speed / self.speed.max(1e-3)).clamp(0.5, 2.0);
        Way {
            rate,
            speed,
            ..self
        }
    }
}

pub fn way(
    actor: &'static SolidActor,
    action: Action,
    scale: f32,
    props: &Props,
    seed: u64,
) -> Way {
    let root = (9.81 * 0.5 * actor.height * scale).sqrt();
    let clips = &actor.clips;
    let or = |a: &'static str, b: &'static str| if a.is_empty() { b } else { a };
    let idle = match clips.idle.len() {
        0 => "",
        n => clips.idle[(rng::unit(seed, 77) * n as f32) as usize % n],
    };
    let plain = |speed: f32| Way {
        clip: "",
        rate: 1.0,
        speed,
    };
    let going = |clip: &'static str, wanted: f32| {
        let natural = props.speed(actor.key, clip) * scale;
        if natural <= 0.08 * wanted {
            return Way {
                clip,
                ..plain(wanted)
            };
        }
        let rate = (wanted / natural).clamp(0.6, 1.7);
        Way {
            clip,
            rate,
            speed: natural * rate,
        }
    };
    let standing = |clip: &'static str| Way { clip, ..plain(0.0) };
    if actor.made() {
        return plain(match action {
            Action::ComesCloser | Action::GoesAway if actor.element == Element::Boat => 0.5 * root,
            Action::ComesCloser | Action::GoesAway => 0.6 * root,
            Action::Drives => 1.6 * root,
            Action::Rolls | Action::Bounces => 1.1 * root,
            Action::Sails => 0.45 * root,
            Action::Flies => 1.4 * root,
            _ => 0.0,
        });
    }
    if actor.element != Element::Land {
        let wanted = match actor.element {
            Element::Air => 3.2,
            _ => 0.9 * actor.height.max(0.4),
        };
        return Way {
            clip: clips.walk,
            rate: if actor.key == "crow" { 1.6 } else { 1.2 },
            speed: match action {
                Action::Chases => 1.5 * wanted,
                _ => wanted,
            },
        };
    }
    if actor.wades() {
        let pace = 0.9 * 1.1 * wader::breed(actor.key).leg * actor.height * scale;
        return plain(match action {
            Action::Walks | Action::ComesCloser | Action::GoesAway => pace,
            Action::Follows | Action::Meets | Action::Circles => pace,
            Action::Runs | Action::Chases => 1.2,
            Action::Swims => 0.5,
            Action::Flies => 4.0,
            Action::TakesOff | Action::Lands => 1.2,
            _ => 0.0,
        });
    }
    let walk = going(or(clips.walk, clips.run), 0.42 * root);
    match action {
        Action::Walks | Action::ComesCloser | Action::GoesAway => walk,
        Action::Follows | Action::Meets | Action::Circles => walk,
        Action::Runs | Action::Chases => going(or(clips.run, clips.walk), 1.5 * root),
        Action::Jumps => going(or(clips.run, clips.walk), 1.1 * root),
        Action::Swims => Way {
            speed: 0.25 * root,
            ..walk
        },
        Action::Turns => Way { speed: 0.0, ..walk },
        Action::Eats => standing(or(clips.eat, idle)),
        Action::Attacks | Action::Fights => standing(or(clips.attack, idle)),
        _ => standing(idle),
    }
}
