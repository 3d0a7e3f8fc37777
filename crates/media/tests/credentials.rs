//! Signed Content Credentials, as the reference library reads them back.

mod common;

use std::path::Path;
use std::process::Command;

use common::{have_ffmpeg, probe, rate, scene};
use kinora_media::provenance::{self, Source, credentials};
use kinora_media::{Provenance, WriterOptions, create, read_clip};

fn said(source: Source) -> Provenance {
    Provenance {
        tool: "Kinora 9.9".into(),
        system: "a tiny model".into(),
        prompt: "一只白鹤 in a <stream>".into(),
        source,
        settings: r#"{"seed":7}"#.into(),
    }
}

fn write(path: &Path, said: Option<Provenance>) {
    let mut options = WriterOptions::new((160, 96), rate(12, 1));
    options.provenance = said;
    let mut writer = create(path, options).unwrap();
    let still = path.extension().is_some_and(|ending| ending == "png");
    for i in 0..if still { 1 } else { 12 } {
        let frame = scene(160, 96, f64::from(i) / 12.0);
        writer.push(&frame).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn every_format_is_signed_and_plays_as_before() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a.mp4", "a.gif", "a.png"] {
        let path = dir.path().join(name);
        write(&path, None);
        assert_eq!(credentials(&path).unwrap(), None, "{name}");
        let plain = read_clip(&path).unwrap();
        write(&path, Some(said(Source::Generated)));
        let found = credentials(&path).unwrap().expect("credentials");
        assert!(
            found.intact && !found.issuer.is_empty(),
            "{name}: {found:?}"
        );
        for word in [
            "trainedAlgorithmicMedia",
            "Kinora",
            "一只白鹤",
            "a tiny model",
            "\"seed\": 7",
        ] {
            assert!(
                found.manifest.contains(word),
                "{name}: no {word} in {}",
                found.manifest
            );
        }
        let packet = provenance::read(&path).unwrap();
        assert_eq!(packet, Some(said(Source::Generated)), "{name}");
        assert_eq!(read_clip(&path).unwrap().frames, plain.frames, "{name}");
        if have_ffmpeg() && name != "a.png" {
            assert_eq!(probe(&path, "nb_read_frames"), "12", "{name}");
        }
    }
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn a_changed_picture_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.mp4");
    write(&path, Some(said(Source::Composite)));
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.len() - 40;
    bytes[end] ^= 1; // in the last coded picture
    std::fs::write(&path, bytes).unwrap();
    let found = credentials(&path).unwrap().expect("credentials");
    assert!(!found.intact);
    assert!(
        found
            .manifest
            .contains("compositeWithTrainedAlgorithmicMedia")
    );
}

#[test]
fn what_is_not_known_is_not_signed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.mp4");
    write(&path, Some(said(Source::Unknown)));
    assert_eq!(credentials(&path).unwrap(), None);
}

/// The signer is told by the environment, which a test may not change for its neighbours: so this one is run again alone.
#[test]
fn a_wrong_identity_is_refused_before_any_work() {
    if std::env::var_os("KINORA_C2PA_CERT").is_some() {
        let options =
            WriterOptions::new((160, 96), rate(12, 1)).provenance(said(Source::Generated));
        let refused = create(Path::new("never.mp4"), options)
            .err()
            .expect("refused");
        println!("refused: {refused}");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let junk = dir.path().join("junk.pem");
    std::fs::write(&junk, "no certificate").unwrap();
    let run = |key: Option<&Path>| {
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args([
            "--exact",
            "a_wrong_identity_is_refused_before_any_work",
            "--nocapture",
        ]);
        again.current_dir(dir.path()).env("KINORA_C2PA_CERT", &junk);
        key.map(|key| again.env("KINORA_C2PA_KEY", key));
        String::from_utf8(again.output().unwrap().stdout).unwrap()
    };
    assert!(run(None).contains("one of KINORA_C2PA_CERT and KINORA_C2PA_KEY"));
    assert!(run(Some(&junk)).contains("junk.pem and its key are no certificate chain"));
    assert!(run(Some(Path::new("absent.pem"))).contains("cannot read absent.pem"));
    assert!(!dir.path().join("never.mp4").exists());
}
