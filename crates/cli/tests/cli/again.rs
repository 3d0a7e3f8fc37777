//! Same request, same clip; and clips that were stopped.

use std::process::Child;
use std::time::{Duration, Instant};

use super::support::{Place, Run};

#[test]
fn a_seed_and_a_sidecar_repeat_the_same_track() {
    let place = Place::new();
    place
        .generate(&["a frog", "--seed", "7", "-o", "a.mp4"])
        .ok();
    place
        .generate(&["a frog", "--seed", "7", "-o", "b.mp4"])
        .ok();
    place
        .generate(&["a frog", "--seed", "8", "-o", "c.mp4"])
        .ok();
    assert_eq!(place.track("a.mp4"), place.track("b.mp4"));
    assert_ne!(place.track("a.mp4"), place.track("c.mp4"));

    place
        .run(&["generate", "--from", "c.json", "-o", "d.mp4"])
        .ok();
    assert_eq!(place.track("c.mp4"), place.track("d.mp4"));
    place
        .run(&[
            "generate",
            "--from",
            "c.json",
            "--seed",
            "7",
            "-o",
            "e.mp4",
            "--threads",
            "1",
        ])
        .ok();
    assert_eq!(place.track("a.mp4"), place.track("e.mp4"));
    place
        .run(&[
            "generate", "--from", "c.json", "--aspect", "1:1", "-o", "f.png",
        ])
        .ok();
    assert_eq!(
        image::image_dimensions(place.path("f.png")).unwrap(),
        (480, 480)
    );
}

/// Long enough to be stopped on the way, short enough for a model that takes its time.
const LONG: [&str; 12] = [
    "generate",
    "a frog",
    "--seed",
    "7",
    "--seconds",
    "2",
    "--steps",
    "60",
    "--guidance",
    "1",
    "--size",
    "96x64",
];

/// Starts a long clip and waits until its first checkpoint is there.
fn begun(place: &Place, name: &str) -> Child {
    let child = place.spawn(&[&LONG[..], &["-o", name]].concat());
    let checkpoint = format!("{name}.checkpoint");
    let deadline = Instant::now() + Duration::from_secs(120);
    while !place.exists(&checkpoint) {
        assert!(Instant::now() < deadline, "no checkpoint after two minutes");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

#[test]
fn a_killed_clip_is_resumed_bit_for_bit() {
    let place = Place::new();
    let mut child = begun(&place, "killed.mp4");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(place.exists("killed.mp4.checkpoint") && !place.exists("killed.mp4"));

    let run = place
        .run(&["generate", "--resume", "killed.mp4.checkpoint"])
        .ok();
    assert_eq!(run.stdout(), "killed.mp4\n");
    let told = run.stderr();
    let folder = place.path("");
    assert!(!told.contains(&*folder.to_string_lossy()), "{told}");
    assert!(!place.exists("killed.mp4.checkpoint"));
    place.run(&[&LONG[..], &["-o", "whole.mp4"]].concat()).ok();
    assert_eq!(place.track("killed.mp4"), place.track("whole.mp4"));
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_the_checkpoint_and_says_how_to_go_on() {
    let place = Place::new();
    let child = begun(&place, "stopped.mp4");
    let kill = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let run = Run(child.wait_with_output().unwrap());
    assert_eq!(run.code(), 130, "{}", run.stderr());
    assert!(
        run.stderr().contains("kinora generate --resume"),
        "{}",
        run.stderr()
    );
    assert!(place.exists("stopped.mp4.checkpoint") && !place.exists("stopped.mp4"));
    assert!(
        !place.names().iter().any(|name| name.contains("part")),
        "{:?}",
        place.names()
    );
}
