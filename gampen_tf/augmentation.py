"""More galaxies out of those there are: turned, mirrored and shifted images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf

__all__ = ["Augmentation"]

# Parameters that change when the frame is turned or mirrored, or when the galaxy is moved in it.
_ORIENTED = ("position_angle", "x", "y")


@dataclass(frozen=True)
class Augmentation:
    """Random mirror images, quarter turns and shifts of a batch, another for each image.

    Parameters
    ----------
    turns : bool
        One of the eight symmetries of the square (of the four of the rectangle where images are not square).
    max_shift : int
        Whole pixels, uniform in ±max_shift on both axes; what comes into the frame is its mirror image at the edge.

    Notes
    -----
    Only for parameters that do not change with it: see :meth:`for_parameters`.
    """

    turns: bool = True
    max_shift: int = 0

    @classmethod
    def for_parameters(cls, names: Sequence[str], max_shift: int = 0) -> Augmentation:
        """The augmentation that leaves these parameters as they are: none where one of them has a direction."""
        oriented = any(name in _ORIENTED for name in names)
        return cls(turns=not oriented, max_shift=0 if oriented else max_shift)

    def __call__(self, tensors, seed):
        """Augment a batch.

        Parameters
        ----------
        tensors : tuple of tensors
            Those of shape (B, H, W, C) are turned, all of an image alike; others are left alone.  Shifts move the
            first one only: a PSF stays where it is.
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
        return tensors


def _turned(images, choices):
    # Only reversals of rows and transpositions: reversing columns takes TensorFlow ten times as long.  Between two
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
