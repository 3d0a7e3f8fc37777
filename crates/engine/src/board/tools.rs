//! Boards that are built for the user, one function a tool. Each reads the clips' facts and nothing else; the work is
//! [`Plan::resolve`](crate::Plan::resolve)'s and [`generate`](fn@crate::generate)'s, as for any board.
//!
//! Everywhere: times are seconds of the clip; the result has the first clip's size and rate unless the board is told
//! otherwise afterwards; a prompt of `None` takes over what the clip's sidecar says was asked for.

mod recut;

use std::path::{Path, PathBuf};
use std::str::FromStr;

pub use recut::{Part, recut};

use super::{Board, Card, Curve, Source, Strength};
use crate::footage::Facts;
use crate::plan::limits::{BOARD_SECONDS, within};
use crate::sidecar;
use crate::text::number;
use crate::{Error, Result};

/// How long two clips lie over each other, where no curve says.
const BLEND_SECONDS: f64 = 3.0;
/// How much of the footage within a blend is made anew.
const BLEND_STRENGTH: f64 = 0.3;

/// A clip with `before` and `after` seconds drawn around it.
pub fn extend(clip: &Path, before: f64, after: f64, prompt: Option<&str>) -> Result<Board> {
    for (name, seconds) in [("--before", before), ("--after", after)] {
        within(name, seconds, &(0.0..=*BOARD_SECONDS.end()), "s")?;
    }
    let footage = Footage::of(clip)?;
    let (before, after) = (footage.whole(before), footage.whole(after));
    // Less than half a frame is nothing, too.
    if before + after == 0.0 {
        return Err(Error::request(
            "nothing is to be added",
            "give seconds to add with --before or --after",
        ));
    }
    let board = footage.board("extend", before + footage.seconds + after, prompt);
    Ok(board.with_card(footage.part(before, (0.0, footage.seconds))))
}

/// A clip drawn again under other words; outside of `range` it stays as it is.
pub fn remix(
    clip: &Path,
    prompt: &str,
    strength: Strength,
    range: Option<(f64, f64)>,
) -> Result<Board> {
    let footage = Footage::of(clip)?;
    let (from, to) = footage.range(range.unwrap_or((0.0, footage.seconds)))?;
    let mut board = footage.board("remix", footage.seconds, Some(prompt));
    let kept = [(0.0, from), (to, footage.seconds)];
    let kept = kept.iter().filter(|(from, to)| from < to);
    board.cards = kept
        .map(|&(from, to)| footage.part(from, (from, to)))
        .collect();
    board.sources = vec![footage.source(from, (from, to), strength, Curve::one())];
    Ok(board)
}

/// How strongly the second clip of a blend shows over time.
#[derive(Debug, Clone, PartialEq)]
pub enum Blending {
    /// From the first clip to the second.
    Transition,
    /// Both at once, in the middle in equal parts.
    Mix,
    /// The first clip throughout, with something of the second in the middle.
    Sample,
    /// The second clip's share over the seconds that they lie over each other.
    Curve(Curve),
}

impl Blending {
    /// The second clip's share over the time that they lie over each other; `longest` is what the clips allow.
    fn curve(&self, longest: f64) -> Result<Curve> {
        let length = BLEND_SECONDS.min(longest);
        let points = match self {
            Self::Transition => vec![(0.0, 0.0), (length, 1.0)],
            Self::Mix => vec![
                (0.0, 0.0),
                (length * 0.25, 0.5),
                (length * 0.75, 0.5),
                (length, 1.0),
            ],
            Self::Sample => vec![(0.0, 0.0), (length * 0.5, 0.6), (length, 0.0)],
            Self::Curve(curve) => curve.points().to_vec(),
        };
        let curve = Curve::new(points).map_err(|what| Error::request(what, "correct the curve"))?;
        match curve.end() {
            end if end <= 0.0 => Err(Error::request(
                "the curve lasts no time",
                "give at least two points, for instance 0:0,2.5:1",
            )),
            end if end > longest + 1e-6 => Err(Error::request(
                format!(
                    "the curve lasts {} s, the clips lie over each other for at most {} s",
                    number(end),
                    number(longest)
                ),
                "give a shorter curve",
            )),
            _ => Ok(curve),
        }
    }
}

/// Reads `transition`, `mix` or `sample`.
impl FromStr for Blending {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "transition" => Ok(Self::Transition),
            "mix" => Ok(Self::Mix),
            "sample" => Ok(Self::Sample),
            _ => Err(format!(
                "`{text}` is not a blend; give transition, mix or sample"
            )),
        }
    }
}

/// The end of one clip drawn into the beginning of another (of a sample: back into the first). Outside of that time
/// both stay as they are.
pub fn blend(a: &Path, b: &Path, blending: &Blending, prompt: Option<&str>) -> Result<Board> {
    let (first, second) = (Footage::of(a)?, Footage::of(b)?);
    let curve = blending.curve(first.seconds.min(second.seconds))?;
    let length = first.whole(curve.end()).min(first.seconds);
    let returns = curve.at(curve.end()) < 0.5;
    // Where the blend leads back to the first clip, it lies in its middle.
    let begin = match returns {
        true => first.whole((first.seconds - length) / 2.0),
        false => first.seconds - length,
    };
    let end = begin + length;
    let rest = match returns {
        true => first.seconds - end,
        false => (second.seconds - length).max(0.0),
    };
    let mut board = first.board("blend", end + rest, Some(prompt.unwrap_or_default()));
    if prompt.is_none() {
        // Each clip's own words hold where it is the stronger; where both show alike for long, so do both.
        let words = |footage: &Footage| footage.prompt().filter(|text| !text.trim().is_empty());
        let mut said = vec![(0.0, words(&first))];
        match together(&curve) {
            _ if returns => {}
            Some((from, to)) => {
                let both = words(&first).zip(words(&second));
                let both = both.map(|(one, other)| super::joined(&one, Some(&other)));
                said.extend([(begin + from, both), (begin + to, words(&second))]);
            }
            None => said.push((begin + middle(&curve), words(&second))),
        }
        let said = said.into_iter().filter_map(|(at, text)| Some((at, text?)));
        board.cards = said.map(|(at, text)| Card::text(at, text)).collect();
    }
    if begin > 0.0 {
        board.cards.push(first.part(0.0, (0.0, begin)));
    }
    if rest > 0.0 {
        board.cards.push(match returns {
            true => first.part(end, (end, first.seconds)),
            false => second.part(end, (length, second.seconds)),
        });
    }
    let strength = Strength::Custom(BLEND_STRENGTH);
    board.sources = vec![
        first.source(begin, (begin, end), strength, curve.rest()),
        second.source(begin, (0.0, length), strength, curve),
    ];
    Ok(board)
}

/// When the second clip becomes the stronger.
fn middle(curve: &Curve) -> f64 {
    let mut stronger = hundredths(curve).filter(|time| curve.at(*time) >= 0.5);
    stronger.next().unwrap_or(curve.end())
}

/// From when until when both clips show in about equal parts, if that is more than a third of the time: less is a passage.
fn together(curve: &Curve) -> Option<(f64, f64)> {
    let alike: Vec<f64> = hundredths(curve)
        .filter(|time| (0.4..=0.6).contains(&curve.at(*time)))
        .collect();
    (alike.len() > 33).then(|| (alike[0], alike[alike.len() - 1]))
}

fn hundredths(curve: &Curve) -> impl Iterator<Item = f64> {
    (0..=100).map(|part| curve.end() * f64::from(part) / 100.0)
}

/// How much is added to close a loop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LoopLength {
    Short,
    #[default]
    Normal,
    Long,
}

impl LoopLength {
    pub fn seconds(self) -> f64 {
        match self {
            Self::Short => 2.0,
            Self::Normal => 4.0,
            Self::Long => 6.0,
        }
    }
}

/// Reads `short`, `normal` or `long`.
impl FromStr for LoopLength {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "short" => Ok(Self::Short),
            "normal" => Ok(Self::Normal),
            "long" => Ok(Self::Long),
            _ => Err(format!(
                "`{text}` is not a length; give short, normal or long"
            )),
        }
    }
}

/// A clip, or a range of it, followed by what leads back to its first frame: played over and over, it has no seam.
pub fn loop_(
    clip: &Path,
    range: Option<(f64, f64)>,
    length: LoopLength,
    prompt: Option<&str>,
) -> Result<Board> {
    let footage = Footage::of(clip)?;
    let (from, to) = footage.range(range.unwrap_or((0.0, footage.seconds)))?;
    let duration = to - from + footage.whole(length.seconds());
    let board = footage.board("loop", duration, prompt);
    Ok(board
        .with_card(footage.part(0.0, (from, to)))
        .with_card(Card::lead(duration, &footage.path, from, to)))
}

/// A clip that a tool works on.
struct Footage {
    path: PathBuf,
    facts: Facts,
    seconds: f64,
}

impl Footage {
    fn of(path: &Path) -> Result<Self> {
        let facts = Facts::of(path)?;
        if facts.frames == 1 {
            return Err(Error::request(
                format!("{} is a single picture", path.display()),
                "give a clip; a picture begins one with: kinora generate \"…\" --image FILE",
            ));
        }
        Ok(Self {
            path: path.to_path_buf(),
            seconds: facts.fps.seconds(facts.frames),
            facts,
        })
    }

    /// The time of the nearest whole frame.
    fn whole(&self, seconds: f64) -> f64 {
        self.facts.fps.seconds(self.facts.fps.frames_in(seconds))
    }

    /// Seconds of a frame.
    fn whole_frame(&self) -> f64 {
        self.facts.fps.seconds(1)
    }

    /// A range in whole frames, if the clip has it.
    fn range(&self, (from, to): (f64, f64)) -> Result<(f64, f64)> {
        let end = self.seconds;
        let fits = (0.0..end).contains(&from) && to > from && to <= end + 0.05;
        if !fits {
            return Err(Error::request(
                format!(
                    "{}..{} is not a part of {}",
                    number(from),
                    number(to),
                    self.path.display()
                ),
                format!("give a range within 0..{}", number(end)),
            ));
        }
        let whole = (self.whole(from), self.whole(to.min(end)));
        match whole.0 < whole.1 {
            true => Ok(whole),
            false => Err(Error::request(
                format!("the range {}..{} holds no frame", number(from), number(to)),
                "give a longer one",
            )),
        }
    }

    fn board(&self, tool: &str, duration: f64, prompt: Option<&str>) -> Board {
        let given = prompt.map(str::to_owned);
        let mut board = Board::new(
            duration,
            given.or_else(|| self.prompt()).unwrap_or_default(),
        );
        board.size = Some(self.facts.size);
        board.fps = Some(self.facts.fps);
        board.tool = Some(tool.to_owned());
        board
    }

    fn part(&self, at: f64, (from, to): (f64, f64)) -> Card {
        Card::clip(at, &self.path, from, to)
    }

    fn source(&self, at: f64, (from, to): (f64, f64), strength: Strength, weight: Curve) -> Source {
        Source {
            clip: self.path.clone(),
            at,
            from,
            to,
            strength,
            weight,
            sha256: None,
        }
    }

    /// What the clip's sidecar says was asked for, at its end.
    fn prompt(&self) -> Option<String> {
        let request = sidecar::of(&self.path)?.request;
        let last = request.cards.iter().filter(|card| card.text.is_some());
        let last = last.max_by(|a, b| a.at.total_cmp(&b.at));
        let text = last.and_then(|card| card.text.as_deref());
        Some(super::joined(&request.prompt, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_mix_lets_both_words_hold() {
        let mix = together(&Blending::Mix.curve(9.0).unwrap()).unwrap();
        assert!(
            (0.5..0.8).contains(&mix.0) && (2.2..2.5).contains(&mix.1),
            "{mix:?}"
        );
        assert_eq!(together(&Blending::Transition.curve(9.0).unwrap()), None);
    }
}
