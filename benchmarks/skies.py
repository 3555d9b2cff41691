"""Models on skies that their training did not draw: errors, coverage and flags, a line a model and sky.

    python benchmarks/skies.py [MODEL ...] [--psfs FOLDER] [--n-images 400] [--sky "noise × 2" ...]

Galaxies and skies are those of ``independent_skies.py``: GalSim alone, none of the package's own drawing. FOLDER holds
measured PSFs as FITS stamps of 0.168″ a pixel, sum 1; without it those skies are left out. Errors are 68.27 % of
|predicted − true|, B/T's and the coverage of B/T of two-component galaxies alone, all of unflagged galaxies; "flagged"
is the share with any flag. The table goes to ``benchmarks/results/skies.md``, all numbers to ``skies.json``.
"""

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import independent_skies
import numpy as np

import gampen_tf
from gampen_tf import metrics

RESULTS = Path(__file__).parent / "results"
NAMES = ("bulge_to_total", "effective_radius", "flux")


def drawn(name, psfs, seed, n_images, workers):
    """Images (N, 239, 239), PSF stamps (N, 41, 41) and truth (N, 3) of a sky."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(_draw, [(name, psfs, seed, i) for i in range(n_images)], chunksize=8))
    images, stamps, truths = zip(*found, strict=True)
    return np.stack(images), np.stack(stamps), np.array([[truth[one] for one in NAMES] for truth in truths])


def _draw(job):
    name, psfs, seed, index = job
    return independent_skies.draw(independent_skies.skies(psfs)[name], seed, index)


def measured(model, images, truth, told):
    """Errors, coverage and share of flagged galaxies of one model on the images of one sky, told what `told` holds."""
    posterior = gampen_tf.predict(images, model=model, passes=16, seed=1, progress_bar=False, **told)
    good = np.asarray(posterior.flags) == 0
    part, true = posterior[np.flatnonzero(good)], truth[good]
    relative = np.abs(part.median() - true) / np.where(np.arange(3) == 0, 1, true)
    is_double = (true[:, 0] > 0) & (true[:, 0] < 1)
    known = np.isfinite(true) & np.column_stack([is_double, np.ones((len(true), 2), bool)])
    errors = [
        float(np.quantile(relative[known[:, p], p], metrics.SIGMA_LEVELS[0])) if known[:, p].any() else None
        for p in range(3)
    ]
    coverage = {}
    for level in metrics.SIGMA_LEVELS:
        inside = part.contains(true, level)
        coverage[f"{100 * level:.2f}"] = [
            float(np.mean(inside[known[:, p], p])) if known[:, p].any() else None for p in range(3)
        ]
    return {"n_unflagged": int(good.sum()), "flagged": float(1 - good.mean()), "error": errors, "coverage": coverage}


def ways_to_ask(model, stamps, sky):
    """What a model can be told beside the images, by name of the way: nothing; the PSF; the PSF and the noise."""
    ways = {} if model.psf_shape and "psf" not in model.optional_inputs else {"nothing": {}}
    if model.psf_shape:
        ways["PSF"] = {"psf": stamps}
    if "noise" in model.optional_inputs:
        ways["PSF, noise"] = {"psf": stamps, "noise": sky.noise * sky.flux_factor}
    return ways


def line(model, sky, found):
    """A line of the table."""
    of_b, of_r, of_f = found["error"]
    cells = ["–" if of_b is None else f"{of_b:.3f}", *("–" if e is None else f"{100 * e:.2f} %" for e in (of_r, of_f))]
    for level in ("68.27", "95.45"):
        cells.append(", ".join("–" if c is None else f"{100 * c:.0f}" for c in found["coverage"][level]))
    return f"| {model} | {sky} | {' | '.join(cells)} | {100 * found['flagged']:.1f} % |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", default=["hsc_wide_g"])
    parser.add_argument("--psfs", metavar="FOLDER")
    parser.add_argument("--sky", nargs="+")
    parser.add_argument("--n-images", type=int, default=400)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    skies = [name for name in independent_skies.skies(options.psfs) if options.sky is None or name in options.sky]
    models = {name: gampen_tf.load_model(name) for name in options.models}
    results, lines = {name: {} for name in models}, []
    for sky in skies:
        started = time.perf_counter()
        images, stamps, truth = drawn(sky, options.psfs, options.seed, options.n_images, options.workers)
        for name, model in models.items():
            ways = ways_to_ask(model, stamps, independent_skies.skies(options.psfs)[sky])
            results[name][sky] = {way: measured(model, images, truth, told) for way, told in ways.items()}
            for way, found in results[name][sky].items():
                lines.append(line(f"{name}, told {way}", sky, found))
                print(lines[-1], f" {time.perf_counter() - started:.0f} s", flush=True)
    heading = (
        "| model | sky | error of B/T | of R_e | of flux | coverage of 68.27 %: B/T, R_e, F | of 95.45 % | flagged |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
    )
    command = f"python benchmarks/skies.py {' '.join(models)} --n-images {options.n_images}"
    text = f"# Skies\n\nBy `{command}{' --psfs FOLDER' if options.psfs else ''}`, seed {options.seed}, 16 passes.\n\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "skies.md").write_text(text + heading + "\n".join(lines) + "\n")
    settings = {key: getattr(options, key) for key in ("n_images", "seed")}
    (RESULTS / "skies.json").write_text(json.dumps({**settings, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
