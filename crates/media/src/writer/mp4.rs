//! H.264 in MP4.

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::thread;

use super::{FrameGate, VideoWriter, WriterOptions, Written};
use crate::coded::{CodedClip, CodedRun, CodedWriter};
use crate::color::Planes;
use crate::h264::{CodedPicture, Encoder, EncoderSettings, ParameterSets};
use crate::mp4::{Description, Muxer, TrackSettings};
use crate::provenance::Provenance;
use crate::staged::{ScratchFile, Staged, size_of};
use crate::{Error, Frame, Result};

/// The largest picture that the encoder takes, in either orientation.
const LARGEST: (u32, u32) = (3840, 2160);

pub(super) struct Mp4Writer {
    gate: FrameGate,
    staged: Staged,
    file: File,
    /// Keeps the coded pictures until the movie box can be written before them.
    _scratch: ScratchFile,
    settings: EncoderSettings,
    encoder: Encoder,
    /// What the encoder codes with, once it had to be known.
    sets: Option<ParameterSets>,
    muxer: Muxer,
    provenance: Option<Provenance>,
}

impl Mp4Writer {
    pub fn create(path: &Path, options: WriterOptions) -> Result<Self> {
        let (width, height) = options.size;
        if width.max(height) > LARGEST.0 || width.min(height) > LARGEST.1 {
            return Err(Error::Unwritable {
                path: path.to_path_buf(),
                reason: format!(
                    "{width}x{height} is more than H.264 is written with here ({}x{}); \
                     scale it down, or write a PNG sequence",
                    LARGEST.0, LARGEST.1
                ),
            });
        }
        let settings = EncoderSettings {
            size: (width.next_multiple_of(2), height.next_multiple_of(2)),
            fps: options.fps,
            quality: options.quality,
            threads: match options.threads {
                0 => thread::available_parallelism().map_or(1, |n| n.get().min(4)),
                threads => threads,
            },
        };
        let (staged, file) = Staged::file(path)?;
        let scratch = crate::staged::scratch_file(path)?;
        let media = scratch
            .file
            .try_clone()
            .map_err(Error::io("create", path))?;
        let track = TrackSettings {
            size: settings.size,
            fps: settings.fps,
            chunk: settings.group_length(),
        };
        Ok(Self {
            gate: FrameGate::new(path, options.size),
            staged,
            file,
            _scratch: scratch,
            encoder: Encoder::new(settings),
            sets: None,
            muxer: Muxer::new(media, track),
            settings,
            provenance: options.provenance,
        })
    }
}

impl VideoWriter for Mp4Writer {
    fn push(&mut self, frame: &Frame) -> Result<()> {
        self.gate.admit(frame)?;
        let path = &self.gate.path;
        let coded = self
            .encoder
            .push(Planes::from_rgb(frame)?)
            .map_err(|reason| Error::encoder(path, reason))?;
        mux(&mut self.muxer, &coded, path)
    }

    fn coded(&mut self) -> Option<&mut dyn CodedWriter> {
        Some(self)
    }

    fn finish(self: Box<Self>) -> Result<Written> {
        let mut this = *self;
        let frames = this.gate.require_frames()?;
        let path = this.gate.path;
        let (coded, sets) = this
            .encoder
            .finish()
            .map_err(|reason| Error::encoder(&path, reason))?;
        mux(&mut this.muxer, &coded, &path)?;
        let sets = sets.or(this.sets);
        let sets = sets.ok_or_else(|| Error::encoder(&path, "it gave no parameter sets"))?;
        this.muxer
            .finish(
                Description::Written(&sets),
                this.provenance.as_ref(),
                &mut this.file,
            )
            .map_err(Error::io("write", &path))?;
        drop(this.file);
        this.staged.commit_from(this.provenance.as_ref())?;
        Ok(Written {
            bytes: size_of(&path)?,
            path,
            frames,
            size: this.settings.size,
            fps: this.settings.fps,
            seconds: this.settings.fps.seconds(frames),
        })
    }
}

impl CodedWriter for Mp4Writer {
    fn find(&mut self, clip: &Path, frames: Range<u64>) -> Result<Option<CodedRun>> {
        let Some(clip) = CodedClip::open(clip)? else {
            return Ok(None);
        };
        if (clip.size, clip.fps) != (self.settings.size, self.settings.fps) {
            return Ok(None);
        }
        if self.sets.is_none() {
            let sets = self.settings.parameter_sets();
            self.sets = Some(sets.map_err(|reason| Error::encoder(&self.gate.path, reason))?);
        }
        match &self.sets {
            Some(ParameterSets { sps, pps }) => clip.among([sps, pps], frames),
            None => Ok(None),
        }
    }

    fn copy(&mut self, run: CodedRun) -> Result<()> {
        let path = &self.gate.path;
        let coded = self.encoder.flush();
        let coded = coded.map_err(|reason| Error::encoder(path, reason))?;
        mux(&mut self.muxer, &coded, path)?;
        let frames = run.frames();
        run.each(|bytes, sample| {
            let (data, key) = (bytes.to_vec(), sample.key);
            mux(&mut self.muxer, &[CodedPicture { data, key }], path)
        })?;
        self.gate.admit_coded(frames.end - frames.start);
        Ok(())
    }
}

fn mux(muxer: &mut Muxer, coded: &[CodedPicture], path: &Path) -> Result<()> {
    coded
        .iter()
        .try_for_each(|picture| muxer.push(picture))
        .map_err(Error::io("write", path))
}
