//! Requests made definite, for a model that says what it draws best and for one that does not.

use std::sync::Arc;

use kinora_engine::plan::Drawn;
use kinora_engine::{Aspect, Compute, Effort, Model, Plan, Request, Resolution, Upscale};
use kinora_models::MINI;

const MANIFEST: &[u8] = br#"{
    "name": "tiny", "native": {"16:9": [224, 128], "1:1": [160, 160], "9:16": [128, 224]},
    "fps": 8, "frames": 41, "steps": 20, "guidance": 4.0, "max_text_tokens": 64
}"#;

/// The embedded model's files with another manifest, or none.
fn model(manifest: Option<&'static [u8]>) -> Arc<Model> {
    let mut files: Vec<(&'static str, &'static [u8])> = MINI.to_vec();
    files.retain(|(name, _)| *name != "kinora.json");
    files.extend(manifest.map(|bytes| ("kinora.json", bytes)));
    embedded(files)
}

fn embedded(files: Vec<(&'static str, &'static [u8])>) -> Arc<Model> {
    Arc::new(Model::embedded("tiny", files.leak()).unwrap())
}

fn plan(request: Request, manifest: Option<&'static [u8]>, out: &str) -> Plan {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join(out);
    Plan::resolve(request, model(manifest), Compute::cpu(), &out).unwrap()
}

/// The fewest frames, of those the embedded model's autoencoder can make, that are at least `frames`.
fn whole(frames: usize) -> usize {
    let ratio = model(None).geometry.temporal;
    (frames - 1).div_ceil(ratio) * ratio + 1
}

fn frog() -> Request {
    Request {
        prompt: "a frog in the snow".into(),
        ..Request::default()
    }
}

/// As the embedded model, which was taught to do with few steps.
const TURBO: &[u8] =
    br#"{"steps": 20, "guidance": 4.0, "turbo_steps": 6, "turbo_effort": "draft"}"#;
const ALWAYS: &[u8] = br#"{"steps": 20, "guidance": 4.0, "turbo_steps": 6}"#;

#[test]
fn few_steps_are_taken_where_they_are_good_enough_and_nothing_else_is_asked_for() {
    let drawn = |request: Request, manifest| {
        let plan = plan(request, Some(manifest), "a.mp4");
        let Drawn {
            steps,
            turbo,
            guidance,
            ..
        } = plan.drawn;
        (steps, turbo, guidance)
    };
    let of = |effort| Request { effort, ..frog() };
    let draft = || of(Effort::Draft);
    assert_eq!(drawn(draft(), TURBO), (6, true, 1.0));
    assert_eq!(drawn(of(Effort::Standard), TURBO), (20, false, 4.0));
    assert_eq!(drawn(of(Effort::Standard), ALWAYS), (6, true, 1.0));
    assert_eq!(drawn(of(Effort::Quality), ALWAYS), (40, false, 4.0));
    let guided = Request {
        guidance: Some(3.0),
        ..draft()
    };
    assert_eq!(drawn(guided, TURBO), (10, false, 3.0));
    let avoiding = Request {
        negative: Some("a lion".into()),
        ..draft()
    };
    assert_eq!(drawn(avoiding, TURBO), (10, false, 4.0));
    for (asked, wanted) in [(4, (4, true, 1.0)), (12, (12, false, 4.0))] {
        let request = Request {
            steps: Some(asked),
            ..draft()
        };
        assert_eq!(drawn(request, TURBO), wanted);
    }
    // The final of a draft is what it would have been at once.
    let draft = plan(draft(), Some(TURBO), "a.mp4").request;
    let last = Request {
        effort: Effort::Standard,
        ..draft
    };
    assert_eq!(drawn(last, TURBO), (20, false, 4.0));
}

#[test]
fn the_model_draws_its_own_size_rate_and_length() {
    let plan = plan(frog(), Some(MANIFEST), "a.mp4");
    assert_eq!((plan.drawn.width, plan.drawn.height), (224, 128));
    assert_eq!(
        (plan.drawn.frames, plan.drawn.fps.as_f64()),
        (whole(40), 8.0)
    );
    assert_eq!((plan.drawn.steps, plan.drawn.guidance), (20, 4.0));
    assert_eq!(plan.output.size, (854, 480));
    assert_eq!(plan.output.frames, 150);
    let latent_frames = (whole(40) - 1) / plan.model.geometry.temporal + 1;
    assert_eq!(plan.tokens, latent_frames * 4 * 7);
    assert!(plan.notes.is_empty(), "{:?}", plan.notes);
}

#[test]
fn frames_grow_by_the_network_that_the_model_brings() {
    let bare: Vec<_> = MINI
        .iter()
        .copied()
        .filter(|(name, _)| !name.starts_with("upscaler/"))
        .collect();
    let config: (&str, &[u8]) = ("upscaler/config.json", br#"{"width": 96, "layers": 8}"#);
    let with = embedded([&bare[..], &[config]].concat());
    let without = embedded(bare);
    let dir = tempfile::tempdir().unwrap();
    let resolve = |model: &Arc<Model>, upscale, size| {
        let request = Request {
            upscale,
            size,
            ..frog()
        };
        Plan::resolve(
            request,
            model.clone(),
            Compute::cpu(),
            &dir.path().join("a.mp4"),
        )
    };
    let (learned, lanczos) = (Some(Upscale::Learned), Some(Upscale::Lanczos));
    for (model, asked, size, chosen) in [
        (&with, None, None, Upscale::Learned),
        (&with, learned, Some((225, 128)), Upscale::Learned),
        (&with, learned, Some((224, 128)), Upscale::Lanczos), // nothing to enlarge
        (&with, lanczos, None, Upscale::Lanczos),
        (&without, None, None, Upscale::Lanczos),
        (&without, lanczos, None, Upscale::Lanczos),
    ] {
        let plan = resolve(model, asked, size).unwrap();
        assert_eq!(plan.output.upscale, chosen, "{asked:?} at {size:?}");
    }
    let refused = resolve(&without, learned, None).unwrap_err().to_string();
    assert!(refused.contains("--upscale"), "{refused}");
}

#[test]
fn the_native_size_of_the_nearest_shape_is_drawn() {
    for (size, drawn) in [
        ((1080, 1920), (128, 224)),
        ((500, 480), (160, 160)),
        ((640, 300), (224, 128)),
    ] {
        let request = Request {
            size: Some(size),
            ..frog()
        };
        let plan = plan(request, Some(MANIFEST), "a.mp4");
        assert_eq!((plan.drawn.width, plan.drawn.height), drawn, "{size:?}");
        assert_eq!(plan.output.size, size);
    }
    let request = Request {
        aspect: Some(Aspect::Tall),
        resolution: Some(Resolution::P720),
        effort: Effort::Draft,
        ..frog()
    };
    let plan = plan(request, Some(MANIFEST), "a.mp4");
    assert_eq!(
        plan.output.size,
        (128, 224),
        "a draft is as large as it is drawn"
    );
    assert_eq!(plan.drawn.steps, 10);
}

#[test]
fn seconds_become_whole_latents_and_a_still_is_one_frame() {
    for (seconds, drawn, written) in [(1.0, 8, 30), (1.1, 9, 33), (2.5, 20, 75), (20.0, 160, 600)] {
        let request = Request {
            seconds: Some(seconds),
            ..frog()
        };
        let plan = plan(request, Some(MANIFEST), "a.gif");
        assert_eq!(
            (plan.drawn.frames, plan.output.frames),
            (whole(drawn), written),
            "{seconds} s"
        );
        assert_eq!(plan.notes.is_empty(), seconds <= 5.0, "{:?}", plan.notes);
    }
    let still = plan(frog(), Some(MANIFEST), "a.png");
    assert_eq!((still.drawn.frames, still.output.frames), (1, 1));
}

#[test]
fn a_model_without_a_manifest_draws_near_the_asked_size() {
    let own = plan(frog(), None, "a.mp4");
    assert_eq!((own.drawn.width, own.drawn.height), (864, 480));
    assert_eq!(
        (own.drawn.frames, own.drawn.fps.as_f64()),
        (whole(125), 25.0)
    );
    let request = Request {
        resolution: Some(Resolution::P1080),
        ..frog()
    };
    let large = plan(request, None, "a.mp4");
    assert_eq!((large.drawn.width, large.drawn.height), (1280, 736));
    assert_eq!(large.output.size, (1920, 1080));
}

#[test]
fn a_resolved_request_resolves_to_itself() {
    let first = plan(
        Request {
            variants: Some(3),
            ..frog()
        },
        Some(MANIFEST),
        "a.mp4",
    );
    let again = plan(first.request.clone(), Some(MANIFEST), "a.mp4");
    assert_eq!(first.request, again.request);
    assert_eq!(first.drawn, again.drawn);
    let seeds: Vec<u64> = first.variants.iter().map(|variant| variant.seed).collect();
    assert_eq!(seeds, [seeds[0], seeds[0] + 1, seeds[0] + 2]);
    let second = first.request_of(&first.variants[1]);
    assert_eq!((second.seed, second.variants), (Some(seeds[1]), Some(1)));
}

#[test]
fn a_manifest_that_does_not_fit_is_refused() {
    let files = |manifest: &'static str| {
        let mut files: Vec<(&'static str, &'static [u8])> = MINI.to_vec();
        files.retain(|(name, _)| *name != "kinora.json");
        files.push(("kinora.json", manifest.as_bytes()));
        Model::embedded("tiny", files.leak())
            .unwrap_err()
            .to_string()
    };
    let odd = files(r#"{"native": {"16:9": [220, 128]}}"#);
    assert!(
        odd.contains("220x128") && odd.contains("multiples of"),
        "{odd}"
    );
    let shape = files(r#"{"native": {"4:3": [128, 96]}}"#);
    assert!(shape.contains("4:3"), "{shape}");
    let text = files("{");
    assert!(text.contains("kinora.json"), "{text}");
}
