//! `cargo xtask load`: how the studio answers many clients while a clip is drawn, and what they cost that clip.
//!
//! The real server in a process of its own, with accounts and the usual rate limits; every client has a connection of its
//! own and asks once a second. Quiet and loaded phases take turns, so that a machine that is busy by itself is so in both.

mod client;
mod phase;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use client::Client;
use phase::{Crowd, Phase};

#[derive(clap::Args)]
pub struct Options {
    /// The program; built for release
    #[arg(long, default_value = "target/release/kinora")]
    kinora: PathBuf,
    /// Clients that poll, each once a second
    #[arg(long, default_value_t = 200)]
    clients: usize,
    /// Streams of events beside them
    #[arg(long, default_value_t = 50)]
    streams: usize,
    /// Users whom they belong to
    #[arg(long, default_value_t = 20)]
    users: usize,
    /// Pairs of a quiet and a loaded phase
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Clips that are drawn in each phase, one after another
    #[arg(long, default_value_t = 3)]
    clips: usize,
    /// Where the table goes
    #[arg(long)]
    report: PathBuf,
}

/// A server on an empty folder.
struct Server {
    child: Child,
    addr: String,
    /// The administrator's key.
    admin: String,
    /// The folder, gone with the server.
    _data: tempfile::TempDir,
}

/// A user of it, with a key for programs.
pub struct User {
    pub key: String,
    /// A clip of theirs.
    pub clip: String,
}

pub fn run(options: &Options) -> Result<()> {
    if options.users == 0 || options.clients == 0 || options.rounds == 0 || options.clips == 0 {
        bail!("give at least one of each: users, clients, rounds, clips");
    }
    let server = Server::start(&options.kinora)?;
    let users = server.settle(options.users)?;
    // The first clip pays for reading the model.
    phase::run(&server, &users, 1, None)?;
    let (mut quiet, mut loaded) = (Vec::new(), Vec::new());
    for round in 0..options.rounds {
        quiet.push(phase::run(&server, &users, options.clips, None)?);
        let crowd = Crowd {
            clients: options.clients,
            streams: options.streams,
        };
        loaded.push(phase::run(&server, &users, options.clips, Some(&crowd))?);
        println!("round {} of {}", round + 1, options.rounds);
    }
    let table = table(options, &quiet, &loaded);
    print!("{table}");
    std::fs::create_dir_all(&options.report)?;
    std::fs::write(options.report.join("load.md"), table)?;
    Ok(())
}

impl Server {
    fn start(program: &Path) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let mut child = Command::new(program)
            .args(["serve", "--users", "--addr", "127.0.0.1:0", "--data"])
            .arg(data.path().join("data"))
            .current_dir(data.path())
            .env("KINORA_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| {
                format!(
                    "{} does not start; build it with `cargo build --release`",
                    program.display()
                )
            })?;
        let stderr = child.stderr.take().context("the server's words are read")?;
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(stderr));
        let mut said = (None, None);
        while said.1.is_none() {
            let line = lines
                .next()
                .context("the server ended before it was ready")??;
            if let Some((_, rest)) = line.split_once("Log in as ")
                && let Some((name, rest)) = rest.split_once(" with the password ")
            {
                let password = rest.split(' ').next().unwrap_or_default();
                said.0 = Some((name.to_owned(), password.to_owned()));
            }
            said.1 = line
                .split_once("http://")
                .map(|(_, addr)| addr.trim().to_owned());
        }
        // Whoever is not read from stops at a full pipe.
        std::thread::spawn(move || lines.count());
        let (Some((name, password)), Some(addr)) = said else {
            bail!("the server named no first login");
        };
        let mut server = Self {
            child,
            addr,
            admin: String::new(),
            _data: data,
        };
        server.admin = key(
            &mut Client::log_in(&server.addr, &name, &password)?,
            &["read", "admin"],
        )?;
        Ok(server)
    }

    /// Users with a key and a few clips each.
    fn settle(&self, count: usize) -> Result<Vec<User>> {
        let mut admin = Client::with_key(&self.addr, &self.admin)?;
        let mut users = Vec::new();
        for number in 0..count {
            let (name, password) = (format!("user {number}"), format!("password {number}"));
            admin.post("/api/users", &json!({"name": name, "password": password}))?;
            let key = key(
                &mut Client::log_in(&self.addr, &name, &password)?,
                &["read", "generate"],
            )?;
            let mut client = Client::with_key(&self.addr, &key)?;
            let small = json!({"prompt": "a frog in the snow", "seconds": 1, "size": "224x128", "fps": 8, "steps": 4, "seed": number, "variants": 2});
            let job = client.post("/api/jobs", &small)?;
            let clip = wait(&mut client, &job)?;
            users.push(User { key, clip });
        }
        Ok(users)
    }
}

/// A key for programs, of whoever is logged in.
fn key(session: &mut Client, scopes: &[&str]) -> Result<String> {
    let key = session.post("/api/keys", &json!({"name": "load", "scopes": scopes}))?;
    let secret = key["secret"].as_str().context("a key has a secret")?;
    Ok(secret.to_owned())
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for a job's first clip.
fn wait(client: &mut Client, job: &Value) -> Result<String> {
    let path = format!(
        "/api/jobs/{}",
        job["id"].as_str().context("a job has an id")?
    );
    let begun = Instant::now();
    loop {
        let job = client.get(&path)?;
        match job["status"].as_str() {
            Some("completed") => break Ok(job["clips"][0].as_str().unwrap_or_default().to_owned()),
            Some("queued" | "running") if begun.elapsed() < Duration::from_secs(300) => {}
            _ => bail!("a clip was not made: {job}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn table(options: &Options, quiet: &[Phase], loaded: &[Phase]) -> String {
    let mut text = format!(
        "{} clients that poll once a second, {} streams of events, {} users; {} × {} clips a kind of phase.\n\n",
        options.clients, options.streams, options.users, options.rounds, options.clips
    );
    text += "| what | figure |\n| --- | --- |\n";
    let mut row = |what: &str, figure: String| {
        let _ = writeln!(text, "| {what} | {figure} |");
    };
    let reads: Vec<(usize, f64)> = loaded
        .iter()
        .flat_map(|phase| phase.reads.clone())
        .collect();
    let seconds: f64 = loaded.iter().map(|phase| phase.seconds).sum();
    row(
        "reads",
        format!(
            "{} in {seconds:.0} s ({:.0}/s)",
            reads.len(),
            reads.len() as f64 / seconds
        ),
    );
    row("all reads", spread(reads.iter().map(|(_, ms)| *ms)));
    for (which, path) in phase::PATHS.iter().enumerate() {
        let of_it = reads.iter().filter(|(path, _)| *path == which);
        row(&format!("`{path}`"), spread(of_it.map(|(_, ms)| *ms)));
    }
    let sum = |count: fn(&Phase) -> usize| loaded.iter().map(count).sum::<usize>();
    row(
        "refused by a rate limit",
        sum(|phase| phase.limited).to_string(),
    );
    row(
        "other answers than 200",
        sum(|phase| phase.failed).to_string(),
    );
    row("events received", sum(|phase| phase.events).to_string());
    let wall = |phases: &[Phase]| middle(phases.iter().flat_map(|phase| phase.wall.clone()));
    if let (Some(alone), Some(beside)) = (wall(quiet), wall(loaded)) {
        row(
            "a clip by the clock, median, quiet",
            format!("{alone:.2} s"),
        );
        row(
            "a clip by the clock, median, loaded",
            format!("{beside:.2} s ({:+.1} %)", (beside / alone - 1.0) * 100.0),
        );
    }
    let spent = |phases: &[Phase]| {
        let all = phases
            .iter()
            .map(|phase| Some(phase.cpu? / phase.clips as f64));
        middle(all.flatten())
    };
    if let (Some(alone), Some(beside)) = (spent(quiet), spent(loaded)) {
        let clips: usize = loaded.iter().map(|phase| phase.clips).sum();
        let serving = (beside - alone) * clips as f64 / seconds;
        row("processor time a clip, quiet", format!("{alone:.2} s"));
        row("processor time a clip, loaded", format!("{beside:.2} s"));
        row(
            "so serving takes",
            format!("{:.1} % of one core", serving * 100.0),
        );
    }
    text
}

fn spread(all: impl Iterator<Item = f64>) -> String {
    let mut all: Vec<f64> = all.collect();
    all.sort_by(f64::total_cmp);
    let at =
        |part: f64| all.get(((all.len() as f64 * part) as usize).min(all.len().saturating_sub(1)));
    let figure = |part| at(part).map_or("–".to_owned(), |ms| format!("{ms:.1}"));
    format!(
        "median {} ms, p95 {}, p99 {}, slowest {}",
        figure(0.5),
        figure(0.95),
        figure(0.99),
        figure(1.0)
    )
}

fn middle(all: impl Iterator<Item = f64>) -> Option<f64> {
    let mut all: Vec<f64> = all.collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}
