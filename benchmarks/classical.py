"""Classical fits and networks on the same galaxies: accuracy, catastrophes, coverage, and time.

    python benchmarks/classical.py                                        # all recipes, with the models that ship
    python benchmarks/classical.py --recipe kids_r --model kids_r_galnet2
    python benchmarks/classical.py --recipe hsc_wide_g --psf-error 0.03   # what is given as the PSF is 3 % wider
    python benchmarks/classical.py --recipe hsc_wide_g --arms 0.5         # spiral arms in all discs

The galaxies are drawn by recipe and seed, other galaxies than any model was trained on, into ``--data`` or a temporary
folder. The fits get what no survey has: the true PSF, the true noise (σ, gain, correlation between pixels), the true
ranges of the Sérsic indices for bulges with discs; neighbours that are detected are fitted along. The model gets the
image (and the PSF, where it takes one), and makes its own, adaptive number of passes. ``exact`` and ``imfit`` are the
two fitters of `gampen_tf.classical`; imfit, the slower, fits the first ``--n-imfit`` galaxies; with the neighbours of
hsc_wide_g_crowded it takes minutes for each.

That light is ideal: it is what the fits assume. ``--psf-error`` and ``--arms`` take that away, without changing what is
true: arms add up to nothing along every ellipse.

Errors are the 68.27th percentile of |measured − true|, relative for radii and fluxes. *Catastrophic* is a failed
measurement or one whose error is above the limit in brackets. Coverage is the fraction of galaxies whose true value
lies in the 68.27 % interval: value ± 1 σ of the fits, the shortest interval of the posterior. R² is that of the values
as they are, failed ones left out. Time is that of the processor, all threads together, so that other work on the
machine hardly counts; the model's without compiling.

The table goes to ``benchmarks/results/classical.md``, the numbers to ``classical.json``. With ``--data`` fits that are
there already are not made again.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # fits are small sums: more threads would wait for each other
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from astropy.table import QTable

import gampen_tf
from gampen_tf import classical, metrics
from gampen_tf.core import LabelScaler, ParameterSet
from gampen_tf.evaluation.report_parts import plus_minus
from gampen_tf.models import as_model
from gampen_tf.rendering import Component, draw_psf
from gampen_tf.simulation import load_recipe
from gampen_tf.simulation.galaxies import draw_galaxy
from gampen_tf.simulation.noise import draw_noise
from gampen_tf.simulation.psf_families import psf_of
from gampen_tf.simulation.structured import spiral_arms

RESULTS = Path(__file__).parent / "results"
DEEPLEGATO = "+".join(
    f"candels_f160w_deeplegato_{name}" for name in ("magnitude", "semi_major_axis", "sersic_index", "axis_ratio")
)  # the four together make one measurement
DEFAULT_MODELS = {
    "hsc_wide_g": ["hsc_wide_g"],
    "hsc_wide_g_crowded": ["hsc_wide_g"],
    "kids_r": ["kids_r_galnet1", "kids_r_galnet2"],
    "candels_f160w": [DEEPLEGATO],
}
LEVEL = metrics.SIGMA_LEVELS[0]
#: Kind of the residual, and the error from which on a measurement is catastrophic.
PARAMETERS = {
    "bulge_to_total": ("absolute", 0.3),
    "effective_radius": ("relative", 0.3),
    "flux": ("relative", 0.3),
    "x": ("absolute", 0.2),
    "y": ("absolute", 0.2),
    "magnitude": ("absolute", 0.3),
    "axis_ratio": ("absolute", 0.3),
    "position_angle": ("circular", 45.0),
    "sersic_index": ("relative", 0.5),
    "semi_major_axis": ("relative", 0.3),
}
LAGS = 6  # px: noise correlations are measured that far
# px at the most; imfit pays for wide ones. Of an Airy PSF there is 1.6 % of the light beyond 81 px and 0.5 % beyond
# 255, which the zero point below gives back to the flux, but not to the shape.
PSF_SIDES = {"exact": 255, "imfit": 81}


def main():
    options = _options()
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "classical.json"
    with tempfile.TemporaryDirectory() as temporary:
        for recipe in options.recipe:
            folder = Path(options.data or temporary) / f"{recipe}_{options.seed}_{options.n_galaxies}"
            found = compare(recipe, folder, options)
            title = recipe + imperfection(options)
            results = (json.loads(path.read_text()) if path.is_file() else {}) | {title: found}
            path.write_text(json.dumps(results, indent=1) + "\n")
            (RESULTS / "classical.md").write_text(report(results))
            print("\n".join(table(title, found)), flush=True)


def imperfection(options):
    """What of the light is not as the fits assume, in words."""
    words = [f", PSF {100 * options.psf_error:+g} %"] if options.psf_error else []
    return "".join(words + ([f", arms of contrast {options.arms:g}"] if options.arms else []))


def compare(name, folder, options):
    """All methods on the galaxies of one recipe."""
    data = gampen_tf.simulate(
        name, folder, n_images=options.n_galaxies, seed=options.seed, workers=1, progress_bar=False
    )
    recipe = load_recipe(name)
    two = any(len(kind.components) > 1 for kind in recipe.kinds)
    names = (
        ["bulge_to_total", "effective_radius", "flux"]
        if two
        else [
            "x",
            "y",
            "magnitude",
            "effective_radius",
            "semi_major_axis",
            "axis_ratio",
            "position_angle",
            "sersic_index",
        ]
    )
    truth = data.truth(names)
    groups = {"": np.ones(len(data), bool)}
    if two:
        groups["two components"] = ~np.isfinite(np.asarray(data.catalogue["sersic_index"], float))
    galaxies = [draw_galaxy(recipe, options.seed, int(index)) for index in data.catalogue["index"]]
    images = data.images()
    if options.arms:
        images[..., 0] += np.stack(
            [
                arms(recipe, galaxy, options.arms, np.random.default_rng([options.seed, i]))
                for i, galaxy in enumerate(galaxies)
            ]
        )
    found = {
        "command": options.command,
        "seed": options.seed,
        "n_galaxies": len(data),
        "parameters": names,
        "methods": {},
    }
    for fitter, n in (("exact", len(data)), ("imfit", min(options.n_imfit, len(data)))):
        if n:
            fits = fitted(fitter, images[:n], recipe, galaxies[:n], two, folder, options)
            measured = np.stack([plain(fits[name]) for name in names], axis=1)
            errors = np.stack([plain(fits[f"{name}_error"]) for name in names], axis=1)
            entry = summary(measured, measured - errors, measured + errors, truth[:n], names, groups)
            seconds = plain(fits["processor_seconds"])
            entry |= {
                "seconds": float(np.nanmean(seconds)),
                "failed": int(np.sum(plain(fits["flags"]) != 0)),
                "reduced_chi2": float(np.nanmedian(plain(fits["reduced_chi2"]))),
            }
            found["methods"][f"fit, {fitter}"] = entry
    for model in options.model or DEFAULT_MODELS.get(name, []):
        label = "DeepLeGATo's four" if model == DEEPLEGATO else Path(model).name
        found["methods"][f"model {label}"] = predicted(model, images, recipe, galaxies, truth, names, groups, options)
    return found


def arms(recipe, galaxy, contrast, rng):
    """What spiral arms add to the disc of a galaxy, if it has one: an image."""
    if "disc" not in galaxy["components"]:
        return np.zeros((recipe.size, recipe.size))
    disc = Component(**galaxy["components"]["disc"], x=galaxy["x"], y=galaxy["y"])
    return spiral_arms(
        disc,
        psf_of(recipe, galaxy),
        recipe.size,
        recipe.pixel_scale,
        contrast=contrast,
        phase=rng.uniform(0, 2 * np.pi),
        pitch=rng.choice([-1, 1]) * rng.uniform(10, 30),
    )


def psfs_of(recipe, galaxies, side, error):
    """PSFs that are said to be the galaxies': as wide as they are, or wider by a fraction."""
    return np.stack([draw_psf(psf_of(recipe, galaxy), side, recipe.pixel_scale / (1 + error)) for galaxy in galaxies])


def fitted(fitter, images, recipe, galaxies, two, folder, options):
    """The table of fits, made or found."""
    path = folder / f"fits_{fitter}_{len(images)}_{options.psf_error:g}_{options.arms:g}.ecsv"
    if path.is_file():
        return QTable.read(path)
    side = min(PSF_SIDES[fitter], 2 * recipe.size - 1)
    psfs = psfs_of(recipe, galaxies, side, options.psf_error)
    noise = np.array([galaxy["noise"]["sigma"] for galaxy in galaxies])
    gain = np.array([galaxy["noise"]["gain"] for galaxy in galaxies]) if "gain" in galaxies[0]["noise"] else None
    correlated = any(key in galaxies[0]["noise"] for key in ("correlation", "drop"))
    correlation = np.stack([noise_correlation(recipe, galaxy) for galaxy in galaxies]) if correlated else None
    # a PSF of sum 1 takes the light beyond its frame for nothing; fluxes are those of all the light
    zero_point = recipe.zero_point + 2.5 * np.log10(light_within(side, recipe, galaxies[0]))
    fits = classical.fit(
        images,
        psfs,
        noise,
        pixel_scale=recipe.pixel_scale,
        zero_point=zero_point,
        gain=gain,
        profile="bulge_disc" if two else "sersic",
        noise_correlation=correlation,
        fitter=fitter,
        neighbours="fit" if recipe.neighbours else "ignore",
        workers=options.workers,
        sersic_index=((0.8, 1.2), (3.5, 5.0)) if two else None,
    )
    fits.write(path)
    return fits


def light_within(side, recipe, galaxy):
    """Fraction of a star's light in a square frame: of that in one four times as wide, and of that of all."""
    psf, wide = psf_of(recipe, galaxy), 4 * side + 1
    image, margin = draw_psf(psf, wide, recipe.pixel_scale), (wide - side) // 2
    beyond = psf.light_beyond(0.5 * wide * recipe.pixel_scale)
    return float(image[margin : margin + side, margin : margin + side].sum(dtype=float)) * (1 - beyond)


def noise_correlation(recipe, galaxy, n_draws=10):
    """Correlation of the noise between pixels, as empty sky shows it: (2 LAGS + 1, …), 1 in the middle."""
    rng, sums = np.random.default_rng(0), 0.0
    for _ in range(n_draws):
        noise = draw_noise(recipe, galaxy["noise"], rng).astype(float)
        power = np.abs(np.fft.rfft2(noise, [2 * side for side in noise.shape])) ** 2
        products = np.fft.fftshift(np.fft.irfft2(power, [2 * side for side in noise.shape]))
        rows, columns = (slice(side - LAGS, side + LAGS + 1) for side in noise.shape)  # lag 0 is in the middle
        sums = sums + products[rows, columns]
    correlation = sums / sums[LAGS, LAGS]
    # what the draws cannot tell from nothing
    return np.where(np.abs(correlation) > 5 / np.sqrt(n_draws * noise.size), correlation, 0.0)


def predicted(name, images, recipe, galaxies, truth, names, groups, options):
    """What a model, or several joined by +, says of the same galaxies."""
    model = as_model(name.split("+") if "+" in name else name)
    psf = psfs_of(recipe, galaxies, model.psf_shape[0], options.psf_error) if model.psf_shape else None

    def predict():
        return gampen_tf.predict(
            images,
            model=model,
            psf=psf,
            pixel_scale=recipe.pixel_scale,
            unit=recipe.unit,
            seed=options.seed,
            progress_bar=False,
        )

    predict()  # compiled
    start = time.process_time()
    posterior = predict()
    table = posterior.to_table()
    seconds = time.process_time() - start
    columns = {"": [], "_lower_68": [], "_upper_68": []}
    for suffix, values in columns.items():
        for one in names:
            there = one + suffix in table.colnames
            values.append(plain(table[one + suffix]) if there else np.full(len(images), np.nan))
    value, low, high = (np.stack(one, axis=1) for one in columns.values())
    if not model.head.has_width:  # values alone: nothing to be covered by
        low = high = np.full(value.shape, np.nan)
    truth = truth.copy()
    for one in set(names) & set(posterior.names):  # a true B/T nearer to 0 than the model's clip is 0 to it
        k, own = names.index(one), posterior.names.index(one)
        scaler = posterior.scaler
        truth[:, k] = LabelScaler(
            ParameterSet([scaler.parameters[own]]), scaler.mean[own : own + 1], scaler.scale[own : own + 1]
        ).canonical(truth[:, k : k + 1])[:, 0]
    entry = summary(value, low, high, truth, names, groups)
    return entry | {"seconds": seconds / len(images), "failed": int(np.sum(~np.isfinite(value).any(axis=1)))}


def summary(value, low, high, truth, names, groups):
    """Accuracy, catastrophes and coverage of each parameter, for each group of galaxies."""
    found = {"n": len(value), "groups": {}}
    for group, chosen in groups.items():
        chosen = chosen[: len(value)]
        entries = {}
        for k, name in enumerate(names):
            kind, limit = PARAMETERS[name]
            residual = metrics.residuals(value[chosen, k], truth[chosen, k], kind)
            known = np.isfinite(residual)
            if not known.any():
                continue
            covered = (low[chosen, k] <= truth[chosen, k]) & (truth[chosen, k] <= high[chosen, k])
            if kind == "circular":
                covered = np.abs(residual) <= 0.5 * (high - low)[chosen, k]
            bounded = known & np.isfinite(low[chosen, k])
            entries[name] = {
                "bias": number(metrics.quantile(residual[known], 0.5)),
                "typical_error": number(metrics.quantile(np.abs(residual[known]), LEVEL)),
                "catastrophic": number(metrics.proportion(np.sum(~known | (np.abs(residual) > limit)), len(known))),
                "coverage": number(metrics.proportion(np.sum(covered[known]), np.sum(bounded))),
                "r_squared": float(metrics.r_squared(value[chosen, k : k + 1], truth[chosen, k : k + 1])[0]),
            }
        found["groups"][group] = {"n": int(np.sum(chosen)), "parameters": entries}
    return found


def plain(column):
    return np.asarray(getattr(column, "value", column), float)


def number(estimate):
    return {key: float(x) if np.isfinite(x) else None for key, x in zip(("value", "error"), estimate, strict=True)}


def report(results):
    lines = [
        "# Classical fits and networks",
        "",
        "Errors are 68.27th percentiles of |measured − true|, in % for radii, fluxes and Sérsic indices; "
        "catastrophic is a failed measurement or an error above the limit in brackets; coverage is that of the "
        "68.27 % intervals; time is processor time of all threads. How: the head of `benchmarks/classical.py`.",
    ]
    for recipe, found in results.items():
        lines += ["", *table(recipe, found)]
    return "\n".join(lines) + "\n"


def table(recipe, found):
    """Lines of Markdown."""
    yield f"## {recipe}, {found['n_galaxies']} galaxies of seed {found['seed']}"
    yield ""
    yield f"Made by `{found['command']}`."
    yield ""
    yield "| parameter | method | galaxies | error | median | catastrophic % | coverage % | R² |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name in found["parameters"]:
        kind, limit = PARAMETERS[name]
        factor, unit = (100, " %") if kind == "relative" else (1, "")
        for method, entry in found["methods"].items():
            for group, part in entry["groups"].items():
                if name in part["parameters"]:
                    figures = part["parameters"][name]
                    cells = [
                        f"{name} [{limit * factor:g}{unit}]",
                        f"{method}{', ' + group if group else ''}",
                        str(part["n"]),
                    ]
                    cells += [
                        plus_minus(figures[key], scale)
                        for key, scale in (
                            ("typical_error", factor),
                            ("bias", factor),
                            ("catastrophic", 100),
                            ("coverage", 100),
                        )
                    ]
                    yield "| " + " | ".join([*cells, f"{figures['r_squared']:.4f}"]) + " |"
    yield ""
    yield "| method | processor seconds a galaxy | failed | median reduced χ² |"
    yield "| --- | ---: | ---: | ---: |"
    for method, entry in found["methods"].items():
        chi2 = f"{entry['reduced_chi2']:.4f}" if "reduced_chi2" in entry else "–"
        yield f"| {method} | {entry['seconds']:.3g} | {entry['failed']} of {entry['n']} | {chi2} |"


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", nargs="+", default=list(DEFAULT_MODELS))
    parser.add_argument(
        "--model",
        nargs="+",
        help="names or directories, those that measure together joined by +; "
        "those that ship for the recipe if not given",
    )
    parser.add_argument("--psf-error", type=float, default=0.0, help="the PSF that is given is wider by this fraction")
    parser.add_argument("--arms", type=float, default=0.0, help="contrast of spiral arms in the discs")
    parser.add_argument("--n-galaxies", type=int, default=100)
    parser.add_argument("--n-imfit", type=int, default=10, help="galaxies for the fitter imfit; 0 for none")
    parser.add_argument("--seed", type=int, default=314)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--data", help="folder for galaxies and fits; a temporary one if not given")
    options = parser.parse_args()
    parts = ["python benchmarks/classical.py", "--recipe", *options.recipe]
    parts += ["--model", *[Path(one).name for one in options.model]] if options.model else []
    parts += [f"--n-galaxies {options.n_galaxies} --n-imfit {options.n_imfit} --seed {options.seed}"]
    parts += [f"--psf-error {options.psf_error:g}"] if options.psf_error else []
    parts += [f"--arms {options.arms:g}"] if options.arms else []
    options.command = " ".join(parts)
    return options


if __name__ == "__main__":
    main()
