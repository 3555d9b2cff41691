"""Training of a network that has been built, for `train` and `finetune`."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from .. import networks
from ..io.provenance import command, versions
from ..models.model import Model
from ..networks.precision import in_float32
from ..simulation.opening import as_dataset
from ..simulation.run import simulate
from .augmentation import Augmentation
from .checkpoints import RunFiles
from .fixed_front import (
    compute_front,
    fit_normalisation,
    fit_normalisation_on_kept,
    split_front,
    turns_with_image,
)
from .loop import Trainer
from .objectives import find_loss
from .pipelines import TensorPipeline, make_pipeline
from .targets import split_truth

__all__ = ["open_or_simulate", "train_network"]

_FRONT = "front"  # the folder, in that of the run, of what is kept of galaxies that are drawn
_FRONT_BATCH = 64
_STATISTICS_IMAGES = 8192


def train_network(
    network,
    dataset,
    scaler,
    stretch,
    preset,
    output=None,
    *,
    settings,
    label_scaling="standard",
    augment="auto",
    seed=0,
    strategy,
    resume=True,
    tensorboard=False,
    progress_bar=True,
    before=None,
    optional_inputs=(),
    fills_masked=False,
) -> Model:
    """Train a network that has been built, for :func:`gampen_tf.train` and :func:`gampen_tf.finetune`.

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
    label_scaling : {"standard", "range"}, optional
        How the scaler was made.
    before : dict, optional
        Provenance of the model that the network comes from.
    optional_inputs, fills_masked : optional
        Of the `Model`.
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
    beside = networks.inputs_beside(network)
    _check_held(dataset, network, beside)
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
    trained, training, validation = _pipelines(
        network, dataset, scaler, stretch, batch_size, augment, seed, keep, output, progress_bar
    )
    trainer = Trainer(
        trained,
        preset,
        find_loss(preset.objective, preset.huber_delta, scaler.clip_labels),
        strategy,
        training.n_batches * preset.epochs,
        files=None if output is None else RunFiles(output, settings, tensorboard=tensorboard),
        progress_bar=progress_bar,
    )
    if resume:
        trainer.resume()
    trainer.run(training, validation, preset.epochs)
    best = trainer.best
    model = Model(
        network=in_float32(network),
        scaler=scaler,
        stretch=stretch,
        image_shape=dataset.image_shape,
        pixel_scale=dataset.pixel_scale,
        pixel_unit=dataset.pixel_unit,
        zero_point=dataset.zero_point,
        band=dataset.band,
        psf_shape=dataset.psf_shape if "psf" in beside else None,
        optional_inputs=optional_inputs,
        fills_masked=fills_masked,
        scale_free=dataset.scale_free,
        head=preset.head,
        network_name=settings["network"],
        network_options=settings["network_options"],
        objective=preset.objective,
        huber_delta=preset.huber_delta if preset.objective == "huber" else None,
        label_scaling=label_scaling,
        dropout_posterior=preset.validate_with_dropout and not preset.head.has_width,
        provenance={
            "recipe": dataset.recipe,
            "recipe_name": dataset.recipe_name,
            "data_seed": dataset.seed,
            "n_training": n_training,
            "settings": settings,
            "history": trainer.history,
            "best_epoch": trainer.best_epoch,
            "versions": versions(),
            "command": command(),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "before": before,
        },
        metrics={"training_loss": best["loss"], "validation_loss": best["validation_loss"]},
        name=str(output or "unnamed"),
    )
    if output is not None:
        model.save(output)
        shutil.rmtree(Path(output) / _FRONT, ignore_errors=True)
    return model


def open_or_simulate(data, output, n_images, seed, progress_bar):
    """Open a data set, see `as_dataset`, or simulate one from a recipe into ``output/data``."""
    is_path = isinstance(data, str | Path)
    if not is_path or Path(data).is_dir():
        return as_dataset(data)
    if n_images is None or output is None:
        raise ValueError(
            f"{data}: not a folder with a data set; to simulate from a recipe give n_images and an output directory"
        )
    return simulate(data, Path(output) / "data", n_images=n_images, seed=seed, progress_bar=progress_bar)


def _pipelines(network, dataset, scaler, stretch, batch_size, augment, seed, keep, output, progress_bar):
    """What to train, and on what: the network on images, or its back on the kept output of its front.

    Normalisations are fitted, but for those to `keep`.
    """
    splits = ["train"] + ["validation"] * (len(dataset.split("validation")) > 0)
    training_options = {"shuffle": True, "seed": seed, "augment": augment, "drop_remainder": True}
    options = [training_options, {}][: len(splits)]
    beside = networks.inputs_beside(network)
    parts = split_front(network)
    moves = augment is not None and (augment.max_shift > 0 or augment.zoom is not None)
    if parts is None or moves or (augment is not None and augment.turns and not turns_with_image(parts[0])):
        pipelines = [
            make_pipeline(dataset, split, scaler, stretch, batch_size, beside=beside, **option)
            for split, option in zip(splits, options, strict=True)
        ]
        fit_normalisation(network, lambda: _sampled_inputs(dataset, stretch, seed, beside), keep=keep)
        return _with_validation(network, pipelines)
    front, back = parts
    pipelines = []
    data = f"{_fingerprint(dataset, scaler)} {dataset.metadata.get('recipe_sha256')} {dataset.seed}"
    for split, option in zip(splits, options, strict=True):
        source = make_pipeline(dataset, split, scaler, stretch, _FRONT_BATCH, beside=beside)
        kept_in = {"directory": output, "name": f"{_FRONT}/{split}", "data": data}
        with tqdm(total=source.n_images, desc=f"front, {split}", unit="img", disable=not progress_bar) as bar:
            kept = compute_front(front, source, **kept_in, progress=bar.update)
        if split == "train" and not fit_normalisation_on_kept(
            network, front, kept, _sampled_rows(dataset, seed), keep=keep
        ):
            fit_normalisation(network, lambda: _sampled_inputs(dataset, stretch, seed, beside), keep=keep)
        labels = scaler.transform(split_truth(dataset, split, scaler.parameters.names))
        pipelines.append(TensorPipeline(kept.values, labels, batch_size, scales=kept.scales, **option))
    return _with_validation(back, pipelines)


def _with_validation(network, pipelines):
    """Network, training and validation, which is None where the data set has none."""
    training, *rest = pipelines
    return network, training, rest[0] if rest else None


def _check_held(dataset, network, beside):
    """Refuse a data set that does not hold what the network takes beside the images."""
    held = dataset.beside(beside, [0])
    expected = {tensor.name: tuple(tensor.shape[1:]) for tensor in network.inputs}
    for name, values in held.items():
        if values.shape[1:] != expected[name]:
            raise ValueError(
                f"{dataset.path}: {name} of shape {values.shape[1:]}, but network {network.name!r} takes "
                f"{expected[name]}; give network_options={{'{name}_shape': …}} where the network has it, or other data"
            )


def _sampled_rows(dataset, seed):
    """Some of the training images, taken at random: their places in the split."""
    n_training = len(dataset.split("train"))
    n = min(_STATISTICS_IMAGES, n_training)
    return np.sort(np.random.default_rng(seed).choice(n_training, n, replace=False))


def _sampled_inputs(dataset, stretch, seed, beside):
    """Batches of the network inputs of these images."""
    chosen = np.asarray(dataset.split("train"))[_sampled_rows(dataset, seed)]
    n = len(chosen)
    for indices in np.array_split(chosen, -(-n // _FRONT_BATCH)):
        images = keras.ops.convert_to_tensor(stretch(dataset.images(indices)), "float32")
        more = {name: keras.ops.convert_to_tensor(x) for name, x in dataset.beside(beside, indices).items()}
        yield {"images": images, **more} if more else images


def _fingerprint(dataset, scaler):
    digest = hashlib.sha256(repr(tuple(dataset.image_shape)).encode())
    for split in ("train", "validation"):
        digest.update(np.ascontiguousarray(split_truth(dataset, split, scaler.parameters.names)).tobytes())
    return f"{dataset.recipe_name}, {digest.hexdigest()[:16]}"
