//! Webhooks: whoever does not want to poll is told. Events are rows that the database itself writes when a job ends;
//! each is sent until it is answered with 2xx, or given up.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::{Extension, Json};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

use super::fault::{Answer, Fault};
use super::fetch;
use super::form::Form;
use super::schema;
use super::sign::{fresh_secret, signature};
use super::store::{DeliveryRow, EndpointRow};
use crate::files::{fresh_id, now};
use crate::guard::Viewer;
use crate::{App, Error, Result};

/// What can be told.
const EVENTS: [&str; 2] = ["video.completed", "video.failed"];
/// How often the database is asked for new events.
const GLANCE: Duration = Duration::from_millis(500);
/// Deliveries at a time: of all endpoints, and of one, so that one that never answers does not hold up the others'.
const TOGETHER: usize = 8;
const TO_ONE: usize = 2;
/// After so many tries an event is given up; the waits between them double from five seconds to an hour.
const TRIES: i64 = 12;
const FIRST_WAIT_MS: i64 = 5_000;
pub(super) const LONGEST_WAIT_MS: i64 = 3_600_000;

fn object(endpoint: &EndpointRow) -> Value {
    let hint: String = endpoint
        .secret
        .chars()
        .rev()
        .take(4)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    json!({
        "id": endpoint.id,
        "object": "webhook_endpoint",
        "name": endpoint.name,
        "url": endpoint.url,
        "event_types": endpoint.events.split(' ').collect::<Vec<_>>(),
        "created_at": endpoint.created / 1000,
        "updated_at": endpoint.created / 1000,
        "signing_secret_hint": format!("whsec_…{hint}"),
    })
}

/// Tells an address when videos are done; the answer alone has the secret.
#[utoipa::path(post, path = "/v1/webhook_endpoints", request_body = schema::EndpointCreate, responses((status = 200, body = schema::Endpoint)))]
pub(super) async fn create(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    request: Request,
) -> Answer<Json<Value>> {
    let form = Form::read(&app, request).await?;
    let url = form.required_text("url", 2000)?;
    if !(url.starts_with("https://") || url.starts_with("http://"))
        || url.chars().any(char::is_whitespace)
    {
        return Err(Fault::field("url", "'url' has to be an http(s) address."));
    }
    let bad = || {
        Fault::field(
            "event_types",
            format!(
                "'event_types' has to be a list of some of {}.",
                EVENTS.join(", ")
            ),
        )
    };
    let events = match form.value("event_types") {
        None => EVENTS.to_vec(),
        Some(list) => {
            let names = list
                .as_array()
                .filter(|list| !list.is_empty())
                .ok_or_else(bad)?;
            let known = |name: &Value| EVENTS.into_iter().find(|event| name == event);
            names
                .iter()
                .map(|name| known(name).ok_or_else(bad))
                .collect::<Answer<Vec<_>>>()?
        }
    };
    let endpoint = EndpointRow {
        id: format!("we_{}", fresh_id()),
        name: form.text("name", 200)?.unwrap_or_else(|| url.clone()),
        url,
        events: events.join(" "),
        secret: fresh_secret(),
        created: now(),
    };
    app.store.v1_add_endpoint(&viewer.id, &endpoint).await?;
    let mut answer = object(&endpoint);
    answer["signing_secret"] = endpoint.secret.into();
    Ok(Json(answer))
}

/// All addresses that are told.
#[utoipa::path(get, path = "/v1/webhook_endpoints", responses((status = 200, body = schema::EndpointPage)))]
pub(super) async fn list(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
) -> Answer<Json<Value>> {
    let endpoints = app.store.v1_endpoints(&viewer.id).await?;
    Ok(Json(json!({
        "object": "list",
        "first_id": endpoints.first().map(|endpoint| &endpoint.id),
        "last_id": endpoints.last().map(|endpoint| &endpoint.id),
        "has_more": false,
        "data": endpoints.iter().map(object).collect::<Vec<_>>(),
    })))
}

/// One of them.
#[utoipa::path(get, path = "/v1/webhook_endpoints/{id}", responses((status = 200, body = schema::Endpoint)))]
pub(super) async fn retrieve(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Answer<Json<Value>> {
    Ok(Json(object(&found(&app, &viewer, &id).await?)))
}

/// Tells it no longer.
#[utoipa::path(delete, path = "/v1/webhook_endpoints/{id}", responses((status = 200, body = schema::Gone)))]
pub(super) async fn remove(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Answer<Json<Value>> {
    let endpoint = found(&app, &viewer, &id).await?;
    app.store
        .v1_remove_endpoint(&viewer.id, &endpoint.id)
        .await?;
    Ok(Json(
        json!({"id": id, "object": "webhook_endpoint.deleted", "deleted": true}),
    ))
}

/// Sends an event about a video that does not exist.
#[utoipa::path(post, path = "/v1/webhook_endpoints/{id}/test", request_body = schema::EndpointTest, responses((status = 200, body = schema::EndpointTested)))]
pub(super) async fn test(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    request: Request,
) -> Answer<Json<Value>> {
    let form = Form::read(&app, request).await?;
    let kind = form
        .choice("event_type", &EVENTS)?
        .unwrap_or_else(|| EVENTS[0].to_owned());
    let endpoint = found(&app, &viewer, &id).await?;
    let delivery = DeliveryRow {
        id: 0,
        event: format!("evt_{}", fresh_id()),
        kind: kind.clone(),
        video: "video_test".into(),
        created: now(),
        attempts: 0,
        endpoint: endpoint.id,
        url: endpoint.url,
        secret: endpoint.secret,
    };
    let guarded = app.config.auth_required();
    let sent = tokio::task::spawn_blocking(move || post(&delivery, guarded))
        .await
        .map_err(Error::from)?;
    let status =
        sent.map_err(|why| Fault::request(format!("The endpoint could not be reached: {why}.")))?;
    Ok(Json(json!({
        "object": "webhook_endpoint.test",
        "webhook_endpoint_id": id,
        "event_type": kind,
        "status_code": status,
        "success": true,
    })))
}

async fn found(app: &App, viewer: &Viewer, id: &str) -> Answer<EndpointRow> {
    app.store
        .v1_endpoint(&viewer.id, id)
        .await
        .map_err(|error| match error {
            Error::NotFound(_) => Fault::missing_thing("webhook endpoint", id),
            error => error.into(),
        })
}

/// Sends events until `stop`.
pub async fn deliver(app: App, mut stop: watch::Receiver<bool>) {
    let mut post = Post::new(app);
    while !*stop.borrow() {
        if let Err(error) = post.send_due().await {
            tracing::error!(%error, "webhooks cannot be read");
        }
        tokio::select! {
            Some(sent) = post.sending.join_next_with_id() => {
                if let Err(error) = post.settle(sent).await {
                    tracing::error!(%error, "a webhook's end cannot be written");
                    // It is due still, and must not be sent over and over.
                    tokio::time::sleep(GLANCE).await;
                }
            }
            () = tokio::time::sleep(GLANCE) => {}
            _ = stop.changed() => {}
        }
    }
    while let Some(sent) = post.sending.join_next_with_id().await {
        if let Err(error) = post.settle(sent).await {
            tracing::error!(%error, "a webhook's end cannot be written");
        }
    }
}

/// The status of an endpoint's answer, or why there is none.
type Sent = std::result::Result<u16, String>;

/// The deliveries under way.
struct Post {
    app: App,
    sending: JoinSet<Sent>,
    under_way: HashMap<Id, DeliveryRow>,
}

impl Post {
    fn new(app: App) -> Self {
        Self {
            app,
            sending: JoinSet::new(),
            under_way: HashMap::new(),
        }
    }

    /// Begins as many of the deliveries that are due as may be under way.
    async fn send_due(&mut self) -> Result<()> {
        // Users of a shared server must not reach its operator's network through it.
        let guarded = self.app.config.auth_required();
        while self.under_way.len() < TOGETHER {
            let Some(due) = self.next_due().await? else {
                break;
            };
            let delivery = due.clone();
            let task = self
                .sending
                .spawn_blocking(move || post(&delivery, guarded));
            self.under_way.insert(task.id(), due);
        }
        Ok(())
    }

    async fn next_due(&self) -> Result<Option<DeliveryRow>> {
        let under_way: Vec<i64> = self.under_way.values().map(|row| row.id).collect();
        let mut to_each: HashMap<&str, usize> = HashMap::new();
        for row in self.under_way.values() {
            *to_each.entry(&row.endpoint).or_default() += 1;
        }
        to_each.retain(|_, count| *count >= TO_ONE);
        let busy: Vec<&str> = to_each.into_keys().collect();
        self.app.store.v1_next_due(&under_way, &busy).await
    }

    /// Ends a delivery that was taken, or puts it off.
    async fn settle(&mut self, sent: std::result::Result<(Id, Sent), JoinError>) -> Result<()> {
        let (id, outcome) = match sent {
            Ok(sent) => sent,
            Err(error) => (error.id(), Err(error.to_string())),
        };
        let Some(delivery) = self.under_way.remove(&id) else {
            return Ok(());
        };
        let accepted = matches!(outcome, Ok(200..=299));
        let tried = delivery.attempts + 1;
        let again = (!accepted && tried < TRIES).then(|| {
            let wait = FIRST_WAIT_MS << (tried - 1).min(20);
            now() + wait.min(LONGEST_WAIT_MS)
        });
        if !accepted {
            tracing::warn!(
                event = delivery.event,
                url = delivery.url,
                tried,
                ?outcome,
                again = again.is_some(),
                "a webhook was not taken"
            );
        }
        self.app.store.v1_delivered(delivery.id, again).await
    }
}

/// Sends an event; the status of the answer.
fn post(delivery: &DeliveryRow, guarded: bool) -> Sent {
    let body = json!({
        "id": delivery.event,
        "object": "event",
        "created_at": delivery.created / 1000,
        "type": delivery.kind,
        "data": {"id": delivery.video},
    })
    .to_string();
    let timestamp = now() / 1000;
    let answer = fetch::client(guarded)
        .post(&delivery.url)
        .header("content-type", "application/json")
        .header("webhook-id", &delivery.event)
        .header("webhook-timestamp", timestamp.to_string())
        .header(
            "webhook-signature",
            signature(&delivery.secret, &delivery.event, timestamp, &body),
        )
        .send(&body);
    match answer {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) => Err(error.to_string()),
    }
}
