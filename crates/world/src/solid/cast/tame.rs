//! Animals of farm and house, and the rest of the land.

use super::clips::*;
use super::{Coat, SolidActor, coat, feathered, land, plain};

const HORSES: &[Coat] = &[
    coat("horse_brown", "brown", "棕"),
    coat("horse_white", "white", "白"),
    coat("horse_black", "black", "黑"),
    coat("horse_gray", "grey", "灰"),
    coat("horse_bay_01", "bay", "枣红"),
    coat("horse_skewbald", "spotted", "花"),
    coat("horse_palomino_01", "golden", "金"),
];

pub const ALL: &[SolidActor] = &[
    land("horse", "horse_celtic", 1.9, HORSE, HORSES),
    land(
        "pony",
        "pony",
        1.3,
        HORSE,
        &[plain("horse_bay_02"), plain("horse_beige")],
    ),
    land(
        "donkey",
        "donkey",
        1.3,
        clips(&["donkey_idle_01"], "donkey_walk_01", "", "", ""),
        &[plain("animal_donkey")],
    ),
    land(
        "cow",
        "cattle_female_a",
        1.5,
        BOVINE,
        &[
            plain("animal_cattle_black_and_white"),
            coat("animal_cattle_beige", "beige", "米色"),
        ],
    ),
    land(
        "bull",
        "bull_a",
        1.6,
        BOVINE,
        &[plain("animal_cattle_black")],
    ),
    land(
        "zebu",
        "zebu",
        1.6,
        BOVINE,
        &[
            coat("animal_zebu", "", ""),
            coat("animal_zebu_brown", "brown", "棕色"),
            coat("animal_zebu_black", "black", "黑色"),
        ],
    ),
    land(
        "longhorn",
        "sanga_cattle_a",
        1.9,
        BOVINE,
        &[
            plain("animal_zebu_white_and_brown"),
            plain("animal_zebu_brown"),
        ],
    ),
    land(
        "wildebeest",
        "wildebeest_adult",
        1.5,
        BOVINE,
        &[plain("animal_wildebeest")],
    ),
    land(
        "sheep",
        "sheep",
        0.95,
        clips(
            &["sheep_idle_02"],
            "sheep_walk",
            "sheep_run",
            "sheep_idle_01",
            "",
        ),
        &[plain("animal_sheep_no_player_color_a")],
    ),
    land(
        "goat",
        "goat",
        0.85,
        GOAT,
        &[
            coat("animal_goat_white", "white", "白"),
            coat("animal_goat_black", "black", "黑"),
            coat("animal_goat_grey", "grey", "灰"),
        ],
    ),
    land(
        "billy-goat",
        "goat_male",
        1.0,
        GOAT,
        &[plain("animal_goat")],
    ),
    land(
        "pig",
        "pig",
        0.85,
        PIG,
        &[
            plain("animal_pig_01"),
            coat("animal_pig_02", "spotted", "花"),
        ],
    ),
    land(
        "boar",
        "animal_boar",
        0.95,
        clips(
            &["animal_boar_idle_01"],
            "animal_boar_walk_01",
            "animal_boar_run_01",
            "",
            "animal_boar_attack_01",
        ),
        &[plain("animal_boar_01")],
    ),
    land(
        "camel",
        "camel",
        2.2,
        clips(
            &["camel_idle_01", "camel_idle_02"],
            "camel_walk",
            "camel_run",
            "",
            "camel_attack_melee_01",
        ),
        &[
            plain("animal_camel_a"),
            plain("animal_camel_b"),
            plain("animal_camel_c"),
        ],
    ),
    land(
        "crocodile",
        "Croc",
        0.75,
        clips(&["Croc_idle3"], "Croc_walk", "Croc_run", "", "Croc_attack"),
        &[plain("animal_crocodile")],
    ),
    land(
        "hen",
        "chicken",
        0.45,
        clips(
            &["chicken_idle_02"],
            "chicken_walk",
            "chicken_run_01",
            "chicken_idle_01",
            "chicken_attack",
        ),
        &[plain("animal_chicken"), plain("animal_chicken_b")],
    ),
    feathered(land(
        "peacock",
        "peacock",
        0.9,
        clips(&["peacock_idle"], "peacock_walk", "", "peacock_feeding", ""),
        &[plain("animal_peacock")],
    )),
    land(
        "dog",
        "wolfhound",
        0.85,
        clips(
            &["wolfhound_idle1"],
            "",
            "wolfhound_walk",
            "",
            "wolfhound_attack",
        ),
        &[plain("brit/wolfhound")],
    ),
    land(
        "mastiff",
        "mastiff_no_spikes",
        0.75,
        clips(&["mastiff_idle2"], "", "mastiff_run", "", "mastiff_attack"),
        &[plain("brit/mastiff_b_01"), plain("brit/mastiff_b_02")],
    ),
    land("muskox", "muskox", 1.4, STILL, &[plain("animal_muskox")]),
    land("walrus", "walrus", 1.3, STILL, &[plain("animal_walrus")]),
];
