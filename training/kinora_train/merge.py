"""Stage `merge`: the mean of the weights of runs that went on from one checkpoint, each on a core of its own.

Two cores do not train one network twice as fast, but two runs with different seeds stay near enough to each other that their
mean is better than either (EXPERIMENTS.md has figures).
"""

import argparse
from pathlib import Path

import torch

from .common import save_atomically


def mean(states):
    return {name: torch.stack([s[name].float() for s in states]).mean(0).to(v.dtype) for name, v in states[0].items()}


def merge(out, extra):
    parser = argparse.ArgumentParser(prog="kinora_train merge")
    parser.add_argument("--from", dest="runs", type=Path, action="append", required=True, help="folder of a run; given again for each")
    runs = parser.parse_args(extra).runs
    path = Path(out) / "transformer.pt"
    started = torch.load(path, weights_only=True)["seen"]
    states = [torch.load(run / "transformer.pt", weights_only=True) for run in runs]
    seen = started + sum(state["seen"] - started for state in states)
    save_atomically({**{part: mean([s[part] for s in states]) for part in ("model", "encoder")}, "seen": seen}, path)
    print(f"{path}: the mean of {len(runs)} runs, {seen} samples seen")
