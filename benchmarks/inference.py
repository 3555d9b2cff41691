"""Speed of inference: the plain way against the engine, at equal Monte Carlo error.

    python benchmarks/inference.py --quick          # frames of 95 px, small numbers: is all in order?
    python benchmarks/inference.py                  # some 12 minutes on two cores
    python benchmarks/inference.py --full           # the long reference and 10⁵ galaxies: an hour or more

All is timed in one process. The *plain way* is a loop of ``network(images, training=True)`` in float32, one draw a
pass, a Gaussian KDE for each galaxy and parameter. The *engine* is what `gampen_tf.predict` runs. Their error is that
of the ends of the 68.27 % interval against the mixture of a long run of passes, in units of half the width of that
interval. The table is printed and written to ``benchmarks/inference.md``, with the numbers in ``inference.json``.
"""

import argparse
import json
import os
import platform
import resource
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from scipy.stats import gaussian_kde

import gampen_tf
from gampen_tf import networks
from gampen_tf.core import LabelScaler, Parameter, ParameterSet, Stretch
from gampen_tf.inference import (
    DEFAULT_TOLERANCE,
    MonteCarloEngine,
    Predictor,
    bfloat16_change,
    predict,
    predict_catalogue,
)
from gampen_tf.io import locations as resources
from gampen_tf.layers import mixture_parameters
from gampen_tf.models import Model, as_model
from gampen_tf.networks.precision import bfloat16_is_fast
from gampen_tf.posterior import mixtures

HERE = Path(__file__).parent
LEVELS = (0.15865, 0.84135)
SIDE, QUICK_SIDE = 239, 95
N_DRAWS = 1000
# Passes whose error is tabled, to find the number that equals the plain way's error.
TRIED = (2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)


def main():
    options = _options()
    results = {"machine": machine(), "arithmetic": convolution_rates(options.quick)}
    show("Machine", results["machine"])
    show("Plain convolutions, 3 × 3 (TFLOP/s)", results["arithmetic"])
    for name, model, images in _subjects(options):
        results[name] = measure_model(name, model, images, options)
        show(name, {key: value for key, value in results[name].items() if not isinstance(value, dict)})
    model = _shipped_or_untrained(options)
    results["number_of_galaxies"] = cost_against_number(model, options)
    show("Catalogue of N galaxies, from FITS files", results["number_of_galaxies"])
    results["projection"] = projection(results)
    show("Projection", results["projection"])
    (HERE / "inference.json").write_text(json.dumps(results, indent=1) + "\n")
    (HERE / "inference.md").write_text(report(results))
    print(f"\nwritten: {HERE / 'inference.md'}")


def _options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small numbers: does it run?")
    parser.add_argument("--full", action="store_true", help="10 000-pass reference for both networks, 10⁵ galaxies")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def machine():
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = {line.split(":")[1].strip() for line in lines if line.startswith("model name")}
    return {
        "processor": ", ".join(sorted(names)) or platform.processor(),
        "cores": os.cpu_count(),
        "gpus": len(tf.config.list_physical_devices("GPU")),
        "bfloat16 in hardware": bfloat16_is_fast(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "gampen_tf": gampen_tf.__version__,
    }


def convolution_rates(quick):
    """The best rate of 3 × 3 convolutions of the shapes of VGG-16, TFLOP/s."""
    shapes = [(8, 112, 64), (32, 28, 256)] if quick else [(8, 239, 64), (16, 119, 128), (32, 59, 256), (64, 29, 512)]
    rates = {}
    for dtype in ("float32", "bfloat16"):
        for n, side, channels in shapes:
            x = tf.cast(tf.random.normal((n, side, side, channels)), dtype)
            kernel = tf.cast(tf.random.normal((3, 3, channels, channels)), dtype)
            run = tf.function(lambda x, kernel: tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME")))
            seconds = best_time(lambda run=run, x=x, kernel=kernel: run(x, kernel), 3)
            rates[f"{dtype}, {side} px, {channels} channels"] = 18e-12 * n * (side * channels) ** 2 / seconds
    return rates


def _subjects(options):
    """Name, model and images of each network to be measured."""
    n_exact, n_compact = (1, 8) if options.quick else (2, 32)
    model = _untrained("gampen", options)
    yield f"gampen (exact, {model.image_shape[0]} px)", model, _galaxies(n_exact, model.image_shape, options.seed)
    model = _shipped_or_untrained(options)
    yield f"compact ({model.name})", model, _galaxies(n_compact, model.image_shape, options.seed)


def _shipped_or_untrained(options):
    if "hsc_wide_g" in resources.names("models") and not options.quick:
        return as_model("hsc_wide_g")
    return _untrained("compact", options)


def _untrained(name, options):
    """A network of Ghosh et al.'s frame and dropout rate with random weights: its cost is that of a trained one."""
    keras.utils.set_random_seed(options.seed)
    shape = (*[QUICK_SIDE if options.quick else SIDE] * 2, 3 if name == "gampen" else 1)
    network = networks.build(name, shape, 3)
    parameters = ParameterSet(
        [
            Parameter("bulge_to_total", "", (0, 1), "logit", clip=0.01),
            Parameter("effective_radius", "arcsec", (0, np.inf), "log"),
            Parameter("flux", "nJy", (0, np.inf), "log"),
        ]
    )
    scaler = LabelScaler(parameters, [0.0, 0.5, 14.0], [3.0, 0.8, 1.0])
    stretch = Stretch("arcsinh" if name == "gampen" else "linear")
    return Model(network, scaler, stretch, shape, 0.168, name="untrained")


def _galaxies(n, shape, seed):
    """Exponential discs of many sizes and fluxes, nJy, with the noise of HSC-Wide."""
    rng = np.random.default_rng(seed)
    y, x = np.indices(shape[:2]) - np.array(shape[:2])[:, None, None] // 2
    images = np.empty((n, *shape), np.float32)
    for image in images:
        ratio, angle = rng.uniform(0.3, 1), rng.uniform(0, np.pi)
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        light = np.exp(-np.hypot(along, across / ratio) / rng.uniform(2, 15))
        light *= np.exp(rng.uniform(np.log(1e4), np.log(3e6))) / light.sum()
        image[:] = (light + rng.normal(0, 1.6, shape[:2]))[..., None]
    return images


def measure_model(name, model, images, options):
    """Time of a pass both ways, Monte Carlo error of both, and seconds a galaxy at equal error."""
    prepared = model.prepare(images)
    n_reference = 400 if options.quick else 10_000 if options.full or "compact" in name else 1000
    precision = Predictor(model).precision
    if precision == "float32" and model.name == "untrained" and bfloat16_is_fast():
        precision = "bfloat16"  # nobody measured an untrained model; its cost is asked for, not its posterior
    # of the large network 16 rows are as fast as 64, and leave the benchmark short
    engine = MonteCarloEngine(model.network, precision=precision, batch_size=16 if "gampen" in name else None)
    row = {"precision of the engine": precision, "rows of a call": engine.batch_size}
    n_timed = 8 if "gampen" in name else 64
    batch = np.resize(prepared, (n_timed, *prepared.shape[1:]))
    row["plain pass, ms per image"] = 1e3 * time_plain_pass(model.network, batch) / n_timed
    row["KDE, ms per galaxy"] = 1e3 * best_time(
        lambda: plain_summary(np.random.default_rng(0).normal(size=(N_DRAWS, 3))), 3
    )
    full = np.resize(prepared, (engine.batch_size, *prepared.shape[1:]))
    row |= time_engine(engine, full)

    reference, error_plain, by_passes = errors(engine, prepared, n_reference, options.seed)
    row["reference passes"] = n_reference
    row["epistemic / total width (median)"] = float(np.median(reference["epistemic_share"]))
    row["plain way: error of 1000 passes"] = error_plain
    row["error_by_passes"] = {str(n): value for n, value in by_passes.items()}
    equal = next((n for n, value in by_passes.items() if value <= error_plain), max(by_passes))
    row["engine: passes for the same error"] = equal
    row["engine: its error then"] = by_passes[equal]
    auto = engine.run(prepared, passes="auto")
    row["passes of 'auto' (mean)"] = float(auto.n_passes.mean())
    row["tolerance of 'auto'"] = DEFAULT_TOLERANCE
    plain = 1e-3 * (N_DRAWS * row["plain pass, ms per image"] + row["KDE, ms per galaxy"])
    row["plain way, s per galaxy"] = plain
    once, a_pass = row["engine: front, ms per image"], row["engine: pass, ms per image"]
    for label, n_passes in (("at equal error", equal), ("'auto'", row["passes of 'auto' (mean)"])):
        row[f"engine {label}, s per galaxy"] = 1e-3 * (once + n_passes * a_pass)
        row[f"times faster, {label}"] = plain / row[f"engine {label}, s per galaxy"]
    row |= arithmetic_of_a_pass(engine, full)
    if bfloat16_is_fast():
        change = bfloat16_change(model, images)
        row["change by bfloat16, 99th percentile (half-widths)"] = float(np.percentile(change, 99))
    row["peak memory, GB"] = peak_memory()
    return row


def time_plain_pass(network, images):
    """Seconds of `network(images, training=True)`: dropout on, a mask for each image, nothing compiled or shared."""
    tensor = tf.constant(images)
    return best_time(lambda: network(tensor, training=True), 2)


def plain_summary(draws):
    """Mode of a Gaussian KDE for each parameter, on a grid: what GaMPEN does with 1000 draws."""
    for values in draws.T:
        grid = np.linspace(values.min(), values.max(), 1000)
        grid[np.argmax(gaussian_kde(values)(grid))]


def time_engine(engine, images):
    """Milliseconds of the front and of one pass, a full batch."""
    n = len(images)
    replica = engine._replicas[0]
    boundary = replica.boundary({"images": images}, engine.batch_size)
    rows = np.arange(n)
    front = best_time(lambda: replica.boundary({"images": images}, engine.batch_size)[0].numpy(), 2)
    n_passes = 4
    passes = best_time(lambda: replica.passes(boundary, rows, 1, 0, 0, n_passes), 2)
    return {"engine: front, ms per image": 1e3 * front / n, "engine: pass, ms per image": 1e3 * passes / n_passes / n}


def errors(engine, images, n_reference, seed):
    """Errors of both ways against the mixture of a long run: rms over galaxies, parameters and ends, in half-widths.

    The plain way takes one draw from each of 1000 passes and the quantiles of the draws (the KDE would smooth them
    and add a bias); the engine the quantiles of the mixture of its first T passes. Both are taken from the same long
    run, in as many separate lots as it holds (at most 20).
    """
    found = engine.run(images, seed=seed, passes=n_reference)
    means, scale_trils = mixture_parameters(found.outputs)
    exact = interval_ends(means, scale_trils)
    half_width = 0.5 * (exact[..., 1] - exact[..., 0])
    aleatoric, epistemic = mixtures.covariances(means, scale_trils, found.weights)
    share = np.sqrt(np.diagonal(epistemic, axis1=1, axis2=2) / np.diagonal(aleatoric + epistemic, axis1=1, axis2=2))

    def rms(lots, ends_of):
        errors = [(ends_of(lot) - exact) / half_width[..., None] for lot in lots]
        return float(np.sqrt(np.mean(np.square(errors))))

    rng = np.random.default_rng(seed)

    def drawn(lot):
        normal = rng.normal(size=(*means[:, lot].shape, 1))
        draws = means[:, lot] + np.matmul(scale_trils[:, lot], normal)[..., 0]
        return np.moveaxis(np.quantile(draws, LEVELS, axis=1), 0, -1)

    n_plain = min(N_DRAWS, n_reference)
    # draws may be repeated from the same passes: their own noise dominates
    plain = rms([slice(0, n_plain)] * 10 if n_reference < 4 * N_DRAWS else lots_of(n_plain, n_reference), drawn)
    if n_plain < N_DRAWS:
        plain *= np.sqrt(n_plain / N_DRAWS)
    by_passes = {
        n: rms(lots_of(n, n_reference), lambda lot: interval_ends(means[:, lot], scale_trils[:, lot]))
        for n in TRIED
        if 4 * n <= n_reference
    }
    return {"epistemic_share": share}, plain, by_passes


def lots_of(n, n_reference):
    return [slice(start, start + n) for start in range(0, n_reference - n + 1, n)][:20]


def interval_ends(means, scale_trils):
    """(N, P, 2) ends of the central 68.27 % interval of the mixtures, in label space."""
    weights = np.full(means.shape[:2], 1 / means.shape[1])
    levels = np.tile(LEVELS, (len(means), 1))
    return np.stack(
        [
            mixtures.mixture_quantile(levels, *mixtures.marginal(means, scale_trils, i), weights)
            for i in range(means.shape[-1])
        ],
        axis=1,
    )


def arithmetic_of_a_pass(engine, images):
    """Where the time of a pass goes: the same back without masks, and its convolutions one by one at their best."""
    replica = engine._replicas[0]
    n = len(images)
    boundary = replica.boundary({"images": images}, engine.batch_size)
    feed = boundary if len(boundary) > 1 else boundary[0]
    without = tf.function(lambda x: replica.back(x, training=False))
    no_masks = best_time(lambda: without(feed), 2) / n
    convolutions, flops = 0.0, 0.0
    for layer in replica.back.layers:
        if not isinstance(layer, keras.layers.Conv2D):
            continue
        x = tf.cast(tf.random.normal((n, *layer.input.shape[1:])), layer.compute_dtype)
        run = tf.function(lambda x, layer=layer: layer(x))
        convolutions += best_time(lambda run=run, x=x: run(x), 2) / n
        flops += 2.0 * np.prod(layer.output.shape[1:]) * np.prod(layer.kernel.shape[:3])
    return {
        "pass without masks, ms per image": 1e3 * no_masks,
        "its convolutions alone, ms per image": 1e3 * convolutions,
        "their arithmetic, GFLOP per image": 1e-9 * flops,
        "their rate, TFLOP/s": 1e-12 * flops / convolutions if convolutions else 0.0,
    }


def cost_against_number(model, options):
    """Seconds a galaxy and peak memory of `predict_catalogue` against the number of galaxies, FITS files in."""
    from astropy.io import fits

    numbers = (10, 100) if options.quick else (10, 100, 1000, 10_000) + (100_000,) * options.full
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        paths = []
        header = fits.Header(
            {
                "BUNIT": "nJy",
                "CTYPE1": "RA---TAN",
                "CTYPE2": "DEC--TAN",
                "CRVAL1": 10.0,
                "CRVAL2": 0.0,
                "CRPIX1": 120.0,
                "CRPIX2": 120.0,
                "CDELT1": -model.pixel_scale / 3600,
                "CDELT2": model.pixel_scale / 3600,
            }
        )
        for i, image in enumerate(_galaxies(min(256, max(numbers)), model.image_shape, options.seed)):
            paths.append(str(folder / f"{i}.fits"))
            fits.writeto(paths[-1], image[..., 0], header)
        predict(paths, model=model, progress_bar=False)  # compiled, files cached
        for n in numbers:
            many = [paths[i % len(paths)] for i in range(n)]
            start = time.perf_counter()
            predict_catalogue(many, folder / f"run{n}", model=model, progress_bar=False)
            seconds = time.perf_counter() - start
            rows[f"{n} galaxies"] = (
                f"{1e3 * seconds / n:.2f} ms per galaxy, {n / seconds:.0f} galaxies/s, "
                f"peak memory {peak_memory():.2f} GB"
            )
            rows.setdefault("seconds", {})[str(n)] = seconds / n
    return rows


def projection(results):
    """Days for a million and a billion galaxies at the largest measured number's rate."""
    seconds = results["number_of_galaxies"]["seconds"]
    each = seconds[max(seconds, key=int)]
    return {
        "a million galaxies, this machine": f"{1e6 * each / 3600:.2f} hours",
        "a billion galaxies, this machine": f"{1e9 * each / 86400:.1f} days",
        "a billion galaxies, 100 such machines": f"{1e7 * each / 3600:.1f} hours",
        "on a GPU": "measured on this machine" if results["machine"]["gpus"] else "not measured",
    }


def best_time(function, repeats):
    """The shortest of some calls after one that is not counted."""
    finish = getattr(function(), "numpy", None)
    if finish is not None:
        finish()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = function()
        if hasattr(result, "numpy"):
            result.numpy()
        times.append(time.perf_counter() - start)
    return min(times)


def peak_memory():
    """GB, of this process up to now."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def show(title, rows):
    print(f"\n{title}")
    for key, value in rows.items():
        if not isinstance(value, dict):
            print(f"  {key:55s} {_text(value)}", flush=True)


def report(results):
    lines = ["# Inference", "", "Made by `python benchmarks/inference.py`."]
    for title, rows in results.items():
        lines += ["", f"## {title.replace('_', ' ')}", "", "| what | figure |", "| --- | --- |"]
        lines += [f"| {key} | {_text(value)} |" for key, value in rows.items() if not isinstance(value, dict)]
        for key, table in rows.items():
            if isinstance(table, dict):
                lines += [
                    "",
                    f"{key.replace('_', ' ')}: "
                    + ", ".join(f"{name}: {_text(value)}" for name, value in table.items()),
                ]
    return "\n".join(lines) + "\n"


def _text(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
