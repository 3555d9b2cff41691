"""Generative models of galaxy images against the best scaled bivariate Gaussian of each (Regier et al. 2015, § 3.2).

    python benchmarks/galaxy_vae.py [MODEL ...] [--n-test 1000] [--novelty] [--catalogue CATALOGUE --dir DIR]
    python benchmarks/galaxy_vae.py --train OUTPUT [--variant dense] [--n-training 10000] [--epochs 80]

The first measures models, the second trains one as the shipped ones were. Images are drawn (`gampen_tf.simulation.
structured`), cut and scaled (`gampen_tf.vae.source_crops`); those of the test have another seed. ``--data`` is a
folder to keep them in.

For each test image the reconstruction at the mean of its latents, f_μ(g_μ(x)), is compared with the Gaussian of least
squared error: in squared error, and in likelihood, the Gaussian's with the variance that suits the image best, the
model's with its own variance of each pixel. ``--novelty`` asks how well scores tell images of another kind:
the area under the ROC curve of the bound, and of the distance in the encoder's features (`gampen_tf.models.novelty`).
``--catalogue`` measures the stamps of a GalSim ``RealGalaxyCatalog`` too. The tables go to
``benchmarks/results/galaxy_vae.md``, all numbers to ``galaxy_vae.json``, figures beside them.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np
from tqdm import tqdm

import gampen_tf
from gampen_tf import plots
from gampen_tf.classical import fit_bivariate_gaussian
from gampen_tf.models import Novelty
from gampen_tf.networks.parts import feature_network
from gampen_tf.simulation.structured import KINDS, draw_structured
from gampen_tf.vae import crop_sources, embed, normalise, round_weights

RESULTS = Path(__file__).parent / "results"
SEEDS = {"train": 1, "test": 2}
BLOCK = 100
PAPER = (971, 972)


def main():
    options = _options()
    if options.train:
        images = draw_crops(options.n_training, SEEDS["train"], options.data)["images"]
        vae = gampen_tf.train_vae(
            normalise(images, options.softening),
            options.train,
            variant=options.variant,
            softening=options.softening,
            epochs=options.epochs,
            seed=options.seed,
        )
        round_weights(vae.network)
        vae.provenance["command"] = options.command
        vae.save(options.train)
        options.models = [options.train]
    test = draw_crops(options.n_test, SEEDS["test"], options.data)
    results, lines = {"n_test": options.n_test, "models": {}}, []
    for name in options.models:
        vae = gampen_tf.GalaxyVAE.load(name)
        found = {"drawn": measure(vae, test["images"], test["kinds"])}
        lines += [*table(Path(name).name, found["drawn"]), ""]
        if options.catalogue:
            stamps = real_stamps(options.catalogue, options.dir)
            found["real"] = measure(vae, stamps, np.full(len(stamps), "real"))
            lines += [*table(f"{Path(name).name}, stamps of {Path(options.catalogue).name}", found["real"]), ""]
        if options.novelty:
            found["novelty"] = novelty(vae, options)
            lines += [*novelty_table(found["novelty"]), ""]
        results["models"][Path(name).name] = found
        figures(vae, normalise(test["images"], vae.softening), test["kinds"], Path(name).name)
    print("\n".join(lines))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "galaxy_vae.json").write_text(json.dumps(results, indent=1) + "\n")
    (RESULTS / "galaxy_vae.md").write_text("\n".join(lines))


def draw_crops(n_images, seed, folder):
    """Crops of the first so many accepted galaxies of a seed, and their kinds; kept in the folder if one is given."""
    kept = None if folder is None else Path(folder) / f"crops_{seed}.npz"
    if kept is not None and kept.is_file():
        with np.load(kept) as file:
            found = {name: file[name] for name in ("images", "kinds", "indices")}
        if len(found["images"]) >= n_images:
            return {name: values[:n_images] for name, values in found.items()}
    images, kinds, indices, first = [], [], [], 0
    with tqdm(total=n_images, unit="img", desc=f"drawing, seed {seed}") as bar:
        while len(indices) < n_images:
            block = np.arange(first, first + BLOCK)
            frames, drawn = zip(*(draw_structured(seed, int(i)) for i in block), strict=True)
            crops = crop_sources(np.stack(frames))
            images.append(crops.images)
            kinds += list(np.array(drawn)[crops.accepted])
            indices += list(block[crops.accepted])
            first += BLOCK
            bar.update(len(crops.images))
    found = {
        "images": np.concatenate(images)[:n_images],
        "kinds": np.array(kinds)[:n_images],
        "indices": np.array(indices)[:n_images],
    }
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, **found)
    return found


def real_stamps(catalogue, folder):
    """Crops of the original images of a RealGalaxyCatalog that are good for it."""
    import galsim

    catalogue = galsim.RealGalaxyCatalog(catalogue, dir=folder)
    crops = [crop_sources(catalogue.getGalImage(i).array[None]) for i in range(catalogue.nobjects)]
    refused = Counter(crop.reasons[0].split(":")[0].split(" of ")[0] for crop in crops if crop.reasons[0])
    print(f"{catalogue.nobjects} stamps, refused: {dict(refused)}")
    return np.concatenate([crop.images for crop in crops])


def measure(vae, crops, kinds):
    """Squared errors and likelihoods of the model and of the Gaussian, for each image and in sum."""
    images = normalise(crops, vae.softening)
    n_pixels = int(np.prod(images.shape[1:]))
    latents, _ = vae.encode(images)
    mean, _ = vae.decode(latents)
    fits = [fit_bivariate_gaussian(image) for image in tqdm(images, desc="Gaussians", unit="img")]
    per_image = {
        "mse_vae": np.mean((images - mean) ** 2, axis=(1, 2, 3)),
        "mse_gaussian": np.array([fit.mean_squared_error for fit in fits]),
        "log_likelihood_vae": vae.log_likelihood_given(images, latents),
        "log_likelihood_gaussian": np.array([fit.log_likelihood(n_pixels) for fit in fits]),
        "bound": vae.log_likelihood_bound(images, n_mc=16),
        "importance_weighted_bound": vae.log_likelihood_bound(images, n_mc=64, importance_weighted=True),
    }
    closer = per_image["mse_vae"] < per_image["mse_gaussian"]
    likelier = per_image["log_likelihood_vae"] > per_image["log_likelihood_gaussian"]
    groups = {"all": np.ones(len(images), bool)} | {k: kinds == k for k in (*KINDS, "real") if np.any(kinds == k)}
    return {
        "n_pixels": n_pixels,
        "gaussians_converged": int(np.sum([fit.converged for fit in fits])),
        "groups": {
            name: {
                "n": int(np.sum(rows)),
                "closer": int(np.sum(closer[rows])),
                "likelier": int(np.sum(likelier[rows])),
                "bound_likelier": int(np.sum((per_image["bound"] > per_image["log_likelihood_gaussian"])[rows])),
                "rms_vae": float(np.sqrt(np.mean(per_image["mse_vae"][rows]))),
                "rms_gaussian": float(np.sqrt(np.mean(per_image["mse_gaussian"][rows]))),
                "median_ratio": _median_ratio(per_image, rows),
                "median_ratio_where_lost": _median_ratio(per_image, rows & ~closer),
                **{key: float(np.mean(per_image[key][rows])) / n_pixels for key in per_image if "mse" not in key},
            }
            for name, rows in groups.items()
        },
        "per_image": {key: np.round(values, 6).tolist() for key, values in per_image.items()},
    }


def _median_ratio(per_image, rows):
    ratio = (per_image["mse_vae"] / per_image["mse_gaussian"])[rows]
    return float(np.median(ratio)) if len(ratio) else None


def table(name, found):
    yield f"### {name}"
    yield ""
    yield (
        "Images of which the model is closer (smaller squared error) or likelier than the best scaled bivariate "
        f"Gaussian; the paper's: {PAPER[0]} and {PAPER[1]} of 1000. Log-likelihoods in nats a pixel."
    )
    yield ""
    yield (
        "| images | n | closer | likelier | bound larger | rms error, model | rms error, Gaussian | median ratio of "
        "squared errors | ln p(x\\|z) | Gaussian | bound | weighted bound (64) |"
    )
    yield "| --- " * 12 + "|"
    for group, row in found["groups"].items():
        yield (
            f"| {group} | {row['n']} | {row['closer']} | {row['likelier']} | {row['bound_likelier']} | "
            f"{row['rms_vae']:.4f} | {row['rms_gaussian']:.4f} | {row['median_ratio']:.3f} | "
            f"{row['log_likelihood_vae']:.3f} | {row['log_likelihood_gaussian']:.3f} | {row['bound']:.3f} | "
            f"{row['importance_weighted_bound']:.3f} |"
        )


# -- images of another kind --------------------------------------------------------------------------------------------


def novelty(vae, options):
    """How well each score tells images of other kinds from galaxies that the model was not trained on."""
    training = normalise(draw_crops(options.n_training, SEEDS["train"], options.data)["images"], vae.softening)
    crops = draw_crops(options.n_test, SEEDS["test"], options.data)["images"]
    known, held_out = crops[::2], crops[1::2]
    distance = Novelty.fit(_features(vae, training), _features(vae, normalise(held_out, vae.softening)))
    rng = np.random.default_rng(5)
    found = {"n": len(known), "kinds": {}}
    usual = _scores(vae, distance, normalise(known, vae.softening))
    for kind, make in OTHERS.items():
        images = np.stack(
            [make(crop[..., 0], held_out[i % len(held_out), ..., 0], rng) for i, crop in enumerate(known)]
        )
        strange = _scores(vae, distance, normalise(images[..., None], vae.softening))
        found["kinds"][kind] = {
            name: {
                "auc": _auc(usual[name], strange[name]),
                "caught": float(np.mean(strange[name] > np.quantile(usual[name], 0.99))),
            }
            for name in usual
        }
    return found


def _features(vae, images):
    network = feature_network(vae.encoder)
    return np.concatenate([np.asarray(network(part)) for part in np.array_split(images, max(1, len(images) // 256))])


def _scores(vae, distance, images):
    mean, variance = vae.reconstruct(images)
    return {
        "−bound": -vae.log_likelihood_bound(images, n_mc=8),
        "χ² of the reconstruction": np.mean((images - mean) ** 2 / variance, axis=(1, 2, 3)),
        "feature distance": distance.scores(_features(vae, images)),
    }


def _auc(usual, strange):
    """Probability that a strange image has the larger score."""
    order = np.searchsorted(np.sort(usual), strange, side="left") + np.searchsorted(np.sort(usual), strange, "right")
    return float(np.mean(order) / 2 / len(usual))


def _sky(crop):
    return 1.4826 * np.median(np.abs(crop - np.median(crop)))


def _star(crop, other, rng):
    y, x = np.mgrid[: len(crop), : len(crop)] - (len(crop) - 1) / 2
    core = rng.uniform(1.5, 3.5)
    return crop.max() * (1 + (x**2 + y**2) / core**2) ** -3.5 + _sky(crop) * rng.normal(size=crop.shape)


def _pair(crop, other, rng):
    shift = np.round(rng.uniform(12, 20) * np.array([np.cos(a := rng.uniform(0, 2 * np.pi)), np.sin(a)])).astype(int)
    return crop + np.roll(other, shift, axis=(0, 1)) * rng.uniform(0.5, 1) * crop.max() / other.max()


def _off_centre(crop, other, rng):
    return np.roll(crop, rng.choice([-1, 1], 2) * rng.integers(6, 15, 2), axis=(0, 1))


def _small(crop, other, rng):
    n = len(crop) // 2
    image = _sky(crop) * rng.normal(size=crop.shape)
    image[n // 2 : n // 2 + n, n // 2 : n // 2 + n] = crop[: 2 * n, : 2 * n].reshape(n, 2, n, 2).mean((1, 3))
    return image


def _trail(crop, other, rng):
    y, x = np.mgrid[: len(crop), : len(crop)] - (len(crop) - 1) / 2
    angle = rng.uniform(0, np.pi)
    across = x * np.sin(angle) - y * np.cos(angle) - rng.uniform(-15, 15)
    return crop + 0.3 * crop.max() * np.exp(-0.5 * (across / 1.5) ** 2)


def _noise(crop, other, rng):
    return rng.normal(size=crop.shape)


OTHERS = {
    "star": _star,
    "merged pair": _pair,
    "off centre": _off_centre,
    "pixels twice as large": _small,
    "satellite trail": _trail,
    "noise alone": _noise,
}


def novelty_table(found):
    names = list(next(iter(found["kinds"].values())))
    yield (
        f"Area under the ROC curve against {found['n']} galaxies of the test, and the share caught at a false-alarm "
        "rate of 1 %."
    )
    yield ""
    yield "| kind | " + " | ".join(names) + " |"
    yield "| --- " * (len(names) + 1) + "|"
    for kind, row in found["kinds"].items():
        yield f"| {kind} | " + " | ".join(f"{row[n]['auc']:.3f}, {100 * row[n]['caught']:.0f} %" for n in names) + " |"


# -- figures -----------------------------------------------------------------------------------------------------------


def figures(vae, images, kinds, name):
    """The paper's figures 3, 4 and 5, and new galaxies."""
    RESULTS.mkdir(exist_ok=True)
    shown = [int(np.flatnonzero(kinds == kind)[0]) for kind in KINDS if np.any(kinds == kind)]
    mean, variance = vae.reconstruct(images[shown], seed=1)
    latents, _ = vae.encode(images)
    try:
        plane, method = embed(latents, method="tsne"), "t-SNE"
    except ImportError:
        plane, method = embed(latents), "principal components"
    steps = (-3, -2, -1, 0, 1, 2, 3)
    for part, figure in {
        "reconstructions": plots.plot_reconstructions(images[shown], mean, variance, list(kinds[shown])),
        "traversal": plots.plot_traversal(vae.traversal(steps), steps),
        "samples": plots.plot_samples(vae.sample(32, seed=1)),
        "latents": plots.plot_latents(plane, images=images, title=f"{method} of the latents"),
        "latents_of_kinds": plots.plot_latents(plane, kinds, title=f"{method} of the latents"),
    }.items():
        figure.savefig(RESULTS / f"{name}_{part}.png", dpi=110)


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["galaxy_vae"], help="names or directories")
    parser.add_argument("--n-test", type=int, default=1000)
    parser.add_argument("--data", help="folder for the drawn images")
    parser.add_argument("--novelty", action="store_true")
    parser.add_argument("--catalogue")
    parser.add_argument("--dir")
    parser.add_argument("--train", metavar="OUTPUT")
    parser.add_argument("--variant", default="dense")
    parser.add_argument("--n-training", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=80)
    parser.add_argument("--softening", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    # as anybody can give it, without this machine's folders
    options.command = (
        f"python benchmarks/galaxy_vae.py --train runs/galaxy_vae --variant {options.variant} --n-training "
        f"{options.n_training} --epochs {options.epochs} --softening {options.softening:g} --seed {options.seed}"
    )
    return options


if __name__ == "__main__":
    main()
