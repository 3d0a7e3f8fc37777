//! Developer commands: `cargo xtask <verb>`.

mod check;
mod world;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Developer commands")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Crate arrows, forbidden dependencies and sizes
    Check,
    /// The world that kinora-mini learns from: pack, stream, look at it
    #[command(subcommand)]
    World(world::Command),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().verb {
        Verb::Check => check::run(),
        Verb::World(command) => world::run(command),
    }
}
