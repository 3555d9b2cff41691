import keras
import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.nddata import CCDData
from astropy.table import Table
from astropy.wcs import WCS

import gampen_tf
from gampen_tf.core import Flag, LabelScaler, Parameter, ParameterSet, Stretch
from gampen_tf.data import ImageSpec, read_cutouts
from gampen_tf.inference import crop, crop_box
from gampen_tf.layers import SpatialTransformer, n_outputs
from gampen_tf.models import Model
from gampen_tf.networks.parts import localisation

SIDE = 21


def network_of(told, side=SIDE):
    """A network whose spatial transformer is told ``told(mean of the image)``."""
    images = keras.Input((side, side, 1), name="images")
    mean = keras.layers.GlobalAveragePooling2D()(images)
    weights = keras.layers.Dense(len(told), name="localisation")
    cropped = SpatialTransformer(output_size=9)([images, weights(mean)])
    outputs = keras.layers.Dense(n_outputs(1))(keras.layers.Flatten()(cropped))
    network = keras.Model(images, outputs)
    weights.set_weights([np.array([[slope for slope, _ in told]]), np.array([start for _, start in told])])
    return network


def model_of(*told):
    parameters = ParameterSet([Parameter("flux", "nJy", (0, np.inf), "log")])
    return Model(
        network=network_of(told),
        scaler=LabelScaler(parameters, np.zeros(1), np.ones(1)),
        stretch=Stretch("linear"),
        image_shape=(SIDE, SIDE, 1),
        pixel_scale=0.168,
        pixel_unit="nJy",
        zero_point=31.4,
        band="g",
        psf_shape=None,
        head="gaussian",
        provenance={},
        name="tiny",
    )


def image_of(size=SIDE, mean=0.0, seed=0):
    image = np.random.default_rng(seed).normal(size=(size, size)).astype(np.float32)
    return image - image.mean() + np.float32(mean)


def sky_header(size, bunit="nJy"):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = ["RA---TAN", "DEC--TAN"], [150.0, 2.0], [3.0, size - 4.0]
    wcs.wcs.cd = 0.168 / 3600 * np.array([[-0.8, 0.6], [0.6, 0.8]])
    return fits.Header({**wcs.to_header(), "BUNIT": bunit, "OBJECT": "NGC 1"})


def run(images, folder, model=None, **options):
    return crop(images, folder, model=model or model_of((0.0, 0.5)), progress_bar=False, **options)


@pytest.mark.parametrize(
    ("scale", "first", "last"), [(1.0, 0, 20), (0.5, 5, 15), (0.1, 9, 11), (1e-4, 10, 10), (1.7, 0, 20), (-0.5, 5, 15)]
)
def test_the_box_holds_the_pixels_whose_centres_lie_in_the_sampled_part(scale, first, last):
    # frame of 21 pixels: edges at 10 ± 10.5 s
    assert crop_box([scale], (21, 21)) == (slice(first, last + 1),) * 2


@pytest.mark.parametrize("side", [20, 21, 239])
def test_crops_are_symmetric_about_the_frame(side):
    for scale in np.linspace(0.01, 1.2, 57):
        rows, columns = crop_box([scale], (side, side))
        assert rows == columns
        assert rows.start == side - rows.stop or rows.stop - rows.start == 1


def test_shifts_run_in_the_layers_directions():
    # corner pixels at ±1: a shift of 0.5 is 5 pixels of 21
    assert crop_box([0.1, 0.5, -0.5], (21, 21)) == (slice(4, 7), slice(14, 17))
    quarter_turn = [0, -0.1, 0.5, 0.1, 0, -0.5]
    assert crop_box(quarter_turn, (21, 21)) == (slice(4, 7), slice(14, 17))
    rows, _ = crop_box([0.1, 0.0, 3.0], (21, 21))
    assert rows.start == rows.stop


def test_the_box_is_what_the_layer_sees():
    """Light outside the box does not reach the layer's output; each pixel well inside does."""
    told = np.array([[0.4, 0.3, -0.2]], np.float32)
    layer = SpatialTransformer()
    rows, columns = crop_box(told[0], (SIDE, SIDE))
    outside, inside = np.ones((2, 1, SIDE, SIDE, 1), np.float32)
    outside[:, rows.start - 1 : rows.stop + 1, columns.start - 1 : columns.stop + 1] = 0
    inside[:, rows, columns] = 0
    assert np.abs(layer([outside, told])).max() == 0
    assert np.abs(layer([inside, told])[:, 2:-2, 2:-2]).max() == 0


def test_predicted_scales_are_those_of_the_network():
    # s = 0.5 + 0.2 · mean of the image
    localise = localisation(network_of([(0.2, 0.5)]))
    images = np.stack([image_of(mean=mean) for mean in (-1, 0, 2)])[..., None]
    np.testing.assert_allclose(np.asarray(localise(images))[:, 0], [0.3, 0.5, 0.9], rtol=1e-5)


def test_networks_without_one_spatial_transformer_are_refused():
    images = keras.Input((SIDE, SIDE, 1))
    network = keras.Model(images, keras.layers.Dense(2)(keras.layers.Flatten()(images)), name="plain")
    with pytest.raises(ValueError, match="network 'plain' has 0 spatial transformers"):
        localisation(network)


@pytest.mark.parametrize("size", [21, 24, 50, 51])
def test_original_pixels_with_their_coordinates(tmp_path, size):
    image = image_of(size)
    original = WCS(sky_header(size))
    fits.writeto(tmp_path / "galaxy.fits", image, sky_header(size))
    table = run(tmp_path / "galaxy.fits", tmp_path / "crops")
    row = table[0]
    assert (row["file"], row["scale"], row["width"], row["height"]) == ("galaxy_crop.fits", 0.5, 11, 11)
    with fits.open(tmp_path / "crops" / row["file"]) as hdus:
        header, data = hdus[0].header, hdus[0].data
        assert data.dtype == ">f4"
    start = size // 2 - 5
    np.testing.assert_array_equal(data, image[start : start + 11, start : start + 11])
    assert (row["x_start"], row["y_start"]) == (start, start)
    for x, y in ((0, 0), (10, 0), (3, 7)):
        there, here = original.pixel_to_world(x + start, y + start), WCS(header).pixel_to_world(x, y)
        assert there.separation(here).arcsec < 1e-6
    assert header["LTV1"] == -start
    assert (header["STNSCALE"], header["PIXSCALE"], header["OBJECT"]) == (0.5, pytest.approx(0.168), "NGC 1")


def test_rows_and_columns_are_not_swapped(tmp_path):
    image = image_of(size=31)
    fits.writeto(tmp_path / "a.fits", image, sky_header(31))
    row = run(tmp_path / "a.fits", tmp_path / "out", model_of((0, 0.3), (0, 0.4), (0, -0.2)))[0]
    data, header = fits.getdata(tmp_path / "out/a_crop.fits", header=True)
    assert (row["x_start"], row["y_start"]) == (16, 10)
    np.testing.assert_array_equal(data, image[10 : 10 + row["height"], 16 : 16 + row["width"]])
    sky = WCS(sky_header(31)).pixel_to_world(16, 10)
    assert sky.separation(WCS(header).pixel_to_world(0, 0)).arcsec < 1e-6


def test_pixels_keep_their_unit_and_the_crop_reads_back(tmp_path):
    image = image_of(31, mean=1.0)
    header = sky_header(31, bunit="adu")
    header["FLUXMAG0"] = 10 ** (0.4 * 27)
    fits.writeto(tmp_path / "a.fits", image, header)
    # the scale is predicted in the model's unit: 57.5 × the counts' mean
    mean = float(image[5:26, 5:26].mean()) * 10 ** (0.4 * 4.4)
    row = run(tmp_path / "a.fits", tmp_path / "out", model_of((0.005, 0.1)))[0]
    assert row["scale"] == pytest.approx(0.1 + 0.005 * mean, rel=1e-4)
    path = tmp_path / "out/a_crop.fits"
    frame = (row["height"], row["width"], 1)
    again = read_cutouts(path, ImageSpec(frame, 0.168)).images[0, ..., 0]
    np.testing.assert_allclose(again, 57.543994 * fits.getdata(path), rtol=1e-5)


def test_what_is_known_of_the_pixels_is_written(tmp_path):
    fits.HDUList(
        [
            fits.PrimaryHDU(header=fits.Header({"MAGZERO": 27.0})),
            fits.ImageHDU(image_of(31), sky_header(31, bunit="adu"), name="SCI"),
        ]
    ).writeto(tmp_path / "mef.fits")
    array, mef = image_of(31), tmp_path / "mef.fits"
    for number, (source, options, unit, zero_point) in enumerate(
        (
            (array, {}, "nJy", 31.4),
            (array, {"zero_point": 27.0}, None, 27.0),
            (array, {"unit": "uJy"}, "uJy", 23.9),
            (u.Quantity(array, "uJy"), {}, "uJy", 23.9),
            (CCDData(array, unit="Jy"), {}, "Jy", 8.9),
            (mef, {}, "adu", 27.0),
            (mef, {"unit": "nJy"}, "nJy", 31.4),
            (mef, {"zero_point": 26.0}, None, 26.0),
        )
    ):
        (file,) = run(source, tmp_path / str(number), **options)["file"]
        header = fits.getheader(tmp_path / str(number) / file)
        assert (header.get("BUNIT"), header["MAGZERO"], header["PIXSCALE"]) == (
            unit,
            pytest.approx(zero_point),
            pytest.approx(0.168),
        )


def test_every_image_has_a_row_and_bad_ones_no_file(tmp_path):
    folder = tmp_path / "in"
    (folder / "more").mkdir(parents=True)
    nan = image_of()
    nan[0, 0] = np.nan
    paths = [folder / name for name in ("a.fits", "nan.fits", "missing.fits", "more/a.fits", "far.fits")]
    for path, image in zip(paths, (image_of(), nan, None, image_of(seed=1), image_of(mean=-9)), strict=True):
        if image is not None:
            fits.writeto(path, image, sky_header(SIDE))
    # x shift = −0.5 · mean: the last one's crop lies outside the frame
    table = run(paths, tmp_path / "out", model_of((0, 0.5), (-0.5, 0), (0, 0)), batch_size=2)
    assert list(table["file"]) == ["a_0_crop.fits", "", "", "a_3_crop.fits", ""]
    assert list(table["flags"]) == [0, Flag.NONFINITE_PIXELS, Flag.UNREADABLE, 0, Flag.NOT_MEASURED]
    assert list(table["image"]) == [str(path) for path in paths]
    assert table["reason"][4] == "the network crops a part outside the image"
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["a_0_crop.fits", "a_3_crop.fits", "crops.ecsv"]
    listed = Table.read(tmp_path / "out/crops.ecsv")
    assert list(listed["flags"]) == list(table["flags"])
    assert listed.meta["model"] == "tiny"
    with pytest.raises(FileExistsError, match="is there already"):
        run(paths, tmp_path / "out")
    run(paths, tmp_path / "out", overwrite=True)


def test_padded_images_give_their_own_pixels_alone(tmp_path):
    image = image_of(9)
    row = run(image, tmp_path, pad=True)[0]
    assert (row["width"], row["flags"]) == (9, Flag.PADDED)
    np.testing.assert_array_equal(fits.getdata(tmp_path / row["file"]), image)


def test_scaled_integers_and_streams(tmp_path):
    hdu = fits.PrimaryHDU(np.random.default_rng(0).integers(0, 99, (SIDE, SIDE)).astype(np.int16), sky_header(SIDE))
    hdu.header["BSCALE"], hdu.header["BZERO"] = 0.5, 10.0
    hdu.writeto(tmp_path / "a.fits")
    run(tmp_path / "a.fits", tmp_path / "one")
    np.testing.assert_array_equal(
        fits.getdata(tmp_path / "one/a_crop.fits"), fits.getdata(tmp_path / "a.fits")[5:16, 5:16]
    )

    import tensorflow as tf

    images = np.stack([image_of(seed=seed) for seed in range(3)])
    run(tf.data.Dataset.from_tensor_slices(images), tmp_path / "two")
    np.testing.assert_array_equal(fits.getdata(tmp_path / "two/image_2_crop.fits"), images[2, 5:16, 5:16])


def test_the_public_name_is_the_function():
    assert gampen_tf.crop is crop
