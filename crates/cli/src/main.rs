//! The `kinora` program: arguments are parsed ([`args`]), resolved and run (one module a command).

#![warn(clippy::print_stdout)] // see `stdout`

mod args;
mod bar;
mod commands;
mod config;
mod enhance;
mod exit;
mod library;
mod report;
mod speeds;
mod stdout;

use std::process::ExitCode;

use clap::Parser;

/// Activations are large and short-lived.
#[global_allocator]
static ALLOCATOR: kinora_models::memory::Allocator = kinora_models::memory::Allocator;

fn main() -> ExitCode {
    let args = args::Args::parse();
    let outcome = match args.command {
        args::Command::Generate(args) => commands::generate::run(*args),
        args::Command::Serve(args) => commands::serve::serve(args),
        args::Command::Worker(args) => commands::serve::work(args),
        args::Command::Storyboard(args) => commands::tools::storyboard(*args),
        args::Command::Extend(args) => commands::tools::extend(*args),
        args::Command::Recut(args) => commands::tools::recut(*args),
        args::Command::Remix(args) => commands::tools::remix(*args),
        args::Command::Blend(args) => commands::tools::blend(*args),
        args::Command::Loop(args) => commands::tools::loop_(*args),
        args::Command::Styles(args) => commands::styles::run(args),
        args::Command::Models(args) => commands::models::run(args),
        args::Command::Bench(args) => commands::bench::run(args),
        args::Command::Probe(args) => commands::probe::run(args),
    };
    exit::code(outcome)
}
