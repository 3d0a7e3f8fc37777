//! The tools that direct and edit, on clips of the program's own.

use kinora_media::{Frame, read_clip};

use super::support::Place;

/// Two clips of a second, 30 frames each.
fn clips(place: &Place) {
    for (name, prompt, seed) in [
        ("a.mp4", "a frog in the snow", "1"),
        ("b.mp4", "a lion", "2"),
    ] {
        place.generate(&[prompt, "--seed", seed, "-o", name]).ok();
    }
}

fn frames(place: &Place, name: &str) -> Vec<Frame> {
    read_clip(place.path(name)).unwrap().frames
}

/// The least likeness of two runs of frames, in dB.
fn psnr(a: &[Frame], b: &[Frame]) -> f64 {
    assert_eq!(a.len(), b.len());
    let pairs = a.iter().zip(b);
    pairs
        .map(|(a, b)| a.psnr(b).unwrap())
        .fold(f64::INFINITY, f64::min)
}

/// A tool with few steps and a seed.
fn tool(place: &Place, args: &[&str], out: &str) {
    let rest = ["--steps", "2", "--seed", "7", "-o", out];
    place.run(&[args, &rest].concat()).ok();
}

/// The same coded track again, from the sidecar alone.
fn repeats(place: &Place, name: &str) {
    let sidecar = name.replace(".mp4", ".json");
    place
        .run(&["generate", "--from", &sidecar, "-o", "repeated.mp4"])
        .ok();
    assert_eq!(place.track(name), place.track("repeated.mp4"), "{name}");
}

#[test]
fn a_board_becomes_one_shot() {
    let place = Place::new();
    let board = "duration = 2.0\nprompt = \"a stream\"\nseed = 7\nsize = [96, 64]\nsteps = 2\n\
        [[card]]\nat = 0.0\ntext = \"a frog stands\"\n[[card]]\nat = 1.0\ntext = \"a frog jumps\"\n";
    std::fs::write(place.path("board.toml"), board).unwrap();
    place.run(&["storyboard", "board.toml", "-o", "s.mp4"]).ok();
    assert_eq!(frames(&place, "s.mp4").len(), 60);
    let record = place.json("s.json");
    assert_eq!(record["request"]["card"][1]["text"], "a frog jumps");
    assert_eq!(record["seed"], 7);
    repeats(&place, "s.mp4");
    // The second card's words count.
    std::fs::write(
        place.path("other.toml"),
        board.replace("jumps", "sleeps at night"),
    )
    .unwrap();
    place.run(&["storyboard", "other.toml", "-o", "o.mp4"]).ok();
    assert_ne!(place.track("s.mp4"), place.track("o.mp4"));
}

#[test]
fn the_articles_board_is_planned() {
    let place = Place::new();
    let crane = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/crane.toml");
    let run = place.run(&["storyboard", crane, "--dry-run"]).ok();
    for word in [
        "10.00 s",
        "854x480",
        "yellow tail",
        "5.00 s",
        "fish",
        "tokens",
        "GB",
    ] {
        assert!(
            run.stdout().contains(word),
            "`{word}` is missing in: {}",
            run.stdout()
        );
    }
    let run = place
        .run(&["storyboard", crane, "--dry-run", "--json"])
        .ok();
    let said: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
    assert_eq!(said["plan"]["frames"], 300);
    assert_eq!(
        said["plan"]["spans"][0]["texts"].as_array().unwrap().len(),
        2
    );
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn an_extension_keeps_what_was_there() {
    let place = Place::new();
    clips(&place);
    tool(&place, &["extend", "a.mp4", "--after", "1"], "e.mp4");
    let (source, longer) = (frames(&place, "a.mp4"), frames(&place, "e.mp4"));
    assert_eq!(longer.len(), 60);
    assert!(psnr(&source, &longer[..30]) >= 40.0);
    let record = place.json("e.json");
    assert_eq!(record["request"]["tool"], "extend");
    assert_eq!(record["request"]["prompt"], "a frog in the snow");
    repeats(&place, "e.mp4");
    tool(
        &place,
        &["extend", "a.mp4", "--before", "0.5", "--prompt", "a frog"],
        "p.mp4",
    );
    let longer = frames(&place, "p.mp4");
    assert_eq!(longer.len(), 45);
    assert!(psnr(&source, &longer[15..]) >= 40.0);
}

#[test]
fn a_recut_keeps_parts_and_draws_between_them() {
    let place = Place::new();
    clips(&place);
    let source = frames(&place, "a.mp4");
    tool(&place, &["recut", "a.mp4", "--keep", "0..0.5"], "t.mp4");
    // From its first frame on a trim needs no coding: the track is the source's beginning.
    assert_eq!(frames(&place, "t.mp4"), source[..15]);
    assert!(place.track("a.mp4").starts_with(&place.track("t.mp4")));
    tool(
        &place,
        &["recut", "a.mp4", "--keep", "0.5..1,..0.3", "--gap", "0.5"],
        "r.mp4",
    );
    let cut = frames(&place, "r.mp4");
    assert_eq!(cut.len(), 15 + 15 + 9);
    assert!(psnr(&source[15..], &cut[..15]) >= 40.0);
    assert!(psnr(&source[..9], &cut[30..]) >= 40.0);
    repeats(&place, "r.mp4");
}

#[test]
fn a_remix_changes_what_was_asked_and_no_more() {
    let place = Place::new();
    clips(&place);
    let source = frames(&place, "a.mp4");
    tool(
        &place,
        &["remix", "a.mp4", "a lion at night", "--strength", "strong"],
        "m.mp4",
    );
    let changed = frames(&place, "m.mp4");
    assert_eq!(changed.len(), 30);
    assert!(psnr(&source, &changed) < 30.0);
    repeats(&place, "m.mp4");
    let half = [
        "remix",
        "a.mp4",
        "a lion",
        "--strength",
        "0.9",
        "--range",
        "0.5..",
    ];
    tool(&place, &half, "h.mp4");
    let changed = frames(&place, "h.mp4");
    assert_eq!(changed.len(), 30);
    assert!(psnr(&source[..15], &changed[..15]) >= 40.0);
    assert!(psnr(&source[15..], &changed[15..]) < 40.0);
    assert_eq!(place.json("h.json")["request"]["tool"], "remix");
}

#[test]
fn a_blend_has_both_ends_and_a_loop_its_way_back() {
    let place = Place::new();
    clips(&place);
    let (a, b) = (frames(&place, "a.mp4"), frames(&place, "b.mp4"));
    tool(
        &place,
        &["blend", "a.mp4", "b.mp4", "--curve", "0:0,0.5:1"],
        "ab.mp4",
    );
    let blended = frames(&place, "ab.mp4");
    assert_eq!(blended.len(), 45);
    assert!(psnr(&a[..15], &blended[..15]) >= 40.0);
    assert!(psnr(&b[15..], &blended[30..]) >= 40.0);
    repeats(&place, "ab.mp4");
    tool(&place, &["loop", "a.mp4", "--length", "short"], "l.mp4");
    let looped = frames(&place, "l.mp4");
    assert_eq!(looped.len(), 90);
    assert!(psnr(&a, &looped[..30]) >= 40.0);
    repeats(&place, "l.mp4");
}

#[test]
fn every_tool_explains_itself_and_shares_the_flags() {
    let place = Place::new();
    for tool in ["storyboard", "extend", "recut", "remix", "blend", "loop"] {
        let help = place.run(&[tool, "--help"]).ok().stdout();
        for word in [
            "--output",
            "--model",
            "--style",
            "--enhance",
            "--seed",
            "--variants",
            "--draft",
            "--dry-run",
            "--json",
            "--quiet",
            "--device",
            "Examples:",
        ] {
            assert!(help.contains(word), "{tool}: {word} is missing");
        }
        assert!(
            help.contains(&format!("kinora {tool} ")),
            "{tool}: no example"
        );
    }
}

#[test]
fn bad_input_is_named_before_any_work() {
    let place = Place::new();
    place
        .generate(&["a frog", "--seed", "1", "-o", "a.mp4"])
        .ok();
    std::fs::write(place.path("notes.mp4"), "no clip").unwrap();
    let board = |text: &str, name: &str| std::fs::write(place.path(name), text).unwrap();
    board(
        "duration = 2.0\n[[card]]\nat = 3.0\ntext = \"a frog\"",
        "late.toml",
    );
    board(
        "duration = 2.0\n[[card]]\nat = 0.0\nimage = \"none.png\"",
        "gone.toml",
    );
    board(
        "duration = 2.0\n[[card]]\nat = 0.0\ntxt = \"a\"",
        "odd.toml",
    );
    board("duration = 0.0\nprompt = \"a frog\"", "zero.toml");
    let before = place.names();
    for (args, words) in [
        (&["storyboard", "none.toml"][..], &["none.toml"][..]),
        (&["storyboard", "late.toml"], &["card 1", "3"]),
        (&["storyboard", "gone.toml"], &["none.png"]),
        (&["storyboard", "odd.toml"], &["odd.toml", "txt"]),
        (&["storyboard", "zero.toml"], &["0"]),
        (&["extend", "none.mp4", "--after", "1"], &["none.mp4"]),
        (&["extend", "notes.mp4", "--after", "1"], &["notes.mp4"]),
        (&["extend", "a.mp4"], &["--before", "--after"]),
        (
            &["extend", "a.mp4", "--after", "0.001"],
            &["nothing is to be added"],
        ),
        (
            &["recut", "a.mp4", "--keep", "-1..1"],
            &["-1..1", "FROM..TO"],
        ),
        (
            &["recut", "a.mp4", "--keep", "0..0.5", "--gap", "1"],
            &["no gap", "--keep"],
        ),
        (
            &[
                "recut",
                "a.mp4",
                "--keep",
                "0..0.3,0.5..1",
                "--prompt",
                "a lion",
            ],
            &["no", "--gap"],
        ),
        (
            &["remix", "a.mp4", "a lion", "--strength", "-0.1"],
            &["-0.1", "subtle"],
        ),
        (&["recut", "a.mp4"], &["--keep"]),
        (&["recut", "a.mp4", "--keep", "2..1"], &["2..1", "FROM..TO"]),
        (&["recut", "a.mp4", "--keep", "0..9"], &["0..9"]),
        (
            &["recut", "a.mp4", "--keep", "0..0.5", "--gap", "-1"],
            &["-1"],
        ),
        (&["remix", "a.mp4", " "], &["prompt"]),
        (
            &["remix", "a.mp4", "a lion", "--strength", "huge"],
            &["huge", "subtle"],
        ),
        (&["remix", "a.mp4", "a lion", "--strength", "1.5"], &["1.5"]),
        (&["blend", "a.mp4", "none.mp4"], &["none.mp4"]),
        (
            &["blend", "a.mp4", "a.mp4", "--preset", "fade"],
            &["fade", "transition"],
        ),
        (&["blend", "a.mp4", "a.mp4", "--curve", "0:2"], &["0:2"]),
        (&["blend", "a.mp4", "a.mp4", "--curve", "0:0,9:1"], &["9 s"]),
        (&["loop", "a.mp4", "--length", "huge"], &["huge", "short"]),
        (
            &["loop", "a.mp4", "--range", "5..6"],
            &["5..6 is not a part of a.mp4", "within 0..1"],
        ),
        (
            &["loop", "a.mp4", "--range", "0..0.001"],
            &["0..0.001 holds no frame"],
        ),
        (
            &["extend", "a.mp4", "--after", "1e300"],
            &["--after 1e300 is", "0 to 600"],
        ),
    ] {
        place.run(args).refused(words);
    }
    assert_eq!(place.names(), before);
}

#[test]
fn the_bench_tells_each_stage_and_leaves_nothing() {
    let place = Place::new();
    let run = place
        .run(&[
            "bench",
            "--seconds",
            "1",
            "--size",
            "96x64",
            "--steps",
            "3",
            "--json",
        ])
        .ok();
    let said: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
    for key in [
        "step_s",
        "step_gflops",
        "step_of_peak",
        "peak_gflops",
        "decode_fps",
        "decode_gflops",
        "decode_realtime",
        "total_s",
    ] {
        assert!(said[key].as_f64().unwrap() > 0.0, "{key}: {said}");
    }
    for stage in ["text", "denoise", "decode", "write"] {
        assert!(said["stages_s"][stage].is_number(), "{stage}: {said}");
    }
    let whole = said["total_s"].as_f64().unwrap();
    let parts: f64 = said["stages_s"]
        .as_object()
        .unwrap()
        .values()
        .map(|s| s.as_f64().unwrap())
        .sum();
    assert!(parts <= whole * 1.01, "{said}");
    assert!(place.names().is_empty(), "{:?}", place.names());
    let table = place
        .run(&["bench", "--seconds", "1", "--size", "96x64", "--steps", "2"])
        .ok()
        .stdout();
    for word in [
        "denoise",
        "s a step",
        "GFLOP/s",
        "machine's peak",
        "real time",
        "in all",
    ] {
        assert!(table.contains(word), "`{word}` is missing in: {table}");
    }
}
