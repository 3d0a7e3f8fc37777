//! One error for the crate, and the answer that each becomes.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
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
    /// 400: words that a rule of this studio refuses.
    #[error("{message}")]
    Blocked { rule: String, message: String },
    /// 401: nobody is logged in, or the key is wrong.
    #[error("{0}")]
    Unauthorized(String),
    /// 403: somebody is, but may not.
    #[error("{0}")]
    Forbidden(String),
    /// 403: somebody may, but not with this key.
    #[error("this key may not: it lacks the scope `{0}`; make another in the settings")]
    Scope(&'static str),
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
    /// 429: too many requests in a minute.
    #[error("too many requests; try again in {seconds} s")]
    TooMany { seconds: u64 },
    /// 503: something that this needs does not answer; later it may.
    #[error("{0}")]
    Unavailable(String),
    /// 507: no room for what this needs to write.
    #[error(
        "the disk of this server is full or cannot be written; free some space, then try again"
    )]
    Full,
    /// 500: ours.
    #[error("something went wrong here; the server's log says what")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// A fault of ours, in words for the log; unless it is the disk's, or the database is busy, which users can do
    /// something about.
    pub fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let error = error.into();
        match fault_of(&*error) {
            Some(known) => {
                tracing::error!(%error, "{known}");
                known
            }
            None => Self::Internal(error),
        }
    }

    /// The status, and a word that programs can compare.
    pub fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::Blocked { .. } => (StatusCode::BAD_REQUEST, "moderation_blocked"),
            Self::Unauthorized(_) => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Self::Scope(_) => (StatusCode::FORBIDDEN, "insufficient_scope"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::Unreadable(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unreadable"),
            Self::Quota(_) => (StatusCode::TOO_MANY_REQUESTS, "quota"),
            Self::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::Full => (StatusCode::INSUFFICIENT_STORAGE, "disk_full"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }
}

/// What lies at the bottom of an error, where it is no fault of the program's.
fn fault_of(error: &(dyn std::error::Error + 'static)) -> Option<Error> {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let busy = || {
        let text = "the database is busy; nothing was changed; try again in a while";
        Some(Error::Unavailable(text.into()))
    };
    let mut next = Some(error);
    while let Some(error) = next {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| matches!(io.kind(), StorageFull | QuotaExceeded | FileTooLarge)) {
            return Some(Error::Full);
        }
        // What an io::Error wraps is not its source.
        if let Some(inner) = io.and_then(|io| io.get_ref()) {
            next = Some(inner);
            continue;
        }
        match error.downcast_ref::<sqlx::Error>() {
            Some(sqlx::Error::PoolTimedOut) => return busy(),
            Some(sqlx::Error::Database(found)) => {
                let code = found.code().and_then(|code| code.parse::<u32>().ok());
                match code.unwrap_or_default() {
                    // SQLITE_FULL, and SQLITE_IOERR_WRITE, _FSYNC, _TRUNCATE, _SHMSIZE
                    13 | 778 | 1034 | 1546 | 4874 => return Some(Error::Full),
                    code if matches!(code & 0xff, 5 | 6) => return busy(),
                    _ => {}
                }
            }
            _ => {}
        }
        next = error.source();
    }
    None
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code) = self.status();
        if let Self::Internal(detail) = &self {
            tracing::error!(%detail, "request failed");
        }
        let mut body = json!({"error": {"code": code, "message": self.to_string()}});
        if let Self::Blocked { rule, .. } = &self {
            body["error"]["rule"] = json!(rule);
        }
        let mut answer = (status, Json(body)).into_response();
        if let Self::TooMany { seconds } = &self {
            let seconds = HeaderValue::from(*seconds);
            answer.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        answer
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

/// What a format cannot hold is the asker's, what breaks while it is written is ours; the rest is the file's.
impl From<kinora_media::Error> for Error {
    fn from(error: kinora_media::Error) -> Self {
        use kinora_media::Error as Media;
        match error {
            Media::Io { .. } | Media::Ffmpeg { .. } | Media::Encoder { .. } => {
                Self::internal(error)
            }
            Media::Unwritable { .. } | Media::NeedsFfmpeg { .. } => Self::Invalid(pathless(&error)),
            error => Self::Unreadable(pathless(&error)),
        }
    }
}

impl Error {
    /// Of reading a file that somebody gave: where ffmpeg fails at it, the file is broken.
    pub fn reading(error: kinora_media::Error) -> Self {
        match error {
            kinora_media::Error::Ffmpeg { .. } => Self::Unreadable(pathless(&error)),
            error => error.into(),
        }
    }
}

/// What is wrong with a file, without where it lies: that is the server's own business.
fn pathless(error: &kinora_media::Error) -> String {
    use kinora_media::Error as Media;
    let said = error.to_string();
    let (Media::Unwritable { path, .. }
    | Media::NeedsFfmpeg { path, .. }
    | Media::Ffmpeg { path, .. }
    | Media::UnknownEnding { path }
    | Media::UnknownFormat { path, .. }
    | Media::FrameSize { path, .. }
    | Media::NoFrames { path }
    | Media::OneFrameOnly { path }
    | Media::Occupied { path, .. }
    | Media::Broken { path, .. }
    | Media::Unsupported { path, .. }
    | Media::TooLarge { path, .. }
    | Media::BadRange { path, .. }) = error
    else {
        return said;
    };
    said.replace(&*path.to_string_lossy(), "the file")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error as Io, ErrorKind};
    use std::path::PathBuf;

    #[test]
    fn media_is_at_fault_only_where_it_is_and_lies_nowhere() {
        use kinora_media::Error as Media;
        let (path, reason) = (PathBuf::from("/srv/clips/a.mp4"), String::from("odd"));
        let status = |error: Media| {
            let error = Error::from(error);
            assert!(!error.to_string().contains("/srv"), "{error}");
            error.status().0.as_u16()
        };
        let of_file = Media::Broken {
            path: path.clone(),
            format: "MP4",
            reason: reason.clone(),
        };
        let of_asker = Media::Unwritable {
            path: path.clone(),
            reason: reason.clone(),
        };
        let of_ours = Media::Encoder {
            path: path.clone(),
            reason: reason.clone(),
        };
        let all = [of_file, of_asker, of_ours].map(status);
        assert_eq!(all, [415, 400, 500]);
        let ffmpeg = || Media::Ffmpeg {
            path: path.clone(),
            log: format!("{}: moov not found", path.display()),
        };
        assert_eq!(status(ffmpeg()), 500);
        let read = Error::reading(ffmpeg());
        assert_eq!(
            read.to_string(),
            "the file: ffmpeg failed: the file: moov not found"
        );
    }

    #[test]
    fn a_full_disk_is_named_however_deep_it_lies() {
        let media = kinora_media::Error::Io {
            action: "write",
            path: "/srv/x.mp4".into(),
            source: Io::from(ErrorKind::StorageFull),
        };
        assert!(matches!(Error::from(media), Error::Full));
        let within = Io::other(Io::from(ErrorKind::FileTooLarge));
        assert!(matches!(Error::from(within), Error::Full));
        let other = Error::from(Io::from(ErrorKind::PermissionDenied));
        assert!(matches!(other, Error::Internal(_)));
        assert!(matches!(
            Error::from(sqlx::Error::PoolTimedOut),
            Error::Unavailable(_)
        ));
    }
}
