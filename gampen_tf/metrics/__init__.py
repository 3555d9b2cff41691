"""Metrics of point accuracy and of calibration: plain arrays in, numbers with errors out.

Draws are (galaxies, draws, parameters), true values (galaxies, parameters) with NaN where not known. A posterior in
closed form feeds the same functions by its PITs (:func:`uniformity`, :func:`central_mass`) or its credible masses
(:func:`coverage_of_mass`). Any of them in bins: :func:`in_bins`.
"""

from .binning import Bin, bin_edges, in_bins
from .draws import SIGMA_LEVELS, central_intervals, circular_difference, highest_density_intervals
from .estimates import Estimate, mean, proportion, quantile, resampled
from .interval_coverage import (
    central_mass,
    coverage,
    coverage_of_mass,
    ellipsoid_mass,
)
from .point_accuracy import (
    accuracy,
    euclid_accuracy,
    galnets_accuracy,
    r_squared,
    residuals,
    spearman,
)
from .random_points import Tarp, tarp
from .ranks import RankTest, pit, pit_from_cdf, rank_histogram, uniformity
from .scores import crps, energy_score, sharpness

__all__ = [
    "Bin",
    "Estimate",
    "RankTest",
    "SIGMA_LEVELS",
    "Tarp",
    "accuracy",
    "bin_edges",
    "central_intervals",
    "central_mass",
    "circular_difference",
    "coverage",
    "coverage_of_mass",
    "crps",
    "ellipsoid_mass",
    "energy_score",
    "euclid_accuracy",
    "galnets_accuracy",
    "highest_density_intervals",
    "in_bins",
    "mean",
    "pit",
    "pit_from_cdf",
    "proportion",
    "quantile",
    "r_squared",
    "rank_histogram",
    "resampled",
    "residuals",
    "sharpness",
    "spearman",
    "tarp",
    "uniformity",
]
