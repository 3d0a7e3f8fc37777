//! Meshes: `PSMD`, version 4.

use super::{BoneState, FormatError, Reader};

/// Marks an unused bone slot.
const NO_BONE: u8 = 255;

#[derive(Clone, Debug, PartialEq)]
pub struct Vertex {
    pub position: [f32; 3],
    pub normal: [f32; 3],
    /// The first texture coordinates; v counts upwards in the file and downwards here.
    pub uv: [f32; 2],
    /// Up to four bones with weights that add up to one; all weights zero where no bone moves the vertex.
    pub bones: [u8; 4],
    pub weights: [f32; 4],
}

#[derive(Clone, Debug, PartialEq)]
pub struct Mesh {
    pub vertices: Vec<Vertex>,
    pub faces: Vec<[u16; 3]>,
    /// Where each bone lies in the pose that the vertices are given in.
    pub bind: Vec<BoneState>,
}

/// Reads a mesh; every face and bone index of the result is in range.
pub fn parse(bytes: &[u8]) -> Result<Mesh, FormatError> {
    let mut r = Reader::new(bytes, "the header");
    if r.take(4)? != b"PSMD" {
        return Err(FormatError::Magic("PMD"));
    }
    let version = r.u32()?;
    if version != 4 {
        return Err(FormatError::Unsupported(format!("PMD version {version}")));
    }
    let _size = r.u32()?;
    let count = r.u32()?;
    let coordinates = r.u32()?;
    if count > 65_536 {
        return Err(FormatError::Range("the number of vertices"));
    }
    if !(1..=8).contains(&coordinates) {
        return Err(FormatError::Range("the number of texture coordinates"));
    }
    r.what = "the vertices";
    r.expect(count, 44 + 8 * coordinates)?;
    let mut vertices = Vec::with_capacity(count);
    for _ in 0..count {
        let position = r.floats()?;
        let normal = r.floats()?;
        let [u, v] = r.floats()?;
        r.take(8 * (coordinates - 1))?;
        let slots = r.take(4)?;
        let mut bones = [slots[0], slots[1], slots[2], slots[3]];
        let mut weights: [f32; 4] = r.floats()?;
        for (bone, weight) in bones.iter_mut().zip(&mut weights) {
            if *bone == NO_BONE {
                (*bone, *weight) = (0, 0.0);
            }
        }
        let sum: f32 = weights.iter().sum();
        if sum > 1e-4 {
            weights.iter_mut().for_each(|w| *w /= sum);
        } else {
            weights = [0.0; 4];
        }
        vertices.push(Vertex {
            position,
            normal,
            uv: [u, 1.0 - v],
            bones,
            weights,
        });
    }
    r.what = "the faces";
    let count = r.u32()?;
    r.expect(count, 6)?;
    let mut faces = Vec::with_capacity(count);
    for _ in 0..count {
        let face = [r.u16()?, r.u16()?, r.u16()?];
        if face.iter().any(|&i| usize::from(i) >= vertices.len()) {
            return Err(FormatError::Range("a face"));
        }
        faces.push(face);
    }
    r.what = "the bones";
    let count = r.u32()?;
    r.expect(count, 28)?;
    let bind = (0..count)
        .map(|_| BoneState::read(&mut r))
        .collect::<Result<Vec<_>, _>>()?;
    let stray = |v: &Vertex| {
        let used = v.bones.iter().zip(v.weights).filter(|(_, w)| *w != 0.0);
        used.into_iter().any(|(&b, _)| usize::from(b) >= bind.len())
    };
    if vertices.iter().any(stray) {
        return Err(FormatError::Range("a vertex's bone"));
    }
    Ok(Mesh {
        vertices,
        faces,
        bind,
    })
}
