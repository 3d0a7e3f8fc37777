//! From a prompt to a clip in the library.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Studio, picture, small};

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_becomes_clips_with_their_files_and_events_tell_of_it() {
    let studio = Studio::start().await;
    let mut events = studio
        .http
        .get(studio.url("/api/events"))
        .send()
        .await
        .unwrap();
    let mut asked = small("a woolly mammoth walks in the desert");
    asked["variants"] = json!(2);
    let job = studio.post("/api/jobs", asked).await;
    assert_eq!(job["variants"], 2);
    assert_eq!(job["request"]["seed"], 7);
    let job = studio
        .wait(job["id"].as_str().unwrap(), &["completed", "failed"])
        .await;
    assert_eq!(
        (&job["status"], &job["progress"]),
        (&json!("completed"), &json!(100.0)),
        "{job}"
    );

    let clips = studio.get("/api/clips?sort=created&order=asc").await;
    assert_eq!(clips["total"], 2);
    let clip = &clips["items"][0];
    assert_eq!(
        (&clip["width"], &clip["height"], &clip["frames"]),
        (&json!(96), &json!(64), &json!(8))
    );
    assert_eq!(clip["seed"], 7);
    assert_eq!(clips["items"][1]["seed"], 8);
    assert_eq!(clip["sprite"]["count"], 8);
    for (what, kind, magic) in [
        ("video", "video/mp4", &b"ftyp"[..]),
        ("thumbnail", "image/webp", b"WEBP"),
        ("spritesheet", "image/jpeg", b"JFIF"),
        ("sidecar", "application/json", b"\"seed\""),
    ] {
        let answer = studio
            .http
            .get(studio.url(clip["urls"][what].as_str().unwrap()))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.headers()["content-type"], kind, "{what}");
        let bytes = answer.bytes().await.unwrap();
        assert!(
            bytes.windows(magic.len()).any(|part| part == magic),
            "{what}"
        );
    }
    let video = studio.url(clip["urls"]["video"].as_str().unwrap());
    let part = studio
        .http
        .get(video)
        .header("range", "bytes=4-7")
        .send()
        .await
        .unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(&part.bytes().await.unwrap()[..], b"ftyp");

    for (format, magic) in [
        ("gif", &b"GIF8"[..]),
        ("png", b"\x89PNG"),
        ("mp4", b"\0\0\0"),
    ] {
        let url = format!(
            "{}?format={format}",
            clip["urls"]["download"].as_str().unwrap()
        );
        let answer = studio.http.get(studio.url(&url)).send().await.unwrap();
        let name = answer.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            name.contains(&format!("a-woolly-mammoth-walks-in-the-desert-7.{format}")),
            "{name}"
        );
        assert!(answer.bytes().await.unwrap().starts_with(magic), "{format}");
    }
    // Dropped in again, the file says itself how it was made.
    let file = studio
        .http
        .get(studio.url(clip["urls"]["download"].as_str().unwrap()));
    let file = file.send().await.unwrap().bytes().await.unwrap();
    let (_, found) = studio.upload("from a friend.mp4", file.to_vec()).await;
    assert_eq!(
        (&found["kind"], &found["seed"], &found["prompt"]),
        (&json!("upload"), &json!(7), &clip["prompt"])
    );
    let again = &found["settings"];
    assert_eq!(
        (&again["seed"], &again["size"]),
        (&json!(7), &json!("96x64")),
        "{found}"
    );
    let estimate = studio
        .ask(Method::POST, "/api/jobs/estimate", Some(again.clone()))
        .await;
    assert_eq!(estimate.0, StatusCode::OK, "{}", estimate.1);
    // What the pages offer is what the server gives.
    let offered = studio.get("/api/status").await["ffmpeg"] == true;
    let url = format!("{}?format=webm", clip["urls"]["download"].as_str().unwrap());
    let answer = studio.http.get(studio.url(&url)).send().await.unwrap();
    match offered {
        true => assert!(
            answer
                .bytes()
                .await
                .unwrap()
                .starts_with(b"\x1a\x45\xdf\xa3")
        ),
        false => assert_eq!(answer.status(), StatusCode::BAD_REQUEST),
    }
    assert!(
        !studio
            .data
            .path()
            .join("jobs")
            .join(job["id"].as_str().unwrap())
            .exists(),
        "the work is cleared away"
    );

    let mut told = String::new();
    while !(told.contains("event: clip")
        && told.contains("\"status\":\"completed\"")
        && told.contains("\"clips\":2"))
    {
        let chunk = tokio::time::timeout(Duration::from_secs(10), events.chunk()).await;
        told.push_str(&String::from_utf8_lossy(
            &chunk.expect(&told).unwrap().unwrap(),
        ));
    }
    assert!(told.starts_with("event: snapshot"));
    assert!(told.contains("\"stage\":\"denoise\"") && told.contains("\"stage\":\"decode\""));

    let estimate = studio.post("/api/jobs/estimate", small("a frog")).await;
    assert!(
        estimate["seconds_estimate"].as_f64().unwrap() > 0.0,
        "{estimate}"
    );
    assert_eq!(estimate["credits"], 25);
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_begins_a_clip_and_is_its_parent() {
    let studio = Studio::start().await;
    let (status, upload) = studio.upload("beach.PNG", picture()).await;
    assert_eq!(status, StatusCode::CREATED, "{upload}");
    assert_eq!(
        (&upload["kind"], &upload["title"], &upload["frames"]),
        (&json!("upload"), &json!("beach"), &json!(1))
    );
    let mut asked = small("a frog");
    asked["image"] = upload["id"].clone();
    let job = studio.post("/api/jobs", asked).await;
    let job = studio
        .wait(job["id"].as_str().unwrap(), &["completed", "failed"])
        .await;
    assert_eq!(job["status"], "completed", "{job}");
    let clip = job["clips"][0].as_str().unwrap();
    let lineage = studio.get(&format!("/api/clips/{clip}/lineage")).await;
    assert_eq!(lineage["ancestors"][0]["id"], upload["id"]);
    let parent = studio
        .get(&format!("/api/clips/{}", upload["id"].as_str().unwrap()))
        .await;
    assert_eq!(parent["children_count"], 1);
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_made_is_refused_with_a_sentence() {
    let studio = Studio::idle().await;
    let nothing = "0".repeat(32);
    for (change, status, word) in [
        (json!({"prompt": " "}), 400, "prompt is empty"),
        (json!({"seconds": 500}), 400, "seconds"),
        (json!({"size": "12"}), 400, "not a size"),
        (json!({"variants": 9}), 400, "variants"),
        (json!({"model": "/etc"}), 400, "no model"),
        (json!({"style": "cubism"}), 400, "no style"),
        (json!({"steps": "many"}), 400, "does not fit"),
        (json!({"image": nothing}), 404, "no such clip"),
        (json!({"folder_id": nothing}), 404, "no such folder"),
    ] {
        let mut asked = small("a frog");
        asked
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let (got, body) = studio.ask(Method::POST, "/api/jobs", Some(asked)).await;
        let message = body["error"]["message"].as_str().unwrap_or_default();
        assert!(
            got == status && message.contains(word),
            "{change}: {got} {body}"
        );
    }
    assert_eq!(studio.get("/api/jobs").await["items"], json!([]));
    for bytes in [&b"hello"[..], b"", b"\x89PNG\r\n\x1a\nbroken", b"GIF89a"] {
        let (status, body) = studio.upload("a.png", bytes.to_vec()).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{body}");
    }
    assert_eq!(
        std::fs::read_dir(studio.data.path().join("uploads"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(
        std::fs::read_dir(studio.data.path().join("clips"))
            .unwrap()
            .count(),
        0
    );
    studio.stop().await;
}
