"""What a network's last layer gives: a Gaussian of the labels, or one value for each."""

from ..layers import n_outputs

__all__ = ["head_size", "takes_psf"]


def head_size(head, n_parameters):
    """Number of outputs of a head, "gaussian" or "point", for `n_parameters`.

    Raises
    ------
    ValueError
        For another head.
    """
    if head not in ("gaussian", "point"):
        raise ValueError(f"head {head!r}; expected 'gaussian' or 'point'")
    return n_outputs(n_parameters) if head == "gaussian" else n_parameters


def takes_psf(network):
    """Whether a network has an input "psf" beside "images"."""
    return any(tensor.name == "psf" for tensor in network.inputs)
