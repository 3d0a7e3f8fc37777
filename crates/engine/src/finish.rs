//! From decoded frames to the file: the asked rate, the asked size, the container.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use kinora_media::resize::Filter;
use kinora_media::{Frame, Method, Provenance, Resizer, Retime, WriterOptions, Written};

use crate::plan::Plan;
use crate::{Error, Result};

/// Frames that may wait for the writer.
const QUEUE: usize = 16;

/// Runs `decode`, which hands frames to its argument, and writes them on a second thread while it goes on.
/// The file says what `said` says of its origin.
pub(crate) fn write_while(
    plan: &Plan,
    path: &Path,
    said: Provenance,
    decode: impl FnOnce(&mut dyn FnMut(Vec<Frame>) -> Result<()>) -> Result<()>,
) -> Result<Written> {
    let (sender, receiver) = sync_channel::<Result<Frame, Abandoned>>(QUEUE);
    thread::scope(|scope| {
        let writer = scope.spawn(move || write(plan, path, said, receiver));
        let decoded = decode(&mut |frames| hand_over(&sender, frames));
        if decoded.is_err() {
            // The writer must not complete half a clip; if it is gone, there is nothing to stop.
            let _ = sender.send(Err(Abandoned));
        }
        drop(sender);
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

/// The decoder gave up.
#[derive(Debug)]
struct Abandoned;

enum Finish {
    Abandoned,
    Failed(Error),
}

impl From<kinora_media::Error> for Finish {
    fn from(error: kinora_media::Error) -> Self {
        Self::Failed(error.into())
    }
}

fn hand_over(sender: &SyncSender<Result<Frame, Abandoned>>, frames: Vec<Frame>) -> Result<()> {
    for frame in frames {
        let gone = |_| Error::Cancelled { checkpoint: None };
        sender.send(Ok(frame)).map_err(gone)?;
    }
    Ok(())
}

fn write(
    plan: &Plan,
    path: &Path,
    said: Provenance,
    frames: Receiver<Result<Frame, Abandoned>>,
) -> Result<Written, Finish> {
    let Plan { drawn, output, .. } = plan;
    let options = WriterOptions::new(output.size, output.fps).provenance(said);
    let mut writer = kinora_media::create(path, options)?;
    let mut resizer = Resizer::new(Filter::Lanczos3);
    let (width, height) = output.size;
    let mut last: Option<Frame> = None;
    let mut count = 0;
    for frame in Retime::new(frames.into_iter(), drawn.fps, output.fps, Method::Motion) {
        let frame = frame.map_err(|Abandoned| Finish::Abandoned)?;
        if count < output.frames {
            let frame = resizer.cover(&frame, width, height)?;
            writer.push(&frame)?;
            last = Some(frame);
            count += 1;
        }
    }
    // Rounding of rates may leave the clip a frame short.
    while let Some(frame) = last.as_ref().filter(|_| count < output.frames) {
        writer.push(frame)?;
        count += 1;
    }
    Ok(writer.finish()?)
}
