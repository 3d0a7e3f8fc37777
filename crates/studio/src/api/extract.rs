//! What handlers decode; whatever does not fit becomes our error.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::files::is_id;
use crate::{Error, Result};

/// A JSON body.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
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
