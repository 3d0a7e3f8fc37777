//! What handlers decode; whatever does not fit becomes our error.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::files::is_id;
use crate::{Error, Result};

/// A JSON body.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        match Json::<Value>::from_request(request, state).await {
            // To serde a list will do for a struct, field by field; to nobody else.
            Ok(Json(body)) if !body.is_object() => Err(Error::Invalid(
                "the body does not fit: send a JSON object".into(),
            )),
            Ok(Json(body)) => serde_json::from_value(body)
                .map(Self)
                .map_err(|problem| Error::Invalid(format!("the body does not fit: {problem}"))),
            Err(problem) if problem.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Error::TooLarge("the body is too large".into()))
            }
            Err(problem) if problem.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Err(Error::Unreadable(
                    "send JSON, with the header Content-Type: application/json".into(),
                ))
            }
            Err(problem) => Err(Error::Invalid(format!(
                "the body does not fit: {}",
                problem.body_text()
            ))),
        }
    }
}

/// What stands behind the `?`.
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        let Query(params) = query.map_err(|problem| {
            Error::Invalid(format!(
                "the parameters do not fit: {}",
                problem.body_text()
            ))
        })?;
        Ok(Self(params))
    }
}

/// How many are asked for, 1 to `most`.
pub fn check_limit(limit: Option<u32>, most: u32) -> Result<()> {
    match limit {
        Some(limit) if !(1..=most).contains(&limit) => Err(Error::Invalid(format!(
            "`limit` is a whole number from 1 to {most}"
        ))),
        _ => Ok(()),
    }
}

/// The `{id}` of a path.
pub struct Id(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        match path {
            Ok(Path(id)) if is_id(&id) => Ok(Self(id)),
            _ => Err(Error::NotFound("thing")),
        }
    }
}
