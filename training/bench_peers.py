"""Time `kinora probe` beside diffusers on the same random weights and inputs, alternating in one run.

    python training/bench_peers.py --kinora target/release/kinora --rounds 5 --threads 1 --out benches/runs/DATE-NAME

The networks are those that the kernels' goals are stated for: a transformer of 12 layers × 16 heads × 64 over 2,160 tokens (two
distinct timesteps, 64 tokens of text), and an autoencoder of 64/128/256/256 channels, one layer a block, that decodes 65 frames and
encodes 33 frames of 384×640. Each measurement is a process of its own that warms up once and is timed once, so that peak memory is
its own; medians over the rounds are compared. `--small` takes a sixteenth of the work, to try the program out. Writes `peers.json` and
`peers.md`. `cargo xtask bench-peers` runs it.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from diffusers import AutoencoderKLLTXVideo, LTXVideoTransformer3DModel
from safetensors.torch import load_file, save_file
from torch.utils.flop_counter import FlopCounterMode

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
CASES = {"transformer": "transformer", "vae-decoder": "vae", "vae-encoder": "vae"}


def sizes(small):
    """Latent frames, rows and columns; layers of the transformer."""
    return ((3, 6, 10), 6) if small else ((9, 12, 20), 12)


def make(root, small):
    """Both models with random weights, and an input for each case."""
    (t, h, w), layers = sizes(small)
    torch.manual_seed(0)
    LTXVideoTransformer3DModel(
        in_channels=32, out_channels=32, num_attention_heads=16, attention_head_dim=64, cross_attention_dim=1024,
        num_layers=layers, caption_channels=512,
    ).bfloat16().save_pretrained(root / "transformer")  # fmt: skip
    AutoencoderKLLTXVideo(
        latent_channels=32, block_out_channels=(64, 128, 256, 256), decoder_block_out_channels=(64, 128, 256, 256),
        layers_per_block=(1, 1, 1, 1, 1), decoder_layers_per_block=(1, 1, 1, 1, 1),
    ).bfloat16().save_pretrained(root / "vae")  # fmt: skip
    n = t * h * w
    timestep = torch.full((1, n), 700.0)
    timestep[:, : h * w] = 0.0  # a picture as the first frame
    save_file({
        "hidden_states": torch.randn(1, n, 32), "encoder_hidden_states": torch.randn(1, 64, 512), "timestep": timestep,
        "encoder_attention_mask": torch.ones(1, 64), "num_frames": torch.tensor([t]), "height": torch.tensor([h]),
        "width": torch.tensor([w]), "rope_interpolation_scale": torch.tensor([8 / 25, 32.0, 32.0]),
    }, root / "transformer.safetensors")  # fmt: skip
    save_file({"z": torch.randn(1, 32, t, h, w)}, root / "vae-decoder.safetensors")
    frames = 8 * ((t - 1) // 2) + 1
    save_file({"sample": torch.rand(1, 3, frames, 32 * h, 32 * w) * 2 - 1}, root / "vae-encoder.safetensors")


def reference(root, case, dtype, device="cpu"):
    """A function that runs the reference's network once."""
    kind = LTXVideoTransformer3DModel if case == "transformer" else AutoencoderKLLTXVideo
    model = kind.from_pretrained(root / CASES[case], torch_dtype=dtype).to(device).eval()
    inputs = {k: v.to(device) for k, v in load_file(root / f"{case}.safetensors").items()}
    if case == "vae-decoder":
        return lambda: model.decode(inputs["z"].to(dtype), return_dict=False)
    if case == "vae-encoder":
        return lambda: model.encode(inputs["sample"].to(dtype), return_dict=False)
    (t, h, w), _ = sizes(inputs["hidden_states"].shape[1] < 2160)
    return lambda: model(
        hidden_states=inputs["hidden_states"].to(dtype), encoder_hidden_states=inputs["encoder_hidden_states"].to(dtype),
        timestep=inputs["timestep"], encoder_attention_mask=inputs["encoder_attention_mask"], num_frames=t, height=h, width=w,
        rope_interpolation_scale=(8 / 25, 32.0, 32.0), return_dict=False,
    )  # fmt: skip


def child(root, case, dtype, threads):
    """One measurement of the reference, as `kinora probe --repeat 1` makes it."""
    torch.set_num_threads(threads)
    run = reference(root, case, DTYPES[dtype])
    run()
    begun = time.perf_counter()
    run()
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"median_s": seconds, "peak_rss_mb": peak}))


def measure(command):
    out = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, check=True, text=True).stdout
    return json.loads(out.strip().splitlines()[-1])


def flops(root, case):
    """Thousand millions of additions and multiplications that the reference's network asks for."""
    with FlopCounterMode(display=False) as counter:
        reference(root, case, torch.float32, "meta")()
    return counter.get_total_flops() / 1e9


def matmul(dtype, n=2048):
    """PyTorch's own square product, GFLOP/s, the best of five."""
    a, b = torch.randn(n, n).to(dtype), torch.randn(n, n).to(dtype)
    best = 0.0
    for _ in range(6):
        begun = time.perf_counter()
        a @ b
        best = max(best, 2 * n**3 / (time.perf_counter() - begun) / 1e9)
    return best


def table(report):
    lines = [
        f"{report['processor']}, {report['threads']} thread(s), {report['rounds']} rounds, torch {report['torch']};"
        f" PyTorch's square product: {report['matmul_gflops']['f32']:.0f} GFLOP/s in f32, {report['matmul_gflops']['bf16']:.0f} in bf16",
        "",
        "| network | GFLOP | diffusers f32 | diffusers bf16 | Kinora f32 | Kinora bf16 | bf16 ratio | f32 ratio | peak memory, diffusers / Kinora bf16 |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for case, row in report["cases"].items():
        s = {who: f"{m['median_s']:.2f} s ({m['min_s']:.2f}–{m['max_s']:.2f})" for who, m in row["measured"].items()}
        peak = {who: f"{m['peak_rss_mb']:.0f}" for who, m in row["measured"].items()}
        lines.append(
            f"| {case} | {row['gflop']:.0f} | {s['diffusers f32']} | {s['diffusers bf16']} | {s['kinora f32']} | {s['kinora bf16']} |"
            f" {row['ratio_bf16']:.2f}× | {row['ratio_f32']:.2f}× | {peak['diffusers bf16']} / {peak['kinora bf16']} MB |"
        )
    return "\n".join(lines) + "\n"


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def compare(args, root):
    env = os.environ | {"OMP_NUM_THREADS": str(args.threads)}
    os.environ.update(env)
    make(root, args.small)
    report = {
        "processor": processor(), "threads": args.threads, "rounds": args.rounds, "torch": torch.__version__,
        "matmul_gflops": {name: matmul(dtype) for name, dtype in DTYPES.items()}, "small": args.small, "cases": {},
    }  # fmt: skip
    for case in args.cases:
        times = {}
        for i in range(args.rounds):
            for dtype in DTYPES:
                commands = {
                    f"diffusers {dtype}": [sys.executable, __file__, "--child", root, case, dtype, "--threads", args.threads],
                    f"kinora {dtype}": [
                        args.kinora, "probe", "--model", root, "--component", case, "--input", root / f"{case}.safetensors",
                        "--output", root / "out.safetensors", "--dtype", dtype, "--repeat", 1, "--threads", args.threads,
                    ],
                }  # fmt: skip
                for who, command in commands.items():
                    times.setdefault(who, []).append(measure(command))
                    print(f"{case} {i + 1}/{args.rounds} {who}: {times[who][-1]['median_s']:.3f} s", file=sys.stderr, flush=True)
        measured = {}
        for who, runs in times.items():
            seconds = [run["median_s"] for run in runs]
            measured[who] = {
                "median_s": statistics.median(seconds), "min_s": min(seconds), "max_s": max(seconds), "all_s": seconds,
                "peak_rss_mb": max(run["peak_rss_mb"] or 0 for run in runs),
            }  # fmt: skip
        ratio = {d: measured[f"diffusers {d}"]["median_s"] / measured[f"kinora {d}"]["median_s"] for d in DTYPES}
        report["cases"][case] = {
            "gflop": flops(root, case), "measured": measured, "ratio_bf16": ratio["bf16"], "ratio_f32": ratio["f32"],
        }  # fmt: skip
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinora", default="kinora", help="the program that is measured")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--small", action="store_true", help="a sixteenth of the work")
    parser.add_argument("--out", type=Path, help="where peers.json and peers.md go")
    parser.add_argument("--child", nargs=3, metavar=("MODEL", "CASE", "DTYPE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch.set_grad_enabled(False)
    torch.set_num_threads(args.threads)
    if args.child:
        root, case, dtype = args.child
        return child(Path(root), case, dtype, args.threads)
    with tempfile.TemporaryDirectory() as directory:
        report = compare(args, Path(directory))
    text = table(report)
    print(text)
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "peers.json").write_text(json.dumps(report, indent=1) + "\n")
        (args.out / "peers.md").write_text(text)


if __name__ == "__main__":
    main()
