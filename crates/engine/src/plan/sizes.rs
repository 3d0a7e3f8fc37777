//! How large, how long and how many: of the file, and of what the model draws for it.

use std::path::Path;

use super::limits::{GUIDANCE, SIDE, STEPS, out_of_range, within};
use super::media::files;
use super::{Drawn, PlannedCondition, Seam, Variant};
use crate::board::Card;
use crate::footage::Facts;
use crate::model::{Model, Turbo};
use crate::request::{Aspect, Condition, ConditionKind, Effort, Request};
use crate::{Error, Result};

/// The file's size: as asked, else that of footage which is kept, else the class's, in the shape that was asked or that
/// the first picture has.
pub(super) fn choose_size(request: &mut Request, kept: Option<&Facts>) -> Result<(u32, u32)> {
    if let (None, None, None, Some(kept)) = (request.size, request.aspect, request.resolution, kept)
    {
        request.size = Some(kept.size);
    }
    if request.size.is_none() {
        let first = files(request).next().map(|(path, _)| path.to_path_buf());
        let aspect = match (request.aspect, first) {
            (Some(aspect), _) => aspect,
            (None, Some(path)) => {
                let (width, height) = kinora_media::read_image(&path)?.size();
                Aspect::nearest(width, height)
            }
            (None, None) => Aspect::default(),
        };
        request.aspect = Some(aspect);
        request.size = Some(request.resolution.unwrap_or_default().size(aspect));
    }
    let (width, height) = request.size.unwrap_or_default();
    if !SIDE.contains(&width) || !SIDE.contains(&height) {
        return Err(Error::request(
            format!("a size of {width}x{height} is out of range"),
            format!("give sides of {} to {} pixels", SIDE.start(), SIDE.end()),
        ));
    }
    Ok((width, height))
}

/// What the model has to draw for a file of such a size and so many frames.
pub(super) fn draw(
    request: &mut Request,
    model: &Model,
    (size, frames): ((u32, u32), u64),
    seconds: f64,
) -> Result<Drawn> {
    let defaults = &model.defaults;
    let turbo = defaults.turbo.filter(|turbo| takes(request, turbo));
    let joins = request.cards.iter().any(Card::is_kept);
    let (steps, guidance) = match turbo {
        // Nothing of it is written into the request: its final is drawn as if it had never been a draft.
        Some(turbo) => (request.steps.unwrap_or(turbo.steps), 1.0),
        None => (
            *request
                .steps
                .get_or_insert_with(|| request.effort.steps(defaults.steps).min(*STEPS.end())),
            *request.guidance.get_or_insert(match joins {
                true => defaults.joining_guidance,
                false => defaults.guidance,
            }),
        ),
    };
    within("--guidance", guidance, &GUIDANCE, "(1 or less is none)")?;
    if !STEPS.contains(&steps) {
        return Err(out_of_range(
            "--steps",
            steps,
            *STEPS.start(),
            *STEPS.end(),
            "steps",
        ));
    }
    let (width, height) = model_size(model, size);
    let frames = match frames {
        1 => 1,
        _ => model
            .geometry
            .frames_at_least(defaults.fps.frames_in(seconds) as usize),
    };
    Ok(Drawn {
        width,
        height,
        frames,
        fps: defaults.fps,
        steps,
        turbo: turbo.is_some(),
        guidance,
    })
}

/// Whether a request is drawn in the few steps of a model that knows how: they know neither guidance nor what is to be avoided.
fn takes(request: &Request, turbo: &Turbo) -> bool {
    let avoids = request.negative.as_deref().unwrap_or_default();
    let good_enough = match turbo.effort {
        Effort::Draft => request.effort == Effort::Draft,
        _ => request.effort != Effort::Quality,
    };
    good_enough
        && request.guidance.is_none_or(|guidance| guidance <= 1.0)
        && request.steps.is_none_or(|steps| steps <= turbo.steps)
        && avoids.trim().is_empty()
}

/// The native size whose shape is nearest; of a model that draws any, the file's own, in whole latents and at most
/// as large as 1280×720.
pub(super) fn model_size(model: &Model, (width, height): (u32, u32)) -> (usize, usize) {
    let ratio = |w: u32, h: u32| (f64::from(w) / f64::from(h)).ln();
    let asked = ratio(width, height);
    let distance = |size: &(u32, u32)| (ratio(size.0, size.1) - asked).abs();
    let native = model.defaults.native.iter().map(|(_, size)| *size);
    if let Some((w, h)) = native.min_by(|a, b| distance(a).total_cmp(&distance(b))) {
        return (w as usize, h as usize);
    }
    let area = f64::from(width) * f64::from(height);
    let scale = (1280.0 * 720.0 / area).sqrt().min(1.0);
    let step = model.geometry.spatial as f64;
    let snap = |side: u32| ((f64::from(side) * scale / step).round().max(1.0) * step) as usize;
    (snap(width), snap(height))
}

/// Seconds become frames; a clip begins at a whole latent.
pub(super) fn place(
    condition: &Condition,
    model: &Model,
    drawn: &Drawn,
) -> Result<PlannedCondition> {
    let last = drawn.frames - 1;
    let r = model.geometry.temporal;
    let frame = (drawn.fps.frames_in(condition.at) as usize).min(last);
    let (frame_index, frames) = match condition.kind {
        ConditionKind::Image => (frame, 1),
        ConditionKind::Video => {
            let start = ((frame + r / 2) / r * r).min(last / r * r);
            (start, drawn.frames - start)
        }
    };
    Ok(PlannedCondition {
        kind: condition.kind,
        path: condition.path.clone(),
        frame_index,
        frames,
        strength: condition.strength,
        begin: 0.0,
        per_frame: 1.0 / drawn.fps.as_f64(),
        seam: Seam::None,
    })
}

/// `OUT`, or `OUT-1` … before the ending, where there are several.
pub(super) fn variants(out: &Path, first: u64, of: usize) -> Vec<Variant> {
    let path = |index: usize| match of {
        1 => out.to_path_buf(),
        _ => {
            let text = out.as_os_str().to_string_lossy();
            let directory = text.ends_with(std::path::is_separator);
            let stem = out.file_stem().unwrap_or_default().to_string_lossy();
            let name = match out.extension() {
                Some(ending) if !directory => {
                    format!("{stem}-{index}.{}", ending.to_string_lossy())
                }
                _ => format!(
                    "{}-{index}/",
                    out.file_name().unwrap_or_default().to_string_lossy()
                ),
            };
            out.with_file_name(name)
        }
    };
    (1..=of)
        .map(|index| Variant {
            index,
            of,
            seed: first.wrapping_add(index as u64 - 1),
            path: path(index),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_numbered_before_the_ending() {
        let names = |out: &str, of| -> Vec<String> {
            let all = variants(Path::new(out), 7, of);
            all.iter().map(|v| v.path.display().to_string()).collect()
        };
        assert_eq!(names("x/a.b.mp4", 1), ["x/a.b.mp4"]);
        assert_eq!(names("x/a.b.mp4", 2), ["x/a.b-1.mp4", "x/a.b-2.mp4"]);
        assert_eq!(names("x/frames/", 2), ["x/frames-1/", "x/frames-2/"]);
        assert_eq!(variants(Path::new("a.mp4"), u64::MAX, 2)[1].seed, 0);
    }
}
