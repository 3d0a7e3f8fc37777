//! A stretch of time in which clips are drawn, alone or beside a crowd.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::client::Client;
use super::{Server, User};

/// Who asks while clips are drawn.
pub struct Crowd {
    pub clients: usize,
    pub streams: usize,
}

/// What was measured.
#[derive(Default)]
pub struct Phase {
    pub seconds: f64,
    /// Of each read, which of [`PATHS`] it was and its milliseconds.
    pub reads: Vec<(usize, f64)>,
    /// Answers 429.
    pub limited: usize,
    /// Answers that are neither 200 nor 429.
    pub failed: usize,
    pub events: usize,
    /// Seconds of each clip by the clock.
    pub wall: Vec<f64>,
    /// Seconds of processor time that the server had.
    pub cpu: Option<f64>,
    pub clips: usize,
}

/// What a client asks for in turn: a page and a program that wait for a clip, and one that looks through the library.
pub const PATHS: [&str; 6] = [
    "/api/jobs?status=active",
    "/api/jobs/{job}",
    "/api/clips?limit=60",
    "/v1/videos/video_{job}",
    "/api/clips/{clip}/thumbnail",
    "/api/usage",
];

pub fn run(server: &Server, users: &[User], clips: usize, crowd: Option<&Crowd>) -> Result<Phase> {
    let (addr, begun) = (server.addr.as_str(), Instant::now());
    let (spent, before) = (processor(server.child.id()), ended(server)?);
    // Everybody waits for a clip; the first users' are drawn in this phase.
    let mut jobs = Vec::new();
    for (number, user) in users.iter().enumerate() {
        let asked = json!({"prompt": "a woolly mammoth walks in the desert, wide-angle shot", "size": "854x480", "seconds": "5", "seed": 7});
        // Where one clip is to be drawn nobody else need wait.
        if crowd.is_some() || number < clips {
            let mut client = Client::with_key(addr, &user.key)?;
            let video = client.post("/v1/videos", &asked)?;
            let id = video["id"].as_str().context("a video has an id")?;
            jobs.push(id.trim_start_matches("video_").to_owned());
        }
    }
    let over = AtomicBool::new(false);
    let mut phase = std::thread::scope(|scope| -> Result<Phase> {
        let (mut pollers, mut listeners) = (Vec::new(), Vec::new());
        if let Some(crowd) = crowd {
            for number in 0..crowd.clients {
                let (user, job) = (&users[number % users.len()], &jobs[number % users.len()]);
                let over = &over;
                pollers
                    .push(scope.spawn(move || poll(addr, user, job, number, crowd.clients, over)));
            }
            for number in 0..crowd.streams {
                let (user, over) = (&users[number % users.len()], &over);
                listeners
                    .push(scope.spawn(move || Client::with_key(addr, &user.key)?.listen(over)));
            }
        }
        let drawn = draw(server, before + clips);
        let seconds = begun.elapsed().as_secs_f64();
        let cpu = processor(server.child.id())
            .zip(spent)
            .map(|(now, then)| now - then);
        over.store(true, Ordering::Relaxed);
        let mut phase = Phase {
            seconds,
            cpu,
            clips,
            ..Phase::default()
        };
        for poller in pollers {
            let part = poller
                .join()
                .map_err(|_| anyhow::anyhow!("a client panicked"))??;
            phase.reads.extend(part.reads);
            phase.limited += part.limited;
            phase.failed += part.failed;
        }
        for listener in listeners {
            phase.events += listener
                .join()
                .map_err(|_| anyhow::anyhow!("a listener panicked"))??;
        }
        drawn?;
        Ok(phase)
    })?;
    // What still waits was only there to wait.
    for (user, job) in users.iter().zip(&jobs) {
        let mut client = Client::with_key(addr, &user.key)?;
        client.post(&format!("/api/jobs/{job}/cancel"), &json!({}))?;
    }
    phase.wall = settled(addr, users, &jobs)?;
    Ok(phase)
}

/// Waits until so many jobs have ended since the server began.
fn draw(server: &Server, jobs: usize) -> Result<()> {
    let begun = Instant::now();
    while ended(server)? < jobs {
        std::thread::sleep(Duration::from_millis(50));
        if begun.elapsed() > Duration::from_secs(600) {
            bail!("the clips are not made in ten minutes");
        }
    }
    Ok(())
}

/// Jobs that the server has ended, as it tells Prometheus.
fn ended(server: &Server) -> Result<usize> {
    let answer = Client::with_key(&server.addr, &server.admin)?.ask("GET", "/metrics", "")?;
    if answer.status != 200 {
        bail!("GET /metrics: {} {}", answer.status, answer.text());
    }
    let counts = answer.text();
    let counts = counts
        .lines()
        .filter(|line| line.starts_with("kinora_jobs_ended_total"));
    let last = counts.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok());
    Ok(last.sum())
}

/// Waits until nothing is drawn any more; seconds of each clip that was completed.
fn settled(addr: &str, users: &[User], jobs: &[String]) -> Result<Vec<f64>> {
    let mut seconds = Vec::new();
    for (user, job) in users.iter().zip(jobs) {
        let mut client = Client::with_key(addr, &user.key)?;
        let path = format!("/api/jobs/{job}");
        let job = loop {
            let job = client.get(&path)?;
            if !matches!(job["status"].as_str(), Some("queued" | "running")) {
                break job;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        if job["status"] == "completed" {
            let (from, to) = (moment(&job["started_at"])?, moment(&job["finished_at"])?);
            seconds.push((to - from).rem_euclid(86_400.0));
        }
    }
    Ok(seconds)
}

/// Seconds since midnight of `2026-11-23T02:07:19.123Z`.
fn moment(text: &serde_json::Value) -> Result<f64> {
    let text = text.as_str().context("the job has its times")?;
    let (_, time) = text
        .trim_end_matches('Z')
        .split_once('T')
        .context("a time of day")?;
    let mut parts = time.split(':').map(str::parse::<f64>);
    let mut next = || parts.next().context("a time of day")?.context("a number");
    Ok(next()? * 3600.0 + next()? * 60.0 + next()?)
}

/// One client: asks once a second until `over`.
fn poll(
    addr: &str,
    user: &User,
    job: &str,
    number: usize,
    of: usize,
    over: &AtomicBool,
) -> Result<Phase> {
    let mut client = Client::with_key(addr, &user.key)?;
    let mut phase = Phase::default();
    // Spread over the second, as people are.
    std::thread::sleep(Duration::from_secs_f64(number as f64 / of as f64));
    let mut turn = number;
    while !over.load(Ordering::Relaxed) {
        let which = turn % PATHS.len();
        let path = PATHS[which]
            .replace("{job}", job)
            .replace("{clip}", &user.clip);
        turn += 1;
        let begun = Instant::now();
        let answer = client.ask("GET", &path, "")?;
        let took = begun.elapsed();
        match answer.status {
            200 => phase.reads.push((which, took.as_secs_f64() * 1e3)),
            429 => phase.limited += 1,
            _ => phase.failed += 1,
        }
        std::thread::sleep(Duration::from_secs(1).saturating_sub(took));
    }
    Ok(phase)
}

/// Seconds of processor time that a process has had; where the system tells.
fn processor(id: u32) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name, in brackets, may have spaces in it.
    let (_, fields) = text.rsplit_once(") ")?;
    let mut fields = fields
        .split(' ')
        .skip(11)
        .map(|field| field.parse::<f64>().ok());
    // A hundred ticks a second, on every Linux.
    Some((fields.next()?? + fields.next()??) / 100.0)
}
