//! Cards in time become spans: kept footage, and what is drawn between.

mod draw;

use super::media::name_of;
use super::span::{Kept, Span};
use super::{Drawn, Output, PlannedCondition};
use crate::board::{Card, CardKind, Gap};
use crate::footage::Facts;
use crate::model::Model;
use crate::request::Request;
use crate::text::number;
use crate::{Error, Result};

/// Latent frames of kept footage that a drawing goes on from.
const LEAD_IN: usize = 2;

/// Latent frames of kept footage behind its first frame that a drawing leads to.
const LEAD_OUT: usize = 2;

/// What the spans are laid out from.
pub(super) struct Timeline<'a> {
    pub request: &'a Request,
    /// Of each card that is a clip.
    pub facts: &'a [Option<Facts>],
    pub model: &'a Model,
    pub drawn: &'a Drawn,
    pub output: &'a Output,
    /// What holds from which frame of the output on, the first from 0.
    pub texts: Vec<(u64, usize)>,
    /// Of a request without cards: already placed in the only span.
    pub conditions: Vec<PlannedCondition>,
}

/// A card whose footage stays: frames `begin..end` of the output.
struct Stay<'a> {
    index: usize,
    card: &'a Card,
    begin: u64,
    end: u64,
    kept: Kept,
}

/// What a drawn span leads to: footage at its end.
struct Goal<'a> {
    path: &'a std::path::Path,
    /// Seconds of the file.
    from: f64,
    to: f64,
    speed: f64,
    strength: f64,
}

impl Timeline<'_> {
    /// The spans of the output, from its first frame to its last.
    pub fn spans(&self) -> Result<Vec<Span>> {
        let stays = self.stays()?;
        self.check_covered(&stays)?;
        let mut spans = Vec::new();
        let mut at = 0;
        for stay in &stays {
            self.fill(at, stay.begin, &stays, &mut spans)?;
            spans.push(Span::Kept(stay.kept.clone()));
            at = stay.end;
        }
        self.fill(at, self.output.frames, &stays, &mut spans)?;
        Ok(spans)
    }

    fn frame_of(&self, seconds: f64) -> u64 {
        self.output.fps.frames_in(seconds)
    }

    /// The kept footage in the order of time.
    fn stays(&self) -> Result<Vec<Stay<'_>>> {
        let mut stays = Vec::new();
        let cards = self.request.cards.iter().zip(self.facts).enumerate();
        for (index, (card, facts)) in cards {
            let (
                CardKind::Clip {
                    path,
                    from,
                    to,
                    keep: true,
                    speed,
                },
                Some(facts),
            ) = (&card.kind, facts)
            else {
                continue;
            };
            let to = to.unwrap_or(facts.fps.seconds(facts.frames));
            let begin = self.frame_of(card.at);
            let end = begin + self.frame_of((to - from) / speed).max(1);
            if end > self.output.frames + 1 {
                return Err(Error::request(
                    format!(
                        "{}: its footage ends at {} s, after the board's end at {} s",
                        name_of(index, card),
                        number(card.end()),
                        number(self.output.fps.seconds(self.output.frames))
                    ),
                    "shorten it with `out`, or give the board more time",
                ));
            }
            let end = end.min(self.output.frames);
            let frames = end - begin;
            let mut first = facts.fps.frames_in(*from);
            if facts.fps == self.output.fps && *speed == 1.0 {
                // Begin and length are rounded each: together they may reach a frame beyond the footage.
                first = first.min(facts.frames.saturating_sub(frames));
            }
            let kept = Kept {
                path: path.clone(),
                first,
                source_fps: facts.fps,
                source_size: facts.size,
                speed: *speed,
                start: begin,
                frames,
            };
            stays.push(Stay {
                index,
                card,
                begin,
                end,
                kept,
            });
        }
        stays.sort_by_key(|stay| stay.begin);
        for pair in stays.windows(2) {
            if pair[1].begin < pair[0].end {
                return Err(Error::request(
                    format!(
                        "{}: it begins before {} ends, at {} s",
                        name_of(pair[1].index, pair[1].card),
                        name_of(pair[0].index, pair[0].card),
                        number(self.output.fps.seconds(pair[0].end))
                    ),
                    "move one of them, or shorten the first with `out`",
                ));
            }
        }
        Ok(stays)
    }

    /// Refuses what is to be met or begun from where footage is kept.
    fn check_covered(&self, stays: &[Stay]) -> Result<()> {
        let covering = |frame: u64| {
            let mut covering = stays.iter();
            covering.find(|stay| (stay.begin..stay.end).contains(&frame))
        };
        for (index, card) in self.request.cards.iter().enumerate() {
            let met = match &card.kind {
                CardKind::Text => false,
                CardKind::Image { .. } => true,
                CardKind::Clip { keep, .. } => !keep,
            };
            if let Some(stay) = covering(self.frame_of(card.at)).filter(|_| met) {
                return Err(Error::request(
                    format!(
                        "{}: it lies within the kept footage of {}",
                        name_of(index, card),
                        name_of(stay.index, stay.card)
                    ),
                    "move it, or keep less of the footage",
                ));
            }
        }
        for (index, source) in self.request.sources.iter().enumerate() {
            let middle = source.at + (source.to - source.from) / 2.0;
            if let Some(stay) = covering(self.frame_of(middle)) {
                return Err(Error::request(
                    format!(
                        "source {}: it lies under the kept footage of {}",
                        index + 1,
                        name_of(stay.index, stay.card)
                    ),
                    "move it, or keep less of the footage",
                ));
            }
        }
        Ok(())
    }

    /// Draws `begin..end`, anew at each cut.
    fn fill(&self, begin: u64, end: u64, stays: &[Stay], spans: &mut Vec<Span>) -> Result<()> {
        if begin >= end {
            return Ok(());
        }
        let cards = self.request.cards.iter();
        let mut cuts: Vec<u64> = cards
            .filter(|card| card.gap == Gap::Cut)
            .map(|card| self.frame_of(card.at))
            .collect();
        let before = stays.iter().find(|stay| stay.end == begin && begin > 0);
        let before = before.filter(|_| !cuts.contains(&begin));
        let after = stays.iter().find(|stay| stay.begin == end);
        let after = after.filter(|stay| stay.card.gap == Gap::Flow);
        cuts.retain(|cut| (begin + 1..end).contains(cut));
        cuts.extend([begin, end]);
        cuts.sort_unstable();
        cuts.dedup();
        for piece in cuts.windows(2) {
            let (from, to) = (piece[0], piece[1]);
            let lead = before.filter(|_| from == begin);
            let goal = match after.filter(|_| to == end) {
                Some(Stay { kept, .. }) => Some(Goal {
                    path: &kept.path,
                    from: kept.second_of(0, self.output.fps),
                    to: kept.second_of(kept.frames, self.output.fps),
                    speed: kept.speed,
                    strength: 1.0,
                }),
                None if to == self.output.frames => self.last_goal(),
                None => None,
            };
            spans.push(Span::Drawn(self.draw(from, to, lead, goal)?));
        }
        Ok(())
    }

    /// Footage at the very end that is not in the output: the drawing leads to it.
    fn last_goal(&self) -> Option<Goal<'_>> {
        let cards = self.request.cards.iter();
        let mut at_end = cards.filter(|card| self.frame_of(card.at) >= self.output.frames);
        at_end.find_map(|card| match &card.kind {
            CardKind::Clip {
                path,
                from,
                to,
                keep: false,
                speed,
            } => Some(Goal {
                path,
                from: *from,
                to: to.unwrap_or(*from),
                speed: *speed,
                strength: card.strength,
            }),
            _ => None,
        })
    }
}
