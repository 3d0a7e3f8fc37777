//! Styles as files: the built-in ones and a user's own.

use super::support::{Place, QUICK};

/// What a dry run would have the model read.
fn prompt_of(place: &Place, args: &[&str]) -> String {
    let flags = ["--dry-run", "--json", "--seed", "7"];
    let run = place
        .run(&[&["generate"], args, &flags[..], &QUICK].concat())
        .ok();
    let said: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
    said["prompt"].as_str().unwrap().to_owned()
}

#[test]
fn built_in_styles_are_listed_shown_and_spoken_in_the_prompts_language() {
    let place = Place::new();
    let list = place.run(&["styles", "list"]).ok().stdout();
    for name in [
        "archival",
        "film-noir",
        "papercraft",
        "stop-motion",
        "balloon-world",
    ] {
        assert!(list.contains(name), "{name} is missing in: {list}");
    }
    let shown = place.run(&["styles", "show", "Film Noir"]).ok().stdout();
    let shown: toml::Table = shown.parse().unwrap();
    for part in [
        "theme",
        "colour",
        "camera",
        "film_stock",
        "lighting",
        "transformation",
        "vibe",
    ] {
        assert!(shown["en"].get(part).is_some() && shown["zh"].get(part).is_some());
    }
    let english = prompt_of(&place, &["a frog", "--style", "film-noir"]);
    assert!(english.starts_with("a frog, film noir, "), "{english}");
    // A style whose words the model cannot read does not stand in the way of a prompt that it can.
    let chinese = prompt_of(&place, &["一只青蛙", "--style", "film-noir"]);
    assert!(chinese.starts_with("一只青蛙"), "{chinese}");
    if chinese == "一只青蛙" {
        let note = place.run(&["generate", "一只青蛙", "--style", "film-noir", "--dry-run"]);
        assert!(note.ok().stdout().contains("without it"));
    }
    place
        .run(&["styles", "remove", "film-noir"])
        .refused(&["built-in"]);
    assert!(!place.exists("config"));
}

#[test]
fn a_style_of_ones_own_is_added_used_shared_and_removed() {
    let place = Place::new();
    let red = image::RgbImage::from_pixel(8, 8, image::Rgb([220, 30, 30]));
    red.save(place.path("red.png")).unwrap();
    let add = ["styles", "add", "Water Colours", "--description"];
    let rest = ["loose water colours", "--image", "red.png"];
    let run = place.run(&[&add[..], &rest].concat()).ok();
    assert_eq!(run.stdout(), "water-colours\n");
    // The library has its own copy of the picture.
    std::fs::remove_file(place.path("red.png")).unwrap();
    let prompt = prompt_of(&place, &["a frog", "--style", "water-colours"]);
    assert!(
        prompt.starts_with("a frog, loose water colours") && prompt.contains("red"),
        "{prompt}"
    );
    assert!(
        place
            .run(&["styles", "list"])
            .ok()
            .stdout()
            .contains("(your own)")
    );
    place
        .run(&[&add[..], &["again"]].concat())
        .refused(&["already"]);

    // The clip keeps the style's words: it can be made again without the style.
    place
        .generate(&[
            "a frog",
            "--style",
            "water-colours",
            "--seed",
            "7",
            "-o",
            "a.mp4",
        ])
        .ok();
    let look = &place.json("a.json")["request"]["look"];
    assert_eq!(look["en"]["brief"], "loose water colours");
    assert!(look.get("images").is_none(), "{look}");
    let shared = place
        .run(&["styles", "show", "water-colours"])
        .ok()
        .stdout();
    place.run(&["styles", "remove", "Water Colours"]).ok();
    place
        .run(&["generate", "--from", "a.json", "-o", "b.mp4"])
        .ok();
    assert_eq!(place.track("a.mp4"), place.track("b.mp4"));
    place
        .run(&[
            "generate",
            "--from",
            "a.json",
            "-o",
            "c.mp4",
            "--style",
            "film-noir",
        ])
        .ok();
    assert_ne!(place.track("a.mp4"), place.track("c.mp4"));

    // A style is a file that others can have.
    assert!(
        shared.contains("red") && !shared.contains("images"),
        "{shared}"
    );
    std::fs::write(place.path("theirs.toml"), shared).unwrap();
    let from_file = prompt_of(&place, &["a frog", "--style", "theirs.toml"]);
    assert_eq!(from_file, prompt);
    place.run(&["styles", "add", "theirs.toml"]).ok();
    assert_eq!(
        prompt_of(&place, &["a frog", "--style", "water-colours"]),
        prompt
    );
}

#[test]
fn the_pictures_of_a_style_file_are_read_when_it_is_used() {
    let place = Place::new();
    let blue = image::RgbImage::from_pixel(8, 8, image::Rgb([30, 60, 200]));
    blue.save(place.path("blue.png")).unwrap();
    std::fs::write(
        place.path("mine.toml"),
        "name = \"mine\"\nimages = [\"blue.png\"]",
    )
    .unwrap();
    let prompt = prompt_of(&place, &["a frog", "--style", "mine.toml"]);
    assert!(
        prompt.starts_with("a frog, ") && prompt.contains("blue"),
        "{prompt}"
    );
    // Elsewhere, without the picture, it is the same.
    let shared = place.run(&["styles", "show", "mine.toml"]).ok().stdout();
    std::fs::remove_file(place.path("blue.png")).unwrap();
    place
        .run(&["generate", "a frog", "--style", "mine.toml", "--dry-run"])
        .refused(&["blue.png"]);
    std::fs::write(place.path("theirs.toml"), shared).unwrap();
    assert_eq!(
        prompt_of(&place, &["a frog", "--style", "theirs.toml"]),
        prompt
    );
}

#[test]
fn bad_styles_are_named() {
    let place = Place::new();
    std::fs::write(place.path("bad.toml"), "name = \"x\"\n[en]\nhue = \"red\"").unwrap();
    std::fs::write(place.path("notes.txt"), "no picture").unwrap();
    for (args, words) in [
        (&["add", "mine"][..], &["--description"][..]),
        (&["add", "film-noir", "--description", "x"], &["built-in"]),
        (&["add", "bad.toml"], &["bad.toml", "hue"]),
        (&["add", "none.toml"], &["none.toml"]),
        (&["add", "x", "--image", "notes.txt"], &["notes.txt"]),
        (&["add", "!!!", "--description", "x"], &["name"]),
        (&["show", "cubist"], &["cubist", "film-noir"]),
        (&["remove", "cubist"], &["cubist"]),
    ] {
        place.run(&[&["styles"], args].concat()).refused(words);
    }
    let six = ["--image", "notes.txt"].repeat(6);
    place
        .run(&[&["styles", "add", "x"], &six[..]].concat())
        .refused(&["6 pictures"]);
}

#[test]
fn a_style_comes_out_of_a_studio_with_its_pictures() {
    use kinora_engine::style::{Style, Words};
    let place = Place::new();
    let red = image::RgbImage::from_pixel(8, 8, image::Rgb([220, 30, 30]));
    red.save(place.path("red.jpg")).unwrap();
    let picture = std::fs::read(place.path("red.jpg")).unwrap();
    let style = Style {
        name: "ink".into(),
        en: Words {
            brief: "ink on silk".into(),
            ..Words::default()
        },
        ..Style::default()
    };
    let zip = kinora_studio::style_file::pack(&style, &[picture]).unwrap();
    std::fs::write(place.path("ink.zip"), zip).unwrap();
    let from_file = prompt_of(&place, &["a frog", "--style", "ink.zip"]);
    assert!(from_file.starts_with("a frog, ink on silk"), "{from_file}");
    let added = place.run(&["styles", "add", "ink.zip"]).ok();
    assert_eq!(added.stdout(), "ink\n");
    std::fs::remove_file(place.path("ink.zip")).unwrap();
    assert_eq!(prompt_of(&place, &["a frog", "--style", "ink"]), from_file);
    let shown = place.run(&["styles", "show", "ink"]).ok().stdout();
    assert!(
        shown.contains("red") && !shown.contains("images"),
        "{shown}"
    );
    std::fs::write(place.path("bad.zip"), "PK").unwrap();
    place
        .run(&["styles", "add", "bad.zip"])
        .refused(&["bad.zip"]);
}
