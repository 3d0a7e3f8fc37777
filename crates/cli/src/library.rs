//! The models that have a name: the one inside the program, and those the user added.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use kinora_engine::Model;
use kinora_models::{MINI, ModelSource};

use crate::config;

/// The embedded model's name.
pub const MINI_NAME: &str = "mini";

/// Opens a model by name or directory.
pub fn open(name: &str) -> anyhow::Result<Model> {
    match find(name)? {
        Found::Embedded => Ok(Model::embedded(MINI_NAME, MINI)?),
        Found::Dir(dir) => {
            let mut model = Model::open(&dir)?;
            model.name = name_to_record(name, &dir);
            Ok(model)
        }
    }
}

/// The files of a model by name or directory, whatever is in them.
pub fn source(name: &str) -> anyhow::Result<ModelSource> {
    match find(name)? {
        Found::Embedded => Ok(ModelSource::embedded(MINI)),
        Found::Dir(dir) => Ok(ModelSource::dir(dir)?),
    }
}

/// The models added by the user: name → directory.
pub fn added() -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let Some(path) = registry().filter(|path| path.exists()) else {
        return Ok(BTreeMap::new());
    };
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text)
        .with_context(|| format!("{} is damaged; correct it or remove it", path.display()))
}

/// Gives a directory a name, once it was found to be a model.
pub fn add(name: &str, dir: &Path) -> anyhow::Result<PathBuf> {
    let plain = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if !plain || name == MINI_NAME || name.starts_with('.') {
        bail!(
            "`{name}` cannot be a model's name; use letters, digits, - and _, and not `{MINI_NAME}`"
        );
    }
    Model::open(dir)?;
    let mut models = added()?;
    models.insert(name.to_owned(), std::path::absolute(dir)?);
    keep(&models)
}

/// Forgets a name; gives the directory that had it.
pub fn remove(name: &str) -> anyhow::Result<PathBuf> {
    let mut models = added()?;
    let Some(dir) = models.remove(name) else {
        let known: Vec<String> = models.into_keys().collect();
        match known.is_empty() {
            true => bail!("no model was added, so none can be removed"),
            false => bail!(
                "no model was added as `{name}`; give one of {}",
                known.join(", ")
            ),
        }
    };
    keep(&models)?;
    Ok(dir)
}

fn keep(models: &BTreeMap<String, PathBuf>) -> anyhow::Result<PathBuf> {
    let path = registry().context(
        "no home directory is known; set XDG_CONFIG_HOME, or give the directory to --model",
    )?;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", parent.display()))?;
    }
    let text = serde_json::to_string_pretty(models)?;
    fs::write(&path, text + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

enum Found {
    Embedded,
    Dir(PathBuf),
}

fn find(name: &str) -> anyhow::Result<Found> {
    if name == MINI_NAME {
        if MINI.is_empty() {
            bail!(
                "this kinora was built without its model; give a model directory with --model DIR"
            );
        }
        return Ok(Found::Embedded);
    }
    if let Some(dir) = added()?.remove(name) {
        return Ok(Found::Dir(dir));
    }
    if Path::new(name).is_dir() {
        return Ok(Found::Dir(name.into()));
    }
    let known: Vec<String> = [MINI_NAME.to_owned()]
        .into_iter()
        .chain(added()?.into_keys())
        .collect();
    bail!(
        "there is no model `{name}`; give a directory in the diffusers layout, or one of {}",
        known.join(", ")
    )
}

/// A sidecar must find a directory again from anywhere.
fn name_to_record(name: &str, dir: &Path) -> String {
    match Path::new(name).is_dir() {
        true => std::path::absolute(dir)
            .unwrap_or(dir.to_path_buf())
            .display()
            .to_string(),
        false => name.to_owned(),
    }
}

fn registry() -> Option<PathBuf> {
    config::dir().map(|dir| dir.join("models.json"))
}
