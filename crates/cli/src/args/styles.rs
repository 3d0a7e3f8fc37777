//! What may be asked of `kinora styles`.

use std::path::PathBuf;

use clap::Subcommand;

const EXAMPLES: &str = "\
Examples:
  kinora styles list
  kinora styles show film-noir > noir.toml    a style is a file: change it, share it …
  kinora styles add noir.toml                 … and add it (give it another name inside)
  kinora styles add ink.zip                   … with its pictures, as a studio's Settings give it
  kinora styles add \"Water Colours\" --description \"loose water colours on rough paper\" --image a.png --image b.png
                                              colours and light are read from the pictures
  kinora styles add dusk --image a.png        pictures alone are enough
  kinora generate \"a frog in the snow\" --style water-colours";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct StylesArgs {
    #[command(subcommand)]
    pub command: StylesCommand,
}

#[derive(Debug, Subcommand)]
pub enum StylesCommand {
    /// List the built-in styles and your own
    List {
        /// Print JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// Print a style's file, with what was learnt from its pictures
    Show {
        name: String,
        /// Print JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// Add a style of your own, from its file or from a description
    Add {
        /// What it will be asked for by, or a style's file
        #[arg(value_name = "NAME|FILE.toml|FILE.zip")]
        name: String,
        /// The look in a sentence, in English or Chinese
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// A picture that has the look; at most 5
        #[arg(long, value_name = "FILE")]
        image: Vec<PathBuf>,
    },
    /// Remove a style of your own
    Remove { name: String },
}
