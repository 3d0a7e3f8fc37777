//! What a user should know of a timeline before it is drawn.

use super::Span;
use super::contradictions::contradictions;
use super::spacing::close;
use super::timeline::Timeline;
use crate::request::Effort;

pub(super) fn warnings(timeline: &Timeline, spans: &[Span]) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(long(timeline, spans));
    notes.extend(close(timeline));
    notes.extend(sizes(timeline, spans));
    notes.extend(sound(timeline));
    notes.extend(contradictions(timeline));
    notes
}

/// Spans that are drawn in more than one window.
fn long(timeline: &Timeline, spans: &[Span]) -> Option<String> {
    let drawn = spans.iter().filter_map(Span::drawn);
    let longest = drawn.max_by_key(|span| span.windows.len())?;
    let window = timeline.model.defaults.window?;
    (longest.windows.len() > 1).then(|| {
        format!(
            "{:.1} s at a stretch are more than {} draws at once ({:.1} s): they are drawn in {} windows, \
             each going on from the one before, and may drift",
            timeline.output.fps.seconds(longest.frames),
            timeline.model.title,
            (window as f64 - 1.0) / timeline.drawn.fps.as_f64(),
            longest.windows.len()
        )
    })
}

/// Footage that does not stay bit for bit.
fn sizes(timeline: &Timeline, spans: &[Span]) -> Option<String> {
    let output = timeline.output;
    if timeline.request.effort == Effort::Draft {
        return None; // small is what a draft is
    }
    let other = spans.iter().find_map(|span| match span {
        Span::Kept(kept) if !kept.fits(output) => Some(kept),
        _ => None,
    })?;
    Some(format!(
        "the footage of {} is {}x{} at {} fps and is brought to {}x{} at {} fps",
        other.path.display(),
        other.source_size.0,
        other.source_size.1,
        other.source_fps,
        output.size.0,
        output.size.1,
        output.fps
    ))
}

fn sound(timeline: &Timeline) -> Option<String> {
    let cards = timeline.request.cards.iter().zip(timeline.facts);
    let mut loud = cards.filter(|(_, facts)| facts.is_some_and(|facts| facts.audio));
    let path = loud.next()?.0.media()?;
    Some(format!("the sound of {} is left behind", path.display()))
}
