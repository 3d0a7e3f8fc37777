//! The sequence parameter set: what a stream is, and the crop that we write into ours.

use super::bits::{BitReader, BitWriter, escape, unescape};
use super::nal;

/// What matters of a sequence parameter set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sps {
    pub profile: u8,
    /// 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub chroma_format: u32,
    /// The greater of luma's and chroma's bits.
    pub bit_depth: u32,
    /// No fields, no interlacing.
    pub progressive: bool,
    /// Width and height behind the crop.
    pub size: (u32, u32),
    /// Whether the samples span 0…255.
    pub full_range: bool,
    /// The matrix code, if the stream says.
    pub matrix: Option<u16>,
    /// Where the crop's flag stands, in bits of the unescaped unit.
    crop_flag_at: usize,
}

impl Sps {
    /// Reads a whole unit, its header byte included; `None` if it is broken.
    pub fn parse(unit: &[u8]) -> Option<Self> {
        if nal::kind(unit) != nal::SPS {
            return None;
        }
        let bytes = unescape(unit);
        let mut r = BitReader::new(&bytes);
        r.bits(8)?;
        let profile = r.bits(8)? as u8;
        r.bits(16)?;
        r.ue()?;
        let mut sps = Self {
            profile,
            chroma_format: 1,
            bit_depth: 8,
            ..Self::default()
        };
        if HIGH_PROFILES.contains(&profile) {
            sps.read_high_profile_part(&mut r)?;
        }
        r.ue()?; // log2_max_frame_num_minus4
        read_picture_order(&mut r)?;
        r.ue()?; // max_num_ref_frames
        r.bit()?;
        let (columns, rows) = (r.ue()?.checked_add(1)?, r.ue()?.checked_add(1)?);
        sps.progressive = r.bit()?;
        if !sps.progressive {
            r.bit()?; // mb_adaptive_frame_field_flag
        }
        r.bit()?; // direct_8x8_inference_flag
        sps.crop_flag_at = r.position();
        let crop = match r.bit()? {
            true => [r.ue()?, r.ue()?, r.ue()?, r.ue()?],
            false => [0; 4],
        };
        sps.size = sps.cropped(columns, rows, crop)?;
        if r.bit()? {
            // A broken usability part does not make the pictures unreadable.
            sps.read_color(&mut r);
        }
        Some(sps)
    }

    fn read_high_profile_part(&mut self, r: &mut BitReader) -> Option<()> {
        self.chroma_format = r.ue()?;
        if self.chroma_format == 3 {
            r.bit()?;
        }
        self.bit_depth = r.ue()?.max(r.ue()?).checked_add(8)?;
        r.bit()?;
        if r.bit()? {
            let lists = if self.chroma_format == 3 { 12 } else { 8 };
            for list in 0..lists {
                if r.bit()? {
                    skip_scaling_list(r, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
        Some(())
    }

    fn cropped(&self, columns: u32, rows: u32, crop: [u32; 4]) -> Option<(u32, u32)> {
        let fields = if self.progressive { 1 } else { 2 };
        let step_x = if matches!(self.chroma_format, 1 | 2) {
            2
        } else {
            1
        };
        let step_y = fields * if self.chroma_format == 1 { 2 } else { 1 };
        let side = |blocks: u32, a: u32, b: u32, step: u32| {
            let cut = a.checked_add(b)?.checked_mul(step)?;
            blocks.checked_mul(16)?.checked_sub(cut).filter(|&n| n > 0)
        };
        Some((
            side(columns, crop[0], crop[1], step_x)?,
            side(rows.checked_mul(fields)?, crop[2], crop[3], step_y)?,
        ))
    }

    fn read_color(&mut self, r: &mut BitReader) -> Option<()> {
        if r.bit()? && r.bits(8)? == 255 {
            r.bits(32)?; // a sample aspect ratio in full
        }
        if r.bit()? {
            r.bit()?; // overscan
        }
        if r.bit()? {
            r.bits(3)?;
            self.full_range = r.bit()?;
            if r.bit()? {
                r.bits(16)?;
                self.matrix = Some(r.bits(8)? as u16).filter(|&code| code != 2);
            }
        }
        Some(())
    }
}

/// Profiles whose set tells about chroma and bit depth.
const HIGH_PROFILES: [u8; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

fn skip_scaling_list(r: &mut BitReader, size: u32) -> Option<()> {
    let (mut last, mut next) = (8i32, 8i32);
    for _ in 0..size {
        if next != 0 {
            next = last.checked_add(r.se()?)?.rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

fn read_picture_order(r: &mut BitReader) -> Option<()> {
    match r.ue()? {
        0 => {
            r.ue()?;
        }
        1 => {
            r.bit()?;
            r.se()?;
            r.se()?;
            let cycle = r.ue()?;
            if cycle > 255 {
                return None;
            }
            for _ in 0..cycle {
                r.se()?;
            }
        }
        2 => {}
        _ => return None,
    }
    Some(())
}

/// Our encoder's set with a crop of `right` columns and `bottom` rows (both even) at the picture's far edges.
///
/// The encoder is given whole macroblocks and so writes no crop of its own. `None` if the set is not like that.
pub(super) fn with_crop(unit: &[u8], right: u32, bottom: u32) -> Option<Vec<u8>> {
    if right == 0 && bottom == 0 {
        return Some(unit.to_vec());
    }
    let flag_at = Sps::parse(unit)?.crop_flag_at;
    let bytes = unescape(unit);
    // The last set bit is the stop bit: keep up to it.
    let last = bytes.iter().rposition(|&byte| byte != 0)?;
    let end = last * 8 + 8 - bytes[last].trailing_zeros() as usize;
    let mut reader = BitReader::new(&bytes);
    let mut writer = BitWriter::default();
    for _ in 0..flag_at {
        writer.bit(reader.bit()?);
    }
    if reader.bit()? {
        return None;
    }
    writer.bit(true);
    for offset in [0, right / 2, 0, bottom / 2] {
        writer.ue(offset);
    }
    while reader.position() < end {
        writer.bit(reader.bit()?);
    }
    Some(escape(&writer.into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A baseline set of 54×30 macroblocks with BT.709 usability information, made by our encoder.
    fn plain() -> Vec<u8> {
        let mut writer = BitWriter::default();
        for byte in [0x67, 66, 0xc0, 31] {
            (0..8).rev().for_each(|i| writer.bit(byte >> i & 1 == 1));
        }
        for value in [0, 11, 2, 1] {
            writer.ue(value);
        }
        writer.bit(false);
        writer.ue(53);
        writer.ue(29);
        // frame_mbs_only, direct_8x8, no crop, VUI: no aspect, no overscan, video signal type
        for bit in [
            1, 1, 0, 1, 0, 0, 1, /* format */ 1, 0, 1, /* full */ 0, /* colours */ 1,
        ] {
            writer.bit(bit == 1);
        }
        for byte in [1u8, 1, 1] {
            (0..8).rev().for_each(|i| writer.bit(byte >> i & 1 == 1));
        }
        // nothing else in the usability part, then the stop bit
        for bit in [0, 0, 0, 0, 0, 0, 1] {
            writer.bit(bit == 1);
        }
        escape(&writer.into_bytes())
    }

    #[test]
    fn a_crop_is_written_and_read() {
        let sps = Sps::parse(&plain()).unwrap();
        assert_eq!(
            (sps.size, sps.progressive, sps.matrix),
            ((864, 480), true, Some(1))
        );
        for (right, bottom) in [(10, 0), (0, 8), (2, 14), (14, 14)] {
            let cropped = with_crop(&plain(), right, bottom).unwrap();
            let read = Sps::parse(&cropped).unwrap();
            assert_eq!(read.size, (864 - right, 480 - bottom));
            assert_eq!((read.matrix, read.full_range), (Some(1), false));
            assert!(with_crop(&cropped, 2, 2).is_none(), "a second crop");
        }
        assert_eq!(with_crop(&plain(), 0, 0).unwrap(), plain());
    }

    proptest! {
        #[test]
        fn foreign_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Some(first) = bytes.first_mut() {
                *first = 0x67;
            }
            Sps::parse(&bytes);
            with_crop(&bytes, 2, 2);
        }
    }
}
