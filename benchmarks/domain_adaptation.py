"""Domain adaptation: R² against the number of target galaxies, with and without simulations first.

    python benchmarks/domain_adaptation.py                                  # simulates the target, trains, draws
    python benchmarks/domain_adaptation.py --data data/crowded --sizes 50 100 200 400 800 1500 4000
    python benchmarks/domain_adaptation.py --real CATALOGUE --dir DIR       # and real galaxies beside

Figure 6 and table 3 of Tuccillo et al. (2018), § 6. The source networks are DeepLeGATo's that ship, trained on isolated
simulated galaxies. The paper's target are real CANDELS galaxies with published GALFIT parameters; ours is the recipe
``candels_f160w_crowded``: 2.5 companions a stamp, noise and PSFs of a wider range, galaxies off the centre, and true
parameters. As in the paper a sample of n galaxies is n · 4/5 to train and n / 5 to validate, and 1000 others test.
*Adapted* networks go on training on the sample at a quarter of the rate; *new* ones start on it from nothing, with
`--from-scratch` times as many steps.

CATALOGUE is a GalSim ``RealGalaxyCatalog`` of HST images (COSMOS, F814W) in the folder DIR: its galaxies brighter than
the recipe's limit are deconvolved and drawn with the recipe's PSFs, pixels and noise, and what the networks for the
magnitude say, before and after, is held against the catalogue's MAG. They are too few to adapt to, and there is no
published Sérsic fit of them.

What is done already is kept in `--work` and not done again. The table goes to
``benchmarks/results/domain_adaptation.md``, the numbers to ``domain_adaptation.json``, the figure beside them.
"""

import argparse
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import galsim
import numpy as np

import gampen_tf
from gampen_tf import metrics
from gampen_tf.data import LabelledImages
from gampen_tf.models import weights_hash
from gampen_tf.plots.style import axis_label, panels
from gampen_tf.simulation import load_recipe
from gampen_tf.simulation.galaxies import draw_galaxy
from gampen_tf.simulation.noise import draw_noise
from gampen_tf.training import PRESETS

RESULTS = Path(__file__).parent / "results"
PARAMETERS = ("magnitude", "semi_major_axis", "sersic_index", "axis_ratio")
MODELS = [f"candels_f160w_deeplegato_{name}" for name in PARAMETERS]
RECIPE, N_GALAXIES, SEED = "candels_f160w_crowded", 5000, 3
# Table 3, R² on 1000 real galaxies: before, before on isolated ones, after with 4000.
PAPER = {
    "magnitude": (0.795, 0.979, 0.980),
    "semi_major_axis": (-0.431, 0.630, 0.813),
    "sersic_index": (-0.331, 0.516, 0.813),
    "axis_ratio": (0.773, 0.915, 0.934),
}
_RATE_FRACTION = 0.25
_FAINTEST = 23.0  # mag, of the recipe


class Sample(LabelledImages):
    """Some galaxies of a data set, their images in memory."""

    def __init__(self, data, n):
        # four fifths to train, one to validate, whatever n
        rows = np.concatenate([data.split("train", n - n // 5), data.split("validation", n // 5)])
        super().__init__(data.path, {**data.metadata, "form": "memory"}, data.catalogue[rows])
        self._images = data.images(rows)

    def images(self, indices=None):
        return self._images[self._places(indices)]

    def psfs(self, indices=None):
        raise ValueError(f"{self.path}: PSF images are not kept in memory")

    def shards(self, split=None):
        raise ValueError(f"{self.path}: images in memory have no shards")


def main():
    options = _options()
    work = Path(options.work)
    if options.data is None:
        data = gampen_tf.simulate(RECIPE, work / "target", n_images=N_GALAXIES, seed=SEED)
    else:
        data = gampen_tf.open_dataset(options.data)
    results = {
        "data": data.provenance,
        "steps": options.steps,
        "steps_from_scratch": options.steps * options.from_scratch,
        "epochs": options.epochs,
        "parameters": {},
    }
    real = None if options.real is None else real_galaxies(options.real, options.dir)
    made_with = results["data"] | {
        "path": str(data.path),
        "steps": options.steps,
        "epochs": options.epochs,
        "real": options.real,
    }
    models = {model.parameters.names[0]: model for model in map(gampen_tf.load_model, options.models)}
    for name, model in models.items():
        results["parameters"][name] = {
            "before": r_squared(
                lambda model=model: model, data, real, name, Kept(work / f"{name}_before.json", made_with, model)
            ),
            "adapted": {},
            "new": {},
        }
    for n in options.sizes:
        sample = Sample(data, n)
        for name, model in models.items():
            for way in ("adapted", "new"):
                own = made_with | ({"from_scratch": options.from_scratch} if way == "new" else {})
                found = r_squared(
                    partial(train, way, model, sample, name, options),
                    data,
                    real,
                    name,
                    Kept(work / f"{name}_{way}_{n}.json", own, model),
                )
                results["parameters"][name][way][n] = found
                print(f"{n:5d} {name:16s} {way:8s} R² {found['all'][0]:.3f} ± {found['all'][1]:.3f}", flush=True)
    RESULTS.mkdir(exist_ok=True)
    text = table(results)
    print("\n" + text)
    (RESULTS / "domain_adaptation.md").write_text(text)
    (RESULTS / "domain_adaptation.json").write_text(json.dumps(results, indent=1) + "\n")
    figure(results, models).savefig(RESULTS / "domain_adaptation.png", dpi=130)


class Kept:
    """A file of results, that counts only if it was made with the same data, settings and source network."""

    def __init__(self, path, made_with, model):
        self.path, self.made_with = path, made_with | {"source": weights_hash(model.network)}

    def read(self):
        kept = json.loads(self.path.read_text()) if self.path.is_file() else {}
        return kept.get("found") if kept.get("made_with") == json.loads(json.dumps(self.made_with)) else None

    def write(self, found):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps({"made_with": self.made_with, "found": found}) + "\n")


def train(way, model, sample, name, options):
    """The model after more training on a sample, or a new network of its kind trained on the sample alone."""
    preset = PRESETS["deeplegato_short"]
    steps = options.steps if way == "adapted" else options.steps * options.from_scratch
    batch_size = min(preset.batch_size, len(sample.split("train")))
    epochs = min(max(1, round(steps / (len(sample.split("train")) // batch_size))), options.epochs)
    preset = replace(preset, epochs=epochs, batch_size=batch_size, warmup=0.1)
    if way == "new":
        return gampen_tf.train(
            sample,
            network=model.network_name,
            preset=preset,
            parameters=[name],
            seed=SEED,
            progress_bar=False,
        )
    return gampen_tf.finetune(
        model, sample, preset=preset, learning_rate=_RATE_FRACTION * preset.learning_rate, seed=SEED, progress_bar=False
    )


def r_squared(trained, data, real, name, kept):
    """R² on the test galaxies, all and those without a companion, and errors of real ones; what is kept if there is.

    `trained` gives the model, when it is called.
    """
    if (found := kept.read()) is not None:
        return found
    model = trained()
    rows = data.split("test")
    truth = data.truth([name])[rows]
    isolated = np.asarray(data.catalogue["n_neighbours"])[rows] == 0
    predicted = medians(model, data.images(rows))
    found = {}
    for group, chosen in (("all", np.ones(len(rows), bool)), ("isolated", isolated)):
        score = metrics.accuracy(predicted[chosen], truth[chosen])["r_squared"]
        found[group] = [float(score.value[0]), float(score.error[0])]
    if real is not None and name == "magnitude":
        score = metrics.accuracy(medians(model, real[0]), real[1][:, None])
        found["real"] = {
            key: [float(score[key].value[0]), float(score[key].error[0])] for key in ("median", "typical_error")
        } | {"n": len(real[1])}
    kept.write(found)
    return found


def medians(model, images):
    return gampen_tf.predict(
        images, model=model, pixel_scale=model.pixel_scale, unit=model.pixel_unit, progress_bar=False
    ).median()


def real_galaxies(catalogue, folder):
    """Images (N, H, W, 1) of real galaxies as the recipe would draw them, and their catalogued magnitudes."""
    recipe = load_recipe(RECIPE)
    catalogue = galsim.RealGalaxyCatalog(catalogue, dir=folder)
    magnitudes = np.array([catalogue.cat[i]["MAG"] for i in range(catalogue.nobjects)], float)
    rows = np.flatnonzero(magnitudes < _FAINTEST)
    images = np.zeros((len(rows), recipe.size, recipe.size, 1), np.float32)
    for image, row in zip(images, rows, strict=True):
        drawn = draw_galaxy(recipe, SEED, int(row))  # for its PSF and its noise
        galaxy = galsim.RealGalaxy(catalogue, index=int(row), flux=10 ** (0.4 * (recipe.zero_point - magnitudes[row])))
        psf = drawn["psf"]
        telescope = galsim.Airy(lam_over_diam=psf["lam_over_diameter"], obscuration=psf["obscuration"])
        seen = galsim.Convolve([galaxy, telescope, galsim.Gaussian(fwhm=psf["blur"])])
        image[..., 0] = seen.drawImage(nx=recipe.size, ny=recipe.size, scale=recipe.pixel_scale).array
        image[..., 0] += draw_noise(recipe, drawn["noise"], np.random.default_rng([SEED, int(row)]))
    return images, magnitudes[rows]


def table(results):
    entries = results["parameters"]
    sizes = list(next(iter(entries.values()))["adapted"])
    lines = [
        f"R² on the test galaxies of {results['data']['recipe_name']} (seed {results['data']['seed']}); adapted "
        f"in {results['steps']} steps, new in {results['steps_from_scratch']}, or {results['epochs']} epochs.",
        "",
        "| parameter | way | before | isolated alone | " + " | ".join(f"n = {n}" for n in sizes) + " |",
        "| --- | --- | ---: | ---: |" + " ---: |" * len(sizes),
    ]
    for name, entry in entries.items():
        for way in ("adapted", "new"):
            before = [f"{entry['before'][group][0]:.3f}" if way == "adapted" else "" for group in ("all", "isolated")]
            cells = [f"{entry[way][n]['all'][0]:.3f} ± {entry[way][n]['all'][1]:.3f}" for n in sizes]
            lines.append(f"| {name} | {way} | " + " | ".join(before + cells) + " |")
        paper = PAPER.get(name)
        if paper:
            cells = [f"{paper[0]:.3f}", f"{paper[1]:.3f}", *("" for _ in sizes[:-1]), f"{paper[2]:.3f} (n = 4000)"]
            lines.append(f"| {name} | paper, real galaxies | " + " | ".join(cells) + " |")
    entry = entries.get("magnitude", {})
    if "real" in entry.get("before", {}):
        lines += [
            "",
            f"Predicted − catalogued magnitudes of {entry['before']['real']['n']} real COSMOS galaxies.",
            "",
            "| networks | before | " + " | ".join(f"n = {n}" for n in sizes) + " |",
            "| --- | ---: |" + " ---: |" * len(sizes),
        ]
        for way in ("adapted", "new"):
            for key, label in (("median", "median"), ("typical_error", "68.27 % of the errors are below")):
                cells = [
                    "{:.2f} ± {:.2f}".format(*one["real"][key])
                    for one in (entry["before"], *(entry[way][n] for n in sizes))
                ]
                lines.append(f"| {way}, {label} | " + " | ".join(["" if way == "new" else cells[0], *cells[1:]]) + " |")
    return "\n".join(lines) + "\n"


def figure(results, models):
    """Figure 6: a panel for each parameter."""
    entries = results["parameters"]
    shown, axes = panels(None, 1, len(entries), width=3.0, height=2.8)
    for ax, (name, entry) in zip(axes[0], entries.items(), strict=True):
        for way, color, label in (("adapted", "C0", "simulations first"), ("new", "C3", "from nothing")):
            sizes = list(entry[way])
            values, errors = np.array([entry[way][n]["all"] for n in sizes]).T
            ax.errorbar(sizes, values, errors, color=color, marker="o", ms=3, label=label)
        ax.plot(min(sizes) / 2, entry["before"]["all"][0], "*", color="C2", ms=9, label="simulations alone")
        ax.set(xscale="log", xlabel="target galaxies", title=axis_label(name, models[name].parameters.units[0]))
        ax.set_ylim(max(-2.2, ax.get_ylim()[0]), 1.02)
    axes[0, 0].set_ylabel("R²")
    axes[0, -1].legend(fontsize=7)
    return shown


def _options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", help="folder of a data set of the target; simulated if not given")
    parser.add_argument("--real", metavar="CATALOGUE", help="name of the catalogue's file in DIR")
    parser.add_argument("--dir", help="folder of the catalogue and its images")
    parser.add_argument("--models", nargs="+", default=MODELS, help="names or directories; the four that ship")
    parser.add_argument("--sizes", nargs="+", type=int, default=[50, 200, 1000, 4000])
    parser.add_argument("--steps", type=int, default=100, help="of an adaptation")
    parser.add_argument("--from-scratch", type=int, default=10, help="times as many steps for a new network")
    parser.add_argument("--epochs", type=int, default=40, help="at most, where a sample has few batches")
    parser.add_argument("--work", default="runs/domain_adaptation", help="folder for what is kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
