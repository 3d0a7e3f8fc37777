//! From a sentence to a file.

use super::support::Place;

#[test]
fn every_ending_gives_its_format() {
    let place = Place::new();
    let run = place
        .generate(&[
            "a frog in the snow",
            "--seed",
            "7",
            "-o",
            "a.mp4",
            "--verbose",
        ])
        .ok();
    assert_eq!(run.stdout(), "a.mp4\n");
    let said = run.stderr();
    for word in [
        "seed 7",
        "96x64",
        "30 frames",
        "2 steps",
        "denoise",
        "decode",
        "peak memory",
    ] {
        assert!(said.contains(word), "`{word}` is missing in: {said}");
    }
    let info = kinora_media::open(place.path("a.mp4")).unwrap();
    assert_eq!(info.info().size, (96, 64));
    assert_eq!(info.info().fps.to_string(), "30");
    assert_eq!(
        kinora_media::read_clip(place.path("a.mp4"))
            .unwrap()
            .frames
            .len(),
        30
    );

    place
        .generate(&["a frog", "-o", "a.gif", "--fps", "10"])
        .ok();
    assert!(
        std::fs::read(place.path("a.gif"))
            .unwrap()
            .starts_with(b"GIF89a")
    );

    place.generate(&["a frog", "-o", "still.png"]).ok();
    let still = image::open(place.path("still.png")).unwrap();
    assert_eq!((still.width(), still.height()), (96, 64));
    assert_eq!(place.json("still.json")["drawn"]["frames"], 1);

    place.generate(&["a frog", "-o", "frames/"]).ok();
    let frames = std::fs::read_dir(place.path("frames")).unwrap().count();
    assert_eq!(frames, 30);
    assert!(place.exists("frames.json"));
    assert!(
        !place
            .names()
            .iter()
            .any(|name| name.contains("checkpoint") || name.contains("part")),
        "{:?}",
        place.names()
    );
}

#[test]
fn one_of_a_kind_is_told_in_the_singular() {
    let place = Place::new();
    let args = [
        "generate",
        "a frog",
        "--dry-run",
        "--guidance",
        "1",
        "--steps",
        "1",
    ];
    let plan = place.run(&args).ok().stdout();
    for words in [" 1 step\n", "\n1 evaluation of the network;"] {
        assert!(plan.contains(words), "{plan}");
    }
}

#[test]
fn a_clip_is_named_after_its_prompt_and_nothing_is_overwritten() {
    let place = Place::new();
    for _ in 0..2 {
        place
            .generate(&[
                "A woolly mammoth walks in the desert",
                "--seed",
                "7",
                "--quiet",
            ])
            .ok();
    }
    let run = place
        .generate(&[
            "长毛猛犸象在沙漠中行走，广角镜头拍摄",
            "--seed",
            "7",
            "--quiet",
        ])
        .ok();
    assert_eq!(run.stderr(), "");
    assert_eq!(run.stdout(), "长毛猛犸象在沙漠中行走-广角镜头拍摄-7.mp4\n");
    for name in [
        "woolly-mammoth-walks-in-the-desert-7.mp4",
        "woolly-mammoth-walks-in-the-desert-7.json",
        "woolly-mammoth-walks-in-the-desert-7-2.mp4",
        "长毛猛犸象在沙漠中行走-广角镜头拍摄-7.mp4",
    ] {
        assert!(
            place.exists(name),
            "{name} is missing in {:?}",
            place.names()
        );
    }
}

#[test]
fn variants_have_their_own_seeds_and_files() {
    let place = Place::new();
    let run = place
        .generate(&[
            "a frog",
            "-o",
            "v.mp4",
            "--variants",
            "2",
            "--seed",
            "7",
            "--json",
        ])
        .ok();
    let report: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
    let clips = report["clips"].as_array().unwrap();
    assert_eq!(clips.len(), 2);
    assert_eq!(
        (&clips[0]["seed"], &clips[1]["seed"]),
        (&7.into(), &8.into())
    );
    assert_eq!(clips[1]["file"], "v-2.mp4");
    assert_ne!(place.track("v-1.mp4"), place.track("v-2.mp4"));
    // The second alone, from its own record.
    place
        .run(&["generate", "--from", "v-2.json", "-o", "again.mp4"])
        .ok();
    assert_eq!(place.track("again.mp4"), place.track("v-2.mp4"));
}

#[test]
fn pictures_and_clips_are_met() {
    let place = Place::new();
    place
        .generate(&["a frog", "-o", "clip.mp4", "--seed", "1"])
        .ok();
    let picture =
        image::RgbImage::from_fn(40, 60, |x, y| image::Rgb([x as u8 * 6, y as u8 * 4, 90]));
    picture.save(place.path("at 1@2.png")).unwrap();
    let base = ["a frog", "--seed", "1"];
    for (name, condition) in [
        ("i.mp4", ["--image", "at 1@2.png"]),
        ("v.mp4", ["--video", "clip.mp4"]),
    ] {
        place
            .generate(&[&base[..], &["-o", name], &condition].concat())
            .ok();
        assert_ne!(place.track(name), place.track("clip.mp4"), "{name}");
    }
    let timed = [
        "-o",
        "t.mp4",
        "--image",
        "at 1@2.png@0.8",
        "--video",
        "clip.mp4@0",
    ];
    place.generate(&[&base[..], &timed].concat()).ok();
    let record = place.json("t.json");
    assert_eq!(record["request"]["conditions"][0]["at"], 0.8);
    assert_eq!(record["request"]["conditions"].as_array().unwrap().len(), 2);

    // Without an aspect the first picture's holds.
    place
        .run(&[
            "generate",
            "a frog",
            "--image",
            "at 1@2.png",
            "--steps",
            "1",
            "--seconds",
            "1",
            "-o",
            "tall.png",
        ])
        .ok();
    assert_eq!(
        image::image_dimensions(place.path("tall.png")).unwrap(),
        (480, 854)
    );

    // A repeat with another picture under the same name would be another clip.
    picture
        .save_with_format(place.path("at 1@2.png"), image::ImageFormat::Jpeg)
        .unwrap();
    place
        .run(&["generate", "--from", "i.json", "-o", "x.mp4"])
        .refused(&["has changed"]);
}

#[test]
fn unknown_words_are_told_in_one_line() {
    let place = Place::new();
    let said = place
        .generate(&["a frgo in the snow", "-o", "a.png"])
        .ok()
        .stderr();
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("frgo")).collect();
    assert_eq!(lines.len(), 1, "{said}");
    for word in ["does not know", "--model DIR", "models info mini"] {
        assert!(lines[0].contains(word), "{said}");
    }
}

#[test]
fn the_default_format_is_that_of_the_readme() {
    let place = Place::new();
    place
        .run(&[
            "generate",
            "a frog",
            "--steps",
            "1",
            "--seconds",
            "1",
            "-o",
            "a.mp4",
        ])
        .ok();
    let record = place.json("a.json");
    assert_eq!(
        record["output"],
        serde_json::json!({"width": 854, "height": 480, "frames": 30, "fps": "30"})
    );
    assert!(!record["model"]["fingerprint"].as_str().unwrap().is_empty());
}

#[test]
fn every_clip_says_where_it_comes_from() {
    let place = Place::new();
    for name in ["a.mp4", "b.gif", "c.png"] {
        place
            .generate(&["a frog at dawn", "--seed", "7", "-o", name])
            .ok();
        let said = kinora_media::provenance::read(place.path(name)).unwrap();
        let said = said.unwrap_or_else(|| panic!("{name} says nothing"));
        assert_eq!(said.prompt, "a frog at dawn");
        assert_eq!(
            said.source.uri().rsplit('/').next(),
            Some("trainedAlgorithmicMedia")
        );
        let settings: serde_json::Value = serde_json::from_str(&said.settings).unwrap();
        assert_eq!(settings["seed"], 7, "{settings}");
    }
}
