//! How often one may ask, and what a key may do.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Studio, small};

struct Answer {
    status: StatusCode,
    retry_after: Option<u64>,
    body: Value,
}

async fn ask(studio: &Studio, key: &str, method: Method, path: &str, body: Value) -> Answer {
    let request = studio.http.request(method, studio.url(path));
    let answer = request.bearer_auth(key).json(&body).send().await.unwrap();
    let wait = answer.headers().get("retry-after");
    Answer {
        retry_after: wait.and_then(|wait| wait.to_str().ok()?.parse().ok()),
        status: answer.status(),
        body: answer.json().await.unwrap_or_default(),
    }
}

/// A studio with accounts, and keys with these scopes; the administrator made them.
async fn with_keys(
    change: impl FnOnce(&mut kinora_studio::Config),
    scopes: &[&[&str]],
) -> (Studio, Vec<String>) {
    let studio = Studio::with(|config| {
        (config.workers, config.users) = (0, true);
        change(config);
    })
    .await;
    let (name, password) = studio.first_login.clone().unwrap();
    let login = studio.http.post(studio.url("/api/login"));
    let login = login.json(&json!({"name": name, "password": password}));
    let answer = login.send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    let mut keys = Vec::new();
    for scopes in scopes {
        let request = studio.http.post(studio.url("/api/keys"));
        let request = request.header("cookie", &cookie).header("x-csrf", "1");
        let answer = request.json(&json!({"name": "k", "scopes": scopes})).send();
        let made: Value = answer.await.unwrap().json().await.unwrap();
        assert_eq!(made["scopes"], json!(scopes), "{made}");
        keys.push(made["secret"].as_str().unwrap().to_owned());
    }
    (studio, keys)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_what_its_scopes_say_and_no_more() {
    let all: &[&[&str]] = &[&["read"], &["generate"], &["read", "generate", "admin"]];
    let (studio, keys) = with_keys(|_| {}, all).await;
    let [read, generate, admin] = &keys[..] else {
        panic!("three keys")
    };
    let video = json!({"prompt": "a frog", "size": "96x64", "seconds": "1", "steps": 2});
    for (method, path, body, allowed) in [
        (Method::GET, "/api/clips", Value::Null, [true, false, true]),
        (Method::GET, "/v1/videos", Value::Null, [true, false, true]),
        (
            Method::POST,
            "/api/jobs/estimate",
            small("a frog"),
            [true, false, true],
        ),
        (
            Method::POST,
            "/api/jobs",
            small("a frog"),
            [false, true, true],
        ),
        (Method::POST, "/v1/videos", video, [false, true, true]),
        (
            Method::POST,
            "/api/folders",
            json!({"name": "f"}),
            [false, true, true],
        ),
        (Method::GET, "/api/keys", Value::Null, [false, false, true]),
        (
            Method::POST,
            "/api/keys",
            json!({"name": "more", "scopes": ["admin"]}),
            [false, false, true],
        ),
        (Method::GET, "/api/users", Value::Null, [false, false, true]),
        (
            Method::PATCH,
            "/api/moderation",
            json!({"enabled": true}),
            [false, false, true],
        ),
    ] {
        for (key, allowed) in [read, generate, admin].into_iter().zip(allowed) {
            let answer = ask(&studio, key, method.clone(), path, body.clone()).await;
            match allowed {
                true => assert!(
                    answer.status.is_success(),
                    "{method} {path}: {}",
                    answer.body
                ),
                false => assert_eq!(
                    (answer.status, &answer.body["error"]["code"]),
                    (StatusCode::FORBIDDEN, &json!("insufficient_scope")),
                    "{method} {path}"
                ),
            }
        }
    }
    for scopes in [json!([]), json!(["root"])] {
        let body = json!({"name": "k", "scopes": scopes});
        let answer = ask(&studio, admin, Method::POST, "/api/keys", body).await;
        assert_eq!(answer.status, 400);
    }
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let few = |config: &mut kinora_studio::Config| {
        (config.limits.reads, config.limits.writes) = (Some(6), Some(4));
    };
    let (studio, keys) = with_keys(few, &[&["read", "generate"]]).await;
    // One of the four writes made the key: of the same user, in another way.
    for _ in 0..3 {
        let made = ask(
            &studio,
            &keys[0],
            Method::POST,
            "/api/folders",
            json!({"name": "f"}),
        );
        assert_eq!(made.await.status, StatusCode::CREATED);
    }
    let refused = ask(
        &studio,
        &keys[0],
        Method::POST,
        "/api/folders",
        json!({"name": "f"}),
    )
    .await;
    assert_eq!(
        (refused.status, &refused.body["error"]["code"]),
        (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limited"))
    );
    assert!((1..=60).contains(&refused.retry_after.unwrap()));
    let by_v1 = ask(
        &studio,
        &keys[0],
        Method::POST,
        "/v1/videos",
        json!({"prompt": "a frog"}),
    )
    .await;
    assert_eq!(
        (
            by_v1.status,
            &by_v1.body["error"]["code"],
            &by_v1.body["error"]["type"]
        ),
        (
            StatusCode::TOO_MANY_REQUESTS,
            &json!("rate_limit_exceeded"),
            &json!("rate_limit_error")
        )
    );
    assert!(by_v1.retry_after.is_some());
    let folders = ask(&studio, &keys[0], Method::GET, "/api/folders", Value::Null).await;
    assert_eq!(
        folders.body["items"].as_array().unwrap().len(),
        3,
        "reads are counted apart"
    );

    // Whoever guesses keys is counted by address; who has one is not held up by that.
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(
            ask(&studio, "kin-guess", Method::GET, "/v1/videos", Value::Null)
                .await
                .status,
        );
    }
    assert_eq!(statuses[0], StatusCode::UNAUTHORIZED);
    assert_eq!(statuses[7], StatusCode::TOO_MANY_REQUESTS);
    let known = ask(&studio, &keys[0], Method::GET, "/api/clips", Value::Null).await;
    assert_eq!(known.status, StatusCode::OK);
    assert_eq!(studio.get("/health").await, "ok");
    studio.stop().await;
}
