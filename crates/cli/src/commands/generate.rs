//! `kinora generate`: arguments become a request, the request a plan, the plan clips.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use kinora_engine::checkpoint::Checkpoint;
use kinora_engine::sidecar::Sidecar;
use kinora_engine::{
    Cancel, Condition, ConditionKind, DeviceKind, Effort, Error, Made, Model, Plan, Precision,
    Progress, Request, Resolution, text,
};

use crate::args::{GenerateArgs, ResolutionArg, Upscale};
use crate::bar;
use crate::exit::{Failure, Outcome, input, resolving, running};
use crate::library::{self, MINI_NAME};
use crate::report::{self, Manner};

const BARE: &str = "\
generate needs a prompt: say what the video shows

  kinora generate \"a woolly mammoth walks in the desert, wide-angle shot\"
  kinora generate \"长毛猛犸象在沙漠中行走，广角镜头拍摄\" -o mammoth.mp4

`kinora generate --help` lists all flags, `kinora models info mini` what the built-in model can draw.";

/// All that is known before the work.
struct Resolved {
    plan: Plan,
    checkpoint: Option<PathBuf>,
    manner: Manner,
    notes: Vec<String>,
}

pub fn run(args: GenerateArgs) -> Outcome {
    let resolved = resolve(args)?;
    let Resolved { plan, manner, .. } = &resolved;
    let cancel = Cancel::new();
    stop_on_interrupt(cancel.clone());
    let progress = bar::progress(manner.quiet);
    resolved.notes.iter().for_each(|note| progress.note(note));
    let begun = Instant::now();
    let clips =
        make(&resolved, &progress, &cancel).map_err(|error| stopped(error, manner.quiet))?;
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
fn stop_on_interrupt(cancel: Cancel) {
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

fn resolve(args: GenerateArgs) -> Outcome<Resolved> {
    let manner = Manner {
        json: args.json,
        quiet: args.quiet,
        verbose: args.verbose,
    };
    if args.upscale == Upscale::Learned {
        return Err(input(
            "there is no learned upscaler yet; leave --upscale out, or give lanczos",
        ));
    }
    match (&args.resume, &args.from) {
        (Some(checkpoint), _) => resolve_checkpoint(&args, checkpoint.clone(), manner),
        (None, Some(sidecar)) => resolve_sidecar(&args, &sidecar.clone(), manner),
        (None, None) if args.prompt.is_none() => Err(input(BARE)),
        (None, None) => {
            let request = overridden(Request::default(), &args)?;
            let model = open(args.model.as_deref().unwrap_or(MINI_NAME))?;
            let plan = plan(request, model, &args, (DeviceKind::Cpu, Precision::Auto))?;
            Ok(Resolved {
                plan,
                checkpoint: None,
                manner,
                notes: Vec::new(),
            })
        }
    }
}

/// The sidecar's request, with what was typed in its place.
fn resolve_sidecar(args: &GenerateArgs, path: &Path, manner: Manner) -> Outcome<Resolved> {
    let sidecar = Sidecar::load(path).map_err(resolving)?;
    let request = overridden(sidecar.request.clone(), args)?;
    let model = open(args.model.as_deref().unwrap_or(&sidecar.model.name))?;
    let mut notes = Vec::new();
    let fingerprint = model.fingerprint().map_err(resolving)?;
    if args.model.is_none() && fingerprint != sidecar.model.fingerprint {
        notes.push(format!(
            "the model {} has changed since: the clip will differ",
            sidecar.model.title
        ));
    }
    if sidecar.kinora != env!("CARGO_PKG_VERSION") {
        notes.push(format!(
            "the clip was made by kinora {}: it may differ slightly",
            sidecar.kinora
        ));
    }
    let plan = plan(
        request,
        model,
        args,
        recorded(&sidecar.device, &sidecar.dtype),
    )?;
    Ok(Resolved {
        plan,
        checkpoint: None,
        manner,
        notes,
    })
}

fn resolve_checkpoint(args: &GenerateArgs, path: PathBuf, manner: Manner) -> Outcome<Resolved> {
    let state = Checkpoint::load(&path).map_err(resolving)?.state;
    let model = open(&state.model)?;
    let compute = super::compute(&args.compute, recorded(&state.device, &state.dtype))?;
    let plan = Plan::resolve(state.request, model, compute, &state.out).map_err(resolving)?;
    Ok(Resolved {
        plan,
        checkpoint: Some(path),
        manner,
        notes: Vec::new(),
    })
}

/// Where and in which type a clip was computed; what is unknown is left to the defaults.
fn recorded(device: &str, dtype: &str) -> (DeviceKind, Precision) {
    (
        device.parse().unwrap_or_default(),
        dtype.parse().unwrap_or_default(),
    )
}

fn open(name: &str) -> Outcome<Arc<Model>> {
    library::open(name).map(Arc::new).map_err(resolving)
}

fn plan(
    mut request: Request,
    model: Arc<Model>,
    args: &GenerateArgs,
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
            free_name(&text::file_stem(&request.prompt, seed))
        }
    };
    Plan::resolve(request, model, compute, &out).map_err(resolving)
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
fn overridden(base: Request, args: &GenerateArgs) -> Outcome<Request> {
    let mut request = base;
    let GenerateArgs {
        negative,
        style,
        seconds,
        fps,
        variants,
        seed,
        steps,
        guidance,
        ..
    } = args;
    set(&mut request.negative, negative);
    set(&mut request.style, style);
    set(&mut request.seconds, seconds);
    set(&mut request.fps, fps);
    set(&mut request.variants, variants);
    set(&mut request.seed, seed);
    if let Some(prompt) = &args.prompt {
        request.prompt = prompt.clone();
    }
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
    set(&mut request.steps, steps);
    set(&mut request.guidance, guidance);
    let images = args
        .image
        .iter()
        .map(|text| condition(ConditionKind::Image, text));
    let videos = args
        .video
        .iter()
        .map(|text| condition(ConditionKind::Video, text));
    let conditions: Vec<Condition> = images.chain(videos).collect::<Outcome<_>>()?;
    if !conditions.is_empty() {
        request.conditions = conditions;
    }
    Ok(request)
}

fn set<T: Clone>(field: &mut Option<T>, typed: &Option<T>) {
    if typed.is_some() {
        field.clone_from(typed);
    }
}

fn resolution(arg: ResolutionArg) -> Resolution {
    match arg {
        ResolutionArg::P480 => Resolution::P480,
        ResolutionArg::P720 => Resolution::P720,
        ResolutionArg::P1080 => Resolution::P1080,
    }
}

/// `FILE` or `FILE@SECONDS`; a file whose name has an @ in it is taken as it is.
fn condition(kind: ConditionKind, text: &str) -> Outcome<Condition> {
    let whole = Path::new(text).exists();
    let (path, at) = match text.rsplit_once('@').filter(|_| !whole) {
        None => (text, 0.0),
        Some((path, at)) => {
            let seconds = at
                .trim_end_matches('s')
                .parse::<f64>()
                .ok()
                .filter(|at| at.is_finite());
            let seconds = seconds.ok_or_else(|| {
                input(format!(
                    "`{text}`: after the @ comes a time in seconds, for instance {path}@2.5"
                ))
            })?;
            (path, seconds)
        }
    };
    Ok(Condition {
        kind,
        path: path.into(),
        at,
        strength: 1.0,
        sha256: None,
    })
}
