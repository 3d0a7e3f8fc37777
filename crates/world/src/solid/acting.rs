//! Who does what: bodies and their places over a clip.

use std::f32::consts::{FRAC_PI_2, PI, TAU};

use super::cast::{self, Element, SolidActor};
use super::math::{Affine, V3, mul};
use super::places::{Water, setting};
use super::props::Props;
use super::puppet::{Body, blend, bounds, sample};
use super::wader::{self, Breed, Gait};
use crate::canvas::{lerp, smooth};
use crate::foreign::BoneState;
use crate::record::SceneRecord;
use crate::rng;
use crate::vocabulary::Action;

/// Seconds over which one action flows into the next.
const CHANGE: f32 = 0.5;

/// One actor in the world.
pub struct Figure {
    pub body: Body,
    pub place: Affine,
}

pub struct Acting<'a> {
    record: &'a SceneRecord,
    pub actor: &'static SolidActor,
    props: &'a Props,
    seconds: f32,
    /// Height after the record's scale, metres.
    pub height: f32,
    scale: f32,
    /// Angle of the way it looks, from +z towards +x.
    heading: f32,
    /// The ways of both halves, each a clip with its rate and its speed over the ground.
    ways: [Way; 2],
    /// Surface of the water above the ground where it stands; −∞ where it is dry.
    pub water: f32,
    pub altitude: f32,
    breed: Breed,
    /// Extent of a figure at rest as the camera sees it: width and height, metres.
    pub extent: (f32, f32),
}

#[derive(Clone, Copy)]
struct Way {
    clip: &'static str,
    rate: f32,
    speed: f32,
}

impl<'a> Acting<'a> {
    pub fn new(record: &'a SceneRecord, props: &'a Props, seconds: f32) -> Acting<'a> {
        let actor = cast::find(&record.actor.kind).unwrap_or(&cast::ALL[0]);
        let solid = record.solid.as_ref();
        let azimuth = solid
            .map_or(0.0, |s| s.azimuth)
            .clamp(-80.0, 80.0)
            .to_radians();
        let side = record.direction.sign();
        let heading = match record.action {
            // Towards the camera, a little past it.
            Action::ComesCloser => PI - side * (0.25 + 0.3 * azimuth.abs()),
            _ => side * (FRAC_PI_2 + azimuth),
        };
        let scale = record.actor.scale;
        let height = actor.height * scale;
        let then = record.then.unwrap_or(record.action);
        let ways =
            [record.action, then].map(|action| way(actor, action, scale, props, record.seed));
        let wet = setting(record.place).water;
        let swims = record.action == Action::Swims;
        let water = match (actor.element, wet) {
            (_, Water::None | Water::Under) | (Element::Air, _) => f32::NEG_INFINITY,
            (Element::Water, _) => 0.12 * height,
            (Element::Land, _) if swims && actor.key == "swan" => 0.13 * height,
            (Element::Land, _) if swims => 0.60 * height,
            (Element::Land, Water::Stream) if actor.wades() => 0.17 * height,
            (Element::Land, Water::Stream) => 0.22 * height,
            _ => f32::NEG_INFINITY,
        };
        let high = matches!(
            record.place,
            crate::vocabulary::Place::Sky | crate::vocabulary::Place::NightSky
        );
        let altitude = match (actor.element, record.action) {
            _ if high => 0.0,
            (Element::Water, _) if wet == Water::Under => 1.1 * height + 0.3,
            (Element::Water, _) => 0.0,
            (Element::Air, _) | (_, Action::Flies) => 2.2 * height + 1.5,
            _ => 0.0,
        };
        let mut breed = wader::breed(actor.key);
        if let Some(solid) = solid {
            if let Some(colour) = solid.body {
                let rgb = colour.rgb();
                (breed.body, breed.neck_colour, breed.head) = (rgb, rgb, rgb);
                breed.wing_tip = mul(rgb, 0.5);
                breed.tail = mul(rgb, 0.8);
            }
            if let Some(colour) = solid.tail {
                breed.tail = colour.rgb();
            }
        }
        let mut acting = Acting {
            record,
            actor,
            props,
            seconds,
            height,
            scale,
            heading,
            ways,
            water,
            altitude,
            breed,
            extent: (1.0, 1.0),
        };
        let (mut wide, mut tall) = (0.1f32, 0.1f32);
        for u in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let figure = acting.figure(u, 0, 1);
            let turned = figure.body.points.iter().map(|p| figure.place.turn(*p));
            let (low, high) = bounds(&turned.collect::<Vec<V3>>());
            wide = wide.max(high[0] - low[0]);
            tall = tall.max(high[1] - low[1]);
        }
        acting.extent = (wide, tall);
        acting
    }

    /// How far it has come at clip progress `u`, metres; 0 in the middle.
    fn way_at(&self, u: f32) -> f32 {
        let t = (u - 0.5) * self.seconds;
        self.ways[usize::from(u >= 0.5)].speed * t
    }

    /// From the first place to the last, as a vector on the ground.
    pub fn travel(&self) -> V3 {
        let (from, to) = (self.spot(0.0), self.spot(1.0));
        super::math::sub(to, from)
    }

    /// Where the middle actor stands.
    pub fn spot(&self, u: f32) -> V3 {
        let way = match self.record.action {
            // It ends near its place, having come from beyond.
            Action::ComesCloser => self.way_at(u) - self.way_at(1.0),
            Action::Turns => 0.0,
            _ => self.way_at(u),
        };
        [
            way * self.heading.sin(),
            self.altitude + self.bob(u),
            way * self.heading.cos(),
        ]
    }

    fn bob(&self, u: f32) -> f32 {
        let t = u * self.seconds;
        let afloat = self.altitude > 0.0 || self.actor.element != Element::Land;
        let swims = self.water > 0.4 * self.height;
        match (afloat, swims) {
            (true, _) => 0.06 * self.height * (t * 1.3).sin(),
            (_, true) => 0.02 * self.height * (t * 2.1).sin(),
            _ => 0.0,
        }
    }

    /// Which way it looks at a moment.
    fn yaw(&self, u: f32) -> f32 {
        let turned = |u: f32| self.record.direction.sign() * PI * smooth(0.12, 0.88, u);
        if self.record.action == Action::Turns {
            let end = if self.record.then.is_some() { 2.0 } else { 1.0 };
            return self.heading - turned((u * end).min(1.0));
        }
        self.heading
    }

    pub fn figures(&self, u: f32) -> Vec<Figure> {
        let count = self.record.actor.count.clamp(1, 3);
        (0..count).map(|i| self.figure(u, i, count)).collect()
    }

    fn figure(&self, u: f32, index: u32, count: u32) -> Figure {
        let spot = self.spot(u);
        let own = |k: i64| rng::unit(self.record.seed, 900 + i64::from(index) * 7 + k);
        let apart = index as f32 - (count - 1) as f32 / 2.0;
        let size = self.extent.0.max(0.6 * self.extent.1);
        let shift = if count == 1 {
            [0.0; 3]
        } else {
            [apart * size * 1.1, 0.0, size * (own(1) - 0.3) * 0.8]
        };
        let at = super::math::add(spot, shift);
        let body = self.body(u, own(2) * 3.0 * f32::from(u8::from(count > 1)));
        Figure {
            body,
            place: Affine::placed(self.yaw(u), self.scale, at),
        }
    }

    fn body(&self, u: f32, ahead: f32) -> Body {
        let t = u * self.seconds;
        let half = self.seconds / 2.0;
        // Share of the second action.
        let share = match self.record.then {
            Some(_) => smooth(half - CHANGE / 2.0, half + CHANGE / 2.0, t),
            None => 0.0,
        };
        if self.actor.wades() {
            return wader::bird(&self.breed, self.actor.height, &self.gait(t, u, share));
        }
        let Some(puppet) = self.props.puppet(self.actor.key) else {
            return Body::default();
        };
        let state = |way: &Way| -> Option<Vec<BoneState>> {
            let motion = self.props.motion(way.clip)?;
            Some(sample(motion, (t + ahead) * way.rate))
        };
        let states = match (state(&self.ways[0]), share > 0.0) {
            (Some(first), true) => state(&self.ways[1]).map(|next| blend(&first, &next, share)),
            (first, _) => first,
        };
        let mut body = puppet.body(states.as_deref());
        if states.is_none() {
            self.enliven(&mut body, t);
        }
        body
    }

    /// Bodies without clips: swimmers bend, others breathe.
    fn enliven(&self, body: &mut Body, t: f32) {
        let (low, high) = body.bounds();
        let length = (high[2] - low[2]).max(1e-3);
        for p in &mut body.points {
            if self.actor.element == Element::Water {
                let along = (p[2] - low[2]) / length;
                p[1] += 0.06 * length * (1.0 - along).powi(2) * (t * 2.2 + along * 2.5).sin();
            } else {
                let breath = 1.0 + 0.012 * (t * 2.4).sin();
                let nod = 0.05 * (t * 0.9).sin() * smooth(0.55, 1.0, (p[2] - low[2]) / length);
                p[1] *= breath;
                p[0] = p[0] * breath + nod * length * 0.5;
            }
        }
    }

    fn gait(&self, t: f32, u: f32, share: f32) -> Gait {
        let solo = |action: Action, local: f32| -> Gait {
            let mut gait = Gait {
                sway: 0.25 * (t * 0.8).sin(),
                water: if self.water.is_finite() {
                    self.water / self.scale
                } else {
                    0.0
                },
                ..Gait::default()
            };
            match action {
                Action::Walks | Action::Runs | Action::ComesCloser | Action::Turns => {
                    gait.stride = t * 0.9;
                    gait.reach = if action == Action::Turns { 0.5 } else { 1.0 };
                    gait.sway = 0.0;
                }
                Action::Swims => {}
                Action::Flies => {
                    gait.flight = 1.0;
                    gait.beat = t * 1.6;
                }
                Action::Eats => gait.dip = peck(t * 0.55),
                Action::Fishes => {
                    gait.dip = smooth(0.12, 0.36, local) - smooth(0.50, 0.74, local);
                    gait.fish = local > 0.47;
                }
                _ => {}
            }
            gait
        };
        let halves = self.record.then.is_some();
        let first = solo(self.record.action, if halves { 2.0 * u } else { u });
        let Some(then) = self.record.then else {
            return first;
        };
        let next = solo(then, 2.0 * u - 1.0);
        let mix = |a: f32, b: f32| lerp(a, b, share);
        Gait {
            stride: if share < 0.5 {
                first.stride
            } else {
                next.stride
            },
            reach: mix(first.reach, next.reach),
            dip: mix(first.dip, next.dip),
            flight: mix(first.flight, next.flight),
            beat: if share < 0.5 { first.beat } else { next.beat },
            fish: first.fish || next.fish && share > 0.5,
            sway: mix(first.sway, next.sway),
            water: first.water,
        }
    }

    /// The bounding sphere's rough radius.
    pub fn size(&self) -> f32 {
        0.5 * self.extent.0.max(self.extent.1)
    }

    /// Unit vector of the way it looks at a moment.
    pub fn ahead(&self, u: f32) -> V3 {
        let yaw = self.yaw(u);
        [yaw.sin(), 0.0, yaw.cos()]
    }
}

/// Down, a while below, up, a while above.
fn peck(cycle: f32) -> f32 {
    let at = cycle.rem_euclid(1.0);
    smooth(0.05, 0.3, at) - smooth(0.6, 0.85, at)
        + 0.06 * (at * TAU * 3.0).sin() * smooth(0.3, 0.35, at) * smooth(0.6, 0.55, at)
}

fn way(actor: &'static SolidActor, action: Action, scale: f32, props: &Props, seed: u64) -> Way {
    let root = (9.81 * 0.5 * actor.height * scale).sqrt();
    let clips = &actor.clips;
    let or = |a: &'static str, b: &'static str| if a.is_empty() { b } else { a };
    let idle = match clips.idle.len() {
        0 => "",
        n => clips.idle[(rng::unit(seed, 77) * n as f32) as usize % n],
    };
    let going = |clip: &'static str, wanted: f32| {
        let natural = props.speed(actor.key, clip) * scale;
        let rate = if natural > 0.08 * wanted {
            (wanted / natural).clamp(0.6, 1.7)
        } else {
            1.0
        };
        let speed = if natural > 0.08 * wanted {
            natural * rate
        } else {
            wanted
        };
        Way { clip, rate, speed }
    };
    let standing = |clip: &'static str| Way {
        clip,
        rate: 1.0,
        speed: 0.0,
    };
    if actor.element != Element::Land {
        let wanted = if actor.element == Element::Air {
            3.2
        } else {
            0.9 * actor.height.max(0.4)
        };
        let rate = if actor.key == "crow" { 1.6 } else { 1.2 };
        return Way {
            clip: clips.walk,
            rate,
            speed: wanted,
        };
    }
    if actor.wades() {
        let speed = match action {
            Action::Walks | Action::ComesCloser => {
                0.9 * 1.1 * wader::breed(actor.key).leg * actor.height * scale
            }
            Action::Runs => 1.2,
            Action::Swims => 0.5,
            Action::Flies => 4.0,
            _ => 0.0,
        };
        return Way {
            clip: "",
            rate: 1.0,
            speed,
        };
    }
    match action {
        Action::Walks | Action::ComesCloser => going(or(clips.walk, clips.run), 0.42 * root),
        Action::Runs => going(or(clips.run, clips.walk), 1.5 * root),
        Action::Swims => Way {
            speed: 0.25 * root,
            ..going(or(clips.walk, clips.run), 0.42 * root)
        },
        Action::Turns => Way {
            speed: 0.0,
            ..going(or(clips.walk, clips.run), 0.42 * root)
        },
        Action::Eats => standing(or(clips.eat, idle)),
        Action::Attacks => standing(or(clips.attack, idle)),
        _ => standing(idle),
    }
}
