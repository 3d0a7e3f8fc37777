//! Models that can be asked.

use super::support::Place;

#[test]
fn the_embedded_model_is_shown_exported_added_and_used() {
    let place = Place::new();
    let info = place.run(&["models", "info", "mini"]).ok().stdout();
    for word in ["actors", "places", "EN", "ZH", "trained on", "--model DIR"] {
        assert!(info.contains(word), "`{word}` is missing in: {info}");
    }
    let info: serde_json::Value =
        serde_json::from_str(&place.run(&["models", "info", "--json"]).ok().stdout()).unwrap();
    assert_eq!(info["name"], "mini");

    place.run(&["models", "export", "mini", "plain"]).ok();
    place
        .run(&["models", "export", "mini", "plain"])
        .refused(&["plain", "not an empty directory"]);
    for name in [
        "model_index.json",
        "kinora.json",
        "vae/config.json",
        "tokenizer/tokenizer.json",
    ] {
        assert!(place.path("plain").join(name).exists(), "{name}");
    }
    place.run(&["models", "add", "mine", "plain"]).ok();
    place
        .run(&["models", "add", "bad", "config"])
        .refused(&["model_index.json"]);
    assert!(
        place
            .run(&["models", "list"])
            .ok()
            .stdout()
            .contains("mine")
    );

    place
        .generate(&["a frog", "--seed", "7", "-o", "a.mp4"])
        .ok();
    place
        .generate(&["a frog", "--seed", "7", "-o", "b.mp4", "--model", "mine"])
        .ok();
    place
        .generate(&["a frog", "--seed", "7", "-o", "c.mp4", "--model", "plain"])
        .ok();
    assert_eq!(place.track("a.mp4"), place.track("b.mp4"));
    assert_eq!(place.track("a.mp4"), place.track("c.mp4"));
}

#[test]
fn damaged_models_are_refused_with_the_file() {
    let place = Place::new();
    place.run(&["models", "export", "mini", "cut"]).ok();
    let weights = place
        .path("cut")
        .join("transformer/diffusion_pytorch_model.safetensors");
    let bytes = std::fs::read(&weights).unwrap();
    std::fs::write(&weights, &bytes[..bytes.len() / 2]).unwrap();
    let run = place.generate(&["a frog", "--model", "cut", "-o", "a.png"]);
    assert_ne!(run.code(), 0);
    assert!(
        run.stderr().contains("diffusion_pytorch_model.safetensors"),
        "{}",
        run.stderr()
    );

    std::fs::remove_dir_all(place.path("cut").join("vae")).unwrap();
    place
        .generate(&["a frog", "--model", "cut", "-o", "a.png"])
        .refused(&["vae", "missing"]);
}

#[test]
fn a_reader_that_leaves_early_ends_the_program_in_peace() {
    let mut child = Place::new().spawn(&["models", "info", "mini"]);
    drop(child.stdout.take()); // as `head` does
    let run = child.wait_with_output().unwrap();
    assert!(run.status.success() && run.stderr.is_empty(), "{run:?}");
}
