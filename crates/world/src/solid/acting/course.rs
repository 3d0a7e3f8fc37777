//! Where everyone is, which way they look, how they tumble: paths over the ground and through the air.

use std::f32::consts::{FRAC_PI_2, PI, TAU};

use super::is_high;
use super::player::Player;
use crate::canvas::{lerp, smooth};
use crate::record::SceneRecord;
use crate::rng;
use crate::solid::cast::Element;
use crate::solid::math::V3;
use crate::solid::places::{Water, setting};
use crate::solid::puppet::Body;
use crate::vocabulary::{Action, Direction};

/// Share of the clip after which two who meet stand before each other.
const MET: f32 = 0.55;

pub struct Course {
    action: Action,
    then: Option<Action>,
    direction: Direction,
    seconds: f32,
    /// Angle of the way they look, from +z towards +x.
    heading: f32,
    /// Speeds of both halves of the clip; of two actors, of both.
    speeds: [f32; 2],
    pub altitude: f32,
    /// Of the lead, metres.
    height: f32,
    /// How much it moves up and down in water or air.
    sway: (f32, f32),
    /// Between the middles of two actors.
    gap: f32,
    /// Of a thing: how far it turns in falling.
    turn: f32,
    pair: bool,
    made: bool,
}

/// Where one of them is.
pub struct Stand {
    pub at: V3,
    pub yaw: f32,
    /// Beside its ordinary size.
    pub size: f32,
}

impl Course {
    /// Two actors fall into one pace here.
    pub fn new(record: &SceneRecord, players: &mut [Player<'_>], seconds: f32) -> Course {
        let azimuth = record.solid.as_ref().map_or(0.0, |s| s.azimuth);
        let azimuth = azimuth.clamp(-80.0, 80.0).to_radians();
        let side = record.direction.sign();
        let pair = players.len() > 1;
        let heading = match record.action {
            // Towards the camera, a little past it; away from it likewise.
            Action::ComesCloser => PI - side * (0.25 + 0.3 * azimuth.abs()),
            Action::GoesAway => side * (0.25 + 0.3 * azimuth.abs()),
            // Two of them stay beside each other for the camera.
            _ if pair => side * FRAC_PI_2 + 0.5 * azimuth,
            _ => side * (FRAC_PI_2 + azimuth),
        };
        let length = |p: &Player<'_>| p.length();
        let gap = match (record.action, players.get(1)) {
            (_, None) => 0.0,
            (action, Some(partner)) => {
                let both = 0.5 * (length(&players[0]) + length(partner));
                both * match action {
                    Action::Chases => 1.35,
                    Action::Follows => 1.25,
                    Action::Fights => 0.92,
                    Action::Circles => 1.1,
                    _ => 1.06,
                }
            }
        };
        if pair {
            // In one pace, between what comes natural to both.
            let natural = players.iter().map(|p| p.ways[0].speed.max(0.05));
            let pace = natural.product::<f32>().sqrt();
            if matches!(record.action, Action::Chases | Action::Follows) {
                for player in players.iter_mut() {
                    player.ways = player.ways.map(|way| way.at(pace));
                }
            }
        }
        if record.action == Action::Meets {
            // No longer a way than the camera can see together with both.
            for player in players.iter_mut() {
                let (way, most) = (player.ways[0].speed * seconds * approach(0.0), 0.8 * gap);
                player.ways[0] =
                    player.ways[0].at(player.ways[0].speed * (most / way.max(1e-3)).min(1.0));
            }
        }
        let lead = &players[0];
        let (height, element) = (lead.height, lead.actor.element);
        let wet = setting(record.place).water;
        let made = lead.actor.made();
        let altitude = match (element, record.action) {
            _ if is_high(record.place) => 0.0,
            (Element::Water, _) if wet == Water::Under => 1.1 * height + 0.3,
            (Element::Water | Element::Boat, _) => 0.0,
            (Element::Air, Action::Stands | Action::Grows) if made => 0.6 * height,
            (Element::Air, Action::Rises) => 0.2 * height,
            (Element::Air, _) | (_, Action::Flies) => 2.2 * height.min(4.0) + 1.5,
            _ => 0.0,
        };
        let swims = lead.water > 0.4 * height;
        let sway = match element {
            Element::Boat => (0.012 * height, 1.7),
            _ if made && altitude > 0.0 => (0.03 * height, 1.1),
            _ if altitude > 0.0 || element != Element::Land => (0.06 * height, 1.3),
            _ if swims => (0.02 * height, 2.1),
            _ => (0.0, 0.0),
        };
        Course {
            action: record.action,
            then: record.then,
            direction: record.direction,
            seconds,
            heading,
            speeds: match players.get(1) {
                Some(other) => [lead.ways[0].speed, other.ways[0].speed],
                None => lead.ways.map(|way| way.speed),
            },
            altitude,
            height,
            sway,
            gap,
            turn: lerp(2.0, 5.0, rng::unit(record.seed, 61)) * side,
            pair,
            made,
        }
    }

    /// How far it has come at clip progress `u`, metres; 0 in the middle.
    fn way_at(&self, u: f32) -> f32 {
        let half = usize::from(u >= 0.5 && !self.pair);
        self.speeds[half] * (u - 0.5) * self.seconds
    }

    /// Where the middle of them all is.
    pub fn spot(&self, u: f32) -> V3 {
        let way = match self.action {
            // It ends near its place, having come from beyond; or begins there.
            Action::ComesCloser => self.way_at(u) - self.way_at(1.0),
            Action::GoesAway => self.way_at(u) - self.way_at(0.0),
            Action::Turns | Action::Meets | Action::Fights | Action::Circles => 0.0,
            _ => self.way_at(u),
        };
        let t = u * self.seconds;
        let up = self.altitude + self.sway.0 * (t * self.sway.1).sin();
        [way * self.heading.sin(), up, way * self.heading.cos()]
    }

    pub fn stand(&self, who: usize, u: f32) -> Stand {
        let mut stand = Stand {
            at: self.spot(u),
            yaw: self.yaw(u),
            size: if self.action == Action::Grows {
                lerp(0.35, 1.0, smooth(0.05, 0.9, u))
            } else {
                1.0
            },
        };
        stand.at[1] += self.lift(u);
        if self.pair {
            self.beside(&mut stand, who, u);
        }
        stand
    }

    /// Which way the lead looks.
    fn yaw(&self, u: f32) -> f32 {
        let t = u * self.seconds;
        match self.action {
            Action::Turns => {
                let end = if self.then.is_some() { 2.0 } else { 1.0 };
                let share = smooth(0.12, 0.88, (u * end).min(1.0));
                self.heading - self.direction.sign() * PI * share
            }
            Action::Spins => self.heading + self.direction.sign() * t * 2.6,
            Action::Rises => self.heading + 0.25 * t,
            _ => self.heading,
        }
    }

    /// How high a deed takes it above its way.
    fn lift(&self, u: f32) -> f32 {
        let (h, t) = (self.height, u * self.seconds);
        match self.action {
            Action::Jumps => {
                let beat = (t * 1.15).rem_euclid(1.0);
                let leap = (beat - 0.25) / 0.6;
                if (0.0..1.0).contains(&leap) {
                    0.65 * h.min(2.5) * 4.0 * leap * (1.0 - leap)
                } else {
                    0.0
                }
            }
            Action::Bounces => bounce(t + 0.25, 3.2 * h, 5.5 * h + 2.0, 0.9),
            // Slower than on earth: toys of some size fall so in films.
            Action::Falls => {
                let (high, fall) = (3.4 * h, 0.42 * self.seconds);
                bounce(
                    (t - 0.08 * self.seconds).max(0.0),
                    high,
                    2.0 * high / (fall * fall),
                    0.38,
                )
            }
            Action::Rises => 1.3 * h.min(9.0) * (u * u * 0.4 + u * 0.6),
            Action::TakesOff => 1.3 * h * smooth(0.22, 1.0, u) * smooth(0.22, 0.6, u),
            Action::Lands => 1.3 * h * smooth(0.78, 0.0, u) * smooth(0.78, 0.4, u),
            _ => 0.0,
        }
    }

    /// Two actors: behind each other, before each other, one around the other.
    fn beside(&self, stand: &mut Stand, who: usize, u: f32) {
        let t = u * self.seconds;
        let ahead = [self.heading.sin(), self.heading.cos()];
        let mut go = |way: f32| {
            stand.at[0] += way * ahead[0];
            stand.at[2] += way * ahead[1];
        };
        let lead = who == 0;
        let sign = if lead { -1.0 } else { 1.0 };
        match self.action {
            Action::Chases => {
                let closing = lerp(1.12, 0.9, u) + 0.05 * (t * 1.9).sin();
                go(sign * 0.5 * self.gap * closing);
                // The hunted swerves, the hunter after it.
                let late = if lead { 0.35 } else { 0.0 };
                stand.at[2] += 0.10 * self.gap * ((t - late) * 1.7).sin();
                stand.yaw += 0.12 * ((t - late) * 1.7).cos();
            }
            Action::Meets => {
                let rest = 0.5 * self.gap + self.speeds[who] * self.seconds * approach(u);
                go(sign * rest);
                stand.yaw = self.heading + if lead { 0.0 } else { PI };
            }
            Action::Fights => {
                let lunge =
                    0.06 * self.gap * (t * 2.3 + if lead { 0.0 } else { 1.4 }).sin().max(0.0);
                go(sign * (0.5 * self.gap - lunge));
                stand.yaw = self.heading + if lead { 0.0 } else { PI };
            }
            Action::Circles if lead => {
                let angle =
                    self.heading + self.direction.sign() * (self.speeds[0] / self.gap * t).min(TAU);
                stand.at[0] += self.gap * angle.sin();
                stand.at[2] += self.gap * angle.cos();
                stand.yaw = angle + self.direction.sign() * FRAC_PI_2;
            }
            Action::Circles => {}
            _ => go(sign * 0.5 * self.gap),
        }
    }

    /// Things turn over as they roll and fall.
    pub fn tumble(&self, body: &mut Body, u: f32) {
        if !self.made {
            return;
        }
        let angle = match self.action {
            Action::Rolls => 2.0 * (self.way_at(u) - self.way_at(0.0)) / self.height,
            Action::Bounces => 0.6 * self.turn * u * self.seconds,
            Action::Falls => self.turn * (1.0 - smooth(0.0, 0.62, u)),
            _ => return,
        };
        body.roll(angle);
    }
}

/// What is left of the way to each other, as a share of the clip.
fn approach(u: f32) -> f32 {
    let left = (MET - u).max(0.0);
    // The last steps are slower.
    left * left / (left + 0.12)
}

/// When those who meet begin to stand.
pub const fn met() -> f32 {
    MET
}

/// Height over the ground of what is let go at `high` metres and keeps that share of its speed at each bounce.
fn bounce(seconds: f32, high: f32, gravity: f32, keeps: f32) -> f32 {
    let fall = (2.0 * high / gravity).sqrt();
    if seconds < fall {
        return high - 0.5 * gravity * seconds * seconds;
    }
    let (mut t, mut speed) = (seconds - fall, gravity * fall * keeps);
    for _ in 0..40 {
        let air = 2.0 * speed / gravity;
        if t < air {
            return speed * t - 0.5 * gravity * t * t;
        }
        t -= air;
        speed *= keeps;
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::bounce;

    #[test]
    fn what_falls_bounces_lower_each_time_and_stays_above_the_ground() {
        let heights: Vec<f32> = (0..2000)
            .map(|i| bounce(i as f32 * 0.005, 2.0, 9.81, 0.7))
            .collect();
        assert_eq!(heights[0], 2.0);
        assert!(heights.iter().all(|h| (0.0..=2.0).contains(h)));
        let peaks: Vec<f32> = heights
            .windows(3)
            .filter(|w| w[1] > w[0] && w[1] >= w[2])
            .map(|w| w[1])
            .collect();
        assert!(peaks.len() >= 4);
        assert!((peaks[0] - 2.0 * 0.49).abs() < 0.01, "{peaks:?}");
        assert!(peaks.windows(2).all(|p| p[1] < p[0]));
    }
}
