//! What a model was taught, as its `vocabulary.json` tells: only such scenes are asked of it.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use kinora_world::record::{SampleOptions, Split};
use kinora_world::vocabulary::{Action, Camera};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vocabulary {
    actors: Vec<Entry>,
    places: Vec<Entry>,
    actions: Vec<Entry>,
    camera: Vec<Entry>,
    trained_on: TrainedOn,
}

#[derive(Deserialize)]
struct Entry {
    /// Of actors.
    #[serde(default)]
    key: String,
    name: Name,
}

#[derive(Deserialize)]
struct Name {
    en: String,
}

#[derive(Deserialize)]
struct TrainedOn {
    #[serde(default)]
    solid: f32,
}

/// Held-out scenes with one actor each.
pub fn scenes(model: &str) -> Result<SampleOptions> {
    let path = match model {
        "mini" => Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/models/weights/mini"),
        folder => PathBuf::from(folder),
    };
    let path = path.join("vocabulary.json");
    let file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let taught: Vocabulary = serde_json::from_reader(file)
        .with_context(|| format!("{} is no vocabulary", path.display()))?;
    let known = |name: &str| {
        let mut entries = taught.actions.iter().chain(&taught.camera);
        entries.any(|entry| entry.name.en == name)
    };
    let names = Action::ALL.iter().map(|action| action.name());
    let names = names.chain(Camera::ALL.iter().map(|camera| camera.name()));
    let without = names.filter(|name| !known(name)).map(str::to_owned);
    Ok(SampleOptions {
        cast: taught
            .actors
            .iter()
            .map(|actor| actor.key.clone())
            .collect(),
        places: taught.places.len(),
        split: Split::Heldout,
        most: 1,
        without: without.collect(),
        steady: true,
        solid: taught.trained_on.solid,
        ..SampleOptions::default()
    })
}
