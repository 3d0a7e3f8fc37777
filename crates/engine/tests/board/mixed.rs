//! What lies between two pictures is drawn: neither a mix of them nor a copy of one.

use std::path::Path;
use std::sync::Arc;

use kinora_engine::board::Board;
use kinora_engine::{Cancel, Compute, Model, Plan, Progress};
use kinora_media::Frame;
use kinora_models::MINI;

use super::{Studio, frames};

const SCENE: &str = "a horse runs on the grassland";

/// Root mean square of what is left of `x` after the best α·a + (1 − α)·b.
fn residual(a: &Frame, b: &Frame, x: &Frame) -> f64 {
    let number = |v: &u8| f64::from(*v);
    let apart: Vec<(f64, f64)> = (a.rgb().iter().map(number).zip(b.rgb().iter().map(number)))
        .zip(x.rgb().iter().map(number))
        .map(|((a, b), x)| (a - b, x - b))
        .collect();
    let along: f64 = apart.iter().map(|(d, x)| d * x).sum();
    let length: f64 = apart.iter().map(|(d, _)| d * d).sum();
    let alpha = along / length.max(1.0);
    let left = apart.iter().map(|(d, x)| (x - alpha * d).powi(2));
    (left.sum::<f64>() / apart.len() as f64).sqrt()
}

/// Mean absolute difference.
fn change(a: &Frame, b: &Frame) -> f64 {
    let pairs = a.rgb().iter().zip(b.rgb());
    let sum: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / a.rgb().len() as f64
}

/// The frames of a board of five seconds on the embedded model, at its own size and rate.
fn draw(studio: &Studio, seed: u64, cards: &str, out: &str) -> Vec<Frame> {
    let text = format!(
        "duration = 5.125\nprompt = {SCENE:?}\nseed = {seed}\nsize = [224, 128]\nfps = \"8\"\nsteps = 8\n{cards}"
    );
    let board = Board::parse(&text).unwrap();
    let model = Arc::new(Model::embedded("mini", MINI).unwrap());
    let plan = Plan::resolve(board.into(), model, Compute::cpu(), &studio.path(out)).unwrap();
    kinora_engine::generate(&plan, &Progress::none(), &Cancel::new()).unwrap();
    frames(&studio.path(out))
}

/// The reference is a shot drawn from words alone: its ends are the cards, its middle is certainly no mix of them.
#[test]
fn a_gap_between_two_pictures_is_drawn() {
    let studio = Studio::new();
    let free = draw(&studio, 7, "", "free/");
    let last = free.len() - 1;
    let card = |at: f64, frame: &Frame, name: &str| {
        let path = studio.path(name);
        kinora_media::write_image(Path::new(&path), frame).unwrap();
        format!("[[card]]\nat = {at}\nimage = {path:?}\n")
    };
    let cards = card(0.0, &free[0], "a.png") + &card(5.0, &free[last], "b.png");
    let met = draw(&studio, 8, &cards, "met/");
    assert_eq!(met.len(), free.len());

    let mid = last / 2;
    let of = |frames: &[Frame]| residual(&free[0], &free[last], &frames[mid]);
    let (drawn, reference) = (of(&met), of(&free));
    assert!(reference > 4.0, "the shot hardly moves: {reference:.1}");
    assert!(drawn >= 0.5 * reference, "{drawn:.1} of {reference:.1}");
    assert!(
        met.windows(2).all(|pair| pair[0] != pair[1]),
        "a frame is repeated"
    );

    let mut steps: Vec<f64> = met
        .windows(2)
        .map(|pair| change(&pair[0], &pair[1]))
        .collect();
    let (first, end) = (steps[0], steps[steps.len() - 1]);
    steps.sort_by(f64::total_cmp);
    let median = steps[steps.len() / 2].max(1.0);
    assert!(
        first <= 3.0 * median && end <= 3.0 * median,
        "{first:.1}, {end:.1}, {median:.1}"
    );
}
