"""Stage `transformer`: flow matching with diffusers' `LTXVideoTransformer3DModel` and a text encoder trained with it.

Every token carries its own noise level sigma; the network sees x = (1 - sigma) z + sigma n and predicts n - z.
Stills come first (few tokens, many samples), then clips; `batches.py` says what they are given.
"""

from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from diffusers import LTXVideoTransformer3DModel
from torch.nn.attention import SDPBackend, sdpa_kernel

from . import autoencoder, text, world
from .batches import MASKED, ClipCache, Stills, clip_batch, grid_of
from .common import Budget, Log, Optimizer, half, learning_rate, pick_device, save_atomically, save_grid, working_type


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


class Drawing(NamedTuple):
    """The two networks that are trained together, what turns captions into ids, and the samples that they have seen."""

    model: LTXVideoTransformer3DModel
    encoder: torch.nn.Module
    captions: text.Captions
    seen: int


def load(config, out, vae, device, resume=True):
    """From the checkpoint in `out`, in float32; without one, or not resuming, as they begin."""
    captions = text.Captions(out, config.text.max_length)
    encoder = text.build_encoder(config.text, captions.size).to(device)
    model = build(config.transformer, vae.config.latent_channels, config.text.d_model).to(device)
    path = Path(out) / "transformer.pt"
    seen = 0
    if resume and path.exists():
        state = torch.load(path, weights_only=True)
        model.load_state_dict({k: v.float() for k, v in state["model"].items()})
        encoder.load_state_dict({k: v.float() for k, v in state["encoder"].items()}, strict=False)
        seen = state["seen"]
    return Drawing(model, encoder, captions, seen)


def velocity(model, x, sigma, coords, states, bias):
    """The network's v at noise levels sigma (b, 1) or (b, n). `states` (b, l, d); `bias` (b, 1 or n, l) is added to the
    scores of attention to the text."""
    return model(
        hidden_states=x,
        encoder_hidden_states=states,
        timestep=sigma * 1000.0,
        encoder_attention_mask=bias.to(x.dtype),
        video_coords=coords,
        return_dict=False,
    )[0]


def read(encoder, captions, texts, shares, device):
    """The texts of all segments one after the other (b, l, d), and what attention to them is biased by."""
    states, biases = [], []
    for i, segment in enumerate(texts):
        ids, mask = captions(segment, device)
        states.append(encoder(input_ids=ids, attention_mask=mask).last_hidden_state)
        bias = (1.0 - mask.float()).unsqueeze(1) * MASKED  # (b, 1, l)
        if shares is not None:
            bias = (bias + shares[..., i : i + 1].to(device).log()).clamp(min=MASKED)  # (b, n, l)
        biases.append(bias)
    return torch.cat(states, 1), torch.cat(biases, 2)


def loss_of(model, encoder, captions, batch, channels, device):
    """Flow matching's error, each channel counted by what it does to the picture: `channels` (c,), of mean 1."""
    z, sigma = batch.z.to(device), batch.sigma.to(device)
    noise = torch.randn_like(z)
    x = torch.lerp(z, noise, sigma.unsqueeze(-1))
    shared = bool((batch.sigma == batch.sigma[:, :1]).all())
    states, bias = read(encoder, captions, batch.texts, batch.shares, device)
    v = velocity(model, x.to(model.dtype), sigma[:, :1] if shared else sigma, batch.coords.to(device), states, bias)
    error = ((v.float() - (noise - z)).square() * channels).mean(-1)
    weight = batch.weight.to(device) * (sigma > 0)
    return (error * weight).sum() / weight.sum().clamp(min=1)


def levels(steps, shift):
    """The sampler's noise levels, from 1 to 0."""
    u = torch.linspace(1, 0, steps + 1)
    return shift * u / (1 + (shift - 1) * u)


@torch.no_grad()
def sample(model, encoder, captions, prompts, *, shape, grid, steps=20, guidance=4.0, shift=3.0, seed=0, device=None):
    """Plain Euler, with classifier-free guidance above 1; latents (b, c, t, h, w). For a look during training."""
    device = device or next(model.parameters()).device
    c, t, h, w = shape
    b = len(prompts)
    x = torch.randn((b, t * h * w, c), generator=torch.Generator().manual_seed(seed)).to(device)
    guided = guidance > 1
    texts = [""] * (b if guided else 0) + list(prompts)
    coords = grid.coordinates(t, h, w).to(device).expand(len(texts), -1, -1)
    states, bias = read(encoder, captions, [texts], None, device)
    path = levels(steps, shift)
    for now, then in zip(path[:-1], path[1:]):
        level = torch.full((len(texts), 1), float(now), device=device)
        v = velocity(model, x.repeat(len(texts) // b, 1, 1).to(model.dtype), level, coords, states, bias).float()
        if guided:
            free, bound = v.chunk(2)
            v = free + guidance * (bound - free)
        x = x + (then - now) * v
    return x.transpose(1, 2).reshape(b, c, t, h, w)


LOOK = [
    "a woolly mammoth walks in the desert, wide-angle shot", "长毛猛犸象在沙漠中行走，广角镜头拍摄",
    "a white crane with a yellow tail stands in a stream", "一只黄色尾巴的白鹤站在溪流中", "a fox runs in the snow", "a giraffe on the beach",
    "a lion in a meadow at sunset", "一只兔子在森林里跳", "an elephant in the city", "a sailboat on the sea",
    "a bear in the forest", "a flamingo at a river", "a tiger in the meadow, close-up", "a pig in the desert",
    "a red car drives in the city at night", "一匹马在海滩上奔跑",
]  # fmt: skip


def look(model, encoder, captions, vae, grid, table, path, *, moving=True, **sampling):
    """A sheet of what is drawn for some prompts: clips, or stills as long as those are what is learnt."""
    width, height = (side // grid.space for side in table.clip_size)
    frames = (table.clip_frames - 1) // grid.time + 1 if moving else 1
    shape = (vae.config.latent_channels, frames, height, width)
    prompts = LOOK[: table.get("look_prompts", len(LOOK))]
    sampling = {"steps": table.get("look_steps", 20), **sampling}
    y = autoencoder.decode(vae, sample(model, encoder, captions, prompts, grid=grid, shape=shape, **sampling))
    picks = [0] if frames == 1 else [i * (y.shape[2] - 1) // 3 for i in range(4)]
    save_grid(torch.stack([y[:, :, i] for i in picks], 1).flatten(0, 1), path, 4)


def attention(device):
    """On a CPU the plain products: for a few dozen tokens, the blocked kernel's backward pass costs a quarter of a step."""
    return sdpa_kernel([SDPBackend.MATH]) if device.type == "cpu" else nullcontext()


def train(config, minutes, out, resume=True, seed=1):
    device = pick_device()
    with attention(device):
        train_on(device, config, minutes, out, resume, seed)


def train_on(device, config, minutes, out, resume, seed):
    table = config.transformer
    vae = autoencoder.load(out, device)
    grid = grid_of(vae, config.world.fps)
    model, encoder, captions, trained = load(config, out, vae, device, resume)
    path = Path(out) / "transformer.pt"
    torch.manual_seed(seed + trained)
    rng = np.random.default_rng([seed, trained])  # whoever goes on meets new scenes
    cache = ClipCache(Path(out) / "latents") if (Path(out) / "latents").exists() else None
    optimizer = Optimizer([model, encoder], table)
    model.to(working_type(device)), encoder.to(working_type(device))
    log, budget = Log(out, "transformer"), Budget(minutes)
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} M + {sum(p.numel() for p in encoder.parameters()) / 1e6:.1f} M parameters, {trained} samples before, {len(cache or ())} clips cached")  # fmt: skip
    stills = Stills(config, vae, rng, device)
    channels = autoencoder.channel_weights(vae, stills.encoded()[0][:16].float())
    step = seen = 0
    saved = reported = 0.0
    running = {"still": 0.0, "clip": 0.0}
    while budget.left:
        moving = cache is not None and budget.progress >= table.clips_from
        clip = moving and rng.random() < table.clip_share
        if clip:
            batch = clip_batch(config, grid, cache, rng, table.clip_batch)
        else:
            batch = stills.batch()
        loss = loss_of(model, encoder, captions, batch, channels, device)
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
                look(model, encoder, captions, vae, grid, table, Path(out) / "transformer.png", moving=moving)
