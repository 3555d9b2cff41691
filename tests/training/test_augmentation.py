"""Zooms, turns and shifts of training images, with labels that follow."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import chi2

from gampen_tf.core import LabelScaler, Parameter, ParameterSet
from gampen_tf.training import Augmentation

N, SIDE = 50, 6
RADIUS = Parameter("semi_major_axis", "arcsec", (0, np.inf))
LOG_RADIUS = Parameter("effective_radius", "arcsec", (0, np.inf), "log")
INDEX = Parameter("sersic_index", "", (0, np.inf))


def exponential(radius, side=65, flux=1.0):
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return (flux * np.exp(-np.hypot(x, y) / radius)).astype(np.float32)[None, :, :, None]


def test_zoom_is_as_a_larger_galaxy_and_its_label_follows():
    """An exponential disc zoomed by z is the disc of z times the scale length; flat beyond the edge."""
    scaler = LabelScaler(ParameterSet([RADIUS, LOG_RADIUS, INDEX]), [1.0, -0.4, 3.0], [0.8, 0.6, 2.0])
    augment = Augmentation.for_labels(scaler, zoom=(0.7, 1.3))
    physical = np.array([[1.4, 0.9, 4.0], [0.3, 0.2, 1.0]])
    images = np.concatenate([exponential(6.0), exponential(9.0)])
    for number in range(4):
        seed = tf.constant([5, number], tf.int64)
        (zoomed,) = augment((tf.constant(images),), seed)
        labels = augment.labels(tf.constant(scaler.transform(physical), tf.float32), seed)
        found = scaler.inverse(np.asarray(labels)) / physical
        np.testing.assert_allclose(found[:, 0], found[:, 1], rtol=1e-4)
        np.testing.assert_allclose(found[:, 2], 1, rtol=1e-4)
        assert np.all((found[:, 0] > 0.7) & (found[:, 0] < 1.3))
        inner = slice(18, 47)
        for row, (radius, factor) in enumerate(zip((6.0, 9.0), found[:, 0], strict=True)):
            expected = exponential(radius * factor)[0, inner, inner]
            ring = expected < 0.8  # the cusp is not linear
            np.testing.assert_allclose(zoomed[row, inner, inner][ring], expected[ring], rtol=0.02)


def test_no_zoom_for_parameters_that_it_changes_in_other_ways():
    for names in (["magnitude"], ["axis_ratio"], ["semi_major_axis", "flux"]):
        scaler = LabelScaler(ParameterSet(Parameter(name) for name in names), *np.ones((2, len(names))))
        assert Augmentation.for_labels(scaler, 3, (0.7, 1.3)) == Augmentation(True, 3)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).normal(size=(N, SIDE, SIDE, 1)).astype(np.float32)


def symmetries(image):
    turns = [np.rot90(image, k) for k in range(4)]
    return turns + [turn[:, ::-1] for turn in turns]


def test_the_eight_symmetries_come_equally_often(images):
    n_repeats = 100
    many = np.repeat(images[:8], n_repeats, axis=0)
    (turned,) = Augmentation()((tf.constant(many),), tf.constant([1, 2], tf.int64))
    counts = np.zeros(8)
    for image, found in zip(many, turned.numpy(), strict=True):
        equal = [np.array_equal(found, symmetry) for symmetry in symmetries(image)]
        assert sum(equal) == 1
        counts += equal
    # fails one time in a thousand for a right implementation with another seed
    assert np.sum((counts - 100) ** 2 / 100) < chi2.isf(1e-3, 7)


def test_rectangles_are_only_mirrored(rng):
    many = rng.normal(size=(200, 4, 6, 1)).astype(np.float32)
    (turned,) = Augmentation()((tf.constant(many),), tf.constant([1, 2], tf.int64))
    kinds = set()
    for image, found in zip(many, turned.numpy(), strict=True):
        mirrored = [image, image[::-1], image[:, ::-1], image[::-1, ::-1]]
        kinds.add([np.array_equal(found, one) for one in mirrored].index(True))
    assert kinds == {0, 1, 2, 3}


def test_tensors_of_an_image_turn_together_and_features_stay(images, rng):
    features = rng.normal(size=(N, 3)).astype(np.float32)
    tensors = tuple(tf.constant(x) for x in (images, 2 * images, features))
    once, twice, same = Augmentation()(tensors, tf.constant([1, 2], tf.int64))
    np.testing.assert_array_equal(2 * once, twice)
    np.testing.assert_array_equal(same, features)


def test_shifts_are_uniform_and_whole_pixels():
    n, side, reach = 2000, 11, 2
    points = np.zeros((n, side, side, 1), np.float32)
    points[:, 5, 5] = 1.0
    (shifted,) = Augmentation(turns=False, max_shift=reach)((tf.constant(points),), tf.constant([1, 2], tf.int64))
    shifted = shifted.numpy()[..., 0]
    np.testing.assert_array_equal(shifted.sum(axis=(1, 2)), 1.0)
    counts = shifted.sum(axis=0)[3:8, 3:8]
    assert counts.sum() == n
    assert np.sum((counts - n / 25) ** 2 / (n / 25)) < chi2.isf(1e-3, 24)


def test_parameters_with_a_direction_are_not_turned():
    assert Augmentation.for_parameters(["flux", "effective_radius"], 2) == Augmentation(True, 2)
    for name in ("position_angle", "x", "y"):
        assert Augmentation.for_parameters(["flux", name], 2) == Augmentation(False, 0)


def test_a_zoom_carries_lost_pixels_along_and_spoils_no_others(rng):
    images = rng.normal(size=(6, 15, 15, 1)).astype(np.float32)
    lost = images.copy()
    lost[2, 4, 9] = np.nan
    zoom, seed = Augmentation(turns=False, zoom=(0.7, 1.4)), tf.constant([1, 2], tf.int64)
    whole, found = zoom((tf.constant(images),), seed)[0].numpy(), zoom((tf.constant(lost),), seed)[0].numpy()
    # what changes with the value of the pixel is what is interpolated with it
    other = images.copy()
    other[2, 4, 9] += 100.0
    touched = zoom((tf.constant(other),), seed)[0].numpy() != whole
    assert 1 <= touched.sum() <= 9
    np.testing.assert_array_equal(np.isnan(found), touched)
    np.testing.assert_array_equal(found[~touched], whole[~touched])
