"""Fits of many galaxies: shared among processes, gathered in one table."""

import concurrent.futures
import functools

import numpy as np
from tqdm import tqdm

from ..core.flags import Flag, describe
from ..core.known_parameters import NANOJANSKY_ZERO_POINT, column_unit
from ..io.workers import WorkerDied, WorkerProcesses
from .arguments import PROFILES, check_libraries, jobs_of, settings_of
from .one_galaxy import fit_galaxy
from .parameters import Sersic, Source, measured

__all__ = ["fit"]

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
    profile="bulge_disc",
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
    profile : {"bulge_disc", "sersic"}, optional
        Light profile of the galaxy: a disc and a bulge with one centre, or a single Sérsic profile.
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
        Limits of the index of each component, the disc first; `PROFILES` has the defaults.
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
    check_libraries(fitter)
    settings = settings_of(profile, pixel_scale, zero_point, sersic_index, neighbours, fitter)
    jobs = jobs_of(images, psfs, noise, masks, gain, noise_correlation)
    if workers < 1:
        raise ValueError(f"workers: expected at least 1, found {workers}")
    rows = [{}] * len(jobs)
    with tqdm(total=len(jobs), disable=not progress_bar, unit="galaxy", desc="fits") as bar:
        for place, row in _fits(jobs, settings, workers):
            rows[place] = row
            bar.update()
    return _table(rows, settings)


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
    """Row of the table of one galaxy; where its fit raises an error, flag and reason in place of values."""
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


def _fits(jobs, settings, workers):
    """(place, row of the table) of each job as it is done. A worker that dies costs the galaxy that it had."""
    attempt = functools.partial(_attempt, settings=settings)
    if workers == 1:
        yield from enumerate(map(attempt, jobs))
        return
    with WorkerProcesses(attempt, workers) as processes:
        places = {processes.submit(job): place for place, job in enumerate(jobs)}
        for future in concurrent.futures.as_completed(places):
            try:
                row = future.result()
            except WorkerDied as error:
                row = {"flags": int(Flag.NOT_MEASURED), "reason": str(error)}
            yield places[future], row


def _table(rows, settings):
    from astropy import units
    from astropy.table import QTable

    components = (Sersic(1.0, 1.0, 1.0),) * len(PROFILES[settings.profile])
    names = list(measured(Source(0.0, 0.0, components), settings.zero_point))
    table = QTable(
        meta={
            "profile": settings.profile,
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
