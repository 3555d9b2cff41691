"""Posteriors of galaxies from their images.

>>> posterior = gampen_tf.predict("cutouts/*.fits", model="hsc_wide_g", seed=1)
"""

import numpy as np
from tqdm import tqdm

from .monte_carlo import DEFAULT_TOLERANCE, joined
from .predictor import Measurement, open_cutouts, own_psf

__all__ = ["predict"]


def predict(
    images,
    n_mc=1000,
    *,
    model="hsc_wide_g",
    passes="auto",
    tolerance=DEFAULT_TOLERANCE,
    seed=0,
    batch_size=None,
    precision="auto",
    psf=None,
    pixel_scale=None,
    unit=None,
    zero_point=None,
    pad=False,
    recalibrate=True,
    progress_bar=True,
):
    """Posteriors of morphological parameters from images of galaxies.

    A posterior is the mixture of the Gaussians that Monte Carlo dropout passes give (Ghosh et al. 2022, § 4). Each
    pass is one draw of the network, the same for all images, so that a galaxy's posterior does not depend on what
    else is in the batch.

    Parameters
    ----------
    images : array, path, list, table, ...
        Anything that `gampen_tf.data.reading` reads: arrays (H, W), (N, H, W) or (N, H, W, C); FITS or HDF5 paths,
        folders, globs; tables with a column of paths; CCDData; a tf.data.Dataset of images.
    n_mc : int, optional
        Number of draws that the posterior offers.
    model : str, path or Model, or list of them, optional
        Name of a model that ships, directory of a trained one, or a loaded one. Several with point heads, each for
        other parameters, are combined: see `gampen_tf.combine`.
    passes : int or "auto", optional
        Number of passes. ``"auto"`` goes on, galaxy by galaxy, until more passes would move its mean and interval
        ends by less than `tolerance`; ``passes=n_mc`` draws once from each pass, as the paper does. Of a model with a
        point head there is no such error: it makes one pass without dropout, or 128 if it was trained for a posterior
        of dropout alone (`Model.measures_with_dropout`).
    tolerance : float, optional
        Largest Monte Carlo standard error with ``passes="auto"``, in units of half the width of the galaxy's own
        68.27 % interval.
    seed : int, optional
        The same seed gives the same dropout masks and draws.
    batch_size : int, optional
        Images times passes of one call; chosen from the free memory if not given.
    precision : {"auto", "float32", "bfloat16"}, optional
        ``"auto"`` takes bfloat16 where the device is faster with it and the model was measured to bear it.
    psf : array, optional
        (h, w) for all images or (N, h, w), for models that take the PSF: of any sum, it is set to 1. A simulated data
        set given as `images` has its own.
    pixel_scale, unit, zero_point : optional
        Of the images, where their headers do not say or are wrong: arcsec, an astropy unit, AB magnitude of one
        unit.
    pad : bool, optional
        Set zeros around images smaller than the model's frame, rather than flag them.
    recalibrate : bool, optional
        Correct intervals as the model's calibration says, where it has one.
    progress_bar : bool, optional

    Returns
    -------
    Posterior
        A row for each image, in their order; NaN with flags where an image could not be measured. Where the model
        knows its limits (`gampen_tf.models.limits`), flags also say which measurements not to trust. Its metadata hold
        the settings, how many passes it took, the largest Monte Carlo error, and the reasons behind the flags by
        row number.

    Raises
    ------
    FileNotFoundError
        If there is no such model, file or folder.
    ValueError
        For arguments that contradict each other, the images or the model.
    """
    measurement = Measurement(
        model, seed=seed, passes=passes, tolerance=tolerance, batch_size=batch_size, precision=precision
    )
    cutouts = open_cutouts(
        images, measurement.model, pixel_scale=pixel_scale, unit=unit, zero_point=zero_point, pad=pad
    )
    n_images = len(cutouts)
    psf = measurement.psf_of_each(own_psf(images) if psf is None and measurement.model.psf_shape else psf, n_images)
    found, flags, reasons, start = [], [np.zeros(0, np.int64)], {}, 0
    with tqdm(total=n_images, unit="galaxy", disable=not progress_bar) as bar:
        for batch, batch_flags, batch_reasons in cutouts.batches(measurement.engine.chunk_size):
            stop = start + len(batch)
            part, batch_flags, batch_reasons = measurement.measure(
                batch, batch_flags, batch_reasons, None if psf is None else psf[start:stop]
            )
            found.append(part)
            flags.append(batch_flags)
            reasons |= {str(start + i): reason for i, reason in enumerate(batch_reasons) if reason}
            start = stop
            bar.update(len(batch))
    found = joined(found, measurement.engine.n_outputs)
    return measurement.posterior(
        found,
        n_mc=n_mc,
        flags=np.concatenate(flags),
        identifiers=list(cutouts.names),
        recalibrate=recalibrate,
        metadata=_account(found) | {"reasons": reasons},
    )


def _account(found):
    """How many passes it took, and with which Monte Carlo error, as plain numbers."""
    measured = found.n_passes > 0
    if not measured.any():
        return {}
    n_passes, error = found.n_passes[measured], found.error[measured]
    return {
        "n_passes": {"smallest": int(n_passes.min()), "mean": float(n_passes.mean()), "largest": int(n_passes.max())},
        "monte_carlo_error": float(error.max()),
    }
