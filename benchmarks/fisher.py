"""How well B/T, size and flux can be known at all: the Cramér–Rao bound of a recipe's galaxies, and how far models are.

    python benchmarks/fisher.py [--n 300] [--recipe hsc_wide_g] [--model NAME] [--passes N|auto]

An unbiased estimate has a covariance of at least the inverse of the Fisher matrix F = Dᵀ D / σ², where the columns of D
are the derivatives of the noise-free image with respect to everything that was drawn: flux, radius, Sérsic index
and ellipticity of each component, the centre, and the PSF; σ is the noise of a pixel. From it follow the bounds of B/T,
of the radius that holds half of the light, and of the total flux. Four of them for each galaxy:

    PSF known                 the PSF is told
    PSF averaged              its width and ellipticity are known by their distribution in the recipe alone
    … and priors              those of all other properties are known too, as normal ones of the same variance

B/T is for galaxies of two components: at 0 and 1 it sits on a bound. A model may do better than a bound without
priors, for it has learned them.
"""

import argparse
import dataclasses
import json
import time
from pathlib import Path

import numpy as np

from gampen_tf.io import locations as resources
from gampen_tf.metrics import SIGMA_LEVELS
from gampen_tf.rendering import Component, draw_stamp, half_light_radius
from gampen_tf.simulation import load_recipe
from gampen_tf.simulation.catalogue import draw_catalogue
from gampen_tf.simulation.galaxies import draw_galaxy
from gampen_tf.simulation.images import draw_image
from gampen_tf.simulation.psf_families import psf_of

RESULTS = Path(__file__).parent / "results" / "fisher.json"
QUANTITIES = ("bulge_to_total", "effective_radius", "flux")
VARIANTS = ("psf_known", "psf_averaged", "psf_known_and_priors", "psf_averaged_and_priors")
# Central differences: steps of ln R, the Sérsic index, ellipticities, the centre (arcsec) and the FWHM (arcsec). Wide
# beside the rounding of float32 images, narrow beside what they describe: halving them moves bounds by less than 1 %.
STEPS = {"log_radius": 0.01, "sersic_index": 0.02, "e1": 0.01, "e2": 0.01, "x": 0.01, "y": 0.01, "fwhm": 0.01}
FLUX_EDGES = (0, 1e5, 5e5, 2e6, np.inf)
RADIUS_EDGES = (0, 1, 2, 3, np.inf)


def ellipticity(axis_ratio, position_angle):
    """(e1, e2) of an ellipse, e = (1 − q) / (1 + q): smooth where it is round, as q and the angle are not."""
    size, angle = (1 - axis_ratio) / (1 + axis_ratio), 2 * np.deg2rad(position_angle)
    return size * np.cos(angle), size * np.sin(angle)


def ellipse(e1, e2):
    """Axis ratio and position angle (degrees) of an ellipticity."""
    size = np.hypot(e1, e2)
    return (1 - size) / (1 + size), 0.5 * np.rad2deg(np.arctan2(e2, e1))


def moved(thing, key, step):
    """A component, or the dict of a PSF, with one property changed."""
    if key in ("e1", "e2"):
        shape = thing if isinstance(thing, dict) else dataclasses.asdict(thing)
        e = np.add(ellipticity(shape["axis_ratio"], shape["position_angle"]), (step, 0) if key == "e1" else (0, step))
        change = dict(zip(("axis_ratio", "position_angle"), ellipse(*e), strict=True))
    elif key == "log_radius":
        change = {"effective_radius": thing.effective_radius * np.exp(step)}
    else:
        change = {key: (thing[key] if isinstance(thing, dict) else getattr(thing, key)) + step}
    return {**thing, **change} if isinstance(thing, dict) else dataclasses.replace(thing, **change)


def derivatives(components, psf, make_psf, size, pixel_scale):
    """Derivatives of the noise-free image.

    Parameters
    ----------
    components : list of Component
    psf : dict
        Drawn properties of the PSF.
    make_psf : callable
        From such a dict to a PSF that `draw_stamp` takes.
    size, pixel_scale
        Of the image.

    Returns
    -------
    columns : (size², K) array
    keys : list of K (int or None, str)
        Number of the component (None for the whole galaxy and the PSF), and which property: ``log_flux``, and those
        of ``STEPS``; of the PSF ``psf_fwhm``, ``psf_e1``, ``psf_e2``.
    """
    # one period for all draws: another one folds another part of the wings into the frame
    period = 2 * int(np.ceil(0.75 * size))
    drawn_psf = make_psf(psf)

    def draw(parts, shape=drawn_psf):
        return draw_stamp(parts, shape, size, pixel_scale, period=period).astype(float).ravel()

    columns, keys = [], []
    for i, component in enumerate(components):
        columns.append(draw([component]))
        keys.append((i, "log_flux"))
        for key in ("log_radius", "sersic_index", "e1", "e2"):
            step = STEPS[key]
            up, down = (draw([moved(component, key, sign * step)]) for sign in (1, -1))
            columns.append((up - down) / (2 * step))
            keys.append((i, key))
    for key in ("x", "y"):
        step = STEPS[key]
        up, down = (draw([moved(component, key, sign * step) for component in components]) for sign in (1, -1))
        columns.append((up - down) / (2 * step))
        keys.append((None, key))
    for key in ("fwhm", "e1", "e2"):
        step = STEPS[key]
        up, down = (draw(components, make_psf(moved(psf, key, sign * step))) for sign in (1, -1))
        columns.append((up - down) / (2 * step))
        keys.append((None, f"psf_{key}"))
    return np.stack(columns, axis=1), keys


def measured_quantities(components):
    """B/T, ln R_e and ln F of components in the order disc, bulge (B/T is 0 for one alone)."""
    flux = np.array([component.flux for component in components])
    columns = [
        np.array([[getattr(component, key) for component in components]])
        for key in ("flux", "effective_radius", "axis_ratio", "sersic_index")
    ]
    share = flux[-1] / flux.sum() if len(flux) == 2 else 0.0
    return np.array([share, np.log(half_light_radius(*columns)[0]), np.log(flux.sum())])


def jacobian(components, keys):
    """(3, K) derivatives of :func:`measured_quantities` with respect to the parameters."""
    result = np.zeros((3, len(keys)))
    step = 1e-4
    for k, (i, key) in enumerate(keys):
        if i is None:
            continue
        ends = []
        for sign in (1, -1):
            parts = list(components)
            if key == "log_flux":
                parts[i] = dataclasses.replace(parts[i], flux=parts[i].flux * np.exp(sign * step))
            else:
                parts[i] = moved(parts[i], key, sign * step)
            ends.append(measured_quantities(parts))
        result[:, k] = (ends[0] - ends[1]) / (2 * step)
    return result


def spreads(recipe, seed=1_000_003, n=2000):
    """Variances of what a recipe draws, by kind of galaxy, for the priors."""
    catalogue = draw_catalogue(recipe, seed, range(n))
    kinds = np.asarray(catalogue["kind"], str)
    psf_e = ellipticity(*(np.asarray(catalogue[f"psf_{key}"], float) for key in ("axis_ratio", "position_angle")))
    result = {}
    for kind in recipe.kinds:
        rows = kinds == kind.name
        entry = {"flux": np.var(catalogue["flux"][rows]), "bulge_to_total": np.var(catalogue["bulge_to_total"][rows])}
        for name in kind.components:
            column = {
                key: np.asarray(catalogue[f"{name}_{key}"], float)[rows]
                for key in ("effective_radius", "sersic_index", "axis_ratio", "position_angle")
            }
            e1, e2 = ellipticity(column["axis_ratio"], column["position_angle"])
            entry[name] = {
                "effective_radius": np.var(column["effective_radius"]),
                "sersic_index": np.var(column["sersic_index"]),
                "e1": np.var(e1),
                "e2": np.var(e2),
            }
        entry.update({key: np.var(np.asarray(catalogue[key], float)) for key in ("x", "y")})
        psf = (np.var(np.asarray(catalogue["psf_fwhm"], float)), *(np.var(e) for e in psf_e))
        entry.update(zip(("psf_fwhm", "psf_e1", "psf_e2"), psf, strict=True))
        result[kind.name] = entry
    return result


def prior_information(components, names, keys, spread):
    """(K, K) information of normal priors with the recipe's variances on everything but the PSF."""
    information = np.zeros((len(keys), len(keys)))
    fluxes = {i: k for k, (i, key) in enumerate(keys) if key == "log_flux"}
    for k, (i, key) in enumerate(keys):
        if i is None and key in ("x", "y"):
            # a centre that is never drawn is known: a micrometre of freedom keeps the matrix regular
            information[k, k] = 1 / max(spread[key], 1e-12)
        elif key == "log_radius":
            information[k, k] = components[i].effective_radius ** 2 / spread[names[i]]["effective_radius"]
        elif i is not None and key != "log_flux":
            information[k, k] = 1 / spread[names[i]][key]
    total = sum(component.flux for component in components)
    by_flux = np.array([component.flux for component in components])
    at = [fluxes[i] for i in range(len(components))]
    information[np.ix_(at, at)] += np.outer(by_flux, by_flux) / spread["flux"]
    if len(components) == 2:
        share = by_flux[1] / total
        by_share = share * (1 - share) * np.array([-1, 1])
        information[np.ix_(at, at)] += np.outer(by_share, by_share) / spread["bulge_to_total"]
    return information


def bounds(components, names, psf, make_psf, recipe, sigma, spread):
    """The four Cramér–Rao bounds of B/T, ln R_e and ln F: a dict of variant to (3,) standard deviations."""
    columns, keys = derivatives(components, psf, make_psf, recipe.size, recipe.pixel_scale)
    information = columns.T @ columns / sigma**2
    slope = jacobian(components, keys)
    of_psf = np.array([key.startswith("psf_") for _, key in keys])
    psf_prior = np.diag([1 / spread[key] if key.startswith("psf_") else 0.0 for _, key in keys])
    priors = prior_information(components, names, keys, spread)
    result = {}
    for variant in VARIANTS:
        kept = ~of_psf if variant.startswith("psf_known") else np.ones(len(keys), bool)
        matrix = information + psf_prior + (priors if variant.endswith("priors") else 0.0)
        result[variant] = standard_deviations(matrix[np.ix_(kept, kept)], slope[:, kept])
    return result


def standard_deviations(information, slope):
    """√diag(J F⁻¹ Jᵀ), with F scaled to a unit diagonal before it is inverted."""
    scale = 1 / np.sqrt(np.diag(information))
    covariance = np.linalg.inv(information * np.outer(scale, scale))
    scaled = slope * scale
    return np.sqrt(np.einsum("qk,kl,ql->q", scaled, covariance, scaled))


def compute(recipe, seed, indices):
    """Bounds and true values of galaxies: rows of plain data."""
    spread, rows = spreads(recipe), []
    for index in indices:
        galaxy = draw_galaxy(recipe, seed, index)
        names = list(galaxy["components"])
        components = [Component(**part, x=galaxy["x"], y=galaxy["y"]) for part in galaxy["components"].values()]

        def make_psf(psf, galaxy=galaxy):
            return psf_of(recipe, {**galaxy, "psf": psf})

        sigma = galaxy["noise"]["sigma"]
        found = bounds(components, names, galaxy["psf"], make_psf, recipe, sigma, spread[galaxy["kind"]])
        radius = np.exp(measured_quantities(components)[1])
        row = {
            "index": index,
            "kind": galaxy["kind"],
            "bulge_to_total": galaxy["bulge_to_total"],
            "effective_radius": float(radius),
            "flux": galaxy["flux"],
        }
        for variant, values in found.items():
            row[variant] = dict(zip(QUANTITIES, values.tolist(), strict=True))
            if len(components) == 1:
                row[variant]["bulge_to_total"] = None
        rows.append(row)
    return rows


def model_errors(rows, name, passes, recipe, seed):
    """Residuals of a model's modes on the same galaxies, absolute for B/T and relative for the others: (N, 3)."""
    from gampen_tf import predict

    images = np.stack([draw_image(recipe, seed, row["index"]) for row in rows])[..., None]
    posterior = predict(images, model=name, passes=passes)
    truth = np.array([[row[key] for key in QUANTITIES] for row in rows])
    mode = posterior.mode()[:, [posterior.names.index(key) for key in QUANTITIES]]
    return (mode - truth) / np.where([True, False, False], 1.0, truth)


def binned(rows, key, edges, errors):
    """Median bound of each variant in bins of a quantity, and the model's error in units of it."""
    result = []
    values = np.array([row[key] for row in rows])
    for low, high in [(0, np.inf), *zip(edges[:-1], edges[1:], strict=True)]:
        inside = np.flatnonzero((values >= low) & (values < high))
        entry = {"low": low, "high": high if np.isfinite(high) else None, "n": len(inside)}
        for variant in VARIANTS:
            entry[variant] = {}
            for q, quantity in enumerate(QUANTITIES):
                known = [i for i in inside if rows[i][variant][quantity] is not None]
                if not known:
                    continue
                bound = np.array([rows[i][variant][quantity] for i in known])
                found = {"n": len(known), "median": float(np.median(bound))}
                if errors is not None:
                    # 68.27 % of an efficient unbiased estimate's errors are within once the bound
                    ratio = np.abs(errors[known, q]) / bound
                    found["model_error"] = float(np.nanquantile(np.abs(errors[known, q]), SIGMA_LEVELS[0]))
                    found["model_over_bound"] = float(np.nanquantile(ratio, SIGMA_LEVELS[0]))
                entry[variant][quantity] = found
        result.append(entry)
    return result


def show(table, key, with_model):
    print(f"\nmedian bounds by {key}" + ("; in brackets the model's 68.27 % error in units of the bound" * with_model))
    shown = [(variant, quantity) for variant in VARIANTS[:2] for quantity in QUANTITIES]
    words = {"bulge_to_total": "B/T", "effective_radius": "R_e", "flux": "F"}
    heads = [f"{words[quantity]}, {variant.replace('_', ' ')}" for variant, quantity in shown]
    print(f"{'from':>7} {'to':>7} {'n':>4}" + "".join(f"{head:>19}" for head in heads))
    for entry in table:
        cells = ""
        for variant, quantity in shown:
            found = entry[variant].get(quantity)
            text = "–" if found is None else f"{found['median']:.2g}"
            if found is not None and with_model:
                text += f" ({found['model_over_bound']:.3g})"
            cells += f"{text:>19}"
        high = "" if entry["high"] is None else f"{entry['high']:g}"
        print(f"{entry['low']:7g} {high:>7} {entry['n']:4d}{cells}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=300, help="galaxies")
    parser.add_argument("--seed", type=int, default=90_001, help="of the galaxies; another one than any training set's")
    parser.add_argument("--recipe", default="hsc_wide_g")
    parser.add_argument("--model", help="whose errors are given in units of the bound; the recipe's, if one ships")
    parser.add_argument("--passes", default="auto", type=lambda text: text if text == "auto" else int(text))
    options = parser.parse_args()
    recipe = load_recipe(options.recipe)
    if [kind.family for kind in recipe.psf] != ["moffat"] or "sigma" not in recipe.noise:
        parser.error(f"{options.recipe}: the bound is worked out for Moffat PSFs and Gaussian noise alone")
    started = time.perf_counter()
    rows = compute(recipe, options.seed, range(options.n))
    seconds = time.perf_counter() - started
    model = options.model or (options.recipe if options.recipe in resources.names("models") else None)
    errors = None if model is None else model_errors(rows, model, options.passes, recipe, options.seed)
    tables = {
        "flux": binned(rows, "flux", FLUX_EDGES, errors),
        "effective_radius": binned(rows, "effective_radius", RADIUS_EDGES, errors),
    }
    for key, table in tables.items():
        show(table, key, errors is not None)
    RESULTS.parent.mkdir(exist_ok=True)
    command = f"python benchmarks/fisher.py --n {options.n} --seed {options.seed} --recipe {options.recipe}"
    content = {
        "command": command + (f" --model {model} --passes {options.passes}" if model else ""),
        "recipe_sha256": recipe.sha256,
        "seconds": round(seconds, 1),
        "units": {"bulge_to_total": "absolute", "effective_radius": "relative", "flux": "relative"},
        "bins": tables,
        "galaxies": rows,
    }
    RESULTS.write_text(json.dumps(content, indent=1) + "\n")
    print(f"\n{options.n} galaxies in {seconds:.0f} s; {RESULTS}")


if __name__ == "__main__":
    main()
