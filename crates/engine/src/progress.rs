//! The one channel on which work reports, and the token that stops it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kinora_media::Frame;

/// What is being done to a clip, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Loading the text encoder and reading the prompt.
    Text,
    /// Reading and encoding the pictures and clips that were given.
    Conditions,
    /// Loading the transformer and denoising.
    Denoise,
    /// Decoding latents to frames, bringing them to rate and size, encoding the file.
    Decode,
    /// Completing the file.
    Write,
}

impl Stage {
    /// One lower-case word, for messages and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Conditions => "conditions",
            Self::Denoise => "denoise",
            Self::Decode => "decode",
            Self::Write => "write",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One report.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A stage begins; it will take `of` steps (0 if unknown).
    Begin {
        stage: Stage,
        of: u64,
        /// Which clip of how many, from 1.
        variant: (usize, usize),
    },
    /// `step` of `of` steps are done; `eta` is the time that the stage's other steps will take.
    Step {
        stage: Stage,
        step: u64,
        of: u64,
        eta: Option<Duration>,
    },
    /// A stage is complete.
    End { stage: Stage, took: Duration },
    /// Something that the user should know.
    Note(String),
    /// The work so far can be resumed from this file.
    Checkpoint(PathBuf),
    /// What a clip would look like were it decoded now: a frame from the middle, at the size that is drawn. Sent only to
    /// listeners that [want it](Progress::with_previews).
    Preview(Frame),
    /// A clip is complete.
    Saved(PathBuf),
}

/// The sending end of the channel. Cheap to clone.
#[derive(Clone)]
pub struct Progress {
    listener: Arc<dyn Fn(Event) + Send + Sync>,
    previews: bool,
}

impl Progress {
    pub fn new(listener: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self {
            listener: Arc::new(listener),
            previews: false,
        }
    }

    /// Asks for [`Event::Preview`] too. They take a few hundredths of the time, memory for a second decoder, and nothing
    /// from what is drawn.
    pub fn with_previews(self) -> Self {
        Self {
            previews: true,
            ..self
        }
    }

    pub(crate) fn wants_previews(&self) -> bool {
        self.previews
    }

    /// Nobody listens.
    pub fn none() -> Self {
        Self::new(|_| {})
    }

    pub fn send(&self, event: Event) {
        (self.listener)(event);
    }

    pub fn note(&self, text: impl Into<String>) {
        self.send(Event::Note(text.into()));
    }

    /// Announces a stage.
    pub(crate) fn begin(&self, stage: Stage, of: u64, variant: (usize, usize)) -> Running {
        self.send(Event::Begin { stage, of, variant });
        Running {
            progress: self.clone(),
            stage,
            of,
            begun: Instant::now(),
            first: None,
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}

/// A stage under way.
pub(crate) struct Running {
    progress: Progress,
    stage: Stage,
    of: u64,
    begun: Instant,
    /// The first step that was told and its time: the estimate leaves out what came before it (loading).
    first: Option<(u64, Instant)>,
}

impl Running {
    pub fn step(&mut self, step: u64) {
        let now = Instant::now();
        let (from, since) = *self.first.get_or_insert((step, now));
        let eta = (step > from).then(|| {
            let each = now.duration_since(since).as_secs_f64() / (step - from) as f64;
            Duration::from_secs_f64(each * self.of.saturating_sub(step) as f64)
        });
        self.progress.send(Event::Step {
            stage: self.stage,
            step,
            of: self.of,
            eta,
        });
    }

    /// Announces the end and gives the seconds that the stage took.
    pub fn end(self) -> f64 {
        let took = self.begun.elapsed();
        let stage = self.stage;
        self.progress.send(Event::End { stage, took });
        took.as_secs_f64()
    }
}

/// Stops work from outside: from a signal, another thread, a queue. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the work to stop at its next step.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// An error if the work is to stop; checked between steps.
    pub(crate) fn check(&self) -> crate::Result<()> {
        match self.is_cancelled() {
            true => Err(crate::Error::Cancelled { checkpoint: None }),
            false => Ok(()),
        }
    }
}
