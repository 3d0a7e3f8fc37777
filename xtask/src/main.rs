//! Developer commands: `cargo xtask <verb>`.

mod boards;
mod check;
mod load;
mod peers;
mod python;
mod web;
mod world;

use std::path::PathBuf;

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
    /// Hold every network against the Python reference on fresh random configs (needs diffusers and transformers)
    Parity {
        /// Cases a network
        #[arg(long, default_value_t = 4)]
        cases: u32,
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
    /// Time networks and whole clips beside diffusers with the same weights, alternating in one run
    BenchPeers(peers::Options),
    /// Does a generated clip show what its prompt says? (needs the trainer's classifier)
    Eval {
        /// A model directory, or mini
        #[arg(long, default_value = "mini")]
        model: String,
        #[arg(long, default_value_t = 64)]
        clips: u32,
        /// The trainer's folder
        #[arg(long, default_value = "training/out")]
        out: PathBuf,
        /// Where the table and the contact sheet go
        #[arg(long)]
        report: PathBuf,
    },
    /// Are storyboards obeyed, and edits seamless? On scenes of the world that training never saw
    Boards(boards::Options),
    /// Does the studio answer many clients while a clip is drawn, and what do they cost it?
    Load(load::Options),
    /// Build the studio's pages into web/dist (needs Node 20.19 or newer)
    Web,
    /// Build the pages if they changed, then start the server with them
    Studio {
        /// What `kinora serve` shall be told, after --
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// The world that kinora-mini learns from: pack, stream, look at it
    #[command(subcommand)]
    World(world::Command),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().verb {
        Verb::Check => check::run(),
        Verb::Parity { cases, seed } => python::parity(cases, seed),
        Verb::BenchPeers(options) => peers::run(&options),
        Verb::Eval {
            model,
            clips,
            out,
            report,
        } => python::eval(&model, clips, &out, &report),
        Verb::Boards(options) => boards::run(&options),
        Verb::Load(options) => load::run(&options),
        Verb::Web => web::build(),
        Verb::Studio { arguments } => web::studio(&arguments),
        Verb::World(command) => world::run(command),
    }
}
