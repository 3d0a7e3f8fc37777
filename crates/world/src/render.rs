//! From a record to frames.

use crate::backdrop::Backdrop;
use crate::canvas::{Canvas, Paint, mix, scale};
use crate::film;
use crate::motion::{Motion, Pose, STILL_SECONDS, View};
use crate::pack::{Pack, PackError};
use crate::record::SceneRecord;
use crate::sprite::{Placement, Sprite};
use crate::vocabulary::{Style, Surface};

/// The picture's size and length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Format {
    pub width: usize,
    pub height: usize,
    /// 1 is a still: the record's moment of the action.
    pub frames: usize,
    pub fps: f32,
}

impl Format {
    pub(crate) fn aspect(&self) -> f32 {
        self.width as f32 / self.height as f32
    }

    pub(crate) fn seconds(&self) -> f32 {
        match self.frames {
            1 => STILL_SECONDS,
            frames => frames as f32 / self.fps,
        }
    }

    /// The moment of the action, 0–1, that each frame shows.
    pub(crate) fn moments(&self, record: &SceneRecord) -> impl Iterator<Item = f32> + use<> {
        let (frames, still) = (self.frames, record.moment);
        (0..frames).map(move |frame| match frames {
            1 => still,
            _ => frame as f32 / frames as f32,
        })
    }
}

/// All frames, one after the other: frames × height × width × RGB, 8 bits.
pub fn render(record: &SceneRecord, pack: &Pack, format: &Format) -> Result<Vec<u8>, PackError> {
    if record.solid.is_some() {
        return crate::solid::render(record, pack, format);
    }
    let sprite = pack.sprite(&record.actor.kind)?;
    let motion = Motion::new(record, format.aspect(), sprite.aspect(), format.seconds());
    let backdrop = Backdrop::new(record);
    let mut canvas = Canvas::new(format.width, format.height);
    let mut out = Vec::with_capacity(format.frames * format.width * format.height * 3);
    for u in format.moments(record) {
        draw_frame(&mut canvas, record, &backdrop, &motion, sprite, u);
        canvas.write_rgb8(&mut out);
    }
    Ok(out)
}

/// Where the actors are in each frame: left, top, right, bottom as fractions of the frame, partly outside at times.
pub fn boxes(
    record: &SceneRecord,
    pack: &Pack,
    format: &Format,
) -> Result<Vec<Vec<[f32; 4]>>, PackError> {
    if record.solid.is_some() {
        return crate::solid::boxes(record, pack, format);
    }
    let sprite = pack.sprite(&record.actor.kind)?;
    let motion = Motion::new(record, format.aspect(), sprite.aspect(), format.seconds());
    let around = |pose: Pose| {
        let (half, foot) = (pose.width.abs() / 2.0, pose.ground - pose.lift);
        let across = |x: f32| x / format.aspect();
        [
            across(pose.x - half),
            foot - pose.height,
            across(pose.x + half),
            foot,
        ]
    };
    let frames = format.moments(record);
    Ok(frames
        .map(|u| motion.poses(u).into_iter().map(around).collect())
        .collect())
}

fn draw_frame(
    canvas: &mut Canvas,
    record: &SceneRecord,
    backdrop: &Backdrop,
    motion: &Motion<'_>,
    sprite: &Sprite,
    u: f32,
) {
    let view = motion.view(u);
    backdrop.draw(canvas, &view);
    let paper = record.style == Style::Papercraft;
    if paper {
        film::cardboard(canvas);
    }
    let poses = motion.poses(u);
    for pose in &poses {
        draw_actor(canvas, backdrop, sprite, pose, &view, paper);
    }
    backdrop.draw_front(canvas, &view);
    match record.style {
        Style::Noir => film::noir(canvas, record.seed ^ (u * 1e4) as u64),
        Style::OldFilm => film::aged(canvas),
        _ => {}
    }
}

fn draw_actor(
    canvas: &mut Canvas,
    backdrop: &Backdrop,
    sprite: &Sprite,
    pose: &Pose,
    view: &View,
    paper: bool,
) {
    let unit = canvas.height as f32;
    let x = pose.x * unit;
    let ground = pose.ground * unit;
    let foot = (pose.ground - pose.lift) * unit;
    let (width, height) = (pose.width * unit, pose.height * unit);
    if pose.shadow > 0.0 {
        let spread = width.abs() * (0.58 + 0.25 * pose.lift.max(0.0));
        canvas.shade(
            x,
            ground - 0.005 * unit,
            spread,
            (spread * 0.26).max(0.02 * unit),
            [0.25, 0.25, 0.32],
            0.85 * pose.shadow,
        );
    }
    set_off(canvas, sprite, (x, foot - height / 2.0), width, height);
    if pose.dust > 0.0 && backdrop.surface() == Surface::Ground {
        let dust = backdrop.dust();
        let back = if pose.turn > 0.0 { -1.0 } else { 1.0 };
        for i in 0..3 {
            let phase = (view.seconds * 2.3 + i as f32 / 3.0).fract();
            let r = (0.02 + 0.05 * phase) * unit;
            canvas.ellipse(
                x + back * (0.30 * width + phase * 0.35 * width),
                ground - r * 0.7 - phase * 0.03 * unit,
                r,
                r * 0.8,
                Paint::flat(dust)
                    .alpha(0.6 * (1.0 - phase) * pose.dust)
                    .soft(0.03 * unit),
            );
        }
    }
    let water = pose.waterline.map(|row| (row * unit, [0.0; 3], 0.78));
    let placement = Placement {
        foot: (x, foot),
        width,
        height,
        turn: pose.turn,
        mirror: pose.mirror,
        light: backdrop.actor_light(),
        fade: backdrop.actor_fade(),
        water,
    };
    if paper {
        // Cut out with a white rim.
        let rim = 0.035 * unit;
        sprite.draw(
            canvas,
            pose.frame,
            &Placement {
                foot: (x, foot + rim / 2.0),
                width: width + rim,
                height: height + rim,
                fade: ([0.96, 0.95, 0.92], 1.0),
                ..placement
            },
        );
    }
    sprite.draw(canvas, pose.frame, &placement);
    if let Some(row) = pose.waterline
        && pose.lift < 0.05
    {
        ripples(canvas, backdrop, (x, row * unit), width, view.seconds);
    }
}

/// Where actor and scenery are alike in brightness, the scenery behind gives way a little.
fn set_off(canvas: &mut Canvas, sprite: &Sprite, middle: (f32, f32), width: f32, height: f32) {
    let luma = |c: [f32; 3]| 0.3 * c[0] + 0.55 * c[1] + 0.15 * c[2];
    let clamp = |v: f32, max: usize| (v.max(0.0) as usize).min(max - 1);
    let mut behind = [0.0f32; 3];
    let spots = [(-0.45, 0.0), (0.45, 0.0), (0.0, -0.45), (0.0, 0.0)];
    for (dx, dy) in spots {
        let px = clamp(middle.0 + dx * width, canvas.width);
        let py = clamp(middle.1 + dy * height, canvas.height);
        let colour = canvas.pixels[py * canvas.width + px];
        for (sum, value) in behind.iter_mut().zip(colour) {
            *sum += value / spots.len() as f32;
        }
    }
    let difference: f32 = behind
        .iter()
        .zip(sprite.mean)
        .map(|(a, b)| (a - b).abs())
        .sum();
    let strength = (1.0 - difference / 0.8).clamp(0.0, 1.0) * 0.75;
    if strength <= 0.0 {
        return;
    }
    let (rx, ry) = (width * 0.85 + 4.0, height * 0.75 + 4.0);
    if luma(sprite.mean) > 0.42 {
        canvas.shade(middle.0, middle.1, rx, ry, [0.50, 0.55, 0.66], strength);
    } else {
        canvas.glow(
            middle.0,
            middle.1,
            rx.max(ry),
            [0.85, 0.88, 0.92],
            strength * 0.7,
        );
    }
}

fn ripples(canvas: &mut Canvas, backdrop: &Backdrop, at: (f32, f32), width: f32, seconds: f32) {
    let unit = canvas.height as f32;
    let foam = mix(backdrop.foam(), scale(backdrop.foam(), 0.9), 0.5);
    for i in 0..2 {
        let phase = (seconds * 0.55 + i as f32 * 0.5).fract();
        let reach = width * (0.42 + 0.28 * phase);
        let alpha = 0.55 * (1.0 - phase);
        for side in [-1.0, 1.0] {
            canvas.capsule(
                (
                    at.0 + side * reach * 0.45,
                    at.1 + 0.020 * unit * (1.0 + phase),
                ),
                (at.0 + side * reach, at.1 + 0.006 * unit),
                0.007 * unit,
                Paint::flat(foam).alpha(alpha).soft(0.008 * unit),
            );
        }
    }
    canvas.ellipse(
        at.0,
        at.1 + 0.006 * unit,
        width * 0.44,
        0.012 * unit,
        Paint::flat(foam).alpha(0.45).soft(0.010 * unit),
    );
}
