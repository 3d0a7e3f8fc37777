//! Who does what: bodies and their places over a clip.

mod course;
mod player;
mod ways;

use super::cast::{Element, SolidActor};
use super::math::{Affine, V3, add, sub};
use super::places::{Water, setting};
use super::props::Props;
use super::puppet::{Body, bounds};
use super::raster::Camera;
use crate::record::SceneRecord;
use crate::rng;
use crate::vocabulary::{Action, Place};
use course::Course;
use player::Player;

/// One actor in the world.
pub struct Figure {
    pub body: Body,
    pub place: Affine,
    /// Which of the players it is: the one that the record names, or its partner.
    pub who: usize,
}

impl Figure {
    /// Left, top, right, bottom as fractions of the frame, partly outside at times; all 0 behind the camera.
    pub fn seen_by(&self, camera: &Camera) -> [f32; 4] {
        let far = f32::INFINITY;
        let mut edge = [far, far, -far, -far];
        for p in &self.body.points {
            if let Some([x, y]) = camera.project(self.place.apply(*p)) {
                edge = [
                    edge[0].min(x),
                    edge[1].min(y),
                    edge[2].max(x),
                    edge[3].max(y),
                ];
            }
        }
        if edge[0] > edge[2] { [0.0; 4] } else { edge }
    }
}

pub struct Acting<'a> {
    record: &'a SceneRecord,
    pub players: Vec<Player<'a>>,
    course: Course,
    /// Height after the record's scale, metres; of the tallest.
    pub height: f32,
    /// Surface of the water above the ground where it stands; −∞ where it is dry.
    pub water: f32,
    pub altitude: f32,
    /// Extent of one figure at rest as the camera sees it: width and height, metres.
    pub extent: (f32, f32),
    /// Its lowest point under where it is placed: bodies afloat are placed by their middle.
    pub low: f32,
    /// Width and height that all of them together take up, wherever they are in the clip, beside the way they travel.
    pub group: (f32, f32),
}

impl<'a> Acting<'a> {
    pub fn new(record: &'a SceneRecord, props: &'a Props, seconds: f32) -> Acting<'a> {
        let mut players = vec![Player::lead(record, props, seconds)];
        players.extend(Player::partner(record, props, seconds));
        let height = players.iter().map(|p| p.height).fold(0.0, f32::max);
        let water = water(record, &players[0]);
        for player in &mut players {
            player.water = water;
        }
        let mut acting = Acting {
            record,
            course: Course::new(record, &mut players, seconds),
            players,
            height,
            water,
            altitude: 0.0,
            extent: (1.0, 1.0),
            low: 0.0,
            group: (1.0, 1.0),
        };
        acting.altitude = acting.course.altitude;
        acting.measure();
        acting
    }

    pub fn actor(&self) -> &'static SolidActor {
        self.players[0].actor
    }

    fn measure(&mut self) {
        const MOMENTS: [f32; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
        let (mut wide, mut tall, mut under) = (0.1f32, 0.1f32, 0.0f32);
        let yaw = |u: f32| self.course.stand(0, u).yaw;
        for (who, player) in self.players.iter().enumerate() {
            for u in MOMENTS {
                let body = player.body(u, 0.0);
                let place = Affine::placed(yaw(u), player.scale, [0.0; 3]);
                let turned: Vec<V3> = body.points.iter().map(|p| place.turn(*p)).collect();
                let (low, high) = bounds(&turned);
                if who == 0 {
                    wide = wide.max(high[0] - low[0]);
                }
                tall = tall.max(high[1] - low[1]);
                under = under.min(low[1]);
            }
        }
        self.extent = (wide, tall);
        self.low = under;
        let (mut left, mut right, mut top) = (0.0f32, 0.0f32, tall);
        for u in MOMENTS {
            let spot = self.spot(u);
            for figure in self.figures(u) {
                let points: Vec<V3> = figure
                    .body
                    .points
                    .iter()
                    .map(|p| figure.place.apply(*p))
                    .collect();
                let (low, high) = bounds(&points);
                left = left.min(low[0] - spot[0]);
                right = right.max(high[0] - spot[0]);
                top = top.max(high[1] - self.altitude - under);
            }
        }
        self.group = (2.0 * right.max(-left), top.min(2.6 * tall));
    }

    /// From the first place to the last, as a vector on the ground.
    pub fn travel(&self) -> V3 {
        sub(self.spot(1.0), self.spot(0.0))
    }

    /// Where the middle of them all is.
    pub fn spot(&self, u: f32) -> V3 {
        self.course.spot(u)
    }

    pub fn figures(&self, u: f32) -> Vec<Figure> {
        if self.players.len() > 1 {
            return (0..self.players.len())
                .map(|who| self.figure(u, who, [0.0; 3], 0.0))
                .collect();
        }
        let count = self.record.actor.count.clamp(1, 3);
        let own = |i: u32, k: i64| rng::unit(self.record.seed, 900 + i64::from(i) * 7 + k);
        let size = self.extent.0.max(0.6 * self.extent.1);
        (0..count)
            .map(|i| {
                let apart = i as f32 - (count - 1) as f32 / 2.0;
                let shift = [apart * size * 1.1, 0.0, size * (own(i, 1) - 0.3) * 0.8];
                match count {
                    1 => self.figure(u, 0, [0.0; 3], 0.0),
                    _ => self.figure(u, 0, shift, own(i, 2) * 3.0),
                }
            })
            .collect()
    }

    /// `ahead`: seconds that its clip runs before the others'.
    fn figure(&self, u: f32, who: usize, shift: V3, ahead: f32) -> Figure {
        let (player, stand) = (&self.players[who], self.course.stand(who, u));
        let mut body = player.body(u, ahead);
        self.course.tumble(&mut body, u);
        Figure {
            body,
            place: Affine::placed(stand.yaw, player.scale * stand.size, add(stand.at, shift)),
            who,
        }
    }

    /// The bounding sphere's rough radius.
    pub fn size(&self) -> f32 {
        0.5 * self.extent.0.max(self.extent.1)
    }

    /// Unit vector of the way it looks at a moment.
    pub fn ahead(&self, u: f32) -> V3 {
        let yaw = self.course.stand(0, u).yaw;
        [yaw.sin(), 0.0, yaw.cos()]
    }
}

/// Whether the place is the air itself.
pub fn is_high(place: Place) -> bool {
    matches!(place, Place::Sky | Place::NightSky)
}

fn water(record: &SceneRecord, lead: &Player<'_>) -> f32 {
    let (height, wet) = (lead.height, setting(record.place).water);
    let floats = matches!(record.action, Action::Swims | Action::Sails);
    match (lead.actor.element, wet) {
        (_, Water::None | Water::Under) | (Element::Air, _) => f32::NEG_INFINITY,
        (Element::Boat, _) => 0.12 * height,
        (Element::Water, _) => 0.12 * height,
        (Element::Land, _) if floats && lead.actor.key == "swan" => 0.13 * height,
        (Element::Land, _) if floats => 0.60 * height,
        (Element::Land, Water::Stream) if lead.actor.wades() => 0.17 * height,
        (Element::Land, Water::Stream) => 0.22 * height,
        _ => f32::NEG_INFINITY,
    }
}
