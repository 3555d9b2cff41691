"""Parameters and number of the galaxies in figures."""

NAMES = ("bulge_to_total", "effective_radius", "flux")
UNITS = ("", "arcsec", "nJy")
N = 500
