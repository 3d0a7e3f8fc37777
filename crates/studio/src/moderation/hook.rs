//! A service that is asked beside the list. It speaks what OpenAI's moderation endpoint speaks, so whatever serves that
//! fits: `{"input": text}` → `{"results": [{"flagged": bool, "categories": {name: bool}}]}`. A picture comes as
//! `{"input": [{"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,…"}}]}`. Blocking.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// How long it may think.
const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST_ANSWER: u64 = 1 << 20;

/// What is asked about a text.
pub fn text(text: &str) -> Value {
    json!(text)
}

/// What is asked about a picture, which is a JPEG.
pub fn picture(jpeg: &[u8]) -> Value {
    let url = format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg));
    json!([{"type": "image_url", "image_url": {"url": url}}])
}

/// The categories that it falls under: none lets it pass. The error says why there is no answer.
pub fn ask(url: &str, key: Option<&str>, input: &Value) -> Result<Vec<String>, String> {
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("kinora/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent();
    let mut request = agent.post(url).header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    let sent = request.send(json!({ "input": input }).to_string());
    let mut answer = sent.map_err(|error| error.to_string())?;
    let status = answer.status();
    if !status.is_success() {
        return Err(format!("it answered with {status}"));
    }
    let body = answer.body_mut().with_config().limit(LONGEST_ANSWER);
    let body = body.read_to_vec().map_err(|error| error.to_string())?;
    let said: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    read(&said)
}

fn read(said: &Value) -> Result<Vec<String>, String> {
    let results = said["results"].as_array().filter(|all| !all.is_empty());
    let results = results.ok_or("its answer has no `results`")?;
    let mut names = Vec::new();
    for result in results {
        let flagged = result["flagged"].as_bool();
        if !flagged.ok_or("a result of its answer has no `flagged`")? {
            continue;
        }
        let categories = result["categories"].as_object();
        let met = categories
            .into_iter()
            .flatten()
            .filter(|(_, is)| is.as_bool() == Some(true));
        names.extend(met.map(|(name, _)| name.chars().take(60).collect::<String>()));
        if names.is_empty() {
            names.push("flagged".into());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_or_refused() {
        let flagged = json!({"results": [{"flagged": true, "categories": {"hate": false, "violence": true}}]});
        assert_eq!(read(&flagged).unwrap(), ["violence"]);
        assert_eq!(
            read(&json!({"results": [{"flagged": true}]})).unwrap(),
            ["flagged"]
        );
        let clean = json!({"results": [{"flagged": false, "categories": {"hate": false}}]});
        assert_eq!(read(&clean).unwrap(), [""; 0]);
        for strange in [json!({}), json!({"results": []}), json!({"results": [{}]})] {
            assert!(read(&strange).is_err(), "{strange}");
        }
    }
}
