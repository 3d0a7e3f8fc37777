//! What three-dimensional scenes are played with, decoded from a pack.

use std::collections::HashMap;

use super::cast::{self, Element};
use super::places::GROUNDS;
use super::puppet::Puppet;
use super::store::{self, Motion};
use super::texture::Texture;
use crate::foreign::FormatError;
use crate::pack::{Pack, PackError};

pub struct Props {
    textures: HashMap<&'static str, Texture>,
    motions: HashMap<&'static str, Motion>,
    puppets: HashMap<&'static str, Puppet>,
    /// Metres a second that a clip walks on an actor.
    speeds: HashMap<(&'static str, &'static str), f32>,
}

impl Props {
    pub(crate) fn load(pack: &Pack) -> Result<Props, PackError> {
        let mut props = Props {
            textures: HashMap::new(),
            motions: HashMap::new(),
            puppets: HashMap::new(),
            speeds: HashMap::new(),
        };
        for actor in cast::ALL.iter().filter(|actor| actor.rigged()) {
            let bad = |e: FormatError| PackError::Broken(format!("{}: {e}", actor.key));
            let mesh = store::read_model(pack.model(actor.mesh)?).map_err(bad)?;
            for clip in actor.clips.all() {
                if !props.motions.contains_key(clip) {
                    let motion = store::read_clip(pack.clip(clip)?).map_err(bad)?;
                    props.motions.insert(clip, motion);
                }
            }
            let rest = actor.clips.idle.first().and_then(|c| props.motions.get(c));
            let afloat = actor.element != Element::Land;
            let puppet = Puppet::new(mesh, rest, actor.height, afloat);
            for clip in actor.clips.all() {
                let motion = &props.motions[clip];
                if !puppet.fits(motion) {
                    return Err(PackError::Broken(format!("{clip} is not {}'s", actor.key)));
                }
                if clip == actor.clips.walk || clip == actor.clips.run {
                    let speed = puppet.ground_speed(motion);
                    props.speeds.insert((actor.key, clip), speed);
                }
            }
            props.puppets.insert(actor.key, puppet);
            for coat in actor.coats {
                if !props.textures.contains_key(coat.skin) {
                    let texture = Texture::new(&pack.picture(coat.skin)?);
                    props.textures.insert(coat.skin, texture);
                }
            }
        }
        for ground in GROUNDS {
            props
                .textures
                .insert(ground, Texture::new(&pack.picture(ground)?));
        }
        Ok(props)
    }

    pub fn texture(&self, name: &str) -> &Texture {
        self.textures
            .get(name)
            .expect("loading took every name of the tables")
    }

    pub fn motion(&self, name: &str) -> Option<&Motion> {
        self.motions.get(name)
    }

    pub fn puppet(&self, key: &str) -> Option<&Puppet> {
        self.puppets.get(key)
    }

    pub fn speed(&self, key: &'static str, clip: &'static str) -> f32 {
        self.speeds.get(&(key, clip)).copied().unwrap_or(0.0)
    }
}
