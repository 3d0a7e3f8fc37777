//! English sentences.

use super::{noun as choose_noun, pick, says_camera, says_direction};
use crate::record::SceneRecord;
use crate::rng::Dice;
use crate::vocabulary::{Action, Camera, Direction, Place, Style, Surface, Time, Weather};

pub(super) fn sentence(
    record: &SceneRecord,
    action: Action,
    then: Option<Action>,
    dice: &mut Dice,
) -> String {
    let actor = record.actor_entry();
    let many = record.actor.count > 1;
    let noun = &dress(record, choose_noun(actor.en, dice), dice);
    let subject = match record.actor.count {
        1 if dice.chance(0.85) => format!("{} {noun}", article(noun)),
        1 => format!("the {noun}"),
        2 => format!("two {}", plural(noun)),
        _ => format!("three {}", plural(noun)),
    };
    let way = record.direction;
    let place = pick(places(record.place), dice);
    let object = object(record, dice);
    let mut verb = verb_phrase(record, action, many, &object, dice);
    let mut side = String::new();
    if says_direction(record, action, dice) {
        side = format!(" {}", direction(action, way, dice));
        verb += &side;
    }
    if let Some(next) = then {
        let second = verb_phrase(record, next, many, "", dice);
        let link = pick(&["and then", "then", ", then"], dice);
        verb = format!("{verb} {link} {second}").replace(" ,", ",");
    }
    let mut sentence = if dice.chance(0.08) && then.is_none() {
        format!("{place}, {subject} {verb}")
    } else if dice.chance(0.10) && then.is_none() {
        // A noun phrase: "a frog jumping in the snow".
        let base = ing(action, &object, dice);
        format!("{subject} {base}{side} {place}")
    } else if matches!(action, Action::Meets | Action::Fights) && dice.chance(0.3) {
        // Both are subjects: "a lion and a bear meet in the snow".
        let both = if action == Action::Meets {
            "meet"
        } else {
            "fight"
        };
        format!("{subject} and {object} {both} {place}")
    } else {
        format!("{subject} {verb} {place}")
    };
    if record.time != Time::Day && dice.chance(0.75)
        || record.time == Time::Day && record.place.times().len() > 1 && dice.chance(0.15)
    {
        let words: &[&str] = match record.time {
            Time::Day => &["during the day", "in daylight", "by day"],
            Time::Sunset => &[
                "at sunset",
                "at dusk",
                "in the evening light",
                "at golden hour",
            ],
            Time::Night => &["at night", "in the moonlight", "at nighttime"],
        };
        if !record.place.times().contains(&Time::Day) {
            // Night skies say so themselves.
        } else {
            sentence = format!("{sentence} {}", pick(words, dice));
        }
    }
    let weather: Option<&[&str]> = match record.weather {
        Weather::Clear => (dice.chance(0.06) && record.place.has_weather())
            .then_some(&["clear weather", "on a clear day"][..1]),
        Weather::Rain => Some(&["in the rain", "while it rains", "rainy weather"]),
        Weather::Snowfall => Some(&["while snow falls", "in falling snow", "snowing"]),
        Weather::Fog => Some(&["in the fog", "in thick mist", "foggy weather"]),
    };
    if let Some(words) = weather
        && dice.chance(0.8)
    {
        let word = pick(words, dice);
        let comma = if word.starts_with("in ") || word.starts_with("while") {
            ""
        } else {
            ","
        };
        sentence = format!("{sentence}{comma} {word}");
    }
    let camera: &[&str] = match record.camera {
        Camera::Static => &["static shot", "medium shot", "still camera"],
        Camera::PanLeft => &["the camera pans left", "camera pans left", "pan left"],
        Camera::PanRight => &["the camera pans right", "camera pans right", "pan right"],
        Camera::ZoomIn => &["the camera zooms in", "zoom in", "slow zoom in"],
        Camera::ZoomOut => &["the camera zooms out", "zoom out", "slow zoom out"],
        Camera::WideAngle => &[
            "wide-angle shot",
            "wide-angle shot",
            "wide shot",
            "long shot",
        ],
        Camera::CloseUp => &["close-up", "close-up shot", "close shot"],
        Camera::Follow => &["tracking shot", "the camera follows", "follow shot"],
        Camera::Aerial => &[
            "aerial shot",
            "drone shot",
            "bird's-eye view",
            "view from above",
        ],
        Camera::LowAngle => &["low-angle shot", "low angle", "view from below"],
        Camera::Orbit => &["orbit shot", "the camera circles", "orbiting camera"],
        Camera::DollyIn => &["dolly in", "slow dolly-in", "the camera moves closer"],
        Camera::DollyOut => &["dolly out", "slow dolly-out", "the camera moves back"],
        Camera::TiltUp => &["tilt up", "the camera tilts up"],
        Camera::TiltDown => &["tilt down", "the camera tilts down"],
        Camera::Handheld => &["handheld shot", "handheld camera", "shaky camera"],
    };
    if says_camera(record, dice) {
        let shot = pick(camera, dice);
        let framing = matches!(record.camera, Camera::WideAngle | Camera::CloseUp);
        sentence = if framing && then.is_none() && dice.chance(0.25) {
            let doing = ing(action, &object, dice);
            format!(
                "{} {shot} of {subject} {doing}{side} {place}",
                article(shot)
            )
        } else if dice.chance(0.08) {
            format!("{shot}, {sentence}")
        } else {
            format!("{sentence}, {shot}")
        };
    }
    if let Some(style) = super::style(record)
        && dice.chance(0.9)
    {
        let word = pick(style.words().en, dice);
        sentence = match style {
            Style::Papercraft | Style::Watercolour => match dice.below(3) {
                0 => format!("{word} of {sentence}"),
                1 => format!("{sentence}, {word} style"),
                _ => format!("{sentence}, {word}"),
            },
            _ if dice.chance(0.4) => format!("{word} style, {sentence}"),
            _ if dice.chance(0.4) => format!("{sentence}, {word} style"),
            _ => format!("{sentence}, {word}"),
        };
    }
    if dice.chance(0.15) {
        let mut letters = sentence.chars();
        if let Some(first) = letters.next() {
            sentence = first.to_uppercase().chain(letters).collect();
        }
        sentence.push('.');
    }
    sentence
}

/// The noun with the colours that the record gives it: "black horse", "white crane with a yellow tail".
fn dress(record: &SceneRecord, noun: &str, dice: &mut Dice) -> String {
    let Some(solid) = &record.solid else {
        return noun.to_string();
    };
    let mut text = noun.to_string();
    if let Some(coat) = super::coat(record)
        && !coat.en.is_empty()
        && dice.chance(0.75)
    {
        text = format!("{} {text}", coat.en);
    }
    if let Some(body) = solid.body {
        let plain = text
            .split_once(' ')
            .filter(|(first, _)| COLOURS.contains(first));
        let bare = plain.map_or(text.clone(), |(_, rest)| rest.to_string());
        text = format!("{} {bare}", body.words().en[0]);
    }
    // A plural cannot carry what follows the noun.
    if let Some(tail) = solid.tail.filter(|_| record.actor.count == 1) {
        let word = pick(tail.words().en, dice);
        text = format!("{text} with {} {word} tail", article(word));
    }
    text
}

/// First words of nouns that a colour of the record replaces.
const COLOURS: &[&str] = &["white", "grey", "red", "brown", "yellow", "blue", "pink"];

fn direction(action: Action, way: Direction, dice: &mut Dice) -> &'static str {
    match (action, way) {
        (Action::Stands, Direction::Left) => pick(&["facing left", "looking to the left"], dice),
        (Action::Stands, Direction::Right) => pick(&["facing right", "looking to the right"], dice),
        (_, Direction::Left) => pick(&["to the left", "left", "towards the left"], dice),
        (_, Direction::Right) => pick(&["to the right", "right", "towards the right"], dice),
    }
}

/// The second actor, "" where there is none: "a black horse".
fn object(record: &SceneRecord, dice: &mut Dice) -> String {
    let Some((actor, coat)) = super::partner(record) else {
        return String::new();
    };
    let noun = choose_noun(actor.en, dice);
    let noun = match coat {
        Some(coat) if !coat.en.is_empty() && dice.chance(0.6) => format!("{} {noun}", coat.en),
        _ => noun.to_string(),
    };
    format!("{} {noun}", article(&noun))
}

/// What it does; `object` is whom to, where it takes two.
fn verb_phrase(
    record: &SceneRecord,
    action: Action,
    many: bool,
    object: &str,
    dice: &mut Dice,
) -> String {
    let place = record.place;
    let thing = super::is_thing(record);
    let one: &[&str] = match action {
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

fn ing(action: Action, object: &str, dice: &mut Dice) -> String {
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
        Action::Chases => pick(&["chasing", "running after"], dice),
        Action::Follows => pick(&["following", "walking behind"], dice),
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

pub(super) fn places(place: Place) -> &'static [&'static str] {
    match place {
        Place::Desert => &[
            "in the desert",
            "in the desert",
            "in a desert",
            "among sand dunes",
            "in the sandy desert",
        ],
        Place::Beach => &[
            "on the beach",
            "on the beach",
            "at the beach",
            "on a sandy beach",
            "on the seashore",
        ],
        Place::Snow => &[
            "in the snow",
            "in the snow",
            "on a snowy field",
            "on the snowfield",
            "in a winter landscape",
        ],
        Place::Meadow => &[
            "in a meadow",
            "in the meadow",
            "on the grass",
            "on the grassland",
            "in a green field",
        ],
        Place::Forest => &[
            "in the forest",
            "in a forest",
            "in the woods",
            "in the woodland",
        ],
        Place::River => &[
            "in a stream",
            "in a stream",
            "in the stream",
            "in the river",
            "in a river",
            "in a creek",
            "in shallow water",
        ],
        Place::Sea => &[
            "in the sea",
            "in the sea",
            "in the ocean",
            "on the open sea",
            "among the waves",
        ],
        Place::City => &[
            "in the city",
            "in the city",
            "in a city",
            "on the street",
            "in town",
        ],
        Place::NightSky => &[
            "in the night sky",
            "in the night sky",
            "in the starry sky",
            "on moonlit clouds",
        ],
        Place::Space => &["in space", "in space", "in outer space", "on the moon"],
        Place::Mountains => &[
            "in the mountains",
            "in the mountains",
            "below snowy peaks",
            "in a mountain valley",
        ],
        Place::Volcano => &[
            "by a volcano",
            "at the volcano",
            "near the volcano",
            "on a lava field",
        ],
        Place::Village => &[
            "in the village",
            "in a village",
            "in the countryside",
            "on a farm",
        ],
        Place::Underwater => &[
            "underwater",
            "underwater",
            "on the seabed",
            "at a coral reef",
            "at the bottom of the sea",
        ],
        Place::Savanna => &[
            "in the savanna",
            "on the savanna",
            "on the African plain",
            "in dry grassland",
        ],
        Place::Lake => &["at the lake", "by a lake", "in a lake", "in still water"],
        Place::Swamp => &["in the swamp", "in a marsh", "in the wetland"],
        Place::Jungle => &["in the jungle", "in the rainforest", "in a tropical forest"],
        Place::Autumn => &[
            "in an autumn forest",
            "in the autumn woods",
            "in a golden forest",
        ],
        Place::Canyon => &["in a canyon", "in the canyon", "among red rocks"],
        Place::Ice => &["on the ice", "on Arctic ice", "on the frozen sea"],
        Place::Flowers => &["in a flower field", "among flowers", "in a blooming meadow"],
        Place::Oasis => &["at an oasis", "at the oasis", "in a palm oasis"],
        Place::Field => &["on farmland", "in a ploughed field", "on a field"],
        Place::Sky => &[
            "in the sky",
            "in the sky",
            "on the clouds",
            "in the blue sky",
        ],
    }
}

/// "a" or "an", by sound.
pub fn article(noun: &str) -> &'static str {
    let lower = noun.to_lowercase();
    let long_u = ["unicorn", "ufo", "ewe", "uni"]
        .iter()
        .any(|p| lower.starts_with(p));
    if !long_u && lower.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

/// The plural of a noun phrase.
pub fn plural(noun: &str) -> String {
    const SAME: &[&str] = &[
        "fish",
        "sheep",
        "deer",
        "bison",
        "moose",
        "angelfish",
        "spacecraft",
        "salmon",
        "jellyfish",
        "shrimp",
        "squid",
        "goldfish",
        "pufferfish",
        "blowfish",
    ];
    const ODD: &[(&str, &str)] = &[
        ("goose", "geese"),
        ("mouse", "mice"),
        ("wolf", "wolves"),
        ("snowman", "snowmen"),
        ("calf", "calves"),
        ("man", "men"),
        ("person", "people"),
        ("ox", "oxen"),
        ("woman", "women"),
        ("leaf", "leaves"),
        ("elf", "elves"),
        ("fireman", "firemen"),
        ("policeman", "policemen"),
    ];
    let (front, last) = noun.rsplit_once(' ').map_or(("", noun), |(f, l)| (f, l));
    let many = if SAME.contains(&last) {
        last.to_string()
    } else if let Some((_, many)) = ODD.iter().find(|(one, _)| *one == last) {
        (*many).to_string()
    } else if let Some(stem) = last
        .strip_suffix('y')
        .filter(|s| !s.ends_with(['a', 'e', 'o', 'u']))
    {
        format!("{stem}ies")
    } else if last.ends_with(['s', 'x', 'z']) || last.ends_with("ch") || last.ends_with("sh") {
        format!("{last}es")
    } else {
        format!("{last}s")
    };
    if front.is_empty() {
        many
    } else {
        format!("{front} {many}")
    }
}
