//! Writing: the coded pictures go to a scratch file as they come; at the end the movie box is written first, then they.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

use super::about::{put_packet, put_user_data};
use super::boxes::{put_box, put_full_box, put_u16, put_u32};
use crate::Rational;
use crate::h264::{CodedPicture, DELIMITER, ParameterSets};
use crate::provenance::Provenance;

/// What the movie box says about the track.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrackSettings {
    /// Width and height as shown.
    pub size: (u32, u32),
    pub fps: Rational,
    /// Pictures in each run of bytes that players read at once.
    pub chunk: usize,
}

/// A coded picture that is copied from another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CodedSample {
    pub offset: u64,
    pub size: u32,
    pub key: bool,
    /// By how many frames it is shown later than it is decoded; earlier if negative.
    pub shift: i32,
}

/// What the pictures are coded with.
#[derive(Clone, Copy)]
pub(crate) enum Description<'a> {
    /// As our own encoder gave it.
    Written(&'a ParameterSets),
    /// The description box's payload of the file that the pictures come from.
    Copied(&'a [u8]),
}

/// Gathers the pictures of one video track without gaps in time.
pub(crate) struct Muxer {
    settings: TrackSettings,
    media: BufWriter<File>,
    sizes: Vec<u32>,
    /// Numbers of the key pictures, from 1.
    keys: Vec<u32>,
    /// Of each picture; empty where all are 0.
    shifts: Vec<i32>,
}

impl Muxer {
    /// `scratch` is an empty file, open for reading and writing.
    pub fn new(scratch: File, settings: TrackSettings) -> Self {
        Self {
            settings,
            media: BufWriter::new(scratch),
            sizes: Vec::new(),
            keys: Vec::new(),
            shifts: Vec::new(),
        }
    }

    pub fn push(&mut self, picture: &CodedPicture) -> io::Result<()> {
        let alone = self.keys.last() == Some(&(self.sizes.len() as u32));
        if picture.key && alone && !picture.data.starts_with(&DELIMITER) {
            // Each group is numbered from the start, so that two key pictures in a row look like parts of one.
            let data = [&DELIMITER, &picture.data[..]].concat();
            return self.put(&data, true);
        }
        self.put(&picture.data, picture.key)
    }

    /// Adds a picture that was coded elsewhere.
    pub fn push_copy(&mut self, bytes: &[u8], sample: &CodedSample) -> io::Result<()> {
        if sample.shift != 0 || !self.shifts.is_empty() {
            self.shifts.resize(self.sizes.len(), 0);
            self.shifts.push(sample.shift);
        }
        self.put(bytes, sample.key)
    }

    fn put(&mut self, bytes: &[u8], key: bool) -> io::Result<()> {
        self.media.write_all(bytes)?;
        self.sizes.push(bytes.len() as u32);
        if key {
            self.keys.push(self.sizes.len() as u32);
        }
        Ok(())
    }

    /// Writes the whole file to `out`.
    pub fn finish(
        self,
        format: Description,
        said: Option<&Provenance>,
        out: &mut File,
    ) -> io::Result<()> {
        let media_bytes: u64 = self.sizes.iter().map(|size| u64::from(*size)).sum();
        let mut head = Vec::new();
        put_box(&mut head, b"ftyp", |out| {
            out.extend_from_slice(b"isom\0\0\x02\0isomiso2avc1mp41");
        });
        // 64-bit offsets only where they are needed; the movie box is as long with one offset as with another.
        let large = media_bytes > u64::from(u32::MAX) - (64 << 20);
        let mut packet = Vec::new();
        said.iter().for_each(|said| put_packet(&mut packet, said));
        let movie = self.movie(format, said, 0, large);
        let first_byte =
            (head.len() + movie.len() + packet.len() + if large { 16 } else { 8 }) as u64;
        head.extend(self.movie(format, said, first_byte, large));
        head.extend(packet);
        if large {
            put_u32(&mut head, 1);
            head.extend_from_slice(b"mdat");
            head.extend_from_slice(&(media_bytes + 16).to_be_bytes());
        } else {
            put_u32(&mut head, (media_bytes + 8) as u32);
            head.extend_from_slice(b"mdat");
        }
        out.write_all(&head)?;
        let mut media = self
            .media
            .into_inner()
            .map_err(|error| error.into_error())?;
        media.seek(SeekFrom::Start(0))?;
        io::copy(&mut media.take(media_bytes), out)?;
        Ok(())
    }

    fn movie(
        &self,
        format: Description,
        said: Option<&Provenance>,
        first_byte: u64,
        large: bool,
    ) -> Vec<u8> {
        let clock = Clock::of(self.settings.fps);
        let duration = clock.tick * self.sizes.len() as u64;
        let mut out = Vec::new();
        put_box(&mut out, b"moov", |out| {
            put_movie_header(out, clock, duration);
            put_box(out, b"trak", |out| {
                put_track_header(out, self.settings.size, duration);
                put_box(out, b"mdia", |out| {
                    put_media_header(out, clock, duration);
                    put_handler(out);
                    put_box(out, b"minf", |out| {
                        put_full_box(out, b"vmhd", 0, 1, |out| out.extend_from_slice(&[0; 8]));
                        put_data_reference(out);
                        put_box(out, b"stbl", |out| {
                            match format {
                                Description::Written(sets) => {
                                    put_description(out, self.settings.size, sets)
                                }
                                Description::Copied(payload) => {
                                    put_box(out, b"stsd", |out| out.extend_from_slice(payload))
                                }
                            }
                            self.put_tables(out, clock, first_byte, large);
                        });
                    });
                });
            });
            said.iter().for_each(|said| put_user_data(out, said));
        });
        out
    }

    fn put_tables(&self, out: &mut Vec<u8>, clock: Clock, first_byte: u64, large: bool) {
        let count = self.sizes.len() as u32;
        put_full_box(out, b"stts", 0, 0, |out| {
            [1, count, clock.tick as u32]
                .iter()
                .for_each(|value| put_u32(out, *value));
        });
        if !self.shifts.is_empty() {
            // Signed shifts, so that the first picture is shown at 0 without an edit list.
            put_full_box(out, b"ctts", 1, 0, |out| {
                put_u32(out, count);
                for shift in &self.shifts {
                    put_u32(out, 1);
                    let ticks = i64::from(*shift) * clock.tick as i64;
                    out.extend_from_slice(&(ticks as i32).to_be_bytes());
                }
            });
        }
        if self.keys.len() < self.sizes.len() {
            put_full_box(out, b"stss", 0, 0, |out| {
                put_u32(out, self.keys.len() as u32);
                self.keys.iter().for_each(|key| put_u32(out, *key));
            });
        }
        let chunk = self.settings.chunk.max(1);
        let (full, rest) = (self.sizes.len() / chunk, self.sizes.len() % chunk);
        let mut runs = Vec::new();
        if full > 0 {
            runs.push([1, chunk as u32, 1]);
        }
        if rest > 0 {
            runs.push([full as u32 + 1, rest as u32, 1]);
        }
        put_full_box(out, b"stsc", 0, 0, |out| {
            put_u32(out, runs.len() as u32);
            runs.iter().flatten().for_each(|value| put_u32(out, *value));
        });
        put_full_box(out, b"stsz", 0, 0, |out| {
            put_u32(out, 0);
            put_u32(out, count);
            self.sizes.iter().for_each(|size| put_u32(out, *size));
        });
        let name = if large { b"co64" } else { b"stco" };
        put_full_box(out, name, 0, 0, |out| {
            put_u32(out, self.sizes.len().div_ceil(chunk) as u32);
            let mut offset = first_byte;
            for sizes in self.sizes.chunks(chunk) {
                match large {
                    true => out.extend_from_slice(&offset.to_be_bytes()),
                    false => put_u32(out, offset as u32),
                }
                offset += sizes.iter().map(|size| u64::from(*size)).sum::<u64>();
            }
        });
    }
}

/// The track's clock, of which a frame is a whole number of ticks.
#[derive(Clone, Copy)]
struct Clock {
    per_second: u32,
    tick: u64,
}

impl Clock {
    /// At least 10,000 ticks a second, as some players count in coarse steps otherwise.
    fn of(fps: Rational) -> Self {
        let factor = 10_000u32.div_ceil(fps.num());
        Self {
            per_second: fps.num() * factor,
            tick: u64::from(fps.den()) * u64::from(factor),
        }
    }
}

/// Creation and change at 0, since the same frames shall make the same bytes; then clock and duration.
fn put_times(out: &mut Vec<u8>, clock: Clock, duration: u64) {
    out.extend_from_slice(&[0; 16]);
    put_u32(out, clock.per_second);
    out.extend_from_slice(&duration.to_be_bytes());
}

const UNIT_MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

fn put_movie_header(out: &mut Vec<u8>, clock: Clock, duration: u64) {
    put_full_box(out, b"mvhd", 1, 0, |out| {
        put_times(out, clock, duration);
        put_u32(out, 0x1_0000); // normal speed
        put_u16(out, 0x100); // full volume
        out.extend_from_slice(&[0; 10]);
        UNIT_MATRIX.iter().for_each(|value| put_u32(out, *value));
        out.extend_from_slice(&[0; 24]);
        put_u32(out, 2); // the next free track number
    });
}

fn put_track_header(out: &mut Vec<u8>, size: (u32, u32), duration: u64) {
    // Enabled, in the movie, in the preview.
    put_full_box(out, b"tkhd", 1, 7, |out| {
        out.extend_from_slice(&[0; 16]);
        put_u32(out, 1); // track number
        put_u32(out, 0);
        out.extend_from_slice(&duration.to_be_bytes());
        out.extend_from_slice(&[0; 16]);
        UNIT_MATRIX.iter().for_each(|value| put_u32(out, *value));
        put_u32(out, size.0 << 16);
        put_u32(out, size.1 << 16);
    });
}

fn put_media_header(out: &mut Vec<u8>, clock: Clock, duration: u64) {
    put_full_box(out, b"mdhd", 1, 0, |out| {
        put_times(out, clock, duration);
        put_u16(out, 0x55c4); // no language
        put_u16(out, 0);
    });
}

fn put_handler(out: &mut Vec<u8>) {
    put_full_box(out, b"hdlr", 0, 0, |out| {
        put_u32(out, 0);
        out.extend_from_slice(b"vide");
        out.extend_from_slice(&[0; 12]);
        out.extend_from_slice(b"Kinora video\0");
    });
}

/// The media lies in this very file.
fn put_data_reference(out: &mut Vec<u8>) {
    put_box(out, b"dinf", |out| {
        put_full_box(out, b"dref", 0, 0, |out| {
            put_u32(out, 1);
            put_full_box(out, b"url ", 0, 1, |_| {});
        });
    });
}

fn put_description(out: &mut Vec<u8>, size: (u32, u32), sets: &ParameterSets) {
    put_full_box(out, b"stsd", 0, 0, |out| {
        put_u32(out, 1);
        put_box(out, b"avc1", |out| {
            out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1]);
            out.extend_from_slice(&[0; 16]);
            put_u16(out, size.0 as u16);
            put_u16(out, size.1 as u16);
            put_u32(out, 0x48_0000); // 72 dpi
            put_u32(out, 0x48_0000);
            put_u32(out, 0);
            put_u16(out, 1); // one frame in each sample
            out.extend_from_slice(&[0; 32]); // the compressor's name
            put_u16(out, 24);
            put_u16(out, 0xffff);
            put_box(out, b"avcC", |out| {
                out.extend_from_slice(&[1, sets.sps[1], sets.sps[2], sets.sps[3], 0xff, 0xe1]);
                put_u16(out, sets.sps.len() as u16);
                out.extend_from_slice(&sets.sps);
                out.push(1);
                put_u16(out, sets.pps.len() as u16);
                out.extend_from_slice(&sets.pps);
            });
            put_box(out, b"colr", |out| {
                // BT.709 primaries, transfer and matrix; not full range.
                out.extend_from_slice(b"nclx\0\x01\0\x01\0\x01\0");
            });
            put_box(out, b"pasp", |out| {
                put_u32(out, 1);
                put_u32(out, 1);
            });
        });
    });
}
