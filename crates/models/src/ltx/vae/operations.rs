//! What decoding takes.

use super::AutoencoderConfig;

/// A convolution of a 3×3×3 cube, or of one tap, over a grid.
struct Convolution {
    c_in: usize,
    c_out: usize,
    taps: usize,
    /// (t, h, w)
    grid: [usize; 3],
}

impl Convolution {
    fn places(&self) -> usize {
        self.grid.iter().product()
    }
}

impl AutoencoderConfig {
    /// Additions and multiplications of decoding one clip's latents, (t, h, w) of them: those of its convolutions by their
    /// definition, however they are computed.
    pub fn operations_of_decoding(&self, latents: [usize; 3]) -> f64 {
        let of = |conv: &Convolution| {
            2.0 * conv.places() as f64 * (conv.taps * conv.c_in * conv.c_out) as f64
        };
        self.decoding(latents).iter().map(of).sum()
    }

    /// Numbers that the widest of the decoder's convolutions gives for such latents.
    pub fn widest_of_decoding(&self, latents: [usize; 3]) -> usize {
        let of = |conv: &Convolution| conv.c_out * conv.places();
        self.decoding(latents).iter().map(of).max().unwrap_or(0)
    }

    fn decoding(&self, latents: [usize; 3]) -> Vec<Convolution> {
        let mut grid = latents;
        let cube = |c_in: usize, c_out: usize, grid: [usize; 3]| Convolution {
            c_in,
            c_out,
            taps: 27,
            grid,
        };
        let resnets =
            |layers: usize, c: usize, grid| (0..2 * layers).map(move |_| cube(c, c, grid));
        let width = self.decoder_width();
        let middle = *self.decoder_layers_per_block.last().unwrap_or(&0);
        let mut all = vec![cube(self.latent_channels, width, grid)];
        all.extend(resnets(middle, width, grid));
        let mut last = width;
        for block in self.up_blocks() {
            let (c_in, c_out) = (block.c_in, block.c_out);
            if c_in != c_out {
                let shortcut = Convolution {
                    taps: 1,
                    ..cube(c_in, c_out, grid)
                };
                all.extend([cube(c_in, c_out, grid), cube(c_out, c_out, grid), shortcut]);
            }
            if block.upsample {
                all.push(cube(c_out * block.factor, 8 * c_out, grid));
                let [t, h, w] = grid;
                grid = [2 * t - t.min(1), 2 * h, 2 * w];
            }
            all.extend(resnets(block.layers, c_out, grid));
            last = c_out;
        }
        let patch = self.out_channels * self.patch_size * self.patch_size;
        all.push(cube(last, patch, grid));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_what_pytorch_counts() {
        // `training/bench_peers.py`: FlopCounterMode counts 1,510 thousand millions.
        let channels = vec![64, 128, 256, 256];
        let layers = vec![1; 5];
        let config = AutoencoderConfig {
            latent_channels: 32,
            block_out_channels: channels.clone(),
            decoder_block_out_channels: channels,
            layers_per_block: layers.clone(),
            decoder_layers_per_block: layers,
            ..AutoencoderConfig::default()
        };
        let operations = config.operations_of_decoding([9, 12, 20]) / 1e9;
        assert!((operations - 1510.0).abs() < 1.0, "{operations}");
        assert_eq!(config.operations_of_decoding([0, 12, 20]), 0.0);
        // The last doubling: 8 × 64 channels over half of the finest grid's sides and frames.
        assert_eq!(config.widest_of_decoding([9, 12, 20]), 512 * 33 * 48 * 80);
    }
}
