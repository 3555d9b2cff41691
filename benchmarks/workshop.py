"""GaMPEN's workshop variant: from simulations to a target domain, errors before and after (Ghosh et al. 2021, § 3).

    gampen-tf simulate hsc_wide_g data/plain --n-images 110000 --seed 1
    gampen-tf simulate hsc_wide_g_crowded data/crowded_cal --n-images 14000 --seed 22
    gampen-tf simulate hsc_wide_g_crowded data/crowded_test --n-images 12000 --seed 12
    gampen-tf train data/plain runs/workshop --network workshop --preset workshop_short --epochs 3 --seed 1 \\
        --network-options '{"filters": [24, 64, 96, 96, 64], "units": 256, "output_size": 119}'
    gampen-tf finetune runs/workshop data/crowded_cal runs/workshop_target --preset workshop_short \\
        --learning-rate 1e-4 --epochs 5 --seed 1
    python benchmarks/workshop.py runs/workshop hsc_wide_g_workshop data/crowded_test --n-galaxies 1000

``hsc_wide_g_workshop``, which ships, is ``runs/workshop_target`` with its weights rounded to ten bits of mantissa. The
paper's target are real galaxies with published fits; ours is the recipe ``hsc_wide_g_crowded``, with neighbours,
correlated noise and galaxies off the centre. The network has one output a parameter: its posterior is that of Monte
Carlo dropout alone, here of so many passes, its value their mean, and its intervals those between quantiles of the
passes. The table goes to ``benchmarks/results/workshop.md``, the numbers to ``workshop.json``.
"""

import argparse
import json
from pathlib import Path

import numpy as np

import gampen_tf
from gampen_tf import metrics

RESULTS = Path(__file__).parent / "results"
# Standard deviations of the residuals, figure 3: real galaxies after fine-tuning.
PAPER = {"bulge_to_total": 0.19, "effective_radius": 0.38, "flux": 4.7e4}
LEVEL = metrics.SIGMA_LEVELS[0]


def main():
    options = _options()
    data = gampen_tf.open_dataset(options.data)
    rows = data.split(options.split, options.n_galaxies)
    results = {
        "data": data.provenance,
        "n_galaxies": len(rows),
        "passes": options.passes,
        "models": {},
    }
    for when, name in (("before", options.simulated), ("after", options.tuned)):
        model = gampen_tf.load_model(name)
        posterior = gampen_tf.predict(
            data.images(rows),
            model=model,
            passes=options.passes,
            pixel_scale=model.pixel_scale,
            unit=model.pixel_unit,
            progress_bar=False,
        )
        truth = data.truth(list(posterior.names))[rows]
        results["models"][when] = {
            "n_training": model.provenance["n_training"],
            "epochs": len(model.provenance["history"]),
            "parameters": scores(posterior, truth),
        }
    text = table(results)
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "workshop.md").write_text(text)
    (RESULTS / "workshop.json").write_text(json.dumps(results, indent=1) + "\n")


def scores(posterior, truth):
    """Residuals of the mean and coverage of the central interval, each with its error, by parameter."""
    mean, interval = posterior.mean(), posterior.interval(LEVEL, kind="central")
    found = metrics.accuracy(mean, truth, seed=0)
    inside = (interval[..., 0] <= truth) & (truth <= interval[..., 1])
    result = {}
    for i, name in enumerate(posterior.names):
        covered = metrics.proportion(np.sum(inside[:, i]), len(inside))
        result[name] = {
            key: [found[key].value[i], found[key].error[i]]
            for key in ("mean", "median", "standard_deviation", "typical_error", "r_squared")
            if key in found
        }
        result[name]["coverage"] = [float(covered.value), float(covered.error)]
    return result


def table(results):
    lines = [
        f"{results['n_galaxies']} galaxies of {results['data']['recipe_name']} (seed {results['data']['seed']}), "
        f"{results['passes']} passes. σ is the standard deviation of predicted − true; the typical error holds "
        "68.27 %, and so should the intervals.",
        "",
        "| parameter | | σ | typical error | R² | coverage of 68.27 % | paper's σ, real galaxies |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in results["models"]["before"]["parameters"]:
        for when, entry in results["models"].items():
            found = entry["parameters"][name]
            cells = [
                f"{found[key][0]:.4g} ± {found[key][1]:.2g}"
                for key in ("standard_deviation", "typical_error", "r_squared")
            ]
            cells.append(f"{100 * found['coverage'][0]:.1f} ± {100 * found['coverage'][1]:.1f} %")
            cells.append(f"{PAPER[name]:g}" if when == "after" and name in PAPER else "")
            lines.append(f"| {name} | {when} | " + " | ".join(cells) + " |")
    for when, entry in results["models"].items():
        lines.append(f"\n{when}: {entry['n_training']} galaxies, {entry['epochs']} epochs")
    return "\n".join(lines) + "\n"


def _options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("simulated", help="name or directory of the model that was trained on simulations")
    parser.add_argument("tuned", help="the same after fine-tuning on the target")
    parser.add_argument("data", help="folder of a data set of the target that neither was trained on")
    parser.add_argument("--split", default="all", choices=["all", "train", "validation", "test"])
    parser.add_argument("--n-galaxies", type=int, default=2000, help="so many, evenly over the split")
    parser.add_argument("--passes", type=int, default=128)
    return parser.parse_args()


if __name__ == "__main__":
    main()
