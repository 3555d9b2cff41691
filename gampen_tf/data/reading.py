"""Images from a user, made into what a model was trained on; and what is wrong with each.

>>> cutouts = read_cutouts("cutouts/*.fits", image_shape=(239, 239, 1), pixel_scale=0.168)
>>> for images, flags, reasons in cutouts.batches(256):
...     ...

What is read
    Arrays (H, W), (N, H, W), (N, H, W, C), also with an astropy unit or a mask; the path of a FITS file (gzipped and
    tile-compressed ones too; ``path[EXT]`` chooses an HDU, ``path[*]`` takes each), of an HDF5 file
    (``path[dataset]``), of a table of paths (CSV, ECSV, Parquet, FITS), of a folder of FITS files or of a simulated
    data set; a glob; a list of paths or of images; an astropy Table or pandas DataFrame with a column of paths;
    CCDData, NDData, Cutout2D, HDUs; an open HDF5 dataset; a ``tf.data.Dataset`` of images. Nothing is read before its
    batch is due.

Units
    The flux unit comes from ``BUNIT``, the zero point from ``FLUXMAG0``, ``MAGZERO`` and others, or both from the
    arguments, which win. Pixels become ``pixels · 10^(0.4 (z_model − z_image))``, z the AB magnitude of one unit. Where
    a header contradicts itself, or says nothing, the image is refused. Arrays, and objects
    that say nothing of it, are taken to be in the model's unit and pixel scale unless an argument says otherwise.

Frames
    Larger images are cut to their centre, pixel ``n // 2`` of a side staying the central one (:func:`centre_start`);
    smaller ones are flagged, or with ``pad=True`` set into zeros by the same rule.

Refused images
    One NaN, masked or saturated pixel in the frame is enough, as is everything else in
    :attr:`gampen_tf.core.Flag.UNMEASURABLE`: the image is NaN, its flag and reason say why, the others are read. Only
    a whole source that is wrong in unit or pixel scale is an error.
"""

from .cutouts import Cutouts
from .frame import Frame
from .opening import open_source

__all__ = ["read_cutouts"]


def read_cutouts(
    source,
    *,
    image_shape,
    pixel_scale,
    pixel_unit="nJy",
    zero_point=31.4,
    model_name=None,
    given_pixel_scale=None,
    given_unit=None,
    given_zero_point=None,
    given_saturation=None,
    pad=False,
    hdu=None,
    column=None,
    bad_bits=None,
    check=True,
):
    """Open a source of images for a model.

    Parameters
    ----------
    source : array, path, list, table, ...
        See the module's own text.
    image_shape : (H, W, C)
    pixel_scale : float
        Of the model, in arcsec.
    pixel_unit : str, optional
        Of the model.
    zero_point : float, optional
        AB magnitude of one ``pixel_unit``.
    model_name : str, optional
        For messages.
    given_pixel_scale, given_unit, given_zero_point, given_saturation : optional
        Of the images: arcsec, unit, AB magnitude of one pixel unit, level in the images' unit. They win over headers.
    pad : bool, optional
        Set zeros around smaller images.
    hdu : int or str, optional
        The HDU to take from each FITS file.
    column : str, optional
        The column of paths in a table.
    bad_bits : int, optional
        Bits of a mask extension that make a pixel unusable (0: none; by default all, or the bad planes that an
        LSST/HSC mask names).
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
    ValueError
        If arguments contradict each other, if the source holds no images, or if all its images are wrong in pixel
        scale or unit: what was expected, what was found, what to do.
    """
    frame = Frame(
        tuple(image_shape),
        float(pixel_scale),
        str(pixel_unit),
        float(zero_point),
        model_name,
        given_pixel_scale,
        None if given_unit is None else str(given_unit),
        given_zero_point,
        given_saturation,
        pad,
    )
    cutouts = Cutouts(open_source(source, frame, hdu=hdu, column=column, bad_bits=bad_bits), frame)
    if check:
        cutouts.check()
    return cutouts
