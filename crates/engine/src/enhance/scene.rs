//! What a prompt says already, and what it leaves open.

use super::Language;
use super::lexicon::{Lexicon, Term};

/// Animals that are at home in water, and those that fly, by their English names.
const SWIMMERS: [&str; 14] = [
    "whale",
    "octopus",
    "fish",
    "shark",
    "dolphin",
    "seal",
    "turtle",
    "squid",
    "crab",
    "jellyfish",
    "blowfish",
    "lobster",
    "boat",
    "ship",
];
const FLIERS: [&str; 14] = [
    "butterfly",
    "parrot",
    "bird",
    "eagle",
    "owl",
    "bat",
    "bee",
    "dove",
    "duck",
    "airplane",
    "helicopter",
    "dragon",
    "ladybug",
    "balloon",
];
const WATERS: [&str; 5] = ["sea", "stream", "underwater", "river", "lake"];
/// Places that one is on, not in.
const ON: [&str; 5] = ["beach", "street", "hill", "mountain", "road"];

/// What a prompt says already.
pub(super) struct Scene<'a> {
    pub prompt: &'a str,
    /// The English name of who is seen, if it is known.
    pub actor: Option<String>,
    /// Whether the prompt ends with naming them, so that a verb may follow.
    pub ends_with_actor: bool,
    /// Whether there are words of which nothing is known: they may be verbs.
    pub all_known: bool,
    pub place: Option<String>,
    /// Whether somebody swims.
    pub swims: bool,
    pub action: bool,
    pub light: bool,
    pub camera: bool,
    /// Whether it needs no words on texture and motion.
    pub detail: bool,
}

impl<'a> Scene<'a> {
    pub fn read(prompt: &'a str, own: Option<&Lexicon>, general: &Lexicon) -> Self {
        let find = |kind: &str| {
            let of = |lexicon: &Lexicon| lexicon.find(kind, prompt);
            own.and_then(of).or_else(|| of(general))
        };
        let actor = find("actors");
        Self {
            prompt,
            swims: prompt.to_lowercase().contains("swim")
                || prompt.contains('游')
                || actor
                    .as_ref()
                    .is_some_and(|actor| is_one_of(&actor.name, &SWIMMERS)),
            ends_with_actor: actor.as_ref().is_some_and(|found| found.at_end),
            actor: actor.map(|found| found.name),
            all_known: own.is_some_and(|own| own.knows_all(prompt)),
            place: find("places").map(|found| found.name),
            action: find("actions").is_some(),
            light: find("times").is_some() || find("weather").is_some() || find("light").is_some(),
            camera: find("camera").is_some(),
            detail: false,
        }
    }

    /// The prompt, then what it left open. `places` says whether the offers hold places and deeds that the model can
    /// be trusted with: those of a general vocabulary would be inventions.
    pub fn complete(
        &self,
        offers: &Lexicon,
        language: Language,
        places: bool,
        dice: &mut Dice,
    ) -> String {
        let action = match (places && !self.action && self.all_known, &self.actor) {
            (true, Some(actor)) => dice.pick(&self.actions(actor, offers)),
            _ => None,
        };
        let place = match places && self.place.is_none() {
            true => dice.pick(&self.places(action, offers)),
            false => None,
        };
        let light = match self.light {
            true => None,
            false => dice.pick(&[offers.terms("times"), offers.terms("light")].concat()),
        };
        let camera = match self.camera {
            true => None,
            false => dice.pick(&offers.terms("camera")),
        };
        let detail = match self.detail {
            true => None,
            false => dice.pick(&offers.terms("detail")),
        };
        let core = match language {
            Language::English => self.english(action, place),
            Language::Chinese => self.chinese(action, place),
        };
        let said = match language {
            Language::English => english_light(core, light),
            Language::Chinese => match light {
                None => core,
                Some(light) => format!("{core}，{}", light.name),
            },
        };
        let comma = match language {
            Language::English => ", ",
            Language::Chinese => "，",
        };
        let rest = [camera, detail]
            .into_iter()
            .flatten()
            .map(|term| term.name.clone());
        // Of an empty scene nothing comes before what is added.
        let said = said.trim_start_matches([' ', ',', '，']).to_owned();
        let mut all: Vec<String> = [said].into_iter().chain(rest).collect();
        all.retain(|text| !text.is_empty());
        all.join(comma)
    }

    fn actions<'l>(&self, actor: &str, offers: &'l Lexicon) -> Vec<&'l Term> {
        let place = self.place.as_deref().unwrap_or_default();
        let fitting: &[&str] = match () {
            () if is_one_of(actor, &SWIMMERS) => &["swims"],
            () if is_one_of(actor, &FLIERS) => &["flies"],
            () if WATERS.contains(&place) => &["swims", "stands"],
            () => &["walks", "runs", "jumps", "stands"],
        };
        let all = offers.terms("actions");
        all.into_iter()
            .filter(|term| fitting.contains(&&*term.en))
            .collect()
    }

    fn places<'l>(&self, action: Option<&Term>, offers: &'l Lexicon) -> Vec<&'l Term> {
        let swims = self.swims || action.is_some_and(|action| action.en == "swims");
        let all = offers.terms("places");
        all.into_iter()
            .filter(|term| WATERS.contains(&&*term.en) == swims)
            .collect()
    }

    fn english(&self, action: Option<&Term>, place: Option<&Term>) -> String {
        let mut text = self
            .prompt
            .trim_end_matches(['.', ',', ';', ' '])
            .to_owned();
        if let Some(action) = action {
            text = match self.ends_with_actor {
                true => format!("{text} {}", action.name),
                false => format!("{text}, {}", action.doing),
            };
        }
        if let Some(place) = place {
            let on = ON.contains(&&*place.en);
            text = format!("{text} {} the {}", if on { "on" } else { "in" }, place.name);
        }
        text
    }

    fn chinese(&self, action: Option<&Term>, place: Option<&Term>) -> String {
        let text = self.prompt.trim_end_matches(['。', '，', '；', '.', ',']);
        let place = place.map(|place| format!("在{}", place.name));
        let (place, action) = (
            place.unwrap_or_default(),
            action.map_or("", |action| &action.doing),
        );
        match (self.ends_with_actor, place.is_empty() && action.is_empty()) {
            (_, true) => text.to_owned(),
            (true, _) => format!("{text}{place}{action}"),
            // The sentence is whole: what is new gets a clause of its own.
            (false, _) => format!("{text}，{place}{action}"),
        }
    }
}

/// Whether one of a name's words is in the list: a blue whale is a whale.
fn is_one_of(name: &str, list: &[&str]) -> bool {
    name.split([' ', '-']).any(|word| list.contains(&word))
}

fn english_light(core: String, light: Option<&Term>) -> String {
    match light {
        None => core,
        Some(light) => match &*light.en {
            "day" => format!("{core} in daylight"),
            "sunset" | "night" | "dawn" | "dusk" => format!("{core} at {}", light.name),
            _ => format!("{core}, {}", light.name),
        },
    }
}

/// Choices from a seed: SplitMix64.
pub(super) struct Dice(pub u64);

impl Dice {
    fn pick<'t>(&mut self, terms: &[&'t Term]) -> Option<&'t Term> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (!terms.is_empty()).then(|| terms[(z % terms.len() as u64) as usize])
    }
}
