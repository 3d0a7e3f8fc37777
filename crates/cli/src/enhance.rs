//! `--enhance`: a short prompt becomes a director's, by rules or by a chat endpoint of the user's.

use std::time::Duration;

use anyhow::{Context, bail};
use kinora_engine::board::CardKind;
use kinora_engine::enhance::{self, Enhanced};
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
const CARD: &str = "The prompt is one card of a storyboard: say what happens then, in one sentence; place, light and camera \
are those of the whole shot, say no others. The shot:";

/// The words of a request, as far as they can be expanded.
struct Words {
    prompt: String,
    /// Of the text cards.
    cards: Vec<String>,
}

/// Expands the prompt of a request, and what the text cards of a board say; the seed is drawn here if it is open. Gives notes
/// for the user.
pub fn enhance(request: &mut Request, model: &Model, by: EnhanceArg) -> Outcome<Vec<String>> {
    let asked = Words {
        prompt: request.prompt.trim().to_owned(),
        cards: texts(request).map(|(_, text)| text.clone()).collect(),
    };
    if asked.prompt.is_empty() && asked.cards.is_empty() {
        return Ok(match request.cards.is_empty() {
            // The plan will say that there is no prompt.
            true => Vec::new(),
            false => {
                vec!["--enhance fills in words, and this board has none (prompt = \"…\")".into()]
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
        (_, Some(url)) => match ask_all(url, &chat, model, &asked, seed) {
            Ok(written) => Some(written),
            Err(error) if by == EnhanceArg::Chat => return Err(Failure::Work(error)),
            Err(error) => {
                notes.push(format!("{error:#}; the prompt is expanded by rules"));
                None
            }
        },
    };
    let (words, by) = written.unwrap_or_else(|| (by_rules(&asked, model, seed), "rules".into()));
    if (&words.prompt, &words.cards) == (&asked.prompt, &asked.cards) {
        notes.push("the prompt leaves nothing open: it stays as it is".to_owned());
        return Ok(notes);
    }
    if words.prompt != asked.prompt {
        notes.push(format!("the prompt is now: {}", words.prompt));
    }
    let expanded = words.cards != asked.cards;
    let cards = texts(request).zip(words.cards);
    for ((at, text), new) in cards.filter(|((_, text), new)| *text != new) {
        notes.push(format!("the card at {at} s now says: {new}"));
        *text = new;
    }
    request.enhanced = Some(Enhanced {
        from: std::mem::replace(&mut request.prompt, words.prompt),
        cards: if expanded { asked.cards } else { Vec::new() },
        by,
    });
    Ok(notes)
}

/// Second and text of each text card.
fn texts(request: &mut Request) -> impl Iterator<Item = (f64, &mut String)> {
    let cards = request.cards.iter_mut();
    let cards = cards.filter(|card| card.kind == CardKind::Text);
    cards.filter_map(|card| Some((card.at, card.text.as_mut()?)))
}

fn by_rules(asked: &Words, model: &Model, seed: u64) -> Words {
    let vocabulary = model.vocabulary.as_ref();
    if asked.cards.is_empty() {
        return Words {
            prompt: enhance::enhance(&asked.prompt, vocabulary, seed),
            cards: Vec::new(),
        };
    }
    let cards: Vec<&str> = asked.cards.iter().map(String::as_str).collect();
    let (prompt, cards) = enhance::enhance_board(&asked.prompt, &cards, vocabulary, seed);
    Words { prompt, cards }
}

/// The scene first, then each card, as part of it. Gives the name of the model that wrote them too.
fn ask_all(
    url: &str,
    chat: &Chat,
    model: &Model,
    asked: &Words,
    seed: u64,
) -> anyhow::Result<(Words, String)> {
    let system = format!("{SYSTEM}{}", taught(model));
    let prompt = match asked.prompt.is_empty() {
        true => String::new(),
        false => ask(url, chat, &system, &asked.prompt, seed)?,
    };
    let of_board = format!("{system} {CARD} {prompt}");
    let cards = asked.cards.iter();
    let cards = cards.map(|card| ask(url, chat, &of_board, card, seed));
    let words = Words {
        cards: cards.collect::<anyhow::Result<_>>()?,
        prompt,
    };
    Ok((words, name(chat).to_owned()))
}

fn name(chat: &Chat) -> &str {
    chat.model.as_deref().unwrap_or("default")
}

/// The expanded prompt.
fn ask(url: &str, chat: &Chat, system: &str, prompt: &str, seed: u64) -> anyhow::Result<String> {
    let url = format!("{}/chat/completions", url.trim_end_matches('/'));
    let body = json!({
        "model": name(chat),
        "messages": [
            {"role": "system", "content": system},
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
        Some(text) if text.chars().count() <= MAX_ANSWER => Ok(text),
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
