"""Stage `turbo`: few steps without guidance, as changes of low rank beside the transformer's matrices.

Progressive distillation (Salimans & Ho 2022) with guidance folded in (Meng et al. 2023): at each level where the student stops, it
learns the mean velocity of two steps of its teacher. The first teacher is the network itself, guided, in twice as many steps; a
student whose steps are halved once more is its own teacher. The changes are what the field calls a LoRA (Hu et al. 2021), named as
diffusers names them, so that the full sampler keeps its weights and what is shipped stays small.
"""

import argparse
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from . import autoencoder, transformer
from .batches import ClipCache, clip_batch, grid_of
from .common import Budget, Log, Optimizer, half, learning_rate, pick_device, save_atomically, working_type


class Adapted(torch.nn.Module):
    """A linear layer and a change beside it; the teacher's change, where it has one, is held apart."""

    def __init__(self, linear, rank):
        super().__init__()
        self.linear = linear
        like = {"device": linear.weight.device, "dtype": linear.weight.dtype}
        self.lora_A = torch.nn.Parameter(torch.randn(rank, linear.in_features, **like) * linear.in_features**-0.5)
        self.lora_B = torch.nn.Parameter(torch.zeros(linear.out_features, rank, **like))
        self.teacher = None
        self.teaching = False

    def forward(self, x):
        y = self.linear(x)
        change = self.teacher if self.teaching else (self.lora_A, self.lora_B)
        return y if change is None else y + (x @ change[0].T) @ change[1].T


def adapt(model, rank):
    """Puts a change beside every matrix of the model's blocks; the rest of it is frozen. Gives them by name."""
    model.requires_grad_(False)
    adapted = {}
    for name, module in list(model.transformer_blocks.named_modules()):
        if isinstance(module, torch.nn.Linear):
            owner, _, own = name.rpartition(".")
            adapted[f"transformer_blocks.{name}"] = Adapted(module, rank)
            setattr(model.transformer_blocks.get_submodule(owner), own, adapted[f"transformer_blocks.{name}"])
    return adapted


def state_of(adapted):
    """The changes as a state dict with diffusers' names."""
    parts = {f"transformer.{name}.{part}.weight": getattr(each, part).detach() for name, each in adapted.items() for part in ("lora_A", "lora_B")}
    return half({name: value.contiguous().clone() for name, value in parts.items()})


def put(adapted, state, teach=False):
    """Takes over changes: as the student's own, or as the teacher's."""
    for name, each in adapted.items():
        a, b = (state[f"transformer.{name}.{part}.weight"].to(each.lora_A) for part in ("lora_A", "lora_B"))
        if teach:
            each.teacher = (a, b)
        else:
            each.lora_A.data.copy_(a), each.lora_B.data.copy_(b)


@contextmanager
def teaching(adapted):
    """Within it the model is the teacher."""
    for each in adapted:
        each.teaching = True
    try:
        yield
    finally:
        for each in adapted:
            each.teaching = False


def velocity(model, x, sigma, coords, words):
    shared = bool((sigma == sigma[:, :1]).all())
    return transformer.velocity(model, x.to(model.dtype), sigma[:, :1] if shared else sigma, coords, *words).float()


@torch.no_grad()
def reach(model, x, sigma_of, path, coords, drawn, words, silence, guidance):
    """Where the teacher's steps lead from `x`; without `silence`, the empty text, unguided."""
    for now, then in zip(path[:-1], path[1:]):
        v = velocity(model, x, sigma_of(now), coords, words)
        if silence:
            free = velocity(model, x, sigma_of(now), coords, silence)
            v = free + guidance * (v - free)
        x = torch.where(drawn, x + (then - now) * v, x)
    return x


def loss_of(model, adapted, encoder, captions, batch, path, sampling, device):
    """`path` holds the levels of two steps of the teacher's, which is the model itself where the changes have none."""
    z, coords = batch.z.to(device), batch.coords.to(device)
    held, weight = batch.sigma.to(device), batch.weight.to(device)
    free = held > 0
    free[:, : batch.before] = False  # conditions
    drawn = free.unsqueeze(-1)

    def sigma_of(now):
        return torch.where(free, now, held.clamp(max=float(now)))

    now, then = path[0], path[-1]
    x = torch.lerp(z, torch.randn_like(z), sigma_of(now).unsqueeze(-1))
    guided = adapted[0].teacher is None
    with torch.no_grad():
        words = transformer.read(encoder, captions, batch.texts, batch.shares, device)
        empty = [[""] * len(segment) for segment in batch.texts]
        silence = transformer.read(encoder, captions, empty, batch.shares, device) if guided else None
    guidance = sampling.guidance if free.all() else sampling.get("joining_guidance", sampling.guidance)
    with teaching(adapted):
        reached = reach(model, x, sigma_of, path, coords, drawn, words, silence, guidance)
    error = (velocity(model, x, sigma_of(now), coords, words) - (reached - x) / (then - now)).square().mean(-1)
    weight = weight * free
    return (error * weight).sum() / weight.sum().clamp(min=1)


def train(config, minutes, out, extra, resume=True, seed=1):
    parser = argparse.ArgumentParser(prog="kinora_train turbo")
    parser.add_argument("--steps", type=int, default=config.turbo.steps, help="steps of the student")
    steps = parser.parse_args(extra).steps
    with transformer.attention(pick_device()):
        train_on(pick_device(), config, minutes, Path(out), steps, resume, seed)


def train_on(device, config, minutes, out, steps, resume, seed):
    table = config.turbo
    vae = autoencoder.load(out, device)
    grid = grid_of(vae, config.world.fps)
    model, encoder, captions, _ = transformer.load(config, out, vae, device)
    encoder.requires_grad_(False)
    model.to(working_type(device)), encoder.to(working_type(device))
    adapted = adapt(model, table.rank)
    saved = torch.load(out / "turbo.pt", weights_only=True) if resume and (out / "turbo.pt").exists() else None
    teacher, seen = None, 0
    if saved:
        put(adapted, saved["student"])
        # Its steps halved, a student is its own teacher; else it goes on with the one that it had.
        teacher, seen = (saved["teacher"], saved["seen"]) if saved["steps"] == steps else (saved["student"], 0)
        if saved["steps"] not in (steps, 2 * steps):
            raise SystemExit(f"the student has {saved['steps']} steps: it goes on with as many, or with half of them")
    if teacher:
        put(adapted, teacher, teach=True)
    path = transformer.levels(2 * steps, config.sampling.shift).to(device)
    changes = list(adapted.values())
    cache = ClipCache(out / "latents")
    torch.manual_seed(seed + seen)
    rng = np.random.default_rng([seed, seen])
    optimizer = Optimizer([torch.nn.ModuleDict({name.replace(".", "-"): each for name, each in adapted.items()})], table)
    count = sum(each.lora_A.numel() + each.lora_B.numel() for each in changes)
    print(f"{count / 1e6:.1f} M parameters beside {sum(p.numel() for p in model.parameters()) / 1e6:.1f} M, {len(cache)} clips cached, {2 * steps} steps{'' if teacher else ' guided'} to {steps}")  # fmt: skip
    log, budget = Log(out, "turbo"), Budget(minutes)
    step, running, looked, reported = 0, 0.0, 0.0, 0.0
    while budget.left:
        batch = clip_batch(config, grid, cache, rng, table.batch)
        first = 2 * int(rng.integers(steps))
        loss = loss_of(model, changes, encoder, captions, batch, path[first : first + 3], config.sampling, device)
        loss.backward()
        optimizer.step(learning_rate(table.lr, budget.progress))
        step, seen = step + 1, seen + table.batch
        running = running * 0.98 + loss.item() * 0.02 if running else loss.item()
        if budget.spent - reported > 20:
            reported = budget.spent
            log(stage="turbo", step=step, seen=seen, minutes=budget.spent / 60, loss=running)
        if budget.spent - looked > table.get("look_every", 600) or not budget.left:
            looked = budget.spent
            with optimizer.averaged():
                save_atomically({"student": state_of(adapted), "teacher": teacher, "steps": steps, "seen": seen}, out / "turbo.pt")
                transformer.look(
                    model, encoder, captions, vae, grid, config.transformer, out / "turbo.png",
                    steps=steps, guidance=1.0, shift=config.sampling.shift,
                )  # fmt: skip
