//! Readers of 0 A.D.'s cooked files: meshes (PMD), skeletal clips (PSA) and textures (DDS).
//!
//! Bytes are foreign: every reader checks each count against what is there and gives an error, never a panic.

pub mod dds;
pub mod pmd;
pub mod psa;

/// What is wrong with a file's bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    #[error("not a {0} file")]
    Magic(&'static str),
    #[error("it ends in the middle of {0}")]
    Truncated(&'static str),
    #[error("{0} is out of range")]
    Range(&'static str),
    #[error("{0} is not supported")]
    Unsupported(String),
}

/// A cursor over little-endian bytes.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// What is being read, for errors.
    pub what: &'static str,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Reader { bytes, at: 0, what }
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], FormatError> {
        let end = self.at.checked_add(count);
        let part = end.and_then(|end| self.bytes.get(self.at..end));
        self.at = self.at.saturating_add(count);
        part.ok_or(FormatError::Truncated(self.what))
    }

    /// Refuses a count of things of `size` bytes that cannot be there, before anything is allocated for them.
    pub fn expect(&self, count: usize, size: usize) -> Result<(), FormatError> {
        let left = self.bytes.len().saturating_sub(self.at);
        match count.checked_mul(size) {
            Some(need) if need <= left => Ok(()),
            _ => Err(FormatError::Truncated(self.what)),
        }
    }

    pub fn u16(&mut self) -> Result<u16, FormatError> {
        let b = self.take(2)?;
        Ok(u16::from_le_bytes([b[0], b[1]]))
    }

    pub fn i16(&mut self) -> Result<i16, FormatError> {
        Ok(self.u16()? as i16)
    }

    pub fn u32(&mut self) -> Result<usize, FormatError> {
        let b = self.take(4)?;
        Ok(u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize)
    }

    /// A finite number.
    pub fn f32(&mut self) -> Result<f32, FormatError> {
        let b = self.take(4)?;
        let value = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        if value.is_finite() {
            Ok(value)
        } else {
            Err(FormatError::Range(self.what))
        }
    }

    pub fn floats<const N: usize>(&mut self) -> Result<[f32; N], FormatError> {
        let mut out = [0.0; N];
        for value in &mut out {
            *value = self.f32()?;
        }
        Ok(out)
    }
}

/// A bone's place in model space: translation and unit quaternion (x, y, z, w).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoneState {
    pub shift: [f32; 3],
    pub turn: [f32; 4],
}

impl BoneState {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<BoneState, FormatError> {
        let shift = reader.floats()?;
        let turn: [f32; 4] = reader.floats()?;
        let length = turn.iter().map(|q| q * q).sum::<f32>().sqrt();
        if !(1e-3..1e3).contains(&length) {
            return Err(FormatError::Range("a bone's rotation"));
        }
        Ok(BoneState {
            shift,
            turn: turn.map(|q| q / length),
        })
    }
}
