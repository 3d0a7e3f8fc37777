//! `cargo xtask bench-peers`: Kinora and its Python peers, in turns on one machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::python;

/// What the peers are, in the versions that the networks are held against.
const PACKAGES: [&str; 5] = [
    "torch",
    "diffusers==0.42.1",
    "transformers>=5,<6",
    "safetensors",
    "numpy",
];

#[derive(clap::Args)]
pub struct Options {
    /// A Python that has torch and diffusers; without it a venv is made for them under target/
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
    /// The program that is measured; without it the release build is made
    #[arg(long, value_name = "FILE")]
    kinora: Option<PathBuf>,
    /// Where peers.json and peers.md go, benches/runs/DATE-NAME
    #[arg(long, value_name = "DIR")]
    report: PathBuf,
    /// What training/bench_peers.py shall be told, after --: rounds, threads, cases, peers, dtypes
    #[arg(last = true)]
    arguments: Vec<String>,
}

pub fn run(options: &Options) -> Result<()> {
    let python = match &options.python {
        Some(python) => python.clone(),
        None => environment()?,
    };
    let kinora = match &options.kinora {
        Some(kinora) => kinora.clone(),
        None => python::kinora()?,
    };
    let mut command = Command::new(python);
    command
        .arg("training/bench_peers.py")
        .arg("--kinora")
        .arg(kinora)
        .arg("--out")
        .arg(&options.report)
        .args(&options.arguments);
    python::run(command)
}

/// A venv with the peers, made when it is first asked for.
fn environment() -> Result<PathBuf> {
    let venv = Path::new("target/peers");
    let python = venv.join("bin/python");
    if !python.exists() {
        let mut make = Command::new("python3");
        make.args(["-m", "venv"]).arg(venv);
        python::run(make)?;
        let mut install = Command::new(&python);
        install
            .args(["-m", "pip", "install", "--quiet"])
            .args(PACKAGES);
        python::run(install)?;
    }
    Ok(python)
}
