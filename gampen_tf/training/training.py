"""Training a network on a data set.

>>> model = gampen_tf.train("hsc_wide_g", "runs/mine", n_images=100_000)       # simulates first
>>> model = gampen_tf.train("data/hsc_wide_g", "runs/exact", network="gampen")

The output directory is a model directory (see :mod:`gampen_tf.models.model`) with the run's own files beside it:
``log.csv``, the checkpoints ``last.npz`` and ``best.npz``, ``data`` where it was simulated here. The same command
after a kill goes on where the run was and ends with the same weights, bit for bit on the same machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from .. import networks
from ..core.stretch import Stretch
from ..models.model import Model
from .devices import find_strategy
from .network_building import build_network, checked_seed
from .network_training import open_or_simulate, train_network
from .presets import find_preset
from .targets import find_parameters, fit_scaler

if TYPE_CHECKING:
    import tensorflow as tf

    from ..core.parameters import ParameterSet
    from ..data.joined import DataLike
    from ..io.files import PathLike
    from ..networks.precision import Precision
    from .augmentation import Augmentation
    from .preset import Preset

__all__ = ["train"]


def train(
    data: DataLike,
    output: PathLike | None = None,
    *,
    network: str = "compact",
    n_images: int | None = None,
    parameters: ParameterSet | Sequence[str] | None = None,
    preset: str | Preset | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    dropout_rate: float | None = None,
    stretch: Stretch | None = None,
    network_options: dict | None = None,
    augment: Augmentation | Literal["auto"] | None = "auto",
    seed: int = 0,
    precision: Precision = "auto",
    strategy: Literal["auto", "none"] | tf.distribute.Strategy = "auto",
    resume: bool = True,
    tensorboard: bool = False,
    progress_bar: bool = True,
) -> Model:
    """Train a network on a data set, or on galaxies drawn from a recipe.

    Parameters
    ----------
    data : path, DataSet, list of them, or name of a recipe
        A data set, several to be joined, or a recipe to simulate `n_images` of first, into ``output/data``.
    output : path, optional
        The model directory to write; nothing is written without it.
    network : str
        One of :func:`gampen_tf.networks.names`.
    n_images : int, optional
        With a recipe.
    parameters : ParameterSet or sequence of names, optional
        What to measure; by default the data set's parameters, see :mod:`gampen_tf.training.targets`.
    preset : str or Preset, optional
        Objective and settings of the optimiser, see :mod:`gampen_tf.training.presets`; by default those that go with
        the network. The objective decides on the head: posteriors, or one value a parameter.
    epochs, batch_size, learning_rate : optional
        In place of the preset's.
    dropout_rate : float, optional
        In place of the network's.
    stretch : Stretch, optional
        By default arcsinh, or linear for networks such as ``compact`` that stretch inside.
    network_options : dict, optional
        More arguments of the network.
    augment : Augmentation or "auto" or None
        By default flips and quarter turns, where no parameter has a direction, and the preset's shifts and zooms.
    seed : int
        Of the initial weights, the order of the images, the augmentation and the dropout.
    precision : {"auto", "float32", "bfloat16"}
        By default bfloat16 where the device computes in it; weights, head and loss are float32 in any case.
    strategy : {"auto", "none"} or tf.distribute.Strategy
        By default all GPUs, where there are several.
    resume : bool
        Go on from the checkpoint in `output`, if there is one.
    tensorboard, progress_bar : bool

    Returns
    -------
    Model
        With the weights of the epoch with the smallest validation loss.

    Raises
    ------
    TrainingDiverged
        If the loss becomes NaN or infinite.
    ValueError
        If `output` holds a checkpoint of a run with other settings; if the network has no head for the objective, or
        takes the PSF or the noise where the data set has none.
    """
    seed, kind = checked_seed(seed), networks.find(network)
    preset = find_preset(preset, network, epochs=epochs, batch_size=batch_size, learning_rate=learning_rate)
    dataset = open_or_simulate(data, output, n_images, seed, progress_bar)
    parameters = find_parameters(dataset, parameters, censored=preset.objective == "censored_gaussian_nll")
    scaler = fit_scaler(dataset, parameters, preset.label_scaling)
    stretch = stretch or Stretch("linear" if kind.stretch_inside else "arcsinh")
    options = {**(network_options or {}), "head": preset.head.name}
    if dropout_rate is not None:
        options["dropout_rate"] = dropout_rate
    options = networks.options_of(network, options)
    strategy = find_strategy(strategy)
    built, precision = build_network(network, dataset.image_shape, len(parameters), options, seed, precision, strategy)
    settings = {"network": network, "network_options": options, "precision": precision}
    return train_network(
        built,
        dataset,
        scaler,
        stretch,
        preset,
        output,
        settings=settings,
        label_scaling=preset.label_scaling,
        augment=augment,
        seed=seed,
        strategy=strategy,
        resume=resume,
        tensorboard=tensorboard,
        progress_bar=progress_bar,
        optional_inputs=kind.optional,
        fills_masked=kind.fills_masked,
    )
