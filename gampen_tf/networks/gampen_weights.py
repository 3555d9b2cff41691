"""GaMPEN's published weights, from PyTorch state dicts.

With the mean and the standard deviation of the labels that the weights were trained on they make a model that predicts:

>>> parameters = ParameterSet([
...     Parameter("bulge_to_total", "", (0, 1), "logit", clip=0.01),
...     Parameter("effective_radius", "arcsec", (0, np.inf), "log"),
...     Parameter("flux", "adu", (0, np.inf), "log"),
... ])
>>> model = Model(
...     network=load_gampen_weights("hsc_low_z.pt", image_shape=(239, 239, 1)),
...     scaler=LabelScaler(parameters, mean, scale),
...     stretch=Stretch("arcsinh"),
...     image_shape=(239, 239, 1),
...     pixel_scale=0.168,
...     pixel_unit="adu",
...     zero_point=27.0,
... )
>>> gampen_tf.predict("cutouts/*.fits", model=model)

The published networks were trained on HSC counts with a zero point of 27; images in other units are converted. For
fluxes in nJy the mean of ln flux is larger by 0.4 · (31.4 − 27) · ln 10 = 4.0525.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .gampen_network import TRANSFORMS, gampen

if TYPE_CHECKING:
    import keras

    from ..io.files import PathLike

__all__ = ["load_gampen_weights"]

_PUBLISHED_SIDES = (239, 143, 96)
_LOCALISATION = {
    "localization.0": "localisation_conv1",
    "localization.3": "localisation_conv2",
    "fc_loc.0": "localisation_dense1",
    "fc_loc.2": "localisation_parameters",
}
_CLASSIFIER = {"vgg.classifier.0": "dense1", "vgg.classifier.3": "dense2", "vgg.classifier.6": "head"}
_FEATURES = "vgg.features."
_BLOCKS = (2, 2, 3, 3, 3)


def load_gampen_weights(
    path_or_dict: PathLike | Mapping[str, Any],
    image_shape: tuple[int, int, int] | None = None,
    dropout_rate: float = 7e-4,
) -> keras.Model:
    """Load GaMPEN's network with weights of its PyTorch program.

    The number of outputs, the channels and the kind of transform come from the weights. So does the cutout's size, up
    to the two poolings of the localisation net, which four sizes share: of those it is the published one (239, 143 or
    96 px) if there is one, else the largest odd one.

    Parameters
    ----------
    path_or_dict : path or mapping
        A state dict: a ``.pt`` file (needs PyTorch; loaded with ``weights_only=True``), an ``.npz`` file, or arrays by
        name. Names may have the prefix ``module.``, and the numbers of ``vgg.features`` may or may not count inserted
        dropout layers.
    image_shape : (int, int, int), optional
        Height, width and channels of the cutouts. GaMPEN gives its networks the same image in each of three channels;
        with one channel asked for, the first kernels are summed over theirs, and outputs are the same for that image.
    dropout_rate : float
        The rate that the weights were trained with; it is not among them.

    Returns
    -------
    keras.Model

    Raises
    ------
    ValueError
        If names or shapes are not those of GaMPEN's network, or do not fit `image_shape`.
    """
    source = "state dict" if isinstance(path_or_dict, dict) else str(path_or_dict)
    state = _by_layer(_read(path_or_dict), source)
    if image_shape is not None and image_shape[-1] == 1:
        for name in ("localisation_conv1", "block1_conv1"):
            state[name]["weight"] = state[name]["weight"].sum(axis=1, keepdims=True)
    channels = state["localisation_conv1"]["weight"].shape[1]
    n_features = state["localisation_dense1"]["weight"].shape[1]
    n_transform = state["localisation_parameters"]["weight"].shape[0]
    transforms = {len(values): key for key, values in TRANSFORMS.items()}
    if n_transform not in transforms:
        raise ValueError(f"{source}: expected 1, 3 or 6 transform parameters (fc_loc.2), found {n_transform}")
    if image_shape is None:
        side = _cutout_side(n_features, source)
        image_shape = (side, side, channels)
    network = gampen(
        image_shape,
        outputs=state["head"]["weight"].shape[0],
        dropout_rate=dropout_rate,
        transform=transforms[n_transform],
    )
    for name, arrays in state.items():
        layer = network.get_layer(name)
        weights = [_kernel(arrays["weight"], network, name), arrays["bias"]]
        for new, old in zip(weights, layer.get_weights(), strict=True):
            if new.shape != old.shape:
                raise ValueError(
                    f"{source}: {name} of shape {new.shape}, where images of {tuple(image_shape)} need {old.shape}; "
                    "give the image_shape that the weights were trained for"
                )
        layer.set_weights(weights)
    return network


def _read(path_or_dict):
    """Arrays by name, without the prefix of PyTorch's data parallelism."""
    state = path_or_dict
    if isinstance(path_or_dict, (str, Path)):
        if Path(path_or_dict).suffix == ".npz":
            with np.load(path_or_dict, allow_pickle=False) as file:
                state = dict(file)
        else:
            state = _read_torch(path_or_dict)
    return {name.removeprefix("module."): _array(value) for name, value in state.items()}


def _array(value):
    """A NumPy array, of an array or of a PyTorch tensor on any device."""
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value, np.float32)


def _read_torch(path):
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            f"{path}: reading PyTorch's files needs the package torch; or save the arrays as .npz where it is installed"
        ) from error
    return torch.load(path, map_location="cpu", weights_only=True)


def _by_layer(state, source):
    """{our layer's name: {"weight": …, "bias": …}}, in PyTorch's axes."""
    ours = {**_LOCALISATION, **_CLASSIFIER}
    modules = {name.rpartition(".")[0] for name in state}
    features = [name for name in modules if name.startswith(_FEATURES)]
    features.sort(key=lambda name: int(name.removeprefix(_FEATURES)))
    blocks = [f"block{i}_conv{j}" for i, n in enumerate(_BLOCKS, start=1) for j in range(1, n + 1)]
    missing = [name for name in ours if name not in modules]
    unknown = sorted(modules - set(ours) - set(features))
    if missing or unknown or len(features) != len(blocks):
        raise ValueError(
            f"{source}: not a state dict of GaMPEN's network: {len(features)} convolutions of VGG-16 where 13 were "
            f"expected, missing {missing}, unknown {unknown[:5]}"
        )
    ours.update(zip(features, blocks, strict=True))
    try:
        return {new: {part: state[f"{old}.{part}"] for part in ("weight", "bias")} for old, new in ours.items()}
    except KeyError as error:
        raise ValueError(f"{source}: {error.args[0]} is missing") from None


def _cutout_side(n_features, source):
    """Side of the cutouts for which the localisation net has so many features."""
    n_filters = 96
    sides = [side for side in range(33, 2049) if n_filters * _localisation_side(side) ** 2 == n_features]
    if not sides:
        raise ValueError(f"{source}: no size of cutout gives the {n_features} features that fc_loc.0 expects")
    published = [side for side in sides if side in _PUBLISHED_SIDES]
    return published[0] if published else max(side for side in sides if side % 2)


def _localisation_side(side):
    """Side of the feature map after 11 px convolution, 3/2 pooling, 9 px convolution, 3/2 pooling."""
    for kernel in (11, 9):
        side = (side - kernel + 1 - 3) // 2 + 1
    return side


def _kernel(weight, network, name):
    """A kernel in Keras's axes.

    PyTorch's are (out, in, height, width) and (out, in); its flattened feature maps run over channel, row, column,
    Keras's over row, column, channel.
    """
    if weight.ndim == 4:
        return weight.transpose(2, 3, 1, 0)
    flattened = {"localisation_dense1": "localisation_flatten", "dense1": "flatten"}
    if name in flattened:
        rows, columns, channels = network.get_layer(flattened[name]).input.shape[1:]
        if weight.shape[1] == rows * columns * channels:
            weight = weight.reshape(-1, channels, rows, columns).transpose(0, 2, 3, 1).reshape(len(weight), -1)
    return weight.T
