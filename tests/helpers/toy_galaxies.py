"""Galaxies of one and two components as GalSim draws them, with one PSF."""

import galsim

SCALE = 0.2
PSF = galsim.Moffat(beta=3.5, fwhm=0.7).shear(q=0.95, beta=30 * galsim.degrees)
DISC = {"flux": 4e4, "effective_radius": 1.2, "sersic_index": 1.0, "axis_ratio": 0.5, "position_angle": 40.0}
BULGE = {"flux": 3e4, "effective_radius": 0.5, "sersic_index": 4.0, "axis_ratio": 0.8, "position_angle": 30.0}


def profile(flux, effective_radius, sersic_index, axis_ratio, position_angle):
    round_one = galsim.Sersic(n=sersic_index, half_light_radius=effective_radius, flux=flux)
    return round_one.shear(q=axis_ratio, beta=position_angle * galsim.degrees)


def drawn(components, shape=(61, 61), x=0.0, y=0.0, neighbours=()):
    """What GalSim makes of it: PSF and pixel convolved, no noise. ``neighbours`` are (component, x, y)."""
    galaxy = galsim.Sum([profile(**one) for one in components]).shift(x, y)
    galaxy = galsim.Sum([galaxy, *(profile(**one).shift(*at) for one, *at in neighbours)])
    return galsim.Convolve([galaxy, PSF]).drawImage(nx=shape[1], ny=shape[0], scale=SCALE).array.astype(float)
