//! What may be asked of `kinora bench`.

use super::ComputeArgs;
use super::values::size;

const EXAMPLES: &str = "\
Examples:
  kinora bench
      the default request on the built-in model: 5 s of 854x480
  kinora bench --model ~/LTX-Video-0.9.7-distilled --device cuda --steps 8 --json
  kinora bench --model mini --model ~/LTX-Video-0.9.1 --size 512x288 --size 704x480
      a table of four lines, each measured in a process of its own
  kinora bench --ops
      what single operations reach, in GFLOP/s, GB/s and of the machine's peak";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct BenchArgs {
    /// `mini`, a name from `kinora models list`, or a directory; several, one after the other
    #[arg(long, value_name = "MODEL", default_value = "mini")]
    pub model: Vec<String>,

    /// Length of the clip
    #[arg(long, value_name = "S", default_value_t = 5.0)]
    pub seconds: f64,

    /// Width and height in pixels; several, each with each model
    #[arg(long, value_name = "WxH", value_parser = size, default_value = "854x480")]
    pub size: Vec<(u32, u32)>,

    /// Denoising steps [default: the model's]
    #[arg(long, value_name = "N")]
    pub steps: Option<usize>,

    /// Instead of a clip, measure the operations that networks are made of, and their shares of the time
    #[arg(long, conflicts_with_all = ["model", "seconds", "size", "steps"])]
    pub ops: bool,

    #[command(flatten)]
    pub compute: ComputeArgs,

    /// Print a JSON object for each model and size on stdout
    #[arg(long)]
    pub json: bool,
}
