//! Where drawing meets kept footage: the autoencoder's error there fades out, so that no seam is seen.
//!
//! A drawn span begins with kept frames in latents, and ends with such. Decoded again they are a little off: softer, or
//! of another shade. That error, the kept frame less its own decoded picture, is added to the drawn frames beside
//! it, less and less over a second, and only where they still show what it showed: an error left behind by something that
//! moved on would be its ghost. Nothing of the kept picture is mixed in, only what coding took from it.

use std::collections::VecDeque;

use kinora_media::Frame;

/// A frame as it is, and where it lies among the native ones.
pub(crate) struct Truth {
    pub index: usize,
    pub frame: Frame,
}

/// What coding took from a kept frame.
struct Loss {
    index: usize,
    /// The frame as it came out of the decoder.
    drawn: Frame,
    /// What it lacks, a value for each of its own.
    error: Vec<i16>,
}

/// A value that changed by this much shows something else.
const MOVED: f32 = 128.0;

/// Native frames with the error at their ends faded out.
pub(crate) struct Eased<I> {
    source: I,
    /// Frames over which an error fades.
    over: usize,
    before: Option<Truth>,
    after: Option<Truth>,
    /// At the beginning.
    begun: Option<Loss>,
    /// Frames that wait for the error at the end.
    waiting: VecDeque<(usize, Frame)>,
    ended: Option<Loss>,
    index: usize,
}

impl<I, E> Eased<I>
where
    I: Iterator<Item = Result<Frame, E>>,
{
    pub fn new(source: I, over: usize, before: Option<Truth>, after: Option<Truth>) -> Self {
        Self {
            source,
            over,
            before,
            after,
            begun: None,
            waiting: VecDeque::new(),
            ended: None,
            index: 0,
        }
    }

    /// The next frame with the error of the beginning taken out.
    fn take(&mut self) -> Option<Result<(usize, Frame), E>> {
        let mut frame = match self.source.next()? {
            Ok(frame) => frame,
            Err(error) => return Some(Err(error)),
        };
        let index = self.index;
        self.index += 1;
        if let Some(truth) = self.before.take_if(|truth| truth.index == index) {
            self.begun = Loss::of(index, &frame, &truth.frame);
        }
        if let Some(truth) = self.after.as_ref().filter(|truth| truth.index == index) {
            self.ended = Loss::of(index, &frame, &truth.frame);
            self.after = None;
        }
        if let Some(loss) = &self.begun {
            loss.make_good(&mut frame, self.share(index - loss.index));
        }
        Some(Ok((index, frame)))
    }

    /// How much of an error is taken out of a frame so far from it.
    fn share(&self, distance: usize) -> f32 {
        (1.0 - distance as f32 / (self.over + 1) as f32).max(0.0)
    }
}

impl<I, E> Iterator for Eased<I>
where
    I: Iterator<Item = Result<Frame, E>>,
{
    type Item = Result<Frame, E>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let waits = self.after.as_ref().is_some_and(|truth| {
                let next = self.waiting.front().map_or(self.index, |(index, _)| *index);
                next + self.over >= truth.index
            });
            if !waits && let Some((index, mut frame)) = self.waiting.pop_front() {
                if let Some(loss) = &self.ended {
                    loss.make_good(&mut frame, self.share(loss.index.abs_diff(index)));
                }
                return Some(Ok(frame));
            }
            match self.take() {
                Some(Ok(frame)) => self.waiting.push_back(frame),
                Some(Err(error)) => return Some(Err(error)),
                None if self.waiting.is_empty() => return None,
                // The end never came: there is nothing to wait for.
                None => self.after = None,
            }
        }
    }
}

impl Loss {
    fn of(index: usize, drawn: &Frame, truth: &Frame) -> Option<Self> {
        let pairs = drawn.rgb().iter().zip(truth.rgb());
        let error = pairs.map(|(d, t)| i16::from(*t) - i16::from(*d)).collect();
        (drawn.size() == truth.size()).then(|| Self {
            index,
            drawn: drawn.clone(),
            error,
        })
    }

    /// Adds a share of the error, less where the frame has changed since.
    fn make_good(&self, frame: &mut Frame, share: f32) {
        if share <= 0.0 {
            return;
        }
        let pixels = frame.rgb_mut().chunks_exact_mut(3);
        let (drawn, errors) = (self.drawn.rgb().chunks_exact(3), self.error.chunks_exact(3));
        for ((pixel, drawn), error) in pixels.zip(drawn).zip(errors) {
            let changes = pixel.iter().zip(drawn).map(|(a, b)| a.abs_diff(*b));
            let moved = f32::from(changes.max().unwrap_or(0));
            let share = share * (1.0 - moved / MOVED).max(0.0);
            for (value, error) in pixel.iter_mut().zip(error) {
                let better = f32::from(*value) + f32::from(*error) * share;
                *value = better.round().clamp(0.0, 255.0) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn shade(value: u8) -> Frame {
        Frame::filled(4, 4, [value; 3]).unwrap()
    }

    fn ease(before: Option<(usize, u8)>, after: Option<(usize, u8)>) -> Vec<u8> {
        let source = (0..12).map(|_| Ok::<_, Infallible>(shade(100)));
        let truth = |(index, value)| Truth {
            index,
            frame: shade(value),
        };
        let eased = Eased::new(source, 3, before.map(truth), after.map(truth));
        eased.map(|frame| frame.unwrap().pixel(1, 1)[0]).collect()
    }

    #[test]
    fn an_error_is_gone_at_its_frame_and_fades_from_there() {
        let begun = ease(Some((2, 140)), None);
        assert_eq!(
            begun,
            [100, 100, 140, 130, 120, 110, 100, 100, 100, 100, 100, 100]
        );
        let ended = ease(None, Some((9, 60)));
        assert_eq!(
            ended,
            [100, 100, 100, 100, 100, 100, 90, 80, 70, 60, 70, 80]
        );
        let both = ease(Some((0, 120)), Some((11, 80)));
        assert_eq!(
            both,
            [120, 115, 110, 105, 100, 100, 100, 100, 95, 90, 85, 80]
        );
        assert_eq!(ease(None, Some((40, 0))), [100; 12]);
    }

    #[test]
    fn what_moved_on_leaves_no_ghost() {
        let values = [100, 100, 164, 228];
        let source = values.map(|value| Ok::<_, Infallible>(shade(value)));
        let truth = Truth {
            index: 0,
            frame: shade(140),
        };
        let eased = Eased::new(source.into_iter(), 3, Some(truth), None);
        let shown: Vec<u8> = eased.map(|frame| frame.unwrap().pixel(1, 1)[0]).collect();
        // Half as far as what counts as moved: half of what would be added. Further: nothing.
        assert_eq!(shown, [140, 130, 174, 228]);
    }
}
