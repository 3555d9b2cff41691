"""Monte Carlo dropout: masks as functions of (seed, pass, layer, feature), and their statistics.

Statistical tests use fixed seeds and 4.5σ bounds: a right implementation with other seeds fails each with a chance
of 7·10⁻⁶.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gampen_tf.layers import MonteCarloDropout, dropout_layers, monte_carlo, numbered_dropout, set_dropout_rate

FEATURES = (19, 23, 16)


def model_of(features=FEATURES, rate=0.3, n_layers=1, **options):
    inputs = keras.Input(features)
    x = inputs
    for index in range(n_layers):
        x = MonteCarloDropout(rate, index=index, **options)(x)
    return keras.Model(inputs, x)


def dropped(model, seed, passes, n_images=1):
    """(T, features…) of 0 and 1: what each pass drops of a field of ones."""
    n_passes = passes if isinstance(passes, int) else len(passes)
    with monte_carlo(model, seed, passes):
        result = np.asarray(model(np.ones((n_passes * n_images, *model.input_shape[1:]), np.float32)))
    return (result == 0).astype(float)


def correlation(a, b, rate):
    """Correlation of two fields of indicators, in standard deviations of its own noise."""
    return np.sum((a - rate) * (b - rate)) / (rate * (1 - rate) * np.sqrt(a.size))


def test_identity_unless_asked(rng):
    x = rng.normal(size=(3, 5)).astype(np.float32)
    model = model_of((5,))
    for training in (False, None):
        np.testing.assert_array_equal(model(x, training=training), x)


@pytest.mark.parametrize("rate", [7e-4, 0.1, 0.5, 0.9])
def test_rate_and_scaling(rate):
    model = model_of(rate=rate)
    gone = dropped(model, 5, 64)
    assert abs(gone.mean() - rate) < 4.5 * np.sqrt(rate * (1 - rate) / gone.size)
    # per pass, row, column and channel too
    for axes in ((1, 2, 3), (0, 2, 3), (0, 1, 3), (0, 1, 2)):
        n = gone.size / gone.mean(axes).size
        assert np.abs(gone.mean(axes) - rate).max() < 5.5 * np.sqrt(rate * (1 - rate) / n) + 8 / n
    with monte_carlo(model, 5, 1):
        kept = np.asarray(model(np.ones((1, *FEATURES), np.float32)))
    np.testing.assert_allclose(kept[kept > 0], 1 / (1 - rate), rtol=1e-6)


@pytest.mark.parametrize("rate", [0.5, 0.05])
def test_masks_are_independent(rate):
    model = model_of(rate=rate)
    gone = dropped(model, 5, 64)
    pairs = {
        "pass": (gone[1:], gone[:-1]),
        "row": (gone[:, 1:], gone[:, :-1]),
        "column": (gone[:, :, 1:], gone[:, :, :-1]),
        "channel": (gone[..., 1:], gone[..., :-1]),
        "diagonal": (gone[:, 1:, 1:, 1:], gone[:, :-1, :-1, :-1]),
        "seed": (gone, dropped(model, 6, 64)),
        "far seed": (gone, dropped(model, 5 + 2**32, 64)),
        "seed + pass": (gone[1:], dropped(model, 6, 63)),
    }
    pairs["layer"] = (gone, dropped_by_layer(rate, 1))
    for name, (a, b) in pairs.items():
        assert abs(correlation(a, b, rate)) < 4.5, name
    # a mask is made of a word a position and one a channel: the four corners of a rectangle must not be related
    d = gone - rate
    corners = d[:, :, :, 1:] * d[:, :, :, :-1]
    corners = corners[:, 1:] * corners[:, :-1]
    assert abs(corners.sum()) / ((rate * (1 - rate)) ** 2 * np.sqrt(corners.size)) < 4.5


def dropped_by_layer(rate, index):
    inputs = keras.Input(FEATURES)
    return dropped(keras.Model(inputs, MonteCarloDropout(rate, index=index)(inputs)), 5, 64)


def test_known_words_do_not_change():
    """Posteriors of a seed stay what they are: which of 24 features three passes drop."""
    gone = dropped(model_of((2, 3, 4), rate=0.5), 12345, [0, 1, 1000]).reshape(3, -1)
    packed = np.packbits(gone.astype(bool), axis=1)
    assert packed.tolist() == KNOWN_WORDS


KNOWN_WORDS = [[8, 228, 174], [114, 47, 221], [138, 60, 22]]


def test_a_mask_depends_on_seed_and_pass_alone():
    model = model_of()
    together = dropped(model, 7, [4, 9, 2], n_images=5).reshape(3, 5, *FEATURES)
    for i, number in enumerate([4, 9, 2]):
        alone = dropped(model, 7, [number])[0]
        for image in range(5):
            np.testing.assert_array_equal(together[i, image], alone)


def test_masks_of_images_where_asked():
    model = model_of(rate=0.5)
    ones = np.ones((6, *FEATURES), np.float32)
    with monte_carlo(model, 7, [4, 9], images=np.array([10, 11, 12])):
        masks = np.asarray(model(ones)).reshape(2, 3, *FEATURES)
    with monte_carlo(model, 7, [9], images=np.array([12])):
        np.testing.assert_array_equal(model(ones[:1])[0], masks[1, 2])
    gone = (masks == 0).astype(float)
    for a, b in ((gone[0, 0], gone[0, 1]), (gone[0, 0], gone[1, 0])):
        assert abs(correlation(a, b, 0.5)) < 4.5


def test_one_trace_for_all_seeds_passes_rates_and_batches():
    model = model_of(rate=0.5)
    traces = []

    @tf.function(
        autograph=False,
        reduce_retracing=True,
        input_signature=[
            tf.TensorSpec((None, *FEATURES)),
            tf.TensorSpec((), tf.int32),
            tf.TensorSpec((None,), tf.int32),
        ],
    )
    def drawn(x, seed, passes):
        traces.append(1)
        with monte_carlo(model, seed, passes):
            return model(x, training=False)

    for seed, passes, n_images, rate in ((1, [0, 1], 2, 0.5), (2, [5], 3, 0.5), (2, [5, 6, 7], 1, 0.2)):
        set_dropout_rate(model, rate)
        ones = np.ones((len(passes) * n_images, *FEATURES), np.float32)
        result = drawn(ones, tf.constant(seed), tf.constant(passes))
        np.testing.assert_array_equal(np.asarray(result) == 0, dropped(model, seed, passes, n_images) == 1)
    assert len(traces) == 1


def test_predict_forgets_what_it_compiled(rng):
    x = np.ones((2, *FEATURES), np.float32)
    model = model_of(rate=0.5)
    np.testing.assert_array_equal(model.predict(x, verbose=0), x)
    with monte_carlo(model, 3, 1):
        first = model.predict(x, verbose=0)
    with monte_carlo(model, 4, 1):
        second = model.predict(x, verbose=0)
    np.testing.assert_array_equal(model.predict(x, verbose=0), x)
    np.testing.assert_array_equal(first == 0, dropped(model, 3, [0, 0]) == 1)
    assert np.any(first != second)


def test_a_higher_rate_drops_more_and_brings_nothing_back():
    model = model_of(rate=0.1)
    low = dropped(model, 1, 4)
    set_dropout_rate(model, 0.2)
    high = dropped(model, 1, 4)
    assert np.all(high >= low)
    assert high.sum() > low.sum()


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float64"])
def test_the_same_masks_in_every_precision(policy):
    model, other = model_of(rate=0.5), model_of(rate=0.5, dtype=policy)
    np.testing.assert_array_equal(dropped(other, 1, 3), dropped(model, 1, 3))
    assert other.layers[-1].rate.dtype == "float32"


def test_training_draws_a_mask_for_every_image_and_step():
    model = model_of(rate=0.3, seed=11)
    ones = np.ones((8, *FEATURES), np.float32)
    first, second = (np.asarray(model(ones, training=True)) == 0 for _ in range(2))
    gone = np.concatenate([first, second]).astype(float)
    assert abs(gone.mean() - 0.3) < 4.5 * np.sqrt(0.21 / gone.size)
    for i, j in ((0, 1), (0, 8), (3, 11)):
        assert abs(correlation(gone[i], gone[j], 0.3)) < 4.5
    np.testing.assert_array_equal(np.asarray(model_of(rate=0.3, seed=11)(ones, training=True)) == 0, first)


def test_save_and_load_keep_rate_masks_and_training_state(tmp_path):
    model = model_of(rate=0.3, n_layers=2, seed=11)
    ones = np.ones((2, *FEATURES), np.float32)
    model(ones, training=True)
    set_dropout_rate(model, 0.15)
    with monte_carlo(model, 1, 1):
        model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    assert [float(layer.rate) for layer in dropout_layers(loaded)] == pytest.approx([0.15, 0.15])
    np.testing.assert_array_equal(loaded(ones), ones)  # Monte Carlo is not a state of the model
    np.testing.assert_array_equal(dropped(loaded, 1, 3), dropped(model, 1, 3))
    np.testing.assert_array_equal(loaded(ones, training=True), model(ones, training=True))


def test_gradients_pass_where_features_are_kept():
    model = model_of((6,), rate=0.5)
    x = tf.ones((1, 6))
    with tf.GradientTape() as tape, monte_carlo(model, 1, 1):
        tape.watch(x)
        y = model(x)
    np.testing.assert_array_equal(tape.gradient(y, x), y)


def test_errors():
    for rate in (-0.1, 1.0):
        with pytest.raises(ValueError, match="at least 0 and below 1"):
            MonteCarloDropout(rate)
        with pytest.raises(ValueError, match="at least 0 and below 1"):
            set_dropout_rate(model_of(), rate)
    inputs = keras.Input((3,))
    twice = keras.Model(inputs, MonteCarloDropout(0.1)(MonteCarloDropout(0.2)(inputs)))
    with pytest.raises(ValueError, match="different indices"), monte_carlo(twice, 1, 1):
        pass


def test_numbered_layers_have_an_index_a_name_and_the_type_of_their_input():
    inputs = keras.Input((3,), dtype="bfloat16")
    dropout = numbered_dropout(0.2)
    model = keras.Model(inputs, dropout(dropout(inputs)))
    assert [(layer.index, layer.name) for layer in dropout_layers(model)] == [(0, "dropout0"), (1, "dropout1")]
    assert {layer.compute_dtype for layer in dropout_layers(model)} == {"bfloat16"}
    whole = keras.Model(inputs, numbered_dropout(0.2, dtype="float32")(inputs))
    assert [layer.compute_dtype for layer in dropout_layers(whole)] == ["float32"]
