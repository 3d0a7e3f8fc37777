//! Which place is drawn how; what the places share.

use super::{Layer, Scene, Spot};
use crate::vocabulary::{Place, Time};

/// A layer with the usual unevenness.
pub(super) fn row(salt: i64, depth: f32, spacing: f32, density: f32) -> Layer {
    Layer {
        salt,
        depth,
        spacing,
        density,
        jitter: 0.06,
    }
}

impl Scene<'_> {
    pub(super) fn draw_place(&mut self) {
        match self.back.place {
            Place::Desert => self.desert(),
            Place::Beach => self.beach(),
            Place::Snow => self.snow(),
            Place::Meadow => self.meadow(),
            Place::Forest => self.forest(),
            Place::River => self.river(),
            Place::Sea => self.sea(),
            Place::City => self.city(),
            Place::NightSky | Place::Sky => self.cloud_tops(),
            Place::Space => self.space(),
            Place::Mountains => self.mountains(),
            Place::Volcano => self.volcano(),
            Place::Village => self.village(),
            Place::Underwater => self.underwater(),
            Place::Lake | Place::Swamp | Place::Oasis => self.river(),
            Place::Jungle | Place::Autumn => self.forest(),
            Place::Canyon => self.desert(),
            Place::Ice => self.snow(),
            Place::Savanna | Place::Flowers | Place::Field => self.meadow(),
        }
    }

    pub(super) fn each(&mut self, layer: Layer, mut draw: impl FnMut(&mut Self, &Spot)) {
        for spot in self.spots(layer) {
            draw(self, &spot);
        }
    }

    pub(super) fn lamps(&self) -> f32 {
        match self.back.time {
            Time::Day => 0.0,
            Time::Sunset => 0.35,
            Time::Night => 0.7,
        }
    }
}
