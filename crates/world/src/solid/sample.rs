//! Drawing three-dimensional records.

use super::cast::{self, Element, SolidActor};
use super::places::{Water, setting, solid_places};
use crate::actors;
use crate::record::{Cast, SampleOptions, SceneRecord, Solid, Split, is_heldout};
use crate::rng::Dice;
use crate::vocabulary::{Action, Camera, Colour, Direction, Place, Style, Time, Weather};

/// Actions that this actor can be seen doing in this place; empty where it does not belong there.
pub fn possible_actions(actor: &SolidActor, place: Place) -> Vec<Action> {
    let sky = matches!(place, Place::Sky | Place::NightSky);
    let water = setting(place).water;
    let mut all = Vec::new();
    match actor.element {
        Element::Air => {
            if water != Water::Under {
                all.push(Action::Flies);
            }
        }
        Element::Water => {
            let big = matches!(actor.key, "whale" | "shark");
            if water == Water::Under || water == Water::Open && big {
                all.push(Action::Swims);
            }
        }
        Element::Land if sky => {
            if actor.wades() {
                all.push(Action::Flies);
            }
        }
        Element::Land if actor.wades() => {
            if matches!(water, Water::Under) {
                return all;
            }
            all.push(Action::Flies);
            if actor.key == "swan" && water != Water::None {
                all.push(Action::Swims);
            }
            if water != Water::Open {
                all.extend([Action::Stands, Action::Eats, Action::Turns]);
                if actor.key != "swan" {
                    all.extend([Action::Walks, Action::ComesCloser]);
                }
                if water == Water::Stream && actor.key != "swan" {
                    all.push(Action::Fishes);
                }
            }
        }
        Element::Land => {
            let swims = actors::find(actor.key).is_some_and(|a| a.can(actors::Habitat::SWIMS));
            let moves = !actor.clips.walk.is_empty() || !actor.clips.run.is_empty();
            if matches!(water, Water::Under) {
                return all;
            }
            if water != Water::Open {
                all.push(Action::Stands);
                if moves {
                    all.extend([
                        Action::Walks,
                        Action::Runs,
                        Action::Turns,
                        Action::ComesCloser,
                    ]);
                }
                if !actor.clips.eat.is_empty() {
                    all.push(Action::Eats);
                }
                if !actor.clips.attack.is_empty() {
                    all.push(Action::Attacks);
                }
            }
            if swims && moves && water != Water::None {
                all.push(Action::Swims);
            }
        }
    }
    all
}

/// Draws a record whose scene is three-dimensional.
pub fn sample(dice: &mut Dice, options: &SampleOptions) -> SceneRecord {
    let seed = dice.next_u64() >> 12;
    let places: Vec<Place> = solid_places().collect();
    let wanted = options.actor.as_deref().and_then(cast::find);
    let mut found = None;
    for _ in 0..4000 {
        let actor = wanted.unwrap_or_else(|| {
            // Waders bind colours to parts, mammoths are famous: a little more of both.
            match dice.unit() {
                u if u < 0.06 => cast::find("crane").unwrap_or(&cast::ALL[0]),
                u if u < 0.10 => &cast::ALL[0],
                _ => dice.pick(cast::ALL),
            }
        });
        let place = options.place.filter(|p| *p != Place::Space);
        let place = place.unwrap_or_else(|| *dice.pick(&places));
        let possible = possible_actions(actor, place);
        if possible.is_empty() {
            continue;
        }
        let weigh = |action: &Action| match action {
            Action::Walks => 2.2,
            Action::Stands | Action::Runs | Action::Flies | Action::Swims | Action::Fishes => 1.4,
            Action::Turns | Action::ComesCloser => 0.7,
            _ => 1.0,
        };
        let weights: Vec<f32> = possible.iter().map(weigh).collect();
        let action = match options.action {
            Some(action) if possible.contains(&action) => action,
            Some(_) if options.place.is_none() || wanted.is_none() => continue,
            _ => possible[dice.weighted(&weights)],
        };
        found = Some((actor, place, action));
        if is_heldout(actor.key, place, action) == (options.split == Split::Heldout) {
            break;
        }
    }
    let (actor, place, action) = found.unwrap_or((&cast::ALL[0], Place::Desert, Action::Walks));
    let times = if dice.chance(0.45) && place.times().contains(&Time::Day) {
        &[Time::Day]
    } else {
        place.times()
    };
    let time = *dice.pick(times);
    let weather = match place {
        _ if !place.has_weather() => Weather::Clear,
        Place::Desert | Place::Canyon | Place::Oasis => {
            Weather::ALL[dice.weighted(&[0.93, 0.0, 0.0, 0.07])]
        }
        Place::Snow | Place::Ice => Weather::ALL[dice.weighted(&[0.6, 0.0, 0.32, 0.08])],
        _ => Weather::ALL[dice.weighted(&[0.76, 0.09, 0.07, 0.08])],
    };
    let camera = options.camera.unwrap_or_else(|| {
        let follow = if action.travels() { 0.10 } else { 0.0 };
        let weights = [
            0.20, 0.05, 0.05, 0.05, 0.05, 0.11, 0.09, follow, 0.07, 0.07, 0.06, 0.05, 0.05, 0.03,
            0.03, 0.05,
        ];
        Camera::ALL[dice.weighted(&weights)]
    });
    let style = options.style.unwrap_or_else(|| {
        if dice.chance(0.80) {
            Style::Plain
        } else {
            *dice.pick(&Style::ALL[1..])
        }
    });
    let then = options.two_segments.then(|| {
        let rest: Vec<Action> = possible_actions(actor, place)
            .into_iter()
            .filter(|next| {
                *next != action
                    && !is_heldout(actor.key, place, *next)
                    && *next != Action::ComesCloser
                    // Deep water and the air are other stages than the ground.
                    && (*next == Action::Swims) == (action == Action::Swims)
                    && (*next == Action::Flies) == (action == Action::Flies)
            })
            .collect();
        if rest.is_empty() {
            action
        } else {
            *dice.pick(&rest)
        }
    });
    let painted = actor.wades() && dice.chance(0.55);
    let alone = painted || matches!(action, Action::Fishes | Action::ComesCloser | Action::Turns);
    let count = if alone {
        1
    } else {
        1 + dice.weighted(&[0.86, 0.09, 0.05]) as u32
    };
    SceneRecord {
        seed,
        place,
        time,
        weather,
        actor: Cast {
            kind: actor.key.to_string(),
            count,
            scale: dice.range(0.85, 1.15),
            position: dice.range(-1.0, 1.0),
        },
        action,
        direction: *dice.pick(Direction::ALL),
        camera,
        moment: dice.unit(),
        then,
        steady: false,
        solid: Some(Solid {
            style,
            coat: dice.below(actor.coats.len().max(1)),
            body: (painted && dice.chance(0.5)).then(|| *dice.pick(Colour::ALL)),
            tail: painted.then(|| *dice.pick(Colour::ALL)),
            azimuth: (dice.range(-38.0, 38.0) * 10.0).round() / 10.0,
        }),
    }
}
