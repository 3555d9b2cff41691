"""float32 and bfloat16."""

import numpy as np
import pytest
from toy_models import toy_images, toy_model

from gampen_tf.inference import bfloat16_change


@pytest.fixture(scope="module")
def model():
    return toy_model()


@pytest.fixture(scope="module")
def images():
    return toy_images(12)


def test_change_by_bfloat16_is_small_and_not_zero(model, images):
    change = bfloat16_change(model, images)
    assert change.shape == (12,)
    assert np.all(change > 0)
    assert np.max(change) < 0.1
