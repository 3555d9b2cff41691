"""Checked arguments of a fit: settings of the run, and images, PSFs and noise shared out to the galaxies."""

import importlib

import numpy as np

from .one_galaxy import Settings

__all__ = ["FITTERS", "NEIGHBOURS", "PROFILES", "check_libraries", "jobs_of", "settings_of"]

#: Limits of the Sérsic index of each component of a light profile.
PROFILES = {"sersic": ((0.2, 8.0),), "bulge_disc": ((0.5, 1.5), (2.0, 8.0))}
#: Libraries that each fitter needs.
FITTERS = {"exact": ("sep",), "imfit": ("sep", "pyimfit")}
NEIGHBOURS = ("ignore", "mask", "fit")


def check_libraries(fitter):
    """Refuse a fitter whose libraries are not installed."""
    for name in FITTERS[_one_of("fitter", fitter, FITTERS)]:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"this fit needs {error.name}: pip install 'gampen_tf[classical]' brings it", name=error.name
            ) from error


def settings_of(profile, pixel_scale, zero_point, sersic_index, neighbours, fitter):
    """Settings of a run; the arguments are those of `gampen_tf.classical.fit`."""
    standard = PROFILES[_one_of("profile", profile, PROFILES)]
    ends = np.asarray(standard if sersic_index is None else sersic_index, float)
    if ends.shape != (len(standard), 2) or not np.all((0 < ends[:, 0]) & (ends[:, 0] < ends[:, 1])):
        raise ValueError(f"sersic_index: expected {len(standard)} pairs 0 < low < high, found {sersic_index}")
    if not pixel_scale > 0:
        raise ValueError(f"pixel_scale: expected a positive number of arcsec, found {pixel_scale}")
    return Settings(
        profile,
        float(pixel_scale),
        float(zero_point),
        tuple(map(tuple, ends.tolist())),
        _one_of("neighbours", neighbours, NEIGHBOURS),
        _one_of("fitter", fitter, FITTERS),
    )


def jobs_of(images, psfs, noise, masks, gain, noise_correlation):
    """Image, PSF, noise, mask, gain and noise correlation of each galaxy, as `fit_galaxy` takes them.

    Parameters
    ----------
    images, psfs, noise, masks, gain, noise_correlation
        See `gampen_tf.classical.fit`.

    Returns
    -------
    list of tuple
    """
    images = _without_channel(images)
    images = images[None] if images.ndim == 2 else images
    if images.ndim != 3:
        raise ValueError(f"images: expected shape (N, H, W), (N, H, W, 1) or (H, W), found {images.shape}")
    n, shape = len(images), images.shape[1:]
    psfs = _each("psfs", psfs, n, 2)
    if any(side % 2 == 0 for psf in psfs[:1] for side in psf.shape):
        raise ValueError(f"psfs: expected odd sides with the star in the middle, found {psfs[0].shape}")
    masks = np.zeros(shape, bool) if masks is None else _without_channel(masks).astype(bool)
    noise = np.asarray(noise, float)
    if noise.ndim < 2:
        noise = np.broadcast_to(np.reshape(_each("noise", noise, n, 0), (n, 1, 1)), (n, *shape))
    return list(
        zip(
            images,
            psfs,
            _each("noise", noise, n, 2, shape),
            _each("masks", masks, n, 2, shape),
            [None] * n if gain is None else _each("gain", gain, n, 0),
            [None] * n if noise_correlation is None else _each("noise_correlation", noise_correlation, n, 2),
            strict=True,
        )
    )


def _one_of(name, value, known):
    if value not in known:
        raise ValueError(f"{name}: expected one of {', '.join(known)}, found {value!r}")
    return value


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
