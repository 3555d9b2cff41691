"""What fraction of each kind of bad image the flags catch: python benchmarks/trust.py MODEL [--n-images 200].

MODEL is a model directory with its limits (``TrustLimits.save``); without one only the checks of the image itself are
run.
"""

import argparse

import numpy as np

from gampen_tf.flags import Flag
from gampen_tf.image_checks import bright_neighbour, cut_by_frame
from gampen_tf.recipes import load_recipe
from gampen_tf.simulation.galaxies import draw_galaxy, generator
from gampen_tf.simulation.noise import draw_noise
from gampen_tf.simulation.psfs import draw_psf, galaxy_psf
from gampen_tf.simulation.stamps import Component, draw_stamp

FLAGS = (Flag.OUT_OF_DISTRIBUTION, Flag.EXTRAPOLATED, Flag.CUT_BY_FRAME, Flag.BRIGHT_NEIGHBOUR)


def draw(recipe, seed, index, *, kind="galaxy"):
    """One image of a kind, (size, size)."""
    galaxy, rng = draw_galaxy(recipe, seed, index), generator(seed, index, 7)
    psf, scale = galaxy_psf(recipe, galaxy), recipe.pixel_scale
    components = [Component(**c, x=galaxy["x"], y=galaxy["y"]) for c in galaxy["components"].values() if c["flux"] > 0]
    if kind == "larger than the frame":
        half_frame = 0.5 * recipe.size * scale
        size = rng.uniform(0.7, 1.5) * half_frame
        sersic_index = rng.choice([1.0, 4.0])
        components = [Component(galaxy["flux"], size, sersic_index, rng.uniform(0.25, 1), rng.uniform(0, 180))]
    if kind == "merged pair":
        angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(2, 6)
        other = draw_galaxy(recipe, seed + 1, index)
        ratio = rng.uniform(0.3, 1) * galaxy["flux"] / other["flux"]
        x, y = distance * np.cos(angle), distance * np.sin(angle)
        components += [
            Component(**{**c, "flux": ratio * c["flux"]}, x=x, y=y) for c in other["components"].values() if c["flux"]
            > 0
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
    return {"flux ten times too large": 10.0, "flux ten times too small": 0.1}.get(kind, 1.0) * image


KINDS = (
    "galaxy",
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--recipe", default="hsc_wide_g")
    parser.add_argument("--n-images", type=int, default=200)
    parser.add_argument("--seed", type=int, default=90_001)
    options = parser.parse_args()
    recipe, model, limits = load_recipe(options.recipe), None, None
    if options.model:
        import gampen_tf
        from gampen_tf.trust import TrustLimits

        model, limits = gampen_tf.load_model(options.model), TrustLimits.load(options.model)
    print(f"{options.n_images} images of each kind; percent flagged")
    print(f"{'':28s}" + "".join(f"{flag.name.lower():>21s}" for flag in FLAGS) + f"{'any':>8s}")
    for kind in KINDS:
        images = np.stack([draw(recipe, options.seed, i, kind=kind) for i in range(options.n_images)])
        images = images.astype(np.float32)
        if limits is None:
            flags = Flag.CUT_BY_FRAME.value * cut_by_frame(images)
            flags = flags | Flag.BRIGHT_NEIGHBOUR.value * bright_neighbour(images)
        else:
            images = images[..., None]
            posterior = gampen_tf.predict(images, model=model, pixel_scale=model.pixel_scale, unit=model.pixel_unit,
                                          progress_bar=False)
            flags = limits.flags(model, images, posterior.median())
        shares = [100 * np.mean(flags & int(flag) != 0) for flag in FLAGS] + [100 * np.mean(flags != 0)]
        print(f"{kind:28s}" + "".join(f"{share:21.1f}" for share in shares[:-1]) + f"{shares[-1]:8.1f}", flush=True)


if __name__ == "__main__":
    main()
