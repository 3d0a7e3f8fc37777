//! What is said when clips are made.

use std::time::Duration;

use kinora_engine::text::counted;
use kinora_engine::{Effort, Made, Plan};
use serde_json::json;

use crate::args::MakeArgs;
use crate::bar::seconds;
use crate::exit::{Outcome, running};
use crate::speeds;
use crate::stdout::say;

/// How much is said.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    pub json: bool,
    pub quiet: bool,
    pub verbose: bool,
}

impl Manner {
    pub fn of(args: &MakeArgs) -> Self {
        Self {
            json: args.json,
            quiet: args.quiet,
            verbose: args.verbose,
        }
    }
}

/// What a dry run says.
pub fn planned(plan: &Plan, notes: &[String], manner: Manner) -> Outcome {
    let outline = plan.describe_at(speeds::known(plan));
    let mut outline = outline.map_err(running)?;
    outline.notes.splice(0..0, notes.iter().cloned());
    let files = plan.variants.iter().map(|variant| &variant.path);
    if manner.json {
        say!(
            "{}",
            json!({
                "plan": outline,
                "request": plan.request,
                "model": plan.model.name,
                "prompt": plan.texts.first(),
                "files": files.collect::<Vec<_>>(),
            })
        );
        return Ok(());
    }
    if manner.quiet {
        outline.notes.clear();
    }
    for (file, variant) in files.zip(&plan.variants) {
        say!("{}, seed {}", file.display(), variant.seed);
    }
    say!("{}", outline.to_string().trim_end());
    Ok(())
}

pub fn made(plan: &Plan, clips: &[Made], took: Duration, manner: Manner) {
    if !manner.quiet {
        clips.iter().for_each(|clip| describe(plan, clip, manner));
        eprintln!("took {} in all", seconds(took));
        if let (Effort::Draft, [clip, ..]) = (plan.request.effort, clips) {
            let sidecar = clip.sidecar.display();
            eprintln!("a draft; the same shot in full: kinora generate --from {sidecar} --final");
        }
        if let Some(peak) = peak_memory_mb().filter(|_| manner.verbose) {
            eprintln!("peak memory {peak:.0} MB");
        }
    }
    match manner.json {
        true => say!("{}", as_json(plan, clips, took)),
        false => clips
            .iter()
            .for_each(|clip| say!("{}", clip.written.path.display())),
    }
}

fn describe(plan: &Plan, clip: &Made, manner: Manner) {
    let written = &clip.written;
    let (width, height) = written.size;
    let length = match written.frames {
        1 => "a still".to_owned(),
        frames => format!("{frames} frames, {:.2} s", written.seconds),
    };
    eprintln!(
        "{}: {width}x{height}, {length}, {:.1} MB, seed {}",
        written.path.display(),
        written.bytes as f64 / 1e6,
        clip.record.seed,
    );
    let order = ["text", "conditions", "denoise", "decode", "write"];
    let times = order
        .iter()
        .filter_map(|stage| Some((stage, clip.record.times.get(*stage)?)));
    let times: Vec<String> = times
        .map(|(stage, s)| format!("{stage} {s:.1} s"))
        .collect();
    eprintln!("  {}", times.join(", "));
    if manner.verbose {
        let drawn = &plan.drawn;
        eprintln!(
            "  drawn by {} at {}x{}, {} at {} fps, {}, guidance {}, {}, {} {}",
            plan.model.title,
            drawn.width,
            drawn.height,
            counted(drawn.frames, "frame"),
            drawn.fps,
            counted(drawn.steps, "step"),
            drawn.guidance,
            counted(plan.tokens, "token"),
            plan.compute.kind,
            plan.compute.dtype.as_str(),
        );
        eprintln!("  sidecar {}", clip.sidecar.display());
    }
}

fn as_json(plan: &Plan, clips: &[Made], took: Duration) -> serde_json::Value {
    let clip = |clip: &Made| {
        json!({
            "file": clip.written.path,
            "sidecar": clip.sidecar,
            "seed": clip.record.seed,
            "width": clip.written.size.0,
            "height": clip.written.size.1,
            "frames": clip.written.frames,
            "fps": clip.written.fps.to_string(),
            "seconds": clip.written.seconds,
            "bytes": clip.written.bytes,
            "times": clip.record.times,
        })
    };
    json!({
        "clips": clips.iter().map(clip).collect::<Vec<_>>(),
        "model": plan.model.name,
        "notes": plan.notes,
        "took": took.as_secs_f64(),
        "peak_rss_mb": peak_memory_mb(),
    })
}

/// The most memory that the process had at once, where the system tells.
pub fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes / 1024.0)
}
