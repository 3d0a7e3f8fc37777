//! Joints between what is kept and what is drawn, of every edit that has them; a shot gone on with twelve times.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, bail};
use kinora_world::captions;
use kinora_world::record::SceneRecord;

use super::frames::{changes, median, share};
use super::named::Named;
use super::{Bench, SECONDS, STILL, rest};

/// The change at each joint, as a multiple of the largest change inside the clips that are joined, by edit.
#[derive(Default)]
pub struct Seams(BTreeMap<&'static str, Vec<f64>>);

/// How often a shot is gone on with, seconds each time, and which of the times are named.
const TIMES: usize = 12;
const ADDED: usize = 2;
const LOOKED_AT: [usize; 4] = [1, 4, 8, TIMES];

impl Bench<'_> {
    /// Two clips, joined in every way; the first gone on with again and again.
    pub fn seams(&self, index: u64, figures: &mut Seams, named: &mut Named) -> Result<()> {
        let (first, second) = (self.lone(8000 + 2 * index), self.lone(8001 + 2 * index));
        let (one, one_moves) = self.clip("one.mp4", &first, index)?;
        let (two, two_moves) = self.clip("two.mp4", &second, index)?;
        let both = one_moves.max(two_moves);
        let blend = |preset| ["blend", one.as_str(), &two, "--preset", preset];
        let edits: [(_, &[&str], _); 5] = [
            (
                "extend, before",
                &["extend", &one, "--before", "2"],
                one_moves,
            ),
            (
                "re-cut, 2 s drawn between",
                &["recut", &one, "--keep", "0..2,3..5", "--gap", "2"],
                one_moves,
            ),
            ("blend, transition", &blend("transition"), both),
            ("blend, mix", &blend("mix"), both),
            ("blend, sample", &blend("sample"), both),
        ];
        for (what, edit, largest) in edits {
            let joints = self.joints(edit)?;
            let frames = self.frames(edit)?;
            let change = changes(&frames);
            let seams = figures.0.entry(what).or_default();
            for joint in &joints {
                let Some(change) = change.get(joint - 1) else {
                    bail!("{what}: a joint at frame {joint} of {}", frames.len());
                };
                seams.push(change / largest);
            }
            if let ("blend, mix" | "blend, sample", [from, to]) = (what, &joints[..]) {
                let drawn = &frames[*from..*to];
                named.add(&format!("{what}: the first clip"), &first, drawn)?;
                named.add(&format!("{what}: the second clip"), &second, drawn)?;
            }
        }
        self.go_on(one, &first, named)
    }

    /// Goes on with a clip twelve times, each from the file that the last one wrote.
    fn go_on(&self, mut clip: String, record: &SceneRecord, named: &mut Named) -> Result<()> {
        for time in 1..=TIMES {
            let longer = self.path(&format!("longer-{time}.mp4"));
            let longer = longer.to_string_lossy().into_owned();
            let after = ADDED.to_string();
            let extend = ["extend", &clip, "--after", &after, "-o", &longer];
            self.kinora(&extend, &rest)?;
            clip = longer;
            if LOOKED_AT.contains(&time) {
                let end = SECONDS + time * ADDED;
                let added = format!("{}..{end}", end - ADDED);
                let recut = ["recut", &clip, "--keep", &added];
                let frames = self.frames(&recut)?;
                named.add(&format!("what extension {time} added"), record, &frames)?;
            }
        }
        Ok(())
    }

    /// A clip of a scene's words, and its largest change.
    fn clip(&self, name: &str, record: &SceneRecord, seed: u64) -> Result<(String, f64)> {
        let words = captions::captions(record, &mut captions::wording(record, 0)).en;
        let clip = self.path(name).to_string_lossy().into_owned();
        let seed = seed.to_string();
        let generate = ["generate", &words, "--seed", &seed, "-o", &clip];
        self.kinora(&generate, &rest)?;
        let whole = format!("0..{SECONDS}");
        let recut = ["recut", &clip, "--keep", &whole];
        let frames = self.frames(&recut)?;
        let largest = changes(&frames).into_iter().fold(STILL, f64::max);
        Ok((clip, largest))
    }

    /// The frames at which what is kept and what is drawn meet.
    fn joints(&self, edit: &[&str]) -> Result<Vec<usize>> {
        let plan = self.plan(edit)?;
        let spans = plan["plan"]["spans"].as_array().map_or(&[][..], |s| s);
        let starts = spans.iter().skip(1).map(|span| {
            let second = span["from"].as_f64().unwrap_or_default();
            (second * self.options.fps as f64).round() as usize
        });
        Ok(starts.collect())
    }
}

impl Seams {
    pub fn tell(&self, out: &mut String) -> std::fmt::Result {
        for (edit, seams) in &self.0 {
            writeln!(
                out,
                "| {edit}: change at the seams, of the largest inside the clips | {:.2}×; {} at most 1× | 1× |",
                median(seams),
                share(seams, |times| times <= 1.0)
            )?;
        }
        Ok(())
    }
}
