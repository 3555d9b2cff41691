"""What is known beside the pixels: PSF, noise and masks, from what is given to what a network is told."""

import hashlib

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from memory_data import MemoryDataSet
from toy_inputs import SIDE, STAMP, galaxies, stamps, told_model
from toy_models import toy_images, toy_model

from gampen_tf.core import Flag
from gampen_tf.data import noise_level
from gampen_tf.data.map_files import MapFiles, read_psf
from gampen_tf.inference import Predictor, predict
from gampen_tf.inference.batches import batches, labelled_batches, open_with_beside
from gampen_tf.inference.beside import Beside

N = 8


@pytest.fixture(scope="module")
def model():
    return told_model()


@pytest.fixture(scope="module")
def predictor(model):
    return Predictor(model, passes=2)


@pytest.fixture(scope="module")
def images():
    return galaxies(N)


def told(model, images, **given):
    """What the network is told beside the images, and the flags and reasons."""
    parts = list(batches(model, *open_with_beside(images, model, **given), size=3))
    inputs = {name: np.concatenate([part.beside[name] for part in parts]) for name in parts[0].beside}
    flags = np.concatenate([part.flags.bits for part in parts])
    return inputs, flags, [reason for part in parts for reason in part.flags.reasons]


def medians(predictor, images, **given):
    return predictor.predict(images, progress_bar=False, **given).median()


def test_what_belongs_to_each_image_is_taken_by_rows():
    whole = Beside(psf=stamps(N), noise=np.arange(N), mask=np.zeros((SIDE, SIDE), bool), first=10)
    part = whole.rows(13, 16)
    assert part.first == 13
    np.testing.assert_array_equal(part.psf, whole.psf[3:6])
    np.testing.assert_array_equal(part.noise, [3, 4, 5])
    assert part.mask is whole.mask
    np.testing.assert_array_equal(part.rows(14, None).noise, [4, 5])


def test_hashes_tell_what_was_given_apart():
    psfs = np.random.default_rng(1).random((4100, 3, 3))
    known = hashlib.sha256(b"(4100, 3, 3)" + psfs.astype("<f4").tobytes()).hexdigest()
    assert Beside(psf=psfs).hashes() == {"psf_hash": known}
    assert Beside().hashes() == {"psf_hash": None}
    assert Beside(psf=psfs[0]).hashes() != Beside(psf=psfs[:1]).hashes()
    noise, mask = Beside(noise=np.array(1.5)).hashes(), Beside(mask=psfs[0] > 0.5).hashes()
    assert (set(noise), set(mask)) == ({"psf_hash", "noise_hash"}, {"psf_hash", "mask_hash"})
    assert Beside(mask=psfs[0] > 0.4).hashes() != mask


# -- PSF ---------------------------------------------------------------------------------------------------------------


def test_a_psf_that_is_not_known_is_zeros_without_a_flag(model, images):
    psf = list(stamps(N))
    psf[1], psf[2], psf[3] = None, np.zeros((STAMP, STAMP)), np.full((STAMP, STAMP), np.nan)
    inputs, flags, _ = told(model, images, psf=psf)
    assert inputs["psf"].shape == (N, STAMP, STAMP, 1)
    np.testing.assert_allclose(
        inputs["psf"].sum(axis=(1, 2, 3)), np.isin(np.arange(N), [1, 2, 3], invert=True), atol=1e-6
    )
    assert not flags.any()
    for nothing in (None, np.zeros((STAMP, STAMP)), [None] * N):
        assert not told(model, images, psf=nothing)[0]["psf"].any()


def test_galaxies_with_and_without_a_psf_are_measured_as_alone(predictor, images):
    psf = [stamp if row % 2 else None for row, stamp in enumerate(stamps(N))]
    together = medians(predictor, images, psf=psf)
    with_psf, without = medians(predictor, images, psf=stamps(N)), medians(predictor, images)
    odd = np.arange(N) % 2 == 1
    np.testing.assert_allclose(together[odd], with_psf[odd], rtol=1e-5)
    np.testing.assert_allclose(together[~odd], without[~odd], rtol=1e-5)
    assert np.abs(with_psf / without - 1).min() > 1e-4
    for row in range(N):
        alone = medians(predictor, images[row : row + 1], psf=psf[row : row + 1])
        np.testing.assert_allclose(alone[0], together[row], rtol=1e-5)


@pytest.mark.parametrize("size", [3, 9])
def test_stamps_of_other_odd_sides_are_cut_or_padded(model, images, size):
    psf = stamps(N, size)
    found = told(model, images, psf=psf)[0]["psf"][..., 0]
    inside = psf if size < STAMP else psf[:, 2:-2, 2:-2]
    expected = inside / inside.sum(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found[:, 1:-1, 1:-1] if size < STAMP else found, expected, rtol=1e-6)
    np.testing.assert_allclose(found.sum(axis=(1, 2)), 1.0, rtol=1e-6)


def test_wrong_psfs_are_refused(model, images):
    for psf, message in (
        (stamps(N, 4), r"found \(8, 4, 4\); other sides must be odd"),
        (stamps(N - 1), r"psf: expected shape \(5, 5\) or \(8, 5, 5\), found \(7, 5, 5\)"),
        ("psf.fits", "no file 'psf.fits'"),
        (["a.fits"], "psf: expected 8 paths, one for each image, found 1"),
    ):
        with pytest.raises(ValueError, match=message):
            told(model, images, psf=psf)


def test_a_model_that_needs_them_says_so(images):
    needing = told_model(optional_inputs=())
    with pytest.raises(ValueError, match="takes the PSF: give psf"):
        told(needing, images, noise=1.0)
    with pytest.raises(ValueError, match="takes the noise: give noise"):
        told(needing, images, psf=stamps(N))
    flags = told(needing, images, psf=stamps(N) * (np.arange(N) != 2)[:, None, None], noise=1.0)[1]
    assert flags.tolist() == [Flag.NOT_MEASURED if row == 2 else 0 for row in range(N)]
    with pytest.raises(ValueError, match="takes no noise; leave noise out"):
        predict(toy_images(2), model=toy_model(), noise=1.0, progress_bar=False)


# -- noise -------------------------------------------------------------------------------------------------------------


def test_noise_is_a_number_numbers_or_the_root_of_the_median_variance(model, images):
    sigma = np.linspace(0.5, 2.0, N)
    maps = np.broadcast_to(sigma[:, None, None] ** 2, (N, SIDE, SIDE)).copy()
    maps[:, :3], maps[:, 4, 4] = np.inf, 1e9
    for noise, expected in ((1.5, np.full(N, 1.5)), (sigma, sigma), (maps, sigma), (maps[2], np.full(N, sigma[2]))):
        inputs, flags, _ = told(model, images, noise=noise)
        np.testing.assert_allclose(inputs["noise"], expected[:, None], rtol=1e-6)
        assert not flags.any()


def test_noise_is_measured_where_it_is_not_given(model, images):
    mask = np.zeros((SIDE, SIDE), bool)
    mask[:, 0] = True
    np.testing.assert_allclose(told(model, images)[0]["noise"][:, 0], noise_level(images), rtol=1e-6)
    found = told(model, images, mask=mask)[0]["noise"][:, 0]
    np.testing.assert_allclose(found, noise_level(images, mask), rtol=1e-6)
    assert np.abs(found / noise_level(images) - 1).max() > 1e-3


def test_zeros_around_a_small_image_have_no_noise(model):
    small = np.random.default_rng(7).normal(size=(200, SIDE - 2, SIDE - 2))
    found = told(model, small, pad=True)[0]["noise"]
    assert np.median(found) == pytest.approx(1.0, rel=0.05)


def test_noise_is_in_the_unit_of_the_images(model, predictor, images):
    """The same galaxies in counts of another zero point, with their noise in counts, are the same galaxies."""
    counts, sigma = images / 10.0, np.full(N, 0.1)
    inputs, _, _ = told(model, counts, noise=sigma, zero_point=31.4 - 2.5)
    np.testing.assert_allclose(inputs["noise"], 1.0, rtol=1e-6)
    found = medians(predictor, counts, noise=np.full((SIDE, SIDE), 0.01), zero_point=31.4 - 2.5)
    np.testing.assert_allclose(found, medians(predictor, images, noise=1.0), rtol=1e-4)


def test_noise_is_a_column_of_the_table_of_images(model, images, tmp_path):
    paths = [str(tmp_path / f"{row}.fits") for row in range(N)]
    for path, image in zip(paths, images, strict=True):
        fits.writeto(path, image, fits.Header({"BUNIT": "nJy"}))
    table = Table({"path": paths, "sky": np.linspace(0.5, 2, N)})
    table.write(tmp_path / "table.csv")
    for source in (table, table.to_pandas(), str(tmp_path / "table.csv")):
        inputs, _, _ = told(model, source, noise="sky", pixel_scale=0.168)
        np.testing.assert_allclose(inputs["noise"][:, 0], table["sky"], rtol=1e-6)
    with pytest.raises(ValueError, match="no file 'rms'; expected a FITS file, or a column of the table: path, sky"):
        told(model, table, noise="rms", pixel_scale=0.168)


def test_galaxies_without_a_usable_noise_are_flagged_and_the_others_measured(predictor, images):
    noise = np.ones(N)
    noise[1], noise[2], noise[3] = np.nan, 0.0, -1.0
    posterior = predictor.predict(images, noise=noise, progress_bar=False)
    assert np.flatnonzero(posterior.flags).tolist() == [1, 2, 3]
    assert "not a positive number" in posterior.metadata["reasons"]["2"]
    np.testing.assert_allclose(posterior.median()[4:], medians(predictor, images, noise=1.0)[4:], rtol=1e-5)
    step = np.zeros((1, SIDE, SIDE), np.float32)
    step[0, SIDE // 2, SIDE // 2] = 1.0  # no noise around it
    posterior = predictor.predict(step, progress_bar=False)
    assert posterior.flags[0] == Flag.NOT_MEASURED
    assert "cannot be measured" in posterior.metadata["reasons"]["0"]


@pytest.mark.parametrize(
    ("noise", "message"),
    [
        (-1.0, "expected a positive standard deviation, found -1.0"),
        (np.ones(N + 1), r"found shape \(9,\)"),
        (np.ones((N - 1, SIDE, SIDE)), r"found shape \(7, 15, 15\)"),
        ([None] * N, "expected numbers, found object"),
    ],
)
def test_wrong_noise_is_refused(model, images, noise, message):
    with pytest.raises(ValueError, match=message):
        told(model, images, noise=noise)


def test_a_variance_of_another_shape_than_its_image_is_told(model, images):
    _, flags, reasons = told(model, images, noise=np.ones((7, 7)))
    assert np.all(flags == Flag.NOT_MEASURED)
    assert "of shape (7, 7) for an image of shape (15, 15)" in reasons[0]


# -- masks -------------------------------------------------------------------------------------------------------------


def test_images_with_masked_pixels_are_measured_and_flagged(predictor, images):
    mask = np.zeros((N, SIDE, SIDE), bool)
    mask[1, :, 2], mask[2, 6:9, 6:9], mask[3, :, :8] = True, True, True
    posterior = predictor.predict(images, mask=mask, noise=1.0, progress_bar=False)
    filled, refused = Flag.FILLED_PIXELS, Flag.NOT_MEASURED
    assert posterior.flags.tolist() == [0, filled, refused, refused, 0, 0, 0, 0]
    assert np.isfinite(posterior.median()[:, 0]).tolist() == [True, True, False, False] + [True] * 4
    reasons = posterior.metadata["reasons"]
    assert reasons["1"] == "6.7 % of the pixels are masked, saturated or NaN"
    assert "central 3 × 3" in reasons["2"]
    assert reasons["3"].startswith("53 % of the pixels")
    # what a masked pixel holds is of no account, and is the same as NaN
    spoiled = np.where(mask, np.float32(1e6), images)
    expected = posterior.median()[[0, 1, 4]]
    np.testing.assert_array_equal(medians(predictor, spoiled, mask=mask, noise=1.0)[[0, 1, 4]], expected)
    lost = np.where(mask, np.float32(np.nan), images)
    np.testing.assert_array_equal(medians(predictor, lost, noise=1.0)[[0, 1, 4]], expected)


def test_other_models_do_not_measure_masked_images():
    model = toy_model()
    masked = np.random.default_rng(1).normal(size=(2, *model.image_shape[:2]))
    mask = np.zeros(masked.shape, bool)
    mask[1, 0, 0] = True
    flags = predict(masked, model=model, mask=mask, passes=2, progress_bar=False).flags
    assert flags.tolist() == [0, Flag.MASKED_PIXELS]


def test_masks_are_booleans_of_the_right_number(model, images):
    for mask, message in (
        (np.zeros((SIDE, SIDE), int), "expected booleans, True where a pixel is bad, found int64"),
        (np.zeros((N + 1, SIDE, SIDE), bool), r"expected shape \(H, W\) or \(8, H, W\), found \(9, 15, 15\)"),
    ):
        with pytest.raises(ValueError, match=message):
            told(model, images, mask=mask)


# -- files -------------------------------------------------------------------------------------------------------------


def written(folder, images, **extensions):
    """Files of images in nJy, with extensions of each."""
    paths = [str(folder / f"{row}.fits") for row in range(len(images))]
    for row, path in enumerate(paths):
        hdus = [fits.PrimaryHDU(header=fits.Header({"BUNIT": "nJy", "PIXSCALE": 0.168}))]
        hdus.append(fits.ImageHDU(images[row], name="IMAGE"))
        hdus += [fits.ImageHDU(pixels[row], name=name) for name, pixels in extensions.items()]
        fits.HDUList(hdus).writeto(path, overwrite=True)
    return paths


def test_files_tell_the_noise_and_bad_pixels_and_arguments_win(model, images, tmp_path):
    sigma, bad = np.linspace(0.5, 2.0, N), np.zeros((N, SIDE, SIDE), np.int16)
    bad[2, 1, 3] = 1
    variance = np.broadcast_to(sigma[:, None, None] ** 2, images.shape).copy()
    variance[5] = 0  # of no use
    paths = written(tmp_path, images, VARIANCE=variance, MASK=bad)
    inputs, flags, _ = told(model, paths)
    expected = np.where(np.arange(N) == 5, noise_level(images), sigma)
    np.testing.assert_allclose(inputs["noise"][:, 0], expected, rtol=1e-6)
    assert flags.tolist() == [Flag.FILLED_PIXELS if row == 2 else 0 for row in range(N)]
    inputs, flags, _ = told(model, paths, noise=1.5, mask=np.zeros((SIDE, SIDE), bool))
    np.testing.assert_allclose(inputs["noise"], 1.5, rtol=1e-6)
    assert not flags.any()
    deviation = written(tmp_path, images, ERR=np.sqrt(variance))
    np.testing.assert_allclose(told(model, deviation)[0]["noise"][:, 0], expected, rtol=1e-6)
    found = told(model, paths, zero_point=31.4 - 2.5)[0]["noise"][:, 0]
    np.testing.assert_allclose(found, 10 * expected, rtol=1e-5)


def test_maps_in_files_are_those_of_their_rows(model, images, tmp_path):
    sigma, psfs, bad = np.linspace(0.5, 2.0, N), stamps(N), np.zeros((N, SIDE, SIDE), bool)
    bad[4, 1, 3] = True
    names = {
        "psf": psfs,
        "noise": np.broadcast_to(sigma[:, None, None] ** 2, images.shape),
        "mask": bad.astype(np.uint8),
    }
    table = Table({"path": written(tmp_path, images)})
    for name, maps in names.items():
        table[name] = [str(tmp_path / f"{name}{row}.fits") for row in range(N)]
        for path, pixels in zip(table[name], maps, strict=True):
            fits.writeto(path, pixels)
    expected, flags, _ = told(model, images, psf=psfs, noise=sigma, mask=bad)
    columns, lists = {name: name for name in names}, {name: list(map(str, table[name])) for name in names}
    for source, given in ((table, columns), (images, lists)):
        found = told(model, source, **given)
        for name in expected:
            np.testing.assert_allclose(found[0][name], expected[name], rtol=1e-6)
        np.testing.assert_array_equal(found[1], flags)


def test_files_of_no_use_cost_their_own_row_alone(model, images, tmp_path):
    fits.writeto(tmp_path / "even.fits", np.ones((4, 4)))
    fits.writeto(tmp_path / "odd.fits", np.ones((7, 7)))
    psf = ["", str(tmp_path / "even.fits"), "gone.fits", str(tmp_path / "odd.fits")] + [None] * (N - 4)
    inputs, flags, reasons = told(model, images, psf=psf)
    assert flags.tolist() == [0, Flag.NOT_MEASURED, Flag.NOT_MEASURED] + [0] * (N - 3)
    assert reasons[1] == "psf: expected shape (5, 5) or sides that are odd where these are, found (4, 4)"
    assert reasons[2] == "psf: gone.fits: no such file"
    np.testing.assert_allclose(inputs["psf"].sum(axis=(1, 2, 3)), np.arange(N) == 3, atol=1e-6)
    noise, mask = [None, "gone.fits"] + [None] * (N - 2), [None] * (N - 1) + ["gone.fits"]
    inputs, flags, reasons = told(model, images, noise=noise, mask=mask)
    assert np.flatnonzero(flags).tolist() == [1, N - 1]
    assert reasons[1] == reasons[N - 1] == "gone.fits: no such file"
    np.testing.assert_allclose(inputs["noise"][2:-1, 0], noise_level(images[2:-1]), rtol=1e-6)
    assert Beside(psf=MapFiles(psf, read_psf)).hashes() != Beside(psf=MapFiles(psf[::-1], read_psf)).hashes()


# -- data sets ---------------------------------------------------------------------------------------------------------


def test_labelled_images_bring_what_is_known_of_them(model, images):
    sigma, psfs = np.linspace(0.5, 2, N), stamps(N)
    data = MemoryDataSet(images[..., None], {"flux": np.ones(N), "noise_sigma": sigma}, psfs=psfs)
    rows = np.array([5, 0, 3])
    (found,) = labelled_batches(model, data, rows, size=4)
    np.testing.assert_allclose(found.beside["noise"][:, 0], sigma[rows], rtol=1e-6)
    expected = psfs / psfs.sum(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found.beside["psf"][..., 0], expected[rows], rtol=1e-6)
    bare = MemoryDataSet(images[..., None], {"flux": np.ones(N)})
    (found,) = labelled_batches(model, bare, rows, size=4)
    np.testing.assert_allclose(found.beside["noise"][:, 0], noise_level(images[rows]), rtol=1e-6)
    assert not found.beside["psf"].any()
    with pytest.raises(ValueError, match="no PSF images"):
        list(labelled_batches(told_model(optional_inputs=("noise",)), bare, rows, size=4))
