//! `kinora serve` and `kinora worker`

use std::future::Future;
use std::sync::Arc;

use kinora_engine::Model;
use kinora_studio::{Config, Error, Models};
use serde_json::{Map, Value, json};

use crate::args::StudioArgs;
use crate::exit::{Failure, Outcome, input, resolving};
use crate::library::{self, MINI_NAME};

/// The models that have a name on this machine.
struct Library;

impl Models for Library {
    fn names(&self) -> Vec<String> {
        let added = library::added().unwrap_or_default();
        [MINI_NAME.to_owned()]
            .into_iter()
            .chain(added.into_keys())
            .collect()
    }

    fn open(&self, name: &str) -> Result<Model, String> {
        library::open(name).map_err(|error| format!("{error:#}"))
    }
}

pub fn serve(args: StudioArgs) -> Outcome {
    let config = config(&args)?;
    block_on(&args, async {
        let server = kinora_studio::serve(config, Arc::new(Library))
            .await
            .map_err(failure)?;
        if let Some((name, password)) = &server.first_login {
            eprintln!("Log in as {name} with the password {password} (shown this once)");
        }
        eprintln!("Kinora is at http://{}", server.addr);
        server.run(stopped()).await.map_err(failure)
    })
}

pub fn work(args: StudioArgs) -> Outcome {
    let config = config(&args)?;
    block_on(&args, async {
        eprintln!("working on the queue in {}", config.data.display());
        kinora_studio::work(config, Arc::new(Library), stopped())
            .await
            .map_err(failure)
    })
}

fn config(args: &StudioArgs) -> Outcome<Config> {
    let mut flags = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        flags.extend(value.map(|value| (name.to_owned(), value)))
    };
    set("addr", args.addr.map(|addr| json!(addr)));
    let data = args.data.as_deref().map(|data| {
        data.to_str()
            .ok_or_else(|| input(format!("--data {} is not Unicode", data.display())))
    });
    set("data", data.transpose()?.map(Value::from));
    set("workers", args.workers.map(|workers| json!(workers)));
    set("model", args.model.as_ref().map(|model| json!(model)));
    set("users", args.users.then_some(Value::Bool(true)));
    set(
        "device",
        args.compute.device.map(|device| json!(device.to_string())),
    );
    set(
        "dtype",
        args.compute.dtype.map(|dtype| json!(dtype.to_string())),
    );
    let config = Config::load(args.config.as_deref(), &Value::Object(flags)).map_err(input)?;
    // Else every job would fail, one by one.
    library::open(&config.model).map_err(resolving)?;
    Ok(config)
}

fn block_on(args: &StudioArgs, work: impl Future<Output = Outcome>) -> Outcome {
    log(args.json_logs);
    if let Some(threads) = args
        .compute
        .threads
        .filter(|threads| (1..=1024).contains(threads))
    {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build_global()
            .map_err(|error| Failure::Work(error.into()))?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime
        .map_err(|error| Failure::Work(error.into()))?
        .block_on(work)
}

/// Ctrl-C, or the system's wish that we end.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without signals the process is ended from outside; the queue is made for that.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// `KINORA_LOG` says what is logged, such as `info` or `kinora_studio=debug`.
fn log(as_json: bool) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("KINORA_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,kinora_studio=info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match as_json {
        true => log.json().init(),
        false => log.compact().init(),
    }
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Internal(detail) => Failure::Work(anyhow::anyhow!(detail)),
        error => input(error.to_string()),
    }
}
