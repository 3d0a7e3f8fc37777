//! Starting and stopping.

use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::api::accounts::hashed;
use crate::catalog::{Catalog, Models};
use crate::config::Config;
use crate::events::Hub;
use crate::files::{Files, is_id};
use crate::limits::Limits;
use crate::moderation::Policy;
use crate::queue::SqliteQueue;
use crate::store::Store;
use crate::{App, Error, Result, routes, v1, worker};

/// A server that listens but does not answer yet.
pub struct Server {
    pub addr: SocketAddr,
    /// Name and password of the administrator, where accounts have just begun: to be shown once.
    pub first_login: Option<(String, String)>,
    app: App,
    listener: TcpListener,
    /// One server a data folder.
    _lock: File,
}

/// Opens the data folder and the port. Nothing is computed yet; errors are sentences for the user.
pub async fn serve(config: Config, models: Arc<dyn Models>) -> Result<Server> {
    let files = open_folder(&config)?;
    let lock = lock(&files)?;
    let listener = TcpListener::bind(config.addr).await.map_err(|error| {
        Error::Invalid(format!(
            "cannot listen at {}: {error}; give another --addr",
            config.addr
        ))
    })?;
    let addr = listener.local_addr()?;
    let (app, queue) = app(config, files, models).await?;
    queue.recover().await?;
    let first_login = begin_accounts(&app).await?;
    Ok(Server {
        first_login,
        addr,
        app,
        listener,
        _lock: lock,
    })
}

impl Server {
    /// What handlers share; for tests.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Answers until `stop` is ready; then the clip under way is kept in its checkpoint.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) -> Result<()> {
        let Self {
            app,
            listener,
            addr,
            _lock,
            ..
        } = self;
        let (stopper, stopped) = watch::channel(false);
        tokio::spawn(sweep(app.clone(), left_behind(&app.store.files)));
        let mut tasks = JoinSet::new();
        tasks.spawn(tidy(app.clone(), stopped.clone()));
        tasks.spawn(
            app.hub
                .clone()
                .run(app.store.clone(), app.queue.clone(), stopped.clone()),
        );
        tasks.spawn(v1::webhooks::deliver(app.clone(), stopped.clone()));
        for number in 1..=app.config.workers {
            let name = format!("serve-{}-{number}", std::process::id());
            tasks.spawn(worker::run(app.clone(), name, stopped.clone()));
        }
        let router = routes::router(app.clone(), addr, stopped.clone());
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let mut until = stopped.clone();
        let answering = axum::serve(listener, service).with_graceful_shutdown(async move {
            let _ = until.wait_for(|stop| *stop).await;
        });
        tasks.spawn(async move {
            if let Err(error) = answering.await {
                tracing::error!(%error, "the server ended");
            }
        });
        tokio::select! {
            () = stop => {}
            _ = tasks.join_next() => tracing::error!("a part of the studio ended by itself"),
        }
        let _ = stopper.send(true);
        // A connection that stays open must not hold up the end; the workers may take a step to stop.
        let all = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(Duration::from_secs(30), all)
            .await
            .is_err()
        {
            tracing::warn!("not everything stopped in time");
        }
        app.store.close().await;
        Ok(())
    }
}

/// Works on the queue of a data folder, in a process of its own, until `stop` is ready.
pub async fn work(
    config: Config,
    models: Arc<dyn Models>,
    stop: impl Future<Output = ()> + Send,
) -> Result<()> {
    let files = open_folder(&config)?;
    let (app, _) = app(config, files, models).await?;
    let (stopper, stopped) = watch::channel(false);
    let name = format!("worker-{}", std::process::id());
    let mut running = tokio::spawn(worker::run(app.clone(), name, stopped));
    tokio::select! {
        () = stop => {
            let _ = stopper.send(true);
            running.await?;
        }
        ended = &mut running => ended?,
    }
    app.store.close().await;
    Ok(())
}

/// What lies in the folders before anything of this server's own does.
fn left_behind(files: &Files) -> Vec<PathBuf> {
    let all = ["uploads", "clips"]
        .into_iter()
        .filter_map(|folder| files.root().join(folder).read_dir().ok());
    all.flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

/// Removes what a server that was ended left half done: uploads, and clips that never came into the library.
async fn sweep(app: App, found: Vec<PathBuf>) {
    for path in found {
        // Should the database not answer, the next start looks again.
        if is_of_use(&app.store, &path).await.unwrap_or(true) {
            continue;
        }
        tracing::info!(path = %path.display(), "removing what was left half done");
        let _ = match path.is_dir() {
            true => tokio::fs::remove_dir_all(&path).await,
            false => tokio::fs::remove_file(&path).await,
        };
    }
}

const HOUR: Duration = Duration::from_secs(3600);

/// Removes, once an hour, the folders of jobs that do not go on.
async fn tidy(app: App, mut stop: watch::Receiver<bool>) {
    let mut hour = tokio::time::interval(HOUR);
    loop {
        tokio::select! {
            _ = hour.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let jobs = app.store.files.root().join("jobs").read_dir();
        for entry in jobs.into_iter().flatten().flatten() {
            let name = entry.file_name();
            if let Some(id) = name.to_str().filter(|name| is_id(name)) {
                app.store.clear_job(id).await;
            }
        }
    }
}

/// Whether what lies at one of these places is the library's, or will be.
async fn is_of_use(store: &Store, path: &Path) -> Result<bool> {
    let text = |name: Option<&OsStr>| name.and_then(OsStr::to_str).unwrap_or_default().to_owned();
    let name = text(path.file_name());
    match text(path.parent().and_then(Path::file_name)).as_str() {
        "clips" => {
            // One that is whole but not in the library yet is published by its job's next worker.
            let job = name.rsplit_once('-').map_or("", |(job, _)| job);
            Ok(store.clip_exists(&name).await? || store.goes_on(job).await?)
        }
        _ => Ok(false),
    }
}

/// Where users log in and nobody has a password yet, the first user becomes the administrator.
async fn begin_accounts(app: &App) -> Result<Option<(String, String)>> {
    if !app.config.auth_required() {
        return Ok(None);
    }
    let (name, password) = ("admin".to_owned(), crate::files::secret()[..20].to_owned());
    let slow = password.clone();
    let hash = tokio::task::spawn_blocking(move || hashed(&slow)).await??;
    Ok(app
        .store
        .begin_accounts(&name, &hash)
        .await?
        .then_some((name, password)))
}

fn open_folder(config: &Config) -> Result<Files> {
    let data = &config.data;
    Files::open(data).map_err(|error| {
        Error::Invalid(format!(
            "the data folder {} cannot be used: {error}; give another --data",
            data.display()
        ))
    })
}

fn lock(files: &Files) -> Result<File> {
    let file = File::create(files.root().join("serve.lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Invalid(format!(
            "another server works in {}; stop it, or give another --data",
            files.root().display()
        ))),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// One recorder a process, however many servers it has.
static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

fn record_metrics() -> PrometheusHandle {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("the program records metrics elsewhere; /metrics stays empty");
    }
    handle
}

async fn app(config: Config, files: Files, models: Arc<dyn Models>) -> Result<(App, SqliteQueue)> {
    let config = Arc::new(config);
    let store = Store::open(files).await?;
    let queue = || SqliteQueue::new(store.clone(), config.clone());
    let policy = Policy::open(
        &config.moderation,
        store.files.root(),
        config.auth_required(),
    );
    let app = App {
        catalog: Catalog::new(models, &config).map_err(Error::Invalid)?,
        queue: Arc::new(queue()),
        store: store.clone(),
        hub: Hub::default(),
        policy: policy.map_err(Error::Invalid)?,
        limits: Arc::new(Limits::new(&config.limits, config.auth_required())),
        metrics: METRICS.get_or_init(record_metrics).clone(),
        tries: Arc::default(),
        heavy: Arc::new(Semaphore::new(2)),
        hashing: Arc::new(Semaphore::new(2)),
        config: config.clone(),
    };
    Ok((app, queue()))
}
