//! The studio and the network: what it fetches, what a proxy tells it, and what it tells Prometheus.

use std::io::ErrorKind;
use std::net::TcpListener;

use reqwest::Method;
use serde_json::json;

use crate::support::{Asker, Studio};

/// A port of this machine that a studio must not reach.
struct Trap(TcpListener);

impl Trap {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    /// The same port under the names that a machine has for itself.
    fn urls(&self) -> Vec<String> {
        let port = self.0.local_addr().unwrap().port();
        let hosts = [
            "127.0.0.1",
            "localhost",
            "127.1",
            "2130706433",
            "[::ffff:127.0.0.1]",
        ];
        hosts.map(|host| format!("http://{host}:{port}/")).into()
    }

    #[track_caller]
    fn assert_untouched(&self) {
        let came = self.0.accept().map(|(_, from)| from);
        assert_eq!(came.unwrap_err().kind(), ErrorKind::WouldBlock);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_fetched_if_the_operator_says_so_and_never_from_here() {
    let trap = Trap::new();
    for fetch in [false, true] {
        let studio =
            Studio::with(|config| (config.workers, config.fetch_pictures) = (0, fetch)).await;
        for url in trap.urls() {
            let asked = json!({"prompt": "a frog", "input_reference": {"image_url": url}});
            let (status, said) = studio.ask(Method::POST, "/v1/videos", Some(asked)).await;
            assert_eq!(
                (status.as_u16(), &said["error"]["param"]),
                (400, &json!("input_reference.image_url")),
                "{url}: {said}"
            );
            let said = said["error"]["message"].as_str().unwrap();
            let why = if fetch {
                "could not be fetched"
            } else {
                "fetch_pictures"
            };
            assert!(said.contains(why), "{url}: {said}");
        }
        assert_eq!(studio.get("/api/jobs").await["items"], json!([]));
        studio.stop().await;
    }
    trap.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_of_users_do_not_reach_the_operators_network() {
    let trap = Trap::new();
    let studio = Studio::with(|config| (config.workers, config.users) = (0, true)).await;
    let admin = studio.admin().await;
    let mut other = studio.database().await;
    for url in trap.urls() {
        let endpoint = admin
            .post("/v1/webhook_endpoints", json!({"url": url}))
            .await;
        let id = endpoint["id"].as_str().unwrap();
        let test = format!("/v1/webhook_endpoints/{id}/test");
        let (status, said) = admin.ask(Method::POST, &test, Some(json!({}))).await;
        assert_eq!(status, 400, "{url}: {said}");
        let said = said["error"]["message"].as_str().unwrap();
        assert!(said.contains("could not be reached"), "{url}: {said}");
        let due = sqlx::query(
            "INSERT INTO v1_deliveries (event, endpoint, kind, video, created) VALUES ('evt', ?, 'video.completed', 'v', 0)",
        );
        due.bind(id).execute(&mut other).await.unwrap();
    }
    // Nor by itself, when a video is done.
    let begun = std::time::Instant::now();
    loop {
        let untried = sqlx::query_scalar("SELECT count(*) FROM v1_deliveries WHERE attempts = 0");
        let untried: i64 = untried.fetch_one(&mut other).await.unwrap();
        if untried == 0 {
            break;
        }
        assert!(begun.elapsed().as_secs() < 60, "{untried} are not tried");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    trap.assert_untouched();
    studio.stop().await;
}

/// The answer to a login that came over this scheme, as a proxy says.
async fn login(studio: &Studio, scheme: Option<&str>) -> reqwest::Response {
    let (name, password) = studio.first_login.clone().unwrap();
    let body = json!({"name": name, "password": password});
    let mut login = studio.http.post(studio.url("/api/login")).json(&body);
    if let Some(scheme) = scheme {
        login = login.header("x-forwarded-proto", scheme);
    }
    login.send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_over_tls_stays_there() {
    let studio = Studio::with(|config| (config.workers, config.users) = (0, true)).await;
    for (scheme, secure) in [(None, false), (Some("http"), false), (Some("https"), true)] {
        let answer = login(&studio, scheme).await;
        assert_eq!(answer.status(), 200);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert_eq!(cookie.contains("; Secure"), secure, "{scheme:?}: {cookie}");
        let pinned = answer.headers().get("strict-transport-security");
        assert_eq!(pinned.is_some(), secure, "{scheme:?}");
        assert!(!secure || pinned.unwrap() == "max-age=31536000");
    }
    let page = studio
        .http
        .get(studio.url("/"))
        .header("x-forwarded-proto", "https");
    let page = page.send().await.unwrap();
    assert!(
        page.headers().contains_key("strict-transport-security"),
        "every answer"
    );
    let out = studio
        .http
        .post(studio.url("/api/logout"))
        .header("x-forwarded-proto", "https");
    let out = out.send().await.unwrap();
    let cookie = out.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("Max-Age=0; Secure"), "{cookie}");
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_administrators_where_users_log_in() {
    let studio = Studio::with(|config| (config.workers, config.users) = (0, true)).await;
    let admin = studio.admin().await;
    let ada = studio.user(&admin, "ada").await;
    let status = async |asker: &Asker| asker.ask(Method::GET, "/metrics", None).await.0.as_u16();
    assert_eq!(
        (
            status(&studio).await,
            status(&ada).await,
            status(&admin).await
        ),
        (401, 403, 200)
    );
    // As Prometheus asks: with a key of an administrator's, which need not be able to do anything but read.
    for (asker, expected) in [(&ada, 403), (&admin, 200)] {
        let key = json!({"name": "prometheus", "scopes": ["read"]});
        let key = asker.post("/api/keys", key).await;
        let request = studio.http.get(studio.url("/metrics"));
        let request = request.bearer_auth(key["secret"].as_str().unwrap());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), expected);
        let text = answer.text().await.unwrap();
        assert_eq!(
            text.contains("kinora_jobs{status=\"queued\"} 0"),
            expected == 200
        );
    }
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_do_not_ask_for_metrics_as_often_as_they_like() {
    let studio = Studio::with(|config| {
        (config.workers, config.users) = (0, true);
        config.limits.reads = Some(3);
    })
    .await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(studio.ask(Method::GET, "/metrics", None).await.0.as_u16());
    }
    assert_eq!((statuses[0], statuses[4]), (401, 429), "{statuses:?}");
    studio.stop().await;
}
