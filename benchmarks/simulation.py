"""Speed and accuracy of drawing galaxies: against GalSim used the plain way, and against GalSim with tight settings.

    python benchmarks/simulation.py --quick         # half a minute
    python benchmarks/simulation.py                 # two minutes on an idle machine

One process, one thread, galaxies of ``hsc_wide_g``. The *plain way* is one `galsim.Sersic` a component, convolved with
the PSF and drawn, with the default `GSParams`; galaxies for which it asks for a transform beyond GalSim's limit are
counted and left out. The *reference* is the same with a fifth of the folded light that GalSim allows by default, finer
tables and transforms as large as it takes: up to 8400² for the largest galaxies. Look-up tables are made before the
clock starts; what they cost is in a table of its own. Written to ``benchmarks/simulation.md`` and ``.json``.
"""

import argparse
import dataclasses
import json
import os
import platform
import tempfile
import time
from pathlib import Path

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import galsim
import numpy as np
from scipy import integrate

from gampen_tf.rendering import Component, draw_stamp, profiles
from gampen_tf.simulation import load_recipe
from gampen_tf.simulation.catalogue import draw_catalogue
from gampen_tf.simulation.galaxies import draw_galaxy, generator
from gampen_tf.simulation.images import draw_image, draw_image_and_psf
from gampen_tf.simulation.psf_families import psf_of

HERE = Path(__file__).parent
SEED = 101
TIGHT = galsim.GSParams(folding_threshold=1e-3, maxk_threshold=1e-3, kvalue_accuracy=1e-6, maximum_fft_size=20_000)
ALLOWED = 1e-3
RECIPES = ("hsc_wide_g", "hsc_wide_g_crowded", "hsc_wide_g_skies", "kids_r", "candels_f160w")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer galaxies")
    quick = parser.parse_args().quick
    recipe = load_recipe("hsc_wide_g")
    results = {
        "machine": {"processor": _processor(), "python": platform.python_version(), "galsim": galsim.__version__},
        "seed": SEED,
        "speed": speed(recipe, 40 if quick else 400),
        "recipes": {name: recipe_speed(name, 40 if quick else 400) for name in RECIPES},
        "tables": tables(),
        "accuracy": accuracy(recipe, 10 if quick else 120),
        "large_galaxies": large_galaxies(recipe, [(1.0, 0.25), (3.5, 1.0)] if quick else None),
    }
    (HERE / "simulation.json").write_text(json.dumps(results, indent=1) + "\n")
    report = "\n".join(_report(results)) + "\n"
    (HERE / "simulation.md").write_text(report)
    print(report)


def _processor():
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.processor())


def components_of(galaxy):
    parts = [Component(**one, x=galaxy["x"], y=galaxy["y"]) for one in galaxy["components"].values() if one["flux"] > 0]
    return parts + [Component(**one) for one in galaxy["neighbours"]]


def galsim_psf(galaxy):
    """The Moffat PSF of a drawn galaxy, by GalSim."""
    psf = galaxy["psf"]
    profile = galsim.Moffat(beta=psf["beta"], fwhm=psf["fwhm"])
    return profile.shear(q=psf["axis_ratio"], beta=psf["position_angle"] * galsim.degrees)


def with_galsim(components, psf, recipe, params=None):
    """The plain way, with a PSF of GalSim's; with ``params``, the reference."""
    parts = [
        galsim.Sersic(n=one.sersic_index, half_light_radius=one.effective_radius, flux=one.flux, gsparams=params)
        .shear(q=one.axis_ratio, beta=one.position_angle * galsim.degrees)
        .shift(one.x, one.y)
        for one in components
    ]
    whole = galsim.Convolve([galsim.Sum(parts), psf], gsparams=params)
    dtype = np.float32 if params is None else np.float64
    return whole.drawImage(nx=recipe.size, ny=recipe.size, scale=recipe.pixel_scale, dtype=dtype).array


def speed(recipe, n_galaxies):
    """Seconds for the same galaxies, both ways, one after the other so that a busy machine slows both."""
    galaxies = [draw_galaxy(recipe, SEED, index) for index in range(n_galaxies)]
    seconds = {"plain": [], "ours": [], "ours_with_noise": []}
    too_large = 0
    for index, galaxy in enumerate(galaxies):
        components, psf, plain_psf = components_of(galaxy), psf_of(recipe, galaxy), galsim_psf(galaxy)
        try:
            with_galsim(components, plain_psf, recipe)  # makes GalSim's tables
        except galsim.GalSimFFTSizeError:
            too_large += 1
            continue
        draw_stamp(components, psf, recipe.size, recipe.pixel_scale)
        start = time.perf_counter()
        image = with_galsim(components, plain_psf, recipe)
        image += generator(SEED, index, 1).standard_normal(image.shape, dtype=np.float32)
        middle = time.perf_counter()
        draw_stamp(components, psf, recipe.size, recipe.pixel_scale)
        last = time.perf_counter()
        draw_image(recipe, SEED, index)
        seconds["plain"].append(middle - start)
        seconds["ours"].append(last - middle)
        seconds["ours_with_noise"].append(time.perf_counter() - last)
    result = {"n_galaxies": n_galaxies, "too_large_for_plain": too_large}
    for name, values in seconds.items():
        result[name] = {
            "images_per_second": len(values) / sum(values),
            "milliseconds_median": 1e3 * float(np.median(values)),
            "milliseconds_slowest": 1e3 * max(values),
        }
    result["times_faster"] = sum(seconds["plain"]) / sum(seconds["ours_with_noise"])
    return result


def recipe_speed(name, n_galaxies):
    """Images (with PSF stamps where the recipe has them) and rows of the catalogue that are drawn a second."""
    recipe = load_recipe(name)
    for index in range(n_galaxies):  # look-up tables of whole hundredths of n are read once
        draw_image_and_psf(recipe, SEED, index)
    start = time.perf_counter()
    for index in range(n_galaxies):
        draw_image_and_psf(recipe, SEED, index)
    middle = time.perf_counter()
    draw_catalogue(recipe, SEED, range(n_galaxies))
    return {"images": n_galaxies / (middle - start), "rows": n_galaxies / (time.perf_counter() - middle)}


def tables():
    """Milliseconds for the table of one Sérsic index: GalSim's, ours, and GalSim's from the disk."""

    def milliseconds(make, values):
        start = time.perf_counter()
        for value in values:
            make(value)
        return 1e3 * (time.perf_counter() - start) / len(values)

    before = os.environ.get("GAMPEN_TF_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GAMPEN_TF_CACHE"] = folder
        hundredths = [round(3.5 + 0.1 * step, 2) for step in range(10)]
        plain = milliseconds(lambda n: galsim.Sersic(n=n + 1e-7, half_light_radius=1).kValue(1, 0), hundredths)
        first = milliseconds(profiles._transform_table.__wrapped__, hundredths)
        again = milliseconds(profiles._transform_table.__wrapped__, hundredths)
        exact = milliseconds(profiles._transform_table.__wrapped__, [n + 1e-7 for n in hundredths])
    if before is None:
        del os.environ["GAMPEN_TF_CACHE"]
    else:
        os.environ["GAMPEN_TF_CACHE"] = before
    return {"galsim_default": plain, "galsim_fine": first, "galsim_fine_from_disk": again, "own": exact}


def errors(image, reference, recipe):
    """Largest pixel error over the peak, relative errors of the flux in the frame and in the central 5 arcsec."""
    image = image.astype(np.float64)
    y, x = (np.indices(reference.shape) - (recipe.size - 1) / 2) * recipe.pixel_scale
    centre = np.hypot(x, y) < 2.5
    return [
        abs(image - reference).max() / reference.max(),
        abs(image.sum() / reference.sum() - 1),
        abs(image[centre].sum() / reference[centre].sum() - 1),
    ]


def accuracy(recipe, n_galaxies):
    """Errors of our images and of the plain ones over galaxies of the recipe: median, worst.

    Ours share GalSim's tables of the profiles' transforms with the reference. The same galaxies drawn with our own
    transforms, which owe GalSim nothing, tell how good those are.
    """
    ours, own, plain = [], [], []
    for index in range(n_galaxies):
        galaxy = draw_galaxy(recipe, SEED, index)
        components, psf, plain_psf = components_of(galaxy), psf_of(recipe, galaxy), galsim_psf(galaxy)
        reference = with_galsim(components, plain_psf, recipe, TIGHT)
        ours.append(errors(draw_stamp(components, psf, recipe.size, recipe.pixel_scale), reference, recipe))
        moved = [dataclasses.replace(one, sersic_index=one.sersic_index + 1e-9) for one in components]
        own.append(errors(draw_stamp(moved, psf, recipe.size, recipe.pixel_scale), reference, recipe))
        try:
            plain.append(errors(with_galsim(components, plain_psf, recipe), reference, recipe))
        except galsim.GalSimFFTSizeError:
            continue
    return {
        "n_galaxies": n_galaxies,
        **{
            name: {"median": np.median(values, axis=0).tolist(), "worst": np.max(values, axis=0).tolist()}
            for name, values in (("ours", ours), ("ours, own transforms", own), ("plain", plain))
        },
    }


def large_galaxies(recipe, cases=None):
    """The hardest, R_e 5 arcsec: against the reference, and their light in the frame against that of the profile."""
    cases = cases or [(n, q) for n in (0.8, 1.2, 3.5, 4.0, 5.0) for q in (0.25, 1.0)]
    galaxy = draw_galaxy(recipe, SEED, 0)
    psf, plain_psf = psf_of(recipe, galaxy), galsim_psf(galaxy)
    rows = []
    for sersic_index, axis_ratio in cases:
        component = Component(1.0, 5.0, sersic_index, axis_ratio, 30.0)
        start = time.perf_counter()
        reference = with_galsim([component], plain_psf, recipe, TIGHT)
        seconds = time.perf_counter() - start
        image = draw_stamp([component], psf, recipe.size, recipe.pixel_scale)
        expected = light_in_frame(component, recipe.size * recipe.pixel_scale / 2)
        rows.append(
            {
                "sersic_index": sersic_index,
                "axis_ratio": axis_ratio,
                "against_reference": errors(image, reference, recipe),
                "light_in_frame": abs(image.sum(dtype=np.float64) / expected - 1),
                "reference_seconds": seconds,
            }
        )
    return rows


def light_in_frame(component, half_side):
    """Light of a profile inside the square frame, before the PSF: radial integral in closed form, the angle by quad."""
    xx, yy, xy = component.shape

    def inside(angle):
        cosine, sine = np.cos(angle), np.sin(angle)
        squared = (yy * cosine**2 + xx * sine**2 - 2 * xy * cosine * sine) / component.effective_radius**4
        reach = half_side / max(abs(cosine), abs(sine))
        fraction = profiles.enclosed_fraction(reach * np.sqrt(squared), component.sersic_index)
        return fraction / (2 * np.pi * squared * component.effective_radius**2)

    corners = np.pi / 4 * np.array([1, 3, 5, 7])
    return integrate.quad(inside, 0, 2 * np.pi, points=corners, limit=400)[0]


def _report(results):
    speeds, made, found = results["speed"], results["tables"], results["accuracy"]
    yield f"{results['machine']['processor']}, one thread; {speeds['n_galaxies']} galaxies of hsc_wide_g, 239 × 239 px."
    yield ""
    yield "| | images/s | median ms | slowest ms |"
    yield "| --- | ---: | ---: | ---: |"
    titles = {
        "plain": "GalSim, the plain way, with noise",
        "ours": "gampen_tf, stamp alone",
        "ours_with_noise": "gampen_tf, all: parameters, stamp, noise",
    }
    for name, title in titles.items():
        row = speeds[name]
        yield (
            f"| {title} | {row['images_per_second']:.0f} | {row['milliseconds_median']:.1f} "
            f"| {row['milliseconds_slowest']:.1f} |"
        )
    yield ""
    too_large = speeds["too_large_for_plain"]
    yield f"**{speeds['times_faster']:.1f} times faster.** {too_large} galaxies were too large for the plain way."
    yield ""
    yield "| recipe | images/s | rows of the catalogue/s |"
    yield "| --- | ---: | ---: |"
    for name, row in results["recipes"].items():
        yield f"| {name} | {row['images']:.0f} | {row['rows']:.0f} |"
    yield ""
    yield "| table of one Sérsic index | ms |"
    yield "| --- | ---: |"
    yield f"| GalSim, default settings | {made['galsim_default']:.1f} |"
    yield f"| GalSim, fine, the first time on a machine | {made['galsim_fine']:.1f} |"
    yield f"| the same from the disk | {made['galsim_fine_from_disk']:.2f} |"
    yield f"| our own Hankel transform (any n that is no whole hundredth) | {made['own']:.2f} |"
    yield ""
    yield f"Errors against the reference, {found['n_galaxies']} galaxies; {ALLOWED:g} is allowed."
    yield ""
    yield "| | pixel / peak | flux in the frame | flux in the central 5″ |"
    yield "| --- | ---: | ---: | ---: |"
    for name in ("ours", "ours, own transforms", "plain"):
        for which in ("median", "worst"):
            yield f"| {name}, {which} | " + " | ".join(f"{value:.1e}" for value in found[name][which]) + " |"
    yield ""
    yield "Large galaxies, R_e = 5″, with the light in the frame against an integral of the profile in closed form."
    yield ""
    yield "| n | q | pixel / peak | flux in the frame | central 5″ | light in the frame | reference took s |"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for row in results["large_galaxies"]:
        values = " | ".join(f"{value:.1e}" for value in [*row["against_reference"], row["light_in_frame"]])
        yield f"| {row['sersic_index']} | {row['axis_ratio']} | {values} | {row['reference_seconds']:.1f} |"


if __name__ == "__main__":
    main()
