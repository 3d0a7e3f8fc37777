//! Triangles onto a picture with depth: perspective-correct, clipped at the near plane.

use super::math::{V3, add, cross, dot, mul, sub, unit};

/// Nearest distance that is drawn, metres.
const NEAR: f32 = 0.05;

#[derive(Clone, Copy, Debug)]
pub struct Camera {
    pub eye: V3,
    pub right: V3,
    pub up: V3,
    pub ahead: V3,
    /// Half the frame's height over its distance: tan of half the angle of view.
    pub half: f32,
    pub aspect: f32,
}

impl Camera {
    pub fn looking(eye: V3, at: V3, half: f32, aspect: f32, roll: f32) -> Camera {
        let ahead = unit(sub(at, eye));
        // Seen from above, north is not up: lean on z when looking straight down.
        let side = unit(cross([0.0, 1.0, 0.0], ahead));
        let over = cross(ahead, side);
        let (s, c) = roll.sin_cos();
        Camera {
            eye,
            right: add(mul(side, c), mul(over, s)),
            up: sub(mul(over, c), mul(side, s)),
            ahead,
            half,
            aspect,
        }
    }

    /// Right, up, ahead of the camera.
    #[inline]
    pub fn view(&self, p: V3) -> V3 {
        let d = sub(p, self.eye);
        [dot(d, self.right), dot(d, self.up), dot(d, self.ahead)]
    }

    /// Direction through a point of the frame, x and y in −1…1 (y up); not normalised.
    #[inline]
    pub fn ray(&self, x: f32, y: f32) -> V3 {
        let side = mul(self.right, x * self.half * self.aspect);
        add(add(self.ahead, side), mul(self.up, y * self.half))
    }

    /// Fractions of the frame from its left upper corner, if before the camera.
    pub fn project(&self, p: V3) -> Option<[f32; 2]> {
        let v = self.view(p);
        (v[2] > NEAR).then(|| {
            [
                0.5 + 0.5 * v[0] / (v[2] * self.half * self.aspect),
                0.5 - 0.5 * v[1] / (v[2] * self.half),
            ]
        })
    }
}

/// A corner: where it is for the camera and what varies over the triangle.
#[derive(Clone, Copy)]
pub struct Corner<const N: usize> {
    pub view: V3,
    pub values: [f32; N],
}

pub struct Target {
    pub width: usize,
    pub height: usize,
    /// 1 / distance; 0 where nothing is.
    pub depth: Vec<f32>,
    pub colour: Vec<V3>,
    /// What was drawn there last: see the scene's constants.
    pub tag: Vec<u8>,
}

impl Target {
    pub fn new(width: usize, height: usize) -> Target {
        let n = width * height;
        Target {
            width,
            height,
            depth: vec![0.0; n],
            colour: vec![[0.0; 3]; n],
            tag: vec![0; n],
        }
    }

    pub fn clear(&mut self) {
        self.depth.fill(0.0);
        self.tag.fill(0);
    }

    /// Draws a triangle: `shade` is asked, for each pixel whose 1/distance beats what is there, for its colour; `None` leaves
    /// the pixel as it is.
    #[inline]
    pub fn triangle<const N: usize>(
        &mut self,
        camera: &Camera,
        corners: [Corner<N>; 3],
        tag: u8,
        mut shade: impl FnMut(&[f32; N], f32) -> Option<V3>,
    ) {
        self.scan(camera, corners, |target, at, near, values| {
            if near > target.depth[at]
                && let Some(colour) = shade(values, near)
            {
                target.depth[at] = near;
                target.colour[at] = colour;
                target.tag[at] = tag;
            }
        });
    }

    /// Visits each pixel of a triangle with its index, 1/distance and values.
    #[inline]
    pub fn scan<const N: usize>(
        &mut self,
        camera: &Camera,
        corners: [Corner<N>; 3],
        mut visit: impl FnMut(&mut Target, usize, f32, &[f32; N]),
    ) {
        let [a, b, c] = corners;
        let inside = |k: &Corner<N>| k.view[2] > NEAR;
        match (inside(&a), inside(&b), inside(&c)) {
            (false, false, false) => {}
            (true, true, true) => self.fill(camera, [a, b, c], &mut visit),
            _ => {
                // One or two corners behind: cut into a fan.
                let mut kept: [Option<Corner<N>>; 4] = [None; 4];
                let mut count = 0;
                for (i, from) in corners.iter().enumerate() {
                    let to = &corners[(i + 1) % 3];
                    if inside(from) {
                        kept[count] = Some(*from);
                        count += 1;
                    }
                    if inside(from) != inside(to) {
                        let t = (NEAR * 1.01 - from.view[2]) / (to.view[2] - from.view[2]);
                        let mix = |x: f32, y: f32| x + (y - x) * t;
                        kept[count] = Some(Corner {
                            view: std::array::from_fn(|i| mix(from.view[i], to.view[i])),
                            values: std::array::from_fn(|i| mix(from.values[i], to.values[i])),
                        });
                        count += 1;
                    }
                }
                for i in 2..count {
                    if let (Some(p), Some(q), Some(r)) = (kept[0], kept[i - 1], kept[i]) {
                        self.fill(camera, [p, q, r], &mut visit);
                    }
                }
            }
        }
    }

    fn fill<const N: usize>(
        &mut self,
        camera: &Camera,
        corners: [Corner<N>; 3],
        visit: &mut impl FnMut(&mut Target, usize, f32, &[f32; N]),
    ) {
        let (w, h) = (self.width as f32, self.height as f32);
        let (kx, ky) = (
            0.5 * w / (camera.half * camera.aspect),
            0.5 * h / camera.half,
        );
        let p = corners.map(|c| {
            let near = 1.0 / c.view[2];
            [
                0.5 * w + c.view[0] * near * kx,
                0.5 * h - c.view[1] * near * ky,
                near,
            ]
        });
        let area =
            (p[1][0] - p[0][0]) * (p[2][1] - p[0][1]) - (p[2][0] - p[0][0]) * (p[1][1] - p[0][1]);
        if area.abs() < 1e-6 || !area.is_finite() {
            return;
        }
        let low = |i: usize| p[0][i].min(p[1][i]).min(p[2][i]);
        let high = |i: usize| p[0][i].max(p[1][i]).max(p[2][i]);
        let (x0, x1) = (
            (low(0) - 0.5).ceil().max(0.0),
            (high(0) - 0.5).floor().min(w - 1.0),
        );
        let (y0, y1) = (
            (low(1) - 0.5).ceil().max(0.0),
            (high(1) - 0.5).floor().min(h - 1.0),
        );
        if x0 > x1 || y0 > y1 {
            return;
        }
        let inverse = 1.0 / area;
        // Weights of corners 1 and 2 as planes over the picture.
        let d1 = [
            (p[2][1] - p[0][1]) * inverse,
            -(p[2][0] - p[0][0]) * inverse,
        ];
        let d2 = [
            -(p[1][1] - p[0][1]) * inverse,
            (p[1][0] - p[0][0]) * inverse,
        ];
        let over: [[f32; N]; 3] = std::array::from_fn(|k| corners[k].values.map(|v| v * p[k][2]));
        for y in y0 as usize..=y1 as usize {
            let dy = y as f32 + 0.5 - p[0][1];
            let base = [
                d1[1] * dy + d1[0] * (0.5 - p[0][0]),
                d2[1] * dy + d2[0] * (0.5 - p[0][0]),
            ];
            let row = y * self.width;
            let mut entered = false;
            for x in x0 as usize..=x1 as usize {
                let xf = x as f32;
                let w1 = base[0] + d1[0] * xf;
                let w2 = base[1] + d2[0] * xf;
                let w0 = 1.0 - w1 - w2;
                if w0 < 0.0 || w1 < 0.0 || w2 < 0.0 {
                    if entered {
                        break;
                    }
                    continue;
                }
                entered = true;
                let near = w0 * p[0][2] + w1 * p[1][2] + w2 * p[2][2];
                if near <= self.depth[row + x] {
                    continue;
                }
                let far = 1.0 / near;
                let values: [f32; N] = std::array::from_fn(|i| {
                    (w0 * over[0][i] + w1 * over[1][i] + w2 * over[2][i]) * far
                });
                visit(self, row + x, near, &values);
            }
        }
    }
}
