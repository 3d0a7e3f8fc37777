//! NAL units in their two dresses: after start codes (Annex B) and after lengths (in MP4).

/// The kinds of NAL units that matter here.
pub(super) const SPS: u8 = 7;
pub(super) const PPS: u8 = 8;
/// A slice of a picture that refers to nothing before it.
const IDR: u8 = 5;
/// A delimiter before a picture of any kind, behind its length.
pub(crate) const DELIMITER: [u8; 6] = [0, 0, 0, 2, 9, 0xf0];

/// The five bits that tell what a NAL unit holds.
pub(super) fn kind(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |byte| byte & 0x1f)
}

/// Whether the unit is a sequence parameter set.
pub(crate) fn nal_is_sps(nal: &[u8]) -> bool {
    kind(nal) == SPS
}

/// Whether a sample, its units behind four-byte lengths, is a key picture that brings no parameter sets of its own.
pub(crate) fn is_bare_key(sample: &[u8]) -> bool {
    let mut key = false;
    for unit in LengthPrefixed::new(sample, 4) {
        match unit.map(kind) {
            None | Some(SPS | PPS) => return false,
            Some(found) => key |= found == IDR,
        }
    }
    key
}

/// The unit behind its start code of two or three zeros and a one.
pub(super) fn without_start_code(nal: &[u8]) -> &[u8] {
    nal.strip_prefix(&[0, 0, 0, 1])
        .or_else(|| nal.strip_prefix(&[0, 0, 1]))
        .unwrap_or(nal)
}

/// The units of an MP4 sample, each behind its length; the iterator yields `None` as an item at a broken length.
pub(crate) struct LengthPrefixed<'a> {
    rest: &'a [u8],
    length_size: usize,
}

impl<'a> LengthPrefixed<'a> {
    /// `length_size` is 1, 2, 3 or 4 bytes.
    pub fn new(sample: &'a [u8], length_size: usize) -> Self {
        Self {
            rest: sample,
            length_size,
        }
    }
}

impl<'a> Iterator for LengthPrefixed<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let Some((length, rest)) = self.rest.split_at_checked(self.length_size) else {
            self.rest = &[];
            return Some(None);
        };
        let length = length.iter().fold(0, |sum, b| sum << 8 | usize::from(*b));
        match rest.split_at_checked(length) {
            Some((nal, rest)) => {
                self.rest = rest;
                Some(Some(nal))
            }
            None => {
                self.rest = &[];
                Some(None)
            }
        }
    }
}

/// Appends a unit behind a start code.
pub(crate) fn to_annex_b(nal: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&[0, 0, 0, 1]);
    out.extend_from_slice(nal);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_split_by_length_and_a_cut_is_seen() {
        let sample = [0, 2, 7, 8, 0, 1, 9, 0, 5, 1];
        let units: Vec<_> = LengthPrefixed::new(&sample, 2).collect();
        assert_eq!(units, [Some(&[7u8, 8][..]), Some(&[9][..]), None]);
        assert_eq!(
            LengthPrefixed::new(&[0, 0, 1], 4).collect::<Vec<_>>(),
            [None]
        );
    }
}
