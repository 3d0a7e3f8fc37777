//! `cargo xtask world …`: packs sprites, streams scenes to the trainer, draws contact sheets.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use kinora_world::pack::{self, Pack, PackOptions};
use kinora_world::record::{SampleOptions, SceneRecord, Split};
use kinora_world::render::{Format, render};
use kinora_world::stream::{StreamOptions, record_at, write_stream};
use kinora_world::vocabulary::{
    Action, Camera, Colour, Direction, Place, Style, Time, Weather, Words,
};
use kinora_world::{actors, captions};
use rayon::prelude::*;
use serde_json::{Value, json};

#[derive(Subcommand)]
pub enum Command {
    /// Bring the actors' pictures into one small file
    Pack {
        /// Folder of the unpacked emoji packages
        #[arg(long)]
        assets: PathBuf,
        /// Folder of 0 A.D.'s unpacked art, for three-dimensional scenes; without it the pack holds sprites alone
        #[arg(long)]
        art: Option<PathBuf>,
        #[arg(long)]
        out: PathBuf,
        /// Greatest height of a sprite in pixels
        #[arg(long, default_value_t = 128)]
        height: u32,
        /// Greatest number of frames of a sprite
        #[arg(long, default_value_t = 12)]
        frames: usize,
    },
    /// Write scenes to standard output, for the trainer
    Stream {
        #[command(flatten)]
        scenes: Scenes,
        /// How many; 0 is endless
        #[arg(long, default_value_t = 0)]
        count: u64,
        /// Number of the first scene
        #[arg(long, default_value_t = 0)]
        first: u64,
    },
    /// Draw a contact sheet: each scene a row of moments (or one still each)
    Sheet {
        #[command(flatten)]
        scenes: Scenes,
        #[arg(long)]
        out: PathBuf,
        #[arg(long, default_value_t = 24)]
        count: u64,
        /// Scenes beside each other
        #[arg(long, default_value_t = 1)]
        columns: usize,
        /// One scene as JSON instead of drawn ones
        #[arg(long)]
        record: Option<String>,
    },
    /// Write everything that can be said, as JSON
    Vocab {
        #[arg(long)]
        out: PathBuf,
        #[arg(long, default_value_t = usize::MAX)]
        actors: usize,
        #[arg(long, default_value_t = usize::MAX)]
        places: usize,
        /// Only this actor (its key); may be given again
        #[arg(long = "actor")]
        cast: Vec<String>,
        /// Only the actions, cameras and styles of flat scenes, and no colours of parts
        #[arg(long)]
        flat: bool,
        /// Only the styles of steady scenes
        #[arg(long)]
        steady: bool,
    },
}

#[derive(Args)]
pub struct Scenes {
    #[arg(long)]
    pack: PathBuf,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Frames of a clip; 1 is a still at a random moment
    #[arg(long, default_value_t = 1)]
    frames: usize,
    #[arg(long, default_value = "224x128", value_parser = parse_size)]
    size: (usize, usize),
    #[arg(long, default_value_t = 8.0)]
    fps: f32,
    /// The first so many actors of the table, in flat scenes
    #[arg(long, default_value_t = usize::MAX)]
    actors: usize,
    /// The first so many places
    #[arg(long, default_value_t = usize::MAX)]
    places: usize,
    #[arg(long, value_enum, default_value_t = SplitName::Train)]
    split: SplitName,
    /// Two actions in each clip, with captions of each half
    #[arg(long)]
    two_segments: bool,
    /// Only this actor (its key); may be given again
    #[arg(long = "actor")]
    cast: Vec<String>,
    /// Only this place, action, camera (by English name)
    #[arg(long)]
    place: Option<String>,
    #[arg(long)]
    action: Option<String>,
    #[arg(long)]
    camera: Option<String>,
    /// Greatest number of actors at once
    #[arg(long, default_value_t = 3)]
    most: u32,
    /// No scene with this action or camera (by English name); may be given again
    #[arg(long)]
    without: Vec<String>,
    /// Actors in the middle, of one size a framing, facing left unless the caption names a side
    #[arg(long)]
    steady: bool,
    /// Share of three-dimensional scenes, 0 to 1
    #[arg(long, default_value_t = 0.0)]
    solid: f32,
    /// Only this style (by English name); flat scenes know paper cut-out, film noir and old film
    #[arg(long)]
    style: Option<String>,
    /// Share of flat scenes that have a style, 0 to 1
    #[arg(long, default_value_t = 0.0)]
    styled: f32,
}

#[derive(Clone, Copy, ValueEnum)]
enum SplitName {
    Train,
    Val,
    Heldout,
}

pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Pack {
            assets,
            art,
            out,
            height,
            frames,
        } => {
            let options = PackOptions {
                height,
                width: height * 9 / 8,
                frames,
            };
            let bytes = pack::build(&assets, art.as_deref(), actors::flat(), &options)?;
            if let Some(folder) = out.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&out, &bytes)
                .with_context(|| format!("cannot write {}", out.display()))?;
            eprintln!(
                "{}: {} sprite actors, {:.1} MB",
                out.display(),
                actors::flat().len(),
                bytes.len() as f64 / 1e6
            );
            Ok(())
        }
        Command::Stream {
            scenes,
            count,
            first,
        } => {
            let pack = Pack::open(&scenes.pack)?;
            let options = scenes.options(count, first)?;
            let mut out = io::BufWriter::with_capacity(1 << 20, io::stdout().lock());
            write_stream(&mut out, &pack, &options)?;
            // A reader that left early is no error, not even at the last flush.
            let _ = out.flush();
            Ok(())
        }
        Command::Sheet {
            scenes,
            out,
            count,
            columns,
            record,
        } => sheet(&scenes, &out, count, columns.max(1), record.as_deref()),
        Command::Vocab {
            out,
            actors,
            places,
            cast,
            flat,
            steady,
        } => {
            let mut words = vocabulary(actors, places);
            if !cast.is_empty() {
                let named = |actor: &Value| cast.iter().any(|key| actor["key"] == *key);
                list(&mut words, "actors").retain(named);
            }
            if flat {
                keep_flat(&mut words);
            }
            if flat || steady {
                list(&mut words, "styles").retain(is_flat_style);
            }
            let text = serde_json::to_string_pretty(&words)?;
            std::fs::write(&out, text + "\n")
                .with_context(|| format!("cannot write {}", out.display()))
        }
    }
}

impl Scenes {
    fn options(&self, count: u64, first: u64) -> anyhow::Result<StreamOptions> {
        if self.frames == 0 || !self.fps.is_finite() || self.fps <= 0.0 {
            bail!("--frames and --fps must be positive");
        }
        if let Some(key) = self.cast.iter().find(|key| actors::find(key).is_none()) {
            bail!("no actor {key}; see `cargo xtask world vocab`");
        }
        let names = Action::ALL.iter().map(|a| a.name());
        let known: Vec<_> = names.chain(Camera::ALL.iter().map(|c| c.name())).collect();
        for name in &self.without {
            if !known.contains(&name.as_str()) {
                bail!("--without {name:?} is none of: {}", known.join(", "));
            }
        }
        Ok(StreamOptions {
            seed: self.seed,
            first,
            count,
            format: Format {
                width: self.size.0,
                height: self.size.1,
                frames: self.frames,
                fps: self.fps,
            },
            sample: SampleOptions {
                actors: self.actors,
                places: self.places,
                split: match self.split {
                    SplitName::Train => Split::Train,
                    SplitName::Val => Split::Val,
                    SplitName::Heldout => Split::Heldout,
                },
                two_segments: self.two_segments,
                cast: self.cast.clone(),
                place: by_name(self.place.as_deref(), Place::ALL, Place::name)?,
                action: by_name(self.action.as_deref(), Action::ALL, Action::name)?,
                camera: by_name(self.camera.as_deref(), Camera::ALL, Camera::name)?,
                most: self.most,
                without: self.without.clone(),
                steady: self.steady,
                solid: self.solid,
                style: by_name(self.style.as_deref(), Style::ALL, Style::name)?,
                styled: self.styled,
            },
        })
    }
}

fn by_name<T: Copy>(
    wanted: Option<&str>,
    all: &[T],
    name: fn(T) -> &'static str,
) -> anyhow::Result<Option<T>> {
    let Some(wanted) = wanted else {
        return Ok(None);
    };
    match all.iter().copied().find(|&item| name(item) == wanted) {
        Some(item) => Ok(Some(item)),
        None => {
            let names: Vec<_> = all.iter().map(|&item| name(item)).collect();
            bail!("{wanted:?} is none of: {}", names.join(", "))
        }
    }
}

pub fn parse_size(text: &str) -> Result<(usize, usize), String> {
    let parse = || {
        let (w, h) = text.split_once('x')?;
        Some((w.parse().ok()?, h.parse().ok()?))
    };
    match parse() {
        Some((w, h)) if (16..=4096).contains(&w) && (16..=4096).contains(&h) => Ok((w, h)),
        _ => Err("a size like 224x128, each side 16 to 4096".into()),
    }
}

/// Rows of moments with captions on standard error.
fn sheet(
    scenes: &Scenes,
    out: &std::path::Path,
    count: u64,
    columns: usize,
    record: Option<&str>,
) -> anyhow::Result<()> {
    let pack = Pack::open(&scenes.pack)?;
    let options = scenes.options(count, 0)?;
    let records: Vec<SceneRecord> = match record {
        Some(text) => vec![serde_json::from_str(text).context("--record is not a scene record")?],
        None => (0..count).map(|i| record_at(&options, i)).collect(),
    };
    let Format {
        width,
        height,
        frames,
        ..
    } = options.format;
    let pictures = records
        .par_iter()
        .map(|record| render(record, &pack, &options.format))
        .collect::<Result<Vec<_>, _>>()?;
    let shown = frames.min(6);
    let gap = 2;
    let (cell_w, cell_h) = (shown * (width + gap) + 4, height + gap);
    let rows = records.len().div_ceil(columns);
    let mut image = image::RgbImage::new((cell_w * columns) as u32, (cell_h * rows) as u32);
    for (i, (record, bytes)) in records.iter().zip(&pictures).enumerate() {
        let words = captions::captions(record, &mut captions::wording(record, 0));
        eprintln!("{i}: {} | {}", words.en, words.zh);
        for k in 0..shown {
            let frame = k * frames / shown;
            let start = frame * width * height * 3;
            for y in 0..height {
                for x in 0..width {
                    let at = start + (y * width + x) * 3;
                    let px = (i % columns) * cell_w + k * (width + gap) + x;
                    let py = (i / columns) * cell_h + y;
                    image.put_pixel(
                        px as u32,
                        py as u32,
                        image::Rgb([bytes[at], bytes[at + 1], bytes[at + 2]]),
                    );
                }
            }
        }
    }
    image
        .save(out)
        .with_context(|| format!("cannot write {}", out.display()))
}

/// One list of everything that can be said.
fn list<'a>(words: &'a mut Value, kind: &str) -> &'a mut Vec<Value> {
    words[kind].as_array_mut().expect("a list")
}

fn is_flat_style(style: &Value) -> bool {
    let mut flat = Style::FLAT.iter();
    flat.any(|flat| style["name"]["en"] == flat.name())
}

/// Leaves of actions, cameras and colours what is said of flat scenes.
fn keep_flat(words: &mut Value) {
    for (kind, count) in [("actions", Action::FLAT), ("camera", Camera::FLAT)] {
        list(words, kind).truncate(count);
    }
    words.as_object_mut().expect("an object").remove("colours");
}

fn vocabulary(actors: usize, places: usize) -> Value {
    let entry = |words: Words| {
        json!({
            "name": {"en": words.en[0], "zh": words.zh[0]},
            "words": {"en": words.en, "zh": words.zh},
        })
    };
    let table = actors::all();
    let cast: Vec<_> = table[..actors.min(table.len())]
        .iter()
        .map(|actor| {
            let mut value = entry(Words {
                en: actor.en,
                zh: actor.zh,
            });
            value["key"] = actor.key.into();
            value
        })
        .collect();
    let all = |items: Vec<Words>| items.into_iter().map(entry).collect::<Vec<_>>();
    json!({
        "actors": cast,
        "places": all(Place::ALL.iter().take(places).map(|p| p.words()).collect()),
        "actions": all(Action::ALL.iter().map(|a| a.words()).collect()),
        "camera": all(Camera::ALL.iter().map(|c| c.words()).collect()),
        "styles": all(Style::ALL.iter().map(|s| s.words()).collect()),
        "colours": all(Colour::ALL.iter().map(|c| c.words()).collect()),
        "directions": all(Direction::ALL.iter().map(|d| d.words()).collect()),
        "times": all(Time::ALL.iter().map(|t| t.words()).collect()),
        "weather": all(Weather::ALL.iter().map(|w| w.words()).collect()),
    })
}
