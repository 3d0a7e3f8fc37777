//! `kinora styles`

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use kinora_engine::style::{Library, Style, Title, built_in, slug};
use kinora_engine::{Request, text};
use kinora_studio::style_file;
use serde_json::json;
use tempfile::TempDir;

use crate::args::{StylesArgs, StylesCommand};
use crate::config;
use crate::exit::{Failure, Outcome, input, resolving};
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
    match from_file(name)? {
        Some((style, _)) => Ok(style),
        None => library()?.find(name).map_err(resolving),
    }
}

/// The style of a file, its pictures read. Those of a zip, as a studio gives one, lie in a folder as long as it is kept.
fn from_file(name: &str) -> Outcome<Option<(Style, Option<TempDir>)>> {
    if name.ends_with(".toml") {
        let style = Style::load(Path::new(name)).map_err(resolving)?;
        return Ok(Some((style, None)));
    }
    if !name.ends_with(".zip") {
        return Ok(None);
    }
    let bytes = fs::read(name).map_err(|error| input(format!("{name} cannot be read: {error}")))?;
    let unpacked = style_file::unpack(&bytes);
    let (mut style, pictures) = unpacked.map_err(|error| input(format!("{name}: {error}")))?;
    let folder = tempfile::tempdir().context("no room for the pictures of a style");
    let folder = folder.map_err(Failure::Work)?;
    for (number, bytes) in pictures.into_iter().enumerate() {
        let path = folder.path().join(format!("{}.jpg", number + 1));
        let written = fs::write(&path, bytes).with_context(|| format!("cannot unpack {name}"));
        written.map_err(Failure::Work)?;
        style.images.push(path);
    }
    style.learn().map_err(resolving)?;
    Ok(Some((style, Some(folder))))
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
    let mut style = find(name)?;
    // What the pictures taught stands in its words, so that the file works where they are not.
    style.images.clear();
    match as_json {
        true => say!("{}", json!(style)),
        false => say!("{}", style.to_toml().trim_end()),
    }
    Ok(())
}

fn add(name: &str, description: Option<String>, images: Vec<PathBuf>) -> Outcome {
    let file = from_file(name)?;
    let is_file = file.is_some();
    let (mut style, _folder) = file.unwrap_or_else(|| {
        let title = Title {
            en: name.trim().to_owned(),
            zh: String::new(),
        };
        let style = Style {
            name: slug(name),
            title,
            ..Style::default()
        };
        (style, None)
    });
    if !is_file && description.is_none() && images.is_empty() {
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
    style.images.extend(images);
    style.learn().map_err(resolving)?;
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
