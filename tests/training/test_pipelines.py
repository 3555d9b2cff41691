"""Batches of images and labels, from memory and from shards."""

import numpy as np
import pytest
from toy_data import write_dataset
from toy_recipes import toy_recipe

from gampen_tf import simulate
from gampen_tf.core import LabelScaler, Parameter, ParameterSet, Stretch
from gampen_tf.training import Augmentation
from gampen_tf.training.pipelines import ShardPipeline, TensorPipeline, make_pipeline

N, SIDE = 50, 6

PARAMETERS = ParameterSet([Parameter("flux", "nJy", (0, np.inf), "log"), Parameter("x", "arcsec")])


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).normal(size=(N, SIDE, SIDE, 1)).astype(np.float32)


@pytest.fixture
def dataset(tmp_path, images):
    # a label tells which image it belongs to
    labels = {"flux": np.exp(np.arange(N, dtype=float)), "x": np.arange(N, dtype=float)}
    return write_dataset(tmp_path / "data", images, labels, n_training=40)


@pytest.fixture
def scaler():
    return LabelScaler(PARAMETERS, [0.0, 0.0], [1.0, 1.0])


def collected(batches):
    images, labels = zip(*[(x.numpy(), y.numpy()) for x, y in batches], strict=True)
    return np.concatenate(images), np.concatenate(labels)


@pytest.mark.parametrize("shuffle", [False, True])
def test_every_image_comes_once_with_its_own_label(dataset, images, scaler, shuffle):
    pipeline = make_pipeline(dataset, "train", scaler, Stretch(), 16, shuffle=shuffle, seed=3)
    assert isinstance(pipeline, ShardPipeline)
    for epoch in range(2):
        stretched, labels = collected(pipeline.epoch(epoch))
        rows = labels[:, 1].astype(int)
        assert sorted(rows) == list(range(40))
        np.testing.assert_allclose(stretched, np.arcsinh(images[rows]), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(labels[:, 0], rows, rtol=1e-6)


def test_order_is_a_function_of_seed_and_epoch(dataset, scaler):
    def order(seed, epoch):
        pipeline = make_pipeline(dataset, "train", scaler, Stretch(), 16, shuffle=True, seed=seed)
        return collected(pipeline.epoch(epoch))[1][:, 1].tolist()

    assert order(3, 5) == order(3, 5)
    orders = [order(3, 5), order(3, 6), order(4, 5), sorted(order(3, 5))]
    assert all(a != b for i, a in enumerate(orders) for b in orders[:i])


def test_memory_and_shards_give_the_same_batches(dataset, images, scaler):
    shards = make_pipeline(dataset, "validation", scaler, Stretch(), 4)
    labels = scaler.transform(dataset.truth(("flux", "x"))[40:])
    memory = TensorPipeline((images[40:],), labels, 4, stretch=Stretch())
    assert shards.n_batches == memory.n_batches == 3
    for (x, y), (u, v) in zip(shards.epoch(), memory.epoch(), strict=True):
        np.testing.assert_array_equal(x, u)
        np.testing.assert_array_equal(y, v)


@pytest.mark.parametrize("format", ["shards", "fits"])
def test_psfs_and_noise_come_with_their_images(tmp_path, format):
    noise = {"gaussian": {"sigma": {"uniform": [1.0, 3.0]}}}
    recipe = toy_recipe(psf={**toy_recipe()["psf"], "image_size": 9}, noise=noise, parameters=["magnitude"])
    data = simulate(recipe, tmp_path / format, n_images=40, format=format, workers=1, progress_bar=False)
    scaler = LabelScaler(ParameterSet([Parameter("magnitude", "mag")]), [0.0], [1.0])
    indices = data.split("train")
    place = {round(float(m), 4): i for i, m in zip(indices, data.truth()[indices, 0], strict=True)}
    pipeline = make_pipeline(data, "train", scaler, Stretch("linear"), 8, beside=("psf", "noise"), shuffle=True)
    rows = []
    for inputs, labels in pipeline.epoch():
        batch = [place[round(float(label), 4)] for label in labels.numpy()[:, 0]]
        np.testing.assert_array_equal(inputs["images"], data.images(batch))
        psfs = data.psfs(batch)
        np.testing.assert_allclose(inputs["psf"][..., 0], psfs / psfs.sum(axis=(1, 2), keepdims=True), rtol=1e-5)
        np.testing.assert_allclose(inputs["noise"][:, 0], data.catalogue["noise_sigma"][batch], rtol=1e-6)
        rows += batch
    assert sorted(rows) == list(indices)
    images, _ = next(iter(make_pipeline(data, "train", scaler, Stretch("linear"), 8).epoch()))
    assert images.shape == (8, 32, 32, 1)


def test_remainder_is_dropped_on_request(dataset, scaler):
    pipeline = make_pipeline(dataset, "train", scaler, Stretch(), 16, drop_remainder=True)
    assert [len(y) for _, y in pipeline.epoch()] == [16, 16]
    assert pipeline.n_batches == 2


def test_unknown_labels_stay_unknown(images):
    labels = np.full((N, 2), np.nan)
    _, found = collected(TensorPipeline((images,), labels, 16).epoch())
    assert np.isnan(found).all()


def test_half_precision_is_decoded_to_the_last_bit():
    halves = np.arange(65536, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)]
    scales = np.exp2(np.arange(len(halves)) % 7).astype(np.float32)
    rows = halves.reshape(-1, 1, 1, 1)
    found, _ = collected(TensorPipeline((rows,), np.zeros((len(rows), 1)), 4096, scales=(scales,)).epoch())
    np.testing.assert_array_equal(found.ravel(), halves.astype(np.float32) * scales)


def test_truncated_shard_is_refused(dataset, scaler):
    path = dataset.shard_paths("train")[2]
    with open(path, "r+b") as file:
        file.truncate(4 * SIDE * SIDE * 3 + 5)
    with pytest.raises(ValueError, match="whole number of records"):
        make_pipeline(dataset, "train", scaler, Stretch(), 4)
    with open(path, "r+b") as file:
        file.truncate(4 * SIDE * SIDE * 3)
    with pytest.raises(ValueError, match="shards hold 36 images, the catalogue's split 40"):
        make_pipeline(dataset, "train", scaler, Stretch(), 4)


def test_empty_split_is_refused(dataset, scaler):
    with pytest.raises(ValueError, match="no images in its split 'test'"):
        make_pipeline(dataset, "test", scaler, Stretch(), 4)


def test_augmentation_is_another_one_each_epoch_and_the_same_after_a_restart(dataset, scaler):
    def first_batch(epoch):
        pipeline = make_pipeline(dataset, "train", scaler, Stretch(), 16, seed=1, augment=Augmentation())
        return next(iter(pipeline.epoch(epoch)))[0].numpy()

    np.testing.assert_array_equal(first_batch(2), first_batch(2))
    assert not np.array_equal(first_batch(2), first_batch(3))
