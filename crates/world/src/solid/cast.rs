//! Who can play in three dimensions, and of which files each is made.

/// A coat: a skin's file stem under `skins/skeletal`, and what it is called ("" where it needs no word).
pub struct Coat {
    pub skin: &'static str,
    pub en: &'static str,
    pub zh: &'static str,
}

/// File stems of the clips; "" where there is none.
pub struct Clips {
    pub idle: &'static [&'static str],
    pub walk: &'static str,
    pub run: &'static str,
    pub eat: &'static str,
    pub attack: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Element {
    Land,
    /// Always in the air.
    Air,
    /// Always in the water.
    Water,
}

pub struct SolidActor {
    /// Key in the actor table.
    pub key: &'static str,
    /// File stem of the mesh, or "" for the parametric wading bird.
    pub mesh: &'static str,
    pub coats: &'static [Coat],
    pub clips: Clips,
    /// Metres from the ground to the top (of the whole body, for those that never stand).
    pub height: f32,
    pub element: Element,
    /// Length of its fur over its height; 0 is bare.
    pub fur: f32,
    /// Whether the skin's alpha cuts holes (feathers).
    pub holes: bool,
}

const fn plain(skin: &'static str) -> Coat {
    Coat {
        skin,
        en: "",
        zh: "",
    }
}

const fn coat(skin: &'static str, en: &'static str, zh: &'static str) -> Coat {
    Coat { skin, en, zh }
}

const BOVINE: Clips = Clips {
    idle: &["bovidae_idle_a", "bovidae_idle_c"],
    walk: "bovidae_walk",
    run: "bovidae_run",
    eat: "bovidae_feeding",
    attack: "bovidae_attack",
};
const BEAR: Clips = Clips {
    idle: &["bear_idle_01", "bear_idle_02"],
    walk: "bear_walk",
    run: "bear_run",
    eat: "",
    attack: "bear_attack_02",
};
const FELINE: Clips = Clips {
    idle: &["feline_idle_03"],
    walk: "feline_walk",
    run: "feline_run",
    eat: "",
    attack: "feline_attack",
};
const LION: Clips = Clips {
    idle: &["lion_idle_01", "lion_idle_02"],
    walk: "lion_walk",
    run: "lion_run",
    eat: "",
    attack: "lion_idle_03",
};
const WOLF: Clips = Clips {
    idle: &["wolf_idle_02"],
    walk: "wolf_walk",
    run: "wolf_run",
    eat: "",
    attack: "wolf_attack_01",
};
const FOX: Clips = Clips {
    idle: &["fox_idle"],
    walk: "fox_walk",
    run: "fox_run",
    eat: "fox_feeding",
    attack: "",
};
const DEER: Clips = Clips {
    idle: &["deer_idle_01", "deer_idle_03"],
    walk: "deer_walk_01",
    run: "deer_run_01",
    eat: "",
    attack: "deer_attack_01",
};
const HORSE: Clips = Clips {
    idle: &["horse_idle_02", "horse_idle_03"],
    walk: "horse_walk",
    run: "horse_gallop",
    eat: "horse_idle_01",
    attack: "horse_attack_01",
};
const BUSH_ELEPHANT: Clips = Clips {
    idle: &[
        "elephant_african_bush_idle_01",
        "elephant_african_bush_idle_02",
    ],
    walk: "elephant_african_bush_walk",
    run: "elephant_african_bush_run",
    eat: "",
    attack: "elephant_african_bush_attack_melee_01",
};
const ASIAN_ELEPHANT: Clips = Clips {
    idle: &["elephant_asian_idle_01", "elephant_asian_idle_02"],
    walk: "elephant_asian_walk",
    run: "elephant_asian_run",
    eat: "",
    attack: "elephant_asian_attack_melee_01",
};
const GOAT: Clips = Clips {
    idle: &["goat_idle_01"],
    walk: "goat_walk",
    run: "",
    eat: "goat_idle_02",
    attack: "",
};
const PIG: Clips = Clips {
    idle: &["animal_pig_idle_03"],
    walk: "animal_pig_walk_01",
    run: "animal_pig_run_01",
    eat: "animal_pig_feeding_01",
    attack: "animal_pig_attack_01",
};
const STILL: Clips = Clips {
    idle: &[],
    walk: "",
    run: "",
    eat: "",
    attack: "",
};

macro_rules! clips {
    ([$($idle:literal),*] $walk:literal $run:literal $eat:literal $attack:literal) => {
        Clips { idle: &[$($idle),*], walk: $walk, run: $run, eat: $eat, attack: $attack }
    };
}

const fn land(
    key: &'static str,
    mesh: &'static str,
    height: f32,
    clips: Clips,
    coats: &'static [Coat],
) -> SolidActor {
    SolidActor {
        key,
        mesh,
        coats,
        clips,
        height,
        element: Element::Land,
        fur: 0.0,
        holes: false,
    }
}

const fn of(element: Element, actor: SolidActor) -> SolidActor {
    SolidActor { element, ..actor }
}

const fn feathered(actor: SolidActor) -> SolidActor {
    SolidActor {
        holes: true,
        ..actor
    }
}

const fn furry(fur: f32, actor: SolidActor) -> SolidActor {
    SolidActor { fur, ..actor }
}

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
    furry(
        0.09,
        land(
            "mammoth",
            "elephant_asian_male",
            3.8,
            ASIAN_ELEPHANT,
            &[plain("animal-elephant-asian-base")],
        ),
    ),
    land(
        "elephant",
        "elephant_african_bush",
        3.6,
        BUSH_ELEPHANT,
        &[plain("animal-elephant-base")],
    ),
    land(
        "asian-elephant",
        "elephant_asian_male",
        3.1,
        ASIAN_ELEPHANT,
        &[plain("animal-elephant-asian-base")],
    ),
    land(
        "elephant-calf",
        "elephant_african_baby",
        1.2,
        clips!(["elephant_infant_idle_01"] "elephant_infant_walk" "elephant_infant_run" "" ""),
        &[plain("animal-elephant-base-baby")],
    ),
    land("lion", "animal_lion", 1.25, LION, &[plain("animal_lion")]),
    land(
        "lioness",
        "animal_lioness",
        1.1,
        LION,
        &[plain("animal_lioness")],
    ),
    land("tiger", "tiger", 1.1, FELINE, &[plain("animal_tiger")]),
    land(
        "giraffe",
        "giraffe_adult",
        5.0,
        clips!(["giraffe_adult_idle_01"] "giraffe_adult_walk" "giraffe_adult_run" "giraffe_adult_idle_03" ""),
        &[plain("animal_giraffe"), plain("animal_giraffeb")],
    ),
    land(
        "giraffe-calf",
        "giraffe_infant",
        2.2,
        clips!(["giraffe_infant_idle_01"] "giraffe_infant_walk" "giraffe_infant_run" "" ""),
        &[plain("animal_giraffe")],
    ),
    land(
        "zebra",
        "zebra",
        1.5,
        clips!(["zebra_idle"] "zebra_walk" "zebra_run" "" "zebra_attack"),
        &[plain("animal_zebra")],
    ),
    land(
        "rhino",
        "rhino",
        1.7,
        clips!(["rhino_idle2"] "rhino_walk" "rhino_run" "" "rhino_attack"),
        &[plain("animal_rhino")],
    ),
    land(
        "hippo",
        "fauna_hippopotamus",
        1.55,
        clips!(["hippopotamus_idle_02", "hippopotamus_idle_03"] "hippopotamus_walk" "hippopotamus_trot" "hippopotamus_idle_01" "hippopotamus_attack"),
        &[
            plain("fauna_hippopotamus_01"),
            plain("fauna_hippopotamus_02"),
        ],
    ),
    land("bear", "bear", 1.4, BEAR, &[plain("animal_bear_brown")]),
    land(
        "black-bear",
        "bear",
        1.2,
        BEAR,
        &[plain("animal_bear_black")],
    ),
    land(
        "polar-bear",
        "bear_polar",
        1.5,
        BEAR,
        &[plain("animal_bear_white")],
    ),
    land(
        "wolf",
        "wolf",
        0.9,
        WOLF,
        &[plain("animal_wolf_grey"), plain("animal_wolf")],
    ),
    land(
        "white-wolf",
        "wolf",
        0.9,
        WOLF,
        &[plain("animal_wolf_white")],
    ),
    land("fox", "fox", 0.6, FOX, &[plain("animal_fox_red")]),
    land("arctic-fox", "fox", 0.5, FOX, &[plain("animal_fox_arctic")]),
    land(
        "deer",
        "deer_mesh",
        1.4,
        DEER,
        &[plain("animal_deer_01"), plain("animal_deer_02")],
    ),
    land(
        "gazelle",
        "deer_mesh",
        1.0,
        DEER,
        &[plain("animal_gazelle_02")],
    ),
    land(
        "rabbit",
        "rabbit_01",
        0.4,
        clips!(["rabbit_idle_01", "rabbit_idle_02"] "rabbit_walk" "" "rabbit_idle_03" ""),
        &[
            coat("animal_rabbit_01", "", ""),
            coat("animal_rabbit_03", "", ""),
            plain("animal_rabbit_05"),
        ],
    ),
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
        clips!(["donkey_idle_01"] "donkey_walk_01" "" "" ""),
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
        clips!(["sheep_idle_02"] "sheep_walk" "sheep_run" "sheep_idle_01" ""),
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
        clips!(["animal_boar_idle_01"] "animal_boar_walk_01" "animal_boar_run_01" "" "animal_boar_attack_01"),
        &[plain("animal_boar_01")],
    ),
    land(
        "camel",
        "camel",
        2.2,
        clips!(["camel_idle_01", "camel_idle_02"] "camel_walk" "camel_run" "" "camel_attack_melee_01"),
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
        clips!(["Croc_idle3"] "Croc_walk" "Croc_run" "" "Croc_attack"),
        &[plain("animal_crocodile")],
    ),
    land(
        "hen",
        "chicken",
        0.45,
        clips!(["chicken_idle_02"] "chicken_walk" "chicken_run_01" "chicken_idle_01" "chicken_attack"),
        &[plain("animal_chicken"), plain("animal_chicken_b")],
    ),
    feathered(land(
        "peacock",
        "peacock",
        0.9,
        clips!(["peacock_idle"] "peacock_walk" "" "peacock_feeding" ""),
        &[plain("animal_peacock")],
    )),
    land(
        "dog",
        "wolfhound",
        0.85,
        clips!(["wolfhound_idle1"] "" "wolfhound_walk" "" "wolfhound_attack"),
        &[plain("brit/wolfhound")],
    ),
    land(
        "mastiff",
        "mastiff_no_spikes",
        0.75,
        clips!(["mastiff_idle2"] "" "mastiff_run" "" "mastiff_attack"),
        &[plain("brit/mastiff_b_01"), plain("brit/mastiff_b_02")],
    ),
    land("muskox", "muskox", 1.4, STILL, &[plain("animal_muskox")]),
    land("walrus", "walrus", 1.3, STILL, &[plain("animal_walrus")]),
    of(
        Element::Air,
        feathered(land(
            "crow",
            "crow",
            0.35,
            clips!(["crow_glide"] "crow_flight" "" "" ""),
            &[plain("animal_crow")],
        )),
    ),
    of(
        Element::Air,
        feathered(land(
            "hawk",
            "hawk",
            0.5,
            clips!(["hawk_glide"] "hawk_flight" "" "" ""),
            &[plain("animal_hawk"), plain("animal_hawk2")],
        )),
    ),
    of(
        Element::Air,
        feathered(land(
            "seagull",
            "seagull",
            0.4,
            clips!(["seagull_flight_02"] "seagull_flight_01" "" "" ""),
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
            clips!(["shark_idle"] "shark_walk" "shark_run" "" ""),
            &[plain("animal_shark"), plain("animal_sharkdark")],
        ),
    ),
    of(
        Element::Water,
        land(
            "fish",
            "fish_single",
            0.2,
            clips!(["fish_move"] "fish_move" "" "" ""),
            &[plain("animal_fish_generic")],
        ),
    ),
    of(
        Element::Water,
        land(
            "tuna",
            "animal_tuna",
            0.6,
            clips!(["tuna_idle_01"] "tuna_idle_01" "" "" ""),
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

impl SolidActor {
    /// The coat of this number; the last for a number beyond.
    pub fn coat(&self, number: usize) -> Option<&'static Coat> {
        self.coats.get(number).or(self.coats.last())
    }

    /// Whether it is the bird made by code.
    pub fn wades(&self) -> bool {
        self.mesh.is_empty()
    }
}

impl Clips {
    pub fn all(&self) -> impl Iterator<Item = &'static str> {
        let rest = [self.walk, self.run, self.eat, self.attack];
        self.idle
            .iter()
            .copied()
            .chain(rest)
            .filter(|clip| !clip.is_empty())
    }
}

pub fn find(key: &str) -> Option<&'static SolidActor> {
    ALL.iter().find(|actor| actor.key == key)
}
