"""Account of a run over a catalogue, ``run.json``: settings, versions, and how the images' files were.

A run that goes on must be the one that was begun: the same settings, and files of the same size and time.
"""

import hashlib
import json
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..data.path_tables import is_fits_table, is_table, is_table_path, path_rows, read_table
from ..io.files import check_format, plain_data, read_json, to_json, write_whole
from ..io.provenance import versions

__all__ = ["begin_run", "has_checksums", "new_run", "read_run", "settings_hash"]

_FILE = "run.json"
_FORMAT_VERSION = 2
# The first whose shards have checksums.
_WITH_CHECKSUMS = 2
_THREADS = 16


def new_run(settings, sizes, images, names):
    """What ``run.json`` of a new run holds.

    Parameters
    ----------
    settings : dict
        All that the catalogue depends on, as plain data.
    sizes : dict
        Of the batches.
    images : path, table, list or array
    names : list of str
        Of the images.

    Returns
    -------
    run : dict
    files : list of str
        That the images are read from: one for each image, or those that hold all.
    """
    files = _files(images, names)
    return {
        "format_version": _FORMAT_VERSION,
        "settings": settings,
        "sizes": sizes,
        "versions": versions(),
        "sources": _stamps(files, settings["rows_per_shard"]),
    }, files


def read_run(output):
    """Read ``run.json`` of a catalogue; None if there is none.

    Raises
    ------
    ValueError
        If it is damaged, or of a newer format.
    """
    path = Path(output) / _FILE
    if not path.is_file():
        return None
    run = read_json(path)
    version = run.get("format_version") if isinstance(run, dict) else None
    check_format(version, _FORMAT_VERSION, path, "the settings of a catalogue")
    missing = [key for key in ("settings", "sizes") if not isinstance(run.get(key), dict)]
    if missing:
        raise ValueError(f"{path}: without {', '.join(missing)}; the file is damaged, choose another folder")
    return run


def has_checksums(run):
    """Whether all shards of a run have checksums; those that an earlier version wrote have none."""
    return run["format_version"] >= _WITH_CHECKSUMS


def settings_hash(run):
    """Hash (sha256) of what a run's shards depend on; not of the model's path, whose own hash is among it."""
    settings = {key: value for key, value in run["settings"].items() if key != "model"}
    text = json.dumps([settings, run["sizes"]], sort_keys=True, default=plain_data)
    return hashlib.sha256(text.encode()).hexdigest()


def begin_run(output, run, files, kept):
    """Check a run against what its folder holds, or write ``run.json``; remove what a killed run left half done.

    Returns
    -------
    dict
        What ``run.json`` holds.

    Raises
    ------
    ValueError
        If the folder holds a run with other settings, or files of the images were replaced since it began, by name.
    """
    if kept is not None:
        _check_settings(output, run, kept)
        _check_sources(output, run, files, kept)
        _compare_versions(output, run, kept)
    else:
        if any(output.glob("shard-*.parquet")):
            raise ValueError(f"{output}: holds shards without a run.json; choose another folder or empty this one")
        write_whole(output / _FILE, to_json(run))
    for leftover in output.glob(".shard-*.part*"):
        leftover.unlink()
    return kept or run


def _check_settings(output, run, kept):
    old, new = kept["settings"], json.loads(to_json(run["settings"]))
    differing = [
        f"{key} was {old.get(key)!r}, now {new.get(key)!r}"
        for key in old | new
        if old.get(key) != new.get(key) and key != "model"
    ]  # its hash is compared, not its path
    if kept["sizes"] != run["sizes"]:
        differing.append(f"batch sizes were {kept['sizes']}, now {run['sizes']}")
    if differing:
        raise ValueError(
            f"{output}: holds a run with other settings: {'; '.join(differing)}. Repeat those, or choose another folder"
        )


def _check_sources(output, run, files, kept):
    size = run["settings"]["rows_per_shard"]
    for part, (then, now) in enumerate(zip(kept.get("sources", run["sources"]), run["sources"], strict=True)):
        if then != now:
            changed = max(files[part * size : (part + 1) * size], key=_time)
            raise ValueError(
                f"{output}: files of the images have another size or time than when the run was begun, the newest is "
                f"{changed}; the catalogue would be of two kinds of images. Choose another folder"
            )


def _compare_versions(output, run, kept):
    then, now = kept.get("versions", run["versions"]), run["versions"]
    changed = [
        f"{name} {then.get(name)} then, {now.get(name)} now" for name in then | now if then.get(name) != now[name]
    ]
    if changed:
        warnings.warn(
            f"{output}: begun with other versions ({', '.join(changed)}); the last digits may differ between shards",
            stacklevel=4,
        )


def _files(images, names):
    if isinstance(images, str | os.PathLike) and Path(images).is_file():
        path = Path(images)
        if not (is_table_path(path) or is_fits_table(path)):
            return [str(path)]
        return [_beside(path.parent, file) for file in path_rows(read_table(path)).paths]
    if isinstance(images, str | os.PathLike) and (Path(images) / "dataset.json").is_file():
        return sorted(str(path) for path in Path(images).glob("*/*") if path.is_file())
    if is_table(images):
        return path_rows(images).paths
    is_of_paths = isinstance(images, str | os.PathLike) or (
        isinstance(images, list | tuple) and all(isinstance(item, str | os.PathLike) for item in images)
    )
    return names if is_of_paths else []


def _beside(folder, file):
    return str(folder / file) if (folder / file).exists() else file


def _stamps(files, size):
    """Hash of the sizes and times of the files of each shard."""
    parts = [files[first : first + size] for first in range(0, len(files), size)]
    with ThreadPoolExecutor(_THREADS) as pool:  # most of it is waiting for the disk
        return list(pool.map(_stamp, parts))


def _stamp(files):
    digest = hashlib.sha256()
    for file in files:
        try:
            found = os.stat(file)
            digest.update(f"{found.st_size} {found.st_mtime_ns}\n".encode())
        except (OSError, ValueError):  # not there, or a name with an extension
            digest.update(b"none\n")
    return digest.hexdigest()[:16]


def _time(file):
    return os.stat(file).st_mtime_ns if os.path.exists(file) else 0
