//! `kinora generate`: arguments become a request, the request a plan, the plan clips.

use std::path::{Path, PathBuf};

use kinora_engine::checkpoint::Checkpoint;
use kinora_engine::sidecar::Sidecar;
use kinora_engine::{Condition, ConditionKind, Effort, Plan, Request};

use super::make::{self, Asked, Resolved, open, recorded};
use crate::args::GenerateArgs;
use crate::exit::{Outcome, input, resolving};
use crate::library::MINI_NAME;
use crate::report::Manner;

const BARE: &str = "\
generate needs a prompt: say what the video shows

  kinora generate \"a woolly mammoth walks in the desert, wide-angle shot\"
  kinora generate \"长毛猛犸象在沙漠中行走，广角镜头拍摄\" -o mammoth.mp4

`kinora generate --help` lists all flags, `kinora models info mini` what the built-in model can draw.";

pub fn run(args: GenerateArgs) -> Outcome {
    make::run(resolve(&args)?)
}

fn resolve(args: &GenerateArgs) -> Outcome<Resolved> {
    match (&args.resume, &args.from) {
        (Some(checkpoint), _) => resolve_checkpoint(args, checkpoint.clone()),
        (None, Some(sidecar)) => resolve_sidecar(args, sidecar),
        (None, None) if args.prompt.is_none() => Err(input(BARE)),
        (None, None) => {
            let request = overridden(Request::default(), args)?;
            let model = args.make.model.as_deref().unwrap_or(MINI_NAME);
            make::resolve(Asked::new(request, open(model)?), &args.make)
        }
    }
}

/// The sidecar's request, with what was typed in its place.
fn resolve_sidecar(args: &GenerateArgs, path: &Path) -> Outcome<Resolved> {
    let sidecar = Sidecar::load(path).map_err(resolving)?;
    let request = overridden(sidecar.request.clone(), args)?;
    let model = open(args.make.model.as_deref().unwrap_or(&sidecar.model.name))?;
    let mut notes = Vec::new();
    let fingerprint = model.fingerprint().map_err(resolving)?;
    if args.make.model.is_none() && fingerprint != sidecar.model.fingerprint {
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
    let asked = Asked {
        recorded: recorded(&sidecar.device, &sidecar.dtype),
        notes,
        ..Asked::new(request, model)
    };
    make::resolve(asked, &args.make)
}

fn resolve_checkpoint(args: &GenerateArgs, path: PathBuf) -> Outcome<Resolved> {
    let state = Checkpoint::load(&path).map_err(resolving)?.state;
    let model = open(&state.model)?;
    let recorded = recorded(&state.device, &state.dtype);
    let compute = super::compute(&args.make.compute, recorded)?;
    let out = seen_from_here(&state.out);
    let plan = Plan::resolve(state.request, model, compute, out).map_err(resolving)?;
    Ok(Resolved {
        plan,
        checkpoint: Some(path),
        manner: Manner::of(&args.make),
        dry_run: args.make.dry_run,
        notes: Vec::new(),
    })
}

/// What lies in the current directory as one would type it there.
fn seen_from_here(path: &Path) -> &Path {
    // As text: the separator at the end of a directory stays.
    let here = std::env::current_dir().unwrap_or_default().join("");
    let texts = path.to_str().zip(here.to_str());
    let rest = texts.and_then(|(path, here)| path.strip_prefix(here));
    rest.filter(|rest| !rest.is_empty()).map_or(path, Path::new)
}

/// `base` with what was typed in its place.
fn overridden(base: Request, args: &GenerateArgs) -> Outcome<Request> {
    let mut request = base;
    if let Some(prompt) = &args.prompt {
        request.prompt = prompt.clone();
        request.enhanced = None;
    }
    if args.seconds.is_some() {
        request.seconds = args.seconds;
    }
    if args.full {
        request.effort = Effort::Standard;
        request.steps = None;
    }
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
