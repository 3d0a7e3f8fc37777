//! Progress on stderr: a bar on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, stderr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use kinora_engine::{Event, Progress, Stage};

/// Between two plain lines of one stage.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows what the engine reports.
pub fn progress(quiet: bool) -> Progress {
    match (quiet, stderr().is_terminal()) {
        (true, _) => Progress::none(),
        (false, true) => {
            let bar = Mutex::new(None);
            Progress::new(move |event| {
                draw(&mut bar.lock().unwrap_or_else(|e| e.into_inner()), event)
            })
        }
        (false, false) => {
            let last = Mutex::new(Instant::now());
            Progress::new(move |event| {
                print(&mut last.lock().unwrap_or_else(|e| e.into_inner()), event)
            })
        }
    }
}

fn title(stage: Stage) -> &'static str {
    match stage {
        Stage::Text => "reading the prompt",
        Stage::Conditions => "reading the pictures",
        Stage::Denoise => "denoising",
        Stage::Decode => "decoding",
        Stage::Write => "writing",
    }
}

fn heading(stage: Stage, variant: (usize, usize)) -> String {
    match variant {
        (_, 1) => title(stage).to_owned(),
        (index, of) => format!("{index}/{of} {}", title(stage)),
    }
}

fn draw(bar: &mut Option<ProgressBar>, event: Event) {
    match event {
        Event::Begin { stage, of, variant } => {
            let new = match of {
                0 => ProgressBar::new_spinner(),
                of => ProgressBar::new(of),
            };
            let template = match of {
                0 => "{spinner} {msg}",
                _ => "{spinner} {msg:<20} {bar:32} {pos}/{len}  {prefix}",
            };
            let style = ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            new.set_style(style);
            new.set_message(heading(stage, variant));
            new.enable_steady_tick(Duration::from_millis(120));
            *bar = Some(new);
        }
        Event::Step { step, eta, .. } => {
            if let Some(bar) = bar {
                bar.set_position(step);
                bar.set_prefix(
                    eta.map(|eta| format!("{} left", seconds(eta)))
                        .unwrap_or_default(),
                );
            }
        }
        Event::End { .. } => {
            if let Some(bar) = bar.take() {
                bar.finish_and_clear();
            }
        }
        Event::Note(text) => match bar {
            Some(bar) => bar.println(format!("note: {text}")),
            None => eprintln!("note: {text}"),
        },
        _ => {}
    }
}

fn print(last: &mut Instant, event: Event) {
    match event {
        Event::Begin { stage, of, variant } => {
            *last = Instant::now();
            match of {
                0 => eprintln!("{} …", heading(stage, variant)),
                of => eprintln!("{} … (0/{of})", heading(stage, variant)),
            }
        }
        Event::Step {
            stage,
            step,
            of,
            eta,
        } if step < of && last.elapsed() >= LINE_EVERY => {
            *last = Instant::now();
            let eta = eta
                .map(|eta| format!(", {} left", seconds(eta)))
                .unwrap_or_default();
            eprintln!("{} {step}/{of}{eta}", title(stage));
        }
        Event::End { stage, took } => eprintln!("{} took {}", title(stage), seconds(took)),
        Event::Note(text) => eprintln!("note: {text}"),
        _ => {}
    }
}

/// `0.4 s`, `75 s`, `12 min`
pub fn seconds(duration: Duration) -> String {
    match duration.as_secs_f64() {
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 300.0 => format!("{s:.0} s"),
        s => format!("{:.0} min", s / 60.0),
    }
}
