"""Small files of weights, by rounding and compression."""

import tempfile
import zipfile
from pathlib import Path

import keras
import numpy as np

__all__ = ["round_weights", "write_compressed"]


def round_weights(network: keras.Model, n_bits: int = 10) -> None:
    """Round the weights to a mantissa of `n_bits` bits, as float16 has 10, which halves the size of their files.

    Parameters
    ----------
    network : keras.Model
        Changed in place; exponents keep their range.
    n_bits : int
        The relative error is at most 2^−(n_bits + 1).
    """
    rounded = []
    for weight in network.get_weights():
        mantissa, exponent = np.frexp(weight)
        scale = 2.0 ** (n_bits + 1)
        rounded.append(np.ldexp(np.round(mantissa * scale) / scale, exponent).astype(weight.dtype))
    network.set_weights(rounded)


def write_compressed(network: keras.Model, path: Path) -> None:
    """Write a ``.keras`` file that is compressed, which Keras's own is not.

    Time stamps stay out of it, so that equal networks make equal files.
    """
    with tempfile.TemporaryDirectory() as scratch:
        stored = Path(scratch) / "stored.keras"
        network.save(stored)
        with zipfile.ZipFile(stored) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
            for entry in sorted(old.namelist()):
                new.writestr(zipfile.ZipInfo(entry), old.read(entry), zipfile.ZIP_DEFLATED, 9)
