//! Drawing three-dimensional records.

use super::acting::is_high;
use super::cast::{self, Element, SolidActor};
use super::places::{Water, setting};
use crate::actors;
use crate::record::{
    Cast, Partner, SampleOptions, SceneRecord, Solid, Split, is_heldout, is_heldout_pair, steady,
};
use crate::rng::Dice;
use crate::vocabulary::{Action, Camera, Colour, Direction, Place, Style, Time, Weather};

/// Those that run after others.
const HUNTERS: &[&str] = &[
    "lion",
    "lioness",
    "tiger",
    "wolf",
    "white-wolf",
    "fox",
    "arctic-fox",
    "dog",
    "mastiff",
    "bear",
    "black-bear",
    "polar-bear",
    "bull",
    "rhino",
    "boar",
    "hawk",
    "shark",
];

/// Things that others walk around.
const CENTRES: &[&str] = &["snowman", "campfire", "fountain", "gift", "crate", "car"];

/// Actions that this actor can be seen doing in this place; empty where it does not belong there.
pub fn possible_actions(actor: &SolidActor, place: Place) -> Vec<Action> {
    let mut all = alone(actor, place);
    let pairs = Action::ALL.iter().copied().filter(|a| a.takes_two());
    if !all.is_empty() {
        all.extend(pairs.filter(|action| !partners(actor, *action, place).is_empty()));
    }
    all
}

/// Those with whom this actor can do in this place what takes two.
pub fn partners(actor: &SolidActor, action: Action, place: Place) -> Vec<&'static SolidActor> {
    let goes = |a: &SolidActor| match a.element {
        Element::Land => alone(a, place).contains(&Action::Walks),
        _ => !a.made() && !alone(a, place).is_empty(),
    };
    let strikes = |a: &SolidActor| !a.clips.attack.is_empty();
    if !goes(actor) {
        return Vec::new();
    }
    let fits = |other: &&SolidActor| {
        let ratio = other.height / actor.height;
        let kin = other.key != actor.key && other.element == actor.element;
        let here = kin && goes(other);
        let land = actor.element == Element::Land;
        match action {
            Action::Chases => HUNTERS.contains(&actor.key) && here && (0.4..1.7).contains(&ratio),
            Action::Follows => here && (0.33..3.0).contains(&ratio),
            Action::Meets => here && land && (0.33..3.0).contains(&ratio),
            Action::Fights => {
                here && land && strikes(actor) && strikes(other) && (0.55..1.8).contains(&ratio)
            }
            Action::Circles => {
                let thing = CENTRES.contains(&other.key) && !alone(other, place).is_empty();
                land && (thing || here) && (0.4..2.2).contains(&ratio)
            }
            _ => false,
        }
    };
    cast::ALL.iter().filter(fits).collect()
}

/// What it can do by itself.
fn alone(actor: &SolidActor, place: Place) -> Vec<Action> {
    let water = setting(place).water;
    let mut all = Vec::new();
    if let Some(thing) = actor.thing {
        let fits = match (actor.element, water) {
            (_, Water::Under) => false,
            (Element::Boat, Water::Open) => true,
            (Element::Boat, Water::Lake | Water::Shore) => actor.height < 8.0,
            (Element::Boat, _) => false,
            (Element::Air, _) if place == Place::Space => actor.key == "ufo",
            (Element::Air, _) => true,
            (_, Water::Open | Water::Stream) => false,
            _ if place == Place::Space => !matches!(actor.key, "campfire" | "fountain" | "snowman"),
            _ => !is_high(place),
        };
        if fits {
            all.extend_from_slice(thing.deeds);
        }
        return all;
    }
    match actor.element {
        Element::Boat => {}
        Element::Air => {
            if water != Water::Under && place != Place::Space {
                all.push(Action::Flies);
            }
        }
        Element::Water => {
            let big = matches!(actor.key, "whale" | "shark");
            if water == Water::Under || water == Water::Open && big {
                all.push(Action::Swims);
            }
        }
        Element::Land if is_high(place) => {
            if actor.wades() {
                all.push(Action::Flies);
            }
        }
        Element::Land if actor.wades() => {
            if matches!(water, Water::Under) || place == Place::Space {
                return all;
            }
            all.push(Action::Flies);
            if actor.key == "swan" && water != Water::None {
                all.push(Action::Swims);
            }
            if water != Water::Open {
                all.extend([Action::Stands, Action::Eats, Action::Turns]);
                all.extend([Action::TakesOff, Action::Lands]);
                if actor.key != "swan" {
                    all.extend([Action::Walks, Action::ComesCloser, Action::GoesAway]);
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
                all.extend([Action::Stands, Action::Grows]);
                if moves {
                    all.extend([
                        Action::Walks,
                        Action::Runs,
                        Action::Jumps,
                        Action::Turns,
                        Action::ComesCloser,
                        Action::GoesAway,
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

/// Whether it flows into another action, or out of one, within a clip.
fn flows(action: Action) -> bool {
    use Action::*;
    matches!(
        action,
        Stands
            | Walks
            | Runs
            | Flies
            | Swims
            | Turns
            | Eats
            | Attacks
            | Fishes
            | Drives
            | Sails
            | Rolls
    )
}

/// How often an action is drawn beside others.
fn weight(action: Action) -> f32 {
    use Action::*;
    match action {
        Walks => 2.2,
        Runs | Flies | Swims | Fishes | Drives | Sails | Chases => 1.4,
        Stands => 1.3,
        Turns | ComesCloser | GoesAway | Follows | Meets => 0.8,
        Fights | Circles => 0.6,
        Grows => 0.35,
        _ => 1.0,
    }
}

/// Draws a record whose scene is three-dimensional.
pub fn sample(dice: &mut Dice, options: &SampleOptions) -> SceneRecord {
    let seed = dice.next_u64() >> 12;
    let (actor, place, action, partner) = combination(dice, options);
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
        // Two do not fit into a close-up, nor does what goes up and down.
        let tall = matches!(
            action,
            Action::TakesOff | Action::Lands | Action::Rises | Action::Falls | Action::Bounces
        );
        let close = if partner.is_some() || tall { 0.0 } else { 0.09 };
        // What comes from afar is not in view from above.
        let along = matches!(action, Action::ComesCloser | Action::GoesAway);
        let above = if along { 0.0 } else { 0.07 };
        let weights = [
            0.20, 0.05, 0.05, 0.05, 0.05, 0.11, close, follow, above, 0.07, 0.06, 0.05, 0.05, 0.03,
            0.03, 0.05,
        ];
        Camera::ALL[dice.weighted(&weights)]
    });
    let (styled, styles) = match options.steady {
        true => (options.styled, Style::FLAT),
        false => (0.2, &Style::ALL[1..]),
    };
    let style = options.style.unwrap_or_else(|| {
        if dice.chance(styled) {
            *dice.pick(styles)
        } else {
            Style::Plain
        }
    });
    let then = options.two_segments.then(|| {
        let rest: Vec<Action> = alone(actor, place)
            .into_iter()
            .filter(|next| {
                *next != action
                    && flows(*next)
                    && flows(action)
                    && !is_heldout(actor.key, place, *next)
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
    let painted = match actor.thing {
        Some(thing) => thing.painted && dice.chance(0.8),
        None => actor.wades() && partner.is_none() && dice.chance(0.55),
    };
    let single = actor.thing.is_some_and(|t| {
        actor.height > 4.0 || t.deeds.contains(&Action::Sprays) || t.deeds.contains(&Action::Burns)
    });
    let alone = painted && actor.wades()
        || single
        || partner.is_some()
        || matches!(
            action,
            Action::Fishes | Action::ComesCloser | Action::GoesAway | Action::Turns
        );
    let count = if alone {
        1
    } else {
        1 + dice.weighted(&[0.86, 0.09, 0.05]) as u32
    };
    let turn = if options.steady { 15.0 } else { 38.0 };
    let coats = |a: &SolidActor, dice: &mut Dice| dice.below(a.coats.len().max(1));
    let mut record = SceneRecord {
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
        steady: options.steady,
        style,
        solid: Some(Solid {
            coat: coats(actor, dice),
            body: (painted && (actor.made() || dice.chance(0.5))).then(|| *dice.pick(Colour::ALL)),
            tail: (painted && actor.wades()).then(|| *dice.pick(Colour::ALL)),
            azimuth: (dice.range(-turn, turn) * 10.0).round() / 10.0,
            partner: partner.map(|other| Partner {
                kind: other.key.to_string(),
                coat: coats(other, dice),
            }),
        }),
    };
    if options.steady {
        steady(&mut record, dice);
    }
    record
}

type Combination = (
    &'static SolidActor,
    Place,
    Action,
    Option<&'static SolidActor>,
);

/// Who, where, what and with whom, of the wanted split.
fn combination(dice: &mut Dice, options: &SampleOptions) -> Combination {
    let places = &Place::ALL[..options.places.clamp(1, Place::ALL.len())];
    let playing = options.playing(cast::ALL, |actor| actor.key);
    // Waders bind colours to parts, mammoths are famous: a little more of both.
    let often = playing.iter().map(|actor| match actor.key {
        "crane" => 1.0 + 0.06 * playing.len() as f32,
        "mammoth" => 1.0 + 0.04 * playing.len() as f32,
        _ => 1.0,
    });
    let often: Vec<_> = often.collect();
    let mut found = None;
    for _ in 0..4000 {
        let actor = playing[dice.weighted(&often)];
        // Of its own places, or boats and fish would be rare.
        let place = options.place.unwrap_or_else(|| {
            let own = places.iter().filter(|p| !alone(actor, **p).is_empty());
            **dice.pick(&own.collect::<Vec<_>>())
        });
        let mut possible = possible_actions(actor, place);
        if options.two_segments {
            possible.retain(|action| flows(*action));
        }
        if possible.is_empty() {
            continue;
        }
        let weights: Vec<f32> = possible.iter().copied().map(weight).collect();
        let action = match options.action {
            Some(action) if possible.contains(&action) => action,
            Some(_) if options.place.is_none() || options.cast.is_empty() => continue,
            _ => possible[dice.weighted(&weights)],
        };
        let partner = action
            .takes_two()
            .then(|| *dice.pick(&partners(actor, action, place)));
        let heldout = is_heldout(actor.key, place, action)
            || partner.is_some_and(|p| is_heldout_pair(actor.key, p.key, action));
        found = Some((actor, place, action, partner));
        if heldout == (options.split == Split::Heldout) {
            break;
        }
    }
    found.unwrap_or((&cast::ALL[0], Place::Desert, Action::Walks, None))
}
