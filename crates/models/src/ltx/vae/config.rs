//! What an `AutoencoderKLLTXVideo` is made of.

use std::ops::RangeInclusive;

use serde::Deserialize;

use crate::source::ComponentConfig;

type Check = Result<(), String>;

/// `vae/config.json`. Every field has the reference's default, so that the sparse configs of early
/// releases load. Lists run from the finest to the coarsest block, in the decoder too.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct AutoencoderConfig {
    pub in_channels: usize,
    pub out_channels: usize,
    pub latent_channels: usize,
    pub block_out_channels: Vec<usize>,
    pub down_block_types: Vec<DownBlockKind>,
    pub decoder_block_out_channels: Vec<usize>,
    /// Residual blocks of each down block; the last entry is the middle's.
    pub layers_per_block: Vec<usize>,
    /// Residual blocks of each up block; the last entry is the middle's.
    pub decoder_layers_per_block: Vec<usize>,
    pub spatio_temporal_scaling: Vec<bool>,
    pub decoder_spatio_temporal_scaling: Vec<bool>,
    /// Whether a block's residuals add noise; the last entry is the middle's.
    pub decoder_inject_noise: Vec<bool>,
    pub downsample_type: Vec<DownsampleKind>,
    pub upsample_residual: Vec<bool>,
    pub upsample_factor: Vec<usize>,
    pub timestep_conditioning: bool,
    pub patch_size: usize,
    pub patch_size_t: usize,
    pub resnet_norm_eps: f64,
    pub scaling_factor: f64,
    pub encoder_causal: bool,
    pub decoder_causal: bool,
    /// Pixels of a latent's side; by default what the encoder's blocks come to.
    pub spatial_compression_ratio: Option<usize>,
    /// Frames of a latent; by default what the encoder's blocks come to.
    pub temporal_compression_ratio: Option<usize>,
}

/// Class of a down block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum DownBlockKind {
    /// Up to 0.9.1: a strided convolution, then a residual block that widens.
    #[serde(rename = "LTXVideoDownBlock3D")]
    Strided,
    /// From 0.9.5: the downsampler widens by itself.
    #[serde(rename = "LTXVideo095DownBlock3D")]
    Widening,
}

/// How a 0.9.5 down block shrinks its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DownsampleKind {
    /// A convolution of stride 2 along each axis.
    Conv,
    /// Pixels of 2×2 become channels.
    Spatial,
    /// Pairs of frames become channels.
    Temporal,
    /// Both.
    Spatiotemporal,
}

impl DownsampleKind {
    /// Factor along time, height and width.
    pub(super) fn stride(self) -> [usize; 3] {
        match self {
            Self::Spatial => [1, 2, 2],
            Self::Temporal => [2, 1, 1],
            Self::Conv | Self::Spatiotemporal => [2, 2, 2],
        }
    }
}

impl Default for AutoencoderConfig {
    fn default() -> Self {
        Self {
            in_channels: 3,
            out_channels: 3,
            latent_channels: 128,
            block_out_channels: vec![128, 256, 512, 512],
            down_block_types: vec![DownBlockKind::Strided; 4],
            decoder_block_out_channels: vec![128, 256, 512, 512],
            layers_per_block: vec![4, 3, 3, 3, 4],
            decoder_layers_per_block: vec![4, 3, 3, 3, 4],
            spatio_temporal_scaling: vec![true, true, true, false],
            decoder_spatio_temporal_scaling: vec![true, true, true, false],
            decoder_inject_noise: vec![false; 5],
            downsample_type: vec![DownsampleKind::Conv; 4],
            upsample_residual: vec![false; 4],
            upsample_factor: vec![1; 4],
            timestep_conditioning: false,
            patch_size: 4,
            patch_size_t: 1,
            resnet_norm_eps: 1e-6,
            scaling_factor: 1.0,
            encoder_causal: true,
            decoder_causal: false,
            spatial_compression_ratio: None,
            temporal_compression_ratio: None,
        }
    }
}

impl AutoencoderConfig {
    /// A few thousand weights, 8×8 pixels and 2 frames a latent, in the form of 0.9.7: for tests.
    pub fn tiny() -> Self {
        Self {
            latent_channels: 8,
            block_out_channels: vec![16, 32],
            down_block_types: vec![DownBlockKind::Widening],
            layers_per_block: vec![1, 1],
            spatio_temporal_scaling: vec![true],
            downsample_type: vec![DownsampleKind::Spatiotemporal],
            decoder_block_out_channels: vec![16],
            decoder_layers_per_block: vec![1, 1],
            decoder_spatio_temporal_scaling: vec![true],
            decoder_inject_noise: vec![false, false],
            upsample_residual: vec![true],
            upsample_factor: vec![2],
            spatial_compression_ratio: Some(8),
            temporal_compression_ratio: Some(2),
            ..Self::default()
        }
    }

    /// Frames of a latent.
    pub fn temporal_ratio(&self) -> usize {
        let scale = self.patch_size_t << count(&self.spatio_temporal_scaling);
        self.temporal_compression_ratio.unwrap_or(scale)
    }

    /// Frames that the decoder makes of so many of latents.
    pub(super) fn decoded_frames(&self, latents: usize) -> usize {
        (latents.saturating_sub(1) << count(&self.decoder_spatio_temporal_scaling)) + 1
    }

    /// Pixels of a latent's side.
    pub fn spatial_ratio(&self) -> usize {
        let scale = self.patch_size << count(&self.spatio_temporal_scaling);
        self.spatial_compression_ratio.unwrap_or(scale)
    }

    /// The encoder's down blocks, finest first.
    pub(super) fn down_blocks(&self) -> Vec<DownPlan> {
        // In 0.9.5 the list of widths begins with the first block's input.
        let widening = self.down_block_types.last() == Some(&DownBlockKind::Widening);
        let widths = &self.block_out_channels;
        let blocks = widths.len() - usize::from(widening);
        let mut c_out = widths[0];
        (0..blocks)
            .map(|i| {
                let c_in = c_out;
                c_out = *widths.get(i + 1).unwrap_or(&widths[i]);
                DownPlan {
                    kind: self.down_block_types[i],
                    downsample: self.spatio_temporal_scaling[i].then(|| {
                        match self.down_block_types[i] {
                            DownBlockKind::Strided => DownsampleKind::Conv,
                            DownBlockKind::Widening => self.downsample_type[i],
                        }
                    }),
                    c_in,
                    c_out,
                    layers: self.layers_per_block[i],
                }
            })
            .collect()
    }

    /// The decoder's up blocks, coarsest first.
    pub(super) fn up_blocks(&self) -> Vec<UpPlan> {
        let widths = &self.decoder_block_out_channels;
        let at = |i: usize| widths.len() - 1 - i;
        let mut c_out = widths[at(0)];
        (0..widths.len())
            .map(|i| {
                let factor = *nth_back(&self.upsample_factor, i).unwrap_or(&1);
                let c_in = c_out / factor;
                c_out = widths[at(i)] / factor;
                UpPlan {
                    c_in,
                    c_out,
                    factor,
                    upsample: nth_back(&self.decoder_spatio_temporal_scaling, i) == Some(&true),
                    residual: nth_back(&self.upsample_residual, i) == Some(&true),
                    inject_noise: nth_back(&self.decoder_inject_noise, i + 1) == Some(&true),
                    layers: *nth_back(&self.decoder_layers_per_block, i + 1).unwrap_or(&0),
                }
            })
            .collect()
    }

    /// Width of the decoder's middle block.
    pub(super) fn decoder_width(&self) -> usize {
        *self.decoder_block_out_channels.last().unwrap_or(&0)
    }

    fn check_lengths(&self) -> Check {
        let widening = self.down_block_types.last() == Some(&DownBlockKind::Widening);
        let widths = self.block_out_channels.len();
        if widths < 1 + usize::from(widening) || self.decoder_block_out_channels.is_empty() {
            return Err("`block_out_channels` lists no block".into());
        }
        let down = widths - usize::from(widening);
        let up = self.decoder_block_out_channels.len();
        let lists = [
            ("down_block_types", self.down_block_types.len(), down),
            (
                "spatio_temporal_scaling",
                self.spatio_temporal_scaling.len(),
                down,
            ),
            (
                "downsample_type",
                self.downsample_type.len(),
                if widening { down } else { 0 },
            ),
            ("layers_per_block", self.layers_per_block.len(), down + 1),
            (
                "decoder_layers_per_block",
                self.decoder_layers_per_block.len(),
                up + 1,
            ),
            (
                "decoder_spatio_temporal_scaling",
                self.decoder_spatio_temporal_scaling.len(),
                up,
            ),
            (
                "decoder_inject_noise",
                self.decoder_inject_noise.len(),
                up + 1,
            ),
            ("upsample_residual", self.upsample_residual.len(), up),
            ("upsample_factor", self.upsample_factor.len(), up),
        ];
        match lists.iter().find(|(_, have, need)| have < need) {
            Some((name, have, need)) => Err(format!(
                "`{name}` has {have} entries where the blocks need {need}"
            )),
            None => Ok(()),
        }
    }

    fn check_encoder(&self) -> Check {
        for (i, block) in self.down_blocks().iter().enumerate() {
            let fault = |what: &str| Err(format!("down block {i}: {what}"));
            if block.kind == DownBlockKind::Strided {
                continue;
            }
            let widens = block.c_in != block.c_out;
            match block.downsample {
                None | Some(DownsampleKind::Conv) if widens => {
                    return fault(
                        "only a spatial, temporal or spatiotemporal downsampler can change the width",
                    );
                }
                Some(kind) if kind != DownsampleKind::Conv => {
                    let cells: usize = kind.stride().iter().product();
                    if block.c_out % cells != 0 || !(block.c_in * cells).is_multiple_of(block.c_out)
                    {
                        return fault("its widths do not divide by its downsampling");
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_decoder(&self) -> Check {
        let mut width = self.decoder_width();
        for (i, block) in self.up_blocks().iter().enumerate() {
            let fault = |what: &str| Err(format!("up block {i}: {what}"));
            let widens = block.c_in != block.c_out;
            if widens && (block.inject_noise || self.timestep_conditioning) {
                return fault(
                    "a change of width together with noise or timestep conditioning is not supported",
                );
            }
            if block.factor > 1 && (widens || !block.upsample || block.c_in * block.factor != width)
            {
                return fault("`upsample_factor` does not fit `decoder_block_out_channels`");
            }
            let divides = width.is_multiple_of(8) && 8_usize.is_multiple_of(block.factor);
            if block.upsample && block.residual && !divides {
                return fault(
                    "`upsample_residual` needs a width that divides by 8, and a factor that divides 8",
                );
            }
            width = block.c_out;
        }
        Ok(())
    }
}

impl ComponentConfig for AutoencoderConfig {
    const CLASSES: &'static [&'static str] = &["AutoencoderKLLTXVideo"];

    fn validate(&self) -> Check {
        if self.patch_size_t != 1 {
            return Err(format!(
                "`patch_size_t` is {}, and only 1 is supported",
                self.patch_size_t
            ));
        }
        let sizes = [
            self.in_channels,
            self.out_channels,
            self.latent_channels,
            self.patch_size,
        ];
        let widths = self
            .block_out_channels
            .iter()
            .chain(&self.decoder_block_out_channels);
        if widths
            .chain(&self.upsample_factor)
            .chain(&sizes)
            .any(|&size| size == 0)
        {
            return Err("a width, a factor or `patch_size` is 0".into());
        }
        let ratios = [
            self.temporal_compression_ratio,
            self.spatial_compression_ratio,
        ];
        if ratios.iter().flatten().any(|ratio| !RATIOS.contains(ratio)) {
            return Err(format!(
                "a compression ratio is not {} to {}",
                RATIOS.start(),
                RATIOS.end()
            ));
        }
        if count(&self.spatio_temporal_scaling) > self.block_out_channels.len() {
            return Err("`spatio_temporal_scaling` has more steps than there are blocks".into());
        }
        self.check_lengths()?;
        self.check_encoder()?;
        self.check_decoder()
    }
}

/// Pixels, or frames, of a latent.
const RATIOS: RangeInclusive<usize> = 1..=1024;

/// One down block, resolved.
pub(super) struct DownPlan {
    pub kind: DownBlockKind,
    pub downsample: Option<DownsampleKind>,
    pub c_in: usize,
    pub c_out: usize,
    pub layers: usize,
}

/// One up block, resolved.
pub(super) struct UpPlan {
    pub c_in: usize,
    pub c_out: usize,
    /// The block's input is this many times as wide as `c_in`: the upsampler narrows it.
    pub factor: usize,
    pub upsample: bool,
    pub residual: bool,
    pub inject_noise: bool,
    pub layers: usize,
}

fn count(flags: &[bool]) -> usize {
    flags.iter().filter(|&&flag| flag).count()
}

fn nth_back<T>(list: &[T], i: usize) -> Option<&T> {
    list.iter().nth_back(i)
}

#[cfg(test)]
mod tests {
    use super::*;

    const V090: &str = r#"{
        "_class_name": "AutoencoderKLLTXVideo", "in_channels": 3, "out_channels": 3,
        "latent_channels": 128, "block_out_channels": [128, 256, 512, 512],
        "layers_per_block": [4, 3, 3, 3, 4], "patch_size": 4, "patch_size_t": 1,
        "spatio_temporal_scaling": [true, true, true, false], "resnet_norm_eps": 1e-06,
        "scaling_factor": 1.0, "encoder_causal": true, "decoder_causal": false
    }"#;
    const V091: &str = r#"{
        "block_out_channels": [128, 256, 512, 512],
        "decoder_block_out_channels": [256, 512, 1024], "decoder_layers_per_block": [5, 6, 7, 8],
        "decoder_spatio_temporal_scaling": [true, true, true],
        "decoder_inject_noise": [true, true, true, false],
        "upsample_residual": [true, true, true], "upsample_factor": [2, 2, 2],
        "timestep_conditioning": true
    }"#;
    const V095: &str = r#"{
        "block_out_channels": [128, 256, 512, 1024, 2048],
        "down_block_types": ["LTXVideo095DownBlock3D", "LTXVideo095DownBlock3D",
                             "LTXVideo095DownBlock3D", "LTXVideo095DownBlock3D"],
        "layers_per_block": [4, 6, 6, 2, 2], "spatio_temporal_scaling": [true, true, true, true],
        "downsample_type": ["spatial", "temporal", "spatiotemporal", "spatiotemporal"],
        "decoder_block_out_channels": [256, 512, 1024], "decoder_layers_per_block": [5, 5, 5, 5],
        "decoder_spatio_temporal_scaling": [true, true, true],
        "decoder_inject_noise": [false, false, false, false],
        "upsample_residual": [true, true, true], "upsample_factor": [2, 2, 2],
        "timestep_conditioning": true,
        "spatial_compression_ratio": 32, "temporal_compression_ratio": 8
    }"#;

    fn parse(json: &str) -> AutoencoderConfig {
        serde_json::from_str(json).expect("fits")
    }

    #[test]
    fn published_configs_are_supported() {
        for json in [V090, V091, V095] {
            let config = parse(json);
            config.validate().expect("supported");
            assert_eq!((config.temporal_ratio(), config.spatial_ratio()), (8, 32));
        }
        let widths: Vec<_> = parse(V091)
            .up_blocks()
            .iter()
            .map(|b| (b.c_in, b.c_out))
            .collect();
        assert_eq!(widths, [(512, 512), (256, 256), (128, 128)]);
        let noisy: Vec<_> = parse(V091)
            .up_blocks()
            .iter()
            .map(|b| b.inject_noise)
            .collect();
        assert_eq!(noisy, [true; 3]);
        AutoencoderConfig::tiny().validate().expect("supported");
    }

    #[test]
    fn unsupported_values_are_named() {
        for (field, value) in [
            ("patch_size_t", "2"),
            ("patch_size", "0"),
            ("layers_per_block", "[4, 3]"),
            ("upsample_factor", "[1, 1, 1, 3]"),
        ] {
            let config = parse(&format!("{{\"{field}\": {value}}}"));
            let what = config.validate().expect_err("refused");
            assert!(what.contains(field), "{what}");
        }
        let unknown = r#"{"downsample_type": ["conv", "conv", "conv", "wavelet"]}"#;
        assert!(serde_json::from_str::<AutoencoderConfig>(unknown).is_err());
    }

    #[test]
    fn ratios_that_nothing_can_be_divided_by_are_refused() {
        assert_eq!(AutoencoderConfig::tiny().validate(), Ok(()));
        for ratio in [0, 1 << 40] {
            let config = AutoencoderConfig {
                temporal_compression_ratio: Some(ratio),
                ..AutoencoderConfig::tiny()
            };
            assert!(config.validate().unwrap_err().contains("ratio"));
        }
        let config = AutoencoderConfig {
            spatio_temporal_scaling: vec![true; 62],
            ..AutoencoderConfig::tiny()
        };
        assert!(config.validate().is_err());
    }
}
