"""Are the mixture's numbers right, and what do they cost?

    python benchmarks/posterior.py --quick     # under a minute
    python benchmarks/posterior.py             # some minutes on one core

Accuracy: quantiles against 10⁶ draws and against a root found by SciPy, shortest intervals against brute force over
20 000 starting points, modes against a fine grid and against the kernel density estimate of 1000 draws that the paper
uses. Speed: microseconds per galaxy of each summary of three parameters, for mixtures of 16 Gaussians, in one
process. Mixtures are made up: unimodal ones like those of dropout passes, and ones of several peaks. The tables are
printed and written to ``benchmarks/posterior.md``.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from scipy import optimize, stats

from gampen_tf.core import LabelScaler, Parameter, ParameterSet
from gampen_tf.metrics import SIGMA_LEVELS
from gampen_tf.posterior import Posterior, mixtures

HERE = Path(__file__).parent
SCALER = LabelScaler(
    ParameterSet(
        [
            Parameter("bulge_to_total", "", (0, 1), "logit", clip=0.01),
            Parameter("effective_radius", "arcsec", (0, np.inf), "log"),
            Parameter("flux", "nJy", (0, np.inf), "log"),
        ]
    ),
    mean=[0.0, 0.6, 14.4],
    scale=[2.6, 0.8, 0.9],
)
KINDS = {"as from dropout": 0.1, "several peaks": 0.8}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer galaxies")
    quick = parser.parse_args().quick
    report = "\n".join([*accuracy(5 if quick else 50), "", *speed([10**3] if quick else [10**3, 10**4, 10**5])]) + "\n"
    print(report)
    (HERE / "posterior.md").write_text(report)


def made_up(n, n_components, scatter, seed=0):
    """Posteriors of n galaxies; ``scatter`` is that of the components' means, their widths are about 0.15 labels."""
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(n, 1, 3)) + scatter * rng.normal(size=(n, n_components, 3))
    factors = np.tril(0.05 * rng.normal(size=(n, n_components, 3, 3)))
    widths = 0.15 * np.exp(0.5 * rng.normal(size=(n, 1, 3)) + 0.2 * rng.normal(size=(n, n_components, 3)))
    np.einsum("...ii->...i", factors)[...] = widths
    return Posterior(means, factors, SCALER)


def accuracy(n):
    """Lines of the table of the largest errors, over galaxies and parameters."""
    yield f"Largest error over {n} galaxies and three parameters, 16 Gaussians each."
    yield ""
    yield "| what | against | in units of | " + " | ".join(KINDS) + " |"
    yield "| --- | --- | --- | " + " | ".join(["---:"] * len(KINDS)) + " |"
    columns = [list(_errors(made_up(n, 16, scatter))) for scatter in KINDS.values()]
    for rows in zip(*columns, strict=True):
        what, against, unit = rows[0][:3]
        yield f"| {what} | {against} | {unit} | " + " | ".join(f"{row[3]:.1e}" for row in rows) + " |"


def _errors(posterior):
    levels = np.array([0.00135, 0.15865, 0.5, 0.84135, 0.99865])
    found = posterior.quantile(levels)
    draws = np.random.default_rng(1)
    n_draws = 10**6
    by_draws, by_root = [], []
    for i in range(len(posterior)):
        values = _random_draws(posterior, i, n_draws, draws)
        for k in range(3):
            mean, sd = mixtures.marginal(posterior.means[[i]], posterior.scale_trils[[i]], k)
            label = (SCALER.parameters[k].forward(found[i, k]) - SCALER.mean[k]) / SCALER.scale[k]
            inside = np.abs(label - SCALER.clip_labels[k].clip(-1e9, 1e9)[:, None]).min(axis=0) > 1e-5
            # in standard errors of the fraction of the draws below
            error = np.mean(values[:, k, None] <= found[i, k], axis=0) - levels
            by_draws.append(np.abs(error[inside]) / np.sqrt(levels * (1 - levels) / n_draws)[inside])
            for y, level in zip(label[inside], levels[inside], strict=True):
                root = optimize.brentq(
                    lambda x, p=level, m=mean[0], s=sd[0]: np.mean(stats.norm.cdf(x, m, s)) - p, -20, 20, xtol=1e-14
                )
                by_root.append(np.abs(y - root) / sd.min())
    yield "quantiles", "10⁶ random draws", "their standard error", max(map(np.max, filter(np.size, by_draws)))
    yield "quantiles", "scipy.optimize.brentq", "the narrowest Gaussian", np.max(by_root)
    wider, best_height, by_kde = [], [], []
    intervals, modes = posterior.interval(SIGMA_LEVELS), posterior.mode()
    heights = posterior.pdf(modes)
    for i in range(len(posterior)):
        one = posterior[i]
        for j, level in enumerate(SIGMA_LEVELS):
            p = np.linspace(0, 1 - level, 20_001)[1:-1]
            # starts and ends at the very ends of the range too: intervals that take in an atom
            low, high = one.quantile(np.append(p, 0.0)), one.quantile(np.append(p + level, level))
            width = np.where(np.isfinite(low), high - low, np.inf)[0].min(axis=1)
            width = np.minimum(width, (one.quantile(1 - 1e-15) - one.quantile(1 - level))[0])
            wider.append((np.diff(intervals[i, :, j])[:, 0] - width) / np.maximum(width, 1e-3 * one.std()[0]))
        ends = one.quantile([1e-4, 1 - 1e-4])[0]
        grid = np.linspace(ends[:, 0], ends[:, 1], 20_001)
        best_height.append(one.pdf(grid[None])[0].max(axis=0) / heights[i] - 1)
        values = _random_draws(posterior, i, 1000, draws)
        for k in range(3):
            kernel = stats.gaussian_kde(values[:, k]) if np.ptp(values[:, k]) > 0 else None
            if kernel is not None:
                fine = np.linspace(*ends[k], 1000)
                by_kde.append(abs(fine[np.argmax(kernel(fine))] - modes[i, k]) / one.std()[0, k])
    yield "width of shortest intervals", "brute force", "the width", np.max(wider)
    yield "density at the mode", "grid of 20 001 values", "the density", np.max(best_height)
    yield "mode (median difference)", "KDE of 1000 draws, as in the paper", "std", np.median(by_kde)


def _random_draws(posterior, i, n, rng):
    """(n, P) plain random draws of one galaxy: the paper's procedure, with none of the package's own sampling."""
    pick = rng.integers(0, posterior.means.shape[1], n)
    noise = np.einsum("dij,dj->di", posterior.scale_trils[i, pick], rng.normal(size=(n, 3)))
    return posterior.scaler.inverse(posterior.means[i, pick] + noise)


def speed(sizes):
    """Lines of the table of microseconds per galaxy."""
    kinds = {
        "median": lambda p: p.median(),
        "mean and standard deviation": lambda p: p.std(),
        "mode": lambda p: p.mode(),
        "shortest intervals, three levels": lambda p: p.interval(SIGMA_LEVELS),
        "central intervals, three levels": lambda p: p.interval(SIGMA_LEVELS, kind="central"),
        "Monte Carlo error": lambda p: mixtures.monte_carlo_error(p.means, p.scale_trils, p.weights),
        "1000 draws": lambda p: p.sample(1000) if len(p) <= 10**4 else None,
        "the whole table": lambda p: p.to_table(),
    }
    yield "Microseconds per galaxy of three parameters, mixtures of 16 Gaussians, one process."
    yield ""
    yield "| what | " + " | ".join(f"{n:,} galaxies".replace(",", " ") for n in sizes) + " |"
    yield "| --- | " + " | ".join(["---:"] * len(sizes)) + " |"
    made_up(100, 16, 0.1).to_table()  # imports
    for what, function in kinds.items():
        cells = []
        for n in sizes:
            posterior = made_up(n, 16, 0.1)
            start = time.perf_counter()
            result = function(posterior)
            cells.append("" if result is None else f"{(time.perf_counter() - start) / n * 1e6:.1f}")
        yield f"| {what} | " + " | ".join(cells) + " |"
    posterior = made_up(10, 16, 0.1)
    start = time.perf_counter()
    for i in range(10):
        values = _random_draws(posterior, i, 1000, np.random.default_rng(i))
        for k in range(3):
            grid = np.linspace(values[:, k].min(), values[:, k].max(), 1000)
            stats.gaussian_kde(values[:, k] + 1e-9 * np.arange(1000))(grid)  # draws that are all the same crash it
    cost = (time.perf_counter() - start) / 10 * 1e6
    yield f"| SciPy's KDE of 1000 draws on 1000 values, for comparison | {cost:.0f}" + " |" * len(sizes)


if __name__ == "__main__":
    main()
