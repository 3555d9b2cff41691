"""GaLNets on simulated galaxies: table 2 and figures 3, 4 and 10 of Li et al. (2022), our figures beside the paper's.

    gampen-tf simulate kids_r kids_r_test --n-images 6000 --seed 1001
    python benchmarks/galnets.py kids_r_test                              # the models that ship
    python benchmarks/galnets.py kids_r_test --models kids_r_galnet1 kids_r_galnet2 \\
        runs/kids_r_galnet1_point runs/kids_r_galnet2_point               # and the paper's own kind
    python benchmarks/galnets.py kids_r_test --models runs/galnet2_of_12500 runs/galnet2_of_25000 kids_r_galnet2 \\
        --name galnets_sizes --no-figures                                 # sizes of the training set

The paper's kind are point heads trained by Huber's loss, here with the shape both ways; for GaLNet-1 without the 2:

    gampen-tf train kids_r_50k runs/kids_r_galnet2_point --network galnet2 --preset galnet --epochs 10 --seed 1 \\
        --parameters x,y,magnitude,semi_major_axis,axis_ratio,position_angle,sersic_index,eta1,eta2

The sizes are trained as ``kids_r_galnet2`` was (see its card), on 12 500 and 25 000 galaxies of the same seed.

For each model, and for each way in which it gives the shape (a position angle by plain regression, or axis ratio and
angle through the conformal shear): R², fraction of outliers and NMAD as the paper defines them, of each parameter;
what the PSF's path gains; the coverage of the posteriors; reduced χ² of image minus model within R_e. The table goes
to ``benchmarks/results/galnets.md``, the numbers to ``galnets.json``, the figures beside them.

The paper's definitions depend on the unit and the origin: angles are in degrees and counted from 0 to 180 here too,
from the y axis (ours, from −90 to 90 about the x axis, plus 90). It takes no short way round, and neither do the
columns that are compared with it; the last column does.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

import gampen_tf
from gampen_tf import metrics
from gampen_tf.core import ellipticity
from gampen_tf.plots import plot_predicted_against_true, plot_residual_images
from gampen_tf.plots.style import COLOURS, LINES, panels
from gampen_tf.posterior import shapes
from gampen_tf.simulation import redraw, reduced_chi_squared

RESULTS = Path(__file__).parent / "results"
NAMES = ("x", "y", "magnitude", "semi_major_axis", "position_angle", "axis_ratio", "sersic_index")
UNITS = ("arcsec", "arcsec", "mag", "arcsec", "deg", "", "")
ANGLE = NAMES.index("position_angle")
MODELS = ("kids_r_galnet1", "kids_r_galnet2")
MERITS = {"r_squared": "R²", "outlier_fraction": "outliers", "nmad": "NMAD"}
# Table 2, in the order of NAMES.
PAPER = {
    "GaLNet-1": {
        "r_squared": (0.9885, 0.9882, 0.9898, 0.9206, 0.6716, 0.9124, 0.7280),
        "outlier_fraction": (0.001, 0.001, 0.000, 0.028, 0.210, 0.008, 0.260),
        "nmad": (0.0100, 0.0099, 0.0028, 0.0420, 0.0484, 0.0268, 0.1094),
    },
    "GaLNet-2": {
        "r_squared": (0.9924, 0.9915, 0.9945, 0.9624, 0.7692, 0.9781, 0.8905),
        "outlier_fraction": (0.000, 0.001, 0.000, 0.017, 0.165, 0.001, 0.128),
        "nmad": (0.0090, 0.0090, 0.0022, 0.0199, 0.0344, 0.0139, 0.0655),
    },
}
N_SHOWN = 5
PASSES = 32


def main():
    options = _options()
    data = gampen_tf.open_dataset(options.data)
    indices = data.split("all", options.n_galaxies)
    truth = data.truth(NAMES)[indices]
    results = {
        "data": data.provenance,
        "n_galaxies": len(indices),
        "passes": PASSES,
        "models": {},
    }
    predictions, chi = {}, {"true values": chi_squared(data, indices, truth, truth)}
    for name in options.models:
        model = gampen_tf.load_model(name)
        posterior, seconds = measure(model, data, indices)
        entry = {
            "head": model.head.name,
            "n_training": model.provenance["n_training"],
            "epochs": len(model.provenance["history"]),
            "command": model.provenance["command"],
            "processor_milliseconds_per_galaxy": 1e3 * seconds / len(indices),
            "ways": {},
        }
        for way, predicted in point_estimates(posterior).items():
            label = f"{Path(name).name}, {way}"
            predictions[label] = predicted
            entry["ways"][way] = merits(predicted, truth)
            if way == "shear":
                chi[label] = chi_squared(data, indices, predicted, truth)
        if model.head.has_width:
            entry["coverage"] = coverage(posterior, truth)
        results["models"][Path(name).name] = entry
    results["chi_squared"] = {
        label: {
            "median": float(np.median(values)),
            "quartiles": np.percentile(values, [25, 75]).tolist(),
            "below_1_5": float(np.mean(values < 1.5)),
        }
        for label, values in chi.items()
    }
    RESULTS.mkdir(exist_ok=True)
    text = table(results)
    print(text)
    (RESULTS / f"{options.name}.md").write_text(text)
    (RESULTS / f"{options.name}.json").write_text(json.dumps(results, indent=1) + "\n")
    if options.figures:
        for label, predicted in predictions.items():
            figure = plot_predicted_against_true(
                shifted(predicted),
                shifted(truth),
                names=NAMES,
                units=UNITS,
                scales=["linear"] * 3 + ["log"] + ["linear"] * 2 + ["log"],
            )
            figure.suptitle(label)
            figure.savefig(RESULTS / f"{options.name}_{label.replace(', ', '_')}.png", dpi=80)
        figure_chi_squared(chi).savefig(RESULTS / f"{options.name}_chi_squared.png", dpi=100)
        residual_images(data, indices, predictions, truth, options.name)


def measure(model, data, indices):
    """The posterior of the galaxies, and the processor's seconds for it."""
    images, psf = data.images(indices), data.psfs(indices) if model.psf_shape else None
    options = {"model": model, "passes": PASSES if model.head.has_width else 1, "progress_bar": False}
    gampen_tf.predict(images[:64], psf=None if psf is None else psf[:64], **options)  # compiled before the clock runs
    started = time.process_time()
    return gampen_tf.predict(images, psf=psf, **options), time.process_time() - started


def point_estimates(posterior):
    """(N, 7) values by the way in which the shape was found."""
    names, medians = list(posterior.names), posterior.median()
    columns = {name: medians[:, i] for i, name in enumerate(names)}
    ways = {}
    if "position_angle" in columns:
        ways["plain"] = columns
    if set(ellipticity.NAMES) <= set(names):
        shape = ellipticity.axis_ratio_and_angle(*(columns[name] for name in ellipticity.NAMES))
        ways["shear"] = columns | dict(zip(("axis_ratio", "position_angle"), shape, strict=True))
    return {way: np.stack([found[name] for name in NAMES], axis=1) for way, found in ways.items()}


def merits(predicted, truth):
    """The paper's three figures of each parameter with their errors, and those of the angle the short way round."""
    found = metrics.galnets_accuracy(shifted(predicted), shifted(truth), seed=0)
    circular = metrics.galnets_accuracy(shifted(predicted), shifted(truth), circular=(ANGLE,), seed=0)
    result = {
        key: {name: [float(found[key].value[i]), float(found[key].error[i])] for i, name in enumerate(NAMES)}
        for key in MERITS
    }
    for key in MERITS:
        result[key]["position_angle, circular"] = [float(circular[key].value[ANGLE]), float(circular[key].error[ANGLE])]
    return result


def shifted(values):
    """With angles from 0 to 180 degrees, as the paper counts them."""
    values = np.array(values)
    values[:, ANGLE] += 90.0
    return values


def coverage(posterior, truth):
    """Shares of true values inside intervals of 68.27, 95.45 and 99.73 %: equal-tailed ones, of shapes the shortest."""
    levels = dict(zip(("68", "95", "99"), metrics.SIGMA_LEVELS, strict=True))
    result = {}
    for i, name in enumerate(posterior.names):
        if name in NAMES:
            ends = posterior.interval(list(levels.values()), kind="central")[:, i]
            true = truth[:, NAMES.index(name)]
            result[name] = {
                key: float(np.mean((true >= ends[:, k, 0]) & (true <= ends[:, k, 1]))) for k, key in enumerate(levels)
            }
    if not set(ellipticity.NAMES) <= set(posterior.names):
        return result
    columns = shapes.shape_columns(posterior, levels)
    for name in ("axis_ratio", "position_angle"):
        true = truth[:, NAMES.index(name)]
        if name == "position_angle":
            true = columns[name, ""] + metrics.circular_difference(true, columns[name, ""], 180.0)
        result[name] = {
            key: float(np.mean((true >= columns[name, f"_lower_{key}"]) & (true <= columns[name, f"_upper_{key}"])))
            for key in levels
        }
    return result


def chi_squared(data, indices, predicted, truth):
    """Reduced χ² within the true effective radius, of the first galaxies."""
    rows = indices[:500]
    models = redraw(data, rows, predicted[:500], NAMES)
    images = data.images(rows)[..., 0]
    found = reduced_chi_squared(
        images,
        models,
        np.asarray(data.catalogue["noise_sigma"], float)[rows],
        truth[:500, NAMES.index("semi_major_axis")],
        data.pixel_scale,
        n_parameters=len(NAMES),
    )
    return found[np.isfinite(found)]  # the smallest have fewer pixels than parameters


def table(results):
    data = results["data"]
    lines = [
        f"Table 2 of Li et al. (2022) on {results['n_galaxies']} galaxies of {data['recipe_name']} "
        f"(seed {data['seed']}), "
        "as the paper defines it; its own values are of 20 000 other galaxies, from 200 000 to train on.",
        "",
    ]
    for key, word in MERITS.items():
        lines += [
            f"| {word} | trained on, epochs | x | y | mag | R_eff | PA | q | n | PA, short way round |",
            "| --- | --- |" + " ---: |" * 8,
        ]
        for label, values in PAPER.items():
            cells = " | ".join(f"{value[0]:.4f}" for value in zip(values[key], strict=True))
            lines.append(f"| {label}, paper | 200 000, – | {cells} | – |")
        for name, entry in results["models"].items():
            for way, found in entry["ways"].items():
                cells = " | ".join(f"{value:.4f}" for value, _ in found[key].values())
                lines.append(f"| {name}, {way} | {entry['n_training']}, {entry['epochs']} | {cells} |")
        lines.append("")
    lines += gains(results)
    posteriors = {name: entry["coverage"] for name, entry in results["models"].items() if "coverage" in entry}
    if posteriors:
        lines += [
            "Coverage of 68.27 / 95.45 / 99.73 % intervals in percent, equal-tailed, of shapes the shortest.",
            "",
            "| model | " + " | ".join(NAMES) + " |",
            "| --- |" + " ---: |" * len(NAMES),
        ]
        for name, found in posteriors.items():
            cells = [" / ".join(f"{100 * value:.1f}" for value in found[one].values()) for one in NAMES]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        lines.append("")
    lines += [
        "Reduced χ² of image − model within the true R_e over the variance of the sky, of 500 galaxies "
        "(above 1 with the true values too: the galaxies' own Poisson noise, and neighbours).",
        "",
        "| model | median | quartiles | below 1.5 |",
        "| --- | ---: | ---: | ---: |",
    ]
    for label, found in results["chi_squared"].items():
        low, high = found["quartiles"]
        lines.append(f"| {label} | {found['median']:.3f} | {low:.3f}–{high:.3f} | {100 * found['below_1_5']:.0f} % |")
    lines += [
        "",
        "Processor time a galaxy: "
        + ", ".join(
            f"{name} {entry['processor_milliseconds_per_galaxy']:.2f} ms" for name, entry in results["models"].items()
        )
        + f" (posteriors with {results['passes']} passes; the paper: 40 ms).",
        "",
    ]
    return "\n".join(lines)


def gains(results):
    """What the PSF's path gains: NMAD of a GaLNet-2 over that of the GaLNet-1 that is like it in all else."""
    lines = []
    for name, entry in results["models"].items():
        partner = results["models"].get(name.replace("galnet1", "galnet2"))
        if "galnet1" not in name or partner is None:
            continue
        for way in entry["ways"]:
            ratios = [partner["ways"][way]["nmad"][one][0] / entry["ways"][way]["nmad"][one][0] for one in NAMES]
            lines.append(f"| {name} → 2, {way} | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |")
    if not lines:
        return []
    paper = [b / a for a, b in zip(PAPER["GaLNet-1"]["nmad"], PAPER["GaLNet-2"]["nmad"], strict=True)]
    head = [
        "NMAD with the PSF's path over that without.",
        "",
        "| | " + " | ".join(NAMES) + " |",
        "| --- |" + " ---: |" * len(NAMES),
        "| paper | " + " | ".join(f"{ratio:.2f}" for ratio in paper) + " |",
    ]
    return [*head, *lines, ""]


def figure_chi_squared(chi):
    """Figure 10: distributions of the reduced χ²."""
    figure, axes = panels(None, 1, 1, width=5.0, height=3.2)
    edges = np.geomspace(0.5, 20, 40)
    for (label, values), colour, line in zip(chi.items(), COLOURS, LINES, strict=False):
        axes[0, 0].hist(np.clip(values, 0.5, 20), edges, histtype="step", color=colour, linestyle=line, label=label)
    axes[0, 0].set_xscale("log")
    axes[0, 0].set_xlabel(r"$\chi^2_\nu$ within $R_\mathrm{e}$")
    axes[0, 0].set_ylabel("Galaxies")
    axes[0, 0].legend(fontsize=7)
    return figure


def residual_images(data, indices, predictions, truth, name):
    """Figure 4: cutout, model and difference of some galaxies, for the posteriors of either network."""
    rows = indices[:N_SHOWN]
    images, noise = data.images(rows)[..., 0], np.asarray(data.catalogue["noise_sigma"], float)[rows]
    for label, predicted in predictions.items():
        if not label.endswith("shear"):
            continue
        models = redraw(data, rows, predicted[:N_SHOWN], NAMES)
        chi = reduced_chi_squared(
            images, models, noise, truth[:N_SHOWN, NAMES.index("semi_major_axis")], data.pixel_scale
        )
        figure = plot_residual_images(
            images, models, noise=float(noise[0]), pixel_scale=data.pixel_scale, chi_squared=chi, unit="nJy"
        )
        figure.savefig(RESULTS / f"{name}_residuals_{label.replace(', ', '_')}.png", dpi=80)


def _options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", help="folder of a data set of the recipe kids_r that no network was trained on")
    parser.add_argument("--models", nargs="+", default=MODELS, help="names or directories; those that ship")
    parser.add_argument("--n-galaxies", type=int, help="so many; all by default")
    parser.add_argument("--name", default="galnets", help="of the files of results")
    parser.add_argument("--no-figures", dest="figures", action="store_false")
    return parser.parse_args()


if __name__ == "__main__":
    main()
