"""Stage `decoder`: a decoder that draws twice the size at twice the rate, from the same latents.

The encoder stays as it is, and with it every latent that was cached or learnt. The decoder of stage `autoencoder` gets one
more block that doubles height, width and frames; then all of it learns from clips rendered at both sizes and rates. What the
small picture could not hold, edges above all, the decoder knows of its world: it is upscaler and interpolator in one.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKLLTXVideo

from . import autoencoder, pca, world
from .common import Budget, Log, Optimizer, half, learning_rate, pick_device, save_atomically, save_grid

TAPS = (3, 3, 3)


def taller(vae, layers):
    """The same autoencoder with one more doubling at the decoder's fine end, not yet initialised."""
    old = vae.config
    if sum(old.decoder_spatio_temporal_scaling) > sum(old.spatio_temporal_scaling):
        raise SystemExit("this decoder draws at twice the size already")
    config = dict(old)
    config["decoder_block_out_channels"] = (old.decoder_block_out_channels[0], *old.decoder_block_out_channels)
    config["decoder_spatio_temporal_scaling"] = (True, *old.decoder_spatio_temporal_scaling)
    config["decoder_layers_per_block"] = (layers, *old.decoder_layers_per_block)
    for name in ("decoder_inject_noise", "upsample_residual", "upsample_factor"):
        config[name] = (old[name][0], *old[name])
    # The new block takes the place of the last one of three; blocks are numbered from the coarse end.
    model = AutoencoderKLLTXVideo.from_config(config)
    state = {k: v for k, v in vae.state_dict().items() if "decoder.conv_out" not in k}
    model.load_state_dict(state, strict=False)
    return model.to(vae.device)


class Pairs:
    """The same scenes twice: small, as the encoder sees them, and large at twice the rate, as the decoder shall draw them."""

    def __init__(self, config, size, frames, batch, seed):
        width, height = size
        fast = type(config)({**config["world"], "fps": 2 * config.world.fps})
        self.small = world.groups(config.world, batch, width=width, height=height, frames=frames, seed=seed)
        self.large = world.groups(fast, batch, width=2 * width, height=2 * height, frames=2 * frames - 1, seed=seed)

    def next(self, device):
        """Small pixels (b, 3, t, h, w), large ones (b, 3, 2t - 1, 2h, 2w), and where the actors are (b, 1, 2t - 1, 2h, 2w)."""
        small, large = next(self.small), next(self.large)
        if [s.record for s in small] != [s.record for s in large]:
            raise ValueError("the two streams drew different scenes")
        y = large.pixels(device)
        rows, columns = y.shape[3] // 16, y.shape[4] // 16
        cover = torch.stack([torch.stack([world.coverage(b, rows, columns) for b in s.boxes]) for s in large])
        cover = F.interpolate(cover.to(device), scale_factor=16.0)  # (b, t, h, w)
        return small.pixels(device), y, cover.unsqueeze(1)


def features(model, z):
    """What the decoder's last block but the new one gives for latents z: (b, c, t, h, w)."""
    kept = []
    hook = model.decoder.up_blocks[-2].register_forward_hook(lambda _, __, out: kept.append(out.float()))
    model.decode(z)
    hook.remove()
    return kept[0]


@torch.no_grad()
def balance(model, z):
    """Scale each level's features to unit size, which changes no picture: whatever reads them is normed, or the next level's
    upsampler, whose weights take the scale over. Features of some thousands would make every step of that one a leap."""
    decoder = model.decoder
    writers, ends = [[decoder.conv_in.conv]], [decoder.mid_block]
    for block in [decoder.mid_block, *decoder.up_blocks[:-1]]:
        if getattr(block, "upsamplers", None) is not None:
            writers.append([block.upsamplers[0].conv.conv])
            ends.append(block)
        writers[-1] += [resnet.conv2.conv for resnet in block.resnets]
        ends[-1] = block
    sizes = {}
    note = lambda block, _, out: sizes.__setitem__(block, float(out.float().square().mean().sqrt()))  # noqa: E731
    hooks = [block.register_forward_hook(note) for block in ends]
    model.decode(z)
    for hook in hooks:
        hook.remove()
    before = 1.0
    for convs, end in zip(writers, ends):
        convs[0].weight.mul_(before)
        for conv in convs:
            conv.weight.div_(sizes[end]), conv.bias.div_(sizes[end])
        before = sizes[end]


@torch.no_grad()
def initialise(model, pairs, device, groups):
    """Let the new block begin as the best linear map from the old features to the principal components of large patches."""
    width = model.config.decoder_block_out_channels[0]
    constant = width**0.5  # of unit size, as the levels below; what it carries has the proportion that `pca` gives it
    level = pca.LEVEL * constant / pca.CONSTANT
    signal, patch = width - 1, model.config.patch_size
    block, last = model.decoder.up_blocks[-1], pca.clear(model.decoder.conv_out.conv)
    for resnet in block.resnets:
        resnet.conv1.conv.weight[:, signal] = 0
        resnet.conv1.conv.bias.zero_()
        pca.clear(resnet.conv2.conv)
    examples = [pairs.next(device)[:2] for _ in range(groups)]
    balance(model, model.encode(examples[0][0]).latent_dist.mode())

    patches = torch.cat([pca.patchify(y.transpose(1, 2).flatten(0, 1), patch).flatten(0, 2)[::7] for _, y in examples])
    mean, axes = pca.principal(patches, signal)
    gain = level / ((patches - mean) @ axes.T).square().sum(-1).mean().sqrt()

    # Least squares, accumulated group by group: a 3x3x3 neighbourhood and a one, to the coefficients of 2x2x2 cells.
    # The channel that is constant stays out: beside a bias it says nothing, and bfloat16 would not forgive the difference.
    inputs = signal * 27 + 1
    square = torch.zeros(inputs, inputs, dtype=torch.float64)
    cross = torch.zeros(inputs, signal * 8, dtype=torch.float64)
    for x, y in examples:
        f = features(model, model.encode(x).latent_dist.mode())[:, :signal]
        b, c, t, h, w = f.shape
        f = torch.cat([f[:, :, :1], f, f[:, :, -1:]], 2)  # time is padded by repeating, space by zeros
        f = F.pad(f, (1, 1, 1, 1)).unfold(2, 3, 1).unfold(3, 3, 1).unfold(4, 3, 1)
        f = f.permute(0, 2, 3, 4, 1, 5, 6, 7).reshape(b, t, h * w, c * 27)
        grid = (pca.patchify(y.transpose(1, 2).flatten(0, 1), patch) - mean) @ axes.T * gain
        grid = grid.view(b, 2 * t - 1, 2 * h, 2 * w, signal)
        grid = torch.cat([grid[:, :1], grid], 1)  # the first of each pair of frames; before the clip there is none
        grid = grid.view(b, t, 2, h, 2, w, 2, signal).permute(0, 1, 3, 5, 7, 2, 4, 6).reshape(b, t, h * w, signal * 8)
        for i in range(b):
            rows = f[i].flatten(0, 1).double()
            rows = torch.cat([rows, torch.ones(len(rows), 1, dtype=torch.float64)], 1)
            square += rows.T @ rows
            cross += rows.T @ grid[i].flatten(0, 1).double()
    square += torch.eye(inputs, dtype=torch.float64) * square.diagonal().mean() * 1e-6
    solution = torch.linalg.solve(square, cross).float()

    up = pca.clear(block.upsamplers[0].conv.conv)
    up.weight[: signal * 8, :signal] = solution[:-1].T.reshape(signal * 8, signal, *TAPS)
    up.bias[: signal * 8] = solution[-1]
    up.bias[signal * 8 :] = constant
    last.weight[:, :signal, 1, 1, 1] = axes.T / gain * (2 * constant / width**0.5)
    last.bias.copy_(mean)


def loss_of(x, y, cover, actor_weight):
    """As the autoencoder's, with the actors' pixels counting more."""
    weight = 1.0 + actor_weight * cover
    weight = weight / weight.mean()
    error = y - x
    loss = (weight * (error.abs() + 2.0 * error.square())).mean()
    loss = loss + (weight[..., 1:] * (error[..., 1:] - error[..., :-1]).abs()).mean()
    loss = loss + (weight[..., 1:, :] * (error[..., 1:, :] - error[..., :-1, :]).abs()).mean()
    if x.shape[2] > 1:
        loss = loss + 0.5 * (weight[:, :, 1:] * (error[:, :, 1:] - error[:, :, :-1]).abs()).mean()
    return loss


def train(config, minutes, out, resume=True, seed=1):
    torch.manual_seed(seed)
    autoencoder.still_convolutions()
    device, table, out = pick_device(), config.decoder, Path(out)
    path = out / "decoder.pt"
    old = AutoencoderKLLTXVideo.from_pretrained(out / "vae").to(device)
    mean, std = old.latents_mean.clone(), old.latents_std.clone()
    stills = Pairs(config, table.still_size, 1, table.still_batch, seed + 300)
    clips = Pairs(config, table.clip_size, table.clip_frames, table.clip_batch, seed + 400)
    step = 0
    if resume and path.exists():
        model = old if sum(old.config.decoder_spatio_temporal_scaling) > sum(old.config.spatio_temporal_scaling) else taller(old, table.layers)
        state = torch.load(path, weights_only=True)
        model.load_state_dict({k: v.float() for k, v in state["model"].items()})
        step = state["step"]
    else:
        model = taller(old, table.layers)
        initialise(model, clips, device, table.linear_groups)
    model.latents_mean.copy_(mean), model.latents_std.copy_(std)
    model = model.to(device, memory_format=torch.channels_last_3d)
    model.encoder.requires_grad_(False)
    log, budget = Log(out, "decoder"), Budget(minutes)
    optimizer = Optimizer([model.decoder], table)

    def save():
        save_atomically({"model": half(model.state_dict()), "step": step}, path)
        x, y, _ = stills.next(device)
        z = model.encode(x).latent_dist.mode()
        save_grid(torch.cat([y[:8, :, -1], model.decode(z[:8]).sample[:, :, -1]]), out / "decoder.png", min(8, len(y)))

    torch.manual_seed(seed + step)
    saved = reported = 0.0
    running = {}
    while budget.left:
        clip = float(torch.rand(())) < table.clip_share
        x, y, cover = (clips if clip else stills).next(device)
        with torch.autocast(device.type, torch.bfloat16):
            with torch.no_grad():
                z = model.encode(x.contiguous(memory_format=torch.channels_last_3d)).latent_dist.mode()
            # What a transformer draws is never exactly what an encoder gives.
            z = z + table.latent_noise * torch.rand(z.shape[0], 1, 1, 1, 1, device=device) * torch.randn_like(z)
            drawn = model.decode(z).sample.float()
        loss = loss_of(y, drawn, cover, table.actor_weight)
        lr = learning_rate(table.lr, budget.progress)
        loss.backward()
        norm = optimizer.step(lr)
        step += 1
        kind = "clip" if clip else "still"
        value = autoencoder.psnr(y, drawn).item()
        running[kind] = 0.95 * running.get(kind, value) + 0.05 * value
        if budget.spent - reported > 20:
            reported = budget.spent
            log(stage="decoder", step=step, minutes=budget.spent / 60, loss=loss.item(), norm=norm, lr=lr, **running)
        if budget.spent - saved > 180 or not budget.left:
            saved = budget.spent
            with optimizer.averaged(), torch.no_grad():
                save()
    with optimizer.averaged():
        model.save_pretrained(out / "vae")
