"""What fraction of each kind of bad image the flags catch, and how many good galaxies they flag.

    python benchmarks/domain_limits.py [MODEL] [--recipe hsc_wide_g ...] [--n-images 200]

MODEL is a model directory, or the name of a model that ships. Of one without limits (`gampen_tf.fit_limits`), only
what the images themselves say is reported. False alarms are those on new galaxies of the recipes, the first lines of
the table; each other kind is a galaxy of the first recipe with one thing wrong. "Errors" are 68.27 % errors of those
kinds that have true values, of all and of those without a flag: what is not caught should not matter much. The table
goes to ``benchmarks/results/domain_limits.md``, all numbers to ``domain_limits.json``.
"""

import argparse
import json
from pathlib import Path

import numpy as np

import gampen_tf
from gampen_tf import metrics
from gampen_tf.core import Flag
from gampen_tf.evaluation.report_parts import plus_minus
from gampen_tf.models import bright_neighbour, cut_by_frame
from gampen_tf.rendering import Component, draw_psf, draw_stamp
from gampen_tf.simulation import load_recipe
from gampen_tf.simulation.catalogue import draw_catalogue
from gampen_tf.simulation.galaxies import draw_galaxy, generator
from gampen_tf.simulation.noise import draw_noise
from gampen_tf.simulation.psf_families import psf_of

MEASURED = ("effective_radius", "flux")
RESULTS = Path(__file__).parent / "results"
FLAGS = (Flag.OUT_OF_DISTRIBUTION, Flag.EXTRAPOLATED, Flag.CUT_BY_FRAME, Flag.BRIGHT_NEIGHBOUR)


def draw(recipe, seed, index, *, kind="galaxy"):
    """One image of a kind, (size, size), and its true effective radius and flux (NaN where it has none)."""
    galaxy, rng = draw_galaxy(recipe, seed, index), generator(seed, index, 7)
    psf, scale = psf_of(recipe, galaxy), recipe.pixel_scale
    components = [Component(**c, x=galaxy["x"], y=galaxy["y"]) for c in galaxy["components"].values() if c["flux"] > 0]
    components += [Component(**neighbour) for neighbour in galaxy["neighbours"]]
    radius = float(draw_catalogue(recipe, seed, [index])["effective_radius"][0])
    if kind == "larger than the frame":
        half_frame = 0.5 * recipe.size * scale
        size = rng.uniform(0.7, 1.5) * half_frame
        sersic_index = rng.choice([1.0, 4.0])
        components = [Component(galaxy["flux"], size, sersic_index, rng.uniform(0.25, 1), rng.uniform(0, 180))]
        radius = size
    if kind == "merged pair":
        angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(2, 6)
        other = draw_galaxy(recipe, seed + 1, index)
        ratio = rng.uniform(0.3, 1) * galaxy["flux"] / other["flux"]
        x, y = distance * np.cos(angle), distance * np.sin(angle)
        components += [
            Component(**{**c, "flux": ratio * c["flux"]}, x=x, y=y)
            for c in other["components"].values()
            if c["flux"] > 0
        ]
    if kind == "pixels twice as large":
        scale *= 2
    if kind == "star":
        star = draw_psf(psf, recipe.size, scale)
        image = galaxy["flux"] * star
    elif kind == "blank sky":
        image = np.zeros((recipe.size, recipe.size))
    else:
        image = draw_stamp(components, psf, recipe.size, scale)
    image = image + draw_noise(recipe, galaxy["noise"], generator(seed, index, 1))
    if kind == "cosmic ray":
        start, angle = rng.uniform(0.35, 0.65, 2) * recipe.size, rng.uniform(0, np.pi)
        steps = np.arange(int(rng.uniform(10, 60)))
        rows = np.round(start[0] + np.sin(angle) * steps).astype(int)
        columns = np.round(start[1] + np.cos(angle) * steps).astype(int)
        inside = (rows >= 0) & (rows < recipe.size) & (columns >= 0) & (columns < recipe.size)
        image[rows[inside], columns[inside]] += rng.uniform(300, 3000)
    factor = {"flux ten times too large": 10.0, "flux ten times too small": 0.1}.get(kind, 1.0)
    has_truth = kind not in ("star", "blank sky", "merged pair")
    return factor * image, (radius, galaxy["flux"]) if has_truth else (np.nan, np.nan)


KINDS = (
    "star",
    "blank sky",
    "cosmic ray",
    "merged pair",
    "larger than the frame",
    "pixels twice as large",
    "flux ten times too large",
    "flux ten times too small",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="hsc_wide_g")
    parser.add_argument("--recipe", nargs="+", default=["hsc_wide_g"])
    parser.add_argument("--n-images", type=int, default=200, help="of each kind; five times as many good galaxies")
    parser.add_argument("--seed", type=int, default=90_001)
    options = parser.parse_args()
    model = gampen_tf.load_model(options.model)
    results = {
        "model": options.model,
        "seed": options.seed,
        "kinds": {},
        "false_alarm": None if model.limits is None else model.limits.false_alarm,
    }
    cases = [(f"galaxies of {name}", name, "galaxy", 5 * options.n_images) for name in options.recipe]
    cases += [(kind, options.recipe[0], kind, options.n_images) for kind in KINDS]
    for word, name, kind, n_images in cases:
        found = results["kinds"][word] = caught(model, load_recipe(name), kind, n_images, options.seed)
        shares = "".join(f"{flag} {100 * entry['value']:.1f} %  " for flag, entry in found["flagged"].items())
        print(f"{word:32s}{shares}", flush=True)
    lines = "\n".join(table(results)) + "\n"
    print(f"\n{lines}")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "domain_limits.json").write_text(json.dumps(results, indent=1) + "\n")
    (RESULTS / "domain_limits.md").write_text(lines)


def caught(model, recipe, kind, n_images, seed):
    """Shares of one kind of image that each flag and any flag catches, and the errors of all and of the others."""
    flags, predicted, truth = [], [], []
    for start in range(0, n_images, 100):
        drawn = [draw(recipe, seed, i, kind=kind) for i in range(start, min(start + 100, n_images))]
        images = np.stack([image for image, _ in drawn]).astype(np.float32)
        posterior = gampen_tf.predict(
            images, model=model, pixel_scale=model.pixel_scale, unit=model.pixel_unit, progress_bar=False
        )
        found = np.asarray(posterior.flags, np.int64)
        if model.limits is None:
            found |= Flag.CUT_BY_FRAME.value * cut_by_frame(images)
            found |= Flag.BRIGHT_NEIGHBOUR.value * bright_neighbour(images)
        flags.append(found)
        predicted.append(posterior.mode()[:, [model.parameters.names.index(name) for name in MEASURED]])
        truth += [values for _, values in drawn]
    flags, predicted, truth = np.concatenate(flags), np.concatenate(predicted), np.array(truth)
    holds = {flag.name: flags & int(flag) != 0 for flag in (*FLAGS, Flag.NOT_MEASURED)} | {"any": flags != 0}
    errors = {}
    for column, name in enumerate(MEASURED):
        residual = np.abs(predicted[:, column] / truth[:, column] - 1)
        known = np.isfinite(residual)
        errors[name] = {
            word: _number(metrics.quantile(residual[rows], metrics.SIGMA_LEVELS[0])) if np.sum(rows) >= 10 else None
            for word, rows in (("all", known), ("without a flag", known & (flags == 0)))
        }
    return {
        "n": n_images,
        "errors": errors,
        "flagged": {name: _number(metrics.proportion(np.sum(rows), n_images)) for name, rows in holds.items()},
    }


def table(results):
    """Lines of Markdown."""
    asked = results["false_alarm"]
    yield (
        f"Per cent flagged, of each kind of image, by model {Path(results['model']).name}; "
        + ("it has no limits" if asked is None else f"limits set for false alarms of {100 * asked:g} % each")
        + ". 68.27 % errors in per cent, of all / of those without a flag."
    )
    yield ""
    columns = [*(flag.name for flag in (*FLAGS, Flag.NOT_MEASURED)), "any"]
    yield (
        "| image | number | "
        + " | ".join(name.lower().replace("_", " ") for name in columns)
        + " | error of R_e | error of flux |"
    )
    yield "| --- |" + " ---: |" * (len(columns) + 3)
    for word, found in results["kinds"].items():
        cells = [word, str(found["n"]), *(plus_minus(found["flagged"][name], 100) for name in columns)]
        for errors in found["errors"].values():
            known = ["–" if errors[key] is None else plus_minus(errors[key], 100) for key in ("all", "without a flag")]
            cells.append("–" if errors["all"] is None else " / ".join(known))
        yield "| " + " | ".join(cells) + " |"


def _number(estimate):
    return {key: float(x) if np.isfinite(x) else None for key, x in zip(("value", "error"), estimate, strict=True)}


if __name__ == "__main__":
    main()
