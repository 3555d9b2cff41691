"""A small model and its directory."""

import numpy as np
import pytest
from toy_data import small_network

from gampen_tf.core import LabelScaler, Parameter, ParameterSet, Stretch
from gampen_tf.models import Model

PARAMETERS = ParameterSet(
    [Parameter("bulge_to_total", "", (0, 1), "logit", 0.01), Parameter("flux", "nJy", (0, np.inf), "log")]
)


@pytest.fixture(scope="module")
def model():
    return Model(
        network=small_network(),
        scaler=LabelScaler(PARAMETERS, [0.1, 13.0], [2.0, 1.0]),
        stretch=Stretch("arcsinh", 1.6),
        image_shape=(15, 15, 1),
        pixel_scale=0.168,
        band="g",
        provenance={"recipe": {"pixels": 15}, "seed": np.int64(3), "history": [{"loss": np.float32(0.5)}]},
        calibration={"temperature": [1.0, 1.1]},
        metrics={"validation_loss": -1.25},
        name="toy",
    )


@pytest.fixture
def directory(model, tmp_path):
    return model.save(tmp_path / "toy")
