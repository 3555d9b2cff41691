"""Parameters of fitted galaxies, and their conversion to and from imfit's.

=====================  ==============================================  ===========================================
what                   ours                                            imfit
=====================  ==============================================  ===========================================
position               arcsec from the centre of the frame             pixels; 1 is the centre of the first pixel
position angle         degrees from +x (columns) towards +y (rows)     degrees from +y, anticlockwise
shape                  axis ratio q                                    ellipticity 1 − q
size                   semi-major axis of the half-light ellipse,      the same, pixels
                       arcsec; circularised (× √q) in tables
brightness             total flux, pixel unit                          surface brightness on that ellipse, per pixel
=====================  ==============================================  ===========================================
"""

import dataclasses

import numpy as np
from scipy import special

from ..core.ellipticity import mean_ellipse, wrapped_angle
from ..core.known_parameters import KNOWN_PARAMETERS, NANOJANSKY_ZERO_POINT, component_parameters
from ..rendering.radii import circularised, half_light_radius

__all__ = ["PixelGrid", "Sersic", "Source", "from_imfit", "measured", "to_imfit"]


@dataclasses.dataclass(frozen=True)
class PixelGrid:
    """Pixels of an image: (height, width), and the side of a pixel in arcsec."""

    shape: tuple
    pixel_scale: float

    @property
    def centre(self):
        """(x, y) of the centre in pixels, where 1 is the centre of the first pixel."""
        return 0.5 * (self.shape[1] + 1), 0.5 * (self.shape[0] + 1)


@dataclasses.dataclass(frozen=True)
class Sersic:
    """A component: total flux in pixel units, semi-major axis in arcsec, angle in degrees from +x towards +y."""

    flux: float
    semi_major_axis: float
    sersic_index: float
    axis_ratio: float = 1.0
    position_angle: float = 0.0


@dataclasses.dataclass(frozen=True)
class Source:
    """Components with one centre, arcsec from that of the frame."""

    x: float
    y: float
    components: tuple


def _flux_of_unit_brightness(semi_major_axis, sersic_index, axis_ratio):
    """Total flux of a Sérsic profile with Σ_e = 1: 2π n a² q e^κ κ^{−2n} Γ(2n), with P(2n, κ) = ½."""
    twice = 2 * sersic_index
    kappa = special.gammaincinv(twice, 0.5)
    shape = np.exp(kappa - twice * np.log(kappa) + special.gammaln(twice))
    return np.pi * twice * semi_major_axis**2 * axis_ratio * shape


def to_imfit(source, grid):
    """Centre and components of a source as imfit's numbers.

    Returns
    -------
    centre : (X0, Y0)
    components : list of dict
        ``PA``, ``ell``, ``n``, ``I_e``, ``r_e``.
    """
    x0, y0 = grid.centre
    components = []
    for one in source.components:
        r_e = one.semi_major_axis / grid.pixel_scale
        components.append(
            {
                "PA": one.position_angle - 90.0,
                "ell": 1 - one.axis_ratio,
                "n": one.sersic_index,
                "I_e": one.flux / _flux_of_unit_brightness(r_e, one.sersic_index, one.axis_ratio),
                "r_e": r_e,
            }
        )
    return (x0 + source.x / grid.pixel_scale, y0 + source.y / grid.pixel_scale), components


def from_imfit(parameters, n_components, grid):
    """Sources of imfit's vector of parameters.

    Parameters
    ----------
    parameters : (M,) array
        For each source X0, Y0 and for each of its components PA, ell, n, I_e, r_e.
    n_components : sequence of int
        Of each source.
    grid : PixelGrid

    Returns
    -------
    list of Source
    """
    x0, y0 = grid.centre
    sources, first = [], 0
    for n in n_components:
        components = []
        for angle, ellipticity, index, brightness, r_e in np.reshape(parameters[first + 2 : first + 2 + 5 * n], (n, 5)):
            ratio = 1 - ellipticity
            flux = brightness * _flux_of_unit_brightness(r_e, index, ratio)
            components.append(Sersic(flux, r_e * grid.pixel_scale, index, ratio, wrapped_angle(angle + 90.0)))
        x, y = ((parameters[first + i] - middle) * grid.pixel_scale for i, middle in ((0, x0), (1, y0)))
        sources.append(Source(x, y, tuple(components)))
        first += 2 + 5 * n
    return sources


def measured(source, zero_point):
    """Parameters of a galaxy, under the names that a catalogue of the simulations has.

    Parameters
    ----------
    source : Source
        One component, or a disc and a bulge.
    zero_point : float
        AB magnitude of one pixel unit.

    Returns
    -------
    dict of float
        ``x``, ``y``, ``flux`` (nJy), ``magnitude``, ``effective_radius`` of the circular aperture with half of all
        light, arcsec; ``axis_ratio``, ``position_angle`` (of two components their mean by flux); for one component
        ``sersic_index`` and ``semi_major_axis``; for two ``bulge_to_total`` and each component's ``disc_flux`` …
        ``bulge_position_angle``, its ``effective_radius`` that of the circle with the area of its half-light ellipse.
    """
    to_nanojansky = 10 ** (-0.4 * (zero_point - NANOJANSKY_ZERO_POINT))
    components = [dataclasses.replace(one, flux=one.flux * to_nanojansky) for one in source.components]
    flux = sum(one.flux for one in components)
    circles = [circularised(one.semi_major_axis, one.axis_ratio) for one in components]
    table = [
        [one.flux for one in components],
        circles,
        [one.axis_ratio for one in components],
        [one.sersic_index for one in components],
    ]
    found = {
        "x": source.x,
        "y": source.y,
        "flux": flux,
        "magnitude": NANOJANSKY_ZERO_POINT - 2.5 * np.log10(flux) if flux > 0 else np.nan,
        "effective_radius": float(half_light_radius(*np.array(table)[:, None, :])[0]) if flux > 0 else np.nan,
    }
    if len(components) == 1:
        (one,) = components
        names = [known.name for known in KNOWN_PARAMETERS.values() if known.draw and known.draw.per == "component"]
        names = [name for name in names if hasattr(one, name)]
        return found | {name: getattr(one, name) for name in names}
    if flux > 0:
        ellipse = mean_ellipse(*np.array([[one.flux, one.axis_ratio, one.position_angle] for one in components]).T)
        found |= dict(zip(("axis_ratio", "position_angle"), map(float, ellipse), strict=True))
    found["bulge_to_total"] = components[1].flux / flux if flux > 0 else np.nan
    for name, one, circle in zip(("disc", "bulge"), components, circles, strict=True):
        properties = vars(one) | {"effective_radius": circle}
        found |= {f"{name}_{key}": properties[key] for key in ("flux", *component_parameters()) if key in properties}
    return found
