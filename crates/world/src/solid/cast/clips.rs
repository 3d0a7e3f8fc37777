//! Clips that several animals share.

use super::Clips;

pub const BOVINE: Clips = Clips {
    idle: &["bovidae_idle_a", "bovidae_idle_c"],
    walk: "bovidae_walk",
    run: "bovidae_run",
    eat: "bovidae_feeding",
    attack: "bovidae_attack",
};
pub const BEAR: Clips = Clips {
    idle: &["bear_idle_01", "bear_idle_02"],
    walk: "bear_walk",
    run: "bear_run",
    eat: "",
    attack: "bear_attack_02",
};
pub const FELINE: Clips = Clips {
    idle: &["feline_idle_03"],
    walk: "feline_walk",
    run: "feline_run",
    eat: "",
    attack: "feline_attack",
};
pub const LION: Clips = Clips {
    idle: &["lion_idle_01", "lion_idle_02"],
    walk: "lion_walk",
    run: "lion_run",
    eat: "",
    attack: "lion_idle_03",
};
pub const WOLF: Clips = Clips {
    idle: &["wolf_idle_02"],
    walk: "wolf_walk",
    run: "wolf_run",
    eat: "",
    attack: "wolf_attack_01",
};
pub const FOX: Clips = Clips {
    idle: &["fox_idle"],
    walk: "fox_walk",
    run: "fox_run",
    eat: "fox_feeding",
    attack: "",
};
pub const DEER: Clips = Clips {
    idle: &["deer_idle_01", "deer_idle_03"],
    walk: "deer_walk_01",
    run: "deer_run_01",
    eat: "",
    attack: "deer_attack_01",
};
pub const HORSE: Clips = Clips {
    idle: &["horse_idle_02", "horse_idle_03"],
    walk: "horse_walk",
    run: "horse_gallop",
    eat: "horse_idle_01",
    attack: "horse_attack_01",
};
pub const BUSH_ELEPHANT: Clips = Clips {
    idle: &[
        "elephant_african_bush_idle_01",
        "elephant_african_bush_idle_02",
    ],
    walk: "elephant_african_bush_walk",
    run: "elephant_african_bush_run",
    eat: "",
    attack: "elephant_african_bush_attack_melee_01",
};
pub const ASIAN_ELEPHANT: Clips = Clips {
    idle: &["elephant_asian_idle_01", "elephant_asian_idle_02"],
    walk: "elephant_asian_walk",
    run: "elephant_asian_run",
    eat: "",
    attack: "elephant_asian_attack_melee_01",
};
pub const GOAT: Clips = Clips {
    idle: &["goat_idle_01"],
    walk: "goat_walk",
    run: "",
    eat: "goat_idle_02",
    attack: "",
};
pub const PIG: Clips = Clips {
    idle: &["animal_pig_idle_03"],
    walk: "animal_pig_walk_01",
    run: "animal_pig_run_01",
    eat: "animal_pig_feeding_01",
    attack: "animal_pig_attack_01",
};
pub const STILL: Clips = Clips {
    idle: &[],
    walk: "",
    run: "",
    eat: "",
    attack: "",
};

pub const fn clips(
    idle: &'static [&'static str],
    walk: &'static str,
    run: &'static str,
    eat: &'static str,
    attack: &'static str,
) -> Clips {
    Clips {
        idle,
        walk,
        run,
        eat,
        attack,
    }
}
