//! A three-dimensional scene over time: from a record to frames.

use super::acting::{Acting, Figure};
use super::camera::Operator;
use super::math::{V3, add, dot, fbm, mul, noise2, sub, times, unit};
use super::places::Water;
use super::props::Props;
use super::raster::{Camera, Corner, Target};
use super::scenery::{Scenery, Terrain, Thing};
use super::sky::Sky;
use super::style;
use super::texture::Texture;
use crate::canvas::{Canvas, Paint, lerp, mix, smooth};
use crate::pack::{Pack, PackError};
use crate::record::SceneRecord;
use crate::render::Format;
use crate::rng;
use crate::vocabulary::{Style, Weather};

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
    skin: Option<&'a Texture>,
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
    let around = |figure: &Figure, camera: &Camera| {
        let mut edge = [
            f32::INFINITY,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NEG_INFINITY,
        ];
        for p in &figure.body.points {
            if let Some([x, y]) = camera.project(figure.place.apply(*p)) {
                edge = [
                    edge[0].min(x),
                    edge[1].min(y),
                    edge[2].max(x),
                    edge[3].max(y),
                ];
            }
        }
        // Behind the camera altogether: an empty box.
        if edge[0] > edge[2] { [0.0; 4] } else { edge }
    };
    Ok(format
        .moments(record)
        .map(|u| {
            let camera = stage.camera(u);
            stage
                .acting
                .figures(u)
                .iter()
                .map(|f| around(f, &camera))
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
        let operator = Operator::new(record, &acting, format.aspect(), seconds);
        let coat = record.solid.as_ref().map_or(0, |s| s.coat);
        Stage {
            record,
            terrain: scenery.terrain(&sky),
            things: scenery.things(record, &sky, operator.reach()),
            ground: props.texture(scenery.setting.ground),
            patch: props.texture(scenery.setting.patch),
            skin: acting.actor.coat(coat).map(|c| props.texture(c.skin)),
            style: record.solid.as_ref().map_or(Style::Plain, |s| s.style),
            acting,
            operator,
            scenery,
            sky,
            seconds,
        }
    }

    fn camera(&self, u: f32) -> Camera {
        let scenery = &self.scenery;
        self.operator.eye(&self.acting, u, |x, z| {
            scenery.ground(x, z).max(scenery.level)
        })
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

    fn actor(&self, target: &mut Target, camera: &Camera, figure: &Figure, flip: Option<f32>) {
        let body = &figure.body;
        let world: Vec<V3> = body
            .points
            .iter()
            .map(|p| {
                let mut p = figure.place.apply(*p);
                if let Some(level) = flip {
                    p[1] = 2.0 * level - p[1];
                }
                p
            })
            .collect();
        let view: Vec<V3> = world.iter().map(|p| camera.view(*p)).collect();
        let normals: Vec<V3> = body
            .normals
            .iter()
            .map(|n| unit(figure.place.turn(*n)))
            .collect();
        // Feet are darker: the ground takes light from them.
        let low = figure.place.shift[1];
        let top = self.acting.height.max(0.1);
        let lights: Vec<V3> = world
            .iter()
            .zip(&normals)
            .map(|(p, n)| {
                let shade = lerp(0.80, 1.0, smooth(0.0, 0.35, ((p[1] - low) / top).abs()));
                mul(self.sky.light(*n), shade)
            })
            .collect();
        let haze: Vec<f32> = view
            .iter()
            .map(|v| self.sky.fog(v[2].max(0.0)) * 0.7)
            .collect();
        let horizon = self.sky.horizon;
        let level = flip.unwrap_or(f32::NEG_INFINITY);
        let clay = self.style == Style::Clay;
        if !body.colours.is_empty() {
            for face in &body.faces {
                let at = face.map(usize::from);
                if at.iter().all(|&i| flip.is_some() && world[i][1] > level) {
                    continue;
                }
                let corners = at.map(|i| {
                    let c = mix(times(body.colours[i], lights[i]), horizon, haze[i]);
                    Corner {
                        view: view[i],
                        values: c,
                    }
                });
                target.triangle(camera, corners, ACTOR, |c, _| Some(*c));
            }
            return;
        }
        let Some(skin) = self.skin else { return };
        let holes = self.acting.actor.holes;
        let pixels = target.height as f32 / camera.half * 0.5;
        let mean = skin.mean;
        for face in &body.faces {
            let at = face.map(usize::from);
            if at.iter().all(|&i| flip.is_some() && world[i][1] > level) {
                continue;
            }
            let corners = at.map(|i| {
                let (uv, l) = (body.uvs[i], lights[i]);
                Corner {
                    view: view[i],
                    values: [uv[0], uv[1], l[0], l[1], l[2], haze[i]],
                }
            });
            // How many texels a pixel covers here.
            let (e, f) = (sub(view[at[1]], view[at[0]]), sub(view[at[2]], view[at[0]]));
            let solid = super::math::cross(e, f);
            let (a, b) = (body.uvs[at[1]], body.uvs[at[2]]);
            let o = body.uvs[at[0]];
            let flat = ((a[0] - o[0]) * (b[1] - o[1]) - (b[0] - o[0]) * (a[1] - o[1])).abs();
            let ratio = (flat / dot(solid, solid).sqrt().max(1e-9)).sqrt() * skin.side();
            let far = view[at[0]][2].max(0.05);
            let level = (ratio * far / pixels).log2().round().clamp(0.0, 8.0) as usize;
            target.triangle(camera, corners, ACTOR, |v, _| {
                let mut t = skin.sample(v[0], v[1], level);
                if holes && t[3] < 0.5 {
                    return None;
                }
                if clay {
                    for i in 0..3 {
                        t[i] = lerp(t[i], mean[i], 0.45);
                    }
                }
                let lit = [t[0] * v[2], t[1] * v[3], t[2] * v[4]];
                Some(mix(self.coat(lit), horizon, v[5]))
            });
        }
        if self.acting.actor.fur > 0.0 && flip.is_none() {
            self.fur(target, camera, body, (&world, &normals, &lights, &haze));
        }
    }

    /// The mammoth's bare rig is too grey: its wool is brown.
    fn coat(&self, lit: V3) -> V3 {
        if self.acting.actor.fur > 0.0 {
            times(lit, [0.95, 0.72, 0.52])
        } else {
            lit
        }
    }

    /// Shells of hair: each further out, with more and more of it missing, hanging a little.
    fn fur(
        &self,
        target: &mut Target,
        camera: &Camera,
        body: &super::puppet::Body,
        (world, normals, lights, haze): (&[V3], &[V3], &[V3], &[f32]),
    ) {
        const SHELLS: usize = 7;
        let (low, high) = body.bounds();
        let tall = (high[1] - low[1]).max(1e-3);
        let long = self.acting.actor.fur * self.acting.height;
        for shell in 1..=SHELLS {
            let out = shell as f32 / SHELLS as f32;
            let view: Vec<V3> = world
                .iter()
                .zip(normals)
                .zip(&body.points)
                .map(|((p, n), own)| {
                    // Long on the flanks, short on feet and trunk.
                    let up = (own[1] - low[1]) / tall;
                    let length =
                        long * smooth(0.06, 0.5, up) * lerp(1.0, 0.7, smooth(0.8, 1.0, up));
                    let hang = [0.0, -0.9 * out * out, 0.0];
                    camera.view(add(*p, mul(add(mul(*n, out * 0.8), hang), length)))
                })
                .collect();
            let bright = lerp(0.55, 1.25, out);
            for face in &body.faces {
                let at = face.map(usize::from);
                let corners = at.map(|i| {
                    let (uv, l) = (body.uvs[i], mul(lights[i], bright));
                    Corner {
                        view: view[i],
                        values: [uv[0], uv[1], l[0], l[1], l[2], haze[i]],
                    }
                });
                let horizon = self.sky.horizon;
                target.triangle(camera, corners, ACTOR, |v, _| {
                    let strand =
                        rng::unit(17, ((v[0] * 170.0) as i64) * 4099 + (v[1] * 170.0) as i64);
                    if strand < 0.25 + 0.62 * out {
                        return None;
                    }
                    let tone = lerp(0.75, 1.15, strand);
                    let wool = mul([0.46, 0.29, 0.17], tone);
                    Some(mix(
                        [wool[0] * v[2], wool[1] * v[3], wool[2] * v[4]],
                        horizon,
                        v[5],
                    ))
                });
            }
        }
    }

    fn thing(&self, target: &mut Target, camera: &Camera, thing: &Thing) {
        let view: Vec<V3> = thing.points.iter().map(|p| camera.view(*p)).collect();
        let haze = self.sky.fog(view.first().map_or(0.0, |v| v[2].max(0.0)));
        for face in &thing.faces {
            let corners = face.map(|i| {
                let i = usize::from(i);
                Corner {
                    view: view[i],
                    values: mix(thing.lit[i], self.sky.horizon, haze),
                }
            });
            target.triangle(camera, corners, THING, |c, _| Some(*c));
        }
    }

    fn earth(&self, target: &mut Target, camera: &Camera) {
        let terrain = &self.terrain;
        let view: Vec<V3> = terrain.points.iter().map(|p| camera.view(*p)).collect();
        let inverse = 1.0 / terrain.tile;
        let horizon = self.sky.horizon;
        let texel = self.ground.side() * inverse * 2.0 * camera.half / target.height as f32;
        let (ground, patch) = (self.ground, self.patch);
        let corner = |i: u16| {
            let i = usize::from(i);
            let (p, l) = (terrain.points[i], terrain.light[i]);
            Corner {
                view: view[i],
                values: [
                    p[0] * inverse,
                    p[2] * inverse,
                    l[0],
                    l[1],
                    l[2],
                    terrain.patch[i],
                ],
            }
        };
        let side = camera.half * camera.aspect;
        for face in &terrain.faces {
            // Wholly behind or beside the frame.
            let v = face.map(|i| view[usize::from(i)]);
            if v.iter().all(|v| v[2] < 0.05)
                || v.iter().all(|v| v[0] > v[2] * side)
                || v.iter().all(|v| v[0] < -v[2] * side)
                || v.iter().all(|v| v[1] < -v[2] * camera.half)
            {
                continue;
            }
            target.triangle(camera, face.map(corner), GROUND, |v, near| {
                let far = 1.0 / near;
                // Ground is seen aslant: between the two footprints.
                let level = (texel * far * 1.8).log2().clamp(0.0, 9.0) as usize;
                let mut t = ground.sample(v[0], v[1], level);
                if v[5] > 0.02 {
                    let other = patch.sample(v[0] * 0.83, v[1] * 0.83, level);
                    let share = smooth(0.0, 1.0, v[5]);
                    for i in 0..3 {
                        t[i] = lerp(t[i], other[i], share);
                    }
                }
                let lit = [t[0] * v[2], t[1] * v[3], t[2] * v[4]];
                Some(mix(lit, horizon, self.sky.fog(far)))
            });
        }
    }

    /// Shadows of actors and plants, cast along the sun onto level ground.
    fn shadows(&self, target: &mut Target, camera: &Camera, figures: &[Figure]) {
        let sun = self.sky.sun;
        let sum = |c: V3| c[0] + c[1] + c[2];
        let lit = sum(self.sky.light([0.0, 1.0, 0.0]));
        let dark = add(mul(self.sky.ambient, 0.92), mul(self.sky.sun_colour, 0.06));
        let keep = (sum(dark) / lit).clamp(0.35, 1.0);
        if self.scenery.level > 0.3 * self.acting.height {
            return;
        }
        let mut cast = |points: &[V3], faces: &[[u16; 3]], floor: f32, keep: f32| {
            let view: Vec<V3> = points
                .iter()
                .map(|p| {
                    let k = (p[1] - floor).max(0.0) / sun[1].max(0.12);
                    camera.view([p[0] - sun[0] * k, floor, p[2] - sun[2] * k])
                })
                .collect();
            for face in faces {
                let corners = face.map(|i| Corner {
                    view: view[usize::from(i)],
                    values: [0.0; 0],
                });
                target.scan(camera, corners, |target, at, _, _| {
                    if target.tag[at] == GROUND {
                        target.tag[at] = SHADED;
                        target.colour[at] = mul(target.colour[at], keep);
                    }
                });
            }
        };
        for figure in figures {
            let points: Vec<V3> = figure
                .body
                .points
                .iter()
                .map(|p| figure.place.apply(*p))
                .collect();
            let at = figure.place.shift;
            let floor = self.scenery.ground(at[0], at[2]);
            let high = ((at[1] - floor) / (4.0 * self.acting.height + 1.0)).clamp(0.0, 1.0);
            cast(
                &points,
                &figure.body.faces,
                floor + 0.012 * self.acting.height,
                lerp(keep, 1.0, high),
            );
        }
        for thing in self.things.iter().filter(|t| t.casts) {
            if camera.view(thing.middle)[2] < 90.0 {
                cast(
                    &thing.points,
                    &thing.faces,
                    thing.middle[1] + 0.05,
                    lerp(keep, 1.0, 0.15),
                );
            }
        }
    }

    fn water(&self, target: &mut Target, mirror: &Target, camera: &Camera, time: f32) {
        let level = self.scenery.level;
        let (w, h) = (target.width, target.height);
        let deep = mul(
            mix([0.05, 0.22, 0.30], self.sky.horizon, 0.12),
            0.4 + 0.6 * self.sky.ambient[1] / 0.53,
        );
        let open = self.scenery.setting.water == Water::Open;
        let rough = if open { 0.10 } else { 0.05 };
        let size = self.acting.size().max(0.3);
        for y in 0..h {
            for x in 0..w {
                let (fx, fy) = (
                    2.0 * (x as f32 + 0.5) / w as f32 - 1.0,
                    1.0 - 2.0 * (y as f32 + 0.5) / h as f32,
                );
                let ray = camera.ray(fx, fy);
                if ray[1] >= -1e-4 || camera.eye[1] <= level {
                    continue;
                }
                // The ray's own length along the view axis is one: t is the depth.
                let t = (level - camera.eye[1]) / ray[1];
                let at = y * w + x;
                let near = 1.0 / t;
                if target.depth[at] >= near {
                    continue;
                }
                let p = add(camera.eye, mul(ray, t));
                let waves = |k: f32, sx: f32, sz: f32| {
                    noise2(
                        9,
                        p[0] * k / size + time * sx,
                        p[2] * k * 1.6 / size + time * sz,
                    )
                };
                let calm = 1.0 / (1.0 + 0.02 * t / size);
                let a = waves(1.1, 0.35, 0.5) + 0.5 * waves(3.1, -0.6, 0.7);
                let b = waves(1.3, -0.3, 0.6) + 0.5 * waves(2.9, 0.5, -0.8);
                let n = unit([rough * a * calm * 2.0, 1.0, rough * b * calm * 2.0]);
                let d = unit(ray);
                let facing = -dot(d, n);
                let fresnel = 0.04 + 0.86 * (1.0 - facing.clamp(0.0, 1.0)).powi(4);
                let bounce = sub(d, mul(n, 2.0 * dot(d, n)));
                let mut seen = self
                    .sky
                    .colour([bounce[0], bounce[1].abs() + 0.01, bounce[2]], time);
                // The actor upside down, bent by the waves.
                let (mx, my) = (
                    (x / FINE) as i32 + (a * calm * 3.0) as i32,
                    (y / FINE) as i32 + (b * calm * 2.0) as i32,
                );
                let mut mirrored = 0.0;
                if mx >= 0
                    && my >= 0
                    && (mx as usize) < mirror.width
                    && (my as usize) < mirror.height
                {
                    let m = my as usize * mirror.width + mx as usize;
                    if mirror.depth[m] > 0.0 {
                        seen = mirror.colour[m];
                        mirrored = 0.35;
                    }
                }
                let through = if target.depth[at] > 0.0 {
                    1.0 / target.depth[at] - t
                } else {
                    1e3
                };
                let clear = (-through / (0.55 * size.min(2.5))).exp();
                let below = if clear > 0.003 {
                    mix(deep, target.colour[at], clear * 0.85)
                } else {
                    deep
                };
                let mut colour = mix(below, seen, (fresnel + mirrored).min(1.0));
                if open && a * calm > 0.85 {
                    colour = mix(
                        colour,
                        mul([0.95, 0.97, 1.0], self.sky.ambient[1] / 0.53),
                        0.5 * smooth(0.85, 1.2, a),
                    );
                }
                // Foam where something comes out of it.
                if target.depth[at] > 0.0 && through < 0.07 * size {
                    colour = mix(
                        colour,
                        mul([0.92, 0.96, 0.98], self.sky.ambient[1] / 0.53),
                        0.4 * (1.0 - through / (0.07 * size)),
                    );
                }
                target.colour[at] = mix(colour, self.sky.horizon, self.sky.fog(t));
                target.depth[at] = near;
                target.tag[at] = WATER;
            }
        }
    }

    /// Fine samples to pixels, with the sky where nothing is.
    fn resolve(&self, target: &Target, camera: &Camera, time: f32, canvas: &mut Canvas) {
        let (w, h) = (canvas.width, canvas.height);
        for y in 0..h {
            for x in 0..w {
                let mut sum = [0.0; 3];
                let mut open = 0;
                for dy in 0..FINE {
                    let row = (y * FINE + dy) * target.width + x * FINE;
                    for at in row..row + FINE {
                        if target.depth[at] > 0.0 {
                            sum = add(sum, target.colour[at]);
                        } else {
                            open += 1;
                        }
                    }
                }
                if open > 0 {
                    let (fx, fy) = (
                        2.0 * (x as f32 + 0.5) / w as f32 - 1.0,
                        1.0 - 2.0 * (y as f32 + 0.5) / h as f32,
                    );
                    let sky = self.sky.colour(camera.ray(fx, fy), time);
                    sum = add(sum, mul(sky, open as f32));
                }
                let pixel = mul(sum, 1.0 / (FINE * FINE) as f32);
                canvas.pixels[y * w + x] = pixel.map(|c| c.clamp(0.0, 1.0));
            }
        }
    }

    fn weather(&self, canvas: &mut Canvas, time: f32) {
        let unit = canvas.height as f32;
        let wide = canvas.width as f32;
        let seed = self.record.seed;
        let own = |i: i64, k: i64| rng::unit(seed ^ 0x4a1, i * 5 + k);
        match self.record.weather {
            Weather::Rain => {
                let count = (110.0 * wide / unit / 1.78) as i64;
                for i in 0..count {
                    let y =
                        ((own(i, 0) + time * lerp(1.5, 2.3, own(i, 1))).fract() * 1.2 - 0.1) * unit;
                    let x = own(i, 2) * wide * 1.1 - y * 0.08;
                    let long = lerp(0.04, 0.09, own(i, 3)) * unit;
                    let paint = Paint::flat([0.82, 0.88, 0.95]).alpha(0.38).soft(1.0);
                    canvas.capsule(
                        (x, y),
                        (x - 0.08 * long, y + long),
                        (0.0022 * unit).max(0.3),
                        paint,
                    );
                }
            }
            Weather::Snowfall => {
                let count = (120.0 * wide / unit / 1.78) as i64;
                for i in 0..count {
                    let fall = time * lerp(0.12, 0.30, own(i, 1));
                    let y = ((own(i, 0) + fall).fract() * 1.2 - 0.1) * unit;
                    let x = own(i, 2) * wide + 0.03 * unit * (time * 1.2 + own(i, 4) * 6.0).sin();
                    let r = lerp(0.003, 0.009, own(i, 3).powi(2)) * unit;
                    canvas.ellipse(
                        x,
                        y,
                        r.max(0.5),
                        r.max(0.5),
                        Paint::flat([0.97, 0.98, 1.0]).alpha(0.85),
                    );
                }
            }
            Weather::Fog => {
                let thick = self.sky.horizon;
                for y in 0..canvas.height {
                    for x in 0..canvas.width {
                        let n = fbm(
                            seed,
                            x as f32 / unit * 1.6 + time * 0.06,
                            y as f32 / unit * 3.0,
                            3,
                        );
                        let pixel = &mut canvas.pixels[y * canvas.width + x];
                        *pixel = mix(*pixel, thick, (0.22 + 0.25 * n).clamp(0.0, 0.6));
                    }
                }
            }
            Weather::Clear => {}
        }
        if self.scenery.setting.water == Water::Under {
            for i in 0..5 {
                let sway = 0.04 * (time * 0.6 + i as f32 * 1.9).sin();
                let x = (own(i, 0) * 1.2 - 0.1 + sway) * wide;
                let ray = Paint::flat([0.75, 0.97, 1.0]).alpha(0.10).soft(0.10 * unit);
                canvas.capsule(
                    (x, -0.1 * unit),
                    (x - 0.25 * unit, 0.7 * unit),
                    0.06 * unit,
                    ray,
                );
            }
        }
    }
}
