"""Stages `classifier`, `evaluate` and `cards`: does a generated clip show what its prompt says?

The classifier learns actor, place, action and style from renders of the `val` split (its own seeds) and never sees a sample.
The evaluation generates clips for held-out combinations with the `kinora` program itself, in both languages, and
reports top-1 with Wilson intervals beside the classifier's own score on real renders and beside chance. `cards` names
clips that `cargo xtask boards` has drawn.
"""

import argparse
import json
import math
import subprocess
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import world
from .common import Budget, Log, half_precision, pick_device, save_atomically, save_grid, write_json
from .export import words_of

HEADS = ("actor", "place", "action", "style")
MOMENTS, WIDTH, HEIGHT = 6, 112, 64  # a clip is seen as six frames of this size, a second apart at most


class Classifier(nn.Module):
    """A small residual network over frames, then a convolution over time."""

    def __init__(self, sizes, width=48):
        super().__init__()
        c = [width, width * 2, width * 3, width * 4]
        self.stem = nn.Conv2d(3, c[0], 5, 2, 2)
        self.stages = nn.ModuleList()
        for a, b in zip(c, c[1:] + c[-1:]):
            self.stages.append(nn.Sequential(
                nn.GroupNorm(8, a), nn.SiLU(), nn.Conv2d(a, b, 3, 2, 1), nn.GroupNorm(8, b), nn.SiLU(), nn.Conv2d(b, b, 3, 1, 1),
            ))  # fmt: skip
        self.skips = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(c, c[1:] + c[-1:]))
        self.time = nn.Conv1d(c[-1] * 8, 256, 3, padding=1)
        self.heads = nn.ModuleDict({k: nn.Linear(512, n) for k, n in sizes.items()})

    def forward(self, x):  # (b, t, 3, h, w) in -1..1
        b, t = x.shape[:2]
        y = self.stem(x.flatten(0, 1))
        for stage, skip in zip(self.stages, self.skips):
            y = stage(y) + skip(F.avg_pool2d(y, 2, ceil_mode=True))
        y = F.adaptive_avg_pool2d(F.silu(y), (2, 4)).flatten(1).view(b, t, -1)  # where things are matters for action
        y = F.silu(self.time(y.transpose(1, 2)))
        y = torch.cat([y.mean(2), y.amax(2)], 1)
        return {k: head(y) for k, head in self.heads.items()}


def table_sizes(config):
    """Labels a head may give; ids are the world's, stable while tables grow."""
    return {"actor": config.world.actors, "place": config.world.places, "action": 29, "style": 9}


def spoil(x):
    """Blur and noise of random strength, so that softness is no clue."""
    b, t = x.shape[:2]
    y = x.flatten(0, 1)
    size = (int(HEIGHT / (1 + 1.5 * torch.rand(()))), int(WIDTH / (1 + 1.5 * torch.rand(()))))
    y = F.interpolate(F.interpolate(y, size, mode="area"), (HEIGHT, WIDTH), mode="bilinear")
    y = y + 0.1 * torch.rand(()) * torch.randn_like(y)
    return y.view_as(x)


def moments(config, size, split, seed, count=0):
    """Groups of clips of five seconds seen at one frame a second."""
    once = type(config)({**config["world"], "fps": 1})
    return world.groups(once, size, width=WIDTH, height=HEIGHT, frames=MOMENTS, seed=seed, split=split, count=count)


def frames_of(group, device):
    return group.pixels(device).transpose(1, 2)  # (b, t, 3, h, w)


def labels_of(group, device):
    return {k: torch.tensor([s.labels[k] for s in group], device=device) for k in HEADS}


def train_classifier(config, minutes, out, resume, seed):
    torch.manual_seed(seed)
    device = pick_device()
    model = Classifier(table_sizes(config)).to(device)
    path, trained = Path(out) / "classifier.pt", 0
    if resume and path.exists():
        state = torch.load(path, weights_only=True)
        model.load_state_dict(state["model"])
        trained = state["seen"]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.02)
    log, budget = Log(out, "classifier"), Budget(minutes)
    reported = step = 0
    groups = moments(config, 32, "val", seed + 31 + trained)  # whoever goes on meets new scenes
    while budget.left:
        group = next(groups)
        x, y = spoil(frames_of(group, device)), labels_of(group, device)
        with half_precision(device):
            guess = model(x)
        loss = sum(F.cross_entropy(guess[k].float(), y[k]) for k in HEADS)
        for g in optimizer.param_groups:
            g["lr"] = 1e-3 * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * budget.progress)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if budget.spent - reported > 20:
            reported = budget.spent
            log(step=step, minutes=budget.spent / 60, loss=loss.item(), **{k: (guess[k].argmax(1) == y[k]).float().mean().item() for k in HEADS})  # fmt: skip
    save_atomically({"model": model.state_dict(), "seen": trained + 32 * step}, path)


def wilson(hits, n, z=1.96):
    p = hits / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(centre - half, 0.0), min(centre + half, 1.0)


@torch.no_grad()
def score(model, x, labels):
    """Whether each head names each clip, as booleans (b,)."""
    guess = model(x)
    return {k: (guess[k].argmax(1) == labels[k]).cpu() for k in HEADS}


def generate(program, model, prompt, seed, folder, config):
    """One clip by the program itself, as PNG frames at the model's own size and rate; six moments of it."""
    from PIL import Image

    width, height = config.transformer.clip_size
    Path(folder).parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [program, "generate", prompt, "-o", f"{folder}/", "--model", str(model), "--size", f"{width}x{height}", "--seconds", "5",
         "--fps", str(config.world.fps), "--seed", str(seed), "--quiet"], check=True,
    )  # fmt: skip
    files = sorted(Path(folder).glob("*.png"))
    picks = [files[min(i * config.world.fps, len(files) - 1)] for i in range(MOMENTS)]
    return torch.stack([torch.from_numpy(np.array(Image.open(p).convert("RGB"))) for p in picks])


def evaluate(config, args, extra):
    parser = argparse.ArgumentParser(prog="kinora_train evaluate")
    parser.add_argument("--kinora", default="kinora", help="the program that generates")
    parser.add_argument("--model", default="mini", help="model directory, or mini")
    parser.add_argument("--clips", type=int, default=64, help="clips, half in each language")
    parser.add_argument("--report", type=Path, required=True, help="folder for the table and the contact sheet")
    options = parser.parse_args(extra)
    device = pick_device()
    model = load_classifier(config, args, device)

    real = {k: [] for k in HEADS}
    for group in moments(config, 64, "heldout", 77, count=512):
        for k, v in score(model, frames_of(group, device), labels_of(group, device)).items():
            real[k].append(v)
    real = {k: torch.cat(v).float().mean().item() for k, v in real.items()}

    scenes = [scene for group in moments(config, 1, "heldout", 4242, count=options.clips) for scene in group]
    hits = {language: {k: [] for k in HEADS} for language in ("en", "zh")}
    sheet, prompts = [], []
    for i, scene in enumerate(scenes):
        language = ("en", "zh")[i % 2]
        prompt = scene.captions[language][0]
        frames = generate(options.kinora, options.model, prompt, 1000 + i, Path(args.out) / "samples" / f"{i:03}", config)
        x = frames.permute(0, 3, 1, 2).float().div(127.5).sub(1)
        small = F.interpolate(x, (HEIGHT, WIDTH), mode="area").unsqueeze(0).to(device)
        for k, v in score(model, small, labels_of([scene], device)).items():
            hits[language][k].append(bool(v))
        prompts.append(prompt)
        sheet.append(x[::2])
        print(f"{i + 1}/{len(scenes)} {prompt}", flush=True)
    save_grid(torch.cat(sheet), options.report / "samples.png", 6)
    (options.report / "prompts.txt").write_text("\n".join(prompts) + "\n")

    words = words_of(config, args.out)
    sizes = {k: len(words[f"{k}s"]) for k in HEADS}
    sizes["style"] += bool(config.world.get("steady"))  # drawn plainly, which its vocabulary does not call a style
    rows = ["| | English | Chinese | both | real renders | chance |", "| --- | --- | --- | --- | --- | --- |"]
    result = {}
    for k in HEADS:
        cells = []
        for picks in (hits["en"][k], hits["zh"][k], hits["en"][k] + hits["zh"][k]):
            low, high = wilson(sum(picks), len(picks))
            cells.append(f"{100 * sum(picks) / len(picks):.0f} % ({100 * low:.0f}–{100 * high:.0f}, n = {len(picks)})")
        rows.append(f"| {k} top-1 | {' | '.join(cells)} | {100 * real[k]:.0f} % | {100 / sizes[k]:.0f} % |")
        result[k] = {"en": hits["en"][k], "zh": hits["zh"][k], "real": real[k], "chance": 1 / sizes[k]}
    table = "\n".join(rows)
    print(table)
    (options.report / "table.md").write_text(table + "\n")
    write_json(options.report / "evaluation.json", result)


def load_classifier(config, args, device):
    model = Classifier(table_sizes(config)).to(device)
    model.load_state_dict(torch.load(Path(args.out) / "classifier.pt", weights_only=True)["model"])
    return model.eval()


@torch.no_grad()
def name_cards(config, args, extra):
    """A row for each `what` of `clips.json`: how often each head names the clip, and how likely it holds the actor."""
    from PIL import Image

    parser = argparse.ArgumentParser(prog="kinora_train cards")
    parser.add_argument("--clips", type=Path, required=True, help="folder with clips.json, from `cargo xtask boards`")
    folder = parser.parse_args(extra).clips
    device = pick_device()
    model = load_classifier(config, args, device)
    rows = {}
    for clip in json.loads((folder / "clips.json").read_text()):
        frames = [torch.from_numpy(np.array(Image.open(folder / name).convert("RGB"))) for name in clip["frames"]]
        x = torch.stack(frames).permute(0, 3, 1, 2).float().div(127.5).sub(1)
        guess = model(F.interpolate(x, (HEIGHT, WIDTH), mode="area").unsqueeze(0).to(device))
        row = rows.setdefault(clip["what"], {k: [] for k in (*HEADS, "likely")})
        for k in HEADS:
            row[k].append(int(guess[k].argmax()) == clip[k])
        row["likely"].append(float(guess["actor"].softmax(1)[0, clip["actor"]]))
    lines = ["| what | actor | place | action | style | the actor's probability | n |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for what, row in rows.items():
        n = len(row["actor"])
        cells = []
        for k in HEADS:
            low, high = wilson(sum(row[k]), n)
            cells.append(f"{100 * sum(row[k]) / n:.0f} % ({100 * low:.0f}–{100 * high:.0f})")
        lines.append(f"| {what} | {' | '.join(cells)} | {sum(row['likely']) / n:.2f} | {n} |")
    print("\n".join(lines))
    (folder / "table.md").write_text("\n".join(lines) + "\n")


def main(stage, config, args, extra):
    if stage == "cards":
        name_cards(config, args, extra)
    elif stage == "classifier":
        train_classifier(config, args.minutes, args.out, not args.fresh, args.seed)
    else:
        evaluate(config, args, extra)
