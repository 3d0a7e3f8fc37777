//! How actors and camera move: a record and a moment give poses, in units of the frame's height.

use std::f32::consts::{PI, TAU};

use crate::actors::Facing;
use crate::canvas::{lerp, smooth};
use crate::record::SceneRecord;
use crate::rng;
use crate::vocabulary::{Action, Camera, Direction, Surface};

/// Where the horizon and the actor's ground lie on the screen at zoom 1 (fractions of the height, from the top).
pub const HORIZON: f32 = 0.54;
pub const GROUND: f32 = 0.86;

/// A still shows a moment of a clip of this length.
pub const STILL_SECONDS: f32 = 4.0;

#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Sideways position at the actor's depth.
    pub x: f32,
    /// Magnification at the actor's depth; the framing's and the zoom's together.
    pub zoom: f32,
    /// Width of the frame over its height.
    pub aspect: f32,
    /// Seconds since the clip began; drives clouds, waves, rain.
    pub seconds: f32,
}

impl View {
    /// Magnification of what lies at a depth (0 = horizon, 1 = the actors' ground).
    pub fn zoom_at(&self, depth: f32) -> f32 {
        1.0 + (self.zoom - 1.0) * (0.4 + 0.6 * depth.min(1.0))
    }

    /// Screen row of the ground at a depth, 0–1.
    pub fn ground_y(&self, depth: f32) -> f32 {
        HORIZON + (GROUND - HORIZON) * depth * self.zoom_at(depth)
    }
}

/// One actor on the screen. Lengths are fractions of the frame's height.
#[derive(Clone, Copy, Debug)]
pub struct Pose {
    /// Middle of the actor from the frame's left edge.
    pub x: f32,
    /// Row of the ground below it.
    pub ground: f32,
    /// How far its lower edge is above that row (negative: sunk).
    pub lift: f32,
    pub width: f32,
    pub height: f32,
    pub turn: f32,
    pub mirror: bool,
    /// Moment of the sprite's own animation, seconds.
    pub frame: f32,
    /// Row of the waterline, if it is in water.
    pub waterline: Option<f32>,
    /// Strength of the shadow on the ground, 0–1.
    pub shadow: f32,
    /// Dust or splash at its feet, 0–1.
    pub dust: f32,
}

impl Pose {
    /// Between this pose and another.
    fn towards(&self, other: &Pose, share: f32) -> Pose {
        let nearer = if share < 0.5 { self } else { other };
        let blend = |a: f32, b: f32| lerp(a, b, share);
        Pose {
            x: blend(self.x, other.x),
            ground: blend(self.ground, other.ground),
            lift: blend(self.lift, other.lift),
            width: blend(self.width, other.width),
            height: blend(self.height, other.height),
            turn: blend(self.turn.sin(), other.turn.sin()),
            shadow: blend(self.shadow, other.shadow),
            dust: blend(self.dust, other.dust),
            ..*nearer
        }
    }
}

/// Share of a way that is done at progress `u` where `half` of it is done in the first half.
fn bent(half: f32, u: f32) -> f32 {
    if u < 0.5 {
        2.0 * u * half
    } else {
        half + (2.0 * u - 1.0) * (1.0 - half)
    }
}

/// The plan of a clip: what is constant over it.
pub struct Motion<'a> {
    record: &'a SceneRecord,
    aspect: f32,
    seconds: f32,
    /// Sprite width over height.
    shape: f32,
    facing: Facing,
    /// Height of one actor at framing zoom 1.
    height: f32,
    /// Screen path of the actors' middle and path of the camera, both over the clip.
    start: f32,
    travel: f32,
    camera_travel: f32,
    /// Share of the travel, and of the camera's path, that falls into the clip's first half.
    first_half: f32,
    camera_half: f32,
    zooms: (f32, f32),
}

impl<'a> Motion<'a> {
    /// `aspect` is the frame's, `shape` the sprite's, width over height; `seconds` the clip's length.
    pub fn new(record: &'a SceneRecord, aspect: f32, shape: f32, seconds: f32) -> Self {
        let count = record.actor.count.clamp(1, 3);
        let framing = match record.camera {
            Camera::WideAngle => 0.40,
            Camera::CloseUp => 0.80,
            _ => 0.58,
        };
        let crowd = [1.0, 0.76, 0.60][count as usize - 1];
        let squat = if shape > 1.0 { shape.powf(-0.45) } else { 1.0 };
        let wanted = framing * record.actor.scale * crowd * squat;
        // Room: the group must fit, and the sprite must fit a narrow frame.
        let fit = 0.9 * aspect / (shape.max(0.6) * (0.35 + 0.65 * count as f32));
        let height = wanted.min(fit);
        let width = height * shape;
        let spread = (count - 1) as f32 * width * 0.92;
        let room = (aspect / 2.0 - 0.46 * width - spread / 2.0).max(0.0);

        let sign = record.direction.sign();
        let speed = |action: Action| match action {
            Action::Walks => 0.15,
            Action::Runs => 0.42,
            Action::Flies => 0.34,
            Action::Swims => 0.17,
            _ => 0.0,
        };
        let (own, next) = (
            speed(record.action),
            speed(record.then.unwrap_or(record.action)),
        );
        // How much of an actor's way the camera goes along with.
        let follows = match record.camera {
            Camera::PanLeft | Camera::PanRight => 0.0,
            Camera::Follow => 1.0,
            _ if record.steady => 0.75,
            _ => 0.0,
        };
        let mut actor = sign * (own + next) / 2.0 * seconds * (0.5 + height);
        let mut camera = match record.camera {
            Camera::PanLeft => -0.16 * seconds,
            Camera::PanRight => 0.16 * seconds,
            _ => actor * follows,
        };
        let most = 1.7 * room;
        if matches!(record.camera, Camera::PanLeft | Camera::PanRight) {
            if actor * camera < 0.0 {
                // Against each other: share the room.
                actor = actor.clamp(-0.8 * room, 0.8 * room);
                camera = camera.clamp(-0.9 * room, 0.9 * room);
            } else if actor != 0.0 {
                // Along: the camera keeps up.
                camera = actor - (actor - camera).clamp(-most, most);
            } else {
                camera = camera.clamp(-most, most);
            }
        } else {
            let over = actor - camera;
            actor -= over - over.clamp(-most, most);
        }
        let first_half = if own + next > 0.0 {
            own / (own + next)
        } else {
            0.5
        };
        let camera_half = if follows > 0.0 { first_half } else { 0.5 };
        // The screen path bends at most once, in the middle.
        let path = [
            0.0,
            actor * first_half - camera * camera_half,
            actor - camera,
        ];
        let low = path.iter().copied().fold(f32::INFINITY, f32::min);
        let high = path.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let spare = (room - (high - low) / 2.0).max(0.0);
        let start = aspect / 2.0 - (low + high) / 2.0 + record.actor.position * spare * 0.7;
        let zooms = match record.camera {
            Camera::ZoomIn => (0.72, 1.3),
            Camera::ZoomOut => (1.3, 0.72),
            Camera::WideAngle => (0.72, 0.72),
            Camera::CloseUp => (1.35, 1.35),
            _ => (1.0, 1.0),
        };
        Motion {
            record,
            aspect,
            seconds,
            shape,
            facing: record.actor_entry().facing,
            height,
            start,
            travel: actor,
            camera_travel: camera,
            first_half,
            camera_half,
            zooms,
        }
    }

    /// The camera at clip progress `u`, 0–1.
    pub fn view(&self, u: f32) -> View {
        View {
            x: self.camera_travel * bent(self.camera_half, u),
            zoom: lerp(self.zooms.0, self.zooms.1, smooth(0.0, 1.0, u)),
            aspect: self.aspect,
            seconds: u * self.seconds,
        }
    }

    /// Share of the actors' way that lies behind them.
    fn progress(&self, u: f32) -> f32 {
        bent(self.first_half, u)
    }

    /// All actors at clip progress `u`, farthest first.
    pub fn poses(&self, u: f32) -> Vec<Pose> {
        let count = self.record.actor.count.clamp(1, 3);
        (0..count).map(|i| self.pose(u, i, count)).collect()
    }

    fn pose(&self, u: f32, index: u32, count: u32) -> Pose {
        let Some(next) = self.record.then else {
            return self.act(self.record.action, (u, self.seconds), u, (index, count));
        };
        // Two halves, one flowing into the other around the middle.
        let half = self.seconds / 2.0;
        let before = (2.0 * u).min(1.0);
        let after = (2.0 * u - 1.0).max(0.0);
        let share = smooth(0.44, 0.56, u);
        if share <= 0.0 {
            self.act(self.record.action, (before, half), u, (index, count))
        } else if share >= 1.0 {
            self.act(next, (after, half), u, (index, count))
        } else {
            let a = self.act(self.record.action, (before, half), u, (index, count));
            let b = self.act(next, (after, half), u, (index, count));
            a.towards(&b, share)
        }
    }

    /// The pose of one action: its own progress (0–1) and length in seconds, the clip's progress `u`, which actor.
    fn act(
        &self,
        action: Action,
        (local, span): (f32, f32),
        u: f32,
        (index, count): (u32, u32),
    ) -> Pose {
        let record = self.record;
        let view = self.view(u);
        let own = rng::unit(record.seed ^ 0xac70, i64::from(index));
        let t = local * span + own * 0.35;
        let zoomed = match record.camera {
            Camera::ZoomIn | Camera::ZoomOut => view.zoom,
            _ => 1.0,
        };
        let slot = index as f32 - (count - 1) as f32 / 2.0;
        let mut depth = 1.0 + 0.07 * slot * if count > 1 { 1.0 } else { 0.0 };
        let mut size = self.height * zoomed;
        let centre = self.start + self.travel * self.progress(u) - view.x
            + slot * self.height * self.shape * 0.92;
        let mut x = self.aspect / 2.0 + (centre - self.aspect / 2.0) * zoomed;

        let surface = record.place.surface();
        let floats = surface == Surface::Submerged;
        let mut lift = 0.0;
        let mut turn = 0.0;
        let mut stretch = 1.0;
        let mut dust = 0.0;
        let mut shadow = 1.0;
        let mut pace = 0.6;
        let mut right = record.direction == Direction::Right;
        let mut narrow = 1.0;
        let side = record.direction.sign();
        match action {
            Action::Stands => {
                stretch = 1.0 + 0.012 * (t * 2.6).sin();
            }
            Action::Walks => {
                let step = t * TAU * 0.95;
                lift = 0.030 * size * step.sin().abs() * 1.4;
                turn = 0.055 * step.sin();
                pace = 1.0;
            }
            Action::Runs => {
                let step = t * TAU * 1.7;
                lift = 0.13 * size * step.sin().abs();
                turn = 0.09 * side + 0.10 * step.cos();
                pace = 1.8;
                dust = 1.0;
            }
            Action::Jumps => {
                let phase = (t * 0.85).fract();
                let air = (phase - 0.22) / 0.66;
                if (0.0..=1.0).contains(&air) {
                    lift = 4.0 * air * (1.0 - air) * (0.30 + 0.1 * size).min(0.95 - size).max(0.16);
                    stretch = 1.0 + 0.10 * (1.0 - 2.0 * air).abs();
                    turn = 0.10 * side * (2.0 * air - 1.0);
                } else {
                    let press = if air < 0.0 {
                        phase / 0.22
                    } else {
                        (phase - 0.88) / 0.12
                    };
                    stretch = 1.0 - 0.18 * (press * PI).sin();
                }
                pace = 1.0;
            }
            Action::Flies => {
                lift = (0.88 - size - 0.10).clamp(0.06, 0.40) * (0.75 + 0.2 * own)
                    + 0.035 * (t * 2.2).sin();
                turn = 0.09 * (t * 2.2).cos() - 0.07 * side;
                pace = 1.7;
                shadow = 0.35;
            }
            Action::Swims => {
                lift = 0.02 * (t * 3.0).sin();
                turn = 0.06 * (t * 3.0 + 0.8).sin();
                pace = 1.2;
            }
            Action::Turns => {
                // Looks the other way first, swings round in the middle; long clips do it again.
                let cycle = (local * (span / 3.0).round().max(1.0)).fract();
                let swing = smooth(0.3, 0.7, cycle);
                // As a second action it must begin as the first one ended.
                let face = if record.then == Some(action) {
                    (swing * PI).cos()
                } else {
                    -(swing * PI).cos()
                };
                narrow = face.abs().max(0.16);
                right = (face * side) > 0.0;
            }
            Action::Falls => {
                let drop = (local * 1.45).min(1.0);
                // From where two thirds of the actor are already in the picture.
                let high = (view.ground_y(1.0) - 0.62 * size).max(0.25);
                if drop < 1.0 {
                    lift = high * (1.0 - drop * drop);
                    turn = side * (1.0 - drop) * 2.4;
                    shadow = 0.25 + 0.75 * drop;
                } else {
                    let after = (local - 1.0 / 1.45) * span;
                    let ring = (-after * 3.5).exp();
                    stretch = 1.0 - 0.28 * ring * (after * 9.0).cos();
                    dust = ring;
                }
            }
            Action::Grows => {
                size *= lerp(0.30, 1.12, smooth(0.0, 1.0, local));
                stretch = 1.0 + 0.03 * (t * 7.0).sin();
            }
            Action::ComesCloser => {
                let near = lerp(0.32, 1.14, local * local * 0.5 + local * 0.5);
                depth *= near;
                size *= near;
                x = self.aspect / 2.0 + (x - self.aspect / 2.0) * lerp(0.55, 1.0, near.min(1.0));
                let step = t * TAU * 1.1;
                if record.actor_entry().can(crate::actors::Habitat::FLIES) {
                    lift = 0.12 * near + 0.03 * (t * 2.2).sin();
                    shadow = 0.4;
                } else {
                    lift = 0.03 * size * step.sin().abs();
                    turn = 0.04 * step.sin();
                }
                pace = 1.0;
            }
            Action::Spins => {
                let turns = (span * 0.45).round().max(1.0);
                turn = side * TAU * local * turns;
                lift = 0.10 * size;
                shadow = 0.6;
            }
            // Three-dimensional scenes only; a sprite just stands.
            _ => {}
        }

        let mut ground = view.ground_y(depth);
        let mut height = size * stretch;
        let mut waterline = None;
        match surface {
            Surface::Deep | Surface::Shallow => {
                shadow *= 0.35;
                let depth_of = |place: Surface| match (place, action) {
                    (_, Action::Swims) => 0.36,
                    (Surface::Deep, Action::Flies | Action::Falls | Action::Spins) => 0.06,
                    (Surface::Deep, _) => 0.26,
                    _ => 0.11,
                };
                if !matches!(action, Action::Flies) {
                    let sunk = depth_of(surface) * size;
                    waterline = Some(ground);
                    lift -= sunk;
                    lift += 0.010 * (view.seconds * 2.4 + own * 6.0).sin();
                }
            }
            Surface::Submerged => {
                let drift = 0.05 * (view.seconds * 1.1 + own * 6.0).sin();
                let afloat = matches!(action, Action::Swims)
                    || record.actor_entry().can(crate::actors::Habitat::SWIMS);
                if afloat && !matches!(action, Action::Falls | Action::Jumps) {
                    lift += (0.84 - size).clamp(0.05, 0.30) * (0.6 + 0.4 * own) + drift;
                }
                shadow *= 0.5;
            }
            Surface::Cloud => {
                shadow *= 0.5;
                lift -= 0.02;
            }
            Surface::Ground => {}
        }
        if floats && action == Action::Flies {
            lift += 0.05;
        }
        let mut width = size * self.shape / stretch * narrow;
        // Keep heads in the picture.
        if action != Action::Falls {
            let over = 0.02 - (ground - lift - height);
            if over > 0.0 {
                let give = over.min(lift.max(0.0));
                lift -= give;
                let rest = over - give;
                if rest > 0.0 && ground < 0.97 {
                    let down = rest.min(0.97 - ground);
                    ground += down;
                    if let Some(row) = &mut waterline {
                        *row += down;
                    }
                }
            }
            if height > 1.08 {
                width *= 1.08 / height;
                height = 1.08;
            }
        }
        let half = width / 2.0;
        let free = (self.aspect / 2.0 - 0.95 * half).max(0.0);
        x = x.clamp(self.aspect / 2.0 - free, self.aspect / 2.0 + free);
        Pose {
            x,
            ground,
            lift,
            width,
            height,
            turn,
            mirror: match self.facing {
                Facing::Left => right,
                Facing::Right => !right,
                Facing::Front => right,
            },
            frame: t * pace * 1.3 + own * 2.0,
            waterline,
            shadow: shadow * (1.0 - lift.max(0.0) * 0.9).clamp(0.2, 1.0),
            dust,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{SampleOptions, Split, sample_record};
    use crate::rng::Dice;

    /// Share of the sprite's box that lies inside the frame.
    fn shown(pose: &Pose, aspect: f32) -> f32 {
        let inside =
            |low: f32, high: f32, end: f32| (high.min(end) - low.max(0.0)).max(0.0) / (high - low);
        let foot = pose.ground - pose.lift;
        inside(pose.x - pose.width / 2.0, pose.x + pose.width / 2.0, aspect)
            * inside(foot - pose.height, foot, 1.0)
    }

    #[test]
    fn actors_stay_in_the_frame() {
        for (seed, two_segments) in (0..1500).map(|seed| (seed, seed % 3 == 0)) {
            let options = SampleOptions {
                split: Split::Train,
                two_segments,
                ..SampleOptions::default()
            };
            let record = sample_record(&mut Dice::new(seed), &options);
            let aspect = [16.0 / 9.0, 1.0, 9.0 / 16.0][seed as usize % 3];
            let shape = [0.5, 1.0, 1.8][(seed / 3) as usize % 3];
            for seconds in [2.0, 5.0, 20.0] {
                let motion = Motion::new(&record, aspect, shape, seconds);
                let (mut least, mut sum) = (1.0f32, 0.0);
                for step in 0..=20 {
                    let poses = motion.poses(step as f32 / 20.0);
                    let share: f32 = poses.iter().map(|pose| shown(pose, aspect)).sum::<f32>()
                        / poses.len() as f32;
                    least = least.min(share);
                    sum += share / 21.0;
                }
                assert!(
                    least > 0.3 && sum > 0.66,
                    "{least} {sum} {seconds} {aspect} {shape} {record:?}"
                );
            }
        }
    }

    #[test]
    fn walkers_go_their_way() {
        let mut record = sample_record(&mut Dice::new(3), &SampleOptions::default());
        record.action = Action::Walks;
        record.camera = Camera::Static;
        record.actor.count = 1;
        record.then = None;
        for direction in [Direction::Left, Direction::Right] {
            record.direction = direction;
            let motion = Motion::new(&record, 1.75, 1.0, 4.0);
            let way = motion.poses(0.9)[0].x - motion.poses(0.1)[0].x;
            assert!(way * direction.sign() > 0.2, "{way}");
        }
    }
}
