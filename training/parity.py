"""Hold `kinora probe` against diffusers and transformers on fresh random configs, weights and inputs.

    python training/parity.py --kinora target/release/kinora --cases 4 --seed 0

For each case a model directory is written as the reference writes it, both programs run the same tensors, and the
relative L2 error is printed: in f32 (at most 1e-5 is wanted) and in bf16, there as a multiple of the reference's own
bf16 error (at most 1.25). Whole runs of both pipelines follow, in f32: final latents (at most 1e-3) and the share of
pixels that lie further than 1/255 away (at most 0.1 %). Ends with 1 if a figure is missed. `cargo xtask parity` runs it.
"""

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

import diffusers
import torch
import transformers
from diffusers import AutoencoderKLLTXVideo, LTXVideoTransformer3DModel
from diffusers.pipelines.ltx.modeling_latent_upsampler import LTXLatentUpsamplerModel
from safetensors.torch import load_file, save_file
from transformers import T5Config, T5EncoderModel

sys.path.insert(0, str(Path(__file__).parent / "fixtures"))
import pipeline  # noqa: E402
from vae import random_case  # noqa: E402


def excite(model, seed):
    """Random weights with life in every parameter, zero-initialised ones included; rounded to bf16 so that both dtypes share them."""
    torch.manual_seed(seed)
    for name, p in model.named_parameters():
        if name.endswith("timestep_scale_multiplier"):
            continue
        scale = 0.3 if p.ndim < 2 or "table" in name or "per_channel" in name else 1.5 / p[0].numel() ** 0.5
        offset = 1.0 if p.ndim == 1 and "norm" in name and name.endswith("weight") else 0.0
        p.data.copy_((offset + scale * torch.randn_like(p)).bfloat16().float())
    return model.eval()


def transformer(rng, seed):
    heads, head_dim = rng.choice((1, 2, 4)), rng.choice((8, 12, 16, 24))
    width, channels, text = heads * head_dim, rng.randint(3, 16), rng.randint(8, 40)
    model = excite(LTXVideoTransformer3DModel(
        in_channels=channels, out_channels=channels, num_attention_heads=heads, attention_head_dim=head_dim,
        cross_attention_dim=width, num_layers=rng.randint(1, 4), caption_channels=text,
    ), seed)  # fmt: skip
    b, t, h, w, l = rng.randint(1, 2), rng.randint(1, 9), rng.randint(1, 7), rng.randint(1, 7), rng.randint(1, 12)
    n = t * h * w
    inputs = {
        "hidden_states": torch.randn(b, n, channels),
        "encoder_hidden_states": torch.randn(b, l, text),
        "encoder_attention_mask": (torch.arange(l)[None] < torch.tensor([[rng.randint(1, l)] for _ in range(b)])).long(),
    }
    per_token = rng.random() < 0.5
    inputs["timestep"] = torch.rand(b, 3)[:, torch.randint(0, 3, (n,))] * 1000 if per_token else torch.rand(b, 1) * 1000
    call = dict(inputs)
    if rng.random() < 0.5:
        inputs["video_coords"] = call["video_coords"] = torch.rand(b, 3, n) * torch.tensor([10.0, 512.0, 512.0])[None, :, None]
    else:
        for k, v in (("num_frames", t), ("height", h), ("width", w)):
            inputs[k], call[k] = torch.tensor([v]), v
        scale = [8 / rng.choice((24, 25, 30)), 32.0, 32.0]
        inputs["rope_interpolation_scale"], call["rope_interpolation_scale"] = torch.tensor(scale), scale

    def run(dtype):
        cast = {k: v.to(dtype) if k in ("hidden_states", "encoder_hidden_states") else v for k, v in call.items()}
        return {"sample": model.to(dtype)(**cast, return_dict=False)[0]}

    return model, "transformer", inputs, run


def autoencoder(rng, seed, part):
    config, sample, (b, t, h, w), temb, _ = random_case(seed)
    model = excite(AutoencoderKLLTXVideo(**config), seed)
    if part == "encoder":
        inputs = {"sample": torch.rand(sample) * 2 - 1}
        return model, "vae", inputs, lambda d: {"latents": model.to(d).encode(inputs["sample"].to(d)).latent_dist.mode()}
    inputs = {"z": torch.randn(b, config["latent_channels"], t, h, w)}
    if temb:
        inputs["temb"] = torch.tensor(temb)
    noises = []

    def draw(shape, dtype=None, **_):
        generator = torch.Generator().manual_seed(seed * 1000 + len(noises))
        noises.append(torch.randn(tuple(shape), generator=generator))
        return noises[-1].to(dtype)

    def run(dtype):
        noises.clear()
        with mock.patch("torch.randn", lambda *a, **k: draw(*a, **k) if "generator" in k and "device" in k else original(*a, **k)):
            out = model.to(dtype).decode(inputs["z"].to(dtype), inputs.get("temb"), return_dict=False)[0]
        inputs.update({f"noise.{i}": n for i, n in enumerate(noises)})
        return {"sample": out}

    original = torch.randn
    return model, "vae", inputs, run


def text_encoder(rng, seed):
    heads = rng.choice((1, 2, 4))
    model = excite(T5EncoderModel(T5Config(
        vocab_size=rng.randint(20, 90), d_model=rng.choice((16, 24, 40)), d_kv=rng.choice((4, 8, 12)), d_ff=rng.choice((32, 48)),
        num_layers=rng.randint(1, 4), num_heads=heads, feed_forward_proj=rng.choice(("gated-gelu", "relu")),
        relative_attention_num_buckets=rng.choice((8, 32)), relative_attention_max_distance=rng.choice((16, 128)),
    )), seed)  # fmt: skip
    b, l = rng.randint(1, 3), rng.randint(1, 40)
    inputs = {
        "input_ids": torch.randint(0, model.config.vocab_size, (b, l)),
        "attention_mask": (torch.arange(l)[None] < torch.tensor([[rng.randint(1, l)] for _ in range(b)])).long(),
    }
    return model, "text_encoder", inputs, lambda d: {"last_hidden_state": model.to(d)(**inputs).last_hidden_state}


def upsampler(rng, seed):
    space = rng.random() < 0.7
    model = excite(LTXLatentUpsamplerModel(
        in_channels=rng.randint(4, 12), mid_channels=32 * rng.randint(1, 2), num_blocks_per_stage=rng.randint(1, 2),
        dims=3, spatial_upsample=space, temporal_upsample=not space,
    ), seed)  # fmt: skip
    shape = (rng.randint(1, 2), model.config.in_channels, rng.randint(1, 4), rng.randint(2, 5), rng.randint(2, 5))
    inputs = {"hidden_states": torch.randn(shape)}
    return model, "latent_upsampler", inputs, lambda d: {"sample": model.to(d)(inputs["hidden_states"].to(d))}


COMPONENTS = {
    "transformer": transformer,
    "vae-encoder": lambda rng, seed: autoencoder(rng, seed, "encoder"),
    "vae-decoder": lambda rng, seed: autoencoder(rng, seed, "decoder"),
    "text-encoder": text_encoder,
    "upsampler": upsampler,
}


def relative(a, b):
    a, b = a.double(), b.double()
    return float((a - b).norm() / b.norm().clamp(min=1e-30))


def probe(program, root, component, dtype):
    """What the program makes of `in.safetensors` with `model`, both in the folder `root`."""
    subprocess.run(
        [program, "probe", "--model", root / "model", "--component", component, "--dtype", dtype,
         "--input", root / "in.safetensors", "--output", root / "out.safetensors"], check=True,
    )  # fmt: skip
    return load_file(root / "out.safetensors")


def network_errors(program, name, seed):
    """f32 error, bf16 error, the reference's own bf16 error."""
    model, folder, inputs, run = COMPONENTS[name](random.Random(f"{name}{seed}"), seed)
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        model.save_pretrained(root / "model" / folder)
        exact = run(torch.float32)
        own = run(torch.bfloat16)
        save_file({k: v.contiguous() for k, v in inputs.items()}, root / "in.safetensors")
        errors = []
        for dtype in ("f32", "bf16"):
            out = probe(program, root, name, dtype)
            errors.append(max(relative(out[k], v) for k, v in exact.items()))
    return *errors, max(relative(own[k], v) for k, v in exact.items())


def pipeline_errors(program, seed):
    """Error of the latents, share of pixels that are off, and what was run."""
    parts, settings, items, given = pipeline.random_case(random.Random(f"pipeline{seed}"))
    for part in ("transformer", "vae"):
        excite(parts[part], seed)
    inputs, metadata, latents, frames = pipeline.run(seed, parts, settings, items, given)
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        for folder, part in parts.items():
            part.save_pretrained(root / "model" / folder)
        save_file(inputs, root / "in.safetensors", metadata)
        out = probe(program, root, "pipeline", "f32")
    off = ((out["frames"].int() - frames.int()).abs() > 1).double().mean()
    told = f"{settings['pipeline']}, {len(items)} conditions" + (", from latents" if given else "")
    return relative(out["latents"], latents), float(off), told


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinora", default="kinora", help="the program under test")
    parser.add_argument("--cases", type=int, default=4, help="cases a network")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    diffusers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    missed = 0
    print(f"{'network':14} {'seed':>5} {'f32 error':>10} {'bf16 ours':>10} {'bf16 ref':>10} {'ratio':>6}")
    seeds = range(args.seed, args.seed + args.cases)
    for name in COMPONENTS:
        for seed in seeds:
            torch.manual_seed(seed)
            f32, bf16, reference = network_errors(args.kinora, name, seed)
            ratio = bf16 / max(reference, 1e-30)
            bad = f32 > 1e-5 or ratio > 1.25
            missed += bad
            print(f"{name:14} {seed:5} {f32:10.2e} {bf16:10.2e} {reference:10.2e} {ratio:6.2f}{'  MISSED' if bad else ''}", flush=True)
    print(f"{'pipeline':14} {'seed':>5} {'latents':>10} {'pixels off':>10}")
    for seed in seeds:
        torch.manual_seed(seed)
        error, off, told = pipeline_errors(args.kinora, seed)
        bad = not (error <= 1e-3 and off <= 1e-3)
        missed += bad
        print(f"{'pipeline':14} {seed:5} {error:10.2e} {off:10.2%}  {told}{'  MISSED' if bad else ''}", flush=True)
    print(f"{missed} missed")
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()
