//! A three-dimensional scene over time: from a record to frames.

mod actors;
mod air;
mod ground;
mod water;

use super::acting::Acting;
use super::camera::Operator;
use super::props::Props;
use super::raster::{Camera, Target};
use super::scenery::{Scenery, Terrain, Thing};
use super::sky::Sky;
use super::style;
use super::texture::Texture;
use crate::canvas::Canvas;
use crate::pack::{Pack, PackError};
use crate::record::SceneRecord;
use crate::render::Format;
use crate::vocabulary::Style;

/// What a pixel shows.
pub const ACTOR: u8 = 1;
pub const THING: u8 = 2;
pub const GROUND: u8 = 3;
const SHADED: u8 = 4;
pub const WATER: u8 = 5;

/// Samples of a pixel along each side.
const FINE: usize = 2;

struct Stage<'a> {
    record: &'a SceneRecord,
    acting: Acting<'a>,
    operator: Operator,
    scenery: Scenery,
    sky: Sky,
    terrain: Terrain,
    things: Vec<Thing>,
    ground: &'a Texture,
    patch: &'a Texture,
    /// Of each player; none for what has colours of its own.
    skins: Vec<Option<&'a Texture>>,
    style: Style,
    seconds: f32,
}

/// All frames, one after the other: frames × height × width × RGB, 8 bits.
pub fn render(record: &SceneRecord, pack: &Pack, format: &Format) -> Result<Vec<u8>, PackError> {
    let stage = Stage::new(record, pack.props()?, format);
    let (w, h) = (format.width, format.height);
    let mut target = Target::new(w * FINE, h * FINE);
    let mut mirror = (stage.scenery.level > -1e6).then(|| Target::new(w, h));
    let mut canvas = Canvas::new(w, h);
    let mut out = Vec::with_capacity(format.frames * w * h * 3);
    for u in format.moments(record) {
        stage.draw(u, &mut target, mirror.as_mut(), &mut canvas);
        canvas.write_rgb8(&mut out);
    }
    Ok(out)
}

/// Where the actors are in each frame: left, top, right, bottom as fractions of the frame, partly outside at times.
pub fn boxes(
    record: &SceneRecord,
    pack: &Pack,
    format: &Format,
) -> Result<Vec<Vec<[f32; 4]>>, PackError> {
    let stage = Stage::new(record, pack.props()?, format);
    Ok(format
        .moments(record)
        .map(|u| {
            let camera = stage.camera(u);
            stage
                .acting
                .figures(u)
                .iter()
                .map(|f| f.seen_by(&camera))
                .collect()
        })
        .collect())
}

impl<'a> Stage<'a> {
    fn new(record: &'a SceneRecord, props: &'a Props, format: &Format) -> Stage<'a> {
        let seconds = format.seconds();
        let acting = Acting::new(record, props, seconds);
        let scenery = Scenery::new(record, &acting);
        let sky = Sky::new(record);
        let mut operator = Operator::new(record, &acting, format.aspect(), seconds);
        operator.step_back(&acting, |x, z| scenery.surface(x, z));
        Stage {
            record,
            terrain: scenery.terrain(&sky),
            things: scenery.things(&sky, operator.reach()),
            ground: props.texture(scenery.setting.ground),
            patch: props.texture(scenery.setting.patch),
            skins: acting
                .players
                .iter()
                .map(|p| p.actor.coat(p.coat).map(|c| props.texture(c.skin)))
                .collect(),
            style: record.style,
            acting,
            operator,
            scenery,
            sky,
            seconds,
        }
    }

    fn camera(&self, u: f32) -> Camera {
        let scenery = &self.scenery;
        self.operator
            .eye(&self.acting, u, |x, z| scenery.surface(x, z))
    }

    fn draw(&self, u: f32, target: &mut Target, mirror: Option<&mut Target>, canvas: &mut Canvas) {
        let u = style::moment(self.style, u, self.seconds);
        let time = u * self.seconds;
        let camera = self.camera(u);
        let figures = self.acting.figures(u);
        target.clear();
        for figure in &figures {
            self.actor(target, &camera, figure, None);
        }
        for thing in &self.things {
            if self.seen(&camera, thing) {
                self.thing(target, &camera, thing);
            }
        }
        self.earth(target, &camera);
        self.shadows(target, &camera, &figures);
        if let Some(mirror) = mirror {
            mirror.clear();
            for figure in &figures {
                self.actor(mirror, &camera, figure, Some(self.scenery.level));
            }
            self.water(target, mirror, &camera, time);
        }
        self.resolve(target, &camera, time, canvas);
        self.weather(canvas, time);
        style::apply(self.style, canvas, target, FINE, self.record.seed, time);
    }

    fn seen(&self, camera: &Camera, thing: &Thing) -> bool {
        let v = camera.view(thing.middle);
        let side = camera.half * camera.aspect;
        let r = thing.radius * 1.5;
        v[2] > -r
            && v[0].abs() < v[2].max(0.0) * side + r * 1.3
            && v[1].abs() < v[2].max(0.0) * camera.half + r * 1.6
    }
}
