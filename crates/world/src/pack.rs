//! The sprite pack: every actor's frames in one small file, decoded only when an actor is first drawn.
//!
//! Layout (little-endian): magic `KWPK`, u32 version, u32 length of the JSON index, the index, then lossless WebP
//! blobs. The index lists the sprites in order; offsets count from the end of the index.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use image::codecs::webp::{WebPDecoder, WebPEncoder};
use image::{AnimationDecoder, ImageDecoder, ImageReader, RgbaImage};
use serde::{Deserialize, Serialize};

use crate::actors::Actor;
use crate::solid::import::{Imported, import};
use crate::solid::props::Props;
use crate::sprite::{Image, Sprite};

const MAGIC: &[u8; 4] = b"KWPK";
const VERSION: u32 = 1;
/// No index or frame of an honest pack is larger.
const MAX_INDEX: usize = 4 << 20;
const MAX_SIDE: u32 = 1024;
const MAX_FRAMES: usize = 64;

#[derive(Debug, thiserror::Error)]
pub enum PackError {
    #[error("cannot read {path}: {source}")]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("not a world pack: {0}; make one with `cargo xtask world pack`")]
    Broken(String),
    #[error("no picture for actor {key} ({code}.webp) under {path}; fetch the assets first")]
    Missing {
        key: String,
        code: String,
        path: PathBuf,
    },
    #[error("cannot decode {what}: {source}")]
    Picture {
        what: String,
        source: image::ImageError,
    },
}

#[derive(Serialize, Deserialize)]
struct Index {
    sprites: Vec<Entry>,
    /// Three-dimensional things by name; absent from packs of sprites alone.
    #[serde(default)]
    models: Vec<Blob>,
    #[serde(default)]
    clips: Vec<Blob>,
    #[serde(default)]
    pictures: Vec<Blob>,
}

#[derive(Serialize, Deserialize)]
struct Blob {
    name: String,
    at: (u64, u64),
}

#[derive(Serialize, Deserialize)]
struct Entry {
    key: String,
    /// Length of the animation's loop.
    seconds: f32,
    /// Offset and length of each frame.
    frames: Vec<(u64, u64)>,
}

/// A loaded pack. Cheap to share between threads.
pub struct Pack {
    index: Index,
    blobs: Vec<u8>,
    decoded: Vec<OnceLock<Sprite>>,
    props: OnceLock<Props>,
}

impl Pack {
    pub fn open(path: &Path) -> Result<Pack, PackError> {
        let bytes = std::fs::read(path).map_err(|source| PackError::Io {
            path: path.to_path_buf(),
            source,
        })?;
        Pack::parse(bytes)
    }

    /// Checks the layout; frames are checked when first used.
    pub fn parse(bytes: Vec<u8>) -> Result<Pack, PackError> {
        let broken = |what: &str| PackError::Broken(what.to_string());
        let word = |at: usize| -> Option<u32> {
            Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
        };
        if bytes.get(..4) != Some(MAGIC) {
            return Err(broken("wrong magic"));
        }
        if word(4) != Some(VERSION) {
            return Err(broken("another version"));
        }
        let length = word(8).ok_or_else(|| broken("too short"))? as usize;
        if length > MAX_INDEX {
            return Err(broken("index too long"));
        }
        let text = bytes
            .get(12..12 + length)
            .ok_or_else(|| broken("truncated index"))?;
        let index: Index = serde_json::from_slice(text)
            .map_err(|e| PackError::Broken(format!("bad index: {e}")))?;
        let blobs = bytes[12 + length..].to_vec();
        for entry in &index.sprites {
            if entry.frames.is_empty() || entry.frames.len() > MAX_FRAMES {
                return Err(PackError::Broken(format!("{} has no frames", entry.key)));
            }
            if !(entry.seconds.is_finite() && entry.seconds > 0.0) {
                return Err(PackError::Broken(format!("{} has no length", entry.key)));
            }
            for &(start, len) in &entry.frames {
                let end = start.checked_add(len);
                if end.is_none_or(|end| end > blobs.len() as u64) {
                    return Err(PackError::Broken(format!("{} is truncated", entry.key)));
                }
            }
        }
        for blob in index
            .models
            .iter()
            .chain(&index.clips)
            .chain(&index.pictures)
        {
            let end = blob.at.0.checked_add(blob.at.1);
            if end.is_none_or(|end| end > blobs.len() as u64) {
                return Err(PackError::Broken(format!("{} is truncated", blob.name)));
            }
        }
        let decoded = index.sprites.iter().map(|_| OnceLock::new()).collect();
        Ok(Pack {
            index,
            blobs,
            decoded,
            props: OnceLock::new(),
        })
    }

    /// Keys of the actors in this pack.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.index.sprites.iter().map(|entry| entry.key.as_str())
    }

    /// The frames of an actor, decoded on first use.
    pub fn sprite(&self, key: &str) -> Result<&Sprite, PackError> {
        let at = self
            .index
            .sprites
            .iter()
            .position(|entry| entry.key == key)
            .ok_or_else(|| PackError::Broken(format!("it has no actor {key}")))?;
        if let Some(sprite) = self.decoded[at].get() {
            return Ok(sprite);
        }
        let sprite = self.decode(&self.index.sprites[at])?;
        Ok(self.decoded[at].get_or_init(|| sprite))
    }

    /// Everything three-dimensional, decoded on first use; an error says which part is missing or broken.
    pub fn props(&self) -> Result<&Props, PackError> {
        if let Some(props) = self.props.get() {
            return Ok(props);
        }
        let props = Props::load(self)?;
        Ok(self.props.get_or_init(|| props))
    }

    pub(crate) fn model(&self, name: &str) -> Result<&[u8], PackError> {
        self.blob(&self.index.models, name)
    }

    pub(crate) fn clip(&self, name: &str) -> Result<&[u8], PackError> {
        self.blob(&self.index.clips, name)
    }

    pub(crate) fn picture(&self, name: &str) -> Result<RgbaImage, PackError> {
        let bytes = self.blob(&self.index.pictures, name)?;
        let fail = |source| PackError::Picture {
            what: name.to_string(),
            source,
        };
        let mut reader = ImageReader::new(Cursor::new(bytes))
            .with_guessed_format()
            .map_err(|e| PackError::Broken(e.to_string()))?;
        let mut limits = image::Limits::default();
        (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
        reader.limits(limits);
        Ok(reader.decode().map_err(fail)?.to_rgba8())
    }

    fn blob(&self, list: &[Blob], name: &str) -> Result<&[u8], PackError> {
        let (start, length) = list
            .iter()
            .find(|blob| blob.name == name)
            .ok_or_else(|| {
                PackError::Broken(format!("it has no {name}: it was made without --art"))
            })?
            .at;
        Ok(&self.blobs[start as usize..(start + length) as usize])
    }

    fn decode(&self, entry: &Entry) -> Result<Sprite, PackError> {
        let mut frames = Vec::with_capacity(entry.frames.len());
        for &(start, len) in &entry.frames {
            let blob = &self.blobs[start as usize..(start + len) as usize];
            frames.push(decode_still(blob, &entry.key)?);
        }
        let size = frames[0].dimensions();
        if frames.iter().any(|frame| frame.dimensions() != size) {
            return Err(PackError::Broken(format!(
                "{}: frames of unlike sizes",
                entry.key
            )));
        }
        let images: Vec<Image> = frames.iter().map(Image::from_rgba).collect();
        Ok(Sprite::new(images, entry.seconds))
    }
}

fn decode_still(blob: &[u8], what: &str) -> Result<RgbaImage, PackError> {
    let fail = |source| PackError::Picture {
        what: what.to_string(),
        source,
    };
    let decoder = WebPDecoder::new(Cursor::new(blob)).map_err(fail)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
        return Err(PackError::Broken(format!(
            "{what}: frame of {width}x{height}"
        )));
    }
    Ok(image::DynamicImage::from_decoder(decoder)
        .map_err(fail)?
        .to_rgba8())
}

/// How sprites are brought into the pack.
#[derive(Clone, Debug)]
pub struct PackOptions {
    /// Greatest height and width of a frame in pixels.
    pub height: u32,
    pub width: u32,
    /// Greatest number of frames of an animation.
    pub frames: usize,
}

impl Default for PackOptions {
    fn default() -> Self {
        PackOptions {
            height: 128,
            width: 144,
            frames: 12,
        }
    }
}

/// Builds a pack of `actors` from a folder of unpacked emoji packages (searched recursively; animated before still) and,
/// where `art` is given, of what three-dimensional scenes need.
pub fn build(
    assets: &Path,
    art: Option<&Path>,
    actors: &[Actor],
    options: &PackOptions,
) -> Result<Vec<u8>, PackError> {
    use rayon::prelude::*;
    let files = list_webp(assets)?;
    let built: Vec<(f32, Vec<Vec<u8>>)> = actors
        .par_iter()
        .map(|actor| build_sprite(&files, assets, actor, options))
        .collect::<Result<_, _>>()?;
    let mut blobs = Vec::new();
    let mut sprites = Vec::new();
    for (actor, (seconds, frames)) in actors.iter().zip(built) {
        let mut spans = Vec::new();
        for frame in frames {
            spans.push((blobs.len() as u64, frame.len() as u64));
            blobs.extend_from_slice(&frame);
        }
        sprites.push(Entry {
            key: actor.key.to_string(),
            seconds,
            frames: spans,
        });
    }
    let solid = art.map(import).transpose()?.unwrap_or_default();
    Ok(assemble(sprites, solid, blobs))
}

fn assemble(sprites: Vec<Entry>, solid: Imported, mut blobs: Vec<u8>) -> Vec<u8> {
    let mut add = |parts: Vec<(String, Vec<u8>)>| -> Vec<Blob> {
        let one = |(name, bytes): (String, Vec<u8>)| {
            let at = (blobs.len() as u64, bytes.len() as u64);
            blobs.extend_from_slice(&bytes);
            Blob { name, at }
        };
        parts.into_iter().map(one).collect()
    };
    let index = &Index {
        sprites,
        models: add(solid.models),
        clips: add(solid.clips),
        pictures: add(solid.pictures),
    };
    let text = serde_json::to_vec(index).expect("an index of plain values");
    let mut out = Vec::with_capacity(12 + text.len() + blobs.len());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(&text);
    out.extend_from_slice(&blobs);
    out
}

/// A pack from pictures in memory: for tests and for actors drawn by code.
pub fn from_images(sprites: &[(&str, f32, Vec<RgbaImage>)]) -> Result<Vec<u8>, PackError> {
    from_parts(sprites, Imported::default())
}

/// The same with three-dimensional things.
pub fn from_parts(
    sprites: &[(&str, f32, Vec<RgbaImage>)],
    solid: Imported,
) -> Result<Vec<u8>, PackError> {
    let mut blobs = Vec::new();
    let mut entries = Vec::new();
    for (key, seconds, images) in sprites {
        let mut frames = Vec::new();
        for image in images {
            let blob = encode(image, key)?;
            frames.push((blobs.len() as u64, blob.len() as u64));
            blobs.extend_from_slice(&blob);
        }
        entries.push(Entry {
            key: (*key).to_string(),
            seconds: *seconds,
            frames,
        });
    }
    Ok(assemble(entries, solid, blobs))
}

/// Lossless WebP of a picture; `what` names it in an error.
pub fn encode(image: &RgbaImage, what: &str) -> Result<Vec<u8>, PackError> {
    let mut blob = Vec::new();
    WebPEncoder::new_lossless(&mut blob)
        .encode(
            image.as_raw(),
            image.width(),
            image.height(),
            image::ExtendedColorType::Rgba8,
        )
        .map_err(|source| PackError::Picture {
            what: what.to_string(),
            source,
        })?;
    Ok(blob)
}

fn list_webp(folder: &Path) -> Result<Vec<PathBuf>, PackError> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(path) = open.pop() {
        let fail = |source| PackError::Io {
            path: path.clone(),
            source,
        };
        for entry in std::fs::read_dir(&path).map_err(fail)? {
            let child = entry.map_err(fail)?.path();
            if child.is_dir() {
                open.push(child);
            } else if child.extension().is_some_and(|ext| ext == "webp") {
                files.push(child);
            }
        }
    }
    // Animated packages first, so that they win over stills of the same name.
    files.sort_by_key(|path| (!path.to_string_lossy().contains("-anim-"), path.clone()));
    Ok(files)
}

fn build_sprite(
    files: &[PathBuf],
    assets: &Path,
    actor: &Actor,
    options: &PackOptions,
) -> Result<(f32, Vec<Vec<u8>>), PackError> {
    let path = files
        .iter()
        .find(|path| path.file_stem().is_some_and(|stem| stem == actor.code))
        .ok_or_else(|| PackError::Missing {
            key: actor.key.to_string(),
            code: actor.code.to_string(),
            path: assets.to_path_buf(),
        })?;
    let (seconds, frames) = read_animation(path, options.frames)?;
    let frames = trim(&frames, options);
    let blobs = frames
        .iter()
        .map(|frame| encode(frame, actor.key))
        .collect::<Result<_, _>>()?;
    Ok((seconds, blobs))
}

fn read_animation(path: &Path, most: usize) -> Result<(f32, Vec<RgbaImage>), PackError> {
    let what = path.display().to_string();
    let fail = |source| PackError::Picture {
        what: what.clone(),
        source,
    };
    let io = |source| PackError::Io {
        path: path.to_path_buf(),
        source,
    };
    let bytes = std::fs::read(path).map_err(io)?;
    let mut decoder = WebPDecoder::new(Cursor::new(&bytes)).map_err(fail)?;
    if !decoder.has_animation() {
        let still = ImageReader::new(Cursor::new(&bytes))
            .with_guessed_format()
            .map_err(io)?
            .decode()
            .map_err(fail)?;
        return Ok((1.0, vec![still.to_rgba8()]));
    }
    // Unset, the decoder would never clear a frame before the next: wings would leave trails.
    decoder
        .set_background_color(image::Rgba([0; 4]))
        .map_err(fail)?;
    let frames = decoder.into_frames().collect_frames().map_err(fail)?;
    let seconds: f32 = frames
        .iter()
        .map(|frame| {
            let (num, den) = frame.delay().numer_denom_ms();
            num as f32 / den.max(1) as f32 / 1000.0
        })
        .sum();
    let keep = frames.len().min(most).max(1);
    let chosen = (0..keep)
        .map(|i| frames[i * frames.len() / keep].buffer().clone())
        .collect();
    Ok((seconds.max(0.1), chosen))
}

/// Cuts all frames to their common visible box and scales them down to the asked size.
fn trim(frames: &[RgbaImage], options: &PackOptions) -> Vec<RgbaImage> {
    let (mut x0, mut y0, mut x1, mut y1) = (u32::MAX, u32::MAX, 0, 0);
    for frame in frames {
        for (x, y, pixel) in frame.enumerate_pixels() {
            if pixel[3] > 8 {
                x0 = x0.min(x);
                y0 = y0.min(y);
                x1 = x1.max(x + 1);
                y1 = y1.max(y + 1);
            }
        }
    }
    if x1 <= x0 || y1 <= y0 {
        return frames.to_vec();
    }
    let (w, h) = (x1 - x0, y1 - y0);
    let factor = (options.height as f32 / h as f32)
        .min(options.width as f32 / w as f32)
        .min(1.0);
    let size = (
        ((w as f32 * factor).round() as u32).max(1),
        ((h as f32 * factor).round() as u32).max(1),
    );
    frames
        .iter()
        .map(|frame| {
            let cut = image::imageops::crop_imm(frame, x0, y0, w, h).to_image();
            let mut small = resize_premultiplied(&cut, size);
            small.pixels_mut().for_each(coarsen);
            small
        })
        .collect()
}

/// Drops what nobody sees and lossless coding pays for: the lowest bits, and colour where nothing shows.
fn coarsen(pixel: &mut image::Rgba<u8>) {
    let step = |v: u8, size: u16| ((u16::from(v) + size / 2) / size * size).min(255) as u8;
    let alpha = step(pixel[3], 8);
    if alpha == 0 {
        pixel.0 = [0; 4];
    } else {
        pixel.0 = [
            step(pixel[0], 4),
            step(pixel[1], 4),
            step(pixel[2], 4),
            alpha,
        ];
    }
}

fn resize_premultiplied(image: &RgbaImage, (width, height): (u32, u32)) -> RgbaImage {
    use fast_image_resize::Resizer;
    use fast_image_resize::images::{TypedImage, TypedImageRef};
    use fast_image_resize::pixels::U8x4;
    // Of the one pixel type alone: the general functions would be compiled for all fifteen.
    let source = TypedImageRef::<U8x4>::from_buffer(image.width(), image.height(), image.as_raw())
        .expect("an RGBA buffer of the image's own size");
    let mut pixels = vec![0; width as usize * height as usize * 4];
    let mut target = TypedImage::<U8x4>::from_buffer(width, height, &mut pixels)
        .expect("a buffer of the asked size");
    Resizer::new()
        .resize_typed(&source, &mut target, None)
        .expect("two RGBA buffers");
    RgbaImage::from_raw(width, height, pixels).expect("a buffer of the asked size")
}
