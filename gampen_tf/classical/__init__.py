"""Classical fits: PSF-convolved Sérsic profiles matched to an image by least squares, to compare networks with.

>>> from gampen_tf import classical
>>> table = classical.fit(images, psfs, 1.6, pixel_scale=0.168, profile="bulge_disc")
>>> table["bulge_to_total", "bulge_to_total_error", "effective_radius", "flux", "reduced_chi2"]

SEP (SExtractor's algorithms) detects sources and measures moments, short fits of a binned image from several initial
values look for the deepest minimum, and then all pixels are fitted, either by our own
Levenberg-Marquardt method with exact images of the profiles (``fitter="exact"``), or by pyimfit (Erwin 2015, ApJ 799,
226; ``fitter="imfit"``), as published fits are made. Uncertainties come from the slopes at the minimum, correlated
noise considered. SEP and pyimfit are the optional extra ``classical`` and are imported when a fit is made. The best
scaled bivariate Gaussian, the simplest model of all, is here under its own name.
"""

from .arguments import PROFILES
from .bivariate_gaussian import fit_bivariate_gaussian
from .fitting import fit

__all__ = ["PROFILES", "fit", "fit_bivariate_gaussian"]
