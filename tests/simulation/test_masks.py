"""Masked pixels of drawn images."""

import numpy as np
import pytest
from toy_recipes import toy_recipe

from gampen_tf.simulation import draw, load_recipe
from gampen_tf.simulation.catalogue import draw_catalogue
from gampen_tf.simulation.galaxies import generator
from gampen_tf.simulation.masks import draw_mask


def test_columns_and_rows_are_whole():
    mask = draw_mask(40, {"columns": 2, "rows": 1}, generator(1, 0, 2))
    assert mask.all(axis=0).sum() in (1, 2)
    assert mask.all(axis=1).sum() == 1


def test_a_region_has_the_area_of_its_circle_inside_the_frame():
    areas = [draw_mask(400, {"regions": 1, "region_radius": 12.0}, generator(2, i, 2)).sum() for i in range(40)]
    assert max(areas) == pytest.approx(np.pi * 12**2, rel=0.03)
    assert min(areas) > 0.2 * np.pi * 12**2


def test_a_cosmic_ray_is_a_line_of_its_length():
    lengths = []
    for i in range(60):
        rows, columns = np.nonzero(draw_mask(300, {"cosmic_rays": 1, "cosmic_ray_length": 20.0}, generator(3, i, 2)))
        lengths.append(np.hypot(np.ptp(rows), np.ptp(columns)))
    assert np.median(lengths) == pytest.approx(19.5, abs=1.5)


def test_masked_pixels_are_nan_in_the_image_and_counted_in_the_catalogue():
    document = toy_recipe(masks={"columns": 1})
    images, catalogue = draw(document, 1, range(3))
    plain, _ = draw(toy_recipe(), 1, range(3))
    masked = np.isnan(images)
    assert (masked.sum(axis=(1, 2, 3)) == images.shape[1]).all()
    np.testing.assert_array_equal(images[~masked], plain[~masked])  # all else is the galaxy that it was
    assert (catalogue["mask_columns"] == 1).all()


def test_sizes_must_be_given_with_numbers():
    with pytest.raises(ValueError, match=r"masks\.region_radius: expected a number of pixels, for the regions, but"):
        load_recipe(toy_recipe(masks={"regions": 1}))


def test_a_catalogue_without_masks_has_no_such_columns():
    names = draw_catalogue(load_recipe(toy_recipe()), 1, range(2)).colnames
    assert not [name for name in names if name.startswith(("mask", "star", "psf_image"))]


@pytest.mark.parametrize("size", [40, 41])
@pytest.mark.parametrize("side", [16, 17, 90])
def test_there_is_no_image_beyond_its_frame(size, side):
    inside = ~draw_mask(size, {"frame": side}, generator(4, 0, 2))
    rows, columns = np.nonzero(inside)
    assert inside.sum() == min(size, side) ** 2
    # the central pixel of the frame is that of the image
    assert rows.min() == columns.min() == max(0, size // 2 - side // 2)


def test_a_frame_may_be_wider_than_high():
    inside = ~draw_mask(60, {"frame": 20, "frame_ratio": 1.5}, generator(4, 0, 2))
    rows, columns = np.nonzero(inside)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1, inside.sum()) == (20, 30, 600)
