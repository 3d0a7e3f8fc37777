//! The networks alone.

use candle_core::{DType, Tensor};
use kinora_models::ltx::{
    Autoencoder, Halves, LatentUpsampler, Positions, Transformer, TransformerInput,
};
use kinora_models::t5::T5Encoder;

use super::io::Inputs;
use super::pipeline::given;
use super::{Probe, Run};
use crate::Result;
use crate::ltx::pipeline::as_model_error;

pub(super) fn transformer<'a>(probe: &'a Probe, inputs: &'a Inputs) -> Result<Run<'a>> {
    let device = &probe.compute.device;
    let network = Transformer::load(&probe.model, probe.compute.dtype, device)?;
    let input = TransformerInput {
        hidden_states: inputs.floats("hidden_states", 3)?.to_device(device)?,
        encoder_hidden_states: inputs
            .floats("encoder_hidden_states", 3)?
            .to_device(device)?,
        timestep: inputs.floats("timestep", inputs.rank("timestep")?)?,
        encoder_attention_mask: inputs.floats_if("encoder_attention_mask", 2)?,
        positions: positions(inputs)?,
    };
    let (batch, n, _) = input.hidden_states.dims3()?;
    let timestep = match input.timestep.dims() {
        [b] | [b, 1] if *b == batch => input.timestep.reshape((batch, 1))?,
        [b, tokens] if *b == batch && *tokens == n => input.timestep.clone(),
        other => {
            return Err(inputs.refuse(format!(
                "`timestep` has shape {other:?}, not ({batch}, 1) or ({batch}, {n})"
            )));
        }
    };
    if input.encoder_hidden_states.dim(0)? != batch {
        return Err(
            inputs.refuse("`encoder_hidden_states` and `hidden_states` have different batches")
        );
    }
    let input = TransformerInput { timestep, ..input };
    Ok(Box::new(move || {
        Ok(vec![("sample", network.forward(&input)?)])
    }))
}

fn positions(inputs: &Inputs) -> Result<Positions> {
    if let Some(coords) = inputs.floats_if("video_coords", 3)? {
        return Ok(Positions::Coords(coords));
    }
    let scale = inputs.floats(
        "rope_interpolation_scale",
        inputs.rank("rope_interpolation_scale")?,
    )?;
    let scale = scale
        .flatten_all()?
        .to_dtype(DType::F64)?
        .to_vec1::<f64>()?;
    let &[time, rows, columns] = scale.as_slice() else {
        return Err(inputs.refuse(format!(
            "`rope_interpolation_scale` has {} numbers, not 3",
            scale.len()
        )));
    };
    Ok(Positions::Grid {
        num_frames: inputs.count("num_frames")?,
        height: inputs.count("height")?,
        width: inputs.count("width")?,
        rope_interpolation_scale: [time, rows, columns],
    })
}

pub(super) fn vae_encoder<'a>(probe: &'a Probe, inputs: &'a Inputs) -> Result<Run<'a>> {
    let compute = &probe.compute;
    let network = Autoencoder::load_halves(
        &probe.model,
        Halves::Encoder,
        compute.dtype,
        &compute.device,
    )?;
    let sample = inputs.floats("sample", 5)?.to_device(&compute.device)?;
    let (_, channels, frames, height, width) = sample.dims5()?;
    let (r, s) = (network.temporal_ratio(), network.spatial_ratio());
    let fits = channels == network.config().in_channels && frames > 0 && (frames - 1) % r == 0;
    if !fits || height == 0 || width == 0 || height % s != 0 || width % s != 0 {
        return Err(inputs.refuse(format!(
            "`sample` has shape {:?}; the encoder takes (b, {}, {r}·k + 1, {s}·i, {s}·j)",
            sample.dims(),
            network.config().in_channels
        )));
    }
    let sample = sample.to_dtype(compute.dtype)?;
    Ok(Box::new(move || {
        Ok(vec![("latents", network.encode(&sample)?)])
    }))
}

pub(super) fn vae_decoder<'a>(probe: &'a Probe, inputs: &'a Inputs) -> Result<Run<'a>> {
    let compute = &probe.compute;
    let network = Autoencoder::load_halves(
        &probe.model,
        Halves::Decoder,
        compute.dtype,
        &compute.device,
    )?;
    let z = inputs.floats("z", 5)?.to_device(&compute.device)?;
    let channels = network.config().latent_channels;
    if z.dim(1)? != channels || z.dims().contains(&0) {
        return Err(inputs.refuse(format!(
            "`z` has shape {:?}; the decoder takes (b, {channels}, t, h, w)",
            z.dims()
        )));
    }
    let z = z.to_dtype(compute.dtype)?;
    let temb = match network.config().timestep_conditioning {
        true => Some(inputs.floats("temb", 1)?.to_device(&compute.device)?),
        false => None,
    };
    Ok(Box::new(move || {
        let mut next = 0;
        let mut noise = |shape: &[usize]| {
            let name = format!("noise.{next}");
            next += 1;
            given(inputs, &name, shape).map_err(as_model_error)
        };
        Ok(vec![(
            "sample",
            network.decode(&z, temb.as_ref(), &mut noise)?,
        )])
    }))
}

pub(super) fn text_encoder<'a>(probe: &'a Probe, inputs: &'a Inputs) -> Result<Run<'a>> {
    let network = T5Encoder::load(&probe.model, probe.compute.dtype, &probe.compute.device)?;
    let ids = inputs.ids("input_ids")?;
    let mask = match inputs.floats_if("attention_mask", 2)? {
        Some(mask) => mask,
        None => Tensor::ones(ids.shape(), DType::F32, ids.device())?,
    };
    Ok(Box::new(move || {
        Ok(vec![("last_hidden_state", network.forward(&ids, &mask)?)])
    }))
}

pub(super) fn upsampler<'a>(probe: &'a Probe, inputs: &'a Inputs) -> Result<Run<'a>> {
    let compute = &probe.compute;
    let network = LatentUpsampler::load(&probe.model, compute.dtype, &compute.device)?;
    let latents = inputs
        .floats("hidden_states", 5)?
        .to_dtype(compute.dtype)?
        .to_device(&compute.device)?;
    Ok(Box::new(move || {
        Ok(vec![("sample", network.forward(&latents)?)])
    }))
}
