"""Radial and angular summaries of a centred galaxy, with fixed weights."""

import keras
import numpy as np
from keras import ops

__all__ = ["RadialProfile", "mirrored", "ring_weights", "rotated"]


@keras.saving.register_keras_serializable("gampen_tf")
class RadialProfile(keras.layers.Layer):
    """Surface brightness, growth of flux and shape in rings about the frame's centre.

    The rings are hat functions of asinh(r / 6 px), a partition of unity out to the side of the coarsest image: close
    together where the light is steep, far apart in the wings. Each ring is measured on the finest image of the
    pyramid that holds it whole.
    Ring *j* gives, from its Fourier coefficients in the polar angle,

    * its mean surface brightness and the flux inside it, as arcsinh-stretched values relative to the total flux,
    * the relative amplitudes of orders 1 and 3 (asymmetry: neighbours, tidal features),
    * orders 2 and 4 (ellipticity, its twist) turned to the galaxy's own principal axis.

    All of them are invariant under rotations of the galaxy by 90° and reflections, so they need no augmentation. The
    total flux in the frame is the last feature. Everything is computed in float32: the flux is needed to a fraction
    of a percent, which half precision does not hold.

    Parameters
    ----------
    noise : float
        Typical noise of one pixel, in the unit of the images; sets the softening of the stretches.
    n_rings : int, optional

    Call arguments
    --------------
    pyramid : list of (N, S, S, 1) float tensors
        Images of equal odd side S, each covering twice the width of the one before about the same centre.

    Returns
    -------
    (N, 8 n_rings + 1) float tensor
    """

    def __init__(self, noise, n_rings=24, **kwargs):
        kwargs["dtype"] = "float32"
        super().__init__(**kwargs)
        self.noise = float(noise)
        self.n_rings = int(n_rings)

    def build(self, input_shape):
        sides = {shape[1] for shape in input_shape} | {shape[2] for shape in input_shape}
        if len(sides) != 1 or any(shape[3] != 1 for shape in input_shape):
            raise ValueError(f"expected images of one channel and one side, found {input_shape}")
        self._weights_by_level, self._area = ring_weights(sides.pop(), len(input_shape), self.n_rings)

    def call(self, pyramid):
        noise = self.noise
        # (N, rings, orders): flux in each ring times 1, cos θ, sin θ, … cos 4θ, sin 4θ
        moments = 0.0
        for image, weights in zip(pyramid, self._weights_by_level, strict=True):
            pixels = ops.reshape(ops.cast(image, "float32"), (-1, weights.shape[0]))
            moments = moments + ops.matmul(pixels, weights)
        moments = ops.reshape(moments, (-1, self.n_rings, 9))
        growth = ops.cumsum(moments[..., 0], axis=1)
        total = ops.arcsinh(growth[:, -1:] / (100.0 * noise))
        brightness = moments[..., 0] / self._area
        # Orders relative to the mean brightness; where a ring is lost in its noise they fade to zero.
        floor = 3.0 * noise / np.sqrt(self._area)
        relative = moments[..., 1:] / (self._area * ops.sqrt(ops.square(brightness) + np.square(floor)))[..., None]
        amplitude_1 = _modulus(relative[..., 0], relative[..., 1])
        amplitude_3 = _modulus(relative[..., 4], relative[..., 5])
        order_2, order_4 = _turn_to_principal_axis(relative[..., 2:4], relative[..., 6:8])
        features = [
            (ops.arcsinh(10.0 * brightness / noise) - total) / 4.0,
            (ops.arcsinh(growth / (100.0 * noise)) - total) * 2.0,
            amplitude_1,
            amplitude_3,
            order_2[..., 0],
            order_2[..., 1],
            order_4[..., 0],
            order_4[..., 1],
            total / 4.0,
        ]
        return ops.concatenate(features, axis=-1)

    def compute_output_shape(self, input_shape):
        return input_shape[0][0], 8 * self.n_rings + 1

    def get_config(self):
        return {**super().get_config(), "noise": self.noise, "n_rings": self.n_rings}


def ring_weights(side, n_levels, n_rings, softening=6.0):
    """Weights (pixels, rings · 9) for each level, and the area of each ring in full-resolution pixels."""
    half = side // 2
    max_radius = half * 2 ** (n_levels - 1)
    nodes = np.linspace(0.0, np.arcsinh(max_radius / softening), n_rings)
    # the outer edge of a ring is the node after its own
    outer = softening * np.sinh(np.append(nodes[1:], nodes[-1]))
    level_of_ring = np.array([next(k for k in range(n_levels) if radius <= half * 2**k + 1e-6) for radius in outer])
    offsets = np.arange(side) - half
    y, x = np.meshgrid(offsets, offsets, indexing="ij")
    angle = np.arctan2(y, x)
    orders = [np.ones_like(angle)]
    for order in range(1, 5):
        orders += [np.cos(order * angle), np.sin(order * angle)]
    orders = np.stack(orders, axis=-1)
    orders[half, half, 1:] = 0.0
    weights, area = [], np.zeros(n_rings)
    for level in range(n_levels):
        position = np.arcsinh(np.hypot(x, y) * 2**level / softening)
        hats = np.maximum(0.0, 1.0 - np.abs(position[..., None] - nodes) / (nodes[1] - nodes[0]))
        hats = hats * (level_of_ring == level)
        area += hats.sum(axis=(0, 1)) * 4**level
        products = hats[..., :, None] * orders[..., None, :]
        weights.append(products.reshape(side * side, n_rings * 9).astype("float32"))
    return weights, area.astype("float32")


def _modulus(x, y):
    # the small constant keeps the gradient finite at zero
    return ops.sqrt(ops.square(x) + ops.square(y) + 1e-8)


def _turn_to_principal_axis(order_2, order_4):
    """Rotate (cos, sin) pairs of orders 2 and 4 so that the mean of order 2 lies along +cos, and choose the mirror
    image in which order 2 turns to +sin from the inner rings to the outer ones."""
    mean = ops.sum(order_2, axis=1, keepdims=True)
    norm = _modulus(mean[..., 0], mean[..., 1])
    cosine, sine = mean[..., 0] / norm, mean[..., 1] / norm
    turned_2 = rotated(order_2, cosine, sine)
    turned_4 = rotated(order_4, cosine * cosine - sine * sine, 2.0 * sine * cosine)
    n_rings = order_2.shape[1]
    ramp = np.linspace(-1.0, 1.0, n_rings, dtype="float32")
    twist = ops.sum(turned_2[..., 1] * ramp, axis=1, keepdims=True)
    hand = twist / ops.sqrt(ops.square(twist) + 1e-8)
    return mirrored(turned_2, hand), mirrored(turned_4, hand)


def rotated(pairs, cosine, sine):
    x, y = pairs[..., 0], pairs[..., 1]
    return ops.stack([x * cosine + y * sine, y * cosine - x * sine], axis=-1)


def mirrored(pairs, hand):
    return ops.stack([pairs[..., 0], pairs[..., 1] * hand], axis=-1)
