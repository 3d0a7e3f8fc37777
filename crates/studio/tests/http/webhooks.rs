//! Webhooks: what is due is sent, whatever other endpoints do and whatever the clock did.

use std::future::IntoFuture;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::post;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

use crate::support::Studio;

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    (listener, address)
}

/// An endpoint that takes everything; the events that came.
async fn living(studio: &Studio) -> (String, UnboundedReceiver<String>) {
    let (listener, address) = listen().await;
    let (sender, events) = unbounded_channel();
    let take = async move |headers: HeaderMap| {
        let event = headers["webhook-id"].to_str().unwrap();
        sender.send(event.to_owned()).unwrap();
    };
    let router = Router::new().route("/", post(take));
    tokio::spawn(axum::serve(listener, router).into_future());
    (endpoint(studio, &address).await, events)
}

/// An endpoint that takes connections and never answers; those that are open.
async fn dead(studio: &Studio) -> (String, Arc<Mutex<Vec<TcpStream>>>, JoinHandle<()>) {
    let (listener, address) = listen().await;
    let open = Arc::new(Mutex::new(Vec::new()));
    let held = open.clone();
    let holding = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            held.lock().unwrap().push(stream);
        }
    });
    (endpoint(studio, &address).await, open, holding)
}

async fn endpoint(studio: &Studio, url: &str) -> String {
    let endpoint = studio
        .post("/v1/webhook_endpoints", json!({"url": url}))
        .await;
    endpoint["id"].as_str().unwrap().to_owned()
}

/// An event that is due at some time (ms since 1970).
async fn put(studio: &Studio, endpoint: &str, event: &str, due: i64) {
    let mut other = studio.database().await;
    sqlx::query(
        "INSERT INTO v1_deliveries (event, endpoint, kind, video, created, due) \
         VALUES (?, ?, 'video.completed', 'video_0', 0, ?)",
    )
    .bind(event)
    .bind(endpoint)
    .bind(due)
    .execute(&mut other)
    .await
    .unwrap();
}

async fn next(events: &mut UnboundedReceiver<String>) -> String {
    let event = tokio::time::timeout(Duration::from_secs(10), events.recv()).await;
    event.expect("an event within ten seconds").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_never_answers_holds_up_no_other() {
    let studio = Studio::idle().await;
    let (silent, open, holding) = dead(&studio).await;
    let (ready, mut events) = living(&studio).await;
    for at in 0..10 {
        put(&studio, &silent, &format!("evt_{at}"), 0).await;
    }
    for event in ["evt_a", "evt_b", "evt_c"] {
        put(&studio, &ready, event, 0).await;
    }
    let mut came = Vec::new();
    for _ in 0..3 {
        came.push(next(&mut events).await);
    }
    came.sort();
    assert_eq!(came, ["evt_a", "evt_b", "evt_c"]);
    assert!(open.lock().unwrap().len() <= 2, "two at a time to one");
    // Hangs up on what waits, for the studio to stop at once.
    holding.abort();
    let _ = holding.await;
    open.lock().unwrap().clear();
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_back_keeps_no_event_waiting() {
    const HOUR: i64 = 3_600_000;
    let studio = Studio::idle().await;
    let (ready, mut events) = living(&studio).await;
    let now = kinora_studio::files::now();
    put(&studio, &ready, "evt_waits", now + HOUR / 2).await;
    put(&studio, &ready, "evt_stuck", now + 10 * HOUR).await;
    assert_eq!(next(&mut events).await, "evt_stuck");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(events.try_recv().is_err(), "not before its time");
    studio.stop().await;
}
