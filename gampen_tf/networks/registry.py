"""The registry of networks by name, with preset, stretch and paper of each.

A network enters it where it is written, by `register`. No other file lists networks.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import keras

from ..layers.heads import GaussianHead, find_head
from ..layers.monte_carlo_dropout import MonteCarloDropout

__all__ = ["Network", "between_convolutions", "build", "find", "names", "options_of", "register", "temporarily"]

# Layers without weights of their own, or with statistics alone, that any network may have between two convolutions.
_USUAL_BETWEEN = (
    MonteCarloDropout,
    keras.layers.Activation,
    keras.layers.Add,
    keras.layers.AveragePooling2D,
    keras.layers.BatchNormalization,
    keras.layers.Concatenate,
    keras.layers.Dropout,
    keras.layers.GaussianNoise,
    keras.layers.MaxPooling2D,
    keras.layers.ReLU,
    keras.layers.ZeroPadding2D,
)


@dataclass(frozen=True)
class Network:
    """A registered network: the function that builds it, and what goes with it.

    Parameters
    ----------
    function : callable
        ``function(image_shape, n_parameters, **options) -> keras.Model``.
    preset : str
        Settings that it is trained with unless others are asked for, by their name in `gampen_tf.training.PRESETS`.
    stretch_inside : bool
        Whether it takes linear pixels, and stretches them itself.
    paper : str
        Where it was published.
    between_convolutions : tuple of layer classes
        Layers that may stand between two of its convolutions and compute in bfloat16 as these do, beside the usual
        ones.
    optional : tuple of str
        Inputs beside "images" that a user may leave out: "psf", "noise" or both.
    fills_masked : bool
        Whether it fills in pixels that are NaN.
    """

    function: Callable[..., keras.Model]
    preset: str = "modern"
    stretch_inside: bool = False
    paper: str = ""
    between_convolutions: tuple[type, ...] = ()
    optional: tuple[str, ...] = ()
    fills_masked: bool = False

    @property
    def defaults(self) -> dict:
        """Options with their defaults, without image shape, number of parameters and name."""
        return {
            key: parameter.default
            for key, parameter in inspect.signature(self.function).parameters.items()
            if parameter.default is not parameter.empty and key not in ("image_shape", "n_parameters", "name")
        }


_NETWORKS: dict[str, Network] = {}


def register(name: str, *, fixed: Mapping | None = None, **facts):
    """A decorator that registers a function as a network and returns it unchanged.

    Parameters
    ----------
    name : str
        By which it is built. One function may have several names, a decorator each.
    fixed : dict, optional
        Options of the function that have another default under this name.
    **facts
        Fields of `Network`: ``preset``, ``stretch_inside``, ``paper``, ``between_convolutions``, ``optional``,
        ``fills_masked``.

    Raises
    ------
    ValueError
        If another function has this name.
    """

    def enter(function):
        known = _NETWORKS.get(name)
        # a cell of a notebook may be run again
        if known is not None and _place(known.function) != _place(function):
            raise ValueError(f"there is a network {name!r} already, {'.'.join(_place(known.function))}")
        _NETWORKS[name] = Network(partial(function, **fixed) if fixed else function, **facts)
        return function

    return enter


def names() -> list[str]:
    """The names of all networks, in alphabetical order."""
    return sorted(_NETWORKS)


def find(name: str) -> Network:
    """The network of a name.

    Raises
    ------
    ValueError
        If there is none.
    """
    if name not in _NETWORKS:
        raise ValueError(f"no network {name!r}; there are {', '.join(names())}")
    return _NETWORKS[name]


def build(name: str, image_shape: tuple[int, int, int], n_parameters: int, **options) -> keras.Model:
    """Build a new network by its name.

    Parameters
    ----------
    name : str
        One of `names`.
    image_shape : (int, int, int)
        Height, width, channels.
    n_parameters : int
    **options
        Of that network; see its function.

    Returns
    -------
    keras.Model
        Input ``images`` (N, H, W, C), and what it takes beside it; output (N, K) float32, whatever the dtype policy.

    Raises
    ------
    ValueError
        If there is no such network, or it has no head of the kind that ``head`` asks for.
    """
    return find(name).function(tuple(image_shape), n_parameters, **options_of(name, options))


def options_of(name: str, given: Mapping | None = None) -> dict:
    """All options of a network: those given, and the defaults of the others.

    Kept with a trained model, they build the same network again whatever becomes of the defaults.

    Raises
    ------
    ValueError
        If there is no such network, or it has no head of the kind that ``head`` asks for.
    """
    defaults, given = find(name).defaults, dict(given or {})
    if "head" not in defaults:
        head = find_head(given.pop("head", GaussianHead()))
        if not isinstance(head, GaussianHead):
            able = [one for one in names() if "head" in find(one).defaults]
            raise ValueError(f"network {name!r} has no {head.name} head; there are {', '.join(able)}")
    return {**defaults, **given}


def between_convolutions() -> tuple[type, ...]:
    """Layer classes that compute in bfloat16 where they stand before a convolution that does."""
    return (*_USUAL_BETWEEN, *(kind for network in _NETWORKS.values() for kind in network.between_convolutions))


@contextmanager
def temporarily(networks: Mapping[str, Network | Callable]) -> Iterator[None]:
    """A context in which only these networks, given as `Network` or as functions, are registered."""
    before = dict(_NETWORKS)
    _NETWORKS.clear()
    _NETWORKS.update({name: one if isinstance(one, Network) else Network(one) for name, one in networks.items()})
    try:
        yield
    finally:
        _NETWORKS.clear()
        _NETWORKS.update(before)


def _place(function):
    plain = function.func if isinstance(function, partial) else function
    return plain.__module__, plain.__qualname__
