"""Data recipes: YAML files of the galaxies to draw, the blur of the telescope and the noise.

A recipe is checked as a whole before anything is drawn; an error names the file, the key, what was expected and
what was found. ``base: NAME``, or a path, starts from another recipe and replaces the top-level keys that are given;
``name`` must be one of them.

``name``, ``band``  text
``image``           ``size`` (px), ``pixel_scale`` (arcsec), ``unit``, ``zero_point`` (AB magnitude of one unit)
``flux``            in pixel units; or ``magnitude``
``centre``          ``x``, ``y``: arcsec from the centre of the frame (of an even frame: between pixels); optional
``galaxies``        kinds, each with its ``fraction`` and ``components``: one, or a ``disc`` and a ``bulge`` with
                    ``bulge_to_total``. A component has ``effective_radius`` (arcsec, of the circle with the area of
                    the half-light ellipse) or ``semi_major_axis`` (of that ellipse), ``sersic_index`` (0.1 to 8),
                    ``axis_ratio``, ``position_angle`` (degrees from +x towards +y)
``psf``             ``moffat`` (``beta``, ``fwhm``, ``axis_ratio``, ``position_angle``), and ``wings`` (``fraction``,
                    ``fwhm_ratio``, ``beta``) for a second one of the same shape; or ``airy``
                    (``lam_over_diameter``, ``obscuration``, ``blur``: FWHM); or ``files``, FITS images of stars with
                    the pixel in them, and their ``pixel_scale`` if it is another. ``image_size`` (px) adds the
                    image of each galaxy's PSF to the data set
``noise``           ``gaussian`` (``sigma`` per pixel; smoothed by a Gaussian of ``correlation`` px or by drizzling with
                    drops of ``drop`` px); or ``files``, FITS images of sky. ``gain`` (electrons per pixel unit)
                    adds the Poisson noise of the galaxies
``neighbours``      ``number``, ``flux_ratio`` to the galaxy or ``magnitude``, ``distance`` (arcsec),
                    ``effective_radius``, ``sersic_index``, ``axis_ratio``; optional
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


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A data recipe, checked. ``document`` is the whole of it as read (``base`` merged), for provenance."""

    name: str
    band: str
    size: int
    pixel_scale: float
    unit: str
    zero_point: float
    brightness: Distribution
    brightness_is: str  # "flux" or "magnitude"
    kinds: tuple
    centre: dict
    psf: dict
    psf_size: int | None  # side of the PSF images that go with the images; None without
    noise: dict
    neighbours: dict | None
    signal_to_noise: dict | None  # "above", "within" (arcsec)
    split: dict
    parameters: tuple
    document: dict
    folder: Path

    @functools.cached_property
    def sha256(self) -> str:
        """SHA-256 of the content, whatever the layout of the file, and of the FITS files that it names."""
        digest = hashlib.sha256(json.dumps(self.document, sort_keys=True).encode())
        for path in (*self.psf.get("files", ()), *self.noise.get("files", ())):
            digest.update(hashlib.sha256(Path(path).read_bytes()).digest())
        return digest.hexdigest()

    def flux_of(self, magnitude: float) -> float:
        """Flux in pixel units of an AB magnitude."""
        return 10 ** (-0.4 * (magnitude - self.zero_point))

    @property
    def nanojansky(self) -> float:
        """One pixel unit in nJy."""
        return 10 ** (-0.4 * (self.zero_point - NANOJANSKY_ZERO_POINT))
