//! What may be asked of the tools that direct and edit. Each builds a board; all share [`MakeArgs`].

use std::path::PathBuf;

use kinora_engine::board::tools::{Blending, LoopLength};
use kinora_engine::board::{Curve, Strength};

use super::MakeArgs;
use super::values::{Part, TimedPart, curve, number, part, timed_part};

const STORYBOARD_EXAMPLES: &str = "\
A board is a TOML (or JSON) file:
  duration = 10.0                          # seconds
  prompt = \"a quiet stream at dawn\"        # the scene, holds throughout
  [[card]]
  at = 0.0
  text = \"a white crane stands in the stream\"
  [[card]]
  at = 5.0
  gap = \"flow\"                             # or \"cut\": a new shot begins here
  text = \"the crane dips its head into the water\"
A card holds text, image = \"file.png\" (strength = 1.0), or clip = \"file.mp4\" (in = 1.0, out = 3.5, speed = 0.5).

Examples:
  kinora storyboard crane.toml -o crane.mp4
  kinora storyboard --schema > board.schema.json
      with `#:schema ./board.schema.json` in its first line, editors complete and check a board
  kinora storyboard crane.toml --dry-run
      what would be drawn, in which windows, and about how long it takes
  kinora storyboard crane.toml --draft -o look.mp4
  kinora generate --from look.json --final -o crane.mp4
      a small, quick look first, then the same shot in full";

#[derive(Debug, clap::Args)]
#[command(after_help = STORYBOARD_EXAMPLES)]
pub struct StoryboardArgs {
    /// The board's file, TOML or JSON
    #[arg(required_unless_present = "schema")]
    pub board: Option<PathBuf>,

    /// Print the JSON schema of board files
    #[arg(long, exclusive = true, help_heading = "Output")]
    pub schema: bool,

    #[command(flatten)]
    pub make: MakeArgs,
}

const EXTEND_EXAMPLES: &str = "\
Examples:
  kinora extend walk.mp4 --after 3
      3 s more; the prompt is that of the clip's sidecar
  kinora extend walk.mp4 --before 2 --prompt \"the mammoth comes over the hill\" -o longer.mp4";

#[derive(Debug, clap::Args)]
#[command(after_help = EXTEND_EXAMPLES)]
pub struct ExtendArgs {
    /// The clip; its frames stay as they are
    #[arg(value_name = "IN")]
    pub clip: PathBuf,

    /// Seconds to add before it
    #[arg(
        long,
        value_name = "S",
        value_parser = number,
        default_value_t = 0.0,
        allow_negative_numbers = true,
        help_heading = "Content"
    )]
    pub before: f64,

    /// Seconds to add after it
    #[arg(
        long,
        value_name = "S",
        value_parser = number,
        default_value_t = 0.0,
        allow_negative_numbers = true,
        help_heading = "Content"
    )]
    pub after: f64,

    /// What happens there [default: what the clip was made from]
    #[arg(long, value_name = "TEXT", help_heading = "Content")]
    pub prompt: Option<String>,

    #[command(flatten)]
    pub make: MakeArgs,
}

const RECUT_EXAMPLES: &str = "\
Examples:
  kinora recut walk.mp4 --keep 1..3.5
      a trim; where it begins at a key frame the video is copied, not coded anew
  kinora recut walk.mp4 --keep 0..2,3.5..5
      what lies between is left out
  kinora recut walk.mp4 --keep 3..5,0..2 --gap 2 --prompt \"the mammoth turns around\"
      in another order, with 2 s drawn in between
  kinora recut walk.mp4 --keep 0..2,2..3@0.5,3..5@2
      the middle in slow motion, the end twice as fast; all frames are the clip's own
  kinora recut walk.mp4 --keep 0..1,2..3,4..5 --gap 1,2 --prompt \"it turns\" --prompt \"it sits down\"
      two gaps, each with its own length and prompt";

#[derive(Debug, clap::Args)]
#[command(after_help = RECUT_EXAMPLES)]
pub struct RecutArgs {
    /// The clip
    #[arg(value_name = "IN")]
    pub clip: PathBuf,

    /// The parts to keep in seconds, in the order of the result; @ says how many times as fast one plays
    #[arg(long, value_name = "A..B[@SPEED]", value_parser = timed_part, value_delimiter = ',', required = true, allow_hyphen_values = true, help_heading = "Content")]
    pub keep: Vec<TimedPart>,

    /// Seconds to draw between two parts: one for all, or one each; none joins them as they are
    #[arg(
        long,
        value_name = "S",
        value_parser = number,
        value_delimiter = ',',
        default_value = "0",
        allow_negative_numbers = true,
        help_heading = "Content"
    )]
    pub gap: Vec<f64>,

    /// What happens in the gaps, once for all or once each [default: what the clip was made from]
    #[arg(long, value_name = "TEXT", help_heading = "Content")]
    pub prompt: Vec<String>,

    #[command(flatten)]
    pub make: MakeArgs,
}

const REMIX_EXAMPLES: &str = "\
Examples:
  kinora remix walk.mp4 \"a lion walks in the desert\"
  kinora remix walk.mp4 \"a mammoth walks in the snow\" --strength strong
  kinora remix walk.mp4 \"a mammoth walks in the rain\" --strength 0.4 --range 2..4
      what lies outside of the range stays as it is
  kinora remix walk.mp4 \"a mammoth walks\" --style papercraft";

#[derive(Debug, clap::Args)]
#[command(after_help = REMIX_EXAMPLES)]
pub struct RemixArgs {
    /// The clip
    #[arg(value_name = "IN")]
    pub clip: PathBuf,

    /// What it is to show
    pub prompt: String,

    /// subtle, mild, strong, or 0 to 1: how much is made anew
    #[arg(
        long,
        value_name = "HOW",
        default_value = "mild",
        allow_negative_numbers = true,
        help_heading = "Content"
    )]
    pub strength: Strength,

    /// The seconds to change [default: all]
    #[arg(long, value_name = "A..B", value_parser = part, allow_hyphen_values = true, help_heading = "Content")]
    pub range: Option<Part>,

    #[command(flatten)]
    pub make: MakeArgs,
}

const BLEND_EXAMPLES: &str = "\
Examples:
  kinora blend day.mp4 night.mp4
      the end of the first flows into the beginning of the second
  kinora blend day.mp4 night.mp4 --preset mix
      for a while both at once
  kinora blend day.mp4 night.mp4 --preset sample
      the first, with something of the second in its middle
  kinora blend day.mp4 night.mp4 --curve \"0:0,1:0.2,2.5:1\"
      the second clip's share over the seconds that they share";

#[derive(Debug, clap::Args)]
#[command(after_help = BLEND_EXAMPLES)]
pub struct BlendArgs {
    /// The first clip
    #[arg(value_name = "A")]
    pub first: PathBuf,

    /// The second clip
    #[arg(value_name = "B")]
    pub second: PathBuf,

    /// transition, mix or sample
    #[arg(
        long,
        value_name = "NAME",
        default_value = "transition",
        help_heading = "Content"
    )]
    pub preset: Blending,

    /// The second clip's share over time: SECONDS:SHARE,…
    #[arg(long, value_name = "POINTS", value_parser = curve, allow_hyphen_values = true, conflicts_with = "preset", help_heading = "Content")]
    pub curve: Option<Curve>,

    /// What is seen where they meet [default: what the first clip was made from]
    #[arg(long, value_name = "TEXT", help_heading = "Content")]
    pub prompt: Option<String>,

    #[command(flatten)]
    pub make: MakeArgs,
}

const LOOP_EXAMPLES: &str = "\
Examples:
  kinora loop walk.mp4
      4 s that lead back to the first frame
  kinora loop walk.mp4 --range 1..3 --length short -o walk.gif";

#[derive(Debug, clap::Args)]
#[command(after_help = LOOP_EXAMPLES)]
pub struct LoopArgs {
    /// The clip
    #[arg(value_name = "IN")]
    pub clip: PathBuf,

    /// The seconds to keep [default: all]
    #[arg(long, value_name = "A..B", value_parser = part, allow_hyphen_values = true, help_heading = "Content")]
    pub range: Option<Part>,

    /// short, normal or long: 2, 4 or 6 s are added
    #[arg(
        long,
        value_name = "HOW",
        default_value = "normal",
        help_heading = "Content"
    )]
    pub length: LoopLength,

    /// What happens on the way back [default: what the clip was made from]
    #[arg(long, value_name = "TEXT", help_heading = "Content")]
    pub prompt: Option<String>,

    #[command(flatten)]
    pub make: MakeArgs,
}
