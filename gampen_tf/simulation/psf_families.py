"""Families of PSFs that a recipe can draw from: what each is described by, and the PSF of drawn values."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from astropy.io import fits

from ..rendering.optics import OpticalPsf
from ..rendering.psfs import MeasuredPsf
from ..rendering.radial_psfs import KolmogorovPsf, MoffatPsf
from ..rendering.truncation import truncated

__all__ = ["FAMILIES", "PsfFamily", "PsfKind", "draw_psf_values", "psf_of"]

_N_ABERRATIONS = 8
_SHAPE = {"axis_ratio": (0.05, 1.0), "position_angle": (-360.0, 360.0)}
_FWHM = (1e-3, 100.0)
_BETA = (1.5, 10.0)
_APERTURE = {"lam_over_diameter": (1e-4, 100.0), "obscuration": (0.0, 0.9)}
_ABERRATION = (-3.0, 3.0)


@dataclasses.dataclass(frozen=True)
class PsfFamily:
    """A family of PSFs in closed form.

    Parameters
    ----------
    limits : dict of (float, float)
        Between which each of its numbers must stay, in the order in which they are drawn.
    build : callable
        The PSF of drawn numbers, a dict.
    optional : dict of (float, float)
        Further numbers that a recipe may leave out.
    sections : dict of dict
        Mappings that may stand beside the family's own, such as ``wings``; their numbers are named ``wings_…``.
    """

    limits: Mapping[str, tuple[float, float]]
    build: Callable[[Mapping[str, float]], Any]
    optional: Mapping[str, tuple[float, float]] = dataclasses.field(default_factory=dict)
    sections: Mapping[str, Mapping[str, tuple[float, float]]] = dataclasses.field(default_factory=dict)


def _moffat(drawn):
    fwhm, beta, weights = [drawn["fwhm"]], [drawn["beta"]], [1.0]
    if "wings_fraction" in drawn:
        fwhm.append(drawn["fwhm"] * drawn["wings_fwhm_ratio"])
        beta.append(drawn["wings_beta"])
        weights = [1 - drawn["wings_fraction"], drawn["wings_fraction"]]
    return MoffatPsf(fwhm, beta, weights, axis_ratio=drawn["axis_ratio"], position_angle=drawn["position_angle"])


def _kolmogorov(drawn):
    shape = {key: drawn[key] for key in _SHAPE}
    if "lam_over_diameter" not in drawn:
        return KolmogorovPsf(drawn["fwhm"], **shape, blur=drawn.get("blur", 0.0))
    return _telescope(drawn, KolmogorovPsf(drawn["fwhm"], **shape))


def _telescope(drawn, atmosphere=None):
    aberrations = [drawn.get(f"z{4 + i}", 0.0) for i in range(_N_ABERRATIONS)]
    return OpticalPsf(
        drawn["lam_over_diameter"],
        drawn.get("obscuration", 0.0),
        aberrations,
        atmosphere=atmosphere,
        blur=drawn.get("blur", 0.0),
    )


#: The families by name. ``aberrations`` stands for eight numbers, ``z4`` to ``z11``, drawn from one distribution.
FAMILIES = {
    "moffat": PsfFamily(
        {"beta": _BETA, "fwhm": _FWHM, **_SHAPE},
        _moffat,
        sections={"wings": {"fraction": (0.0, 1.0), "fwhm_ratio": (1.0, 100.0), "beta": _BETA}},
    ),
    "kolmogorov": PsfFamily(
        {"fwhm": _FWHM, **_SHAPE}, _kolmogorov, {**_APERTURE, "blur": _FWHM, "aberrations": _ABERRATION}
    ),
    "airy": PsfFamily({**_APERTURE, "blur": _FWHM}, _telescope, {"aberrations": _ABERRATION}),
}


@dataclasses.dataclass(frozen=True)
class PsfKind:
    """What the PSFs of a part of a recipe's galaxies are drawn from.

    Parameters
    ----------
    family : str
        One of `FAMILIES`, or ``"files"``.
    distributions : dict of Distribution
    weight : float
        Part of the galaxies.
    files : tuple of str
        FITS images of stars.
    pixel_scale : float, optional
        Of the files, arcsec; that of the images if not given.
    stamp : int, optional
        Side in pixels beyond which there is no light: the PSF has the sum 1 within.
    """

    family: str
    distributions: Mapping[str, Any]
    weight: float = 1.0
    files: tuple[str, ...] = ()
    pixel_scale: float | None = None
    stamp: int | None = None


def draw_psf_values(kinds, rng):
    """Draw the numbers that a galaxy's PSF is made of: a dict of floats and ints.

    ``kind`` says which of several kinds, ``file`` which of several files.
    """
    drawn, kind = {}, kinds[0]
    if len(kinds) > 1:
        edges = np.cumsum([one.weight for one in kinds])
        drawn["kind"] = min(int(np.searchsorted(edges, rng.uniform(), side="right")), len(kinds) - 1)
        kind = kinds[drawn["kind"]]
    if kind.files:
        drawn["file"] = int(rng.integers(len(kind.files)))
    for key, distribution in kind.distributions.items():
        if key == "aberrations":
            drawn.update({f"z{4 + i}": distribution.draw(rng) for i in range(_N_ABERRATIONS)})
        else:
            drawn[key] = distribution.draw(rng)
    return drawn


def psf_of(recipe, galaxy):
    """The PSF of a drawn galaxy, as `gampen_tf.rendering` draws with it."""
    drawn = galaxy["psf"]
    kind = recipe.psf[drawn.get("kind", 0)]
    if kind.files:
        psf = _psf_from_file(kind.files[drawn["file"]], kind.pixel_scale or recipe.pixel_scale)
    else:
        psf = FAMILIES[kind.family].build(drawn)
    return psf if kind.stamp is None else truncated(psf, kind.stamp, recipe.pixel_scale)


@functools.lru_cache(maxsize=128)
def _psf_from_file(path, pixel_scale):
    with fits.open(path) as hdus:
        hdu = next((hdu for hdu in hdus if hdu.is_image and hdu.data is not None), None)
        image = None if hdu is None else np.asarray(hdu.data, dtype=np.float64)
    if image is None or image.ndim != 2 or not np.isfinite(image).all() or image.sum() <= 0:
        found = "no image" if image is None else f"shape {image.shape}"
        raise ValueError(f"{path}: expected a finite 2-D PSF image of positive sum, found {found}")
    return MeasuredPsf(image, pixel_scale)
