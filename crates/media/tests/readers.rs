//! What is read: our own files, files made by ffmpeg, and files that are broken.

mod common;

use std::path::Path;

use common::{have_ffmpeg, least_psnr, make, rate, scene};
use kinora_media::reader::open_builtin;
use kinora_media::{
    AudioNote, Clip, Error, Frame, Quality, Rational, WriterOptions, create, open, read_clip,
    read_image, write_image,
};

fn frames(size: (u32, u32), fps: Rational, count: u64) -> Vec<Frame> {
    (0..count)
        .map(|i| scene(size.0, size.1, fps.seconds(i)))
        .collect()
}

fn write(path: &Path, fps: Rational, quality: Quality, frames: &[Frame]) {
    let options = WriterOptions::new(frames[0].size(), fps).quality(quality);
    let mut writer = create(path, options).unwrap();
    frames.iter().for_each(|frame| writer.push(frame).unwrap());
    writer.finish().unwrap();
}

#[test]
fn our_own_files_come_back() {
    let dir = tempfile::tempdir().unwrap();
    for (name, size, fps, count, least) in [
        ("a.mp4", (192, 108), rate(30, 1), 70, 33.0),
        ("b.mp4", (64, 96), rate(24000, 1001), 30, 29.0),
        ("c.mp4", (32, 32), rate(8, 1), 1, 27.0),
        ("f.mp4", (2, 2), rate(60, 1), 3, 12.0),
        ("g.mp4", (18, 6), rate(60000, 1001), 3, 12.0),
        ("d.gif", (96, 54), rate(30, 1), 31, 31.0),
        ("e.gif", (96, 54), rate(8, 1), 9, 31.0),
    ] {
        let path = dir.path().join(name);
        let source = frames(size, fps, count);
        write(&path, fps, Quality::Best, &source);
        let info = open(&path).unwrap().info().clone();
        assert_eq!(
            (info.size, info.fps, info.frames),
            (size, fps, Some(count)),
            "{name}"
        );
        assert!(info.constant_rate && !info.audio, "{name}");
        assert!(
            (info.seconds.unwrap() - fps.seconds(count)).abs() < 0.006,
            "{name} {info:?}"
        );
        let clip = read_clip(&path).unwrap();
        assert_eq!((clip.fps, clip.audio), (fps, AudioNote::None));
        let psnr = least_psnr(&source, &clip.frames);
        eprintln!("{name}: {psnr:.2} dB");
        assert!(psnr > least, "{name}: {psnr}");
    }
}

#[test]
fn pictures_come_back_upright() {
    let dir = tempfile::tempdir().unwrap();
    let source = scene(61, 37, 0.4);
    let png = dir.path().join("a.png");
    write_image(&png, &source).unwrap();
    assert_eq!(read_image(&png).unwrap(), source);

    // The name does not matter, only the bytes.
    let misnamed = dir.path().join("a.mp4");
    std::fs::copy(&png, &misnamed).unwrap();
    assert_eq!(read_image(&misnamed).unwrap(), source);

    let picture = image::RgbImage::from_raw(61, 37, source.rgb().to_vec()).unwrap();
    let webp = dir.path().join("a.webp");
    picture.save(&webp).unwrap();
    assert_eq!(read_image(&webp).unwrap(), source);
    let jpeg = dir.path().join("a.jpg");
    picture.save(&jpeg).unwrap();
    assert!(read_image(&jpeg).unwrap().psnr(&source).unwrap() > 28.0);

    // Orientation 6 (a quarter clockwise) in an Exif block behind the JPEG's first marker.
    let mut bytes = std::fs::read(&jpeg).unwrap();
    let exif =
        b"\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    bytes.splice(2..2, exif.iter().copied());
    std::fs::write(&jpeg, bytes).unwrap();
    let turned = read_image(&jpeg).unwrap();
    assert_eq!(turned.size(), (37, 61));
    let expected = Frame::from_fn(37, 61, |x, y| source.pixel(y, 36 - x)).unwrap();
    assert!(turned.psnr(&expected).unwrap() > 28.0);
}

#[test]
fn transparency_lies_over_white() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.png");
    let glass = image::RgbaImage::from_fn(4, 4, |x, _| image::Rgba([0, 0, 0, x as u8 * 85]));
    glass.save(&path).unwrap();
    let frame = read_image(&path).unwrap();
    assert_eq!(
        [0, 1, 2, 3].map(|x| frame.pixel(x, 0)[0]),
        [255, 170, 85, 0]
    );
}

/// Makes a file of our scene with ffmpeg; the frames that went in.
fn by_ffmpeg(path: &Path, size: (u32, u32), count: u64, arguments: &[&str]) -> Vec<Frame> {
    let dir = tempfile::tempdir().unwrap();
    let source = frames(size, rate(25, 1), count);
    write(&dir.path().join("in/"), rate(25, 1), Quality::Good, &source);
    let input = dir.path().join("in/frame-%05d.png");
    let mut all = vec!["-framerate", "25", "-i", input.to_str().unwrap()];
    all.extend_from_slice(arguments);
    all.push(path.to_str().unwrap());
    make(&all);
    source
}

fn same_as(clip: &Clip, source: &[Frame], least: f64) {
    let psnr = least_psnr(source, &clip.frames);
    assert!(psnr > least, "{psnr}");
}

const BT709: [&str; 8] = [
    "-vf",
    "scale=out_color_matrix=bt709:out_range=tv",
    "-pix_fmt",
    "yuv420p",
    "-colorspace",
    "bt709",
    "-crf",
    "10",
];

#[test]
fn foreign_h264_with_b_frames_and_fragments_comes_in_order() {
    if !have_ffmpeg() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.mp4");
    for extra in [
        &["-bf", "3", "-profile:v", "high"][..],
        &["-bf", "2", "-movflags", "+faststart", "-g", "10"],
        &[
            "-bf",
            "2",
            "-movflags",
            "frag_keyframe+empty_moov+default_base_moof",
            "-g",
            "12",
        ],
        &[
            "-bf",
            "3",
            "-x264-params",
            "b-pyramid=normal:ref=4",
            "-video_track_timescale",
            "90000",
        ],
        &["-bf", "0", "-profile:v", "baseline"],
        &["-tune", "zerolatency", "-profile:v", "main"],
    ] {
        let mut arguments = vec!["-c:v", "libx264"];
        arguments.extend(BT709);
        arguments.extend(extra);
        let source = by_ffmpeg(&path, (176, 144), 40, &arguments);
        let reader = open_builtin(&path).unwrap();
        let info = reader.info();
        assert_eq!(
            (info.fps, info.frames),
            (rate(25, 1), Some(40)),
            "{extra:?}"
        );
        same_as(&read_clip(&path).unwrap(), &source, 34.0);
    }
}

#[test]
fn an_edit_list_cuts_and_sound_is_told() {
    if !have_ffmpeg() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (whole, cut) = (dir.path().join("whole.mp4"), dir.path().join("cut.mp4"));
    let mut arguments = vec![
        "-f",
        "lavfi",
        "-i",
        "sine=d=2",
        "-shortest",
        "-c:v",
        "libx264",
    ];
    arguments.extend(BT709);
    arguments.extend(["-bf", "2", "-g", "100"]);
    let source = by_ffmpeg(&whole, (96, 96), 50, &arguments);
    let clip = read_clip(&whole).unwrap();
    assert_eq!((clip.frames.len(), clip.audio), (50, AudioNote::Dropped));
    // Copied from 0.4 s on: the key picture at 0 stays in the file, the edit list hides what precedes.
    make(&[
        "-ss",
        "0.4",
        "-i",
        whole.to_str().unwrap(),
        "-c",
        "copy",
        cut.to_str().unwrap(),
    ]);
    let clip = read_clip(&cut).unwrap();
    assert_eq!(clip.frames.len(), 40);
    same_as(&clip, &source[10..], 31.0);
    assert!(least_psnr(&clip.frames, &source[9..49]) < least_psnr(&clip.frames, &source[10..]));
}

#[test]
fn a_telephone_held_upright_and_wide_pixels() {
    if !have_ffmpeg() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (flat, turned, wide) = (
        dir.path().join("flat.mp4"),
        dir.path().join("turned.mp4"),
        dir.path().join("wide.mp4"),
    );
    let mut arguments = vec!["-c:v", "libx264"];
    arguments.extend(BT709);
    let source = by_ffmpeg(&flat, (96, 64), 3, &arguments);
    // The matrix of a quarter turn clockwise, in place of the track header's: a b u, c d v, x y w.
    let mut bytes = std::fs::read(&flat).unwrap();
    let header = bytes.windows(4).position(|w| w == b"tkhd").unwrap();
    let matrix = [0, 0x1_0000, 0, -0x1_0000, 0, 0, 64 << 16, 0, 0x4000_0000i32];
    let matrix: Vec<u8> = matrix.iter().flat_map(|v| v.to_be_bytes()).collect();
    bytes[header + 44..header + 80].copy_from_slice(&matrix);
    std::fs::write(&turned, bytes).unwrap();
    let clip = read_clip(&turned).unwrap();
    assert_eq!(clip.frames[0].size(), (64, 96));
    let expected = Frame::from_fn(64, 96, |x, y| source[0].pixel(y, 63 - x)).unwrap();
    let psnr = clip.frames[0].psnr(&expected).unwrap();
    assert!(psnr > 34.0, "{psnr}");
    make(&[
        "-i",
        flat.to_str().unwrap(),
        "-c",
        "copy",
        "-aspect",
        "3:1",
        wide.to_str().unwrap(),
    ]);
    assert_eq!(open(&wide).unwrap().info().size, (192, 64));
    assert_eq!(read_image(&wide).unwrap().size(), (192, 64));
}

#[test]
fn what_the_decoder_does_not_know_is_named_or_goes_through_ffmpeg() {
    if !have_ffmpeg() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for (name, arguments, word) in [
        (
            "a.mp4",
            &["-c:v", "libx264", "-pix_fmt", "yuv420p10le"][..],
            "10-bit",
        ),
        (
            "b.mp4",
            &["-c:v", "libx264", "-pix_fmt", "yuv444p"],
            "4:4:4",
        ),
        (
            "c.mp4",
            &[
                "-c:v",
                "libx264",
                "-pix_fmt",
                "yuv420p",
                "-flags",
                "+ilme+ildct",
                "-x264-params",
                "weightp=0",
            ],
            "interlaced",
        ),
        ("d.mp4", &["-c:v", "mpeg4", "-q:v", "2"], "MPEG-4 Part 2"),
        (
            "e.webm",
            &[
                "-c:v",
                "libvpx-vp9",
                "-pix_fmt",
                "yuv420p",
                "-crf",
                "20",
                "-b:v",
                "0",
            ],
            "not a known",
        ),
    ] {
        let path = dir.path().join(name);
        by_ffmpeg(&path, (128, 96), 6, arguments);
        let error = open_builtin(&path).err().unwrap().to_string();
        assert!(error.contains(word) && error.contains(name), "{error}");
        let clip = read_clip(&path).unwrap();
        assert_eq!((clip.frames.len(), clip.fps), (6, rate(25, 1)), "{name}");
        assert_eq!(clip.frames[0].size(), (128, 96));
    }
}

#[test]
fn animated_webp_and_uneven_gif_keep_their_times() {
    if !have_ffmpeg() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let webp = dir.path().join("a.webp");
    let source = by_ffmpeg(
        &webp,
        (64, 48),
        10,
        &["-c:v", "libwebp_anim", "-lossless", "1", "-pix_fmt", "bgra"],
    );
    let clip = read_clip(&webp).unwrap();
    assert_eq!(clip.fps, rate(25, 1));
    same_as(&clip, &source, 45.0);

    let gif = dir.path().join("a.gif");
    let mut file = std::fs::File::create(&gif).unwrap();
    let mut encoder = gif::Encoder::new(&mut file, 2, 2, &[]).unwrap();
    for (shade, delay) in [(10u8, 10u16), (90, 30), (200, 20)] {
        let mut frame = gif::Frame::from_rgb(2, 2, &[shade; 12]);
        frame.delay = delay;
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    let reader = open(&gif).unwrap();
    assert!(!reader.info().constant_rate);
    assert_eq!(reader.info().seconds, Some(0.6));
    let shades: Vec<_> = read_clip(&gif)
        .unwrap()
        .frames
        .iter()
        .map(|f| f.pixel(0, 0)[0])
        .collect();
    assert_eq!(
        shades,
        [10, 90, 200],
        "five frames a second: 0.1 s, 0.3 s, 0.2 s"
    );
}

#[test]
fn errors_name_the_file_and_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.mp4");
    let message = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        open_builtin(&path).err().unwrap().to_string()
    };
    assert!(message(b"").contains("empty"));
    assert!(message(b"hello, this is no video").contains("not a known"));
    let missing = open(dir.path().join("missing.mp4")).err().unwrap();
    assert!(matches!(missing, Error::Io { .. }), "{missing}");
    assert!(open(dir.path()).is_err());

    let whole = dir.path().join("whole.mp4");
    write(
        &whole,
        rate(8, 1),
        Quality::Good,
        &frames((64, 48), rate(8, 1), 10),
    );
    let bytes = std::fs::read(&whole).unwrap();
    let cut = message(&bytes[..bytes.len() - 300]);
    assert!(cut.contains("before picture"), "{cut}");
    let headless = message(&bytes[..40]);
    assert!(headless.contains("cut"), "{headless}");
}
