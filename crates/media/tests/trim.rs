//! Trims that copy coded pictures, judged by ffmpeg.

mod common;

use std::fs;
use std::path::Path;

use common::{ffmpeg_decode, have_ffmpeg, make, probe, rate, scene};
use kinora_media::{
    Error, Frame, StillFormat, WriterOptions, can_trim_copy, create, encode_still, read_clip,
    spritesheet, trim_copy,
};

const SIZE: (u32, u32) = (96, 64);

/// A clip of our own making; its key pictures are found by asking.
fn clip(path: &Path, count: u64) {
    let fps = rate(30, 1);
    let mut writer = create(path, WriterOptions::new(SIZE, fps)).unwrap();
    for i in 0..count {
        let frame = scene(SIZE.0, SIZE.1, fps.seconds(i));
        writer.push(&frame).unwrap();
    }
    writer.finish().unwrap();
}

fn keys(path: &Path, count: u64) -> Vec<u64> {
    (0..count)
        .filter(|&at| can_trim_copy(path, std::slice::from_ref(&(at..at + 1))).unwrap())
        .collect()
}

#[test]
fn kept_frames_are_the_very_same() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in.mp4"), dir.path().join("out.mp4"));
    clip(&input, 150);
    let keys = keys(&input, 150);
    assert!(keys.len() >= 3 && keys[0] == 0, "{keys:?}");
    let (first, last) = (keys[1], *keys.last().unwrap());

    let ranges = [last..last + 7, 0..5, first..first + 13];
    let written = trim_copy(&input, &output, &ranges, None).unwrap().unwrap();
    assert_eq!((written.frames, written.size), (25, SIZE));
    let source = read_clip(&input).unwrap();
    let wanted: Vec<&Frame> = ranges
        .iter()
        .flat_map(|range| &source.frames[range.start as usize..range.end as usize])
        .collect();
    let cut = read_clip(&output).unwrap();
    assert!(cut.frames.iter().eq(wanted.iter().copied()));
    assert_eq!(cut.fps, source.fps);

    // The same bytes in, the same bytes out; a cut elsewhere needs another way and leaves nothing behind.
    let again = dir.path().join("again.mp4");
    trim_copy(&input, &again, &ranges, None).unwrap().unwrap();
    assert_eq!(fs::read(&output).unwrap(), fs::read(&again).unwrap());
    let elsewhere = dir.path().join("elsewhere.mp4");
    let off_key = first + 1..first + 9;
    assert!(
        trim_copy(&input, &elsewhere, &[off_key], None)
            .unwrap()
            .is_none()
    );
    assert!(!elsewhere.exists());

    if have_ffmpeg() {
        let described = probe(
            &output,
            "codec_name,width,height,r_frame_rate,nb_read_frames",
        );
        assert_eq!(described, "h264,96,64,30/1,25");
        assert_eq!(probe(&output, "start_time"), "0.000000");
        let theirs = ffmpeg_decode(&input, SIZE);
        let wanted: Vec<Frame> = ranges
            .iter()
            .flat_map(|range| theirs[range.start as usize..range.end as usize].to_vec())
            .collect();
        assert!(ffmpeg_decode(&output, SIZE) == wanted);
    }
}

#[test]
fn pictures_that_are_shown_in_another_order_than_decoded_are_copied_too() {
    if !have_ffmpeg() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (ours, input) = (dir.path().join("ours.mp4"), dir.path().join("in.mp4"));
    clip(&ours, 90);
    let codec = "libx264 -bf 3 -g 30 -keyint_min 30 -sc_threshold 0 -pix_fmt yuv420p";
    let arguments: Vec<&str> = ["-i", ours.to_str().unwrap(), "-c:v"]
        .into_iter()
        .chain(codec.split(' '))
        .chain([input.to_str().unwrap()])
        .collect();
    make(&arguments);
    let theirs = ffmpeg_decode(&input, SIZE);
    let mut copied = 0;
    for end in 31..=60 {
        let output = dir.path().join(format!("{end}.mp4"));
        let Some(written) = trim_copy(&input, &output, &[30..end, 0..30], None).unwrap() else {
            continue;
        };
        copied += 1;
        assert_eq!(written.frames, end);
        let mut wanted = theirs[30..end as usize].to_vec();
        wanted.extend_from_slice(&theirs[..30]);
        assert!(ffmpeg_decode(&output, SIZE) == wanted, "30..{end}");
        assert_eq!(probe(&output, "start_time"), "0.000000");
    }
    assert!((2..30).contains(&copied), "{copied}");
}

#[test]
fn what_cannot_be_cut_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in.mp4"), dir.path().join("out.mp4"));
    clip(&input, 20);
    for bad in [5..5, 0..21, 30..40] {
        let error = trim_copy(&input, &output, &[bad], None).unwrap_err();
        assert!(
            matches!(error, Error::BadRange { frames: 20, .. }),
            "{error}"
        );
    }
    assert!(trim_copy(&input, &output, &[], None).unwrap().is_none());
    let first = std::slice::from_ref(&(0..1));
    assert!(trim_copy(dir.path().join("none.mp4"), &output, first, None).is_err());
    // Cut anywhere, a file is refused or copied whole, and nothing panics.
    let whole = fs::read(&input).unwrap();
    let broken = dir.path().join("broken.mp4");
    for length in (0..whole.len()).step_by(whole.len() / 60) {
        fs::write(&broken, &whole[..length]).unwrap();
        match trim_copy(&broken, &output, std::slice::from_ref(&(0..20)), None) {
            Ok(copied) => assert!(copied.is_none(), "{length} bytes were enough"),
            Err(error) => assert!(error.to_string().contains("broken.mp4"), "{error}"),
        }
    }
    assert!(!output.exists());
    // A GIF is no MP4: another way, not an error.
    let gif = dir.path().join("in.gif");
    let mut writer = create(&gif, WriterOptions::new(SIZE, rate(10, 1))).unwrap();
    writer.push(&scene(SIZE.0, SIZE.1, 0.0)).unwrap();
    writer.finish().unwrap();
    assert!(trim_copy(&gif, &output, first, None).unwrap().is_none());
}

#[test]
fn a_spritesheet_shows_the_clip_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in.mp4");
    clip(&input, 45);
    let sheet = spritesheet(&input, 5, 4, 48).unwrap();
    assert_eq!((sheet.columns, sheet.rows, sheet.cells), (5, 4, 20));
    assert_eq!((sheet.cell, sheet.sheet.size()), ((48, 32), (240, 128)));
    assert_eq!((sheet.frames[0], sheet.frames[19]), (0, 44));
    let clip = read_clip(&input).unwrap();
    let last = kinora_media::resize(&clip.frames[44], 48, 32).unwrap();
    let cell = Frame::from_fn(48, 32, |x, y| sheet.sheet.pixel(192 + x, 96 + y)).unwrap();
    assert_eq!(cell, last);
    // Fewer frames than cells: no cell twice.
    let sheet = spritesheet(&input, 10, 10, 16).unwrap();
    assert_eq!((sheet.columns, sheet.rows, sheet.cells), (10, 5, 45));
    assert!(spritesheet(&input, 0, 4, 48).is_err());

    for (format, head) in [
        (StillFormat::Jpeg { quality: 85 }, &b"\xff\xd8\xff"[..]),
        (StillFormat::WebP, b"RIFF"),
        (StillFormat::Png, b"\x89PNG"),
    ] {
        let bytes = encode_still(&sheet.sheet, format).unwrap();
        assert!(bytes.starts_with(head));
        let back = image::load_from_memory(&bytes).unwrap().to_rgb8();
        assert_eq!(back.dimensions(), sheet.sheet.size());
        let exact = back.as_raw() == sheet.sheet.rgb();
        assert_eq!(exact, !matches!(format, StillFormat::Jpeg { .. }));
    }
}
