"""Scenes from `xtask world stream`: frames, captions and labels, rendered while the trainer runs."""

import json
import os
import queue
import struct
import subprocess
import threading

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset


class Scene:
    """One record: `frames` (t, h, w, 3) uint8, `captions` {"en": [...], "zh": [...]}, `labels`, and the actors'
    `boxes` of each frame (left, top, right, bottom as fractions). `segments` holds the captions of both halves of a
    clip that has two."""

    __slots__ = ("frames", "captions", "labels", "record", "boxes", "segments")

    def __init__(self, frames, head):
        self.frames = frames
        self.captions = head["captions"]
        self.labels = head.get("labels", {})
        self.record = head.get("record", {})
        self.boxes = head["boxes"]
        self.segments = head.get("segments")


def read_exactly(pipe, size):
    data = pipe.read(size)
    if len(data) != size:
        raise EOFError("the scene stream ended in the middle of a record")
    return data


def cast(world):
    """The options of `xtask world` that say who plays, and where."""
    named = [x for key in world.get("cast", []) for x in ("--actor", key)]
    return ["--actors", str(world.actors), "--places", str(world.places), *named]


def stream(world, *, width, height, frames, seed, count=0, split="train", extra=(), threads=0):
    """Yield scenes without end (or `count` of them). `world` is the `[world]` table of the config; `threads` is how many
    render, 0 for one a core."""
    command = [
        *world.command, "world", "stream", "--pack", world.pack, "--seed", str(seed), "--count", str(count),
        "--frames", str(frames), "--size", f"{width}x{height}", "--fps", str(world.fps),
        *cast(world), "--split", split, *extra,
        "--most", str(world.get("most", 3)), *(x for name in world.get("skip", []) for x in ("--without", name)),
        *(("--steady",) if world.get("steady") else ()),
        *(("--styled", str(world.styled)) if world.get("styled") else ()),
        *(("--solid", str(world.solid)) if world.get("solid") else ()),
    ]  # fmt: skip
    environment = {**os.environ, **({"RAYON_NUM_THREADS": str(threads)} if threads else {})}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=1 << 20, env=environment)
    try:
        while True:
            magic = process.stdout.read(4)
            if not magic:
                return
            if magic != b"KWS1":
                raise ValueError(f"not a scene stream: {magic!r}")
            size, t, h, w = struct.unpack("<4I", read_exactly(process.stdout, 16))
            head = json.loads(read_exactly(process.stdout, size))
            pixels = np.frombuffer(read_exactly(process.stdout, t * h * w * 3), np.uint8)
            yield Scene(torch.from_numpy(pixels.copy()).view(t, h, w, 3), head)
    finally:
        process.kill()
        process.wait()


class Group:
    """Scenes of one size: their `frames` as one tensor (b, t, h, w, 3) uint8, and the scenes themselves."""

    def __init__(self, scenes):
        self.frames = torch.stack([s.frames for s in scenes])
        self.scenes = scenes
        for scene in scenes:
            scene.frames = None

    def __len__(self):
        return len(self.scenes)

    def __iter__(self):
        return iter(self.scenes)

    def pixels(self, device):
        """(b, 3, t, h, w) in -1..1"""
        return self.frames.to(device).permute(0, 4, 1, 2, 3).float().div_(127.5).sub_(1.0)


def grouped(scenes, size):
    group = []
    for scene in scenes:
        group.append(scene)
        if len(group) == size:
            yield Group(group)
            group = []


class Renderers(IterableDataset):
    """Groups of scenes, each worker process with a stream of its own."""

    def __init__(self, world, size, options):
        self.world, self.size, self.options = world, size, options

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        options = {**self.options, "seed": self.options["seed"] * 1000 + worker.id, "threads": 2}
        yield from grouped(stream(self.world, **options), self.size)


def groups(world, size, ahead=4, **options):
    """Groups of `size` scenes of a `stream` with these options, read ahead: by a thread, or by `workers` processes where
    one thread cannot feed the device."""
    if workers := world.get("workers", 0):
        yield from DataLoader(Renderers(world, size, options), batch_size=None, num_workers=workers, prefetch_factor=ahead)
    full = queue.Queue(maxsize=ahead)

    def fill():
        for group in grouped(stream(world, **options), size):
            full.put(group)
        full.put(None)

    threading.Thread(target=fill, daemon=True).start()
    while (group := full.get()) is not None:
        yield group


def coverage(boxes, rows, columns):
    """(rows, columns): the share of each cell that the boxes of one frame cover, at most 1."""

    def overlap(low, high, cells):
        edges = np.arange(cells + 1) / cells
        return np.clip(np.minimum(high, edges[1:]) - np.maximum(low, edges[:-1]), 0, None) * cells

    covered = np.zeros((rows, columns), np.float32)
    for left, top, right, bottom in boxes:
        covered += np.outer(overlap(top, bottom, rows), overlap(left, right, columns))
    return torch.from_numpy(covered.clip(max=1.0))
