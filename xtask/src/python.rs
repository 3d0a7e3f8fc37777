//! Verbs that run a Python program of `training/` beside the `kinora` binary.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// `.venv` of the checkout if there is one, else what `$PYTHON` names, else `python3`.
fn python() -> PathBuf {
    let local = Path::new(".venv/bin/python");
    if local.exists() {
        return local.canonicalize().unwrap_or_else(|_| local.into());
    }
    std::env::var_os("PYTHON").map_or("python3".into(), PathBuf::from)
}

/// Builds the release binary and gives its path.
pub fn kinora() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = ["build", "--release", "--package", "kinora"];
    let status = Command::new(cargo)
        .args(build)
        .status()
        .context("could not run cargo")?;
    if !status.success() {
        bail!("kinora did not build");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    let program = target.join("release/kinora");
    program
        .canonicalize()
        .with_context(|| format!("{} is not there", program.display()))
}

pub fn run(mut command: Command) -> Result<()> {
    let status = command.status().with_context(|| {
        format!(
            "could not run {}; training/README.md says how to install the Python reference",
            command.get_program().to_string_lossy()
        )
    })?;
    if !status.success() {
        bail!(
            "{} ended with {status}",
            command.get_program().to_string_lossy()
        );
    }
    Ok(())
}

/// Fresh random configs, weights and inputs through the reference and through `kinora probe`.
pub fn parity(cases: u32, seed: u64) -> Result<()> {
    let mut command = Command::new(python());
    command
        .arg("training/parity.py")
        .arg("--kinora")
        .arg(kinora()?);
    command.args(["--cases", &cases.to_string(), "--seed", &seed.to_string()]);
    run(command)
}

/// Clips of held-out prompts by the `kinora` binary, named by a classifier that learned from renders alone.
pub fn eval(model: &str, clips: u32, out: &Path, report: &Path) -> Result<()> {
    let absolute = |path: &Path| std::path::absolute(path).context("the working directory is gone");
    let mut command = Command::new(python());
    command
        .current_dir("training")
        .args(["-m", "kinora_train", "evaluate"]);
    command
        .arg("--kinora")
        .arg(kinora()?)
        .args(["--model", model, "--clips", &clips.to_string()]);
    command
        .arg("--out")
        .arg(absolute(out)?)
        .arg("--report")
        .arg(absolute(report)?);
    run(command)
}
