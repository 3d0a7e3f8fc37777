//! Where the camera is and what it does.

use super::acting::Acting;
use super::math::{V3, add, mul, noise2};
use super::raster::Camera as Eye;
use crate::canvas::{lerp, smooth};
use crate::record::SceneRecord;
use crate::rng;
use crate::vocabulary::{Action, Camera};

/// How much of the frame an actor may reach beyond it.
const MARGIN: f32 = 0.02;

pub struct Operator {
    camera: Camera,
    aspect: f32,
    seed: u64,
    seconds: f32,
    /// Tan of half the angle of view.
    half: f32,
    distance: f32,
    /// Height of the eye above the ground's, and of what is looked at.
    elevation: f32,
    aim: f32,
    /// Share of the actor's travel that the camera goes along.
    follow: f32,
    /// Sideways place of the actor in the frame, metres.
    aside: f32,
    size: f32,
    /// Whether the actor comes towards the lens or leaves it, which then stays where it is.
    comes: bool,
}

impl Operator {
    pub fn new(record: &SceneRecord, acting: &Acting<'_>, aspect: f32, seconds: f32) -> Operator {
        let width = acting.extent.0;
        let (group, height) = match record.camera {
            Camera::CloseUp => acting.extent,
            _ => acting.group,
        };
        let own = |k: i64| rng::unit(record.seed, 40 + k);
        let half = match record.camera {
            Camera::WideAngle => 0.62,
            Camera::CloseUp => 0.24,
            _ => lerp(0.30, 0.38, own(1)),
        };
        let (fill_high, fill_wide) = match record.camera {
            Camera::WideAngle => (0.42, 0.48),
            Camera::CloseUp => (1.15, 1.25),
            Camera::Aerial if acting.group.1 > 1.3 * acting.extent.1 => (0.80, 0.60),
            Camera::Aerial => (0.55, 0.60),
            Camera::LowAngle => (0.66, 0.66),
            // The way up and down is part of the height.
            _ if acting.group.1 > 1.3 * acting.extent.1 => (0.85, 0.62),
            // Two of them are wide enough.
            _ if acting.players.len() > 1 => (0.58, 0.80),
            _ => (0.58, 0.62),
        };
        // A small network draws sooner what is large.
        let near = record.camera == Camera::CloseUp;
        let larger = if record.steady && !near { 1.25 } else { 1.0 };
        let (fill_high, fill_wide) = (fill_high * larger, fill_wide * larger);
        let mut distance =
            (height / (2.0 * half * fill_high)).max(group / (2.0 * half * aspect * fill_wide));
        // A body has depth: keep the lens out of it.
        distance += 0.35 * width;
        let travel = acting.travel();
        let frame = 2.0 * half * aspect * distance;
        let room = (frame - group).max(0.0) * 0.7;
        let sideways = travel[0].abs();
        let mut follow = if sideways > room {
            1.0 - room / sideways
        } else {
            0.0
        };
        if record.camera == Camera::Follow {
            follow = 1.0;
        }
        if matches!(
            record.camera,
            Camera::CloseUp | Camera::Orbit | Camera::Aerial
        ) {
            follow = follow.max(0.85);
        }
        let along = matches!(record.action, Action::ComesCloser | Action::GoesAway);
        if along {
            follow = 0.0;
        }
        let elevation = match record.camera {
            Camera::Aerial => 0.95 * distance,
            Camera::LowAngle => 0.10 * height,
            Camera::CloseUp => 0.72 * height,
            Camera::WideAngle => 0.45 * height + 0.05 * distance,
            _ => height * 0.62 + distance * lerp(0.02, 0.20, own(2)),
        };
        let aim = match record.camera {
            Camera::CloseUp => 0.74 * height,
            Camera::LowAngle => 0.62 * height,
            Camera::WideAngle => 0.75 * height,
            _ => 0.52 * height,
        };
        let left = (frame - group - sideways * (1.0 - follow)).max(0.0);
        Operator {
            camera: record.camera,
            aspect,
            seed: record.seed,
            seconds,
            half,
            distance,
            elevation,
            aim,
            follow,
            aside: record.actor.position * 0.20 * left,
            size: acting.size(),
            comes: along,
        }
    }

    /// Moves away from the actors until they are in view throughout, unless the shot means to lose parts of them.
    pub fn step_back(&mut self, acting: &Acting<'_>, ground: impl Fn(f32, f32) -> f32) {
        use Camera::*;
        let loses = matches!(
            self.camera,
            CloseUp | PanLeft | PanRight | ZoomIn | DollyIn | TiltUp | TiltDown
        );
        if loses || self.comes {
            return;
        }
        for _ in 0..6 {
            let out = [0.0, 0.12, 0.27, 0.41, 0.56, 0.7, 0.85, 0.97].map(|u| {
                let eye = self.eye(acting, u, &ground);
                let edges = acting.figures(u).into_iter().map(|f| f.seen_by(&eye));
                let outside = edges.map(|[left, top, right, bottom]| {
                    (-left).max(-top).max(right - 1.0).max(bottom - 1.0)
                });
                outside.fold(0.0, f32::max)
            });
            let most = out.into_iter().fold(0.0, f32::max);
            if most < MARGIN {
                break;
            }
            self.distance *= 1.06 + most.min(0.5);
        }
    }

    pub fn reach(&self) -> f32 {
        self.distance
    }

    pub fn eye(&self, acting: &Acting<'_>, u: f32, ground: impl Fn(f32, f32) -> f32) -> Eye {
        let spot = acting.spot(u);
        let depth = if self.comes {
            0.0
        } else {
            self.follow.max(0.85)
        };
        let base = [
            spot[0] * self.follow,
            acting.altitude + acting.low,
            spot[2] * depth,
        ];
        let slow = smooth(0.0, 1.0, u);
        let mut distance = self.distance;
        let mut half = self.half;
        let (mut angle, mut elevation, mut aim) = (0.0f32, self.elevation, self.aim);
        let mut pan = 0.0;
        let mut roll = 0.0;
        let sweep = self.half * self.aspect;
        match self.camera {
            Camera::PanLeft => pan = lerp(0.5, -0.5, u) * sweep,
            Camera::PanRight => pan = lerp(-0.5, 0.5, u) * sweep,
            Camera::ZoomIn => half *= lerp(1.35, 0.72, slow),
            Camera::ZoomOut => half *= lerp(0.72, 1.35, slow),
            Camera::DollyIn => distance *= lerp(1.55, 0.80, slow),
            Camera::DollyOut => distance *= lerp(0.80, 1.55, slow),
            Camera::Orbit => angle = lerp(-0.65, 0.65, u),
            Camera::TiltUp => aim += lerp(-0.45, 0.25, slow) * distance * half,
            Camera::TiltDown => aim += lerp(1.1, 0.0, slow) * distance * half,
            Camera::Handheld => {
                let t = u * self.seconds;
                let shake = |k: u64, rate: f32| noise2(self.seed ^ k, t * rate, k as f32 * 7.3);
                pan = 0.07 * shake(1, 1.3) + 0.015 * shake(2, 4.1);
                aim += 0.09 * distance * half * (shake(3, 1.4) + 0.3 * shake(4, 4.3));
                roll = 0.035 * shake(5, 1.1);
                distance *= 1.0 + 0.04 * shake(6, 0.8);
            }
            _ => {}
        }
        let mut target: V3 = add(base, [-self.aside, aim, 0.0]);
        if self.camera == Camera::CloseUp {
            // At the head's side of it.
            target = add(target, mul(acting.ahead(u), 0.42 * self.size));
        }
        if self.camera == Camera::Aerial {
            elevation = elevation.max(1.2 * self.size);
            distance *= 0.8;
        }
        let (s, c) = angle.sin_cos();
        let mut eye = [
            target[0] - s * distance,
            base[1] + elevation,
            target[2] - c * distance,
        ];
        let below = ground(eye[0], eye[2]);
        eye[1] = eye[1].max(below + 0.06 * self.size + 0.02);
        let (s, c) = pan.sin_cos();
        let d = super::math::sub(target, eye);
        target = add(eye, [d[0] * c + d[2] * s, d[1], d[2] * c - d[0] * s]);
        Eye::looking(eye, target, half, self.aspect, roll)
    }
}
