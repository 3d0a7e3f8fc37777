//! Boxes: a length, a name of four letters, a payload.

/// Four letters that name a box or a format.
pub(super) type Name = [u8; 4];

/// Appends a box whose payload `fill` writes.
pub(super) fn put_box(out: &mut Vec<u8>, name: &Name, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(name);
    fill(out);
    let length = (out.len() - start) as u32;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// Appends a box that begins with a version and 24 bits of flags.
pub(super) fn put_full_box(
    out: &mut Vec<u8>,
    name: &Name,
    version: u8,
    flags: u32,
    fill: impl FnOnce(&mut Vec<u8>),
) {
    put_box(out, name, |out| {
        out.extend_from_slice(&(u32::from(version) << 24 | flags).to_be_bytes());
        fill(out);
    });
}

pub(super) fn put_u16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

pub(super) fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// Reads big-endian numbers from foreign bytes; `None` at their end.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.bytes.len()
    }

    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub fn name(&mut self) -> Option<Name> {
        self.array()
    }

    /// A number of 32 bits in version 0 of a box and of 64 in version 1.
    pub fn by_version(&mut self, version: u8) -> Option<u64> {
        match version {
            0 => self.u32().map(u64::from),
            _ => self.u64(),
        }
    }

    /// The version and the flags at the beginning of a full box.
    pub fn version_and_flags(&mut self) -> Option<(u8, u32)> {
        let word = self.u32()?;
        Some(((word >> 24) as u8, word & 0xff_ffff))
    }
}

/// The boxes of a payload, one after another; ends quietly at one that is broken or cut.
pub(super) struct Boxes<'a>(pub Cursor<'a>);

impl<'a> Iterator for Boxes<'a> {
    type Item = (Name, Cursor<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let whole = self.0.left();
        let short = self.0.u32()?;
        let name = self.0.name()?;
        let length = match short {
            0 => whole,
            1 => usize::try_from(self.0.u64()?).ok()?,
            length => length as usize,
        };
        let header = whole - self.0.left();
        let payload = self.0.take(length.checked_sub(header)?)?;
        Some((name, Cursor::new(payload)))
    }
}

/// The first box of that name.
pub(super) fn find<'a>(parent: Cursor<'a>, name: &Name) -> Option<Cursor<'a>> {
    Boxes(parent)
        .find(|(n, _)| n == name)
        .map(|(_, payload)| payload)
}
