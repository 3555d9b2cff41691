"""Fits of many galaxies: input checked, galaxies shared among processes, one table."""

import concurrent.futures
import functools
import importlib

import numpy as np
from tqdm import tqdm

from ..core.flags import Flag, describe
from ..core.known_parameters import NANOJANSKY_ZERO_POINT, column_unit
from ..io.workers import WorkerDied, WorkerProcesses
from .one_galaxy import Settings, fit_galaxy
from .parameters import Sersic, Source, measured

__all__ = ["MODELS", "fit"]

#: Limits of the Sérsic index of each component.
MODELS = {"sersic": ((0.2, 8.0),), "bulge_disc": ((0.5, 1.5), (2.0, 8.0))}
_NEIGHBOURS = ("ignore", "mask", "fit")
_LIBRARIES = {"exact": ("sep",), "imfit": ("sep", "pyimfit")}
_PER_FIT = {
    "reduced_chi2": np.nan,
    "converged": False,
    "at_limit": False,
    "n_fitted_neighbours": 0,
    "processor_seconds": np.nan,
}


def fit(
    images,
    psfs,
    noise,
    *,
    pixel_scale,
    model="bulge_disc",
    zero_point=NANOJANSKY_ZERO_POINT,
    gain=None,
    masks=None,
    noise_correlation=None,
    neighbours="ignore",
    sersic_index=None,
    fitter="exact",
    workers=1,
    progress_bar=True,
):
    """Fit PSF-convolved Sérsic profiles to images, each by itself.

    Parameters
    ----------
    images : (N, H, W) or (N, H, W, 1) array
        Sky-subtracted, the galaxy within a quarter of the frame of the centre.
    psfs : (h, w) or (N, h, w) array
        The PSF as a star shows it, with the pixel in it, at the pixel scale of the images; odd sides, star in the
        middle. `DataSet.psfs` gives it.
    noise : float, (N,), (H, W) or (N, H, W) array
        σ of the noise of the sky per pixel.
    pixel_scale : float
        arcsec.
    model : {"bulge_disc", "sersic"}, optional
        A disc and a bulge with one centre, or one Sérsic profile.
    zero_point : float, optional
        AB magnitude of one pixel unit; 31.4 for nJy.
    gain : float or (N,) array, optional
        Electrons per pixel unit, for the photon noise of the galaxy; none if not given.
    masks : (H, W) or (N, H, W) bool array, optional
        True where pixels do not count.
    noise_correlation : (k, k) or (N, k, k) array, optional
        Correlation of the noise between a pixel, in the middle, and those around it, for the
        errors; white if not given.
    neighbours : {"ignore", "mask", "fit"}, optional
        What is done with other sources that are detected: nothing; their pixels are masked; the five brightest are
        fitted along as Sérsic profiles, the others masked, and what shows in the residuals is fitted in another round.
    sersic_index : sequence of (low, high), optional
        Limits of the index of each component, the disc first; `MODELS` has the defaults.
    fitter : {"exact", "imfit"}, optional
        What fits all pixels at last: our own Levenberg-Marquardt method with exact images of the profiles, or
        pyimfit, as published fits are made.
    workers : int, optional
        Processes.
    progress_bar : bool, optional

    Returns
    -------
    astropy.table.QTable
        A row an image. Parameters under the names and in the units that catalogues and networks have (``flux`` in nJy,
        ``effective_radius`` the radius of the circular aperture with half of all light, ``bulge_to_total``, …), each
        with its 1 σ ``…_error``; ``reduced_chi2``; ``at_limit``, whether a parameter ended at one of its limits (its
        error is then 0); ``n_fitted_neighbours``; ``processor_seconds``; ``flags`` and ``reason``. NaN
        where ``flags`` say that nothing could be measured: the image is no good, the fit failed or did not converge.

    Raises
    ------
    ModuleNotFoundError
        Without SEP, or pyimfit where it is asked for.
    ValueError
        If the arguments do not fit together; never because of one image.
    """
    if fitter not in _LIBRARIES:
        raise ValueError(f"fitter: expected one of {', '.join(_LIBRARIES)}, found {fitter!r}")
    _check_libraries(_LIBRARIES[fitter])
    jobs, settings = _jobs(
        images,
        psfs,
        noise,
        pixel_scale,
        model,
        zero_point,
        gain,
        masks,
        noise_correlation,
        neighbours,
        sersic_index,
        fitter,
    )
    if workers < 1:
        raise ValueError(f"workers: expected at least 1, found {workers}")
    with tqdm(total=len(jobs), disable=not progress_bar, unit="galaxy", desc="fits") as bar:
        rows = (
            _in_processes(jobs, settings, workers, bar) if workers > 1 else [_one(job, settings, bar) for job in jobs]
        )
    return _table(rows, settings)


def _check_libraries(names):
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"this fit needs {error.name}: pip install 'gampen_tf[classical]' brings it", name=error.name
            ) from error


def _jobs(
    images,
    psfs,
    noise,
    pixel_scale,
    model,
    zero_point,
    gain,
    masks,
    noise_correlation,
    neighbours,
    sersic_index,
    fitter,
):
    """The arguments of `fit_galaxy` for each galaxy, and the settings."""
    if model not in MODELS:
        raise ValueError(f"model: expected one of {', '.join(MODELS)}, found {model!r}")
    if neighbours not in _NEIGHBOURS:
        raise ValueError(f"neighbours: expected one of {', '.join(_NEIGHBOURS)}, found {neighbours!r}")
    ends = np.asarray(MODELS[model] if sersic_index is None else sersic_index, float)
    if ends.shape != (len(MODELS[model]), 2) or not np.all((0 < ends[:, 0]) & (ends[:, 0] < ends[:, 1])):
        raise ValueError(f"sersic_index: expected {len(MODELS[model])} pairs 0 < low < high, found {sersic_index}")
    limits = tuple(map(tuple, ends.tolist()))
    if not pixel_scale > 0:
        raise ValueError(f"pixel_scale: expected a positive number of arcsec, found {pixel_scale}")
    images = _without_channel(images)
    images = images[None] if images.ndim == 2 else images
    if images.ndim != 3:
        raise ValueError(f"images: expected shape (N, H, W), (N, H, W, 1) or (H, W), found {images.shape}")
    n, shape = len(images), images.shape[1:]
    psfs = _each("psfs", psfs, n, 2)
    if any(side % 2 == 0 for psf in psfs[:1] for side in psf.shape):
        raise ValueError(f"psfs: expected odd sides with the star in the middle, found {psfs[0].shape}")
    correlations = [None] * n if noise_correlation is None else _each("noise_correlation", noise_correlation, n, 2)
    masks = (
        [np.zeros(shape, bool)] * n
        if masks is None
        else _each("masks", _without_channel(masks).astype(bool), n, 2, shape)
    )
    noise = np.asarray(noise, float)
    noise = (
        _each("noise", noise, n, 2, shape)
        if noise.ndim >= 2
        else [np.full(shape, one) for one in _each("noise", noise, n, 0)]
    )
    gains = [None] * n if gain is None else _each("gain", gain, n, 0)
    settings = Settings(model, float(pixel_scale), float(zero_point), limits, neighbours, fitter)
    return list(zip(images, psfs, noise, masks, gains, correlations, strict=True)), settings


def _without_channel(images):
    """(N, H, W, 1) as (N, H, W), and (H, W, 1) as (H, W)."""
    images = np.asarray(images)
    return images[..., 0] if images.ndim in (3, 4) and images.shape[-1] == 1 else images


def _each(name, values, n, ndim, shape=None):
    """A list of n values of ``ndim`` axes: one for all, or one for each."""
    values = np.asarray(values)
    if values.ndim == ndim:
        values = np.broadcast_to(values, (n, *values.shape))
    if values.ndim != ndim + 1 or len(values) != n or (shape is not None and values.shape[1:] != tuple(shape)):
        raise ValueError(
            f"{name}: expected one for all or one for each of {n} images"
            + (f", of shape {tuple(shape)}" if shape else "")
            + f"; found shape {values.shape}"
        )
    return list(values)


def _fault(job):
    """(flag, reason) of a galaxy that cannot be fitted, or None."""
    image, psf, noise, mask, gain, _ = job
    if mask.all():
        return Flag.MASKED_PIXELS, "all pixels are masked"
    used = image[~mask]
    if not np.isfinite(used).all():
        return Flag.NONFINITE_PIXELS, f"{np.sum(~np.isfinite(used))} pixels are not finite and not masked"
    if np.ptp(used) == 0:
        return Flag.EMPTY_IMAGE, f"all pixels are {used[0]:g}"
    if not (np.isfinite(psf).all() and psf.sum() > 0):
        return Flag.NOT_MEASURED, "the PSF is not finite or has no positive sum"
    if not (np.isfinite(noise[~mask]).all() and (noise[~mask] > 0).all()):
        return Flag.NOT_MEASURED, "the noise is not finite and positive"
    if gain is not None and not gain > 0:
        return Flag.NOT_MEASURED, f"the gain is {gain:g}, not positive"
    return None


def _attempt(job, settings):
    """A row of the table: never an exception."""
    fault = _fault(job)
    if fault:
        return {"flags": int(fault[0]), "reason": fault[1]}
    try:
        row = fit_galaxy(*job, settings)
    except Exception as error:  # whatever the libraries do about one image
        return {"flags": int(Flag.NOT_MEASURED), "reason": f"{type(error).__name__}: {error}"}
    numbers = [value for name, value in row.items() if not name.endswith("_error")]
    if not row["converged"]:
        reason = "the fit did not converge"
    elif not np.isfinite(numbers).all():
        reason = "the fit ended without light or without a number"
    else:
        return row | {"flags": 0, "reason": ""}
    kept = {key: row[key] for key in _PER_FIT}
    return kept | {"flags": int(Flag.NOT_MEASURED), "reason": reason}


def _one(job, settings, bar):
    row = _attempt(job, settings)
    bar.update()
    return row


def _in_processes(jobs, settings, workers, bar):
    """Rows from worker processes, in order. A worker that dies costs the galaxy that it had."""
    rows = [None] * len(jobs)
    with WorkerProcesses(functools.partial(_attempt, settings=settings), workers) as processes:
        waiting = {processes.submit(job): i for i, job in enumerate(jobs)}
        for future in concurrent.futures.as_completed(waiting):
            try:
                rows[waiting[future]] = future.result()
            except WorkerDied as error:
                rows[waiting[future]] = {"flags": int(Flag.NOT_MEASURED), "reason": str(error)}
            bar.update()
    return rows


def _table(rows, settings):
    from astropy import units
    from astropy.table import QTable

    components = (Sersic(1.0, 1.0, 1.0),) * len(MODELS[settings.model])
    names = list(measured(Source(0.0, 0.0, components), settings.zero_point))
    table = QTable(
        meta={
            "model": settings.model,
            "sersic_index": [list(ends) for ends in settings.sersic_index],
            "neighbours": settings.neighbours,
            "fitter": settings.fitter,
        }
    )
    for name in names:
        unit = column_unit(name)
        for column in (name, f"{name}_error"):
            values = np.array([row.get(column, np.nan) for row in rows], float)
            table[column] = values * units.Unit(unit) if unit else values
    for name, missing in _PER_FIT.items():
        table[name] = np.array([row.get(name, missing) for row in rows], dtype=type(missing))
    flags = np.array([row["flags"] for row in rows], np.int64)
    table["flags"] = flags
    table["flags_text"] = np.array([describe(flag) for flag in flags], dtype=str)
    table["reason"] = np.array([row["reason"] for row in rows], dtype=str)
    return table
