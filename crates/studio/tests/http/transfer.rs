//! Libraries on the move: what goes out, what is taken in, and what is left when a client goes away.

use std::io::{Cursor, Write};
use std::time::Duration;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::support::{Studio, picture, small, wants_the_mark};

/// Longer than any answer here takes, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A studio whose only plan wants the visible mark, and a clip that it is wanted on.
async fn marking() -> (Studio, String) {
    let studio = Studio::with(wants_the_mark).await;
    let (_, clip) = studio.upload("a.png", picture()).await;
    let mut database = studio.database().await;
    let changed = sqlx::query("UPDATE clips SET kind = 'generation'");
    changed.execute(&mut database).await.unwrap();
    (studio, clip["id"].as_str().unwrap().to_owned())
}

async fn bytes(studio: &Studio, path: &str) -> Vec<u8> {
    let sent = studio.http.get(studio.url(path)).timeout(PATIENCE).send();
    let answer = sent.await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    answer.bytes().await.unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_is_marked_as_all_that_leaves() {
    let (studio, id) = marking().await;
    let zip = bytes(&studio, "/api/export").await;
    let zip = ZipArchive::new(Cursor::new(zip)).unwrap();
    let names = zip.file_names().map(|name| name.unwrap().into_owned());
    let names: Vec<String> = names.collect();
    assert!(
        names.contains(&format!("clips/{id}/marked.png")),
        "{names:?}"
    );
    assert!(!names.iter().any(|name| name.ends_with("video.png")));
    assert_eq!(studio.left_behind(), 0);
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_marked_copy_is_played_while_others_decode() {
    let (studio, id) = marking().await;
    let path = format!("/api/clips/{id}/video");
    let first = bytes(&studio, &path).await;
    let _busy = studio.busy().await;
    assert_eq!(bytes(&studio, &path).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_leaves_nothing_behind() {
    let studio = Studio::idle().await;
    let (_, clip) = studio.upload("a.png", picture()).await;
    let id = clip["id"].as_str().unwrap();
    let busy = studio.busy().await;
    let form = Form::new().part("file", Part::bytes(picture()).file_name("b.png"));
    let brief = Duration::from_millis(500);
    let upload = studio.http.post(studio.url("/api/clips")).multipart(form);
    let export = studio.http.get(studio.url("/api/export"));
    let path = format!("/api/clips/{id}/download?format=gif");
    let download = studio.http.get(studio.url(&path));
    for request in [upload, export, download] {
        assert!(request.timeout(brief).send().await.is_err(), "it waits");
    }
    drop(busy);
    let clean = async {
        while studio.left_behind() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let clean = tokio::time::timeout(Duration::from_secs(20), clean).await;
    assert!(clean.is_ok(), "{} are left", studio.left_behind());
    assert_eq!(studio.get("/api/clips").await["total"], 1);
    studio.stop().await;
}

/// An export of one clip, with what is given put into its index and its sidecar.
async fn altered(studio: &Studio, index: Value, sidecar: &[u8]) -> Vec<u8> {
    let (_, clip) = studio.upload("a.png", picture()).await;
    let id = clip["id"].as_str().unwrap();
    let mut library = json!({"clips": [clip]});
    library["clips"][0]["media"] = json!("video.png");
    for (name, value) in index.as_object().unwrap() {
        library[name] = value.clone();
    }
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in [
        ("library.json".into(), library.to_string().into_bytes()),
        (format!("clips/{id}/video.png"), picture()),
        (format!("clips/{id}/video.json"), sidecar.to_vec()),
    ] {
        zip.start_file(name, stored).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

async fn import(studio: &Studio, zip: Vec<u8>) -> Value {
    let form = Form::new().part("file", Part::bytes(zip).file_name("a.zip"));
    let sent = studio.http.post(studio.url("/api/import")).multipart(form);
    sent.send().await.unwrap().json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_import_brings_passes_the_checks_of_what_is_made_here() {
    let (from, to) = (Studio::idle().await, Studio::idle().await);
    let index = json!({
        "folders": [{"id": "f", "name": "x".repeat(121)}],
        "boards": [{"name": "large", "board": {"prompt": "x".repeat(2 << 20)}}, {"name": "fits", "board": {}}],
        "styles": [{"name": "ink", "title": "Ink", "text": "x".repeat(2001)}],
    });
    let done = import(&to, altered(&from, index, b"{}").await).await;
    assert_eq!((&done["clips"], &done["skipped"]), (&json!(1), &json!(0)));
    assert_eq!(done["problems"].as_array().unwrap().len(), 3, "{done}");
    let boards = to.get("/api/boards").await;
    assert_eq!(boards["items"].as_array().unwrap().len(), 1);
    assert_eq!(to.get("/api/folders").await["items"], json!([]));

    let large = vec![b' '; (1 << 20) + 1];
    let done = import(&to, altered(&from, json!({}), &large).await).await;
    assert_eq!((&done["clips"], &done["skipped"]), (&json!(0), &json!(1)));
    assert_eq!(to.left_behind(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_beyond_memory_is_refused() {
    let studio = Studio::idle().await;
    let index = json!({"kinora": "x".repeat(33 << 20)});
    let zip = altered(&studio, index, b"{}").await;
    let said = import(&studio, zip).await;
    assert_eq!(said["error"]["code"], "too_large", "{said}");
    assert_eq!(studio.left_behind(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_to_be_enhanced_has_the_limit_of_all_prompts() {
    let studio = Studio::idle().await;
    for (path, body) in [
        ("/api/enhance", json!({"prompt": "x".repeat(32_001)})),
        ("/api/jobs", small(&"x".repeat(32_001))),
    ] {
        let (status, said) = studio.ask(reqwest::Method::POST, path, Some(body)).await;
        assert_eq!(status, 400, "{path}: {said}");
    }
}
