//! What actors do, as a verb of a sentence and as a participle.

use crate::captions::{is_thing, on_feet, pick};
use crate::record::SceneRecord;
use crate::rng::Dice;
use crate::vocabulary::{Action, Surface};

/// What it does; `object` is whom to, where it takes two.
pub(super) fn verb_phrase(
    record: &SceneRecord,
    action: Action,
    many: bool,
    object: &str,
    dice: &mut Dice,
) -> String {
    let place = record.place;
    let thing = is_thing(record);
    let one: &[&str] = match action {
        Action::Chases if !on_feet(record) => &["chases", "chases", "hunts", "is chasing"],
        Action::Follows if !on_feet(record) => &["follows", "follows", "is following"],
        Action::Stands if thing => &["stands", "rests", "stays still", "is standing"],
        Action::GoesAway if thing => &["goes away", "moves away", "leaves"],
        Action::Stands => match place.surface() {
            Surface::Submerged => &["rests", "stays"],
            _ => &[
                "stands",
                "stands",
                "stands",
                "waits",
                "rests",
                "is standing",
            ],
        },
        Action::Walks => &["walks", "walks", "walks", "strolls", "is walking"],
        Action::Runs => &["runs", "runs", "races", "is running"],
        Action::Jumps => &["jumps", "jumps", "hops", "leaps", "is jumping"],
        Action::Flies => &["flies", "flies", "soars", "is flying"],
        Action::Swims => &["swims", "swims", "floats", "is swimming"],
        Action::Turns => &["turns around", "turns", "is turning around"],
        Action::Falls => &["falls", "falls down", "drops", "is falling"],
        Action::Grows => &["grows", "gets bigger", "grows bigger", "is growing"],
        Action::ComesCloser => &[
            "comes closer",
            "approaches",
            "comes towards us",
            "is coming closer",
        ],
        Action::Spins => &["spins", "spins around", "rolls over", "is spinning"],
        Action::Eats => &["eats", "eats", "feeds", "grazes", "is eating"],
        Action::Attacks => &["attacks", "attacks", "strikes", "lunges", "is attacking"],
        Action::Fishes => &[
            "catches a fish",
            "dips its head into the water and comes up with a fish",
            "dips its head into the water and catches a fish",
            "is catching a fish",
        ],
        Action::GoesAway => &[
            "walks away",
            "walks away",
            "goes away",
            "leaves",
            "is walking away",
        ],
        Action::Chases => &["chases", "chases", "runs after", "is chasing"],
        Action::Follows => &["follows", "follows", "walks behind", "is following"],
        Action::Meets => &["meets", "meets", "comes face to face with", "is meeting"],
        Action::Fights => &["fights", "fights with", "battles", "is fighting"],
        Action::Circles => &[
            "walks around",
            "circles",
            "walks in a circle around",
            "is circling",
        ],
        Action::TakesOff => &["takes off", "takes off", "flies up", "is taking off"],
        Action::Lands => &["lands", "lands", "touches down", "is landing"],
        Action::Bounces => &["bounces", "bounces", "bounces up and down", "is bouncing"],
        Action::Rolls => &["rolls", "rolls", "rolls by", "is rolling"],
        Action::Drives => &["drives", "drives", "drives by", "is driving"],
        Action::Sails => &["sails", "sails", "sails by", "is sailing"],
        Action::Rises => &["rises", "rises", "floats up", "is rising"],
        Action::Burns => &["burns", "burns", "is on fire", "is burning"],
        Action::Sprays => &[
            "sprays water",
            "sprays water",
            "gushes",
            "is spraying water",
        ],
    };
    let text = pick(one, dice);
    if action.takes_two() {
        return format!("{text} {object}");
    }
    if !many {
        return text.to_string();
    }
    if action == Action::Fishes {
        return "catch a fish".to_string();
    }
    // "walks around" → "walk around", "is walking" → "are walking".
    let (head, tail) = text.split_once(' ').unwrap_or((text, ""));
    let head = match head {
        "is" => "are".to_string(),
        "flies" => "fly".to_string(),
        "approaches" => "approach".to_string(),
        other => other.strip_suffix('s').unwrap_or(other).to_string(),
    };
    if tail.is_empty() {
        head
    } else {
        format!("{head} {tail}")
    }
}

/// The same as a participle: "chasing a deer".
pub(super) fn ing(action: Action, object: &str, dice: &mut Dice) -> String {
    let word = match action {
        Action::Stands => pick(&["standing", "resting"], dice),
        Action::Walks => pick(&["walking", "strolling"], dice),
        Action::Runs => pick(&["running", "racing"], dice),
        Action::Jumps => pick(&["jumping", "hopping"], dice),
        Action::Flies => pick(&["flying", "soaring"], dice),
        Action::Swims => pick(&["swimming", "floating"], dice),
        Action::Turns => "turning around",
        Action::Falls => pick(&["falling", "falling down"], dice),
        Action::Grows => pick(&["growing", "getting bigger"], dice),
        Action::ComesCloser => pick(&["coming closer", "approaching"], dice),
        Action::Spins => pick(&["spinning", "rolling over"], dice),
        Action::Eats => pick(&["eating", "feeding"], dice),
        Action::Attacks => pick(&["attacking", "striking"], dice),
        Action::Fishes => "catching a fish",
        Action::GoesAway => pick(&["going away", "leaving"], dice),
        // These hold on feet, on wings and in the water.
        Action::Chases => pick(&["chasing", "hunting"], dice),
        Action::Follows => "following",
        Action::Meets => "meeting",
        Action::Fights => pick(&["fighting", "battling"], dice),
        Action::Circles => pick(&["circling", "walking around"], dice),
        Action::TakesOff => pick(&["taking off", "flying up"], dice),
        Action::Lands => pick(&["landing", "touching down"], dice),
        Action::Bounces => "bouncing",
        Action::Rolls => "rolling",
        Action::Drives => pick(&["driving", "driving by"], dice),
        Action::Sails => "sailing",
        Action::Rises => pick(&["rising", "floating up"], dice),
        Action::Burns => pick(&["burning", "on fire"], dice),
        Action::Sprays => "spraying water",
    };
    if action.takes_two() {
        format!("{word} {object}")
    } else {
        word.to_string()
    }
}
