//! Reading: the boxes of a file, until the video track is known whole.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::boxes::{Boxes, Cursor, Name, find};
use super::fragments::{Defaults, Fragments};
use super::tables::{Sample, read_samples};
use crate::{Error, Result};

/// The most bytes of tables that are read into memory.
const MAX_TABLES: u64 = 64 << 20;

/// Cuts of an edit list; cameras and editors write one or two.
const MAX_EDITS: u32 = 4096;

/// The most boxes at the top of a file.
const MAX_BOXES: usize = 1 << 18;

/// What a file holds.
pub(crate) struct Movie {
    pub video: VideoTrack,
    pub has_audio: bool,
}

/// The first video track.
pub(crate) struct VideoTrack {
    /// Ticks a second.
    pub clock: u32,
    /// In decoding order.
    pub samples: Vec<Sample>,
    /// The payload of the box that describes the format, as it stands in the file.
    pub description: Vec<u8>,
    /// Parameter sets, each a NAL unit.
    pub parameter_sets: Vec<Vec<u8>>,
    /// Bytes of the length before each NAL unit.
    pub length_size: usize,
    /// Matrix code and full range, where the container says.
    pub color: Option<(u16, bool)>,
    /// Width over height of a pixel.
    pub pixel_aspect: (u32, u32),
    /// a, b, c, d of the matrix that turns the picture upright, each −1, 0 or 1.
    pub turn: [i8; 4],
    /// The stretches of the track's time that are shown, from … to; empty means all.
    pub edits: Vec<(i64, i64)>,
}

impl Movie {
    /// `Error::Unsupported` for a sound file whose pictures the built-in decoder does not know.
    pub fn read(file: &mut File, path: &Path) -> Result<Self> {
        let broken = |reason: &str| Error::broken(path, "MP4", reason);
        let length = file
            .seek(SeekFrom::End(0))
            .map_err(Error::io("read", path))?;
        let mut movie_bytes = None;
        let mut fragments = Vec::new();
        let (mut at, mut tables) = (0u64, 0u64);
        for _ in 0..MAX_BOXES {
            let Some(header) =
                BoxHeader::read(file, at, length).map_err(Error::io("read", path))?
            else {
                break;
            };
            if matches!(&header.name, b"moov" | b"moof") {
                tables = tables.saturating_add(header.payload);
                if header.end() > length {
                    return Err(broken("its tables are cut short"));
                }
                if tables > MAX_TABLES {
                    return Err(Error::TooLarge {
                        path: path.to_path_buf(),
                        what: format!("an MP4 with {tables} bytes of tables"),
                        limit: format!("{MAX_TABLES}"),
                    });
                }
                let payload = header.load(file).map_err(Error::io("read", path))?;
                match &header.name {
                    b"moov" => movie_bytes = Some(payload),
                    _ => fragments.push((header.start, payload)),
                }
            }
            at = header.end();
        }
        let movie =
            movie_bytes.ok_or_else(|| broken("it has no movie box; the recording was cut off"))?;
        Self::assemble(Cursor::new(&movie), &fragments, length, path)
    }

    fn assemble(
        movie: Cursor,
        fragments: &[(u64, Vec<u8>)],
        length: u64,
        path: &Path,
    ) -> Result<Self> {
        let broken = |reason: &str| Error::broken(path, "MP4", reason);
        let tracks: Vec<_> = Boxes(movie)
            .filter(|(name, _)| name == b"trak")
            .filter_map(|(_, track)| Some((handler(track)?, track)))
            .collect();
        let has_audio = tracks.iter().any(|(handler, _)| handler == b"soun");
        let (_, track) = tracks
            .iter()
            .find(|(handler, _)| handler == b"vide")
            .ok_or_else(|| Error::UnknownFormat {
                path: path.to_path_buf(),
                reason: "it has no video track".to_owned(),
            })?;
        let mut video = read_track(*track, path)?;
        if !fragments.is_empty() {
            let number = track_number(*track).ok_or_else(|| broken("its track has no header"))?;
            let mut gathered = Fragments::new(number, Defaults::of(movie, number));
            for (start, bytes) in fragments {
                gathered.add(Cursor::new(bytes), *start).map_err(broken)?;
            }
            video.samples.extend(gathered.samples);
        }
        if video.samples.is_empty() {
            return Err(broken("its video track holds no picture"));
        }
        let cut = |sample: &Sample| {
            sample.size == 0 || sample.offset.saturating_add(u64::from(sample.size)) > length
        };
        if let Some(missing) = video.samples.iter().position(cut) {
            return Err(broken(&format!(
                "the file ends at byte {length}, before picture {} of {}",
                missing + 1,
                video.samples.len()
            )));
        }
        let sizes = video.samples.iter().map(|sample| u64::from(sample.size));
        if sizes.sum::<u64>() > length {
            return Err(broken("its pictures lie over each other"));
        }
        video.edits = read_edits(movie, *track, video.clock)
            .ok_or_else(|| broken("its edit list is not readable"))?;
        if video.edits.windows(2).any(|pair| pair[1].0 < pair[0].1) {
            return Err(Error::unsupported(
                path,
                "an edit list that repeats or reorders the video",
            ));
        }
        Ok(Self { video, has_audio })
    }
}

/// A box at the top of the file.
struct BoxHeader {
    name: Name,
    start: u64,
    header: u64,
    payload: u64,
}

impl BoxHeader {
    /// `None` where no whole header is left.
    fn read(file: &mut File, at: u64, length: u64) -> std::io::Result<Option<Self>> {
        if at.saturating_add(8) > length {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(at))?;
        let mut bytes = [0; 16];
        let count = bytes.len().min((length - at) as usize);
        file.read_exact(&mut bytes[..count])?;
        let mut cursor = Cursor::new(&bytes[..count]);
        let (Some(short), Some(name)) = (cursor.u32(), cursor.name()) else {
            return Ok(None);
        };
        let (header, size) = match short {
            0 => (8, length - at),
            1 => match cursor.u64() {
                Some(size) => (16, size),
                None => return Ok(None),
            },
            size => (8, u64::from(size)),
        };
        let Some(payload) = size.checked_sub(header) else {
            return Ok(None);
        };
        Ok(Some(Self {
            name,
            start: at,
            header,
            payload,
        }))
    }

    fn end(&self) -> u64 {
        self.start
            .saturating_add(self.header)
            .saturating_add(self.payload)
    }

    /// The payload, which was held against the limit and the file's length.
    fn load(&self, file: &mut File) -> std::io::Result<Vec<u8>> {
        file.seek(SeekFrom::Start(self.start + self.header))?;
        let mut bytes = vec![0; self.payload as usize];
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// What kind of track it is: `vide`, `soun` …
fn handler(track: Cursor) -> Option<Name> {
    let mut handler = find(find(track, b"mdia")?, b"hdlr")?;
    handler.take(8)?;
    handler.name()
}

fn track_number(track: Cursor) -> Option<u32> {
    let mut header = find(track, b"tkhd")?;
    let (version, _) = header.version_and_flags()?;
    header.take(if version == 0 { 8 } else { 16 })?;
    header.u32()
}

fn read_track(track: Cursor, path: &Path) -> Result<VideoTrack> {
    let broken = |reason: &str| Error::broken(path, "MP4", reason);
    let media = find(track, b"mdia").ok_or_else(|| broken("its track holds no media"))?;
    let clock = read_clock(media)
        .filter(|clock| *clock > 0)
        .ok_or_else(|| broken("its track has no clock"))?;
    let table = find(media, b"minf")
        .and_then(|info| find(info, b"stbl"))
        .ok_or_else(|| broken("its track has no sample table"))?;
    let description = find(table, b"stsd").ok_or_else(|| broken("its format is not described"))?;
    let format = read_format(description).ok_or_else(|| broken("its format is not described"))?;
    let (name, extras) = format;
    if !matches!(&name, b"avc1" | b"avc3") {
        return Err(Error::unsupported(path, codec_name(&name)));
    }
    let config = find(extras, b"avcC")
        .and_then(read_config)
        .ok_or_else(|| broken("its H.264 parameters are not readable"))?;
    let samples = read_samples(table).map_err(|reason| match reason {
        "its format changes on the way" => Error::unsupported(path, "a format that changes midway"),
        reason => broken(reason),
    })?;
    Ok(VideoTrack {
        clock,
        samples,
        description: whole(description),
        parameter_sets: config.0,
        length_size: config.1,
        color: find(extras, b"colr").and_then(read_color),
        pixel_aspect: find(extras, b"pasp")
            .and_then(read_aspect)
            .unwrap_or((1, 1)),
        turn: read_turn(track).unwrap_or([1, 0, 0, 1]),
        edits: Vec::new(),
    })
}

fn read_clock(media: Cursor) -> Option<u32> {
    let mut header = find(media, b"mdhd")?;
    let (version, _) = header.version_and_flags()?;
    header.take(if version == 0 { 8 } else { 16 })?;
    header.u32()
}

/// All bytes of a payload.
fn whole(mut payload: Cursor) -> Vec<u8> {
    payload.take(payload.left()).unwrap_or_default().to_vec()
}

/// The first format's name, and the boxes behind the fields that all video formats share.
fn read_format(mut description: Cursor) -> Option<(Name, Cursor)> {
    description.take(8)?;
    let (name, mut entry) = Boxes(description).next()?;
    entry.take(78)?;
    Some((name, entry))
}

/// Parameter sets and the size of lengths.
fn read_config(mut config: Cursor) -> Option<(Vec<Vec<u8>>, usize)> {
    config.take(4)?;
    let length_size = usize::from(config.u8()? & 3) + 1;
    let mut sets = Vec::new();
    for mask in [0x1f, 0xff] {
        for _ in 0..config.u8()? & mask {
            let length = config.u16()?;
            sets.push(config.take(length.into())?.to_vec());
        }
    }
    Some((sets, length_size))
}

fn read_color(mut color: Cursor) -> Option<(u16, bool)> {
    if !matches!(&color.name()?, b"nclx" | b"nclc") {
        return None;
    }
    color.take(4)?;
    let matrix = color.u16()?;
    // QuickTime's kind has no range.
    let full = color.u8().is_some_and(|byte| byte & 0x80 != 0);
    (matrix != 2).then_some((matrix, full))
}

/// Beyond a factor of 8 it is taken for a mistake.
fn read_aspect(mut aspect: Cursor) -> Option<(u32, u32)> {
    let (h, v) = (aspect.u32()?, aspect.u32()?);
    let sane = h > 0 && v > 0 && h / 8 <= v && v / 8 <= h;
    sane.then_some((h, v))
}

/// `None` for a matrix that does more than turn by quarters and mirror.
fn read_turn(track: Cursor) -> Option<[i8; 4]> {
    let mut header = find(track, b"tkhd")?;
    let (version, _) = header.version_and_flags()?;
    header.take(if version == 0 { 20 } else { 32 })?;
    header.take(16)?;
    let mut row = || Some([header.i32()?, header.i32()?, header.i32()?]);
    let ([a, b, _], [c, d, _]) = (row()?, row()?);
    let turn = [a, b, c, d].map(|v| v.signum() as i8);
    let quarter =
        |p: i8, q: i8, zero_p: i8, zero_q: i8| p != 0 && q != 0 && zero_p == 0 && zero_q == 0;
    let [a, b, c, d] = turn;
    (quarter(a, d, b, c) || quarter(b, c, a, d)).then_some(turn)
}

/// The edits in the track's time; `None` if the box is there but cut short.
fn read_edits(movie: Cursor, track: Cursor, clock: u32) -> Option<Vec<(i64, i64)>> {
    let Some(mut list) = find(track, b"edts").and_then(|edits| find(edits, b"elst")) else {
        return Some(Vec::new());
    };
    let movie_clock = find(movie, b"mvhd")
        .and_then(|mut header| {
            let (version, _) = header.version_and_flags()?;
            header.take(if version == 0 { 8 } else { 16 })?;
            header.u32()
        })
        .filter(|clock| *clock > 0)?;
    let (version, _) = list.version_and_flags()?;
    let count = list.u32().filter(|count| *count <= MAX_EDITS)?;
    let mut edits = Vec::new();
    for _ in 0..count {
        let length = list.by_version(version)?;
        let from = match version {
            0 => i64::from(list.i32()?),
            _ => list.u64()? as i64,
        };
        list.u32()?;
        // A negative start is a pause before the track begins; without the sound it means nothing.
        if from >= 0 {
            let ticks = (u128::from(length) * u128::from(clock)).div_ceil(movie_clock.into());
            let ticks = i64::try_from(ticks).unwrap_or(i64::MAX);
            let to = if length == 0 {
                i64::MAX
            } else {
                from.saturating_add(ticks)
            };
            edits.push((from, to));
        }
    }
    Some(edits)
}

/// A name that people know.
fn codec_name(name: &Name) -> String {
    match name {
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => "HEVC (H.265) video".to_owned(),
        b"av01" => "AV1 video".to_owned(),
        b"vp08" | b"vp09" => "VP8/VP9 video".to_owned(),
        b"mp4v" => "MPEG-4 Part 2 video".to_owned(),
        b"encv" => "encrypted video".to_owned(),
        b"jpeg" | b"mjpa" | b"mjpb" => "Motion JPEG video".to_owned(),
        [b'a', b'p', ..] => "ProRes video".to_owned(),
        other => format!("video of the kind {:?}", String::from_utf8_lossy(other)),
    }
}
