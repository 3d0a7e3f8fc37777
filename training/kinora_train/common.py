"""What every stage shares: configuration, time budget, optimiser, checkpoints."""

import json
import math
import os
import time
import tomllib
from contextlib import contextmanager
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


def working_type(device):
    """bfloat16 where the device multiplies it, else float32: processors without it are many times slower at it."""
    native = device.type != "cpu" or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if native else torch.float32


def half_precision(device):
    """Autocast to the working type."""
    dtype = working_type(device)
    return torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16)


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


def orthogonal(matrices, steps=5):
    """About the nearest orthogonal matrix to each of (n, rows, columns), by the quintic Newton-Schulz iteration with Muon's
    coefficients."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum whose steps are made orthogonal (Jordan 2024), as large as AdamW's. PyTorch's own multiplies in bfloat16 whatever
    the processor; this one in `dtype`.

    A convolution is the matrix of its outputs by all that they see; the rows of a group's parameters with `interleaved` > 1 belong
    in turn to so many matrices, as those of an upsampler do, which writes eight cells.
    """

    def __init__(self, groups, lr, dtype, momentum=0.95, weight_decay=0.01):
        super().__init__(groups, {"lr": lr, "interleaved": 1})
        self.dtype, self.momentum, self.weight_decay = dtype, momentum, weight_decay

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                mean = self.state[p].setdefault("mean", torch.zeros_like(p))
                mean.lerp_(p.grad, 1 - self.momentum)
                update = p.grad.lerp(mean, self.momentum).to(self.dtype)
                update = update.flatten(1).unflatten(0, (-1, group["interleaved"])).transpose(0, 1)
                size = 0.2 * math.sqrt(max(update.shape[1:]))
                update = orthogonal(update).transpose(0, 1).reshape(p.shape)
                p.mul_(1 - group["lr"] * self.weight_decay)
                p.add_(update, alpha=-size * group["lr"])


class Optimizer:
    """AdamW alone, or Muon on the hidden matrices with AdamW on the rest (`optimizer = "muon"`).

    The modules compute in the working type; the optimiser holds their float32 masters and an average of those (EMA).
    """

    def __init__(self, modules, table):
        self.live = [p for m in modules for p in m.parameters() if p.requires_grad]
        self.master = [p.detach().clone().float() for p in self.live]
        self.average = [p.clone() for p in self.master]
        self.decay, self.steps, self.base = table.ema, 0, table.lr
        names = [n for m in modules for n, p in m.named_parameters() if p.requires_grad]
        hidden = {
            i for i, n in enumerate(names)
            if self.live[i].ndim in (2, 5) and ("blocks" in n or "mid_block" in n) and "table" not in n
        }  # fmt: skip
        if table.get("optimizer", "adamw") != "muon":
            hidden = set()
        rest = [p for i, p in enumerate(self.master) if i not in hidden]
        self.parts = [torch.optim.AdamW(rest, lr=table.lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True)]
        if hidden:
            upsamplers = {i for i in hidden if "upsamplers" in names[i]}
            groups = [{"params": [self.master[i] for i in sorted(hidden - upsamplers)]}]
            if upsamplers:
                groups.append({"params": [self.master[i] for i in sorted(upsamplers)], "interleaved": 8})
            self.parts.append(Muon(groups, table.lr, working_type(self.master[0].device)))

    @torch.no_grad()
    def step(self, lr, clip=1.0):
        """Take one step from the live parameters' gradients and clear them; gives the gradient's norm."""
        for p, m in zip(self.live, self.master):
            m.grad = None if p.grad is None else p.grad.float()
            p.grad = None
        norm = torch.nn.utils.clip_grad_norm_(self.master, clip)
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = lr
            part.step()
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self.average, self.master, 1 - decay)
        torch._foreach_copy_(self.live, self.master)
        return float(norm)

    @contextmanager
    def averaged(self):
        """Run the body on the averaged weights."""
        with torch.no_grad():
            torch._foreach_copy_(self.live, self.average)
        try:
            yield
        finally:
            with torch.no_grad():
                torch._foreach_copy_(self.live, self.master)


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
