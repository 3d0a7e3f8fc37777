//! Noise from a seed, the same on every machine and device.

use candle_core::{Device, Tensor};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::Result;

/// The name under which sidecars record this generator. Any change of its numbers needs a new name.
pub const GENERATOR: &str = "kinora-normal-v1";

/// Gives the random tensors of one clip, in the order in which the pipeline asks for them.
pub trait NoiseSource {
    /// The next tensor of independent standard normal numbers, f32, of this shape.
    fn next(&mut self, shape: &[usize]) -> Result<Tensor>;
}

/// Standard normal noise drawn on the CPU from a seed (`kinora-normal-v1`).
///
/// Draw `k` reads stream `k` of a ChaCha12 generator whose key is the seed, little-endian, in its first eight
/// bytes and this generator's name in the others. Each pair of numbers comes from two 64-bit words by Box and
/// Muller in f64, with `libm`'s logarithm and sine, which are the same on every platform. So a draw depends on
/// seed, its index and its length alone, and a resumed clip goes on at any draw.
#[derive(Debug, Clone)]
pub struct SeededNoise {
    seed: u64,
    draws: u64,
}

impl SeededNoise {
    pub fn new(seed: u64) -> Self {
        Self { seed, draws: 0 }
    }

    /// How many tensors were drawn so far.
    pub fn draws(&self) -> u64 {
        self.draws
    }

    /// Goes on as after `draws` tensors.
    pub fn seek(&mut self, draws: u64) {
        self.draws = draws;
    }
}

impl NoiseSource for SeededNoise {
    fn next(&mut self, shape: &[usize]) -> Result<Tensor> {
        let values = normal(self.seed, self.draws, shape.iter().product());
        self.draws += 1;
        Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
    }
}

fn normal(seed: u64, draw: u64, count: usize) -> Vec<f32> {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..8 + GENERATOR.len()].copy_from_slice(GENERATOR.as_bytes());
    let mut words = ChaCha12Rng::from_seed(key);
    words.set_stream(draw);
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        let (radius, angle) = (uniform(words.next_u64()), uniform(words.next_u64()));
        let radius = (-2.0 * libm::log(radius)).sqrt();
        let (sin, cos) = libm::sincos(std::f64::consts::TAU * angle);
        values.push((radius * cos) as f32);
        values.push((radius * sin) as f32);
    }
    values.truncate(count);
    values
}

/// The middle of one of 2⁵³ equal parts of 0…1, never 0 or 1.
fn uniform(word: u64) -> f64 {
    ((word >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_standard_normal() {
        let values = normal(7, 0, 200_000);
        let n = values.len() as f64;
        let moment = |p: i32| values.iter().map(|&v| f64::from(v).powi(p)).sum::<f64>() / n;
        assert!(moment(1).abs() < 0.01, "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.02, "{}", moment(2));
        assert!(moment(3).abs() < 0.05, "{}", moment(3));
        assert!((moment(4) - 3.0).abs() < 0.1, "{}", moment(4));
    }

    #[test]
    fn seeds_and_draws_differ_and_repeat() {
        let mut noise = SeededNoise::new(7);
        let first = noise.next(&[5]).unwrap().to_vec1::<f32>().unwrap();
        let second = noise.next(&[5]).unwrap().to_vec1::<f32>().unwrap();
        assert_ne!(first, second);
        noise.seek(1);
        assert_eq!(noise.next(&[5]).unwrap().to_vec1::<f32>().unwrap(), second);
        assert_eq!(normal(7, 0, 5), first);
        assert_ne!(normal(8, 0, 5), first);
        assert_eq!(normal(7, 0, 9)[..5], first[..]);
    }

    /// The generator's name promises these numbers for ever: clips are repeated from their seeds.
    #[test]
    fn the_numbers_are_those_of_v1() {
        let got = normal(7, 3, 4);
        assert_eq!(got, V1_SEED_7_DRAW_3, "{got:?}");
    }

    const V1_SEED_7_DRAW_3: [f32; 4] = [0.27451438, 1.0919448, -0.036373787, 2.6696658];
}
