"""Tables of functions, read by linear interpolation in float32."""

import numpy as np

__all__ = ["LogTable"]


class LogTable:
    """A function of a positive variable, tabled on a grid uniform in the variable's logarithm.

    Parameters
    ----------
    lowest, highest : float
        Logarithms of the variable at the ends of the grid; beyond an end the function has its value there.
    values : (N + 1,) array
        The function on the grid.
    """

    def __init__(self, lowest, highest, values):
        self._lowest, self._n_steps = lowest, len(values) - 1
        self._steps_per_log = self._n_steps / (highest - lowest)
        self._values = np.asarray(values, dtype=np.float32)
        self._steps = np.append(np.diff(self._values), np.float32(0))

    def __call__(self, variable):
        """Values of the function; ``variable``, a float32 array, is overwritten."""
        position = variable
        np.maximum(position, np.float32(np.exp(self._lowest)), out=position)
        np.log(position, out=position)
        position -= np.float32(self._lowest)
        position *= np.float32(self._steps_per_log)
        np.clip(position, 0, self._n_steps, out=position)
        cell = position.astype(np.int32)
        position -= cell
        position *= self._steps[cell]
        position += self._values[cell]
        return position
