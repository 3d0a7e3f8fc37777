//! `cargo xtask boards`: are storyboards obeyed, and is what lies between their cards drawn, not mixed?
//!
//! Scenes of the world that training never saw are cut into cards; `kinora` draws the boards at the model's own size and
//! rate, and every figure is taken from those frames, before any enlarging. What has to be recognised is written to
//! `named/`, for `python -m kinora_train cards` to name.

mod cards;
mod edits;
mod frames;
mod named;
mod seams;
mod shots;
mod taught;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use image::RgbImage;
use kinora_world::pack::Pack;
use kinora_world::record::SceneRecord;
use kinora_world::render::{Format, render};
use kinora_world::stream::{StreamOptions, record_at};

use cards::Cards;
use edits::Edits;
use frames::save_sheet;
use named::Named;
use seams::Seams;
use shots::Shots;

#[derive(clap::Args)]
pub struct Options {
    #[arg(long)]
    pack: PathBuf,
    /// A model directory, or mini
    #[arg(long, default_value = "mini")]
    model: String,
    /// Boards of picture cards; a quarter as many of text cards and drafts, an eighth as many clips for each edit, seam and style
    #[arg(long, default_value_t = 64)]
    boards: u64,
    /// What to measure
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Part::ALL)]
    only: Vec<Part>,
    /// Length of the longest shots
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// The model's own size and rate
    #[arg(long, default_value = "224x128", value_parser = crate::world::parse_size)]
    size: (usize, usize),
    #[arg(long, default_value_t = 8)]
    fps: usize,
    /// The program, if it is built already
    #[arg(long)]
    kinora: Option<PathBuf>,
    /// Where the table, the sheets and the clips to be named go
    #[arg(long)]
    report: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    Cards,
    Edits,
    Seams,
    Texts,
    Drafts,
    Long,
    Styles,
}

impl Part {
    const ALL: [Self; 7] = [
        Self::Cards,
        Self::Edits,
        Self::Seams,
        Self::Texts,
        Self::Drafts,
        Self::Long,
        Self::Styles,
    ];
}

const SECONDS: usize = 5;
/// Boards on the contact sheet, and moments of each.
const SHOWN: (usize, usize) = (12, 6);
/// A change below this, of 255, is hardly seen; still scenes are measured against it.
const STILL: f64 = 1.0;

pub fn run(options: &Options) -> Result<()> {
    let bench = Bench::open(options)?;
    let mut named = Named::create(&options.report.join("named"))?;
    let mut report = String::from("| what | figure | bar |\n| --- | --- | --- |\n");
    let mut sheet = Vec::new();
    if options.only.contains(&Part::Cards) {
        let mut cards = Cards::default();
        for i in 0..options.boards {
            let rows = bench.board(i, &mut cards)?;
            if sheet.len() < 2 * SHOWN.0 {
                sheet.extend(rows);
            }
            eprintln!("board {} of {}", i + 1, options.boards);
        }
        cards.tell(&mut report)?;
        save_sheet(&sheet, &options.report.join("boards.png"))?;
    }
    if options.only.contains(&Part::Edits) {
        let mut edits = Edits::default();
        for i in 0..(options.boards / 8).max(1) {
            bench.edits(i, &mut edits, &mut named)?;
            eprintln!("edits of clip {}", i + 1);
        }
        edits.tell(&mut report)?;
    }
    if options.only.contains(&Part::Seams) {
        let mut seams = Seams::default();
        for i in 0..(options.boards / 8).max(1) {
            bench.seams(i, &mut seams, &mut named)?;
            eprintln!("seams of clip {}", i + 1);
        }
        seams.tell(&mut report)?;
    }
    let mut shots = Shots::default();
    let mut sheet = Vec::new();
    for part in &options.only {
        let count = match part {
            Part::Cards | Part::Edits | Part::Seams => 0,
            Part::Texts | Part::Drafts => (options.boards / 4).max(1),
            Part::Styles => (options.boards / 8).max(1),
            Part::Long => (options.boards / 32).max(1),
        };
        for i in 0..count {
            match part {
                Part::Texts => sheet.push(bench.texts(i, &mut shots, &mut named)?),
                Part::Drafts => sheet.extend(bench.draft(i, &mut shots)?),
                Part::Long => sheet.push(bench.long(i, &mut shots, &mut named)?),
                Part::Styles => sheet.push(bench.styles(i, &mut shots, &mut named)?),
                Part::Cards | Part::Edits | Part::Seams => {}
            }
            eprintln!("shot {} of {count}", i + 1);
        }
    }
    shots.tell(&mut report)?;
    save_sheet(&sheet, &options.report.join("shots.png"))?;
    named.save()?;
    print!("{report}");
    Ok(std::fs::write(options.report.join("table.md"), &report)?)
}

/// What all measurements share.
struct Bench<'a> {
    options: &'a Options,
    kinora: PathBuf,
    pack: Pack,
    scenes: StreamOptions,
    /// The flags of the model, its own size and rate.
    native: Vec<String>,
    folder: tempfile::TempDir,
}

impl<'a> Bench<'a> {
    fn open(options: &'a Options) -> Result<Self> {
        let kinora = match &options.kinora {
            Some(path) => path.canonicalize().context("--kinora is not there")?,
            None => crate::python::kinora()?,
        };
        let format = Format {
            width: options.size.0,
            height: options.size.1,
            frames: SECONDS * options.fps + 1,
            fps: options.fps as f32,
        };
        let sample = taught::scenes(&options.model)?;
        Ok(Self {
            kinora,
            pack: Pack::open(&options.pack)?,
            scenes: StreamOptions {
                seed: 64,
                first: 0,
                count: 0,
                format,
                sample,
            },
            native: format!(
                "--size {}x{} --fps {}",
                options.size.0, options.size.1, options.fps
            )
            .split(' ')
            .chain(["--model", &options.model])
            .map(str::to_owned)
            .collect(),
            folder: tempfile::tempdir()?,
            options,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program at the model's own size and rate, and `watch` with its process's number for as long as it runs.
    fn kinora(&self, arguments: &[&str], watch: &dyn Fn(u32)) -> Result<()> {
        let mut child = Command::new(&self.kinora)
            .args(arguments)
            .args(&self.native)
            .arg("--quiet")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        while child.try_wait()?.is_none() {
            watch(child.id());
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!(
                "kinora {}: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(())
    }

    /// What the program would do for these arguments.
    fn plan(&self, arguments: &[&str]) -> Result<serde_json::Value> {
        let output = Command::new(&self.kinora)
            .args(arguments)
            .args(&self.native)
            .args(["--dry-run", "--json"])
            .output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// The frames that the program writes for these arguments.
    fn frames(&self, arguments: &[&str]) -> Result<Vec<RgbImage>> {
        self.frames_watched(arguments, &rest)
    }

    fn frames_watched(&self, arguments: &[&str], watch: &dyn Fn(u32)) -> Result<Vec<RgbImage>> {
        let folder = self.path("frames");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        let out = format!("{}/", folder.display());
        self.kinora(&[arguments, &["-o", &out]].concat(), watch)?;
        let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_>>()?;
        files.retain(|file| file.extension().is_some_and(|ending| ending == "png"));
        files.sort();
        files
            .iter()
            .map(|file| Ok(image::open(file)?.to_rgb8()))
            .collect()
    }

    /// The frames of a board at the model's own size and rate.
    fn storyboard(&self, board: &str) -> Result<Vec<RgbImage>> {
        self.storyboard_watched(board, &rest)
    }

    fn storyboard_watched(&self, board: &str, watch: &dyn Fn(u32)) -> Result<Vec<RgbImage>> {
        let file = self.path("board.toml");
        std::fs::write(&file, board)?;
        self.frames_watched(&["storyboard", &file.to_string_lossy()], watch)
    }

    fn scene(&self, index: u64) -> Result<(SceneRecord, Vec<RgbImage>)> {
        let record = record_at(&self.scenes, index);
        let Format { width, height, .. } = self.scenes.format;
        let bytes = render(&record, &self.pack, &self.scenes.format)?;
        let frames = bytes.chunks(width * height * 3).map(|frame| {
            RgbImage::from_raw(width as u32, height as u32, frame.to_vec()).expect("whole frames")
        });
        Ok((record, frames.collect()))
    }

    /// The record of a scene alone.
    fn lone(&self, index: u64) -> SceneRecord {
        record_at(&self.scenes, index)
    }
}

/// Waits a little.
fn rest(_process: u32) {
    std::thread::sleep(std::time::Duration::from_millis(20));
}
