//! Every tool on the timeline, from its request to the clip and its ancestry.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Studio, picture, small};

/// Makes a clip; its length in seconds is held against `seconds`.
async fn make(studio: &Studio, asked: Value, seconds: f64) -> Value {
    let job = studio.post("/api/jobs", asked.clone()).await;
    let job = studio
        .wait(job["id"].as_str().unwrap(), &["completed", "failed"])
        .await;
    assert_eq!(job["status"], "completed", "{asked}: {job}");
    let clip = studio
        .get(&format!("/api/clips/{}", job["clips"][0].as_str().unwrap()))
        .await;
    assert_eq!(clip["tool"], asked["tool"]);
    let got = clip["seconds"].as_f64().unwrap();
    assert!((got - seconds).abs() < 0.2, "{asked}: {got} s");
    clip
}

#[tokio::test(flavor = "multi_thread")]
async fn a_board_keeps_its_own_seed_and_finds_its_clips() {
    let studio = Studio::start().await;
    let board = json!({"duration": 0.5, "seed": 7, "cards": [{"at": 0, "text": "a crane"}]});
    let asked = json!({"tool": "storyboard", "board": board, "board_id": "crane", "size": "96x64", "fps": 8, "steps": 1});
    let clip = make(&studio, asked, 0.5).await;
    assert_eq!(clip["seed"], 7);
    assert_eq!(clip["settings"]["board"], board, "as it was sent");
    studio.upload("other.png", picture()).await;
    let of = async |board: &str| studio.get(&format!("/api/clips?board={board}")).await;
    assert_eq!(of("crane").await["items"], json!([clip]));
    assert_eq!(of("another").await["total"], 0);
    let wrong =
        json!({"tool": "storyboard", "board": {"duration": 1, "seed": 9007199254740993u64}});
    assert_eq!(
        studio.ask(Method::POST, "/api/jobs", Some(wrong)).await.0,
        400
    );
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tool_takes_clips_and_leaves_their_child() {
    let studio = Studio::start().await;
    let a = make(&studio, small("a frog in the snow"), 1.0).await;
    let b = make(&studio, small("a lion in the desert"), 1.0).await;
    let (a, b) = (&a["id"], &b["id"]);
    let cards = json!([{"at": 0, "text": "a crane", "ui": 1}, {"at": 1.0, "image": a, "text": ""}]);
    let board = json!({"duration": 1.5, "prompt": "a stream", "seed": null, "cards": cards});
    let slow = json!([{"at": 0, "clip": a, "in": 0.5, "out": 1, "speed": 0.5}]);
    let slow = json!({"duration": 1.0, "prompt": "slower", "cards": slow});
    for (asked, seconds, parents) in [
        (
            json!({"tool": "storyboard", "board": board, "size": "96x64", "fps": 8, "steps": 1}),
            1.5,
            1,
        ),
        (json!({"tool": "storyboard", "board": slow}), 1.0, 1),
        (
            json!({"tool": "extend", "clip": a, "after": 1, "steps": 1}),
            2.0,
            1,
        ),
        (
            json!({"tool": "recut", "clip": a, "ranges": [[0, 0.25], [0.5, 1]], "gap": 0.5, "steps": 1}),
            1.25,
            1,
        ),
        (
            json!({"tool": "recut", "clip": a, "ranges": [[0, 0.5], [0.5, 1]], "speeds": [0.5, 2]}),
            1.25,
            1,
        ),
        (
            json!({"tool": "remix", "clip": a, "prompt": "a lion", "strength": "mild", "steps": 2}),
            1.0,
            1,
        ),
        (
            json!({"tool": "blend", "clip": a, "clip_b": b, "curve": [[0, 0], [0.5, 1]], "steps": 2}),
            1.5,
            2,
        ),
        (
            json!({"tool": "loop", "clip": a, "length": "short", "steps": 1}),
            3.0,
            1,
        ),
    ] {
        let clip = make(&studio, asked, seconds).await;
        assert_eq!(clip["parents"].as_array().unwrap().len(), parents, "{clip}");
        assert_ne!(clip["prompt"], "", "{clip}");
    }
    let uneven = json!({"tool": "recut", "clip": a, "ranges": [[0, 1]], "speeds": []});
    let (status, said) = studio.ask(Method::POST, "/api/jobs", Some(uneven)).await;
    assert!(
        status == 400
            && said
                .to_string()
                .contains("speeds (0) is not that of ranges (1)"),
        "{said}"
    );
    let lineage = studio
        .get(&format!("/api/clips/{}/lineage", a.as_str().unwrap()))
        .await;
    assert_eq!(lineage["children"].as_array().unwrap().len(), 8);
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_without_what_they_need_say_so() {
    let studio = Studio::idle().await;
    for (asked, word) in [
        (json!({"tool": "extend", "after": 1}), "clip"),
        (json!({"tool": "storyboard"}), "board"),
        (
            json!({"tool": "storyboard", "board": {"duration": 3, "cards": [{"at": 9, "text": "a frog"}]}}),
            "card",
        ),
        (
            json!({"tool": "storyboard", "board": {"duration": "long"}}),
            "does not fit",
        ),
        (json!({"tool": "paint"}), "does not fit"),
    ] {
        let (status, body) = studio
            .ask(Method::POST, "/api/jobs", Some(asked.clone()))
            .await;
        let said = body["error"]["message"].as_str().unwrap_or_default();
        assert!(
            status == 400 && said.contains(word),
            "{asked}: {status} {body}"
        );
    }
    studio.stop().await;
}
