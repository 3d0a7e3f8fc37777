"""Stage `smoke`: every stage of a config for some seconds with the smallest batches, resuming included, so that no hour of a
GPU is lost to a mistake that a CPU could have shown. What it leaves behind is thrown away."""

import math
import tempfile
import time
from pathlib import Path

import torch

from . import autoencoder, batches, export, text, transformer, turbo, upscaler
from .common import Config, pick_device

SMALL = {
    "world": {"workers": 1},
    "autoencoder": {"still_batch": 2, "clip_batch": 1, "pca_stills": 64, "clips_from": 0.0},
    "transformer": {"batch": 2, "clip_batch": 2, "clips_from": 0.0, "shard": 2, "encode_batch": 2, "pool": 2, "two_segments": 0.5,
                    "look_prompts": 1, "look_steps": 2},
    "turbo": {"batch": 2},
    "upscaler": {"pool": 2, "batch": 2, "clip_batch": 1},
}  # fmt: skip


def run(config, seed):
    small = Config({**config, **{stage: {**config[stage], **values} for stage, values in SMALL.items()}})
    small["text"] = {**config["text"], "vocabulary": 400}
    begun = time.time()
    with tempfile.TemporaryDirectory() as out:

        def stage(name, work):
            print(f"== {name} ({time.time() - begun:.0f} s)", flush=True)
            work()

        stage("tokenizer", lambda: text.train_tokenizer(small, out, scenes=200))
        for resume in (False, True):
            stage("autoencoder", lambda: autoencoder.train(small, 0.15, out, resume=resume, seed=seed))
        stage("latents", lambda: batches.cache_latents(small, 0.2, out, pick_device(), seed=seed))
        for resume in (False, True):
            stage("transformer", lambda: transformer.train(small, 0.25, out, resume=resume, seed=seed))
        for steps in (4, 2):
            stage("turbo", lambda: turbo.train(small, 0.1, out, ["--steps", str(steps)], seed=seed))
        stage("upscaler", lambda: upscaler.train(small, 0.2, out, seed=seed))
        stage("export", lambda: export.export(small, out, ["--to", str(Path(out) / "model")]))
        stage("import", lambda: export.import_model(small, Path(out) / "again", ["--from", str(Path(out) / "model")]))
        state = torch.load(Path(out) / "again" / "transformer.pt", weights_only=True)
        sound = all(math.isfinite(float(v.float().abs().sum())) for v in state["model"].values())
        size = sum(p.stat().st_size for p in (Path(out) / "model").rglob("*.safetensors"))
    if not sound or not state["seen"]:
        raise SystemExit("the exported weights are not finite, or nothing was seen")
    print(f"all stages ran in {time.time() - begun:.0f} s; the model's weights take {size / 1e6:.1f} MB")
