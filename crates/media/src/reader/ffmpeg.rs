//! Everything else, through an ffmpeg found on PATH: it decodes, and pipes uncompressed 4:4:4 pictures to us.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};

use super::{TimedFrame, VideoInfo, VideoReader};
use crate::color::{ColorSpace, PlanesRef};
use crate::subprocess::{Ffmpeg, as_file_argument, find_ffmpeg};
use crate::{Error, Frame, Rational, Result};

/// Containers that hold pictures themselves: no playlists, which could name other files of the machine.
const FORMATS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegvideo,mpegts,flv,live_flv,ogg,asf,\
                       h264,hevc,ivf,obu,mxf,dv,gif,apng,avif,png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,tiff_pipe,\
                       jpegxl_pipe,jpegxl_anim,image2";

pub(super) struct FfmpegReader {
    path: PathBuf,
    process: Ffmpeg,
    pipe: BufReader<ChildStdout>,
    info: VideoInfo,
    /// One picture's Y, U and V, one after another.
    buffer: Vec<u8>,
    given: u64,
    ended: bool,
}

impl FfmpegReader {
    /// `None` where there is no ffmpeg.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let Some(program) = find_ffmpeg() else {
            return Ok(None);
        };
        let filter = "yadif=deint=interlaced,scale=w=iw*sar:h=ih:out_color_matrix=bt709:out_range=tv,\
                      setsar=1,format=yuv444p";
        let arguments = input_arguments(path).into_iter().chain(
            [
                "-map",
                "0:v:0",
                "-an",
                "-sn",
                "-dn",
                "-vf",
                filter,
                "-f",
                "yuv4mpegpipe",
                "-strict",
                "-1",
                "-",
            ]
            .map(OsString::from),
        );
        let mut process = Ffmpeg::start(&program, path, arguments, Stdio::null(), Stdio::piped())?;
        let pipe = process
            .child
            .stdout
            .take()
            .expect("its stdout was asked for");
        let mut pipe = BufReader::new(pipe);
        let header = read_line(&mut pipe).and_then(|line| Header::parse(&line));
        let Some(header) = header else {
            return Err(process.failure("it gave no pictures"));
        };
        let (width, height) = header.size;
        let bytes = super::checked_len(path, (width, height))?;
        Ok(Some(Self {
            path: path.to_path_buf(),
            process,
            pipe,
            info: VideoInfo {
                size: header.size,
                fps: header.fps,
                constant_rate: true,
                frames: None,
                seconds: None,
                audio: has_sound(&program, path),
                codec: "ffmpeg",
            },
            buffer: vec![0; bytes],
            given: 0,
            ended: false,
        }))
    }
}

impl VideoReader for FfmpegReader {
    fn info(&self) -> &VideoInfo {
        &self.info
    }

    fn next_frame(&mut self) -> Result<Option<TimedFrame>> {
        if self.ended {
            return Ok(None);
        }
        let line = read_line(&mut self.pipe);
        if !line.is_some_and(|line| line.starts_with("FRAME")) {
            self.ended = true;
            self.process.wait()?;
            return Ok(None);
        }
        if let Err(error) = self.pipe.read_exact(&mut self.buffer) {
            self.ended = true;
            self.process.wait()?;
            return Err(Error::io("read", &self.path)(error));
        }
        let (width, height) = self.info.size;
        let plane = self.buffer.len() / 3;
        let stride = width as usize;
        let rgb = PlanesRef {
            size: self.info.size,
            y: (&self.buffer[..plane], stride),
            u: (&self.buffer[plane..2 * plane], stride),
            v: (&self.buffer[2 * plane..], stride),
        }
        .rgb_from_444(ColorSpace::BT709)
        .ok_or_else(|| Error::broken(&self.path, "video", "a picture of another size"))?;
        let start = self.info.fps.seconds(self.given);
        self.given += 1;
        Ok(Some(TimedFrame {
            frame: Frame::new(width, height, rgb)?,
            start,
            duration: self.info.fps.seconds(1),
        }))
    }
}

fn input_arguments(path: &Path) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = [
        "-nostdin",
        "-protocol_whitelist",
        "file,pipe",
        "-format_whitelist",
    ]
    .map(OsString::from)
    .to_vec();
    arguments.extend([FORMATS.into(), "-i".into(), as_file_argument(path)]);
    arguments
}

/// Asks ffmpeg what the file holds: it tells, and then fails for want of an output.
fn has_sound(program: &Path, path: &Path) -> bool {
    Command::new(program)
        .arg("-hide_banner")
        .args(input_arguments(path))
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|out| {
            String::from_utf8_lossy(&out.stderr)
                .lines()
                .any(|line| line.trim_start().starts_with("Stream #") && line.contains("Audio:"))
        })
}

/// What stands at the beginning of a YUV4MPEG2 stream.
struct Header {
    size: (u32, u32),
    fps: Rational,
}

impl Header {
    /// `None` unless it announces progressive 8-bit 4:4:4.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        if words.next()? != "YUV4MPEG2" {
            return None;
        }
        let (mut width, mut height, mut fps, mut format) = (None, None, None, None);
        for word in words {
            let (key, value) = word.split_at_checked(1)?;
            match key {
                "W" => width = value.parse().ok(),
                "H" => height = value.parse().ok(),
                "F" => {
                    let (num, den) = value.split_once(':')?;
                    fps = Rational::new(num.parse().ok()?, den.parse().ok()?).ok();
                }
                "C" => format = Some(value),
                _ => {}
            }
        }
        (format? == "444").then_some(Self {
            size: (width?, height?),
            fps: fps?,
        })
    }
}

/// A line of at most 256 bytes, without its end.
fn read_line(pipe: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    pipe.take(256).read_until(b'\n', &mut line).ok()?;
    String::from_utf8(line)
        .ok()?
        .strip_suffix('\n')
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read() {
        let header =
            Header::parse("YUV4MPEG2 W854 H480 F24000:1001 Ip A1:1 C444 XYSCSS=444").unwrap();
        assert_eq!(
            (header.size, header.fps.to_string()),
            ((854, 480), "24000/1001".to_owned())
        );
        assert!(Header::parse("YUV4MPEG2 W854 H480 F24:1 C420jpeg").is_none());
        assert!(Header::parse("RIFF").is_none());
        assert_eq!(read_line(&mut &b"FRAME\nx"[..]).unwrap(), "FRAME");
        assert!(read_line(&mut &b"FRAME"[..]).is_none());
        assert!(Header::parse("YUV4MPEG2 W H480 F:1 C444 é").is_none());
    }
}
