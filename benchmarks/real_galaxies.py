"""Real galaxies as the survey would see them: what a model says against what was published.

    python benchmarks/real_galaxies.py CATALOGUE --dir DIR [--model hsc_wide_g_faint] [--nearer 1 2 4]

CATALOGUE is a GalSim ``RealGalaxyCatalog`` of HST images (COSMOS, F814W; Mandelbaum et al. 2012) and DIR its folder;
``CATALOGUE_fits.fits`` beside it tells ``flux_radius``. Every galaxy is deconvolved from its own PSF, scaled to the
flux of its catalogue's MAG, convolved with a Moffat profile of 0.85″ and drawn on the model's pixels and frame, with
noise of the sky. Real arms, real neighbours and real centres; the light beyond the stamp is not there.

Faint and small as they are, such galaxies are mostly below what the recipe draws. ``--nearer K`` shows the same
galaxies K times nearer too: K times as large, K² times as bright, the surface brightness the same.

What is published is no truth: MAG is SExtractor's, of the whole galaxy, and ``flux_radius``, the radius that holds half
of the light, is not corrected for HST's PSF (its half-light radius is some 0.06″) nor extrapolated as a Sérsic profile
is. HST's own noise comes along, smoothed by the seeing, where the stamp is: its size beside the sky's is printed, and
grows with K; at 4 its lumps are taken for neighbours in many stamps. Without CATALOGUE nothing is done. The tables go
to ``benchmarks/results/real_galaxies.md``, all numbers to ``real_galaxies.json``, figures beside them.
"""

import argparse
import json
from pathlib import Path

import galsim
import numpy as np
from astropy.table import Table

import gampen_tf
from gampen_tf import metrics
from gampen_tf.core import Flag
from gampen_tf.evaluation.report_parts import plus_minus

RESULTS = Path(__file__).parent / "results"
HST_PIXEL = 0.03  # arcsec
SEEING, MOFFAT_BETA = 0.85, 3.5  # arcsec; as the recipe hsc_wide_g
FLUX_RANGE, RADIUS_RANGE = (1e3, 5e6), (0.1, 5.0)  # nJy, arcsec: of that recipe
MAGNITUDES = (10, 16, 18, 19, 20, 21, 22, 23, 24, 25, 30)
FLAGS = (Flag.OUT_OF_DISTRIBUTION, Flag.EXTRAPOLATED, Flag.CUT_BY_FRAME, Flag.BRIGHT_NEIGHBOUR)
LEVEL = metrics.SIGMA_LEVELS[0]


def main():
    options = _options()
    if options.catalogue is None:
        print("no catalogue of real galaxies was given: nothing done; see --help")
        return
    model = gampen_tf.load_model(options.model)
    catalogue = galsim.RealGalaxyCatalog(options.catalogue, dir=options.dir)
    published = read_published(Path(options.dir or "") / options.catalogue)
    rows = np.arange(catalogue.nobjects)[: options.n_galaxies]
    results = {
        "model": options.model,
        "catalogue": Path(options.catalogue).name,
        "sky": options.sky,
        "seeing": SEEING,
        "seed": options.seed,
        "nearer": {},
    }
    lines, shown = [], None
    for nearer in options.nearer:
        images, own_noise = draw(catalogue, published, rows, model, nearer, options)
        found = measure(model, images, published, rows, nearer, options.seed)
        found["own_noise"] = {"median": float(np.median(own_noise)), "largest": float(np.max(own_noise))}
        results["nearer"][f"{nearer:g}"] = found
        lines += [*table(found, nearer, options.sky), ""]
        print("\n".join(lines[-len(found["groups"]) - 8 :]), flush=True)
        shown = images, found, nearer
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "real_galaxies.json").write_text(json.dumps(results, indent=1) + "\n")
    (RESULTS / "real_galaxies.md").write_text("\n".join(lines))
    figure(results).savefig(RESULTS / "real_galaxies.png", dpi=130)
    gallery(*shown, model, options.sky).savefig(RESULTS / "real_galaxies_cutouts.png", dpi=130)


def read_published(path):
    """MAG and, where it is known, the half-light radius in arcsec."""
    first = Table.read(path)
    published = Table({"magnitude": np.asarray(first["MAG"], float)})
    beside = path.with_name(path.stem + "_fits.fits")
    radius = np.full(len(first), np.nan)
    if beside.is_file():
        second = Table.read(beside)
        if "flux_radius" in second.colnames and np.array_equal(first["IDENT"], second["IDENT"]):
            radius = HST_PIXEL * np.asarray(second["flux_radius"], float)
    published["effective_radius"] = radius
    return published


def draw(catalogue, published, rows, model, nearer, options):
    """Images (N, H, W, 1) in the model's unit, and the noise in each that comes from HST."""
    height, width, _ = model.image_shape
    psf = galsim.Moffat(beta=MOFFAT_BETA, fwhm=SEEING)
    images, own_noise = np.zeros((len(rows), height, width, 1), np.float32), np.zeros(len(rows))
    for i, row in enumerate(rows):
        flux = 10 ** (-0.4 * (published["magnitude"][row] - model.zero_point))
        galaxy = galsim.RealGalaxy(catalogue, index=int(row), flux=flux)
        own_noise[i] = noise_after(psf, galaxy, flux, nearer, model.pixel_scale)
        seen = galsim.Convolve([galaxy.magnify(nearer**2), psf])
        image = seen.drawImage(nx=width, ny=height, scale=model.pixel_scale).array
        rng = np.random.default_rng([options.seed, int(row)])
        images[i, ..., 0] = image + options.sky * rng.normal(size=image.shape)
    return images, own_noise


def noise_after(psf, galaxy, flux, nearer, pixel_scale):
    """σ per pixel that the noise of the HST image has after the blur, where the stamp is.

    White noise of σ₀ becomes σ₀ √(Σ w²), w the weight of each HST pixel in a pixel of the new image, HST's PSF taken
    out.
    """
    stamp = galaxy.gal_image.array * flux / galaxy.gal_image.array.sum() * nearer**2
    border = np.concatenate([stamp[0], stamp[-1], stamp[1:-1, 0], stamp[1:-1, -1]])
    sigma = 1.4826 * np.median(np.abs(border - np.median(border)))
    small = HST_PIXEL * nearer
    blur = galsim.Convolve([psf, galsim.Pixel(pixel_scale), galsim.Deconvolve(galaxy.original_psf.dilate(nearer))])
    size = int(np.ceil(8 * SEEING / small)) | 1
    weights = blur.drawImage(nx=size, ny=size, scale=small, method="no_pixel").array * (pixel_scale / small) ** 2
    return float(sigma * np.sqrt(np.sum(weights**2)))


def measure(model, images, published, rows, nearer, seed):
    """A row for each galaxy, and what groups of them have in common."""
    posterior = gampen_tf.predict(
        images, model=model, pixel_scale=model.pixel_scale, unit=model.pixel_unit, seed=seed, progress_bar=False
    )
    names = list(model.parameters.names)
    r, f = names.index("effective_radius"), names.index("flux")
    mode, interval = posterior.mode(), posterior.interval(LEVEL)

    def magnitude(flux):
        return model.zero_point - 2.5 * np.log10(flux)

    truth = {
        "magnitude": np.asarray(published["magnitude"])[rows] - 5 * np.log10(nearer),
        "effective_radius": np.asarray(published["effective_radius"])[rows] * nearer,
    }
    # more flux is less magnitude: the ends change places
    predicted = {"magnitude": magnitude(mode[:, f]), "effective_radius": mode[:, r]}
    ends = {"magnitude": magnitude(interval[:, f, ::-1]), "effective_radius": interval[:, r]}
    flags = np.asarray(posterior.flags, np.int64)
    flux = 10 ** (-0.4 * (truth["magnitude"] - model.zero_point))
    inside = (flux > FLUX_RANGE[0]) & (flux < FLUX_RANGE[1])
    inside &= ~((truth["effective_radius"] < RADIUS_RANGE[0]) | (truth["effective_radius"] > RADIUS_RANGE[1]))
    any_flag = flags != 0
    groups = {
        "all": np.ones(len(rows), bool),
        "within the recipe": inside,
        "beyond it": ~inside,
        "without a flag": ~any_flag,
        "flagged": any_flag,
    }
    for low, high in zip(MAGNITUDES[:-1], MAGNITUDES[1:], strict=True):
        groups[f"magnitude {low} to {high}"] = (truth["magnitude"] >= low) & (truth["magnitude"] < high)
    return {
        "galaxies": {"row": rows.tolist(), "flags": flags.tolist()}
        | {f"published_{name}": values.tolist() for name, values in truth.items()}
        | {f"predicted_{name}": values.tolist() for name, values in predicted.items()}
        | {f"interval_{name}": values.tolist() for name, values in ends.items()}
        | {"predicted_bulge_to_total": mode[:, names.index("bulge_to_total")].tolist()},
        "groups": {
            name: summary(chosen, predicted, truth, ends, flags) for name, chosen in groups.items() if np.any(chosen)
        },
    }


def summary(chosen, predicted, truth, ends, flags):
    """Medians and 68.27 % errors of the residuals, coverage, and the shares of each flag."""
    found = {"n": int(np.sum(chosen))}
    for name, kind in (("magnitude", "absolute"), ("effective_radius", "relative")):
        residual = metrics.residuals(predicted[name][chosen], truth[name][chosen], kind)
        known = np.isfinite(residual)
        low, high = ends[name][chosen].T
        covered = (low <= truth[name][chosen]) & (truth[name][chosen] <= high)
        found[name] = {
            "bias": number(metrics.quantile(residual[known], 0.5)) if known.any() else number((np.nan, np.nan)),
            "typical_error": number(metrics.quantile(np.abs(residual[known]), LEVEL))
            if known.any()
            else number((np.nan, np.nan)),
            "coverage": number(metrics.proportion(np.sum(covered[known]), np.sum(known))),
        }
    found["flags"] = {
        flag.name: number(metrics.proportion(np.sum(flags[chosen] & int(flag) != 0), found["n"])) for flag in FLAGS
    }
    return found


def number(estimate):
    return {key: float(x) if np.isfinite(x) else None for key, x in zip(("value", "error"), estimate, strict=True)}


def table(found, nearer, sky):
    """Lines of Markdown."""
    noise = found["own_noise"]
    yield f"## {nearer:g} times nearer" if nearer != 1 else "## As they are"
    yield ""
    yield (
        f"HST's own noise where the stamp is: {noise['median']:.2f} nJy a pixel (median; largest "
        f"{noise['largest']:.2f}), beside {sky:g} nJy of sky. Predicted less published; radii relative; coverage is "
        f"that of the {100 * LEVEL:g} % intervals, published values taken for true."
    )
    yield ""
    yield (
        "| galaxies | number | Δ magnitude | 68 % error | coverage % | ΔR_e / R_e % | 68 % error % | coverage % | "
        + " | ".join(f"{flag.name.lower().replace('_', ' ')} %" for flag in FLAGS)
        + " |"
    )
    yield "| --- |" + " ---: |" * (7 + len(FLAGS))
    for name, group in found["groups"].items():
        cells = [name, str(group["n"])]
        for parameter, factor in (("magnitude", 1), ("effective_radius", 100)):
            cells += [
                plus_minus(group[parameter]["bias"], factor),
                plus_minus(group[parameter]["typical_error"], factor),
                plus_minus(group[parameter]["coverage"], 100),
            ]
        cells += [f"{100 * group['flags'][flag.name]['value']:.0f}" for flag in FLAGS]
        yield "| " + " | ".join(cells) + " |"


def figure(results):
    """Predicted against published, one row for each distance; open symbols are flagged."""
    from gampen_tf.plots.style import compact_numbers, panels

    kinds = {"magnitude": ("magnitude", "linear"), "effective_radius": ("half-light radius [arcsec]", "log")}
    shown, axes = panels(None, len(results["nearer"]), 2, width=4.2, height=3.7)
    for line, (nearer, found) in zip(axes, results["nearer"].items(), strict=True):
        galaxies = {key: np.array(values) for key, values in found["galaxies"].items()}
        flagged = galaxies["flags"] != 0
        for panel, (name, (label, scale)) in zip(line, kinds.items(), strict=True):
            x, y = galaxies[f"published_{name}"], galaxies[f"predicted_{name}"]
            errors = np.abs(galaxies[f"interval_{name}"] - y[:, None]).T
            for rows, face, word in ((~flagged, "#0072b2", "no flag"), (flagged, "white", "flagged")):
                if not rows.any():
                    continue
                panel.errorbar(
                    x[rows], y[rows], errors[:, rows], fmt="o", color="#0072b2", mfc=face, ms=4, lw=0.8, label=word
                )
            ends = np.nanmin(x), np.nanmax(x)
            panel.plot(ends, ends, "--", color="0.4", lw=1)
            panel.set(xlabel=f"published {label}", ylabel=f"predicted {label}", xscale=scale, yscale=scale)
            compact_numbers(panel)
            panel.set_title("as they are" if nearer == "1" else f"{nearer} times nearer", fontsize=9)
        line[0].legend(frameon=False, fontsize=8)
    return shown


def gallery(images, found, nearer, model, sky):
    """The brightest of the last distance, and what was said of them."""
    from gampen_tf.core import describe
    from gampen_tf.plots import plot_cutouts

    galaxies = found["galaxies"]
    order = np.argsort(galaxies["published_magnitude"])[:12]
    words = []
    for i in order:
        flags = describe(galaxies["flags"][i]).lower().replace("_", " ").replace(" | ", "\n")
        words.append(
            f"{galaxies['predicted_magnitude'][i]:.2f} ({galaxies['published_magnitude'][i]:.2f}) mag\n"
            f"{galaxies['predicted_effective_radius'][i]:.2f}″ "
            f"({galaxies['published_effective_radius'][i]:.2f}″)" + (f"\n{flags}" if flags else "")
        )
    side = images.shape[1] // 4
    middle = images[order, side:-side, side:-side]
    return plot_cutouts(middle, titles=words, pixel_scale=model.pixel_scale, noise=sky, n_columns=4)


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogue", nargs="?", help="name of the catalogue's file in DIR")
    parser.add_argument("--dir", help="folder of the catalogue and its images")
    parser.add_argument("--model", default="hsc_wide_g_faint")
    parser.add_argument("--nearer", type=float, nargs="+", default=[1.0, 2.0, 4.0], metavar="K")
    parser.add_argument("--sky", type=float, default=1.6, help="noise of the sky, nJy per pixel")
    parser.add_argument("--n-galaxies", type=int, metavar="N", help="the first so many; all if not given")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
