//! A span of any length: windows of one long sequence of latents, each going on from the last frames of the one before.
//!
//! The frames that a window takes over are that window's final latents, told to the network as clean, and are not
//! encoded again; only what is new is drawn. So nothing but latents grows with the length.

use candle_core::{DType, Device, Tensor};
use kinora_models::ltx::{Positions, TextContext};

use super::conditions::{Item, Sequence, prepare};
use super::denoise::Sampling;
use super::pipeline::{self, Inputs, Kind, Parts, Prompt, Settings, spaced};
use super::schedule::Schedule;
use crate::family::Denoising;
use crate::noise::NoiseSource;
use crate::plan::span::Window;
use crate::{Error, Result};

/// Added to the scores of texts that do not hold for a token.
const ELSEWHERE: f32 = -10_000.0;

/// What a span is made of, beside noise.
pub struct SpanInputs<'a> {
    /// Prompts and the native frames from which on they hold, the first from 0.
    pub texts: Vec<(usize, &'a Prompt)>,
    pub negative: Option<&'a Prompt>,
    pub items: &'a [Item],
    pub sources: &'a [SourceLatents],
    pub windows: &'a [Window],
}

/// Footage to begin from, encoded.
#[derive(Debug, Clone)]
pub struct SourceLatents {
    /// (1, c, t, h, w), normalised, f32, on the CPU.
    pub latents: Tensor,
    /// For each latent frame its share among the sources.
    pub weights: Vec<f64>,
    /// For each latent frame the part of the steps that are done; 1 is all.
    pub strengths: Vec<f64>,
}

/// A span being denoised.
pub struct SpanSampling<'a> {
    parts: Parts<'a>,
    settings: Settings,
    inputs: SpanInputs<'a>,
    /// Final up to the end of the window before, noise and what is given behind that.
    sequence: Sequence,
    window: usize,
    current: Sampling<'a>,
    /// Steps before each window, and in all.
    before: Vec<usize>,
}

/// Draws the noise of the whole span and sets up its first window.
pub fn begin<'a>(
    parts: Parts<'a>,
    settings: &Settings,
    inputs: SpanInputs<'a>,
    noise: &mut dyn NoiseSource,
) -> Result<Box<dyn Denoising + 'a>> {
    if let ([_], [(_, prompt)], []) = (inputs.windows, &inputs.texts[..], inputs.sources) {
        let given = Inputs {
            prompt,
            negative: inputs.negative,
            latents: None,
            items: inputs.items,
        };
        return Ok(Box::new(pipeline::begin(&parts, settings, &given, noise)?));
    }
    let settings = Settings {
        kind: Kind::Condition,
        ..settings.clone()
    };
    settings.validate(parts.geometry)?;
    let (t, h, w) = settings.grid(parts.geometry);
    let shape = [1, parts.transformer.config().in_channels, t, h, w];
    let mut sequence = Sequence::free(noise.next(&shape)?)?;
    let schedule = spaced(parts.scheduler, &settings, t * h * w)?;
    put_sources(&mut sequence, inputs.sources, &schedule)?;
    sequence.put_items(inputs.items, parts.geometry)?;
    let mut before = vec![0];
    for window in inputs.windows {
        let schedule = window_schedule(&parts, &settings, window, &inputs, &sequence)?;
        before.push(before[before.len() - 1] + schedule.timesteps.len());
    }
    let current = open(&parts, &settings, &inputs, &sequence, 0, noise)?;
    let mut span = SpanSampling {
        parts,
        settings,
        inputs,
        sequence,
        window: 0,
        current,
        before,
    };
    span.settle(noise)?;
    Ok(Box::new(span))
}

/// Starts the latent frames where footage lies from it, as far on the way to noise as its strength says.
fn put_sources(
    sequence: &mut Sequence,
    sources: &[SourceLatents],
    schedule: &Schedule,
) -> Result<()> {
    for frame in 0..sequence.held.len() {
        let given = sources.iter().filter(|source| source.weights[frame] > 0.0);
        let total: f64 = given.clone().map(|source| source.weights[frame]).sum();
        if total <= 0.0 {
            continue;
        }
        let mut mixed: Option<Tensor> = None;
        let mut sigma = 0f64;
        for source in given {
            let share = source.weights[frame] / total;
            let part = (source.latents.narrow(2, frame, 1)? * share)?;
            mixed = Some(match mixed {
                Some(mixed) => (mixed + part)?,
                None => part,
            });
            sigma = sigma.max(schedule.level_of(source.strengths[frame]));
        }
        if let Some(mixed) = mixed {
            sequence.put(frame, &mixed, 1.0 - sigma)?;
        }
    }
    Ok(())
}

/// The steps of a window: without those at whose levels nothing of it moves yet.
fn window_schedule(
    parts: &Parts,
    settings: &Settings,
    window: &Window,
    inputs: &SpanInputs,
    sequence: &Sequence,
) -> Result<Schedule> {
    let (_, h, w) = settings.grid(parts.geometry);
    let mut schedule = spaced(parts.scheduler, settings, window.len * h * w)?;
    let new = &sequence.held[window.start + window.context..window.start + window.len];
    let strengths = inputs.items.iter().map(|item| item.strength as f32);
    let freest = new.iter().copied().chain(strengths).fold(1.0, f32::min);
    schedule.skip_above(1.0 - freest);
    Ok(schedule)
}

fn open<'a>(
    parts: &Parts<'a>,
    settings: &Settings,
    inputs: &SpanInputs,
    sequence: &Sequence,
    index: usize,
    noise: &mut dyn NoiseSource,
) -> Result<Sampling<'a>> {
    let window = inputs.windows[index];
    let schedule = window_schedule(parts, settings, &window, inputs, sequence)?;
    let prepared = prepare(
        sequence,
        &window,
        inputs.items,
        settings,
        parts.geometry,
        noise,
    )?;
    let (_, h, w) = settings.grid(parts.geometry);
    let transformer = parts.transformer;
    let positions = Positions::Coords(prepared.coordinates);
    Ok(Sampling {
        rope: transformer.prepare_positions(&positions)?,
        text: text_of(parts, settings, inputs, &prepared.frames)?,
        transformer,
        schedule,
        settings: settings.clone(),
        grid: (window.len, h, w),
        latents: prepared.latents.to_device(transformer.device())?,
        before: None,
        hard: prepared.hard,
        at: 0,
    })
}

/// The texts that hold for tokens about these native frames, each for its own.
fn text_of(
    parts: &Parts,
    settings: &Settings,
    inputs: &SpanInputs,
    frames: &[f64],
) -> Result<TextContext> {
    let border = parts.geometry.temporal as f64;
    let begins: Vec<usize> = inputs.texts.iter().map(|(from, _)| *from).collect();
    let shares: Vec<Vec<f64>> = frames
        .iter()
        .map(|&frame| shares(&begins, frame, border))
        .collect();
    let holds = |text: &usize| shares.iter().any(|shares| shares[*text] > 0.0);
    let here: Vec<usize> = (0..inputs.texts.len()).filter(holds).collect();
    let transformer = parts.transformer;
    if let [only] = here[..] {
        let prompt = pipeline::guided(inputs.texts[only].1, inputs.negative, settings)?;
        return Ok(transformer.prepare_text(&prompt.embeds, Some(&prompt.mask))?);
    }
    let mut embeds = Vec::new();
    let mut bias: Vec<Vec<f32>> = vec![Vec::new(); frames.len()];
    for &text in &here {
        let read = inputs.texts[text].1.unpadded()?;
        let length = read.dim(1)?;
        for (row, shares) in bias.iter_mut().zip(&shares) {
            let score = (shares[text].ln() as f32).max(ELSEWHERE);
            row.extend(std::iter::repeat_n(score, length));
        }
        embeds.push(read);
    }
    let embeds = Tensor::cat(&embeds, 1)?;
    let length = embeds.dim(1)?;
    let mask = Tensor::ones((1, length), DType::F32, embeds.device())?;
    let joined = Prompt { embeds, mask };
    let shape = (1, frames.len(), length);
    let bias = Tensor::from_vec(bias.concat(), shape, &Device::Cpu)?;
    let (prompt, bias) = match (settings.guided(), inputs.negative) {
        (true, Some(negative)) => {
            // Both of one length; what is longer than the other's text is padding there.
            let length = length.max(negative.embeds.dim(1)?);
            let wide = |prompt: &Prompt| prompt.padded(length);
            let pad = length - joined.embeds.dim(1)?;
            let bias = bias.pad_with_zeros(2, 0, pad)?;
            let none = bias.zeros_like()?;
            let prompt = pipeline::guided(&wide(&joined)?, Some(&wide(negative)?), settings)?;
            (prompt, Tensor::cat(&[none, bias], 0)?)
        }
        _ => (pipeline::guided(&joined, inputs.negative, settings)?, bias),
    };
    let (embeds, mask) = (&prompt.embeds, Some(&prompt.mask));
    Ok(transformer.prepare_text_over_time(embeds, mask, Some(&bias))?)
}

/// How much each text holds at a frame: from its beginning to the next one's, with borders `border` frames wide.
fn shares(begins: &[usize], frame: f64, border: f64) -> Vec<f64> {
    let begun = |i: usize| match begins.get(i) {
        None => 0.0,
        Some(_) if i == 0 => 1.0,
        Some(&begin) => ((frame - begin as f64) / border + 0.5).clamp(0.0, 1.0),
    };
    (0..begins.len())
        .map(|i| (begun(i) - begun(i + 1)).max(0.0))
        .collect()
}

impl SpanSampling<'_> {
    fn last(&self) -> bool {
        self.window + 1 == self.inputs.windows.len()
    }

    /// Goes on to the window that has steps to be done.
    fn settle(&mut self, noise: &mut dyn NoiseSource) -> Result<()> {
        while self.current.at() == self.current.steps() && !self.last() {
            self.put_current()?;
            self.enter(self.window + 1, noise)?;
        }
        Ok(())
    }

    fn enter(&mut self, window: usize, noise: &mut dyn NoiseSource) -> Result<()> {
        let (parts, settings, inputs) = (&self.parts, &self.settings, &self.inputs);
        self.current = open(parts, settings, inputs, &self.sequence, window, noise)?;
        self.window = window;
        Ok(())
    }

    /// Puts the window's frames in their place in the sequence, where they stay.
    fn put_current(&mut self) -> Result<()> {
        let drawn = self.current.result()?.to_device(&Device::Cpu)?;
        self.sequence
            .put(self.inputs.windows[self.window].start, &drawn, 1.0)
    }
}

impl Denoising for SpanSampling<'_> {
    fn steps(&self) -> usize {
        self.before[self.before.len() - 1]
    }

    fn at(&self) -> usize {
        self.before[self.window] + self.current.at()
    }

    fn latents(&self) -> &Tensor {
        self.current.latents()
    }

    fn finished(&self) -> Result<Option<Tensor>> {
        let Window { start, context, .. } = self.inputs.windows[self.window];
        match start + context {
            0 => Ok(None),
            done => Ok(Some(self.sequence.latents.narrow(2, 0, done)?)),
        }
    }

    fn restore(
        &mut self,
        at: usize,
        latents: Tensor,
        finished: Option<Tensor>,
        noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        let windows = self.inputs.windows.len();
        let entered = (0..windows).find(|&window| at < self.before[window + 1]);
        let window = entered.unwrap_or(windows - 1);
        let Window { start, context, .. } = self.inputs.windows[window];
        let done = finished.as_ref().map_or(Ok(0), |done| done.dim(2))?;
        if done != start + context || at > self.steps() {
            return Err(Error::request(
                "the checkpoint does not fit its own request",
                "begin the clip anew with its prompt and seed",
            ));
        }
        if let Some(finished) = finished {
            self.sequence.put(0, &finished, 1.0)?;
        }
        self.enter(window, noise)?;
        self.current
            .restore(at - self.before[window], latents, None, noise)
    }

    fn step(&mut self, noise: &mut dyn NoiseSource) -> Result<()> {
        self.current.step(noise)?;
        self.settle(noise)
    }

    /// Of the window that is being drawn.
    fn estimate(&self) -> Result<Option<Tensor>> {
        self.current.estimate()
    }

    fn result(&self) -> Result<Tensor> {
        let mut sequence = self.sequence.clone();
        let drawn = self.current.result()?.to_device(&Device::Cpu)?;
        sequence.put(self.inputs.windows[self.window].start, &drawn, 1.0)?;
        Ok(sequence.latents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_share_every_frame_with_soft_borders() {
        let begins = [0, 16, 20];
        for frame in 0..40 {
            let all = shares(&begins, f64::from(frame), 4.0);
            assert!(
                (all.iter().sum::<f64>() - 1.0).abs() < 1e-9,
                "{frame}: {all:?}"
            );
        }
        assert_eq!(shares(&begins, 0.0, 4.0), [1.0, 0.0, 0.0]);
        assert_eq!(shares(&begins, 16.0, 4.0), [0.5, 0.5, 0.0]);
        assert_eq!(shares(&begins, 30.0, 4.0), [0.0, 0.0, 1.0]);
    }
}
