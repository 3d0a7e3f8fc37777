//! Who can play in three dimensions, and of which files each is made.

mod afloat;
mod clips;
mod tame;
mod things;
mod wild;

use crate::vocabulary::Action;

/// A coat: a skin's file stem under `skins/skeletal`, and what it is called ("" where it needs no word).
pub struct Coat {
    pub skin: &'static str,
    pub en: &'static str,
    pub zh: &'static str,
}

/// File stems of the clips; "" where there is none.
#[derive(Clone, Copy)]
pub struct Clips {
    pub idle: &'static [&'static str],
    pub walk: &'static str,
    pub run: &'static str,
    pub eat: &'static str,
    pub attack: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Element {
    Land,
    /// Always in the air.
    Air,
    /// Always in the water.
    Water,
    /// Always on the water.
    Boat,
}

#[derive(Clone, Copy)]
pub struct SolidActor {
    /// Key in the actor table.
    pub key: &'static str,
    /// File stem of the mesh, or "" for what is made by code.
    pub mesh: &'static str,
    pub coats: &'static [Coat],
    pub clips: Clips,
    /// Metres from the ground to the top (of the whole body, for those that never stand).
    pub height: f32,
    pub element: Element,
    /// Length of its fur over its height; 0 is bare.
    pub fur: f32,
    /// Whether the skin's alpha cuts holes (feathers).
    pub holes: bool,
    /// What a thing made by code can do.
    pub thing: Option<Thing>,
}

/// A thing made by code.
#[derive(Clone, Copy)]
pub struct Thing {
    pub deeds: &'static [Action],
    /// Whether it comes in every colour.
    pub painted: bool,
}

const fn plain(skin: &'static str) -> Coat {
    Coat {
        skin,
        en: "",
        zh: "",
    }
}

const fn coat(skin: &'static str, en: &'static str, zh: &'static str) -> Coat {
    Coat { skin, en, zh }
}

const fn land(
    key: &'static str,
    mesh: &'static str,
    height: f32,
    clips: Clips,
    coats: &'static [Coat],
) -> SolidActor {
    SolidActor {
        key,
        mesh,
        coats,
        clips,
        height,
        element: Element::Land,
        fur: 0.0,
        holes: false,
        thing: None,
    }
}

const fn of(element: Element, actor: SolidActor) -> SolidActor {
    SolidActor { element, ..actor }
}

const fn feathered(actor: SolidActor) -> SolidActor {
    SolidActor {
        holes: true,
        ..actor
    }
}

const fn furry(fur: f32, actor: SolidActor) -> SolidActor {
    SolidActor { fur, ..actor }
}

const PARTS: [&[SolidActor]; 4] = [wild::ALL, tame::ALL, afloat::ALL, things::ALL];
const COUNT: usize = wild::ALL.len() + tame::ALL.len() + afloat::ALL.len() + things::ALL.len();

/// Everyone.
pub static ALL: &[SolidActor] = &joined();

const fn joined() -> [SolidActor; COUNT] {
    let mut all = [wild::ALL[0]; COUNT];
    let (mut part, mut at) = (0, 0);
    while part < PARTS.len() {
        let mut i = 0;
        while i < PARTS[part].len() {
            all[at] = PARTS[part][i];
            (i, at) = (i + 1, at + 1);
        }
        part += 1;
    }
    all
}

impl SolidActor {
    /// The coat of this number; the last for a number beyond.
    pub fn coat(&self, number: usize) -> Option<&'static Coat> {
        self.coats.get(number).or(self.coats.last())
    }

    /// Whether it is the bird made by code.
    pub fn wades(&self) -> bool {
        self.mesh.is_empty() && self.thing.is_none()
    }

    /// Whether it is a thing made by code.
    pub fn made(&self) -> bool {
        self.thing.is_some()
    }

    /// Whether it comes from files.
    pub fn rigged(&self) -> bool {
        !self.mesh.is_empty()
    }
}

impl Clips {
    pub fn all(&self) -> impl Iterator<Item = &'static str> {
        let rest = [self.walk, self.run, self.eat, self.attack];
        self.idle
            .iter()
            .copied()
            .chain(rest)
            .filter(|clip| !clip.is_empty())
    }
}

pub fn find(key: &str) -> Option<&'static SolidActor> {
    ALL.iter().find(|actor| actor.key == key)
}
