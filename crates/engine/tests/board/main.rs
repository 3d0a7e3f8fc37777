//! Boards, from cards to files: on the embedded model, told to draw small and in short windows.

mod damaged;
mod edits;
mod mixed;
mod warned;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kinora_engine::board::{Board, Card, Strength, tools};
use kinora_engine::{Cancel, Compute, Error, Event, Model, Plan, Progress, Request, Result, Stage};
use kinora_media::{Frame, Quality, Rational, WriterOptions};
use kinora_models::MINI;
use tempfile::TempDir;

/// Windows of three latent frames.
const MANIFEST: &[u8] = br#"{
    "name": "tiny", "native": {"1:1": [64, 64]}, "fps": 8, "frames": 9, "steps": 2, "guidance": 2.0,
    "max_text_tokens": 64, "schedule": "even", "shift": 3.0, "image_cond_noise_scale": 0.0
}"#;

fn model() -> Arc<Model> {
    model_of(MANIFEST)
}

fn model_of(manifest: &'static [u8]) -> Arc<Model> {
    Arc::new(open_mini(manifest).unwrap())
}

fn open_mini(manifest: &'static [u8]) -> Result<Model> {
    let mut files: Vec<(&'static str, &'static [u8])> = MINI.to_vec();
    files.retain(|(name, _)| *name != "kinora.json");
    files.push(("kinora.json", manifest));
    Model::embedded("tiny", files.leak())
}

/// A folder with a clip of a moving, textured picture, 64×64 at 30 fps.
struct Studio(TempDir);

impl Studio {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn clip(&self, name: &str, frames: u32) -> PathBuf {
        let path = self.path(name);
        let shade = name.len() as u32 * 20;
        let options = WriterOptions::new((64, 64), Rational::new(30, 1).unwrap());
        let mut writer = kinora_media::create(&path, options.quality(Quality::Best)).unwrap();
        for i in 0..frames {
            let paint = |x: u32, y: u32| {
                let wave = ((x + i) / 6 + y / 9) % 2 * 60;
                [(80 + wave) as u8, (shade + wave / 2) as u8, (y * 3) as u8]
            };
            writer
                .push(&Frame::from_fn(64, 64, paint).unwrap())
                .unwrap();
        }
        writer.finish().unwrap();
        path
    }

    fn plan(&self, board: Board, out: &str) -> Result<Plan> {
        let request = Request {
            seed: Some(7),
            ..board.into()
        };
        Plan::resolve(request, model(), Compute::cpu(), &self.path(out))
    }

    fn make(&self, board: Board, out: &str) -> Vec<Frame> {
        let plan = self.plan(board, out).unwrap();
        kinora_engine::generate(&plan, &Progress::none(), &Cancel::new()).unwrap();
        frames(&self.path(out))
    }
}

/// All frames of a clip, or of a directory of pictures.
fn frames(path: &Path) -> Vec<Frame> {
    if !path.is_dir() {
        return kinora_media::read_clip(path).unwrap().frames;
    }
    let entries = std::fs::read_dir(path).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let read = |name| kinora_media::read_image(name).unwrap();
    names.iter().map(read).collect()
}

fn part(from: f64, to: f64, speed: f64) -> tools::Part {
    tools::Part { from, to, speed }
}

fn kinds(plan: &Plan) -> Vec<(bool, u64, u64)> {
    let spans = plan.spans.iter();
    spans
        .map(|span| (span.drawn().is_some(), span.start(), span.frames()))
        .collect()
}

#[test]
fn kept_footage_stands_bit_for_bit_between_what_is_drawn() {
    let studio = Studio::new();
    let clip = studio.clip("a.mp4", 30);
    let source = frames(&clip);
    let board = tools::extend(&clip, 1.0, 1.5, Some("a frog in the snow")).unwrap();

    let made = studio.make(board.clone(), "frames/");
    assert_eq!(made.len(), 30 + 30 + 45);
    assert!(made[30..60] == source[..], "kept frames differ");
    assert!(made[29] != source[0] && made[60] != source[29]);

    let coded = studio.make(board.clone(), "b.mp4");
    assert_eq!(coded.len(), made.len());
    let worst = coded[30..60]
        .iter()
        .zip(&source)
        .filter_map(|(a, b)| a.psnr(b));
    let worst = worst.fold(f64::INFINITY, f64::min);
    assert!(worst >= 40.0, "{worst} dB");

    let again = studio.make(board, "again/");
    assert!(again == made, "the same board and seed gave other frames");
    let sidecar = kinora_engine::sidecar::Sidecar::load(&studio.path("b.json")).unwrap();
    assert_eq!(sidecar.ancestry.len(), 1);
    assert_eq!(sidecar.ancestry[0].tool, "extend");
    // What was extended is known again when the result is used.
    let looped = tools::loop_(&studio.path("b.mp4"), None, tools::LoopLength::Short, None).unwrap();
    assert_eq!(looped.prompt, "a frog in the snow");
    let plan = studio.plan(looped, "c.mp4").unwrap();
    let tools: Vec<&str> = plan.ancestry.iter().map(|a| a.tool.as_str()).collect();
    assert_eq!(tools, ["loop", "extend"]);
}

#[test]
fn a_part_between_two_frames_ends_with_the_footage() {
    let studio = Studio::new();
    let clip = studio.clip("a.mp4", 30);
    let text =
        format!("duration = 0.75\n[[card]]\nat = 0.0\nclip = {clip:?}\nin = 0.25\nkeep = true\n");
    let plan = studio.plan(Board::parse(&text).unwrap(), "b.mp4").unwrap();
    assert_eq!(kinds(&plan), [(false, 0, 23)]);
    let made = studio.make(Board::parse(&text).unwrap(), "frames/");
    assert!(made == frames(&clip)[7..]);
}

/// As the tiny model, but pictures begin in their places.
const PLACED: &[u8] = br#"{
    "name": "tiny", "native": {"1:1": [64, 64]}, "fps": 8, "frames": 9, "steps": 2, "guidance": 2.0,
    "max_text_tokens": 64, "schedule": "even", "shift": 3.0, "image_cond_noise_scale": 0.0, "still_strength": 0.8
}"#;

#[test]
fn a_picture_that_begins_in_its_place_is_met_more_closely() {
    let studio = Studio::new();
    let image = studio.path("i.png");
    let picture = Frame::from_fn(64, 64, |x, y| match (x / 32 + y / 32) % 2 {
        0 => [220, 60, 40],
        _ => [30, 90, 200],
    });
    let picture = picture.unwrap();
    kinora_media::write_image(&image, &picture).unwrap();
    let board = || Board {
        size: Some((64, 64)),
        fps: Some(Rational::new(8, 1).unwrap()),
        ..Board::new(2.0, "a frog in the snow").with_card(Card::image(1.25, &image))
    };
    let met = |manifest: &'static [u8], out: &str| {
        let request = Request {
            seed: Some(7),
            ..board().into()
        };
        let out = studio.path(out);
        let plan = Plan::resolve(request, model_of(manifest), Compute::cpu(), &out).unwrap();
        kinora_engine::generate(&plan, &Progress::none(), &Cancel::new()).unwrap();
        let made = frames(&out);
        assert_eq!(made.len(), 16);
        assert!(
            made[10] != made[9] && made[10] != made[11],
            "a frame stands still"
        );
        made[10].psnr(&picture).unwrap()
    };
    let (left, placed) = (met(MANIFEST, "left/"), met(PLACED, "placed/"));
    assert!(placed > left + 2.0, "{left} dB, {placed} dB in its place");
    let error = open_mini(br#"{"still_strength": 1.5}"#).unwrap_err();
    assert!(error.to_string().contains("still_strength"), "{error}");
}

#[test]
fn footage_is_joined_at_a_guidance_of_its_own() {
    let studio = Studio::new();
    let clip = studio.clip("a.mp4", 15);
    let manifest =
        br#"{"native": {"1:1": [64, 64]}, "fps": 8, "guidance": 4.0, "joining_guidance": 1.5}"#;
    let guidance = |board: Board| {
        let out = studio.path("b.mp4");
        let plan = Plan::resolve(board.into(), model_of(manifest), Compute::cpu(), &out);
        plan.unwrap().drawn.guidance
    };
    assert_eq!(guidance(Board::new(1.0, "a frog")), 4.0);
    let longer = tools::extend(&clip, 0.0, 0.5, Some("a frog")).unwrap();
    assert_eq!(guidance(longer.clone()), 1.5);
    let asked = Board {
        guidance: Some(3.0),
        ..longer
    };
    assert_eq!(guidance(asked), 3.0);
}

#[test]
fn a_long_board_goes_on_where_it_was_stopped() {
    let studio = Studio::new();
    let image = studio.path("i.png");
    kinora_media::write_image(&image, &Frame::filled(64, 64, [200, 30, 90]).unwrap()).unwrap();
    let board = Board::new(5.0, "a frog in the snow")
        .with_card(Card::text(0.0, "day"))
        .with_card(Card::text(2.0, "night"))
        .with_card(Card::image(3.0, &image).cut())
        .with_card(Card::image(4.5, &image));
    let whole = studio.make(board.clone(), "whole/");
    assert_eq!(whole.len(), 150);

    let plan = studio.plan(board, "parts/").unwrap();
    assert_eq!(kinds(&plan), [(true, 0, 90), (true, 90, 60)]);
    let steps: usize = plan.drawn_spans().map(|span| plan.steps_of(span)).sum();
    assert!(steps >= 14, "windows and steps: {steps}");
    // Stopped in the first window, in a later one, where a window ends, and in the second span.
    for stop in [1, 5, 8, steps - 1] {
        let cancel = Cancel::new();
        let (at, canceller) = (AtomicUsize::new(0), cancel.clone());
        let progress = Progress::new(move |event| {
            if let Event::Step {
                stage: Stage::Denoise,
                ..
            } = event
                && at.fetch_add(1, Ordering::Relaxed) + 1 == stop
            {
                canceller.cancel();
            }
        });
        let stopped = kinora_engine::generate(&plan, &progress, &cancel).unwrap_err();
        let Error::Cancelled {
            checkpoint: Some(checkpoint),
        } = stopped
        else {
            panic!("{stop}: {stopped}");
        };
        let (progress, cancel) = (Progress::none(), Cancel::new());
        kinora_engine::resume(&plan, &checkpoint, &progress, &cancel).unwrap();
        assert!(
            frames(&studio.path("parts")) == whole,
            "stopped after {stop}"
        );
        assert!(!checkpoint.exists());
    }
}

#[test]
fn twelve_extensions_lose_no_frame_and_take_no_more_memory() {
    // In a process of its own: the other tests' memory is not this one's.
    if std::env::var_os("KINORA_TEST_ALONE").is_none() {
        let name = "twelve_extensions_lose_no_frame_and_take_no_more_memory";
        let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
        let output = alone.args(["--exact", name]).env("KINORA_TEST_ALONE", "1");
        let output = output.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            said.contains("1 passed") && output.status.success(),
            "{said}"
        );
        return;
    }
    let studio = Studio::new();
    let first = studio.clip("0.mp4", 15);
    let mut memory = Vec::new();
    for i in 1..=12 {
        let clip = studio.path(&format!("{}.mp4", i - 1));
        let mut board = tools::extend(&clip, 0.0, 0.5, Some("a frog")).unwrap();
        board.steps = Some(1);
        let out = format!("{i}.mp4");
        let plan = studio.plan(board, &out).unwrap();
        let made = kinora_engine::generate(&plan, &Progress::none(), &Cancel::new()).unwrap();
        assert_eq!(made[0].written.frames, 15 + 15 * i);
        memory.push(resident_mb());
    }
    // Whatever an edit keeps stays coded as it was: the source's pictures, and those that any extension drew.
    let last = studio.path("12.mp4");
    assert_eq!(frames(&last).len(), 15 + 15 * 12);
    assert!(frames(&last)[..15] == frames(&first)[..]);
    for i in [0, 1, 6, 11] {
        let before = studio.path(&format!("{i}.mp4"));
        assert!(
            coded(&last, 15 + 15 * i) == coded(&before, 15 + 15 * i),
            "{i}"
        );
    }
    // What is lost an edit shows in every edit; the system alone decides when a thread's heap grows, once.
    let mut steps: Vec<f64> = memory.windows(2).map(|pair| pair[1] - pair[0]).collect();
    steps.sort_by(f64::total_cmp);
    assert!(steps[steps.len() / 2] < 1.0, "{memory:?} MB");
    assert!(memory[11] < memory[3] + 120.0, "{memory:?} MB");
    let sidecar = studio.path("12.json");
    let sidecar = kinora_engine::sidecar::Sidecar::load(&sidecar).unwrap();
    assert_eq!(sidecar.ancestry.len(), 12);
}

/// The coded pictures of a clip's first frames, cut out without decoding.
fn coded(clip: &Path, count: u64) -> Vec<u8> {
    let out = clip.with_extension("cut.mp4");
    let range = 0..count;
    kinora_media::trim_copy(clip, &out, &[range], None)
        .unwrap()
        .unwrap();
    std::fs::read(&out).unwrap()
}

#[test]
fn what_lies_before_a_key_picture_is_coded_once() {
    let studio = Studio::new();
    let clip = studio.clip("a.mp4", 70);
    // Off its key pictures (one in two seconds), footage has to be coded anew up to the next one.
    let mut board = tools::recut(&clip, &[part(0.5, 70.0 / 30.0, 1.0)], &[], &[]).unwrap();
    board.duration += 0.5;
    let made = studio.make(board, "b.mp4");
    let source = frames(&clip);
    let worst = made
        .iter()
        .zip(&source[15..60])
        .filter_map(|(a, b)| a.psnr(b));
    let worst = worst.fold(f64::INFINITY, f64::min);
    assert!((40.0..60.0).contains(&worst), "{worst} dB");
    assert!(made[45..55] == source[60..], "the rest was coded anew");
    // From then on every frame is copied.
    let board = tools::extend(&studio.path("b.mp4"), 0.5, 0.5, Some("a frog")).unwrap();
    let again = studio.make(board, "c.mp4");
    assert!(again[15..15 + made.len()] == made[..]);
}

/// Memory that the process holds now; 0 where the system does not tell.
fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kb.unwrap_or(0.0) / 1024.0
}

#[test]
fn tools_lay_out_what_they_promise() {
    let studio = Studio::new();
    let (a, b) = (studio.clip("a.mp4", 120), studio.clip("bb.mp4", 90));
    let plan = |board: Result<Board>| studio.plan(board.unwrap(), "out.mp4").unwrap();

    let swapped = [part(2.0, 3.0, 1.0), part(0.0, 1.0, 1.0)];
    let plan_of = plan(tools::recut(&a, &swapped, &[0.5], &["x"]));
    assert_eq!(
        kinds(&plan_of),
        [(false, 0, 30), (true, 30, 15), (false, 45, 30)]
    );
    let plan_of = plan(tools::recut(&a, &swapped, &[], &[]));
    assert_eq!(kinds(&plan_of), [(false, 0, 30), (false, 30, 30)]);

    let plan_of = plan(tools::remix(
        &a,
        "a dog",
        Strength::Strong,
        Some((1.0, 3.0)),
    ));
    assert_eq!(
        kinds(&plan_of),
        [(false, 0, 30), (true, 30, 60), (false, 90, 30)]
    );
    let drawn = plan_of.spans[1].drawn().unwrap();
    assert_eq!((drawn.sources.len(), drawn.conditions.len()), (1, 2));

    let plan_of = plan(tools::blend(
        &a,
        &b,
        &tools::Blending::Transition,
        Some("x"),
    ));
    assert_eq!(kinds(&plan_of), [(false, 0, 30), (true, 30, 90)]);
    let curve = tools::Blending::Curve("0:0,2:1".parse().unwrap());
    let plan_of = plan(tools::blend(&a, &b, &curve, Some("x")));
    assert_eq!(
        kinds(&plan_of),
        [(false, 0, 60), (true, 60, 60), (false, 120, 30)]
    );
    let drawn = plan_of.spans[1].drawn().unwrap();
    let share = |i: usize| {
        drawn
            .sources
            .iter()
            .map(|s| s.weights[i])
            .collect::<Vec<_>>()
    };
    let middle = share(drawn.sources[0].weights.len() / 2);
    assert!((middle[0] - middle[1]).abs() < 0.35 && (middle[0] + middle[1] - 1.0).abs() < 0.01);

    let plan_of = plan(tools::loop_(
        &a,
        Some((1.0, 3.0)),
        tools::LoopLength::Short,
        None,
    ));
    assert_eq!(kinds(&plan_of), [(false, 0, 60), (true, 60, 60)]);
    let drawn = plan_of.spans[1].drawn().unwrap();
    let [tail, head] = &drawn.conditions[..] else {
        panic!()
    };
    assert_eq!((tail.frame_index, tail.frames), (0, 9));
    // The last kept frame shows second 3 less a frame; the head begins with second 1.
    assert!((tail.begin + 8.0 * tail.per_frame - (3.0 - 1.0 / 30.0)).abs() < 1e-6);
    // One frame for its past, then the frame that follows the last of the output.
    assert!((head.begin + head.per_frame - 1.0).abs() < 1e-6 && head.frame_index % 4 == 0);
    let last = drawn.shown.native_of(drawn.frames as f64);
    assert!(
        (last - head.frame_index as f64 - 1.0).abs() < 1e-6,
        "{last}"
    );
    let outline = plan_of.describe().unwrap();
    assert!(outline.to_string().contains("drawn in"), "{outline}");
    assert_eq!(outline.spans.len(), 2);
    // The second beyond the loop's end is not in the output, and every frame is.
    assert_eq!(outline.frames, 120);
}

/// The committed examples are boards that resolve.
#[test]
fn the_examples_resolve() {
    let studio = Studio::new();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut seen = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            let board = Board::load(&path).unwrap();
            let duration = board.duration;
            let plan = studio.plan(board, "out.mp4").unwrap();
            assert_eq!(plan.output.frames, (duration * 30.0) as u64);
            seen += 1;
        }
    }
    assert!(seen >= 2);
}

/// Footage that is begun from shines through the more, the less is made anew.
#[test]
fn a_stronger_remix_changes_more() {
    let studio = Studio::new();
    let clip = studio.clip("a.mp4", 30);
    let source = frames(&clip);
    let distance = |strength: f64| {
        let board = tools::remix(
            &clip,
            "a frog in the snow",
            Strength::Custom(strength),
            None,
        );
        let mut board = board.unwrap();
        board.steps = Some(4);
        let made = studio.make(board, &format!("{strength}/"));
        assert_eq!(made.len(), source.len());
        let error = made.iter().zip(&source).filter_map(|(a, b)| a.psnr(b));
        error.sum::<f64>() / source.len() as f64
    };
    let quality = [0.0, 0.25, 0.5, 1.0].map(distance);
    assert!(
        quality.windows(2).all(|pair| pair[0] > pair[1]),
        "{quality:?} dB"
    );
}
