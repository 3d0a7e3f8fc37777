//! Logging in, users, and keys for programs.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Body, Id};
use crate::files::secret;
use crate::guard::{COOKIE, Viewer, session_cookie};
use crate::proxy::OverTls;
use crate::scope::{self, Scope};
use crate::store::clips::some;
use crate::store::users::{FIRST, Key, SESSION_MS, User};
use crate::wire::List;
use crate::{App, Error, Result};

/// Logins of one name within a window that failed or are not decided yet, before it has to wait.
const TRIES: usize = 5;
const WINDOW: Duration = Duration::from_secs(60);

#[derive(Deserialize, ToSchema)]
pub struct Login {
    pub name: String,
    pub password: String,
}

/// Begins a session: sets the cookie.
#[utoipa::path(post, path = "/api/login", request_body = Login, responses((status = 200, body = User), (status = 401), (status = 429)))]
pub async fn login(
    State(app): State<App>,
    tls: OverTls,
    Body(login): Body<Login>,
) -> Result<Response> {
    if !app.config.auth_required() {
        return Err(Error::Conflict("nobody has to log in here".into()));
    }
    let name = login.name.trim().to_lowercase();
    app.tries.note(&name)?;
    let (user, hash) = app.store.user_by_name(&name).await?.unzip();
    // An unknown name takes as long as a wrong password.
    let right = app.hashing(move || Ok(matches(&login.password, hash.flatten().as_deref())));
    let right = right.await?;
    let Some(user) = user.filter(|_| right) else {
        return Err(Error::Unauthorized(
            "the name or the password is wrong".into(),
        ));
    };
    app.tries.forget(&name);
    let secret = secret();
    app.store.begin_session(&user.id, &secret).await?;
    let cookie = cookie(&secret, SESSION_MS / 1000, tls)?;
    Ok(([(header::SET_COOKIE, cookie)], Json(user)).into_response())
}

/// Ends the session.
#[utoipa::path(post, path = "/api/logout", responses((status = 204)))]
pub async fn logout(State(app): State<App>, tls: OverTls, headers: HeaderMap) -> Result<Response> {
    if let Some(secret) = session_cookie(&headers) {
        app.store.end_session(secret).await?;
    }
    let cookie = cookie("", 0, tls)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// The session's cookie, for so many seconds; what came over TLS never goes without.
fn cookie(secret: &str, seconds: i64, OverTls(tls): OverTls) -> Result<HeaderValue> {
    let secure = if tls { "; Secure" } else { "" };
    let text =
        format!("{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).map_err(Error::internal)
}

/// All users; for administrators.
#[utoipa::path(get, path = "/api/users", responses((status = 200, body = List<User>), (status = 403)))]
pub async fn users(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Json<List<User>>> {
    admin(&viewer)?;
    Ok(Json(List {
        items: app.store.users().await?,
    }))
}

#[derive(Deserialize, ToSchema)]
pub struct NewUser {
    pub name: String,
    /// At least eight characters.
    pub password: String,
    #[serde(default)]
    pub admin: bool,
    pub plan: Option<String>,
}

/// A new user; for administrators.
#[utoipa::path(post, path = "/api/users", request_body = NewUser, responses((status = 201, body = User), (status = 403), (status = 409)))]
pub async fn create_user(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Body(new): Body<NewUser>,
) -> Result<(StatusCode, Json<User>)> {
    admin(&viewer)?;
    let name = new.name.trim().to_lowercase();
    if name.is_empty() || name.chars().count() > 60 || name.chars().any(char::is_control) {
        return Err(Error::Invalid("a name has 1 to 60 characters".into()));
    }
    check_plan(&app, new.plan.as_deref())?;
    let hash = hash_of(&app, new.password).await?;
    let user = app
        .store
        .create_user(&name, &hash, new.admin, new.plan.as_deref())
        .await?;
    Ok((StatusCode::CREATED, Json(user)))
}

/// What to change of a user; what is absent stays.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct UserPatch {
    /// At least eight characters. The user's sessions end.
    pub password: Option<String>,
    /// `null` is the default plan.
    #[serde(deserialize_with = "some")]
    #[schema(value_type = Option<String>)]
    pub plan: Option<Option<String>>,
    pub admin: Option<bool>,
}

/// Changes a user's password, plan or rights; for administrators.
#[utoipa::path(patch, path = "/api/users/{id}", request_body = UserPatch, responses((status = 200, body = User), (status = 403), (status = 404), (status = 409)))]
pub async fn change_user(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
    Body(patch): Body<UserPatch>,
) -> Result<Json<User>> {
    admin(&viewer)?;
    if patch.admin == Some(false) && id == viewer.id {
        return Err(Error::Conflict(
            "you cannot take your own rights away; another administrator can".into(),
        ));
    }
    check_plan(&app, patch.plan.as_ref().and_then(Option::as_deref))?;
    app.store.user(&id).await?;
    if let Some(password) = patch.password {
        let hash = hash_of(&app, password).await?;
        app.store.set_password(&id, &hash, None).await?;
    }
    let plan = patch.plan.as_ref().map(Option::as_deref);
    Ok(Json(app.store.change_user(&id, plan, patch.admin).await?))
}

#[derive(Deserialize, ToSchema)]
pub struct NewPassword {
    pub current: String,
    /// At least eight characters.
    pub password: String,
}

/// Changes the user's own password. All other sessions end; keys stay.
#[utoipa::path(post, path = "/api/password", request_body = NewPassword, responses((status = 204), (status = 403), (status = 409)))]
pub async fn change_password(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    Body(new): Body<NewPassword>,
) -> Result<StatusCode> {
    let Some((_, Some(hash))) = app.store.user_by_name(&viewer.name).await? else {
        return Err(Error::Conflict("nobody has to log in here".into()));
    };
    app.tries.note(&viewer.name)?;
    let right = app.hashing(move || Ok(matches(&new.current, Some(&hash))));
    if !right.await? {
        return Err(Error::Forbidden("the current password is wrong".into()));
    }
    app.tries.forget(&viewer.name);
    let hash = hash_of(&app, new.password).await?;
    let session = session_cookie(&headers);
    app.store.set_password(&viewer.id, &hash, session).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn check_plan(app: &App, plan: Option<&str>) -> Result<()> {
    match plan.filter(|plan| !app.config.plans.contains_key(*plan)) {
        Some(plan) => Err(Error::Invalid(format!("there is no plan `{plan}`"))),
        None => Ok(()),
    }
}

async fn hash_of(app: &App, password: String) -> Result<String> {
    if password.chars().count() < 8 || password.len() > 1024 {
        return Err(Error::Invalid(
            "a password has at least 8 characters".into(),
        ));
    }
    app.hashing(move || hashed(&password)).await
}

/// Removes a user with all that is theirs; for administrators.
#[utoipa::path(delete, path = "/api/users/{id}", responses((status = 204), (status = 403)))]
pub async fn delete_user(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<StatusCode> {
    admin(&viewer)?;
    if id == viewer.id || id == FIRST {
        return Err(Error::Conflict("this user cannot be removed".into()));
    }
    app.store.delete_user(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The user's keys, without their secrets.
#[utoipa::path(get, path = "/api/keys", responses((status = 200, body = List<Key>)))]
pub async fn keys(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Json<List<Key>>> {
    Ok(Json(List {
        items: app.store.keys(&viewer.id).await?,
    }))
}

#[derive(Deserialize, ToSchema)]
pub struct NewKey {
    pub name: String,
    /// What it may do: `read` and `generate`, if absent.
    pub scopes: Option<Vec<Scope>>,
}

#[derive(Serialize, ToSchema)]
pub struct MadeKey {
    #[serde(flatten)]
    pub key: Key,
    /// Shown this once.
    pub secret: String,
}

/// A key for programs: `Authorization: Bearer …`.
#[utoipa::path(post, path = "/api/keys", request_body = NewKey, responses((status = 201, body = MadeKey)))]
pub async fn create_key(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Body(new): Body<NewKey>,
) -> Result<(StatusCode, Json<MadeKey>)> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 60 {
        return Err(Error::Invalid("a key's name has 1 to 60 characters".into()));
    }
    let mut scopes = new.scopes.unwrap_or_else(|| scope::USUAL.to_vec());
    scopes.sort();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(Error::Invalid(
            "a key that may do nothing is of no use: give it a scope".into(),
        ));
    }
    let secret = format!("kin-{}", secret());
    let key = app.store.create_key(&viewer.id, name, &secret, &scopes);
    let key = key.await?;
    Ok((StatusCode::CREATED, Json(MadeKey { key, secret })))
}

/// Ends a key.
#[utoipa::path(delete, path = "/api/keys/{id}", responses((status = 204), (status = 404)))]
pub async fn delete_key(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<StatusCode> {
    app.store.delete_key(&viewer.id, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn admin(viewer: &Viewer) -> Result<()> {
    match viewer.admin {
        true => Ok(()),
        false => Err(Error::Forbidden("only an administrator may".into())),
    }
}

/// Slow by intent. Blocking.
pub fn hashed(password: &str) -> Result<String> {
    let hash: PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(Error::internal)?;
    Ok(hash.to_string())
}

fn matches(password: &str, hash: Option<&str>) -> bool {
    match hash.map(PasswordHash::new) {
        Some(Ok(hash)) => Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok(),
        _ => {
            let _ = hashed(password);
            false
        }
    }
}

/// When each name tried to log in, and has not succeeded.
#[derive(Default)]
pub struct Tries(Mutex<HashMap<String, Vec<Instant>>>);

impl Tries {
    /// Counts a try before it is looked at, so that many at once are as many as one after another.
    fn note(&self, name: &str) -> Result<()> {
        let mut all = self.all();
        all.retain(|_, times| {
            times.retain(|time| time.elapsed() < WINDOW);
            !times.is_empty()
        });
        let times = all.entry(short(name)).or_default();
        if times.len() >= TRIES {
            return Err(Error::Quota(
                "too many wrong passwords; wait a minute".into(),
            ));
        }
        times.push(Instant::now());
        Ok(())
    }

    /// Takes back the try that succeeded.
    fn forget(&self, name: &str) {
        if let Some(times) = self.all().get_mut(&short(name)) {
            times.pop();
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Vec<Instant>>> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// No user has a longer name, and memory is not for strangers to fill.
fn short(name: &str) -> String {
    name.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_count_before_they_are_decided() {
        let tries = Tries::default();
        for _ in 0..TRIES {
            tries.note("ada").unwrap();
        }
        assert!(matches!(tries.note("ada"), Err(Error::Quota(_))));
        tries.note("bob").unwrap();
        tries.forget("ada");
        tries.note("ada").unwrap();
        assert!(tries.note("ada").is_err());
    }
}
