"""Stages `export` and `import`: the trained networks as a diffusers directory in bfloat16, and back as a start."""

import argparse
import json
import shutil
import subprocess
from pathlib import Path

import torch
from diffusers import AutoencoderKLLTXVideo, FlowMatchEulerDiscreteScheduler
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerFast

from . import text, transformer
from .common import half, save_atomically, write_json


def native_sizes(table):
    width, height = table.clip_size
    side = min(table.still_sizes[0])
    return {"16:9": [width, height], "1:1": [side, side], "9:16": [height, width]}


def export(config, out, extra):
    parser = argparse.ArgumentParser(prog="kinora_train export")
    parser.add_argument("--to", type=Path, required=True, help="model directory to write")
    to = parser.parse_args(extra).to
    out = Path(out)
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
        **config.get("sampling", {}),
    })  # fmt: skip
    path = out / "vocabulary.json"
    count = ["--actors", str(config.world.actors), "--places", str(config.world.places)]
    subprocess.run([*config.world.command, "world", "vocab", "--out", str(path), *count], check=True)
    words = json.loads(path.read_text())
    skipped = config.world.get("skip", [])
    words["actions"] = [action for action in words["actions"] if action["name"]["en"] not in skipped]
    words["trained_on"] = {
        "what": "clips of our own procedural sprite world; sprites: Fluent Emoji (MIT)",
        "samples": state["seen"],
        "size": config.transformer.clip_size,
        "fps": config.world.fps,
    }
    write_json(to / "vocabulary.json", words)
    total = sum(p.stat().st_size for p in to.rglob("*.safetensors"))
    print(f"{to}: {total / 1e6:.1f} MB of weights, {state['seen']} samples seen")


def import_model(out, extra):
    """Lay a shipped model out as checkpoints, so that training goes on from it."""
    parser = argparse.ArgumentParser(prog="kinora_train import")
    parser.add_argument("--from", dest="source", type=Path, required=True, help="model directory to start from")
    source, out = parser.parse_args(extra).source, Path(out)
    for folder in ("tokenizer", "vae"):
        shutil.copytree(source / folder, out / folder, dirs_exist_ok=True)
    vae = AutoencoderKLLTXVideo.from_pretrained(source / "vae")
    save_atomically({"model": half(vae.state_dict()), "step": 0}, out / "autoencoder.pt")
    save_atomically({
        "model": load_file(source / "transformer" / "diffusion_pytorch_model.safetensors"),
        "encoder": load_file(source / "text_encoder" / "model.safetensors"),
        "seen": json.loads((source / "vocabulary.json").read_text())["trained_on"]["samples"],
    }, out / "transformer.pt")  # fmt: skip
    print(f"{out} holds the networks of {source}")
