//! The studio's pages: built with Node, then put into the server by its own build.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use anyhow::{Context, Result, bail};

/// Installs what package-lock.json names and builds `web/dist`.
pub fn build() -> Result<()> {
    node()?;
    npm(&["ci", "--no-audit", "--no-fund"])?;
    npm(&["run", "--silent", "build"])?;
    println!("the pages are in web/dist");
    Ok(())
}

/// Builds the pages if their sources are newer than what was built, then starts the server with them inside.
pub fn studio(arguments: &[String]) -> Result<()> {
    if stale()? {
        build()?;
    }
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(root())
        .args(["run", "--release", "--package", "kinora", "--", "serve"])
        .args(arguments)
        .status()
        .context("could not run cargo")?;
    if !status.success() {
        bail!("the server ended with {status}");
    }
    Ok(())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the workspace")
        .to_owned()
}

/// Refuses Node versions that the build tools do not know.
fn node() -> Result<()> {
    let out = Command::new("node").arg("--version").output();
    let out = out.context("the pages are built with Node 20.19 or newer; install it, or go without the pages: the API and the command line need none")?;
    let version = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    let mut parts = version.trim_start_matches('v').split('.');
    let mut number = || parts.next().and_then(|part| part.parse::<u32>().ok());
    if (number(), number()) < (Some(20), Some(19)) {
        bail!("Node {version} is too old for the pages: 20.19 or newer is needed");
    }
    Ok(())
}

fn npm(arguments: &[&str]) -> Result<()> {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let status = Command::new(program)
        .current_dir(root().join("web"))
        .args(arguments)
        .status()
        .context("could not run npm")?;
    if !status.success() {
        bail!("npm {} ended with {status}", arguments.join(" "));
    }
    Ok(())
}

/// Whether anything the pages are made of is newer than the built page.
fn stale() -> Result<bool> {
    let web = root().join("web");
    let Ok(built) = web
        .join("dist/index.html")
        .metadata()
        .and_then(|meta| meta.modified())
    else {
        return Ok(true);
    };
    let sources = ["src", "public", "index.html", "package-lock.json"];
    for source in sources {
        if newest(&web.join(source))? > built {
            return Ok(true);
        }
    }
    Ok(false)
}

fn newest(path: &Path) -> Result<SystemTime> {
    let meta = path
        .metadata()
        .with_context(|| format!("{} is missing", path.display()))?;
    let mut latest = meta.modified()?;
    if meta.is_dir() {
        for entry in fs::read_dir(path)? {
            latest = latest.max(newest(&entry?.path())?);
        }
    }
    Ok(latest)
}
