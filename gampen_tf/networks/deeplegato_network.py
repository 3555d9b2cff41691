"""DeepLeGATo: small networks in the manner of VGG, one for each parameter (Tuccillo et al. 2018, § 4, figure 2)."""

import keras
from keras import layers

from ..layers.heads import find_head
from ..layers.monte_carlo_dropout import numbered_dropout
from .registry import register

__all__ = ["ARCHITECTURES", "deeplegato"]

# Rows of figure 2, from the image to the dense layers: "noise", "dropout", or a unit of two convolutions and a pooling,
# given by the side of its filters.
ARCHITECTURES = {
    1: ("noise", 4, "dropout", 4, "dropout", 3, 2),
    2: (4, "dropout", "noise", 4, 3),
}


@register("deeplegato1", fixed={"architecture": 1}, preset="deeplegato", paper="Tuccillo et al. (2018)")
@register("deeplegato2", fixed={"architecture": 2}, preset="deeplegato", paper="Tuccillo et al. (2018)")
def deeplegato(
    image_shape=(128, 128, 1),
    n_parameters=1,
    dropout_rate=1e-3,
    *,
    architecture=1,
    filters=(8, 16, 32, 64),
    noise=0.01,
    head="gaussian",
    name="deeplegato",
):
    """One of DeepLeGATo's two networks.

    The paper trains one for each parameter: architecture 2 for magnitude and radius, 1 for Sérsic index and axis ratio.
    The numbers of filters, of which the paper gives only that they grow, and the rates of dropout and noise are ours.

    Parameters
    ----------
    image_shape : (int, int, int)
        Height, width, channels; any that survives the poolings, 16 px and more.
    n_parameters : int
        1 in the paper.
    dropout_rate : float
        Small: dropout before a pooling that takes the largest of its inputs shifts what follows, so that a network
        trained with a rate of 0.1 measures 0.2 mag amiss without it.
    architecture : {1, 2}
        Four units behind the noise, or three with the noise after the first.
    filters : sequence of int
        Of both convolutions of each unit; those beyond the last unit are not used.
    noise : float
        Standard deviation of what the noise layer adds in training, in units of its input: stretched pixels in
        architecture 1, features in 2.
    head : {"gaussian", "point"}
        The paper's head is a point: one number a parameter.

    Returns
    -------
    keras.Model
        From ``images`` (N, H, W, C), stretched, to the outputs of the head, float32.

    Raises
    ------
    ValueError
        For an architecture that does not exist, too few filters, or images too small for it.
    """
    if architecture not in ARCHITECTURES:
        raise ValueError(f"expected an architecture of {', '.join(map(str, ARCHITECTURES))}, found {architecture!r}")
    rows = ARCHITECTURES[architecture]
    n_units = sum(isinstance(row, int) for row in rows)
    if len(filters) < n_units:
        raise ValueError(f"architecture {architecture} has {n_units} units, but filters for {len(filters)}: {filters}")
    if min(image_shape[:2]) < 2**n_units:
        raise ValueError(f"architecture {architecture} takes images of {2**n_units} px and more, found {image_shape}")

    images = keras.Input(image_shape, name="images")
    dropout = numbered_dropout(dropout_rate)
    x, number = images, 0
    for row in rows:
        if row == "noise":
            x = layers.GaussianNoise(noise, name="noise")(x)
        elif row == "dropout":
            x = dropout(x)
        else:
            number += 1
            for i in (1, 2):
                x = _convolution(filters[number - 1], row, f"unit{number}_conv{i}")(x)
            x = layers.MaxPooling2D(2, name=f"unit{number}_pool")(x)
    x = layers.Flatten(name="flatten")(x)
    for i, n_units in enumerate((128, 64), start=1):
        x = layers.Dense(n_units, activation="relu", kernel_initializer="he_normal", name=f"dense{i}")(x)
    size = find_head(head).n_outputs(n_parameters)
    outputs = layers.Dense(size, kernel_initializer="he_normal", dtype="float32", name="head")(x)
    return keras.Model(images, outputs, name=name)


def _convolution(n_filters, size, name):
    return layers.Conv2D(n_filters, size, padding="same", activation="relu", kernel_initializer="he_normal", name=name)
