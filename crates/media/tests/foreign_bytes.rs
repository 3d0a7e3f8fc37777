//! Random, mutated and truncated bytes of each format: an error or a frame, never a panic.

mod common;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use common::{rate, scene};
use kinora_media::reader::open_builtin;
use kinora_media::{WriterOptions, create};
use proptest::prelude::*;

/// Reads all that comes; whatever is wrong must be told by an error.
fn read_all(bytes: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, bytes).unwrap();
    let Ok(mut reader) = open_builtin(file.path()) else {
        return;
    };
    let size = reader.info().size;
    // A mutated count may claim many frames; a few hundred tell enough.
    for _ in 0..300 {
        match reader.next_frame() {
            Ok(Some(timed)) => assert_eq!(timed.frame.size(), size),
            Ok(None) | Err(_) => return,
        }
    }
}

fn written(name: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path: PathBuf = dir.path().join(name);
    let mut writer = create(&path, WriterOptions::new((48, 32), rate(8, 1))).unwrap();
    for i in 0..if name.ends_with("png") { 1 } else { 5 } {
        writer.push(&scene(48, 32, f64::from(i) / 8.0)).unwrap();
    }
    writer.finish().unwrap();
    std::fs::read(path).unwrap()
}

fn picture(format: image::ImageFormat) -> Vec<u8> {
    let frame = scene(48, 32, 0.0);
    let picture = image::RgbImage::from_raw(48, 32, frame.rgb().to_vec()).unwrap();
    let mut out = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// A WebP of three frames, put together by hand from a still's chunk.
fn animated_webp() -> Vec<u8> {
    let still = picture(image::ImageFormat::WebP);
    let chunk = |name: &[u8; 4], payload: &[u8]| {
        let mut out = name.to_vec();
        out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        out.extend_from_slice(payload);
        out.resize(out.len().next_multiple_of(2), 0);
        out
    };
    let mut body = b"WEBP".to_vec();
    body.extend(chunk(b"VP8X", &[2, 0, 0, 0, 47, 0, 0, 31, 0, 0]));
    body.extend(chunk(b"ANIM", &[0; 6]));
    for _ in 0..3 {
        let mut frame = vec![0, 0, 0, 0, 0, 0, 47, 0, 0, 31, 0, 0, 100, 0, 0, 0];
        frame.extend_from_slice(&still[12..]);
        body.extend(chunk(b"ANMF", &frame));
    }
    chunk(b"RIFF", &body)
}

/// One sound file of each format.
fn samples() -> &'static [Vec<u8>] {
    static SAMPLES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        vec![
            written("a.mp4"),
            written("a.gif"),
            written("a.png"),
            picture(image::ImageFormat::Jpeg),
            picture(image::ImageFormat::WebP),
            animated_webp(),
        ]
    })
}

#[test]
fn the_sound_files_are_sound() {
    let frames = |bytes: &[u8]| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, bytes).unwrap();
        let mut reader = open_builtin(Path::new(file.path())).unwrap();
        let mut count = 0;
        while reader.next_frame().unwrap().is_some() {
            count += 1;
        }
        count
    };
    let counts: Vec<_> = samples().iter().map(|bytes| frames(bytes)).collect();
    assert_eq!(counts, [5, 5, 1, 1, 1, 3]);
}

proptest! {

    #[test]
    fn random_bytes_behind_a_known_beginning(
        kind in 0..6usize,
        bytes in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let head = &samples()[kind];
        read_all(&[&head[..head.len().min(24)], &bytes[..]].concat());
        read_all(&bytes);
    }

    #[test]
    fn mutated_bytes(
        kind in 0..6usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut bytes = samples()[kind].clone();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        read_all(&bytes);
    }

    /// The first kilobyte of an MP4 holds its tables: most mutations of the whole file would miss them.
    #[test]
    fn mutated_tables(
        changes in prop::collection::vec((0..1000usize, prop_oneof![Just(0u8), Just(255), any::<u8>()]), 1..8),
    ) {
        let mut bytes = samples()[0].clone();
        for (at, value) in changes {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        read_all(&bytes);
    }

    #[test]
    fn truncated_bytes(kind in 0..6usize, cut in any::<prop::sample::Index>()) {
        let bytes = &samples()[kind];
        read_all(&bytes[..cut.index(bytes.len())]);
    }
}
