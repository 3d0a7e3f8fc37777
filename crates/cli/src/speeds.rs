//! How fast clips were made on this machine, kept from run to run for the estimates of `--dry-run`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use kinora_engine::plan::Speed;
use kinora_engine::{Made, Plan};

use crate::config;

type Speeds = BTreeMap<String, Speed>;

/// The speed at which clips of this model were made here, in this way.
pub fn known(plan: &Plan) -> Option<Speed> {
    load().remove(&key(plan)?)
}

/// Learns from a clip: the mean of it and what was known, so that one busy moment does not count for all.
pub fn learn(plan: &Plan, clip: &Made) {
    let (Some(key), Some(speed)) = (key(plan), Speed::of(plan, &clip.record.times)) else {
        return;
    };
    let mut speeds = load();
    let mean = |old: f64, new: f64| (old + new) / 2.0;
    let known = speeds.get(&key).copied().unwrap_or(speed);
    let speed = Speed {
        denoising: mean(known.denoising, speed.denoising),
        finishing: mean(known.finishing, speed.finishing),
    };
    speeds.insert(key, speed);
    // An estimate that is not kept is not worth an error.
    let _ = save(&speeds);
}

fn key(plan: &Plan) -> Option<String> {
    let fingerprint = plan.model.fingerprint().ok()?;
    let compute = &plan.compute;
    Some(format!(
        "{} {} {} {}",
        &fingerprint[..12],
        compute.kind,
        compute.dtype.as_str(),
        rayon::current_num_threads()
    ))
}

fn load() -> Speeds {
    let text = file().and_then(|file| fs::read_to_string(file).ok());
    let speeds = text.and_then(|text| serde_json::from_str(&text).ok());
    speeds.unwrap_or_default()
}

fn save(speeds: &Speeds) -> anyhow::Result<()> {
    let Some(file) = file() else { return Ok(()) };
    if let Some(dir) = file.parent() {
        fs::create_dir_all(dir)?;
    }
    // Renamed into place: another run may read it now.
    let part = file.with_extension(format!("{}.part", std::process::id()));
    fs::write(&part, serde_json::to_vec_pretty(speeds)?)?;
    Ok(fs::rename(part, file)?)
}

fn file() -> Option<PathBuf> {
    Some(config::cache_dir()?.join("speeds.json"))
}
