//! Words that are refused: named, not charged, on record, and overruled.

use std::io::{Read, Write};
use std::net::TcpListener;

use kinora_studio::plans::Plan;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Studio, picture, small};

const LIST: &str = "[beasts] No mammoths here.\nmammoth* + desert\n猛犸\n";

/// A studio with this list, a plan that counts, and no worker.
async fn studio() -> Studio {
    let studio = Studio::with(|config| {
        config.workers = 0;
        let plan = Plan {
            credits: Some(100),
            ..Plan::default()
        };
        config.plans.insert("All".into(), plan);
        config.plan = Some("All".into());
    })
    .await;
    let changed = studio
        .ask(
            Method::PATCH,
            "/api/moderation",
            Some(json!({"list": LIST, "enabled": true})),
        )
        .await;
    assert_eq!(changed.0, 200, "{}", changed.1);
    assert_eq!(changed.1["rules"][0]["name"], "beasts");
    studio
}

async fn refused(studio: &Studio, path: &str, body: Value) -> Value {
    let (status, answer) = studio.ask(Method::POST, path, Some(body)).await;
    assert_eq!(status, 400, "{answer}");
    assert_eq!(answer["error"]["code"], "moderation_blocked", "{answer}");
    answer["error"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_alone_is_not_moderated() {
    let studio = Studio::idle().await;
    assert_eq!(studio.get("/api/moderation").await["enabled"], false);
    studio
        .post("/api/jobs", small("a porn film about porn"))
        .await;
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_its_rule_and_costs_nothing() {
    let studio = studio().await;
    let prompt = "Two MAMMOTHS in the desert";
    let error = refused(&studio, "/api/jobs", small(prompt)).await;
    let said = error["message"].as_str().unwrap();
    assert!(
        error["rule"] == "beasts" && said.contains("mammoth*") && said.contains("No mammoths here"),
        "{error}"
    );
    let by_v1 = json!({"prompt": prompt, "size": "96x64", "seconds": "1", "steps": 2});
    let error = refused(&studio, "/v1/videos", by_v1).await;
    assert!(
        error["type"] == "invalid_request_error" && error["param"] == "prompt",
        "{error}"
    );
    // What stands on a card counts as what stands in the prompt; a phrase alone is met or not.
    let board = json!({"tool": "storyboard", "size": "96x64", "steps": 2, "board": {"duration": 2.0, "prompt": "the desert",
        "cards": [{"at": 0.0, "text": "一只猛犸象"}]}});
    refused(&studio, "/api/jobs", board).await;
    assert_eq!(studio.get("/api/usage").await["credits_used"], 0);
    assert_eq!(studio.get("/api/jobs").await["items"], json!([]));
    let fine = studio
        .post("/api/jobs", small("a mammoth in the snow"))
        .await;
    assert_eq!(fine["status"], "queued");

    // The estimate warns before anybody presses the button, and leaves no record.
    let estimate = studio
        .post("/api/jobs/estimate", small("desert, mammoth, dusk"))
        .await;
    assert!(
        estimate["warnings"][0].as_str().unwrap().contains("beasts"),
        "{estimate}"
    );
    let log = studio.get("/api/moderation/refusals").await;
    let log = log["items"].as_array().unwrap();
    assert_eq!(log.len(), 2, "{log:?}");
    let row = log.iter().find(|row| row["text"] == prompt).unwrap();
    assert_eq!(
        (&row["times"], &row["rule"], &row["words"]),
        (&json!(2), &json!("beasts"), &json!("mammoth*, desert"))
    );

    // Overruled: this text of this user, and nothing else; and back again.
    let path = format!("/api/moderation/refusals/{}", row["id"]);
    let verdict = |allowed: bool| Some(json!({ "allowed": allowed }));
    assert_eq!(studio.ask(Method::PATCH, &path, verdict(true)).await.0, 200);
    let made = studio.post("/api/jobs", small(prompt)).await;
    assert_eq!(made["status"], "queued");
    refused(
        &studio,
        "/api/jobs",
        small("another mammoth, another desert"),
    )
    .await;
    studio.ask(Method::PATCH, &path, verdict(false)).await;
    refused(&studio, "/api/jobs", small(prompt)).await;
    let nothing = studio
        .ask(Method::PATCH, "/api/moderation/refusals/999", verdict(true))
        .await;
    assert_eq!(nothing.0, 404);

    // A list that does not parse changes nothing; an empty one brings the first back; off is off.
    let (status, said) = studio
        .ask(
            Method::PATCH,
            "/api/moderation",
            Some(json!({"list": "mammoth"})),
        )
        .await;
    assert!(
        status == 400
            && said["error"]["message"]
                .as_str()
                .unwrap()
                .contains("line 1"),
        "{said}"
    );
    refused(&studio, "/api/jobs", small(prompt)).await;
    let off = json!({"enabled": false});
    studio
        .ask(Method::PATCH, "/api/moderation", Some(off))
        .await;
    studio.post("/api/jobs", small(prompt)).await;
    let data = studio.stop().await;

    // What the administrator chose outlives the server.
    let studio = Studio::on(data, |config| config.workers = 0).await;
    let policy = studio.get("/api/moderation").await;
    assert_eq!(
        (&policy["enabled"], &policy["list"], &policy["own"]),
        (&json!(false), &json!(LIST), &json!(true))
    );
    let (_, policy) = studio
        .ask(Method::PATCH, "/api/moderation", Some(json!({"list": ""})))
        .await;
    assert_eq!(policy["own"], false);
    studio.stop().await;
}

/// Answers each request with `answer`, and gives what it was asked.
fn service(answer: &'static str) -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/moderations", listener.local_addr().unwrap());
    let (sender, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut text = String::new();
            let mut buffer = [0; 4096];
            while !text.contains("\"input\"") || !text.ends_with('}') {
                match stream.read(&mut buffer).unwrap() {
                    0 => break,
                    count => text.push_str(&String::from_utf8_lossy(&buffer[..count])),
                }
            }
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
            let length = answer.len();
            let _ = write!(stream, "{head}\r\nContent-Length: {length}\r\n\r\n{answer}");
            let _ = sender.send(text);
        }
    });
    (url, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_asked_too_and_its_silence_is_no_consent() {
    let answer =
        r#"{"results": [{"flagged": true, "categories": {"harassment": true, "hate": false}}]}"#;
    let (url, asked) = service(answer);
    let studio = Studio::with(|config| {
        config.workers = 0;
        config.moderation.enabled = Some(true);
        config.moderation.hook = Some(url);
        config.moderation.hook_key = Some("a key".into());
    })
    .await;
    let error = refused(&studio, "/api/jobs", small("a frog")).await;
    assert_eq!(error["rule"], "harassment");
    let request = asked.recv().unwrap();
    assert!(
        request.contains("a frog") && request.contains("Bearer a key"),
        "{request}"
    );
    studio.stop().await;

    // A port that nobody listens at.
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for (may_fail, expected) in [(false, 503), (true, 201)] {
        let studio = Studio::with(|config| {
            config.workers = 0;
            config.moderation.enabled = Some(true);
            config.moderation.hook = Some(format!("http://{closed}/"));
            config.moderation.hook_may_fail = may_fail;
        })
        .await;
        let (status, answer) = studio
            .ask(Method::POST, "/api/jobs", Some(small("a frog")))
            .await;
        assert_eq!(status, expected, "{answer}");
        studio.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_shown_to_the_service_and_refused_by_it() {
    let (url, asked) =
        service(r#"{"results": [{"flagged": true, "categories": {"violence": true}}]}"#);
    let with = |shown: bool, url: &str| {
        let url = url.to_owned();
        Studio::with(move |config| {
            config.workers = 0;
            config.moderation.enabled = Some(true);
            config.moderation.hook = Some(url);
            config.moderation.hook_pictures = shown;
        })
    };
    let studio = with(true, &url).await;
    let (status, said) = studio.upload("a lion.png", picture()).await;
    assert_eq!(
        (status.as_u16(), &said["error"]["rule"]),
        (400, &json!("violence")),
        "{said}"
    );
    let request = asked.recv().unwrap();
    assert!(
        request.contains("image_url") && request.contains("data:image/jpeg;base64,/9j/"),
        "{request}"
    );
    // Nothing of it stays but the record, by which it can be let pass.
    for folder in ["clips", "uploads"] {
        let left = std::fs::read_dir(studio.data.path().join(folder)).unwrap();
        assert_eq!(left.count(), 0, "{folder}");
    }
    assert_eq!(studio.get("/api/clips").await["total"], 0);
    let log = studio.get("/api/moderation/refusals").await;
    let row = &log["items"][0];
    assert_eq!(row["origin"], "upload");
    assert!(
        row["text"]
            .as_str()
            .unwrap()
            .starts_with("a lion (SHA-256 "),
        "{row}"
    );
    // A picture that comes with a request for a video is no other.
    let form = reqwest::multipart::Form::new()
        .text("prompt", "a frog")
        .part(
            "input_reference",
            reqwest::multipart::Part::bytes(picture()).file_name("b.png"),
        );
    let sent = studio
        .http
        .post(studio.url("/v1/videos"))
        .multipart(form)
        .send();
    let answer = sent.await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(studio.get("/api/jobs").await["items"], json!([]));
    let path = format!("/api/moderation/refusals/{}", row["id"]);
    studio
        .ask(Method::PATCH, &path, Some(json!({"allowed": true})))
        .await;
    let (status, clip) = studio.upload("a lion.png", picture()).await;
    assert_eq!(status, 201, "{clip}");
    studio.stop().await;

    // Only where the operator wants it.
    let studio = with(false, &url).await;
    assert_eq!(studio.upload("a.png", picture()).await.0, 201);
    studio.stop().await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/", closed.local_addr().unwrap());
    drop(closed);
    let studio = with(true, &nobody).await;
    let (status, said) = studio.upload("a.png", picture()).await;
    assert_eq!(status, 503, "{said}");
    studio.stop().await;
}
