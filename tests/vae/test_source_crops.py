"""Cutting around the most prominent source: geometry, conservation, what is refused."""

import numpy as np
import pytest

from gampen_tf.vae import crop_sources, downscale, normalise

pytest.importorskip("sep")

SIZE = 161


def light(x, y, sigma, flux, axis_ratio=1.0):
    rows, columns = np.mgrid[:SIZE, :SIZE]
    u, v = (columns - x) / sigma, (rows - y) / (sigma * axis_ratio)
    return flux / (2 * np.pi * sigma**2 * axis_ratio) * np.exp(-0.5 * (u**2 + v**2))


def frame(rng, *sources, level=30.0):
    return level + rng.normal(size=(SIZE, SIZE)) + sum(light(*source) for source in sources)


MAIN = (83.0, 77.0, 10.0, 1e5)


def test_the_crop_is_about_the_source_and_scaled_to_it(rng):
    crops = crop_sources(frame(rng, MAIN)[None], size=69)
    assert crops.accepted.tolist() == [True]
    x, y, side = crops.boxes[0]
    assert abs(x - MAIN[0]) < 0.2
    assert abs(y - MAIN[1]) < 0.2
    assert side == pytest.approx(9 * MAIN[2], rel=0.1)
    # light per pixel area is conserved, and the background is gone
    image = crops.images[0, ..., 0]
    assert image.sum() * (side / 69) ** 2 == pytest.approx(MAIN[3], rel=0.02)
    assert abs(np.median(image[:5])) < 0.3
    assert image[34, 34] == pytest.approx(light(*MAIN).max(), rel=0.02)


def test_downscaling_is_the_mean_over_the_area_of_each_pixel(rng):
    image = rng.normal(size=(24, 30))
    box = (9.5, 11.5, 12.0)  # columns 4 … 15, rows 6 … 17
    np.testing.assert_allclose(downscale(image, box, 4), image[6:18, 4:16].reshape(4, 3, 4, 3).mean((1, 3)))
    np.testing.assert_allclose(downscale(image, box, 12), image[6:18, 4:16])
    # of a ramp, it is the value at the centre of each coarse pixel, wherever the edges lie
    rows, columns = np.mgrid[:24, :30].astype(float)
    out = downscale(2 * rows - columns, (13.37, 11.81, 10.4), 4)
    centres = 10.4 / 4 * (np.arange(4) - 1.5)
    # a pixel that straddles an edge counts with its own value: off by less than half a pixel's slope times its share
    np.testing.assert_allclose(out, 2 * (11.81 + centres)[:, None] - (13.37 + centres), atol=0.15)
    assert downscale(np.ones((24, 30)), (13.37, 11.81, 10.4), 7) == pytest.approx(1.0)


def test_the_brightest_source_is_taken_wherever_it_is(rng):
    crops = crop_sources(frame(rng, (50.0, 60.0, 9.0, 1e5), (140.0, 140.0, 2.0, 3e4))[None])
    np.testing.assert_allclose(crops.boxes[0, :2], [50, 60], atol=0.3)
    assert crops.reasons == [""]


@pytest.mark.parametrize(
    ("sources", "reason"),
    [
        ([], "no source"),
        ([MAIN, (110.0, 77.0, 3.0, 3e4)], "blended"),  # apart
        ([MAIN, (113.0, 77.0, 4.0, 4e4)], "blended"),  # touching
        ([(83.0, 77.0, 3.0, 1e5)], "narrower than 69 px"),
        ([(40.0, 77.0, 10.0, 1e5)], "beyond the frame"),
        ([(5.0, 77.0, 10.0, 1e5)], "touches the edge"),
    ],
)
def test_what_is_refused_and_why(rng, sources, reason):
    crops = crop_sources(np.stack([frame(rng, *sources), frame(rng, MAIN)]))
    assert crops.accepted.tolist() == [False, True]
    assert reason in crops.reasons[0]
    assert crops.images.shape == (1, 69, 69, 1)


def test_a_faint_knot_is_part_of_the_galaxy(rng):
    assert crop_sources(frame(rng, MAIN, (95.0, 77.0, 2.0, 3e3))[None]).accepted.all()


def test_a_bad_frame_does_not_end_the_run(rng):
    bad = frame(rng, MAIN)
    bad[3, 4] = np.nan
    crops = crop_sources(np.stack([bad, np.zeros((SIZE, SIZE)), frame(rng, MAIN)])[..., None])
    assert crops.accepted.tolist() == [False, False, True]
    assert "1 pixels are not finite" in crops.reasons[0]
    with pytest.raises(ValueError, match="one band"):
        crop_sources(np.zeros((2, 9, 9, 3)))


def test_normalised_images_know_no_unit_and_are_one_at_the_bright_level(rng):
    images = np.abs(rng.normal(size=(2, 20, 20, 1))) ** 3
    np.testing.assert_allclose(normalise(images), normalise(1e4 * images), rtol=1e-5)
    linear, stretched = normalise(images, None), normalise(images, 0.1)
    brightest = np.sort(linear.reshape(2, -1), axis=1)[:, -4:]
    np.testing.assert_allclose(brightest.mean(1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(np.sinh(stretched * np.arcsinh(10)) * 0.1, linear, rtol=1e-4, atol=1e-6)
    assert np.isnan(normalise(np.zeros((1, 4, 4, 1)))).all()
