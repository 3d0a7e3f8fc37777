//! Time within the autoencoder: a clip passes whole, or chunk by chunk with the same result.
//!
//! Only three things in the networks see more than one frame: a convolution's kernel, the grouping
//! of frames before they become channels, and the skip around both. Each visits the [`Flow`] in a
//! fixed order, so a counter is all it takes to find its state again when the next chunk comes. A
//! whole clip is one chunk that is both the first and the last.

use candle_core::Tensor;

use super::Noise;
use crate::{Error, Result};

/// Position of the time axis, (b, t, h, w, c).
const TIME: usize = 1;

/// How a convolution fills the frames that it lacks: with copies of the first one, or of the first
/// and the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    Causal,
    Centered,
}

/// Extent of a convolution along time.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub kernel: usize,
    pub stride: usize,
    pub padding: Padding,
}

/// States of all layers between two chunks.
pub struct Flow {
    states: Vec<State>,
    cursor: usize,
    last: bool,
}

/// A place in [`Flow`] that holds frames until another path has caught up.
pub struct Held(usize);

#[derive(Default)]
struct State {
    started: bool,
    frames: Option<Tensor>,
}

impl Flow {
    pub fn new() -> Self {
        Self {
            states: Vec::new(),
            cursor: 0,
            last: false,
        }
    }

    /// Before each chunk; `last` ends the clip.
    pub fn begin(&mut self, last: bool) {
        self.cursor = 0;
        self.last = last;
    }

    /// Whether these are the clip's last frames.
    pub fn is_last(&self) -> bool {
        self.last
    }

    /// Where the next layer's state lies, for [`Flow::resume`].
    pub fn place(&self) -> usize {
        self.cursor
    }

    /// Before each part of a chunk whose parts go on one by one from `place`; `last` ends the clip.
    pub fn resume(&mut self, place: usize, last: bool) {
        self.cursor = place;
        self.last = last;
    }

    /// What a convolution over `window` can work on now: the frames left over from before, these,
    /// and at the clip's ends their copies, part by part. `None` as long as they do not fill one window.
    pub fn window(&mut self, x: &Tensor, window: Window) -> Result<Option<Vec<Tensor>>> {
        let Window {
            kernel,
            stride,
            padding,
        } = window;
        let last = self.last;
        let state = self.visit();
        let mut parts = Vec::new();
        let (before, after) = match padding {
            Padding::Causal => (kernel - 1, 0),
            Padding::Centered => ((kernel - 1) / 2, (kernel - 1) / 2),
        };
        if !state.started {
            parts.extend(vec![x.narrow(TIME, 0, 1)?; before]);
        }
        parts.extend(state.frames.take());
        parts.push(x.clone());
        if last {
            parts.extend(vec![x.narrow(TIME, x.dim(TIME)? - 1, 1)?; after]);
        }
        state.started = true;
        let mut have = 0;
        for part in &parts {
            have += part.dim(TIME)?;
        }
        if have < kernel && last {
            return Err(odd_length());
        }
        if have < kernel {
            state.frames = Some(join(parts)?);
            return Ok(None);
        }
        let used = ((have - kernel) / stride + 1) * stride;
        if !last {
            state.frames = tail(&parts, have.saturating_sub(used))?;
        }
        Ok(Some(parts))
    }

    /// Whether the next layer gets a clip of a single frame. All that it would pad it with are copies
    /// of that frame.
    pub fn is_still(&self, x: &Tensor) -> Result<bool> {
        let started = self
            .states
            .get(self.cursor)
            .is_some_and(|state| state.started);
        Ok(self.last && !started && x.dim(TIME)? == 1)
    }

    /// Puts a copy of the clip's first `n` frames before it.
    pub fn lead(&mut self, x: &Tensor, n: usize) -> Result<Tensor> {
        let state = self.visit();
        if std::mem::replace(&mut state.started, true) || n == 0 {
            return Ok(x.clone());
        }
        let copy = x.narrow(TIME, 0, n.min(x.dim(TIME)?))?;
        join(vec![copy, x.clone()])
    }

    /// Frames in whole groups of `size`; the rest waits for the next chunk.
    pub fn groups(&mut self, x: &Tensor, size: usize) -> Result<Option<Tensor>> {
        let last = self.last;
        let state = self.visit();
        let mut parts = Vec::from_iter(state.frames.take());
        parts.push(x.clone());
        let frames = join(parts)?;
        let have = frames.dim(TIME)?;
        let whole = have - have % size;
        if last && whole != have {
            return Err(odd_length());
        }
        state.frames = keep_from(&frames, whole)?;
        match whole {
            0 => Ok(None),
            _ => Ok(Some(frames.narrow(TIME, 0, whole)?)),
        }
    }

    /// All but the clip's first `n` frames (`n` less than a chunk's).
    pub fn skip(&mut self, x: Tensor, n: usize) -> Result<Option<Tensor>> {
        let state = self.visit();
        if std::mem::replace(&mut state.started, true) || n == 0 {
            return Ok(Some(x));
        }
        match x.dim(TIME)? - n {
            0 => Ok(None),
            rest => Ok(Some(x.narrow(TIME, n, rest)?)),
        }
    }

    /// Puts frames aside for [`Flow::release`].
    pub fn hold(&mut self, x: &Tensor) -> Result<Held> {
        let slot = self.cursor;
        let state = self.visit();
        let mut parts = Vec::from_iter(state.frames.take());
        parts.push(x.clone());
        state.frames = Some(join(parts)?);
        Ok(Held(slot))
    }

    /// The oldest `n` frames put aside.
    pub fn release(&mut self, held: Held, n: usize) -> Result<Tensor> {
        let state = &mut self.states[held.0];
        let frames = state.frames.take();
        let frames = frames.expect("a path that yields frames was fed at least as many");
        state.frames = keep_from(&frames, n)?;
        Ok(frames.narrow(TIME, 0, n)?)
    }

    /// Noise of shape (h, w), drawn with the first chunk and the same for the whole clip.
    pub fn noise(&mut self, shape: [usize; 2], draw: &mut Noise) -> Result<Tensor> {
        let state = self.visit();
        if state.frames.is_none() {
            state.frames = Some(draw(&shape)?);
        }
        Ok(state.frames.clone().expect("drawn above"))
    }

    fn visit(&mut self) -> &mut State {
        if self.cursor == self.states.len() {
            self.states.push(State::default());
        }
        self.cursor += 1;
        &mut self.states[self.cursor - 1]
    }
}

fn odd_length() -> Error {
    Error::input(
        "the clip's number of frames does not fit the autoencoder",
        "give a multiple of its temporal ratio, plus one",
    )
}

fn join(mut parts: Vec<Tensor>) -> Result<Tensor> {
    match parts.len() {
        1 => Ok(parts.remove(0)),
        _ => Ok(Tensor::cat(&parts, TIME)?),
    }
}

/// A copy of the last `n` frames of all parts together.
fn tail(parts: &[Tensor], n: usize) -> Result<Option<Tensor>> {
    let mut missing = n;
    let mut kept = Vec::new();
    for part in parts.iter().rev() {
        let have = part.dim(TIME)?;
        let count = have.min(missing);
        if count > 0 {
            kept.push(part.narrow(TIME, have - count, count)?);
        }
        missing -= count;
    }
    kept.reverse();
    match kept.is_empty() {
        true => Ok(None),
        false => Ok(Some(join(kept)?.force_contiguous()?)),
    }
}

/// A copy of the frames from `start` on, so that the chunk itself is not kept alive.
fn keep_from(frames: &Tensor, start: usize) -> Result<Option<Tensor>> {
    match frames.dim(TIME)?.saturating_sub(start) {
        0 => Ok(None),
        rest => Ok(Some(frames.narrow(TIME, start, rest)?.force_contiguous()?)),
    }
}
