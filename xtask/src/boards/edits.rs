//! Clips gone on with, looped, changed and blended.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use image::RgbImage;
use kinora_world::captions;
use kinora_world::record::SceneRecord;

use super::frames::{changes, difference, mean, median, share};
use super::named::Named;
use super::{Bench, SECONDS, STILL, rest};

/// Figures of edits, one a clip.
#[derive(Default)]
pub struct Edits {
    extend: Vec<f64>,
    looped: Vec<f64>,
    /// Change from the source at rising strengths.
    remix: [Vec<f64>; 4],
}

const STRENGTHS: [f64; 4] = [0.2, 0.4, 0.6, 0.9];

impl Bench<'_> {
    /// A clip of its own, gone on with, looped and changed.
    pub fn edits(&self, index: u64, figures: &mut Edits, named: &mut Named) -> Result<()> {
        let (record, _) = self.scene(1000 + index)?;
        let prompt = captions::captions(&record, &mut captions::wording(&record, 0)).en;
        let seed = index.to_string();
        let clip = self.path("clip.mp4");
        let clip = clip.to_string_lossy();
        let generate = ["generate", &prompt, "--seed", &seed, "-o", &clip];
        self.kinora(&generate, &rest)?;
        let source = SECONDS * self.options.fps;
        let fits = |frames: Vec<RgbImage>| match frames.len() > source {
            true => Ok(frames),
            false => bail!("{} frames are no more than the clip had", frames.len()),
        };

        let longer = fits(self.frames(&["extend", &clip, "--after", "2"])?)?;
        let change = changes(&longer);
        let largest = change[..source - 1].iter().copied().fold(STILL, f64::max);
        figures.extend.push(change[source - 1] / largest);

        let round = fits(self.frames(&["loop", &clip, "--length", "short"])?)?;
        let change = changes(&round);
        let back = difference(&round[round.len() - 1], &round[0]);
        figures.looped.push(back / median(&change).max(STILL));

        let wanted = self.lone(7000 + index);
        let other = captions::captions(&wanted, &mut captions::wording(&wanted, 0)).en;
        let before = self.frames(&["recut", &clip, "--keep", "0..5"])?;
        for (strength, changed) in STRENGTHS.iter().zip(&mut figures.remix) {
            let strength = strength.to_string();
            let remix = ["remix", &clip, &other, "--strength", &strength];
            let after = self.frames(&remix)?;
            let pairs = before.iter().zip(&after);
            let all: Vec<f64> = pairs.map(|(a, b)| difference(a, b)).collect();
            changed.push(mean(&all));
            named.add(
                &format!("remix at {strength}: the new prompt"),
                &wanted,
                &after,
            )?;
        }
        self.blend(index, &record, (&clip, &wanted, &other), named)
    }

    /// A clip into one of another scene, over three seconds: what the classifier sees of both, third by third.
    fn blend(
        &self,
        index: u64,
        first: &SceneRecord,
        (clip, second, words): (&str, &SceneRecord, &str),
        named: &mut Named,
    ) -> Result<()> {
        let seed = (index + 1).to_string();
        let other = self.path("other.mp4");
        let other = other.to_string_lossy();
        let generate = ["generate", words, "--seed", &seed, "-o", &other];
        self.kinora(&generate, &rest)?;
        let blended = self.frames(&["blend", clip, &other])?;
        let fps = self.options.fps;
        for (third, from) in ["first", "second", "last"].iter().zip(2..) {
            let Some(part) = blended.get(from * fps..(from + 1) * fps) else {
                bail!("a blend of {} frames", blended.len());
            };
            named.add(
                &format!("blend, {third} third: the first clip"),
                first,
                part,
            )?;
            named.add(
                &format!("blend, {third} third: the second clip"),
                second,
                part,
            )?;
        }
        Ok(())
    }
}

impl Edits {
    pub fn tell(&self, out: &mut String) -> std::fmt::Result {
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
