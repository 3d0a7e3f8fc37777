"""Stage `upscaler`: decoded frames to frames of twice the side.

A small convolutional network over cells of pixels (`pixel_unshuffle`), with a pixel shuffle at its end that adds to the frame
enlarged bilinearly, as in ESPCN (Shi et al. 2016). It learns from scenes rendered at twice the native size, beside the
same scenes as the model would draw them: encoded, brought part of the way to noise and back by the transformer, or given
some noise, and decoded. So it learns to take away what the autoencoder leaves behind as well.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import autoencoder, transformer, world
from .batches import grid_of, pack
from .common import Budget, Log, Optimizer, half, learning_rate, pick_device, save_atomically, save_grid

SCALE = 2
CELL = 4  # pixels of the side of what becomes one position of the network


class Upscaler(nn.Module):
    """Frames (b, 3, h, w) in -1..1 to (b, 3, 2h, 2w); h and w are multiples of `CELL`."""

    def __init__(self, width, layers):
        super().__init__()
        self.conv_in = nn.Conv2d(3 * CELL**2, width, 3, padding=1)
        self.blocks = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(layers))
        self.conv_out = nn.Conv2d(width, 3 * (CELL * SCALE) ** 2, 3, padding=1)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)

    def forward(self, x):
        h = self.conv_in(F.pixel_unshuffle(x, CELL))
        for block in self.blocks:
            h = h + block(F.silu(h))
        detail = F.pixel_shuffle(self.conv_out(F.silu(h)), CELL * SCALE)
        return F.interpolate(x, scale_factor=SCALE, mode="bilinear") + detail


def shape(table):
    return {"width": table.width, "layers": table.layers}


def in_bytes(x):
    return ((x.clamp(-1, 1) + 1) * 127.5).round().byte()


def in_units(frames):
    return frames.float() / 127.5 - 1


class Pairs:
    """Frames as the model draws them, (n, 3, h, w), and as they were rendered, (n, 3, 2h, 2w), in bytes; and where actors are."""

    def __init__(self, config, out, device, seed, split="train"):
        self.table, self.device, self.rng = config.upscaler, device, np.random.default_rng(seed)
        self.vae = autoencoder.load(out, device)
        self.grid = grid_of(self.vae, config.world.fps)
        self.drawing = transformer.load(config, out, self.vae, device)
        width, height = config.transformer.clip_size
        self.feed = world.groups(
            config.world, self.table.clip_batch, width=SCALE * width, height=SCALE * height,
            frames=self.table.clip_frames, seed=seed, split=split,
        )  # fmt: skip
        self.pool = []

    @torch.no_grad()
    def redrawn(self, z, captions):
        """The way of a clip's latents from a random level of noise down, in few steps, as the sampler would take it."""
        b, _, t, h, w = z.shape
        level = float(self.rng.uniform(0.1, 0.6))
        tokens = pack(z)
        x = torch.lerp(tokens, torch.randn_like(tokens), level)
        coords = self.grid.coordinates(t, h, w).expand(b, -1, -1).to(self.device)
        states, bias = transformer.read(self.drawing.encoder, self.drawing.captions, [captions], None, self.device)
        levels = torch.linspace(level, 0, 5)
        for now, then in zip(levels[:-1], levels[1:]):
            sigma = torch.full((b, 1), float(now), device=self.device)
            v = transformer.velocity(self.drawing.model, x.to(self.drawing.model.dtype), sigma, coords, states, bias)
            x = x + (then - now) * v.float()
        return x.transpose(1, 2).reshape(z.shape)

    def render(self):
        group = next(self.feed)
        x = group.pixels(self.device)
        low = F.avg_pool3d(x, (1, SCALE, SCALE))
        z = autoencoder.encode(self.vae, low)
        if self.rng.random() < 0.6:
            z = self.redrawn(z, [s.captions["en"][0] for s in group])
        else:
            z = z + self.rng.uniform(0, 0.3) * torch.randn_like(z)
        y = autoencoder.decode(self.vae, z)
        frames = lambda v: in_bytes(v.transpose(1, 2).flatten(0, 1)).cpu()  # noqa: E731
        return frames(y), frames(x), [boxes for s in group for boxes in s.boxes]

    def some(self):
        """A group of the pool, whose groups are met again: rendering and decoding cost more than a step."""
        size = self.table.pool
        if len(self.pool) >= size and self.rng.random() > self.table.fresh:
            return self.pool[int(self.rng.integers(size))]
        made = self.render()
        if len(self.pool) < size:
            self.pool.append(made)
        else:
            self.pool[int(self.rng.integers(size))] = made
        return made

    def crops(self):
        """A batch of squares, every other one at an actor: (b, 3, c, c) and (b, 3, 2c, 2c) in -1..1."""
        low, high, boxes = self.some()
        side = self.table.crop
        _, _, h, w = low.shape
        xs, ys = [], []
        for i in range(self.table.batch):
            n = int(self.rng.integers(low.shape[0]))
            left, top = self.rng.uniform(0, 1, 2) * (w - side, h - side)
            if i % 2 and len(boxes[n]):
                a, b, c, d = boxes[n][int(self.rng.integers(len(boxes[n])))]
                shift = self.rng.uniform(-1, 0, 2) * side
                left = np.clip((a + c) / 2 * w + shift[0], 0, w - side)
                top = np.clip((b + d) / 2 * h + shift[1], 0, h - side)
            left, top = int(left) // CELL * CELL, int(top) // CELL * CELL
            xs.append(low[n, :, top : top + side, left : left + side])
            big = SCALE * side
            ys.append(high[n, :, SCALE * top : SCALE * top + big, SCALE * left : SCALE * left + big])
        return in_units(torch.stack(xs)).to(self.device), in_units(torch.stack(ys)).to(self.device)


def lanczos(frames):
    """Frames (n, 3, h, w) in bytes, enlarged as `--upscale lanczos` does."""
    from PIL import Image

    n, _, h, w = frames.shape
    big = [Image.fromarray(f.permute(1, 2, 0).numpy()).resize((SCALE * w, SCALE * h), Image.LANCZOS) for f in frames]
    return in_units(torch.stack([torch.from_numpy(np.array(picture)).permute(2, 0, 1) for picture in big]))


@torch.no_grad()
def measure(model, pairs, groups=12):
    """PSNR against the renders, of all of a frame: what the network gives, and Lanczos."""
    ours, theirs = [], []
    for _ in range(groups):
        low, high, _ = pairs.render()
        for into, y in ((ours, model(in_units(low).to(pairs.device)).cpu()), (theirs, lanczos(low))):
            error = in_units(in_bytes(y)) - in_units(high)
            into.append(-10 * torch.log10(error.square().mean((1, 2, 3)) / 4))
    return float(torch.cat(ours).mean()), float(torch.cat(theirs).mean())


def train(config, minutes, out, resume=True, seed=1):
    torch.manual_seed(seed)
    device, table = pick_device(), config.upscaler
    model = Upscaler(**shape(table)).to(device)
    path = Path(out) / "upscaler.pt"
    trained = 0
    if resume and path.exists():
        state = torch.load(path, weights_only=True)
        model.load_state_dict({k: v.float() for k, v in state["model"].items()})
        trained = state["seen"]
    pairs = Pairs(config, out, device, seed + trained)
    optimizer = Optimizer([model], table)
    log, budget = Log(out, "upscaler"), Budget(minutes)
    seen, running, saved, reported = 0, 0.0, 0.0, 0.0
    while budget.left:
        x, y = pairs.crops()
        loss = autoencoder.reconstruction_loss(y.unsqueeze(2), model(x).unsqueeze(2))
        loss.backward()
        lr = learning_rate(table.lr, budget.progress)
        optimizer.step(lr)
        seen += len(x)
        running = running * 0.98 + loss.item() * 0.02 if running else loss.item()
        if budget.spent - reported > 20:
            reported = budget.spent
            log(stage="upscaler", seen=trained + seen, minutes=budget.spent / 60, lr=lr, rate=seen / budget.spent, loss=running)
        if budget.spent - saved > 120 or not budget.left:
            saved = budget.spent
            with optimizer.averaged(), torch.no_grad():
                save_atomically({"model": half(model.state_dict()), "seen": trained + seen}, path)
                low, high, _ = pairs.pool[-1]
                picks = list(range(0, len(low), max(1, len(low) // 4)))[:4]
                rows = [lanczos(low[picks]), model(in_units(low[picks]).to(device)).cpu(), in_units(high[picks])]
                save_grid(torch.cat(rows), Path(out) / "upscaler.png", len(picks))
    with optimizer.averaged():
        ours, theirs = measure(model, Pairs(config, out, device, seed + 7, split="val"))
    log(stage="upscaler", seen=trained + seen, psnr=ours, lanczos=theirs)
