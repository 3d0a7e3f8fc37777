//! Boards of picture cards: is each met, and is what lies between drawn?

use std::fmt::Write as _;

use anyhow::{Result, bail};
use image::RgbImage;
use kinora_world::captions;
use kinora_world::record::{Split, record_seed};
use kinora_world::rng::Dice;

use super::frames::{changes, median, moments, psnr, residual, share};
use super::{Bench, SHOWN, STILL, rest};

/// Figures of picture cards, one a card or one a gap.
#[derive(Default)]
pub struct Cards {
    /// PSNR of the card's frame less that of its own encoding, in dB.
    obeyed: Vec<f64>,
    own: Vec<f64>,
    /// The change into and out of the card's frame, as a multiple of the gap's median change.
    steps: Vec<f64>,
    /// The change over the half second before a card, as a multiple of the real scene's.
    alive: Vec<f64>,
    /// The residual of the best mix of a gap's ends at its middle, as a multiple of the real scene's.
    residual: Vec<f64>,
    /// The largest change in a gap as a multiple of the real scene's largest.
    jumps: Vec<f64>,
}

impl Bench<'_> {
    /// Two to four pictures of one scene on a board, and the row of the contact sheet: what is asked above what is drawn.
    pub fn board(&self, index: u64, figures: &mut Cards) -> Result<[Vec<RgbImage>; 2]> {
        let (record, real) = self.scene(index)?;
        let words = captions::captions(&record, &mut captions::wording(&record, 0));
        let prompt = if index.is_multiple_of(2) {
            words.en
        } else {
            words.zh
        };
        let last = real.len() - 1;
        let mut dice = Dice::new(record_seed(65, Split::Heldout, index));
        let mut places = vec![0, last];
        for _ in 0..index % 3 {
            let at = 6 + dice.below(last - 12);
            if places.iter().all(|&place| at.abs_diff(place) >= 6) {
                places.push(at);
            }
        }
        places.sort_unstable();
        let seconds = |frame: usize| frame as f64 / self.options.fps as f64;
        let mut board = format!(
            "duration = {:.4}\nprompt = {prompt:?}\nseed = {index}\n",
            seconds(real.len())
        );
        for &place in &places {
            let name = format!("card-{place}.png");
            real[place].save(self.path(&name))?;
            write!(
                board,
                "[[card]]\nat = {:.4}\nimage = {name:?}\n",
                seconds(place)
            )?;
        }
        let drawn = self.storyboard(&board)?;
        if drawn.len() != real.len() {
            bail!("{} frames, not {}", drawn.len(), real.len());
        }
        let change = changes(&drawn);
        for pair in places.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let middle = (a + b) / 2;
            let of = |frames: &[RgbImage]| residual(&frames[a], &frames[b], &frames[middle]);
            figures.residual.push(of(&drawn) / of(&real).max(STILL));
            let largest = |changes: &[f64]| changes[a..b].iter().copied().fold(0.0, f64::max);
            let usual = median(&change[a..b]).max(STILL);
            figures.steps.push(change[a] / usual);
            figures.steps.push(change[b - 1] / usual);
            figures
                .jumps
                .push(largest(&change) / largest(&changes(&real)).max(STILL));
        }
        let real_change = changes(&real);
        for &place in places.iter().filter(|&&place| place > 0) {
            let before = |changes: &[f64]| {
                changes[place - self.options.fps / 2..place]
                    .iter()
                    .sum::<f64>()
            };
            let still = STILL * (self.options.fps / 2) as f64;
            figures
                .alive
                .push(before(&change).max(still) / before(&real_change).max(still));
        }
        for &place in &places {
            let card = self.path(&format!("card-{place}.png"));
            let still = self.path("still.png");
            let (card_text, still_text) = (card.to_string_lossy(), still.to_string_lossy());
            let asked = ["generate", &prompt, "--image", &card_text];
            self.kinora(&[&asked[..], &["-o", &still_text]].concat(), &rest)?;
            let own = psnr(&image::open(&still)?.to_rgb8(), &real[place]);
            figures.own.push(own);
            figures.obeyed.push(psnr(&drawn[place], &real[place]) - own);
        }
        Ok([moments(&real, SHOWN.1), moments(&drawn, SHOWN.1)])
    }
}

impl Cards {
    pub fn tell(&self, out: &mut String) -> std::fmt::Result {
        let near = share(&self.obeyed, |decibel| decibel >= -2.0);
        writeln!(
            out,
            "| a card's frame, beside the card's own encoding ({:.1} dB) | {:+.1} dB; {near} within 2 dB | all |",
            median(&self.own),
            median(&self.obeyed)
        )?;
        writeln!(
            out,
            "| change into and out of a card, of the gap's median | {:.1}×; {} at most 3× | 3× |",
            median(&self.steps),
            share(&self.steps, |times| times <= 3.0)
        )?;
        writeln!(
            out,
            "| change over the half second before a card, of the real scene's | {:.2}×; {} at least 0.5× | 0.5× |",
            median(&self.alive),
            share(&self.alive, |times| times >= 0.5)
        )?;
        writeln!(
            out,
            "| at mid-gap, what no mix of the ends explains, of the real scene's | {:.2}×; {} at least 0.5× | 0.5× |",
            median(&self.residual),
            share(&self.residual, |times| times >= 0.5)
        )?;
        writeln!(
            out,
            "| the largest change in a gap, of the real scene's largest | {:.1}×; {} at most 3× | no cut |",
            median(&self.jumps),
            share(&self.jumps, |times| times <= 3.0)
        )
    }
}
