//! The studio as a program: it starts at once, and no moment is a bad one to end it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::Place;

const SERVE: [&str; 5] = ["serve", "--addr", "127.0.0.1:0", "--data", "data"];

struct Server {
    child: Child,
    addr: String,
}

impl Server {
    fn start(place: &Place) -> Self {
        Self::from(place.command(&SERVE))
    }

    fn from(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let addr = loop {
            let line = lines.next().expect("the server says where it is").unwrap();
            if let Some((_, addr)) = line.split_once("http://") {
                break addr.trim().to_owned();
            }
        };
        // Whoever is not read from stops at a full pipe.
        std::thread::spawn(move || lines.count());
        Self { child, addr }
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(&self.addr).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"))
    }
}

/// As a power cut would; also when a test fails.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_killed_server_loses_nothing_and_charges_once() {
    let place = Place::new();
    std::fs::write(
        place.path("studio.toml"),
        "plan = \"All\"\n[plans.All]\ncredits = 1000\n",
    )
    .unwrap();
    let server = Server::start(&place);
    let asked = json!({"prompt": "a frog in the snow", "seconds": 1, "size": "96x64", "fps": 8, "steps": 12, "variants": 2, "seed": 3});
    let job = server.ask("POST", "/api/jobs", &asked.to_string());
    let path = format!("/api/jobs/{}", job["id"].as_str().unwrap_or_default());
    // Moments spread over the whole of the work, from before its first step to its last file.
    let mut server = Some(server);
    for wait in [30, 150, 300, 450, 600, 750, 900] {
        std::thread::sleep(Duration::from_millis(wait));
        drop(server.take());
        server = Some(Server::start(&place));
    }
    let server = server.unwrap();
    let begun = Instant::now();
    let job = loop {
        let job = server.ask("GET", &path, "");
        if job["status"] == "completed" || job["status"] == "failed" {
            break job;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{job}");
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(job["status"], "completed", "{job}");
    let clips = server.ask("GET", "/api/clips?sort=created&order=asc", "");
    let seeds: Vec<&Value> = clips["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|clip| &clip["seed"])
        .collect();
    assert_eq!(seeds, [3, 4]);
    let usage = server.ask("GET", "/api/usage", "");
    assert_eq!(
        (&usage["credits_used"], &usage["videos_used"]),
        (&json!(50), &json!(2))
    );
    drop(server);
    for folder in ["data/jobs", "data/uploads"] {
        let left: Vec<_> = std::fs::read_dir(place.path(folder)).unwrap().collect();
        assert!(left.is_empty(), "{folder}: {left:?}");
    }
    assert_eq!(
        std::fs::read_dir(place.path("data/clips")).unwrap().count(),
        2
    );
}

/// No file may become larger than a MiB, so the database's log cannot grow: to the server, a disk that is full.
#[cfg(unix)]
#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let place = Place::new();
    let settings = "plan = \"All\"\n[plans.All]\ncredits = 100000\n";
    std::fs::write(place.path("studio.toml"), settings).unwrap();
    let whole = place.command(&SERVE);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\""])
        .arg(whole.get_program())
        .args(SERVE)
        .current_dir(place.path(""));
    let server = Server::from(limited);
    let asked = json!({"prompt": "a frog", "seconds": 1, "size": "96x64", "fps": 8, "steps": 1})
        .to_string();
    let mut accepted = Vec::new();
    let refusal = loop {
        let answer = server.ask("POST", "/api/jobs", &asked);
        match answer["id"].as_str() {
            Some(id) => accepted.push(id.to_owned()),
            None => break answer,
        }
        assert!(accepted.len() < 400, "the disk never became full");
    };
    assert_eq!(refusal["error"]["code"], "disk_full", "{refusal}");
    assert!(!accepted.is_empty());
    // What was there can still be looked at.
    let jobs = server.ask("GET", "/api/jobs?limit=500", "");
    assert_eq!(jobs["items"].as_array().unwrap().len(), accepted.len());
    drop(server);

    let server = Server::start(&place);
    let begun = Instant::now();
    while server.ask("GET", "/api/jobs?status=active", "")["items"] != json!([]) {
        assert!(begun.elapsed() < Duration::from_secs(120));
        std::thread::sleep(Duration::from_millis(200));
    }
    for id in &accepted {
        let job = server.ask("GET", &format!("/api/jobs/{id}"), "");
        assert_eq!(job["status"], "completed", "{job}");
    }
    let (clips, usage) = (
        server.ask("GET", "/api/clips", ""),
        server.ask("GET", "/api/usage", ""),
    );
    assert_eq!(clips["total"], accepted.len());
    assert_eq!(usage["credits_used"], 25 * accepted.len());
}

#[test]
fn two_servers_do_not_share_a_folder() {
    let place = Place::new();
    let server = Server::start(&place);
    let second = place.run(&["serve", "--addr", "127.0.0.1:0", "--data", "data"]);
    assert_eq!(second.code(), 2);
    assert!(
        second.stderr().contains("another server"),
        "{}",
        second.stderr()
    );
    drop(server);
}

#[test]
fn a_server_and_its_worker_may_start_at_the_same_moment() {
    let place = Place::new();
    let mut worker = place.command(&["worker", "--data", "data"]);
    let worker = worker
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server::start(&place);
    let mut worker = Server {
        child: worker,
        addr: server.addr.clone(),
    };
    let asked = json!({"prompt": "a frog", "seconds": 1, "size": "96x64", "fps": 8, "steps": 1});
    let job = server.ask("POST", "/api/jobs", &asked.to_string());
    // Whoever is free may have begun it before the answer was written.
    let status = job["status"].as_str().unwrap_or_default();
    assert!(["queued", "running"].contains(&status), "{job}");
    std::thread::sleep(Duration::from_millis(500));
    assert!(
        worker.child.try_wait().unwrap().is_none(),
        "the worker ended"
    );
}

#[test]
fn help_names_every_setting_and_its_variable() {
    let place = Place::new();
    let help = place.run(&["serve", "--help"]).ok().stdout();
    for (name, _) in kinora_studio::config::SETTINGS {
        let variable = kinora_studio::config::variable(name);
        assert!(help.contains(name) && help.contains(&variable), "{name}");
    }
    let refused = place
        .command(&["serve"])
        .env("KINORA_LIMITS_READS", "many")
        .output();
    let said = String::from_utf8(refused.unwrap().stderr).unwrap();
    assert!(said.to_lowercase().contains("limits.reads"), "{said}");
}
