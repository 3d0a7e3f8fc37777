//! How the studio is set up: defaults, then `studio.toml`, then `KINORA_…` in the environment, then flags.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

use crate::plans::Plan;
use crate::{limits, moderation};

/// Every setting, see [`SETTINGS`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where to listen.
    pub addr: SocketAddr,
    /// The data folder.
    pub data: PathBuf,
    /// Clips made at a time inside the server; 0 leaves all work to `kinora worker`.
    pub workers: usize,
    /// The model that is used where none is named.
    pub model: String,
    /// `cpu`, `cuda` or `metal`.
    pub device: String,
    /// `auto`, `f32` or `bf16`.
    pub dtype: String,
    /// Whether users log in. Always so where the address is not this machine's own.
    pub users: bool,
    /// Under which host names the server may be asked for, beside `localhost` and its address.
    pub hosts: Vec<String>,
    /// The largest upload in MiB.
    pub upload_mb: u64,
    /// Whether pictures that API clients name by address are fetched; never from private addresses.
    pub fetch_pictures: bool,
    /// Whether clips can be looked at while they are drawn. It takes 5 % of the time at most, and memory for a second decoder.
    pub previews: bool,
    /// Plans by name, see [`Plan`].
    pub plans: BTreeMap<String, Plan>,
    /// The plan of users who have no other; without one there are no limits.
    pub plan: Option<String>,
    /// How many relaxed jobs are served: one in this many, where both kinds wait.
    pub relaxed_every: u32,
    /// How much may be asked in a minute.
    pub limits: limits::Settings,
    /// Which words are refused.
    pub moderation: moderation::Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            addr: (Ipv4Addr::LOCALHOST, 7860).into(),
            data: data_folder(),
            workers: 1,
            model: "mini".into(),
            device: "cpu".into(),
            dtype: "auto".into(),
            users: false,
            hosts: Vec::new(),
            upload_mb: 1024,
            fetch_pictures: false,
            previews: true,
            plans: BTreeMap::new(),
            plan: None,
            relaxed_every: 4,
            limits: limits::Settings::default(),
            moderation: moderation::Settings::default(),
        }
    }
}

/// Every setting that has one value: its name in the file, and what it means. In the environment it is the name in capitals
/// after `KINORA_`, with `_` for the dot. Plans are tables, and stand in the file alone.
pub const SETTINGS: &[(&str, &str)] = &[
    ("addr", "where to listen"),
    ("data", "the folder for clips and the database"),
    (
        "workers",
        "clips made at a time inside the server; 0 leaves all to `kinora worker`",
    ),
    ("model", "the model that is used where none is named"),
    ("device", "cpu, cuda or metal"),
    ("dtype", "auto, f32 or bf16"),
    (
        "users",
        "whether users log in; always so where the address is not this machine's own",
    ),
    (
        "hosts",
        "names that the server may be asked for under, beside its address: [\"studio.example\"]",
    ),
    ("upload_mb", "MiB of the largest upload"),
    (
        "fetch_pictures",
        "whether pictures that API clients name by address are fetched",
    ),
    (
        "previews",
        "whether clips can be looked at while they are drawn",
    ),
    ("plan", "the plan of users who have no other"),
    (
        "relaxed_every",
        "one job in this many is a relaxed one, where both kinds wait",
    ),
    ("limits.reads", "requests a minute that read; 0 is no limit"),
    (
        "limits.writes",
        "requests a minute that change something; 0 is no limit",
    ),
    (
        "moderation.enabled",
        "whether the list of refused words is applied, until the pages say otherwise",
    ),
    (
        "moderation.list",
        "the list, if it is not moderation.txt in the data folder",
    ),
    ("moderation.hook", "a service that is asked as well"),
    ("moderation.hook_key", "its key"),
    ("moderation.hook_pictures", "whether it is shown uploads"),
    (
        "moderation.hook_may_fail",
        "whether what it is asked passes while it does not answer",
    ),
];

/// The name in the environment of a setting.
pub fn variable(setting: &str) -> String {
    format!("KINORA_{}", setting.replace('.', "_").to_uppercase())
}

/// The setting that a name in the environment, without its prefix, stands for.
fn setting(variable: &str) -> Option<&'static str> {
    let mut names = SETTINGS.iter().map(|(name, _)| *name);
    names.find(|name| name.replace('.', "_").eq_ignore_ascii_case(variable))
}

impl Config {
    /// Reads everything; `flags` are settings by name, as typed.
    pub fn load(file: Option<&Path>, flags: &serde_json::Value) -> Result<Self, String> {
        if let Some(file) = file.filter(|file| !file.exists()) {
            return Err(format!("there is no file {}", file.display()));
        }
        let file = file.unwrap_or(Path::new("studio.toml"));
        let config: Self = Figment::from(Serialized::defaults(Self::default()))
            .merge(Toml::file(file))
            .merge(
                Env::prefixed("KINORA_").filter_map(|name| setting(name.as_str()).map(Into::into)),
            )
            .merge(Serialized::defaults(flags))
            .extract()
            .map_err(|error| format!("the settings do not fit: {error}"))?;
        config.check()
    }

    fn check(self) -> Result<Self, String> {
        if let Some(name) = self
            .plan
            .as_ref()
            .filter(|name| !self.plans.contains_key(*name))
        {
            let known: Vec<_> = self.plans.keys().map(String::as_str).collect();
            let known = known.join(", ");
            return Err(format!("there is no plan `{name}`; [plans] has: {known}"));
        }
        if self.workers > 64 {
            return Err(format!(
                "{} workers are too many; give 0 to 64",
                self.workers
            ));
        }
        Ok(self)
    }

    /// The plan of this name, else the one that users have by default: also for whoever has a plan that is gone.
    pub fn plan_of<'a>(&'a self, name: Option<&'a str>) -> Option<(&'a str, &'a Plan)> {
        let mut names = [name, self.plan.as_deref()].into_iter().flatten();
        names.find_map(|name| self.plans.get(name).map(|plan| (name, plan)))
    }

    /// Whether somebody has to log in.
    pub fn auth_required(&self) -> bool {
        self.users || !self.addr.ip().is_loopback()
    }
}

/// `$XDG_DATA_HOME/kinora`, else the system's place for such things, else `kinora-data` here.
fn data_folder() -> PathBuf {
    let set = |name: &str| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    let base = set("XDG_DATA_HOME")
        .or_else(|| set("APPDATA"))
        .or_else(|| set("HOME").map(|home| home.join(".local/share")));
    base.map_or_else(|| "kinora-data".into(), |base| base.join("kinora"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_fits_and_flags_win() {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/studio.toml");
        let flags = serde_json::json!({"workers": 3});
        let config = Config::load(Some(&sample), &flags).unwrap();
        assert_eq!(config.workers, 3);
        assert!(config.auth_required());
        let (name, plus) = config.plan_of(None).unwrap();
        assert_eq!(
            (name, plus.credits, plus.watermark),
            ("Plus", Some(1000), true)
        );
        assert_eq!(config.plan_of(Some("Pro")).unwrap().1.concurrency, Some(5));
        assert_eq!(config.plan_of(Some("Gone")).unwrap().0, "Plus");
    }

    #[test]
    fn every_setting_is_told_of() {
        let config = serde_json::to_value(Config::default()).unwrap();
        let mut names = Vec::new();
        for (name, value) in config.as_object().unwrap() {
            match value.as_object().filter(|_| name != "plans") {
                Some(table) => names.extend(table.keys().map(|key| format!("{name}.{key}"))),
                None => names.push(name.clone()),
            }
        }
        names.retain(|name| name != "plans");
        let mut told: Vec<_> = SETTINGS.iter().map(|(name, _)| name.to_string()).collect();
        names.sort();
        told.sort();
        assert_eq!(told, names);
        for name in told {
            let variable = variable(&name);
            assert_eq!(setting(&variable["KINORA_".len()..]), Some(name.as_str()));
        }
    }

    #[test]
    fn mistakes_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("studio.toml");
        for (text, word) in [
            ("plan = \"Gold\"", "Gold"),
            ("workerz = 2", "workerz"),
            ("workers = 999", "999"),
        ] {
            std::fs::write(&path, text).unwrap();
            let said = Config::load(Some(&path), &serde_json::json!({})).unwrap_err();
            assert!(said.contains(word), "{said}");
        }
        assert!(Config::load(Some(&dir.path().join("none.toml")), &serde_json::json!({})).is_err());
    }
}
