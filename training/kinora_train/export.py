"""Stages `export` and `import`: the trained networks as a diffusers directory in bfloat16, and back as a start.

With `--int8` the matrices of the transformer, the text encoder and the decoder are stored in eight bits with a float32 scale a
row (`NAME_scale`), which the `kinora` program reads and `kinora models export` widens again. The encoder keeps its 16 bits: its
constant channel stands for thousands of what the others hold.
"""

import argparse
import json
import shutil
import subprocess
from pathlib import Path

import torch
from diffusers import AutoencoderKLLTXVideo, FlowMatchEulerDiscreteScheduler
from safetensors.torch import load_file, save_file
from transformers import PreTrainedTokenizerFast

from . import text, transformer, upscaler, world
from .common import half, save_atomically, write_json

# What the world is made of, flat or three-dimensional.
WHAT = (
    "clips of our own procedural sprite world; sprites: Fluent Emoji (MIT)",
    "clips of our own procedural world; animals and grounds: 0 A.D., Wildfire Games (CC-BY-SA 3.0); sprites: Fluent Emoji (MIT)",
)
WEIGHTS = "diffusion_pytorch_model.safetensors"


def native_sizes(table):
    width, height = table.clip_size
    side = min(table.still_sizes[0])
    return {"16:9": [width, height], "1:1": [side, side], "9:16": [height, width]}


def in_eight_bits(state):
    """Tensors of two dimensions and more as int8 with a scale for each row; small ones and vectors stay."""
    stored = {}
    for name, value in state.items():
        if value.ndim < 2 or value.numel() < 4096:
            stored[name] = value
            continue
        rows = value.float().flatten(1)
        scale = rows.abs().amax(1).clamp(min=1e-12) / 127
        stored[name] = (rows / scale[:, None]).round().to(torch.int8).view(value.shape)
        stored[f"{name}_scale"] = scale
    return stored


def widened(state):
    """The opposite."""
    scales = {name: value for name, value in state.items() if name.removesuffix("_scale") in state and name.endswith("_scale")}
    wide = {name: value for name, value in state.items() if name not in scales}
    for name, scale in scales.items():
        name = name.removesuffix("_scale")
        wide[name] = wide[name].float() * scale.view(-1, *[1] * (wide[name].ndim - 1))
    return wide


def weights_of(folder):
    """The tensors of one component, widened."""
    (file,) = Path(folder).glob("*.safetensors")
    return widened(load_file(file))


def export(config, out, extra):
    parser = argparse.ArgumentParser(prog="kinora_train export")
    parser.add_argument("--to", type=Path, required=True, help="model directory to write")
    parser.add_argument("--int8", action="store_true", help="store weights in eight bits, for a model that is to be shipped")
    options = parser.parse_args(extra)
    to, out = options.to, Path(out)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(out / "tokenizer" / "tokenizer.json"),
        pad_token=text.PAD, eos_token=text.EOS, unk_token=text.UNK, model_max_length=config.text.max_length,
    )  # fmt: skip
    tokenizer.save_pretrained(to / "tokenizer")

    vae = AutoencoderKLLTXVideo.from_pretrained(out / "vae")
    state = torch.load(out / "transformer.pt", weights_only=True)
    encoder = text.build_encoder(config.text, len(tokenizer))
    encoder.load_state_dict(state["encoder"], strict=False)
    model = transformer.build(config.transformer, vae.config.latent_channels, config.text.d_model)
    model.load_state_dict(state["model"])
    vae.register_to_config(_name_or_path="kinora-mini")  # not the folder of whoever trained it
    vae.bfloat16().save_pretrained(to / "vae")
    encoder.bfloat16().save_pretrained(to / "text_encoder")
    model.bfloat16().save_pretrained(to / "transformer")
    if options.int8:
        for part in ("transformer", "text_encoder", "vae"):
            (file,) = (to / part).glob("*.safetensors")
            wide = load_file(file)
            kept = {name: value for name, value in wide.items() if name.startswith("encoder.") and part == "vae"}
            small = in_eight_bits({name: value for name, value in wide.items() if name not in kept})
            save_file({**kept, **small}, file, metadata={"format": "pt"})
    few = {}
    if (out / "turbo.pt").exists():
        turbo = torch.load(out / "turbo.pt", weights_only=True)
        few = {"turbo_steps": turbo["steps"], "turbo_effort": config.turbo.get("effort", "standard")}
        (to / "turbo").mkdir(parents=True, exist_ok=True)
        save_file(turbo["student"], to / "turbo" / "pytorch_lora_weights.safetensors", metadata={"format": "pt"})
    if (out / "upscaler.pt").exists():
        write_json(to / "upscaler" / "config.json", {"_class_name": "KinoraFrameUpscaler", **upscaler.shape(config.upscaler)})
        weights = torch.load(out / "upscaler.pt", weights_only=True)["model"]
        save_file(weights, to / "upscaler" / WEIGHTS, metadata={"format": "pt"})
    FlowMatchEulerDiscreteScheduler(shift=1.0).save_pretrained(to / "scheduler")
    write_json(to / "model_index.json", {
        "_class_name": "LTXConditionPipeline",
        "_diffusers_version": "0.42.1",
        "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
        "text_encoder": ["transformers", "T5EncoderModel"],
        "tokenizer": ["transformers", "PreTrainedTokenizerFast"],
        "transformer": ["diffusers", "LTXVideoTransformer3DModel"],
        "vae": ["diffusers", "AutoencoderKLLTXVideo"],
    })  # fmt: skip
    write_json(to / "kinora.json", {
        "name": "kinora-mini",
        "native": native_sizes(config.transformer),
        "fps": config.world.fps,
        "frames": config.transformer.clip_frames,
        "max_text_tokens": config.text.max_length,
        **few,
        **config.get("sampling", {}),
    })  # fmt: skip
    words = words_of(config, out)
    words["trained_on"] = {
        "what": WHAT[bool(config.world.get("solid"))],
        "solid": config.world.get("solid", 0),
        "samples": state["seen"],
        "size": config.transformer.clip_size,
        "fps": config.world.fps,
    }
    write_json(to / "vocabulary.json", words)
    total = sum(p.stat().st_size for p in to.rglob("*.safetensors"))
    print(f"{to}: {total / 1e6:.1f} MB of weights, {state['seen']} samples seen")


def words_of(config, out):
    """Everything that the captions of a config's scenes can say."""
    path = Path(out) / "vocabulary.json"
    chosen = [*world.cast(config.world), *(() if config.world.get("solid") else ("--flat",))]
    chosen += ["--steady"] if config.world.get("steady") else []
    subprocess.run([*config.world.command, "world", "vocab", "--out", str(path), *chosen], check=True)
    words, skipped = json.loads(path.read_text()), config.world.get("skip", [])
    for kind in ("actions", "camera"):
        words[kind] = [entry for entry in words[kind] if entry["name"]["en"] not in skipped]
    return words


def import_model(config, out, extra):
    """Lay a shipped model out as checkpoints, so that training goes on from it; characters that the world's words have and
    its tokenizer lacks get pieces of their own, which begin as the unknown one."""
    parser = argparse.ArgumentParser(prog="kinora_train import")
    parser.add_argument("--from", dest="source", type=Path, required=True, help="model directory to start from")
    source, out = parser.parse_args(extra).source, Path(out)
    shutil.copytree(source / "tokenizer", out / "tokenizer", dirs_exist_ok=True)
    entries = [entry for kind in words_of(config, out).values() for entry in kind]
    more = text.learn_characters(out / "tokenizer" / "tokenizer.json", [word for entry in entries for word in entry["words"]["zh"]])
    encoder = weights_of(source / "text_encoder")
    rows = encoder["shared.weight"]
    encoder["shared.weight"] = torch.cat([rows, rows[text.UNK_ID].expand(more, -1)])
    vae = AutoencoderKLLTXVideo.from_config(AutoencoderKLLTXVideo.load_config(source / "vae"))
    vae.load_state_dict(weights_of(source / "vae"))
    vae.save_pretrained(out / "vae")
    save_atomically({"model": half(vae.state_dict()), "step": 0}, out / "autoencoder.pt")
    if (source / "upscaler").exists():
        save_atomically({"model": half(weights_of(source / "upscaler")), "seen": 0}, out / "upscaler.pt")
    save_atomically({
        "model": half(weights_of(source / "transformer")),
        "encoder": half(encoder),
        "seen": json.loads((source / "vocabulary.json").read_text())["trained_on"]["samples"],
    }, out / "transformer.pt")  # fmt: skip
    print(f"{out} holds the networks of {source}; {more} characters are new")
