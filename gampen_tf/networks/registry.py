"""Networks by name."""

import inspect
from functools import partial

from .compact import compact
from .deeplegato import deeplegato
from .galnet import galnet1, galnet2
from .gampen import gampen
from .gampen_workshop import workshop

__all__ = ["NETWORKS", "STRETCH_INSIDE", "all_options", "build", "takes_psf"]


def takes_psf(network):
    """Whether a network has an input "psf" beside "images"."""
    return any(tensor.name == "psf" for tensor in network.inputs)


NETWORKS = {
    "compact": compact,
    "gampen": gampen,
    "deeplegato1": partial(deeplegato, architecture=1),
    "deeplegato2": partial(deeplegato, architecture=2),
    "workshop": workshop,
    "galnet1": galnet1,
    "galnet2": galnet2,
}
#: Networks that take linear pixels, and stretch them inside.
STRETCH_INSIDE = ("compact", "galnet1", "galnet2")


def build(name, image_shape, n_parameters, **options):
    """A network by its name.

    Parameters
    ----------
    name : str
        One of `NETWORKS`.
    image_shape : (int, int, int)
        Height, width, channels.
    n_parameters : int
    **options
        Of that network; see its function.

    Returns
    -------
    keras.Model
        Inputs ``images`` (N, H, W, C); output (N, K) float32, whatever the dtype policy.

    Raises
    ------
    ValueError
        If there is no such network, or it has no head of the kind that ``head`` asks for.
    """
    _check_name(name)
    return NETWORKS[name](tuple(image_shape), n_parameters, **all_options(name, options))


def all_options(name, options):
    """The options of a network, those that were not given with their defaults.

    Kept with a trained model, they build the same network again whatever becomes of the defaults.

    Raises
    ------
    ValueError
        If there is no such network, or it has no head of the kind that ``head`` asks for.
    """
    _check_name(name)
    defaults = {
        key: parameter.default
        for key, parameter in inspect.signature(NETWORKS[name]).parameters.items()
        if parameter.default is not parameter.empty and key not in ("image_shape", "n_parameters", "name")
    }
    if "head" not in defaults:
        if options.get("head", "gaussian") != "gaussian":
            able = [one for one in NETWORKS if "head" in inspect.signature(NETWORKS[one]).parameters]
            raise ValueError(f"network {name!r} has no {options['head']} head; there are {', '.join(able)}")
        options = {key: value for key, value in options.items() if key != "head"}
    return {**defaults, **options}


def _check_name(name):
    if name not in NETWORKS:
        raise ValueError(f"no network {name!r}; there are {', '.join(sorted(NETWORKS))}")
