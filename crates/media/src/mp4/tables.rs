//! The sample table: where each picture lies in the file, and when it is decoded and shown.

use super::boxes::{Cursor, find};

/// The most pictures that a track may have: at 30 fps nearly ten hours.
pub(super) const MAX_SAMPLES: usize = 1 << 20;

/// One coded picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// The place of its bytes in the file.
    pub offset: u64,
    pub size: u32,
    /// When it is shown, on the track's clock.
    pub shown: i64,
    /// How long it lasts if nothing comes before it ends.
    pub duration: i64,
    pub key: bool,
}

/// The samples that a track's table lists, in decoding order.
pub(super) fn read_samples(table: Cursor) -> Result<Vec<Sample>, &'static str> {
    let mut samples = read_sizes(table)?;
    read_times(table, &mut samples)?;
    read_places(table, &mut samples)?;
    read_keys(table, &mut samples)?;
    Ok(samples)
}

fn read_sizes(table: Cursor) -> Result<Vec<Sample>, &'static str> {
    const SHORT: &str = "its table of sizes is cut short";
    let mut sizes = find(table, b"stsz").ok_or("it has no table of sizes")?;
    sizes.version_and_flags().ok_or(SHORT)?;
    let (common, count) = (
        sizes.u32().ok_or(SHORT)?,
        sizes.u32().ok_or(SHORT)? as usize,
    );
    if count > MAX_SAMPLES {
        return Err("it lists more than 2²⁰ pictures");
    }
    if common == 0 && sizes.left() / 4 < count {
        return Err(SHORT);
    }
    (0..count)
        .map(|_| {
            let size = if common == 0 {
                sizes.u32().ok_or(SHORT)?
            } else {
                common
            };
            Ok(Sample {
                offset: 0,
                size,
                shown: 0,
                duration: 0,
                key: true,
            })
        })
        .collect()
}

fn read_times(table: Cursor, samples: &mut [Sample]) -> Result<(), &'static str> {
    let mut durations = Runs::of(table, b"stts").ok_or("it has no table of times")?;
    let mut shifts = Runs::of(table, b"ctts");
    let mut now = 0i64;
    for sample in samples {
        let duration = durations.next().ok_or("its table of times is cut short")?;
        let shift = match &mut shifts {
            // The shifts are unsigned in version 0, but some writers put negative ones there.
            Some(shifts) => shifts.next().ok_or("its table of shifts is cut short")? as i32,
            None => 0,
        };
        sample.shown = now.saturating_add(i64::from(shift));
        sample.duration = i64::from(duration);
        now = now.saturating_add(i64::from(duration));
    }
    Ok(())
}

fn read_places(table: Cursor, samples: &mut [Sample]) -> Result<(), &'static str> {
    const SHORT: &str = "its table of chunks is cut short";
    let (mut offsets, wide) = match (find(table, b"stco"), find(table, b"co64")) {
        (Some(offsets), _) => (offsets, false),
        (None, Some(offsets)) => (offsets, true),
        (None, None) => return Err("it has no table of chunks"),
    };
    offsets.version_and_flags().ok_or(SHORT)?;
    let chunks = offsets.u32().ok_or(SHORT)?;
    let mut runs = find(table, b"stsc").ok_or("it has no table of chunk lengths")?;
    runs.version_and_flags().ok_or(SHORT)?;
    let mut runs_left = runs.u32().ok_or(SHORT)?;
    let mut read_run = || -> Result<Option<[u32; 3]>, &'static str> {
        if runs_left == 0 {
            return Ok(None);
        }
        runs_left -= 1;
        let mut number = || runs.u32().ok_or(SHORT);
        Ok(Some([number()?, number()?, number()?]))
    };
    let mut next_run = read_run()?;
    let mut per_chunk = 0;
    let mut rest = samples.iter_mut().peekable();
    for chunk in 1..=chunks {
        if rest.peek().is_none() {
            break;
        }
        while let Some([first, count, description]) = next_run.filter(|run| run[0] <= chunk) {
            if description != 1 {
                return Err("its format changes on the way");
            }
            let _ = first;
            per_chunk = count;
            next_run = read_run()?;
        }
        let mut offset = match wide {
            true => offsets.u64(),
            false => offsets.u32().map(u64::from),
        }
        .ok_or(SHORT)?;
        for sample in rest.by_ref().take(per_chunk as usize) {
            sample.offset = offset;
            offset = offset.saturating_add(u64::from(sample.size));
        }
    }
    match rest.next() {
        None => Ok(()),
        Some(_) => Err("its chunks hold fewer pictures than it lists"),
    }
}

/// Without a table of keys every picture is one.
fn read_keys(table: Cursor, samples: &mut [Sample]) -> Result<(), &'static str> {
    const SHORT: &str = "its table of key pictures is cut short";
    let Some(mut keys) = find(table, b"stss") else {
        return Ok(());
    };
    keys.version_and_flags().ok_or(SHORT)?;
    let count = keys.u32().ok_or(SHORT)?;
    samples.iter_mut().for_each(|sample| sample.key = false);
    for _ in 0..count {
        let number = keys.u32().ok_or(SHORT)? as usize;
        if let Some(sample) = number.checked_sub(1).and_then(|i| samples.get_mut(i)) {
            sample.key = true;
        }
    }
    Ok(())
}

/// A table of pairs: how many samples, and the value that all of them have.
struct Runs<'a> {
    pairs: Cursor<'a>,
    left: u32,
    value: u32,
}

impl<'a> Runs<'a> {
    fn of(table: Cursor<'a>, name: &[u8; 4]) -> Option<Self> {
        let mut pairs = find(table, name)?;
        pairs.version_and_flags()?;
        pairs.u32()?;
        Some(Self {
            pairs,
            left: 0,
            value: 0,
        })
    }

    fn next(&mut self) -> Option<u32> {
        while self.left == 0 {
            self.left = self.pairs.u32()?;
            self.value = self.pairs.u32()?;
        }
        self.left -= 1;
        Some(self.value)
    }
}
