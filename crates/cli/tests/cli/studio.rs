//! `kinora serve` and `kinora worker`, started, asked and ended.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::Place;

pub const SERVE: [&str; 5] = ["serve", "--addr", "127.0.0.1:0", "--data", "data"];
pub const WORK: [&str; 3] = ["worker", "--data", "data"];

/// What processes said, in the order in which it was read.
pub type Log = Arc<Mutex<Vec<String>>>;

/// A process that goes on until it is dropped: then it ends as in a power cut, also when a test fails.
pub struct Program {
    child: Child,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Program {
    pub fn start(command: Command) -> Self {
        Self::logged(command, &Log::default())
    }

    /// What it says on stderr goes into `log`: whoever is not read from stops at a full pipe.
    pub fn logged(mut command: Command, log: &Log) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (stderr, log) = (child.stderr.take().unwrap(), log.clone());
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                log.lock().unwrap().push(line);
            }
        });
        Self {
            child,
            reader: Some(reader),
        }
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub fn id(&self) -> String {
        self.child.id().to_string()
    }

    /// Asks it to end, and waits until it has.
    #[cfg(unix)]
    pub fn shut_down(mut self) {
        let kill = Command::new("kill").args(["-TERM", &self.id()]).status();
        assert!(kill.unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Its last words count.
        let _ = self.reader.take().map(|reader| reader.join());
    }
}

pub struct Server {
    pub program: Program,
    addr: String,
}

impl Server {
    pub fn start(place: &Place) -> Self {
        Self::logged(place.command(&SERVE), &Log::default())
    }

    pub fn logged(command: Command, log: &Log) -> Self {
        let from = log.lock().unwrap().len();
        let mut program = Program::logged(command, log);
        let begun = Instant::now();
        let addr = loop {
            let said = log.lock().unwrap()[from..].to_vec();
            let at = said
                .iter()
                .find_map(|line| line.strip_prefix("Kinora is at http://"));
            if let Some(addr) = at {
                break addr.trim().to_owned();
            }
            assert!(program.is_running(), "it ended: {said:?}");
            assert!(begun.elapsed() < Duration::from_secs(60), "{said:?}");
            std::thread::sleep(Duration::from_millis(5));
        };
        Self { program, addr }
    }

    /// The answer's status and body.
    pub fn send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.addr).unwrap();
        let patience = Some(Duration::from_secs(60));
        stream.set_read_timeout(patience).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        // A server that refuses need not read all of it.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("{method} {path}: no answer ({read:?})"));
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
        (status.expect("a status"), answer.split_off(end + 4))
    }

    pub fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let (status, answer) = self.send(method, path, "application/json", body.as_bytes());
        let text = String::from_utf8_lossy(&answer);
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{method} {path}: {status} {text}"))
    }

    pub fn get(&self, path: &str) -> Value {
        self.ask("GET", path, "")
    }

    /// Sends a file as the part `file` of a form.
    pub fn upload(&self, path: &str, name: &str, bytes: &[u8]) -> (u16, Value) {
        let head = format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
        );
        let body = [head.as_bytes(), bytes, b"\r\n--x--\r\n"].concat();
        let (status, answer) = self.send("POST", path, "multipart/form-data; boundary=x", &body);
        let answer = serde_json::from_slice(&answer);
        (status, answer.unwrap_or_default())
    }

    /// Waits until no job of the user's waits or runs.
    pub fn wait_for_all(&self) {
        let begun = Instant::now();
        while self.get("/api/jobs?status=active")["items"] != Value::Array(Vec::new()) {
            assert!(begun.elapsed() < Duration::from_secs(300), "still at work");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// The items of a list.
pub fn items(list: &Value) -> &Vec<Value> {
    list["items"].as_array().unwrap_or_else(|| panic!("{list}"))
}
