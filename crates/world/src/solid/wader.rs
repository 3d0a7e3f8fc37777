//! The wading bird: crane, heron, egret, stork, flamingo, ibis, swan; every part with a colour of its own.

use std::f32::consts::TAU;

use super::math::{V3, add, mul, sub};
use super::puppet::Body;
use crate::canvas::{lerp, smooth};

/// Shape and colours. Lengths are shares of the height.
#[derive(Clone, Copy, Debug)]
pub struct Breed {
    pub leg: f32,
    pub neck: f32,
    pub beak: f32,
    /// How far the beak bends down at its end.
    pub hook: f32,
    pub bulk: f32,
    pub body: V3,
    pub tail: V3,
    pub neck_colour: V3,
    pub head: V3,
    pub crown: V3,
    pub beak_colour: V3,
    pub legs: V3,
    pub wing_tip: V3,
}

pub fn breed(key: &str) -> Breed {
    let white = [0.95, 0.95, 0.93];
    let dark = [0.12, 0.12, 0.14];
    let crane = Breed {
        leg: 0.42,
        neck: 0.42,
        beak: 0.12,
        hook: 0.0,
        bulk: 1.0,
        body: white,
        tail: dark,
        neck_colour: white,
        head: white,
        crown: [0.85, 0.12, 0.10],
        beak_colour: [0.45, 0.42, 0.30],
        legs: [0.16, 0.15, 0.16],
        wing_tip: dark,
    };
    match key {
        "heron" => Breed {
            body: [0.55, 0.60, 0.68],
            tail: [0.45, 0.50, 0.58],
            neck_colour: [0.80, 0.82, 0.85],
            head: white,
            crown: dark,
            beak_colour: [0.90, 0.70, 0.20],
            legs: [0.55, 0.45, 0.25],
            wing_tip: [0.20, 0.23, 0.30],
            beak: 0.15,
            ..crane
        },
        "egret" => Breed {
            bulk: 0.8,
            neck: 0.48,
            tail: white,
            crown: white,
            beak_colour: [0.95, 0.75, 0.15],
            wing_tip: white,
            ..crane
        },
        "stork" => Breed {
            tail: white,
            crown: white,
            beak: 0.19,
            beak_colour: [0.90, 0.25, 0.12],
            legs: [0.88, 0.28, 0.16],
            neck: 0.34,
            ..crane
        },
        "flamingo" => Breed {
            leg: 0.50,
            neck: 0.52,
            beak: 0.09,
            hook: 0.06,
            bulk: 0.85,
            body: [0.98, 0.55, 0.60],
            tail: [0.98, 0.50, 0.56],
            neck_colour: [0.98, 0.62, 0.66],
            head: [0.98, 0.64, 0.68],
            crown: [0.98, 0.64, 0.68],
            beak_colour: [0.16, 0.12, 0.12],
            legs: [0.95, 0.45, 0.50],
            wing_tip: [0.85, 0.20, 0.28],
        },
        "ibis" => Breed {
            leg: 0.36,
            neck: 0.34,
            beak: 0.20,
            hook: 0.08,
            neck_colour: dark,
            head: dark,
            crown: dark,
            beak_colour: dark,
            ..crane
        },
        "swan" => Breed {
            leg: 0.10,
            neck: 0.62,
            beak: 0.09,
            bulk: 2.0,
            tail: white,
            crown: white,
            beak_colour: [0.95, 0.50, 0.12],
            wing_tip: white,
            ..crane
        },
        _ => crane,
    }
}

/// What the bird does at a moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gait {
    /// Phase of the legs, in steps of a whole cycle.
    pub stride: f32,
    /// How large the steps are, 0–1.
    pub reach: f32,
    /// How far the head is down at the water, 0–1.
    pub dip: f32,
    /// Flight, 0–1, with the phase of the wings.
    pub flight: f32,
    pub beat: f32,
    /// Whether it has a fish in its beak.
    pub fish: bool,
    /// Small sway of the head.
    pub sway: f32,
    /// How deep the head goes: the water's surface above the feet, metres.
    pub water: f32,
}

/// The bird, `height` metres tall, feet at zero, looking along +z.
pub fn bird(breed: &Breed, height: f32, gait: &Gait) -> Body {
    let mut body = Body::default();
    let h = height;
    let hip = breed.leg * h * (1.0 - 0.1 * gait.dip);
    let size = 0.5 * (1.0 - breed.leg) * breed.bulk.sqrt().min(1.3);
    // Body: an egg, its tail end lower; leaning forward when the head goes down.
    let (long, thick) = (
        0.34 * size * h * 1.25,
        0.17 * size * h * 1.3 * breed.bulk.sqrt(),
    );
    let lean = lerp(0.32, -0.12, gait.dip) * (1.0 - gait.flight);
    let (s, c) = lean.sin_cos();
    let middle = [0.0, hip + 0.75 * thick, 0.0];
    let axis = [0.0, s, c];
    let over = [0.0, c, -s];
    body.egg(
        middle,
        [[0.8 * thick, 0.0, 0.0], mul(over, thick), mul(axis, long)],
        breed.body,
        7,
    );
    tail(&mut body, breed, (middle, axis, over), long, thick);
    wings(
        &mut body,
        breed,
        (middle, axis, over),
        (long, thick, h),
        gait,
    );
    // Neck: from the chest up in an S, or down to the water.
    let chest = add(middle, add(mul(axis, 0.75 * long), mul(over, 0.35 * thick)));
    let reach = breed.neck * h;
    let up = [0.0, chest[1] + reach * 0.82, chest[2] + 0.22 * reach];
    let level = lerp(up[1], gait.water - 0.02 * h, smooth(0.0, 1.0, gait.dip));
    let down = [
        0.0,
        level,
        chest[2] + lerp(0.22, 0.62, (gait.dip * 1.4).min(1.0)) * reach,
    ];
    let ahead = [0.0, chest[1] + 0.15 * reach, chest[2] + 0.95 * reach];
    let mix = |a: V3, b: V3, t: f32| add(mul(a, 1.0 - t), mul(b, t));
    let mut head = mix(down, ahead, gait.flight);
    head[0] += 0.10 * reach * gait.sway;
    // Two inner points bend it: back and forth when up, over in an arch when down.
    let bend = (1.0 - gait.flight) * lerp(1.0, -0.35, gait.dip);
    let low = add(
        mix(chest, head, 0.30),
        [0.0, 0.10 * reach * gait.dip, 0.26 * reach * bend],
    );
    let high = add(
        mix(chest, head, 0.72),
        [0.0, 0.30 * reach * gait.dip, -0.30 * reach * bend],
    );
    let neck: Vec<(V3, f32, V3)> = (0..=10)
        .map(|i| {
            let t = i as f32 / 10.0;
            let u = 1.0 - t;
            let p = add(
                add(mul(chest, u * u * u), mul(low, 3.0 * u * u * t)),
                add(mul(high, 3.0 * u * t * t), mul(head, t * t * t)),
            );
            let r = lerp(0.42 * thick, 0.026 * h, smooth(0.0, 0.55, t));
            (
                p,
                r,
                mix(breed.body, breed.neck_colour, smooth(0.05, 0.3, t)),
            )
        })
        .collect();
    body.tube(&neck, 7);
    // Head and beak, pointing down when dipping.
    let pitch = lerp(-0.12, -0.95, gait.dip) * (1.0 - gait.flight);
    let (s, c) = pitch.sin_cos();
    let nose = [0.0, s, c];
    let over = [0.0, c, -s];
    let r = 0.036 * h;
    body.egg(
        add(head, mul(nose, 0.6 * r)),
        [[0.85 * r, 0.0, 0.0], mul(over, r), mul(nose, 1.5 * r)],
        breed.head,
        5,
    );
    let top = add(head, add(mul(over, 0.55 * r), mul(nose, 0.4 * r)));
    body.egg(
        top,
        [[0.6 * r, 0.0, 0.0], mul(over, 0.6 * r), mul(nose, 1.1 * r)],
        breed.crown,
        4,
    );
    for side in [-1.0, 1.0] {
        let eye = add(head, [side * 0.75 * r, 0.2 * r, 0.9 * r]);
        body.ball(eye, [0.22 * r; 3], [0.05; 3], 3);
    }
    let root = add(head, mul(nose, 1.7 * r));
    let bent = |t: f32| {
        let p = add(root, mul(nose, t * breed.beak * h));
        add(p, [0.0, -t * t * breed.hook * h, 0.0])
    };
    let beak: Vec<(V3, f32, V3)> = (0..=4)
        .map(|i| {
            let t = i as f32 / 4.0;
            (bent(t), 0.018 * h * (1.05 - t), breed.beak_colour)
        })
        .collect();
    body.tube(&beak, 5);
    if gait.fish {
        let tip = add(bent(0.8), [0.0, -0.012 * h, 0.0]);
        let silver = [0.72, 0.78, 0.84];
        body.ball(tip, [0.085 * h, 0.030 * h, 0.022 * h], silver, 5);
        let fin = [tip[0] - 0.08 * h, tip[1], tip[2]];
        body.ball(
            sub(fin, [0.015 * h, 0.0, 0.0]),
            [0.03 * h, 0.04 * h, 0.008 * h],
            [0.55, 0.62, 0.7],
            3,
        );
    }
    legs(&mut body, breed, (hip, middle), h, gait);
    body
}

fn tail(body: &mut Body, breed: &Breed, (middle, axis, over): (V3, V3, V3), long: f32, thick: f32) {
    let root = sub(middle, mul(axis, 0.72 * long));
    let end = add(
        sub(middle, mul(axis, 1.75 * long)),
        mul(over, -0.55 * thick),
    );
    let way = sub(end, root);
    for k in [-1.0f32, 0.0, 1.0] {
        let out = [k * 0.30 * thick, 0.0, 0.0];
        body.egg(
            add(add(root, mul(way, 0.5)), out),
            [
                [0.42 * thick, 0.0, 0.0],
                mul(over, 0.30 * thick),
                add(mul(way, 0.58), mul(out, 0.9)),
            ],
            breed.tail,
            5,
        );
    }
}

fn wings(
    body: &mut Body,
    breed: &Breed,
    (middle, axis, over): (V3, V3, V3),
    (long, thick, h): (f32, f32, f32),
    gait: &Gait,
) {
    let lift = (gait.beat * TAU).sin() * 0.75;
    for side in [-1.0f32, 1.0] {
        if gait.flight < 0.5 {
            let at = add(
                add(middle, [side * 0.62 * thick, 0.0, 0.0]),
                add(mul(over, 0.22 * thick), mul(axis, -0.18 * long)),
            );
            let tone = mul(breed.body, 0.93);
            body.egg(
                at,
                [
                    [side * 0.32 * thick, 0.0, 0.0],
                    mul(over, 0.62 * thick),
                    mul(axis, 0.95 * long),
                ],
                tone,
                6,
            );
            continue;
        }
        // Two plates: arm and hand.
        let shoulder = add(middle, [side * 0.5 * thick, 0.4 * thick, 0.35 * long]);
        let span = 0.42 * h;
        let arm = [side * span * lift.cos(), span * lift.sin(), 0.0];
        let hand = lift * 1.5 - 0.15;
        let hand = [side * span * hand.cos(), span * hand.sin(), -0.18 * span];
        let chord = [0.0, 0.0, -0.95 * long];
        let elbow = add(shoulder, arm);
        let tip = add(elbow, hand);
        let normal = [-side * lift.sin(), lift.cos(), 0.0];
        let pale = breed.body;
        body.plate(
            [shoulder, elbow, add(elbow, chord), add(shoulder, chord)],
            normal,
            [pale; 4],
        );
        let dark = breed.wing_tip;
        body.plate(
            [elbow, tip, add(tip, mul(chord, 0.45)), add(elbow, chord)],
            normal,
            [pale, dark, dark, dark],
        );
    }
}

fn legs(body: &mut Body, breed: &Breed, (hip, middle): (f32, V3), h: f32, gait: &Gait) {
    for (i, side) in [-1.0f32, 1.0].into_iter().enumerate() {
        let root = [side * 0.045 * h, hip + 0.02 * h, -0.02 * h];
        let phase = (gait.stride + 0.5 * i as f32).rem_euclid(1.0);
        // Half of the cycle on the ground, moving back; the other half through the air.
        let (fore, raise) = if phase < 0.5 {
            (0.5 - 2.0 * phase, 0.0)
        } else {
            let t = 2.0 * phase - 1.0;
            (t - 0.5, (t * std::f32::consts::PI).sin())
        };
        let step = 0.55 * breed.leg * h * gait.reach;
        let ground = [
            root[0],
            raise * 0.32 * breed.leg * h * gait.reach,
            root[2] + fore * step,
        ];
        let trail = sub(middle, [-root[0], 0.04 * h, (breed.leg + 0.2) * h]);
        let foot = add(mul(ground, 1.0 - gait.flight), mul(trail, gait.flight));
        // The ankle, which bends backwards.
        let half = mul(add(root, foot), 0.5);
        let knee = add(
            half,
            [
                0.0,
                0.02 * h,
                -(0.03 + 0.10 * raise * gait.reach) * h * (1.0 - gait.flight),
            ],
        );
        let r = 0.011 * h;
        body.tube(
            &[
                (root, 2.2 * r, breed.body),
                (add(mul(root, 0.6), mul(knee, 0.4)), 1.5 * r, breed.legs),
                (knee, 1.25 * r, breed.legs),
                (foot, r, breed.legs),
            ],
            5,
        );
        for toe in [-0.5f32, 0.0, 0.5] {
            let end = add(foot, [toe * 0.05 * h, 0.004 * h, 0.06 * h]);
            body.tube(&[(foot, r, breed.legs), (end, 0.4 * r, breed.legs)], 3);
        }
    }
}
