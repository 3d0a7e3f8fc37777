//! What must not get in.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Studio, picture};

#[tokio::test(flavor = "multi_thread")]
async fn other_sites_and_other_names_are_kept_out() {
    let studio = Studio::idle().await;
    let get = |host: &str| {
        studio
            .http
            .get(studio.url("/api/clips"))
            .header("host", host.to_owned())
            .send()
    };
    assert_eq!(
        get("evil.example").await.unwrap().status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(get("localhost").await.unwrap().status(), StatusCode::OK);
    let write = studio
        .http
        .post(studio.url("/api/jobs/cancel-pending"))
        .header("origin", "https://evil.example");
    assert_eq!(write.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_do_not_lead_out_and_headers_are_set() {
    let studio = Studio::idle().await;
    let (_, clip) = studio.upload("a.png", picture()).await;
    for path in [
        "/api/clips/..%2f..%2fstudio/video".to_owned(),
        "/api/clips/%2e%2e/video".to_owned(),
        "/s/..%2f..%2fetc%2fpasswd".to_owned(),
        format!(
            "/api/clips/{}/..%2f..%2fstudio.db",
            clip["id"].as_str().unwrap()
        ),
        "/..%2f..%2fCargo.toml".to_owned(),
        "/assets/..%2f..%2f..%2fCargo.toml".to_owned(),
    ] {
        let (status, body) = studio.ask(Method::GET, &path, None).await;
        assert!(
            status == 404 || !body.to_string().contains("[package]"),
            "{path}: {status}"
        );
        assert_ne!(status, 500, "{path}");
    }
    let answer = studio.http.get(studio.url("/")).send().await.unwrap();
    for name in [
        "content-security-policy",
        "x-content-type-options",
        "x-frame-options",
        "referrer-policy",
        "x-request-id",
    ] {
        assert!(answer.headers().contains_key(name), "{name}");
    }
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_and_bodies_have_limits() {
    let studio = Studio::with(|config| (config.workers, config.upload_mb) = (0, 1)).await;
    let mut large = picture();
    large.resize(3 << 20, 0);
    let part = reqwest::multipart::Part::bytes(large).file_name("a.png");
    let form = reqwest::multipart::Form::new().part("file", part);
    // The server may close while bytes are still being sent; a connection of its own, as nothing else can use it then.
    if let Ok(answer) = reqwest::Client::new()
        .post(studio.url("/api/clips"))
        .multipart(form)
        .send()
        .await
    {
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
    let long = json!({"prompt": "a".repeat(5 << 20)});
    if let Ok(answer) = reqwest::Client::new()
        .post(studio.url("/api/jobs"))
        .json(&long)
        .send()
        .await
    {
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
    assert_eq!(studio.get("/api/clips").await["total"], 0);
    assert_eq!(studio.get("/health").await, "ok");
    assert_eq!(studio.get("/ready").await, "ready");
    assert!(
        studio
            .get("/metrics")
            .await
            .as_str()
            .unwrap()
            .contains("kinora_jobs{status=\"queued\"} 0")
    );
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_has_a_page_that_the_policy_lets_run() {
    let studio = Studio::idle().await;
    let page = studio.get("/api/docs").await;
    let page = page.as_str().unwrap();
    // A script written into the page would not run, and nothing is fetched from elsewhere.
    assert!(page.contains("src=\"/api/docs/viewer.js\"") && !page.contains("//cdn"));
    let script = studio.http.get(studio.url("/api/docs/viewer.js"));
    let script = script.send().await.unwrap();
    assert_eq!(script.headers()["content-type"], "text/javascript");
    assert!(script.text().await.unwrap().contains("/api/openapi.json"));
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_described_is_there() {
    let studio = Studio::idle().await;
    let document = studio.get("/api/openapi.json").await;
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 60, "{}", paths.len());
    assert!(paths.contains_key("/v1/videos/{id}/content"));
    let mut names = std::collections::HashSet::new();
    for (path, item) in paths {
        let address = path.replace("{id}", "nothing").replace("{name}", "nothing");
        for method in ["get", "post", "put", "patch", "delete"] {
            let described = item.get(method).is_some();
            let stream = path == "/api/events" && method == "get";
            if stream || (!described && method != "delete") {
                continue;
            }
            if let Some(operation) = item.get(method) {
                let name = operation["operationId"].as_str().unwrap();
                assert!(names.insert(name.to_owned()), "{name} twice");
                let takes_body = operation.get("requestBody").is_some();
                for status in ["400", "413"]
                    .into_iter()
                    .filter(|_| takes_body)
                    .chain(["403", "429"])
                {
                    let schema = &operation["responses"][status]["content"]["application/json"];
                    assert!(
                        schema["schema"]["$ref"].is_string(),
                        "{method} {path}: {status}"
                    );
                }
            }
            let method: Method = method.to_uppercase().parse().unwrap();
            let (status, body) = studio.ask(method.clone(), &address, None).await;
            let unknown = status == 405
                || body["error"]["message"].as_str().is_some_and(|said| {
                    said.contains("address") || said.contains("Unknown request")
                });
            assert_eq!(!unknown, described, "{method} {path}: {status} {body}");
            assert!(!status.is_server_error(), "{method} {path}: {body}");
        }
    }
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_is_linked_to_what_can_be_done_with_it() {
    let studio = Studio::idle().await;
    let document = studio.get("/api/openapi.json").await;
    let links = |path: &str, status: &str| {
        let all = &document["paths"][path]["post"]["responses"][status]["links"];
        let all = all.as_object().unwrap_or_else(|| panic!("{path}"));
        for (name, link) in all {
            assert_eq!(link["operationId"], json!(name));
            assert_eq!(link["parameters"], json!({"id": "$response.body#/id"}));
        }
        all.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        links("/api/folders", "201"),
        ["delete_api_folders_id", "patch_api_folders_id"]
    );
    let upload = links("/api/clips", "201");
    for (what, there) in [
        ("get_api_clips_id_video", true),
        ("get_api_clips_id_sidecar", false),
        ("post_api_clips_id_publish", true),
        ("post_api_clips_id_like", false),
        ("delete_api_clips_id_feature", false),
    ] {
        assert_eq!(upload.iter().any(|id| id == what), there, "{what}");
    }
    let video = [
        "delete_v1_videos_id",
        "get_v1_videos_id",
        "get_v1_videos_id_content",
        "post_v1_videos_id_remix",
    ];
    for path in ["", "/edits", "/extensions", "/{id}/remix"] {
        assert_eq!(links(&format!("/v1/videos{path}"), "200"), video);
    }
    studio.stop().await;
}
