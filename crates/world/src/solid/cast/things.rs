//! Things made by code: see `solid::extras`.

use super::clips::STILL;
use super::{Element, SolidActor, Thing, land};
use crate::vocabulary::Action::{self, *};

const fn thing(
    key: &'static str,
    height: f32,
    element: Element,
    painted: bool,
    deeds: &'static [Action],
) -> SolidActor {
    SolidActor {
        element,
        thing: Some(Thing { deeds, painted }),
        ..land(key, "", height, STILL, &[])
    }
}

const BALL: &[Action] = &[Bounces, Rolls, Falls, Stands, Grows];
const BOX: &[Action] = &[Falls, Spins, Stands, Grows];
const DRIVES: &[Action] = &[Drives, ComesCloser, GoesAway, Turns, Stands];
const SAILS: &[Action] = &[Sails, Turns, ComesCloser];

pub const ALL: &[SolidActor] = &[
    thing("ball", 0.7, Element::Land, true, BALL),
    thing("beach-ball", 0.6, Element::Land, false, BALL),
    thing("soccer-ball", 0.4, Element::Land, false, BALL),
    thing("basketball", 0.4, Element::Land, false, BALL),
    thing("cube", 0.9, Element::Land, true, BOX),
    thing("crate", 0.9, Element::Land, false, BOX),
    thing("gift", 0.7, Element::Land, true, BOX),
    thing("snowman", 1.6, Element::Land, false, &[Stands, Grows]),
    thing("balloon", 1.6, Element::Air, true, &[Rises, Flies, Grows]),
    thing("car", 1.45, Element::Land, true, DRIVES),
    thing("taxi", 1.5, Element::Land, false, DRIVES),
    thing("bus", 3.0, Element::Land, true, DRIVES),
    thing("truck", 2.9, Element::Land, true, DRIVES),
    thing("sailboat", 7.0, Element::Boat, true, SAILS),
    thing("rowboat", 1.0, Element::Boat, true, SAILS),
    thing("ship", 12.0, Element::Boat, true, SAILS),
    thing("hot-air-balloon", 14.0, Element::Air, true, &[Flies, Rises]),
    thing("airplane", 5.0, Element::Air, true, &[Flies]),
    thing("ufo", 2.4, Element::Air, false, &[Flies, Spins, Rises]),
    thing("rocket", 9.0, Element::Land, true, &[Rises, Stands]),
    thing("house", 5.5, Element::Land, true, &[Stands, Burns]),
    thing("windmill", 9.0, Element::Land, true, &[Spins, Stands]),
    thing("fountain", 2.4, Element::Land, false, &[Sprays]),
    thing("campfire", 1.1, Element::Land, false, &[Burns]),
];
