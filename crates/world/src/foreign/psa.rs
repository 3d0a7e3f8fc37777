//! Skeletal clips: `PSSA`, version 1. States are in model space: no hierarchy to walk.

use super::{BoneState, FormatError, Reader};

#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    pub frame_seconds: f32,
    pub bones: usize,
    /// One row of `bones` states a frame; at least one frame.
    pub frames: Vec<Vec<BoneState>>,
}

pub fn parse(bytes: &[u8]) -> Result<Clip, FormatError> {
    let mut r = Reader::new(bytes, "the header");
    if r.take(4)? != b"PSSA" {
        return Err(FormatError::Magic("PSA"));
    }
    let version = r.u32()?;
    if version != 1 {
        return Err(FormatError::Unsupported(format!("PSA version {version}")));
    }
    let _size = r.u32()?;
    let name = r.u32()?;
    r.take(name)?;
    let frame_seconds = r.f32()? / 1000.0;
    if !(1e-4..10.0).contains(&frame_seconds) {
        return Err(FormatError::Range("the length of a frame"));
    }
    let bones = r.u32()?;
    let count = r.u32()?;
    if bones == 0 || bones > 256 || count == 0 || count > 10_000 {
        return Err(FormatError::Range("the number of bones or frames"));
    }
    r.what = "the frames";
    r.expect(bones * count, 28)?;
    let frames = (0..count)
        .map(|_| (0..bones).map(|_| BoneState::read(&mut r)).collect())
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Clip {
        frame_seconds,
        bones,
        frames,
    })
}
