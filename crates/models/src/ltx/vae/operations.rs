//! What decoding takes.

use super::AutoencoderConfig;

impl AutoencoderConfig {
    /// Additions and multiplications of decoding one clip's latents, (t, h, w) of them: those of its convolutions by their
    /// definition, however they are computed.
    pub fn operations_of_decoding(&self, latents: [usize; 3]) -> f64 {
        let mut size = latents;
        let cube = |c_in: usize, c_out: usize, size: [usize; 3]| {
            2.0 * size.iter().product::<usize>() as f64 * (27 * c_in * c_out) as f64
        };
        let width = self.decoder_width();
        let middle = *self.decoder_layers_per_block.last().unwrap_or(&0);
        let mut sum = cube(self.latent_channels, width, size);
        sum += (2 * middle) as f64 * cube(width, width, size);
        let mut last = width;
        for block in self.up_blocks() {
            let (c_in, c_out) = (block.c_in, block.c_out);
            if c_in != c_out {
                // Two convolutions, and a shortcut of one tap.
                let narrowing = cube(c_in, c_out, size);
                sum += narrowing + cube(c_out, c_out, size) + narrowing / 27.0;
            }
            if block.upsample {
                sum += cube(c_out * block.factor, 8 * c_out, size);
                let [t, h, w] = size;
                size = [2 * t - t.min(1), 2 * h, 2 * w];
            }
            sum += (2 * block.layers) as f64 * cube(c_out, c_out, size);
            last = c_out;
        }
        sum + cube(
            last,
            self.out_channels * self.patch_size * self.patch_size,
            size,
        )
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
    }
}
