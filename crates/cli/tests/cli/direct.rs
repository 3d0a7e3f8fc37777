//! Re-timing, gaps, drafts and finals, schemas and filled-in boards, as they are typed.

use super::support::Place;

#[test]
fn parts_are_re_timed_and_each_gap_is_its_own() {
    let place = Place::new();
    place
        .generate(&["a frog", "--seed", "1", "-o", "a.mp4"])
        .ok();
    let dry = |args: &[&str]| {
        let run = place
            .run(&[&["recut", "a.mp4", "--dry-run", "--json"], args].concat())
            .ok();
        serde_json::from_str::<serde_json::Value>(&run.stdout()).unwrap()
    };
    let said = dry(&["--keep", "0..0.5@0.5,0.5..1@2"]);
    assert_eq!(said["plan"]["frames"], 30 + 8);
    assert_eq!(said["plan"]["spans"][0]["speed"], 0.5);
    assert_eq!(said["request"]["card"][1]["speed"], 2.0);
    let gaps = ["--keep", "0..0.3,0.3..0.6,0.6..1", "--gap", "1,2"];
    let words = ["--prompt", "a lion runs", "--prompt", "a frog jumps"];
    let said = dry(&[&gaps[..], &words].concat());
    assert_eq!(said["plan"]["seconds"], 4.0);
    assert_eq!(said["plan"]["spans"][3]["texts"][0][1], "a frog jumps");
    let shown = place
        .run(&["recut", "a.mp4", "--keep", "..@0.5", "--dry-run"])
        .ok()
        .stdout();
    assert!(shown.contains("0.5 times as fast"), "{shown}");
    place
        .run(&["recut", "a.mp4", "--keep", "0..1@fast"])
        .refused(&["0..1@fast", "0..1@0.5"]);
    place
        .run(&["recut", "a.mp4", "--keep", "0..1@99"])
        .refused(&["99", "10"]);
    place
        .run(&[&["recut", "a.mp4"], &gaps[..2], &["--gap", "1,2,3"]].concat())
        .refused(&["3 lengths", "2 gaps"]);
}

#[test]
fn a_draft_of_anything_is_small_and_its_final_full() {
    let place = Place::new();
    let board = "duration = 1.0\nprompt = \"a frog in the snow\"\nseed = 7\nsize = [320, 180]\n\
        [[card]]\nat = 0.0\ntext = \"it jumps\"\n";
    std::fs::write(place.path("board.toml"), board).unwrap();
    let run = place
        .run(&["storyboard", "board.toml", "--draft", "-o", "look.mp4"])
        .ok();
    assert!(
        run.stderr()
            .contains("kinora generate --from look.json --final"),
        "{}",
        run.stderr()
    );
    let draft = place.json("look.json");
    assert_eq!(draft["output"]["width"], draft["drawn"]["width"]);
    let usual = draft["drawn"]["steps"].as_u64().unwrap() * 2;
    // A repeat of the draft is that draft.
    place
        .run(&["generate", "--from", "look.json", "-o", "again.mp4"])
        .ok();
    assert_eq!(place.track("look.mp4"), place.track("again.mp4"));
    place
        .run(&[
            "generate",
            "--from",
            "look.json",
            "--final",
            "-o",
            "full.mp4",
        ])
        .ok();
    let full = place.json("full.json");
    assert_eq!(
        (&full["output"]["width"], &full["output"]["height"]),
        (&320.into(), &180.into())
    );
    assert!(
        full["drawn"]["steps"].as_u64().unwrap().abs_diff(usual) <= 1,
        "{full}"
    );
    assert_eq!(
        (&full["seed"], &full["request"]["card"]),
        (&draft["seed"], &draft["request"]["card"])
    );
    // It is what would have been made at once.
    place
        .run(&["storyboard", "board.toml", "-o", "once.mp4"])
        .ok();
    assert_eq!(place.track("full.mp4"), place.track("once.mp4"));
    // An edit: what is kept is small in the draft, and bit for bit in the final.
    place
        .run(&[
            "extend", "full.mp4", "--after", "0.5", "--seed", "3", "--draft", "-o", "more.mp4",
        ])
        .ok();
    place
        .run(&[
            "generate",
            "--from",
            "more.json",
            "--final",
            "--steps",
            "2",
            "-o",
            "long.mp4",
        ])
        .ok();
    let read = |name: &str| kinora_media::read_clip(place.path(name)).unwrap().frames;
    let (source, long) = (read("full.mp4"), read("long.mp4"));
    assert_eq!((source.len(), long.len()), (30, 45));
    assert!(long[..30] == source[..]);
    place
        .run(&["generate", "a frog", "--final"])
        .refused(&["--from"]);
}

#[test]
fn the_schema_is_printed_and_files_may_name_it() {
    let place = Place::new();
    let schema = place.run(&["storyboard", "--schema"]).ok().stdout();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    assert!(schema["properties"]["card"].is_object());
    let json = r#"{"$schema": "board.schema.json", "duration": 2.0, "prompt": "a frog"}"#;
    std::fs::write(place.path("b.json"), json).unwrap();
    place.run(&["storyboard", "b.json", "--dry-run"]).ok();
    let toml = "#:schema ./board.schema.json\nduration = 2.0\nprompt = \"a frog\"\n";
    std::fs::write(place.path("b.toml"), toml).unwrap();
    place.run(&["storyboard", "b.toml", "--dry-run"]).ok();
    place.run(&["storyboard"]).refused(&["BOARD"]);
}

#[test]
fn a_board_is_named_after_what_it_says_first() {
    let place = Place::new();
    std::fs::write(place.path("empty.toml"), "duration = 2.0\n").unwrap();
    place
        .run(&["storyboard", "empty.toml", "--dry-run"])
        .refused(&["empty.toml", "without cards", "--help"]);
    let board = "duration = 2.0\nseed = 7\n[[card]]\nat = 0.0\ntext = \"a lion walks\"\n";
    std::fs::write(place.path("b.toml"), board).unwrap();
    let said = place.run(&["storyboard", "b.toml", "--dry-run"]).ok();
    assert!(
        said.stdout().starts_with("lion-walks-7.mp4"),
        "{}",
        said.stdout()
    );
}

#[test]
fn estimates_go_by_clips_that_were_made() {
    let place = Place::new();
    let dry = || {
        let run = place.generate(&["a frog", "--dry-run", "--json"]).ok();
        serde_json::from_str::<serde_json::Value>(&run.stdout()).unwrap()["plan"].clone()
    };
    let guess = dry();
    assert_eq!(guess["measured"], false);
    assert!(guess["estimated_seconds"].as_f64().unwrap() > 0.0);
    place
        .generate(&["a frog", "--seed", "1", "-o", "a.mp4"])
        .ok();
    assert_eq!(dry()["measured"], true);
    let times = place.json("a.json")["times"].clone();
    let took: f64 = ["denoise", "decode", "write"]
        .iter()
        .map(|stage| times[*stage].as_f64().unwrap())
        .sum();
    let estimate = dry()["estimated_seconds"].as_f64().unwrap();
    assert!((estimate / took - 1.0).abs() < 0.01, "{estimate} {took}");
}

#[test]
fn a_boards_cards_are_filled_in() {
    let place = Place::new();
    let board = "duration = 4.0\nseed = 7\n[[card]]\nat = 0.0\ntext = \"a frog\"\n\
        [[card]]\nat = 2.0\ntext = \"a frog jumps\"\n";
    std::fs::write(place.path("b.toml"), board).unwrap();
    let args = ["storyboard", "b.toml", "--enhance=rules", "--dry-run"];
    let run = place.run(&[&args[..], &["--json"]].concat()).ok();
    let said: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
    let request = &said["request"];
    let first = request["card"][0]["text"].as_str().unwrap();
    assert!(
        first.starts_with("a frog ") && !first.contains(','),
        "{first}"
    );
    assert_eq!(request["card"][1]["text"], "a frog jumps");
    assert_eq!(request["enhanced"]["cards"][0], "a frog");
    assert!(!request["prompt"].as_str().unwrap().is_empty());
    let shown = place.run(&args).ok().stdout();
    assert!(
        shown.contains(&format!("the card at 0 s now says: {first}")),
        "{shown}"
    );
    // One shot: what was added does not fight.
    assert!(!shown.contains("one shot can hardly show both"), "{shown}");
}
