//! Boards damaged at random: each is planned or refused.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use kinora_engine::board::Board;
use kinora_engine::{Compute, Model, Plan};
use kinora_media::Frame;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{Studio, model};

/// A board that says all that can be said; `CLIP` and `PICTURE` stand for files.
const FULL: &str = r#"
    duration = 6.0
    prompt = "a frog in the snow"
    negative = "blur"
    size = [64, 64]
    fps = "30"
    seed = 7
    variants = 1
    steps = 2
    guidance = 2.0
    [[card]]
    at = 0.0
    text = "a frog jumps"
    [[card]]
    at = 1.5
    image = "PICTURE"
    strength = 0.8
    [[card]]
    at = 2.5
    clip = "CLIP"
    in = 0.5
    out = 1.5
    gap = "cut"
    [[card]]
    at = 4.5
    text = "the frog swims"
    [[source]]
    clip = "CLIP"
    at = 4.0
    in = 0.0
    out = 2.0
    strength = 0.5
    weight = [[0.0, 1.0], [2.0, 0.5]]
"#;

/// Numbers that a hand, a program or a mischief may leave in a file.
const NUMBERS: [&str; 18] = [
    "0",
    "0.0",
    "-0.0",
    "-1",
    "1",
    "1e-300",
    "0.033",
    "0.1",
    "2.5",
    "6.0",
    "599.99",
    "600.0",
    "1e9",
    "1e308",
    "inf",
    "-inf",
    "nan",
    "18446744073709551615",
];

/// Where numbers stand in a text.
fn numbers(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    for (i, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_ascii_digit() || c == '.', start) {
            (true, None) => start = Some(i),
            (false, Some(from)) => {
                found.push(from..i);
                start = None;
            }
            _ => {}
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(384))]

    #[test]
    fn a_damaged_board_is_planned_or_refused(
        numbers_at in proptest::collection::vec((any::<Index>(), select(&NUMBERS[..])), 0..4),
        lines_out in proptest::collection::vec(any::<Index>(), 0..3),
        torn in proptest::option::weighted(0.1, (any::<Index>(), any::<char>())),
    ) {
        static STUDIO: OnceLock<(Studio, Arc<Model>)> = OnceLock::new();
        let (studio, model) = STUDIO.get_or_init(|| {
            let studio = Studio::new();
            studio.clip("a.mp4", 60);
            let picture = Frame::filled(64, 64, [90; 3]).unwrap();
            kinora_media::write_image(studio.path("a.png"), &picture).unwrap();
            (studio, model())
        });
        let plan = |text: &str| {
            let file = |name| studio.path(name).display().to_string();
            let text = text.replace("CLIP", &file("a.mp4")).replace("PICTURE", &file("a.png"));
            let board = Board::parse(&text).ok()?;
            Plan::resolve(board.into(), model.clone(), Compute::cpu(), &studio.path("out.mp4")).ok()
        };
        prop_assert!(plan(FULL).is_some(), "whole, it is planned");
        let mut text = FULL.to_owned();
        for (at, number) in numbers_at {
            let places = numbers(&text);
            text.replace_range(at.get(&places).clone(), number);
        }
        for line in lines_out {
            let mut lines: Vec<&str> = text.lines().collect();
            lines.remove(line.index(lines.len()));
            text = lines.join("\n");
        }
        if let Some((at, character)) = torn {
            let (at, _) = text.char_indices().nth(at.index(text.chars().count())).unwrap();
            text.insert(at, character);
        }
        if let Some(plan) = plan(&text) {
            let frames: u64 = plan.spans.iter().map(|span| span.frames()).sum();
            prop_assert_eq!(frames, plan.output.frames);
            prop_assert!(plan.describe().unwrap().estimated_seconds.is_finite());
        }
    }
}
