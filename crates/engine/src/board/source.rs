//! Footage that a drawing begins from, and how much of it stays.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::number;

/// Footage under the timeline: where it lies, the drawing starts from it instead of from noise alone. Where several
/// lie over each other, they start it mixed by weight, in the model's own latents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub clip: PathBuf,
    /// Seconds from the board's beginning.
    #[serde(default)]
    pub at: f64,
    /// Seconds of the file at which the part begins and ends.
    #[serde(default, rename = "in")]
    pub from: f64,
    #[serde(rename = "out")]
    pub to: f64,
    /// How much is made anew.
    #[serde(default)]
    pub strength: Strength,
    /// Its share over the seconds since `at`, where other footage lies beside it.
    #[serde(default = "Curve::one", skip_serializing_if = "Curve::is_one")]
    pub weight: Curve,
    /// SHA-256 of the file when it was first read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// How much of given footage is made anew: 0 nothing, 1 all of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Strength {
    /// Surfaces and light.
    Subtle,
    /// Who and what; motion and layout stay.
    #[default]
    Mild,
    /// Nearly all; the composition shines through.
    Strong,
    /// 0–1.
    Custom(f64),
}

impl Strength {
    /// The part of the model's steps that are done, 0–1.
    pub fn value(self) -> f64 {
        match self {
            Self::Subtle => 0.12,
            Self::Mild => 0.25,
            Self::Strong => 0.5,
            Self::Custom(value) => value,
        }
    }
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subtle => f.write_str("subtle"),
            Self::Mild => f.write_str("mild"),
            Self::Strong => f.write_str("strong"),
            Self::Custom(value) => write!(f, "{value}"),
        }
    }
}

/// Reads `subtle`, `mild`, `strong` or a number from 0 to 1.
impl FromStr for Strength {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "subtle" => Ok(Self::Subtle),
            "mild" => Ok(Self::Mild),
            "strong" => Ok(Self::Strong),
            _ => {
                let number = text.parse().ok().filter(|n| (0.0..=1.0).contains(n));
                number.map(Self::Custom).ok_or_else(|| {
                    format!("`{text}` is not a strength; give subtle, mild, strong or 0 to 1")
                })
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrWord {
    Number(f64),
    Word(String),
}

impl<'de> Deserialize<'de> for Strength {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = match NumberOrWord::deserialize(from)? {
            NumberOrWord::Number(number) => number.to_string(),
            NumberOrWord::Word(word) => word,
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Strength {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Custom(value) => to.serialize_f64(*value),
            named => to.serialize_str(&named.to_string()),
        }
    }
}

/// A weight over time: straight lines between points, level before the first and behind the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<(f64, f64)>", into = "Vec<(f64, f64)>")]
pub struct Curve(Vec<(f64, f64)>);

impl Curve {
    /// From (seconds, weight 0–1), in order of time.
    pub fn new(points: Vec<(f64, f64)>) -> Result<Self, String> {
        if points.is_empty() {
            return Err("a curve needs at least one point".into());
        }
        let good = |(t, w): &(f64, f64)| t.is_finite() && *t >= 0.0 && (0.0..=1.0).contains(w);
        if let Some((t, w)) = points.iter().find(|point| !good(point)) {
            return Err(format!(
                "the point {}:{} of the curve; give seconds from 0 on, and a weight of 0 to 1",
                number(*t),
                number(*w)
            ));
        }
        match points.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
            Some(pair) => Err(format!(
                "the curve's points must be in order of time, but {} s comes after {} s",
                number(pair[1].0),
                number(pair[0].0)
            )),
            None => Ok(Self(points)),
        }
    }

    /// 1 throughout.
    pub fn one() -> Self {
        Self(vec![(0.0, 1.0)])
    }

    pub fn is_one(&self) -> bool {
        self.0.iter().all(|(_, weight)| *weight == 1.0)
    }

    /// The weight at a time in seconds.
    pub fn at(&self, time: f64) -> f64 {
        let after = self.0.iter().position(|(t, _)| *t > time);
        match after {
            Some(0) => self.0[0].1,
            Some(i) => {
                let ((t0, w0), (t1, w1)) = (self.0[i - 1], self.0[i]);
                w0 + (w1 - w0) * (time - t0) / (t1 - t0)
            }
            None => self.0[self.0.len() - 1].1,
        }
    }

    /// What is left to the other of two: 1 − weight.
    pub fn rest(&self) -> Self {
        Self(self.0.iter().map(|(t, w)| (*t, 1.0 - w)).collect())
    }

    pub fn points(&self) -> &[(f64, f64)] {
        &self.0
    }

    /// The time of the last point.
    pub fn end(&self) -> f64 {
        self.0[self.0.len() - 1].0
    }
}

impl TryFrom<Vec<(f64, f64)>> for Curve {
    type Error = String;

    fn try_from(points: Vec<(f64, f64)>) -> Result<Self, String> {
        Self::new(points)
    }
}

impl From<Curve> for Vec<(f64, f64)> {
    fn from(curve: Curve) -> Self {
        curve.0
    }
}

/// Reads `0:0,2.5:1`: seconds and weights.
impl FromStr for Curve {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let point = |part: &str| {
            let (time, weight) = part.split_once(':')?;
            Some((time.trim().parse().ok()?, weight.trim().parse().ok()?))
        };
        let points: Option<Vec<(f64, f64)>> = text.split(',').map(point).collect();
        let points = points.ok_or_else(|| {
            format!("`{text}` is not a curve; give seconds:weight pairs, for instance 0:0,2.5:1")
        })?;
        Self::new(points)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_straight_between_its_points_and_level_outside() {
        let curve: Curve = "1:0.5, 2:1,4:0".parse().unwrap();
        for (time, weight) in [(0.0, 0.5), (1.5, 0.75), (2.0, 1.0), (3.0, 0.5), (9.0, 0.0)] {
            assert_eq!(curve.at(time), weight, "{time}");
            assert_eq!(curve.rest().at(time), 1.0 - weight);
        }
        for bad in ["", "1", "1:2", "-1:0", "2:0,1:1", "1:0,1:1", "a:b", "nan:0"] {
            assert!(bad.parse::<Curve>().is_err(), "{bad}");
        }
    }

    #[test]
    fn strengths_rise_and_are_read_by_name_and_number() {
        let all = [Strength::Subtle, Strength::Mild, Strength::Strong];
        assert!(all.windows(2).all(|pair| pair[0].value() < pair[1].value()));
        for strength in all.into_iter().chain([Strength::Custom(0.25)]) {
            assert_eq!(strength.to_string().parse(), Ok(strength));
        }
        assert!("1.5".parse::<Strength>().is_err());
    }
}
