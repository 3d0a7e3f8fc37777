//! What may be asked of every command that makes a clip.

use std::path::PathBuf;

use clap::ValueEnum;
use kinora_engine::Aspect;
use kinora_media::Rational;

use super::ComputeArgs;
use super::values::{number, rate, size, whole};

const GENERATE_EXAMPLES: &str = "\
Examples:
  kinora generate \"a woolly mammoth walks in the desert\"
      5 s of 854x480 at 30 fps, named after the prompt and its seed
  kinora generate \"a frog in the snow\" -o frog.gif --seconds 2 --aspect 1:1
      the ending decides the format: .mp4, .gif, .png (a still), DIR/ (a PNG sequence), .webm (needs ffmpeg)
  kinora generate \"a frog\" --enhance --style film-noir
      what the prompt leaves open is filled in, and it is given a look (kinora styles list)
  kinora generate \"the lion walks away\" --image lion.png --image end.png@4.5
      begins with one picture and meets another after 4.5 s
  kinora generate --from frog.json --resolution 1080p
      the same clip again, larger; without other flags, the same bytes of video
  kinora generate \"a frog\" --draft -o look.mp4, then: kinora generate --from look.json --final -o frog.mp4
      a small, quick look first, then the same shot in full
  kinora generate --resume frog.mp4.checkpoint
      goes on with a clip that was stopped
  kinora generate \"a city at night\" --model ~/LTX-Video-0.9.7-distilled --steps 8
      draws with an open-weights model in the diffusers layout";

#[derive(Debug, clap::Args)]
#[command(after_help = GENERATE_EXAMPLES)]
pub struct GenerateArgs {
    /// What to show, in English or Chinese
    pub prompt: Option<String>,

    /// A picture to begin with, or to meet at a time
    #[arg(long, value_name = "FILE[@SECONDS]", help_heading = "Content")]
    pub image: Vec<String>,

    /// A clip to begin with, or to meet at a time
    #[arg(long, value_name = "FILE[@SECONDS]", help_heading = "Content")]
    pub video: Vec<String>,

    /// Length, 1 to 20 [default: 5]
    #[arg(
        long,
        value_name = "S",
        value_parser = number,
        help_heading = "Format",
        allow_negative_numbers = true
    )]
    pub seconds: Option<f64>,

    /// Repeat the clip of this sidecar; other flags override what it says
    #[arg(long, value_name = "SIDECAR", help_heading = "Again")]
    pub from: Option<PathBuf>,

    /// The draft of this sidecar, of a tool or a board too, in full: the same shot
    #[arg(long = "final", help_heading = "Again", requires = "from", conflicts_with_all = ["draft", "quality"])]
    pub full: bool,

    /// Go on with the clip of this checkpoint
    #[arg(long, value_name = "CHECKPOINT", help_heading = "Again", conflicts_with_all = [
        "prompt", "output", "model", "image", "video", "negative", "style", "enhance", "aspect", "resolution", "size",
        "seconds", "fps", "variants", "seed", "steps", "guidance", "draft", "quality", "from", "device", "dtype",
    ])]
    pub resume: Option<PathBuf>,

    #[command(flatten)]
    pub make: MakeArgs,
}

/// What every clip is asked with, whichever the tool.
#[derive(Debug, clap::Args)]
pub struct MakeArgs {
    /// The file to write [default: named after prompt and seed, in the current directory]
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,

    /// `mini`, a name from `kinora models list`, or a directory in the diffusers layout [default: mini]
    #[arg(long, value_name = "MODEL", help_heading = "Model")]
    pub model: Option<String>,

    /// What to avoid
    #[arg(long, value_name = "TEXT", help_heading = "Content")]
    pub negative: Option<String>,

    /// A look: archival, film-noir, papercraft, stop-motion, balloon-world, one of your own, or a style's file
    #[arg(long, value_name = "NAME", help_heading = "Content")]
    pub style: Option<String>,

    /// Fill in what the prompt leaves open: deed, place, light, camera
    #[arg(
        long,
        value_name = "BY",
        help_heading = "Content",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto"
    )]
    pub enhance: Option<EnhanceArg>,

    /// 16:9, 1:1 or 9:16 [default: the first picture's, else 16:9]
    #[arg(long, value_name = "W:H", help_heading = "Format")]
    pub aspect: Option<Aspect>,

    /// 480p, 720p or 1080p [default: 480p]
    #[arg(long, value_name = "CLASS", help_heading = "Format")]
    pub resolution: Option<ResolutionArg>,

    /// Width and height in pixels; wins over --aspect and --resolution
    #[arg(long, value_name = "WxH", value_parser = size, allow_hyphen_values = true, help_heading = "Format")]
    pub size: Option<(u32, u32)>,

    /// Frames per second of the file, 1 to 60 [default: 30]
    #[arg(long, value_name = "N", value_parser = rate, allow_negative_numbers = true, help_heading = "Format")]
    pub fps: Option<Rational>,

    /// How the model's frames come to the asked size [default: learned, where the model brings a network for it]
    #[arg(long, value_name = "HOW", help_heading = "Format")]
    pub upscale: Option<UpscaleArg>,

    /// How many clips, 1 to 4, written as OUT-1.mp4 …
    #[arg(long, value_name = "N", value_parser = whole::<u32>, allow_negative_numbers = true, help_heading = "Drawing")]
    pub variants: Option<u32>,

    /// Same request and seed, same clip [default: a new one]
    #[arg(long, value_name = "N", value_parser = whole::<u64>, allow_negative_numbers = true, help_heading = "Drawing")]
    pub seed: Option<u64>,

    /// Denoising steps [default: the model's]
    #[arg(long, value_name = "N", value_parser = whole::<usize>, allow_negative_numbers = true, help_heading = "Drawing")]
    pub steps: Option<usize>,

    /// How closely the prompt is followed; 1 is not at all guided [default: the model's]
    #[arg(
        long,
        value_name = "G",
        value_parser = number,
        help_heading = "Drawing",
        allow_negative_numbers = true
    )]
    pub guidance: Option<f64>,

    /// Small and with few steps, to look first; --from SIDECAR --final makes the same shot in full
    #[arg(long, help_heading = "Drawing", conflicts_with = "quality")]
    pub draft: bool,

    /// Twice the steps
    #[arg(long, help_heading = "Drawing")]
    pub quality: bool,

    #[command(flatten)]
    pub compute: ComputeArgs,

    /// Print what would be done, and do nothing
    #[arg(long, help_heading = "Output")]
    pub dry_run: bool,

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
pub enum UpscaleArg {
    /// By the model's own network, then Lanczos
    Learned,
    /// By Lanczos alone
    Lanczos,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EnhanceArg {
    /// A chat endpoint where one is configured, else rules
    Auto,
    /// The model's own vocabulary, offline
    Rules,
    /// An OpenAI-compatible chat endpoint: KINORA_CHAT_URL, KINORA_CHAT_MODEL, KINORA_CHAT_KEY, or [chat] in config.toml
    Chat,
}
