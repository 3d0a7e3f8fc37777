//! Errors as OpenAI's clients expect them: `{"error": {"message", "type", "param", "code"}}`.

use axum::Json;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::Error;

/// The result of a handler.
pub(super) type Answer<T> = Result<T, Fault>;

/// The code of whoever asks too often.
const RATE: &str = "rate_limit_exceeded";

/// A refusal.
#[derive(Debug)]
pub(super) struct Fault {
    status: StatusCode,
    message: String,
    param: Option<String>,
    code: Option<&'static str>,
}

impl Fault {
    /// 400: the field `param` cannot be so.
    pub fn field(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
            param: Some(param.into()),
            code: Some("invalid_value"),
        }
    }

    /// 400: the field `param` has to be there.
    pub fn missing(param: &str) -> Self {
        let message = format!("Missing required parameter: '{param}'.");
        Self {
            code: Some("missing_required_parameter"),
            ..Self::field(param, message)
        }
    }

    /// 400: the request as a whole.
    pub fn request(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
            param: None,
            code: None,
        }
    }

    /// 413: more bytes than are taken.
    pub fn too_large() -> Self {
        Self {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            ..Self::request("The request has more bytes than this server takes.")
        }
    }

    /// 404: there is no such thing.
    pub fn missing_thing(what: &str, id: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: Some("not_found"),
            ..Self::request(format!("There is no {what} with the id '{id}'."))
        }
    }

    /// The same about another field.
    pub fn about(self, param: &str) -> Self {
        Self {
            param: Some(param.to_owned()),
            ..self
        }
    }

    fn kind(&self) -> &'static str {
        match self.status {
            StatusCode::UNAUTHORIZED => "authentication_error",
            StatusCode::FORBIDDEN => "permission_error",
            StatusCode::TOO_MANY_REQUESTS if self.code == Some(RATE) => "rate_limit_error",
            StatusCode::TOO_MANY_REQUESTS => "insufficient_quota",
            status if status.is_server_error() => "server_error",
            _ => "invalid_request_error",
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        if let Error::Internal(detail) = &error {
            tracing::error!(%detail, "request failed");
        }
        let (status, word) = error.status();
        // A file that nothing can read is a bad value here, and so is a plan's limit.
        let status = match &error {
            Error::Unreadable(_) | Error::Conflict(_) => StatusCode::BAD_REQUEST,
            _ => status,
        };
        let code = match status {
            _ if matches!(error, Error::Blocked { .. }) => Some(word),
            StatusCode::UNAUTHORIZED => Some("invalid_api_key"),
            StatusCode::TOO_MANY_REQUESTS => Some("insufficient_quota"),
            StatusCode::BAD_REQUEST => Some("invalid_value"),
            _ => Some(word),
        };
        Self {
            status,
            message: error.to_string(),
            param: matches!(error, Error::Blocked { .. }).then(|| "prompt".to_owned()),
            code,
        }
    }
}

/// Marks answers that are in the envelope already.
#[derive(Clone)]
struct Enveloped;

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = json!({"error": {
            "message": self.message,
            "type": self.kind(),
            "param": self.param,
            "code": self.code,
        }});
        let mut response = (self.status, Json(body)).into_response();
        response.extensions_mut().insert(Enveloped);
        response
    }
}

/// Puts what refused before a handler was reached (no login, too many bytes) into the envelope.
pub(super) async fn envelope(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let bare = status.is_client_error() || status.is_server_error();
    if !bare || response.extensions().get::<Enveloped>().is_some() {
        return response;
    }
    const LONGEST: usize = 64 << 10;
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, LONGEST).await.unwrap_or_default();
    let said: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let message = match said["error"]["message"].as_str() {
        Some(message) => message.to_owned(),
        None => String::from_utf8_lossy(&bytes).into_owned(),
    };
    let code = match (status, said["error"]["code"].as_str()) {
        (StatusCode::UNAUTHORIZED, _) => Some("invalid_api_key"),
        (StatusCode::TOO_MANY_REQUESTS, _) => Some(RATE),
        (_, Some("insufficient_scope")) => Some("insufficient_scope"),
        _ => None,
    };
    let mut answer = Fault {
        status,
        message: match message.is_empty() {
            true => status.to_string(),
            false => message,
        },
        param: None,
        code,
    }
    .into_response();
    for (name, value) in &parts.headers {
        answer.headers_mut().entry(name).or_insert(value.clone());
    }
    answer
}

pub(super) async fn unknown_path(method: Method, uri: Uri) -> Fault {
    Fault {
        status: StatusCode::NOT_FOUND,
        code: Some("unknown_url"),
        ..Fault::request(format!("Unknown request URL: {method} {}.", uri.path()))
    }
}

pub(super) async fn wrong_method(method: Method, uri: Uri) -> Fault {
    Fault {
        status: StatusCode::METHOD_NOT_ALLOWED,
        code: Some("method_not_allowed"),
        ..Fault::request(format!("{method} is not allowed for {}.", uri.path()))
    }
}
