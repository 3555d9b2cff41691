"""Training a network on a data set.

>>> model = gampen_tf.train("hsc_wide_g", "runs/mine", n_images=100_000)       # simulates first
>>> model = gampen_tf.train("data/hsc_wide_g", "runs/exact", network="gampen")

The output directory is a model directory (see :mod:`gampen_tf.model`) with the run's own files beside it: ``log.csv``,
the checkpoints ``last.npz`` and ``best.npz``, ``data`` where it was simulated here.  The same command after a kill goes
on where the run was and ends with the same weights, bit for bit on the same machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import platform
import shlex
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from . import networks
from .augmentation import Augmentation
from .checkpoints import RunFiles
from .devices import build_network, checked_seed, find_strategy
from .fronts import compute_front, fit_normalisation, split_front, turns_with_image
from .labels import find_parameters, fit_scaler, split_labels
from .loop import Trainer
from .losses import find_loss
from .model import Model
from .networks.precision import in_float32
from .pipelines import Stretch, TensorPipeline, make_pipeline
from .presets import find_preset

__all__ = ["open_data", "train", "train_network"]

_PACKAGES = ("gampen_tf", "tensorflow", "keras", "numpy")
_FRONT_BATCH = 64
_STATISTICS_IMAGES = 8192


def train(
    data,
    output=None,
    *,
    network="compact",
    n_images=None,
    parameters=None,
    preset=None,
    epochs=None,
    batch_size=None,
    learning_rate=None,
    dropout_rate=None,
    stretch=None,
    network_options=None,
    augment="auto",
    seed=0,
    precision="auto",
    strategy="auto",
    resume=True,
    tensorboard=False,
    progress_bar=True,
) -> Model:
    """Train a network.

    Parameters
    ----------
    data : path, DataSet, list of them, or name of a recipe
        A data set, several to be joined, or a recipe to simulate `n_images` of first, into ``output/data``.
    output : path, optional
        The model directory to write; nothing is written without it.
    network : str
        One of `gampen_tf.networks.NETWORKS`.
    n_images : int, optional
        With a recipe.
    parameters : ParameterSet or sequence of names, optional
        What to measure; by default the data set's parameters, see :mod:`gampen_tf.labels`.
    preset : str or Preset, optional
        Objective and settings of the optimiser, see :mod:`gampen_tf.presets`; by default those that go with the
        network. The objective decides on the head: posteriors, or one value a parameter.
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
    precision : {"auto", "float32", "mixed_bfloat16"}
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
        takes the PSF where the data set has none.
    """
    seed = checked_seed(seed)
    dataset = open_data(data, output, n_images, seed, progress_bar)
    preset = find_preset(preset, network, epochs=epochs, batch_size=batch_size, learning_rate=learning_rate)
    parameters = find_parameters(dataset, parameters)
    scaler = fit_scaler(dataset, parameters, preset.labels)
    stretch = stretch or Stretch("linear" if network in networks.STRETCH_INSIDE else "arcsinh")
    options = {**(network_options or {}), "head": preset.head}
    if dropout_rate is not None:
        options["dropout_rate"] = dropout_rate
    options = networks.all_options(network, options)
    strategy = find_strategy(strategy)
    built, policy = build_network(network, dataset.image_shape, len(parameters), options, seed, precision, strategy)
    settings = {"network": network, "network_options": options, "precision": policy}
    return train_network(
        built,
        dataset,
        scaler,
        stretch,
        preset,
        output,
        settings=settings,
        augment=augment,
        seed=seed,
        strategy=strategy,
        resume=resume,
        tensorboard=tensorboard,
        progress_bar=progress_bar,
    )


def train_network(
    network,
    dataset,
    scaler,
    stretch,
    preset,
    output=None,
    *,
    settings,
    augment="auto",
    seed=0,
    strategy,
    resume=True,
    tensorboard=False,
    progress_bar=True,
    before=None,
) -> Model:
    """Train a network that is there: what :func:`train` and :func:`gampen_tf.finetune` share.

    Parameters
    ----------
    network : keras.Model
        Made under ``strategy.scope()``.
    dataset : DataSet
    scaler : LabelScaler
    stretch : Stretch
    preset : Preset
    output : path, optional
    settings : dict
        What made the network: goes to the provenance, and a checkpoint is resumed only if it is the same. Its
        ``loaded_layers`` are those that come from another model.
    before : dict, optional
        Provenance of the model that the network comes from.
    augment, seed, strategy, resume, tensorboard, progress_bar
        As in :func:`train`.

    Returns
    -------
    Model
    """
    if output is not None:
        Path(output).mkdir(parents=True, exist_ok=True)
    if augment == "auto":
        max_shift = round(preset.max_shift * dataset.image_shape[1])
        augment = Augmentation.for_labels(scaler, max_shift, preset.zoom)
    metadata = dataset.metadata
    with_psf = networks.takes_psf(network)
    if with_psf and metadata.get("psf_shape") is None:
        raise ValueError(
            f"{dataset.path}: holds no PSF images, which network {network.name!r} takes; simulate from a recipe with "
            "psf.image_size to have them"
        )
    n_training = len(dataset.split("train"))
    batch_size = min(preset.batch_size, n_training)
    settings = {
        **settings,
        "scaler": scaler.to_dict(),
        **asdict(preset),
        "batch_size": batch_size,
        "augment": augment and asdict(augment),
        "stretch": stretch.to_dict(),
        "seed": seed,
        "data": _fingerprint(dataset, scaler),
    }
    # layers that were trained before keep the statistics that they were trained with
    keep = settings.get("loaded_layers", ())
    fit_normalisation(network, lambda: _sample(dataset, stretch, seed, with_psf), keep=keep)
    trained, training, validation = _pipelines(
        network, dataset, scaler, stretch, batch_size, augment, seed, output, progress_bar
    )
    trainer = Trainer(
        trained,
        preset,
        find_loss(preset.objective, preset.huber_delta),
        strategy,
        training.n_batches * preset.epochs,
        files=None if output is None else RunFiles(output, settings, tensorboard=tensorboard),
        progress_bar=progress_bar,
    )
    if resume:
        trainer.resume()
    trainer.run(training, validation, preset.epochs)
    best = trainer.history[trainer.best_epoch - 1]
    model = Model(
        network=in_float32(network),
        scaler=scaler,
        stretch=stretch,
        image_shape=dataset.image_shape,
        pixel_scale=metadata["pixel_scale"],
        pixel_unit=metadata["pixel_unit"],
        zero_point=metadata["zero_point"],
        band=metadata["band"],
        psf_shape=metadata["psf_shape"] if with_psf else None,
        head=preset.head,
        provenance={
            "recipe": metadata.get("recipe"),
            "recipe_name": metadata.get("recipe_name"),
            "data_seed": metadata.get("seed"),
            "n_training": n_training,
            "settings": settings,
            "history": trainer.history,
            "best_epoch": trainer.best_epoch,
            "versions": _versions(),
            "command": _command(),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "before": before,
        },
        metrics={"training_loss": best["loss"], "validation_loss": best["validation_loss"]},
        name=str(output or "unnamed"),
    )
    if output is not None:
        model.save(output)
    return model


def open_data(data, output, n_images, seed, progress_bar):
    """The data set that `data` names: a DataSet, the folder of one, or a recipe to simulate into ``output/data``."""
    from .datasets import JoinedDataSet, open_dataset

    if hasattr(data, "catalogue"):
        return data
    if isinstance(data, (list, tuple)):
        return JoinedDataSet([open_data(part, None, None, seed, progress_bar) for part in data])
    if (Path(data) / "dataset.json").is_file():
        return open_dataset(data)
    if Path(data).is_dir():
        raise FileNotFoundError(f"{data}: no dataset.json in this folder; expected one that gampen_tf.simulate wrote")
    if n_images is None or output is None:
        raise ValueError(
            f"{data}: not a folder with a data set; to simulate from a recipe give n_images and an output directory"
        )
    from .simulation import simulate

    return simulate(data, Path(output) / "data", n_images=n_images, seed=seed, progress_bar=progress_bar)


def _pipelines(network, dataset, scaler, stretch, batch_size, augment, seed, output, progress_bar):
    """What to train, and on what: the network on images, or its back on the kept output of its front."""
    splits = ["train"] + ["validation"] * (len(dataset.split("validation")) > 0)
    training_options = {"shuffle": True, "seed": seed, "augment": augment, "drop_remainder": True}
    options = [training_options, {}][: len(splits)]
    with_psf = networks.takes_psf(network)
    parts = split_front(network)
    moves = augment is not None and (augment.max_shift > 0 or augment.zoom is not None)
    if parts is None or moves or (augment is not None and augment.turns and not turns_with_image(parts[0])):
        pipelines = [
            make_pipeline(dataset, split, scaler, stretch, batch_size, psf=with_psf, **option)
            for split, option in zip(splits, options, strict=True)
        ]
        return (network, *pipelines, None)[:3]
    front, back = parts
    pipelines = []
    for split, option in zip(splits, options, strict=True):
        source = make_pipeline(dataset, split, scaler, stretch, _FRONT_BATCH, psf=with_psf)
        with tqdm(total=source.n_images, desc=f"front, {split}", unit="img", disable=not progress_bar) as bar:
            kept = compute_front(front, source, directory=output, progress=bar.update)
        labels = scaler.transform(split_labels(dataset, split, scaler.parameters.names))
        pipelines.append(TensorPipeline(kept.values, labels, batch_size, scales=kept.scales, **option))
    return (back, *pipelines, None)[:3]


def _sample(dataset, stretch, seed, with_psf):
    """Batches of network inputs, of training images taken at random."""
    training = np.asarray(dataset.split("train"))
    n = min(_STATISTICS_IMAGES, len(training))
    chosen = np.sort(np.random.default_rng(seed).choice(training, n, replace=False))
    for indices in np.array_split(chosen, -(-n // _FRONT_BATCH)):
        images = keras.ops.convert_to_tensor(stretch(dataset.images(indices)), "float32")
        psfs = keras.ops.convert_to_tensor(dataset.psfs(indices)[..., None]) if with_psf else None
        yield {"images": images, "psf": psfs} if with_psf else images


def _fingerprint(dataset, scaler):
    digest = hashlib.sha256(repr(tuple(dataset.image_shape)).encode())
    for split in ("train", "validation"):
        digest.update(np.ascontiguousarray(split_labels(dataset, split, scaler.parameters.names)).tobytes())
    return f"{dataset.metadata.get('recipe_name')}, {digest.hexdigest()[:16]}"


def _command():
    """What was typed, without the place of the program."""
    program = Path(sys.argv[0])
    is_ours = program.name == "gampen-tf" or (program.name == "__main__.py" and program.parent.name == "gampen_tf")
    return shlex.join(["gampen-tf" if is_ours else program.name, *sys.argv[1:]])


def _versions():
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    return versions
