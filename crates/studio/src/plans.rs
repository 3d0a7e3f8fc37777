//! Plans: what a user may ask for, and what it costs.

use serde::{Deserialize, Serialize};

use crate::wire::Class;
use crate::{Error, Result};

/// A plan of the operator's. What is left out is not limited.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// Priority videos a month.
    pub videos: Option<u64>,
    /// Credits a month.
    pub credits: Option<u64>,
    /// The longest clip in seconds.
    pub seconds: Option<f64>,
    /// The largest short side in pixels: 480, 720, 1080.
    pub resolution: Option<u32>,
    /// Clips that are made at a time.
    pub concurrency: Option<u32>,
    /// Whether relaxed jobs are free; else there are none.
    pub relaxed: bool,
    /// Whether clips carry a visible mark.
    pub watermark: bool,
}

/// What is asked, as far as plans care.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub size: (u32, u32),
    pub seconds: f64,
    pub variants: u32,
    pub class: Class,
}

/// The lengths that have a price of their own, in seconds.
const LENGTHS: [u32; 4] = [5, 10, 15, 20];

/// A line of the published table.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Price {
    /// The short side: 480, 720, 1080.
    pub resolution: u32,
    /// Whether it is a square's; else it is that of wide and tall clips.
    pub square: bool,
    /// Seconds, and credits of one clip of up to that length.
    pub credits: Vec<(u32, u64)>,
}

/// What clips cost.
pub fn prices() -> Vec<Price> {
    let price = |((resolution, wide), credits): &((u32, bool), [u64; 4])| Price {
        resolution: *resolution,
        square: !wide,
        credits: LENGTHS.into_iter().zip(*credits).collect(),
    };
    CREDITS.iter().map(price).collect()
}

/// Credits of one clip by duration class (5, 10, 15, 20 s), for sizes in ascending order.
const CREDITS: [((u32, bool), [u64; 4]); 6] = [
    ((480, false), [20, 40, 60, 80]),
    ((480, true), [25, 50, 100, 150]),
    ((720, false), [30, 75, 150, 225]),
    ((720, true), [60, 180, 360, 540]),
    ((1080, false), [100, 300, 650, 1000]),
    ((1080, true), [200, 600, 1300, 2000]),
];

/// What one clip costs: portrait as wide; a duration counts as the next multiple of 5 s, beyond 20 s each begun 5 s
/// as a quarter of 20 s; any other size as the nearest class above.
pub fn credits((width, height): (u32, u32), seconds: f64) -> u64 {
    let (long, short) = (width.max(height), width.min(height));
    // 854x480 is the widest of the 480 class; a square has equal sides.
    let wide = f64::from(long) > 1.05 * f64::from(short);
    let class = match (short, long) {
        (..=480, ..=854) => 480,
        (..=720, ..=1280) => 720,
        _ => 1080,
    };
    let row = CREDITS.iter().find(|(name, _)| *name == (class, wide));
    let (_, costs) = row.expect("every class has a row");
    let fives = (seconds / 5.0 - 1e-9).ceil().max(1.0) as u64;
    match fives {
        1..=4 => costs[fives as usize - 1],
        more => costs[3] * more / 4,
    }
}

impl Plan {
    /// Refuses what the plan does not hold, whatever is left of it.
    pub fn check(&self, name: &str, asked: &Asked) -> Result<()> {
        let refuse = |what: String| Err(Error::Forbidden(format!("the plan {name} {what}")));
        if let Some(most) = self.seconds.filter(|most| asked.seconds > most + 1e-6) {
            return refuse(format!("makes clips of up to {most} s; ask for less"));
        }
        let short = asked.size.0.min(asked.size.1);
        if let Some(most) = self.resolution.filter(|most| short > *most) {
            return refuse(format!(
                "makes clips of up to {most}p; ask for a smaller size"
            ));
        }
        if asked.class == Class::Relaxed && !self.relaxed {
            return refuse("has no relaxed queue; leave `class` out, or give `priority`".into());
        }
        Ok(())
    }
}

/// The first moment of the month of `ms` and of the next, in UTC.
pub fn month(ms: i64) -> (i64, i64) {
    use jiff::civil::Date;
    use jiff::tz::TimeZone;
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    let date = at.to_zoned(TimeZone::UTC).date();
    let begin = |date: Date| {
        let zoned = date.to_zoned(TimeZone::UTC);
        zoned.map_or(ms, |zoned| zoned.timestamp().as_millisecond())
    };
    let first = date.first_of_month();
    let next = date.last_of_month().tomorrow().unwrap_or(date);
    (begin(first), begin(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_table() {
        for (size, seconds, cost) in [
            ((480, 480), 5.0, 20),
            ((854, 480), 5.0, 25),
            ((480, 854), 4.0, 25),
            ((854, 480), 5.1, 50),
            ((720, 720), 20.0, 225),
            ((1280, 720), 10.0, 180),
            ((720, 1280), 4.0, 60),
            ((1080, 1080), 15.0, 650),
            ((1920, 1080), 20.0, 2000),
            ((1024, 1792), 5.0, 200),
            ((64, 64), 1.0, 20),
            ((854, 480), 40.0, 300),
        ] {
            assert_eq!(credits(size, seconds), cost, "{size:?} {seconds} s");
        }
    }

    #[test]
    fn months_begin_on_the_first() {
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let (begin, end) = month(at("2026-12-31T23:59:59Z"));
        assert_eq!(
            (begin, end),
            (at("2026-12-01T00:00:00Z"), at("2027-01-01T00:00:00Z"))
        );
    }

    #[test]
    fn a_plan_names_what_it_does_not_hold() {
        let plan = Plan {
            seconds: Some(5.0),
            resolution: Some(720),
            ..Plan::default()
        };
        let asked = Asked {
            size: (1280, 720),
            seconds: 5.0,
            variants: 1,
            class: Class::Priority,
        };
        assert!(plan.check("Plus", &asked).is_ok());
        for (asked, word) in [
            (
                Asked {
                    seconds: 10.0,
                    ..asked
                },
                "5 s",
            ),
            (
                Asked {
                    size: (1920, 1080),
                    ..asked
                },
                "720p",
            ),
            (
                Asked {
                    class: Class::Relaxed,
                    ..asked
                },
                "relaxed",
            ),
        ] {
            let said = plan.check("Plus", &asked).unwrap_err().to_string();
            assert!(said.contains(word) && said.contains("Plus"), "{said}");
        }
    }
}
