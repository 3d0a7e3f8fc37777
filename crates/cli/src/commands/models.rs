//! `kinora models`

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use kinora_engine::Model;
use kinora_engine::text::counted;
use kinora_engine::vocabulary::Concept;
use serde_json::json;

use crate::args::{ModelsArgs, ModelsCommand};
use crate::exit::{Failure, Outcome, resolving};
use crate::library::{self, MINI_NAME};
use crate::stdout::say;

pub fn run(args: ModelsArgs) -> Outcome {
    match args.command {
        ModelsCommand::List { json } => list(json).map_err(resolving),
        ModelsCommand::Info { model, json } => info(&model, json).map_err(resolving),
        ModelsCommand::Export { model, dir } => {
            let model = library::open(&model).map_err(resolving)?;
            check_empty(&dir).map_err(resolving)?;
            export(&model, &dir).map_err(Failure::Work)
        }
        ModelsCommand::Add { name, dir } => {
            let registry = library::add(&name, &dir).map_err(resolving)?;
            eprintln!(
                "`{name}` is now {} (kept in {})",
                dir.display(),
                registry.display()
            );
            Ok(())
        }
        ModelsCommand::Remove { name } => {
            let dir = library::remove(&name).map_err(resolving)?;
            eprintln!("`{name}` is forgotten; {} stays as it is", dir.display());
            Ok(())
        }
    }
}

fn list(as_json: bool) -> anyhow::Result<()> {
    let added = library::added()?;
    if as_json {
        let mut models = vec![json!({"name": MINI_NAME, "path": null})];
        models.extend(
            added
                .iter()
                .map(|(name, dir)| json!({"name": name, "path": dir})),
        );
        say!("{}", json!({ "models": models }));
        return Ok(());
    }
    let width = added
        .keys()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0)
        .max(MINI_NAME.len());
    say!("{MINI_NAME:<width$}  inside the program");
    for (name, dir) in added {
        let gone = if dir.is_dir() { "" } else { "  (is gone)" };
        say!("{name:<width$}  {}{gone}", dir.display());
    }
    Ok(())
}

fn info(name: &str, as_json: bool) -> anyhow::Result<()> {
    let model = library::open(name)?;
    match as_json {
        true => say!("{}", describe(&model)?),
        false => show(&model)?,
    }
    Ok(())
}

fn describe(model: &Model) -> anyhow::Result<serde_json::Value> {
    let defaults = &model.defaults;
    let native = defaults
        .native
        .iter()
        .map(|(aspect, size)| (aspect.to_string(), json!(size)));
    let concepts = |concept: &Concept| json!({"name": concept.name, "words": concept.words});
    let vocabulary = model.vocabulary.as_ref().map(|vocabulary| {
        let kinds = vocabulary.kinds().into_iter();
        let kinds = kinds.map(|(kind, list)| {
            (
                kind.to_owned(),
                json!(list.iter().map(concepts).collect::<Vec<_>>()),
            )
        });
        json!({"knows": serde_json::Map::from_iter(kinds), "trained_on": vocabulary.trained_on})
    });
    Ok(json!({
        "name": model.name,
        "title": model.title,
        "family": model.family_name(),
        "fingerprint": model.fingerprint()?,
        "bytes": model.files()?.iter().map(|(_, size)| size).sum::<u64>(),
        "native": serde_json::Map::from_iter(native),
        "fps": defaults.fps.to_string(),
        "frames": defaults.window,
        "steps": defaults.steps,
        "guidance": defaults.guidance,
        "pixels_per_latent": model.geometry.spatial,
        "frames_per_latent": model.geometry.temporal,
        "vocabulary": vocabulary,
    }))
}

fn show(model: &Model) -> anyhow::Result<()> {
    let defaults = &model.defaults;
    let bytes: u64 = model.files()?.iter().map(|(_, size)| size).sum();
    say!(
        "{} ({}), {:.1} MB, {}",
        model.title,
        model.name,
        bytes as f64 / 1e6,
        model.family_name()
    );
    let sizes: Vec<String> = defaults
        .native
        .iter()
        .map(|(aspect, (w, h))| format!("{w}x{h} for {aspect}"))
        .collect();
    let sizes = match sizes.is_empty() {
        true => format!("any size in steps of {} pixels", model.geometry.spatial),
        false => sizes.join(", "),
    };
    say!("draws      {sizes}; {} frames per second", defaults.fps);
    if let Some(window) = defaults.window {
        let seconds = (window as f64 - 1.0) / defaults.fps.as_f64();
        say!("           up to {seconds:.1} s as trained; longer clips may drift");
    }
    say!(
        "by default {}, guidance {}",
        counted(defaults.steps, "step"),
        defaults.guidance
    );
    match &model.vocabulary {
        None => say!("It does not say what it knows."),
        Some(vocabulary) => {
            for (kind, concepts) in vocabulary.kinds() {
                say!("\n{kind} ({})", concepts.len());
                say!("  EN  {}", names(&concepts, "en"));
                say!("  ZH  {}", names(&concepts, "zh"));
            }
            if let Some(trained_on) = &vocabulary.trained_on {
                say!("\ntrained on");
                print_facts(trained_on);
            }
        }
    }
    say!("\nFor anything else, use an open-weights model: kinora generate \"…\" --model DIR");
    say!("(LTX-Video 0.9.5 to 0.9.8 in the diffusers layout, as its makers publish it)");
    Ok(())
}

fn names(concepts: &[Concept], language: &str) -> String {
    let name = |concept: &Concept| {
        let first = concept.words.get(language).and_then(|words| words.first());
        concept.name.get(language).or(first).cloned()
    };
    concepts
        .iter()
        .filter_map(name)
        .collect::<Vec<_>>()
        .join(", ")
}

fn print_facts(facts: &serde_json::Value) {
    let plain = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match facts {
        serde_json::Value::Object(map) => {
            map.iter()
                .for_each(|(key, value)| say!("  {}: {}", key.replace('_', " "), plain(value)));
        }
        other => say!("  {}", plain(other)),
    }
}

fn check_empty(dir: &Path) -> anyhow::Result<()> {
    if dir.exists() && (!dir.is_dir() || fs::read_dir(dir)?.next().is_some()) {
        bail!(
            "{} is not an empty directory; give a new one",
            dir.display()
        );
    }
    Ok(())
}

fn export(model: &Model, dir: &Path) -> anyhow::Result<()> {
    let files = model.source().files()?;
    for name in &files {
        let path = dir.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot create {}", parent.display()))?;
        }
        fs::write(&path, model.source().read_plain(name)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    eprintln!(
        "{} of {} written",
        counted(files.len(), "file"),
        model.title
    );
    say!("{}", dir.display());
    Ok(())
}
