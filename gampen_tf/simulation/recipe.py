"""Data recipes: YAML files of the galaxies to draw, the blur of the telescope and the noise.

A recipe is checked as a whole before anything is drawn; an error names the file, the key, what was expected and
what was found. ``base: NAME``, or a path, starts from another recipe and replaces the top-level keys that are given;
``name`` must be one of them.

``name``, ``band``  text
``image``           ``size`` (px), ``pixel_scale`` (arcsec), ``unit``, ``zero_point`` (AB magnitude of one unit). With
                    ``scale_free: true`` the pixel is the unit of length and the noise of a pixel that of flux, for
                    models of any survey: ``pixel_scale`` and ``sigma`` are then 1, and arcsec and nJy stand for them
``flux``            in pixel units; or ``magnitude``
``centre``          ``x``, ``y``: arcsec from the centre of the frame (of an even frame: between pixels); optional
``galaxies``        kinds, each with its ``fraction`` and ``components``: one, or a ``disc`` and a ``bulge`` with
                    ``bulge_to_total``. A component has ``effective_radius`` (arcsec, of the circle with the area of
                    the half-light ellipse) or ``semi_major_axis`` (of that ellipse), ``sersic_index`` (0.1 to 8),
                    ``axis_ratio``, ``position_angle`` (degrees from +x towards +y). ``structure`` of the disc: fields
                    of `gampen_tf.rendering.Structure` (arms, bar, ring, knots, dust, …). ``flux`` or ``magnitude`` in
                    place of the recipe's
``psf``             ``moffat`` (``beta``, ``fwhm``, ``axis_ratio``, ``position_angle``), and ``wings`` (``fraction``,
                    ``fwhm_ratio``, ``beta``) for a second one of the same shape; or ``kolmogorov`` (``fwhm``,
                    ``axis_ratio``, ``position_angle``; behind it, optionally, a telescope with ``lam_over_diameter``,
                    ``obscuration``, ``aberrations``: waves of each of Z4 to Z11, and ``blur``); or ``airy``
                    (``lam_over_diameter``, ``obscuration``, ``blur``: FWHM, ``aberrations``); or ``files``, FITS
                    images of stars with the pixel in them, and their ``pixel_scale`` if it is another. ``stamp`` (px):
                    no light beyond a square of that side, and sum 1 within. ``mixture``: a list of such, each with its
                    ``weight``. ``image_size`` (px) adds the image of each galaxy's PSF to the data set, with
                    ``image_faults`` as surveys hand it over: ``signal_to_noise`` of the star, ``offset`` (px) of its
                    centre, ``background`` (part of the light), ``width`` (a factor), ``sum``
``noise``           ``gaussian`` (``sigma`` per pixel; smoothed by a Gaussian of ``correlation`` px or by drizzling with
                    drops of ``drop`` px); or ``files``, FITS images of sky. ``gain`` (electrons per pixel unit)
                    adds the noise of the light itself, ``residual`` what the subtraction of the sky has left:
                    ``constant`` and ``gradient``, the change across the frame, per pixel
``neighbours``      ``number``, ``flux_ratio`` to the galaxy or ``magnitude``, ``distance`` (arcsec),
                    ``effective_radius``, ``sersic_index``, ``axis_ratio``; optional
``stars``           ``number``, ``flux_ratio`` or ``magnitude``, ``distance``; optional
``masks``           numbers of bad ``columns`` and ``rows``, of ``cosmic_rays`` of ``cosmic_ray_length`` (px) and of
                    round ``regions`` of ``region_radius`` (px), and all beyond a ``frame`` of that height (px) in the
                    middle, wider than high by ``frame_ratio``: these pixels are NaN in the images; optional
``signal_to_noise`` ``above`` that, ``within`` so many arcsec; fainter galaxies are drawn again; optional
``split``           fractions ``train``, ``validation``, ``test``
``parameters``      the parameters that a network is to learn, by name

What varies is a number or a distribution, as ``{uniform: [0.8, 1.2], within: [0.9, 1.1], step: 0.01}``: `SHAPES` of
`gampen_tf.simulation.distributions`, drawn again outside ``within``, rounded to multiples of ``step``.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from pathlib import Path

from ..core.known_parameters import NANOJANSKY_ZERO_POINT
from .distributions import Distribution

__all__ = ["GalaxyKind", "Recipe"]

SPLITS = ("train", "validation", "test")


@dataclasses.dataclass(frozen=True)
class GalaxyKind:
    """One kind of galaxy: its share of all, and a distribution for each property of each component."""

    name: str
    fraction: float
    components: dict
    bulge_to_total: Distribution | None = None
    brightness: Distribution | None = None  # in place of the recipe's, and of the same kind
    structure: dict = dataclasses.field(default_factory=dict)  # distributions of the fields of a Structure


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A data recipe, checked. ``document`` is the whole of it as read (``base`` merged), for provenance."""

    name: str
    band: str
    size: int
    pixel_scale: float
    unit: str
    zero_point: float
    scale_free: bool
    brightness: Distribution
    brightness_is: str  # "flux" or "magnitude"
    kinds: tuple
    centre: dict
    psf: tuple  # of PsfKind
    psf_size: int | None  # side of the PSF images that go with the images; None without
    psf_faults: dict  # distributions of what is wrong with them
    noise: dict
    neighbours: dict | None
    stars: dict | None
    masks: dict | None
    signal_to_noise: dict | None  # "above", "within" (arcsec)
    split: dict
    parameters: tuple
    document: dict
    folder: Path

    @functools.cached_property
    def sha256(self) -> str:
        """SHA-256 of the content, whatever the layout of the file, and of the FITS files that it names."""
        digest = hashlib.sha256(json.dumps(self.document, sort_keys=True).encode())
        for path in (*(file for kind in self.psf for file in kind.files), *self.noise.get("files", ())):
            digest.update(hashlib.sha256(Path(path).read_bytes()).digest())
        return digest.hexdigest()

    def flux_of(self, magnitude: float) -> float:
        """Flux in pixel units of an AB magnitude."""
        return 10 ** (-0.4 * (magnitude - self.zero_point))

    @property
    def nanojansky(self) -> float:
        """One pixel unit in nJy."""
        return 10 ** (-0.4 * (self.zero_point - NANOJANSKY_ZERO_POINT))
