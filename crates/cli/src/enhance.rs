//! `--enhance`: a short prompt becomes a director's, by rules or by a chat endpoint of the user's.

use std::time::Duration;

use anyhow::{Context, bail};
use kinora_engine::enhance::Enhanced;
use kinora_engine::{Model, Request};
use serde_json::{Value, json};

use crate::args::EnhanceArg;
use crate::config::{self, Chat};
use crate::exit::{Failure, Outcome, resolving};

/// How long an endpoint may think.
const TIMEOUT: Duration = Duration::from_secs(90);
/// An answer longer than this is not a prompt.
const MAX_ANSWER: usize = 4000;

const SYSTEM: &str = "You expand prompts for a text-to-video model. Answer with the expanded prompt alone: one paragraph, \
at most 80 words, in the language of the user's prompt. Keep everything that the user said. Add what is open: what the \
subject does, the place, the light, the camera's framing and movement. Do not add subjects, text, sound or cuts.";

/// Expands the prompt of a request; the seed is drawn here if it is open. Gives notes for the user.
pub fn enhance(request: &mut Request, model: &Model, by: EnhanceArg) -> Outcome<Vec<String>> {
    if request.prompt.trim().is_empty() {
        return Ok(match request.cards.is_empty() {
            // The plan will say that there is no prompt.
            true => Vec::new(),
            false => {
                vec!["--enhance fills in the scene; this board has none (prompt = \"…\")".into()]
            }
        });
    }
    let seed = *request
        .seed
        .get_or_insert_with(kinora_engine::plan::fresh_seed);
    let chat = config::load().map_err(resolving)?.chat;
    let mut notes = Vec::new();
    let written = match (by, &chat.url) {
        (EnhanceArg::Rules, _) | (EnhanceArg::Auto, None) => None,
        (EnhanceArg::Chat, None) => {
            return Err(crate::exit::input(
                "--enhance=chat needs an endpoint; set KINORA_CHAT_URL (for instance http://localhost:11434/v1) and \
                 KINORA_CHAT_MODEL, or use --enhance=rules",
            ));
        }
        (_, Some(url)) => match ask(url, &chat, model, &request.prompt, seed) {
            Ok(written) => Some(written),
            Err(error) if by == EnhanceArg::Chat => return Err(Failure::Work(error)),
            Err(error) => {
                notes.push(format!("{error:#}; the prompt is expanded by rules"));
                None
            }
        },
    };
    let (prompt, by) = written.unwrap_or_else(|| {
        let prompt =
            kinora_engine::enhance::enhance(&request.prompt, model.vocabulary.as_ref(), seed);
        (prompt, "rules".to_owned())
    });
    if prompt == request.prompt.trim() {
        notes.push("the prompt leaves nothing open: it stays as it is".to_owned());
        return Ok(notes);
    }
    notes.push(format!("the prompt is now: {prompt}"));
    request.enhanced = Some(Enhanced {
        from: std::mem::replace(&mut request.prompt, prompt),
        by,
    });
    Ok(notes)
}

/// The expanded prompt, and the name of the model that wrote it.
fn ask(
    url: &str,
    chat: &Chat,
    model: &Model,
    prompt: &str,
    seed: u64,
) -> anyhow::Result<(String, String)> {
    let name = chat.model.as_deref().unwrap_or("default");
    let url = format!("{}/chat/completions", url.trim_end_matches('/'));
    let body = json!({
        "model": name,
        "messages": [
            {"role": "system", "content": format!("{SYSTEM}{}", taught(model))},
            {"role": "user", "content": prompt},
        ],
        "temperature": 0,
        // Not every server takes more than 31 bits.
        "seed": seed & 0x7fff_ffff,
    });
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .http_status_as_error(false)
        .build()
        .into();
    let mut call = agent.post(&url).header("content-type", "application/json");
    if let Some(key) = &chat.key {
        call = call.header("authorization", format!("Bearer {key}"));
    }
    let mut answer = call
        .send(body.to_string())
        .with_context(|| format!("cannot reach the chat endpoint {url}"))?;
    let status = answer.status();
    let text = answer
        .body_mut()
        .read_to_string()
        .with_context(|| format!("the chat endpoint {url} broke off"))?;
    if !status.is_success() {
        let said: String = text.trim().chars().take(200).collect();
        bail!("the chat endpoint {url} answered {status}: {said}");
    }
    let value: Value = serde_json::from_str(&text)
        .with_context(|| format!("the chat endpoint {url} did not answer with JSON"))?;
    let content = value["choices"][0]["message"]["content"].as_str();
    let content = content.map(tidy).filter(|text| !text.is_empty());
    match content {
        Some(text) if text.chars().count() <= MAX_ANSWER => Ok((text, name.to_owned())),
        Some(_) => bail!("the chat endpoint {url} answered with more than a prompt"),
        None => bail!("the chat endpoint {url} gave no prompt"),
    }
}

/// What a small model was taught, so that the prompt stays within it.
fn taught(model: &Model) -> String {
    let Some(vocabulary) = &model.vocabulary else {
        return String::new();
    };
    let names = |concepts: Vec<kinora_engine::vocabulary::Concept>| {
        let names = concepts
            .into_iter()
            .filter_map(|concept| concept.name.get("en").cloned());
        names.collect::<Vec<_>>().join(", ")
    };
    let kinds = vocabulary.kinds().into_iter();
    let lists: Vec<String> = kinds
        .map(|(kind, concepts)| format!("{kind}: {}", names(concepts)))
        .collect();
    format!(
        " The model knows only these; use no others, at most 30 words. {}.",
        lists.join(". ")
    )
}

/// One paragraph without the quotes that chat models like to add.
fn tidy(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let quotes = ['"', '“', '”', '「', '」'];
    words.join(" ").trim_matches(quotes).trim().to_owned()
}
