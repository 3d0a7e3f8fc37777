//! Pictures that are coded already among frames that are pushed, judged by ffmpeg.

mod common;

use std::fs;
use std::ops::Range;
use std::path::Path;

use common::{ffmpeg_decode, have_ffmpeg, make, probe, rate, scene};
use kinora_media::{
    CodedRun, Frame, Quality, VideoWriter, WriterOptions, create, read_clip, trim_copy,
};

const SIZE: (u32, u32) = (96, 64);

fn frames(from: u64, count: u64) -> Vec<Frame> {
    let fps = rate(30, 1);
    let times = from..from + count;
    times
        .map(|i| scene(SIZE.0, SIZE.1, fps.seconds(i)))
        .collect()
}

fn begin(path: &Path, quality: Quality) -> Box<dyn VideoWriter> {
    create(path, WriterOptions::new(SIZE, rate(30, 1)).quality(quality)).unwrap()
}

fn clip(path: &Path, count: u64) {
    let mut writer = begin(path, Quality::Good);
    let pushed = frames(0, count);
    pushed.iter().for_each(|frame| writer.push(frame).unwrap());
    writer.finish().unwrap();
}

fn find(writer: &mut dyn VideoWriter, clip: &Path, frames: Range<u64>) -> Option<CodedRun> {
    writer.coded().unwrap().find(clip, frames).unwrap()
}

/// The first frames of a file, cut out by copying: their coded pictures, wherever they stood.
fn coded(path: &Path, range: Range<u64>) -> Vec<u8> {
    let out = path.with_extension("cut.mp4");
    trim_copy(path, &out, &[range], None).unwrap().unwrap();
    fs::read(&out).unwrap()
}

#[test]
fn copied_pictures_stand_untouched_between_pushed_ones() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in.mp4"), dir.path().join("out.mp4"));
    clip(&input, 130);
    let mut writer = begin(&output, Quality::Best);
    frames(200, 7).iter().for_each(|f| writer.push(f).unwrap());
    let run = find(writer.as_mut(), &input, 0..130).unwrap();
    assert_eq!(run.frames(), 0..130);
    writer.coded().unwrap().copy(run).unwrap();
    frames(300, 9).iter().for_each(|f| writer.push(f).unwrap());
    // A part that begins off its key picture: the rest of it from the next one on.
    let run = find(writer.as_mut(), &input, 30..75).unwrap();
    assert_eq!(run.frames(), 60..75);
    writer.coded().unwrap().copy(run).unwrap();
    // Key pictures that are followed by none of their group, and by another key picture.
    for at in [60..61, 0..1] {
        let run = find(writer.as_mut(), &input, at.clone()).unwrap();
        assert_eq!(run.frames(), at);
        writer.coded().unwrap().copy(run).unwrap();
    }
    frames(400, 1).iter().for_each(|f| writer.push(f).unwrap());
    let written = writer.finish().unwrap();
    assert_eq!(written.frames, 7 + 130 + 9 + 15 + 2 + 1);

    assert_eq!(coded(&output, 7..137), coded(&input, 0..130));
    let (source, made) = (
        read_clip(&input).unwrap().frames,
        read_clip(&output).unwrap(),
    );
    assert_eq!(made.frames.len() as u64, written.frames);
    assert!(made.frames[7..137] == source[..]);
    assert!(made.frames[146..161] == source[60..75]);
    assert!(made.frames[161] == source[60] && made.frames[162] == source[0]);
    // What is pushed is coded as it is in a file of its own.
    for (at, pushed) in [
        (0, frames(200, 7)),
        (137, frames(300, 9)),
        (163, frames(400, 1)),
    ] {
        let alone = dir.path().join("alone.mp4");
        let mut writer = begin(&alone, Quality::Best);
        pushed.iter().for_each(|frame| writer.push(frame).unwrap());
        writer.finish().unwrap();
        let alone = read_clip(&alone).unwrap().frames;
        assert!(
            made.frames[at..at + pushed.len()] == alone[..],
            "frames from {at} on"
        );
    }
    if have_ffmpeg() {
        let described = probe(&output, "codec_name,r_frame_rate,nb_read_frames");
        assert_eq!(described, "h264,30/1,164");
        assert!(ffmpeg_decode(&output, SIZE)[7..137] == ffmpeg_decode(&input, SIZE)[..]);
    }
}

#[test]
fn a_file_of_copies_alone_is_complete() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b, output) = (
        dir.path().join("a.mp4"),
        dir.path().join("b.mp4"),
        dir.path().join("c.mp4"),
    );
    clip(&a, 20);
    clip(&b, 30);
    let mut writer = begin(&output, Quality::Best);
    for (path, count) in [(&a, 20), (&b, 30)] {
        let run = find(writer.as_mut(), path, 0..count).unwrap();
        writer.coded().unwrap().copy(run).unwrap();
    }
    assert_eq!(writer.finish().unwrap().frames, 50);
    let made = read_clip(&output).unwrap().frames;
    assert!(made[..20] == read_clip(&a).unwrap().frames[..]);
    assert!(made[20..] == read_clip(&b).unwrap().frames[..]);
}

#[test]
fn what_does_not_fit_is_pushed_instead() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, output) = (dir.path().join("ours.mp4"), dir.path().join("out.mp4"));
    clip(&ours, 70);
    let other = |size, fps: u32| create(&output, WriterOptions::new(size, rate(fps, 1))).unwrap();
    assert!(find(other((98, 64), 30).as_mut(), &ours, 0..70).is_none());
    assert!(find(other(SIZE, 25).as_mut(), &ours, 0..70).is_none());
    let mut same = other(SIZE, 30);
    // Beyond the end, off every key picture, nothing at all; a file that is no MP4.
    for range in [0..71, 61..70, 5..5, 90..95] {
        assert!(
            find(same.as_mut(), &ours, range.clone()).is_none(),
            "{range:?}"
        );
    }
    let text = dir.path().join("text.mp4");
    fs::write(&text, "words").unwrap();
    assert!(find(same.as_mut(), &text, 0..1).is_none());
    // A GIF and a directory of pictures take frames alone.
    let gif = dir.path().join("a.gif");
    assert!(
        create(&gif, WriterOptions::new(SIZE, rate(30, 1)))
            .unwrap()
            .coded()
            .is_none()
    );
    if have_ffmpeg() {
        let foreign = dir.path().join("foreign.mp4");
        let (from, to) = (ours.to_str().unwrap(), foreign.to_str().unwrap());
        make(&["-i", from, "-c:v", "libx264", "-pix_fmt", "yuv420p", to]);
        assert!(find(same.as_mut(), &foreign, 0..70).is_none());
        // Put into another file by someone else, our pictures are still ours.
        let moved = dir.path().join("moved.mp4");
        make(&["-i", from, "-c:v", "copy", moved.to_str().unwrap()]);
        assert_eq!(find(same.as_mut(), &moved, 0..70).unwrap().frames(), 0..70);
    }
}
