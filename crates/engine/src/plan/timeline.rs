//! Cards in time become spans: kept footage, and what is drawn between.

use kinora_media::Rational;

use super::media::{name_of, tidy};
use super::span::{
    DrawnSpan, Kept, PlannedSource, Shown, Span, TextSegment, Window, center, longest, windows,
};
use super::{Drawn, Output, PlannedCondition, Seam};
use crate::board::{Card, CardKind, Gap};
use crate::footage::Facts;
use crate::model::Model;
use crate::request::{ConditionKind, Request};
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
                        tidy(card.end()),
                        tidy(self.output.fps.seconds(self.output.frames))
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
                        tidy(self.output.fps.seconds(pair[0].end))
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

    fn draw(
        &self,
        begin: u64,
        end: u64,
        lead: Option<&Stay>,
        goal: Option<Goal>,
    ) -> Result<DrawnSpan> {
        let Self {
            model,
            drawn,
            output,
            ..
        } = self;
        let r = model.geometry.temporal;
        let (native_fps, fps) = (drawn.fps, output.fps);
        let ratio = native_fps.as_f64() / fps.as_f64();
        let frames = end - begin;
        let drop = usize::from(lead.is_some());
        let latents_of = |frames: u64| (frames as f64 * ratio / r as f64) as usize;
        let skip = lead.map_or(0, |stay| LEAD_IN.min(latents_of(stay.end - stay.begin)) * r);

        // With a goal, its first frame is the first of a latent, which lies in place, clean: the drawing's pace gives way by
        // half a latent at most.
        let intervals = frames + drop as u64;
        let reach = ((intervals as f64 * ratio / r as f64).round() as usize).max(1) * r;
        let (shown, native) = match &goal {
            Some(goal) => {
                let known = ((goal.to - goal.from) / goal.speed * native_fps.as_f64()) as usize;
                let tail = (known.saturating_sub(1) / r).min(LEAD_OUT) * r;
                let landing = reach + usize::from(tail > 0);
                let shown = Shown {
                    skip,
                    drop,
                    from: Rational::new(landing as u32, intervals as u32)?,
                    to: Rational::new(1, 1)?,
                };
                (shown, skip + reach + tail + 1)
            }
            None => {
                let whole = begin == 0 && end == output.frames;
                let needed = match (lead, whole) {
                    (Some(_), _) => skip + (frames as f64 * ratio).ceil() as usize + 1,
                    (None, true) => drawn.frames,
                    (None, false) => native_fps.frames_in(fps.seconds(frames)) as usize,
                };
                let shown = Shown {
                    skip,
                    drop,
                    from: native_fps,
                    to: fps,
                };
                (shown, model.geometry.frames_at_least(needed.max(1)))
            }
        };
        let pace = Pace {
            shown,
            fps: fps.as_f64(),
            begin: fps.seconds(begin),
        };

        let mut conditions = self.conditions.clone();
        if let Some(Stay { kept, .. }) = lead {
            let last = kept.second_of(kept.frames - 1, fps);
            let per_frame = pace.per_frame() * kept.speed;
            conditions.push(PlannedCondition {
                kind: ConditionKind::Video,
                path: kept.path.clone(),
                frame_index: 0,
                frames: skip + 1,
                strength: 1.0,
                begin: (last - skip as f64 * per_frame).max(0.0),
                per_frame,
                seam: Seam::Before,
            });
        }
        conditions.extend(self.met(begin, end, &pace, native)?);
        if let Some(goal) = goal {
            let frame_index = skip + reach;
            let frames = native - frame_index;
            // Where latents of it lie in place, the frame before it, or itself held, stands for their past.
            let per_frame = pace.per_frame() * goal.speed;
            let past = if frames > 1 { per_frame } else { 0.0 };
            conditions.push(PlannedCondition {
                kind: ConditionKind::Video,
                path: goal.path.to_path_buf(),
                frame_index,
                frames,
                strength: goal.strength,
                begin: goal.from - past,
                per_frame,
                seam: Seam::After,
            });
        }
        let sources = self.sources(begin, end, &pace, native);
        let latents = (native - 1) / r + 1;
        let (_, h, w) = model
            .geometry
            .latent_size(native, drawn.height, drawn.width);
        let longest = longest(model.defaults.window, &model.geometry);
        let count = |mut window: Window| {
            let met = |c: &&PlannedCondition| window.meets(latents, c.frame_index, r);
            let extra = conditions.iter().filter(met);
            let extra: usize = extra.map(|c| c.extra_latents(r)).sum();
            window.tokens = (window.len + extra) * h * w;
            let new = window.start + window.context..window.start + window.len;
            let part = |latent: usize| {
                let given = sources.iter().filter(|s| s.weights[latent] > 0.0);
                given
                    .map(|s| s.strengths[latent])
                    .reduce(f64::max)
                    .unwrap_or(1.0)
            };
            let share = new.map(part).fold(0.0, f64::max);
            window.steps = (drawn.steps as f64 * share).round() as usize;
            window
        };
        Ok(DrawnSpan {
            start: begin,
            frames,
            native,
            shown,
            windows: windows(latents, longest).into_iter().map(count).collect(),
            texts: self.texts_of(begin, end, &pace),
            conditions,
            sources,
        })
    }

    /// Pictures and clips that are met within a span.
    fn met(
        &self,
        begin: u64,
        end: u64,
        pace: &Pace,
        native: usize,
    ) -> Result<Vec<PlannedCondition>> {
        let r = self.model.geometry.temporal;
        let mut met = Vec::new();
        for (card, facts) in self.request.cards.iter().zip(self.facts) {
            let frame = self.frame_of(card.at);
            let last = end == self.output.frames && frame >= end;
            if !(begin..end).contains(&frame) && !last {
                continue;
            }
            let first = pace.shown.skip + pace.shown.drop;
            let at = pace.shown.native_of(frame as f64 - begin as f64).round() as usize;
            let at = at.clamp(first.min(native - 1), native - 1);
            let mut per_frame = pace.per_frame();
            let (kind, path, frame_index, frames, from) = match &card.kind {
                CardKind::Image { path } => (ConditionKind::Image, path, at, 1, 0.0),
                CardKind::Clip {
                    path,
                    from,
                    to,
                    keep: false,
                    speed,
                } if !last => {
                    per_frame *= speed;
                    let start = ((at + r / 2) / r * r).min((native - 1) / r * r);
                    let end = to.or(facts.map(|facts| facts.fps.seconds(facts.frames)));
                    let known = (end.unwrap_or(*from) - from) / per_frame;
                    let frames = (native - start).min((known.round() as usize).max(1));
                    (ConditionKind::Video, path, start, frames, *from)
                }
                _ => continue,
            };
            met.push(PlannedCondition {
                kind,
                path: path.clone(),
                frame_index,
                frames,
                strength: card.strength,
                begin: from,
                per_frame,
                seam: Seam::None,
            });
        }
        met.sort_by_key(|condition| condition.frame_index);
        Ok(met)
    }

    /// Footage that a span begins from.
    fn sources(&self, begin: u64, end: u64, pace: &Pace, native: usize) -> Vec<PlannedSource> {
        let r = self.model.geometry.temporal;
        let fps = self.output.fps;
        let latents = (native - 1) / r + 1;
        let slack = 0.5 * r as f64 * pace.per_frame();
        let mut sources = Vec::new();
        for source in &self.request.sources {
            let until = source.at + source.to - source.from;
            if source.at >= fps.seconds(end) - 1e-6 || until <= fps.seconds(begin) + 1e-6 {
                continue;
            }
            let times: Vec<f64> = (0..latents).map(|i| pace.time(center(i, r))).collect();
            let lies = |time: &&f64| (source.at - slack..=until + slack).contains(*time);
            let weight = |time: &f64| match lies(&time) {
                // Where nothing else lies, the smallest share is all of it.
                true => source.weight.at(time - source.at).max(1e-6),
                false => 0.0,
            };
            let strength = |time: &f64| match lies(&time) {
                true => source.strength.value(),
                false => 1.0,
            };
            sources.push(PlannedSource {
                path: source.clip.clone(),
                begin: source.from + pace.time(0.0) - source.at,
                per_frame: pace.per_frame(),
                weights: times.iter().map(weight).collect(),
                strengths: times.iter().map(strength).collect(),
            });
        }
        sources
    }

    /// The texts that hold within a span.
    fn texts_of(&self, begin: u64, end: u64, pace: &Pace) -> Vec<TextSegment> {
        let mut segments: Vec<TextSegment> = Vec::new();
        for &(frame, text) in self.texts.iter().filter(|(frame, _)| *frame < end) {
            let from = match frame <= begin {
                true => 0,
                false => pace.shown.native_of((frame - begin) as f64).round() as usize,
            };
            segments.retain(|segment| segment.from < from);
            if segments.last().is_none_or(|last| last.text != text) {
                segments.push(TextSegment { from, text });
            }
        }
        segments
    }
}

/// How a span's native frames lie in time.
struct Pace {
    shown: Shown,
    /// Of the output.
    fps: f64,
    /// Seconds of the output at which the span begins.
    begin: f64,
}

impl Pace {
    /// Seconds between two native frames.
    fn per_frame(&self) -> f64 {
        self.shown.to.as_f64() / self.shown.from.as_f64() / self.fps
    }

    /// Seconds of the output at which a native frame is shown.
    fn time(&self, native: f64) -> f64 {
        let first = self.shown.native_of(0.0);
        self.begin + (native - first) * self.per_frame()
    }
}
