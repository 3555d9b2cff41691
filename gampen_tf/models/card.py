"""Descriptions of a model in words: for lists, for ``print``, and as a card where there is none.

All of it follows from a model's description, as ``model.json`` holds it: the network is not needed.
"""

from __future__ import annotations

from .directory import GENERATIVE, POSTERIOR

__all__ = ["as_lines", "facts", "one_line", "short_card"]

_INTRODUCTIONS = {
    POSTERIOR: "A gampen_tf model of galaxy images. Open it with `gampen_tf.load_model`.",
    GENERATIVE: "A generative model of galaxy images (Regier, McAuliffe & Prabhat 2015). Open it with "
    "`gampen_tf.GalaxyVAE.load`.",
}


def one_line(description: dict) -> str:
    """Describe in one line what a model measures or makes, and from which images.

    Parameters
    ----------
    description : dict
        As `read_description` or ``Model.describe`` give it.

    Returns
    -------
    str
    """
    images = f"{_sides(description['image_shape'])} pixels"
    if _is_generative(description):
        return f"a generative model of galaxy images, {description['n_latents']} latents; {images}"
    names = ", ".join(parameter["name"] for parameter in description["scaler"]["parameters"])
    if description["scale_free"]:
        images = f"{images} or fewer of any scale, unit and depth"
    else:
        images += f" of {description['pixel_scale']:g}″ in {description['pixel_unit']}"
    band = f"; band {description['band']}" if description["band"] else ""
    psf = (
        f"; with the PSF{_if_known(description)}, {_sides(description['psf_shape'])}"
        if description["psf_shape"]
        else ""
    )
    return f"{names}; {images}{band}{psf}"


def facts(description: dict) -> dict[str, str]:
    """Describe parameters, images, network and recalibration of a model: short texts by their headings.

    Parameters
    ----------
    description : dict
        As for `one_line`.
    """
    if _is_generative(description):
        return {
            "images": f"{_sides(description['image_shape'])} pixels, scaled by `gampen_tf.vae.normalise`, softening "
            f"{description['softening']}",
            "latents": str(description["n_latents"]),
            "network": description["variant"],
        }
    parameters = [
        f"{entry['name']} ({', '.join(filter(None, (entry['unit'], entry['transform'])))})"
        for entry in description["scaler"]["parameters"]
    ]
    band = f", band {description['band']}" if description["band"] else ""
    calibration = description["calibration"]
    found = {
        "measures": ", ".join(parameters),
        "images": f"{_sides(description['image_shape'])} pixels or fewer, of any scale, unit and depth"
        if description["scale_free"]
        else f"{_sides(description['image_shape'])} pixels of {description['pixel_scale']:g}″, in "
        f"{description['pixel_unit']} (zero point {description['zero_point']:g} AB){band}",
    }
    if description["psf_shape"]:
        found["PSF"] = f"{_sides(description['psf_shape'])} pixels, beside each image{_if_known(description)}"
    if description["fills_masked"]:
        found["lost pixels"] = "NaN, masked and saturated ones are filled in"
    found["network"] = ", ".join(filter(None, (description["network_name"], f"{description['head']} head")))
    found["recalibration"] = "none" if calibration is None else str(calibration.get("kind", "yes"))
    return found


def as_lines(title: str, texts: dict[str, str]) -> str:
    """Format short texts below a title, each on a line behind its heading."""
    width = max(map(len, texts)) + 2
    return "\n".join([title, *(f"  {heading + ':':<{width}}{text}" for heading, text in texts.items())])


def short_card(description: dict, name: str) -> str:
    """Write the text of a ``README.md`` for a model that has none.

    Parameters
    ----------
    description : dict
        As for `one_line`.
    name : str
        The heading.
    """
    rows = "\n".join(f"- {heading}: {text}" for heading, text in facts(description).items())
    return f"""# {name}

{_INTRODUCTIONS[GENERATIVE if _is_generative(description) else POSTERIOR]}

{rows}

Measured accuracy: `metrics.json`. How it was made: `provenance` in `model.json`.
"""


def _if_known(description: dict) -> str:
    return " where it is known" if "psf" in description["optional_inputs"] else ""


def _is_generative(description: dict) -> bool:
    # the kind of a posterior's model may be left out
    return description.get("kind", POSTERIOR) == GENERATIVE


def _sides(shape: tuple[int, ...] | list[int]) -> str:
    return " × ".join(str(side) for side in shape)
