"""Rows of three parameters, and probabilities of classes from draws."""

import numpy as np

NAMES = ("bulge_to_total", "effective_radius", "flux")


def table(bulge_to_total, effective_radius=2.0):
    bulge_to_total = np.asarray(bulge_to_total, float)
    return np.stack([bulge_to_total, np.full_like(bulge_to_total, effective_radius), np.ones_like(bulge_to_total)], 1)


def shares_of_draws(samples, rules):
    """Share of the draws (N, D, 3) within each rule's range, (N, R): a posterior probability with sampling noise."""
    return np.stack([np.mean(rule.holds(samples[..., NAMES.index(rule.parameter)]), axis=1) for rule in rules], axis=1)
