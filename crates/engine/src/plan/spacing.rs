//! Whether cards leave the model room: what lies at one moment, and what lies too near.

use super::media::name_of;
use super::timeline::Timeline;
use crate::board::{Card, CardKind, Gap};
use crate::model::Model;
use crate::text::number;
use crate::{Error, Result};

/// A card and its place in the board.
type Placed<'a> = (usize, &'a Card);

/// Refuses two pictures at one moment: none could be met.
pub(super) fn check_moments(timeline: &Timeline) -> Result<()> {
    let frame = |at: f64| timeline.output.fps.frames_in(at);
    let cards = in_order(timeline, |card| shows(card) && !card.is_kept()).into_iter();
    let cards = cards.map(|(index, card)| (frame(card.at), name_of(index, card)));
    let conditions = timeline.request.conditions.iter();
    let conditions = conditions.map(|met| (frame(met.at), met.path.display().to_string()));
    let mut met: Vec<(u64, String)> = cards.chain(conditions).collect();
    met.sort_by_key(|(frame, _)| *frame);
    match met.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some([(_, first), (_, second)]) => Err(Error::request(
            format!("{first} and {second} are two pictures at one moment"),
            "move one of them, or remove it",
        )),
        _ => Ok(()),
    }
}

/// Cards that lie too near each other for a flowing shot.
pub(super) fn close(timeline: &Timeline) -> Vec<String> {
    let room = bridged(timeline.model);
    let frame = 1.0 / timeline.output.fps.as_f64();
    let near = |gap: f64, second: &Card| gap < room - 1e-6 && second.gap == Gap::Flow;
    let apart = |(i, first): Placed, (j, second): Placed, gap: f64| {
        format!(
            "{} and {} are {} s apart, less than the {} s that {} bridges",
            name_of(i, first),
            name_of(j, second),
            number(gap),
            number(room),
            timeline.model.title
        )
    };
    let mut notes = Vec::new();
    for pair in in_order(timeline, shows).windows(2) {
        let [first, second] = [pair[0], pair[1]];
        let gap = second.1.at - first.1.end();
        // Footage that touches is joined as it is.
        let joined = gap.abs() < 0.5 * frame && first.1.is_kept() && second.1.is_kept();
        if near(gap, second.1) && !joined {
            let said = apart(first, second, gap);
            notes.push(format!("{said}: expect a jump, or set gap = \"cut\""));
        }
    }
    let says = |card: &Card| card.text.is_some();
    for pair in in_order(timeline, says).windows(2) {
        let [first, second] = [pair[0], pair[1]];
        let gap = second.1.at - first.1.at;
        if near(gap, second.1) {
            let said = apart(first, second, gap);
            notes.push(format!(
                "{said}: little will be seen of what the first says"
            ));
        }
    }
    notes
}

/// Seconds between two cards that the model can draw a way through: each lies in a latent of its own, and at least one is
/// free between them.
fn bridged(model: &Model) -> f64 {
    2.0 * model.geometry.temporal as f64 / model.defaults.fps.as_f64()
}

/// Whether a card's own picture is seen.
fn shows(card: &Card) -> bool {
    card.kind != CardKind::Text
}

/// The cards of a kind in the order of time.
fn in_order<'a>(timeline: &Timeline<'a>, wanted: impl Fn(&Card) -> bool) -> Vec<Placed<'a>> {
    let cards = timeline.request.cards.iter().enumerate();
    let mut cards: Vec<Placed> = cards.filter(|(_, card)| wanted(card)).collect();
    cards.sort_by(|a, b| a.1.at.total_cmp(&b.1.at));
    cards
}
