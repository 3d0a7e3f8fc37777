//! The scene record: one small value from which pictures, captions and labels all follow.

use serde::{Deserialize, Serialize};

use crate::actors::{self, Actor, Habitat};
use crate::rng::{Dice, hash, hash_text};
use crate::solid;
use crate::vocabulary::{Action, Camera, Colour, Direction, Place, Style, Time, Weather};

/// Everything that decides a scene. Frames at any size, rate and length, captions and labels are functions of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SceneRecord {
    /// Decides the scenery's details and the captions' wording.
    pub seed: u64,
    pub place: Place,
    pub time: Time,
    pub weather: Weather,
    pub actor: Cast,
    pub action: Action,
    pub direction: Direction,
    pub camera: Camera,
    /// What a still shows: the moment within the action, 0–1.
    pub moment: f32,
    /// What the actor does in the clip's second half, if that differs (a storyboard of two cards).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<Action>,
    /// Drawn by `SampleOptions::steady`: its captions name the camera, and the side if that is the right one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub steady: bool,
    #[serde(default = "Style::plain", skip_serializing_if = "Style::is_plain")]
    pub style: Style,
    /// Present where the scene is three-dimensional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solid: Option<Solid>,
}

/// What only a three-dimensional scene has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Solid {
    /// Which of the actor's coats it wears; beyond the last, the last.
    #[serde(default)]
    pub coat: usize,
    /// Colours of a wading bird's body and tail; its breed's own where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Colour>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<Colour>,
    /// Where the camera stands around the actor, degrees from its side, −40 to 40.
    pub azimuth: f32,
    /// Whom the actor chases, follows, meets, fights or walks around.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<Partner>,
}

/// The second actor of a three-dimensional scene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Partner {
    /// Its key in the table.
    pub kind: String,
    #[serde(default)]
    pub coat: usize,
}

/// Who is in the scene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cast {
    /// The actor's key in the table, e.g. `"mammoth"`.
    pub kind: String,
    /// One to three of them.
    pub count: u32,
    /// Size relative to what the camera asks for, about 0.9–1.1.
    pub scale: f32,
    /// Where they stand, −1 (left) to 1 (right) of the room that the framing leaves.
    pub position: f32,
}

/// Which combinations and seeds a sample may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Combinations that training sees.
    Train,
    /// The same combinations, other seeds.
    Val,
    /// Combinations of (actor, place, action) that training never sees.
    Heldout,
}

/// What `sample_record` may choose from.
#[derive(Clone, Debug)]
pub struct SampleOptions {
    /// The first so many actors of the table, in flat scenes.
    pub actors: usize,
    /// The first so many places.
    pub places: usize,
    pub split: Split,
    /// Two actions, one after the other.
    pub two_segments: bool,
    /// Only these actors, by key; empty is everyone. A kind of scene that knows none of them has everyone.
    pub cast: Vec<String>,
    /// Fixed choices; a combination that cannot be (a swimmer in the desert) drops the action.
    pub place: Option<Place>,
    pub action: Option<Action>,
    pub camera: Option<Camera>,
    /// Greatest number of actors at once.
    pub most: u32,
    /// Actions and cameras, by name, that no record may have.
    pub without: Vec<String>,
    /// Actors keep to the middle and to one size a framing, the camera goes along with those that travel, and they
    /// face left where the caption names no side: fewer pictures, each of them drawn sooner by a small network.
    pub steady: bool,
    /// Share of three-dimensional scenes, 0–1. Those have every actor that has a body, and flat ones beside them none of these.
    pub solid: f32,
    pub style: Option<Style>,
    /// Share of flat and of steady scenes that have a style, one that flat ones know, 0–1; a fifth of the other
    /// three-dimensional ones have any.
    pub styled: f32,
}

impl Default for SampleOptions {
    fn default() -> Self {
        SampleOptions {
            actors: actors::all().len(),
            places: Place::ALL.len(),
            split: Split::Train,
            two_segments: false,
            cast: Vec::new(),
            place: None,
            action: None,
            camera: None,
            most: 3,
            without: Vec::new(),
            steady: false,
            solid: 0.0,
            style: None,
            styled: 0.0,
        }
    }
}

/// Label ids of a record; each indexes the vocabulary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Labels {
    pub actor: usize,
    pub place: usize,
    pub action: usize,
    /// The second segment's action; the first's again if there is none.
    pub then: usize,
    pub camera: usize,
    /// −1 where no direction can be seen.
    pub direction: i32,
    pub count: u32,
    /// The second actor; −1 where there is none.
    pub partner: i32,
    pub time: usize,
    pub weather: usize,
    /// How it is drawn.
    pub style: usize,
    pub heldout: bool,
    pub names: LabelNames,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelNames {
    pub actor: String,
    pub place: String,
    pub action: String,
    pub camera: String,
    pub direction: String,
    pub time: String,
    pub weather: String,
}

/// Whether a combination is kept from training: a fixed tenth of all, by name, whatever the tables' order.
pub fn is_heldout(actor: &str, place: Place, action: Action) -> bool {
    hash(&[
        0x6b69_6e6f_7261,
        hash_text(actor),
        hash_text(place.name()),
        hash_text(action.name()),
    ])
    .is_multiple_of(10)
}

/// The same for two actors, a tenth of all likewise.
pub fn is_heldout_pair(actor: &str, partner: &str, action: Action) -> bool {
    hash(&[
        0x6b69_6e6f_7261,
        hash_text(actor),
        hash_text(partner),
        hash_text(action.name()),
    ])
    .is_multiple_of(10)
}

/// Actions that this actor can do in this place.
pub fn possible_actions(actor: &Actor, place: Place) -> Vec<Action> {
    Action::ALL[..Action::FLAT]
        .iter()
        .copied()
        .filter(|action| match action {
            Action::Walks | Action::Runs => {
                actor.can(Habitat::WALKS) && !matches!(place, Place::Underwater)
            }
            Action::Flies => actor.can(Habitat::FLIES) && !matches!(place, Place::Underwater),
            Action::Swims => actor.can(Habitat::SWIMS) && place.has_water(),
            _ => true,
        })
        .collect()
}

/// The seed of record `index` in a stream; splits never share one.
pub fn record_seed(seed: u64, split: Split, index: u64) -> u64 {
    hash(&[seed, split as u64, index])
}

impl SampleOptions {
    /// Those of a table who may play.
    pub(crate) fn playing<'a, T>(&self, table: &'a [T], key: fn(&T) -> &str) -> Vec<&'a T> {
        let named = |actor: &&T| self.cast.iter().any(|wanted| wanted == key(actor));
        let chosen: Vec<_> = table.iter().filter(named).collect();
        if chosen.is_empty() {
            table.iter().collect()
        } else {
            chosen
        }
    }

    fn wants(&self, record: &SceneRecord) -> bool {
        let names = [record.action.name(), record.camera.name()];
        let then = record.then.map(Action::name);
        let partner = u32::from(record.partner().is_some());
        record.actor.count + partner <= self.most
            && !self.without.iter().any(|unwanted| {
                names.contains(&unwanted.as_str()) || then == Some(unwanted.as_str())
            })
    }
}

/// Draws a record. Panics only if the options leave nothing to choose (no actors or places); what cannot be without what
/// `without` names keeps it.
pub fn sample_record(dice: &mut Dice, options: &SampleOptions) -> SceneRecord {
    let mut record = draw_record(dice, options);
    for _ in 0..1000 {
        if options.wants(&record) {
            break;
        }
        record = draw_record(dice, options);
    }
    record
}

fn draw_record(dice: &mut Dice, options: &SampleOptions) -> SceneRecord {
    let table = &actors::flat()[..options.actors.clamp(1, actors::flat().len())];
    let mut table = options.playing(table, |actor| actor.key);
    if options.solid > 0.0 {
        // Whoever has a body is drawn with it, or one word would mean two pictures.
        table.retain(|actor| solid::cast::find(actor.key).is_none());
        if table.is_empty() || dice.chance(options.solid) {
            return solid::sample::sample(dice, options);
        }
    }
    let seed = dice.next_u64() >> 12; // exact in JSON readers that only know doubles
    let places = &Place::ALL[..options.places.clamp(1, Place::FLAT)];
    let mut found = None;
    for _ in 0..2000 {
        let actor = *dice.pick(&table);
        let place = options.place.unwrap_or_else(|| *dice.pick(places));
        let possible = possible_actions(actor, place);
        let weights: Vec<f32> = possible
            .iter()
            .map(|action| match action {
                Action::Stands => 1.6,
                Action::Walks | Action::Runs | Action::Flies | Action::Swims => 1.5,
                _ => 1.0,
            })
            .collect();
        let action = options
            .action
            .filter(|wanted| possible.contains(wanted))
            .unwrap_or_else(|| possible[dice.weighted(&weights)]);
        found = Some((actor, place, action));
        if is_heldout(actor.key, place, action) == (options.split == Split::Heldout) {
            break;
        }
    }
    let (actor, place, action) = found.expect("the loop ran");

    let time = *dice.pick(place.times());
    let time = if dice.chance(0.4) && place.times().contains(&Time::Day) {
        Time::Day
    } else {
        time
    };
    let weather = if place.has_weather() {
        Weather::ALL[dice.weighted(&[0.76, 0.08, 0.08, 0.08])]
    } else {
        Weather::Clear
    };
    let camera = options.camera.unwrap_or_else(|| {
        let follow = if action.travels() { 0.12 } else { 0.0 };
        Camera::ALL[dice.weighted(&[0.34, 0.09, 0.09, 0.08, 0.08, 0.16, 0.14, follow])]
    });
    let then = options.two_segments.then(|| {
        let rest: Vec<Action> = possible_actions(actor, place)
            .into_iter()
            .filter(|&next| {
                next != action
                    && !is_heldout(actor.key, place, next)
                    // These begin elsewhere or small: no way to flow into them.
                    && !matches!(next, Action::Falls | Action::Grows | Action::ComesCloser)
            })
            .collect();
        if rest.is_empty() {
            action
        } else {
            *dice.pick(&rest)
        }
    });
    let mut record = SceneRecord {
        seed,
        place,
        time,
        weather,
        actor: Cast {
            kind: actor.key.to_string(),
            count: 1 + dice.weighted(&[0.86, 0.09, 0.05]) as u32,
            scale: dice.range(0.92, 1.08),
            position: dice.range(-1.0, 1.0),
        },
        action,
        direction: *dice.pick(Direction::ALL),
        camera,
        moment: dice.unit(),
        then,
        steady: options.steady,
        style: options.style.unwrap_or(Style::Plain),
        solid: None,
    };
    if options.style.is_none() && options.styled > 0.0 && dice.chance(options.styled) {
        record.style = *dice.pick(Style::FLAT);
    }
    if options.steady {
        steady(&mut record, dice);
    }
    record
}

/// What `SampleOptions::steady` says, of a record.
pub(crate) fn steady(record: &mut SceneRecord, dice: &mut Dice) {
    // From afar an actor spans few cells of a small network's grid: half the picture's height is as small as it gets.
    let wide = record.camera == Camera::WideAngle && record.solid.is_none();
    record.actor.scale = if wide { 1.75 } else { 1.0 };
    record.actor.position = 0.0;
    let sided = record.action.travels() || record.action == Action::Stands;
    if !(sided && record.shows_direction() && dice.chance(0.25)) {
        record.direction = Direction::Left;
    }
}

impl SceneRecord {
    /// The table entry of the actor; the first one for a key that this version does not know.
    pub fn actor_entry(&self) -> &'static Actor {
        actors::find(&self.actor.kind).unwrap_or(&actors::all()[0])
    }

    /// The second actor, where the scene has one.
    pub fn partner(&self) -> Option<&Partner> {
        self.solid.as_ref()?.partner.as_ref()
    }

    /// What its actor can do in its place.
    pub fn possible_actions(&self) -> Vec<Action> {
        let body = self
            .solid
            .as_ref()
            .and_then(|_| solid::cast::find(&self.actor.kind));
        match body {
            Some(body) => solid::sample::possible_actions(body, self.place),
            None => possible_actions(self.actor_entry(), self.place),
        }
    }

    /// Whether training never sees its combination: of actor, place and action, or of two actors and what they do.
    pub fn heldout(&self) -> bool {
        let kind = &self.actor.kind;
        is_heldout(kind, self.place, self.action)
            || self
                .partner()
                .is_some_and(|p| is_heldout_pair(kind, &p.kind, self.action))
    }

    /// Whether a viewer can tell the direction.
    pub fn shows_direction(&self) -> bool {
        self.action.travels()
            || (self.actor_entry().faces_sideways() && !matches!(self.action, Action::Spins))
    }

    pub fn labels(&self) -> Labels {
        let actor = self.actor_entry();
        Labels {
            actor: actors::index(actor.key).unwrap_or(0),
            place: self.place.id(),
            action: self.action.id(),
            then: self.then.unwrap_or(self.action).id(),
            camera: self.camera.id(),
            direction: if self.shows_direction() {
                self.direction.id() as i32
            } else {
                -1
            },
            count: self.actor.count,
            partner: self
                .partner()
                .and_then(|p| actors::index(&p.kind))
                .map_or(-1, |i| i as i32),
            time: self.time.id(),
            weather: self.weather.id(),
            style: self.style.id(),
            heldout: self.heldout(),
            names: LabelNames {
                actor: actor.name_en().to_string(),
                place: self.place.name().to_string(),
                action: self.action.name().to_string(),
                camera: self.camera.name().to_string(),
                direction: self.direction.name().to_string(),
                time: self.time.name().to_string(),
                weather: self.weather.name().to_string(),
            },
        }
    }
}
