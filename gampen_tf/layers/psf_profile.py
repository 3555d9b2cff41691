"""What the image of a PSF tells, in a few numbers that a measured PSF and a drawn one share."""

import keras
import numpy as np
from keras import ops

__all__ = ["PsfProfile"]

_SOFTENING = 1e-4  # of surface brightness, in parts of the light a pixel: far wings are lost in their noise
_INNERMOST = 3.0  # px, the first ring
_BORDER = 2  # pixels at the edge of the stamp that tell its noise


@keras.saving.register_keras_serializable("gampen_tf")
class PsfProfile(keras.layers.Layer):
    """Light in rings, moduli of the transform, shape and noise of PSF stamps.

    Next to nothing depends on where the PSF lies in the stamp by a pixel or less, and nothing on the sum of the stamp:
    light is counted relative to that within ``aperture`` pixels, a modulus knows no shift, and rings are about the
    centroid. The core is told by the moduli alone: rings so small that few pixels lie in them change with the centre.
    The rings, even steps of ln r from three pixels to the edge, tell the wings.

    Parameters
    ----------
    n_rings, n_frequencies : int, optional
    aperture : float, optional
        Radius in pixels.

    Call arguments
    --------------
    stamps : (N, h, w, 1) float tensor
        Stamps of zeros stand for PSFs that are not known.

    Returns
    -------
    features : (N, n_rings + n_frequencies + 3) float32 tensor
    known : (N, 1) float32 tensor
        1 where there is a PSF, 0 where there is none; its features are 0 there.
    """

    def __init__(self, n_rings=8, n_frequencies=16, aperture=10.0, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.n_rings, self.n_frequencies, self.aperture = int(n_rings), int(n_frequencies), float(aperture)

    def build(self, input_shape):
        _, height, width, channels = input_shape
        if channels != 1:
            raise ValueError(f"expected PSF stamps of one channel, found {input_shape}")
        y, x = np.mgrid[:height, :width].astype(np.float64)
        self._y, self._x = (y - (height - 1) / 2).ravel(), (x - (width - 1) / 2).ravel()
        self._nodes = np.linspace(np.log(_INNERMOST), np.log(min(height, width) / 2), self.n_rings)
        radius = np.pi * np.geomspace(0.03, 0.95, self.n_frequencies)  # rad per pixel
        angle = np.arange(8) * np.pi / 8
        kx, ky = np.outer(radius, np.cos(angle)).ravel(), np.outer(radius, np.sin(angle)).ravel()
        phase = np.outer(self._y, ky) + np.outer(self._x, kx)
        self._cosine, self._sine = np.cos(phase), np.sin(phase)
        edge = (np.maximum(abs(self._y) - (height - 1) / 2, abs(self._x) - (width - 1) / 2) > -_BORDER + 0.5).ravel()
        self._border = edge / edge.sum()

    def call(self, stamps):
        pixels = ops.reshape(ops.cast(stamps, "float64"), (-1, len(self._x)))
        largest = ops.max(ops.abs(pixels), axis=1, keepdims=True)
        known = ops.cast(largest > 0, "float64")
        pixels = pixels / ops.where(largest > 0, largest, ops.ones_like(largest))
        y, x = self._centroid(pixels)
        dy, dx = self._y - y, self._x - x
        distance = ops.sqrt(ops.square(dy) + ops.square(dx))
        inside = ops.clip(self.aperture + 0.5 - distance, 0.0, 1.0)
        light = ops.sum(pixels * inside, axis=1, keepdims=True)
        pixels = pixels / ops.maximum(light, 1e-3)
        position = ops.log(ops.maximum(distance, 0.1))[..., None]
        width = self._nodes[1] - self._nodes[0]
        hats = ops.maximum(0.0, 1.0 - ops.abs(position - self._nodes) / width)
        brightness = ops.sum(pixels[..., None] * hats, axis=1) / (ops.sum(hats, axis=1) + 1e-6)
        real, imaginary = ops.matmul(pixels, self._cosine), ops.matmul(pixels, self._sine)
        modulus = ops.reshape(ops.sqrt(ops.square(real) + ops.square(imaginary) + 1e-12), (-1, self.n_frequencies, 8))
        modulus = ops.mean(modulus, axis=-1)
        border = ops.sum(self._border * pixels, axis=1, keepdims=True)
        scatter = ops.sqrt(ops.sum(self._border * ops.square(pixels - border), axis=1, keepdims=True) + 1e-16)
        features = [
            ops.arcsinh(brightness / _SOFTENING) / 4.0,
            ops.log(modulus + 1e-3),
            self._ellipticity(pixels, dy, dx),
            ops.log(scatter),
            ops.arcsinh(border / _SOFTENING),
        ]
        features = ops.concatenate(features, axis=-1) * known
        return ops.cast(features, "float32"), ops.cast(known, "float32")

    def _centroid(self, pixels):
        """Centre (y, x), each (N, 1), of the light under a Gaussian window that follows it."""
        y = x = ops.zeros_like(pixels[:, :1])
        for _ in range(6):
            window = ops.exp(-(ops.square(self._y - y) + ops.square(self._x - x)) / (2 * 3.0**2)) * pixels
            total = ops.maximum(ops.sum(window, axis=1, keepdims=True), 1e-3)
            # under a window as wide as the PSF the mean moves by about half of what it should
            y = ops.clip(y + 1.5 * (ops.sum(window * self._y, axis=1, keepdims=True) / total - y), -3.0, 3.0)
            x = ops.clip(x + 1.5 * (ops.sum(window * self._x, axis=1, keepdims=True) / total - x), -3.0, 3.0)
        return y, x

    def _ellipticity(self, pixels, dy, dx):
        """Modulus (N, 1) of the ellipticity of the windowed second moments."""
        weight = ops.exp(-(ops.square(dy) + ops.square(dx)) / (2 * 3.0**2)) * pixels
        xx, yy, xy = (ops.sum(weight * one, axis=1, keepdims=True) for one in (dx * dx, dy * dy, dx * dy))
        trace = ops.maximum(xx + yy, 1e-3)
        return ops.sqrt(ops.square((xx - yy) / trace) + ops.square(2 * xy / trace) + 1e-8)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.n_rings + self.n_frequencies + 3), (input_shape[0], 1)

    def get_config(self):
        config = {"n_rings": self.n_rings, "n_frequencies": self.n_frequencies, "aperture": self.aperture}
        return {**super().get_config(), **config}
