//! What a service sees of an upload, and what tells it from other uploads. Blocking: it reads and decodes.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::Result;
use crate::derive::{Meta, jpeg_within};
use crate::files::SPRITESHEET;

/// Pixels of a picture's longer side.
const SIDE: u32 = 1024;

/// The file's SHA-256 in hexadecimal, and a JPEG: the picture, or moments of the clip side by side.
pub fn seen(folder: &Path, meta: &Meta) -> Result<(String, Vec<u8>)> {
    let path = folder.join(&meta.file);
    let jpeg = match meta.frames {
        1 => jpeg_within(&kinora_media::read_image(&path)?, SIDE)?,
        _ => fs::read(folder.join(SPRITESHEET))?,
    };
    Ok((digest(&path)?, jpeg))
}

fn digest(path: &Path) -> Result<String> {
    let (mut file, mut hasher) = (File::open(path)?, Sha256::new());
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => hasher.update(&buffer[..count]),
        }
    }
    let digest = hasher.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}
