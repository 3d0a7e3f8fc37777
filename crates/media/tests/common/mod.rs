//! What the tests share: made-up scenes, and ffmpeg as the judge.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::Path;
use std::process::Command;

use kinora_media::{Frame, Rational};

/// A scene with gradients, fine texture, hard edges and three moving things; `t` in seconds.
pub fn scene(width: u32, height: u32, t: f64) -> Frame {
    let (w, h) = (f64::from(width), f64::from(height));
    let ball = (
        w * (0.2 + 0.1 * t),
        h * (0.5 + 0.2 * (t * 2.0).sin()),
        h * 0.15,
    );
    let bar = w * ((0.15 * t) % 1.0);
    Frame::from_fn(width, height, |x, y| {
        let (x, y) = (f64::from(x), f64::from(y));
        let (u, v) = (x / w, y / h);
        let mut color = [80.0 + 120.0 * v, 130.0 + 60.0 * v, 220.0 - 90.0 * v];
        if v > 0.62 {
            let wave = (x * 0.13 + t).sin() * (y * 0.21).cos() * 14.0;
            color = [196.0 + wave, 164.0 + wave, 96.0 + 40.0 * u + wave];
        }
        if (x - bar).abs() < w * 0.02 {
            color = [40.0, 60.0 + 80.0 * v, 50.0];
        }
        let (dx, dy) = (x - ball.0, y - ball.1);
        let inside = ball.2 - (dx * dx + dy * dy).sqrt();
        if inside > -0.5 {
            let cover = (inside + 0.5).min(1.0);
            let stripes = 30.0 * ((dx + dy) * 0.3).sin();
            let ball = [210.0 + stripes, 70.0 + stripes, 50.0];
            color = [0, 1, 2].map(|i| color[i] * (1.0 - cover) + ball[i] * cover);
        }
        color.map(|c: f64| c.clamp(0.0, 255.0) as u8)
    })
    .unwrap()
}

pub fn rate(num: u32, den: u32) -> Rational {
    Rational::new(num, den).unwrap()
}

/// Whether ffmpeg is there. Absent, tests that need it are skipped with a note; in CI (env `CI`) that fails.
pub fn have_ffmpeg() -> bool {
    let there = ["ffmpeg", "ffprobe"]
        .iter()
        .all(|name| Command::new(name).arg("-version").output().is_ok());
    if !there {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI must have ffmpeg and ffprobe"
        );
        eprintln!("skipped: ffmpeg is not installed");
    }
    there
}

/// Runs ffmpeg or ffprobe; its stdout. Anything said on stderr is a failure: decoding must be clean.
pub fn judge(program: &str, arguments: &[&str]) -> Vec<u8> {
    let out = Command::new(program)
        .args(["-v", "warning"])
        .args(arguments)
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&out.stderr);
    assert!(
        out.status.success() && complaints.trim().is_empty(),
        "{program} {arguments:?}: {complaints}"
    );
    out.stdout
}

/// Runs ffmpeg to make a file for a test; only its failure matters.
pub fn make(arguments: &[&str]) {
    let out = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(arguments)
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "ffmpeg {arguments:?}: {complaints}");
}

/// One value per line of ffprobe's stream entries.
pub fn probe(path: &Path, entries: &str) -> String {
    let path = path.to_str().unwrap();
    let entries = format!("stream={entries}");
    let out = judge(
        "ffprobe",
        &[
            "-select_streams",
            "v",
            "-count_frames",
            "-show_entries",
            &entries,
            "-of",
            "csv=p=0",
            path,
        ],
    );
    String::from_utf8(out).unwrap().trim().to_owned()
}

/// Every frame as ffmpeg decodes it.
pub fn ffmpeg_decode(path: &Path, size: (u32, u32)) -> Vec<Frame> {
    let path = path.to_str().unwrap();
    let raw = judge(
        "ffmpeg",
        &[
            "-i",
            path,
            "-fps_mode",
            "passthrough",
            "-vf",
            "scale=in_color_matrix=bt709:flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-",
        ],
    );
    raw.chunks_exact(size.0 as usize * size.1 as usize * 3)
        .map(|rgb| Frame::new(size.0, size.1, rgb.to_vec()).unwrap())
        .collect()
}

/// The least PSNR over pairs of frames.
pub fn least_psnr(a: &[Frame], b: &[Frame]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| a.psnr(b).expect("equal sizes"))
        .fold(f64::INFINITY, f64::min)
}
