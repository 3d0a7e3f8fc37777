//! What an MP4 says of its origin: plain fields in the movie box, an XMP packet in a box of its own.

use super::boxes::{put_box, put_full_box, put_u32};
use crate::provenance::Provenance;

/// The `uuid` box of this name holds XMP.
const XMP_UUID: [u8; 16] = [
    0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8, 0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3, 0xaf, 0xac,
];

/// Whether a box whose name and first 16 bytes are given holds XMP.
pub(crate) fn xmp_of_box(name_and_uuid: &[u8; 20]) -> bool {
    name_and_uuid.starts_with(b"uuid") && name_and_uuid[4..] == XMP_UUID
}

/// A `udta` box with the tool and the prompt in the fields that players show.
pub(super) fn put_user_data(out: &mut Vec<u8>, said: &Provenance) {
    put_box(out, b"udta", |out| {
        put_full_box(out, b"meta", 0, 0, |out| {
            put_full_box(out, b"hdlr", 0, 0, |out| {
                out.extend_from_slice(b"\0\0\0\0mdirappl\0\0\0\0\0\0\0\0\0");
            });
            put_box(out, b"ilst", |out| {
                put_text(out, b"\xa9too", &said.tool);
                put_text(out, b"\xa9cmt", &said.line());
                put_text(out, b"desc", &said.prompt);
            });
        });
    });
}

fn put_text(out: &mut Vec<u8>, name: &[u8; 4], text: &str) {
    if text.is_empty() {
        return;
    }
    put_box(out, name, |out| {
        put_box(out, b"data", |out| {
            put_u32(out, 1); // UTF-8
            put_u32(out, 0); // any language
            out.extend_from_slice(text.as_bytes());
        });
    });
}

/// The XMP packet at the top level of the file.
pub(super) fn put_packet(out: &mut Vec<u8>, said: &Provenance) {
    put_box(out, b"uuid", |out| {
        out.extend_from_slice(&XMP_UUID);
        out.extend_from_slice(&said.packet());
    });
}
