//! `kinora probe`

use kinora_engine::probe::{Probe, probe};
use kinora_engine::{DeviceKind, Precision};
use serde_json::json;

use crate::args::ProbeArgs;
use crate::exit::{Failure, Outcome, resolving};
use crate::stdout::say;
use crate::{library, report};

pub fn run(args: ProbeArgs) -> Outcome {
    // On any device f32 unless bf16 is asked for: this is for comparing.
    let compute = super::compute(&args.compute, (DeviceKind::Cpu, Precision::F32))?;
    let asked = Probe {
        model: library::source(&args.model).map_err(resolving)?,
        component: args.component,
        input: &args.input,
        output: &args.output,
        compute,
        repeat: args.repeat,
    };
    let timing = probe(&asked).map_err(|error| match error {
        error @ kinora_engine::Error::Io { .. } => Failure::Work(error.into()),
        error => Failure::Input(error.into()),
    })?;
    if let Some(timing) = timing {
        let peak = report::peak_memory_mb();
        say!(
            "{}",
            json!({"median_s": timing.median_s, "min_s": timing.min_s, "peak_rss_mb": peak})
        );
    }
    Ok(())
}
