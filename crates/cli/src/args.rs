//! What may be typed. Values are checked when they are resolved, beside what they mean.

mod bench;
mod make;
mod styles;
mod tools;
pub mod values;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use kinora_engine::probe::Component;
use kinora_engine::{DeviceKind, Precision};
use kinora_studio::config::{SETTINGS, variable};

pub use bench::BenchArgs;
pub use make::{EnhanceArg, GenerateArgs, MakeArgs, ResolutionArg, UpscaleArg};
pub use styles::{StylesArgs, StylesCommand};
pub use tools::{BlendArgs, ExtendArgs, LoopArgs, RecutArgs, RemixArgs, StoryboardArgs};

/// Words, pictures and clips into video, on your own machine.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  kinora generate \"a woolly mammoth walks in the desert, wide-angle shot\"
  kinora generate \"长毛猛犸象在沙漠中行走，广角镜头拍摄\" -o mammoth.mp4
  kinora storyboard crane.toml -o crane.mp4
  kinora extend mammoth.mp4 --after 3
  kinora models info mini

Exit codes: 0 done, 1 failed, 2 usage or bad input, 130 interrupted.
Messages go to stderr, results to stdout.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a video from words, pictures and clips
    Generate(Box<GenerateArgs>),
    /// Start the studio: library, queue, API and pages
    Serve(StudioArgs),
    /// Work on a studio's queue in a process of its own
    Worker(StudioArgs),
    /// Direct a shot: cards on a timeline become one video
    Storyboard(Box<StoryboardArgs>),
    /// Give a clip a new beginning or end
    Extend(Box<ExtendArgs>),
    /// Trim, split and reorder a clip, and draw what is missing
    Recut(Box<RecutArgs>),
    /// Change a clip by words
    Remix(Box<RemixArgs>),
    /// Let one clip flow into another
    Blend(Box<BlendArgs>),
    /// Let a clip end where it begins
    Loop(Box<LoopArgs>),
    /// List, show, add and remove styles
    Styles(StylesArgs),
    /// List, show and export the models that can be asked
    Models(ModelsArgs),
    /// Time each stage of making a clip
    Bench(BenchArgs),
    /// Run one network on given tensors, to compare it with the reference
    Probe(ProbeArgs),
}

/// Where it is computed.
#[derive(Debug, Clone, clap::Args)]
pub struct ComputeArgs {
    /// cpu, cuda or metal [default: cpu]
    #[arg(long, value_name = "DEVICE", help_heading = "Machine")]
    pub device: Option<DeviceKind>,

    /// auto, f32 or bf16 [default: auto, which is bf16, but f32 on a CPU that multiplies bf16 no faster]
    #[arg(long, value_name = "TYPE", help_heading = "Machine")]
    pub dtype: Option<Precision>,

    /// Threads to compute with [default: one a core]
    #[arg(long, value_name = "N", value_parser = values::whole::<usize>, allow_negative_numbers = true, help_heading = "Machine")]
    pub threads: Option<usize>,
}

const STUDIO_EXAMPLES: &str = "\
Examples:
  kinora serve                          then open http://127.0.0.1:7860
  kinora serve --data /srv/kinora --workers 0
  kinora worker --data /srv/kinora      takes that studio's jobs, beside the server";

/// Every key of the settings with its name in the environment, so that nothing has to be looked up elsewhere.
fn studio_help() -> String {
    use std::fmt::Write;
    let mut help = String::from(
        "Settings come from studio.toml in the current directory (or --config), then from the environment, then from flags:\n",
    );
    for (name, what) in SETTINGS {
        let _ = writeln!(help, "  {name:<25} {:<33} {what}", variable(name));
    }
    help.push_str(
        "Plans are tables of the file, [plans.NAME], each with what it allows: videos and credits a month, seconds, resolution,\n\
         concurrency, relaxed, watermark. A name with a dot is a key of a table: [limits] reads = 3000. KINORA_LOG says what\n\
         is logged: info, kinora_studio=debug …\n\n",
    );
    help + STUDIO_EXAMPLES
}

#[derive(Debug, clap::Args)]
#[command(after_help = studio_help())]
pub struct StudioArgs {
    /// Where to listen; any address but this machine's own asks users to log in [default: 127.0.0.1:7860]
    #[arg(long, value_name = "HOST:PORT", value_parser = values::address)]
    pub addr: Option<std::net::SocketAddr>,

    /// The folder for clips and the database [default: kinora in the system's place for data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Settings in TOML [default: studio.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Clips made at a time inside the server; 0 leaves all to `kinora worker` [default: 1]
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,

    /// The model that is used where none is named [default: mini]
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,

    /// Ask users to log in, on this machine's own address too
    #[arg(long)]
    pub users: bool,

    /// Log as JSON, one object a line
    #[arg(long)]
    pub json_logs: bool,

    #[command(flatten)]
    pub compute: ComputeArgs,
}

const MODELS_EXAMPLES: &str = "\
Examples:
  kinora models list
  kinora models info mini            what it can draw: actors, places, actions, camera
  kinora models export mini DIR      its files, in the diffusers layout
  kinora models add ltx ~/LTX-Video-0.9.7-distilled
                                     then: kinora generate \"…\" --model ltx
  kinora models remove ltx           forgets the name; the files stay";

#[derive(Debug, clap::Args)]
#[command(after_help = MODELS_EXAMPLES)]
pub struct ModelsArgs {
    #[command(subcommand)]
    pub command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// List the models that have a name
    List {
        /// Print JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// Show what a model is and what it knows
    Info {
        /// A name, or a directory
        #[arg(default_value = "mini")]
        model: String,
        /// Print JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// Write a model as a plain directory in the diffusers layout
    Export {
        model: String,
        /// A directory that does not exist yet, or is empty
        dir: PathBuf,
    },
    /// Give a model directory a name
    Add { name: String, dir: PathBuf },
    /// Take a name back; the directory stays
    Remove { name: String },
}

const PROBE_EXAMPLES: &str = "\
Inputs bear the reference's argument names; floats arrive as f32, masks in any numeric type:
  transformer   hidden_states, encoder_hidden_states, timestep, [encoder_attention_mask],
                video_coords | num_frames, height, width, rope_interpolation_scale   -> sample
  vae-encoder   sample                                                             -> latents
  vae-decoder   z, [temb], [noise.0 …]                                             -> sample
  text-encoder  input_ids, [attention_mask]                                        -> last_hidden_state
  upsampler     hidden_states                                                      -> sample
  pipeline      prompt_embeds, prompt_attention_mask, negative_…, noise.0 …, [latents], [condition.0 …]
                and JSON in the metadata key `settings`                            -> latents, frames

Example:
  kinora probe --model DIR --component transformer --input in.safetensors --output out.safetensors --repeat 5";

#[derive(Debug, clap::Args)]
#[command(after_help = PROBE_EXAMPLES)]
pub struct ProbeArgs {
    /// A model; only the folders that the component needs have to exist
    #[arg(long, value_name = "DIR")]
    pub model: String,

    /// transformer, vae-encoder, vae-decoder, text-encoder, upsampler or pipeline
    #[arg(long)]
    pub component: Component,

    /// A safetensors file
    #[arg(long)]
    pub input: PathBuf,

    /// The safetensors file to write
    #[arg(long)]
    pub output: PathBuf,

    /// Time N runs after a warm-up and print one line of JSON
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub repeat: usize,

    #[command(flatten)]
    pub compute: ComputeArgs,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }
}
