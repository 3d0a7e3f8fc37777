//! What a key may do. Whoever logs in with a password may do all that the user may.

use axum::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One kind of deed. A key has some of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// To look, and to ask what something would cost.
    Read,
    /// To make clips, and to change what is in the library.
    Generate,
    /// Keys; users and rules, if the user is an administrator.
    Admin,
}

/// Of whoever is not held to less.
pub const ALL: &[Scope] = &[Scope::Read, Scope::Generate, Scope::Admin];
/// Of a new key of which nothing else is said.
pub const USUAL: &[Scope] = &[Scope::Read, Scope::Generate];

impl Scope {
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Generate => "generate",
            Self::Admin => "admin",
        }
    }

    /// As the database has them: names with spaces between.
    pub fn parse_all(text: &str) -> Vec<Self> {
        let named = |name: &str| ALL.iter().copied().find(|scope| scope.name() == name);
        text.split(' ').filter_map(named).collect()
    }

    pub fn join(scopes: &[Self]) -> String {
        let names: Vec<_> = scopes.iter().map(|scope| scope.name()).collect();
        names.join(" ")
    }
}

/// What a request needs.
pub fn needed(method: &Method, path: &str) -> Scope {
    let inner = path.strip_prefix("/api").or(path.strip_prefix("/v1"));
    let mut parts = inner.unwrap_or(path).trim_matches('/').split('/');
    let (first, second, third) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    match (first, second, third) {
        ("users" | "keys" | "password", ..)
        | ("moderation", "refusals", _)
        | ("clips", _, "feature") => Scope::Admin,
        ("moderation", ..) if !reads => Scope::Admin,
        // They write nothing.
        ("jobs", "estimate", "") | ("enhance", "", "") | ("boards", _, "check") => Scope::Read,
        _ if reads => Scope::Read,
        _ => Scope::Generate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_needs_the_least_that_fits() {
        use Scope::*;
        for (method, path, scope) in [
            ("GET", "/api/clips", Read),
            ("GET", "/api/export", Read),
            ("POST", "/api/jobs", Generate),
            ("POST", "/api/jobs/estimate", Read),
            ("POST", "/api/enhance", Read),
            ("POST", "/api/boards/abc/check", Read),
            ("PUT", "/api/boards/abc", Generate),
            ("DELETE", "/api/clips/abc", Generate),
            ("POST", "/api/clips/abc/like", Generate),
            ("POST", "/api/clips/abc/feature", Admin),
            ("GET", "/metrics", Read),
            ("GET", "/api/keys", Admin),
            ("POST", "/api/keys", Admin),
            ("DELETE", "/api/keys/abc", Admin),
            ("GET", "/api/users", Admin),
            ("POST", "/api/password", Admin),
            ("GET", "/api/moderation", Read),
            ("PATCH", "/api/moderation", Admin),
            ("GET", "/api/moderation/refusals", Admin),
            ("GET", "/v1/videos", Read),
            ("POST", "/v1/videos", Generate),
            ("POST", "/videos/edits", Generate),
            ("POST", "/v1/webhook_endpoints", Generate),
        ] {
            assert_eq!(
                needed(&method.parse().unwrap(), path),
                scope,
                "{method} {path}"
            );
        }
        assert_eq!(Scope::parse_all("read admin nonsense"), [Read, Admin]);
        assert_eq!(Scope::join(USUAL), "read generate");
    }
}
