//! The pages: `web/dist`, inside the program where it was built before; read from the disk by a debug build.

use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Pages;

const NONE: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Kinora</title>\
    <style>body{font:16px/1.6 system-ui;max-width:36em;margin:15vh auto;padding:0 1em}code{background:#8882;padding:.1em .3em}</style>\
    <h1>Kinora is running</h1><p>Its API answers under <code>/api</code> and <code>/v1</code>; \
    <a href=/api/docs>/api/docs</a> describes them.</p>\
    <p>This build has no pages. To add the studio: <code>cargo xtask web</code> (needs Node 20 or newer), then build again.</p></html>";

/// A file of the pages; paths without a dot are the app's own.
pub async fn page(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    let found = Pages::get(path).map(|file| (path, file));
    let app = || Pages::get("index.html").map(|file| ("index.html", file));
    match found.or_else(|| if path.contains('.') { None } else { app() }) {
        Some((name, file)) => {
            let mime = mime_guess::from_path(name).first_or_octet_stream();
            // Vite names what it puts into assets/ after its content.
            let cache = match name.starts_with("assets/") {
                true => "public, max-age=31536000, immutable",
                false => "no-cache",
            };
            let headers = [
                (
                    header::CONTENT_TYPE,
                    HeaderValue::from_str(mime.as_ref())
                        .unwrap_or(HeaderValue::from_static("text/plain")),
                ),
                (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
            ];
            (headers, file.data).into_response()
        }
        None if path.contains('.') => {
            (StatusCode::NOT_FOUND, "there is no such page").into_response()
        }
        None => Html(NONE).into_response(),
    }
}
