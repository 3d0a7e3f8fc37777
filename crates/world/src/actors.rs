//! Who can be in a scene: an ordered table, the most distinct first.

/// What an actor can do by nature; a set of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habitat(u8);

impl Habitat {
    pub const WALKS: Habitat = Habitat(1);
    pub const FLIES: Habitat = Habitat(2);
    pub const SWIMS: Habitat = Habitat(4);
    pub const NONE: Habitat = Habitat(0);

    pub const fn and(self, other: Habitat) -> Habitat {
        Habitat(self.0 | other.0)
    }

    pub const fn contains(self, other: Habitat) -> bool {
        self.0 & other.0 != 0
    }
}

/// Which way the sprite looks as it was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facing {
    Left,
    Right,
    /// Towards the viewer; mirrored for variety only.
    Front,
}

/// One row of the table.
#[derive(Debug)]
pub struct Actor {
    /// Stable key, used in records and in the held-out hash.
    pub key: &'static str,
    /// File stem of its picture: code points in hex; empty for one that has only a body.
    pub code: &'static str,
    pub habitat: Habitat,
    pub facing: Facing,
    /// English nouns, singular; the first is the name, later ones are used in captions ever more rarely.
    pub en: &'static [&'static str],
    /// Chinese nouns; the first is the name.
    pub zh: &'static [&'static str],
    /// Chinese measure word.
    pub measure: &'static str,
}

impl Actor {
    pub fn can(&self, habitat: Habitat) -> bool {
        self.habitat.contains(habitat)
    }

    pub fn name_en(&self) -> &'static str {
        self.en[0]
    }

    pub fn name_zh(&self) -> &'static str {
        self.zh[0]
    }

    pub fn faces_sideways(&self) -> bool {
        self.facing != Facing::Front
    }
}

/// The whole table; an actor's position is its label.
pub fn all() -> &'static [Actor] {
    crate::cast::TABLE
}

/// Those that have a sprite, which are the first; the rest are three-dimensional only.
pub fn flat() -> &'static [Actor] {
    let end = all().iter().position(|actor| actor.code.is_empty());
    &all()[..end.unwrap_or(all().len())]
}

pub fn find(key: &str) -> Option<&'static Actor> {
    all().iter().find(|actor| actor.key == key)
}

pub fn index(key: &str) -> Option<usize> {
    all().iter().position(|actor| actor.key == key)
}
