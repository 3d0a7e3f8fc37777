//! What is written, judged by ffprobe and by a full decode with ffmpeg.

mod common;

use std::path::{Path, PathBuf};
use std::time::Instant;

use common::{ffmpeg_decode, have_ffmpeg, least_psnr, probe, rate, scene};
use kinora_media::{Error, Frame, Quality, Rational, WriterOptions, Written, create};

fn frames(size: (u32, u32), fps: Rational, count: u64) -> Vec<Frame> {
    (0..count)
        .map(|i| scene(size.0, size.1, fps.seconds(i)))
        .collect()
}

fn write(path: &Path, options: WriterOptions, frames: &[Frame]) -> Written {
    let mut writer = create(path, options).unwrap();
    for frame in frames {
        writer.push(frame).unwrap();
    }
    writer.finish().unwrap()
}

/// What lies in a directory.
fn names(directory: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

#[test]
fn mp4_at_the_default_size_is_exact_and_good() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.mp4");
    let (size, fps) = ((854, 480), rate(30, 1));
    let source = frames(size, fps, 150);
    let begun = Instant::now();
    let written = write(&path, WriterOptions::new(size, fps), &source);
    let seconds = begun.elapsed().as_secs_f64();
    eprintln!("{:.1} fps, {} bytes", 150.0 / seconds, written.bytes);
    assert_eq!(
        (written.frames, written.size, written.seconds),
        (150, size, 5.0)
    );
    assert_eq!(names(dir.path()), std::slice::from_ref(&path));
    if !have_ffmpeg() {
        return;
    }
    assert_eq!(
        probe(
            &path,
            "codec_name,width,height,pix_fmt,r_frame_rate,avg_frame_rate,duration,nb_read_frames"
        ),
        "h264,854,480,yuv420p,30/1,30/1,5.000000,150"
    );
    assert_eq!(
        probe(
            &path,
            "color_range,color_space,color_transfer,color_primaries,field_order"
        ),
        "tv,bt709,bt709,bt709,progressive"
    );
    let decoded = ffmpeg_decode(&path, size);
    let psnr = least_psnr(&source, &decoded);
    eprintln!("least psnr {psnr:.2} dB");
    assert!(psnr >= 38.0, "{psnr}");
}

#[test]
fn mp4_of_odd_sizes_rates_and_lengths() {
    if !have_ffmpeg() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for (i, (size, fps, count, expected)) in [
        ((853, 479), rate(30, 1), 7, "854,480,30/1,0.233333,7"),
        (
            (64, 64),
            rate(24000, 1001),
            240,
            "64,64,24000/1001,10.010000,240",
        ),
        ((128, 72), rate(8, 1), 41, "128,72,8/1,5.125000,41"),
        ((16, 16), rate(30, 1), 1, "16,16,30/1,0.033333,1"),
        (
            (18, 34),
            rate(60000, 1001),
            5,
            "18,34,60000/1001,0.083417,5",
        ),
        ((480, 854), rate(25, 1), 3, "480,854,25/1,0.120000,3"),
        ((1920, 1080), rate(30, 1), 2, "1920,1080,30/1,0.066667,2"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = dir.path().join(format!("{i}.mp4"));
        let source = frames(size, fps, count);
        let written = write(&path, WriterOptions::new(size, fps), &source);
        assert_eq!(
            probe(&path, "width,height,r_frame_rate,duration,nb_read_frames"),
            expected
        );
        let decoded: Vec<_> = ffmpeg_decode(&path, written.size)
            .iter()
            .map(|frame| frame.crop(0, 0, size.0, size.1).unwrap())
            .collect();
        let psnr = least_psnr(&source, &decoded);
        eprintln!("{size:?} {psnr:.2} dB");
        // Small pictures are mostly edges, and 4:2:0 halves the colour's resolution at each.
        let least = if size.0 > 400 { 38.0 } else { 27.0 };
        assert!(psnr > least, "{size:?}: {psnr}");
    }
}

#[test]
fn mp4_bytes_do_not_depend_on_threads_and_the_movie_box_comes_first() {
    let dir = tempfile::tempdir().unwrap();
    let (size, fps) = ((160, 96), rate(10, 1));
    let source = frames(size, fps, 65);
    let bytes = [1, 2, 3].map(|threads| {
        let path = dir.path().join(format!("{threads}.mp4"));
        write(
            &path,
            WriterOptions::new(size, fps).threads(threads),
            &source,
        );
        std::fs::read(path).unwrap()
    });
    assert!(bytes[0] == bytes[1] && bytes[1] == bytes[2]);
    let find = |name: &[u8]| bytes[0].windows(4).position(|w| w == name).unwrap();
    assert!(find(b"moov") < find(b"mdat"));
}

#[test]
fn mp4_key_pictures_come_every_two_seconds() {
    if !have_ffmpeg() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.mp4");
    let (size, fps) = ((64, 48), rate(30, 1));
    write(
        &path,
        WriterOptions::new(size, fps),
        &frames(size, fps, 130),
    );
    let out = common::judge(
        "ffprobe",
        &[
            "-select_streams",
            "v",
            "-skip_frame",
            "nokey",
            "-show_entries",
            "frame=pts_time",
            "-of",
            "csv=p=0",
            path.to_str().unwrap(),
        ],
    );
    let times = String::from_utf8(out).unwrap();
    let times: Vec<_> = times.lines().map(|t| t.trim_end_matches(',')).collect();
    assert_eq!(times, ["0.000000", "2.000000", "4.000000"]);
}

#[test]
fn better_quality_is_better_and_larger() {
    let dir = tempfile::tempdir().unwrap();
    let (size, fps) = ((320, 192), rate(30, 1));
    let source = frames(size, fps, 20);
    let bytes = [Quality::Small, Quality::Good, Quality::Best].map(|quality| {
        let path = dir.path().join(format!("{quality:?}.mp4"));
        write(
            &path,
            WriterOptions::new(size, fps).quality(quality),
            &source,
        )
        .bytes
    });
    assert!(bytes[0] < bytes[1] && bytes[1] < bytes[2], "{bytes:?}");
}

#[test]
fn gif_keeps_time_and_looks() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.gif");
    let (size, fps) = ((213, 121), rate(30, 1));
    let source = frames(size, fps, 45);
    let written = write(&path, WriterOptions::new(size, fps), &source);
    eprintln!("gif: {} bytes", written.bytes);
    assert_eq!(written.seconds, 1.5);
    if !have_ffmpeg() {
        return;
    }
    assert_eq!(
        probe(&path, "codec_name,width,height,nb_read_frames"),
        "gif,213,121,45"
    );
    let psnr = least_psnr(&source, &ffmpeg_decode(&path, size));
    eprintln!("gif: least psnr {psnr:.2} dB");
    assert!(psnr > 32.0, "{psnr}");
}

#[test]
fn webm_goes_through_ffmpeg() {
    if !have_ffmpeg() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.webm");
    let (size, fps) = ((161, 91), rate(24, 1));
    let source = frames(size, fps, 12);
    let written = write(&path, WriterOptions::new(size, fps), &source);
    assert_eq!(written.size, (162, 92));
    assert_eq!(
        probe(
            &path,
            "codec_name,width,height,pix_fmt,color_range,color_space,r_frame_rate,nb_read_frames"
        ),
        "vp9,162,92,yuv420p,tv,bt709,24/1,12"
    );
    let decoded: Vec<_> = ffmpeg_decode(&path, written.size)
        .iter()
        .map(|frame| frame.crop(0, 0, size.0, size.1).unwrap())
        .collect();
    assert!(least_psnr(&source, &decoded) > 30.0);
}

#[test]
fn png_is_exact_alone_and_in_sequence() {
    let dir = tempfile::tempdir().unwrap();
    let (size, fps) = ((33, 17), rate(8, 1));
    let source = frames(size, fps, 3);
    let options = WriterOptions::new(size, fps);
    let still = dir.path().join("a.png");
    write(&still, options.clone(), &source[..1]);
    assert_eq!(
        image::open(&still).unwrap().to_rgb8().as_raw(),
        source[0].rgb()
    );

    let sequence = dir.path().join("frames/");
    let written = write(&sequence, options.clone(), &source);
    assert_eq!((written.frames, written.seconds), (3, 0.375));
    for (i, frame) in source.iter().enumerate() {
        let path = sequence.join(format!("frame-0000{}.png", i + 1));
        assert_eq!(image::open(path).unwrap().to_rgb8().as_raw(), frame.rgb());
    }
    // A shorter sequence replaces the longer one whole; a stranger's file is never touched.
    write(&sequence, options.clone(), &source[..1]);
    assert_eq!(names(&sequence).len(), 1);
    std::fs::write(sequence.join("thesis.txt"), "dear").unwrap();
    let error = create(&sequence, options.clone()).err().unwrap();
    assert!(matches!(error, Error::Occupied { .. }), "{error}");
    assert_eq!(names(&sequence).len(), 2);
}

#[test]
fn nothing_half_done_is_left_behind() {
    let dir = tempfile::tempdir().unwrap();
    let options = WriterOptions::new((32, 32), rate(8, 1));
    let frame = Frame::filled(32, 32, [9; 3]).unwrap();
    for name in ["a.mp4", "a.gif", "a.png", "a/"] {
        let path = dir.path().join(name);
        let mut writer = create(&path, options.clone()).unwrap();
        writer.push(&frame).unwrap();
        assert!(!path.exists(), "{name} is visible before the end");
        drop(writer);
        assert!(
            names(dir.path()).is_empty(),
            "{name} left {:?}",
            names(dir.path())
        );
        let empty = create(&path, options.clone())
            .unwrap()
            .finish()
            .unwrap_err();
        assert!(matches!(empty, Error::NoFrames { .. }), "{empty}");
        assert!(names(dir.path()).is_empty());
    }
}

#[test]
fn errors_name_the_file_and_the_cure() {
    let dir = tempfile::tempdir().unwrap();
    let options = WriterOptions::new((32, 32), rate(8, 1));
    let frame = Frame::filled(32, 32, [9; 3]).unwrap();
    let error = |path: PathBuf| create(path, options.clone()).err().unwrap().to_string();
    let unknown = error(dir.path().join("a.avi"));
    assert!(
        unknown.contains("a.avi") && unknown.contains(".mp4"),
        "{unknown}"
    );
    let nowhere = error(dir.path().join("no/such/place/a.mp4"));
    assert!(nowhere.contains("no/such/place/a.mp4"), "{nowhere}");

    let path = dir.path().join("a.png");
    let mut still = create(&path, options.clone()).unwrap();
    still.push(&frame).unwrap();
    let second = still.push(&frame).unwrap_err();
    assert!(matches!(second, Error::OneFrameOnly { .. }), "{second}");

    let mut clip = create(dir.path().join("a.mp4"), options.clone()).unwrap();
    let wrong = clip
        .push(&Frame::filled(30, 32, [9; 3]).unwrap())
        .unwrap_err();
    assert!(wrong.to_string().contains("30x32"), "{wrong}");
    let huge = create(
        dir.path().join("b.mp4"),
        WriterOptions::new((5000, 200), rate(8, 1)),
    );
    assert!(matches!(huge.err().unwrap(), Error::Unwritable { .. }));
}

#[test]
fn gif_of_a_high_rate_leaves_frames_out_and_keeps_time() {
    let dir = tempfile::tempdir().unwrap();
    let (size, fps) = ((32, 24), rate(100, 1));
    let path = dir.path().join("a.gif");
    let written = write(
        &path,
        WriterOptions::new(size, fps),
        &frames(size, fps, 100),
    );
    assert_eq!((written.frames, written.seconds), (50, 1.0));
    assert_eq!(kinora_media::open(&path).unwrap().info().seconds, Some(1.0));
}
