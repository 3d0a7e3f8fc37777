"""Start a decoder as the best linear map from what its encoder gives to pixels, level by level.

An LTX decoder is linear up to its last norm while its residual blocks are identities: a convolution in, then one upsampler a
level. Each is solved here, for every neighbourhood of 3x3x3 cells at once, so that blocks overlap and a frame leans on the
latents before and after it; the last one is solved on what norm and SiLU give. This begins 4 dB above a random decoder after
five minutes, and where the features are of unit size the residual blocks learn at once (EXPERIMENTS.md).

What a level holds: the first principal components of its cells' pixels, one constant channel, without which the norm would
hide how large the others are, and negatives of the components as far as there is room: SiLU(x) - SiLU(-x) = x.
"""

import torch
import torch.nn.functional as F

LEVEL = 4.0  # root mean square length of a cell's components
CONSTANT = 6.0
ROWS = 2500  # cells taken from each sample: as many unknowns a level want no more


def cells(frames, side, patch):
    """(b, 3, t, h, w) -> (b, t, h/side, w/side, 3·side²): the cells' patches by row and column, each in the reference's order."""
    b, c, t, h, w = frames.shape
    x = frames.view(b, c, t, h // patch, patch, w // patch, patch).permute(0, 2, 3, 5, 1, 6, 4).flatten(4)
    n = side // patch
    x = x.view(b, t, h // side, n, w // side, n, -1).permute(0, 1, 2, 4, 3, 5, 6)
    return x.flatten(4)


def halved(x):
    """(b, t, ...) -> (b, (t + 1) / 2, ...): the first frame, then means of two, as an upsampler doubles them."""
    return torch.cat([x[:, :1], (x[:, 1::2] + x[:, 2::2]) / 2], 1)


def paired(x):
    """What an upsampler has to write behind each of its cells: (b, t, h, w, k) -> rows (n, 8k) by component, time, row, column."""
    b, _, h, w, k = x.shape
    x = torch.cat([x[:, :1], x], 1).view(b, -1, 2, h // 2, 2, w // 2, 2, k)
    return x.permute(0, 1, 3, 5, 7, 2, 4, 6).flatten(0, 3).flatten(1)


def neighbourhoods(x, some):
    """(b, c, t, h, w) -> rows (n, 27c): what a convolution of the decoder sees around the cells numbered `some`."""
    places = torch.unravel_index(some, (x.shape[0], *x.shape[2:]))
    x = F.pad(torch.cat([x[:, :, :1], x, x[:, :, -1:]], 2), (1, 1, 1, 1))
    x = x.unfold(2, 3, 1).unfold(3, 3, 1).unfold(4, 3, 1).movedim(1, 4)
    return x[places].flatten(1)


def solve(conv, samples, inputs, ridge):
    """Set the first rows of `conv`, and their bias, to the least squares map from `samples`' first `inputs` channels to their rows."""
    squares = products = seen = 0
    for x, y in samples:
        some = torch.randperm(len(y), device=y.device)[:ROWS]
        x, y = F.pad(neighbourhoods(x[:, :inputs], some), (0, 1), value=1.0), y[some]
        squares, products, seen = squares + (x.T @ x).double(), products + (x.T @ y).double(), seen + len(x)
    squares.diagonal().add_(ridge * seen)
    weights = torch.linalg.solve(squares, products).T.float()
    rows = len(weights)
    conv.weight[:rows, :inputs] = weights[:, :-1].view(rows, inputs, 3, 3, 3)
    conv.bias[:rows] = weights[:, -1]


@torch.no_grad()
def begin(model, samples):
    """Write the map into `model`'s decoder. `samples` are pairs of pixels (b, 3, t, h, w) in -1..1 and their latents as encoded."""
    decoder, patch = model.decoder, model.config.patch_size
    for name, module in decoder.named_modules():
        if name.endswith("conv2"):  # residual blocks are identities
            torch.nn.init.zeros_(module.conv.weight)
            torch.nn.init.zeros_(module.conv.bias)
    first, last = decoder.conv_in.conv, decoder.conv_out.conv
    ups = [block.upsamplers[0] for block in decoder.up_blocks if block.upsamplers is not None]
    for conv in (first, *(up.conv.conv for up in ups)):
        torch.nn.init.zeros_(conv.weight)
        torch.nn.init.zeros_(conv.bias)

    latents = torch.cat([z.movedim(1, -1).flatten(0, -2) for _, z in samples])
    width, held = first.weight.shape[:2]
    gain = LEVEL / latents.square().sum(-1).mean().sqrt()
    first.weight[:held, :, 1, 1, 1] = gain * torch.eye(held)
    first.bias[held] = CONSTANT
    first.weight[held + 1 :, :, 1, 1, 1] = gain / held**0.5 / 2 * torch.randn(width - held - 1, held)

    streams = [decoder.conv_in(z) for _, z in samples]
    for level, up in reversed(list(enumerate(reversed(ups)))):
        conv = up.conv.conv
        width = conv.out_channels // 8
        targets = [cells(x, patch << level, patch) for x, _ in samples]
        for _ in range(level):
            targets = [halved(y) for y in targets]
        rows = torch.cat([y.flatten(0, 3) for y in targets])
        rows = rows[torch.randperm(len(rows))[:20_000]]
        mean = rows.mean(0)
        count = min(2 * width // 3 if level == 0 else width - 1, rows.shape[1])
        axes = torch.svd_lowrank(rows - mean, q=min(count + 8, rows.shape[1]), niter=4)[2][:, :count]
        axes *= LEVEL / ((rows - mean) @ axes).square().sum(-1).mean().sqrt()
        solve(conv, ((s, paired((y - mean) @ axes)) for s, y in zip(streams, targets)), held, ridge=1e-3)
        conv.bias[count * 8 : (count + 1) * 8] = CONSTANT
        spare = min(width - count - 1, count) * 8
        conv.weight[(count + 1) * 8 : (count + 1) * 8 + spare] = -conv.weight[:spare]
        conv.bias[(count + 1) * 8 : (count + 1) * 8 + spare] = -conv.bias[:spare]
        streams, held = [up(s) for s in streams], count

    seen = [F.silu(decoder.norm_out(s.movedim(1, -1)).movedim(-1, 1)) for s in streams]
    solve(last, ((s, cells(x, patch, patch).flatten(0, 3)) for s, (x, _) in zip(seen, samples)), seen[0].shape[1], ridge=1e-4)
