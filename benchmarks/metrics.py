"""Time of each diagnostic on many galaxies: python benchmarks/metrics.py [--galaxies 1000000] [--draws 200]."""

import argparse
import time

import numpy as np

from gampen_tf import metrics


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--galaxies", type=int, default=1_000_000)
    parser.add_argument("--draws", type=int, default=200)
    n, n_draws, n_parameters = (*vars(parser.parse_args()).values(), 3)

    rng = np.random.default_rng(0)
    centre = rng.normal(size=(n, n_parameters)).astype(np.float32)
    truth = centre + rng.normal(size=centre.shape)
    samples = np.empty((n, n_draws, n_parameters), np.float32)
    for start in range(0, n, 10_000):
        rows = slice(start, start + 10_000)
        samples[rows] = centre[rows, None] + rng.standard_normal(samples[rows].shape, np.float32)
    pit = rng.uniform(size=truth.shape)
    levels = np.arange(1, 100) / 100

    tasks = {
        "accuracy": lambda: metrics.accuracy(centre, truth),
        "galnets_accuracy": lambda: metrics.galnets_accuracy(centre, truth),
        "euclid_accuracy": lambda: metrics.euclid_accuracy(centre, truth),
        "spearman": lambda: metrics.spearman(np.abs(centre - truth), pit),
        "coverage, central": lambda: metrics.coverage(samples, truth, kind="central"),
        "coverage, highest density": lambda: metrics.coverage(samples, truth),
        "coverage of masses at 99 levels": lambda: metrics.coverage_of_mass(metrics.central_mass(pit), levels),
        "pit": lambda: metrics.pit(samples, truth),
        "uniformity": lambda: [metrics.uniformity(column) for column in pit.T],
        "ellipsoid_mass": lambda: metrics.ellipsoid_mass(samples, truth),
        "tarp": lambda: metrics.tarp(samples, truth),
        "crps": lambda: metrics.crps(samples, truth),
        "energy_score": lambda: metrics.energy_score(samples, truth),
        "coverage in 8 bins": lambda: metrics.in_bins(
            metrics.coverage_of_mass, truth[:, 2], metrics.bin_edges(truth[:, 2]), metrics.central_mass(pit)
        ),
    }
    print(f"{n} galaxies, {n_parameters} parameters, {n_draws} draws")
    for name, task in tasks.items():
        start = time.perf_counter()
        task()
        print(f"{name:32s} {time.perf_counter() - start:7.2f} s", flush=True)


if __name__ == "__main__":
    main()
