//! Where each format keeps an XMP packet, and the plain fields beside it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::{MAX_PACKET, Provenance, packet};
use crate::mp4::xmp_of_box;

const PNG_SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";
const PNG_KEYWORD: &[u8] = b"XML:com.adobe.xmp\0\0\0\0\0";
const GIF_NAME: &[u8] = b"\x21\xff\x0bXMP DataXMP";

/// The most boxes or chunks that are passed by on the way to a packet.
const MAX_PARTS: usize = 1 << 16;

impl Provenance {
    /// The XMP packet.
    pub fn packet(&self) -> Vec<u8> {
        packet::write(self)
    }
}

/// `iTXt` chunks to stand before the picture's data.
pub(crate) fn png_chunks(said: &Provenance) -> Vec<u8> {
    let mut out = Vec::new();
    put_chunk(&mut out, &[PNG_KEYWORD, &said.packet()].concat());
    let plain = [("Software", &said.tool), ("Description", &said.prompt)];
    for (keyword, text) in plain.into_iter().filter(|(_, text)| !text.is_empty()) {
        let body = [keyword.as_bytes(), b"\0\0\0\0\0", text.as_bytes()].concat();
        put_chunk(&mut out, &body);
    }
    out
}

fn put_chunk(out: &mut Vec<u8>, body: &[u8]) {
    out.extend_from_slice(&(body.len() as u32).to_be_bytes());
    let start = out.len();
    out.extend_from_slice(b"iTXt");
    out.extend_from_slice(body);
    let sum = crc32fast::hash(&out[start..]);
    out.extend_from_slice(&sum.to_be_bytes());
}

/// A comment, then the packet in its application extension, to stand before the first frame.
pub(crate) fn gif_extensions(said: &Provenance) -> Vec<u8> {
    let mut out = b"\x21\xfe".to_vec();
    let comment = match said.prompt.is_empty() {
        true => said.line(),
        false => format!("{}\n{}", said.prompt, said.line()),
    };
    for part in comment.as_bytes().chunks(255) {
        out.push(part.len() as u8);
        out.extend_from_slice(part);
    }
    out.push(0);
    out.extend_from_slice(GIF_NAME);
    out.extend_from_slice(&said.packet());
    // The packet is not cut into blocks. Whichever of its bytes a reader takes for a length, it lands in this
    // descending trailer and is led to the end.
    out.push(1);
    out.extend((0..=255u8).rev());
    out.push(0);
    out
}

/// The packet of an MP4, PNG or GIF.
pub(super) fn find_packet(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut head = [0; 8];
    if length < 16 {
        return Ok(None);
    }
    file.read_exact(&mut head)?;
    match &head {
        PNG_SIGNATURE => find_in_png(&mut file, length),
        [b'G', b'I', b'F', b'8', ..] => find_in_gif(&mut file),
        [_, _, _, _, b'f', b't', b'y', b'p'] => find_in_mp4(&mut file, length),
        _ => Ok(None),
    }
}

fn find_in_png(file: &mut File, length: u64) -> io::Result<Option<Vec<u8>>> {
    let mut at = PNG_SIGNATURE.len() as u64;
    for _ in 0..MAX_PARTS {
        let mut head = [0; 8];
        if at + 12 > length {
            break;
        }
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut head)?;
        let [a, b, c, d, kind @ ..] = head;
        let size = u64::from(u32::from_be_bytes([a, b, c, d]));
        if &kind == b"iTXt" && size <= MAX_PACKET as u64 {
            let body = take(file, size)?;
            if let Some(packet) = body.strip_prefix(PNG_KEYWORD) {
                return Ok(Some(packet.to_vec()));
            }
        }
        at += size + 12;
    }
    Ok(None)
}

fn find_in_gif(file: &mut File) -> io::Result<Option<Vec<u8>>> {
    file.seek(SeekFrom::Start(0))?;
    let bytes = take(file, 2 * MAX_PACKET as u64)?;
    let end = b"<?xpacket end=\"r\"?>";
    let find = |from: usize, what: &[u8]| {
        let found = bytes[from..].windows(what.len()).position(|w| w == what);
        found.map(|at| from + at + what.len())
    };
    let Some(start) = find(0, GIF_NAME) else {
        return Ok(None);
    };
    Ok(find(start, end).map(|end| bytes[start..end].to_vec()))
}

fn find_in_mp4(file: &mut File, length: u64) -> io::Result<Option<Vec<u8>>> {
    let mut at = 0;
    for _ in 0..MAX_PARTS {
        let mut head = [0; 24];
        if at + 24 > length {
            break;
        }
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut head)?;
        let [a, b, c, d, kind @ ..] = head;
        let size = match u32::from_be_bytes([a, b, c, d]) {
            1 => u64::from_be_bytes(kind[4..12].try_into().expect("eight bytes")),
            short => u64::from(short),
        };
        if xmp_of_box(&kind) && (24..=MAX_PACKET as u64).contains(&size) {
            return Ok(Some(take(file, size - 24)?));
        }
        if size < 8 {
            break;
        }
        at = at.saturating_add(size);
    }
    Ok(None)
}

/// At most `size` bytes, fewer at the end of the file.
fn take(file: &mut File, size: u64) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    file.take(size).read_to_end(&mut out)?;
    Ok(out)
}
