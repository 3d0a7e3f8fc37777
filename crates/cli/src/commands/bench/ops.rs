//! `kinora bench --ops`: what each operation of a network reaches of the machine's peak, and where its time goes.

use kinora_engine::text::counted;
use kinora_engine::{Compute, DeviceKind};
use kinora_models::bench::{Kept, Op, Then};
use kinora_models::{cpu_peak_gflops, cpu_seconds_and_bytes};
use serde_json::json;

use crate::args::BenchArgs;
use crate::exit::{Outcome, input};
use crate::stdout::say;

pub(super) fn run(args: &BenchArgs, compute: &Compute) -> Outcome {
    if compute.kind != DeviceKind::Cpu {
        return Err(input("--ops measures the CPU; leave --device out"));
    }
    let peak = cpu_peak_gflops(compute.dtype);
    let (dtype, threads) = (compute.dtype.as_str(), rayon::current_num_threads());
    if !args.json {
        let threads = counted(threads, "thread");
        say!("products in {dtype}, {threads}, at most {peak:.0} GFLOP/s");
    }
    let mut networks = Vec::new();
    for network in Network::all() {
        let measured = Measured::take(&network, compute);
        match args.json {
            true => networks.push(measured.as_json(&network, peak)),
            false => measured.print(&network, peak),
        }
    }
    if args.json {
        let networks = json!({
            "dtype": dtype, "threads": threads, "peak_gflops": peak, "networks": networks,
        });
        say!("{networks}");
    }
    Ok(())
}

/// What a network does, and how often.
struct Network {
    name: &'static str,
    ops: Vec<(usize, Op)>,
}

impl Network {
    /// The embedded model's, drawing the default clip, and those that the kernels are made for.
    fn all() -> Vec<Self> {
        let mini = Transformer {
            layers: 7,
            batch: 2,
            tokens: 308,
            text: 32,
            heads: 5,
            channels: 64,
            weights: Kept::Eight,
        };
        let reference = Transformer {
            layers: 12,
            batch: 1,
            tokens: 2160,
            text: 64,
            heads: 16,
            channels: 32,
            weights: Kept::Full,
        };
        vec![
            Self {
                name: "kinora-mini, a step of the default clip: 2 x 308 tokens",
                ops: mini.ops(),
            },
            Self {
                name: "kinora-mini, decoding 8 frames of 224x128",
                ops: decoder(&[
                    (2, [4, 7], &[(1, 64, 192), (6, 192, 192), (1, 192, 768)]),
                    (4, [8, 14], &[(4, 96, 96), (1, 96, 768)]),
                    (8, [16, 28], &[(2, 96, 96), (1, 96, 192)]),
                ]),
            },
            Self {
                name: "a transformer of 12 layers, 16 heads of 64, a step of 2160 tokens",
                ops: reference.ops(),
            },
            Self {
                name: "a decoder of 64/128/256/256 channels, 8 frames of 640x384",
                ops: decoder(&[
                    (1, [12, 20], &[(1, 32, 256), (4, 256, 256), (1, 256, 2048)]),
                    (
                        2,
                        [24, 40],
                        &[(2, 256, 256), (1, 256, 128), (1, 128, 128), (1, 128, 1024)],
                    ),
                    (
                        4,
                        [48, 80],
                        &[(2, 128, 128), (1, 128, 64), (1, 64, 64), (1, 64, 512)],
                    ),
                    (8, [96, 160], &[(2, 64, 64), (1, 64, 48)]),
                ]),
            },
        ]
    }
}

/// Sizes of a transformer of heads 64 wide, as one step meets it.
struct Transformer {
    layers: usize,
    batch: usize,
    tokens: usize,
    /// Tokens of the text that count.
    text: usize,
    heads: usize,
    /// Of the latents.
    channels: usize,
    weights: Kept,
}

impl Transformer {
    fn ops(&self) -> Vec<(usize, Op)> {
        let (layers, batch) = (self.layers, self.batch);
        let (rows, width) = (batch * self.tokens, 64 * self.heads);
        let product = |depth, columns, then| Op::Product {
            rows,
            columns,
            depth,
            weights: self.weights,
            then,
        };
        let attention = |keys| Op::Attention {
            batch,
            queries: self.tokens,
            keys,
            heads: self.heads,
            width: 64,
        };
        vec![
            (1, product(self.channels, width, Then::Bias)),
            (2 * layers, Op::Modulate { rows, width }),
            (4 * layers, product(width, width, Then::Bias)), // q, k, v and q to the text
            (2 * layers, Op::Rotate { rows, width }),
            (layers, attention(self.tokens)),
            (layers, attention(self.text)),
            (2 * layers, product(width, width, Then::Add)),
            (layers, product(width, 4 * width, Then::Gelu)),
            (layers, product(4 * width, width, Then::Add)),
            (1, product(width, self.channels, Then::Bias)),
        ]
    }
}

/// Frames, height and width of a level, and its convolutions: how many, channels in and out.
type Level<'a> = (usize, [usize; 2], &'a [(usize, usize, usize)]);

/// Convolutions and the norms before them: all have one but those that take the latents or enlarge.
fn decoder(levels: &[Level]) -> Vec<(usize, Op)> {
    let mut ops = Vec::new();
    for (level, &(frames, size, convolutions)) in levels.iter().enumerate() {
        for (i, &(times, c_in, c_out)) in convolutions.iter().enumerate() {
            let convolution = Op::Convolution {
                frames: frames + 2,
                size,
                channels: [c_in, c_out],
            };
            ops.push((times, convolution));
            let enlarges = i + 1 == convolutions.len() && level + 1 < levels.len();
            if !enlarges && (level, i) != (0, 0) {
                let (rows, width) = (frames * size[0] * size[1], c_in);
                ops.push((times, Op::Silu { rows, width }));
            }
        }
    }
    ops
}

/// Seconds and bytes of a run of each operation, in the network's order.
struct Measured(Vec<(f64, f64)>);

/// What it came to.
struct Line {
    seconds: f64,
    gflops: f64,
    /// Thousand millions of bytes a second.
    gbytes: f64,
    of_peak: f64,
    /// Part of the network's time.
    of_time: f64,
}

impl Measured {
    fn take(network: &Network, compute: &Compute) -> Self {
        let ops = network.ops.iter();
        Self(
            ops.map(|(_, op)| cpu_seconds_and_bytes(op, compute.dtype))
                .collect(),
        )
    }

    /// Seconds that all take, each as often as it is done.
    fn total(&self, network: &Network) -> f64 {
        let ops = network.ops.iter().zip(&self.0);
        ops.map(|((times, _), (seconds, _))| *times as f64 * seconds)
            .sum()
    }

    /// A line for each operation.
    fn lines(&self, network: &Network, peak: f64) -> Vec<Line> {
        let total = self.total(network);
        let ops = network.ops.iter().zip(&self.0);
        let line = |((times, op), (seconds, bytes)): (&(usize, Op), &(f64, f64))| {
            let gflops = op.operations() / seconds / 1e9;
            Line {
                seconds: *seconds,
                gflops,
                gbytes: bytes / seconds / 1e9,
                of_peak: gflops / peak,
                of_time: *times as f64 * seconds / total,
            }
        };
        ops.map(line).collect()
    }

    /// GFLOP/s of the whole.
    fn gflops(&self, network: &Network) -> f64 {
        let ops = network.ops.iter();
        let operations: f64 = ops.map(|(times, op)| *times as f64 * op.operations()).sum();
        operations / self.total(network) / 1e9
    }

    fn as_json(&self, network: &Network, peak: f64) -> serde_json::Value {
        let lines = self.lines(network, peak);
        let ops = network.ops.iter().zip(&lines);
        let ops = ops.map(|((times, op), line)| {
            json!({
                "op": op.to_string(), "times": times, "seconds": line.seconds, "gflops": line.gflops,
                "gbytes": line.gbytes, "of_peak": line.of_peak, "of_time": line.of_time,
            })
        });
        json!({
            "name": network.name,
            "seconds": self.total(network),
            "gflops": self.gflops(network),
            "of_peak": self.gflops(network) / peak,
            "ops": ops.collect::<Vec<_>>(),
        })
    }

    fn print(&self, network: &Network, peak: f64) {
        say!(
            "\n{}\n{:<52}{:>6}{:>10}{:>9}{:>7}{:>11}{:>11}",
            network.name,
            "",
            "times",
            "ms",
            "GFLOP/s",
            "GB/s",
            "% of peak",
            "% of time"
        );
        for ((times, op), line) in network.ops.iter().zip(self.lines(network, peak)) {
            say!(
                "{:<52}{times:>6}{:>10.3}{:>9.0}{:>7.1}{:>11.0}{:>11.1}",
                op.to_string(),
                1e3 * line.seconds,
                line.gflops,
                line.gbytes,
                100.0 * line.of_peak,
                100.0 * line.of_time
            );
        }
        let gflops = self.gflops(network);
        say!(
            "{:<58}{:>10.3}{gflops:>9.0}{:>7}{:>11.0}{:>11.1}",
            "in all",
            1e3 * self.total(network),
            "",
            100.0 * gflops / peak,
            100.0
        );
    }
}

#[cfg(test)]
mod tests {
    use kinora_models::ltx::TransformerConfig;
    use kinora_models::{MINI, ModelSource};

    use super::*;

    #[test]
    fn each_line_has_sound_numbers() {
        let transformer = Transformer {
            layers: 2,
            batch: 2,
            tokens: 12,
            text: 3,
            heads: 1,
            channels: 8,
            weights: Kept::Eight,
        };
        let mut ops = transformer.ops();
        ops.extend(decoder(&[
            (1, [2, 3], &[(1, 8, 16), (2, 16, 16), (1, 16, 64)]),
            (2, [4, 6], &[(2, 8, 8), (1, 8, 12)]),
        ]));
        let tiny = Network { name: "tiny", ops };
        let measured = Measured::take(&tiny, &Compute::cpu());
        let json = measured.as_json(&tiny, 100.0);
        let lines = json["ops"].as_array().unwrap();
        assert_eq!(lines.len(), tiny.ops.len());
        for line in lines.iter().chain([&json]) {
            for (key, value) in line.as_object().unwrap() {
                let sound = value.as_f64().is_none_or(|x| x.is_finite() && x > 0.0);
                assert!(sound && !value.is_null(), "{key}: {line}");
            }
        }
        let parts: f64 = lines
            .iter()
            .filter_map(|line| line["of_time"].as_f64())
            .sum();
        assert!((parts - 1.0).abs() < 1e-9, "{json}");
    }

    /// The lists are what the networks do: their operations are those that `bench` counts.
    #[test]
    fn the_lists_come_to_what_the_networks_do() {
        let products = |network: &Network| -> f64 {
            let ops = network.ops.iter().filter(|(_, op)| {
                matches!(
                    op,
                    Op::Product { .. } | Op::Convolution { .. } | Op::Attention { .. }
                )
            });
            ops.map(|(times, op)| *times as f64 * op.operations()).sum()
        };
        let all = Network::all();
        let mini: TransformerConfig = ModelSource::embedded(MINI).config("transformer").unwrap();
        assert_eq!(products(&all[0]), 2.0 * mini.operations(308, 32));
        let reference = TransformerConfig {
            in_channels: 32,
            out_channels: None,
            num_attention_heads: 16,
            num_layers: 12,
            ..TransformerConfig::default()
        };
        assert_eq!(products(&all[2]), reference.operations(2160, 64));
    }
}
