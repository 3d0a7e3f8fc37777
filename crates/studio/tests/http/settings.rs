//! What the settings and the queue's page ask: waiting jobs changed and paused, plans, room on the disk, styles, marks.

use kinora_studio::plans::Plan;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{Studio, picture, small, wants_the_mark};

/// Without a worker, and with one plan for all.
async fn planned(plan: Plan) -> Studio {
    Studio::with(|config| {
        config.workers = 0;
        config.plans.insert("Plus".into(), plan);
        config.plan = Some("Plus".into());
    })
    .await
}

fn id_of(thing: &Value) -> &str {
    thing["id"].as_str().unwrap()
}

async fn file(studio: &Studio, path: &str) -> (String, String, Vec<u8>) {
    let answer = studio.http.get(studio.url(path)).send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    let header = |name: &str| {
        let value = answer.headers().get(name);
        value.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
    };
    let (kind, name) = (header("content-type"), header("content-disposition"));
    (kind, name, answer.bytes().await.unwrap().to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_job_is_changed_in_its_place_for_the_difference() {
    let studio = planned(Plan {
        credits: Some(100),
        videos: Some(3),
        ..Plan::default()
    })
    .await;
    let first = studio.post("/api/jobs", small("a frog")).await;
    let second = studio.post("/api/jobs", small("a lion")).await;
    assert_eq!(first["editable"], true);
    let path = format!("/api/jobs/{}", id_of(&first));
    let credits = async || {
        let usage = studio.get("/api/usage").await;
        (usage["credits_used"].clone(), usage["videos_used"].clone())
    };
    assert_eq!(credits().await, (json!(50), json!(2)));

    let mut dearer = small("a zebra in the snow");
    (dearer["size"], dearer["seconds"]) = (json!("480x480"), json!(10));
    let (status, changed) = studio.ask(Method::PUT, &path, Some(dearer)).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(
        (&changed["id"], &changed["prompt"], &changed["position"]),
        (&first["id"], &json!("a zebra in the snow"), &json!(0))
    );
    assert_eq!(changed["request"]["seconds"], 10.0);
    assert_eq!(credits().await, (json!(65), json!(2)), "40 instead of 25");

    // What the plan does not hold leaves the job and its price as they were.
    let mut many = small("a herd of zebras");
    many["variants"] = json!(4);
    let (status, _) = studio.ask(Method::PUT, &path, Some(many)).await;
    assert_eq!(status, 429);
    assert_eq!(credits().await, (json!(65), json!(2)));
    assert_eq!(
        studio.job(id_of(&first)).await["prompt"],
        "a zebra in the snow"
    );

    let (_, cheaper) = studio.ask(Method::PUT, &path, Some(small("a frog"))).await;
    assert_eq!(cheaper["prompt"], "a frog");
    assert_eq!(credits().await, (json!(50), json!(2)));
    let cancel = |job: &Value| format!("/api/jobs/{}/cancel", id_of(job));
    studio.post(&cancel(&first), json!({})).await;
    assert_eq!(credits().await, (json!(25), json!(1)), "given back once");

    // What has ended, was begun, or is nobody's cannot be changed.
    let (status, _) = studio.ask(Method::PUT, &path, Some(small("a frog"))).await;
    assert_eq!(status, 409);
    let begun = "UPDATE jobs SET started = 1 WHERE status = 'queued'";
    let mut other = studio.database().await;
    sqlx::query(begun).execute(&mut other).await.unwrap();
    let path = format!("/api/jobs/{}", id_of(&second));
    assert_eq!(studio.get(&path).await["editable"], false);
    let (status, _) = studio.ask(Method::PUT, &path, Some(small("a frog"))).await;
    assert_eq!(status, 409);
    let (status, _) = studio
        .ask(Method::PUT, "/api/jobs/none", Some(small("a frog")))
        .await;
    assert_eq!(status, 404);
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_job_keeps_its_place_and_waits_until_it_is_resumed() {
    let studio = Studio::idle().await;
    let mut ids = Vec::new();
    for prompt in ["a frog", "a lion", "a zebra"] {
        let job = studio.post("/api/jobs", small(prompt)).await;
        ids.push(id_of(&job).to_owned());
    }
    let path = |at: usize, verb: &str| format!("/api/jobs/{}/{verb}", ids[at]);
    for _ in 0..2 {
        let paused = studio.post(&path(0, "pause"), json!({})).await;
        assert_eq!(
            (&paused["paused"], &paused["place"]),
            (&json!(true), &json!(0))
        );
        assert_eq!(paused["position"], Value::Null);
    }
    let next = studio.job(&ids[1]).await;
    assert_eq!((&next["position"], &next["place"]), (&json!(0), &json!(1)));

    // It is changed, moved and cancelled as others are.
    let change = format!("/api/jobs/{}", ids[0]);
    let (status, changed) = studio
        .ask(Method::PUT, &change, Some(small("an owl")))
        .await;
    assert_eq!((status.as_u16(), &changed["paused"]), (200, &json!(true)));
    studio.post(&path(0, "move"), json!({})).await;
    assert_eq!(studio.job(&ids[0]).await["place"], 2);
    studio.post(&path(0, "front"), json!({})).await;

    let data = studio.stop().await;
    let studio = Studio::on(data, |_| {}).await;
    for id in &ids[1..] {
        let job = studio.wait(id, &["completed", "failed"]).await;
        assert_eq!(job["status"], "completed", "{job}");
    }
    assert_eq!(
        studio.job(&ids[0]).await["status"],
        "queued",
        "still paused"
    );
    let (status, _) = studio
        .ask(Method::POST, &path(1, "pause"), Some(json!({})))
        .await;
    assert_eq!(status, 409);
    studio.post(&path(0, "resume"), json!({})).await;
    let job = studio.wait(&ids[0], &["completed", "failed"]).await;
    assert_eq!(
        (&job["status"], &job["prompt"]),
        (&json!("completed"), &json!("an owl"))
    );
    assert_eq!(job["paused"], false);
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_a_plan_is_said_before_and_a_time_before_the_first_clip() {
    let studio = planned(Plan {
        credits: Some(100),
        resolution: Some(720),
        seconds: Some(5.0),
        ..Plan::default()
    })
    .await;
    let estimate = studio.post("/api/jobs/estimate", small("a frog")).await;
    assert_eq!(
        (
            &estimate["credits"],
            &estimate["credits_left"],
            &estimate["measured"]
        ),
        (&json!(25), &json!(100), &json!(false))
    );
    assert!(estimate["seconds_estimate"].as_f64().unwrap() > 0.0);
    studio.post("/api/jobs", small("a frog")).await;
    let mut other = studio.database().await;
    let speed = "INSERT INTO speeds (model, denoise, finish) VALUES ('mini', 0, 2)";
    sqlx::query(speed).execute(&mut other).await.unwrap();
    let estimate = studio.post("/api/jobs/estimate", small("a frog")).await;
    assert_eq!(
        (&estimate["credits_left"], &estimate["measured"]),
        (&json!(75), &json!(true))
    );

    let usage = studio.get("/api/usage").await;
    assert_eq!(usage["allows"]["resolution"], 720);
    let prices = usage["prices"].as_array().unwrap();
    assert_eq!(prices.len(), 6);
    let wide = |price: &&Value| price["resolution"] == 1080 && price["square"] == false;
    let price = prices.iter().find(wide).unwrap();
    assert_eq!(
        price["credits"],
        json!([[5, 200], [10, 600], [15, 1300], [20, 2000]])
    );
    let models = studio.get("/api/models").await;
    let memory = models["items"][0]["memory"].as_f64().unwrap();
    assert!(memory > models["items"][0]["bytes"].as_f64().unwrap());
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_are_told_by_kind_and_by_user() {
    let studio = Studio::idle().await;
    let (_, kept) = studio.upload("a.png", picture()).await;
    let (_, thrown) = studio.upload("b.png", picture()).await;
    let before = studio.get("/api/storage").await;
    let kinds = &before["kinds"];
    let uploads = kinds["uploads"].as_u64().unwrap();
    assert!(
        uploads > 2 * kept["bytes"].as_u64().unwrap(),
        "with measures"
    );
    assert!(kinds["thumbnails"].as_u64().unwrap() > 0);
    assert_eq!((&kinds["clips"], &kinds["trash"]), (&json!(0), &json!(0)));
    assert!(before["free"].as_u64().unwrap() > 0);

    let throw = json!({"ids": [thrown["id"]], "trashed": true});
    studio.post("/api/clips/bulk", throw).await;
    let job = studio.post("/api/jobs", small("a frog")).await;
    let folder = studio.data.path().join("jobs").join(id_of(&job));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("video.mp4.checkpoint"), vec![0; 5000]).unwrap();
    let after = studio.get("/api/storage").await;
    let kinds = &after["kinds"];
    assert_eq!(kinds["checkpoints"], 5000);
    assert_eq!(kinds["uploads"].as_u64().unwrap() * 2, uploads);
    assert!(kinds["trash"].as_u64().unwrap() > thrown["bytes"].as_u64().unwrap());
    assert_eq!(
        after["bytes"].as_u64().unwrap(),
        before["bytes"].as_u64().unwrap() + 5000
    );
    assert_eq!(after["users"][0]["bytes"], after["bytes"]);
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_style_has_pictures_and_moves_as_one_file() {
    use base64::Engine;
    let studio = Studio::idle().await;
    let address = base64::engine::general_purpose::STANDARD.encode(picture());
    let address = format!("data:image/png;base64,{address}");
    let new =
        json!({"title": "Ink Wash", "text": "ink wash painting", "pictures": [address, address]});
    let style = studio.post("/api/styles", new).await;
    assert_eq!(style["name"], "ink-wash");
    assert!(
        style["parts"]["colour"].is_string(),
        "read from its pictures: {style}"
    );
    let pictures = style["pictures"].as_array().unwrap();
    assert_eq!((pictures.len(), &style["thumbnail"]), (2, &pictures[0]));
    let (kind, _, bytes) = file(&studio, pictures[0].as_str().unwrap()).await;
    assert_eq!(
        (kind.as_str(), &bytes[..2]),
        ("image/jpeg", &[0xff, 0xd8][..])
    );

    // The style's words lead the clip, and its maker's own words stay as they were.
    let mut asked = small("a frog");
    asked["style"] = json!("ink-wash");
    assert_eq!(studio.post("/api/jobs", asked).await["prompt"], "a frog");

    // One picture is kept; a text alone changes none.
    let one = json!({"name": "ink-wash", "title": "Ink", "text": "ink on paper", "pictures": [pictures[1]]});
    let one = studio.post("/api/styles", one).await;
    assert_eq!(one["pictures"].as_array().unwrap().len(), 1);
    let text = json!({"name": "ink-wash", "title": "Ink", "text": "ink on silk"});
    let text = studio.post("/api/styles", text).await;
    assert_eq!(
        (&text["text"], text["pictures"].as_array().unwrap().len()),
        (&json!("ink on silk"), 1)
    );
    for (wrong, status) in [
        (
            json!({"title": "Six", "text": "x", "pictures": vec![address; 6]}),
            400,
        ),
        (json!({"title": "None"}), 400),
        (
            json!({"title": "Bad", "text": "x", "pictures": ["data:image/png;base64,AAAA"]}),
            415,
        ),
        (
            json!({"title": "Gone", "text": "x", "pictures": ["/api/styles/x/pictures/y"]}),
            404,
        ),
    ] {
        let answer = studio.ask(Method::POST, "/api/styles", Some(wrong)).await;
        assert_eq!(answer.0, status, "{}", answer.1);
    }

    let (kind, _, zip) = file(&studio, "/api/styles/ink-wash/file").await;
    assert_eq!(kind, "application/zip");
    let bring = async |bytes: Vec<u8>| {
        let form = Form::new().part("file", Part::bytes(bytes).file_name("style.zip"));
        let sent = studio
            .http
            .post(studio.url("/api/styles/import"))
            .multipart(form);
        let answer = sent.send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    assert_eq!(bring(zip.clone()).await.0, 409, "it is there already");
    studio
        .ask(Method::DELETE, "/api/styles/ink-wash", None)
        .await;
    let (status, back) = bring(zip).await;
    assert_eq!(status, 201, "{back}");
    for field in ["name", "title", "text", "parts"] {
        assert_eq!(back[field], text[field], "{field}");
    }
    assert_eq!(back["pictures"].as_array().unwrap().len(), 1);
    assert_eq!(bring(b"nonsense".to_vec()).await.0, 400);

    // The whole library takes it along.
    let (_, _, library) = file(&studio, "/api/export").await;
    let elsewhere = Studio::idle().await;
    let form = Form::new().part("file", Part::bytes(library).file_name("library.zip"));
    let sent = elsewhere
        .http
        .post(elsewhere.url("/api/import"))
        .multipart(form);
    let answer = sent.send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(answer["problems"], json!([]));
    let styles = elsewhere.get("/api/styles").await;
    let styles = styles["items"].as_array().unwrap();
    assert_eq!(styles[5]["text"], "ink on silk");
    assert_eq!(styles[5]["pictures"].as_array().unwrap().len(), 1);
    elsewhere.stop().await;
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mark_is_a_choice_unless_the_plan_wants_it() {
    let studio = Studio::idle().await;
    let (_, clip) = studio.upload("a.png", picture()).await;
    let id = id_of(&clip);
    let generation = "UPDATE clips SET kind = 'generation'";
    let mut other = studio.database().await;
    sqlx::query(generation).execute(&mut other).await.unwrap();
    let path = |query: &str| format!("/api/clips/{id}/download{query}");
    let (_, _, plain) = file(&studio, &path("")).await;
    assert_eq!(plain, picture());
    let (kind, name, marked) = file(&studio, &path("?mark=true")).await;
    assert_eq!(
        (kind.as_str(), &marked[..4]),
        ("image/png", &b"\x89PNG"[..])
    );
    assert!(name.contains(".png\""), "{name}");
    assert_ne!(marked, plain);

    let data = studio.stop().await;
    let studio = Studio::on(data, wants_the_mark).await;
    for query in ["", "?mark=false", "?mark=true"] {
        assert_eq!(file(&studio, &path(query)).await.2, marked, "{query}");
    }
    let (kind, _, played) = file(&studio, &format!("/api/clips/{id}/video")).await;
    assert_eq!((kind.as_str(), played), ("image/png", marked));
    studio.stop().await;
}
