//! A connection that asks, and one that listens. HTTP/1.1 by hand: what is timed is the server.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// One connection, kept open.
pub struct Client {
    stream: BufReader<TcpStream>,
    /// Headers that say who asks.
    who: String,
}

/// An answer: its status, a cookie that it sets, and its bytes.
pub struct Answer {
    pub status: u16,
    cookie: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    pub fn with_key(addr: &str, key: &str) -> Result<Self> {
        Self::open(addr, format!("Authorization: Bearer {key}\r\n"))
    }

    pub fn log_in(addr: &str, name: &str, password: &str) -> Result<Self> {
        let mut client = Self::open(addr, String::new())?;
        let body = json!({"name": name, "password": password}).to_string();
        let answer = client.ask("POST", "/api/login", &body)?;
        let cookie = answer.cookie.context("a login gives a cookie")?;
        client.who = format!("Cookie: {cookie}\r\nX-CSRF: 1\r\n");
        Ok(client)
    }

    fn open(addr: &str, who: String) -> Result<Self> {
        let stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let stream = BufReader::new(stream);
        Ok(Self { stream, who })
    }

    pub fn get(&mut self, path: &str) -> Result<Value> {
        let answer = self.ask("GET", path, "")?;
        self.json("GET", path, &answer)
    }

    pub fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        let answer = self.ask("POST", path, &body.to_string())?;
        self.json("POST", path, &answer)
    }

    fn json(&self, method: &str, path: &str, answer: &Answer) -> Result<Value> {
        if !(200..300).contains(&answer.status) {
            bail!("{method} {path}: {} {}", answer.status, answer.text());
        }
        Ok(serde_json::from_slice(&answer.body)?)
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> Result<()> {
        let kind = match body.is_empty() {
            true => String::new(),
            false => format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            ),
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{}{kind}\r\n{body}",
            self.who
        );
        Ok(self.stream.get_mut().write_all(head.as_bytes())?)
    }

    /// Asks, and reads the whole answer.
    pub fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<Answer> {
        self.send(method, path, body)?;
        let (status, headers) = self.head()?;
        let header = |name: &str| {
            let found = headers.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str())
        };
        let mut body = Vec::new();
        if let Some(length) = header("content-length") {
            body.resize(length.parse()?, 0);
            self.stream.read_exact(&mut body)?;
        } else if header("transfer-encoding").is_some() {
            while let Some(chunk) = self.chunk()? {
                body.extend(chunk);
            }
        }
        let cookie = header("set-cookie").and_then(|value| value.split(';').next());
        Ok(Answer {
            status,
            cookie: cookie.map(str::to_owned),
            body,
        })
    }

    fn head(&mut self) -> Result<(u16, Vec<(String, String)>)> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line
            .split(' ')
            .nth(1)
            .context("the server hung up")?
            .parse()?;
        let mut headers = Vec::new();
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                return Ok((status, headers));
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim_end(), 16)?;
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes)?;
        bytes.truncate(length);
        Ok((length > 0).then_some(bytes))
    }

    /// Listens to the stream of events until `over`; how many came.
    pub fn listen(mut self, over: &AtomicBool) -> Result<usize> {
        self.send("GET", "/api/events", "")?;
        let (status, _) = self.head()?;
        if status != 200 {
            bail!("the stream of events answered {status}");
        }
        self.stream
            .get_ref()
            .set_read_timeout(Some(Duration::from_millis(250)))?;
        let (mut events, mut bytes, mut line) = (0, [0; 8192], Vec::new());
        while !over.load(Ordering::Relaxed) {
            let count = match self.stream.read(&mut bytes) {
                Ok(0) => bail!("a stream of events ended early"),
                Ok(count) => count,
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            for &byte in &bytes[..count] {
                if byte == b'\n' {
                    events += usize::from(line.starts_with(b"event:"));
                    line.clear();
                } else {
                    line.push(byte);
                }
            }
        }
        Ok(events)
    }
}
