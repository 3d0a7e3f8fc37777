//! Several users: who gets in, and what they see of each other.

use kinora_studio::plans::Plan;
use reqwest::header::SET_COOKIE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Studio, picture, small};

/// A studio with accounts, and the administrator's cookie.
async fn studio() -> (Studio, String) {
    let studio = Studio::with(|config| {
        (config.workers, config.users) = (0, true);
        config.plans.insert(
            "Tiny".into(),
            Plan {
                credits: Some(25),
                watermark: true,
                ..Plan::default()
            },
        );
    })
    .await;
    let (name, password) = studio.first_login.clone().unwrap();
    let cookie = log_in(&studio, &name, &password).await.unwrap();
    (studio, cookie)
}

async fn log_in(studio: &Studio, name: &str, password: &str) -> Result<String, StatusCode> {
    let body = json!({"name": name, "password": password});
    let answer = studio
        .http
        .post(studio.url("/api/login"))
        .json(&body)
        .send()
        .await
        .unwrap();
    match answer.status() {
        StatusCode::OK => {
            let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
            assert!(
                cookie.contains("HttpOnly") && cookie.contains("SameSite"),
                "{cookie}"
            );
            Ok(cookie.split(';').next().unwrap().to_owned())
        }
        status => Err(status),
    }
}

async fn with(
    studio: &Studio,
    pair: (&str, &str),
    method: Method,
    path: &str,
    body: Option<Value>,
) -> (StatusCode, Value) {
    let mut request = studio
        .http
        .request(method, studio.url(path))
        .header(pair.0, pair.1);
    if pair.0 == "cookie" {
        request = request.header("x-csrf", "1");
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status();
    (status, answer.json().await.unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_is_known_gets_in() {
    let (studio, cookie) = studio().await;
    let status = studio.get("/api/status").await;
    assert_eq!(
        (&status["auth"]["required"], &status["auth"]["user"]),
        (&json!(true), &Value::Null)
    );
    for path in [
        "/api/clips",
        "/api/jobs",
        "/api/events",
        "/api/users",
        "/api/export",
        "/api/settings",
    ] {
        assert_eq!(
            studio.ask(Method::GET, path, None).await.0,
            StatusCode::UNAUTHORIZED,
            "{path}"
        );
    }
    let admin = ("cookie", cookie.as_str());
    assert_eq!(
        with(&studio, admin, Method::GET, "/api/clips", None)
            .await
            .0,
        StatusCode::OK
    );
    let bare = studio
        .http
        .post(studio.url("/api/folders"))
        .header("cookie", &cookie)
        .json(&json!({"name": "a"}));
    assert_eq!(
        bare.send().await.unwrap().status(),
        StatusCode::FORBIDDEN,
        "no X-CSRF"
    );

    let new = json!({"name": "Ada", "password": "correct horse", "plan": "Tiny"});
    assert_eq!(
        with(
            &studio,
            admin,
            Method::POST,
            "/api/users",
            Some(new.clone())
        )
        .await
        .0,
        StatusCode::CREATED
    );
    assert_eq!(
        with(&studio, admin, Method::POST, "/api/users", Some(new))
            .await
            .0,
        StatusCode::CONFLICT
    );
    let ada = log_in(&studio, "ada", "correct horse").await.unwrap();
    let ada = ("cookie", ada.as_str());
    assert_eq!(
        with(&studio, ada, Method::GET, "/api/users", None).await.0,
        StatusCode::FORBIDDEN
    );

    let (_, key) = with(
        &studio,
        ada,
        Method::POST,
        "/api/keys",
        Some(json!({"name": "laptop"})),
    )
    .await;
    let bearer = format!("Bearer {}", key["secret"].as_str().unwrap());
    let by_key = ("authorization", bearer.as_str());
    assert_eq!(
        with(&studio, by_key, Method::GET, "/api/usage", None)
            .await
            .1["credits"],
        25
    );
    let (_, keys) = with(&studio, ada, Method::GET, "/api/keys", None).await;
    assert!(
        keys["items"][0]["secret"].is_null() && keys["items"][0]["used_at"].is_string(),
        "{keys}"
    );
    with(
        &studio,
        ada,
        Method::DELETE,
        &format!("/api/keys/{}", key["id"].as_str().unwrap()),
        None,
    )
    .await;
    assert_eq!(
        with(&studio, by_key, Method::GET, "/api/usage", None)
            .await
            .0,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        with(&studio, ada, Method::POST, "/api/logout", None)
            .await
            .0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        with(&studio, ada, Method::GET, "/api/clips", None).await.0,
        StatusCode::UNAUTHORIZED
    );

    for _ in 0..5 {
        assert_eq!(
            log_in(&studio, "ada", "wrong").await,
            Err(StatusCode::UNAUTHORIZED)
        );
    }
    assert_eq!(
        log_in(&studio, "ada", "correct horse").await,
        Err(StatusCode::TOO_MANY_REQUESTS)
    );
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_see_their_own_and_what_is_published() {
    let (studio, cookie) = studio().await;
    let admin = ("cookie", cookie.as_str());
    let new = json!({"name": "ben", "password": "correct horse", "plan": "Tiny"});
    with(&studio, admin, Method::POST, "/api/users", Some(new)).await;
    let ben = log_in(&studio, "ben", "correct horse").await.unwrap();
    let ben = ("cookie", ben.as_str());

    let part = reqwest::multipart::Part::bytes(picture()).file_name("mine.png");
    let form = reqwest::multipart::Form::new().part("file", part);
    let upload = studio
        .http
        .post(studio.url("/api/clips"))
        .header("cookie", &cookie)
        .header("x-csrf", "1")
        .multipart(form);
    let clip: Value = upload.send().await.unwrap().json().await.unwrap();
    let path = format!("/api/clips/{}", clip["id"].as_str().unwrap());
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::GET, format!("{path}/video")),
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/publish")),
    ] {
        assert_eq!(
            with(&studio, ben, method, &path, None).await.0,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let mut asked = small("a frog");
    asked["image"] = clip["id"].clone();
    assert_eq!(
        with(&studio, ben, Method::POST, "/api/jobs", Some(asked))
            .await
            .0,
        StatusCode::NOT_FOUND
    );
    with(
        &studio,
        admin,
        Method::POST,
        &format!("{path}/publish"),
        None,
    )
    .await;
    assert_eq!(
        with(&studio, ben, Method::GET, &path, None).await.0,
        StatusCode::OK
    );
    assert_eq!(
        with(&studio, ben, Method::DELETE, &path, None).await.0,
        StatusCode::NOT_FOUND,
        "seen, not owned"
    );

    let (status, job) = with(
        &studio,
        ben,
        Method::POST,
        "/api/jobs",
        Some(small("a frog")),
    )
    .await;
    assert_eq!(status, StatusCode::CREATED, "{job}");
    assert_eq!(
        with(
            &studio,
            ben,
            Method::POST,
            "/api/jobs",
            Some(small("a frog"))
        )
        .await
        .0,
        StatusCode::TOO_MANY_REQUESTS
    );
    let path = format!("/api/jobs/{}", job["id"].as_str().unwrap());
    assert_eq!(
        with(&studio, admin, Method::GET, &path, None).await.0,
        StatusCode::NOT_FOUND
    );
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_plans_and_rights_can_be_changed() {
    let (studio, cookie) = studio().await;
    let admin = ("cookie", cookie.as_str());
    assert_eq!(
        with(&studio, admin, Method::GET, "/api/status", None)
            .await
            .1["plans"],
        json!(["Tiny"])
    );
    let new = json!({"name": "cem", "password": "correct horse"});
    let (_, user) = with(&studio, admin, Method::POST, "/api/users", Some(new)).await;
    let path = format!("/api/users/{}", user["id"].as_str().unwrap());
    let first = log_in(&studio, "cem", "correct horse").await.unwrap();
    let second = log_in(&studio, "cem", "correct horse").await.unwrap();
    let (here, there) = (("cookie", first.as_str()), ("cookie", second.as_str()));
    let status = async |who| with(&studio, who, Method::GET, "/api/clips", None).await.0;
    let change = async |who, path: &str, body| {
        let method = match path {
            "/api/password" => Method::POST,
            _ => Method::PATCH,
        };
        with(&studio, who, method, path, Some(body)).await
    };

    // One's own password: the current one is asked for, and other sessions end.
    for (current, password, expected) in [
        ("wrong horse", "battery staple", 403),
        ("correct horse", "short", 400),
        ("correct horse", "battery staple", 204),
    ] {
        let body = json!({"current": current, "password": password});
        let (status, said) = change(here, "/api/password", body).await;
        assert_eq!(status, expected, "{said}");
    }
    assert_eq!(
        (status(here).await, status(there).await),
        (StatusCode::OK, StatusCode::UNAUTHORIZED)
    );
    let old = log_in(&studio, "cem", "correct horse").await;
    assert_eq!(old, Err(StatusCode::UNAUTHORIZED));

    // Another's: for administrators alone.
    let reset = json!({"password": "set by the admin", "plan": "Tiny"});
    assert_eq!(
        change(here, &path, reset.clone()).await.0,
        StatusCode::FORBIDDEN
    );
    let (code, user) = change(admin, &path, reset).await;
    assert_eq!(
        (code.as_u16(), &user["plan"]),
        (200, &json!("Tiny")),
        "{user}"
    );
    assert_eq!(
        status(here).await,
        StatusCode::UNAUTHORIZED,
        "signed out by the reset"
    );
    let cem = log_in(&studio, "cem", "set by the admin").await.unwrap();
    let cem = ("cookie", cem.as_str());
    let usage = with(&studio, cem, Method::GET, "/api/usage", None).await.1;
    assert_eq!(usage["credits"], 25);
    let (code, said) = change(admin, &path, json!({"plan": "Gold"})).await;
    assert_eq!(code, StatusCode::BAD_REQUEST, "{said}");
    let (_, user) = change(admin, &path, json!({"plan": null, "admin": true})).await;
    assert_eq!(
        (&user["plan"], &user["admin"]),
        (&Value::Null, &json!(true))
    );
    assert_eq!(
        with(&studio, cem, Method::GET, "/api/users", None).await.0,
        StatusCode::OK
    );
    let own = change(cem, &path, json!({"admin": false})).await;
    assert_eq!(own.0, StatusCode::CONFLICT, "nobody shuts themselves out");
    let nobody = change(admin, "/api/users/nobody", json!({"admin": true})).await;
    assert_eq!(nobody.0, StatusCode::NOT_FOUND);
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_at_once_are_as_many_as_tries_in_turn() {
    let (studio, _) = studio().await;
    let studio = std::sync::Arc::new(studio);
    let tries = (0..12).map(|_| {
        let studio = studio.clone();
        tokio::spawn(async move { log_in(&studio, "admin", "wrong").await })
    });
    let mut looked_at = 0;
    for tried in tries.collect::<Vec<_>>() {
        let status = tried.await.unwrap().unwrap_err();
        looked_at += usize::from(status == StatusCode::UNAUTHORIZED);
    }
    assert_eq!(looked_at, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_do_not_wait_for_clips_to_be_decoded() {
    let (studio, _) = studio().await;
    let (name, password) = studio.first_login.clone().unwrap();
    let _busy = studio.busy().await;
    let login = log_in(&studio, &name, &password);
    let patience = std::time::Duration::from_secs(60);
    assert!(tokio::time::timeout(patience, login).await.unwrap().is_ok());
}
