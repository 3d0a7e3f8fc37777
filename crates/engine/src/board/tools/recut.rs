//! Trim, split, reorder, re-time: kept parts, and what is drawn between them.

use std::path::Path;

use super::Footage;
use crate::board::{Board, Card};
use crate::plan::limits::{SPEED, within};
use crate::text::{counted, number};
use crate::{Error, Result};

/// A part of a clip that stays.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Seconds of the clip.
    pub from: f64,
    pub to: f64,
    /// How many times as fast it plays, 0.1–10; its frames stay the clip's own.
    pub speed: f64,
}

/// Parts of a clip in the order given. `gaps` are the seconds drawn between neighbours, and `prompts` what happens there:
/// one for all, or one each; without a prompt, what the clip was made from.
pub fn recut(clip: &Path, keep: &[Part], gaps: &[f64], prompts: &[&str]) -> Result<Board> {
    if keep.is_empty() {
        return Err(Error::request(
            "nothing is kept",
            "give at least one range, for instance --keep 0..2.5",
        ));
    }
    let between = keep.len() - 1;
    for (given, what) in [(gaps.len(), "lengths"), (prompts.len(), "prompts")] {
        if given > 1 && given != between {
            return Err(Error::request(
                format!("{given} {what} of gaps, but {}", counted(between, "gap")),
                "give one for all, or one for each gap between two parts",
            ));
        }
    }
    if let Some(gap) = gaps.iter().find(|gap| !(**gap >= 0.0 && gap.is_finite())) {
        return Err(Error::request(
            format!("a gap of {} s", number(*gap)),
            "give 0 or more seconds",
        ));
    }
    let footage = Footage::of(clip)?;
    let common = match prompts {
        [] => None,
        [one] => Some(*one),
        _ => Some(""), // each gap has its own
    };
    let mut board = footage.board("recut", 0.0, common);
    let mut at = 0.0;
    for (index, part) in keep.iter().enumerate() {
        within("a speed of", part.speed, &SPEED, "(0.5 is half as fast)")?;
        let (from, to) = footage.range((part.from, part.to))?;
        let card = footage.part(at, (from, to)).played(part.speed);
        board.cards.push(card);
        at += footage
            .whole((to - from) / part.speed)
            .max(footage.whole_frame());
        if index == between {
            break;
        }
        let gap = match gaps {
            [one] => *one,
            gaps => gaps.get(index).copied().unwrap_or(0.0),
        };
        let gap = footage.whole(gap);
        if let Some(prompt) = prompts
            .get(index)
            .filter(|_| prompts.len() > 1 && gap > 0.0)
        {
            board.cards.push(Card::text(at, *prompt));
        }
        at += gap;
    }
    board.duration = at;
    Ok(board)
}
