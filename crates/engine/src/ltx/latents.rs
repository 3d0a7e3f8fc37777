//! Latents as clips and as tokens, and where the tokens lie.

use candle_core::{DType, Device, Tensor};

use crate::Result;
use crate::model::Geometry;

/// Latent frames, rows and columns.
pub type Grid = (usize, usize, usize);

/// (b, c, t, h, w) → (b, t·h·w, c)
pub fn pack(latents: &Tensor) -> Result<Tensor> {
    Ok(latents
        .permute((0, 2, 3, 4, 1))?
        .flatten(1, 3)?
        .contiguous()?)
}

/// (b, t·h·w, c) → (b, c, t, h, w)
pub fn unpack(tokens: &Tensor, (t, h, w): Grid) -> Result<Tensor> {
    let (b, _, c) = tokens.dims3()?;
    let latents = tokens.reshape((b, t, h, w, c))?;
    Ok(latents.permute((0, 4, 1, 2, 3))?.contiguous()?)
}

/// Seconds, row and column of each token in pixels, (1, 3, t·h·w): a token lies at `max(r·t + 1 − r, 0) +
/// frame_index` frames, t counting from `first`.
pub fn coordinates(
    (t, h, w): Grid,
    (frame_index, first): (usize, usize),
    frame_rate: f64,
    geometry: &Geometry,
) -> Result<Tensor> {
    let r = geometry.temporal;
    let per_frame = (1.0 / frame_rate) as f32;
    let mut values = Vec::with_capacity(3 * t * h * w);
    for i in first..first + t {
        let frame = (r * i + 1).saturating_sub(r) + frame_index;
        values.extend(std::iter::repeat_n(frame as f32 * per_frame, h * w));
    }
    for _ in 0..t {
        (0..h).for_each(|y| values.extend(std::iter::repeat_n((y * geometry.spatial) as f32, w)));
    }
    for _ in 0..t * h {
        values.extend((0..w).map(|x| (x * geometry.spatial) as f32));
    }
    Ok(Tensor::from_vec(values, (1, 3, t * h * w), &Device::Cpu)?)
}

/// `a` moved the part `weight` of the way to `b`, rounded as the reference rounds it: exact at both ends.
pub fn lerp(a: &Tensor, b: &Tensor, weight: f64) -> Result<Tensor> {
    let way = b.broadcast_sub(a)?;
    Ok(match weight < 0.5 {
        true => a.broadcast_add(&(way * weight)?)?,
        false => b.broadcast_sub(&(way * (1.0 - weight))?)?,
    })
}

/// `whole` with latent frames `start..` replaced by `part`.
pub fn replace_frames(whole: &Tensor, start: usize, part: &Tensor) -> Result<Tensor> {
    let (frames, len) = (whole.dim(2)?, part.dim(2)?);
    let mut pieces = Vec::new();
    if start > 0 {
        pieces.push(whole.narrow(2, 0, start)?);
    }
    pieces.push(part.clone());
    if start + len < frames {
        pieces.push(whole.narrow(2, start + len, frames - start - len)?);
    }
    Ok(Tensor::cat(&pieces, 2)?)
}

/// A (b, n) tensor of f32 on the CPU as rows.
pub fn rows(tensor: &Tensor) -> Result<Vec<Vec<f32>>> {
    Ok(tensor
        .to_dtype(DType::F32)?
        .to_device(&Device::Cpu)?
        .to_vec2::<f32>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_is_undone_by_unpacking() {
        let latents = Tensor::arange(0f32, 2. * 3. * 2. * 4. * 5., &Device::Cpu).unwrap();
        let latents = latents.reshape((2, 3, 2, 4, 5)).unwrap();
        let tokens = pack(&latents).unwrap();
        assert_eq!(tokens.dims(), [2, 40, 3]);
        let back = unpack(&tokens, (2, 4, 5)).unwrap();
        let flat = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(flat(&back), flat(&latents));
    }

    #[test]
    fn time_runs_by_the_causal_rule() {
        let geometry = Geometry {
            spatial: 32,
            temporal: 8,
            channels: 1,
        };
        let coords = coordinates((3, 1, 2), (10, 0), 2.0, &geometry).unwrap();
        let rows = coords.squeeze(0).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(rows[0], [5.0, 5.0, 5.5, 5.5, 9.5, 9.5]);
        assert_eq!(rows[1], [0.0; 6]);
        assert_eq!(rows[2], [0.0, 32.0, 0.0, 32.0, 0.0, 32.0]);
        let later = coordinates((2, 1, 1), (0, 1), 1.0, &geometry).unwrap();
        let rows = later.squeeze(0).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(rows[0], [1.0, 9.0]);
    }
}
