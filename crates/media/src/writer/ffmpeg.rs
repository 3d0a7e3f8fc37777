//! WebM, through an ffmpeg found on PATH.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use super::{FrameGate, Quality, VideoWriter, WriterOptions, Written};
use crate::staged::{Staged, size_of};
use crate::subprocess::{Ffmpeg, as_file_argument, find_ffmpeg};
use crate::{Error, Frame, Result};

pub(super) struct WebmWriter {
    gate: FrameGate,
    process: Ffmpeg,
    staged: Staged,
    options: WriterOptions,
    stored: (u32, u32),
}

impl WebmWriter {
    pub fn create(path: &Path, options: WriterOptions) -> Result<Self> {
        let program = find_ffmpeg().ok_or_else(|| Error::NeedsFfmpeg {
            path: path.to_path_buf(),
            what: "writing .webm".to_owned(),
            instead: "write .mp4 or .gif".to_owned(),
        })?;
        let (staged, file) = Staged::file(path)?;
        drop(file);
        let (width, height) = options.size;
        let stored = (width.next_multiple_of(2), height.next_multiple_of(2));
        let crf = match options.quality {
            Quality::Small => "40",
            Quality::Good => "28",
            Quality::Best => "16",
        };
        let filter = format!(
            "pad={}:{}:0:0,fillborders=0:{}:0:{}:smear,\
             scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
            stored.0,
            stored.1,
            stored.0 - width,
            stored.1 - height
        );
        let (size, rate) = (format!("{width}x{height}"), options.fps.to_string());
        let output = as_file_argument(staged.path());
        let arguments = [
            "-f",
            "rawvideo",
            "-pixel_format",
            "rgb24",
            "-video_size",
            &size,
            "-framerate",
            &rate,
            "-i",
            "-",
            "-vf",
            &filter,
            "-c:v",
            "libvpx-vp9",
            "-crf",
            crf,
            "-b:v",
            "0",
            "-row-mt",
            "1",
            "-deadline",
            "good",
            "-cpu-used",
            "4",
            "-colorspace",
            "bt709",
            "-color_primaries",
            "bt709",
            "-color_trc",
            "bt709",
            "-color_range",
            "tv",
            "-fflags",
            "+bitexact",
            "-f",
            "webm",
        ];
        let said = options.provenance.iter().flat_map(|said| {
            let fields = [
                ("tool", &said.tool),
                ("comment", &said.line()),
                ("description", &said.prompt),
                ("settings", &said.settings),
            ]
            .map(|(name, text)| format!("{name}={}", argument(text)));
            fields
                .into_iter()
                .flat_map(|field| ["-metadata".to_owned(), field])
        });
        let arguments = arguments
            .iter()
            .map(|argument| argument.to_string())
            .chain(said)
            .map(std::ffi::OsString::from)
            .chain([output]);
        let process = Ffmpeg::start(&program, path, arguments, Stdio::piped(), Stdio::null())?;
        Ok(Self {
            gate: FrameGate::new(path, options.size),
            process,
            staged,
            options,
            stored,
        })
    }
}

impl VideoWriter for WebmWriter {
    fn push(&mut self, frame: &Frame) -> Result<()> {
        self.gate.admit(frame)?;
        let written = match &mut self.process.child.stdin {
            Some(pipe) => pipe.write_all(frame.rgb()),
            None => Ok(()),
        };
        match written {
            Ok(()) => Ok(()),
            // A closed pipe means that it gave up: its own words tell more.
            Err(error) => {
                self.process.wait()?;
                Err(Error::io("write", &self.gate.path)(error))
            }
        }
    }

    fn finish(mut self: Box<Self>) -> Result<Written> {
        let frames = self.gate.require_frames()?;
        self.process.wait()?;
        self.staged.commit()?;
        let path = self.gate.path;
        Ok(Written {
            bytes: size_of(&path)?,
            path,
            frames,
            size: self.stored,
            fps: self.options.fps,
            seconds: self.options.fps.seconds(frames),
        })
    }
}

/// Text that fits into one argument of a command line.
fn argument(text: &str) -> String {
    const LONGEST: usize = 8000;
    text.replace('\0', " ").chars().take(LONGEST).collect()
}
