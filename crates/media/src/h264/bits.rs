//! Bits of a NAL unit's payload, with the Exp-Golomb numbers of H.264.

/// Reads bits from the left; `None` at the end of the bytes.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> BitReader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// Bits read so far.
    pub fn position(&self) -> usize {
        self.position
    }

    pub fn bit(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.position / 8)?;
        let bit = byte >> (7 - self.position % 8) & 1;
        self.position += 1;
        Some(bit == 1)
    }

    /// `count` ≤ 32 bits, the first the highest.
    pub fn bits(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |value, _| Some(value << 1 | u32::from(self.bit()?)))
    }

    /// An unsigned Exp-Golomb number.
    pub fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.bit()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.bits(zeros)?)
    }

    /// A signed Exp-Golomb number.
    pub fn se(&mut self) -> Option<i32> {
        let code = i64::from(self.ue()?);
        let value = if code % 2 == 1 {
            (code + 1) / 2
        } else {
            -code / 2
        };
        i32::try_from(value).ok()
    }
}

/// Writes bits from the left.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    used: usize,
}

impl BitWriter {
    pub fn bit(&mut self, bit: bool) {
        if self.used.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if bit {
            *self.bytes.last_mut().expect("a byte was just pushed") |= 0x80 >> (self.used % 8);
        }
        self.used += 1;
    }

    pub fn ue(&mut self, value: u32) {
        let code = u64::from(value) + 1;
        let length = 64 - code.leading_zeros();
        for _ in 1..length {
            self.bit(false);
        }
        for i in (0..length).rev() {
            self.bit(code >> i & 1 == 1);
        }
    }

    /// The bytes, the last one filled with zero bits.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Takes out the 3 of each 0 0 3 that keeps start codes from appearing inside a NAL unit.
pub(super) fn unescape(nal: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(nal.len());
    let mut zeros = 0;
    for &byte in nal {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

/// The reverse of [`unescape`].
pub(super) fn escape(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 4);
    let mut zeros = 0;
    for &byte in payload {
        if zeros >= 2 && byte <= 3 {
            out.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn exp_golomb_numbers_come_back(values in prop::collection::vec(0..u32::MAX - 1, 1..20)) {
            let mut writer = BitWriter::default();
            values.iter().for_each(|value| writer.ue(*value));
            let bytes = writer.into_bytes();
            let mut reader = BitReader::new(&bytes);
            for value in values {
                prop_assert_eq!(reader.ue(), Some(value));
            }
        }

        #[test]
        fn escaping_comes_back_and_hides_start_codes(
            payload in prop::collection::vec(prop_oneof![Just(0u8), 0..5u8, any::<u8>()], 0..200)
        ) {
            let escaped = escape(&payload);
            prop_assert!(!escaped.windows(3).any(|w| w[0] == 0 && w[1] == 0 && w[2] < 3));
            prop_assert_eq!(unescape(&escaped), payload);
        }
    }

    #[test]
    fn signed_numbers_alternate() {
        // 1, 010, 011, 00100: 0, 1, −1, 2
        let mut reader = BitReader::new(&[0b1010_0110, 0b0100_0000]);
        assert_eq!([0; 4].map(|_| reader.se().unwrap()), [0, 1, -1, 2]);
    }
}
