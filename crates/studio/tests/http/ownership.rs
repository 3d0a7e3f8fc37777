//! Object level authorisation: whatever is another's is not there.

use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Asker, Studio, picture, small};

/// One thing of each kind, by the address under which the document describes it.
async fn things(asker: &Asker) -> Vec<(&'static str, String)> {
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    let clip = id(&asker.upload("a.png", picture()).await.1);
    let form = Form::new()
        .text("purpose", "vision")
        .part("file", Part::bytes(picture()).file_name("f.png"));
    let file = asker.http.post(asker.url("/v1/files")).multipart(form);
    let file: Value = file.send().await.unwrap().json().await.unwrap();
    let video = json!({"prompt": "a frog", "size": "96x64", "seconds": "1"});
    let character = json!({"name": "it", "video": {"id": clip}});
    let hook = json!({"url": "https://example.org/"});
    let style = json!({"name": "inky", "title": "Inky", "text": "ink"});
    asker.post("/api/styles", style).await;
    vec![
        (
            "/api/jobs/{id}",
            id(&asker.post("/api/jobs", small("a frog")).await),
        ),
        (
            "/api/folders/{id}",
            id(&asker.post("/api/folders", json!({"name": "f"})).await),
        ),
        (
            "/api/boards/{id}",
            id(&asker.post("/api/boards", json!({"name": "b"})).await),
        ),
        (
            "/api/keys/{id}",
            id(&asker.post("/api/keys", json!({"name": "k"})).await),
        ),
        ("/api/styles/{name}", "inky".into()),
        (
            "/v1/videos/characters/{id}",
            id(&asker.post("/v1/videos/characters", character).await),
        ),
        (
            "/v1/videos/{id}",
            id(&asker.post("/v1/videos", video).await),
        ),
        ("/v1/files/{id}", id(&file)),
        (
            "/v1/webhook_endpoints/{id}",
            id(&asker.post("/v1/webhook_endpoints", hook).await),
        ),
        ("/api/clips/{id}", clip),
    ]
}

/// Of administrators alone: there is no other answer, whosever it is.
const ADMINS: [&str; 3] = [
    "/api/users/{id}",
    "/api/moderation/refusals/{id}",
    "/api/clips/{id}/feature",
];

/// What the user has, as the lists show it.
async fn inventory(asker: &Asker) -> Vec<Value> {
    let mut all = Vec::new();
    for list in [
        "/api/clips",
        "/api/jobs",
        "/api/folders",
        "/api/boards",
        "/api/keys",
        "/api/styles",
        "/v1/videos",
        "/v1/files",
        "/v1/webhook_endpoints",
    ] {
        all.push(asker.get(list).await);
    }
    all
}

async fn studio() -> (Studio, Asker, Asker, Asker) {
    let studio = Studio::with(|config| {
        (config.workers, config.users) = (0, true);
        config.limits.writes = Some(0);
    })
    .await;
    let admin = studio.admin().await;
    let (ada, ben) = (
        studio.user(&admin, "ada").await,
        studio.user(&admin, "ben").await,
    );
    (studio, admin, ada, ben)
}

/// Every address with an identifier that the document describes, so that none is forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_anothers_is_not_there_whatever_is_asked_of_it() {
    let (studio, admin, ada, ben) = studio().await;
    let things = things(&ada).await;
    let before = inventory(&ada).await;
    let document = studio.get("/api/openapi.json").await;
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        if !path.contains('{') {
            continue;
        }
        let known = things.iter().find(|(kind, _)| path.starts_with(kind));
        let of_admins = ADMINS.contains(&path.as_str());
        assert!(known.is_some() || of_admins, "whose is {path}?");
        let address = match known {
            Some((kind, id)) => path.replace(kind, &kind.replace("{id}", id).replace("{name}", id)),
            None => path.replace("{id}", "local"),
        };
        let body = match path.as_str() {
            "/v1/videos/{id}/remix" => json!({"prompt": "a frog"}),
            _ => json!({"name": "mine", "allowed": true}),
        };
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ] {
            if item.get(method.as_str().to_lowercase()).is_none() {
                continue;
            }
            let (status, said) = ben.ask(method.clone(), &address, Some(body.clone())).await;
            let expected = match of_admins {
                true => StatusCode::FORBIDDEN,
                false => StatusCode::NOT_FOUND,
            };
            assert_eq!(status, expected, "{method} {path}: {said}");
            // An administrator is nobody's owner either.
            if !of_admins {
                let (status, said) = admin
                    .ask(method.clone(), &address, Some(body.clone()))
                    .await;
                assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}: {said}");
            }
            asked += 1;
        }
    }
    assert!(asked >= 45, "{asked}");
    assert_eq!(inventory(&ada).await, before, "nothing of it changed");
    studio.stop().await;
}

/// The same of identifiers that stand in a body or behind the `?`.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_anothers_cannot_be_named_either() {
    let (studio, _, ada, ben) = studio().await;
    let things = things(&ada).await;
    let id = |kind: &str| &things.iter().find(|(known, _)| *known == kind).unwrap().1;
    let (clip, folder) = (id("/api/clips/{id}"), id("/api/folders/{id}"));
    let (job, video) = (id("/api/jobs/{id}"), id("/v1/videos/{id}"));
    let (_, own) = ben.upload("own.png", picture()).await;
    let own = format!("/api/clips/{}", own["id"].as_str().unwrap());
    let waits = ben.post("/api/jobs", small("a lion")).await;
    let move_own = format!("/api/jobs/{}/move", waits["id"].as_str().unwrap());
    let after = format!("/v1/videos?after={video}");
    let with = |field: &str, value: &str| {
        let mut asked = small("a frog");
        asked[field] = json!(value);
        asked
    };
    let board = json!({"tool": "storyboard", "board": {"duration": 2, "cards": [{"at": 0, "image": clip}]}});
    let v1 = |field: &str, value: Value| json!({"prompt": "a frog", "size": "96x64", field: value});
    for (method, path, body, expected) in [
        (Method::POST, "/api/jobs", with("image", clip), 404),
        (Method::POST, "/api/jobs", with("video", clip), 404),
        (Method::POST, "/api/jobs", with("folder_id", folder), 404),
        (Method::POST, "/api/jobs", with("style", "inky"), 400),
        (
            Method::POST,
            "/api/jobs",
            json!({"tool": "loop", "clip": clip}),
            404,
        ),
        (Method::POST, "/api/jobs", board, 404),
        (Method::POST, "/api/jobs/estimate", with("image", clip), 404),
        (Method::POST, move_own.as_str(), json!({"before": job}), 409),
        (
            Method::PATCH,
            own.as_str(),
            json!({"folder_id": folder}),
            404,
        ),
        (
            Method::POST,
            "/v1/videos",
            v1("input_reference", json!({"file_id": id("/v1/files/{id}")})),
            404,
        ),
        (
            Method::POST,
            "/v1/videos",
            v1("characters", json!([id("/v1/videos/characters/{id}")])),
            404,
        ),
        (
            Method::POST,
            "/v1/videos/edits",
            json!({"prompt": "a frog", "video": {"id": video}}),
            404,
        ),
        (
            Method::POST,
            "/v1/videos/edits",
            json!({"prompt": "a frog", "video": {"id": clip}}),
            404,
        ),
        (
            Method::POST,
            "/v1/videos/extensions",
            json!({"prompt": "x", "seconds": "1", "video": {"id": video}}),
            404,
        ),
        (
            Method::POST,
            "/v1/videos/characters",
            json!({"name": "mine", "video": {"id": clip}}),
            404,
        ),
        (Method::GET, after.as_str(), Value::Null, 400),
    ] {
        let body = (!body.is_null()).then_some(body);
        let (status, said) = ben.ask(method.clone(), path, body.clone()).await;
        assert_eq!(status, expected, "{method} {path} {body:?}: {said}");
    }
    // Lists and bulk actions take what is one's own, and pass over the rest.
    for body in [
        json!({"ids": [clip], "trashed": true}),
        json!({"ids": [clip], "delete": true}),
    ] {
        assert_eq!(ben.post("/api/clips/bulk", body).await["changed"], 0);
    }
    let seen = ben.get(&format!("/api/clips?folder={folder}")).await;
    assert_eq!(seen["total"], 0);
    assert_eq!(ben.get("/api/clips").await["total"], 1);
    let form = Form::new()
        .text("folder_id", folder.clone())
        .part("file", Part::bytes(picture()).file_name("x.png"));
    let upload = ben.http.post(ben.url("/api/clips")).multipart(form);
    let upload: Value = upload.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        upload["folder_id"],
        Value::Null,
        "in no folder of another's"
    );
    assert_eq!(
        ada.get(&format!("/api/clips/{clip}")).await["trashed_at"],
        Value::Null
    );
    studio.stop().await;
}
