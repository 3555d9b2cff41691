"""Images: crops, scale bars and residuals in units of the noise."""

import numpy as np
import pytest
from toy_figures import N

from gampen_tf import plots


def test_crop_frame_is_where_the_transformer_samples(images):
    scales = np.linspace(0.25, 1, 8)
    figure = plots.plot_crops(images, scales, n_each=2)
    frames = [ax.patches[0] for ax in figure.axes]
    notes = [ax.texts[0].get_text() for ax in figure.axes]
    assert notes == ["s = 0.25", "s = 0.36", "s = 0.89", "s = 1.00"]
    # 41 pixels with centres at 0 … 40: s = 1 runs from the first centre to the last, s = 0.25 over the middle 10
    np.testing.assert_allclose(frames[0].get_bbox().bounds, (15, 15, 10, 10))
    np.testing.assert_allclose(frames[-1].get_bbox().bounds, (0, 0, 40, 40))


@pytest.mark.parametrize(("spread", "warned"), [(8e-4, True), (0.1, False)])
def test_constant_crop_scale_is_called_so(rng, spread, warned):
    figure = plots.plot_crop_scale(0.8 + spread * rng.standard_normal(N), rng.random(N))
    assert ("nearly constant" in figure.axes[1].texts[0].get_text()) is warned


def test_residual_image_is_in_units_of_the_noise(images):
    figure = plots.plot_residual_images(images[:2], images[:2] - 3.0, noise=1.5, chi_squared=[4.0, 4.0], unit="nJy")
    difference = figure.axes[2].images[0]
    np.testing.assert_allclose(difference.get_array(), 2.0)
    assert difference.get_clim() == (-5, 5)
    assert "1.5 nJy" in figure.axes[-1].get_ylabel()


def test_scale_bar_has_the_length_it_says(images):
    figure = plots.plot_cutouts(images[:1], pixel_scale=0.168)
    bar = figure.axes[0].lines[0]
    length = np.ptp(bar.get_xdata()) * 0.168
    assert figure.axes[0].texts[0].get_text() == f"{length:g}″"
