//! Styles, and help with prompts.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use kinora_engine::plan::limits::PROMPT_CHARS;
use kinora_engine::style;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Body;
use crate::guard::Viewer;
use crate::wire::{List, check_seed};
use crate::{App, Error, Result};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Style {
    pub name: String,
    pub title: String,
    /// What is joined to the prompt.
    pub text: String,
    pub builtin: bool,
}

/// The presets, then the user's own.
#[utoipa::path(get, path = "/api/styles", responses((status = 200, body = List<Style>)))]
pub async fn list(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Json<List<Style>>> {
    let presets = style::built_in().into_iter().map(|preset| Style {
        name: preset.name,
        title: preset.title.en,
        text: preset.en.brief,
        builtin: true,
    });
    let own = app.store.styles(&viewer.id).await?.into_iter();
    let own = own.map(|(name, title, text)| Style {
        name,
        title,
        text,
        builtin: false,
    });
    Ok(Json(List {
        items: presets.chain(own).collect(),
    }))
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct NewStyle {
    /// Made from the title, if absent.
    pub name: Option<String>,
    pub title: String,
    pub text: String,
}

/// Keeps a style of the user's; one of that name is replaced.
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
    let (title, text) = (new.title.trim().to_owned(), new.text.trim().to_owned());
    let name = new.name.unwrap_or_else(|| {
        title
            .to_lowercase()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join("-")
    });
    let plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if name.is_empty()
        || name.chars().count() > 60
        || !name.chars().all(plain)
        || title.chars().count() > 60
    {
        return Err(Error::Invalid(
            "a style's name has 1 to 60 letters, digits and dashes".into(),
        ));
    }
    if text.is_empty() || text.chars().count() > 2000 {
        return Err(Error::Invalid(
            "a style's text has 1 to 2000 characters".into(),
        ));
    }
    if style::find(&name).is_some() {
        return Err(Error::Conflict(format!(
            "`{name}` is a preset; give the style another name"
        )));
    }
    app.store
        .put_style(&viewer.id, &name, &title, &text)
        .await?;
    Ok(Style {
        name,
        title,
        text,
        builtin: false,
    })
}

/// Removes a style of the user's.
#[utoipa::path(delete, path = "/api/styles/{name}", responses((status = 204)))]
pub async fn remove(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    axum::extract::Path(name): axum::extract::Path<String>,
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
        let own = app.store.style_words(&viewer.id).await?;
        prompt = match (style::find(name), own.get(name)) {
            (Some(preset), _) => preset.apply(&prompt, style::Length::Brief),
            (None, Some(words)) => format!("{prompt}, {words}"),
            (None, None) => return Err(Error::Invalid(format!("there is no style `{name}`"))),
        };
    }
    Ok(Json(Enhanced { prompt }))
}
