//! The steps: predict, guide, move.

use candle_core::{D, DType, Device, Tensor};
use kinora_models::ltx::{Rope, TextContext, Transformer};

use super::conditions::Hard;
use super::latents::{Grid, unpack};
use super::pipeline::{Kind, Settings};
use super::schedule::Schedule;
use crate::family::Denoising;
use crate::noise::NoiseSource;
use crate::{Error, Result};

/// A clip being denoised by an LTX transformer.
pub struct Sampling<'a> {
    pub(super) transformer: &'a Transformer,
    pub(super) text: TextContext,
    pub(super) rope: Rope,
    pub(super) schedule: Schedule,
    pub(super) settings: Settings,
    pub(super) grid: Grid,
    /// (b, extra + n, c), f32.
    pub(super) latents: Tensor,
    /// The same before the last step.
    pub(super) before: Option<Tensor>,
    pub(super) hard: Option<Hard>,
    pub(super) at: usize,
}

impl Sampling<'_> {
    /// What the reference returns as latents: tokens (b, n, c) of the text pipeline, a clip (b, c, t, h, w) of the other.
    pub fn reference_latents(&self) -> Result<Tensor> {
        match self.settings.kind {
            Kind::Text => Ok(self.latents.clone()),
            Kind::Condition => self.result(),
        }
    }

    /// `LTXPipeline`: every token is at the same time.
    fn step_together(&self) -> Result<Tensor> {
        let t = self.schedule.timesteps[self.at];
        let batch = self.latents.dim(0)?;
        let velocity = self.predict(&vec![vec![t]; batch])?.to_dtype(DType::F32)?;
        let velocity = self.guide(&velocity)?;
        let dt = self.schedule.sigmas[self.at + 1] - self.schedule.sigmas[self.at];
        Ok((&self.latents + (velocity * f64::from(dt))?)?)
    }

    /// `LTXConditionPipeline`: every token has its own time, and rests until the clip's time has come down to it.
    fn step_each(&self, noise: &mut dyn NoiseSource) -> Result<Tensor> {
        let t = self.schedule.timesteps[self.at];
        let latents = match &self.hard {
            Some(hard) if self.settings.image_cond_noise_scale > 0.0 => {
                self.noise_hard(hard, t, noise)?
            }
            _ => self.latents.clone(),
        };
        let (batch, n, _) = latents.dims3()?;
        let times: Vec<Vec<f32>> = match &self.hard {
            Some(hard) => {
                let own = |strength: &f32| t.min((1.0 - strength) * 1000.0);
                hard.mask
                    .iter()
                    .map(|row| row.iter().map(own).collect())
                    .collect()
            }
            None => vec![vec![t]; batch],
        };
        let velocity = self.guide(&self.predict_from(&latents, &times)?)?;
        let moves: Vec<Vec<f32>> = times
            .iter()
            .map(|row| {
                row.iter()
                    .map(|&own| self.schedule.down_from(own))
                    .collect()
            })
            .collect();
        let dt = column(&moves, latents.device())?; // (b, 1 or extra + n, 1)
        let moved = (&latents + velocity.neg()?.to_dtype(DType::F32)?.broadcast_mul(&dt)?)?;
        let Some(hard) = &self.hard else {
            return Ok(moved);
        };
        let moves = |strength: &f32| u8::from(t / 1000.0 - 1e-6 < 1.0 - strength);
        let moving: Vec<u8> = hard.mask.iter().flatten().map(moves).collect();
        let moving = Tensor::from_vec(moving, (batch, n, 1), latents.device())?;
        Ok(moving
            .broadcast_as(moved.shape())?
            .where_cond(&moved, &latents)?)
    }

    /// Gives fully held tokens some noise, so that the picture they hold may move on.
    fn noise_hard(&self, hard: &Hard, t: f32, noise: &mut dyn NoiseSource) -> Result<Tensor> {
        let device = self.latents.device();
        let (batch, n, _) = self.latents.dims3()?;
        let drawn = noise.next(self.latents.dims())?.to_device(device)?;
        let time = t / 1000.0;
        let noised = (drawn * self.settings.image_cond_noise_scale)?;
        let noised = (hard.initial.to_device(device)? + (noised * f64::from(time * time))?)?;
        let is_hard: Vec<u8> = hard
            .mask
            .iter()
            .flatten()
            .map(|&strength| u8::from(strength > 1.0 - 1e-6))
            .collect();
        let is_hard = Tensor::from_vec(is_hard, (batch, n, 1), device)?;
        Ok(is_hard
            .broadcast_as(noised.shape())?
            .where_cond(&noised, &self.latents)?)
    }

    /// The clip's own tokens (b, extra + n, c) → (b, c, t, h, w)
    fn clip_of(&self, tokens: &Tensor) -> Result<Tensor> {
        let extra = self.hard.as_ref().map_or(0, |hard| hard.extra);
        let own = tokens.narrow(1, extra, tokens.dim(1)? - extra)?;
        unpack(&own.contiguous()?, self.grid)
    }

    fn predict(&self, times: &[Vec<f32>]) -> Result<Tensor> {
        self.predict_from(&self.latents, times)
    }

    /// The velocity of each token, of the negative prompt first where there is guidance.
    fn predict_from(&self, latents: &Tensor, times: &[Vec<f32>]) -> Result<Tensor> {
        let times = column(times, latents.device())?.squeeze(D::Minus1)?;
        let (latents, times) = match self.settings.guided() {
            true => (
                Tensor::cat(&[latents, latents], 0)?,
                Tensor::cat(&[&times, &times], 0)?,
            ),
            false => (latents.clone(), times),
        };
        let latents = latents.to_dtype(self.transformer.dtype())?;
        Ok(self
            .transformer
            .forward_prepared(&latents, &times, &self.text, &self.rope)?)
    }

    /// Away from the negative prompt, towards the prompt.
    fn guide(&self, velocity: &Tensor) -> Result<Tensor> {
        if !self.settings.guided() {
            return Ok(velocity.clone());
        }
        let halves = velocity.chunk(2, 0)?;
        let (without, with) = (&halves[0], &halves[1]);
        let guided = (without + ((with - without)? * self.settings.guidance_scale)?)?;
        let rescale = self.settings.guidance_rescale;
        if rescale <= 0.0 {
            return Ok(guided);
        }
        let rescaled = guided.broadcast_mul(&deviation(with)?.div(&deviation(&guided)?)?)?;
        Ok(((rescaled * rescale)? + (guided * (1.0 - rescale))?)?)
    }
}

impl Denoising for Sampling<'_> {
    fn steps(&self) -> usize {
        self.schedule.timesteps.len()
    }

    fn at(&self) -> usize {
        self.at
    }

    fn latents(&self) -> &Tensor {
        &self.latents
    }

    fn finished(&self) -> Result<Option<Tensor>> {
        Ok(None)
    }

    fn restore(
        &mut self,
        at: usize,
        latents: Tensor,
        _finished: Option<Tensor>,
        _noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        if latents.dims() != self.latents.dims() || at > self.steps() {
            return Err(Error::request(
                "the checkpoint does not fit its own request",
                "begin the clip anew with its prompt and seed",
            ));
        }
        self.latents = latents.to_device(self.latents.device())?;
        self.before = None;
        self.at = at;
        Ok(())
    }

    fn step(&mut self, noise: &mut dyn NoiseSource) -> Result<()> {
        let moved = match self.settings.kind {
            Kind::Text => self.step_together()?,
            Kind::Condition => self.step_each(noise)?,
        };
        self.before = Some(std::mem::replace(&mut self.latents, moved));
        self.at += 1;
        Ok(())
    }

    /// Straight on in the direction of the last step, to where no noise is left. Tokens that rest stay.
    fn estimate(&self) -> Result<Option<Tensor>> {
        let Some(before) = &self.before else {
            return Ok(None);
        };
        let (from, to) = (
            self.schedule.sigmas[self.at - 1],
            self.schedule.sigmas[self.at],
        );
        let rest = f64::from(to) / f64::from(from - to).max(1e-6);
        let ahead = ((&self.latents - before)? * rest)?;
        Ok(Some(self.clip_of(&(&self.latents + ahead)?)?))
    }

    fn result(&self) -> Result<Tensor> {
        self.clip_of(&self.latents)
    }
}

/// Rows of equal length → (b, n, 1)
fn column(rows: &[Vec<f32>], device: &Device) -> Result<Tensor> {
    let shape = (rows.len(), rows.first().map_or(0, Vec::len), 1);
    Ok(Tensor::from_vec(rows.concat(), shape, device)?)
}

/// The unbiased standard deviation over all but the batch, (b, 1, 1).
fn deviation(x: &Tensor) -> Result<Tensor> {
    let flat = x.flatten_from(1)?.to_dtype(DType::F32)?;
    let mean = flat.mean_keepdim(1)?;
    let count = flat.dim(1)? as f64;
    let squares = flat.broadcast_sub(&mean)?.sqr()?.sum_keepdim(1)?;
    let deviation = (squares / (count - 1.0))?.sqrt()?;
    Ok(deviation.unsqueeze(D::Minus1)?.to_dtype(x.dtype())?)
}
