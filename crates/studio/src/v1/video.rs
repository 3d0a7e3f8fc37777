//! What a job looks like to OpenAI's clients.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::files::is_id;
use crate::wire::Job;

/// Before a job's id.
const PREFIX: &str = "video_";

/// The video object.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Video {
    pub id: String,
    #[schema(value_type = String)]
    object: &'static str,
    /// As the client named it.
    model: String,
    /// `queued`, `in_progress`, `completed` or `failed`.
    #[schema(value_type = String)]
    status: &'static str,
    progress: u8,
    created_at: i64,
    completed_at: Option<i64>,
    /// Files stay.
    expires_at: Option<i64>,
    prompt: String,
    size: String,
    seconds: String,
    remixed_from_video_id: Option<String>,
    #[schema(value_type = Option<Object>)]
    error: Option<Value>,
    /// What only Kinora has.
    #[schema(value_type = Object)]
    kinora: Value,
}

/// What this API remembers of a job: [`Intake::extra`](crate::api::jobs::Intake::extra).
pub(super) fn extra(model: &str, source: Option<&str>) -> Value {
    json!({ "model": model, "source": source })
}

/// The video's id of a job's.
pub(super) fn id_of(job: &str) -> String {
    format!("{PREFIX}{job}")
}

/// The job's id of a video's.
pub(super) fn job_of(id: &str) -> Option<&str> {
    id.strip_prefix(PREFIX).filter(|job| is_id(job))
}

impl Video {
    pub fn of(job: &Job) -> Self {
        let extra = job.extra.clone().unwrap_or_default();
        let text = |key: &str| extra[key].as_str().map(str::to_owned);
        let status = match job.status.as_str() {
            "queued" => "queued",
            "running" => "in_progress",
            "completed" => "completed",
            _ => "failed",
        };
        Self {
            id: id_of(&job.id),
            object: "video",
            model: text("model").unwrap_or_else(|| job.model.clone()),
            status,
            progress: match status {
                "completed" => 100,
                // 100 is said when it is done, not before.
                _ => job.progress.clamp(0.0, 99.0) as u8,
            },
            created_at: job.created / 1000,
            completed_at: job
                .finished
                .filter(|_| status == "completed")
                .map(|ms| ms / 1000),
            expires_at: None,
            prompt: job.prompt.clone(),
            size: format!("{}x{}", job.width, job.height),
            seconds: seconds(job.seconds),
            remixed_from_video_id: text("source"),
            error: (status == "failed").then(|| error(job)),
            kinora: json!({
                "seed": job.request["seed"],
                "model": job.model,
                "tool": job.tool,
                "clips": job.clips,
                "position": job.position,
                "eta_seconds": job.eta_seconds,
                "note": job.note,
            }),
        }
    }

    /// When a client should ask again, in milliseconds: soon before the end, seldom from far back in the queue.
    pub fn poll_after(&self) -> u64 {
        match (self.status, self.kinora["eta_seconds"].as_f64()) {
            ("completed" | "failed", _) => 0,
            (_, Some(eta)) => (eta * 250.0).clamp(250.0, 5000.0) as u64,
            (_, None) => 1000,
        }
    }
}

fn error(job: &Job) -> Value {
    match job.status.as_str() {
        "cancelled" => json!({"code": "cancelled", "message": "The video was cancelled."}),
        _ => json!({"code": "video_generation_failed", "message": job.error}),
    }
}

/// `4` for 4.0, `2.5` for 2.5.
fn seconds(seconds: f64) -> String {
    let rounded = (seconds * 100.0).round() / 100.0;
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_go_there_and_back() {
        assert_eq!(job_of(&id_of("0abc")), Some("0abc"));
        for bad in ["video_", "video_../x", "0abc", "video_A", ""] {
            assert_eq!(job_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn seconds_are_written_short() {
        assert_eq!(
            (seconds(4.0), seconds(2.5), seconds(4.0 + 1.0 / 30.0)),
            ("4".into(), "2.5".into(), "4.03".into())
        );
    }
}
