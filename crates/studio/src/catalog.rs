//! The models that can be asked for by name. The program that starts the studio says which they are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use kinora_engine::{Compute, Model};

use crate::config::Config;
use crate::{Error, Result};

/// Finds models; implemented by the program.
pub trait Models: Send + Sync {
    /// The names, the first of them first.
    fn names(&self) -> Vec<String>;

    /// Opens one; the error is a sentence for the user.
    fn open(&self, name: &str) -> Result<Model, String>;
}

/// Models that were opened, and the device that all of them run on.
#[derive(Clone)]
pub struct Catalog {
    models: Arc<dyn Models>,
    open: Arc<Mutex<HashMap<String, Arc<Model>>>>,
    pub default: String,
    pub compute: Compute,
}

impl Catalog {
    /// Opens the device that the settings name.
    pub fn new(models: Arc<dyn Models>, config: &Config) -> Result<Self, String> {
        let device = config.device.parse()?;
        let precision = config.dtype.parse()?;
        Ok(Self {
            models,
            open: Arc::default(),
            default: config.model.clone(),
            compute: Compute::open(device, precision).map_err(|error| error.to_string())?,
        })
    }

    /// The names of all models, the default first.
    pub fn names(&self) -> Vec<String> {
        let mut names = self.models.names();
        names.retain(|name| *name != self.default);
        names.insert(0, self.default.clone());
        names
    }

    /// Only names that the catalog has are opened: over the wire, a path is not a model. Blocking.
    pub fn open(&self, name: Option<&str>) -> Result<Arc<Model>> {
        let name = name.unwrap_or(&self.default);
        let held = || {
            self.open
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
        };
        if let Some(model) = held().get(name) {
            return Ok(model.clone());
        }
        let names = self.names();
        if !names.iter().any(|known| known == name) {
            let known = names.join(", ");
            return Err(Error::Invalid(format!(
                "there is no model `{name}`; give one of {known}"
            )));
        }
        let model = Arc::new(self.models.open(name).map_err(Error::Invalid)?);
        held().insert(name.to_owned(), model.clone());
        Ok(model)
    }
}
