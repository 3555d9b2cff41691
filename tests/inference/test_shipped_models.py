"""Models that ship for images of a pixel scale."""

import numpy as np
import pytest

import gampen_tf
from gampen_tf.inference.shipped_models import models_at


def test_models_are_named_by_the_scale_they_were_trained_at():
    assert "hsc_wide_g" in models_at(0.168)
    assert "kids_r_galnet1" in models_at(0.2)
    assert "hsc_wide_g" not in models_at(0.2)
    assert not any(name.startswith("galaxy_vae") for name in models_at(0.168))


def test_a_wrong_pixel_scale_names_the_model_that_fits():
    with pytest.raises(ValueError, match=r"at 0.168″\. For images at 0.2″ there is model .*'kids_r_galnet1'"):
        gampen_tf.predict(np.ones((1, 239, 239)), model="hsc_wide_g", pixel_scale=0.2)
