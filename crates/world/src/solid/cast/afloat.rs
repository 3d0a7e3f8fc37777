//! Those of the air and the water, and the wading birds.

use super::clips::*;
use super::{Element, SolidActor, feathered, land, of, plain};

pub const ALL: &[SolidActor] = &[
    of(
        Element::Air,
        feathered(land(
            "crow",
            "crow",
            0.35,
            clips(&["crow_glide"], "crow_flight", "", "", ""),
            &[plain("animal_crow")],
        )),
    ),
    of(
        Element::Air,
        feathered(land(
            "hawk",
            "hawk",
            0.5,
            clips(&["hawk_glide"], "hawk_flight", "", "", ""),
            &[plain("animal_hawk"), plain("animal_hawk2")],
        )),
    ),
    of(
        Element::Air,
        feathered(land(
            "seagull",
            "seagull",
            0.4,
            clips(&["seagull_flight_02"], "seagull_flight_01", "", "", ""),
            &[plain("animal_seagull")],
        )),
    ),
    of(
        Element::Water,
        land("whale", "whale", 6.0, STILL, &[plain("animal_whale")]),
    ),
    of(
        Element::Water,
        land(
            "shark",
            "shark",
            2.0,
            clips(&["shark_idle"], "shark_walk", "shark_run", "", ""),
            &[plain("animal_shark"), plain("animal_sharkdark")],
        ),
    ),
    of(
        Element::Water,
        land(
            "fish",
            "fish_single",
            0.2,
            clips(&["fish_move"], "fish_move", "", "", ""),
            &[plain("animal_fish_generic")],
        ),
    ),
    of(
        Element::Water,
        land(
            "tuna",
            "animal_tuna",
            0.6,
            clips(&["tuna_idle_01"], "tuna_idle_01", "", "", ""),
            &[plain("animal_tuna")],
        ),
    ),
    land("crane", "", 1.4, STILL, &[]),
    land("heron", "", 1.0, STILL, &[]),
    land("egret", "", 0.95, STILL, &[]),
    land("stork", "", 1.1, STILL, &[]),
    land("flamingo", "", 1.3, STILL, &[]),
    land("ibis", "", 0.7, STILL, &[]),
    land("swan", "", 1.0, STILL, &[]),
];
