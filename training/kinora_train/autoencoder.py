"""Stage `autoencoder`: diffusers' `AutoencoderKLLTXVideo` on stills first, then on clips.

The loss is L1 + L2 on pixels and on their differences over space and time, more where an actor is; latents are kept near unit
scale by a small KL term, and noise added to them during training makes neighbouring codes decode alike.

With `keep_encoder` the encoder of the checkpoint stays as it is, and with it all that a transformer has learnt; a decoder of
another shape than the checkpoint's begins anew.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKLLTXVideo
from diffusers.models.autoencoders import autoencoder_kl_ltx

from . import least_squares, pca, world
from .common import Budget, Log, Optimizer, half, half_precision, learning_rate, pick_device, save_atomically, save_grid


def still_convolutions():
    """Run 3-D convolutions of one-frame clips as 2-D ones.

    A single frame is padded by repeating itself, so all taps in time see the same picture: their weights may be
    added up beforehand, for a third of the arithmetic and the same result.
    """
    full = autoencoder_kl_ltx.LTXVideoCausalConv3d.forward

    def forward(self, x):
        if x.shape[2] != 1 or self.kernel_size[0] == 1:
            return full(self, x)
        conv = self.conv
        y = F.conv2d(x[:, :, 0], conv.weight.sum(2), conv.bias, conv.stride[1:], conv.padding[1:])
        return y.unsqueeze(2)

    autoencoder_kl_ltx.LTXVideoCausalConv3d.forward = forward


def build(table):
    """An encoder of constant width with stride-2 convolutions, into which a PCA can be written, and a decoder of pixel shuffles whose
    widths may fall from the latents (last in `decoder_widths`) to the patches (first)."""
    scalings = (True,) * table.scalings + (False,)
    blocks = len(scalings)
    widths = table.get("decoder_widths", [table.width] * blocks)
    return AutoencoderKLLTXVideo(
        latent_channels=table.latent_channels,
        block_out_channels=(table.width,) * blocks,
        down_block_types=("LTXVideoDownBlock3D",) * blocks,
        decoder_block_out_channels=(*widths[1:], widths[-1]),
        layers_per_block=tuple(table.layers),
        decoder_layers_per_block=tuple(table.decoder_layers),
        spatio_temporal_scaling=scalings,
        decoder_spatio_temporal_scaling=scalings,
        decoder_inject_noise=(False,) * (blocks + 1),
        downsample_type=("conv",) * blocks,
        upsample_residual=(False,) * blocks,
        upsample_factor=(*(above // width for width, above in zip(widths, widths[1:])), 1),
        patch_size=table.patch_size,
        patch_size_t=1,
        encoder_causal=True,
        decoder_causal=False,
    )


def reconstruction_loss(x, y, weight=None):
    """L1 + L2 on pixels, their spatial differences at two scales and their difference in time. `weight` (b, 1, t, h, w) says how
    much each pixel counts, all the same where it is left out."""
    weight = torch.ones_like(x[:, :1]) if weight is None else weight

    def mean(values, weight):
        return (values * weight).sum() / (weight.sum() * values.shape[1])

    error = y - x
    loss = mean(error.abs() + 2.0 * error.square(), weight) + F.avg_pool2d(error.flatten(1, 2), 4).abs().mean()
    for axis in (2, 3, 4):
        if error.shape[axis] > 1:
            loss = loss + mean(error.diff(dim=axis).abs(), weight.narrow(axis, 1, weight.shape[axis] - 1))
    return loss


def pixel_weights(group, actor_weight, device):
    """(b, 1, t, h, w): one, and `actor_weight` more where an actor's box is."""
    _, _, height, width, _ = group.frames.shape
    covered = torch.stack([torch.stack([world.coverage(boxes, height, width) for boxes in scene.boxes]) for scene in group])
    return 1 + actor_weight * covered.unsqueeze(1).to(device)


def psnr(x, y):
    return -10 * torch.log10((x - y.clamp(-1, 1)).square().mean() / 4)


@torch.no_grad()
def measure_latents(model, groups, device):
    """Set latents_mean per channel and one common latents_std: a channel that carries little keeps little weight."""
    codes = [model.encode(g.pixels(device)).latent_dist.mode() for g in groups]
    flat = torch.cat([c.movedim(1, -1).reshape(-1, c.shape[1]) for c in codes])
    model.latents_mean.copy_(flat.mean(0))
    model.latents_std.fill_(float((flat - flat.mean(0)).square().mean().sqrt()))


@torch.no_grad()
def begin(model, table, stills, clips, checkpoint, device):
    """Take up the checkpoint; what it lacks begins as a PCA (the encoder) and as least squares (the decoder)."""
    state = torch.load(checkpoint, weights_only=True)["model"] if checkpoint else {}
    fits = {name for name, value in model.state_dict().items() if name in state and state[name].shape == value.shape}
    whole = {part for part in ("encoder", "decoder") if all(n in fits for n in model.state_dict() if n.startswith(part))}
    model.load_state_dict({n: v.float() for n, v in state.items() if n.split(".")[0] in {*whole, "latents_mean", "latents_std"}}, strict=False)
    batches = [next(stills).pixels(device) for _ in range(table.pca_stills // table.still_batch)]
    if "encoder" not in whole:
        pca.initialise(model.encoder, torch.cat(batches)[:, :, 0], model.config.patch_size)
    if "decoder" not in whole:
        batches += [next(clips).pixels(device) for _ in range(table.pca_stills // (4 * table.clip_batch))]
        least_squares.begin(model, [(x, model.encode(x).latent_dist.mode()) for x in batches])


def train(config, minutes, out, resume=True, seed=1):
    torch.manual_seed(seed)
    still_convolutions()
    device = pick_device()
    table = config.autoencoder
    model = build(table).to(device, memory_format=torch.channels_last_3d)
    path = Path(out) / "autoencoder.pt"
    resume = resume and path.exists()

    def feed(shape, frames, batch, offset):
        width, height = shape
        return world.groups(config.world, batch, width=width, height=height, frames=frames, seed=seed + offset)

    stills = feed(table.still_size, 1, table.still_batch, 100)
    clips = feed(table.clip_size, table.clip_frames, table.clip_batch, 200)
    begin(model, table, stills, clips, path if resume else None, device)
    # Once a transformer has learnt its latents, the encoder stays and only the decoder goes on.
    kept = table.get("keep_encoder", False)
    model.encoder.requires_grad_(not kept)
    optimizer = Optimizer([model], table)
    log, budget = Log(out, "autoencoder"), Budget(minutes)
    step = seen = 0
    saved = reported = 0.0
    while budget.left:
        clip_share = table.clip_share if budget.progress > table.clips_from else 0.0
        is_clip = float(torch.rand(())) < clip_share
        group = next(clips if is_clip else stills)
        x = group.pixels(device).contiguous(memory_format=torch.channels_last_3d)
        with half_precision(device):
            posterior = model.encode(x).latent_dist
            z = posterior.mode()
            noise = table.latent_noise * torch.rand(z.shape[0], 1, 1, 1, 1, device=device)
            y = model.decode(z + noise * torch.randn_like(z)).sample
        y, z = y.float(), z.float()
        weight = pixel_weights(group, table.get("actor_weight", 0.0), device)
        loss = reconstruction_loss(x, y, weight) + table.kl * z.square().mean()
        lr = learning_rate(table.lr, budget.progress)
        loss.backward()
        norm = optimizer.step(lr)
        step += 1
        seen += x.shape[0]
        if budget.spent - reported > 20:
            reported = budget.spent
            log(stage="autoencoder", step=step, seen=seen, minutes=budget.spent / 60, clip=is_clip, loss=loss.item(),
                psnr=psnr(x, y).item(), norm=norm, z=z.std().item(), lr=lr)  # fmt: skip
        if budget.spent - saved > 120 or not budget.left:
            saved = budget.spent
            with optimizer.averaged(), torch.no_grad():
                save_atomically({"model": half(model.state_dict()), "step": step}, path)
                n = min(8, x.shape[0])
                y = model.decode(model.encode(x[:n]).latent_dist.mode()).sample
                save_grid(torch.cat([x[:n, :, -1], y[:n, :, -1]]), Path(out) / "autoencoder.png", n)
    with optimizer.averaged():
        if not kept:
            measure_latents(model, [next(stills) for _ in range(8)] + [next(clips) for _ in range(8)], device)
        save_atomically({"model": half(model.state_dict()), "step": step}, path)
        model.save_pretrained(Path(out) / "vae")


@torch.no_grad()
def channel_weights(model, z):
    """(c,), of mean 1: how much a decoded picture changes where one channel of the normalised latents z (b, c, t, h, w) does."""
    original = decode(model, z)
    changed = z.std() * torch.randn(z[:, :1].shape, generator=torch.Generator().manual_seed(0)).to(z)
    changes = []
    for channel in range(z.shape[1]):
        moved = z.clone()
        moved[:, channel : channel + 1] += 0.5 * changed
        changes.append((decode(model, moved) - original).square().mean())
    weights = torch.stack(changes)
    return weights / weights.mean()


def load(out, device):
    """The trained autoencoder, frozen, for encoding."""
    still_convolutions()
    model = AutoencoderKLLTXVideo.from_pretrained(Path(out) / "vae").to(device).eval()
    return model.requires_grad_(False)


@torch.no_grad()
def encode(model, x):
    """Pixels (b, 3, t, h, w) to normalised latents (b, c, t', h', w')."""
    with half_precision(x.device):
        z = model.encode(x).latent_dist.mode().float()
    mean, std = (v.view(1, -1, 1, 1, 1) for v in (model.latents_mean, model.latents_std))
    return (z - mean) / std * model.config.scaling_factor


@torch.no_grad()
def decode(model, z):
    """Normalised latents back to pixels in -1..1."""
    mean, std = (v.view(1, -1, 1, 1, 1) for v in (model.latents_mean, model.latents_std))
    with half_precision(z.device):
        return model.decode(z / model.config.scaling_factor * std + mean).sample.float()
