//! Models, clips and textures as the pack keeps them: quantised and small.
//!
//! Model: u16 vertices, u16 faces, u8 bones, f32 low corner and size of the box, then per vertex u16×3 position,
//! i8×3 normal, i16×2 uv/2048, u8×4 bones, u8×4 weights; faces u16×3; bones as in a clip.
//! Clip: f32 seconds, u8 bones, u16 frames, f32 low corner and size, then u16×3 shift and i16×4 turn a bone.

use crate::foreign::pmd::{Mesh, Vertex};
use crate::foreign::psa::Clip;
use crate::foreign::{BoneState, FormatError, Reader};

/// Frames a clip keeps at most each second, and in all.
const CLIP_RATE: f32 = 12.0;
const CLIP_FRAMES: usize = 28;

/// A clip ready to be sampled: evenly spaced frames; in a loop the last is followed by the first.
#[derive(Clone, Debug, PartialEq)]
pub struct Motion {
    pub seconds: f32,
    pub frames: Vec<Vec<BoneState>>,
}

struct Cube {
    low: [f32; 3],
    size: [f32; 3],
}

impl Cube {
    fn around(points: impl Iterator<Item = [f32; 3]>) -> Cube {
        let (mut low, mut high) = ([f32::INFINITY; 3], [f32::NEG_INFINITY; 3]);
        for p in points {
            for i in 0..3 {
                low[i] = low[i].min(p[i]);
                high[i] = high[i].max(p[i]);
            }
        }
        if low[0] > high[0] {
            // No bones at all.
            (low, high) = ([0.0; 3], [0.0; 3]);
        }
        let size = std::array::from_fn(|i| (high[i] - low[i]).max(1e-6));
        Cube { low, size }
    }

    fn write(&self, out: &mut Vec<u8>) {
        for value in self.low.iter().chain(&self.size) {
            out.extend_from_slice(&value.to_le_bytes());
        }
    }

    fn read(r: &mut Reader<'_>) -> Result<Cube, FormatError> {
        let (low, size) = (r.floats()?, r.floats()?);
        Ok(Cube { low, size })
    }

    fn pack(&self, p: [f32; 3], out: &mut Vec<u8>) {
        for ((value, low), size) in p.into_iter().zip(self.low).zip(self.size) {
            let share = ((value - low) / size).clamp(0.0, 1.0);
            out.extend_from_slice(&((share * 65535.0).round() as u16).to_le_bytes());
        }
    }

    fn unpack(&self, r: &mut Reader<'_>) -> Result<[f32; 3], FormatError> {
        let mut p = [0.0; 3];
        for (i, value) in p.iter_mut().enumerate() {
            *value = self.low[i] + self.size[i] * f32::from(r.u16()?) / 65535.0;
        }
        Ok(p)
    }
}

fn write_bone(cube: &Cube, bone: &BoneState, out: &mut Vec<u8>) {
    cube.pack(bone.shift, out);
    for q in bone.turn {
        out.extend_from_slice(&((q * 32767.0).round() as i16).to_le_bytes());
    }
}

fn read_bone(cube: &Cube, r: &mut Reader<'_>) -> Result<BoneState, FormatError> {
    let shift = cube.unpack(r)?;
    let mut turn = [0.0; 4];
    for q in &mut turn {
        *q = f32::from(r.i16()?) / 32767.0;
    }
    let length = turn.iter().map(|q| q * q).sum::<f32>().sqrt();
    if length < 0.5 {
        return Err(FormatError::Range("a bone's rotation"));
    }
    Ok(BoneState {
        shift,
        turn: turn.map(|q| q / length),
    })
}

pub fn write_model(mesh: &Mesh) -> Result<Vec<u8>, FormatError> {
    let small = |n: usize, what| u16::try_from(n).map_err(|_| FormatError::Range(what));
    let mut out = Vec::new();
    out.extend_from_slice(&small(mesh.vertices.len(), "the number of vertices")?.to_le_bytes());
    out.extend_from_slice(&small(mesh.faces.len(), "the number of faces")?.to_le_bytes());
    let bones = u8::try_from(mesh.bind.len()).map_err(|_| FormatError::Range("the bones"))?;
    out.push(bones);
    let cube = Cube::around(mesh.vertices.iter().map(|v| v.position));
    cube.write(&mut out);
    for v in &mesh.vertices {
        cube.pack(v.position, &mut out);
        out.extend(v.normal.map(|n| (n * 127.0).round() as i8 as u8));
        for c in v.uv {
            out.extend_from_slice(&((c * 2048.0).round() as i16).to_le_bytes());
        }
        out.extend(v.bones);
        out.extend(v.weights.map(|w| (w * 255.0).round() as u8));
    }
    for face in &mesh.faces {
        out.extend(face.iter().flat_map(|i| i.to_le_bytes()));
    }
    let cube = Cube::around(mesh.bind.iter().map(|b| b.shift));
    cube.write(&mut out);
    mesh.bind
        .iter()
        .for_each(|b| write_bone(&cube, b, &mut out));
    Ok(out)
}

pub fn read_model(bytes: &[u8]) -> Result<Mesh, FormatError> {
    let mut r = Reader::new(bytes, "a model");
    let (vertices, faces) = (usize::from(r.u16()?), usize::from(r.u16()?));
    let bones = usize::from(r.take(1)?[0]);
    let cube = Cube::read(&mut r)?;
    r.expect(vertices, 21)?;
    let mut all = Vec::with_capacity(vertices);
    for _ in 0..vertices {
        let position = cube.unpack(&mut r)?;
        let n = r.take(3)?;
        let normal = [n[0], n[1], n[2]].map(|b| f32::from(b as i8) / 127.0);
        let uv = [f32::from(r.i16()?) / 2048.0, f32::from(r.i16()?) / 2048.0];
        let b = r.take(8)?;
        let weights: [f32; 4] = std::array::from_fn(|i| f32::from(b[4 + i]));
        let sum: f32 = weights.iter().sum::<f32>().max(1.0);
        let used = |i: usize| weights[i] > 0.0 && usize::from(b[i]) >= bones;
        if (0..4).any(used) {
            return Err(FormatError::Range("a vertex's bone"));
        }
        all.push(Vertex {
            position,
            normal,
            uv,
            bones: [b[0], b[1], b[2], b[3]],
            weights: weights.map(|w| w / sum),
        });
    }
    r.expect(faces, 6)?;
    let mut triangles = Vec::with_capacity(faces);
    for _ in 0..faces {
        let face = [r.u16()?, r.u16()?, r.u16()?];
        if face.iter().any(|&i| usize::from(i) >= vertices) {
            return Err(FormatError::Range("a face"));
        }
        triangles.push(face);
    }
    let cube = Cube::read(&mut r)?;
    let bind = (0..bones)
        .map(|_| read_bone(&cube, &mut r))
        .collect::<Result<_, _>>()?;
    Ok(Mesh {
        vertices: all,
        faces: triangles,
        bind,
    })
}

/// Keeps as many frames as the eye needs and quantises them.
pub fn write_clip(clip: &Clip) -> Result<Vec<u8>, FormatError> {
    // The last frame of a cooked clip repeats the first or follows it directly: drop it.
    let count = clip.frames.len().max(2) - 1;
    let seconds = count as f32 * clip.frame_seconds;
    let keep = ((seconds * CLIP_RATE).ceil() as usize).clamp(count.min(12), CLIP_FRAMES);
    let keep = keep.min(count).max(1);
    let chosen: Vec<_> = (0..keep)
        .map(|i| &clip.frames[(i as f32 * count as f32 / keep as f32).round() as usize])
        .collect();
    let mut out = Vec::new();
    out.extend_from_slice(&seconds.to_le_bytes());
    out.push(u8::try_from(clip.bones).map_err(|_| FormatError::Range("the bones"))?);
    out.extend_from_slice(&(keep as u16).to_le_bytes());
    let cube = Cube::around(chosen.iter().flat_map(|f| f.iter().map(|b| b.shift)));
    cube.write(&mut out);
    for frame in chosen {
        frame.iter().for_each(|b| write_bone(&cube, b, &mut out));
    }
    Ok(out)
}

pub fn read_clip(bytes: &[u8]) -> Result<Motion, FormatError> {
    let mut r = Reader::new(bytes, "a clip");
    let seconds = r.f32()?;
    let bones = usize::from(r.take(1)?[0]);
    let count = usize::from(r.u16()?);
    if !(0.01..1000.0).contains(&seconds) || count == 0 || bones == 0 {
        return Err(FormatError::Range("a clip's length"));
    }
    let cube = Cube::read(&mut r)?;
    r.expect(count * bones, 14)?;
    let frames = (0..count)
        .map(|_| (0..bones).map(|_| read_bone(&cube, &mut r)).collect())
        .collect::<Result<_, _>>()?;
    Ok(Motion { seconds, frames })
}
