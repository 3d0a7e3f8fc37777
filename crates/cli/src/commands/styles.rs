//! `kinora styles`

use std::path::{Path, PathBuf};

use anyhow::Context;
use kinora_engine::style::{Library, Style, Title, Words, built_in, look, slug};
use kinora_engine::{Request, text};
use serde_json::json;

use crate::args::{StylesArgs, StylesCommand};
use crate::config;
use crate::exit::{Outcome, input, resolving};
use crate::stdout::say;

pub fn run(args: StylesArgs) -> Outcome {
    match args.command {
        StylesCommand::List { json } => list(json),
        StylesCommand::Show { name, json } => show(&name, json),
        StylesCommand::Add {
            name,
            description,
            image,
        } => add(&name, description, image),
        StylesCommand::Remove { name } => {
            let name = library()?.remove(&name).map_err(resolving)?;
            eprintln!("removed the style `{name}`");
            Ok(())
        }
    }
}

/// Looks up a request's style, so that it carries the style's words from here on.
pub fn resolve(request: &mut Request) -> Outcome {
    let Some(name) = request.style.clone().filter(|_| request.look.is_none()) else {
        return Ok(());
    };
    let mut style = find(&name)?;
    // The words say what the pictures show; where those lie is nobody's business.
    style.images.clear();
    request.style = Some(style.name.clone());
    request.look = Some(style);
    Ok(())
}

/// By name or title, or from a file.
fn find(name: &str) -> Outcome<Style> {
    match is_file(name) {
        true => Style::load(Path::new(name)).map_err(resolving),
        false => library()?.find(name).map_err(resolving),
    }
}

fn is_file(name: &str) -> bool {
    name.ends_with(".toml")
}

fn library() -> Outcome<Library> {
    let dir = config::dir().context("no home directory is known; set XDG_CONFIG_HOME");
    Ok(Library::at(dir.map_err(resolving)?.join("styles")))
}

fn list(as_json: bool) -> Outcome {
    let (own, errors) = library()?.own();
    for error in errors {
        eprintln!("note: {error}");
    }
    let all: Vec<(Style, bool)> = (built_in().into_iter().map(|style| (style, false)))
        .chain(own.into_iter().map(|style| (style, true)))
        .collect();
    if as_json {
        let styles: Vec<_> = all
            .iter()
            .map(|(style, own)| json!({"own": own, "style": style}))
            .collect();
        say!("{}", json!({ "styles": styles }));
        return Ok(());
    }
    let width = all
        .iter()
        .map(|(style, _)| style.name.chars().count())
        .max()
        .unwrap_or(0);
    for (style, own) in all {
        let words = if style.en.is_empty() {
            &style.zh
        } else {
            &style.en
        };
        let brief = match words.brief.is_empty() {
            true => words
                .parts()
                .map(|(_, text)| text)
                .join(" ")
                .trim()
                .to_owned(),
            false => words.brief.clone(),
        };
        let mark = if own { " (your own)" } else { "" };
        say!("{:<width$}  {brief}{mark}", style.name);
    }
    Ok(())
}

fn show(name: &str, as_json: bool) -> Outcome {
    let style = find(name)?;
    match as_json {
        true => say!("{}", json!(style)),
        false => say!("{}", style.to_toml().trim_end()),
    }
    Ok(())
}

fn add(name: &str, description: Option<String>, images: Vec<PathBuf>) -> Outcome {
    let mut style = match is_file(name) {
        true => Style::load(Path::new(name)).map_err(resolving)?,
        false => Style {
            name: slug(name),
            title: Title {
                en: name.trim().to_owned(),
                zh: String::new(),
            },
            ..Style::default()
        },
    };
    if !is_file(name) && description.is_none() && images.is_empty() {
        return Err(input(format!(
            "a style needs a --description, pictures (--image), or both; \
             or give a style's file: kinora styles add {}.toml",
            style.name
        )));
    }
    if let Some(text) = description {
        let words = match text.chars().any(text::is_cjk) {
            true => &mut style.zh,
            false => &mut style.en,
        };
        words.brief = text.trim().to_owned();
    }
    if !images.is_empty() {
        read_pictures(&mut style, images)?;
    }
    let file = library()?.add(&style).map_err(resolving)?;
    eprintln!(
        "`{}` is now a style (kept in {}); kinora generate \"…\" --style {0}",
        style.name,
        file.display()
    );
    for (part, text) in style
        .en
        .parts()
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
    {
        eprintln!("  {part}: {text}");
    }
    say!("{}", style.name);
    Ok(())
}

/// Colours and light as the pictures show them; what was written goes first.
fn read_pictures(style: &mut Style, images: Vec<PathBuf>) -> Outcome {
    let frames: Vec<_> = images
        .iter()
        .map(kinora_media::read_image)
        .collect::<Result<_, _>>()
        .map_err(resolving)?;
    let (en, zh) = look::read(&frames);
    let fill = |own: &mut Words, read: Words| {
        for (field, text) in [
            (&mut own.colour, read.colour),
            (&mut own.lighting, read.lighting),
        ] {
            if field.is_empty() {
                *field = text;
            }
        }
    };
    // A language in which the style was not described stays silent: half a style would win over the whole one.
    let described = |words: &Words| !words.is_empty();
    match (described(&style.en), described(&style.zh)) {
        (true, false) => fill(&mut style.en, en),
        (false, true) => fill(&mut style.zh, zh),
        _ => {
            fill(&mut style.en, en);
            fill(&mut style.zh, zh);
        }
    }
    style.images.extend(images);
    Ok(())
}
