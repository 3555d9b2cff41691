"""Checkpoints of a training run: one file, written in one step, from which a run goes on bit for bit.

A checkpoint holds every variable that a step reads or writes (weights, running means, seeds of random layers, the
optimiser's moments and its count of steps), the path of each, by which a file of another network is found out, and a
small JSON record (epoch, history). It is a NumPy archive without pickles.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from ..io.files import to_json, write_whole

__all__ = ["Checkpoint", "RunFiles", "read_checkpoint", "write_checkpoint"]

# Settings of runs that were begun under other names of them.
_FORMER_NAMES = {"loss": "reduction", "labels": "label_scaling"}
_FORMER_PRECISION = {"mixed_bfloat16": "bfloat16"}
# generative models had turns or none
_FORMER_AUGMENT: dict[bool, dict[str, Any] | None] = {
    True: {"turns": True, "max_shift": 0, "zoom": None, "laws": []},
    False: None,
}


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

    def write_best(self, paths, arrays, epoch):
        """Keep the weights of the best epoch so far."""
        write_checkpoint(self.directory / "best.npz", Checkpoint(paths, arrays, {"epoch": epoch}))

    def write_last(self, paths, arrays, history):
        """Keep the whole state after an epoch, and log it."""
        write_whole(self.directory / "log.csv", lambda file: file.write(_table(history).encode()))
        record = {"settings": self._settings, "history": history}
        write_checkpoint(self.directory / "last.npz", Checkpoint(paths, arrays, record))
        if self._board is not None:
            self._write_summary(history[-1])

    def _write_summary(self, entry):
        import tensorflow as tf

        # what tf.summary.scalar writes, which needs the tensorboard package
        scalar = tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": "scalars"}, data_class="DATA_CLASS_SCALAR")
        with self._board.as_default(step=entry["epoch"]):
            for key, value in entry.items():
                if key != "epoch" and value is not None:
                    tf.summary.write(key, tf.constant(value, tf.float32), metadata=scalar)
        self._board.flush()

    def read(self, paths):
        """Read (arrays of the last epoch, history, arrays of the best epoch); None without a checkpoint.

        Parameters
        ----------
        paths : list of str
            Of the variables that the arrays are for, those of the network first.

        Raises
        ------
        ValueError
            If the run had other settings, the arrays are of other variables, or one of the two files is missing.
        """
        path = self.directory / "last.npz"
        if not path.is_file():
            return None
        last = read_checkpoint(path)
        before, now = _in_todays_words(last.record["settings"]), self._settings
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
        _check_paths(path, last.paths, paths)
        path = self.directory / "best.npz"
        if not path.is_file():  # it is written before the other
            raise ValueError(
                f"{path}: not there, beside a last.npz of the same run; copy it too, or give resume=False to begin anew"
            )
        best = read_checkpoint(path)
        _check_paths(path, best.paths, paths[: len(best.arrays)])
        return last.arrays, last.record["history"], best.arrays


@dataclass
class Checkpoint:
    """The content of a checkpoint.

    Parameters
    ----------
    paths : list of str or None
        Of the variable that each array is of; None in files that were written without.
    arrays : list of arrays
    record : dict
        Plain data.
    """

    paths: list[str] | None
    arrays: list[np.ndarray]
    record: dict


def write_checkpoint(path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in one step: a stop at any time leaves the old file or the new one."""
    entries: dict[str, Any] = {f"{i:05d}": array for i, array in enumerate(checkpoint.arrays)}
    for name in ("paths", "record"):
        entries[name] = np.frombuffer(json.dumps(getattr(checkpoint, name)).encode(), np.uint8)
    write_whole(path, lambda file: np.savez(file, **entries))


def read_checkpoint(path) -> Checkpoint:
    """Read a checkpoint.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as entries:
            paths = json.loads(entries["paths"].tobytes()) if "paths" in entries.files else None
            arrays = [entries[key] for key in sorted(entries.files) if key.isdigit()]
            return Checkpoint(paths, arrays, json.loads(entries["record"].tobytes()))
    except Exception as error:  # a changed byte makes zip, zlib, NumPy and JSON raise errors of many kinds
        raise ValueError(f"{path}: not a readable checkpoint ({error}); delete it to begin anew") from error


def _check_paths(path, kept, paths):
    for was, now in zip_longest(paths if kept is None else kept, paths):
        if was is None or now is None or _without_numbers(was) != _without_numbers(now):
            raise ValueError(
                f"{path} is of another network: variable {was or 'none'} is in the place of {now or 'none'}; give "
                "another output directory, or resume=False to begin anew"
            )


def _without_numbers(path):
    # Keras numbers what has no name of its own by how much of its kind was made in the process
    return re.sub(r"_\d+(?=[/_]|$)", "", path)


def _in_todays_words(settings):
    settings = {_FORMER_NAMES.get(key, key): value for key, value in settings.items()}
    if "precision" in settings:
        settings["precision"] = _FORMER_PRECISION.get(settings["precision"], settings["precision"])
    if isinstance(settings.get("augment"), bool):
        settings["augment"] = _FORMER_AUGMENT[settings["augment"]]
    return settings


def _table(history):
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue()
