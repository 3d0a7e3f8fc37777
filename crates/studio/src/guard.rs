//! What every request passes: who asks, from where, and the headers of every answer.

use std::net::SocketAddr;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::plans::Plan;
use crate::proxy::{address, is_over_tls};
use crate::scope::{self, Scope};
use crate::store::users::{FIRST, User};
use crate::{App, Error, Result};

/// Who asks. Handlers take it as `Extension<Viewer>`.
#[derive(Debug, Clone)]
pub struct Viewer {
    pub id: String,
    pub name: String,
    pub admin: bool,
    /// Name of the user's plan, if it is not the default.
    pub plan: Option<String>,
    /// What the key allows; all, without one.
    pub scopes: Vec<Scope>,
}

impl Viewer {
    pub fn plan<'a>(&'a self, app: &'a App) -> Option<(&'a str, &'a Plan)> {
        app.config.plan_of(self.plan.as_deref())
    }
}

impl From<User> for Viewer {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            name: user.name,
            admin: user.admin,
            plan: user.plan,
            scopes: scope::ALL.to_vec(),
        }
    }
}

/// Lets no other site of the user's browser in. A page elsewhere may send requests to this machine: its `Origin` tells;
/// or make its own name point here (DNS rebinding): the `Host` tells.
pub async fn origin(
    State((app, addr)): State<(App, SocketAddr)>,
    request: Request,
    next: Next,
) -> Response {
    match check_origin(&app.config.hosts, addr, request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

fn check_origin(
    hosts: &[String],
    addr: SocketAddr,
    method: &Method,
    headers: &HeaderMap,
) -> Result<()> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    let name = host_name(host);
    let own_ip = name
        .parse()
        .is_ok_and(|ip: std::net::IpAddr| ip == addr.ip() || addr.ip().is_unspecified());
    let loopback = name == "localhost"
        || name
            .parse()
            .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    if !(own_ip || loopback || hosts.iter().any(|known| known.eq_ignore_ascii_case(name))) {
        return Err(Error::Forbidden(format!(
            "`{name}` is not a name of this server; add it to `hosts` in the settings if it is"
        )));
    }
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if reads {
        return Ok(());
    }
    let cross_site =
        text(HeaderName::from_static("sec-fetch-site")).is_some_and(|site| site == "cross-site");
    let foreign = match text(header::ORIGIN) {
        None => false,
        Some(origin) => {
            let origin_host = origin.split_once("://").map_or("null", |(_, host)| host);
            // The development server of the pages runs on another port of this machine.
            let near =
                host_name(origin_host) == "localhost" || host_name(origin_host) == "127.0.0.1";
            origin_host != host && !(near && addr.ip().is_loopback())
        }
    };
    match cross_site || foreign {
        true => Err(Error::Forbidden(
            "a page of another site may not write here".into(),
        )),
        false => Ok(()),
    }
}

/// `localhost:7860` → `localhost`, `[::1]:7860` → `::1`
fn host_name(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

/// Name of the session's cookie.
pub const COOKIE: &str = "kinora_session";

/// Who asks, if it is known: the one user there is, or the owner of the key or of the session.
pub async fn who(app: &App, method: &Method, headers: &HeaderMap) -> Result<Option<Viewer>> {
    if !app.config.auth_required() {
        return Ok(Some(app.store.user(FIRST).await?.into()));
    }
    let header = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if let Some(secret) = header.and_then(|value| value.strip_prefix("Bearer ")) {
        let found = app.store.user_of_key(secret.trim()).await?;
        return Ok(found.map(|(user, scopes)| Viewer {
            scopes,
            ..user.into()
        }));
    }
    let Some(secret) = session_cookie(headers) else {
        return Ok(None);
    };
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if !reads && !headers.contains_key("x-csrf") {
        return Err(Error::Forbidden(
            "writes with a session need the header X-CSRF: 1".into(),
        ));
    }
    Ok(app.store.user_of_session(secret).await?.map(Viewer::from))
}

/// The secret in the session's cookie.
pub fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    let pairs = cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let mut own = pairs.filter(|(name, _)| *name == COOKIE);
    own.next().map(|(_, secret)| secret)
}

/// Lets in whoever is known, may do it, and does not ask too often.
pub async fn viewer(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match admit(&app, &parts).await {
        Ok(viewer) => {
            parts.extensions.insert(viewer);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(error) => error.into_response(),
    }
}

async fn admit(app: &App, request: &Parts) -> Result<Viewer> {
    let (method, headers) = (&request.method, &request.headers);
    let Some(viewer) = who(app, method, headers).await? else {
        let address = address(headers, &request.extensions);
        app.limits.check(&format!("at {address}"), method)?;
        return Err(Error::Unauthorized(
            "log in, or send a key as `Authorization: Bearer …`".into(),
        ));
    };
    let needed = scope::needed(method, request.uri.path());
    if !viewer.scopes.contains(&needed) {
        return Err(Error::Scope(needed.name()));
    }
    app.limits.check(&viewer.id, method)?;
    Ok(viewer)
}

/// For what is open to all: counts by address.
pub async fn visitor(State(app): State<App>, request: Request, next: Next) -> Response {
    let address = address(request.headers(), request.extensions());
    match app.limits.check(&format!("at {address}"), request.method()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:; \
    style-src 'self' 'unsafe-inline'; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Headers of every answer, and a name for it in the log.
pub async fn headers(request: Request, next: Next) -> Response {
    let id = uuid::Uuid::now_v7().simple().to_string();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let over_tls = is_over_tls(request.headers(), request.extensions());
    let begun = std::time::Instant::now();
    let mut response = next.run(request).await;
    let (status, ms) = (
        response.status().as_u16(),
        begun.elapsed().as_secs_f64() * 1e3,
    );
    match status {
        500.. => tracing::error!(id, %method, path, status, ms, "answered"),
        _ => tracing::debug!(id, %method, path, status, ms, "answered"),
    }
    metrics::histogram!("kinora_http_seconds", "status" => status.to_string()).record(ms / 1e3);
    let all = response.headers_mut();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("content-security-policy", POLICY),
    ] {
        all.entry(HeaderName::from_static(name))
            .or_insert(HeaderValue::from_static(value));
    }
    if over_tls {
        let year = HeaderValue::from_static("max-age=31536000");
        all.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        all.insert("x-request-id", id);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &str, pairs: &[(&str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        let addr = "127.0.0.1:7860".parse().unwrap();
        check_origin(
            &["studio.lan".into()],
            addr,
            &method.parse().unwrap(),
            &headers,
        )
        .is_ok()
    }

    #[test]
    fn names_that_are_not_ours_are_refused() {
        for host in [
            "localhost:7860",
            "127.0.0.1:7860",
            "[::1]:7860",
            "studio.lan",
            "localhost",
        ] {
            assert!(check("GET", &[("host", host)]), "{host}");
        }
        for host in [
            "evil.example:7860",
            "",
            "localhost.evil.example",
            "10.0.0.1",
        ] {
            assert!(!check("GET", &[("host", host)]), "{host}");
        }
    }

    #[test]
    fn other_sites_may_not_write() {
        let host = ("host", "localhost:7860");
        assert!(check("POST", &[host]));
        assert!(check("POST", &[host, ("origin", "http://localhost:7860")]));
        assert!(check("POST", &[host, ("origin", "http://localhost:5173")]));
        for origin in [
            "https://evil.example",
            "null",
            "http://localhost.evil.example:7860",
        ] {
            assert!(!check("POST", &[host, ("origin", origin)]), "{origin}");
        }
        assert!(!check("DELETE", &[host, ("sec-fetch-site", "cross-site")]));
    }
}
