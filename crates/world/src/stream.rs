//! Records with frames as a byte stream for the trainer: in order, made in parallel, with bounded memory.
//!
//! Each: magic `KWS1`, u32 LE length of the JSON, u32 frames, u32 height, u32 width, the JSON (record, labels,
//! captions, the actors' boxes in each frame), then frames × height × width × 3 bytes RGB.

use std::io::{self, Write};

use rayon::prelude::*;
use serde_json::json;

use crate::captions::{captions, segment_captions, wording};
use crate::pack::{Pack, PackError};
use crate::record::{SampleOptions, SceneRecord, record_seed, sample_record};
use crate::render::{Format, boxes, render};
use crate::rng::Dice;

/// Wordings per language in each record.
pub const WORDINGS: u64 = 3;

#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    #[error(transparent)]
    Pack(#[from] PackError),
    #[error("cannot write the stream: {0}")]
    Write(#[from] io::Error),
}

/// What a stream holds.
#[derive(Clone, Debug)]
pub struct StreamOptions {
    pub seed: u64,
    /// Number of the first record.
    pub first: u64,
    /// 0 is endless.
    pub count: u64,
    pub format: Format,
    pub sample: SampleOptions,
}

/// The record `index` of a stream.
pub fn record_at(options: &StreamOptions, index: u64) -> SceneRecord {
    let seed = record_seed(options.seed, options.sample.split, index);
    sample_record(&mut Dice::new(seed), &options.sample)
}

/// The bytes of one record.
pub fn encode(record: &SceneRecord, pack: &Pack, format: &Format) -> Result<Vec<u8>, PackError> {
    let wordings: Vec<_> = (0..WORDINGS)
        .map(|salt| captions(record, &mut wording(record, salt)))
        .collect();
    let mut head = json!({
        "record": record,
        "labels": record.labels(),
        "boxes": boxes(record, pack, format)?,
        "captions": {
            "en": wordings.iter().map(|w| &w.en).collect::<Vec<_>>(),
            "zh": wordings.iter().map(|w| &w.zh).collect::<Vec<_>>(),
        },
    });
    if record.then.is_some() {
        let halves: Vec<_> = (0..WORDINGS)
            .map(|salt| segment_captions(record, &mut wording(record, 100 + salt)))
            .collect();
        head["segments"] = (0..2)
            .map(|i| {
                json!({"captions": {
                    "en": halves.iter().map(|h| &h[i].en).collect::<Vec<_>>(),
                    "zh": halves.iter().map(|h| &h[i].zh).collect::<Vec<_>>(),
                }})
            })
            .collect();
    }
    let text = serde_json::to_vec(&head).expect("a record of plain values");
    let frames = render(record, pack, format)?;
    let mut out = Vec::with_capacity(20 + text.len() + frames.len());
    out.extend_from_slice(b"KWS1");
    for word in [text.len(), format.frames, format.height, format.width] {
        out.extend_from_slice(&(word as u32).to_le_bytes());
    }
    out.extend_from_slice(&text);
    out.extend_from_slice(&frames);
    Ok(out)
}

/// Writes the stream until its end or until the reader goes away (which is not an error).
pub fn write_stream(
    out: &mut impl Write,
    pack: &Pack,
    options: &StreamOptions,
) -> Result<(), StreamError> {
    let bytes = options.format.frames * options.format.width * options.format.height * 3;
    // Enough for all cores, at most about 64 MB at once.
    let batch = (64 << 20) / bytes.max(1);
    let batch = batch.clamp(rayon::current_num_threads(), 256) as u64;
    let end = match options.count {
        0 => u64::MAX,
        count => options.first.saturating_add(count),
    };
    let mut next = options.first;
    while next < end {
        let stop = next.saturating_add(batch).min(end);
        let made: Vec<Vec<u8>> = (next..stop)
            .into_par_iter()
            .map(|index| encode(&record_at(options, index), pack, &options.format))
            .collect::<Result<_, _>>()?;
        for record in &made {
            match out.write_all(record) {
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                other => other?,
            }
        }
        next = stop;
    }
    match out.flush() {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
