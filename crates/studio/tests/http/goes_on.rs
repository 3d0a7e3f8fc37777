//! Jobs that were stopped on the way, gone on with or let go of.

use std::time::{Duration, Instant};

use kinora_engine::checkpoint::Checkpoint;
use kinora_studio::plans::Plan;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{Studio, small};

/// Events as they come in, read until one is what is waited for; gives all that were read.
async fn told(events: &mut Response, last: impl Fn(&str, &Value) -> bool) -> Vec<(String, Value)> {
    let (mut text, mut all) = (String::new(), Vec::new());
    loop {
        let chunk = tokio::time::timeout(Duration::from_secs(120), events.chunk());
        let chunk = chunk.await.expect("no event").unwrap().expect("it ended");
        text.push_str(&String::from_utf8_lossy(&chunk));
        while let Some((event, rest)) = text.split_once("\n\n") {
            if let Some((name, data)) = event.split_once("\ndata: ") {
                let name = name.trim_start_matches("event: ").to_owned();
                let data = serde_json::from_str(data).unwrap();
                let ended = last(&name, &data);
                all.push((name, data));
                if ended {
                    return all;
                }
            }
            text = rest.to_owned();
        }
    }
}

async fn listen(studio: &Studio) -> Response {
    let events = studio.http.get(studio.url("/api/events"));
    events.send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_goes_on_from_where_it_was() {
    let studio = Studio::with(|config| {
        let plan = Plan {
            credits: Some(1000),
            ..Plan::default()
        };
        config.plans.insert("Plus".into(), plan);
        config.plan = Some("Plus".into());
    })
    .await;
    let mut asked = small("a lion walks in the snow");
    (asked["steps"], asked["size"], asked["variants"]) = (json!(40), json!("224x128"), json!(2));
    let job = studio.post("/api/jobs", asked).await;
    let id = job["id"].as_str().unwrap().to_owned();
    let begun = Instant::now();
    loop {
        let job = studio.job(&id).await;
        let (made, step) = (job["clips"].as_array().unwrap().len(), &job["step"]);
        if made == 1 && job["stage"] == "denoise" && step.as_u64().unwrap() >= 10 {
            break;
        }
        assert!(made < 2 && begun.elapsed().as_secs() < 240, "{job}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let path = format!("/api/jobs/{id}");
    studio.post(&format!("{path}/cancel"), json!({})).await;
    let job = studio.wait(&id, &["cancelled", "completed"]).await;
    assert!(
        job["status"] == "cancelled" && job["resumable"] == true,
        "{job}"
    );
    let credits = async || studio.get("/api/usage").await["credits_used"].clone();
    assert_eq!(credits().await, 25, "the clip that came is paid for");

    // What it looked like, and the clip that was ready, are there still; a page that is opened now is told of it.
    let preview = studio.url(job["preview_url"].as_str().unwrap());
    let preview = studio.http.get(preview).send().await.unwrap();
    assert_eq!(preview.headers()["content-type"], "image/jpeg");
    let first = job["clips"][0].as_str().unwrap();
    studio.get(&format!("/api/clips/{first}")).await;
    let there = studio.get("/api/jobs?status=resumable").await;
    assert_eq!(there["items"][0]["id"], json!(id));
    let mut events = listen(&studio).await;
    let snapshot = told(&mut events, |name, _| name == "snapshot").await;
    assert_eq!(snapshot[0].1["jobs"][0]["id"], json!(id));
    let folder = studio.data.path().join("jobs").join(&id);
    let ready = folder.read_dir().unwrap().flatten();
    let ready = ready.filter(|file| file.path().extension().is_some_and(|end| end == "mp4"));
    assert_eq!(ready.count(), 0, "it lies in the library alone");
    let checkpoint = folder.join("video.mp4.checkpoint");
    let state = Checkpoint::load(&checkpoint).unwrap().state;
    assert!(state.variant == 2 && state.step >= 10, "{state:?}");

    let job = studio.post(&format!("{path}/retry"), json!({})).await;
    assert_eq!(job["resumable"], false, "{job}");
    assert_eq!(credits().await, 50, "the other is held");
    let ended = |name: &str, job: &Value| {
        let ended = ["completed", "failed"];
        name == "job" && ended.iter().any(|status| job["status"] == *status)
    };
    let events = told(&mut events, ended).await;
    let jobs = events.iter().filter(|(name, _)| name == "job");
    let drawn = jobs.filter(|(_, job)| job["status"] == "running" && job["stage"] == "denoise");
    let steps: Vec<u64> = drawn
        .map(|(_, job)| job["step"].as_u64().unwrap())
        .filter(|step| *step > 0)
        .collect();
    assert!(!steps.is_empty(), "{events:?}");
    assert!(
        steps.iter().all(|step| *step as usize >= state.step),
        "{steps:?} after {}",
        state.step
    );
    let job = studio.job(&id).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(job["clips"].as_array().unwrap().len(), 2);
    assert_eq!(job["clips"][0], first);
    assert_eq!(credits().await, 50, "each is paid for once");
    assert!(!checkpoint.exists());
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_removed_is_gone_everywhere() {
    let studio = Studio::idle().await;
    let job = studio.post("/api/jobs", small("a frog")).await;
    let path = format!("/api/jobs/{}", job["id"].as_str().unwrap());
    let of = |verb: &str| format!("{path}/{verb}");
    studio.post(&of("cancel"), json!({})).await;
    let mut events = listen(&studio).await;
    told(&mut events, |name, _| name == "snapshot").await;
    let (status, _) = studio.ask(Method::DELETE, &path, None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let removed = told(&mut events, |name, _| name == "job_removed").await;
    assert_eq!(removed.last().unwrap().1, json!({"id": job["id"]}));

    let nothing = || Some(json!({}));
    for (method, path, body) in [
        (Method::GET, path.clone(), None),
        (Method::DELETE, path.clone(), None),
        (Method::PUT, path.clone(), Some(small("a frog"))),
        (Method::GET, of("preview"), None),
        (Method::POST, of("retry"), nothing()),
        (Method::POST, of("cancel"), nothing()),
        (Method::POST, of("pause"), nothing()),
        (Method::POST, of("resume"), nothing()),
        (Method::POST, of("front"), nothing()),
        (Method::POST, of("move"), nothing()),
    ] {
        let (status, said) = studio.ask(method.clone(), &path, body).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}: {said}");
    }
    assert_eq!(studio.get("/api/jobs").await["items"], json!([]));

    // The Videos API has a list of its own.
    let asked = json!({"prompt": "a frog", "seconds": "2", "size": "96x64"});
    let video = studio.post("/v1/videos", asked).await;
    let video = video["id"].as_str().unwrap();
    let path = format!("/api/jobs/{}", video.trim_start_matches("video_"));
    studio.post(&format!("{path}/cancel"), json!({})).await;
    studio.ask(Method::DELETE, &path, None).await;
    assert_eq!(studio.ask(Method::GET, &path, None).await.0, 404);
    let video = studio.get(&format!("/v1/videos/{video}")).await;
    assert_eq!(video["status"], "failed", "{video}");
    assert_eq!(studio.get("/v1/videos").await["data"][0], video);
    studio.stop().await;
}
