"""Start the encoder as a principal component analysis of ever larger blocks (8x8, 16x16, 32x32 with patches of 8).

A PCA of 32x32 blocks, 64 numbers each, gives 25.7 dB after two seconds; freshly drawn convolutional autoencoders stood at
20 to 22 dB after seven minutes of a CPU core (EXPERIMENTS.md). So the PCA is written into the weights, and training goes on from there:

- every level holds width - 1 coefficients and one constant channel, so that the RMS norm divides by (nearly) a constant and
  SiLU stays in its linear part (SiLU(x) = x/2 + O(x^2));
- residual blocks start as identities; a strided convolution looks at its 2x2 block;
- in time, a latent frame starts as a copy of its last frame.

The decoder starts as least squares on what that gives (`least_squares.py`).
"""

import torch

LEVEL = 4.0  # root mean square length of the coefficient vector at each level
CONSTANT = 128.0  # value of the constant channel


def principal(x, k):
    """Mean and the first k principal axes (k, d) of rows x (n, d); axes beyond the d-th are zero."""
    mean, d = x.mean(0), x.shape[1]
    _, _, v = torch.svd_lowrank(x - mean, q=min(k + 8, d), niter=4)
    axes = torch.zeros(k, d, device=x.device)
    axes[: min(k, d)] = v[:, :k].T
    return mean, axes


def blocks(grid):
    """(n, h, w, c) -> (n, h/2, w/2, 4c) with each 2x2 block's cells in the order (row, column, channel)."""
    n, h, w, c = grid.shape
    return grid.view(n, h // 2, 2, w // 2, 2, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h // 2, w // 2, 4 * c)


def patchify(frames, p):
    """(n, 3, h, w) -> (n, h/p, w/p, 3·p·p) in the reference's order: channel, column, row."""
    n, c, h, w = frames.shape
    x = frames.view(n, c, h // p, p, w // p, p)
    return x.permute(0, 2, 4, 1, 5, 3).reshape(n, h // p, w // p, c * p * p)


def clear(conv):
    conv.weight.zero_()
    conv.bias.zero_()
    return conv


@torch.no_grad()
def initialise(encoder, frames, patch):
    """Write the PCA of `frames` (n, 3, h, w) in -1..1 into an encoder of constant width over patches of `patch` pixels."""
    width, latent = encoder.conv_in.conv.out_channels, encoder.conv_out.conv.out_channels - 1
    signal = width - 1
    for name, module in encoder.named_modules():
        if name.endswith("conv2"):
            clear(module.conv)
        elif name.endswith("conv1"):
            module.conv.weight[:, signal] = 0  # residual branches see the coefficients, not the constant
            module.conv.bias.zero_()

    grid = patchify(frames, patch)
    mean, axes = principal(grid.flatten(0, 2), signal)
    grid = (grid - mean) @ axes.T
    gain = LEVEL / grid.square().sum(-1).mean().sqrt()
    grid = grid * gain
    first = clear(encoder.conv_in.conv)
    first.weight[:signal, :, 2, 1, 1] = gain * axes
    first.bias[:signal] = -gain * (axes @ mean)
    first.bias[signal] = CONSTANT

    for down in (b.downsamplers[0].conv for b in encoder.down_blocks if b.downsamplers is not None):
        clear(down)
        grid = blocks(grid)
        _, axes = principal(grid.flatten(0, 2), signal)
        grid = grid @ axes.T
        gain = LEVEL / grid.square().sum(-1).mean().sqrt()
        grid = grid * gain
        cells = axes.view(signal, 2, 2, signal)  # (out, row, column, in)
        for y in range(2):
            for x in range(2):
                down.weight[:signal, :signal, 2, 1 + y, 1 + x] = gain * cells[:, y, x]
        down.bias[signal] = CONSTANT

    code = clear(encoder.conv_out.conv)
    index = torch.arange(min(signal, latent))
    linear = 2 * CONSTANT / width**0.5  # undoes the norm and SiLU's slope of one half
    code.weight[index, index, 2, 1, 1] = linear / LEVEL * latent**0.5 / 4
    code.bias[latent] = -6.0  # log variance: the encoder starts certain
