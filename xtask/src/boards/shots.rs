//! Boards of text cards, drafts beside finals, shots of minutes, styles.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Result, bail};
use image::RgbImage;
use kinora_world::captions;
use kinora_world::record::SceneRecord;
use kinora_world::vocabulary::{Action, Style};

use super::frames::{changes, difference, likeness, looks, mean, median, moments, share};
use super::named::Named;
use super::{Bench, SECONDS, SHOWN, STILL};

/// Figures of whole shots.
#[derive(Default)]
pub struct Shots {
    /// The largest change around a text card, as a multiple of the shot's median.
    borders: Vec<f64>,
    /// How alike a draft is to the final of its seed, and a final of another seed to it.
    drafts: Vec<f64>,
    others: Vec<f64>,
    /// Light, colour and edges of the last ten seconds of a long shot, as multiples of the first ten's; motion.
    drift: [Vec<f64>; 4],
    /// Megabytes at most, of ten seconds and of the long shot.
    memory: [Vec<f64>; 2],
    seconds: f64,
    /// How far a style changes a shot, as a multiple of what another seed does.
    styles: Vec<f64>,
}

/// The built-in styles, and what the world calls them where flat scenes know them.
const STYLES: [(&str, Option<Style>); 5] = [
    ("Archival", Some(Style::OldFilm)),
    ("Film Noir", Some(Style::Noir)),
    ("Cardboard & Papercraft", Some(Style::Papercraft)),
    ("Whimsical Stop Motion", None),
    ("Balloon World", None),
];

impl Bench<'_> {
    fn words(&self, record: &SceneRecord, index: u64) -> String {
        let words = captions::captions(record, &mut captions::wording(record, 0));
        match index.is_multiple_of(2) {
            true => words.en,
            false => words.zh,
        }
    }

    /// Two text cards five seconds apart, with another actor each, in one place.
    pub fn texts(
        &self,
        index: u64,
        figures: &mut Shots,
        named: &mut Named,
    ) -> Result<Vec<RgbImage>> {
        let first = self.lone(3000 + 2 * index);
        let mut second = self.lone(3001 + 2 * index);
        (second.place, second.time) = (first.place, first.time);
        (second.weather, second.camera) = (first.weather, first.camera);
        let can = second.possible_actions();
        if !can.contains(&second.action) {
            second.action = *can.first().unwrap_or(&Action::Stands);
        }
        let mut board = format!("duration = {}\nseed = {index}\n", 2 * SECONDS);
        for (at, record) in [(0, &first), (SECONDS, &second)] {
            let text = self.words(record, index);
            write!(board, "[[card]]\nat = {at}.0\ntext = {text:?}\n")?;
        }
        let drawn = self.storyboard(&board)?;
        let border = SECONDS * self.options.fps;
        if drawn.len() != 2 * border {
            bail!("{} frames of a board of {} s", drawn.len(), 2 * SECONDS);
        }
        let change = changes(&drawn);
        let near = &change[border - self.options.fps..border + self.options.fps];
        let largest = near.iter().copied().fold(0.0, f64::max);
        figures.borders.push(largest / median(&change).max(STILL));
        let (before, after) = drawn.split_at(border);
        named.add("text card at 0 s, in its own segment", &first, before)?;
        named.add("text card at 5 s, in its own segment", &second, after)?;
        if first.actor.kind != second.actor.kind {
            named.add("text card at 0 s, in the other's segment", &first, after)?;
        }
        Ok(moments(&drawn, SHOWN.1))
    }

    /// A draft, the final of its seed, and the final of another.
    pub fn draft(&self, index: u64, figures: &mut Shots) -> Result<[Vec<RgbImage>; 2]> {
        let words = self.words(&self.lone(4000 + index), index);
        let draw = |seed: u64, more: &[&str]| {
            let seed = seed.to_string();
            let asked = ["generate", &words, "--seed", &seed];
            self.frames(&[&asked[..], more].concat())
        };
        let (draft, whole) = (draw(index, &["--draft"])?, draw(index, &[])?);
        let other = draw(index + 1000, &[])?;
        figures.drafts.push(likeness(&draft, &whole));
        figures.others.push(likeness(&other, &whole));
        Ok([moments(&draft, SHOWN.1), moments(&whole, SHOWN.1)])
    }

    /// One scene for minutes, beside its first ten seconds alone.
    pub fn long(
        &self,
        index: u64,
        figures: &mut Shots,
        named: &mut Named,
    ) -> Result<Vec<RgbImage>> {
        let record = self.lone(6000 + index);
        let words = self.words(&record, index);
        let card = format!("[[card]]\nat = 0.0\ntext = {words:?}\n");
        let board = |seconds: f64| format!("duration = {seconds}\nseed = {index}\n{card}");
        let seconds = self.options.minutes * 60.0;
        let (_, little) = self.storyboard_within(&board(10.0))?;
        let (drawn, much) = self.storyboard_within(&board(seconds))?;
        let wanted = (seconds * self.options.fps as f64).round() as usize;
        if drawn.len() != wanted {
            bail!("{} frames of {wanted}", drawn.len());
        }
        figures.seconds = seconds;
        figures.memory[0].push(little);
        figures.memory[1].push(much);
        let ten = 10 * self.options.fps;
        let (begin, end) = (&drawn[..ten], &drawn[wanted - ten..]);
        let all = |frames: &[RgbImage]| {
            let looks: Vec<[f64; 3]> = frames.iter().map(looks).collect();
            let of = |i: usize| mean(&looks.iter().map(|l| l[i]).collect::<Vec<_>>());
            [of(0), of(1), of(2), mean(&changes(frames)).max(STILL)]
        };
        for ((drift, first), last) in figures.drift.iter_mut().zip(all(begin)).zip(all(end)) {
            drift.push(last / first.max(1e-6));
        }
        for (i, part) in drawn.chunks(ten).enumerate() {
            named.add(
                &format!("one scene for minutes, from {} s on", 10 * i),
                &record,
                part,
            )?;
        }
        Ok(moments(&drawn, SHOWN.1))
    }

    /// One scene in each of the styles.
    pub fn styles(
        &self,
        index: u64,
        figures: &mut Shots,
        named: &mut Named,
    ) -> Result<Vec<RgbImage>> {
        let mut record = self.lone(5000 + index);
        let words = self.words(&record, index);
        let draw = |seed: &str, more: &[&str]| {
            let asked = ["generate", &words, "--seed", seed];
            self.frames(&[&asked[..], more].concat())
        };
        let far = |a: &[RgbImage], b: &[RgbImage]| {
            let pairs = a.iter().zip(b);
            mean(&pairs.map(|(a, b)| difference(a, b)).collect::<Vec<_>>())
        };
        let (plain, other) = (draw("1", &[])?, draw("2", &[])?);
        let usual = far(&plain, &other).max(STILL);
        let mut row = vec![plain[plain.len() / 2].clone()];
        for (style, known) in STYLES {
            let styled = draw("1", &["--style", style])?;
            if let Some(known) = known {
                record.style = known;
                named.add(&format!("in the style {style}"), &record, &styled)?;
            }
            figures.styles.push(far(&plain, &styled) / usual);
            row.push(styled[styled.len() / 2].clone());
        }
        Ok(row)
    }

    /// Frames of a board, and the megabytes that drawing them took at most; 0 where the system does not tell.
    fn storyboard_within(&self, board: &str) -> Result<(Vec<RgbImage>, f64)> {
        let peak = std::cell::Cell::new(0f64);
        let frames = self.storyboard_watched(board, &|id| {
            let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kb = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            peak.set(peak.get().max(kb.unwrap_or(0.0) / 1024.0));
            std::thread::sleep(Duration::from_millis(100));
        })?;
        Ok((frames, peak.get()))
    }
}

impl Shots {
    pub fn tell(&self, out: &mut String) -> std::fmt::Result {
        if !self.borders.is_empty() {
            writeln!(
                out,
                "| the largest change within a second of a text card, of the shot's median | {:.1}×; {} at most 4× | no cut |",
                median(&self.borders),
                share(&self.borders, |times| times <= 4.0)
            )?;
        }
        if !self.drafts.is_empty() {
            let pairs = self.drafts.iter().zip(&self.others);
            let margin: Vec<f64> = pairs.map(|(draft, other)| draft - other).collect();
            writeln!(
                out,
                "| layout of a draft and its final, beside a final of another seed | {:.2} beside {:.2}; {} nearer | nearer |",
                median(&self.drafts),
                median(&self.others),
                share(&margin, |margin| margin > 0.0)
            )?;
        }
        if !self.memory[1].is_empty() {
            let of = |i: usize| median(&self.drift[i]);
            writeln!(
                out,
                "| {:.0} s at a stretch, last ten seconds of the first: light, colour, edges, motion | {:.2}×, {:.2}×, {:.2}×, {:.2}× | 0.8–1.25× |",
                self.seconds,
                of(0),
                of(1),
                of(2),
                of(3)
            )?;
            writeln!(
                out,
                "| memory at most: ten seconds, {:.0} s | {:.0} MB, {:.0} MB | flat |",
                self.seconds,
                median(&self.memory[0]),
                median(&self.memory[1])
            )?;
        }
        if !self.styles.is_empty() {
            writeln!(
                out,
                "| change by a style, of that by another seed | {:.2}× | – |",
                median(&self.styles)
            )?;
        }
        Ok(())
    }
}
