//! One error for the crate, and the answer that each becomes.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Messages are sentences that say what to do; the detail of [`Error::Internal`] is logged and never sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// 400: what was asked cannot be done.
    #[error("{0}")]
    Invalid(String),
    /// 401: nobody is logged in, or the key is wrong.
    #[error("{0}")]
    Unauthorized(String),
    /// 403: somebody is, but may not.
    #[error("{0}")]
    Forbidden(String),
    /// 404: there is no such thing, or it is another's.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// 409: it is not in the state for that.
    #[error("{0}")]
    Conflict(String),
    /// 413: more bytes than are taken.
    #[error("{0}")]
    TooLarge(String),
    /// 415: bytes that nothing here can read.
    #[error("{0}")]
    Unreadable(String),
    /// 429: the plan is used up, or too much is asked at once.
    #[error("{0}")]
    Quota(String),
    /// 500: ours.
    #[error("something went wrong here; the server's log says what")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// A fault of ours, in words for the log.
    pub fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    /// The status, and a word that programs can compare.
    pub fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::Unauthorized(_) => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::Unreadable(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unreadable"),
            Self::Quota(_) => (StatusCode::TOO_MANY_REQUESTS, "quota"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code) = self.status();
        if let Self::Internal(detail) = &self {
            tracing::error!(%detail, "request failed");
        }
        let body = json!({"error": {"code": code, "message": self.to_string()}});
        (status, Json(body)).into_response()
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::internal(error)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::internal(error)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error)
    }
}

impl From<tokio::task::JoinError> for Error {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::internal(error)
    }
}

/// The engine's refusals of input are the asker's; the rest is ours.
impl From<kinora_engine::Error> for Error {
    fn from(error: kinora_engine::Error) -> Self {
        match error {
            error if error.is_input() => Self::Invalid(error.to_string()),
            kinora_engine::Error::Media(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

impl From<kinora_media::Error> for Error {
    fn from(error: kinora_media::Error) -> Self {
        match error {
            kinora_media::Error::Io { .. } => Self::internal(error),
            error => Self::Unreadable(error.to_string()),
        }
    }
}
