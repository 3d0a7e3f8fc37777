//! A plan in words and numbers, for `--dry-run`.

use std::fmt;

use serde::Serialize;

use super::cost::Speed;
use super::{Plan, Span};
use crate::Result;
use crate::text::counted;

/// What a plan comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outline {
    pub seconds: f64,
    /// Of the file.
    pub size: (u32, u32),
    pub fps: String,
    pub frames: u64,
    /// What the model draws at.
    pub drawn_size: (usize, usize),
    pub drawn_fps: String,
    pub spans: Vec<SpanOutline>,
    pub steps: usize,
    /// Evaluations of the network for all clips: windows · steps, twice where there is guidance.
    pub evaluations: usize,
    /// Tokens of the largest window.
    pub tokens: usize,
    /// Whether that goes by a speed that was measured, or by a guess.
    pub measured: bool,
    pub estimated_seconds: f64,
    pub estimated_bytes: f64,
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpanOutline {
    /// `kept` or `drawn`.
    pub kind: &'static str,
    /// Seconds of the output.
    pub from: f64,
    pub to: f64,
    /// The file that is kept, or begun from.
    pub footage: Vec<String>,
    /// How many times as fast kept footage plays.
    pub speed: f64,
    /// Tokens of each window.
    pub windows: Vec<usize>,
    /// Second and prompt of each text that holds.
    pub texts: Vec<(f64, String)>,
    /// Second and file of each picture or clip that is met.
    pub meets: Vec<(f64, String)>,
}

impl Plan {
    /// What will be done, and about how long it will take: at the speed that clips were made at before, else at a guess from the
    /// processor's peak.
    pub fn describe_at(&self, speed: Option<Speed>) -> Result<Outline> {
        let spans: Vec<SpanOutline> = self
            .spans
            .iter()
            .map(|span| self.span_outline(span))
            .collect();
        let drawn = self.spans.iter().filter_map(Span::drawn);
        let steps: usize = drawn.flat_map(|span| &span.windows).map(|w| w.steps).sum();
        let measured = speed.is_some();
        let speed = speed.unwrap_or_else(|| Speed::guess(&self.compute));
        Ok(Outline {
            seconds: self.output.fps.seconds(self.output.frames),
            size: self.output.size,
            fps: self.output.fps.to_string(),
            frames: self.output.frames,
            drawn_size: (self.drawn.width, self.drawn.height),
            drawn_fps: self.drawn.fps.to_string(),
            steps: self.drawn.steps,
            evaluations: steps * self.passes() as usize * self.variants.len(),
            tokens: self.tokens,
            measured,
            estimated_seconds: self.seconds_at(speed)?,
            estimated_bytes: self.bytes()?,
            notes: self.notes.clone(),
            spans,
        })
    }

    /// What will be done; how long it will take is a guess.
    pub fn describe(&self) -> Result<Outline> {
        self.describe_at(None)
    }

    /// Additions and multiplications of a step of the largest window, both branches of guidance counted.
    pub fn operations_of_step(&self) -> Result<f64> {
        let step = self.model.family.denoising(&self.model, self.tokens)?;
        Ok(step.operations * self.passes())
    }

    /// Additions and multiplications of decoding all that is drawn.
    pub fn operations_of_decoding(&self) -> Result<f64> {
        let size = (self.drawn.width, self.drawn.height);
        let drawn = self.spans.iter().map(Span::native).filter(|n| *n > 0);
        let family = &self.model.family;
        drawn
            .map(|frames| Ok(family.decoding(&self.model, frames, size)?.operations))
            .sum()
    }

    fn span_outline(&self, span: &Span) -> SpanOutline {
        let fps = self.output.fps;
        let name = |path: &std::path::Path| {
            path.file_name()
                .unwrap_or(path.as_os_str())
                .to_string_lossy()
                .into_owned()
        };
        let mut outline = SpanOutline {
            kind: "kept",
            from: fps.seconds(span.start()),
            to: fps.seconds(span.start() + span.frames()),
            footage: Vec::new(),
            speed: 1.0,
            windows: Vec::new(),
            texts: Vec::new(),
            meets: Vec::new(),
        };
        match span {
            Span::Kept(kept) => {
                outline.footage = vec![name(&kept.path)];
                outline.speed = kept.speed;
            }
            Span::Drawn(drawn) => {
                outline.kind = "drawn";
                outline.footage = drawn.sources.iter().map(|s| name(&s.path)).collect();
                outline.windows = drawn.windows.iter().map(|w| w.tokens).collect();
                let second = |native: usize| {
                    let origin = drawn.shown.native_of(0.0);
                    let per_frame = drawn.shown.native_of(1.0) - origin;
                    let frame = (native as f64 - origin) / per_frame + drawn.start as f64;
                    (frame / fps.as_f64()).max(0.0)
                };
                let texts = drawn.texts.iter();
                outline.texts = texts
                    .map(|t| (second(t.from).max(outline.from), self.texts[t.text].clone()))
                    .collect();
                let meets = drawn.conditions.iter();
                outline.meets = meets
                    .map(|c| (second(c.frame_index), name(&c.path)))
                    .collect();
            }
        }
        outline
    }
}

impl fmt::Display for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (width, height) = self.size;
        writeln!(
            f,
            "{:.2} s, {width}x{height}, {} at {} fps; drawn at {}x{}, {} fps, {}",
            self.seconds,
            counted(self.frames as usize, "frame"),
            self.fps,
            self.drawn_size.0,
            self.drawn_size.1,
            self.drawn_fps,
            counted(self.steps, "step")
        )?;
        for span in &self.spans {
            write!(f, "  {:6.2} – {:6.2} s  {}", span.from, span.to, span.kind)?;
            match span.windows.len() {
                0 if span.speed != 1.0 => {
                    writeln!(
                        f,
                        " from {}, {} times as fast",
                        span.footage.join(", "),
                        span.speed
                    )?;
                }
                0 => writeln!(f, " from {}", span.footage.join(", "))?,
                1 => writeln!(f, " in 1 window of {}", counted(span.windows[0], "token"))?,
                n => writeln!(
                    f,
                    " in {n} windows of up to {} tokens",
                    span.windows.iter().max().unwrap_or(&0)
                )?,
            }
            if span.kind == "drawn" && !span.footage.is_empty() {
                writeln!(f, "             begun from {}", span.footage.join(" and "))?;
            }
            for (at, text) in &span.texts {
                writeln!(f, "             {at:6.2} s  “{text}”")?;
            }
            for (at, file) in &span.meets {
                writeln!(f, "             {at:6.2} s  meets {file}")?;
            }
        }
        writeln!(
            f,
            "{} of the network; about {} and {:.1} GB ({})",
            counted(self.evaluations, "evaluation"),
            spoken(self.estimated_seconds),
            self.estimated_bytes / 1e9,
            match self.measured {
                true => "at the speed of clips made before",
                false => "a guess, until a first clip is made",
            }
        )?;
        self.notes
            .iter()
            .try_for_each(|note| writeln!(f, "note: {note}"))
    }
}

fn spoken(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
