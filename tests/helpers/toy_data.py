"""Small data sets as they are on disk, and small networks, for tests of pipelines and training."""

import json

import keras
import numpy as np
from astropy.table import Table

from gampen_tf import open_dataset
from gampen_tf.layers import MonteCarloDropout, find_head


def write_dataset(folder, images, labels, n_training, *, shard_size=7, band="g", unit="nJy", psfs=None):
    """A data set of shards: the first `n_training` images are for training, the rest for validation.

    `labels` is a dict of columns, `psfs` an array of stamps.
    """
    (folder / "shards").mkdir(parents=True)
    splits = np.where(np.arange(len(images)) < n_training, "train", "validation")
    edges = [*range(0, n_training, shard_size), *range(n_training, len(images), shard_size), len(images)]
    shards = []
    for number, (first, last) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        name = f"shards/shard-{number:05d}.f32"
        images[first:last].astype("<f4").tofile(folder / name)
        shards.append({"file": name, "split": str(splits[first]), "first": first, "n_images": last - first})
        if psfs is not None:
            shards[-1]["psf_file"] = f"shards/psf-{number:05d}.f32"
            psfs[first:last].astype("<f4").tofile(folder / shards[-1]["psf_file"])
    Table({**labels, "split": splits}).write(folder / "catalogue.fits")
    units = {"flux": "nJy", "effective_radius": "arcsec"}
    metadata = {
        "format_version": 1,
        "form": "shards",
        "recipe": None,
        "recipe_name": "toy",
        "seed": 0,
        "n_images": len(images),
        "image_shape": list(images.shape[1:]),
        "psf_shape": None if psfs is None else list(psfs.shape[1:]),
        "pixel_scale": 0.168,
        "pixel_unit": unit,
        "zero_point": 31.4,
        "band": band,
        "parameters": [{"name": name, "unit": units.get(name, "")} for name in labels],
        "shards": shards,
    }
    (folder / "dataset.json").write_text(json.dumps(metadata))
    return open_dataset(folder)


def blobs(n_images, side=15, seed=0):
    """Round Gaussian galaxies and their labels."""
    rng = np.random.default_rng(seed)
    flux, size = np.exp(rng.normal(5.0, 1.0, n_images)), np.exp(rng.normal(0.7, 0.3, n_images))
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    light = np.exp(-0.5 * (x**2 + y**2) / size[:, None, None] ** 2)
    light *= (flux / light.sum(axis=(1, 2)))[:, None, None]
    images = (light + rng.normal(0, 0.1, light.shape)).astype(np.float32)[..., None]
    return images, {"flux": flux, "effective_radius": size}


def small_network(image_shape=(15, 15, 1), n_parameters=2, dropout_rate=0.05, head="gaussian", units=16):
    """A front without weights, two layers with them, dropout and a head."""
    images = keras.Input(image_shape, name="images")
    x = keras.layers.AveragePooling2D(3, dtype="float32", name="shrink")(images)
    x = keras.layers.Conv2D(8, 3, activation="relu", name="convolution")(x)
    x = MonteCarloDropout(dropout_rate, index=0, name="dropout0")(x)
    x = keras.layers.Dense(units, activation="relu", name="hidden")(keras.layers.Flatten(name="flatten")(x))
    x = MonteCarloDropout(dropout_rate, index=1, name="dropout1")(x)
    n_outputs = find_head(head).n_outputs(n_parameters)
    return keras.Model(images, keras.layers.Dense(n_outputs, dtype="float32", name="head")(x), name="small")
