"""Seeded weights and images for GaMPEN's network, the same for PyTorch (make_gampen_reference.py) and for the tests."""

import numpy as np

# side, channels, outputs, transform parameters
CASES = {"scale": (239, 3, 9, 1), "scale_shift": (143, 3, 9, 3), "affine": (96, 1, 5, 6)}
TRANSFORM_BIAS = {1: [0.6], 3: [0.6, 0.1, -0.2], 6: [0.6, 0.1, 0.05, -0.15, 0.5, 0.1]}
VGG16 = (64, 64, "pool", 128, 128, "pool", *(256,) * 3, "pool", *(512,) * 3, "pool", *(512,) * 3, "pool")


def random_state(side, channels, n_outputs, n_transform, seed=7):
    """A state dict as GaMPEN writes it: names with ``module.``, VGG's numbers counting the dropout layers."""
    rng = np.random.Generator(np.random.Philox(seed))
    state = {}

    def add(name, *shape):
        half_width = np.sqrt(6 / np.prod(shape[1:]))  # keeps the variance through ReLU
        weight = rng.random(shape, np.float32)
        weight -= np.float32(0.5)
        weight *= np.float32(2 * half_width)
        state[f"module.{name}.weight"] = weight
        state[f"module.{name}.bias"] = 0.1 * (rng.random(shape[0], np.float32) - np.float32(0.5))

    side = ((side - 13) // 2 + 1 - 11) // 2 + 1
    add("localization.0", 64, channels, 11, 11)
    add("localization.3", 96, 64, 9, 9)
    add("fc_loc.0", 32, 96 * side**2)
    add("fc_loc.2", n_transform, 32)
    state["module.fc_loc.2.weight"] *= np.float32(0.05)
    state["module.fc_loc.2.bias"] = np.array(TRANSFORM_BIAS[n_transform], np.float32)
    number = 0
    for n_filters in VGG16:
        if n_filters == "pool":
            number += 1
            continue
        number += number > 0  # dropout before each convolution but the first
        add(f"vgg.features.{number}", n_filters, channels, 3, 3)
        number, channels = number + 2, n_filters
    add("vgg.classifier.0", 4096, 512 * 49)
    add("vgg.classifier.3", 4096, 4096)
    add("vgg.classifier.6", n_outputs, 4096)
    return state


def images(side, channels, seed=8):
    """Two noisy Gaussian blobs, off centre, other in each channel, (2, side, side, channels)."""
    rng = np.random.Generator(np.random.Philox(seed))
    y, x = np.mgrid[:side, :side] / side - 0.45
    blobs = [[np.exp(-((x + 0.1 * i) ** 2 + (1 + c) * y**2) * 30) for c in range(channels)] for i in range(2)]
    noise = rng.random((2, side, side, channels)) - 0.5
    return (np.moveaxis(np.array(blobs), 1, -1) + 0.2 * noise).astype(np.float32)
