"""Images in HDF5 files."""

from __future__ import annotations

from .image_spec import ImageSpec
from .sources import StackSource, oriented

__all__ = ["hdf5_stack", "is_hdf5_path", "open_hdf5"]

_SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5")


def is_hdf5_path(path) -> bool:
    """Whether a file's name is that of an HDF5 file."""
    return str(path).lower().endswith(_SUFFIXES)


def open_hdf5(path, name: str | int | None, spec: ImageSpec) -> StackSource:
    """Images of a file's dataset of that name; of "images", or the only one with three or four axes, if None.

    Raises
    ------
    ValueError
        If there is no such dataset, listing those that there are.
    """
    import h5py

    with h5py.File(path, "r") as file:
        if name is None:
            found = []
            file.visititems(lambda key, item: found.append(key) if getattr(item, "ndim", 0) in (3, 4) else None)
            name = "images" if "images" in found else found[0] if len(found) == 1 else None
            if name is None:
                raise ValueError(
                    f"{path}: expected one dataset of images (N, H, W[, C]) or one named 'images'; "
                    f"found {', '.join(found) or 'none'}. Choose one as {path}[NAME]."
                )
        elif str(name) not in file:
            raise ValueError(f"{path}: no dataset {name!r}; there are {', '.join(file)}")
    name = str(name)

    def get(start, stop):
        # Opened for each read: a handle kept open would not survive a fork or the removal of the file.
        with h5py.File(path, "r") as file:
            return file[name][start:stop]

    with h5py.File(path, "r") as file:
        return hdf5_stack(file[name], get, spec, path)


def hdf5_stack(dataset, get, spec: ImageSpec, where) -> StackSource:
    """Images of a dataset, with unit, zero point and pixel scale from its attributes or those of its file.

    Parameters
    ----------
    dataset : h5py.Dataset
        Open now.
    get : callable
        ``get(start, stop)`` reads rows later.
    spec : ImageSpec
    where : path or str
        For messages.
    """
    if dataset.ndim not in (2, 3, 4):
        raise ValueError(f"{where}: dataset of shape {dataset.shape}; expected (N, H, W) or (N, H, W, C)")
    attributes = {}
    for holder in (dataset.file, dataset):
        attributes.update({key.lower(): value for key, value in holder.attrs.items()})
    unit = _first(attributes, "unit", "units", "pixel_unit", "bunit")
    zero_point = _first(attributes, "zero_point", "magzero")
    scale = _first(attributes, "pixel_scale", "pixscale")
    known = {
        "unit": unit.decode() if isinstance(unit, bytes) else unit if unit is None else str(unit),
        "zero_point": None if zero_point is None else float(zero_point),
        "pixel_scale": None if scale is None else (float(scale), float(scale)),
        "has_header": False,
    }
    if dataset.ndim == 2 or dataset.shape == spec.image_shape:
        return StackSource(lambda start, stop: oriented(get(None, None), spec)[None][start:stop], 1, **known)
    return StackSource(get, len(dataset), **known)


def _first(attributes, *names):
    return next((attributes[name] for name in names if name in attributes), None)
