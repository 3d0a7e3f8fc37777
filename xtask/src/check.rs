//! What a compiler does not check: which crate may know which, and how large the repository may grow.

use std::process::Command;

use anyhow::{Context, Result, bail};

/// A crate and the workspace crates that it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("kinora-media", &[]),
    ("kinora-kernels", &[]),
    ("kinora-models", &["kinora-kernels"]),
    ("kinora-world", &[]),
    ("kinora-words", &[]),
    (
        "kinora-engine",
        &["kinora-media", "kinora-models", "kinora-words"],
    ),
    (
        "kinora-studio",
        &["kinora-engine", "kinora-media", "kinora-models"],
    ),
    (
        "kinora",
        &[
            "kinora-engine",
            "kinora-media",
            "kinora-models",
            "kinora-studio",
        ],
    ),
    ("xtask", &["kinora-world"]),
];

/// Crates that must not see these packages, at any depth.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("kinora-kernels", &["candle-core", "tokio"]),
    ("kinora-models", &["tokio", "axum", "hyper"]),
    ("kinora-engine", &["tokio", "axum", "hyper"]),
    ("kinora-media", &["candle-core", "tokio"]),
    ("kinora", &["kinora-world"]),
];

const TREE_LIMIT: u64 = 60_000_000;
const WEIGHTS_LIMIT: u64 = 40_000_000;

pub fn run() -> Result<()> {
    arrows()?;
    forbidden()?;
    sizes()
}

fn output(program: &str, args: &[&str]) -> Result<String> {
    let out = Command::new(program)
        .args(args)
        .output()
        .with_context(|| format!("could not run {program}"))?;
    if !out.status.success() {
        bail!(
            "{program} {}: {}",
            args.join(" "),
            String::from_utf8_lossy(&out.stderr)
        );
    }
    Ok(String::from_utf8(out.stdout)?)
}

/// Names of the packages below `package`, itself left out.
fn dependencies(package: &str, depth: &str) -> Result<Vec<String>> {
    let tree = [
        "tree", "-p", package, "-e", "normal", "--prefix", "none", "--depth", depth,
    ];
    let names = output("cargo", &tree)?;
    let names = names.lines().filter_map(|line| line.split(' ').next());
    Ok(names
        .filter(|name| *name != package && !name.is_empty())
        .map(str::to_owned)
        .collect())
}

fn arrows() -> Result<()> {
    for (package, allowed) in ARROWS {
        for name in dependencies(package, "1")? {
            let ours = name.starts_with("kinora") || name == "xtask";
            if ours && !allowed.contains(&name.as_str()) {
                bail!("{package} must not depend on {name}: see ARCHITECTURE.md");
            }
        }
    }
    println!("crate arrows: ok");
    Ok(())
}

fn forbidden() -> Result<()> {
    for (package, banned) in FORBIDDEN {
        let below = dependencies(package, "64")?;
        if let Some(name) = banned
            .iter()
            .find(|name| below.iter().any(|dep| dep == *name))
        {
            bail!("{package} must not reach {name}, at any depth: see ARCHITECTURE.md");
        }
    }
    println!("forbidden dependencies: none");
    Ok(())
}

fn sizes() -> Result<()> {
    let files = output("git", &["ls-files"])?;
    let size = |path: &str| std::fs::metadata(path).map_or(0, |meta| meta.len());
    let tree: u64 = files.lines().map(size).sum();
    let weights: u64 = files
        .lines()
        .filter(|path| path.starts_with("crates/models/weights/"))
        .map(size)
        .sum();
    println!(
        "tracked tree: {:.1} MB, shipped weights: {:.1} MB",
        tree as f64 / 1e6,
        weights as f64 / 1e6
    );
    if tree > TREE_LIMIT || weights > WEIGHTS_LIMIT {
        bail!("the tree may hold 60 MB and the weights 40 MB: take something out");
    }
    Ok(())
}
