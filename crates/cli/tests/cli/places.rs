//! What is written where: nothing of the user's is lost, and what cannot be written is found before any work.

use super::support::{Place, QUICK};

#[test]
fn a_sidecar_takes_the_place_of_nothing_else() {
    let place = Place::new();
    std::fs::write(place.path("a.json"), "{\"mine\": 1}").unwrap();
    place
        .generate(&["a frog", "-o", "a.mp4", "--seed", "1"])
        .ok();
    assert_eq!(place.json("a.json")["mine"], 1);
    assert_eq!(place.json("a.mp4.json")["seed"], 1);

    // Of two files of one name, each keeps what makes it again.
    place
        .generate(&["a frog", "-o", "b.gif", "--seed", "2"])
        .ok();
    place
        .generate(&["a frog", "-o", "b.mp4", "--seed", "3"])
        .ok();
    place
        .generate(&["a frog", "-o", "b.mp4", "--seed", "4"])
        .ok();
    assert_eq!(
        (
            &place.json("b.json")["seed"],
            &place.json("b.mp4.json")["seed"]
        ),
        (&2.into(), &4.into())
    );
    place
        .run(&[
            "extend", "b.mp4", "--after", "0.5", "--steps", "1", "-o", "c.mp4",
        ])
        .ok();
    assert_eq!(place.json("c.json")["request"]["prompt"], "a frog");

    std::fs::write(place.path("a.mp4.json"), "{}").unwrap();
    place
        .generate(&["a frog", "-o", "a.mp4"])
        .refused(&["a.json", "something else", "-o"]);
    std::fs::create_dir(place.path("d.json")).unwrap();
    place.generate(&["a frog", "-o", "d.mp4"]).ok();
    assert!(place.exists("d.mp4.json"));
}

#[test]
fn a_given_file_is_never_written_over() {
    let place = Place::new();
    place.generate(&["a frog", "-o", "a.mp4"]).ok();
    std::fs::create_dir(place.path("in")).unwrap();
    let board = "duration = 1.0\n[[card]]\nat = 0.0\nclip = \"../a.mp4\"\n";
    std::fs::write(place.path("in/board.toml"), board).unwrap();
    place
        .run(&["storyboard", "in/board.toml", "-o", "a.mp4"])
        .refused(&["a.mp4", "one of the files given"]);
    place
        .run(&["extend", "in/../a.mp4", "--after", "1", "-o", "a.mp4"])
        .refused(&["one of the files given"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("a.mp4", place.path("link.mp4")).unwrap();
        place
            .run(&["extend", "link.mp4", "--after", "1", "-o", "a.mp4"])
            .refused(&["one of the files given"]);
    }
}

#[test]
fn places_that_cannot_be_written_are_found_before_the_work() {
    let place = Place::new();
    std::fs::create_dir(place.path("full")).unwrap();
    std::fs::write(place.path("full/letter.txt"), "dear").unwrap();
    place
        .generate(&["a frog", "-o", "full"])
        .refused(&["letter.txt"]);
    let long = format!("{}.mp4", "x".repeat(230));
    place
        .generate(&["a frog", "-o", &long])
        .refused(&["234 bytes", "-o"]);
    let mut no_ffmpeg =
        place.command(&[&["generate", "a frog", "-o", "a.webm"][..], &QUICK].concat());
    let run = no_ffmpeg.env("PATH", "").output().unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&run.stderr).contains("ffmpeg"));
    assert_eq!(place.names(), ["full"]);
}

/// Sidecars and checkpoints are JSON, which cannot name such files.
#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_unicode_are_refused() {
    use std::os::unix::ffi::OsStrExt;
    let odd = std::ffi::OsStr::from_bytes(b"a\xff.mp4");
    let place = Place::new();
    let run = place
        .command(&["generate", "a frog", "-o"])
        .arg(odd)
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(2), "{run:?}");
    place.generate(&["a frog", "-o", "a.mp4"]).ok();
    std::fs::copy(place.path("a.mp4"), place.path("").join(odd)).unwrap();
    let run = place
        .command(&["extend"])
        .arg(odd)
        .args(["--after", "1", "-o", "b.mp4"])
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(2), "{run:?}");
    assert!(
        String::from_utf8_lossy(&run.stderr).contains("not Unicode"),
        "{run:?}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_killed_process_left_is_removed() {
    let place = Place::new();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    for (name, when) in [
        (".a.mp4.4194999-1f-0.part", Some(long_ago)), // no process has such a number
        (".a.mp4.4194999-1f-1.part", None),           // of another container, maybe
        (".other.mp4.4194999-1f-0.part", Some(long_ago)),
    ] {
        let file = std::fs::File::create(place.path(name)).unwrap();
        if let Some(when) = when {
            file.set_modified(when).unwrap();
        }
    }
    place.generate(&["a frog", "-o", "a.mp4"]).ok();
    assert_eq!(
        place.names(),
        [
            ".a.mp4.4194999-1f-1.part",
            ".other.mp4.4194999-1f-0.part",
            "a.json",
            "a.mp4"
        ]
    );
}

#[test]
fn one_frame_is_a_clip_and_a_picture_is_none() {
    let place = Place::new();
    let args = [
        "generate",
        "a lion",
        "--seconds",
        "1",
        "--fps",
        "1",
        "--size",
        "96x64",
        "--steps",
        "1",
    ];
    place.run(&[&args[..], &["-o", "a.mp4"]].concat()).ok();
    assert_eq!(
        kinora_media::read_clip(place.path("a.mp4"))
            .unwrap()
            .frames
            .len(),
        1
    );
    place.run(&[&args[..], &["-o", "a.png"]].concat()).ok();
    for tool in [
        &["extend", "a.png", "--after", "1"][..],
        &["remix", "a.png", "a frog"],
    ] {
        place.run(&[tool, &["-o", "b.mp4"]].concat()).refused(&[
            "a.png",
            "single picture",
            "--image",
        ]);
    }
}

#[test]
fn what_a_container_changes_is_said() {
    let place = Place::new();
    let said = |args: &[&str]| {
        let all = [&["generate", "a frog", "--dry-run", "-o"], args].concat();
        place.run(&all).ok().stdout()
    };
    assert!(said(&["a.mp4", "--size", "161x97"]).contains("162x98"));
    assert!(said(&["a.gif", "--fps", "60"]).contains("50 frames a second"));
}

#[test]
fn a_clip_that_is_not_finished_is_not_written_over() {
    let place = Place::new();
    std::fs::write(place.path("a.mp4.checkpoint"), "an hour of work").unwrap();
    place.generate(&["a frog", "-o", "a.mp4"]).refused(&[
        "a.mp4.checkpoint",
        "not finished",
        "--resume",
    ]);
    assert_eq!(place.names(), ["a.mp4.checkpoint"]);
}

#[test]
fn pictures_of_a_directory_replace_nothing_else() {
    let place = Place::new();
    std::fs::create_dir(place.path("here")).unwrap();
    let mut inside = place.command(&[&["generate", "a frog", "-o", "."][..], &QUICK].concat());
    let run = inside.current_dir(place.path("here")).output().unwrap();
    assert!(run.status.success(), "{run:?}");
    assert_eq!(place.names(), ["here", "here.json"]);
    place
        .generate(&["a frog", "--image", "here/frame-00003.png", "-o", "here/"])
        .refused(&["holds one"]);
    let again = place.generate(&["a lion", "-o", "here"]).ok();
    assert_eq!(again.stdout(), "here\n");
    assert!(again.stderr().contains("\nhere: "), "{}", again.stderr());
    assert_eq!(place.json("here.json")["request"]["prompt"], "a lion");
}

#[test]
fn each_file_has_its_own_settings_whatever_became_of_its_neighbours() {
    let place = Place::new();
    place.generate(&["a frog", "-o", "a.mp4"]).ok();
    place.generate(&["a lion", "-o", "a.gif"]).ok();
    std::fs::rename(place.path("a.mp4"), place.path("moved.mp4")).unwrap();
    place.generate(&["a pig", "-o", "a.gif"]).ok();
    assert_eq!(place.json("a.json")["request"]["prompt"], "a frog");
    assert_eq!(place.json("a.gif.json")["request"]["prompt"], "a pig");
    std::fs::rename(place.path("a.json"), place.path("moved.json")).unwrap();
    place
        .run(&[
            "extend",
            "moved.mp4",
            "--after",
            "0.5",
            "--steps",
            "1",
            "-o",
            "b.mp4",
        ])
        .ok();
    assert_eq!(place.json("b.json")["request"]["prompt"], "a frog");
}
