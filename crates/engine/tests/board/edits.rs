//! Parts at other speeds, gaps of their own, drafts and their finals.

use std::sync::Arc;

use kinora_engine::board::tools;
use kinora_engine::board::{Board, Card};
use kinora_engine::plan::Speed;
use kinora_engine::{Cancel, Compute, Effort, Model, Plan, Progress, Request};
use kinora_media::Frame;
use kinora_models::MINI;

use super::{Studio, frames, kinds, part};

/// Whether each frame is, bit for bit, the source's of this number.
fn are(made: &[Frame], source: &[Frame], wanted: impl Iterator<Item = usize>) -> bool {
    let wanted: Vec<&Frame> = wanted.map(|number| &source[number]).collect();
    made.iter().collect::<Vec<_>>() == wanted
}

#[test]
fn re_timed_footage_is_the_clips_own_frames() {
    let studio = Studio::new();
    let clip = studio.clip("a.mp4", 30);
    let source = frames(&clip);
    let parts = [
        part(0.0, 0.5, 0.5),
        part(0.5, 1.0, 2.0),
        part(0.0, 0.2, 1.0),
    ];
    let board = tools::recut(&clip, &parts, &[], &[]).unwrap();
    let plan = studio.plan(board.clone(), "r.mp4").unwrap();
    // 7.5 frames are shown for 8.
    assert_eq!(
        kinds(&plan),
        [(false, 0, 30), (false, 30, 8), (false, 38, 6)]
    );
    assert!(plan.only_cuts().is_none());
    let made = studio.make(board, "r/");
    let slow = (0..30).map(|i| i / 2);
    let fast = (0..8).map(|i| 15 + 2 * i);
    assert!(are(&made, &source, slow.chain(fast).chain(0..6)));
}

#[test]
fn a_drawing_joins_footage_at_the_pace_at_which_it_plays() {
    let studio = Studio::new();
    let clip = studio.clip("a.mp4", 60);
    let text = format!(
        "duration = 5.0\n[[card]]\nat = 0.0\nclip = {clip:?}\nin = 0.0\nout = 1.0\nspeed = 0.5\n\
         [[card]]\nat = 4.0\nclip = {clip:?}\nin = 0.0\nout = 2.0\nspeed = 2.0\n"
    );
    let board = Board::parse(&text).unwrap();
    assert_eq!(Board::parse(&board.to_toml()).unwrap(), board);
    let plan = studio.plan(board.clone(), "r.mp4").unwrap();
    assert_eq!(
        kinds(&plan),
        [(false, 0, 60), (true, 60, 60), (false, 120, 30)]
    );
    let drawn = plan.spans[1].drawn().unwrap();
    let [tail, head] = &drawn.conditions[..] else {
        panic!("{:?}", drawn.conditions)
    };
    // At 8 frames a second a native frame lasts 1/8 s, half as much of slowed footage, twice as much of hastened.
    assert!((tail.per_frame - 0.0625).abs() < 0.005);
    assert!((head.per_frame / tail.per_frame - 4.0).abs() < 1e-9);
    let seam = tail.begin + (tail.frames - 1) as f64 * tail.per_frame;
    assert!((seam - 59.0 / 60.0).abs() < 1e-6, "{seam}");
    assert!((head.begin + head.per_frame).abs() < 1e-6);
    let made = studio.make(board, "r/");
    assert_eq!(made.len(), 150);
    let kept = [&made[..60], &made[120..]].concat();
    let source = frames(&clip);
    let slow = (0..60).map(|i| i / 2);
    assert!(are(&kept, &source, slow.chain((0..30).map(|i| 2 * i))));
}

#[test]
fn each_gap_has_its_own_length_and_words() {
    let studio = Studio::new();
    let clip = studio.clip("a.mp4", 60);
    let keep = [
        part(0.0, 0.5, 1.0),
        part(0.5, 1.0, 1.0),
        part(1.0, 1.5, 1.0),
    ];
    let texts = |plan: &Plan| -> Vec<String> {
        let drawn = plan.spans.iter().filter_map(|span| span.drawn());
        drawn
            .map(|span| plan.texts[span.texts[0].text].clone())
            .collect()
    };
    let cut = |gaps: &[f64], prompts: &[&str]| tools::recut(&clip, &keep, gaps, prompts);
    let plan =
        |gaps: &[f64], prompts: &[&str]| studio.plan(cut(gaps, prompts).unwrap(), "r.mp4").unwrap();
    let own = plan(&[1.0, 2.0], &["a frog", "a lion"]);
    let spans = [
        (false, 0, 15),
        (true, 15, 30),
        (false, 45, 15),
        (true, 60, 60),
        (false, 120, 15),
    ];
    assert_eq!(kinds(&own), spans);
    assert_eq!(texts(&own), ["a frog", "a lion"]);
    assert_eq!(texts(&plan(&[1.0], &["a frog"])), ["a frog", "a frog"]);
    assert_eq!(kinds(&plan(&[0.0, 1.0], &["a frog"])).len(), 4);
    for (gaps, prompts, word) in [
        (&[1.0, 2.0, 3.0][..], &[][..], "3 lengths"),
        (&[1.0], &["a", "b", "c"], "3 prompts"),
        (&[1.0, -2.0], &[], "-2"),
        (&[f64::NAN], &[], "NaN"),
    ] {
        let message = cut(gaps, prompts).unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    }
    for speed in [0.0, -1.0, 0.01, 100.0, f64::NAN] {
        let parts = [part(0.0, 1.0, speed)];
        assert!(tools::recut(&clip, &parts, &[], &[]).is_err(), "{speed}");
        let board = Board::new(4.0, "").with_card(Card::clip(1.0, &clip, 0.0, 1.0).played(speed));
        let message = studio.plan(board, "r.mp4").unwrap_err().to_string();
        assert!(message.contains("card 1 at 1 s: a speed of"), "{message}");
    }
}

#[test]
fn a_draft_is_small_and_begins_as_its_final() {
    let studio = Studio::new();
    let clip = studio.clip("a.mp4", 30);
    let mut board = tools::extend(&clip, 0.5, 1.0, Some("a frog in the snow")).unwrap();
    board.cards.push(Card::text(2.0, "a lion").cut());
    board.size = Some((320, 180));
    let draft = Board {
        effort: Effort::Draft,
        ..board.clone()
    };
    let (draft, last) = (
        studio.plan(draft, "draft.mp4").unwrap(),
        studio.plan(board, "final.mp4").unwrap(),
    );
    assert_eq!(
        (draft.output.size, last.output.size),
        ((64, 64), (320, 180))
    );
    assert_eq!((draft.drawn.steps, last.drawn.steps), (1, 2));
    // Laid out alike, frame by frame: so the same seed is the same noise.
    assert_eq!(draft.output.frames, last.output.frames);
    assert_eq!(kinds(&draft), kinds(&last));
    for (a, b) in draft.spans.iter().zip(&last.spans) {
        let layout = |span: &kinora_engine::plan::Span| {
            let span = span.drawn()?;
            let windows = span.windows.iter().map(|w| (w.start, w.len, w.tokens));
            let met = span.conditions.iter().map(|c| (c.frame_index, c.frames));
            Some((
                span.native,
                windows.collect::<Vec<_>>(),
                met.collect::<Vec<_>>(),
            ))
        };
        assert_eq!(layout(a), layout(b));
    }
    // The wish is what it was: from it the final is made.
    assert_eq!(draft.request.size, last.request.size);
    let speed = Speed {
        denoising: 1e9,
        finishing: 1e9,
    };
    let seconds = |plan: &Plan| plan.describe_at(Some(speed)).unwrap().estimated_seconds;
    assert!(seconds(&draft) < seconds(&last));
}

/// Luminance of a frame in 8×8 fields, less its mean.
fn fields(frame: &Frame) -> Vec<f64> {
    let (w, h) = frame.size();
    let at = |i: u32, side: u32| i * side / 64;
    let mut sums = vec![0.0; 64];
    for (x, y) in (0..64).flat_map(|y| (0..64).map(move |x| (x, y))) {
        let rgb = frame.pixel(at(x, w), at(y, h));
        sums[(y / 8 * 8 + x / 8) as usize] += rgb.iter().map(|&c| f64::from(c)).sum::<f64>();
    }
    let mean = sums.iter().sum::<f64>() / 64.0;
    sums.iter().map(|sum| sum - mean).collect()
}

/// The correlation of two clips' layouts, over all frames.
fn likeness(a: &[Frame], b: &[Frame]) -> f64 {
    let of = |frames: &[Frame]| frames.iter().flat_map(fields).collect::<Vec<f64>>();
    let (a, b) = (of(a), of(b));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
}

#[test]
fn a_draft_is_the_same_shot() {
    let studio = Studio::new();
    let model = Arc::new(Model::embedded("mini", MINI).unwrap());
    let make = |effort: Effort, seed: u64, out: &str| {
        let request = Request {
            seed: Some(seed),
            prompt: "a frog in the snow".into(),
            seconds: Some(1.0),
            size: Some((256, 256)),
            effort,
            ..Request::default()
        };
        let out = studio.path(out);
        let plan = Plan::resolve(request, model.clone(), Compute::cpu(), &out).unwrap();
        kinora_engine::generate(&plan, &Progress::none(), &Cancel::new()).unwrap();
        frames(&out)
    };
    let draft = make(Effort::Draft, 7, "draft/");
    let (last, other) = (
        make(Effort::Standard, 7, "final/"),
        make(Effort::Standard, 8, "other/"),
    );
    assert!(draft[0].size() < last[0].size() && draft.len() == last.len());
    let (own, foreign) = (likeness(&draft, &last), likeness(&other, &last));
    assert!(own > 0.9 && own > foreign, "{own} {foreign}");
}
