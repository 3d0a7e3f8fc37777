//! One actor and its body at a moment.

use std::f32::consts::TAU;

use super::course;
use super::ways::{Way, way};
use crate::canvas::{lerp, smooth};
use crate::foreign::BoneState;
use crate::record::SceneRecord;
use crate::solid::cast::{self, Element, SolidActor};
use crate::solid::extras;
use crate::solid::math::{V3, mul};
use crate::solid::props::Props;
use crate::solid::puppet::{Body, blend, sample};
use crate::solid::wader::{self, Breed, Gait};
use crate::vocabulary::{Action, Colour};

/// Seconds over which one action flows into the next.
const CHANGE: f32 = 0.5;

pub struct Player<'a> {
    pub actor: &'static SolidActor,
    props: &'a Props,
    pub coat: usize,
    seed: u64,
    seconds: f32,
    /// What it does before and after `change` (a share of the clip).
    deeds: (Action, Option<Action>),
    change: f32,
    /// How it goes about both.
    pub ways: [Way; 2],
    /// Height after the record's scale, metres.
    pub height: f32,
    pub scale: f32,
    /// Surface of the water above the ground; −∞ where it is dry.
    pub water: f32,
    breed: Breed,
    paint: Option<V3>,
}

impl<'a> Player<'a> {
    /// The actor that the record names.
    pub fn lead(record: &SceneRecord, props: &'a Props, seconds: f32) -> Player<'a> {
        let actor = cast::find(&record.actor.kind).unwrap_or(&cast::ALL[0]);
        let (deeds, change) = match record.action {
            Action::Meets => ((Action::Meets, Some(Action::Stands)), course::met()),
            action => ((action, record.then), 0.5),
        };
        let mut player = Player::new(record, props, seconds, actor, deeds, change);
        if let Some(solid) = &record.solid {
            player.coat = solid.coat;
            player.dye(solid.body, solid.tail);
        }
        player
    }

    /// The other one, where there are two.
    pub fn partner(record: &SceneRecord, props: &'a Props, seconds: f32) -> Option<Player<'a>> {
        let partner = record.solid.as_ref()?.partner.as_ref()?;
        let actor = cast::find(&partner.kind)?;
        let (deeds, change) = match record.action {
            Action::Meets => ((Action::Meets, Some(Action::Stands)), course::met()),
            Action::Circles => ((Action::Stands, None), 0.5),
            action => ((action, None), 0.5),
        };
        let mut player = Player::new(record, props, seconds, actor, deeds, change);
        player.coat = partner.coat;
        Some(player)
    }

    fn new(
        record: &SceneRecord,
        props: &'a Props,
        seconds: f32,
        actor: &'static SolidActor,
        deeds: (Action, Option<Action>),
        change: f32,
    ) -> Player<'a> {
        let scale = record.actor.scale;
        let way = |action| way(actor, action, scale, props, record.seed);
        Player {
            actor,
            props,
            coat: 0,
            seed: record.seed,
            seconds,
            deeds,
            change,
            ways: [way(deeds.0), way(deeds.1.unwrap_or(deeds.0))],
            height: actor.height * scale,
            scale,
            water: f32::NEG_INFINITY,
            breed: wader::breed(actor.key),
            paint: None,
        }
    }

    fn dye(&mut self, body: Option<Colour>, tail: Option<Colour>) {
        if let Some(colour) = body {
            let rgb = colour.rgb();
            self.paint = Some(rgb);
            let breed = &mut self.breed;
            (breed.body, breed.neck_colour, breed.head) = (rgb, rgb, rgb);
            breed.wing_tip = mul(rgb, 0.5);
            breed.tail = mul(rgb, 0.8);
        }
        if let Some(colour) = tail {
            self.breed.tail = colour.rgb();
        }
    }

    /// From tail to nose, metres.
    pub fn length(&self) -> f32 {
        let (low, high) = self.body(0.5, 0.0).bounds();
        (high[2] - low[2]) * self.scale
    }

    /// Before the record's scale; looking along +z. `ahead`: seconds that its clip runs before the time.
    pub fn body(&self, u: f32, ahead: f32) -> Body {
        let t = u * self.seconds;
        let turn = self.change * self.seconds;
        // Share of the second action.
        let share = match self.deeds.1 {
            Some(_) => smooth(turn - CHANGE / 2.0, turn + CHANGE / 2.0, t),
            None => 0.0,
        };
        if self.actor.made() {
            let state = extras::State {
                seconds: t,
                way: self.ways[0].speed * t / (self.actor.height * self.scale),
                action: self.deeds.0,
                seed: self.seed,
            };
            let mut body = extras::body(self.actor.key, self.paint, &state);
            body.grow(self.actor.height);
            return body;
        }
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
        let halves = self.deeds.1.is_some();
        let first = self.deed(self.deeds.0, t, if halves { u / self.change } else { u });
        let Some(then) = self.deeds.1 else {
            return first;
        };
        let next = self.deed(then, t, (u - self.change) / (1.0 - self.change));
        let mix = |a: f32, b: f32| lerp(a, b, share);
        let nearer = if share < 0.5 { &first } else { &next };
        Gait {
            stride: nearer.stride,
            reach: mix(first.reach, next.reach),
            dip: mix(first.dip, next.dip),
            flight: mix(first.flight, next.flight),
            beat: nearer.beat,
            fish: first.fish || next.fish && share > 0.5,
            sway: mix(first.sway, next.sway),
            water: first.water,
        }
    }

    /// One action of the bird; `local` is the share of it that is over.
    fn deed(&self, action: Action, t: f32, local: f32) -> Gait {
        let still = Gait {
            sway: 0.25 * (t * 0.8).sin(),
            water: if self.water.is_finite() {
                self.water / self.scale
            } else {
                0.0
            },
            ..Gait::default()
        };
        let steps = |rate: f32, reach: f32| Gait {
            stride: t * rate,
            reach,
            sway: 0.0,
            ..still
        };
        let wings = |flight: f32, rate: f32| Gait {
            flight,
            beat: t * rate,
            ..still
        };
        match action {
            Action::Walks | Action::ComesCloser | Action::GoesAway => steps(0.9, 1.0),
            Action::Follows | Action::Meets | Action::Circles => steps(0.9, 1.0),
            Action::Runs | Action::Chases => steps(1.4, 1.0),
            Action::Turns => steps(0.9, 0.5),
            Action::Flies => wings(1.0, 1.6),
            Action::TakesOff => wings(smooth(0.16, 0.34, local), 2.1),
            Action::Lands => wings(smooth(0.86, 0.68, local), 2.1),
            Action::Eats => Gait {
                dip: peck(t * 0.55),
                ..still
            },
            Action::Fishes => Gait {
                dip: smooth(0.12, 0.36, local) - smooth(0.50, 0.74, local),
                fish: local > 0.47,
                ..still
            },
            _ => still,
        }
    }
}

/// Down, a while below, up, a while above.
fn peck(cycle: f32) -> f32 {
    let at = cycle.rem_euclid(1.0);
    smooth(0.05, 0.3, at) - smooth(0.6, 0.85, at)
        + 0.06 * (at * TAU * 3.0).sin() * smooth(0.3, 0.35, at) * smooth(0.6, 0.55, at)
}
