//! Waiting, stopping, going on, and being paid for.

use std::path::PathBuf;

use kinora_studio::plans::Plan;
use reqwest::Method;
use serde_json::json;

use crate::support::{Studio, small};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_survives_the_end_of_its_server_and_goes_on() {
    let studio = Studio::start().await;
    let mut asked = small("a lion walks in the snow");
    (asked["steps"], asked["size"]) = (json!(40), json!("224x128"));
    let job = studio.post("/api/jobs", asked).await;
    let id = job["id"].as_str().unwrap().to_owned();
    let begun = std::time::Instant::now();
    while studio.job(&id).await["step"].as_u64().unwrap() < 3 {
        assert!(begun.elapsed().as_secs() < 60);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let data = studio.stop().await;
    assert!(
        data.path()
            .join(format!("jobs/{id}/video.mp4.checkpoint"))
            .exists()
    );

    let studio = Studio::on(data, |_| {}).await;
    let job = studio.wait(&id, &["completed", "failed"]).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(studio.get("/api/clips").await["total"], 1);
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_is_cancelled_and_can_be_tried_again() {
    let studio = Studio::start().await;
    let mut asked = small("a lion");
    asked["steps"] = json!(200);
    let id = studio.post("/api/jobs", asked).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    studio.wait(&id, &["running"]).await;
    studio
        .post(&format!("/api/jobs/{id}/cancel"), json!({}))
        .await;
    let job = studio.wait(&id, &["cancelled", "completed"]).await;
    assert_eq!(job["status"], "cancelled");
    assert_eq!(studio.get("/api/clips").await["total"], 0);
    let again = studio
        .post(&format!("/api/jobs/{id}/retry"), json!({}))
        .await;
    assert!(
        again["status"] == "queued" || again["status"] == "running",
        "{again}"
    );
    studio
        .post(&format!("/api/jobs/{id}/cancel"), json!({}))
        .await;
    studio.wait(&id, &["cancelled"]).await;
    studio.stop().await;
}

/// The same seed gives the same file, whether somebody watched or not.
#[tokio::test(flavor = "multi_thread")]
async fn a_clip_can_be_looked_at_while_it_is_drawn() {
    let mut asked = small("a lion walks in the snow");
    (asked["steps"], asked["size"]) = (json!(40), json!("224x128"));
    let mut videos = Vec::new();
    for previews in [true, false] {
        let studio = Studio::with(|config| config.previews = previews).await;
        let id = studio.post("/api/jobs", asked.clone()).await["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let preview = studio.url(&format!("/api/jobs/{id}/preview"));
        let (mut seen, begun) = (Vec::new(), std::time::Instant::now());
        let job = loop {
            let job = studio.job(&id).await;
            if job["preview_url"].is_string() {
                let answer = studio.http.get(&preview).send().await.unwrap();
                if answer.status() == 200 {
                    assert_eq!(answer.headers()["content-type"], "image/jpeg");
                    seen.push(answer.bytes().await.unwrap());
                } else {
                    assert_eq!(answer.status(), 204, "the clip is done meanwhile");
                }
            }
            if job["status"] != "queued" && job["status"] != "running" {
                break job;
            }
            assert!(begun.elapsed().as_secs() < 120);
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        };
        assert_eq!(job["status"], "completed", "{job}");
        assert_eq!(job["preview_url"], serde_json::Value::Null);
        assert_eq!(seen.is_empty(), !previews);
        let late = studio.http.get(&preview).send().await.unwrap();
        assert_eq!(late.status(), 204, "none any more, which is no fault");
        for picture in &seen {
            assert_eq!(&picture[..2], [0xff, 0xd8], "a JPEG");
        }
        let clip = format!("/api/clips/{}/video", job["clips"][0].as_str().unwrap());
        let video = studio.http.get(studio.url(&clip)).send().await.unwrap();
        let path = studio.data.path().join("kept.mp4");
        std::fs::write(&path, video.bytes().await.unwrap()).unwrap();
        let mut reader = kinora_media::open(&path).unwrap();
        let mut frames = Vec::new();
        while let Some(timed) = reader.next_frame().unwrap() {
            frames.push(timed.frame.rgb().to_vec());
        }
        videos.push(frames);
        studio.stop().await;
    }
    assert!(videos[0] == videos[1], "watching changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_jobs_have_places_and_can_be_moved_and_stopped() {
    let studio = Studio::idle().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let job = studio.post("/api/jobs", small("a frog")).await;
        assert_eq!(job["position"], ids.len());
        ids.push(job["id"].as_str().unwrap().to_owned());
    }
    let front = studio
        .post(&format!("/api/jobs/{}/front", ids[2]), json!({}))
        .await;
    assert_eq!(front["position"], 0);
    assert_eq!(studio.job(&ids[0]).await["position"], 1);
    let (status, _) = studio
        .ask(Method::DELETE, &format!("/api/jobs/{}", ids[0]), None)
        .await;
    assert_eq!(status, 409);
    let stopped = studio.post("/api/jobs/cancel-pending", json!({})).await;
    assert_eq!(stopped["changed"], 3);
    let (status, _) = studio
        .ask(Method::DELETE, &format!("/api/jobs/{}", ids[0]), None)
        .await;
    assert_eq!(status, 204);
    assert_eq!(
        studio.get("/api/jobs").await["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_jobs_change_places_among_their_owners_own() {
    let studio = Studio::idle().await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        let job = studio.post("/api/jobs", small("a frog")).await;
        ids.push(job["id"].as_str().unwrap().to_owned());
    }
    let path = |at: usize| format!("/api/jobs/{}/move", ids[at]);
    let order = async || {
        let jobs = studio.get("/api/jobs").await;
        let mut jobs = jobs["items"].as_array().unwrap().clone();
        jobs.sort_by_key(|job| job["position"].as_u64());
        let place = |job: &serde_json::Value| ids.iter().position(|id| job["id"] == id.as_str());
        jobs.iter().filter_map(place).collect::<Vec<_>>()
    };
    assert_eq!(order().await, [0, 1, 2, 3]);
    let moved = studio.post(&path(3), json!({"before": ids[1]})).await;
    assert_eq!(moved["position"], 1, "{moved}");
    assert_eq!(order().await, [0, 3, 1, 2]);
    studio.post(&path(0), json!({})).await;
    assert_eq!(order().await, [3, 1, 2, 0]);
    studio.post(&path(2), json!({"before": ids[3]})).await;
    assert_eq!(order().await, [2, 3, 1, 0]);
    // Who comes later stands behind, whatever was moved.
    let late = studio.post("/api/jobs", small("a frog")).await;
    assert_eq!(late["position"], 4);

    let front = format!("/api/jobs/{}/front", ids[0]);
    studio.post(&front, json!({})).await;
    assert_eq!(order().await, [0, 2, 3, 1]);
    let nowhere = studio
        .ask(Method::POST, &path(0), Some(json!({"before": "none"})))
        .await;
    assert_eq!(nowhere.0, 409, "{}", nowhere.1);
    let cancel = format!("/api/jobs/{}/cancel", ids[1]);
    studio.post(&cancel, json!({})).await;
    let over = studio.ask(Method::POST, &path(1), Some(json!({}))).await;
    assert_eq!(over.0, 409, "{}", over.1);
    let unknown = studio
        .ask(Method::POST, "/api/jobs/none/move", Some(json!({})))
        .await;
    assert_eq!(unknown.0, 404);
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_one_job_and_a_plan_is_never_overdrawn() {
    let plus = Plan {
        credits: Some(100),
        videos: Some(50),
        seconds: Some(5.0),
        resolution: Some(720),
        ..Plan::default()
    };
    let studio = Studio::with(|config| {
        config.workers = 0;
        config.plans.insert("Plus".into(), plus);
        config.plan = Some("Plus".into());
    })
    .await;
    let send = |key: String| {
        let request = studio
            .http
            .post(studio.url("/api/jobs"))
            .header("idempotency-key", key)
            .json(&small("a frog"));
        async move { request.send().await.unwrap().status().as_u16() }
    };
    // 25 credits each: four fit, however many come at once.
    let all = (0..12).map(|i| send(format!("key-{i}")));
    let statuses = futures_util::future::join_all(all).await;
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        4,
        "{statuses:?}"
    );
    assert!(statuses.iter().all(|status| [201, 429].contains(status)));
    let usage = studio.get("/api/usage").await;
    assert_eq!(
        (&usage["credits_used"], &usage["videos_used"]),
        (&json!(100), &json!(4))
    );

    let jobs = studio.get("/api/jobs").await;
    assert_eq!(jobs["items"].as_array().unwrap().len(), 4);
    let first = jobs["items"][0]["id"].as_str().unwrap();
    for _ in 0..2 {
        studio
            .post(&format!("/api/jobs/{first}/cancel"), json!({}))
            .await;
    }
    assert_eq!(
        studio.get("/api/usage").await["credits_used"],
        75,
        "refunded once"
    );
    let same = futures_util::future::join_all((0..4).map(|_| send("again".into()))).await;
    assert_eq!(same, [201; 4]);
    assert_eq!(
        studio.get("/api/usage").await["credits_used"],
        100,
        "charged once"
    );

    let (status, body) = studio
        .ask(
            Method::POST,
            "/api/jobs",
            Some(json!({"prompt": "a frog", "seconds": 10})),
        )
        .await;
    assert!(
        status == 403 && body["error"]["message"].as_str().unwrap().contains("Plus"),
        "{body}"
    );
    studio.stop().await;
}

/// What a worker that was stopped leaves of a job.
fn begun(studio: &Studio, id: &str) -> PathBuf {
    let folder = studio.data.path().join("jobs").join(id);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("video.mp4.checkpoint"), "half of it").unwrap();
    folder
}

async fn fail(studio: &Studio, id: &str) {
    let mut other = studio.database().await;
    let failed = sqlx::query("UPDATE jobs SET status = 'failed', finished = created WHERE id = ?");
    failed.bind(id).execute(&mut other).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_with_the_job_that_nobody_wants() {
    let studio = Studio::idle().await;
    let waiting = async || {
        let job = studio.post("/api/jobs", small("a frog")).await;
        let id = job["id"].as_str().unwrap().to_owned();
        (begun(&studio, &id), id)
    };

    let (cancelled, id) = waiting().await;
    let cancel = format!("/api/jobs/{id}/cancel");
    let job = studio.post(&cancel, json!({})).await;
    assert!(cancelled.exists() && job["resumable"] == true, "{job}");
    let remove = format!("/api/jobs/{id}");
    studio.ask(Method::DELETE, &remove, None).await;
    assert!(!cancelled.exists(), "cancelled and removed");

    let (failed, id) = waiting().await;
    fail(&studio, &id).await;
    assert!(failed.exists() && studio.job(&id).await["resumable"] == true);
    let remove = format!("/api/jobs/{id}");
    studio.ask(Method::DELETE, &remove, None).await;
    assert!(!failed.exists(), "failed and removed");

    let video = json!({"prompt": "a frog", "seconds": "2", "size": "96x64"});
    let video = studio.post("/v1/videos", video).await;
    let video = video["id"].as_str().unwrap();
    let id = video.trim_start_matches("video_");
    let deleted = begun(&studio, id);
    fail(&studio, id).await;
    let delete = format!("/v1/videos/{video}");
    studio.ask(Method::DELETE, &delete, None).await;
    assert!(!deleted.exists(), "failed and deleted");

    let (of_ada, id) = waiting().await;
    fail(&studio, &id).await;
    let mut other = studio.database().await;
    for sql in [
        "INSERT INTO users (id, name, created) VALUES ('ada', 'Ada', 0)",
        "UPDATE jobs SET owner = 'ada' WHERE listed AND status = 'failed'",
    ] {
        sqlx::query(sql).execute(&mut other).await.unwrap();
    }
    let removed = studio.ask(Method::DELETE, "/api/users/ada", None).await;
    assert_eq!(removed.0, 204, "{}", removed.1);
    assert!(!of_ada.exists(), "its owner is gone");
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_removes_the_work_of_jobs_that_do_not_go_on() {
    let studio = Studio::idle().await;
    let mut folders = Vec::new();
    for what in ["waits", "failed", "cancelled", "old"] {
        let job = studio.post("/api/jobs", small("a frog")).await;
        let id = job["id"].as_str().unwrap();
        match what {
            "failed" => fail(&studio, id).await,
            "cancelled" | "old" => {
                let cancel = format!("/api/jobs/{id}/cancel");
                studio.post(&cancel, json!({})).await;
            }
            _ => {}
        }
        if what == "old" {
            let week = "UPDATE jobs SET finished = finished - 7 * 24 * 3600000 WHERE id = ?";
            let mut other = studio.database().await;
            let week = sqlx::query(week).bind(id).execute(&mut other).await;
            assert_eq!(week.unwrap().rows_affected(), 1);
        }
        folders.push(begun(&studio, id));
    }
    let unknown = begun(&studio, "0000");
    let studio = Studio::on(studio.stop().await, |config| config.workers = 0).await;
    let begun = std::time::Instant::now();
    while unknown.exists() || folders[3].exists() {
        assert!(begun.elapsed().as_secs() < 20, "they stay");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(folders[0].exists(), "it waits");
    assert!(folders[1].exists() && folders[2].exists(), "they go on");
    studio.stop().await;
}
