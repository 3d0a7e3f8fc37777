//! The studio: a server with a library, a queue and the pages.
//!
//! A guided tour. [`routes`] is everything that can be asked for, on one screen; [`api`] holds the handlers: decode →
//! validate → act → respond. They act on the [`store`] (the database and the files) and the [`queue`], from which each
//! [`worker`] takes jobs and runs the engine. [`make`] turns what the wire says ([`wire`]) into the engine's plan,
//! [`events`] tells listeners what changed, [`guard`] is what every request passes, [`moderation`] what words must pass. [`v1`] is OpenAI's Videos API over the
//! same queue and library. [`serve`] puts it together.
//!
//! The engine knows nothing of all this: it runs on a thread of its own and reports through its channel.

pub mod api;
pub mod catalog;
pub mod config;
pub mod derive;
mod error;
pub mod events;
pub mod files;
pub mod guard;
pub mod limits;
pub mod make;
pub mod moderation;
pub mod openapi;
mod pages;
pub mod plans;
pub mod queue;
mod recover;
pub mod routes;
pub mod scope;
pub mod serve;
pub mod store;
pub mod transfer;
pub mod v1;
pub mod wire;
pub mod worker;

use std::sync::Arc;

pub use catalog::{Catalog, Models};
pub use config::Config;
pub use error::{Error, Result};
pub use serve::{Server, serve, work};

use events::Hub;
use limits::Limits;
use make::Known;
use moderation::Policy;
use queue::Queue;
use store::Store;
use wire::JobRequest;

/// What every handler and worker shares. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub config: Arc<Config>,
    pub store: Store,
    pub queue: Arc<dyn Queue>,
    pub catalog: Catalog,
    pub hub: Hub,
    pub policy: Policy,
    pub limits: Arc<Limits>,
    pub metrics: metrics_exporter_prometheus::PrometheusHandle,
    pub tries: Arc<api::accounts::Tries>,
    /// Work that decodes or encodes whole clips for a reader: at most so many at a time.
    pub heavy: Arc<tokio::sync::Semaphore>,
}

impl App {
    /// Looks up what a request speaks of; what is another's is not found.
    pub async fn known(&self, owner: &str, request: &JobRequest) -> Result<Known> {
        let mut known = Known {
            styles: self.store.style_words(owner).await?,
            ..Known::default()
        };
        for id in make::parents(request) {
            let clip = self.store.clip_seen_by(owner, &id).await?;
            let path = self.store.files.clip(&clip.id).join(&clip.file);
            known.add(&clip, path);
        }
        Ok(known)
    }
}
