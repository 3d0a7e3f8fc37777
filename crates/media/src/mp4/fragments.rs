//! Fragmented files, as browsers record them: the samples are listed in many small boxes along the way.

use super::boxes::{Boxes, Cursor, find};
use super::tables::{MAX_SAMPLES, Sample};

/// What holds for a fragment's samples where it says nothing else.
#[derive(Clone, Copy, Default)]
pub(super) struct Defaults {
    duration: u32,
    size: u32,
    flags: u32,
}

impl Defaults {
    /// From the movie's box, for one track.
    pub fn of(movie: Cursor, track: u32) -> Self {
        let read = |mut extends: Cursor| {
            extends.version_and_flags()?;
            let number = extends.u32()?;
            extends.u32()?;
            let defaults = Self {
                duration: extends.u32()?,
                size: extends.u32()?,
                flags: extends.u32()?,
            };
            (number == track).then_some(defaults)
        };
        find(movie, b"mvex")
            .and_then(|extends| {
                Boxes(extends)
                    .filter(|(name, _)| name == b"trex")
                    .find_map(|(_, payload)| read(payload))
            })
            .unwrap_or_default()
    }
}

/// The track whose samples are gathered, and its time so far.
pub(super) struct Fragments {
    pub track: u32,
    pub defaults: Defaults,
    pub samples: Vec<Sample>,
    now: i64,
}

impl Fragments {
    pub fn new(track: u32, defaults: Defaults) -> Self {
        Self {
            track,
            defaults,
            samples: Vec::new(),
            now: 0,
        }
    }

    /// Adds what one fragment, which begins at `start` in the file, lists for the track.
    pub fn add(&mut self, fragment: Cursor, start: u64) -> Result<(), &'static str> {
        for (name, part) in Boxes(fragment) {
            if &name == b"traf" {
                self.add_track(part, start)
                    .ok_or("a fragment is cut short or too long")?;
            }
        }
        Ok(())
    }

    fn add_track(&mut self, part: Cursor, start: u64) -> Option<()> {
        let mut header = find(part, b"tfhd")?;
        let (_, flags) = header.version_and_flags()?;
        if header.u32()? != self.track {
            return Some(());
        }
        let mut defaults = self.defaults;
        let base = if flags & 1 != 0 { header.u64()? } else { start };
        if flags & 2 != 0 {
            header.u32()?;
        }
        if flags & 8 != 0 {
            defaults.duration = header.u32()?;
        }
        if flags & 0x10 != 0 {
            defaults.size = header.u32()?;
        }
        if flags & 0x20 != 0 {
            defaults.flags = header.u32()?;
        }
        if let Some(mut time) = find(part, b"tfdt") {
            let (version, _) = time.version_and_flags()?;
            self.now = i64::try_from(time.by_version(version)?).ok()?;
        }
        let mut place = base;
        for (name, run) in Boxes(part) {
            if &name == b"trun" {
                place = self.add_run(run, defaults, base, place)?;
            }
        }
        Some(())
    }

    /// Adds a run of samples; returns the place behind its last byte.
    fn add_run(
        &mut self,
        mut run: Cursor,
        defaults: Defaults,
        base: u64,
        place: u64,
    ) -> Option<u64> {
        let (_, flags) = run.version_and_flags()?;
        let count = run.u32()? as usize;
        if self.samples.len() + count > MAX_SAMPLES {
            return None;
        }
        let mut place = match flags & 1 {
            0 => place,
            _ => base.checked_add_signed(i64::from(run.i32()?))?,
        };
        let first_flags = if flags & 4 != 0 {
            Some(run.u32()?)
        } else {
            None
        };
        for i in 0..count {
            let mut field = |bit: u32, default: u32| match flags & bit {
                0 => Some(default),
                _ => run.u32(),
            };
            let duration = field(0x100, defaults.duration)?;
            let size = field(0x200, defaults.size)?;
            let own_flags = field(0x400, defaults.flags)?;
            let shift = field(0x800, 0)? as i32;
            let sample_flags = first_flags.filter(|_| i == 0).unwrap_or(own_flags);
            self.samples.push(Sample {
                offset: place,
                size,
                shown: self.now.saturating_add(i64::from(shift)),
                duration: i64::from(duration),
                key: sample_flags & 0x1_0000 == 0,
            });
            place = place.checked_add(u64::from(size))?;
            self.now = self.now.saturating_add(i64::from(duration));
        }
        Some(place)
    }
}
