//! A skinned animal: its mesh, its clips, and its shape at a moment.

use super::math::{Affine, V3, add, mul, nlerp, sub};
use super::store::Motion;
use crate::foreign::BoneState;
use crate::foreign::pmd::Mesh;

/// What is drawn of a body: corners in model space (metres, y up, looking along +z) and triangles.
#[derive(Clone, Default)]
pub struct Body {
    pub points: Vec<V3>,
    pub normals: Vec<V3>,
    pub uvs: Vec<[f32; 2]>,
    /// Own colours; empty for a textured body.
    pub colours: Vec<V3>,
    pub faces: Vec<[u16; 3]>,
    /// Corners from this one on give light of their own.
    pub shining: Option<usize>,
}

impl Body {
    /// What is added from now on gives light.
    pub fn shines(&mut self) {
        self.shining = Some(self.points.len());
    }

    pub fn bounds(&self) -> (V3, V3) {
        bounds(&self.points)
    }
}

pub fn bounds(points: &[V3]) -> (V3, V3) {
    let (mut low, mut high) = ([f32::INFINITY; 3], [f32::NEG_INFINITY; 3]);
    for p in points {
        for i in 0..3 {
            low[i] = low[i].min(p[i]);
            high[i] = high[i].max(p[i]);
        }
    }
    (low, high)
}

pub struct Puppet {
    mesh: Mesh,
    /// From model space to each bone's, in the pose the mesh is given in.
    inverse: Vec<Affine>,
    /// From the file's units to metres, and how far its feet are from zero.
    scale: f32,
    floor: f32,
}

impl Puppet {
    /// `size` is the height in metres, or half the largest extent where `afloat`; `rest` is the pose that is measured.
    pub fn new(mesh: Mesh, rest: Option<&Motion>, size: f32, afloat: bool) -> Puppet {
        let inverse = mesh
            .bind
            .iter()
            .map(|b| Affine::rigid(b.turn, b.shift).rigid_inverse())
            .collect();
        let mut puppet = Puppet {
            mesh,
            inverse,
            scale: 1.0,
            floor: 0.0,
        };
        let states = rest.map(|m| m.frames[0].clone());
        let (points, _) = puppet.skin(states.as_deref());
        let (low, high) = bounds(&points);
        let extent = sub(high, low);
        puppet.scale = if afloat {
            2.0 * size / extent[0].max(extent[1]).max(extent[2]).max(1e-3)
        } else {
            size / extent[1].max(1e-3)
        };
        puppet.floor = if afloat {
            (low[1] + high[1]) / 2.0
        } else {
            low[1]
        };
        puppet
    }

    pub fn fits(&self, motion: &Motion) -> bool {
        motion.frames[0].len() >= self.mesh.bind.len()
    }

    /// The body with its bones in these states; as it was made where there are none.
    pub fn body(&self, states: Option<&[BoneState]>) -> Body {
        let (mut points, mut normals) = self.skin(states);
        // The files' animals look along −z.
        for p in &mut points {
            *p = [
                -p[0] * self.scale,
                (p[1] - self.floor) * self.scale,
                -p[2] * self.scale,
            ];
        }
        for n in &mut normals {
            *n = [-n[0], n[1], -n[2]];
        }
        Body {
            points,
            normals,
            uvs: self.mesh.vertices.iter().map(|v| v.uv).collect(),
            colours: Vec::new(),
            faces: self.mesh.faces.clone(),
            shining: None,
        }
    }

    fn skin(&self, states: Option<&[BoneState]>) -> (Vec<V3>, Vec<V3>) {
        let moves: Vec<Affine> = match states {
            Some(states) => states
                .iter()
                .zip(&self.inverse)
                .map(|(s, back)| Affine::rigid(s.turn, s.shift).after(back))
                .collect(),
            None => vec![Affine::IDENTITY; self.inverse.len()],
        };
        let mut points = Vec::with_capacity(self.mesh.vertices.len());
        let mut normals = Vec::with_capacity(self.mesh.vertices.len());
        for v in &self.mesh.vertices {
            let (mut p, mut n, mut sum) = ([0.0; 3], [0.0; 3], 0.0);
            for (bone, weight) in v.bones.iter().zip(v.weights) {
                if weight > 0.0
                    && let Some(m) = moves.get(usize::from(*bone))
                {
                    p = add(p, mul(m.apply(v.position), weight));
                    n = add(n, mul(m.turn(v.normal), weight));
                    sum += weight;
                }
            }
            if sum > 0.0 {
                points.push(p);
                normals.push(n);
            } else {
                points.push(v.position);
                normals.push(v.normal);
            }
        }
        (points, normals)
    }

    /// How fast the ground passes below the feet, metres a second: what stands low moves backwards with the ground.
    pub fn ground_speed(&self, motion: &Motion) -> f32 {
        let count = motion.frames.len();
        if count < 3 || !self.fits(motion) {
            return 0.0;
        }
        let bodies: Vec<Body> = motion.frames.iter().map(|f| self.body(Some(f))).collect();
        let (_, high) = bodies[0].bounds();
        let low = bodies
            .iter()
            .map(|b| b.bounds().0[1])
            .fold(f32::INFINITY, f32::min);
        let near = low + 0.05 * (high[1] - low);
        let dt = motion.seconds / count as f32;
        let mut steps = Vec::new();
        for i in 0..count - 1 {
            for (a, b) in bodies[i].points.iter().zip(&bodies[i + 1].points) {
                if a[1] < near && b[1] < near {
                    steps.push((a[2] - b[2]) / dt);
                }
            }
        }
        if steps.is_empty() {
            return 0.0;
        }
        steps.sort_by(f32::total_cmp);
        steps[steps.len() * 6 / 10].max(0.0)
    }
}

/// The bones of a clip at a moment; `t` in seconds, repeating.
pub fn sample(motion: &Motion, t: f32) -> Vec<BoneState> {
    let count = motion.frames.len();
    let at = (t / motion.seconds).rem_euclid(1.0) * count as f32;
    let i = (at as usize).min(count - 1);
    blend(
        &motion.frames[i],
        &motion.frames[(i + 1) % count],
        at - i as f32,
    )
}

pub fn blend(a: &[BoneState], b: &[BoneState], share: f32) -> Vec<BoneState> {
    a.iter()
        .zip(b)
        .map(|(a, b)| BoneState {
            shift: add(mul(a.shift, 1.0 - share), mul(b.shift, share)),
            turn: nlerp(a.turn, b.turn, share),
        })
        .collect()
}
