//! `kinora styles`

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use kinora_engine::style::{Library, Style, Title, built_in, slug};
use kinora_engine::{Request, text};
use kinora_studio::style_file;
use serde_json::json;

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
    match name {
        _ if name.ends_with(".toml") => Style::load(Path::new(name)).map_err(resolving),
        _ if name.ends_with(".zip") => Ok(unpack(name)?.0),
        _ => library()?.find(name).map_err(resolving),
    }
}

/// A style as a studio gives it: a zip of its file and its pictures.
fn unpack(zip: &str) -> Outcome<(Style, Vec<Vec<u8>>)> {
    let bytes = fs::read(zip).map_err(|error| input(format!("{zip} cannot be read: {error}")))?;
    style_file::unpack(&bytes).map_err(|error| input(format!("{zip}: {error}")))
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
    let library = library()?;
    let scratch = std::env::temp_dir().join(format!("kinora-style-{}", std::process::id()));
    let is_zip = name.ends_with(".zip");
    let is_file = is_zip || name.ends_with(".toml");
    let mut style = match (is_zip, is_file) {
        (true, _) => unpack_into(&scratch, name)?,
        (_, true) => Style::load(Path::new(name)).map_err(resolving)?,
        _ => Style {
            name: slug(name),
            title: Title {
                en: name.trim().to_owned(),
                zh: String::new(),
            },
            ..Style::default()
        },
    };
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
    let added = style.learn().and_then(|()| library.add(&style));
    if is_zip {
        // The library has its own copy.
        let _ = fs::remove_dir_all(&scratch);
    }
    let file = added.map_err(resolving)?;
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

/// The style in a zip, its pictures put into a folder.
fn unpack_into(folder: &Path, zip: &str) -> Outcome<Style> {
    let (mut style, pictures) = unpack(zip)?;
    let write = |(number, bytes): (usize, Vec<u8>)| {
        let path = folder.join(format!("{}.jpg", number + 1));
        fs::write(&path, bytes).map(|()| path)
    };
    let written = fs::create_dir_all(folder)
        .and_then(|()| pictures.into_iter().enumerate().map(write).collect());
    style.images = written
        .with_context(|| format!("cannot unpack {zip}"))
        .map_err(Failure::Work)?;
    Ok(style)
}
