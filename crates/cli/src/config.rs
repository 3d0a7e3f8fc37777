//! Where a user's own things are kept, and what their configuration says.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use serde::Deserialize;

/// `$XDG_CONFIG_HOME/kinora`, or what stands for it; `None` without a home.
pub fn dir() -> Option<PathBuf> {
    let config = set("XDG_CONFIG_HOME")
        .or_else(|| set("APPDATA"))
        .or_else(|| set("HOME").map(|home| home.join(".config")));
    config.map(|config| config.join("kinora"))
}

/// `$XDG_CACHE_HOME/kinora`, or what stands for it; `None` without a home.
pub fn cache_dir() -> Option<PathBuf> {
    let cache = set("XDG_CACHE_HOME")
        .or_else(|| set("LOCALAPPDATA"))
        .or_else(|| set("HOME").map(|home| home.join(".cache")));
    cache.map(|cache| cache.join("kinora"))
}

/// `config.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Config {
    pub chat: Chat,
}

/// An OpenAI-compatible chat endpoint; the environment goes before the file.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chat {
    /// Its base, for instance `http://localhost:11434/v1`.
    pub url: Option<String>,
    pub model: Option<String>,
    pub key: Option<String>,
}

/// Reads the configuration; what is not there is empty.
pub fn load() -> anyhow::Result<Config> {
    let mut config = match dir().map(|dir| dir.join("config.toml")) {
        Some(path) if path.exists() => {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            toml::from_str(&text).with_context(|| {
                format!("{} is damaged; correct it or remove it", path.display())
            })?
        }
        _ => Config::default(),
    };
    let chat = &mut config.chat;
    for (field, name) in [
        (&mut chat.url, "KINORA_CHAT_URL"),
        (&mut chat.model, "KINORA_CHAT_MODEL"),
        (&mut chat.key, "KINORA_CHAT_KEY"),
    ] {
        if let Some(value) = env::var(name).ok().filter(|value| !value.is_empty()) {
            *field = Some(value);
        }
    }
    Ok(config)
}

fn set(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}
