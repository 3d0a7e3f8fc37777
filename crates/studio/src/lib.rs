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
mod proxy;
pub mod queue;
mod recover;
pub mod routes;
pub mod scope;
pub mod scratch;
pub mod serve;
pub mod store;
pub mod style_file;
pub mod transfer;
pub mod v1;
pub mod wire;
pub mod worker;

use std::sync::Arc;

pub use catalog::{Catalog, Models};
pub use config::Config;
pub use error::{Error, Result};
pub use serve::{Server, serve, work};

use tokio::sync::Semaphore;

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
    pub heavy: Arc<Semaphore>,
    /// Passwords being hashed, apart from [`App::heavy`]: however many clips are decoded, everybody can log in.
    pub hashing: Arc<Semaphore>,
}

impl App {
    /// Runs work that decodes or encodes whole clips, when its turn comes.
    pub async fn heavily<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        in_turn(&self.heavy, work).await
    }

    /// Runs work that hashes a password, when its turn comes.
    pub async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        in_turn(&self.hashing, work).await
    }

    /// Looks up what a request speaks of; what is another's is not found.
    pub async fn known(&self, owner: &str, request: &JobRequest) -> Result<Known> {
        let mut known = Known {
            styles: self.store.looks(owner).await?,
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

/// The turn belongs to the work, not to who waits for it: work goes on when a client goes away, and until it is done
/// nobody else's begins in its place.
async fn in_turn<T: Send + 'static>(
    turns: &Arc<Semaphore>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let turn = turns.clone().acquire_owned().await;
    let turn = turn.map_err(Error::internal)?;
    let done = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    done.await?
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test]
    async fn work_keeps_its_turn_when_nobody_waits_for_it() {
        let turns = Arc::new(Semaphore::new(1));
        let (begun, has_begun) = mpsc::channel();
        let (end, may_end) = mpsc::channel();
        let asked = turns.clone();
        let asker = tokio::spawn(async move {
            let work = move || {
                begun.send(()).map_err(Error::internal)?;
                may_end.recv().map_err(Error::internal)
            };
            in_turn(&asked, work).await
        });
        tokio::task::spawn_blocking(move || has_begun.recv().unwrap())
            .await
            .unwrap();
        asker.abort();
        assert!(asker.await.unwrap_err().is_cancelled());
        assert_eq!(turns.available_permits(), 0, "the work goes on");
        end.send(()).unwrap();
        in_turn(&turns, || Ok(())).await.unwrap();
    }
}
