"""A source of images that is not ours."""

import numpy as np
import pytest
from toy_images import EXPECTED, opened

import gampen_tf
from gampen_tf.core import Flag
from gampen_tf.data import ImageSource, RawImage, Refusal


class Survey:
    """Counts of zero point 27 at HSC's pixel scale; the third image is lost."""

    def __init__(self, images):
        self.images, self.names = images, tuple(f"tile {number}" for number in range(len(images)))

    def __len__(self):
        return len(self.images)

    def read(self, start, stop):
        raws = [RawImage(one[..., None], zero_point=27.0, pixel_scale=(0.168, 0.168)) for one in self.images]
        raws[2] = Refusal(Flag.UNREADABLE, "lost on the tape")
        return raws[start:stop]


def test_a_foreign_source_is_read_checked_and_converted():
    survey = Survey(np.pad(EXPECTED, ((0, 0), (1, 1), (1, 1))))
    assert isinstance(survey, ImageSource)
    cutouts = opened(survey)
    assert (len(cutouts), cutouts.names[4]) == (5, "tile 4")
    for size in (1, 2, 5):
        batches = list(cutouts.batches(size))
        images, flags = (np.concatenate([batch[part] for batch in batches]) for part in (0, 1))
        np.testing.assert_allclose(images[[0, 1, 3, 4], ..., 0], 57.543994 * EXPECTED[[0, 1, 3, 4]], rtol=1e-6)
        assert flags.tolist() == [Flag.CROPPED] * 2 + [Flag.UNREADABLE] + [Flag.CROPPED] * 2
    assert cutouts.read(2, 3)[2] == ["lost on the tape"]
    assert [type(raw) for raw in cutouts.raws()] == [RawImage, RawImage, Refusal, RawImage, RawImage]
    with pytest.raises(ValueError, match="tile 0: pixel scale 0.168″ from its header, but .* 0.5″"):
        opened(survey, pixel_scale_of_model=0.5)


def test_new_names_are_not_written_into_the_source():
    survey = Survey(EXPECTED)
    cutouts = opened(survey)
    cutouts.rename(["a", "b", "c", "d", "e"])
    assert cutouts.names == ["a", "b", "c", "d", "e"]
    assert survey.names[0] == "tile 0"


def test_predict_takes_a_foreign_source():
    model = gampen_tf.load_model("hsc_wide_g")
    galaxies = np.random.default_rng(1).normal(size=(3, *model.image_shape[:2])).astype(np.float32)
    settings = {"model": model, "n_mc": 5, "passes": 2, "seed": 1, "progress_bar": False}
    found = gampen_tf.predict(Survey(galaxies), **settings)
    counts = gampen_tf.predict(galaxies[:2], zero_point=27.0, **settings)
    assert list(found.identifiers) == ["tile 0", "tile 1", "tile 2"]
    assert found.flags[2] == Flag.UNREADABLE
    np.testing.assert_allclose(found.median()[:2], counts.median(), rtol=1e-4)
