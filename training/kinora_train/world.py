"""Scenes from `xtask world stream`: frames, captions and labels, rendered while the trainer runs."""

import json
import queue
import struct
import subprocess
import threading

import numpy as np
import torch


class Scene:
    """One record: `frames` (t, h, w, 3) uint8, `captions` {"en": [...], "zh": [...]}, `labels`."""

    __slots__ = ("frames", "captions", "labels", "record")

    def __init__(self, frames, head):
        self.frames = frames
        self.captions = head["captions"]
        self.labels = head.get("labels", {})
        self.record = head.get("record", {})


def read_exactly(pipe, size):
    data = pipe.read(size)
    if len(data) != size:
        raise EOFError("the scene stream ended in the middle of a record")
    return data


def stream(world, *, width, height, frames, seed, count=0, split="train", extra=()):
    """Yield scenes without end (or `count` of them). `world` is the `[world]` table of the config."""
    command = [
        *world.command, "world", "stream", "--pack", world.pack, "--seed", str(seed), "--count", str(count),
        "--frames", str(frames), "--size", f"{width}x{height}", "--fps", str(world.fps),
        "--actors", str(world.actors), "--places", str(world.places), "--split", split, *extra,
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=1 << 20)
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
            if wanted(world, head["labels"]):
                yield Scene(torch.from_numpy(pixels.copy()).view(t, h, w, 3), head)
    finally:
        process.kill()
        process.wait()


def wanted(world, labels):
    """Whether a scene is among those that the config wants: `most` actors at once, and `skip` actions."""
    return labels["count"] <= world.get("most", 3) and labels["names"]["action"] not in world.get("skip", [])


def batches(scenes, size, ahead=4):
    """Group scenes into lists of `size`, read ahead by a thread."""
    full = queue.Queue(maxsize=ahead)

    def fill():
        group = []
        for scene in scenes:
            group.append(scene)
            if len(group) == size:
                full.put(group)
                group = []
        full.put(None)

    threading.Thread(target=fill, daemon=True).start()
    while (group := full.get()) is not None:
        yield group


def pixels(group, device):
    """Scenes to a tensor (b, 3, t, h, w) in -1..1."""
    frames = torch.stack([s.frames for s in group]).to(device)
    return frames.permute(0, 4, 1, 2, 3).float().div_(127.5).sub_(1.0)


def caption(scene, rng, chinese=0.5):
    """One caption in one of the two languages."""
    options = scene.captions["zh" if rng.random() < chinese else "en"]
    return options[int(rng.integers(len(options)))]
