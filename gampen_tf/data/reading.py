"""A user's images, checked and converted to the frame and unit of a model, with flags.

>>> spec = ImageSpec((239, 239, 1), 0.168)
>>> cutouts = read_cutouts("cutouts/*.fits", spec)
>>> for images, flags, reasons in cutouts.batches(256):
...     ...

What is read
    Arrays (H, W), (N, H, W), (N, H, W, C), also with an astropy unit or a mask; the path of a FITS file (gzipped and
    tile-compressed ones too; ``path[EXT]`` chooses an HDU, ``path[*]`` takes each), of an HDF5 file
    (``path[dataset]``), of a table of paths (CSV, ECSV, Parquet, FITS), of a folder of FITS files or of a simulated
    data set; a glob; a list of paths or of images; an astropy Table or pandas DataFrame with a column of paths;
    CCDData, NDData, Cutout2D, HDUs; an open HDF5 dataset; a ``tf.data.Dataset`` of images; any object that follows
    :class:`ImageSource`, and whatever a :func:`reader` of yours recognises. Nothing is read before its batch is due.

Units
    The flux unit comes from ``BUNIT``, the zero point from ``FLUXMAG0``, ``MAGZERO`` and others (see
    :class:`HeaderDialect`), or both from the arguments, which win. Pixels become
    ``pixels · 10^(0.4 (z_model − z_image))``, z the AB magnitude of one unit. Where a header contradicts itself, or
    holds neither, the image is refused. Arrays, and objects without a header, are taken to be in the model's unit and
    pixel scale unless an argument gives others.

What stands beside an image in its FITS file
    Extensions with a mask, a variance (or its root or inverse) or a weight are known by the names that
    :class:`HeaderDialect` lists for each survey. Bad and saturated pixels count as below; pixels without weight are
    bad. The variance gives the noise to models that take it. An extension that a model cannot use is no error.

Frames
    Larger images are cut to their centre, pixel ``n // 2`` of a side staying the central one (:func:`centre_start`);
    smaller ones are flagged, or with ``pad=True`` set into zeros by the same rule.

Refused images
    One NaN, masked or saturated pixel in the frame is enough, as is everything else in
    :attr:`gampen_tf.core.Flag.UNMEASURABLE`: the image is NaN, its flag and reason tell why, the others are read. Only
    a whole source that is wrong in unit or pixel scale is an error. For models that fill in lost pixels
    (``ImageSpec.fills_masked``) such pixels are NaN and flagged, and the image is refused only where too many are lost
    (:func:`gampen_tf.data.lost_pixels.check_lost`).
"""

from __future__ import annotations

from collections.abc import Sequence

from . import file_readers, object_readers  # noqa: F401 - they register themselves
from .bands import band_names
from .conversion import ImageConversion
from .cutouts import Cutouts
from .dialects import HeaderDialect, find_dialect
from .image_spec import ImageSpec
from .registry import ReadingOptions, open_source

__all__ = ["read_cutouts"]


def read_cutouts(
    source,
    spec: ImageSpec,
    *,
    pixel_scale: float | None = None,
    unit=None,
    zero_point: float | None = None,
    saturation: float | None = None,
    pad: bool = False,
    hdu: int | str | None = None,
    column: str | None = None,
    bad_bits: int | None = None,
    dialect: str | HeaderDialect | None = None,
    band: str | None = None,
    bands: str | Sequence[str] | None = None,
    check: bool = True,
) -> Cutouts:
    """Open a source of images for a model.

    Parameters
    ----------
    source : array, path, list, table, ...
        See the module's own text.
    spec : ImageSpec
        What the model expects.
    pixel_scale, unit, zero_point, saturation : optional
        Of the images: arcsec, unit, AB magnitude of one pixel unit, level in the images' unit. They win over headers.
    pad : bool, optional
        Set zeros around smaller images.
    hdu : int or str, optional
        The HDU to take from each FITS file.
    column : str, optional
        The column of paths in a table.
    bad_bits : int, optional
        Bits of a mask extension that make a pixel unusable (0: none; by default those of the dialect).
    dialect : str or HeaderDialect, optional
        The survey whose keywords and extensions the files have; recognised file by file if not given.
    band : str, optional
        The one to take from each FITS cube, or file of several images.
    bands : str or list of str, optional
        Of each cube, in its order (``"grz"``), where its header does not list them.
    check : bool, optional
        Look at some images first, and raise if pixel scale or unit of all of them is wrong. Without it every image
        just has its flag, as one part of a survey wants it.

    Returns
    -------
    Cutouts

    Raises
    ------
    FileNotFoundError
        If one path, folder or glob was given, and there is nothing.
    TypeError
        If nothing reads images from it: cutouts that were opened already among others.
    ValueError
        If arguments contradict each other, if the source holds no images, or if all its images are wrong in pixel
        scale or unit: what was expected, what was found, what to do.
    """
    if isinstance(source, Cutouts):
        # names, a length and read: it has the members of a source, but gives images that are converted already
        raise TypeError("images: expected images or where they are, found Cutouts; give what those were opened from")
    conversion = ImageConversion(
        spec, pixel_scale, None if unit is None else str(unit), zero_point, saturation, bool(pad)
    )
    options = ReadingOptions(
        hdu=hdu, column=column, bad_bits=bad_bits, dialect=find_dialect(dialect), band=band, bands=band_names(bands)
    )
    cutouts = Cutouts(open_source(source, spec, options), conversion)
    if check:
        cutouts.check()
    return cutouts
