//! Several models and sizes, each measured in a process of its own, so that its peak memory is its own.

use std::process::{Command, Stdio};

use anyhow::{Context, anyhow};
use serde_json::Value;

use crate::args::{BenchArgs, ComputeArgs};
use crate::exit::{Failure, Outcome};
use crate::stdout::say;

/// A column of the table.
struct Column {
    head: &'static str,
    width: usize,
    decimals: usize,
    /// Of a measurement.
    number: fn(&Value) -> Option<f64>,
}

const fn column(
    head: &'static str,
    width: usize,
    decimals: usize,
    number: fn(&Value) -> Option<f64>,
) -> Column {
    Column {
        head,
        width,
        decimals,
        number,
    }
}

impl Column {
    fn cell(&self, measured: &Value) -> String {
        let (width, decimals) = (self.width, self.decimals);
        match (self.number)(measured) {
            Some(number) => format!("{number:>width$.decimals$}"),
            None => format!("{:>width$}", "-"),
        }
    }
}

const COLUMNS: [Column; 9] = [
    column("tokens", 8, 0, |m| m["tokens"].as_f64()),
    column("s a step", 10, 3, |m| m["step_s"].as_f64()),
    column("GFLOP/s", 9, 0, |m| m["step_gflops"].as_f64()),
    column("% of peak", 11, 0, |m| {
        Some(100.0 * m["step_of_peak"].as_f64()?)
    }),
    column("decoded fps", 13, 1, |m| m["decode_fps"].as_f64()),
    column("x real time", 13, 1, |m| m["decode_realtime"].as_f64()),
    column("GFLOP/s", 9, 0, |m| m["decode_gflops"].as_f64()),
    column("total s", 9, 1, |m| m["total_s"].as_f64()),
    column("peak MB", 9, 0, |m| m["peak_rss_mb"].as_f64()),
];

pub(super) fn run(args: &BenchArgs, cases: &[(&str, (u32, u32))]) -> Outcome {
    let names = cases.iter().map(|(model, _)| model.chars().count());
    let name = names.max().unwrap_or(0).max("model".len());
    if !args.json {
        let heads = COLUMNS.map(|Column { head, width, .. }| format!("{head:>width$}"));
        say!("{:<name$}  {:>9}{}", "model", "size", heads.concat());
    }
    for (model, size) in cases {
        let line = measure(args, model, *size)?;
        if args.json {
            say!("{}", line.trim_end());
            continue;
        }
        let measured = serde_json::from_str(&line).context("the measurement is not JSON");
        let measured: Value = measured.map_err(Failure::Work)?;
        let cells = COLUMNS.map(|column| column.cell(&measured));
        let size = format!("{}x{}", size.0, size.1);
        say!("{model:<name$}  {size:>9}{}", cells.concat());
    }
    Ok(())
}

/// One case as a JSON object.
fn measure(args: &BenchArgs, model: &str, (width, height): (u32, u32)) -> Outcome<String> {
    let program = std::env::current_exe().context("the program's own file is not known");
    let mut child = Command::new(program.map_err(Failure::Work)?);
    child.args(["bench", "--json", "--model", model]);
    child.args(["--size", &format!("{width}x{height}")]);
    child.args(["--seconds", &args.seconds.to_string()]);
    let ComputeArgs {
        device,
        dtype,
        threads,
    } = &args.compute;
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            child.args([name, &value]);
        }
    };
    option("--steps", args.steps.map(|n| n.to_string()));
    option("--device", device.map(|device| device.to_string()));
    option("--dtype", dtype.map(|dtype| dtype.to_string()));
    option("--threads", threads.map(|n| n.to_string()));
    let done = child.stderr(Stdio::inherit()).output();
    let done = done.context("the program cannot start itself");
    let done = done.map_err(Failure::Work)?;
    match done.status.code() {
        Some(0) => Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
        Some(130) => Err(Failure::Interrupted),
        _ => Err(Failure::Work(anyhow!(
            "{model} at {width}x{height} was not measured"
        ))),
    }
}
