//! Given pictures and clips at the model's rate and size.

use std::path::Path;

use kinora_media::resize::Filter;
use kinora_media::{Frame, Rational, Resizer};

use crate::plan::{Plan, PlannedCondition};
use crate::progress::Progress;
use crate::request::ConditionKind;
use crate::{Error, Result};

/// What a board must know of a clip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Facts {
    pub size: (u32, u32),
    /// Where frames last unequally, the mean: they are held so that it is the rate.
    pub fps: Rational,
    /// At that rate.
    pub frames: u64,
    pub audio: bool,
}

impl Facts {
    /// Reads the file's head; of a file that does not say how long it is, all frames.
    pub fn of(path: &Path) -> Result<Self> {
        let mut reader = kinora_media::open(path)?;
        let info = reader.info().clone();
        let frames = match (info.frames, info.seconds, info.constant_rate) {
            (Some(frames), _, true) => frames,
            (_, Some(seconds), _) => info.fps.frames_in(seconds),
            _ => {
                let mut end = 0.0;
                while let Some(timed) = reader.next_frame()? {
                    end = timed.start + timed.duration;
                }
                info.fps.frames_in(end)
            }
        };
        match frames {
            0 => Err(Error::request(
                format!("{} holds no frame", path.display()),
                "give another clip",
            )),
            frames => Ok(Self {
                size: info.size,
                fps: info.fps,
                frames,
                audio: info.audio,
            }),
        }
    }
}

/// The frames of a condition at the model's rate and size, as many as fit.
pub(crate) fn read_condition(
    plan: &Plan,
    condition: &PlannedCondition,
    progress: &Progress,
) -> Result<Vec<Frame>> {
    let (width, height) = (plan.drawn.width as u32, plan.drawn.height as u32);
    let mut resizer = Resizer::new(Filter::Lanczos3);
    let mut fit = |frame: Frame| resizer.cover(&frame, width, height);
    if condition.kind == ConditionKind::Image {
        return Ok(vec![fit(kinora_media::read_image(&condition.path)?)?]);
    }
    let mut reader = kinora_media::open(&condition.path)?;
    if reader.info().audio {
        progress.note(format!(
            "the sound of {} is left behind",
            condition.path.display()
        ));
    }
    // Each of the model's frames shows what the clip shows at its time.
    let mut frames: Vec<Frame> = Vec::new();
    while let Some(timed) = reader.next_frame()? {
        let end = timed.start + timed.duration;
        while frames.len() < condition.frames
            && plan.drawn.fps.seconds(frames.len() as u64) < end - 1e-6
        {
            frames.push(fit(timed.frame.clone())?);
        }
        if frames.len() == condition.frames {
            break;
        }
    }
    let r = plan.model.geometry.temporal;
    if frames.is_empty() {
        return Err(Error::request(
            format!("--video {}: it holds no frame", condition.path.display()),
            "give another clip",
        ));
    }
    frames.truncate((frames.len() - 1) / r * r + 1);
    Ok(frames)
}
