//! Textures: DDS with BC1 (DXT1), BC2 (DXT3), BC3 (DXT5) or plain 24/32-bit pixels; the largest picture only.

use image::{Rgba, RgbaImage};

use super::{FormatError, Reader};

const FOURCC: usize = 4;

/// Decodes the first picture of a DDS file.
pub fn parse(bytes: &[u8]) -> Result<RgbaImage, FormatError> {
    let mut r = Reader::new(bytes, "the header");
    if r.take(4)? != b"DDS " {
        return Err(FormatError::Magic("DDS"));
    }
    if r.u32()? != 124 {
        return Err(FormatError::Range("the header's size"));
    }
    let _flags = r.u32()?;
    let (height, width) = (r.u32()?, r.u32()?);
    if !(1..=4096).contains(&width) || !(1..=4096).contains(&height) {
        return Err(FormatError::Range("the size"));
    }
    r.take(56)?;
    let _size = r.u32()?;
    let flags = r.u32()?;
    let four = r.take(4)?;
    let bits = r.u32()?;
    let masks = [
        r.u32()? as u32,
        r.u32()? as u32,
        r.u32()? as u32,
        r.u32()? as u32,
    ];
    r.take(20)?;
    r.what = "the pixels";
    let size = (width as u32, height as u32);
    if flags & FOURCC == 0 {
        return plain(&mut r, size, bits, masks);
    }
    match four {
        b"DXT1" => blocks(&mut r, size, Alpha::Punched),
        b"DXT3" => blocks(&mut r, size, Alpha::Explicit),
        b"DXT5" => blocks(&mut r, size, Alpha::Ramp),
        other => Err(FormatError::Unsupported(format!(
            "pixel format {}",
            other.escape_ascii()
        ))),
    }
}

fn plain(
    r: &mut Reader<'_>,
    (width, height): (u32, u32),
    bits: usize,
    masks: [u32; 4],
) -> Result<RgbaImage, FormatError> {
    let bytes = match bits {
        24 => 3,
        32 => 4,
        _ => return Err(FormatError::Unsupported(format!("{bits}-bit pixels"))),
    };
    r.expect(width as usize * height as usize, bytes)?;
    let mut picture = RgbaImage::new(width, height);
    for pixel in picture.pixels_mut() {
        let raw = r.take(bytes)?;
        let word = raw.iter().rev().fold(0u32, |w, &b| w << 8 | u32::from(b));
        let part = |mask: u32, absent: u8| match mask {
            0 => absent,
            mask => {
                let most = mask >> mask.trailing_zeros();
                let value = (word & mask) >> mask.trailing_zeros();
                (u64::from(value) * 255 / u64::from(most)) as u8
            }
        };
        *pixel = Rgba([
            part(masks[0], 0),
            part(masks[1], 0),
            part(masks[2], 0),
            part(masks[3], 255),
        ]);
    }
    Ok(picture)
}

#[derive(Clone, Copy, PartialEq)]
enum Alpha {
    Punched,
    Explicit,
    Ramp,
}

fn blocks(
    r: &mut Reader<'_>,
    (width, height): (u32, u32),
    alpha: Alpha,
) -> Result<RgbaImage, FormatError> {
    let (across, down) = (width.div_ceil(4), height.div_ceil(4));
    let size = if alpha == Alpha::Punched { 8 } else { 16 };
    r.expect(across as usize * down as usize, size)?;
    let mut picture = RgbaImage::new(width, height);
    for by in 0..down {
        for bx in 0..across {
            let veil = match alpha {
                Alpha::Punched => [255; 16],
                Alpha::Explicit => explicit(r.take(8)?),
                Alpha::Ramp => ramp(r.take(8)?),
            };
            let block = r.take(8)?;
            let colours = palette(block, alpha == Alpha::Punched);
            let codes = u32::from_le_bytes([block[4], block[5], block[6], block[7]]);
            for i in 0..16u32 {
                let (x, y) = (bx * 4 + i % 4, by * 4 + i / 4);
                if x < width && y < height {
                    let mut colour = colours[(codes >> (2 * i) & 3) as usize];
                    colour[3] = colour[3].min(veil[i as usize]);
                    picture.put_pixel(x, y, Rgba(colour));
                }
            }
        }
    }
    Ok(picture)
}

/// The four colours of a block; with `punched` a descending pair means three colours and a hole.
fn palette(block: &[u8], punched: bool) -> [[u8; 4]; 4] {
    let ends = [
        u16::from_le_bytes([block[0], block[1]]),
        u16::from_le_bytes([block[2], block[3]]),
    ];
    let wide = |c: u16| {
        let (r, g, b) = (
            u32::from(c >> 11),
            u32::from(c >> 5 & 63),
            u32::from(c & 31),
        );
        [r << 3 | r >> 2, g << 2 | g >> 4, b << 3 | b >> 2]
    };
    let (a, b) = (wide(ends[0]), wide(ends[1]));
    let blend = |m: u32, n: u32| {
        let part = |i: usize| ((a[i] * m + b[i] * n) / (m + n)) as u8;
        [part(0), part(1), part(2), 255]
    };
    if punched && ends[0] <= ends[1] {
        [blend(1, 0), blend(0, 1), blend(1, 1), [0; 4]]
    } else {
        [blend(1, 0), blend(0, 1), blend(2, 1), blend(1, 2)]
    }
}

fn explicit(block: &[u8]) -> [u8; 16] {
    std::array::from_fn(|i| (block[i / 2] >> (4 * (i % 2)) & 15) * 17)
}

fn ramp(block: &[u8]) -> [u8; 16] {
    let (a, b) = (u32::from(block[0]), u32::from(block[1]));
    let levels: [u32; 8] = std::array::from_fn(|i| {
        let i = i as u32;
        match i {
            0 => a,
            1 => b,
            _ if a > b => ((8 - i) * a + (i - 1) * b) / 7,
            6 => 0,
            7 => 255,
            _ => ((6 - i) * a + (i - 1) * b) / 5,
        }
    });
    let codes = block[2..8]
        .iter()
        .rev()
        .fold(0u64, |w, &v| w << 8 | u64::from(v));
    std::array::from_fn(|i| levels[(codes >> (3 * i) & 7) as usize] as u8)
}
