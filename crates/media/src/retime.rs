//! From one frame rate to another, as an iterator: like the resize, a finish to frames that a model drew.

mod between;
mod flow;

use crate::{Frame, Rational};
use between::Between;

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
pub struct Retime<I> {
    source: I,
    from: Rational,
    to: Rational,
    method: Method,
    /// The neighbours of the time to be shown; `later` is `None` behind the last frame.
    earlier: Option<Frame>,
    later: Option<Frame>,
    /// The motion from `earlier` to `later`, once needed.
    between: Option<Between>,
    /// The index of `earlier` in the source.
    index: u64,
    emitted: u64,
    begun: bool,
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
            earlier: None,
            later: None,
            between: None,
            index: 0,
            emitted: 0,
            begun: false,
        }
    }

    /// The place of the next frame on the source's time: the frame before it, and the part of the way to the next, 0…1.
    fn place(&self) -> (u64, f32) {
        let den = u128::from(self.from.den()) * u128::from(self.to.num());
        let num =
            u128::from(self.emitted) * u128::from(self.from.num()) * u128::from(self.to.den());
        ((num / den) as u64, ((num % den) as f64 / den as f64) as f32)
    }

    /// How many frames a source of `frames` gives.
    fn total(&self, frames: u64) -> u64 {
        let num = u128::from(frames) * u128::from(self.to.num()) * u128::from(self.from.den());
        let den = u128::from(self.to.den()) * u128::from(self.from.num());
        // Of something there is always something to show.
        (((num + den / 2) / den) as u64).max(1)
    }

    /// Moves on until `earlier` is frame `whole` of the source, or its last.
    fn advance_to(&mut self, whole: u64) -> Result<(), E> {
        if !self.begun {
            self.begun = true;
            self.earlier = self.source.next().transpose()?;
            self.later = self.source.next().transpose()?;
        }
        while self.index < whole && self.later.is_some() {
            self.earlier = self.later.take();
            self.between = None;
            self.index += 1;
            self.later = self.source.next().transpose()?;
        }
        Ok(())
    }
}

impl<I, E> Iterator for Retime<I>
where
    I: Iterator<Item = Result<Frame, E>>,
{
    type Item = Result<Frame, E>;

    fn next(&mut self) -> Option<Self::Item> {
        let (whole, part) = self.place();
        if let Err(error) = self.advance_to(whole) {
            self.earlier = None;
            return Some(Err(error));
        }
        let earlier = self.earlier.as_ref()?;
        let Some(later) = &self.later else {
            if self.emitted >= self.total(self.index + 1) {
                return None;
            }
            self.emitted += 1;
            return Some(Ok(earlier.clone()));
        };
        self.emitted += 1;
        if part == 0.0 || self.method == Method::Hold || earlier.size() != later.size() {
            return Some(Ok(earlier.clone()));
        }
        Some(Ok(match self.method {
            Method::Hold => earlier.clone(),
            Method::Blend => blend(earlier, later, part),
            Method::Motion => self
                .between
                .get_or_insert_with(|| Between::find(earlier, later))
                .draw(earlier, later, part),
        }))
    }
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
