//! Runs of residual blocks, with a change of scale before or after.

use candle_core::Tensor;
use candle_nn::VarBuilder;

use super::config::{DownBlockKind, DownPlan, DownsampleKind, UpPlan};
use super::flow::Padding;
use super::resnet::{Pass, Resnet, ResnetSpec, TimeConv, TimeEmbedder};
use super::sampling::{Downsampler, Upsampler};
use crate::Result;

/// What all blocks of one half share.
#[derive(Clone, Copy)]
pub struct Common {
    pub eps: f64,
    pub padding: Padding,
    pub timestep_conditioning: bool,
}

impl Common {
    fn resnet(&self, c_in: usize, c_out: usize) -> ResnetSpec {
        ResnetSpec {
            c_in,
            c_out,
            eps: self.eps,
            padding: self.padding,
            inject_noise: false,
            timestep_conditioning: self.timestep_conditioning,
        }
    }

    fn embedder(&self, c: usize, vb: &VarBuilder) -> Result<Option<TimeEmbedder>> {
        match self.timestep_conditioning {
            true => Ok(Some(TimeEmbedder::load(4, c, vb.pp("time_embedder"))?)),
            false => Ok(None),
        }
    }
}

enum Shrink {
    Strided(TimeConv),
    Cells(Downsampler),
}

/// `LTXVideoDownBlock3D` and `LTXVideo095DownBlock3D`.
pub struct DownBlock {
    resnets: Vec<Resnet>,
    shrink: Option<Shrink>,
    conv_out: Option<Resnet>,
}

impl DownBlock {
    pub fn load(plan: &DownPlan, common: Common, vb: VarBuilder) -> Result<Self> {
        let (c_in, c_out, padding) = (plan.c_in, plan.c_out, common.padding);
        let down = vb.pp("downsamplers").pp(0);
        let shrink = match plan.downsample {
            None => None,
            Some(DownsampleKind::Conv) => Some(Shrink::Strided(TimeConv::strided(
                c_in, c_in, 2, padding, down,
            )?)),
            Some(kind) => {
                let down = Downsampler::load(c_in, c_out, kind.stride(), padding, down)?;
                Some(Shrink::Cells(down))
            }
        };
        let conv_out = match plan.kind {
            DownBlockKind::Strided if c_in != c_out => {
                Some(Resnet::load(common.resnet(c_in, c_out), vb.pp("conv_out"))?)
            }
            _ => None,
        };
        Ok(Self {
            resnets: resnets(plan.layers, common.resnet(c_in, c_in), &vb)?,
            shrink,
            conv_out,
        })
    }

    /// (b, t, h, w, c_in) to (b, t', h', w', c_out).
    pub fn forward(&self, x: Tensor, pass: &mut Pass) -> Result<Option<Tensor>> {
        let Some(x) = run(&self.resnets, x, None, pass)? else {
            return Ok(None);
        };
        let x = match &self.shrink {
            None => Some(x),
            Some(Shrink::Strided(conv)) => conv.forward(&x, pass.flow)?,
            Some(Shrink::Cells(down)) => down.forward(&x, pass.flow)?,
        };
        match (x, &self.conv_out) {
            (Some(x), Some(conv_out)) => conv_out.forward(&x, None, pass),
            (x, _) => Ok(x),
        }
    }
}

/// `LTXVideoMidBlock3d`.
pub struct MidBlock {
    time_embedder: Option<TimeEmbedder>,
    resnets: Vec<Resnet>,
}

impl MidBlock {
    pub fn load(
        c: usize,
        layers: usize,
        inject_noise: bool,
        common: Common,
        vb: VarBuilder,
    ) -> Result<Self> {
        let spec = ResnetSpec {
            inject_noise,
            ..common.resnet(c, c)
        };
        Ok(Self {
            time_embedder: common.embedder(c, &vb)?,
            resnets: resnets(layers, spec, &vb)?,
        })
    }

    /// (b, t, h, w, c) to the same.
    pub fn forward(&self, x: Tensor, pass: &mut Pass) -> Result<Option<Tensor>> {
        let temb = embed(&self.time_embedder, pass)?;
        run(&self.resnets, x, temb.as_ref(), pass)
    }
}

/// `LTXVideoUpBlock3d`.
pub struct UpBlock {
    conv_in: Option<Resnet>,
    time_embedder: Option<TimeEmbedder>,
    upsampler: Option<Upsampler>,
    resnets: Vec<Resnet>,
}

impl UpBlock {
    pub fn load(plan: &UpPlan, common: Common, vb: VarBuilder) -> Result<Self> {
        let (c_in, c_out) = (plan.c_in, plan.c_out);
        let spec = ResnetSpec {
            inject_noise: plan.inject_noise,
            ..common.resnet(c_out, c_out)
        };
        let conv_in = match c_in == c_out {
            true => None,
            false => Some(Resnet::load(ResnetSpec { c_in, ..spec }, vb.pp("conv_in"))?),
        };
        let upsampler = match plan.upsample {
            false => None,
            true => Some(Upsampler::load(
                c_out * plan.factor,
                plan.factor,
                plan.residual,
                common.padding,
                vb.pp("upsamplers").pp(0),
            )?),
        };
        Ok(Self {
            conv_in,
            time_embedder: common.embedder(c_in, &vb)?,
            upsampler,
            resnets: resnets(plan.layers, spec, &vb)?,
        })
    }

    /// (b, t, h, w, c_in · factor) to (b, t', h', w', c_out).
    pub fn forward(&self, x: Tensor, pass: &mut Pass) -> Result<Option<Tensor>> {
        let mut x = Some(x);
        if let (Some(conv_in), Some(h)) = (&self.conv_in, &x) {
            x = conv_in.forward(h, None, pass)?;
        }
        let temb = embed(&self.time_embedder, pass)?;
        if let (Some(upsampler), Some(h)) = (&self.upsampler, &x) {
            x = upsampler.forward(h, pass.flow)?;
        }
        match x {
            Some(x) => run(&self.resnets, x, temb.as_ref(), pass),
            None => Ok(None),
        }
    }
}

fn resnets(layers: usize, spec: ResnetSpec, vb: &VarBuilder) -> Result<Vec<Resnet>> {
    let vb = vb.pp("resnets");
    (0..layers).map(|i| Resnet::load(spec, vb.pp(i))).collect()
}

fn run(
    resnets: &[Resnet],
    mut x: Tensor,
    temb: Option<&Tensor>,
    pass: &mut Pass,
) -> Result<Option<Tensor>> {
    for resnet in resnets {
        match resnet.forward(&x, temb, pass)? {
            Some(h) => x = h,
            None => return Ok(None),
        }
    }
    Ok(Some(x))
}

fn embed(embedder: &Option<TimeEmbedder>, pass: &Pass) -> Result<Option<Tensor>> {
    match (embedder, pass.timesteps) {
        (Some(embedder), Some(timesteps)) => Ok(Some(embedder.forward(timesteps)?)),
        _ => Ok(None),
    }
}
