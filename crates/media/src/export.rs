//! One file into another: the format that its name asks for, the visible mark where it is due, the origin always.

use std::path::Path;

use crate::provenance::{self, Provenance, Source};
use crate::reader::{TimedFrame, VideoInfo};
use crate::writer::Container;
use crate::{Error, Frame, Quality, Result, VideoWriter, WriterOptions, Written, create, open};

/// How to export.
#[derive(Clone, Debug, Default)]
pub struct Export {
    /// Whether the visible mark is drawn.
    pub watermark: bool,
    /// The moment of a still, in seconds; past the end, the last frame. Ignored for videos.
    pub at: f64,
    pub quality: Quality,
    /// What the new file says of its origin; without it, what the old one says is carried on.
    pub provenance: Option<Provenance>,
}

/// Writes the video at `from` anew at `to`, whose ending decides the format.
///
/// Frames of unequal length are held so that the rate is constant; sound is left behind.
pub fn export(from: impl AsRef<Path>, to: impl AsRef<Path>, how: &Export) -> Result<Written> {
    let (from, to) = (from.as_ref(), to.as_ref());
    let still = Container::of(to)?.is_still();
    let said = match &how.provenance {
        Some(said) => Some(said.clone()),
        None => provenance::read(from)?,
    };
    let mut reader = open(from)?;
    let info = reader.info().clone();
    let options = WriterOptions::new(info.size, info.fps)
        .quality(how.quality)
        .provenance(said.unwrap_or_else(unknown))
        .watermark(how.watermark);
    let mut writer = create(to, options)?;
    let mut last: Option<Frame> = None;
    let mut pushed = 0;
    while let Some(timed) = reader.next_frame()? {
        if still {
            let over = timed.start + timed.duration > how.at;
            last = Some(timed.frame);
            if over {
                break;
            }
        } else {
            pushed = push_until(writer.as_mut(), timed, &info, pushed, &mut last)?;
        }
    }
    let last = last.ok_or_else(|| Error::broken(from, "video", "it holds no frame"))?;
    if still {
        writer.push(&last)?;
    }
    let written = writer.finish()?;
    check(&written)?;
    Ok(written)
}

/// The origin of a file that says nothing of it.
fn unknown() -> Provenance {
    Provenance {
        tool: concat!("Kinora ", env!("CARGO_PKG_VERSION")).to_owned(),
        source: Source::Unknown,
        ..Provenance::default()
    }
}

/// Pushes the frame before as often as it is still shown, then this one; the number pushed so far.
fn push_until(
    writer: &mut dyn VideoWriter,
    timed: TimedFrame,
    info: &VideoInfo,
    mut pushed: u64,
    last: &mut Option<Frame>,
) -> Result<u64> {
    let until = match info.constant_rate {
        true => pushed + 1,
        false => info.fps.frames_in(timed.start + timed.duration),
    };
    while pushed + 1 < until {
        writer.push(last.as_ref().unwrap_or(&timed.frame))?;
        pushed += 1;
    }
    if pushed < until {
        writer.push(&timed.frame)?;
        pushed += 1;
    }
    *last = Some(timed.frame);
    Ok(pushed)
}

/// Reads back that the origin stands in the file.
fn check(written: &Written) -> Result<()> {
    let carries = matches!(
        Container::of(&written.path),
        Ok(Container::Mp4 | Container::Gif | Container::Png)
    );
    match carries && provenance::read(&written.path)?.is_none() {
        true => Err(Error::broken(
            &written.path,
            "export",
            "it does not say where it comes from",
        )),
        false => Ok(()),
    }
}
