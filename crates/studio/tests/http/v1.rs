//! OpenAI's Videos API beside what the official SDKs show (`.ci/videos-api`): what must be refused, and how.

use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::support::{Studio, picture};

/// The refusal's fields, after a look at the envelope.
#[track_caller]
fn refusal(status: StatusCode, body: &Value) -> (u16, String) {
    let error = &body["error"];
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{body}"
    );
    assert!(
        error["type"].is_string() && error.get("param").is_some() && error.get("code").is_some(),
        "{body}"
    );
    (
        status.as_u16(),
        error["param"].as_str().unwrap_or_default().to_owned(),
    )
}

#[tokio::test]
async fn every_malformed_field_is_a_400_that_names_it() {
    let studio = Studio::idle().await;
    for (path, body, param) in [
        ("videos", json!({}), "prompt"),
        ("videos", json!({"prompt": ""}), "prompt"),
        ("videos", json!({"prompt": ["a frog"]}), "prompt"),
        ("videos", json!({"prompt": "x".repeat(32_001)}), "prompt"),
        (
            "videos",
            json!({"prompt": "a frog", "seconds": "four"}),
            "seconds",
        ),
        (
            "videos",
            json!({"prompt": "a frog", "seconds": -4}),
            "seconds",
        ),
        (
            "videos",
            json!({"prompt": "a frog", "seconds": {}}),
            "seconds",
        ),
        ("videos", json!({"prompt": "a frog", "size": 720}), "size"),
        (
            "videos",
            json!({"prompt": "a frog", "size": "720x"}),
            "size",
        ),
        ("videos", json!({"prompt": "a frog", "model": 2}), "model"),
        ("videos", json!({"prompt": "a frog", "seed": -1}), "seed"),
        (
            "videos",
            json!({"prompt": "a frog", "variants": 5}),
            "variants",
        ),
        (
            "videos",
            json!({"prompt": "a frog", "effort": "much"}),
            "effort",
        ),
        ("videos", json!({"prompt": "a frog", "board": "{"}), "board"),
        ("videos", json!({"prompt": "a frog", "sedd": 7}), "sedd"),
        (
            "videos",
            json!({"prompt": "a frog", "input_reference": "x"}),
            "input_reference",
        ),
        (
            "videos",
            json!({"prompt": "a frog", "input_reference": {}}),
            "input_reference",
        ),
        (
            "videos",
            json!({"prompt": "a frog", "input_reference": {"image_url": 7}}),
            "input_reference.image_url",
        ),
        (
            "videos",
            json!({"prompt": "a frog", "input_reference": {"image_url": "data:,x"}}),
            "input_reference.image_url",
        ),
        (
            "videos",
            json!({"prompt": "a frog", "input_reference": {"image_url": "file:///etc/passwd"}}),
            "input_reference.image_url",
        ),
        (
            "videos",
            json!({"prompt": "a frog", "characters": "x"}),
            "characters",
        ),
        ("videos/edits", json!({"prompt": "a frog"}), "video"),
        (
            "videos/edits",
            json!({"prompt": "a frog", "video": {}}),
            "video.id",
        ),
        (
            "videos/edits",
            json!({"prompt": "a frog", "strength": 2, "video": {"id": "x"}}),
            "strength",
        ),
        (
            "videos/extensions",
            json!({"prompt": "a frog", "video": {"id": "x"}}),
            "seconds",
        ),
        ("videos/characters", json!({"video": {"id": "x"}}), "name"),
        ("files", json!({"purpose": "vision"}), "file"),
        ("webhook_endpoints", json!({"url": "nowhere"}), "url"),
        (
            "webhook_endpoints",
            json!({"url": "http://h/", "event_types": ["all"]}),
            "event_types",
        ),
    ] {
        let (status, answer) = studio
            .ask(Method::POST, &format!("/v1/{path}"), Some(body.clone()))
            .await;
        assert_eq!(
            refusal(status, &answer),
            (400, param.to_owned()),
            "{path} {body}: {answer}"
        );
    }
    for (query, param) in [
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("order=up", "order"),
        ("after=x", "after"),
        ("after=video_0", "after"),
    ] {
        let (status, answer) = studio
            .ask(Method::GET, &format!("/v1/videos?{query}"), None)
            .await;
        assert_eq!(refusal(status, &answer), (400, param.to_owned()), "{query}");
    }
    let (_, jobs) = studio.ask(Method::GET, "/api/jobs", None).await;
    assert_eq!(jobs["items"], json!([]), "a refusal leaves nothing");
}

#[tokio::test]
async fn what_is_not_there_is_a_404_in_the_envelope() {
    let studio = Studio::idle().await;
    for (method, path) in [
        (Method::GET, "videos/video_0"),
        (Method::GET, "videos/..%2f..%2fx"),
        (Method::DELETE, "videos/nonsense"),
        (Method::GET, "videos/video_0/content"),
        (Method::GET, "videos/characters/char_0"),
        (Method::GET, "files/file-0"),
        (Method::GET, "webhook_endpoints/we_0"),
        (Method::GET, "no/such/thing"),
    ] {
        let (status, answer) = studio.ask(method, &format!("/v1/{path}"), None).await;
        assert_eq!(refusal(status, &answer).0, 404, "{path}");
    }
    let (status, answer) = studio.ask(Method::PUT, "/v1/videos", None).await;
    assert_eq!(refusal(status, &answer).0, 405);
    let answer = studio
        .http
        .post(studio.url("/v1/videos"))
        .body("{")
        .header("content-type", "application/json");
    let answer = answer.send().await.unwrap();
    let status = answer.status();
    assert_eq!(refusal(status, &answer.json().await.unwrap()).0, 400);
    let answer = studio
        .http
        .post(studio.url("/v1/videos"))
        .body("x")
        .header("content-type", "text/plain");
    let answer = answer.send().await.unwrap();
    let status = answer.status();
    assert_eq!(refusal(status, &answer.json().await.unwrap()).0, 400);
}

#[tokio::test]
async fn forms_and_json_ask_for_the_same() {
    let studio = Studio::idle().await;
    let asked = json!({"prompt": "a frog", "seconds": "2", "size": "96x64", "seed": 7, "steps": 2, "model": "sora-2-pro"});
    let by_json = studio.post("/v1/videos", asked).await;
    let form = || {
        let fields = [
            ("prompt", "a frog"),
            ("seconds", "2"),
            ("size", "96x64"),
            ("seed", "7"),
            ("steps", "2"),
            ("model", "sora-2-pro"),
        ];
        fields
            .into_iter()
            .fold(Form::new(), |form, (name, text)| form.text(name, text))
    };
    let send = async |form: Form| {
        let answer = studio
            .http
            .post(studio.url("/v1/videos"))
            .multipart(form)
            .send()
            .await
            .unwrap();
        let (status, poll) = (
            answer.status(),
            answer.headers().get("openai-poll-after-ms").cloned(),
        );
        (status, poll, answer.json::<Value>().await.unwrap())
    };
    let (status, poll, by_form) = send(form()).await;
    assert_eq!(status, 200, "{by_form}");
    assert!(poll.is_some());
    for key in [
        "object",
        "model",
        "status",
        "progress",
        "prompt",
        "size",
        "seconds",
        "error",
        "expires_at",
        "completed_at",
    ] {
        assert_eq!(by_json[key], by_form[key], "{key}");
    }
    assert_eq!(
        (
            &by_form["model"],
            &by_form["seconds"],
            &by_form["kinora"]["seed"]
        ),
        (&json!("sora-2-pro"), &json!("2"), &json!(7))
    );

    // A picture as a file becomes a clip of the library, and the parent of what comes.
    let part = Part::bytes(picture()).file_name("a.png");
    let (status, _, made) = send(form().part("input_reference", part)).await;
    assert_eq!(status, 200, "{made}");
    let uploads = studio.get("/api/clips?kind=upload").await;
    assert_eq!(uploads["total"], 1);
    // Rubbish as a file leaves nothing.
    let part = Part::bytes(b"no picture".to_vec()).file_name("a.png");
    let (status, _, answer) = send(form().part("input_reference", part)).await;
    assert_eq!(refusal(status, &answer), (400, "input_reference".into()));
    let left = std::fs::read_dir(studio.data.path().join("uploads"))
        .unwrap()
        .count();
    assert_eq!(left, 0);

    // Pages: three jobs, one at a time, in both orders.
    let whole = studio.get("/v1/videos").await;
    let ids: Vec<&Value> = whole["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|video| &video["id"])
        .collect();
    assert_eq!(ids, [&made["id"], &by_form["id"], &by_json["id"]]);
    let page = studio
        .get(&format!(
            "/v1/videos?limit=1&after={}",
            by_form["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(
        (&page["first_id"], &page["last_id"], &page["has_more"]),
        (&by_json["id"], &by_json["id"], &json!(false))
    );
    let (status, _) = studio
        .ask(
            Method::DELETE,
            &format!("/v1/videos/{}", by_form["id"].as_str().unwrap()),
            None,
        )
        .await;
    assert_eq!(status, 200);
    let page = studio
        .get(&format!(
            "/v1/videos?order=asc&after={}",
            by_form["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(
        page["data"][0]["id"], made["id"],
        "a list is read on from a video that was deleted"
    );
}

#[tokio::test]
async fn with_users_a_key_is_needed() {
    let studio = Studio::with(|config| (config.users, config.workers) = (true, 0)).await;
    for key in [None, Some("wrong")] {
        let mut request = studio.http.get(studio.url("/v1/videos"));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(refusal(status, &body).0, 401);
        assert_eq!(body["error"]["code"], "invalid_api_key");
    }
}

/// The form of a picture that a video begins with, in the style that is named.
fn begun_with_a_picture(style: &'static str) -> Form {
    let part = Part::bytes(picture()).file_name("a.png");
    let form = Form::new().text("prompt", "a frog").text("style", style);
    form.text("size", "96x64").part("input_reference", part)
}

#[tokio::test]
async fn what_came_with_a_request_that_made_nothing_is_not_kept() {
    let studio = Studio::idle().await;
    let send = async |form: Form, key: &'static str| {
        let request = studio.http.post(studio.url("/v1/videos")).multipart(form);
        let answer = request.header("idempotency-key", key).send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    let uploads = async || studio.get("/api/clips?kind=upload").await["total"].clone();
    let (status, said) = send(begun_with_a_picture("no such style"), "a").await;
    assert_eq!(refusal(status, &said).0, 400);
    assert_eq!(uploads().await, 0, "refused");
    let (_, first) = send(begun_with_a_picture("film-noir"), "b").await;
    let (status, again) = send(begun_with_a_picture("film-noir"), "b").await;
    assert_eq!((status.as_u16(), &again["id"]), (200, &first["id"]));
    assert_eq!(uploads().await, 1, "repeated");
    let left = std::fs::read_dir(studio.data.path().join("clips")).unwrap();
    assert_eq!((left.count(), studio.left_behind()), (1, 0));
}

#[tokio::test]
async fn a_video_whose_clip_was_removed_has_no_content() {
    let studio = Studio::start().await;
    let asked = json!({"prompt": "a frog", "size": "96x64", "seconds": "1", "fps": 8, "steps": 2});
    let video = studio.post("/v1/videos", asked).await;
    let id = video["id"].as_str().unwrap();
    let job = id.strip_prefix("video_").unwrap();
    let job = studio.wait(job, &["completed", "failed"]).await;
    let clip = format!("/api/clips/{}", job["clips"][0].as_str().unwrap());
    assert_eq!(studio.ask(Method::DELETE, &clip, None).await.0, 200);
    let path = format!("/v1/videos/{id}/content");
    let (status, said) = studio.ask(Method::GET, &path, None).await;
    assert_eq!(refusal(status, &said).0, 404, "{said}");
}

#[tokio::test]
async fn the_text_of_a_form_has_one_limit_in_all() {
    let studio = Studio::idle().await;
    let half = "x".repeat(50 << 20);
    let form = Form::new().text("prompt", half.clone()).text("style", half);
    let request = reqwest::Client::new().post(studio.url("/v1/videos"));
    // The server may close while bytes are still being sent.
    if let Ok(answer) = request.multipart(form).send().await {
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
