"""Networks: functional Keras models from images to the outputs of a head."""

from .compact import compact
from .gampen import gampen
from .gampen_weights import load_gampen_weights

__all__ = ["NETWORKS", "build", "compact", "gampen", "load_gampen_weights"]

NETWORKS = {"compact": compact, "gampen": gampen}


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
        If there is no such network.
    """
    if name not in NETWORKS:
        raise ValueError(f"no network {name!r}; there are {', '.join(sorted(NETWORKS))}")
    return NETWORKS[name](tuple(image_shape), n_parameters, **options)
