//! One network or pipeline on given tensors, so that anybody can hold it against the reference.

mod io;
mod networks;
mod pipeline;

use std::path::Path;
use std::str::FromStr;
use std::time::Instant;

use candle_core::Tensor;
use kinora_models::ModelSource;

use crate::{Compute, Result};
use io::Inputs;

/// What is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    Transformer,
    VaeEncoder,
    VaeDecoder,
    TextEncoder,
    Upsampler,
    Pipeline,
}

impl FromStr for Component {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "transformer" => Self::Transformer,
            "vae-encoder" => Self::VaeEncoder,
            "vae-decoder" => Self::VaeDecoder,
            "text-encoder" => Self::TextEncoder,
            "upsampler" => Self::Upsampler,
            "pipeline" => Self::Pipeline,
            _ => {
                return Err(format!(
                    "`{text}` is not a component; give transformer, vae-encoder, vae-decoder, text-encoder, \
                     upsampler or pipeline"
                ));
            }
        })
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Probe<'a> {
    /// A diffusers directory; only the folders that the component needs have to exist.
    pub model: ModelSource,
    pub component: Component,
    pub input: &'a Path,
    pub output: &'a Path,
    pub compute: Compute,
    /// Runs to be timed after one that warms up; 0 for a single run.
    pub repeat: usize,
}

/// Seconds of the timed runs, model loading not counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Timing {
    pub median_s: f64,
    pub min_s: f64,
}

/// Loaded networks with their inputs: gives the outputs by name, as often as it is called.
type Run<'a> = Box<dyn FnMut() -> Result<Outputs> + 'a>;

type Outputs = Vec<(&'static str, Tensor)>;

/// Runs the component and writes its outputs.
pub fn probe(probe: &Probe) -> Result<Option<Timing>> {
    let inputs = Inputs::read(probe.input)?;
    let mut run = match probe.component {
        Component::Transformer => networks::transformer(probe, &inputs)?,
        Component::VaeEncoder => networks::vae_encoder(probe, &inputs)?,
        Component::VaeDecoder => networks::vae_decoder(probe, &inputs)?,
        Component::TextEncoder => networks::text_encoder(probe, &inputs)?,
        Component::Upsampler => networks::upsampler(probe, &inputs)?,
        Component::Pipeline => pipeline::pipeline(probe, &inputs)?,
    };
    let (outputs, timing) = time(probe, &mut run)?;
    drop(run);
    io::write(probe.output, outputs)?;
    Ok(timing)
}

/// Runs once, and `repeat` times more against the clock: the last outputs, no two of which are in memory at once.
fn time(probe: &Probe, run: &mut Run) -> Result<(Outputs, Option<Timing>)> {
    let mut outputs = run()?;
    let mut seconds = Vec::with_capacity(probe.repeat);
    for _ in 0..probe.repeat {
        drop(outputs);
        let begun = Instant::now();
        outputs = run()?;
        probe.compute.device.synchronize()?;
        seconds.push(begun.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let middle = seconds.len() / 2;
    let timing = seconds.first().map(|&min_s| Timing {
        median_s: match seconds.len() % 2 {
            0 => (seconds[middle - 1] + seconds[middle]) / 2.0,
            _ => seconds[middle],
        },
        min_s,
    });
    Ok((outputs, timing))
}
