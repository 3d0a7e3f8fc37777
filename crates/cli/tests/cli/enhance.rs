//! Prompts that are filled in, by rules and by an endpoint.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use super::support::{Place, QUICK, Run};

const DRY: [&str; 5] = ["generate", "a frog", "--dry-run", "--json", "--seed=7"];

fn request(run: &Run) -> serde_json::Value {
    let said: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
    said["request"].clone()
}

#[test]
fn a_short_prompt_is_filled_in_offline_shown_and_stored() {
    let place = Place::new();
    let run = place.run(&[&DRY[..], &["--enhance"]].concat()).ok();
    let asked = request(&run);
    let prompt = asked["prompt"].as_str().unwrap();
    assert!(
        prompt.starts_with("a frog ") && prompt.contains(','),
        "{prompt}"
    );
    assert_eq!(asked["enhanced"]["from"], "a frog");
    assert_eq!(asked["enhanced"]["by"], "rules");
    let again = place.run(&[&DRY[..], &["--enhance=rules"]].concat()).ok();
    assert_eq!(request(&again)["prompt"], prompt);

    let made = place
        .generate(&["一只青蛙", "--enhance", "--seed", "7", "--verbose"])
        .ok();
    // Named after what was typed.
    assert_eq!(made.stdout(), "一只青蛙-7.mp4\n");
    let record = place.json("一只青蛙-7.json");
    let prompt = record["request"]["prompt"].as_str().unwrap();
    assert!(prompt.starts_with("一只青蛙在"), "{prompt}");
    assert!(made.stderr().contains(prompt), "{}", made.stderr());
    // A repeat draws the same words and does not fill in once more.
    place
        .run(&["generate", "--from", "一只青蛙-7.json", "-o", "b.mp4"])
        .ok();
    assert_eq!(place.track("一只青蛙-7.mp4"), place.track("b.mp4"));
    assert_eq!(
        place.json("b.json")["request"]["enhanced"]["from"],
        "一只青蛙"
    );
    let typed = [
        &[
            "generate",
            "--from",
            "b.json",
            "a lion",
            "--dry-run",
            "--json",
        ][..],
        &QUICK,
    ];
    let typed = request(&place.run(&typed.concat()).ok());
    assert!(typed.get("enhanced").is_none(), "{typed}");
}

/// Answers one call with `status` and `body`; gives what was asked.
fn endpoint(status: &'static str, body: String) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/", listener.local_addr().unwrap());
    let answer = move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        let mut buffer = [0; 4096];
        let whole = |asked: &[u8]| {
            let text = String::from_utf8_lossy(asked).into_owned();
            let (head, body) = text.split_once("\r\n\r\n")?;
            let length = head.lines().find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            });
            (body.len() >= length.unwrap_or(0)).then_some(text)
        };
        let text = loop {
            let count = stream.read(&mut buffer).unwrap();
            asked.extend_from_slice(&buffer[..count]);
            if let Some(text) = whole(&asked) {
                break text;
            }
            assert!(count > 0, "the call broke off");
        };
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
        .unwrap();
        text
    };
    (url, thread::spawn(answer))
}

fn ask(place: &Place, url: &str, by: &str) -> Run {
    let mut command = place.command(&[&DRY[..], &[by]].concat());
    command.env("KINORA_CHAT_URL", url);
    command.env("KINORA_CHAT_MODEL", "small-talk");
    command.env("KINORA_CHAT_KEY", "secret");
    Run(command.output().unwrap())
}

#[test]
fn a_chat_endpoint_writes_the_prompt_where_one_is_set() {
    let place = Place::new();
    let body = r#"{"choices":[{"message":{"role":"assistant","content":"\"A frog sits\nin the snow.\""}}]}"#;
    let (url, server) = endpoint("200 OK", body.into());
    let run = ask(&place, &url, "--enhance").ok();
    let asked = server.join().unwrap();
    assert!(asked.starts_with("POST /v1/chat/completions "), "{asked}");
    assert!(
        asked.contains("Bearer secret") && asked.contains("small-talk"),
        "{asked}"
    );
    // The model's own words go with it.
    assert!(
        asked.contains("a frog") && asked.contains("desert"),
        "{asked}"
    );
    let request = request(&run);
    assert_eq!(request["prompt"], "A frog sits in the snow.");
    assert_eq!(request["enhanced"]["by"], "small-talk");
}

#[test]
fn an_endpoint_that_fails_is_named_and_the_rules_step_in() {
    let place = Place::new();
    let (url, server) = endpoint("503 Service Unavailable", "overloaded".into());
    let run = ask(&place, &url, "--enhance").ok();
    server.join().unwrap();
    assert_eq!(request(&run)["enhanced"]["by"], "rules");
    assert!(run.stdout().contains("503"), "{}", run.stdout());
    // Asked for by name it is an error.
    let (url, server) = endpoint("200 OK", r#"{"choices":[]}"#.into());
    let run = ask(&place, &url, "--enhance=chat");
    server.join().unwrap();
    assert_eq!(run.code(), 1, "{}", run.stderr());
    assert!(run.stderr().contains("no prompt"), "{}", run.stderr());
    place
        .run(&[&DRY[..], &["--enhance=chat"]].concat())
        .refused(&["KINORA_CHAT_URL"]);
}
