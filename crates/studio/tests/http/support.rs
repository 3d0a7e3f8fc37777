//! A studio on a port of its own, and what it is asked.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kinora_engine::Model;
use kinora_studio::plans::Plan;
use kinora_studio::{App, Config, Models};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::task::JoinHandle;

/// The embedded model alone.
pub struct Mini;

impl Models for Mini {
    fn names(&self) -> Vec<String> {
        vec!["mini".into()]
    }

    fn open(&self, _: &str) -> Result<Model, String> {
        Model::embedded("mini", kinora_models::MINI).map_err(|error| error.to_string())
    }
}

/// The same, but it takes long to open, as a large one does.
pub struct Slow;

impl Models for Slow {
    fn names(&self) -> Vec<String> {
        Mini.names()
    }

    fn open(&self, name: &str) -> Result<Model, String> {
        std::thread::sleep(Duration::from_secs(5));
        Mini.open(name)
    }
}

pub struct Studio {
    asker: Asker,
    pub data: Arc<TempDir>,
    pub first_login: Option<(String, String)>,
    /// What its handlers share.
    pub app: App,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<kinora_studio::Result<()>>,
}

/// Who asks a studio.
pub struct Asker {
    pub base: String,
    pub http: Client,
}

impl Deref for Studio {
    type Target = Asker;

    fn deref(&self) -> &Asker {
        &self.asker
    }
}

pub fn config(data: &Path) -> Config {
    Config {
        addr: "127.0.0.1:0".parse().unwrap(),
        data: data.to_path_buf(),
        ..Config::default()
    }
}

/// Without a worker, and the only plan wants the visible mark.
pub fn wants_the_mark(config: &mut Config) {
    config.workers = 0;
    let plan = Plan {
        watermark: true,
        ..Plan::default()
    };
    config.plans.insert("Marked".into(), plan);
    config.plan = Some("Marked".into());
}

impl Studio {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// Without a worker: jobs only wait.
    pub async fn idle() -> Self {
        Self::with(|config| config.workers = 0).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::on(Arc::new(tempfile::tempdir().unwrap()), change).await
    }

    pub async fn on(data: Arc<TempDir>, change: impl FnOnce(&mut Config)) -> Self {
        Self::of(Arc::new(Mini), data, change).await
    }

    /// With models of the test's own.
    pub async fn of(
        models: Arc<dyn Models>,
        data: Arc<TempDir>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = config(data.path());
        change(&mut config);
        let server = kinora_studio::serve(config, models).await.unwrap();
        let base = format!("http://{}", server.addr);
        let (first_login, app) = (server.first_login.clone(), server.app().clone());
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        let http = Client::new();
        Self {
            asker: Asker { base, http },
            data,
            first_login,
            app,
            stop: Some(stop),
            running,
        }
    }

    /// Shuts the server down as a signal does; its data stay.
    pub async fn stop(mut self) -> Arc<TempDir> {
        let _ = self.stop.take().unwrap().send(());
        self.running.await.unwrap().unwrap();
        self.data
    }

    /// The first user of a studio with accounts.
    pub async fn admin(&self) -> Asker {
        let (name, password) = self.first_login.clone().unwrap();
        self.log_in(&name, &password).await
    }

    /// A new user, logged in.
    pub async fn user(&self, admin: &Asker, name: &str) -> Asker {
        let new = json!({"name": name, "password": "correct horse"});
        admin.post("/api/users", new).await;
        self.log_in(name, "correct horse").await
    }

    async fn log_in(&self, name: &str, password: &str) -> Asker {
        let body = json!({"name": name, "password": password});
        let login = self.http.post(self.url("/api/login")).json(&body);
        let answer = login.send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().parse().unwrap();
        let headers = [
            ("cookie", cookie),
            ("x-csrf", HeaderValue::from_static("1")),
        ];
        let headers = headers.map(|(name, value)| (HeaderName::from_static(name), value));
        let client = Client::builder().default_headers(headers.into_iter().collect());
        Asker {
            base: self.base.clone(),
            http: client.build().unwrap(),
        }
    }
}

impl Asker {
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request = self.http.request(method, self.url(path));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, None).await;
        assert!(status.is_success(), "GET {path}: {status} {body}");
        body
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "POST {path}: {status} {answer}");
        answer
    }

    /// Puts a small picture into the library.
    pub async fn upload(&self, name: &str, bytes: Vec<u8>) -> (StatusCode, Value) {
        let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().part("file", part);
        let answer = self
            .http
            .post(self.url("/api/clips"))
            .multipart(form)
            .send()
            .await
            .unwrap();
        (answer.status(), answer.json().await.unwrap())
    }
}

impl Studio {
    /// Takes all turns at work on whole clips, as large uploads do.
    pub async fn busy(&self) -> OwnedSemaphorePermit {
        let heavy = self.app.heavy.clone();
        let all = heavy.available_permits() as u32;
        heavy.acquire_many_owned(all).await.unwrap()
    }

    /// What lies in the folder of uploads.
    pub fn left_behind(&self) -> usize {
        let uploads = self.data.path().join("uploads");
        uploads.read_dir().unwrap().count()
    }

    pub async fn job(&self, id: &str) -> Value {
        self.get(&format!("/api/jobs/{id}")).await
    }

    /// Waits until the job has one of these states.
    pub async fn wait(&self, id: &str, states: &[&str]) -> Value {
        let begun = Instant::now();
        loop {
            let job = self.job(id).await;
            if states.contains(&job["status"].as_str().unwrap()) {
                return job;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(120),
                "never {states:?}: {job}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A second connection to the database, as another process has it.
    pub async fn database(&self) -> SqliteConnection {
        let path = self.data.path().join("studio.db");
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path))
            .await
            .unwrap()
    }
}

/// What is asked for in most tests.
pub fn small(prompt: &str) -> Value {
    json!({"tool": "generate", "prompt": prompt, "seconds": 1, "size": "96x64", "fps": 8, "steps": 2, "seed": 7})
}

/// A picture of two colours, as PNG.
pub fn picture() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.png");
    let frame =
        kinora_media::Frame::from_fn(64, 48, |x, y| [x as u8 * 4, y as u8 * 5, 90]).unwrap();
    kinora_media::write_image(&path, &frame).unwrap();
    std::fs::read(path).unwrap()
}
