"""Cutouts as a model's spatial transformer crops them.

>>> gampen_tf.crop("cutouts/*.fits", "crops", model="hsc_wide_g")

The network looks at a crop that it resampled. What is written here are the original pixels of the same part of the
sky, not resampled, with the coordinates of the image they come from.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from astropy.io import fits
from astropy.table import Table
from tqdm import tqdm

from .._version import __version__
from ..core.flags import Flag
from ..data.image_spec import centre_start
from ..io.files import whole_file
from ..io.tables import check_table_path, write_table
from ..models.combination import as_model
from ..networks.parts import localisation
from .batches import open_cutouts, raw_batches

if TYPE_CHECKING:
    from astropy.units import UnitBase

    from ..data.dialects import HeaderDialect
    from ..io.files import PathLike
    from ..models.combination import ModelLike

__all__ = ["crop", "crop_box"]

_LISTING = "crops.ecsv"
# Of the file's layout, or of pixels as they were stored there.
_FOREIGN_KEYWORDS = ("BSCALE", "BZERO", "BLANK", "CHECKSUM", "DATASUM", "EXTNAME", "EXTVER", "INHERIT")


def crop(
    images: Any,
    output: PathLike,
    *,
    model: ModelLike = "hsc_wide_g",
    pixel_scale: float | None = None,
    unit: str | UnitBase | None = None,
    zero_point: float | None = None,
    pad: bool = False,
    dialect: str | HeaderDialect | None = None,
    band: str | None = None,
    bands: str | Sequence[str] | None = None,
    batch_size: int = 64,
    overwrite: bool = False,
    progress_bar: bool = True,
) -> Table:
    """Write each image as the model's network crops it, a FITS file each.

    The crop holds the pixels whose centres lie in the part of the frame that the spatial transformer samples, with
    dropout off, in the image's own unit. Its header is the image's, with ``CRPIX`` (and ``LTV``) shifted, and with
    ``PIXSCALE`` (arcsec), ``STNSCALE`` (side of the sampled part over that of the frame) and ``STNMODEL``.

    Parameters
    ----------
    images : array, path, list, table, ...
        As for `gampen_tf.predict`.
    output : path
        Folder; made if it is not there.
    model : str, path or Model, optional
    pixel_scale, unit, zero_point, pad, dialect, band, bands : optional
        As for `gampen_tf.predict`.
    batch_size : int, optional
        Images of one call.
    overwrite : bool, optional
        Replace crops that are there.
    progress_bar : bool, optional

    Returns
    -------
    astropy.table.Table
        A row an image, also in ``crops.ecsv`` in the folder: ``image``; ``file`` (empty if none could be written);
        ``scale``; ``x_start``, ``y_start``, the first pixel in the image, from 0; ``width``, ``height``; ``flags``;
        ``reason``.

    Raises
    ------
    ValueError
        If the network has no spatial transformer, or all images are wrong in unit or pixel scale.
    FileExistsError
        If crops are there.
    """
    model = as_model(model)
    localise = localisation(model.network)
    cutouts = open_cutouts(
        images,
        model,
        pixel_scale=pixel_scale,
        unit=unit,
        zero_point=zero_point,
        pad=pad,
        dialect=dialect,
        band=band,
        bands=bands,
    )
    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    check_table_path(output / _LISTING, overwrite=overwrite)
    files = _file_names(cutouts.names)
    rows: list[dict] = []
    with tqdm(total=len(cutouts), unit="image", disable=not progress_bar) as bar:
        for batch in raw_batches(cutouts, size=batch_size):
            for hdu, row in _crops(batch, cutouts.conversion, model, localise):
                file = files[len(rows)] if hdu is not None else ""
                if hdu is not None:
                    if not overwrite and (output / file).exists():
                        raise FileExistsError(f"{output / file}: is there already; give overwrite=True to replace it")
                    with whole_file(output / file) as scratch:
                        hdu.writeto(scratch)
                rows.append({"image": cutouts.names[len(rows)], "file": file, **row})
            bar.update(len(batch.flags))
    table = Table(rows=rows)
    table.meta.update(model=model.name, gampen_tf=__version__, listing=str(output / _LISTING))
    write_table(table, output / _LISTING, overwrite=overwrite)
    return table


def crop_box(transform, frame):
    """Pixels of the frame whose centres lie in the part that the spatial transformer samples.

    Parameters
    ----------
    transform : (1,), (3,) or (6,) array
        Of the layer: s; (s, t_x, t_y); or the rows of a 2 × 3 matrix. Source = matrix · (x, y, 1) in
        coordinates that run from −1 to 1; of a turned or sheared part, the box around it is meant.
    frame : (int, int)
        Height and width.

    Returns
    -------
    rows, columns : slice
        Inside the frame; without pixels where the part lies outside.
    """
    matrix = _matrix(np.asarray(transform, np.float64))
    reach = np.abs(matrix[:, :2]).sum(1)  # half the box, in units of half the frame
    slices = []
    for half, shift, size in zip(reach[::-1], matrix[::-1, 2], frame, strict=True):
        centre = (size - 1) / 2 * (1 + shift)
        first, last = math.ceil(centre - half * size / 2), math.floor(centre + half * size / 2)
        if last < first:  # narrower than a pixel, between two centres
            first = last = round(centre)
        slices.append(slice(min(max(first, 0), size), max(min(last + 1, size), 0)))
    return tuple(slices)


def _matrix(transform):
    if transform.size == 1:
        return np.array([[transform[0], 0, 0], [0, transform[0], 0]])
    if transform.size == 3:
        return np.array([[transform[0], 0, transform[1]], [0, transform[0], transform[2]]])
    return transform.reshape(2, 3)


def _crops(batch, conversion, model, localise):
    """(HDU or None, row of the listing) for each image."""
    found = [
        (None, _row(flags=int(flag), reason=reason))
        for flag, reason in zip(batch.flags.bits, batch.flags.reasons, strict=True)
    ]
    good = np.flatnonzero(batch.flags.measurable)
    if good.size:
        transform = keras.ops.convert_to_numpy(localise(model.prepare(batch.images[good]), training=False))
        for index, values in zip(good, transform.astype(np.float64).reshape(good.size, -1), strict=True):
            found[index] = _one_crop(batch.raws[index], conversion, model.name, values, int(batch.flags.bits[index]))
    return found


def _one_crop(raw, conversion, model_name, transform, flag):
    height, width = conversion.spec.image_shape[:2]
    scale = math.sqrt(abs(np.linalg.det(_matrix(transform)[:, :2]))) if np.isfinite(transform).all() else math.nan
    boxes = crop_box(transform, (height, width)) if math.isfinite(scale) else ()
    parts = []
    for box, size, frame_size in zip(boxes, raw.data.shape[:2], (height, width), strict=False):
        start = centre_start(size, frame_size)  # of the frame in the data; negative where padded
        parts.append(slice(max(box.start + start, 0), max(min(box.stop + start, size), 0)))
    if not parts or any(part.stop <= part.start for part in parts):
        return None, _row(
            scale=scale, flags=flag | int(Flag.NOT_MEASURED), reason="the network crops a part outside the image"
        )
    data = raw.data[parts[0], parts[1]]
    y_start, x_start = (origin + part.start for origin, part in zip(raw.origin or (0, 0), parts, strict=True))
    header = _header(raw, conversion, x_start, y_start)
    header["PIXSCALE"] = (_pixel_scale(raw, conversion), "arcsec a pixel")
    header["STNSCALE"] = (scale, "side of the crop / side of the frame")
    header["STNMODEL"] = _plain(model_name)
    hdu = fits.PrimaryHDU(data[..., 0] if data.shape[2] == 1 else np.moveaxis(data, -1, 0), header)
    return hdu, _row(scale, x_start, y_start, data.shape[1], data.shape[0], flag)


def _row(scale=math.nan, x_start=-1, y_start=-1, width=0, height=0, flags=0, reason=""):
    return {
        "scale": scale,
        "x_start": x_start,
        "y_start": y_start,
        "width": width,
        "height": height,
        "flags": flags,
        "reason": reason,
    }


def _pixel_scale(raw, conversion):
    if conversion.pixel_scale is not None:
        return conversion.pixel_scale
    return (
        conversion.spec.pixel_scale if raw.pixel_scale is None else math.sqrt(raw.pixel_scale[0] * raw.pixel_scale[1])
    )


def _header(raw, conversion, x_start, y_start):
    """The image's header for a part of it that starts at a pixel (from 0), with all that is known of the pixels."""
    header = fits.Header() if raw.header is None else fits.Header(raw.header, copy=True)
    header.strip()
    for keyword in _FOREIGN_KEYWORDS:
        header.remove(keyword, ignore_missing=True, remove_all=True)
    for axis, start in ((1, x_start), (2, y_start)):
        for keyword in [key for key in header if re.fullmatch(rf"CRPIX{axis}[A-Z]?", key)]:
            header[keyword] -= start
        header[f"LTV{axis}"] = header.get(f"LTV{axis}", 0.0) - start
    # What was found of the pixels' unit, wherever it stood: another header of the file, an object, an argument.
    header.remove("FLUXMAG0", ignore_missing=True)
    header["MAGZERO"] = (conversion.source_zero_point(raw), "AB magnitude of one pixel unit")
    unit = conversion.unit
    if unit is None and conversion.zero_point is None:
        unit = raw.unit or (conversion.spec.pixel_unit if raw.zero_point is None else None)
    header.remove("BUNIT", ignore_missing=True)
    if unit is not None:
        header["BUNIT"] = unit
    return header


def _file_names(names):
    """A file for each image: its own name where that is unique, else with its number."""
    stems = [
        re.sub(r"[^\w.+-]+", "_", re.sub(r"\.(fits|fit|fts)(\.\w+)?(?=\[|$)", "", Path(name).name)).strip("_")
        for name in map(str, names)
    ]
    count = Counter(stems)
    return [
        f"{stem}_crop.fits" if count[stem] == 1 else f"{stem}_{number}_crop.fits" for number, stem in enumerate(stems)
    ]


def _plain(text):
    return str(text).encode("ascii", "replace").decode()
