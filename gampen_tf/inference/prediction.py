"""Posteriors of galaxies from their images.

>>> posterior = gampen_tf.predict("cutouts/*.fits", model="hsc_wide_g", seed=1)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from ..posterior.posterior import Posterior
from .monte_carlo import DEFAULT_TOLERANCE
from .predictor import Predictor

if TYPE_CHECKING:
    from astropy.units import UnitBase

    from ..data.dialects import HeaderDialect
    from ..models.combination import ModelLike
    from ..networks.precision import Precision
    from .given_maps import MapLike

__all__ = ["predict"]


def predict(
    images: Any,
    n_mc: int = 1000,
    *,
    model: ModelLike = "hsc_wide_g",
    passes: int | Literal["auto"] = "auto",
    tolerance: float = DEFAULT_TOLERANCE,
    seed: int = 0,
    batch_size: int | None = None,
    precision: Precision = "auto",
    psf: MapLike | None = None,
    noise: MapLike | None = None,
    mask: MapLike | None = None,
    pixel_scale: float | None = None,
    unit: str | UnitBase | None = None,
    zero_point: float | None = None,
    pad: bool = False,
    dialect: str | HeaderDialect | None = None,
    band: str | None = None,
    bands: str | Sequence[str] | None = None,
    recalibrate: bool = True,
    progress_bar: bool = True,
) -> Posterior:
    """Posteriors of morphological parameters from images of galaxies.

    A posterior is the mixture of the Gaussians that Monte Carlo dropout passes give (Ghosh et al. 2022, § 4). Each
    pass is one draw of the network, the same for all images, so that a galaxy's posterior does not depend on what
    else is in the batch.

    Parameters
    ----------
    images : array, path, list, table, ...
        Anything that `gampen_tf.data.reading` reads: arrays (H, W), (N, H, W) or (N, H, W, C); FITS or HDF5 paths,
        folders, globs; tables with a column of paths; CCDData; a tf.data.Dataset of images; any object that follows
        `gampen_tf.data.ImageSource`.
    n_mc : int, optional
        Number of draws that the posterior offers.
    model : str, path or Model, or list of them, optional
        Name of a model that ships, directory of a trained one, or a loaded one. Several with point heads, each for
        other parameters, are combined: see `gampen_tf.combine`. By name or directory it is loaded and compiled anew
        in each call; a loaded one is compiled in the first, and so is that of a `gampen_tf.Predictor`.
    passes : int or "auto", optional
        Number of passes. ``"auto"`` goes on, galaxy by galaxy, until more passes would move its mean and interval
        ends by less than `tolerance`; ``passes=n_mc`` draws once from each pass, as the paper does. Of a model with a
        point head there is no such error: it makes one pass without dropout, or 128 if it was trained for a posterior
        of dropout alone (`Model.dropout_posterior`).
    tolerance : float, optional
        Largest Monte Carlo standard error with ``passes="auto"``, in units of half the width of the galaxy's own
        68.27 % interval.
    seed : int, optional
        The same seed gives the same dropout masks and draws.
    batch_size : int, optional
        Images times passes of one call; chosen from the free memory if not given.
    precision : {"auto", "float32", "bfloat16"}, optional
        ``"auto"`` takes bfloat16 where the device is faster with it and the model was measured to bear it.
    psf : array, path, name of a column, or list, optional
        (h, w) for all images or (N, h, w), for models that take the PSF: of any sum, it is set to 1; stamps of other
        odd sides are cut or padded with zeros about their centre. A path is that of a FITS image, a cube of one for
        each, or a PSFEx model (``.psf``), of which the middle of its image counts; `gampen_tf.data.psfex_stamps` gives
        it elsewhere. A list, or a column of the table that `images` is, holds a path or an array for each image. Where
        the model can do without (`Model.optional_inputs`), None in a list, an empty path, and a stamp that is not
        finite or has no light, mean that the PSF is not known. A simulated data set given as `images` has its own.
    noise : number, array, path, name of a column, or list, optional
        For models that take the noise, in the unit of the images: the standard deviation of a pixel, for all or one for
        each, (N,); or maps of the variance (H, W) or (N, H, W), whose median over the frame counts. Maps may be in
        files, given as those of `psf`. If not given, it is that of the variance in an image's file, else measured from
        the image (`gampen_tf.data.noise_level`).
    mask : bool array, path, name of a column, or list, optional
        (H, W) or (N, H, W), of the images' own shape or of the model's frame; True, or not zero in a file, where a
        pixel is bad. It stands in place of masks in the images' files. An image with bad pixels in the frame is
        measured, and flagged FILLED_PIXELS, by models that fill them in (`Model.fills_masked`), unless too much is
        lost; by others it is not, and flagged MASKED_PIXELS.
    pixel_scale, unit, zero_point : optional
        Of the images, where their headers lack them or are wrong: arcsec, an astropy unit, AB magnitude of one
        unit.
    pad : bool, optional
        Set zeros around images smaller than the model's frame, rather than flag them.
    dialect : str or HeaderDialect, optional
        Keywords of the survey's headers, and its extensions with masks, variances and weights: "hsc", "lsst", "hst",
        "jwst", "sdss", "legacy", "kids", "generic", or a `gampen_tf.data.HeaderDialect`. Recognised file by file if not
        given. What a model cannot use of a file is left out.
    band : str, optional
        The one to take from FITS cubes, or from files of an image for each band.
    bands : str or list of str, optional
        Of cubes, in their order (``"grz"``), where their headers do not list them.
    recalibrate : bool, optional
        Correct intervals by the model's calibration, where it has one.
    progress_bar : bool, optional

    Returns
    -------
    Posterior
        A row for each image, in their order; NaN with flags where an image could not be measured. Where the model
        has domain limits (`gampen_tf.fit_limits`), galaxies outside its domain have flags too. Its metadata hold the
        settings, how many passes it took, the largest Monte Carlo error, and the reasons behind the flags by row
        number.

    Raises
    ------
    FileNotFoundError
        If there is no such model, file or folder.
    ValueError
        For arguments that contradict each other, the images or the model.
    """
    predictor = Predictor(
        model, seed=seed, passes=passes, tolerance=tolerance, batch_size=batch_size, precision=precision
    )
    return predictor.predict(
        images,
        n_mc,
        psf=psf,
        noise=noise,
        mask=mask,
        pixel_scale=pixel_scale,
        unit=unit,
        zero_point=zero_point,
        pad=pad,
        dialect=dialect,
        band=band,
        bands=bands,
        recalibrate=recalibrate,
        progress_bar=progress_bar,
    )
