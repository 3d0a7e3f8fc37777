//! A clip's files.

use std::path::Path as FilePath;

use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use kinora_media::Export;
use serde::Deserialize;
use tower::ServiceExt;
use tower_http::services::ServeFile;

use super::status::has_ffmpeg;
use super::{Id, Params};
use crate::files::{MARKED, SIDECAR, SPRITESHEET, THUMBNAIL};
use crate::guard::Viewer;
use crate::scratch::Scratch;
use crate::wire::Clip;
use crate::{App, Error, Result};

/// A clip's files never change.
const FOR_EVER: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");

/// The media file; answers ranges.
#[utoipa::path(get, path = "/api/clips/{id}/video", responses((status = 200, description = "The file, or the part that was asked for.", content_type = "*/*"), (status = 206), (status = 404)))]
pub async fn video(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
    request: Request,
) -> Result<Response> {
    let clip = app.store.clip_seen_by(&viewer.id, &id).await?;
    let name = delivered(&app, &clip).await?;
    file(&app, &clip, &name, request).await
}

/// A WebP picture that stands for the clip.
#[utoipa::path(get, path = "/api/clips/{id}/thumbnail", responses((status = 200, description = "The file, or the part that was asked for.", content_type = "image/webp"), (status = 404)))]
pub async fn thumbnail(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
    request: Request,
) -> Result<Response> {
    let clip = app.store.clip_seen_by(&viewer.id, &id).await?;
    file(&app, &clip, THUMBNAIL, request).await
}

/// Frames in order of time as one JPEG; the clip's `sprite` says how they lie.
#[utoipa::path(get, path = "/api/clips/{id}/spritesheet", responses((status = 200, description = "The file, or the part that was asked for.", content_type = "image/jpeg"), (status = 404)))]
pub async fn spritesheet(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
    request: Request,
) -> Result<Response> {
    let clip = app.store.clip_seen_by(&viewer.id, &id).await?;
    file(&app, &clip, SPRITESHEET, request).await
}

/// The engine's record of a generation: enough to make it again. Uploads have none.
#[utoipa::path(get, path = "/api/clips/{id}/sidecar", responses((status = 200, description = "The file, or the part that was asked for.", content_type = "application/json"), (status = 404)))]
pub async fn sidecar(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
    request: Request,
) -> Result<Response> {
    let clip = app.store.clip(&viewer.id, &id).await?;
    file(&app, &clip, SIDECAR, request).await
}

/// Whether the plan of the clip's owner wants the visible mark on it.
async fn marked(app: &App, clip: &Clip) -> Result<bool> {
    if app.config.plans.is_empty() || clip.kind != "generation" {
        return Ok(false);
    }
    let owner = app.store.user(&clip.owner).await?;
    let plan = app.config.plan_of(owner.plan.as_deref());
    Ok(plan.is_some_and(|(_, plan)| plan.watermark))
}

/// Name of the file that leaves the studio: the clip's own, or where the owner's plan wants it a marked copy. Tools work
/// on the clip's own.
pub async fn delivered(app: &App, clip: &Clip) -> Result<String> {
    match marked(app, clip).await? {
        true => marked_copy(app, clip).await,
        false => Ok(clip.file.clone()),
    }
}

/// Name of a clip's marked copy, which is made once.
async fn marked_copy(app: &App, clip: &Clip) -> Result<String> {
    let (folder, name) = (app.store.files.clip(&clip.id), marked_name(clip));
    let (from, to) = (folder.join(&clip.file), folder.join(&name));
    // A player asks for many parts of a clip: only the first of them waits for a turn.
    if !to.exists() {
        app.heavily(move || mark(&from, &to)).await?;
    }
    Ok(name)
}

/// In the clip's own format where that can be written, else in the one of its kind that can.
pub fn marked_name(clip: &Clip) -> String {
    let ending = match ending(clip) {
        own @ ("mp4" | "gif" | "png") => own,
        _ if clip.frames <= 1 => "png",
        _ => "mp4",
    };
    format!("{MARKED}.{ending}")
}

/// Of the clip's own file.
fn ending(clip: &Clip) -> &str {
    let ending = FilePath::new(&clip.file).extension();
    ending.and_then(|e| e.to_str()).unwrap_or("mp4")
}

/// Blocking.
fn mark(from: &FilePath, to: &FilePath) -> Result<()> {
    // Somebody else may have had the turn before.
    if to.exists() {
        return Ok(());
    }
    let how = Export {
        watermark: true,
        ..Export::default()
    };
    kinora_media::export(from, to, &how)?;
    Ok(())
}

async fn file(app: &App, clip: &Clip, name: &str, request: Request) -> Result<Response> {
    let path = app.store.files.clip(&clip.id).join(name);
    if !path.exists() {
        return Err(Error::NotFound("file"));
    }
    let answer = ServeFile::new(path).oneshot(request).await;
    let mut answer = answer.map_err(Error::internal)?.map(axum::body::Body::new);
    if answer.status().is_success() {
        answer.headers_mut().insert(header::CACHE_CONTROL, FOR_EVER);
    }
    Ok(answer.into_response())
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Download {
    /// `mp4`, `gif`, `png`, or `webm` where ffmpeg is found; the file as it is, if absent.
    pub format: Option<String>,
    /// Seconds; of a still.
    pub at: Option<f64>,
    /// Whether a generation carries the visible mark. Where the plan of its maker wants one it always does.
    pub mark: bool,
}

/// The clip as a file to keep, in another format if asked.
#[utoipa::path(get, path = "/api/clips/{id}/download", params(Download), responses((status = 200), (status = 400)))]
pub async fn download(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
    Params(asked): Params<Download>,
    request: Request,
) -> Result<Response> {
    let clip = app.store.clip_seen_by(&viewer.id, &id).await?;
    let wished = asked.mark && clip.kind == "generation";
    let mark = wished || marked(&app, &clip).await?;
    let name = match mark {
        true => marked_name(&clip),
        false => clip.file.clone(),
    };
    let own = name.rsplit('.').next().unwrap_or_default().to_owned();
    let format = asked.format.unwrap_or_else(|| own.clone());
    let mut answer = match format.as_str() {
        same if same == own && asked.at.is_none() => {
            if mark {
                marked_copy(&app, &clip).await?;
            }
            file(&app, &clip, &name, request).await?
        }
        "webm" if !has_ffmpeg() => {
            return Err(Error::Invalid(
                "WebM is written with ffmpeg, which this server does not find on its PATH; take mp4 or gif"
                    .into(),
            ));
        }
        "mp4" | "gif" | "png" | "webm" => {
            let at = asked.at.unwrap_or(0.0);
            if !(0.0..=clip.seconds).contains(&at) {
                return Err(Error::Invalid(format!(
                    "the clip lasts {} s; give a time within it",
                    clip.seconds
                )));
            }
            let made = converted(&app, &clip, &format, at, mark).await?;
            let mut answer = file_once(made, request).await?;
            answer
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            answer
        }
        _ => {
            return Err(Error::Invalid(format!(
                "`{format}` is not a format; give mp4, gif, png or webm"
            )));
        }
    };
    let name = download_name(&clip, &format);
    let value = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        .map_err(Error::internal)?;
    answer
        .headers_mut()
        .insert(header::CONTENT_DISPOSITION, value);
    Ok(answer)
}

/// Letters of the title or prompt that every file system takes.
fn download_name(clip: &Clip, ending: &str) -> String {
    let words = if clip.title.is_empty() {
        &clip.prompt
    } else {
        &clip.title
    };
    let plain: String = words
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let parts: Vec<&str> = plain
        .split('-')
        .filter(|part| !part.is_empty())
        .take(8)
        .collect();
    let stem = if parts.is_empty() {
        "kinora".into()
    } else {
        parts.join("-")
    };
    match clip.seed {
        Some(seed) => format!("{stem}-{seed}.{ending}"),
        None => format!("{stem}.{ending}"),
    }
}

/// Writes the clip in another format; the file goes with the answer.
async fn converted(
    app: &App,
    clip: &Clip,
    format: &str,
    at: f64,
    watermark: bool,
) -> Result<Scratch> {
    let from = app.store.files.clip(&clip.id).join(&clip.file);
    let to = app.store.files.scratch_file(format);
    let how = Export {
        at,
        watermark,
        ..Export::default()
    };
    let written = app.heavily(move || {
        kinora_media::export(from, to.path(), &how)?;
        Ok(to)
    });
    written.await
}

/// Opened before it is removed: the bytes last as long as the answer.
pub(super) async fn file_once(made: Scratch, request: Request) -> Result<Response> {
    let answer = ServeFile::new(made.path()).oneshot(request).await;
    Ok(answer
        .map_err(Error::internal)?
        .map(axum::body::Body::new)
        .into_response())
}

/// The page behind a share link; where there is none any more, a page that says so.
pub async fn shared_page(
    State(app): State<App>,
    token: Result<Id>,
    headers: HeaderMap,
) -> Result<Response> {
    let found = match token {
        Ok(Id(token)) => app
            .store
            .clip_shared(&token)
            .await
            .map(|clip| (token, clip)),
        Err(error) => Err(error),
    };
    let (token, clip) = match found {
        Err(Error::NotFound(_)) => {
            let page = page(
                "Kinora",
                "",
                "<p>Nothing is shared here: the link has ended, or it was not copied whole.</p>",
            );
            return Ok((StatusCode::NOT_FOUND, Html(page)).into_response());
        }
        found => found?,
    };
    let link = format!("{}/s/{token}", base_of(&headers));
    let (title, words) = match clip.title.is_empty() {
        true => (escaped(&clip.prompt), String::new()),
        false => (escaped(&clip.title), escaped(&clip.prompt)),
    };
    let shape = format!("style=\"--shape:{}/{}\"", clip.width, clip.height);
    let (player, kind) = match clip.frames {
        1 => (
            format!("<img src=\"/s/{token}/video\" alt=\"{title}\" {shape}>"),
            "<meta property=og:type content=website>".to_owned(),
        ),
        _ => (
            format!(
                "<video src=\"/s/{token}/video\" poster=\"/s/{token}/thumbnail\" {shape} controls autoplay loop muted playsinline></video>"
            ),
            format!(
                "<meta property=og:type content=video.other><meta property=og:video content=\"{link}/video\">\
                 <meta property=og:video:type content=video/mp4><meta property=og:video:width content={width}>\
                 <meta property=og:video:height content={height}><meta name=twitter:card content=player>",
                width = clip.width,
                height = clip.height,
            ),
        ),
    };
    let meta = format!(
        "<meta property=og:title content=\"{title}\"><meta property=og:description content=\"{words}\">\
         <meta property=og:url content=\"{link}\"><meta property=og:image content=\"{link}/thumbnail\">{kind}"
    );
    let body = format!("{player}<p>{title}</p><p class=words>{words}</p>");
    Ok(Html(page(&title, &meta, &body)).into_response())
}

fn page(title: &str, meta: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title>{meta}\
         <style>body{{margin:0;min-height:100vh;box-sizing:border-box;display:grid;grid-template-columns:minmax(0,1fr);\
         place-content:center;justify-items:center;gap:1em;background:#111;color:#eee;font:16px/1.5 system-ui;padding:1em}}\
         video,img{{width:min(100%,80vh*var(--shape));aspect-ratio:var(--shape);border-radius:12px}}\
         p{{max-width:60ch;margin:auto}}.words{{color:#aaa}}.words:empty{{display:none}}</style>\
         </head><body>{body}</body></html>"
    )
}

/// `https://studio.example` as the reader's browser has it, for those who read a page's head from elsewhere. A proxy
/// in front says whether it speaks TLS.
fn base_of(headers: &HeaderMap) -> String {
    let text = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    };
    let scheme = match text("x-forwarded-proto") {
        "https" => "https",
        _ => "http",
    };
    format!("{scheme}://{}", escaped(text("host")))
}

/// A shared clip's files.
pub async fn shared(
    State(app): State<App>,
    Path((token, what)): Path<(String, String)>,
    request: Request,
) -> Result<Response> {
    let clip = app.store.clip_shared(&token).await?;
    let name = match what.as_str() {
        "video" => delivered(&app, &clip).await?,
        "thumbnail" => THUMBNAIL.to_owned(),
        _ => return Err(Error::NotFound("file")),
    };
    let mut answer = file(&app, &clip, &name, request).await?;
    // The link may be ended.
    answer.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    Ok(answer)
}

fn escaped(text: &str) -> String {
    let short: String = text.chars().take(300).collect();
    short
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_of_users_are_escaped() {
        assert_eq!(
            super::escaped("<b a=\"1\">&"),
            "&lt;b a=&quot;1&quot;&gt;&amp;"
        );
    }

    #[test]
    fn a_page_is_addressed_as_its_reader_sees_it() {
        let mut headers = super::HeaderMap::new();
        headers.insert("host", "studio.example:7860".parse().unwrap());
        assert_eq!(super::base_of(&headers), "http://studio.example:7860");
        headers.insert("x-forwarded-proto", "https".parse().unwrap());
        assert_eq!(super::base_of(&headers), "https://studio.example:7860");
    }
}
