//! What files say of their origin, and the visible mark: in every format, read back by us and by other programs.

mod common;

use std::path::Path;

use common::{have_ffmpeg, judge, least_psnr, rate, scene};
use kinora_media::provenance::{self, Source};
use kinora_media::{Export, Provenance, VideoReader, WriterOptions, create, export, read_clip};

const SIZE: (u32, u32) = (160, 96);

fn said() -> Provenance {
    Provenance {
        tool: "Kinora 9.9".into(),
        system: "a tiny model".into(),
        prompt: "a crane <white> & its \"yellow\" tail\n一只白鹤".into(),
        source: Source::Generated,
        settings: r#"{"seed":7,"steps":4}"#.into(),
    }
}

fn write(path: &Path, options: WriterOptions) {
    let still = path.extension().is_some_and(|ending| ending == "png");
    let mut writer = create(path, options).unwrap();
    for i in 0..if still { 1 } else { 12 } {
        writer
            .push(&scene(SIZE.0, SIZE.1, f64::from(i) / 12.0))
            .unwrap();
    }
    writer.finish().unwrap();
}

/// The value of a tag that ffprobe finds in the file.
fn tag(path: &Path, name: &str) -> String {
    let entries = format!("format_tags={name}");
    let arguments = [
        "-show_entries",
        &entries,
        "-of",
        "json",
        path.to_str().unwrap(),
    ];
    let out = judge("ffprobe", &arguments);
    let text = String::from_utf8(out).unwrap();
    let (_, rest) = text
        .split_once(&format!("\"{name}\": \""))
        .unwrap_or_default();
    rest.split("\"\n").next().unwrap().to_owned()
}

#[test]
fn every_format_says_where_it_comes_from() {
    let dir = tempfile::tempdir().unwrap();
    let options = WriterOptions::new(SIZE, rate(12, 1));
    for name in ["a.mp4", "a.gif", "a.png"] {
        let path = dir.path().join(name);
        write(&path, options.clone());
        assert_eq!(provenance::read(&path).unwrap(), None, "{name}");
        let plain = read_clip(&path).unwrap();
        write(&path, options.clone().provenance(said()));
        assert_eq!(provenance::read(&path).unwrap(), Some(said()), "{name}");
        // The pictures do not change.
        assert_eq!(read_clip(&path).unwrap().frames, plain.frames, "{name}");
    }
    let frames = dir.path().join("frames/");
    write(&frames, options.provenance(said()));
    let first = frames.join("frame-00001.png");
    assert_eq!(provenance::read(first).unwrap(), Some(said()));
}

#[test]
fn other_programs_read_it_too() {
    if !have_ffmpeg() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let options = WriterOptions::new(SIZE, rate(12, 1)).provenance(said());
    let clip = dir.path().join("a.mp4");
    write(&clip, options.clone());
    assert_eq!(tag(&clip, "encoder"), "Kinora 9.9");
    assert!(tag(&clip, "description").contains("一只白鹤"));
    assert!(tag(&clip, "comment").contains("a tiny model"));
    let webm = dir.path().join("a.webm");
    write(&webm, options.clone());
    assert!(tag(&webm, "DESCRIPTION").contains("一只白鹤"));
    let gif = dir.path().join("a.gif");
    write(&gif, options.clone());
    assert_eq!(common::probe(&gif, "codec_name,nb_read_frames"), "gif,12");
    let still = dir.path().join("a.png");
    write(&still, options);
    assert_eq!(
        common::probe(&still, "codec_name,width,height"),
        "png,160,96"
    );
}

#[test]
fn an_export_carries_the_origin_on_and_draws_the_mark_where_it_is_due() {
    let dir = tempfile::tempdir().unwrap();
    let clip = dir.path().join("a.mp4");
    write(
        &clip,
        WriterOptions::new(SIZE, rate(12, 1)).provenance(said()),
    );
    let source = read_clip(&clip).unwrap();
    for name in ["b.mp4", "b.gif", "b.png"] {
        let path = dir.path().join(name);
        export(&clip, &path, &Export::default()).unwrap();
        assert_eq!(provenance::read(&path).unwrap(), Some(said()), "{name}");
        let plain = read_clip(&path).unwrap();
        let count = plain.frames.len();
        assert!(
            least_psnr(&plain.frames, &source.frames[..count]) > 27.0,
            "{name}"
        );

        let marked = Export {
            watermark: true,
            ..Export::default()
        };
        export(&clip, &path, &marked).unwrap();
        let marked = read_clip(&path).unwrap();
        let difference = |x: u32, y: u32| {
            plain.frames[0].pixel(x, y)[2].abs_diff(marked.frames[0].pixel(x, y)[2])
        };
        let brightest = |xs: std::ops::Range<u32>, ys: std::ops::Range<u32>| {
            xs.flat_map(|x| ys.clone().map(move |y| (x, y)))
                .map(|(x, y)| difference(x, y))
                .max()
                .unwrap()
        };
        assert!(brightest(100..160, 80..96) > 40, "{name}: no mark");
        assert!(
            brightest(0..90, 0..70) < 40,
            "{name}: a mark where none belongs"
        );
    }
    // A moment of the clip.
    let still = dir.path().join("late.png");
    let late = Export {
        at: 0.75,
        ..Export::default()
    };
    export(&clip, &still, &late).unwrap();
    assert_eq!(kinora_media::read_image(&still).unwrap(), source.frames[9]);
}

#[test]
fn an_upload_that_says_nothing_is_not_called_generated() {
    let dir = tempfile::tempdir().unwrap();
    let (clip, out) = (dir.path().join("a.mp4"), dir.path().join("b.gif"));
    write(&clip, WriterOptions::new(SIZE, rate(12, 1)));
    export(&clip, &out, &Export::default()).unwrap();
    let said = provenance::read(&out).unwrap().unwrap();
    assert_eq!(said.source, Source::Unknown);
    assert!(said.tool.starts_with("Kinora"));
    let reader: Box<dyn VideoReader> = kinora_media::open(&out).unwrap();
    assert_eq!(reader.info().frames.unwrap_or(12), 12);
}
