"""Metrics of point accuracy and of calibration: plain arrays in, numbers with errors out.

Draws are (galaxies, draws, parameters), true values (galaxies, parameters) with NaN where not known. A posterior in
closed form feeds the same functions by its PITs (:func:`uniformity`, :func:`central_mass`), its interval
bounds (:func:`coverage_of_intervals`) or its credible masses (:func:`coverage_of_mass`). Any of them in bins:
:func:`in_bins`.
"""

from .accuracy import (
    accuracy,
    circular_difference,
    euclid_accuracy,
    galnets_accuracy,
    r_squared,
    residuals,
    spearman,
)
from .binning import Bin, bin_edges, in_bins
from .coverage import (
    SIGMA_LEVELS,
    central_intervals,
    central_mass,
    coverage,
    coverage_curve,
    coverage_of_intervals,
    coverage_of_mass,
    density_mass,
    ellipsoid_mass,
    highest_density_intervals,
    recentre_circular,
)
from .estimates import Estimate, mean, proportion, quantile, resampled
from .ranks import RankTest, pit, pit_from_cdf, rank_histogram, uniformity
from .scores import crps, crps_gaussian, crps_mixture, crps_quantiles, energy_score, log_score, sharpness
from .tarp import Tarp, tarp

__all__ = [
    "SIGMA_LEVELS",
    "Bin",
    "Estimate",
    "RankTest",
    "Tarp",
    "accuracy",
    "bin_edges",
    "central_intervals",
    "central_mass",
    "circular_difference",
    "coverage",
    "coverage_curve",
    "coverage_of_intervals",
    "coverage_of_mass",
    "crps",
    "crps_gaussian",
    "crps_mixture",
    "crps_quantiles",
    "density_mass",
    "ellipsoid_mass",
    "energy_score",
    "euclid_accuracy",
    "galnets_accuracy",
    "highest_density_intervals",
    "in_bins",
    "log_score",
    "mean",
    "pit",
    "pit_from_cdf",
    "proportion",
    "quantile",
    "r_squared",
    "rank_histogram",
    "recentre_circular",
    "resampled",
    "residuals",
    "sharpness",
    "spearman",
    "tarp",
    "uniformity",
]
