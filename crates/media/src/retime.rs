//! From one frame rate to another, as an iterator: like the resize, a finish to frames that a model drew.

mod between;
mod flow;

use std::collections::VecDeque;

use rayon::prelude::*;

use crate::{Frame, Rational};
use between::Between;

/// Bytes of the source's frames between which is drawn at the same time: a pair of them alone keeps no more than two threads busy.
const TOGETHER: usize = 2 << 20;

/// What is shown between two frames of the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// The last frame that has begun: true to the source, but it stutters.
    Hold,
    /// A mix of both neighbours: smooth, but moving things show double.
    Blend,
    /// Both neighbours moved along the motion found between them, and mixed where they agree.
    #[default]
    Motion,
}

/// Brings frames at one rate to another.
///
/// Frame `j` of the result shows the time `j / to`. `n` frames in give `round(n · to / from)` frames out, at least one; behind
/// the start of the last frame in, it is held. `take` the number that is wanted: 41 frames at 8 fps hold 150 at 30.
///
/// Some frames are read ahead and worked on by all threads; an error of the source ends the result at once.
pub struct Retime<I> {
    source: I,
    from: Rational,
    to: Rational,
    method: Method,
    /// The source's frames from `first` on, as far as they are read.
    read: VecDeque<Frame>,
    first: u64,
    /// Whether the source has no more.
    ended: bool,
    /// Frames of the result that are made, and how many came before them.
    made: VecDeque<Frame>,
    planned: u64,
}

impl<I, E> Retime<I>
where
    I: Iterator<Item = Result<Frame, E>>,
{
    pub fn new(source: I, from: Rational, to: Rational, method: Method) -> Self {
        Self {
            source,
            from,
            to,
            method,
            read: VecDeque::new(),
            first: 0,
            ended: false,
            made: VecDeque::new(),
            planned: 0,
        }
    }

    /// The place of the next frame on the source's time: the frame before it, and the part of the way to the next, 0…1.
    fn place(&self) -> (u64, f32) {
        let den = u128::from(self.from.den()) * u128::from(self.to.num());
        let num =
            u128::from(self.planned) * u128::from(self.from.num()) * u128::from(self.to.den());
        ((num / den) as u64, ((num % den) as f64 / den as f64) as f32)
    }

    /// How many frames a source of `frames` gives.
    fn total(&self, frames: u64) -> u64 {
        let num = u128::from(frames) * u128::from(self.to.num()) * u128::from(self.from.den());
        let den = u128::from(self.to.den()) * u128::from(self.from.num());
        // Of something there is always something to show.
        (((num + den / 2) / den) as u64).max(1)
    }

    /// Pairs of frames that are worked on at the same time.
    fn pairs(&self) -> usize {
        let frame = self.read.front().map_or(1, |frame| frame.rgb().len());
        (TOGETHER / frame).clamp(1, 2 * rayon::current_num_threads())
    }

    /// Reads on until the frames from the next place on are at hand, or all there are.
    fn read_on(&mut self) -> Result<(), E> {
        let (whole, _) = self.place();
        while !self.ended && (self.first < whole || self.read.len() <= self.pairs()) {
            match self.source.next().transpose()? {
                Some(frame) => self.read.push_back(frame),
                None => self.ended = true,
            }
            // The last frame stays: it may have to be held.
            while self.first < whole && self.read.len() > 1 {
                self.read.pop_front();
                self.first += 1;
            }
        }
        Ok(())
    }

    /// The frames of the result that what is read suffices for: after which frame, and which parts of the way to the next.
    fn plan(&mut self) -> Vec<(usize, Vec<f32>)> {
        let mut plan: Vec<(usize, Vec<f32>)> = Vec::new();
        if self.read.is_empty() {
            return plan;
        }
        let last = self.first + self.read.len() as u64 - 1;
        loop {
            let (whole, part) = self.place();
            let shown = match self.ended {
                true => self.planned < self.total(last + 1),
                false => whole < last,
            };
            if !shown {
                return plan;
            }
            let after = (whole.min(last) - self.first) as usize;
            match plan.last_mut().filter(|(i, _)| *i == after) {
                Some((_, parts)) => parts.push(part),
                None => plan.push((after, vec![part])),
            }
            self.planned += 1;
        }
    }

    fn make(&mut self) -> Result<(), E> {
        self.read_on()?;
        let plan = self.plan();
        let (read, method) = (&self.read, self.method);
        let frames = plan.into_par_iter().flat_map(|(i, parts)| {
            let (earlier, later) = (&read[i], read.get(i + 1));
            between(earlier, later, &parts, method)
        });
        self.made = frames.collect::<Vec<Frame>>().into();
        Ok(())
    }
}

impl<I, E> Iterator for Retime<I>
where
    I: Iterator<Item = Result<Frame, E>>,
{
    type Item = Result<Frame, E>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.made.is_empty()
            && let Err(error) = self.make()
        {
            self.read.clear();
            self.ended = true;
            return Some(Err(error));
        }
        self.made.pop_front().map(Ok)
    }
}

/// The frames that lie these parts of the way from one frame to the next, if there is one.
fn between(earlier: &Frame, later: Option<&Frame>, parts: &[f32], method: Method) -> Vec<Frame> {
    let later = later.filter(|later| method != Method::Hold && later.size() == earlier.size());
    let Some(later) = later else {
        return vec![earlier.clone(); parts.len()];
    };
    let moves = method == Method::Motion && parts.iter().any(|part| *part > 0.0);
    let motion = moves.then(|| Between::find(earlier, later));
    let draw = |part: &f32| match &motion {
        _ if *part == 0.0 => earlier.clone(),
        Some(motion) => motion.draw(earlier, later, *part),
        None => blend(earlier, later, *part),
    };
    parts.par_iter().map(draw).collect()
}

/// The mix of two frames of one size, `part` of the way from `a` to `b`.
fn blend(a: &Frame, b: &Frame, part: f32) -> Frame {
    let weight = (part * 256.0).round() as u32;
    let mut out = a.clone();
    for (mixed, later) in out.rgb_mut().iter_mut().zip(b.rgb()) {
        let sum = u32::from(*mixed) * (256 - weight) + u32::from(*later) * weight;
        *mixed = ((sum + 128) >> 8) as u8;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn shades(count: u8) -> impl Iterator<Item = Result<Frame, Infallible>> {
        (0..count).map(|i| Ok(Frame::filled(16, 16, [i.wrapping_mul(10); 3]).unwrap()))
    }

    fn run(count: u8, from: (u32, u32), to: (u32, u32), method: Method) -> Vec<u8> {
        let rate = |(num, den)| Rational::new(num, den).unwrap();
        Retime::new(shades(count), rate(from), rate(to), method)
            .map(|frame| frame.unwrap().pixel(3, 3)[0])
            .collect()
    }

    #[test]
    fn the_number_of_frames_follows_the_rates() {
        assert_eq!(run(8, (8, 1), (30, 1), Method::Hold).len(), 30);
        assert_eq!(run(41, (8, 1), (30, 1), Method::Hold).len(), 154);
        assert_eq!(run(24, (24, 1), (24000, 1001), Method::Hold).len(), 24);
        assert_eq!(run(60, (30, 1), (8, 1), Method::Hold).len(), 16);
        assert_eq!(run(1, (8, 1), (30, 1), Method::Motion).len(), 4);
        assert_eq!(run(0, (8, 1), (30, 1), Method::Motion).len(), 0);
    }

    #[test]
    fn equal_rates_change_nothing() {
        for method in [Method::Hold, Method::Blend, Method::Motion] {
            assert_eq!(run(4, (30, 1), (30, 1), method), [0, 10, 20, 30]);
        }
    }

    #[test]
    fn hold_repeats_and_blend_mixes() {
        assert_eq!(
            run(3, (10, 1), (20, 1), Method::Hold),
            [0, 0, 10, 10, 20, 20]
        );
        assert_eq!(
            run(3, (10, 1), (20, 1), Method::Blend),
            [0, 5, 10, 15, 20, 20]
        );
    }

    #[test]
    fn an_error_of_the_source_ends_the_result() {
        let source = vec![Ok(Frame::filled(4, 4, [0; 3]).unwrap()), Err("lost")];
        let rate = Rational::new(1, 1).unwrap();
        let mut out = Retime::new(source.into_iter(), rate, rate, Method::Hold);
        assert_eq!(out.next().unwrap().unwrap_err(), "lost");
        assert!(out.next().is_none());
    }
}
