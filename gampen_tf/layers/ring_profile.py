"""Light of a centred galaxy in rings, in units of the noise, summed in float64."""

import keras
import numpy as np
from keras import ops

from .radial_profile import mirrored, ring_weights, rotated

__all__ = ["HalfLightScale", "RingProfile"]

# Directions and mirror images are chosen from sums of relative amplitudes; below these the choice fades, so that a
# rounding cannot turn it over.
_FAINTEST_ELLIPTICITY, _FAINTEST_TWIST = 0.02, 0.01


@keras.saving.register_keras_serializable("gampen_tf")
class RingProfile(keras.layers.Layer):
    """Surface brightness, growth of flux and shape in rings about the frame's centre.

    As `RadialProfile`, for images in units of the noise of a pixel. Sums and differences are taken in float64: the
    outer steps of the growth curve are a thousandth of the flux, and a network that is trained on them would otherwise
    read the rounding of float32, which is another on each device.

    Parameters
    ----------
    n_rings : int, optional
    directions : bool, optional
        Give the relative amplitudes of orders 1 and 2 as they lie in the frame too: where the light is off the centre,
        and the position angle. Without, all is invariant under quarter turns and reflections.

    Call arguments
    --------------
    pyramid : list of (N, S, S, 1) float tensors
        Images of equal odd side S, each covering twice the width of the one before about the same centre.

    Returns
    -------
    (N, 8 n_rings) float32 tensor, or (N, 12 n_rings) with directions
    """

    def __init__(self, n_rings=24, directions=False, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.n_rings, self.directions = int(n_rings), bool(directions)

    def build(self, input_shape):
        sides = {shape[1] for shape in input_shape} | {shape[2] for shape in input_shape}
        if len(sides) != 1 or any(shape[3] != 1 for shape in input_shape):
            raise ValueError(f"expected images of one channel and one side, found {input_shape}")
        self._weights_by_level, self._area = ring_weights(sides.pop(), len(input_shape), self.n_rings)

    def call(self, pyramid):
        moments = 0.0
        for image, weights in zip(pyramid, self._weights_by_level, strict=True):
            pixels = ops.reshape(ops.cast(image, "float64"), (-1, weights.shape[0]))
            moments = moments + ops.matmul(pixels, ops.convert_to_tensor(weights, "float64"))
        moments = ops.reshape(moments, (-1, self.n_rings, 9))
        growth = ops.cumsum(moments[..., 0], axis=1)
        total = ops.arcsinh(growth[:, -1:] / 100.0)
        area = np.asarray(self._area, np.float64)
        brightness = moments[..., 0] / area
        # orders relative to the mean brightness; where a ring is lost in its noise they fade to zero
        floor = 3.0 / np.sqrt(area)
        relative = moments[..., 1:] / (area * ops.sqrt(ops.square(brightness) + np.square(floor)))[..., None]
        order_2, order_4 = _turn_to_principal_axis(relative[..., 2:4], relative[..., 6:8])
        features = [
            (ops.arcsinh(10.0 * brightness) - total) / 4.0,
            # the last ring holds the total: its difference is nothing
            (ops.arcsinh(growth[:, :-1] / 100.0) - total) * 2.0,
            _softened(relative[..., 0], relative[..., 1], 1e-4),
            _softened(relative[..., 4], relative[..., 5], 1e-4),
            order_2[..., 0],
            order_2[..., 1],
            order_4[..., 0],
            order_4[..., 1],
            total / 4.0,
        ]
        if self.directions:
            features += [relative[..., order] for order in range(4)]
        return ops.cast(ops.concatenate(features, axis=-1), "float32")

    def compute_output_shape(self, input_shape):
        return input_shape[0][0], (12 if self.directions else 8) * self.n_rings

    def get_config(self):
        return {**super().get_config(), "n_rings": self.n_rings, "directions": self.directions}


@keras.saving.register_keras_serializable("gampen_tf")
class HalfLightScale(keras.layers.Layer):
    """Scale of a crop about a galaxy, for a `SpatialTransformer`, from the radius that holds half of its light.

    The crop reaches to ``reach`` such radii, PSF and all, within the limits of ``scales``.

    Parameters
    ----------
    reach : float, optional
    scales : (float, float), optional
        Smallest and largest scale: 1 is the whole frame.

    Call arguments
    --------------
    image : (N, S, S, 1) float tensor
        The whole frame, in any unit.

    Returns
    -------
    (N, 1) float32 tensor
    """

    def __init__(self, reach=5.0, scales=(0.12, 1.0), **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.reach, self.scales = float(reach), (float(scales[0]), float(scales[1]))

    def build(self, input_shape):
        side = input_shape[1]
        offsets = np.arange(side) - (side - 1) / 2
        distance = np.hypot(offsets[:, None], offsets[None, :]).ravel()
        edges = np.arange(0.75, side / 2, 0.5)
        # a pixel counts by the part of it inside the radius, as if it were a ring of its own width
        self._inside = np.clip(edges[None, :] + 0.5 - distance[:, None], 0.0, 1.0)
        self._radius = edges / (side / 2)

    def call(self, image):
        pixels = ops.reshape(ops.cast(image, "float64"), (-1, self._inside.shape[0]))
        growth = ops.matmul(pixels, ops.convert_to_tensor(self._inside, "float64"))
        growth = growth / ops.maximum(ops.max(growth, axis=1, keepdims=True), 1e-30)
        # weighted mean of the radii where the curve passes one half: smooth, where a search would jump
        slope = ops.exp(-ops.square((growth - 0.5) / 0.12))
        radius = ops.sum(slope * self._radius, axis=1, keepdims=True) / (ops.sum(slope, axis=1, keepdims=True) + 1e-9)
        return ops.cast(ops.clip(self.reach * radius, *self.scales), "float32")

    def compute_output_shape(self, input_shape):
        return input_shape[0], 1

    def get_config(self):
        return {**super().get_config(), "reach": self.reach, "scales": self.scales}


def _softened(x, y, smallest):
    return ops.sqrt(ops.square(x) + ops.square(y) + smallest**2)


def _turn_to_principal_axis(order_2, order_4):
    """Orders 2 and 4 as seen from the galaxy's own principal axis, in the mirror image that twists to the positive."""
    mean = ops.mean(order_2, axis=1, keepdims=True)
    norm = _softened(mean[..., 0], mean[..., 1], _FAINTEST_ELLIPTICITY)
    cosine, sine = mean[..., 0] / norm, mean[..., 1] / norm
    turned_2 = rotated(order_2, cosine, sine)
    turned_4 = rotated(order_4, cosine * cosine - sine * sine, 2.0 * sine * cosine)
    ramp = np.linspace(-1.0, 1.0, order_2.shape[1])
    twist = ops.mean(turned_2[..., 1] * ramp, axis=1, keepdims=True)
    hand = twist / _softened(twist, 0.0 * twist, _FAINTEST_TWIST)
    return mirrored(turned_2, hand), mirrored(turned_4, hand)
