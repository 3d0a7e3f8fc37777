//! Bad input: found before any work, named, with the cure.

use super::support::Place;

#[test]
fn usage_explains_itself() {
    let place = Place::new();
    place
        .run(&["generate"])
        .refused(&["needs a prompt", "kinora generate \"", "--help"]);
    place.run(&["generate", "  "]).refused(&["prompt is empty"]);
    place.run(&[]).refused(&["Usage", "generate"]);
    place
        .run(&["generate", "a frog", "--frames", "3"])
        .refused(&["--frames"]);
    let help = place.run(&["generate", "--help"]).ok().stdout();
    for flag in [
        "--output",
        "--model",
        "--image",
        "--video",
        "--aspect",
        "--resolution",
        "--size",
        "--seconds",
        "--fps",
        "--variants",
        "--seed",
        "--steps",
        "--guidance",
        "--negative",
        "--style",
        "--draft",
        "--quality",
        "--upscale",
        "--from",
        "--resume",
        "--device",
        "--dtype",
        "--threads",
        "--json",
        "--quiet",
        "--verbose",
        "Examples:",
    ] {
        assert!(help.contains(flag), "{flag} is missing in the help");
    }
}

#[test]
fn values_out_of_range_are_named() {
    let place = Place::new();
    for (flags, words) in [
        (["--seconds", "0"], ["--seconds 0", "1 to 20"]),
        (["--seconds", "21"], ["--seconds 21", "1 to 20"]),
        (["--seconds", "nan"], ["--seconds NaN", "1 to 20"]),
        (["--seconds", "0.0001"], ["--seconds 0.0001 ", "1 to 20"]),
        (["--seconds", "1e300"], ["--seconds 1e300 ", "1 to 20"]),
        (["--guidance", "1e300"], ["--guidance 1e300 ", "0 to 30"]),
        (["--seconds", "five"], ["five", "such as 5"]),
        (["--seed", "-1"], ["-1", "whole number"]),
        (["--variants", "-1"], ["-1", "whole number"]),
        (["--fps", "-5"], ["-5", "frame rate"]),
        (["--size", "-5x5"], ["-5x5", "854x480"]),
        (["--fps", "90"], ["--fps 90", "1 to 60"]),
        (["--size", "8x8"], ["8x8", "16 to 4096"]),
        (["--size", "wide"], ["wide", "854x480"]),
        (["--variants", "5"], ["--variants 5", "1 to 4"]),
        (["--steps", "0"], ["--steps 0", "1 to 200"]),
        (["--guidance", "-1"], ["--guidance -1", "0 to 30"]),
        (["--aspect", "4:3"], ["4:3", "16:9"]),
        (["--resolution", "4k"], ["4k", "480p"]),
        (["--style", "cubist"], ["cubist", "film-noir"]),
        (["--threads", "0"], ["--threads 0", "1 to"]),
        (["--upscale", "nearest"], ["nearest", "lanczos"]),
        (["--device", "tpu"], ["tpu", "cuda"]),
        (["--model", "nowhere"], ["nowhere", "mini"]),
        (["--from", "none.json"], ["none.json", "cannot be read"]),
        (["--image", "none.png"], ["none.png", "cannot be read"]),
        (["--image", "none.png@2,5"], ["none.png@2,5", "@2.5"]),
        (["-o", "nowhere/a.mp4"], ["nowhere", "-o"]),
        (["-o", "a.avi"], ["a.avi", ".mp4"]),
    ] {
        let run = place.run(&[&["generate", "a frog"][..], &flags].concat());
        run.refused(&words);
    }
    #[cfg(not(feature = "cuda"))]
    place
        .run(&["generate", "a frog", "--device", "cuda"])
        .refused(&["without CUDA", "--features cuda"]);
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn foreign_files_are_named() {
    let place = Place::new();
    std::fs::write(place.path("notes.png"), "not a picture").unwrap();
    place
        .run(&["generate", "a frog", "--image", "notes.png"])
        .refused(&["notes.png"]);
    std::fs::write(place.path("clip.json"), "{}").unwrap();
    place
        .run(&["generate", "--from", "clip.json"])
        .refused(&["clip.json", "not a sidecar"]);
    place
        .run(&["generate", "--resume", "notes.png"])
        .refused(&["notes.png", "not a checkpoint"]);
    std::fs::create_dir(place.path("empty")).unwrap();
    place
        .run(&["generate", "a frog", "--model", "empty"])
        .refused(&["model_index.json"]);
    let picture = image::RgbImage::new(4, 4);
    picture.save(place.path("late.png")).unwrap();
    place
        .run(&["generate", "a frog", "--image", "late.png@9"])
        .refused(&["late.png@9", "lasts 5 s"]);
    picture.save(place.path("other.png")).unwrap();
    let two = ["--image", "late.png@1", "--image", "other.png@1"];
    place
        .run(&[&["generate", "a frog"][..], &two].concat())
        .refused(&["late.png", "other.png", "one moment"]);
    place
        .run(&[
            "generate", "a frog", "--image", "late.png", "-o", "late.png",
        ])
        .refused(&["late.png", "-o"]);
}

#[test]
fn a_file_that_is_not_there_is_said_with_what_may_be_meant() {
    let place = Place::new();
    for name in ["frog.mp4", "toad.mp4", "board.toml"] {
        std::fs::write(place.path(name), "").unwrap();
    }
    for (args, words) in [
        (
            &["extend", "frgo.mp4", "--after", "1"][..],
            "did you mean frog.mp4?",
        ),
        (
            &["recut", "./tod.mp4", "--keep", "1.."],
            "did you mean ./toad.mp4?",
        ),
        (&["storyboard", "boards.toml"], "did you mean board.toml?"),
        (
            &["extend", "mammoth.mp4", "--after", "1"],
            "check its name and folder",
        ),
        (
            &["storyboard", "nowhere/board.toml"],
            "check its name and folder",
        ),
    ] {
        let named = format!("there is no file {}; {words}", args[1]);
        place.run(args).refused(&[&named]);
    }
}

#[test]
fn a_clip_that_was_cut_off_says_where() {
    let place = Place::new();
    place.generate(&["a frog", "-o", "whole.mp4"]).ok();
    let mut bytes = std::fs::read(place.path("whole.mp4")).unwrap();
    bytes.truncate(bytes.len() * 2 / 3);
    std::fs::write(place.path("cut.mp4"), bytes).unwrap();
    place
        .run(&["generate", "a frog", "--video", "cut.mp4"])
        .refused(&["cut.mp4", "the file ends at byte", "fresh copy"]);
}

#[test]
fn a_language_that_the_model_cannot_read_is_refused() {
    let place = Place::new();
    for prompt in ["лягушка сидит на снегу", "咖啡馆"] {
        let run = place.run(&["generate", prompt]);
        run.refused(&["cannot read the prompt", "--model"]);
    }
}

#[test]
fn of_a_prompt_full_of_unknown_words_the_known_ones_are_drawn() {
    let place = Place::new();
    let prompt = "咖啡馆旁边，一只青蛙坐在雪地里看报纸";
    let plan = place.run(&["generate", prompt, "--dry-run"]).ok().stdout();
    assert!(
        plan.contains("青蛙") && plan.contains("does not know") && plan.contains("咖啡馆"),
        "{plan}"
    );
}
