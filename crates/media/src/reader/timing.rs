//! The frame rate behind a list of times.

use crate::Rational;

/// The rate, and whether every frame keeps to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Timing {
    pub fps: Rational,
    pub constant: bool,
}

impl Timing {
    /// From the ticks at which frames begin, rising, the tick at which the last one ends, and the clock's ticks a second.
    ///
    /// `None` if that gives no rate. Coarse clocks round: 30 fps in hundredths of a second are 3, 4, 3 ticks. Times
    /// that lie within a tick of an even pace are taken for that pace, common rates first.
    pub fn of(begins: &[i64], end: i64, clock: u32) -> Option<Self> {
        let first = *begins.first()?;
        let total = end.checked_sub(first).filter(|total| *total > 0)?;
        let count = u32::try_from(begins.len()).ok()?;
        let step = begins.get(1).map_or(total, |second| second - first);
        let even = |i: usize| first.checked_add(step.checked_mul(i as i64)?);
        let exact = begins
            .iter()
            .enumerate()
            .all(|(i, at)| even(i) == Some(*at))
            && even(begins.len()) == Some(end);
        if exact {
            let step = u32::try_from(step).ok()?;
            return Some(Self {
                fps: Rational::new(clock, step).ok()?,
                constant: true,
            });
        }
        let mean = f64::from(count) * f64::from(clock) / total as f64;
        let mut common: Vec<_> = COMMON
            .iter()
            .filter_map(|(num, den)| Rational::new(*num, *den).ok())
            .filter(|fps| (fps.as_f64() / mean - 1.0).abs() < 0.05)
            .collect();
        common.sort_by(|a, b| {
            let distance = |fps: &Rational| (fps.as_f64() - mean).abs();
            distance(a).total_cmp(&distance(b))
        });
        let keeps = |fps: f64| {
            begins.iter().enumerate().all(|(i, at)| {
                let ideal = i as f64 * f64::from(clock) / fps;
                ((at - first) as f64 - ideal).abs() <= 1.0
            })
        };
        if let Some(fps) = common.into_iter().find(|fps| keeps(fps.as_f64())) {
            return Some(Self {
                fps,
                constant: true,
            });
        }
        Some(Self {
            fps: Rational::from_f64(mean.clamp(0.01, 1000.0)).ok()?,
            constant: keeps(mean),
        })
    }
}

const COMMON: [(u32, u32); 16] = [
    (1, 1),
    (2, 1),
    (4, 1),
    (5, 1),
    (6, 1),
    (8, 1),
    (10, 1),
    (12, 1),
    (15, 1),
    (20, 1),
    (24, 1),
    (24000, 1001),
    (25, 1),
    (30, 1),
    (30000, 1001),
    (60, 1),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(num: u32, den: u32) -> Rational {
        Rational::new(num, den).unwrap()
    }

    #[test]
    fn exact_clocks_give_exact_rates() {
        let begins: Vec<_> = (0..100).map(|i| 50 + i * 1001).collect();
        let timing = Timing::of(&begins, 50 + 100 * 1001, 24000).unwrap();
        assert_eq!(
            timing,
            Timing {
                fps: rate(24000, 1001),
                constant: true
            }
        );
    }

    #[test]
    fn rounded_times_are_seen_through() {
        for (fps, clock) in [
            (30.0, 100),
            (24.0, 1000),
            (24000.0 / 1001.0, 90000),
            (8.0, 100),
        ] {
            let at = |i: i64| (i as f64 * f64::from(clock) / fps).round() as i64;
            let begins: Vec<_> = (0..90).map(at).collect();
            let timing = Timing::of(&begins, at(90), clock).unwrap();
            assert!(timing.constant, "{fps} {timing:?}");
            assert!((timing.fps.as_f64() - fps).abs() < 1e-4, "{fps} {timing:?}");
        }
    }

    #[test]
    fn uneven_times_are_told() {
        let timing = Timing::of(&[0, 100, 600], 1000, 1000).unwrap();
        assert!(!timing.constant);
        assert_eq!(timing.fps, rate(3, 1));
        assert!(Timing::of(&[], 5, 100).is_none());
        assert!(Timing::of(&[0], 0, 100).is_none());
    }
}
