//! Styles, and help with prompts.

use std::collections::BTreeMap;

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kinora_engine::plan::limits::PROMPT_CHARS;
use kinora_engine::style::{self, MAX_IMAGES, Words};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Body;
use super::uploads::{form_of, multipart, receive};
use crate::derive::jpeg_within;
use crate::files::fresh_id;
use crate::guard::Viewer;
use crate::store::styles::{Own, Picture};
use crate::style_file;
use crate::wire::{List, check_seed};
use crate::{App, Error, Result};

/// Pixels of a reference picture's longer side: its colours and its light are what counts.
const PICTURE_SIDE: u32 = 640;
/// Bytes of a style's file.
const FILE_LIMIT: u64 = 32 << 20;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Style {
    pub name: String,
    /// In English; what is not said in it, in Chinese.
    #[serde(flatten)]
    pub said: Said,
    /// In Chinese; what is not said in it, in English.
    pub zh: Said,
    /// Addresses of its reference pictures.
    pub pictures: Vec<String>,
    /// A picture that stands for it: its first, or the latest clip of the user's in it.
    pub thumbnail: Option<String>,
    pub builtin: bool,
}

/// What is shown of a style in one language.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Said {
    pub title: String,
    /// The look in a line.
    pub text: String,
    /// What else is joined to the prompt, by name: colour, lighting …
    pub parts: BTreeMap<String, String>,
}

impl Said {
    /// The words of the first language; where it has none, the other's.
    fn of(titles: [&str; 3], words: [&Words; 2]) -> Self {
        let first = |texts: &[&str]| {
            let mut said = texts.iter().filter(|text| !text.is_empty());
            said.next().copied().unwrap_or_default().to_owned()
        };
        let parts = words[0].parts().into_iter().zip(words[1].parts());
        let parts = parts.map(|((name, own), (_, other))| (name.to_owned(), first(&[own, other])));
        Self {
            title: first(&titles),
            text: first(&words.map(|words| &*words.brief)),
            parts: parts.filter(|(_, text)| !text.is_empty()).collect(),
        }
    }

    fn in_english(style: &style::Style) -> Self {
        let titles = [&style.title.en, &style.title.zh, &style.name];
        Self::of(titles.map(String::as_str), [&style.en, &style.zh])
    }

    fn in_chinese(style: &style::Style) -> Self {
        let titles = [&style.title.zh, &style.title.en, &style.name];
        Self::of(titles.map(String::as_str), [&style.zh, &style.en])
    }
}

impl Style {
    fn of(style: &style::Style) -> Self {
        Self {
            name: style.name.clone(),
            said: Said::in_english(style),
            zh: Said::in_chinese(style),
            pictures: Vec::new(),
            thumbnail: None,
            builtin: true,
        }
    }

    pub(super) fn own(own: &Own) -> Self {
        let address = |id| format!("/api/styles/{}/pictures/{id}", own.written.name);
        let pictures: Vec<String> = own.pictures.iter().map(address).collect();
        Self {
            thumbnail: pictures.first().cloned(),
            pictures,
            builtin: false,
            ..Self::of(&own.look)
        }
    }
}

/// The presets, then the user's own.
#[utoipa::path(get, path = "/api/styles", responses((status = 200, body = List<Style>)))]
pub async fn list(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Json<List<Style>>> {
    let presets = style::built_in();
    let own = app.store.styles(&viewer.id).await?;
    let all = presets.iter().map(Style::of);
    let mut items: Vec<Style> = all.chain(own.iter().map(Style::own)).collect();
    let clips = app.store.clips_in_styles(&viewer.id).await?;
    for style in items.iter_mut().filter(|style| style.thumbnail.is_none()) {
        let clip = clips.get(&style.name);
        style.thumbnail = clip.map(|id| format!("/api/clips/{id}/thumbnail"));
    }
    Ok(Json(List { items }))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct NewStyle {
    /// Made from the title, if absent.
    pub name: Option<String>,
    pub title: String,
    /// The look in a line. May be empty where there are pictures, or parts.
    #[serde(default)]
    pub text: String,
    /// At most five reference pictures, whose colours and light become words: data URLs, or addresses of pictures that the
    /// style has. If absent, the pictures stay as they are.
    pub pictures: Option<Vec<String>>,
}

/// Keeps a style of the user's; one of that name is replaced, but for what only its file can say.
#[utoipa::path(post, path = "/api/styles", request_body = NewStyle, responses((status = 201, body = Style)))]
pub async fn put(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Body(new): Body<NewStyle>,
) -> Result<(StatusCode, Json<Style>)> {
    let style = add(&app, &viewer, new).await?;
    Ok((StatusCode::CREATED, Json(style)))
}

/// Checks and keeps a style.
pub(super) async fn add(app: &App, viewer: &Viewer, new: NewStyle) -> Result<Style> {
    let (title, text) = (new.title.trim(), new.text.trim());
    let name = style::slug(new.name.as_deref().unwrap_or(title));
    let old = match app.store.style(&viewer.id, &name).await {
        Err(Error::NotFound(_)) => Own::default(),
        found => found?,
    };
    let mut written = old.written;
    written.name = name.clone();
    written.title.en = title.to_owned();
    if Said::in_english(&written).text != text {
        // What the other language said was something else.
        let (words, other) = match text.chars().any(kinora_engine::text::is_cjk) {
            true => (&mut written.zh, &mut written.en),
            false => (&mut written.en, &mut written.zh),
        };
        words.brief = text.to_owned();
        *other = Words::default();
    }
    let had = app.store.style_pictures(&viewer.id, &name).await?;
    let pictures = match new.pictures {
        None => had.into_iter().map(|(_, jpeg)| jpeg).collect(),
        Some(given) => (given.iter().map(|given| picture(given, &had))).collect::<Result<_>>()?,
    };
    keep(app, viewer, written, pictures).await
}

/// The bytes of a picture: what a data URL holds, or what is there under the address.
pub(super) fn picture(given: &str, had: &[Picture]) -> Result<Vec<u8>> {
    if given.starts_with("data:") {
        let data = given.split_once(";base64,").map(|(_, data)| data);
        let bytes = data.and_then(|data| STANDARD.decode(data).ok());
        return bytes.ok_or_else(|| Error::Invalid("a picture is a data URL in base64".into()));
    }
    let known = had.iter().find(|(id, _)| given.ends_with(id.as_str()));
    let (_, jpeg) = known.ok_or(Error::NotFound("picture"))?;
    Ok(jpeg.clone())
}

/// Reads a style's pictures into words, and keeps both.
pub(super) async fn keep(
    app: &App,
    viewer: &Viewer,
    mut written: style::Style,
    pictures: Vec<Vec<u8>>,
) -> Result<Style> {
    // They are kept here, not in files.
    written.images.clear();
    written.name = style::slug(&written.name);
    if style::find(&written.name).is_some() {
        return Err(Error::Conflict(format!(
            "`{}` is a preset; give the style another name",
            written.name
        )));
    }
    if written.title.en.chars().count() > 60 {
        return Err(Error::Invalid(
            "a style's title has at most 60 characters".into(),
        ));
    }
    if pictures.len() > MAX_IMAGES {
        return Err(Error::Invalid(format!(
            "a style has at most {MAX_IMAGES} pictures"
        )));
    }
    let scratch = app.store.files.scratch_file("picture");
    let read = app.heavily(move || {
        let (mut frames, mut kept) = (Vec::new(), Vec::new());
        for bytes in pictures {
            std::fs::write(scratch.path(), bytes)?;
            let frame = kinora_media::read_image(scratch.path()).map_err(Error::reading)?;
            kept.push((fresh_id(), jpeg_within(&frame, PICTURE_SIDE)?));
            frames.push(frame);
        }
        let mut look = written.clone();
        style::look::fill(&mut look, &frames);
        look.check()?;
        Ok((written, look, kept))
    });
    let (written, look, kept) = read.await?;
    let store = &app.store;
    store.put_style(&viewer.id, &written, &look, &kept).await?;
    Ok(Style::own(&store.style(&viewer.id, &written.name).await?))
}

/// A style of the user's as a file: a zip of `style.toml` and its pictures. Another studio imports it, and so does `kinora styles add`.
#[utoipa::path(get, path = "/api/styles/{name}/file", responses((status = 200, content_type = "application/zip"), (status = 404)))]
pub async fn file(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(name): Path<String>,
) -> Result<Response> {
    let own = app.store.style(&viewer.id, &name).await?;
    let pictures = app.store.style_pictures(&viewer.id, &name).await?;
    let pictures: Vec<_> = pictures.into_iter().map(|(_, jpeg)| jpeg).collect();
    // Names may be Chinese, which a header spells out.
    let name: String = (own.look.name.bytes().map(|byte| format!("%{byte:02X}"))).collect();
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"style.zip\"; filename*=UTF-8''{name}.zip"),
        ),
    ];
    Ok((headers, style_file::pack(&own.look, &pictures)?).into_response())
}

/// Takes in a style's file: part `file`, a zip as `/api/styles/{name}/file` gives it, or a `style.toml`.
#[utoipa::path(post, path = "/api/styles/import", request_body(content = super::uploads::UploadForm, content_type = "multipart/form-data"),
    responses((status = 201, body = Style), (status = 409), (status = 413), (status = 415)))]
pub async fn import(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    request: Request,
) -> Result<(StatusCode, Json<Style>)> {
    let mut form = form_of(request).await?;
    while let Some(field) = form.next_field().await.map_err(multipart)? {
        if field.name() != Some("file") {
            continue;
        }
        let scratch = app.store.files.scratch_file("style");
        receive(field, scratch.path(), FILE_LIMIT).await?;
        let (mut style, pictures) = style_file::unpack(&tokio::fs::read(scratch.path()).await?)?;
        style.name = style::slug(&style.name);
        if app.store.style(&viewer.id, &style.name).await.is_ok() {
            return Err(Error::Conflict(format!(
                "there is a style `{}` already; remove it first",
                style.name
            )));
        }
        let style = keep(&app, &viewer, style, pictures).await?;
        return Ok((StatusCode::CREATED, Json(style)));
    }
    Err(Error::Invalid("the form has no part `file`".into()))
}

/// One of a style's reference pictures.
#[utoipa::path(get, path = "/api/styles/{name}/pictures/{id}", responses((status = 200, content_type = "image/jpeg"), (status = 404)))]
pub async fn reference(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(names): Path<(String, String)>,
) -> Result<Response> {
    let jpeg = app.store.style_picture(&viewer.id, &names.1).await?;
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (
            header::CACHE_CONTROL,
            "private, max-age=31536000, immutable",
        ),
    ];
    Ok((headers, jpeg).into_response())
}

/// Removes a style of the user's.
#[utoipa::path(delete, path = "/api/styles/{name}", responses((status = 204)))]
pub async fn remove(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(name): Path<String>,
) -> Result<StatusCode> {
    app.store.delete_style(&viewer.id, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct Enhance {
    pub prompt: String,
    /// Its words are joined on, so that they can be edited too; then leave the style out of the request.
    pub style: Option<String>,
    /// Whose vocabulary is chosen from.
    pub model: Option<String>,
    /// The same seed, the same words.
    pub seed: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Enhanced {
    pub prompt: String,
}

/// A longer prompt, to be looked at and edited: what it leaves open is chosen from what the model knows, in the
/// prompt's own language. What the user said stays word for word, and comes first.
#[utoipa::path(post, path = "/api/enhance", request_body = Enhance, responses((status = 200, body = Enhanced)))]
pub async fn enhance(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Body(asked): Body<Enhance>,
) -> Result<Json<Enhanced>> {
    let prompt = asked.prompt.trim();
    if prompt.is_empty() {
        return Err(Error::Invalid(
            "the prompt is empty; say what the video shows".into(),
        ));
    }
    if prompt.chars().count() > PROMPT_CHARS {
        return Err(Error::Invalid(format!(
            "a prompt has at most {PROMPT_CHARS} characters"
        )));
    }
    check_seed(asked.seed)?;
    let (catalog, text) = (app.catalog.clone(), prompt.to_owned());
    let seed = asked.seed.unwrap_or_else(kinora_engine::plan::fresh_seed);
    let written = tokio::task::spawn_blocking(move || -> Result<String> {
        let model = catalog.open(asked.model.as_deref())?;
        Ok(kinora_engine::enhance::enhance(
            &text,
            model.vocabulary.as_ref(),
            seed,
        ))
    });
    let mut prompt = written.await??;
    if let Some(name) = &asked.style {
        let own = app.store.looks(&viewer.id).await?;
        let own = own.into_iter().find(|own| own.is_called(name));
        let Some(style) = style::find(name).or(own) else {
            return Err(Error::Invalid(format!("there is no style `{name}`")));
        };
        prompt = style.apply(&prompt, style::Length::Brief);
    }
    Ok(Json(Enhanced { prompt }))
}
