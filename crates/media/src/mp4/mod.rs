//! The MP4 container, written and read by our own code.
//!
//! Written, because a track's clock must tick in the frame rate (24000/1001 is not a whole number of 1/90000 s),
//! because the colour must stand in the container too, and because the movie box must come first. Read, because
//! the tables come from strangers: every count is held against the bytes that are there.

mod about;
mod boxes;
mod demux;
mod fragments;
mod mux;
mod tables;

pub(crate) use about::xmp_of_box;
pub(crate) use demux::{Movie, VideoTrack};
pub(crate) use mux::{CodedSample, Description, Muxer, TrackSettings};
pub(crate) use tables::Sample;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::boxes::{Cursor, put_box};
    use super::fragments::{Defaults, Fragments};
    use super::tables::read_samples;

    /// Numbers as tables hold them: small ones, the greatest, and any.
    fn numbers() -> impl Strategy<Value = Vec<u8>> {
        let number = prop_oneof![0u32..4, Just(u32::MAX), any::<u32>()];
        prop::collection::vec(number, 0..24)
            .prop_map(|numbers| numbers.iter().flat_map(|n| n.to_be_bytes()).collect())
    }

    fn boxes(names: [&'static [u8; 4]; 6]) -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec((0..6usize, numbers()), 0..10).prop_map(move |list| {
            let mut out = Vec::new();
            for (name, payload) in list {
                put_box(&mut out, names[name], |out| out.extend_from_slice(&payload));
            }
            out
        })
    }

    proptest! {
        #[test]
        fn tables_of_strangers_never_panic(
            table in boxes([b"stsz", b"stts", b"ctts", b"stsc", b"stco", b"co64"]),
        ) {
            let _ = read_samples(Cursor::new(&table));
        }

        #[test]
        fn fragments_of_strangers_never_panic(
            track in boxes([b"tfhd", b"tfdt", b"trun", b"trun", b"tfhd", b"free"]),
            start in any::<u64>(),
        ) {
            let mut fragment = Vec::new();
            put_box(&mut fragment, b"traf", |out| out.extend_from_slice(&track));
            for number in [0, 1, u32::MAX] {
                let _ = Fragments::new(number, Defaults::default()).add(Cursor::new(&fragment), start);
            }
        }
    }
}
