"""The state of a training run on disk: one file, written in one step, from which a run goes on bit for bit.

A checkpoint holds every variable that a step reads or writes (weights, running means, seeds of random layers, the
optimiser's moments and its count of steps) and a small JSON record (epoch, history).  It is a NumPy archive without
pickles.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import numpy as np

from ..io.files import to_json, write_whole

__all__ = ["RunFiles", "read_checkpoint", "write_checkpoint"]

_RECORD = "record"


class RunFiles:
    """The files of a run: ``last.npz``, ``best.npz``, ``log.csv`` and, if asked for, ``tensorboard``.

    Parameters
    ----------
    directory : path
    settings : dict
        What the run depends on, as plain data.
    tensorboard : bool
    """

    def __init__(self, directory, settings, *, tensorboard=False):
        self.directory = Path(directory)
        # as they are read back: tuples have become lists
        self._settings = json.loads(to_json(settings))
        self._board = None
        if tensorboard:
            import tensorflow as tf

            self._board = tf.summary.create_file_writer(str(self.directory / "tensorboard"))

    def write_best(self, arrays, epoch):
        """Keep the weights of the best epoch so far."""
        write_checkpoint(self.directory / "best.npz", arrays, {"epoch": epoch})

    def write_last(self, arrays, history):
        """Keep the whole state after an epoch, and log it."""
        write_whole(self.directory / "log.csv", lambda file: file.write(_table(history).encode()))
        write_checkpoint(self.directory / "last.npz", arrays, {"settings": self._settings, "history": history})
        if self._board is not None:
            self._write_summary(history[-1])

    def _write_summary(self, entry):
        import tensorflow as tf

        # what tf.summary.scalar writes, which asks for the tensorboard package to be there
        scalar = tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": "scalars"}, data_class="DATA_CLASS_SCALAR")
        with self._board.as_default(step=entry["epoch"]):
            for key, value in entry.items():
                if key != "epoch" and value is not None:
                    tf.summary.write(key, tf.constant(value, tf.float32), metadata=scalar)
        self._board.flush()

    def read(self):
        """(arrays of the last epoch, history, arrays of the best epoch or None); None where nothing was kept.

        Raises
        ------
        ValueError
            If the run had other settings.
        """
        path = self.directory / "last.npz"
        if not path.is_file():
            return None
        arrays, record = read_checkpoint(path)
        before, now = record["settings"], self._settings
        changes = [
            f"{key}: {before.get(key)} then, {now.get(key)} now"
            for key in {**before, **now}
            if before.get(key) != now.get(key)
        ]
        if changes:
            raise ValueError(
                f"{path} is of a run with other settings ({', '.join(changes)}); give another output directory, the "
                "old settings, or resume=False to begin anew"
            )
        best = self.directory / "best.npz"
        return arrays, record["history"], read_checkpoint(best)[0] if best.is_file() else None


def write_checkpoint(path, arrays, record):
    """Write arrays and a record; a stop at any time leaves the old file or the new one.

    Parameters
    ----------
    path : path
    arrays : list of arrays
    record : dict
        Plain data.
    """
    entries = {f"{i:05d}": array for i, array in enumerate(arrays)}
    entries[_RECORD] = np.frombuffer(json.dumps(record).encode(), np.uint8)
    write_whole(path, lambda file: np.savez(file, **entries))


def read_checkpoint(path):
    """The arrays and the record of a checkpoint.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as entries:
            record = json.loads(entries[_RECORD].tobytes())
            return [entries[f"{i:05d}"] for i in range(len(entries.files) - 1)], record
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: not a readable checkpoint ({error}); delete it to begin anew") from error


def _table(history):
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue()
