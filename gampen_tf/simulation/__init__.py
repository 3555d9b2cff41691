"""From a data recipe to drawn galaxies: parameters, images, a data set on disk."""

from gampen_tf.simulation.images import draw
from gampen_tf.simulation.run import simulate

__all__ = ["draw", "simulate"]
