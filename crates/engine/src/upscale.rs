//! From the model's frames towards a larger size, by the network that a model may bring for it.

use kinora_media::Frame;
use kinora_models::FrameUpscaler;

use crate::plan::{Drawn, Plan};
use crate::request::{Request, Upscale};
use crate::{Compute, Error, Model, Result, frames};

/// How the frames come to the file's size: as asked, else by the network where the model brings one. A size that is no
/// larger than what is drawn needs none.
pub(crate) fn choose(
    request: &mut Request,
    model: &Model,
    drawn: &Drawn,
    size: (u32, u32),
) -> Result<Upscale> {
    let brought = FrameUpscaler::is_in(&model.source)?;
    if request.upscale == Some(Upscale::Learned) && !brought {
        return Err(Error::request(
            format!("{} brings no learned upscaler", model.title),
            "leave --upscale out, or give lanczos",
        ));
    }
    let usual = match brought {
        true => Upscale::Learned,
        false => Upscale::Lanczos,
    };
    let asked = *request.upscale.get_or_insert(usual);
    let grows = size.0 as usize > drawn.width || size.1 as usize > drawn.height;
    Ok(if grows { asked } else { Upscale::Lanczos })
}

/// Enlarges a plan's drawn frames, or leaves them to the resize.
pub(crate) struct Enlarger {
    network: Option<FrameUpscaler>,
    compute: Compute,
}

impl Enlarger {
    pub fn new(plan: &Plan) -> Result<Self> {
        let compute = plan.compute.clone();
        let load = || FrameUpscaler::load(&plan.model.source, compute.dtype, &compute.device);
        let network = match plan.output.upscale {
            Upscale::Learned => Some(load()?),
            Upscale::Lanczos => None,
        };
        Ok(Self { network, compute })
    }

    pub fn enlarge(&self, frame: Frame) -> Result<Frame> {
        let Some(network) = &self.network else {
            return Ok(frame);
        };
        let clip = frames::to_tensor(std::slice::from_ref(&frame))?.squeeze(2)?;
        let large = network.forward(&clip.to_device(&self.compute.device)?)?;
        let mut large = frames::from_tensor(&large.squeeze(0)?.unsqueeze(1)?)?;
        Ok(large.pop().unwrap_or(frame))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use candle_core::{DType, Device, Tensor};
    use kinora_models::MINI;

    use super::*;

    /// The embedded model with a network that adds nothing to the frame enlarged.
    fn model() -> Model {
        let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
        let convolutions = [("conv_in", 48, 8), ("blocks.0", 8, 8), ("conv_out", 8, 192)];
        let weights = convolutions.iter().flat_map(|(name, c_in, c_out)| {
            [
                (format!("{name}.weight"), zeros(&[*c_out, *c_in, 3, 3])),
                (format!("{name}.bias"), zeros(&[*c_out])),
            ]
        });
        let weights = safetensors::serialize(weights, None).unwrap();
        let mut files: Vec<(&'static str, &'static [u8])> = MINI.to_vec();
        files.retain(|(name, _)| !name.starts_with("upscaler/"));
        files.push(("upscaler/config.json", br#"{"width": 8, "layers": 1}"#));
        files.push(("upscaler/model.safetensors", weights.leak()));
        Model::embedded("mini", files.leak()).unwrap()
    }

    #[test]
    fn frames_come_out_of_the_network_at_twice_their_size() {
        let dir = tempfile::tempdir().unwrap();
        let request = Request {
            prompt: "a frog".into(),
            ..Request::default()
        };
        let out = dir.path().join("a.png");
        let plan = Plan::resolve(request, Arc::new(model()), Compute::cpu(), &out).unwrap();
        let enlarger = Enlarger::new(&plan).unwrap();
        let ramp = Frame::from_fn(16, 8, |x, y| [(x * 8) as u8, (y * 16) as u8, 200]).unwrap();
        let large = enlarger.enlarge(ramp).unwrap();
        assert_eq!(large.size(), (32, 16));
        assert_eq!(large.pixel(0, 0), [0, 0, 200]);
        assert_eq!(large.pixel(9, 5), [34, 36, 200]); // a quarter of the way from 4 to 5, and from 2 to 3
    }
}
