//! Between pictures and tensors.

use candle_core::{DType, Device, Tensor};
use kinora_media::Frame;

use crate::{Error, Result};

/// Frames of one size as a clip for an encoder: (1, 3, t, h, w), f32 in −1…1, on the CPU.
pub fn to_tensor(frames: &[Frame]) -> Result<Tensor> {
    let Some(first) = frames.first() else {
        return Err(Error::request(
            "a clip without frames",
            "give at least one frame",
        ));
    };
    let (width, height) = (first.width() as usize, first.height() as usize);
    let mut rgb = Vec::with_capacity(frames.len() * width * height * 3);
    for frame in frames {
        if frame.size() != first.size() {
            return Err(Error::request(
                "frames of different sizes in one clip",
                "bring them to one size",
            ));
        }
        rgb.extend_from_slice(frame.rgb());
    }
    let shape = (frames.len(), height, width, 3);
    from_rgb(&Tensor::from_vec(rgb, shape, &Device::Cpu)?)
}

/// (t, h, w, 3) of u8 → (1, 3, t, h, w), f32 in −1…1.
pub(crate) fn from_rgb(rgb: &Tensor) -> Result<Tensor> {
    let unit = (rgb.to_dtype(DType::F32)? / 255.0)?;
    let signed = ((unit * 2.0)? - 1.0)?;
    Ok(signed.permute((3, 0, 1, 2))?.unsqueeze(0)?.contiguous()?)
}

/// One clip of a decoder, (3, t, h, w) in about −1…1, as bytes: t of them with h · w · 3 each.
pub(crate) fn to_rgb(video: &Tensor) -> Result<Vec<Vec<u8>>> {
    let (_, frames, height, width) = video.dims4()?;
    let video = video.to_dtype(DType::F32)?.to_device(&Device::Cpu)?;
    let values = video
        .permute((1, 2, 3, 0))?
        .flatten_all()?
        .to_vec1::<f32>()?;
    let byte = |value: &f32| ((value / 2.0 + 0.5).clamp(0.0, 1.0) * 255.0).round_ties_even() as u8;
    let size = height * width * 3;
    let mut out = Vec::with_capacity(frames);
    for frame in values.chunks_exact(size) {
        out.push(frame.iter().map(byte).collect());
    }
    Ok(out)
}

/// The frames of one clip of a decoder, (3, t, h, w) in about −1…1.
pub fn from_tensor(video: &Tensor) -> Result<Vec<Frame>> {
    let (_, _, height, width) = video.dims4()?;
    to_rgb(video)?
        .into_iter()
        .map(|rgb| Ok(Frame::new(width as u32, height as u32, rgb)?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_survive_the_way_there_and_back() {
        let paint = |t: u32| {
            Frame::from_fn(5, 3, move |x, y| {
                [(x * 50) as u8, (y * 80) as u8, (t * 100) as u8]
            })
        };
        let frames: Vec<Frame> = (0..2).map(|t| paint(t).unwrap()).collect();
        let tensor = to_tensor(&frames).unwrap();
        assert_eq!(tensor.dims(), [1, 3, 2, 3, 5]);
        assert_eq!(from_tensor(&tensor.squeeze(0).unwrap()).unwrap(), frames);
    }
}
