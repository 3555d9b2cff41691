"""A source of images that is not ours."""

import numpy as np
import pytest
from astropy import units as u
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
    raws = [raw for *_, part in cutouts.batches(2, with_raws=True) for raw in part]
    assert [type(raw) for raw in raws] == [RawImage, RawImage, Refusal, RawImage, RawImage]
    with pytest.raises(ValueError, match="tile 0: pixel scale 0.168″ from its header, but .* 0.5″"):
        opened(survey, pixel_scale_of_model=0.5)


def test_new_names_are_not_written_into_the_source():
    survey = Survey(EXPECTED)
    cutouts = opened(survey)
    cutouts.rename(["a", "b", "c", "d", "e"])
    assert cutouts.names == ["a", "b", "c", "d", "e"]
    assert survey.names[0] == "tile 0"


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("data", [[1.0]], r"a NumPy array \(h, w, bands\), found \[\[1.0\]\]; convert it by numpy.asarray"),
        ("data", np.ones((9, 9, 1)) * u.uJy, "a plain array, found .*; give its mask as mask=, its unit as unit="),
        ("data", np.ma.masked_less(np.ones((9, 9, 1)), 2), "a plain array, found .*; give its mask as mask=, its unit"),
        ("mask", [[True]], r"an array \(h, w\) of booleans, or None, found \[\[True\]\]"),
        ("saturated", np.ones((9, 9)), r"an array \(h, w\) of booleans, or None, found array"),
        ("unit", u.nJy, r"a string such as 'nJy', or None, found Unit\(\"nJy\"\); give it as text"),
        ("zero_point", "27", "a number, or None, found '27'; give it as a float"),
        ("zero_point", 27 * u.ABmag, r"a number, or None, found <Magnitude 27. mag\(AB\)>"),
        ("saturation", True, "a number, or None, found True"),
        ("pixel_scale", 0.168, r"two numbers, or None, found 0.168; give them as \(0.168, 0.168\), in arcsec along x"),
        ("pixel_scale", 0.168 * u.arcsec, "two numbers, or None, found <Quantity 0.168 arcsec>"),
        ("pixel_scale", [0.168, 0.168] * u.arcsec, "two numbers, or None, found <Quantity .*; give them as"),
        ("pixel_scale", (0.168, None), r"two numbers, or None, found \(0.168, None\)"),
        ("origin", 3, r"two numbers, or None, found 3; give them as \(0, 0\)"),
    ],
)
def test_a_wrong_member_of_an_image_is_in_the_error(member, value, message):
    members = {"data": np.ones((9, 9, 1)), member: value}
    with pytest.raises(TypeError, match=rf"^RawImage\.{member}: expected {message}"):
        RawImage(**members)


def test_numpy_numbers_are_numbers():
    scales = np.float32([0.168, 0.168])
    raw = RawImage(np.ones((9, 9, 1)), zero_point=np.float32(27), pixel_scale=scales, mask=np.ones((9, 9), np.uint8))
    assert raw.pixel_scale is scales


class Arrays(Survey):
    def read(self, start, stop):
        return self.images[start:stop]


class Generator(Survey):
    def read(self, start, stop):
        yield from super().read(start, stop)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            Arrays,
            r"^Arrays\.read\(0, 1\) gave ndarray for image 0, expected a gampen_tf\.data\.RawImage or Refusal; wrap",
        ),
        (Generator, r"^Generator\.read\(0, 1\) gave generator, expected a list of 1 images"),
    ],
)
def test_what_read_gives_in_place_of_images_is_in_the_error(kind, message):
    with pytest.raises(TypeError, match=message):
        opened(kind(EXPECTED))
    with pytest.raises(TypeError, match=rf"^{kind.__name__}\.read\(\d, \d\) gave "):
        opened(kind(EXPECTED), check=False).read(0, None)


@pytest.mark.parametrize("member", ["names", "__len__", "read"])
def test_a_missing_member_of_a_source_is_in_the_error(member):
    members = {name: getattr(Survey, name) for name in ("__len__", "read")} | {"names": ()}
    source = type("Half", (), {name: value for name, value in members.items() if name != member})()
    message = {
        "read": r"cannot be read from Half; .* gampen_tf\.data\.ImageSource",
    }.get(member, rf"^Half: expected names, __len__ and read, .*ImageSource, found no {member}; add what is missing")
    with pytest.raises(TypeError, match=message):
        opened(source)


def test_names_are_a_string_for_each_image():
    survey = Survey(EXPECTED)
    survey.names = ["one", "two"]
    with pytest.raises(ValueError, match=r"^Survey\.names: expected 5 names, one for each image, found 2"):
        _ = opened(survey).names
    survey.names = np.arange(5)
    with pytest.raises(TypeError, match=r"^Survey\.names: expected strings, found .*0.*; give them as text, by str"):
        _ = opened(survey).names


def test_predict_takes_a_foreign_source():
    model = gampen_tf.load_model("hsc_wide_g")
    galaxies = np.random.default_rng(1).normal(size=(3, *model.image_shape[:2])).astype(np.float32)
    settings = {"model": model, "n_mc": 5, "passes": 2, "seed": 1, "progress_bar": False}
    found = gampen_tf.predict(Survey(galaxies), **settings)
    counts = gampen_tf.predict(galaxies[:2], zero_point=27.0, **settings)
    assert list(found.identifiers) == ["tile 0", "tile 1", "tile 2"]
    assert found.flags[2] == Flag.UNREADABLE
    np.testing.assert_allclose(found.median()[:2], counts.median(), rtol=1e-4)
