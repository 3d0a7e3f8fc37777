//! From decoded frames to the file: the asked rate, the asked size, the container.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use kinora_media::{Frame, Provenance, Quality, Retime, VideoWriter, WriterOptions, Written};

use crate::ease::{Eased, Truth};
use crate::footage;
use crate::plan::span::{DrawnSpan, Kept, Shown, Span};
use crate::plan::{Output, Plan, Seam};
use crate::progress::Cancel;
use crate::upscale::Enlarger;
use crate::{Error, Result};

/// Frames that may wait for the writer.
const QUEUE: usize = 16;
/// Frames that are brought to the file's size at the same time.
const RESIZED: usize = 4;
/// Seconds over which the autoencoder's error at a seam fades.
const EASED: f64 = 1.0;

/// What the decoding thread hands to the writing one.
enum Drawn {
    Frame(Frame),
    /// The frames of a span are complete.
    End,
    /// The decoder gave up: the writer must not complete half a clip.
    Abandoned,
}

/// Takes a span's decoded frames.
pub(crate) struct Sink(SyncSender<Drawn>);

impl Sink {
    pub fn frames(&self, frames: Vec<Frame>) -> Result<()> {
        frames
            .into_iter()
            .try_for_each(|frame| self.send(Drawn::Frame(frame)))
    }

    pub fn end_of_span(&self) -> Result<()> {
        self.send(Drawn::End)
    }

    fn send(&self, drawn: Drawn) -> Result<()> {
        let gone = |_| Error::Cancelled { checkpoint: None };
        self.0.send(drawn).map_err(gone)
    }
}

/// Runs `decode`, which hands over the frames of the drawn spans, and writes the file on a second thread while it goes
/// on: drawn frames as they come, kept ones from their footage. The file says what `said` says of its origin.
pub(crate) fn write_while(
    plan: &Plan,
    (path, said): (&Path, Provenance),
    cancel: &Cancel,
    decode: impl FnOnce(&Sink) -> Result<()>,
) -> Result<Written> {
    let (sender, receiver) = sync_channel(QUEUE);
    thread::scope(|scope| {
        let writer = scope.spawn(move || write(plan, (path, said), cancel, receiver));
        let sink = Sink(sender);
        let decoded = decode(&sink);
        if decoded.is_err() {
            // If the writer is gone, there is nothing to stop.
            let _ = sink.send(Drawn::Abandoned);
        }
        drop(sink);
        let written = writer.join().expect("the writer does not panic");
        match (decoded, written) {
            // A decoder that was stopped by the writer's end tells less than the writer.
            (Err(Error::Cancelled { .. }), Err(Finish::Failed(error))) => Err(error),
            (Err(error), _) => Err(error),
            (Ok(()), Ok(written)) => Ok(written),
            (Ok(()), Err(Finish::Failed(error))) => Err(error),
            (Ok(()), Err(Finish::Abandoned)) => Err(Error::Cancelled { checkpoint: None }),
        }
    })
}

enum Finish {
    Abandoned,
    Failed(Error),
}

impl From<kinora_media::Error> for Finish {
    fn from(error: kinora_media::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Error> for Finish {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

fn write(
    plan: &Plan,
    (path, said): (&Path, Provenance),
    cancel: &Cancel,
    drawn: Receiver<Drawn>,
) -> Result<Written, Finish> {
    let output = &plan.output;
    let kept = plan.spans.iter().any(|span| span.drawn().is_none());
    let quality = match kept {
        // What has to be coded anew shall be hardly the worse for it; the next edit copies it.
        true => Quality::Best,
        false => Quality::default(),
    };
    let options = WriterOptions::new(output.size, output.fps)
        .quality(quality)
        .provenance(said);
    let mut file = File {
        writer: kinora_media::create(path, options)?,
        size: output.size,
    };
    let enlarger = Enlarger::new(plan)?;
    for span in &plan.spans {
        match span {
            Span::Kept(kept) => file.keep(kept, output, cancel)?,
            Span::Drawn(span) => {
                let Shown {
                    skip,
                    drop,
                    from,
                    to,
                } = span.shown;
                let mut of_span = OfSpan {
                    drawn: &drawn,
                    ended: false,
                };
                let (before, after) = truths(plan, span, cancel)?;
                let over = plan.drawn.fps.frames_in(EASED) as usize;
                let native = Eased::new(of_span.by_ref(), over, before, after).skip(skip);
                let large = native.map(|frame| Ok(enlarger.enlarge(frame?)?));
                let shown = Retime::new(large, from, to, output.between).skip(drop);
                file.write(shown, span.frames)?;
                // What lies behind the last frame that is shown, so that the next span begins with its own.
                of_span.try_for_each(|frame| frame.map(|_| ()))?;
            }
        }
    }
    Ok(file.writer.finish()?)
}

/// The kept frames that a span shows decoded: the last before what is new, and the first of what follows, behind the
/// one that stands for its past.
fn truths(
    plan: &Plan,
    span: &DrawnSpan,
    cancel: &Cancel,
) -> Result<(Option<Truth>, Option<Truth>)> {
    let truth = |seam: Seam, offset: usize| -> Result<Option<Truth>> {
        let mut joined = span.conditions.iter();
        let joined = joined.find(|c| c.seam == seam && c.strength == 1.0 && offset < c.frames);
        let Some(condition) = joined else {
            return Ok(None);
        };
        let frame = footage::native_frame(plan, condition, offset, cancel)?;
        let index = condition.frame_index + offset;
        Ok(frame.map(|frame| Truth { index, frame }))
    };
    Ok((
        truth(Seam::Before, span.shown.skip)?,
        truth(Seam::After, 1)?,
    ))
}

/// The decoded frames of one span.
struct OfSpan<'a> {
    drawn: &'a Receiver<Drawn>,
    ended: bool,
}

impl Iterator for OfSpan<'_> {
    type Item = Result<Frame, Finish>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.drawn.recv() {
            Ok(Drawn::Frame(frame)) => Some(Ok(frame)),
            Ok(Drawn::End) => {
                self.ended = true;
                None
            }
            Ok(Drawn::Abandoned) | Err(_) => Some(Err(Finish::Abandoned)),
        }
    }
}

struct File {
    writer: Box<dyn VideoWriter>,
    size: (u32, u32),
}

impl File {
    /// Footage as it is coded, from its first key picture on, where the file takes it so; the rest is coded anew.
    fn keep(&mut self, kept: &Kept, output: &Output, cancel: &Cancel) -> Result<(), Finish> {
        let run = match self.writer.coded() {
            Some(coded) if kept.is_as_shown(output) => coded.find(&kept.path, kept.range())?,
            _ => None,
        };
        let anew = run
            .as_ref()
            .map_or(kept.range().end, |run| run.frames().start)
            - kept.first;
        if anew > 0 {
            let frames = footage::kept_frames(kept, output)?.take(anew as usize);
            let checked = frames.map(|frame| match cancel.check() {
                Ok(()) => Ok(frame?),
                Err(_) => Err(Finish::Abandoned),
            });
            self.write(checked, anew)?;
        }
        match (run, self.writer.coded()) {
            (Some(run), Some(coded)) => Ok(coded.copy(run)?),
            _ => Ok(()),
        }
    }

    /// Writes exactly `count` frames: rounding of rates may leave a source a frame short, then its last is held.
    fn write(
        &mut self,
        frames: impl Iterator<Item = Result<Frame, Finish>>,
        count: u64,
    ) -> Result<(), Finish> {
        let mut frames = frames.take(count as usize);
        let (width, height) = self.size;
        let mut last: Option<Frame> = None;
        let mut written = 0;
        loop {
            let some = frames.by_ref().take(RESIZED).collect::<Result<_, _>>()?;
            let some = kinora_media::resize::cover_all(some, width, height)?;
            if some.is_empty() {
                break;
            }
            some.iter().try_for_each(|frame| self.writer.push(frame))?;
            written += some.len() as u64;
            last = some.into_iter().last();
        }
        while let Some(frame) = last.as_ref().filter(|_| written < count) {
            self.writer.push(frame)?;
            written += 1;
        }
        Ok(())
    }
}
