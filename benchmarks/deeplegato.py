"""DeepLeGATo on simulated galaxies: table 2 and figure 3 of Tuccillo et al. (2018), our figures beside the paper's.

    gampen-tf simulate candels_f160w data/test --n-images 5000 --seed 2
    python benchmarks/deeplegato.py data/test                        # the four networks that ship, together
    python benchmarks/deeplegato.py data/test --models runs/a runs/b --split test

R² of each parameter with its bootstrap error, the medians and scatters of input − output in bins of a magnitude
(figure 3's boxes), and the processor time of one galaxy, which other work on the machine does not change. The paper's
columns are of its own 5000 galaxies and 50 000 to train on. The table goes to ``benchmarks/results/deeplegato.md``,
the numbers to ``deeplegato.json``, the figure beside them.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

import gampen_tf
from gampen_tf import metrics
from gampen_tf.plots.style import axis_label, panels

RESULTS = Path(__file__).parent / "results"
PARAMETERS = ("magnitude", "semi_major_axis", "sersic_index", "axis_ratio")
MODELS = [f"candels_f160w_deeplegato_{name}" for name in PARAMETERS]
# Table 2: architecture 1, architecture 2, GALFIT.
PAPER = {
    "magnitude": (0.961, 0.997, 0.983),
    "semi_major_axis": (0.899, 0.972, 0.877),
    "sersic_index": (0.968, 0.881, 0.607),
    "axis_ratio": (0.983, 0.959, 0.903),
}
BINS = np.arange(16, 24)


def main():
    options = _options()
    data = gampen_tf.open_dataset(options.data)
    indices = data.split(options.split, options.n_galaxies)
    models = [gampen_tf.load_model(name) for name in options.models]
    images = data.images(indices)
    kind = {"pixel_scale": data.pixel_scale, "unit": data.pixel_unit, "progress_bar": False}
    together = gampen_tf.combine(models)
    gampen_tf.predict(images[:64], model=together, **kind)  # compiled before the clock runs
    started, processor = time.perf_counter(), time.process_time()
    posterior = gampen_tf.predict(images, model=together, **kind)
    seconds = {"wall": time.perf_counter() - started, "processor": time.process_time() - processor}
    truth, predicted = data.truth(list(posterior.names))[indices], posterior.median()
    magnitude = np.asarray(data.catalogue["magnitude"], float)[indices]
    results = {
        "data": data.provenance,
        "n_galaxies": len(indices),
        "n_measured": int(np.sum(np.isfinite(predicted).all(axis=1))),
        "milliseconds_per_galaxy": {key: 1e3 * value / len(indices) for key, value in seconds.items()},
        "parameters": {},
    }
    scores = metrics.accuracy(predicted, truth, seed=0)
    for i, (name, model) in enumerate(zip(posterior.names, models, strict=True)):
        results["parameters"][name] = {
            "network": model.network_name,
            "n_training": model.provenance["n_training"],
            "epochs": len(model.provenance["history"]),
            **{key: [scores[key].value[i], scores[key].error[i]] for key in ("r_squared", "typical_error", "nmad")},
            "bins": in_bins(truth[:, i] - predicted[:, i], magnitude),
        }
    RESULTS.mkdir(exist_ok=True)
    text = table(results)
    print(text)
    (RESULTS / "deeplegato.md").write_text(text)
    (RESULTS / "deeplegato.json").write_text(json.dumps(results, indent=1) + "\n")
    figure(truth - predicted, magnitude, posterior).savefig(RESULTS / "deeplegato.png", dpi=130)


def in_bins(residuals, magnitude):
    """Median and quartiles of the residuals in each bin of magnitude."""
    rows = []
    for low, high in zip(BINS[:-1], BINS[1:], strict=True):
        inside = residuals[(magnitude >= low) & (magnitude < high)]
        rows.append(
            {
                "from": int(low),
                "to": int(high),
                "n": len(inside),
                "quartiles": np.percentile(inside, [25, 50, 75]).tolist() if len(inside) else None,
            }
        )
    return rows


def table(results):
    data = results["data"]
    lines = [
        f"R² on {results['n_galaxies']} galaxies of {data['recipe_name']} (seed {data['seed']}), "
        f"{results['n_measured']} measured; the paper's table 2 beside. The typical error holds 68.27 %.",
        "",
        "| parameter | network | trained on, epochs | R² | paper: arch. 1 | arch. 2 | GALFIT | typical error |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, entry in results["parameters"].items():
        value, error = entry["r_squared"]
        paper = " | ".join(f"{number:.3f}" for number in PAPER[name]) if name in PAPER else "– | – | –"
        lines.append(
            f"| {name} | {entry['network']} | {entry['n_training']}, {entry['epochs']} | {value:.4f} ± {error:.4f} | "
            f"{paper} | {entry['typical_error'][0]:.4f} |"
        )
    lines += [
        "",
        "Input − output in bins of magnitude: median (quartiles).",
        "",
        "| magnitude | n | " + " | ".join(results["parameters"]) + " |",
        "| --- | ---: |" + " ---: |" * len(results["parameters"]),
    ]
    columns = [entry["bins"] for entry in results["parameters"].values()]
    for rows in zip(*columns, strict=True):
        cells = ["{1:+.3f} ({0:+.3f}, {2:+.3f})".format(*row["quartiles"]) if row["n"] else "–" for row in rows]
        lines.append(f"| {rows[0]['from']}–{rows[0]['to']} | {rows[0]['n']} | " + " | ".join(cells) + " |")
    cost = results["milliseconds_per_galaxy"]
    lines += [
        "",
        f"All networks together: {cost['processor']:.2f} ms of processor time a galaxy "
        f"({cost['wall']:.2f} ms on the clock, of a machine that may have had other work). Paper: 40 ms a galaxy "
        "on its CPU, 2.5 s for GALFIT.",
        "",
    ]
    return "\n".join(lines)


def figure(residuals, magnitude, posterior):
    """Figure 3: boxes of input − output in bins of magnitude."""
    names, units = posterior.names, posterior.units
    shown, axes = panels(None, len(names), 1, width=6.0, height=1.9, sharex=True)
    for i, (name, unit) in enumerate(zip(names, units, strict=True)):
        ax, known = axes[i, 0], np.isfinite(residuals[:, i])
        boxes = [residuals[known & (magnitude >= low) & (magnitude < low + 1), i] for low in BINS[:-1]]
        ax.boxplot(boxes, positions=BINS[:-1] + 0.5, widths=0.6, showfliers=False, manage_ticks=False)
        ax.axhline(0, color="0.7", lw=0.8, zorder=0)
        ax.set_ylabel(axis_label(name, unit, "Δ {}"))
    axes[-1, 0].set_xlabel("magnitude")
    return shown


def _options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", help="folder of a data set of the recipe candels_f160w that no network was trained on")
    parser.add_argument("--models", nargs="+", default=MODELS, help="names or directories; the four that ship")
    parser.add_argument("--split", default="all", choices=["all", "train", "validation", "test"])
    parser.add_argument("--n-galaxies", type=int, help="so many, evenly over the split")
    return parser.parse_args()


if __name__ == "__main__":
    main()
