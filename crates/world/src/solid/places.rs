//! What each place is made of.

use super::math::V3;
use crate::vocabulary::Place;

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Water {
    None,
    /// A shallow channel along x through the middle; the rest is bank.
    Stream,
    /// Open water before a far shore.
    Lake,
    /// Water behind a beach, or all around.
    Shore,
    Open,
    /// Below the surface.
    Under,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plant {
    Fir,
    Leafy,
    Autumn,
    Palm,
    Acacia,
    Cactus,
    Bush,
    Rock,
    RedRock,
    Grass,
    DryGrass,
    Reed,
    Flowers,
    House,
    Tower,
    Ice,
    Coral,
    Weed,
    Jungle,
    Snowy,
}

pub struct Setting {
    pub ground: &'static str,
    /// A second texture in patches.
    pub patch: &'static str,
    /// Height of the hills beyond the stage, metres.
    pub hills: f32,
    /// Far mountains: their height as a slope, and their colour.
    pub ridge: f32,
    pub ridge_colour: V3,
    pub water: Water,
    /// Kind and number around the stage.
    pub plants: &'static [(Plant, u32)],
    /// Tint of the haze and of the low sky by day.
    pub haze: V3,
    /// Colour that the ground's textures are pulled to.
    pub tint: V3,
}

/// Every ground texture that a pack must hold.
pub const GROUNDS: &[&str] = &[
    "desert_sahara",
    "desert_sand_dunes_100",
    "tropic_beach_dry",
    "snow_01",
    "snow_new",
    "temp_grass",
    "temp_grass_c",
    "temp_grass_clovers",
    "temp_forestfloor_pine",
    "temp_forestfloor_a",
    "temp_forestfloor_autumn",
    "medit_river_rocks_wet",
    "alpine_grass_rocky",
    "alpine_cliff_snow",
    "cliff volcanic ground",
    "LavaTest03",
    "temp_road",
    "medit_city_tile",
    "savanna_grass_a",
    "savanna_dirt_a",
    "temp_mud_plants",
    "tropic_swamp_a",
    "tropic_forestfloor_a",
    "tropic_plants",
    "desert_cliff_badlands",
    "savanna_dirt_a_red",
    "polar_ice_snow",
    "polar_ice",
    "medit_grass_flowers",
    "desert_grass_a",
    "furrows_spring",
    "grass_field",
    "temp_grass_long",
    "medit_sea_coral_plants",
    "medit_sand",
    "steppe_grass_a",
];

const PALE: V3 = [0.80, 0.87, 0.94];

pub fn setting(place: Place) -> Setting {
    use Plant::*;
    let plain = Setting {
        ground: "temp_grass",
        patch: "temp_grass_c",
        hills: 5.0,
        ridge: 0.05,
        ridge_colour: [0.42, 0.52, 0.56],
        water: Water::None,
        plants: &[],
        haze: PALE,
        tint: [1.0; 3],
    };
    match place {
        Place::Desert => Setting {
            ground: "desert_sahara",
            patch: "desert_sand_dunes_100",
            hills: 9.0,
            ridge: 0.03,
            ridge_colour: [0.80, 0.62, 0.42],
            plants: &[(Cactus, 5), (Rock, 8), (DryGrass, 14)],
            haze: [0.93, 0.86, 0.72],
            tint: [1.12, 1.04, 0.90],
            ..plain
        },
        Place::Beach => Setting {
            ground: "tropic_beach_dry",
            patch: "medit_sand",
            hills: 0.5,
            ridge: 0.0,
            water: Water::Shore,
            plants: &[(Palm, 9), (Rock, 6)],
            tint: [1.12, 1.08, 1.0],
            ..plain
        },
        Place::Snow => Setting {
            ground: "snow_01",
            patch: "snow_new",
            hills: 5.0,
            ridge: 0.09,
            ridge_colour: [0.70, 0.76, 0.86],
            plants: &[(Snowy, 26), (Rock, 5)],
            haze: [0.88, 0.92, 0.97],
            tint: [1.1, 1.12, 1.16],
            ..plain
        },
        Place::Forest => Setting {
            ground: "temp_forestfloor_a",
            patch: "temp_forestfloor_pine",
            hills: 3.0,
            ridge: 0.0,
            plants: &[(Fir, 60), (Leafy, 40), (Bush, 26), (Grass, 40), (Rock, 6)],
            haze: [0.66, 0.76, 0.66],
            ..plain
        },
        Place::River => Setting {
            ground: "temp_grass_clovers",
            patch: "medit_river_rocks_wet",
            hills: 5.0,
            ridge: 0.06,
            water: Water::Stream,
            plants: &[(Leafy, 14), (Reed, 36), (Bush, 10), (Rock, 22), (Grass, 24)],
            ..plain
        },
        Place::Sea => Setting {
            ground: "medit_sand",
            patch: "medit_sand",
            ridge: 0.0,
            water: Water::Open,
            ..plain
        },
        Place::City => Setting {
            ground: "medit_city_tile",
            patch: "temp_road",
            hills: 0.0,
            ridge: 0.0,
            plants: &[(Tower, 46), (Leafy, 5)],
            haze: [0.78, 0.80, 0.84],
            ..plain
        },
        Place::Mountains => Setting {
            ground: "alpine_grass_rocky",
            patch: "temp_grass_c",
            hills: 14.0,
            ridge: 0.30,
            ridge_colour: [0.52, 0.56, 0.66],
            plants: &[(Fir, 22), (Rock, 18), (Grass, 20)],
            ..plain
        },
        Place::Volcano => Setting {
            ground: "cliff volcanic ground",
            patch: "LavaTest03",
            hills: 6.0,
            ridge: 0.16,
            ridge_colour: [0.24, 0.18, 0.18],
            plants: &[(Rock, 26)],
            haze: [0.72, 0.50, 0.40],
            ..plain
        },
        Place::Village => Setting {
            ground: "temp_grass",
            patch: "temp_road",
            hills: 3.0,
            ridge: 0.05,
            plants: &[(House, 12), (Leafy, 12), (Bush, 12), (Grass, 16)],
            ..plain
        },
        Place::Underwater => Setting {
            ground: "medit_sand",
            patch: "medit_sea_coral_plants",
            hills: 5.0,
            ridge: 0.0,
            water: Water::Under,
            plants: &[(Coral, 40), (Weed, 50), (Rock, 14)],
            haze: [0.10, 0.45, 0.60],
            tint: [0.55, 0.92, 1.0],
            ..plain
        },
        Place::Savanna => Setting {
            ground: "savanna_grass_a",
            patch: "savanna_dirt_a",
            hills: 3.0,
            ridge: 0.03,
            ridge_colour: [0.55, 0.50, 0.42],
            plants: &[(Acacia, 16), (DryGrass, 90), (Bush, 8), (Rock, 5)],
            haze: [0.90, 0.84, 0.70],
            tint: [1.1, 1.02, 0.84],
            ..plain
        },
        Place::Lake => Setting {
            ground: "temp_grass_clovers",
            patch: "temp_grass",
            hills: 9.0,
            ridge: 0.14,
            ridge_colour: [0.40, 0.52, 0.52],
            water: Water::Lake,
            plants: &[(Fir, 40), (Leafy, 16), (Reed, 20)],
            ..plain
        },
        Place::Swamp => Setting {
            ground: "tropic_swamp_a",
            patch: "temp_mud_plants",
            hills: 0.6,
            ridge: 0.0,
            water: Water::Stream,
            plants: &[(Jungle, 26), (Reed, 60), (Bush, 20), (Grass, 20)],
            haze: [0.60, 0.66, 0.54],
            tint: [0.82, 0.88, 0.72],
            ..plain
        },
        Place::Jungle => Setting {
            ground: "tropic_forestfloor_a",
            patch: "tropic_plants",
            hills: 4.0,
            ridge: 0.0,
            plants: &[(Jungle, 60), (Palm, 24), (Bush, 50), (Grass, 40)],
            haze: [0.56, 0.72, 0.54],
            tint: [0.92, 1.05, 0.85],
            ..plain
        },
        Place::Autumn => Setting {
            ground: "temp_forestfloor_autumn",
            patch: "temp_forestfloor_a",
            hills: 4.0,
            ridge: 0.04,
            plants: &[(Autumn, 70), (Bush, 10), (Rock, 6)],
            haze: [0.90, 0.80, 0.66],
            tint: [1.12, 0.98, 0.82],
            ..plain
        },
        Place::Canyon => Setting {
            ground: "savanna_dirt_a_red",
            patch: "desert_cliff_badlands",
            hills: 16.0,
            ridge: 0.34,
            ridge_colour: [0.72, 0.40, 0.26],
            plants: &[(RedRock, 40), (DryGrass, 12), (Bush, 4)],
            haze: [0.92, 0.78, 0.66],
            tint: [1.14, 0.92, 0.78],
            ..plain
        },
        Place::Ice => Setting {
            ground: "polar_ice_snow",
            patch: "polar_ice",
            hills: 1.5,
            ridge: 0.07,
            ridge_colour: [0.72, 0.84, 0.92],
            plants: &[(Ice, 34)],
            haze: [0.86, 0.93, 0.98],
            tint: [1.0, 1.06, 1.12],
            ..plain
        },
        Place::Flowers => Setting {
            ground: "medit_grass_flowers",
            patch: "temp_grass",
            hills: 4.0,
            ridge: 0.06,
            plants: &[(Flowers, 170), (Grass, 20), (Leafy, 5)],
            ..plain
        },
        Place::Oasis => Setting {
            ground: "desert_grass_a",
            patch: "desert_sahara",
            hills: 6.0,
            ridge: 0.02,
            ridge_colour: [0.82, 0.66, 0.44],
            water: Water::Lake,
            plants: &[(Palm, 34), (Reed, 24), (Bush, 12)],
            haze: [0.93, 0.88, 0.76],
            tint: [1.1, 1.04, 0.9],
        },
        Place::Field => Setting {
            ground: "furrows_spring",
            patch: "furrows_spring",
            hills: 2.0,
            ridge: 0.04,
            plants: &[(Leafy, 10), (House, 3), (DryGrass, 60)],
            ..plain
        },
        Place::Meadow => Setting {
            plants: &[(Grass, 90), (Leafy, 8), (Flowers, 26), (Bush, 5)],
            ..plain
        },
        // The moon.
        Place::Space => Setting {
            ground: "desert_sand_dunes_100",
            patch: "desert_sand_dunes_100",
            hills: 7.0,
            ridge: 0.06,
            ridge_colour: [0.40, 0.40, 0.42],
            plants: &[(Rock, 30)],
            haze: [0.04, 0.04, 0.07],
            tint: [0.62, 0.72, 0.95],
            ..plain
        },
        // In the air the ground is far below.
        Place::Sky | Place::NightSky => Setting {
            ground: "temp_grass_long",
            patch: "grass_field",
            hills: 30.0,
            ridge: 0.0,
            ..plain
        },
    }
}
