//! `kinora bench`: a clip is made and thrown away, and each stage's time is told; several give a table.

mod ops;
mod series;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context;
use kinora_engine::text::counted;
use kinora_engine::{Cancel, DeviceKind, Event, Plan, Precision, Progress, Request, Stage};
use serde_json::json;

use super::make::{open, stop_on_interrupt};
use crate::args::BenchArgs;
use crate::exit::{Failure, Outcome, resolving, running};
use crate::report::peak_memory_mb;
use crate::stdout::say;

/// Within what every model was taught, and always the same.
const PROMPT: &str = "a woolly mammoth walks in the desert, wide-angle shot";
const SEED: u64 = 7;

pub fn run(args: BenchArgs) -> Outcome {
    let compute = super::compute(&args.compute, (DeviceKind::Cpu, Precision::Auto))?;
    if args.ops {
        return ops::run(&args, &compute);
    }
    let models = args.model.iter();
    let cases: Vec<(&str, (u32, u32))> = models
        .flat_map(|model| args.size.iter().map(|size| (model.as_str(), *size)))
        .collect();
    let scratch = tempfile::tempdir().context("no room for a clip");
    let scratch = scratch.map_err(Failure::Work)?;
    let out = scratch.path().join("clip.mp4");
    let resolve = |(model, size): &(&str, (u32, u32))| {
        let request = Request {
            prompt: PROMPT.into(),
            seconds: Some(args.seconds),
            size: Some(*size),
            steps: args.steps,
            seed: Some(SEED),
            ..Request::default()
        };
        Plan::resolve(request, open(model)?, compute.clone(), &out).map_err(resolving)
    };
    // All are looked at before any is measured.
    let plans = cases.iter().map(resolve).collect::<Outcome<Vec<Plan>>>()?;
    let cancel = Cancel::new();
    stop_on_interrupt(cancel.clone());
    match plans.as_slice() {
        [plan] => {
            let measure = Measure::take(plan, &cancel)?;
            match args.json {
                true => say!("{}", measure.as_json(plan)),
                false => measure.print(plan),
            }
            Ok(())
        }
        _ => series::run(&args, &cases),
    }
}

/// When what happened.
#[derive(Default, Clone)]
struct Watch(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    stages: Vec<(Stage, Duration)>,
    /// The ends of the denoising steps.
    steps: Vec<Instant>,
}

impl Watch {
    fn progress(&self) -> Progress {
        let seen = self.0.clone();
        Progress::new(move |event| {
            let mut seen = seen.lock().unwrap_or_else(|e| e.into_inner());
            match event {
                Event::End { stage, took } => seen.stages.push((stage, took)),
                Event::Step {
                    stage: Stage::Denoise,
                    ..
                } => seen.steps.push(Instant::now()),
                _ => {}
            }
        })
    }
}

/// What it came to, in seconds.
struct Measure {
    stages: Vec<(Stage, f64)>,
    /// Between the ends of two steps: loading is not counted. `None` for a single step.
    step: Option<f64>,
    /// Of the steps.
    gflops: Option<f64>,
    peak_gflops: Option<f64>,
    decode_fps: Option<f64>,
    /// Of the decoder, over the whole of its stage: loading, enlarging and retiming are counted as time.
    decode_gflops: Option<f64>,
    total: f64,
}

impl Measure {
    /// Makes the plan's clip.
    fn take(plan: &Plan, cancel: &Cancel) -> Outcome<Self> {
        let watch = Watch::default();
        let begun = Instant::now();
        match kinora_engine::generate(plan, &watch.progress(), cancel) {
            Err(kinora_engine::Error::Cancelled { .. }) => return Err(Failure::Interrupted),
            Err(error) => return Err(running(error)),
            Ok(_) => {}
        }
        let total = begun.elapsed();
        Self::of(plan, &watch, total).map_err(running)
    }

    fn of(plan: &Plan, watch: &Watch, total: Duration) -> kinora_engine::Result<Self> {
        let seen = watch.0.lock().unwrap_or_else(|e| e.into_inner());
        let stages: Vec<(Stage, f64)> = seen
            .stages
            .iter()
            .map(|(stage, took)| (*stage, took.as_secs_f64()))
            .collect();
        let step = match (seen.steps.first(), seen.steps.last()) {
            (Some(first), Some(last)) if seen.steps.len() > 1 => {
                Some((*last - *first).as_secs_f64() / (seen.steps.len() - 1) as f64)
            }
            _ => None,
        };
        let decode = stages.iter().find(|(stage, _)| *stage == Stage::Decode);
        let decode = decode.map(|(_, seconds)| *seconds);
        let of_step = plan.operations_of_step()?;
        let of_decoding = plan.operations_of_decoding()?;
        Ok(Self {
            step,
            gflops: step.map(|step| of_step / step / 1e9),
            peak_gflops: plan.compute.peak_gflops(),
            decode_fps: decode.map(|s| plan.drawn.frames as f64 / s),
            decode_gflops: decode.map(|s| of_decoding / s / 1e9),
            stages,
            total: total.as_secs_f64(),
        })
    }

    /// Frames decoded in the time in which one is shown.
    fn decode_against_real_time(&self, plan: &Plan) -> Option<f64> {
        self.decode_fps.map(|fps| fps / plan.drawn.fps.as_f64())
    }

    /// The part of the machine's peak that the steps reach.
    fn of_peak(&self) -> Option<f64> {
        Some(self.gflops? / self.peak_gflops?)
    }

    fn as_json(&self, plan: &Plan) -> serde_json::Value {
        let stages: serde_json::Map<String, serde_json::Value> = self
            .stages
            .iter()
            .map(|(stage, s)| (stage.name().to_owned(), json!(s)))
            .collect();
        json!({
            "kinora": env!("CARGO_PKG_VERSION"),
            "model": plan.model.name,
            "device": plan.compute.kind.to_string(),
            "dtype": plan.compute.dtype.as_str(),
            "threads": rayon::current_num_threads(),
            "seconds": plan.output.fps.seconds(plan.output.frames),
            "size": plan.output.size,
            "drawn": {
                "width": plan.drawn.width, "height": plan.drawn.height, "frames": plan.drawn.frames,
                "fps": plan.drawn.fps.to_string(), "steps": plan.drawn.steps, "guidance": plan.drawn.guidance,
            },
            "tokens": plan.tokens,
            "stages_s": stages,
            "step_s": self.step,
            "step_gflops": self.gflops,
            "step_of_peak": self.of_peak(),
            "peak_gflops": self.peak_gflops,
            "decode_fps": self.decode_fps,
            "decode_gflops": self.decode_gflops,
            "decode_realtime": self.decode_against_real_time(plan),
            "total_s": self.total,
            "peak_rss_mb": peak_memory_mb(),
        })
    }

    fn print(&self, plan: &Plan) {
        let (drawn, output) = (&plan.drawn, &plan.output);
        let length = output.fps.seconds(output.frames);
        say!(
            "kinora {}, {}, {} {}, {}",
            env!("CARGO_PKG_VERSION"),
            plan.model.title,
            plan.compute.kind,
            plan.compute.dtype.as_str(),
            counted(rayon::current_num_threads(), "thread"),
        );
        say!(
            "{length:.2} s of {}x{} at {} fps, drawn at {}x{}, {} at {} fps, {}, {}",
            output.size.0,
            output.size.1,
            output.fps,
            drawn.width,
            drawn.height,
            counted(drawn.frames, "frame"),
            drawn.fps,
            counted(drawn.steps, "step"),
            counted(plan.tokens, "token"),
        );
        for (stage, seconds) in &self.stages {
            let more = match stage {
                Stage::Denoise => self.step.map(|s| {
                    let speed = self.gflops.map(|g| format!(", {g:.0} GFLOP/s"));
                    let share = self
                        .of_peak()
                        .map(|part| format!(", {:.0} % of the machine's peak", part * 100.0));
                    let more = [speed, share].into_iter().flatten().collect::<String>();
                    format!("{s:.3} s a step{more}")
                }),
                Stage::Decode => self.decode_fps.map(|fps| {
                    let times = self.decode_against_real_time(plan).unwrap_or_default();
                    let speed = self.decode_gflops.unwrap_or_default();
                    format!("{fps:.1} frames a second, {times:.1} × real time, {speed:.0} GFLOP/s")
                }),
                _ => None,
            };
            let more = more.map(|more| format!("  {more}")).unwrap_or_default();
            say!("{:<12}{seconds:>8.2} s{more}", stage.name());
        }
        say!(
            "{:<12}{:>8.2} s  {:.1} × the clip's length",
            "in all",
            self.total,
            self.total / length
        );
        if let Some(peak) = peak_memory_mb() {
            say!("{:<12}{peak:>8.0} MB", "peak memory");
        }
    }
}
