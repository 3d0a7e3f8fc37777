//! The stream of what changes.

use std::convert::Infallible;

use axum::Extension;
use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use crate::events::place;
use crate::guard::Viewer;
use crate::routes::KEEP_ALIVE;
use crate::store::jobs::{Filter, RESUMABLE};
use crate::{App, Result};

/// First `snapshot`, then `job`, `job_removed`, `clip`, `clip_removed` and `counts` as they come. Who falls behind gets a new snapshot.
#[utoipa::path(get, path = "/api/events", responses((status = 200, content_type = "text/event-stream")))]
pub async fn stream(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Extension(mut stop): Extension<watch::Receiver<bool>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    // Listen before the snapshot is taken: what happens in between comes twice rather than never.
    let (sender, receiver) = tokio::sync::mpsc::channel(64);
    let mut messages = app.hub.listen();
    tokio::spawn(async move {
        let mut behind = true;
        loop {
            if behind {
                let Ok(snapshot) = snapshot(&app, &viewer).await else {
                    break;
                };
                if sender.send(Ok(snapshot)).await.is_err() {
                    break;
                }
                behind = false;
            }
            let message = tokio::select! {
                message = messages.recv() => message,
                _ = sender.closed() => break,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            match message {
                Ok(message) if *message.owner == *viewer.id => {
                    let event = Event::default().event(message.event).data(&*message.data);
                    if sender.send(Ok(event)).await.is_err() {
                        break;
                    }
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => behind = true,
                Err(RecvError::Closed) => break,
            }
        }
    });
    let stream = tokio_stream::wrappers::ReceiverStream::new(receiver);
    Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// The jobs that go on: those that wait or run, and those that may be taken up again.
async fn snapshot(app: &App, viewer: &Viewer) -> Result<Event> {
    let mut jobs = Vec::new();
    for status in ["active", RESUMABLE] {
        let filter = Filter {
            status: Some(status.into()),
            limit: Some(500),
        };
        jobs.extend(app.store.jobs(&viewer.id, &filter).await?);
    }
    let places = app.queue.places().await?;
    jobs.iter_mut().for_each(|job| place(job, &places));
    let counts = app.store.counts(&viewer.id).await?;
    let data = json!({"jobs": jobs, "counts": counts});
    Ok(Event::default().event("snapshot").data(data.to_string()))
}
