//! Places with their prepositions, articles and plurals.

use crate::vocabulary::Place;

/// Where, with its preposition.
pub fn places(place: Place) -> &'static [&'static str] {
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
