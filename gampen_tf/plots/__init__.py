"""Figures: arrays in, a matplotlib figure out.

Every function takes an optional ``ax`` (one, or as many as it says), returns the figure, never shows it, and leaves
matplotlib's settings as they are. Colours can be told apart with any kind of colour vision, lines and markers without.
"""

from .calibration import (
    plot_coverage,
    plot_coverage_against_dropout,
    plot_coverage_in_bins,
    plot_pit,
    plot_rank_curves,
    plot_tarp,
)
from .classes import plot_classified_residuals, plot_confusion
from .generative import plot_latents, plot_reconstructions, plot_samples, plot_traversal
from .images import plot_crop_scale, plot_crops, plot_cutouts, plot_residual_images, show_cutout
from .posteriors import plot_marginal, plot_posterior, plot_posterior_gallery
from .residual_histograms import plot_residual_histograms, plot_residuals_of_groups
from .residuals import plot_predicted_against_true, plot_residuals
from .uncertainties import plot_uncertainties, plot_uncertainties_against_residuals

__all__ = [
    "plot_classified_residuals",
    "plot_confusion",
    "plot_coverage",
    "plot_coverage_against_dropout",
    "plot_coverage_in_bins",
    "plot_crop_scale",
    "plot_crops",
    "plot_cutouts",
    "plot_latents",
    "plot_marginal",
    "plot_pit",
    "plot_posterior",
    "plot_posterior_gallery",
    "plot_predicted_against_true",
    "plot_rank_curves",
    "plot_reconstructions",
    "plot_residual_histograms",
    "plot_residual_images",
    "plot_residuals",
    "plot_residuals_of_groups",
    "plot_samples",
    "plot_tarp",
    "plot_traversal",
    "plot_uncertainties",
    "plot_uncertainties_against_residuals",
    "show_cutout",
]
