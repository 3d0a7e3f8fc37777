"""What every stage shares: configuration, time budget, EMA, checkpoints."""

import json
import math
import os
import time
import tomllib
from pathlib import Path

import torch


class Config(dict):
    """A TOML table whose keys read as attributes."""

    def __getattr__(self, key):
        try:
            value = self[key]
        except KeyError:
            raise AttributeError(f"the config has no '{key}'") from None
        return Config(value) if isinstance(value, dict) else value

    @staticmethod
    def load(path):
        with open(path, "rb") as f:
            return Config(tomllib.load(f))


def pick_device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Budget:
    """Counts a stage's own minutes; `progress` runs from 0 to 1 over all minutes of the stage's plan."""

    def __init__(self, minutes):
        self.start = time.time()
        self.seconds = minutes * 60

    @property
    def spent(self):
        return time.time() - self.start

    @property
    def progress(self):
        return min(1.0, self.spent / max(self.seconds, 1e-9))

    @property
    def left(self):
        return self.spent < self.seconds


def learning_rate(base, progress, warmup=0.02, final=0.05):
    """Linear warm-up, flat, then a cosine descent over the last 60 % of the budget."""
    if progress < warmup:
        return base * max(progress / warmup, 0.02)
    if progress < 0.4:
        return base
    x = (progress - 0.4) / 0.6
    return base * (final + (1 - final) * 0.5 * (1 + math.cos(math.pi * x)))


class Ema:
    """An exponential moving average of parameters in float32, with a ramp so that early steps forget quickly."""

    def __init__(self, modules, decay):
        self.decay = decay
        self.steps = 0
        self.params = [p for m in modules for p in m.parameters()]
        self.shadow = [p.detach().clone().float() for p in self.params]

    @torch.no_grad()
    def update(self):
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self.shadow, [p.detach().float() for p in self.params], 1 - decay)

    @torch.no_grad()
    def swap(self):
        """Exchange the live weights and the averaged ones; call it twice to come back."""
        for p, s in zip(self.params, self.shadow):
            live = p.detach().clone()
            p.copy_(s)
            s.copy_(live)


class averaged:
    """`with averaged(ema):` runs its body on the averaged weights."""

    def __init__(self, ema):
        self.ema = ema

    def __enter__(self):
        self.ema.swap()

    def __exit__(self, *_):
        self.ema.swap()


def optimizer(modules, config):
    """AdamW alone, or Muon on the hidden matrices with AdamW on the rest (`optimizer = "muon"`)."""
    params = [p for m in modules for p in m.parameters() if p.requires_grad]
    if config.get("optimizer", "adamw") == "adamw":
        return [torch.optim.AdamW(params, lr=config.lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True)]
    hidden = [p for m in modules for n, p in m.named_parameters() if p.ndim == 2 and "blocks" in n and "table" not in n]
    ids = {id(p) for p in hidden}
    rest = [p for p in params if id(p) not in ids]
    muon = torch.optim.Muon(hidden, lr=config.lr, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
    return [muon, torch.optim.AdamW(rest, lr=config.lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True)]


def save_atomically(state, path):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(path.suffix + ".tmp")
    torch.save(state, temporary)
    os.replace(temporary, path)


def half(state):
    """A state dict in bfloat16: the resume state stays small, and no optimiser moments are kept."""
    return {k: v.to(torch.bfloat16) if v.is_floating_point() else v for k, v in state.items()}


def write_json(path, value):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


class Log:
    """One line a report, on stdout and in `log.jsonl` beside the checkpoint."""

    def __init__(self, folder, stage):
        self.path = Path(folder) / f"{stage}.log.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def __call__(self, **values):
        values = {k: float(f"{v:.5g}") if isinstance(v, float) else v for k, v in values.items()}
        print(" ".join(f"{k}={v}" for k, v in values.items()), flush=True)
        with open(self.path, "a") as f:
            f.write(json.dumps(values) + "\n")


def save_grid(clips, path, columns=8):
    """Write tensors (b, 3, h, w) in -1..1 as one PNG grid."""
    from PIL import Image

    clips = ((clips.float().clamp(-1, 1) + 1) * 127.5).round().byte().cpu()
    b, _, h, w = clips.shape
    rows = -(-b // columns)
    sheet = torch.zeros(rows * h, columns * w, 3, dtype=torch.uint8)
    for i in range(b):
        y, x = divmod(i, columns)
        sheet[y * h : (y + 1) * h, x * w : (x + 1) * w] = clips[i].permute(1, 2, 0)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet.numpy()).save(path)
