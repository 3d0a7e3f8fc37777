//! Where a model's files come from: a diffusers directory on disk, or bytes inside the program.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device};
use candle_nn::VarBuilder;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::lora::Changed;
use crate::{int8, weights};

/// Files of an embedded model: path relative to the model's root (`transformer/config.json`) → bytes.
pub type EmbeddedFiles = &'static [(&'static str, &'static [u8])];

/// A network's config, as its `config.json` has it.
pub trait ComponentConfig: DeserializeOwned {
    /// Class names (`_class_name` or an entry of `architectures`) that this config belongs to.
    const CLASSES: &'static [&'static str];
    /// Name of the file within the component's folder.
    const FILE: &'static str = "config.json";

    /// Refuses values that the network does not implement, in half a sentence that names the field.
    fn validate(&self) -> std::result::Result<(), String>;
}

/// A model in the diffusers directory layout. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ModelSource(Place);

#[derive(Debug, Clone)]
enum Place {
    Dir(PathBuf),
    Embedded(EmbeddedFiles),
}

/// The bytes of one file: mapped, read, or part of the program.
pub(crate) enum FileBytes {
    Mapped(memmap2::Mmap),
    Static(&'static [u8]),
}

impl AsRef<[u8]> for FileBytes {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Static(bytes) => bytes,
        }
    }
}

impl FileBytes {
    /// Says that the bytes in `range` have been read: those of a mapped file leave memory until they are asked for again.
    #[cfg_attr(not(unix), expect(unused_variables))]
    pub fn done_with(&self, range: std::ops::Range<usize>) {
        #[cfg(unix)]
        if let Self::Mapped(map) = self {
            forget(map, range);
        }
    }
}

impl ModelSource {
    /// A diffusers directory on disk. Only what is asked for later has to exist.
    pub fn dir(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        if !path.is_dir() {
            return Err(Error::Missing {
                file: format!("the model directory {}", path.display()),
                cure: "give the path of a directory in the diffusers layout (model_index.json, transformer/, vae/ …)".into(),
            });
        }
        Ok(Self(Place::Dir(path.to_owned())))
    }

    /// A model inside the program.
    pub fn embedded(files: EmbeddedFiles) -> Self {
        Self(Place::Embedded(files))
    }

    /// How messages and sidecars call the file at `path` (relative to the model's root).
    pub fn display(&self, path: &str) -> String {
        match &self.0 {
            Place::Dir(root) => root.join(path).display().to_string(),
            Place::Embedded(_) => format!("embedded:{path}"),
        }
    }

    /// Whether the file at `path` (relative to the model's root, `/` between folders) exists.
    pub fn exists(&self, path: &str) -> bool {
        match &self.0 {
            Place::Dir(root) => root.join(path).is_file(),
            Place::Embedded(files) => files.iter().any(|(name, _)| *name == path),
        }
    }

    /// All files below the model's root, sorted, as relative paths with `/` between folders.
    pub fn files(&self) -> Result<Vec<String>> {
        let mut names = match &self.0 {
            Place::Dir(root) => {
                let mut names = Vec::new();
                list(root, "", &mut names).map_err(|source| Error::Unreadable {
                    file: root.display().to_string(),
                    source,
                })?;
                names
            }
            Place::Embedded(files) => files.iter().map(|(name, _)| name.to_string()).collect(),
        };
        names.sort();
        Ok(names)
    }

    /// The whole file at `path` (relative to the model's root).
    pub fn read(&self, path: &str) -> Result<Cow<'static, [u8]>> {
        match &self.0 {
            Place::Dir(root) => match std::fs::read(root.join(path)) {
                Ok(bytes) => Ok(bytes.into()),
                Err(source) => Err(self.read_error(path, source)),
            },
            Place::Embedded(_) => self.embedded_file(path).map(Cow::Borrowed),
        }
    }

    /// The whole file at `path` as other programs read it: weights in eight bits are widened to bf16.
    pub fn read_plain(&self, path: &str) -> Result<Cow<'static, [u8]>> {
        let bytes = self.read(path)?;
        Ok(match path.ends_with(".safetensors") {
            true => int8::without(bytes),
            false => bytes,
        })
    }

    /// The file at `path` as JSON.
    pub fn json(&self, path: &str) -> Result<serde_json::Value> {
        let bytes = self.read(path)?;
        serde_json::from_slice(&bytes).map_err(|error| Error::Config {
            file: self.display(path),
            what: format!("not valid JSON ({error})"),
            cure: "fetch the file again".into(),
        })
    }

    /// Reads and checks `<component>/config.json` (for a scheduler, `scheduler_config.json`).
    pub fn config<C: ComponentConfig>(&self, component: &str) -> Result<C> {
        let path = format!("{component}/{}", C::FILE);
        let json = self.json(&path)?;
        let file = self.display(&path);
        check_class::<C>(&json, &file)?;
        let config: C = serde_json::from_value(json).map_err(|error| Error::Config {
            file: file.clone(),
            what: format!("a field does not fit ({error})"),
            cure: "fetch the file again, or take it from the model's own repository".into(),
        })?;
        config.validate().map_err(|what| Error::Config {
            file,
            what,
            cure: "use a model whose config this version supports".into(),
        })?;
        Ok(config)
    }

    /// The component's weights, cast to `dtype` on `device` as each is taken. On disk they are
    /// memory-mapped; several shards and their index are one.
    pub fn weights(
        &self,
        component: &str,
        dtype: DType,
        device: &Device,
    ) -> Result<VarBuilder<'static>> {
        let weights = weights::WeightFiles::open(self, component)?;
        Ok(VarBuilder::from_backend(
            Box::new(weights),
            dtype,
            device.clone(),
        ))
    }

    /// The same with the changes of low rank that `changes`, a component of its own, holds for it.
    pub fn weights_changed(
        &self,
        component: &str,
        changes: &str,
        dtype: DType,
        device: &Device,
    ) -> Result<VarBuilder<'static>> {
        let open = |component| weights::WeightFiles::open(self, component);
        let changed = Changed::new(open(component)?, open(changes)?, component)?;
        Ok(VarBuilder::from_backend(
            Box::new(changed),
            dtype,
            device.clone(),
        ))
    }

    /// Bytes of the component's weights whose names begin with `prefix`, as a CPU holds them to compute in `dtype`; told from
    /// the files' heads alone.
    pub fn bytes_of_weights(&self, component: &str, prefix: &str, dtype: DType) -> Result<usize> {
        Ok(weights::WeightFiles::open(self, component)?.bytes_held(prefix, dtype))
    }

    /// The bytes of a file that may be large.
    pub(crate) fn map(&self, path: &str) -> Result<FileBytes> {
        match &self.0 {
            Place::Dir(root) => map_file(&root.join(path))
                .map(FileBytes::Mapped)
                .map_err(|source| self.read_error(path, source)),
            Place::Embedded(_) => self.embedded_file(path).map(FileBytes::Static),
        }
    }

    fn embedded_file(&self, path: &str) -> Result<&'static [u8]> {
        let Place::Embedded(files) = &self.0 else {
            return Err(self.missing(path));
        };
        let found = files.iter().find(|(name, _)| *name == path);
        found
            .map(|(_, bytes)| *bytes)
            .ok_or_else(|| self.missing(path))
    }

    pub(crate) fn missing(&self, path: &str) -> Error {
        Error::Missing {
            file: self.display(path),
            cure: "the model is incomplete: fetch it again, with all its folders".into(),
        }
    }

    fn read_error(&self, path: &str, source: std::io::Error) -> Error {
        match source.kind() {
            std::io::ErrorKind::NotFound => self.missing(path),
            _ => Error::Unreadable {
                file: self.display(path),
                source,
            },
        }
    }
}

/// `_class_name` (diffusers) or `architectures` (transformers) must name one of the classes; a
/// config that names none is taken at its word.
fn check_class<C: ComponentConfig>(json: &serde_json::Value, file: &str) -> Result<()> {
    let mut named: Vec<&str> = Vec::new();
    named.extend(json.get("_class_name").and_then(|v| v.as_str()));
    if let Some(list) = json.get("architectures").and_then(|v| v.as_array()) {
        named.extend(list.iter().filter_map(|v| v.as_str()));
    }
    if named.is_empty() || named.iter().any(|name| C::CLASSES.contains(name)) {
        return Ok(());
    }
    Err(Error::Class {
        file: file.to_owned(),
        found: named.join(" or "),
        expected: C::CLASSES.join(" or "),
    })
}

#[allow(unsafe_code)] // mapping a file is the one thing here that the compiler cannot vouch for
fn map_file(path: &Path) -> std::io::Result<memmap2::Mmap> {
    let file = std::fs::File::open(path)?;
    // SAFETY: the map is read-only and private to the loader, which only copies out of it. A model
    // file that another process truncates while it is being loaded can fault; weights are written
    // once and then left alone, and every loader of this format takes the same risk.
    unsafe { memmap2::Mmap::map(&file) }
}

#[cfg(unix)]
#[allow(unsafe_code)] // advice that could lose data, were there any that is not in the file
fn forget(map: &memmap2::Mmap, range: std::ops::Range<usize>) {
    let advice = memmap2::UncheckedAdvice::DontNeed;
    // SAFETY: the map is read-only, so its pages hold what the file holds, and come back from there.
    let advised = unsafe { map.unchecked_advise_range(advice, range.start, range.len()) };
    // Where the advice is not taken, the pages stay until the file is closed.
    drop(advised);
}

fn list(dir: &Path, prefix: &str, names: &mut Vec<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            list(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}
