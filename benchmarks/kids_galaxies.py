"""Real galaxies that two surveys have seen, with their own PSFs, noise and masks, beside published fits.

    python benchmarks/kids_galaxies.py DIR [--model any_survey --model kids_r_galnet2]

DIR holds ``{kids,sdss}_ID_{fitim,psfim,sigma,segim}.fits`` of GAMA galaxies in r, in maggies, as ICRAR's ProFit brings
them: KiDS at 0.2″ and SDSS at 0.339″ a pixel, the galaxy near the middle. Published are the single-Sérsic fits of Lange
et al. (2015); their radius along the major axis is compared as that of the circular aperture with half of the light.
Other sources of the segmentation are masked. A model that takes one pixel scale alone sees the survey of that scale.

Without DIR nothing is done. The table goes to ``benchmarks/results/kids_galaxies.md``.
"""

import argparse
from pathlib import Path

import numpy as np
from astropy.io import fits

import gampen_tf
from gampen_tf.core import Flag
from gampen_tf.core.flags import describe
from gampen_tf.rendering.radii import circularised, half_light_radius

RESULTS = Path(__file__).parent / "results"
PIXEL_SCALE = {"kids": 0.2, "sdss": 0.339}  # arcsec
MAGGY = 3631e9  # nJy
ZERO_POINT = 31.4  # of 1 nJy
#: magnitude in r, R_e along the major axis in arcsec, Sérsic index, axis ratio: Lange et al. (2015)
PUBLISHED = {
    265940: (17.30, 2.39, 4.60, 0.513),
    266033: (16.64, 2.50, 4.92, 0.666),
    266662: (15.84, 4.06, 4.13, 0.518),
    267199: (16.84, 3.80, 2.64, 0.632),
    279148: (16.95, 2.88, 1.96, 0.406),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dir", nargs="?", help="folder of the images")
    parser.add_argument("--model", action="append", help="name or directory; several may be given")
    options = parser.parse_args()
    if options.dir is None:
        print("no images of real galaxies were given: nothing done; see --help")
        return
    lines = []
    for name in options.model or ["any_survey", "kids_r_galnet2"]:
        lines += [*table(gampen_tf.load_model(name), name, Path(options.dir)), ""]
        print("\n".join(lines), flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "kids_galaxies.md").write_text("\n".join(lines))


def table(model, name, folder):
    """Lines of Markdown: magnitude and radius of each galaxy, as published and as each survey shows it."""
    yield f"## {name}"
    yield ""
    yield "| galaxy | survey | magnitude: published, found | R_e ″: published, found | off, mag | off, R_e | flags |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for identifier, (magnitude, major, index, ratio) in PUBLISHED.items():
        round_radius = np.array([[circularised(major, ratio)]])
        radius = half_light_radius(np.ones((1, 1)), round_radius, np.array([[ratio]]), np.array([[index]]))[0]
        for survey, pixel_scale in PIXEL_SCALE.items():
            if not model.scale_free and abs(pixel_scale - model.pixel_scale) > 0.01 * pixel_scale:
                continue
            found, flags = measure(model, folder, survey, identifier, pixel_scale)
            (m, m_low, m_high), (r, r_low, r_high) = found
            yield (
                f"| {identifier} | {survey} | {magnitude:.2f}, {m:.2f} ({m_low:.2f} to {m_high:.2f}) | {radius:.2f}, "
                f"{r:.2f} ({r_low:.2f} to {r_high:.2f}) | {m - magnitude:+.2f} | {100 * (r / radius - 1):+.0f} % | "
                f"{describe(flags).replace(' | ', ', ')} |"
            )


def measure(model, folder, survey, identifier, pixel_scale):
    """Median and 68.27 % interval of magnitude and of the radius in arcsec; flags."""
    image, psf, sigma, segments = (
        fits.getdata(folder / f"{survey}_{identifier}_{kind}.fits").astype(float)
        for kind in ("fitim", "psfim", "sigma", "segim")
    )
    rows, columns = image.shape
    own = segments[rows // 2, columns // 2]
    known = {"psf": psf}
    if "noise" in model.inputs_beside:
        known |= {"noise": (MAGGY * sigma) ** 2}
    if model.fills_masked:
        known["mask"] = (segments != own) & (segments != 0)
    posterior = gampen_tf.predict(
        (MAGGY * image).astype(np.float32),
        model=model,
        pixel_scale=pixel_scale,
        unit="nJy",
        pad=not model.scale_free,
        progress_bar=False,
        **known,
    )
    three = np.concatenate([posterior.median()[0][:, None], posterior.interval(kind="central")[0]], axis=1)
    by_name = dict(zip(posterior.names, three, strict=True))
    if "flux" in by_name:
        by_name["magnitude"] = (ZERO_POINT - 2.5 * np.log10(by_name["flux"]))[[0, 2, 1]]
    radius = by_name["effective_radius"] if "effective_radius" in by_name else by_name["semi_major_axis"]
    return (by_name["magnitude"], radius), int(posterior.flags[0]) & ~int(Flag.CROPPED)


if __name__ == "__main__":
    main()
