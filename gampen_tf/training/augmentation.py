"""Augmentation of training images: random turns, mirror images, shifts and zooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from ..core.known_parameters import KNOWN_PARAMETERS

if TYPE_CHECKING:
    from ..core.label_scaler import LabelScaler

__all__ = ["Augmentation"]


@dataclass(frozen=True)
class Augmentation:
    """Random mirror images, quarter turns, shifts and zooms of a batch, another for each image.

    Parameters
    ----------
    turns : bool
        One of the eight symmetries of the square (of the four of the rectangle where images are not square).
    max_shift : int
        Whole pixels, uniform in ±max_shift on both axes; what comes into the frame is its mirror image at the edge.
    zoom : (float, float), optional
        Limits of the factor, uniform, by which what the image shows grows about its centre, bilinearly; where it
        shrinks the pixels at the edge go on outwards. PSF and noise are zoomed too.
    laws : sequence of (power, is_log, offset)
        For each label what a zoom by z does to it: times z^power, plus (z^power − 1) offset; or for the label of a
        logarithm, plus power ln z offset.

    Notes
    -----
    Turns and shifts are only for parameters that do not change with them: see :meth:`for_parameters`.
    """

    turns: bool = True
    max_shift: int = 0
    zoom: tuple[float, float] | None = None
    laws: tuple = ()

    @classmethod
    def for_parameters(cls, names: Sequence[str], max_shift: int = 0) -> Augmentation:
        """Turns and shifts for these parameters; none where one of them has a direction."""
        oriented = any(name in KNOWN_PARAMETERS and KNOWN_PARAMETERS[name].turns_with_image for name in names)
        return cls(turns=not oriented, max_shift=0 if oriented else max_shift)

    @classmethod
    def for_labels(
        cls, scaler: LabelScaler, max_shift: int = 0, zoom: tuple[float, float] | None = None
    ) -> Augmentation:
        """Turns, shifts and a zoom that changes the labels of a `LabelScaler` with the images.

        There is none where it is not settled for one of the parameters what a zoom does to it: brightness changes.
        """
        parameters = scaler.parameters
        plain = cls.for_parameters(parameters.names, max_shift)
        powers = [KNOWN_PARAMETERS[one.name].zoom_power if one.name in KNOWN_PARAMETERS else None for one in parameters]
        zoomable = None not in powers and all(one.transform in ("identity", "log") for one in parameters)
        if zoom is None or not zoomable:
            return plain
        laws = tuple(
            (power, one.transform == "log", float((1 if one.transform == "log" else mean) / scale))
            for one, power, mean, scale in zip(parameters, powers, scaler.mean, scaler.scale, strict=True)
        )
        return cls(plain.turns, plain.max_shift, (zoom[0], zoom[1]), laws)

    def __call__(self, tensors: tuple[tf.Tensor, ...], seed: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Augment a batch.

        Parameters
        ----------
        tensors : tuple of tensors
            Those of shape (B, H, W, C) are turned, all of an image alike; others are left alone. Shifts and zooms are
            of the first one only: a PSF stays as it is.
        seed : (2,) int tensor
            Counter-based: the same seed gives the same augmentation.
        """
        n_images = tf.shape(tensors[0])[0]
        if self.turns:
            choices = tf.random.stateless_uniform((3, n_images), seed, maxval=2, dtype=tf.int32) > 0
            tensors = tuple(_turned(x, choices) if x.shape.rank == 4 else x for x in tensors)
        if self.max_shift:
            shifts = tf.random.stateless_uniform(
                (2, n_images), seed + [0, 1 << 40], 0, 2 * self.max_shift + 1, dtype=tf.int32
            )
            tensors = (_shifted(tensors[0], shifts, self.max_shift), *tensors[1:])
        if self.zoom:
            tensors = (_zoomed_with_lost(tensors[0], self._factors(seed, n_images)), *tensors[1:])
        return tensors

    def labels(self, labels: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Labels (B, P) after the zoom of the images that the same seed augments."""
        if not self.zoom:
            return labels
        factor = self._factors(seed, tf.shape(labels)[0])
        columns = []
        for i, (power, is_log, offset) in enumerate(self.laws):
            if is_log:
                columns.append(labels[:, i] + power * offset * tf.math.log(factor))
            else:
                columns.append(labels[:, i] * factor**power + offset * (factor**power - 1.0))
        return tf.stack(columns, axis=-1)

    def _factors(self, seed, n_images):
        return tf.random.stateless_uniform((n_images,), seed + [0, 1 << 41], *self.zoom)


def _turned(images, choices):
    # Only reversals of rows and transpositions: reversing columns takes TensorFlow ten times as long. Between two
    # transpositions the rows are the columns; leaving the second one out gives the other four of the eight symmetries.
    mirror_rows, mirror_columns, transpose = tf.unstack(choices[:, :, None, None, None])
    images = tf.where(mirror_rows, tf.reverse(images, [1]), images)
    images = tf.transpose(images, (0, 2, 1, 3))
    images = tf.where(mirror_columns, tf.reverse(images, [1]), images)
    upright = tf.transpose(images, (0, 2, 1, 3))
    return upright if images.shape[1] != images.shape[2] else tf.where(transpose, images, upright)


def _shifted(images, shifts, max_shift):
    height, width = images.shape[1], images.shape[2]
    padded = tf.pad(images, [[0, 0], [max_shift] * 2, [max_shift] * 2, [0, 0]], "REFLECT")
    rows = shifts[0][:, None] + tf.range(height)
    columns = shifts[1][:, None] + tf.range(width)
    return tf.gather(tf.gather(padded, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)


def _zoomed_with_lost(images, factors):
    """`_zoomed`, where pixels that are NaN make those NaN that are interpolated with them, and no others."""
    lost = tf.math.is_nan(images)

    def apart():
        reach = _zoomed(tf.cast(lost, images.dtype), factors)
        return tf.where(reach > 0, np.float32(np.nan), _zoomed(tf.where(lost, 0.0, images), factors))

    return tf.cond(tf.reduce_any(lost), apart, lambda: _zoomed(images, factors))


def _zoomed(images, factors):
    """Output pixel at distance d from the centre takes the value at d / factor, the nearest pixel's beyond the edge."""
    channels = images.shape[3]
    rows, columns = (_interpolation(side, factors) for side in images.shape[1:3])
    height, width = images.shape[1:3]
    images = tf.matmul(rows, tf.reshape(images, (-1, height, width * channels)))
    images = tf.transpose(tf.reshape(images, (-1, height, width, channels)), (0, 2, 1, 3))
    images = tf.matmul(columns, tf.reshape(images, (-1, width, height * channels)))
    return tf.transpose(tf.reshape(images, (-1, width, height, channels)), (0, 2, 1, 3))


def _interpolation(side, factors):
    """(N, side, side) weights of linear interpolation along a side."""
    pixels = np.arange(side, dtype=np.float32)
    centre = np.float32((side - 1) / 2)
    positions = tf.clip_by_value(centre + (pixels - centre) / factors[:, None], 0.0, side - 1.0)
    return tf.nn.relu(1.0 - tf.abs(positions[:, :, None] - pixels))
