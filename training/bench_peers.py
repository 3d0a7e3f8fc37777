"""Time Kinora beside diffusers on the same weights and inputs, alternating in one run.

    python training/bench_peers.py --kinora target/release/kinora --rounds 5 --threads 1 --out benches/runs/DATE-NAME

Two models: `mid`, random weights of the sizes that the kernels' goals are stated for (a transformer of 12 layers × 16 heads × 64
over 2,160 tokens, an autoencoder of 64/128/256/256 channels, one layer a block, 65 frames of 640×384), and `mini`, the embedded one
with its default clip (41 frames of 224×128, both halves of guidance at once). Each network is timed alone through `kinora probe`; the
case `pipeline` is a whole clip from text to frames (with Kinora, to a file), loading included. Each measurement is a process of its
own, so that peak memory is its own; a network warms up once before it is timed. Medians over the rounds are compared, and minima,
which other work on the machine disturbs less. A peer that fails stands in the report with its error. Writes `peers.json` and
`peers.md`. `cargo xtask bench-peers` runs it.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKLLTXVideo, DiffusionPipeline, LTXVideoTransformer3DModel
from safetensors.torch import load_file, save_file
from torch.utils.flop_counter import FlopCounterMode
from transformers import T5Config, T5EncoderModel

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
NETWORKS = {
    "transformer": (LTXVideoTransformer3DModel, "transformer"),
    "vae-decoder": (AutoencoderKLLTXVideo, "vae"),
    "vae-encoder": (AutoencoderKLLTXVideo, "vae"),
    "text-encoder": (T5EncoderModel, "text_encoder"),
}
PEERS = ("diffusers", "compiled", "kinora", "kinora-avx2", "kinora-portable")
PROMPT = "a woolly mammoth walks in the desert, wide-angle shot"


@dataclass(frozen=True)
class Clip:
    """What is drawn with a model."""

    grid: tuple  # latent frames, rows, columns
    time: int  # frames a latent frame covers; the first covers one
    fps: int
    batch: int  # 2: both halves of guidance at once
    encoded: int  # frames that the encoder is given
    steps: int
    repeat: int  # timed runs of a network in one process

    @property
    def frames(self):
        return self.time * (self.grid[0] - 1) + 1

    @property
    def size(self):
        return 32 * self.grid[2], 32 * self.grid[1]


CLIPS = {
    "mid": Clip(grid=(9, 12, 20), time=8, fps=25, batch=1, encoded=33, steps=2, repeat=1),
    "mini": Clip(grid=(11, 4, 7), time=4, fps=8, batch=2, encoded=41, steps=16, repeat=5),
}
CASES = [f"{model}/{part}" for model in CLIPS for part in (*NETWORKS, "pipeline")]


def make(root, kinora):
    """Both model directories, and in each an input for each network."""
    subprocess.run([kinora, "models", "export", "mini", root / "mini"], check=True)
    (root / "mid").mkdir()
    shutil.copy(root / "mini/model_index.json", root / "mid")
    for folder in ("tokenizer", "scheduler"):
        shutil.copytree(root / "mini" / folder, root / "mid" / folder)
    torch.manual_seed(0)
    vocabulary = json.loads((root / "mini/text_encoder/config.json").read_text())["vocab_size"]
    networks = {
        "transformer": LTXVideoTransformer3DModel(
            in_channels=32, out_channels=32, num_attention_heads=16, attention_head_dim=64, cross_attention_dim=1024,
            num_layers=12, caption_channels=512,
        ),
        "vae": AutoencoderKLLTXVideo(
            latent_channels=32, block_out_channels=(64, 128, 256, 256), decoder_block_out_channels=(64, 128, 256, 256),
            layers_per_block=(1, 1, 1, 1, 1), decoder_layers_per_block=(1, 1, 1, 1, 1),
        ),
        "text_encoder": T5EncoderModel(T5Config(
            vocab_size=vocabulary, d_model=512, d_kv=64, d_ff=1024, num_layers=8, num_heads=8, feed_forward_proj="gated-gelu",
        )),
    }  # fmt: skip
    for folder, network in networks.items():
        network.bfloat16().save_pretrained(root / "mid" / folder)
    for model, clip in CLIPS.items():
        make_inputs(root / model, clip)


def make_inputs(folder, clip):
    config = {part: json.loads((folder / part / "config.json").read_text()) for part in ("transformer", "vae", "text_encoder")}
    channels, text = config["transformer"]["in_channels"], config["transformer"]["caption_channels"]
    (t, h, w), b = clip.grid, clip.batch
    n = t * h * w
    timestep = torch.full((b, n), 700.0)
    timestep[:, : h * w] = 0.0  # a picture as the first frame
    width, height = clip.size
    inputs = {
        "transformer": {
            "hidden_states": torch.randn(b, n, channels), "encoder_hidden_states": torch.randn(b, 64, text), "timestep": timestep,
            "encoder_attention_mask": torch.ones(b, 64), "num_frames": torch.tensor([t]), "height": torch.tensor([h]),
            "width": torch.tensor([w]), "rope_interpolation_scale": torch.tensor([clip.time / clip.fps, 32.0, 32.0]),
        },
        "vae-decoder": {"z": torch.randn(1, config["vae"]["latent_channels"], t, h, w)},
        "vae-encoder": {"sample": torch.rand(1, 3, clip.encoded, height, width) * 2 - 1},
        "text-encoder": {"input_ids": torch.randint(0, config["text_encoder"]["vocab_size"], (b, 64))},
    }  # fmt: skip
    for part, tensors in inputs.items():
        save_file(tensors, folder / f"{part}.safetensors")


def network(root, case, dtype, device="cpu"):
    """A function that runs the reference's network once."""
    model, part = case.split("/")
    kind, folder = NETWORKS[part]
    network = kind.from_pretrained(root / model / folder, dtype=dtype).to(device).eval()
    inputs = {k: v.to(device) for k, v in load_file(root / model / f"{part}.safetensors").items()}
    for name in ("hidden_states", "encoder_hidden_states", "z", "sample"):
        if name in inputs:
            inputs[name] = inputs[name].to(dtype)
    if part == "vae-decoder":
        return lambda: network.decode(**inputs, return_dict=False)
    if part == "vae-encoder":
        return lambda: network.encode(inputs["sample"], return_dict=False)
    if part == "transformer":
        clip = CLIPS[model]
        inputs |= dict(zip(("num_frames", "height", "width"), clip.grid))
        inputs["rope_interpolation_scale"] = (clip.time / clip.fps, 32.0, 32.0)
    return lambda: network(**inputs, return_dict=False)


def whole_clip(root, model, dtype):
    """A function that loads the reference's pipeline and draws a clip from text."""
    clip = CLIPS[model]
    width, height = clip.size

    def run():
        pipe = DiffusionPipeline.from_pretrained(root / model, dtype=dtype)
        pipe.set_progress_bar_config(disable=True)
        pipe(
            prompt=PROMPT, negative_prompt="", width=width, height=height, num_frames=clip.frames, frame_rate=clip.fps,
            num_inference_steps=clip.steps, guidance_scale=4.0, max_sequence_length=64, output_type="np",
        )  # fmt: skip

    return run


def peak_mb():
    """What `kinora probe` reads too. `ru_maxrss` would be no less than the memory of the process that started this one."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def child(root, case, dtype, compiled):
    """One measurement of the reference, as `kinora probe --repeat` makes it."""
    bare, model = peak_mb(), case.split("/")[0]
    seconds, processor = [], []

    def timed(run):
        begun, begun_cpu = time.perf_counter(), time.process_time()
        run()
        seconds.append(time.perf_counter() - begun)
        processor.append(time.process_time() - begun_cpu)

    if case.endswith("/pipeline"):
        timed(whole_clip(root, model, DTYPES[dtype]))
    else:
        run = network(root, case, DTYPES[dtype])
        run = torch.compile(run) if compiled else run
        for _ in range(1 + CLIPS[model].repeat):
            timed(run)
    rest = seconds[1:] or seconds
    print(json.dumps({
        "median_s": statistics.median(rest), "min_s": min(rest), "first_s": seconds[0],
        "cpu_s": statistics.median(processor[1:] or processor), "peak_rss_mb": peak_mb(), "bare_rss_mb": bare,
    }))  # fmt: skip


def command(args, root, case, peer, dtype):
    model, part = case.split("/")
    clip, machine = CLIPS[model], ["--dtype", dtype, "--threads", args.threads]
    if not peer.startswith("kinora"):
        return [sys.executable, __file__, "--child", root, case, peer, "--dtypes", dtype, "--threads", args.threads]
    if part == "pipeline":
        return [
            args.kinora, "generate", PROMPT, "--model", root / model, "--output", root / "out.mp4", "--json",
            "--size", "{}x{}".format(*clip.size), "--fps", clip.fps, "--seconds", clip.frames / clip.fps,
            "--steps", clip.steps, "--guidance", 4, "--seed", 1, *machine,
        ]  # fmt: skip
    return [
        args.kinora, "probe", "--model", root / model, "--component", part, "--input", root / model / f"{part}.safetensors",
        "--output", root / "out.safetensors", "--repeat", clip.repeat, *machine,
    ]  # fmt: skip


def measure(args, root, case, peer, dtype):
    env = os.environ | {"OMP_NUM_THREADS": str(args.threads), "TORCHINDUCTOR_CACHE_DIR": str(root / "inductor")}
    if "-" in peer:
        env["KINORA_CPU"] = peer.split("-")[1]
    words = [str(word) for word in command(args, root, case, peer, dtype)]
    begun = children_s()
    done = subprocess.run(words, capture_output=True, text=True, env=env)
    cpu = children_s() - begun
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
        return {"error": next((line for line in lines if "Error" in line.split(":")[0]), lines[-1])}
    told = json.loads(done.stdout.strip().splitlines()[-1])
    if "took" in told:
        told |= {"median_s": told["took"], "min_s": told["took"], "cpu_s": cpu, "times": told.pop("clips")[0]["times"]}
    # Of a program that does not tell: all that it took by its runs, so that each bears a part of the loading.
    return {"cpu_s": cpu / (1 + CLIPS[case.split("/")[0]].repeat)} | told


def children_s():
    """Processor time of all programs run so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def in_turns(args, root, case, dtype):
    """What each peer took over all rounds. One that fails is not asked again."""
    runs = {peer: [] for peer in args.peers if not (peer == "compiled" and case.endswith("/pipeline"))}
    for i in range(args.rounds):
        for peer, told in runs.items():
            if told and "error" in told[-1]:
                continue
            told.append(measure(args, root, case, peer, dtype))
            said = told[-1].get("error") or f"{told[-1]['min_s']:.3f} s"
            print(f"{case} {dtype} {i + 1}/{args.rounds} {peer}: {said}", file=sys.stderr, flush=True)
    return {peer: summary(told) for peer, told in runs.items()}


def summary(runs):
    if "error" in runs[-1]:
        return runs[-1]
    return runs[-1] | {
        "median_s": statistics.median(run["median_s"] for run in runs), "min_s": min(run["min_s"] for run in runs),
        "cpu_s": statistics.median(run["cpu_s"] for run in runs),
        "peak_rss_mb": max(run["peak_rss_mb"] or 0 for run in runs), "all_s": [run["median_s"] for run in runs],
    }  # fmt: skip


def flops(root, case):
    """Thousand millions of additions and multiplications that the reference's network asks for."""
    with FlopCounterMode(display=False) as counter:
        network(root, case, torch.float32, "meta")()
    return counter.get_total_flops() / 1e9


def matmul(dtype, n=1024):
    """PyTorch's own square product, GFLOP/s, the best of five."""
    a, b = torch.randn(n, n).to(dtype), torch.randn(n, n).to(dtype)
    best = 0.0
    for _ in range(6):
        begun = time.perf_counter()
        a @ b
        best = max(best, 2 * n**3 / (time.perf_counter() - begun) / 1e9)
    return best


def table(report):
    product = report["matmul_gflops"]
    peers = report["peers"]
    lines = [
        f"{report['processor']}, {report['threads']} thread(s), {report['rounds']} rounds, torch {report['torch']}; PyTorch's square product: "
        + ", ".join(f"{gflops:.3g} GFLOP/s in {dtype}" for dtype, gflops in product.items())
        + ". Seconds: median (least). Ratios: diffusers by Kinora, of medians (of least), and of medians of processor time.",
        "",
        f"| case | dtype | GFLOP | {' | '.join(peers)} | ratio | ratio, processor | peak MB, diffusers / Kinora |",
        "| --- " * (len(peers) + 6) + "|",
    ]
    notes = []
    for row in report["rows"]:
        measured, cells = row["measured"], []
        for peer in peers:
            told = measured.get(peer)
            if told and "error" in told:
                notes.append(f"- {row['case']} {row['dtype']}, {peer}: `{told['error']}`")
            cells.append("–" if not told else "failed" if "error" in told else f"{told['median_s']:.3g} ({told['min_s']:.3g})")
        ours, theirs = measured.get("kinora", {}), measured.get("diffusers", {})
        ratio = cpu = peak = "–"
        if "median_s" in ours and "median_s" in theirs:
            ratio = f"{theirs['median_s'] / ours['median_s']:.2f}× ({theirs['min_s'] / ours['min_s']:.2f}×)"
            cpu = f"{theirs['cpu_s'] / ours['cpu_s']:.2f}×"
            peak = f"{theirs['peak_rss_mb']:.0f} (bare {theirs['bare_rss_mb']:.0f}) / {ours['peak_rss_mb']:.0f}"
        gflop = f"{row['gflop']:.3g}" if row["gflop"] else "–"
        lines.append(f"| {row['case']} | {row['dtype']} | {gflop} | {' | '.join(cells)} | {ratio} | {cpu} | {peak} |")
    return "\n".join([*lines, *([""] if notes else []), *notes]) + "\n"


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def compare(args, root):
    make(root, args.kinora)
    rows = []
    for case in args.cases:
        for dtype in args.dtypes:
            gflop = None if case.endswith("/pipeline") else flops(root, case)
            rows.append({"case": case, "dtype": dtype, "gflop": gflop, "measured": in_turns(args, root, case, dtype)})
    return {
        "processor": processor(), "threads": args.threads, "rounds": args.rounds, "torch": torch.__version__, "peers": args.peers,
        "matmul_gflops": {name: matmul(dtype) for name, dtype in DTYPES.items()}, "rows": rows,
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinora", default="kinora", help="the program that is measured")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=PEERS[:3], help="compiled: torch.compile; avx2, portable: KINORA_CPU")
    parser.add_argument("--dtypes", nargs="+", choices=DTYPES, default=list(DTYPES))
    parser.add_argument("--out", type=Path, help="where peers.json and peers.md go")
    parser.add_argument("--child", nargs=3, metavar=("ROOT", "CASE", "PEER"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch.set_grad_enabled(False)
    torch.set_num_threads(args.threads)
    if args.child:
        root, case, peer = args.child
        return child(Path(root), case, *args.dtypes, peer == "compiled")
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
