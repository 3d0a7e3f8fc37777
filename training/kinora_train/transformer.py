"""Stage `transformer`: flow matching with diffusers' `LTXVideoTransformer3DModel` and a text encoder trained with it.

Every token carries its own noise level sigma; the network sees x = (1 - sigma) z + sigma n and predicts n - z.
Stills come first (few tokens, many samples), then clips, a part of which is conditioned as the pipeline does it:
leading or random clean frames, and one-frame or (r+1)-frame clips encoded alone and put before the sequence.
"""

from pathlib import Path

import numpy as np
import torch
from diffusers import LTXVideoTransformer3DModel

from . import autoencoder, text, world
from .common import Budget, Log, Optimizer, half, learning_rate, pick_device, save_atomically, save_grid

SPACE, TIME = 32, 4  # pixels a latent cell covers; frames a latent frame covers


def build(table, latent_channels, caption_channels):
    return LTXVideoTransformer3DModel(
        in_channels=latent_channels,
        out_channels=latent_channels,
        num_attention_heads=table.heads,
        attention_head_dim=table.head_dim,
        cross_attention_dim=table.heads * table.head_dim,
        num_layers=table.layers,
        caption_channels=caption_channels,
    )


def coordinates(frames, height, width, fps, frame_index=0):
    """(3, n): seconds, pixel row, pixel column of each token, as `LTXConditionPipeline` computes them."""
    t, y, x = torch.meshgrid(torch.arange(frames), torch.arange(height), torch.arange(width), indexing="ij")
    t = (t * TIME + 1 - TIME).clamp(min=0) + frame_index
    return torch.stack([t / fps, y * SPACE, x * SPACE]).float().flatten(1)


def pack(z):
    """(b, c, t, h, w) -> (b, t·h·w, c)"""
    return z.flatten(2).transpose(1, 2)


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
        if r < 0.25:  # some leading frames are given: image to video, extension
            sigma[i, : int(torch.randint(1, frames, ()))] = 0.0
        elif r < 0.35:  # rolling: each frame at its own level
            sigma[i] = draw_sigma((frames,), table)
    return sigma


class ClipCache:
    """Latents of clips made once by the `latents` stage and read over and over."""

    def __init__(self, folder):
        self.shards = [torch.load(p, weights_only=False) for p in sorted(Path(folder).glob("clips-*.pt"))]
        self.index = [(s, i) for s, shard in enumerate(self.shards) for i in range(len(shard["captions"]))]

    def __len__(self):
        return len(self.index)

    def sample(self, rng, b):
        """`b` clips of equal length: latents, captions, and one condition each (frame index, latents)."""
        picks = [self.index[int(rng.integers(len(self.index)))] for _ in range(b)]
        z = torch.stack([self.shards[s]["latents"][i] for s, i in picks]).float()
        captions = [self.shards[s]["captions"][i] for s, i in picks]
        key = int(rng.integers(self.shards[0]["keys"].shape[1]))
        where = torch.stack([self.shards[s]["key_frames"][i, key] for s, i in picks])
        keys = torch.stack([self.shards[s]["keys"][i, key] for s, i in picks]).float()
        return z, captions, where, keys


@torch.no_grad()
def cache_latents(config, minutes, out, seed=1):
    """Stage `latents`: encode clips (and three of their frames alone) until the time is up."""
    device = pick_device()
    vae = autoencoder.load(out, device)
    table = config.transformer
    width, height = table.clip_size
    frames = table.clip_frames
    folder = Path(out) / "latents"
    folder.mkdir(parents=True, exist_ok=True)
    budget, rng = Budget(minutes), np.random.default_rng(seed)
    number = len(list(folder.glob("clips-*.pt")))
    scenes = world.stream(config.world, width=width, height=height, frames=frames, seed=seed + 1000 + number)
    groups = world.batches(scenes, table.get("encode_batch", 4))
    while budget.left:
        shard = {"latents": [], "keys": [], "key_frames": [], "captions": []}
        for group in groups:
            x = world.pixels(group, device)
            shard["latents"].append(autoencoder.encode(vae, x).bfloat16().cpu())
            where = torch.from_numpy(rng.integers(1, frames, (len(group), 3)))
            picks = torch.stack([x[i, :, where[i]] for i in range(len(group))])  # (b, 3 colours, 3 picks, h, w)
            alone = picks.transpose(1, 2).flatten(0, 1).unsqueeze(2)
            keys = autoencoder.encode(vae, alone).bfloat16().cpu()
            shard["keys"].append(keys.view(len(group), 3, *keys.shape[1:]))
            shard["key_frames"].append(where)
            shard["captions"] += [s.captions for s in group]
            if len(shard["captions"]) >= 256 or not budget.left:
                break
        torch.save({k: torch.cat(v) if k != "captions" else v for k, v in shard.items()}, folder / f"clips-{number:04}.pt")
        number += 1
        print(f"{number} shards, {budget.spent / 60:.1f} min", flush=True)


class Batch:
    """Tokens ready for the network: clean latents, levels, coordinates and text."""

    def __init__(self, z, sigma, coords, captions):
        self.z, self.sigma, self.coords, self.captions = z, sigma, coords, captions


def still_batch(config, vae, group, rng, device):
    table = config.transformer
    z = autoencoder.encode(vae, world.pixels(group, device))
    b, _, t, h, w = z.shape
    sigma = frame_levels(b, t, table).repeat_interleave(h * w, 1)
    coords = coordinates(t, h, w, config.world.fps).expand(b, -1, -1)
    return Batch(pack(z), sigma, coords, [pick_caption(s.captions, table, rng) for s in group])


def clip_batch(config, cache, rng, b):
    table = config.transformer
    z, captions, where, keys = cache.sample(rng, b)
    frames = z.shape[2]
    if rng.random() < table.get("short_share", 0.6):  # a shorter clip: fewer tokens, more samples
        frames = int(rng.integers(2, frames))
    z = z[:, :, :frames]
    _, _, t, h, w = z.shape
    sigma = frame_levels(b, t, table).repeat_interleave(h * w, 1)
    coords = coordinates(t, h, w, config.world.fps).expand(b, -1, -1)
    tokens = pack(z)
    if rng.random() < 0.3:  # a keyframe, encoded alone, prepended at its time
        strength = 1.0 if rng.random() < 0.7 else rng.uniform(0.5, 1.0)
        where = where.clamp(max=(frames - 1) * TIME)
        key_coords = torch.stack([coordinates(1, h, w, config.world.fps, int(i)) for i in where])
        level = torch.minimum(torch.full_like(sigma[:, : h * w], 1.0 - strength), sigma.amax(1, keepdim=True))
        tokens = torch.cat([pack(keys), tokens], 1)
        sigma = torch.cat([level, sigma], 1)
        coords = torch.cat([key_coords, coords], 2)
    return Batch(tokens, sigma, coords, [pick_caption(c, table, rng) for c in captions])


def pick_caption(captions, table, rng):
    if rng.random() < table.caption_dropout:
        return ""
    options = captions["zh" if rng.random() < 0.5 else "en"]
    return options[int(rng.integers(len(options)))]


def velocity(model, encoder, x, sigma, coords, ids, mask):
    """The network's v at noise levels sigma (b, 1) or (b, n)."""
    states = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    return model(
        hidden_states=x,
        encoder_hidden_states=states,
        timestep=sigma * 1000.0,
        encoder_attention_mask=mask,
        video_coords=coords,
        return_dict=False,
    )[0]


def loss_of(model, encoder, captions, batch, device):
    z, sigma = batch.z.to(device), batch.sigma.to(device)
    noise = torch.randn_like(z)
    x = torch.lerp(z, noise, sigma.unsqueeze(-1))
    shared = bool((sigma == sigma[:, :1]).all())
    ids, mask = captions(batch.captions, device)
    v = velocity(model, encoder, x.bfloat16(), sigma[:, :1] if shared else sigma, batch.coords.to(device), ids, mask)
    error = (v.float() - (noise - z)).square().mean(-1)
    moving = (sigma > 0).float()
    return (error * moving).sum() / moving.sum().clamp(min=1)


@torch.no_grad()
def sample(model, encoder, captions, prompts, *, shape, fps, steps=20, guidance=4.0, shift=3.0, seed=0, device=None):
    """Plain Euler with classifier-free guidance; latents (b, c, t, h, w). For a look during training."""
    device = device or next(model.parameters()).device
    c, t, h, w = shape
    b = len(prompts)
    x = torch.randn((b, t * h * w, c), generator=torch.Generator().manual_seed(seed)).to(device)
    coords = coordinates(t, h, w, fps).to(device).expand(2 * b, -1, -1)
    ids, mask = captions([""] * b + list(prompts), device)
    u = torch.linspace(1, 0, steps + 1)
    sigmas = shift * u / (1 + (shift - 1) * u)
    for now, then in zip(sigmas[:-1], sigmas[1:]):
        level = torch.full((2 * b, 1), float(now), device=device)
        v = velocity(model, encoder, torch.cat([x, x]).bfloat16(), level, coords, ids, mask).float()
        free, bound = v.chunk(2)
        x = x + (then - now) * (free + guidance * (bound - free))
    return x.transpose(1, 2).reshape(b, c, t, h, w)


LOOK = [
    "a woolly mammoth walks in the desert, wide-angle shot", "长毛猛犸象在沙漠中行走，广角镜头拍摄",
    "a white swan stands in a stream", "一只白色的鸟站在溪流中", "a fox runs in the snow", "a penguin on the beach",
    "a lion in a meadow at sunset", "一只青蛙在森林里跳", "an elephant in the city", "a turtle swims in the sea",
    "a bear in the forest", "a flamingo at a river", "a rabbit in the meadow, close-up", "a pig in the desert",
    "an owl flies in the night sky", "一条鱼在海里游",
]  # fmt: skip


def train(config, minutes, out, resume=True, seed=1):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    device = pick_device()
    table = config.transformer
    vae = autoencoder.load(out, device)
    if (vae.spatial_compression_ratio, vae.temporal_compression_ratio) != (SPACE, TIME):
        raise ValueError(f"the autoencoder is not {SPACE}x in space and {TIME}x in time")
    captions = text.Captions(out, config.text.max_length)
    encoder = text.build_encoder(config.text, captions.size).to(device)
    model = build(table, vae.config.latent_channels, config.text.d_model).to(device)
    path = Path(out) / "transformer.pt"
    trained = 0
    if resume and path.exists():
        state = torch.load(path, weights_only=True)
        model.load_state_dict({k: v.float() for k, v in state["model"].items()})
        encoder.load_state_dict({k: v.float() for k, v in state["encoder"].items()}, strict=False)
        trained = state["seen"]
    cache = ClipCache(Path(out) / "latents") if (Path(out) / "latents").exists() else None
    optimizer = Optimizer([model, encoder], table)
    model.bfloat16(), encoder.bfloat16()
    log, budget = Log(out, "transformer"), Budget(minutes)
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} M + {sum(p.numel() for p in encoder.parameters()) / 1e6:.1f} M parameters, {trained} samples before, {len(cache or ())} clips cached")  # fmt: skip
    feeds = [
        world.batches(world.stream(config.world, width=w, height=h, frames=1, seed=int(rng.integers(1 << 30))), table.batch)
        for w, h in table.still_sizes
    ]
    step = seen = 0
    saved = reported = 0.0
    running = {"still": 0.0, "clip": 0.0}
    while budget.left:
        moving = cache is not None and budget.progress >= table.clips_from
        clip = moving and rng.random() < table.clip_share
        if clip:
            batch = clip_batch(config, cache, rng, table.clip_batch)
        else:
            batch = still_batch(config, vae, next(feeds[int(rng.integers(len(feeds)))]), rng, device)
        loss = loss_of(model, encoder, captions, batch, device)
        lr = learning_rate(table.lr, budget.progress)
        loss.backward()
        optimizer.step(lr)
        step += 1
        seen += batch.z.shape[0]
        kind = "clip" if clip else "still"
        running[kind] = running[kind] * 0.95 + loss.item() * 0.05 if running[kind] else loss.item()
        if budget.spent - reported > 20:
            reported = budget.spent
            log(stage="transformer", step=step, seen=trained + seen, minutes=budget.spent / 60, lr=lr,
                rate=seen / budget.spent, **running)  # fmt: skip
        if budget.spent - saved > table.get("look_every", 240) or not budget.left:
            saved = budget.spent
            with optimizer.averaged(), torch.no_grad():
                state = {"model": half(model.state_dict()), "encoder": half(encoder.state_dict()), "seen": trained + seen}
                save_atomically(state, path)
                frames = (table.clip_frames - 1) // TIME + 1 if moving else 1
                z = sample(model, encoder, captions, LOOK, fps=config.world.fps, shape=(vae.config.latent_channels, frames, 4, 7))
                y = autoencoder.decode(vae, z)
                picks = [0] if frames == 1 else [i * (y.shape[2] - 1) // 3 for i in range(4)]
                save_grid(torch.stack([y[:, :, i] for i in picks], 1).flatten(0, 1), Path(out) / "transformer.png", 4)
