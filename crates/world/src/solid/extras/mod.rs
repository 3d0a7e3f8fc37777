//! Things made by code: toys, vehicles, boats, buildings, fire and water. Each is one unit tall and looks along +z.

mod aircraft;
mod boats;
mod built;
mod fire;
mod toys;
mod vehicles;

use super::math::V3;
use super::puppet::Body;
use crate::vocabulary::Action;

/// What decides a thing's shape at a moment.
#[derive(Clone, Copy, Debug)]
pub struct State {
    pub seconds: f32,
    /// How far it has come, in units of its height.
    pub way: f32,
    pub action: Action,
    pub seed: u64,
}

/// The thing of this key, painted where it can be.
pub fn body(key: &str, paint: Option<V3>, state: &State) -> Body {
    let mut b = Body::default();
    let paint = |own: V3| paint.unwrap_or(own);
    match key {
        "ball" => toys::ball(&mut b, paint([0.88, 0.12, 0.12])),
        "beach-ball" => toys::beach_ball(&mut b),
        "soccer-ball" => toys::soccer_ball(&mut b),
        "basketball" => toys::basketball(&mut b),
        "cube" => toys::cube(&mut b, paint([0.15, 0.35, 0.90])),
        "crate" => toys::crate_of_wood(&mut b),
        "gift" => toys::gift(&mut b, paint([0.86, 0.16, 0.20])),
        "balloon" => toys::balloon(&mut b, paint([0.90, 0.12, 0.14]), state),
        "snowman" => toys::snowman(&mut b),
        "car" => vehicles::car(&mut b, paint([0.84, 0.10, 0.10]), state),
        "taxi" => vehicles::taxi(&mut b, state),
        "bus" => vehicles::bus(&mut b, paint([0.90, 0.62, 0.12]), state),
        "truck" => vehicles::truck(&mut b, paint([0.20, 0.45, 0.80]), state),
        "sailboat" => boats::sailboat(&mut b, paint([0.86, 0.18, 0.16])),
        "rowboat" => boats::rowboat(&mut b, paint([0.52, 0.34, 0.20]), state),
        "ship" => boats::ship(&mut b, paint([0.16, 0.24, 0.42])),
        "hot-air-balloon" => aircraft::hot_air_balloon(&mut b, paint([0.90, 0.22, 0.16])),
        "airplane" => aircraft::airplane(&mut b, paint([0.20, 0.36, 0.74])),
        "rocket" => aircraft::rocket(&mut b, paint([0.86, 0.16, 0.14]), state),
        "ufo" => aircraft::saucer(&mut b, state),
        "windmill" => built::windmill(&mut b, paint([0.92, 0.90, 0.84]), state),
        "fountain" => built::fountain(&mut b, state),
        "campfire" => fire::campfire(&mut b, state),
        _ => built::house(&mut b, paint([0.90, 0.82, 0.66]), state),
    }
    b
}
