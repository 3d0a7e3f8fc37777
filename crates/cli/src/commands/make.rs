//! From a request to clips: what every tool shares.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use kinora_engine::{
    Cancel, DeviceKind, Effort, Error, Made, Model, Plan, Precision, Progress, Request, Resolution,
    Upscale, text,
};

use super::styles;
use crate::args::{MakeArgs, ResolutionArg, UpscaleArg};
use crate::exit::{Failure, Outcome, resolving, running};
use crate::report::{self, Manner};
use crate::{bar, enhance, library, speeds};

/// What a tool asks for, before the flags that all tools have.
pub struct Asked {
    pub request: Request,
    pub model: Arc<Model>,
    /// Where and in which type it was computed before.
    pub recorded: (DeviceKind, Precision),
    /// What the user should know.
    pub notes: Vec<String>,
}

impl Asked {
    pub fn new(request: Request, model: Arc<Model>) -> Self {
        Self {
            request,
            model,
            recorded: (DeviceKind::Cpu, Precision::Auto),
            notes: Vec::new(),
        }
    }
}

/// All that is known before the work.
pub struct Resolved {
    pub plan: Plan,
    pub checkpoint: Option<PathBuf>,
    pub manner: Manner,
    pub dry_run: bool,
    pub notes: Vec<String>,
}

/// Makes the clips, or says what would be made.
pub fn run(resolved: Resolved) -> Outcome {
    let Resolved { plan, manner, .. } = &resolved;
    if resolved.dry_run {
        return report::planned(plan, &resolved.notes, *manner);
    }
    let cancel = Cancel::new();
    stop_on_interrupt(cancel.clone());
    let progress = bar::progress(manner.quiet);
    resolved.notes.iter().for_each(|note| progress.note(note));
    let begun = Instant::now();
    let clips =
        make(&resolved, &progress, &cancel).map_err(|error| stopped(error, manner.quiet))?;
    if let (Some(clip), None) = (clips.last(), &resolved.checkpoint) {
        speeds::learn(plan, clip);
    }
    report::made(plan, &clips, begun.elapsed(), *manner);
    Ok(())
}

fn make(resolved: &Resolved, progress: &Progress, cancel: &Cancel) -> Result<Vec<Made>, Error> {
    match &resolved.checkpoint {
        Some(checkpoint) => kinora_engine::resume(&resolved.plan, checkpoint, progress, cancel),
        None => kinora_engine::generate(&resolved.plan, progress, cancel),
    }
}

/// Says how to go on, where there is something to go on with.
fn stopped(error: Error, quiet: bool) -> Failure {
    let resume = error.checkpoint().map(|path| {
        let path = quoted(path);
        format!("nothing is lost; to go on: kinora generate --resume {path}")
    });
    match (error, resume) {
        (Error::Cancelled { .. }, resume) => {
            if !quiet {
                eprintln!("stopped");
            }
            resume.iter().for_each(|resume| eprintln!("{resume}"));
            Failure::Interrupted
        }
        (error, Some(resume)) => Failure::Unfinished(error.into(), resume),
        (error, None) => running(error),
    }
}

fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    match text
        .chars()
        .all(|c| c.is_alphanumeric() || "/._-+".contains(c))
    {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// The first interrupt stops the work at its next step, the second at once.
pub fn stop_on_interrupt(cancel: Cancel) {
    let handler = move || {
        if cancel.is_cancelled() {
            std::process::exit(130);
        }
        cancel.cancel();
        eprintln!("\nstopping after this step (again to stop at once) …");
    };
    // Without a handler the system's own applies: the process ends, and the last checkpoint stays.
    let _ = ctrlc::set_handler(handler);
}

/// The request with what was typed in its place, made definite.
pub fn resolve(asked: Asked, args: &MakeArgs) -> Outcome<Resolved> {
    let mut notes = asked.notes;
    let mut request = overridden(asked.request, args);
    styles::resolve(&mut request)?;
    if let Some(by) = args.enhance {
        notes.extend(enhance::enhance(&mut request, &asked.model, by)?);
    }
    let plan = plan(request, asked.model, args, asked.recorded)?;
    Ok(Resolved {
        plan,
        checkpoint: None,
        manner: Manner::of(args),
        dry_run: args.dry_run,
        notes,
    })
}

/// Where and in which type a clip was computed; what is unknown is left to the defaults.
pub fn recorded(device: &str, dtype: &str) -> (DeviceKind, Precision) {
    (
        device.parse().unwrap_or_default(),
        dtype.parse().unwrap_or_default(),
    )
}

pub fn open(name: &str) -> Outcome<Arc<Model>> {
    library::open(name).map(Arc::new).map_err(resolving)
}

fn plan(
    mut request: Request,
    model: Arc<Model>,
    args: &MakeArgs,
    recorded: (DeviceKind, Precision),
) -> Outcome<Plan> {
    let compute = super::compute(&args.compute, recorded)?;
    let out = match &args.output {
        Some(out) => out.clone(),
        None => {
            // The seed is part of the name, so it is drawn here.
            let seed = *request
                .seed
                .get_or_insert_with(kinora_engine::plan::fresh_seed);
            free_name(&text::file_stem(asked(&request), seed))
        }
    };
    Plan::resolve(request, model, compute, &out).map_err(resolving)
}

/// What the user said of the clip: a board without a scene has its first words.
fn asked(request: &Request) -> &str {
    let enhanced = request.enhanced.as_ref().map(|enhanced| &enhanced.from);
    let cards = request.cards.iter().filter_map(|card| card.text.as_ref());
    let mut texts = [enhanced.unwrap_or(&request.prompt)]
        .into_iter()
        .chain(cards);
    let said = texts.find(|text| !text.trim().is_empty());
    said.map_or("", String::as_str)
}

/// `STEM.mp4`, or `STEM-2.mp4` … where that, its variants or its sidecar exist.
fn free_name(stem: &str) -> PathBuf {
    let taken = |stem: &str| {
        let endings = [".mp4", ".json", "-1.mp4", ".mp4.checkpoint"];
        endings
            .iter()
            .any(|ending| Path::new(&format!("{stem}{ending}")).exists())
    };
    let mut name = stem.to_owned();
    let mut number = 1;
    while taken(&name) {
        number += 1;
        name = format!("{stem}-{number}");
    }
    PathBuf::from(format!("{name}.mp4"))
}

/// `base` with what was typed in its place.
fn overridden(base: Request, args: &MakeArgs) -> Request {
    let mut request = base;
    set(&mut request.negative, &args.negative);
    if args.style.is_some() {
        request.style.clone_from(&args.style);
        request.look = None;
    }
    set(&mut request.fps, &args.fps);
    set(&mut request.variants, &args.variants);
    set(&mut request.seed, &args.seed);
    // A recorded size or number of steps is the outcome of a choice that is made anew.
    if args.aspect.is_some() || args.resolution.is_some() || args.size.is_some() {
        request.size = None;
    }
    if args.draft || args.quality {
        request.steps = None;
        request.effort = if args.draft {
            Effort::Draft
        } else {
            Effort::Quality
        };
    }
    set(&mut request.aspect, &args.aspect);
    set(&mut request.resolution, &args.resolution.map(resolution));
    set(&mut request.size, &args.size);
    set(&mut request.steps, &args.steps);
    set(&mut request.guidance, &args.guidance);
    set(&mut request.upscale, &args.upscale.map(upscale));
    request
}

fn set<T: Clone>(field: &mut Option<T>, typed: &Option<T>) {
    if typed.is_some() {
        field.clone_from(typed);
    }
}

fn upscale(arg: UpscaleArg) -> Upscale {
    match arg {
        UpscaleArg::Learned => Upscale::Learned,
        UpscaleArg::Lanczos => Upscale::Lanczos,
    }
}

fn resolution(arg: ResolutionArg) -> Resolution {
    match arg {
        ResolutionArg::P480 => Resolution::P480,
        ResolutionArg::P720 => Resolution::P720,
        ResolutionArg::P1080 => Resolution::P1080,
    }
}
