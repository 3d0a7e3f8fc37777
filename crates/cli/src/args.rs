//! What may be typed. Values are checked when they are resolved, beside what they mean.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use kinora_engine::probe::Component;
use kinora_engine::{Aspect, DeviceKind, Precision};
use kinora_media::Rational;

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
    /// List, show and export the models that can be asked
    Models(ModelsArgs),
    /// Run one network on given tensors, to compare it with the reference
    Probe(ProbeArgs),
}

const GENERATE_EXAMPLES: &str = "\
Examples:
  kinora generate \"a woolly mammoth walks in the desert\"
      5 s of 854x480 at 30 fps, named after the prompt and its seed
  kinora generate \"a frog in the snow\" -o frog.gif --seconds 2 --aspect 1:1
      the ending decides the format: .mp4, .gif, .png (a still), DIR/ (a PNG sequence), .webm (needs ffmpeg)
  kinora generate \"the lion walks away\" --image lion.png --image end.png@4.5
      begins with one picture and meets another after 4.5 s
  kinora generate --from frog.json --resolution 1080p
      the same clip again, larger; without other flags, the same bytes of video
  kinora generate --resume frog.mp4.checkpoint
      goes on with a clip that was stopped
  kinora generate \"a city at night\" --model ~/LTX-Video-0.9.7-distilled --steps 8
      draws with an open-weights model in the diffusers layout";

#[derive(Debug, clap::Args)]
#[command(after_help = GENERATE_EXAMPLES)]
pub struct GenerateArgs {
    /// What to show, in English or Chinese
    pub prompt: Option<String>,

    /// The file to write [default: named after prompt and seed, in the current directory]
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,

    /// `mini`, a name from `kinora models list`, or a directory in the diffusers layout [default: mini]
    #[arg(long, value_name = "MODEL", help_heading = "Model")]
    pub model: Option<String>,

    /// A picture to begin with, or to meet at a time
    #[arg(long, value_name = "FILE[@SECONDS]", help_heading = "Content")]
    pub image: Vec<String>,

    /// A clip to begin with, or to meet at a time
    #[arg(long, value_name = "FILE[@SECONDS]", help_heading = "Content")]
    pub video: Vec<String>,

    /// What to avoid
    #[arg(long, value_name = "TEXT", help_heading = "Content")]
    pub negative: Option<String>,

    /// A look: archival, film-noir, papercraft, stop-motion, balloon-world
    #[arg(long, value_name = "NAME", help_heading = "Content")]
    pub style: Option<String>,

    /// 16:9, 1:1 or 9:16 [default: the first picture's, else 16:9]
    #[arg(long, value_name = "W:H", help_heading = "Format")]
    pub aspect: Option<Aspect>,

    /// 480p, 720p or 1080p [default: 480p]
    #[arg(long, value_name = "CLASS", help_heading = "Format")]
    pub resolution: Option<ResolutionArg>,

    /// Width and height in pixels; wins over --aspect and --resolution
    #[arg(long, value_name = "WxH", value_parser = size, help_heading = "Format")]
    pub size: Option<(u32, u32)>,

    /// Length, 1 to 20 [default: 5]
    #[arg(
        long,
        value_name = "S",
        help_heading = "Format",
        allow_negative_numbers = true
    )]
    pub seconds: Option<f64>,

    /// Frames per second of the file, 1 to 60 [default: 30]
    #[arg(long, value_name = "N", value_parser = rate, help_heading = "Format")]
    pub fps: Option<Rational>,

    /// How the model's frames come to the asked size
    #[arg(
        long,
        value_name = "HOW",
        default_value = "lanczos",
        help_heading = "Format"
    )]
    pub upscale: Upscale,

    /// How many clips, 1 to 4, written as OUT-1.mp4 …
    #[arg(long, value_name = "N", help_heading = "Drawing")]
    pub variants: Option<u32>,

    /// Same request and seed, same clip [default: a new one]
    #[arg(long, value_name = "N", help_heading = "Drawing")]
    pub seed: Option<u64>,

    /// Denoising steps [default: the model's]
    #[arg(long, value_name = "N", help_heading = "Drawing")]
    pub steps: Option<usize>,

    /// How closely the prompt is followed; 1 is not at all guided [default: the model's]
    #[arg(
        long,
        value_name = "G",
        help_heading = "Drawing",
        allow_negative_numbers = true
    )]
    pub guidance: Option<f64>,

    /// Half the steps: to look first
    #[arg(long, help_heading = "Drawing", conflicts_with = "quality")]
    pub draft: bool,

    /// Twice the steps
    #[arg(long, help_heading = "Drawing")]
    pub quality: bool,

    /// Repeat the clip of this sidecar; other flags override what it says
    #[arg(long, value_name = "SIDECAR", help_heading = "Again")]
    pub from: Option<PathBuf>,

    /// Go on with the clip of this checkpoint
    #[arg(long, value_name = "CHECKPOINT", help_heading = "Again", conflicts_with_all = [
        "prompt", "output", "model", "image", "video", "negative", "style", "aspect", "resolution", "size", "seconds",
        "fps", "variants", "seed", "steps", "guidance", "draft", "quality", "from", "device", "dtype",
    ])]
    pub resume: Option<PathBuf>,

    #[command(flatten)]
    pub compute: ComputeArgs,

    /// Print one JSON object on stdout
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    /// Print nothing but the file's name, and errors
    #[arg(long, help_heading = "Output", conflicts_with = "verbose")]
    pub quiet: bool,

    /// Print sizes and peak memory too
    #[arg(long, help_heading = "Output")]
    pub verbose: bool,
}

/// Where it is computed.
#[derive(Debug, Clone, clap::Args)]
pub struct ComputeArgs {
    /// cpu, cuda or metal [default: cpu]
    #[arg(long, value_name = "DEVICE", help_heading = "Machine")]
    pub device: Option<DeviceKind>,

    /// auto, f32 or bf16 [default: auto, which is f32 on a CPU and bf16 elsewhere]
    #[arg(long, value_name = "TYPE", help_heading = "Machine")]
    pub dtype: Option<Precision>,

    /// Threads to compute with [default: one a core]
    #[arg(long, value_name = "N", help_heading = "Machine")]
    pub threads: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ResolutionArg {
    #[value(name = "480p")]
    P480,
    #[value(name = "720p")]
    P720,
    #[value(name = "1080p")]
    P1080,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Upscale {
    Lanczos,
    Learned,
}

const STUDIO_EXAMPLES: &str = "\
Settings come from studio.toml in the current directory (or --config), then from the environment (KINORA_ADDR,
KINORA_DATA …), then from flags. KINORA_LOG says what is logged: info, kinora_studio=debug …

Examples:
  kinora serve                          then open http://127.0.0.1:7860
  kinora serve --data /srv/kinora --workers 0
  kinora worker --data /srv/kinora      takes that studio's jobs, beside the server";

#[derive(Debug, clap::Args)]
#[command(after_help = STUDIO_EXAMPLES)]
pub struct StudioArgs {
    /// Where to listen; any address but this machine's own asks users to log in [default: 127.0.0.1:7860]
    #[arg(long, value_name = "HOST:PORT")]
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
                                     then: kinora generate \"…\" --model ltx";

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

/// `854x480`
fn size(text: &str) -> Result<(u32, u32), String> {
    let sides = text.split_once(['x', 'X', '×']);
    let parsed = sides.and_then(|(w, h)| Some((w.trim().parse().ok()?, h.trim().parse().ok()?)));
    parsed.ok_or_else(|| format!("`{text}` is not a size; give WIDTHxHEIGHT, for instance 854x480"))
}

fn rate(text: &str) -> Result<Rational, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not a frame rate; give 30, 23.976 or 24000/1001"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn sizes_are_read() {
        assert_eq!(size("854x480").unwrap(), (854, 480));
        for bad in ["854", "x480", "854x", "-1x2", "axb"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
