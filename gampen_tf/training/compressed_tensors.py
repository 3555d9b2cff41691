"""Rows of tensors, images in half the memory: what is kept of a network's front."""

import os
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from ..io.files import read_json, to_json, write_whole

__all__ = ["CompressedTensors", "StoredTensors"]

_LARGEST_SHARE = 1 / 3  # of the machine's memory
_ROWS_A_RECORD = 4096  # a run that was stopped loses no more than so many


class CompressedTensors:
    """Rows of tensors, images among them in half the memory.

    Images are kept as float16, each divided by a power of two of its own that brings its pixels into float16's
    range: to 11 bits a pixel, rounded independently. Tensors of fewer than four dimensions keep float32.

    Parameters
    ----------
    n_rows : int
    shapes : list of tuple
        Of one row of each tensor.
    directory : path, optional
        Where they take more than a third of the machine's memory they are kept in nameless files there, or among the
        system's own temporary files: the operating system reads what is needed and frees the space in the end.
    """

    def __init__(self, n_rows, shapes, directory=None):
        dtypes = [_dtype(shape) for shape in shapes]
        row_bytes = sum(dtype.itemsize * int(np.prod(shape)) for shape, dtype in zip(shapes, dtypes, strict=True))
        in_memory = n_rows * row_bytes <= _LARGEST_SHARE * _memory_bytes()
        new = _aligned if in_memory else partial(_nameless_file, directory or tempfile.gettempdir())
        self.values = [new((n_rows, *shape), dtype) for shape, dtype in zip(shapes, dtypes, strict=True)]
        self.scales = [np.ones(n_rows, np.float32) for _ in shapes]

    def write(self, rows, tensors):
        """Keep `tensors` as the rows of the slice `rows`."""
        for values, scales, tensor in zip(self.values, self.scales, tensors, strict=True):
            if values.dtype == np.float16:
                peak = np.max(np.abs(tensor), axis=(1, 2, 3))
                scales[rows] = np.exp2(np.ceil(np.log2(np.maximum(peak, 1e-30) / 32768.0)).clip(-20, 100))
                tensor = tensor / scales[rows, None, None, None]
            values[rows] = tensor

    def read(self, number, rows):
        """Rows of tensor `number`: float32."""
        values = np.asarray(self.values[number][rows], np.float32)
        return values * self.scales[number][rows].reshape(-1, *[1] * (values.ndim - 1))


class StoredTensors(CompressedTensors):
    """The same in a folder that stays, for rows that take long to compute: a run that was stopped goes on there.

    Parameters
    ----------
    n_rows, shapes
        As for `CompressedTensors`.
    folder : path
    of : str
        What the rows are. A folder with rows of something else is begun anew.

    Attributes
    ----------
    n_written : int
        Rows that are there, from the first.
    """

    def __init__(self, n_rows, shapes, folder, of):
        self._folder, self._of = Path(folder), {"of": of, "rows": n_rows, "shapes": [list(shape) for shape in shapes]}
        self._folder.mkdir(parents=True, exist_ok=True)
        self.n_written = self._there()
        dtypes = [_dtype(shape) for shape in shapes]
        self.values = [
            self._file(f"{i}.bin", (n_rows, *shape), dtype)
            for i, (shape, dtype) in enumerate(zip(shapes, dtypes, strict=True))
        ]
        self.scales = [self._file(f"{i}.scales.bin", (n_rows,), np.dtype(np.float32)) for i in range(len(shapes))]
        if not self.n_written:
            for scales in self.scales:
                scales[:] = 1.0

    def write(self, rows, tensors):
        super().write(rows, tensors)
        if rows.stop >= self.n_written + _ROWS_A_RECORD or rows.stop == self._of["rows"]:
            for array in (*self.values, *self.scales):
                array.flush()
            self.n_written = rows.stop
            self._write_record(rows.stop)

    def _there(self):
        try:
            record = read_json(self._folder / "rows.json")
        except (OSError, ValueError):
            record = {}
        if all(record.get(key) == value for key, value in self._of.items()):
            return int(record["written"])
        self._write_record(0)
        return 0

    def _write_record(self, written):
        text = to_json({**self._of, "written": written}).encode()
        write_whole(self._folder / "rows.json", lambda file: file.write(text))

    def _file(self, name, shape, dtype):
        path, n_bytes = self._folder / name, int(np.prod(shape)) * dtype.itemsize
        if not (path.is_file() and path.stat().st_size == n_bytes):
            self.n_written = 0
            with open(path, "wb") as file:
                _reserve(file, n_bytes)
        return np.memmap(path, dtype, "r+", shape=shape)


def _aligned(shape, dtype):
    # at a multiple of 64 bytes, so that TensorFlow can use it without a copy
    n_bytes = int(np.prod(shape)) * dtype.itemsize
    raw = np.empty(n_bytes + 64, np.uint8)
    first = -raw.ctypes.data % 64
    return raw[first : first + n_bytes].view(dtype).reshape(shape)


def _nameless_file(directory, shape, dtype):
    n_bytes = int(np.prod(shape)) * dtype.itemsize
    with tempfile.TemporaryFile(dir=directory) as file:
        _reserve(file, n_bytes)
        return np.memmap(file, dtype, "r+", shape=shape)


def _memory_bytes():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _reserve(file, n_bytes):
    file.truncate(n_bytes)
    if hasattr(os, "posix_fallocate"):
        # a full disk is an error here rather than a crash when the pages are written
        os.posix_fallocate(file.fileno(), 0, n_bytes)


def _dtype(shape):
    return np.dtype(np.float16 if len(shape) == 3 else np.float32)
