//! Bad moments: a database that is locked, a clock that jumps, uploads that are broken, clips deleted while their job
//! runs. Nothing is lost, errors are clear, credits are exact. (A full disk and kill -9: `crates/cli/tests/cli/serve.rs`.)

use std::sync::Arc;
use std::time::{Duration, Instant};

use kinora_studio::Config;
use kinora_studio::plans::Plan;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use crate::support::{Slow, Studio, picture, small};

/// A plan that counts: 25 credits for each clip of these tests.
fn counted(config: &mut Config) {
    let plan = Plan {
        credits: Some(1000),
        ..Plan::default()
    };
    config.plans.insert("All".into(), plan);
    config.plan = Some("All".into());
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) -> u64 {
    let done = sqlx::query(sql).execute(connection).await.unwrap();
    done.rows_affected()
}

async fn used(studio: &Studio) -> u64 {
    let usage = studio.get("/api/usage").await;
    usage["credits_used"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_that_was_delivered_is_paid_for_though_it_is_deleted_at_once() {
    let studio = Studio::with(counted).await;
    let mut asked = small("a lion walks");
    (asked["variants"], asked["steps"], asked["size"]) = (json!(2), json!(12), json!("160x96"));
    let job = studio.post("/api/jobs", asked).await;
    let id = job["id"].as_str().unwrap().to_owned();
    let begun = Instant::now();
    let first = loop {
        let job = studio.job(&id).await;
        if let Some(clip) = job["clips"][0].as_str() {
            break clip.to_owned();
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{job}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let gone = studio
        .ask(Method::DELETE, &format!("/api/clips/{first}"), None)
        .await;
    assert_eq!(gone.0, StatusCode::OK);
    let job = studio.wait(&id, &["completed", "failed"]).await;
    assert_eq!(
        (&job["status"], job["clips"].as_array().unwrap().len()),
        (&json!("completed"), 1)
    );
    assert_eq!(used(&studio).await, 50, "both were delivered");
    assert_eq!(studio.get("/api/clips").await["total"], 1);
    assert!(!studio.data.path().join("clips").join(&first).exists());
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_another_month_is_paid_for_in_this_one_when_it_is_tried_again() {
    let studio = Studio::with(|config| {
        counted(config);
        config.workers = 0;
    })
    .await;
    let id = studio.post("/api/jobs", small("a lion")).await["id"].clone();
    let id = id.as_str().unwrap();
    studio
        .post(&format!("/api/jobs/{id}/cancel"), json!({}))
        .await;
    run(&mut studio.database().await, "UPDATE charges SET at = 0").await;
    studio
        .post(&format!("/api/jobs/{id}/retry"), json!({}))
        .await;
    assert_eq!(used(&studio).await, 25);
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_deleted_before_it_was_made_costs_nothing_and_never_comes() {
    let studio = Studio::with(counted).await;
    let asked =
        json!({"prompt": "a lion", "size": "224x128", "seconds": "5", "fps": 8, "steps": 200});
    let video = studio.post("/v1/videos", asked).await;
    let path = format!("/v1/videos/{}", video["id"].as_str().unwrap());
    let id = video["id"]
        .as_str()
        .unwrap()
        .trim_start_matches("video_")
        .to_owned();
    studio.wait(&id, &["running"]).await;
    assert_eq!(
        studio.ask(Method::DELETE, &path, None).await.0,
        StatusCode::OK
    );
    // Nobody sees it any more: its row tells how it ends.
    let (mut other, begun) = (studio.database().await, Instant::now());
    let status = loop {
        let status = sqlx::query_scalar("SELECT status FROM jobs WHERE id = ?");
        let status: String = status.bind(&id).fetch_one(&mut other).await.unwrap();
        if status != "running" {
            break status;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "it goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(status, "cancelled");
    assert_eq!(used(&studio).await, 0);
    assert_eq!(studio.get("/api/clips").await["total"], 0);
    assert_eq!(
        studio.ask(Method::GET, &path, None).await.0,
        StatusCode::NOT_FOUND
    );
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_delays_and_loses_nothing() {
    let studio = Studio::with(counted).await;
    let mut asked = small("a lion walks");
    (asked["steps"], asked["size"]) = (json!(12), json!("160x96"));
    let job = studio.post("/api/jobs", asked).await;
    let id = job["id"].as_str().unwrap().to_owned();
    studio.wait(&id, &["running"]).await;
    let mut other = studio.database().await;
    run(&mut other, "BEGIN IMMEDIATE").await;
    // Reads go on; writes wait, and say so when it takes too long.
    assert_eq!(studio.get("/api/jobs").await["items"][0]["id"], json!(id));
    let begun = Instant::now();
    let (status, said) = studio
        .ask(Method::POST, "/api/folders", Some(json!({"name": "f"})))
        .await;
    assert!(begun.elapsed() > Duration::from_secs(15), "it waited");
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{said}");
    assert!(
        said["error"]["message"].as_str().unwrap().contains("busy"),
        "{said}"
    );
    run(&mut other, "ROLLBACK").await;
    let job = studio.wait(&id, &["completed", "failed"]).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(used(&studio).await, 25);
    assert_eq!(studio.get("/api/clips").await["total"], 1);
    assert_eq!(studio.get("/api/folders").await["items"], json!([]));
    studio.post("/api/folders", json!({"name": "f"})).await;
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_forward_ends_leases_and_no_clip_comes_twice() {
    let studio = Studio::with(|config| {
        counted(config);
        config.workers = 2;
    })
    .await;
    let mut asked = small("a lion walks");
    (asked["steps"], asked["size"]) = (json!(30), json!("160x96"));
    let job = studio.post("/api/jobs", asked).await;
    let id = job["id"].as_str().unwrap().to_owned();
    studio.wait(&id, &["running"]).await;
    // As if an hour had gone by: what was written before lies an hour back.
    let mut other = studio.database().await;
    let moved = run(
        &mut other,
        "UPDATE jobs SET lease_until = lease_until - 3600000, created = created - 3600000",
    )
    .await;
    assert_eq!(moved, 1);
    let job = studio.wait(&id, &["completed", "failed"]).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(
        (
            used(&studio).await,
            studio.get("/api/clips").await["total"].as_u64()
        ),
        (25, Some(1))
    );
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_back_keeps_no_job_waiting_for_it() {
    let studio = Studio::with(|config| {
        counted(config);
        config.workers = 0;
    })
    .await;
    let dead = studio.post("/api/jobs", small("a lion")).await;
    let backed_off = studio.post("/api/jobs", small("a frog")).await;
    // A worker in another process died, and one job waits before its next try; then the clock went back an hour.
    let mut other = studio.database().await;
    sqlx::query("UPDATE jobs SET status = 'running', lease = 'x', worker = 'worker-1', lease_until = ?2 + 3600000 WHERE id = ?1")
        .bind(dead["id"].as_str())
        .bind(kinora_studio::files::now())
        .execute(&mut other)
        .await
        .unwrap();
    sqlx::query("UPDATE jobs SET not_before = ?2 + 3600000 WHERE id = ?1")
        .bind(backed_off["id"].as_str())
        .bind(kinora_studio::files::now())
        .execute(&mut other)
        .await
        .unwrap();
    other.close().await.unwrap();
    let data = studio.stop().await;
    let studio = Studio::on(data, counted).await;
    for job in [&backed_off, &dead] {
        let id = job["id"].as_str().unwrap();
        let job = studio.wait(id, &["completed", "failed"]).await;
        assert_eq!(job["status"], "completed", "{job}");
    }
    assert_eq!(
        (
            used(&studio).await,
            studio.get("/api/clips").await["total"].as_u64()
        ),
        (50, Some(2))
    );
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_kept_while_the_worker_plans() {
    let studio = Studio::idle().await;
    let job = studio.post("/api/jobs", small("a lion walks")).await;
    let id = job["id"].as_str().unwrap().to_owned();
    let data = studio.stop().await;
    let studio = Studio::of(Arc::new(Slow), data, |_| {}).await;
    studio.wait(&id, &["running"]).await;
    let mut other = studio.database().await;
    let mut lease = async || -> i64 {
        let until = sqlx::query_scalar("SELECT lease_until FROM jobs");
        until.fetch_one(&mut other).await.unwrap()
    };
    let before = lease().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let kept = lease().await - before;
    assert!(kept >= 1000, "{kept} ms more");
    let job = studio.wait(&id, &["completed", "failed"]).await;
    assert_eq!(job["status"], "completed", "{job}");
    studio.stop().await;
}

/// Whole files of each kind that is taken, made by our own writers.
async fn whole_files(studio: &Studio) -> Vec<(&'static str, Vec<u8>)> {
    let dir = tempfile::tempdir().unwrap();
    let frame =
        kinora_media::Frame::from_fn(64, 48, |x, y| [x as u8 * 4, y as u8 * 5, (x * y) as u8])
            .unwrap();
    let mut files = vec![("a.png", picture())];
    for name in ["a.jpg", "a.webp"] {
        let path = dir.path().join(name);
        kinora_media::write_image(&path, &frame).unwrap();
        files.push((name, std::fs::read(path).unwrap()));
    }
    let job = studio.post("/api/jobs", small("a frog")).await;
    let job = studio
        .wait(job["id"].as_str().unwrap(), &["completed", "failed"])
        .await;
    let clip = job["clips"][0].as_str().unwrap().to_owned();
    for (name, query) in [("a.mp4", "format=mp4"), ("a.gif", "format=gif")] {
        let url = studio.url(&format!("/api/clips/{clip}/download?{query}"));
        let answer = studio.http.get(url).send().await.unwrap();
        assert!(answer.status().is_success(), "{name}: {}", answer.status());
        files.push((name, answer.bytes().await.unwrap().to_vec()));
    }
    let gone = studio
        .ask(Method::DELETE, &format!("/api/clips/{clip}"), None)
        .await;
    assert_eq!(gone.0, 200);
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_uploads_of_each_kind_are_refused_in_a_sentence_and_leave_nothing() {
    let studio = Studio::start().await;
    let clean = |what: String| {
        let left = std::fs::read_dir(studio.data.path().join("uploads"))
            .unwrap()
            .count();
        assert_eq!(left, 0, "{what}");
    };
    for (name, bytes) in whole_files(&studio).await {
        let (status, clip) = studio.upload(name, bytes.clone()).await;
        assert_eq!(status, StatusCode::CREATED, "{name}: {clip}");
        let garbled = |from: usize| {
            let mut bytes = bytes.clone();
            for (at, byte) in bytes.iter_mut().enumerate().skip(from) {
                *byte = byte.wrapping_mul(31).wrapping_add((at * 7) as u8);
            }
            bytes
        };
        let cases = [
            ("its first bytes", bytes[..bytes.len().min(20)].to_vec()),
            ("a quarter of it", bytes[..bytes.len() / 4].to_vec()),
            ("rubbish after 24 bytes", garbled(24)),
            ("rubbish in its second half", garbled(bytes.len() / 2)),
            ("all but its last bytes", bytes[..bytes.len() - 5].to_vec()),
        ];
        for (case, broken) in cases {
            let what = format!("{name}, {case}");
            let (status, said) = studio.upload(name, broken).await;
            match status {
                // A decoder may make a picture of what is left; then it is a clip like all others.
                StatusCode::CREATED => {
                    let path = format!("/api/clips/{}/video", said["id"].as_str().unwrap());
                    let answer = studio.http.get(studio.url(&path)).send().await.unwrap();
                    assert!(answer.status().is_success(), "{what}");
                }
                status => {
                    assert!(
                        matches!(status.as_u16(), 400 | 415),
                        "{what}: {status} {said}"
                    );
                    let said = said["error"]["message"].as_str().unwrap();
                    assert!(
                        !said.contains(studio.data.path().to_str().unwrap()),
                        "{what}: {said}"
                    );
                }
            }
            clean(what);
        }
    }
    for (name, bytes) in [
        ("a.png", Vec::new()),
        ("a.mp4", b"\0\0\0\x18ftypisom\0\0\x02\0".to_vec()),
        ("a.webm", b"\x1a\x45\xdf\xa3rubbish".to_vec()),
        ("a.txt", b"no picture at all".to_vec()),
    ] {
        let (status, said) = studio.upload(name, bytes).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{name}: {said}");
        clean(name.to_owned());
    }
    // An archive that is none, and one that breaks off.
    for bytes in [b"PK\x03\x04rubbish".to_vec(), b"nothing".to_vec()] {
        let part = reqwest::multipart::Part::bytes(bytes).file_name("a.zip");
        let form = reqwest::multipart::Form::new().part("file", part);
        let sent = studio
            .http
            .post(studio.url("/api/import"))
            .multipart(form)
            .send();
        let answer = sent.await.unwrap();
        let status = answer.status();
        let said: Value = answer.json().await.unwrap();
        assert!(status.is_client_error(), "{status} {said}");
        clean(said.to_string());
    }
    studio.stop().await;
}
