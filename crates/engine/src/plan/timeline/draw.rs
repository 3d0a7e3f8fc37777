//! A drawn span: how its native frames lie in time, what it begins from, meets and leads to.

use kinora_media::Rational;

use super::super::span::{
    DrawnSpan, PlannedSource, Shown, TextSegment, Window, center, longest, windows,
};
use super::super::{PlannedCondition, Seam};
use super::{Goal, LEAD_IN, LEAD_OUT, Stay, Timeline};
use crate::Result;
use crate::board::CardKind;
use crate::request::ConditionKind;

impl Timeline<'_> {
    pub(super) fn draw(
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
