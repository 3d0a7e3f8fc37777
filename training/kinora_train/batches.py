"""What the transformer learns from: tokens with their noise levels, places in time and space, and texts.

A part of the clips is conditioned just as the pipeline conditions them: leading or random clean frames, one-frame and
(r+1)-frame clips encoded alone and put before the sequence, windows that begin in the middle of a longer clip, and two
texts that each hold for their part of the time.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from . import autoencoder, world
from .common import Budget
from .strew import strew

MASKED = -10000.0


@dataclass(frozen=True)
class Grid:
    """How latent cells lie in time and space."""

    space: int  # pixels a cell covers
    time: int  # frames a latent frame covers; the first covers one
    fps: float

    def coordinates(self, frames, height, width, frame_index=0, first=0):
        """(3, n): seconds, pixel row, pixel column of each token, as `LTXConditionPipeline` computes them.

        `first` is the number of the first latent frame: above 0 the sequence has no one-frame token.
        """
        t, y, x = torch.meshgrid(
            torch.arange(first, first + frames), torch.arange(height), torch.arange(width), indexing="ij"
        )
        t = (t * self.time + 1 - self.time).clamp(min=0) + frame_index
        return torch.stack([t / self.fps, y * self.space, x * self.space]).float().flatten(1)


def grid_of(vae, fps):
    return Grid(vae.spatial_compression_ratio, vae.temporal_compression_ratio, fps)


def pack(z):
    """(b, c, t, h, w) -> (b, t·h·w, c)"""
    return z.flatten(2).transpose(1, 2)


@dataclass
class Batch:
    """Clean latents (b, n, c), noise levels (b, n), coordinates (b, 3, n), texts, and how much each token counts (b, n).

    `texts` holds one list of captions a segment; `shares` (b, n, segments) says which of them a token listens to.
    """

    z: torch.Tensor
    sigma: torch.Tensor
    coords: torch.Tensor
    texts: list
    weight: torch.Tensor = None
    shares: torch.Tensor = None
    before: int = 0  # condition tokens at its beginning

    def __post_init__(self):
        if self.weight is None:
            self.weight = torch.ones(self.sigma.shape)

    def put_before(self, z, sigma, coords, share=None):
        """Prepend condition tokens. They count as the clip's own do: what is half given is to be cleaned too."""
        self.before += z.shape[1]
        self.z = torch.cat([z.to(self.z), self.z], 1)
        self.sigma = torch.cat([sigma, self.sigma], 1)
        self.coords = torch.cat([coords, self.coords], 2)
        self.weight = torch.cat([torch.ones(sigma.shape), self.weight], 1)
        if self.shares is not None:
            self.shares = torch.cat([share, self.shares], 1)


def draw_sigma(shape, table, generator=None):
    """Logit-normal, shifted towards noise, with a uniform part so that no level is left out."""
    u = torch.sigmoid(torch.randn(shape, generator=generator))
    shift = table.get("shift", 2.0)
    sigma = shift * u / (1 + (shift - 1) * u)
    uniform = torch.rand(shape, generator=generator)
    return torch.where(torch.rand(shape, generator=generator) < 0.1, uniform, sigma)


def frame_levels(b, frames, table):
    """Noise levels per latent frame (b, frames): one for all, or a level each with clean frames among them."""
    sigma = draw_sigma((b, 1), table).expand(b, frames).clone()
    if frames == 1:
        return sigma
    for i in range(b):
        r = float(torch.rand(()))
        if r < 0.25:  # some leading frames are given: image to video, extension, the next window
            sigma[i, : int(torch.randint(1, frames, ()))] = 0.0
        elif r < 0.35:  # rolling: each frame at its own level
            sigma[i] = draw_sigma((frames,), table)
    return sigma


def pick_caption(captions, table, rng):
    if rng.random() < table.caption_dropout:
        return ""
    language = "zh" if rng.random() < 0.5 else "en"
    caption = captions[language][int(rng.integers(len(captions[language])))]
    return strew(caption, language, rng) if rng.random() < table.get("strewn", 0.0) else caption


class Stills:
    """Batches of stills in several sizes, rendered and encoded as they are needed; with `pool` above 0, that many batches
    are kept and met again, where rendering is slower than training."""

    def __init__(self, config, vae, rng, device):
        self.config, self.vae, self.rng, self.device = config, vae, rng, device
        self.grid = grid_of(vae, config.world.fps)
        self.pool = []
        table = config.transformer
        still = type(config)({**config["world"], "skip": config.world.get("skip", []) + table.get("still_skip", [])})
        self.feeds = [
            world.groups(still, table.batch, width=w, height=h, frames=1, seed=int(rng.integers(1 << 30)))
            for w, h in table.still_sizes
        ]

    def render(self):
        group = next(self.feeds[int(self.rng.integers(len(self.feeds)))])
        z = autoencoder.encode(self.vae, group.pixels(self.device))
        h, w = z.shape[3:]
        return z.bfloat16(), [s.captions for s in group], torch.stack([world.coverage(s.boxes[0], h, w) for s in group])

    def encoded(self):
        size, fresh = self.config.transformer.get("pool", 0), self.config.transformer.get("fresh", 0.2)
        if len(self.pool) >= size > 0 and self.rng.random() > fresh:
            return self.pool[int(self.rng.integers(size))]
        made = self.render()
        if len(self.pool) < size:
            self.pool.append(made)
        elif size:
            self.pool[int(self.rng.integers(size))] = made
        return made

    def batch(self):
        table = self.config.transformer
        z, captions, actors = self.encoded()
        b, _, t, h, w = z.shape
        sigma = frame_levels(b, t, table).repeat_interleave(h * w, 1)
        coords = self.grid.coordinates(t, h, w).expand(b, -1, -1)
        weight = 1.0 + table.get("actor_weight", 0.0) * actors.flatten(1)
        return Batch(pack(z.float()), sigma, coords, [[pick_caption(c, table, self.rng) for c in captions]], weight)


@dataclass
class ClipCache:
    """Latents of clips made once by the `latents` stage and read over and over."""

    folder: Path
    shards: list = field(init=False)

    def __post_init__(self):
        self.shards = [torch.load(p, weights_only=False) for p in sorted(Path(self.folder).glob("clips-*.pt"))]

    def __len__(self):
        return sum(len(shard["captions"]) for shard in self.shards)

    def sample(self, rng, b):
        """A shard, as likely as it is large, and `b` of its clips."""
        sizes = np.array([len(shard["captions"]) for shard in self.shards], float)
        shard = self.shards[int(rng.choice(len(sizes), p=sizes / sizes.sum()))]
        return shard, torch.from_numpy(rng.integers(len(shard["captions"]), size=b))


def clip_batch(config, grid, cache, rng, b):
    """Clips of equal length; all are conditioned in the same way, at places of their own."""
    table = config.transformer
    shard, picks = cache.sample(rng, b)
    z = shard["latents"][picks].float()
    length = z.shape[2]
    first, last = 0, length
    kind = rng.random()
    if kind < 0.15:  # a window in the middle of a longer clip: no token stands for a single frame
        first = int(rng.integers(1, length - 2))
    elif kind < table.get("short_share", 0.6):  # a shorter clip: fewer tokens, more samples
        last = int(rng.integers(2, length))
    z = z[:, :, first:last]
    _, _, t, h, w = z.shape
    # Wherever a window lies in its clip, it calls its first latent frame number 1.
    start = 1 if first else 0
    sigma = frame_levels(b, t, table).repeat_interleave(h * w, 1)
    coords = grid.coordinates(t, h, w, first=start).expand(b, -1, -1)
    weight = 1.0 + table.get("actor_weight", 0.0) * shard["coverage"][picks, first:last].float().flatten(1)
    halves = shard["segments"]
    if halves is None:
        batch = Batch(pack(z), sigma, coords, [[pick_caption(shard["captions"][i], table, rng) for i in picks]], weight)
    else:
        texts = [[pick_caption(halves[i][s]["captions"], table, rng) for i in picks] for s in range(2)]
        late = (torch.arange(first, last) - (length - 1) / 2).add(0.5).clamp(0, 1)  # the border is one latent frame wide
        shares = torch.stack([1 - late, late], 1).repeat_interleave(h * w, 0).expand(b, -1, -1)
        batch = Batch(pack(z), sigma, coords, texts, weight, shares)
    if not first and rng.random() < 0.35:
        put_condition(batch, grid, shard, picks, rng, (t, h, w))
    return batch


def put_condition(batch, grid, shard, picks, rng, size):
    """A keyframe, or r + 1 frames, encoded alone, before the sequence at their time; not seldom at its very end."""
    t, h, w = size
    end = (t - 1) * grid.time
    if rng.random() < 0.6 or t < 3:
        column = int(rng.integers(shard["keys"].shape[1]))
        z, where = shard["keys"][picks, column].float(), shard["key_frames"][picks, column].clamp(max=end)
    else:
        z, where = shard["pairs"][picks].float(), shard["pair_frames"][picks].clamp(max=end)
    frames = z.shape[2]
    coords = torch.stack([grid.coordinates(frames, h, w, frame_index=int(i)) for i in where])
    strength = 1.0 if rng.random() < 0.7 else rng.uniform(0.5, 1.0)
    ceiling = batch.sigma.amax(1, keepdim=True)
    sigma = torch.minimum(torch.full((len(where), frames * h * w), 1.0 - strength), ceiling)
    share = None
    if batch.shares is not None:
        late = (where > end / 2).float().view(-1, 1, 1).expand(-1, sigma.shape[1], 1)
        share = torch.cat([1 - late, late], 2)
    batch.put_before(pack(z), sigma, coords, share)


@torch.no_grad()
def cache_latents(config, minutes, out, device, seed=1):
    """Stage `latents`: encode clips, with three frames and one (r+1)-frame clip of each alone, until the time is up."""
    vae = autoencoder.load(out, device)
    table = config.transformer
    grid = grid_of(vae, config.world.fps)
    folder = Path(out) / "latents"
    folder.mkdir(parents=True, exist_ok=True)
    budget, rng = Budget(minutes), np.random.default_rng(seed)
    number = len(list(folder.glob("clips-*.pt")))
    width, height = table.clip_size
    streams = {}
    for name, extra in (("one", ()), ("two", ("--two-segments",))):
        streams[name] = world.groups(
            config.world, table.get("encode_batch", 4), width=width, height=height, frames=table.clip_frames,
            seed=seed + 1000 + number + len(extra), extra=extra,
        )  # fmt: skip
    while budget.left:
        kind = "two" if rng.random() < table.get("two_segments", 0.3) else "one"
        parts = []
        while budget.left and sum(len(p["captions"]) for p in parts) < table.get("shard", 256):
            parts.append(encode_group(next(streams[kind]), vae, grid, rng, device))
        joined = {k: torch.cat([p[k] for p in parts]) for k in parts[0] if torch.is_tensor(parts[0][k])}
        for k in ("captions", "segments"):
            joined[k] = [x for p in parts for x in p[k]]
        joined["segments"] = joined["segments"] if kind == "two" else None
        torch.save(joined, folder / f"clips-{number:04}.pt")
        number += 1
        print(f"{number} shards, {budget.spent / 60:.1f} min", flush=True)


def encode_group(group, vae, grid, rng, device):
    x = group.pixels(device)  # (b, 3, frames, h, w)
    z = autoencoder.encode(vae, x)
    b, _, t, h, w = z.shape
    frames, r = x.shape[2], grid.time
    where = torch.from_numpy(rng.integers(1, frames, (b, 3)))
    alone = torch.stack([x[i, :, where[i]] for i in range(b)]).transpose(1, 2).flatten(0, 1).unsqueeze(2)
    keys = autoencoder.encode(vae, alone)
    starts = torch.from_numpy(rng.integers(1, (frames - 1) // r, b)) * r
    pairs = autoencoder.encode(vae, torch.stack([x[i, :, s : s + r + 1] for i, s in enumerate(starts)]))
    ends = [0] + [r * i for i in range(1, t)]  # the frame that a latent frame ends with
    covered = [torch.stack([world.coverage(s.boxes[e], h, w) for e in ends]) for s in group]
    half = lambda v: v.bfloat16().cpu()  # noqa: E731
    return {
        "latents": half(z), "keys": half(keys).view(b, 3, *keys.shape[1:]), "key_frames": where,
        "pairs": half(pairs), "pair_frames": starts, "coverage": half(torch.stack(covered)),
        "captions": [s.captions for s in group], "segments": [s.segments for s in group],
    }  # fmt: skip
