//! From a folder of unpacked 0 A.D. art to the blobs of the pack.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, RgbaImage};

use super::cast;
use super::places::GROUNDS;
use super::store;
use crate::foreign::{FormatError, dds, pmd, psa};
use crate::pack::PackError;

/// Side of a skin and of a ground texture, pixels.
const SKIN: u32 = 256;
const GROUND: u32 = 128;

/// Everything three-dimensional that a pack holds, by name.
#[derive(Default)]
pub struct Imported {
    pub models: Vec<(String, Vec<u8>)>,
    pub clips: Vec<(String, Vec<u8>)>,
    pub pictures: Vec<(String, Vec<u8>)>,
}

/// Reads what the tables name under `art` (searched recursively for `*.pmd`, `*.psa`, `*.dds`).
pub fn import(art: &Path) -> Result<Imported, PackError> {
    let files = Files::list(art)?;
    let mut out = Imported::default();
    let mut seen = std::collections::HashSet::new();
    for actor in cast::ALL {
        if !actor.mesh.is_empty() && seen.insert(actor.mesh.to_string()) {
            let mesh = files.read("pmd", actor.mesh, pmd::parse)?;
            let blob = store::write_model(&mesh).map_err(|e| bad(actor.mesh, e))?;
            out.models.push((actor.mesh.to_string(), blob));
        }
        for clip in actor.clips.all() {
            if seen.insert(clip.to_string()) {
                let motion = files.read("psa", clip, psa::parse)?;
                let blob = store::write_clip(&motion).map_err(|e| bad(clip, e))?;
                out.clips.push((clip.to_string(), blob));
            }
        }
        for coat in actor.coats {
            if seen.insert(format!("skin {}", coat.skin)) {
                let picture = files.read("dds", coat.skin, dds::parse)?;
                let picture = shrink(picture, SKIN);
                let blob = if actor.holes {
                    lossless(&picture, coat.skin)?
                } else {
                    jpeg(&picture, coat.skin, 84)?
                };
                out.pictures.push((coat.skin.to_string(), blob));
            }
        }
    }
    for ground in GROUNDS {
        let picture = shrink(files.read("dds", ground, dds::parse)?, GROUND);
        out.pictures
            .push((ground.to_string(), jpeg(&picture, ground, 80)?));
    }
    Ok(out)
}

fn bad(what: &str, error: FormatError) -> PackError {
    PackError::Broken(format!("{what}: {error}"))
}

/// Files by kind and stem, with and without the folder above.
struct Files(HashMap<(String, String), PathBuf>);

impl Files {
    fn list(root: &Path) -> Result<Files, PackError> {
        let mut found = HashMap::new();
        let mut open = vec![root.to_path_buf()];
        while let Some(folder) = open.pop() {
            let fail = |source| PackError::Io {
                path: folder.clone(),
                source,
            };
            let mut children = Vec::new();
            for entry in std::fs::read_dir(&folder).map_err(fail)? {
                children.push(entry.map_err(fail)?.path());
            }
            children.sort();
            for child in children {
                if child.is_dir() {
                    open.push(child);
                    continue;
                }
                let Some(name) = child.file_name().and_then(|n| n.to_str()) else {
                    continue;
                };
                let (Some((stem, _)), Some((_, kind))) =
                    (name.split_once('.'), name.rsplit_once('.'))
                else {
                    continue;
                };
                let above = folder.file_name().and_then(|n| n.to_str()).unwrap_or("");
                let long = format!("{above}/{stem}");
                found.insert((kind.to_string(), long), child.clone());
                found
                    .entry((kind.to_string(), stem.to_string()))
                    .or_insert(child);
            }
        }
        Ok(Files(found))
    }

    fn read<T>(
        &self,
        kind: &str,
        stem: &str,
        parse: fn(&[u8]) -> Result<T, FormatError>,
    ) -> Result<T, PackError> {
        let path = self
            .0
            .get(&(kind.to_string(), stem.to_string()))
            .ok_or_else(|| PackError::Broken(format!("no {stem}.*.{kind} in the art folder")))?;
        let bytes = std::fs::read(path).map_err(|source| PackError::Io {
            path: path.clone(),
            source,
        })?;
        parse(&bytes).map_err(|e| bad(stem, e))
    }
}

fn shrink(picture: RgbaImage, side: u32) -> RgbaImage {
    let most = picture.width().max(picture.height());
    if most <= side {
        return picture;
    }
    let size = |v: u32| (v * side / most).max(1);
    let (w, h) = (size(picture.width()), size(picture.height()));
    image::imageops::resize(&picture, w, h, FilterType::Triangle)
}

fn jpeg(picture: &RgbaImage, what: &str, quality: u8) -> Result<Vec<u8>, PackError> {
    let mut blob = Vec::new();
    DynamicImage::from(picture.clone())
        .to_rgb8()
        .write_with_encoder(JpegEncoder::new_with_quality(&mut blob, quality))
        .map_err(|source| PackError::Picture {
            what: what.to_string(),
            source,
        })?;
    Ok(blob)
}

fn lossless(picture: &RgbaImage, what: &str) -> Result<Vec<u8>, PackError> {
    let mut small = shrink(picture.clone(), 128);
    for pixel in small.pixels_mut() {
        pixel[3] = if pixel[3] > 100 { 255 } else { 0 };
        if pixel[3] == 0 {
            pixel.0 = [0; 4];
        } else {
            for c in &mut pixel.0[..3] {
                *c &= 0xf8;
            }
        }
    }
    crate::pack::encode(&small, what)
}
