//! `cargo xtask boards`: are storyboards obeyed, and is what lies between their cards drawn, not mixed?
//!
//! Scenes of the world that training never saw are cut into cards; `kinora` draws the boards at the model's own size and
//! rate, and every figure is taken from those frames, before any enlarging.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use image::RgbImage;
use kinora_world::captions;
use kinora_world::pack::Pack;
use kinora_world::record::{SampleOptions, SceneRecord, Split, record_seed};
use kinora_world::render::{Format, render};
use kinora_world::rng::Dice;
use kinora_world::stream::{StreamOptions, record_at};

#[derive(clap::Args)]
pub struct Options {
    #[arg(long)]
    pack: PathBuf,
    /// A model directory, or mini
    #[arg(long, default_value = "mini")]
    model: String,
    /// Boards of picture cards; an eighth as many clips for each edit
    #[arg(long, default_value_t = 64)]
    boards: u64,
    #[arg(long, default_value_t = 20)]
    actors: usize,
    #[arg(long, default_value_t = 8)]
    places: usize,
    /// The model's own size and rate
    #[arg(long, default_value = "224x128", value_parser = crate::world::parse_size)]
    size: (usize, usize),
    #[arg(long, default_value_t = 8)]
    fps: usize,
    /// The program, if it is built already
    #[arg(long)]
    kinora: Option<PathBuf>,
    /// Where the table and the contact sheet go
    #[arg(long)]
    report: PathBuf,
}

const SECONDS: usize = 5;
/// Boards on the contact sheet, and moments of each.
const SHOWN: (usize, usize) = (12, 6);
/// A change below this, of 255, is hardly seen; still scenes are measured against it.
const STILL: f64 = 1.0;

pub fn run(options: &Options) -> Result<()> {
    let bench = Bench::open(options)?;
    let mut report = String::from("| what | figure | bar |\n| --- | --- | --- |\n");
    let mut sheet = Vec::new();
    let mut cards = Cards::default();
    for i in 0..options.boards {
        let row = bench.board(i, &mut cards)?;
        if sheet.len() < SHOWN.0 {
            sheet.push(row);
        }
        eprintln!("board {} of {}", i + 1, options.boards);
    }
    cards.tell(&mut report)?;
    let mut edits = Edits::default();
    for i in 0..(options.boards / 8).max(1) {
        bench.edits(i, &mut edits)?;
        eprintln!("edits of clip {}", i + 1);
    }
    edits.tell(&mut report)?;
    print!("{report}");
    std::fs::create_dir_all(&options.report)?;
    std::fs::write(options.report.join("table.md"), &report)?;
    save_sheet(&sheet, &options.report.join("boards.png"))
}

/// What all measurements share.
struct Bench<'a> {
    options: &'a Options,
    kinora: PathBuf,
    pack: Pack,
    scenes: StreamOptions,
    folder: tempfile::TempDir,
}

/// Figures of picture cards, one a card or one a gap.
#[derive(Default)]
struct Cards {
    /// PSNR of the card's frame less that of its own encoding, in dB.
    obeyed: Vec<f64>,
    own: Vec<f64>,
    /// The change into and out of the card's frame, as a multiple of the gap's median change.
    steps: Vec<f64>,
    /// The residual of the best mix of a gap's ends at its middle, as a multiple of the real scene's.
    residual: Vec<f64>,
    /// The largest change in a gap as a multiple of the real scene's largest.
    jumps: Vec<f64>,
}

/// Figures of edits, one a clip.
#[derive(Default)]
struct Edits {
    extend: Vec<f64>,
    looped: Vec<f64>,
    /// Change from the source at rising strengths.
    remix: [Vec<f64>; 4],
}

const STRENGTHS: [f64; 4] = [0.2, 0.4, 0.6, 0.9];

impl<'a> Bench<'a> {
    fn open(options: &'a Options) -> Result<Self> {
        let kinora = match &options.kinora {
            Some(path) => path.canonicalize().context("--kinora is not there")?,
            None => crate::python::kinora()?,
        };
        let format = Format {
            width: options.size.0,
            height: options.size.1,
            frames: SECONDS * options.fps + 1,
            fps: options.fps as f32,
        };
        let sample = SampleOptions {
            actors: options.actors,
            places: options.places,
            split: Split::Heldout,
            ..SampleOptions::default()
        };
        Ok(Self {
            kinora,
            pack: Pack::open(&options.pack)?,
            scenes: StreamOptions {
                seed: 64,
                first: 0,
                count: 0,
                format,
                sample,
            },
            folder: tempfile::tempdir()?,
            options,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program at the model's own size and rate.
    fn kinora(&self, arguments: &[&str]) -> Result<()> {
        let output = Command::new(&self.kinora)
            .args(arguments)
            .args(["--quiet", "--model", &self.options.model])
            .output()?;
        if !output.status.success() {
            bail!(
                "kinora {}: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(())
    }

    /// The frames that the program writes for these arguments.
    fn frames(&self, arguments: &[&str]) -> Result<Vec<RgbImage>> {
        let folder = self.path("frames");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        let out = format!("{}/", folder.display());
        self.kinora(&[arguments, &["-o", &out]].concat())?;
        let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_>>()?;
        files.retain(|file| file.extension().is_some_and(|ending| ending == "png"));
        files.sort();
        files
            .iter()
            .map(|file| Ok(image::open(file)?.to_rgb8()))
            .collect()
    }

    fn size(&self) -> String {
        format!("{}x{}", self.options.size.0, self.options.size.1)
    }

    fn scene(&self, index: u64) -> Result<(SceneRecord, Vec<RgbImage>)> {
        let record = record_at(&self.scenes, index);
        let Format { width, height, .. } = self.scenes.format;
        let bytes = render(&record, &self.pack, &self.scenes.format)?;
        let frames = bytes.chunks(width * height * 3).map(|frame| {
            RgbImage::from_raw(width as u32, height as u32, frame.to_vec()).expect("whole frames")
        });
        Ok((record, frames.collect()))
    }

    /// Two to four pictures of one scene on a board, and the row of the contact sheet: what is asked above what is drawn.
    fn board(&self, index: u64, figures: &mut Cards) -> Result<[Vec<RgbImage>; 2]> {
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
        let file = self.path("board.toml");
        std::fs::write(&file, board)?;
        let (file, size, fps) = (
            file.to_string_lossy(),
            self.size(),
            self.options.fps.to_string(),
        );
        let drawn = self.frames(&["storyboard", &file, "--size", &size, "--fps", &fps])?;
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
        for &place in &places {
            let card = self.path(&format!("card-{place}.png"));
            let still = self.path("still.png");
            let (card_text, still_text) = (card.to_string_lossy(), still.to_string_lossy());
            self.kinora(&[
                "generate",
                &prompt,
                "--image",
                &card_text,
                "--size",
                &size,
                "-o",
                &still_text,
            ])?;
            let own = psnr(&image::open(&still)?.to_rgb8(), &real[place]);
            figures.own.push(own);
            figures.obeyed.push(psnr(&drawn[place], &real[place]) - own);
        }
        let moments = |frames: &[RgbImage]| {
            let at = |i: usize| frames[i * last / (SHOWN.1 - 1)].clone();
            (0..SHOWN.1).map(at).collect()
        };
        Ok([moments(&real), moments(&drawn)])
    }

    /// A clip of its own, gone on with, looped and changed.
    fn edits(&self, index: u64, figures: &mut Edits) -> Result<()> {
        let (record, _) = self.scene(1000 + index)?;
        let prompt = captions::captions(&record, &mut captions::wording(&record, 0)).en;
        let (size, fps, seed) = (self.size(), self.options.fps.to_string(), index.to_string());
        let native = ["--size", size.as_str(), "--fps", &fps, "--seed", &seed];
        let clip = self.path("clip.mp4");
        let clip = clip.to_string_lossy();
        self.kinora(&[&["generate", &prompt, "-o", &clip], &native[..]].concat())?;
        let source = SECONDS * self.options.fps;
        let fits = |frames: Vec<RgbImage>| match frames.len() > source {
            true => Ok(frames),
            false => bail!("{} frames are no more than the clip had", frames.len()),
        };

        let longer =
            fits(self.frames(&[&["extend", &clip, "--after", "2"], &native[..4]].concat())?)?;
        let change = changes(&longer);
        let largest = change[..source - 1].iter().copied().fold(STILL, f64::max);
        figures.extend.push(change[source - 1] / largest);

        let round =
            fits(self.frames(&[&["loop", &clip, "--length", "short"], &native[..4]].concat())?)?;
        let change = changes(&round);
        let back = difference(&round[round.len() - 1], &round[0]);
        figures.looped.push(back / median(&change).max(STILL));

        let other = match prompt.contains("penguin") {
            true => "a lion in the meadow",
            false => "a penguin on the beach",
        };
        let before = self.frames(&[&["recut", &clip, "--keep", "0..5"], &native[..4]].concat())?;
        for (strength, changed) in STRENGTHS.iter().zip(&mut figures.remix) {
            let strength = strength.to_string();
            let remix = ["remix", &clip, other, "--strength", &strength];
            let after = self.frames(&[&remix[..], &native[..4]].concat())?;
            let pairs = before.iter().zip(&after);
            let all: Vec<f64> = pairs.map(|(a, b)| difference(a, b)).collect();
            changed.push(mean(&all));
        }
        Ok(())
    }
}

impl Cards {
    fn tell(&self, out: &mut String) -> std::fmt::Result {
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

impl Edits {
    fn tell(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "| extend: change at the seam, of the largest inside the source | {:.2}×; {} at most 1× | 1× |",
            median(&self.extend),
            share(&self.extend, |times| times <= 1.0)
        )?;
        writeln!(
            out,
            "| loop: change from last to first frame, of the median | {:.2}×; {} at most 1.5× | 1.5× |",
            median(&self.looped),
            share(&self.looped, |times| times <= 1.5)
        )?;
        let changed: Vec<String> = STRENGTHS
            .iter()
            .zip(&self.remix)
            .map(|(strength, changed)| format!("{:.1} at {strength}", mean(changed)))
            .collect();
        writeln!(
            out,
            "| remix: change from the source, of 255 | {} | rising |",
            changed.join(", ")
        )
    }
}

/// Mean absolute difference, of 255.
fn difference(a: &RgbImage, b: &RgbImage) -> f64 {
    let pairs = a.as_raw().iter().zip(b.as_raw());
    let sum: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / a.as_raw().len() as f64
}

/// From each frame to the next.
fn changes(frames: &[RgbImage]) -> Vec<f64> {
    let pairs = frames.windows(2);
    pairs.map(|pair| difference(&pair[0], &pair[1])).collect()
}

fn psnr(a: &RgbImage, b: &RgbImage) -> f64 {
    let pairs = a.as_raw().iter().zip(b.as_raw());
    let sum: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    let mse = (sum / a.as_raw().len() as f64).max(1e-3);
    10.0 * (255.0 * 255.0 / mse).log10()
}

/// Root mean square, of 255, of what is left of `x` after the best α·a + (1 − α)·b.
fn residual(a: &RgbImage, b: &RgbImage, x: &RgbImage) -> f64 {
    let (mut along, mut length) = (0.0, 0.0);
    let values = || {
        let ends = a.as_raw().iter().zip(b.as_raw());
        ends.zip(x.as_raw())
            .map(|((&a, &b), &x)| (f64::from(a) - f64::from(b), f64::from(x) - f64::from(b)))
    };
    for (d, x) in values() {
        along += d * x;
        length += d * d;
    }
    let alpha = if length > 0.0 { along / length } else { 0.0 };
    let rest: f64 = values().map(|(d, x)| (x - alpha * d).powi(2)).sum();
    (rest / x.as_raw().len() as f64).sqrt()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn share(values: &[f64], holds: impl Fn(f64) -> bool) -> String {
    let count = values.iter().filter(|&&value| holds(value)).count();
    format!("{count} of {}", values.len())
}

/// Rows of real moments above drawn ones.
fn save_sheet(rows: &[[Vec<RgbImage>; 2]], path: &Path) -> Result<()> {
    let Some(first) = rows.first().and_then(|row| row[0].first()) else {
        return Ok(());
    };
    let (width, height) = (first.width() / 2, first.height() / 2);
    let gap = 6;
    let mut sheet = RgbImage::new(
        width * SHOWN.1 as u32,
        (2 * height + gap) * rows.len() as u32,
    );
    for (r, row) in rows.iter().enumerate() {
        for (line, frames) in row.iter().enumerate() {
            for (c, frame) in frames.iter().enumerate() {
                let small = image::imageops::thumbnail(frame, width, height);
                let y = r as u32 * (2 * height + gap) + line as u32 * height;
                image::imageops::replace(&mut sheet, &small, c as i64 * i64::from(width), y.into());
            }
        }
    }
    sheet
        .save(path)
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn ramp(from: u8, step: u8) -> RgbImage {
        RgbImage::from_fn(8, 8, |x, y| Rgb([from + step * (x as u8), from, y as u8]))
    }

    #[test]
    fn a_mix_of_the_ends_leaves_nothing_and_something_new_does() {
        let (a, b) = (ramp(0, 4), ramp(40, 8));
        let mix = RgbImage::from_fn(8, 8, |x, y| {
            let (a, b) = (a.get_pixel(x, y), b.get_pixel(x, y));
            Rgb([0, 1, 2].map(|c| (u16::from(a[c]) / 2 + u16::from(b[c]) / 2) as u8))
        });
        assert!(residual(&a, &b, &mix) < 0.5);
        assert!(residual(&a, &b, &a) < 1e-6);
        let new = RgbImage::from_fn(8, 8, |x, y| Rgb([(x * y) as u8 * 3, 90, 200]));
        assert!(residual(&a, &b, &new) > 20.0);
    }

    #[test]
    fn figures_are_of_what_they_say() {
        let (a, b) = (ramp(10, 0), ramp(13, 0));
        assert!((difference(&a, &b) - 2.0).abs() < 1e-9); // two of three channels
        assert!(psnr(&a, &a) > 70.0 && psnr(&a, &b) < 45.0);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(share(&[1.0, 4.0], |v| v <= 3.0), "1 of 2");
    }
}
