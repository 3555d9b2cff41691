"""FITS, HDF5 and tables: what is chosen in a file, and what becomes of files that are not what they should be."""

import gzip
import warnings
from pathlib import Path

import h5py
import numpy as np
import pandas
import pytest
from astropy.io import fits
from astropy.table import Table

from gampen_tf.core import Flag
from gampen_tf.data import read_cutouts

MODEL = {"image_shape": (9, 9, 1), "pixel_scale": 0.168, "model_name": "hsc"}


def image_of(seed, size=9):
    return np.random.default_rng(seed).normal(size=(size, size)).astype(np.float32)


def header_of(scale=0.168, **cards):
    cards = {"BUNIT": "nJy", **cards}
    return fits.Header(
        {
            "CTYPE1": "RA---TAN",
            "CTYPE2": "DEC--TAN",
            "CRPIX1": 5.0,
            "CRPIX2": 5.0,
            "CRVAL1": 150.0,
            "CRVAL2": 2.0,
            "CDELT1": -scale / 3600,
            "CDELT2": scale / 3600,
            **{key: value for key, value in cards.items() if value is not None},
        }
    )


def write(path, data, header=None, **options):
    fits.writeto(path, data, header_of() if header is None else header, **options)
    return str(path)


def read(source, **options):
    return read_cutouts(source, **{**MODEL, **options}).read(0, None)


@pytest.fixture
def folder(tmp_path):
    for number in range(5):
        write(tmp_path / f"galaxy_{number}.fits", image_of(number))
    (tmp_path / "notes.md").write_text("no image")
    return tmp_path


EXPECTED = np.stack([image_of(number) for number in range(5)])


def test_path_list_glob_and_folder(folder):
    paths = sorted(folder.glob("*.fits"))
    np.testing.assert_array_equal(read(paths[3])[0][0, ..., 0], EXPECTED[3])
    for source in (
        paths,
        [str(path) for path in paths],
        (path for path in paths),
        folder,
        str(folder) + "/",
        folder / "gal*_[0-4].fits",
        f"{folder}/*.fits[0]",
    ):
        found, flags, reasons = read(source)
        np.testing.assert_array_equal(found[..., 0], EXPECTED)
        assert not flags.any()
        assert reasons == [""] * 5
    assert read_cutouts(folder, **MODEL).names == [str(path) for path in paths]
    assert read_cutouts(paths[::-1], **MODEL).names == [str(path) for path in paths[::-1]]


def test_nothing_there_is_an_error_for_one_source(tmp_path):
    for missing, what in (
        (tmp_path / "no.fits", "no such file"),
        (tmp_path / "*.fits", "no file matches"),
        (tmp_path, "no FITS file in the folder"),
    ):
        with pytest.raises(FileNotFoundError, match=what):
            read(missing)


def test_every_kind_of_broken_file_costs_its_own_row_alone(folder):
    whole = (folder / "galaxy_0.fits").read_bytes()
    large = Path(write(folder / "large.fits", image_of(0, 200))).read_bytes()
    bad = {
        "truncated.fits": large[:-90000],
        "truncated_beyond_the_centre.fits": large[:-10000],
        "empty.fits": b"",
        "text.fits": b"not a FITS\n" * 300,
        "header_only.fits": whole[:2880],
        "cut_in_header.fits": whole[:700],
        "cut.fits.gz": gzip.compress(large)[:-5000],
        "random.fits": bytes(range(256)) * 40,
    }
    for name, content in bad.items():
        (folder / name).write_bytes(content)
    Table({"x": [1, 2]}).write(folder / "table.fits")
    sources = [
        folder / "galaxy_1.fits",
        *(folder / name for name in bad),
        folder / "missing.fits",
        folder / "table.fits",
        folder / "notes.md",
        "",
        folder,
        folder / "galaxy_2.fits",
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, flags, reasons = read(sources, image_shape=(9, 9, 1))
    assert flags.tolist() == [0, *[Flag.UNREADABLE] * (len(sources) - 2), 0]
    np.testing.assert_array_equal(found[[0, -1], ..., 0], EXPECTED[[1, 2]])
    assert np.isnan(found[1:-1]).all()
    assert all(reasons[1:-1])
    assert reasons[len(bad) + 1] == "no such file"


def test_flags_from_pixels_and_headers(tmp_path):
    data = image_of(0)
    nan = data.copy()
    nan[4, 4] = np.nan
    cases = [
        (data, header_of(), 0),
        (nan, header_of(), Flag.NONFINITE_PIXELS),
        (np.zeros((9, 9)), header_of(), Flag.EMPTY_IMAGE),
        (data, header_of(0.396), Flag.WRONG_PIXEL_SCALE),
        (data, header_of(BUNIT=None), Flag.WRONG_UNIT),
        (data, header_of(BUNIT="mag", MAGZERO=27.0), Flag.WRONG_UNIT),
        (data, header_of(MAGZERO=27.0), Flag.WRONG_UNIT),  # contradicts nJy
        (data, fits.Header({"BUNIT": "nJy"}), Flag.WRONG_PIXEL_SCALE),
        (data, header_of(SATURATE=float(data.max())), Flag.SATURATED_PIXELS),
        (data, header_of(SATURATE=float(data.max()) * 2), 0),
        (data[:5], header_of(), Flag.WRONG_SHAPE),
        (data[0], header_of(), Flag.WRONG_SHAPE),
        (np.stack([data] * 4), header_of(), Flag.WRONG_SHAPE),
        (data[None], header_of(), 0),
        (np.pad(data, 2), header_of(), Flag.CROPPED),
        (data, header_of(BUNIT="hsc flux", FLUXMAG0=10 ** (0.4 * 31.4)), 0),
    ]
    paths = [write(tmp_path / f"{number}.fits", pixels, header) for number, (pixels, header, _) in enumerate(cases)]
    found, flags, reasons = read(paths)
    assert flags.tolist() == [int(flag) for _, _, flag in cases]
    for row in np.flatnonzero((flags == 0) | (flags == Flag.CROPPED)):
        np.testing.assert_allclose(found[row, ..., 0], data, rtol=1e-6)
        assert reasons[row] == ""
    assert "'nJy' has zero point 31.4000, but the zero point is said to be 27.0000" in reasons[6]


def test_one_source_wrong_in_scale_or_unit_is_an_error_that_says_what_to_do(tmp_path):
    path = write(tmp_path / "sdss.fits", image_of(0), header_of(0.396))
    with pytest.raises(
        ValueError,
        match=r"sdss\.fits: pixel scale 0\.396″ from its header, but model 'hsc' was "
        r"trained at 0\.168″\. Give images at 0\.168″, or pass pixel_scale=0\.168",
    ):
        read(path)
    assert read(path, check=False)[1].tolist() == [Flag.WRONG_PIXEL_SCALE]
    np.testing.assert_array_equal(read(path, given_pixel_scale=0.168)[0][0, ..., 0], image_of(0))
    path = write(tmp_path / "bare.fits", image_of(0), header_of(BUNIT=None))
    with pytest.raises(ValueError, match=r"neither pixel unit nor zero point.*Pass zero_point="):
        read(path)
    np.testing.assert_allclose(read(path, given_zero_point=28.9)[0][0, ..., 0], 10 * image_of(0), rtol=1e-6)


def test_all_of_many_wrong_is_an_error_and_most_of_many_is_not(tmp_path):
    paths = [write(tmp_path / f"{number:02}.fits", image_of(number), header_of(0.3)) for number in range(20)]
    with pytest.raises(ValueError, match=r"00\.fits: pixel scale 0\.3″.*So are all 16 images looked at, of 20"):
        read(paths)
    with pytest.raises(ValueError, match="pixel scale 0.3″"):
        read([*paths[:3], tmp_path / "missing.fits"])
    good = write(tmp_path / "good.fits", image_of(0))
    flags = read([*paths[:3], good])[1]
    assert flags.tolist() == [Flag.WRONG_PIXEL_SCALE] * 3 + [0]


def test_non_square_pixels_are_a_wrong_scale(tmp_path):
    header = header_of()
    header["CDELT1"] *= 1.05
    with pytest.raises(ValueError, match="0.1764″"):
        read(write(tmp_path / "a.fits", image_of(0), header))


# -- HDUs -----------------------------------------------------------------------------------------------------------


def hdu_list(*hdus):
    return fits.HDUList([fits.PrimaryHDU(header=fits.Header({"MAGZERO": 27.0})), *hdus])


def test_the_science_extension_is_found_and_the_primary_header_asked(tmp_path):
    path = tmp_path / "mef.fits"
    scaled = header_of(BUNIT=None)
    hdu_list(
        fits.ImageHDU(image_of(5), name="PSF"),
        fits.ImageHDU(image_of(1), scaled, name="OTHER"),
        fits.ImageHDU(image_of(0), scaled, name="SCI"),
        fits.ImageHDU(image_of(2) ** 2, name="ERR"),
    ).writeto(path)
    for source, seed in ((path, 0), (f"{path}[SCI]", 0), (f"{path}[OTHER]", 1), (f"{path}[2]", 1), ([f"{path}[3]"], 0)):
        np.testing.assert_allclose(read(source)[0][0, ..., 0], 57.543994 * image_of(seed), rtol=1e-5)
    np.testing.assert_allclose(read([path, path], hdu="OTHER")[0][1, ..., 0], 57.543994 * image_of(1), rtol=1e-5)
    reasons = read([f"{path}[NO]", f"{path}[0]"])[2]
    assert reasons[0] == "no HDU 'NO'; there are 0: PRIMARY, 1: PSF, 2: OTHER, 3: SCI, 4: ERR"
    assert reasons[1].startswith("HDU 0 holds no image")


def test_many_stamps_in_one_file_are_never_one_by_chance(tmp_path):
    path = tmp_path / "stamps.fits"
    hdu_list(*(fits.ImageHDU(image_of(seed), header_of(BUNIT="adu")) for seed in range(3))).writeto(path)
    flags, reasons = read(path)[1:]
    assert flags.tolist() == [Flag.UNREADABLE]
    assert "3 images in it" in reasons[0]
    found, flags, _ = read(f"{path}[*]")
    assert not flags.any()
    np.testing.assert_allclose(found[..., 0], 57.543994 * EXPECTED[:3], rtol=1e-5)


def test_compressed_files_hold_the_same_images(tmp_path):
    data = np.round(image_of(0, 40) * 100).astype(np.float32)
    plain = read(write(tmp_path / "a.fits", data))[0]
    np.testing.assert_array_equal(plain[0, ..., 0], data[16:25, 16:25])
    gz = write(tmp_path / "a.fits.gz", data)
    compressed = fits.CompImageHDU(data.astype(np.int32), header_of(), compression_type="RICE_1")
    fits.HDUList([fits.PrimaryHDU(), compressed]).writeto(tmp_path / "a.fits.fz")
    for path in (gz, tmp_path / "a.fits.fz"):
        found, flags, _ = read(path)
        np.testing.assert_array_equal(found, plain)
        assert flags[0] == Flag.CROPPED
    assert len(read_cutouts(tmp_path, **MODEL)) == 3


def test_scaled_integers_and_blank_pixels(tmp_path):
    hdu = fits.PrimaryHDU(np.arange(81, dtype=np.int16).reshape(9, 9), header_of())
    hdu.header["BSCALE"], hdu.header["BZERO"] = 0.5, 10.0
    hdu.writeto(tmp_path / "a.fits")
    with fits.open(tmp_path / "a.fits", do_not_scale_image_data=True) as hdus:
        hdus[0].header["BLANK"] = int(hdus[0].data[2, 2])
        hdus.writeto(tmp_path / "b.fits")
    expected = fits.getdata(tmp_path / "a.fits")
    found, flags, _ = read([tmp_path / "a.fits", tmp_path / "b.fits"])
    np.testing.assert_allclose(found[0, ..., 0], expected)
    assert flags.tolist() == [0, Flag.NONFINITE_PIXELS]


def test_masks_count_inside_the_frame_only(tmp_path):
    data = image_of(0, 15)
    outside, inside = np.zeros((2, 15, 15), np.int16)
    outside[0, 0], inside[7, 7] = 3, 4
    paths = []
    for name, mask in (("outside", outside), ("inside", inside)):
        paths.append(tmp_path / f"{name}.fits")
        fits.HDUList(
            [fits.PrimaryHDU(), fits.ImageHDU(data, header_of(), name="SCI"), fits.ImageHDU(mask, name="DQ")]
        ).writeto(paths[-1])
    cropped = int(Flag.CROPPED)
    assert read(paths)[1].tolist() == [cropped, Flag.MASKED_PIXELS]
    assert read(paths, bad_bits=3)[1].tolist() == [cropped, cropped]
    assert read(paths, bad_bits=0)[1].tolist() == [cropped, cropped]


def test_detected_pixels_of_an_hsc_mask_are_not_bad(tmp_path):
    planes = {"MP_BAD": 0, "MP_SAT": 1, "MP_CR": 3, "MP_DETECTED": 5, "MP_NO_DATA": 8}
    paths = []
    for name, bit in (("detected", 5), ("saturated", 1), ("empty", 8)):
        mask = np.zeros((9, 9), np.int32)
        mask[4, 4] = 1 << bit
        paths.append(tmp_path / f"{name}.fits")
        header = fits.Header()
        for plane, number in planes.items():
            header[f"HIERARCH {plane}"] = number
        hdu_list(
            fits.ImageHDU(image_of(0), header_of(BUNIT=None), name="IMAGE"),
            fits.ImageHDU(mask, header, name="MASK"),
            fits.ImageHDU(image_of(1) ** 2, name="VARIANCE"),
        ).writeto(paths[-1])
    assert read(paths)[1].tolist() == [0, Flag.SATURATED_PIXELS, Flag.MASKED_PIXELS]


def test_bands_of_a_cube_come_first_in_fits(tmp_path):
    cube = np.stack([image_of(seed) for seed in range(3)])
    found = read(write(tmp_path / "cube.fits", cube), image_shape=(9, 9, 3))[0]
    np.testing.assert_array_equal(found[0], np.moveaxis(cube, 0, -1))


def test_only_the_centre_of_a_tile_is_read(tmp_path):
    import tracemalloc

    path = write(tmp_path / "tile.fits", np.random.default_rng(0).normal(size=(3001, 3001)).astype(np.float32))
    read(path)
    tracemalloc.start()
    read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6  # the tile takes 36 MB


# -- tables and HDF5 ------------------------------------------------------------------------------------------------


def test_tables_of_paths_in_memory(folder):
    paths = [str(folder / f"galaxy_{number}.fits") for number in range(5)]
    table = Table({"object_id": np.arange(5) + 10, "file": paths, "magnitude": np.ones(5)})
    frame = table.to_pandas()
    for source in (table, frame, Table({"magnitude": np.ones(5), "where": paths}), table["file", "magnitude"]):
        np.testing.assert_array_equal(read(source)[0][..., 0], EXPECTED)
    assert read_cutouts(table, **MODEL).names == ["10", "11", "12", "13", "14"]
    assert read_cutouts(frame[["file"]], **MODEL).names == paths
    frame["seen"] = frame.file[::-1].to_numpy()
    np.testing.assert_array_equal(read(frame, column="seen")[0][..., 0], EXPECTED[::-1])
    frame.loc[2, "file"] = None
    assert read(frame)[1].tolist() == [0, 0, Flag.UNREADABLE, 0, 0]
    with pytest.raises(ValueError, match="no column 'nope' in the table; there are object_id, file"):
        read(table, column="nope")
    with pytest.raises(ValueError, match="no column of paths"):
        read(table["object_id", "magnitude"])


def test_a_table_chooses_the_hdu_row_by_row(tmp_path):
    path = tmp_path / "stamps.fits"
    stamps = [fits.ImageHDU(image_of(seed), header_of(BUNIT="adu"), name=f"G{seed}") for seed in range(3)]
    hdu_list(*stamps).writeto(path)
    for hdus in ([3, 1, 2], ["G2", "G0", "G1"]):
        found = read(pandas.DataFrame({"path": [str(path)] * 3, "hdu": hdus}))[0]
        np.testing.assert_allclose(found[..., 0], 57.543994 * EXPECTED[[2, 0, 1]], rtol=1e-5)


@pytest.mark.parametrize("name", ["t.csv", "t.ecsv", "t.fits", "t.parquet"])
def test_tables_of_paths_in_files_are_relative_to_the_table(folder, name):
    table = Table({"path": [f"galaxy_{number}.fits" for number in range(5)], "id": ["a", "b", "c", "d", "e"]})
    if name.endswith("parquet"):
        table.to_pandas().to_parquet(folder / name)
    else:
        table.write(folder / name)
    cutouts = read_cutouts(folder / name, **MODEL)
    np.testing.assert_array_equal(cutouts.images[..., 0], EXPECTED)
    assert cutouts.names == ["a", "b", "c", "d", "e"]


def test_a_table_that_cannot_be_read_is_a_clear_error(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ValueError, match=r"t\.parquet: not a readable table"):
        read(tmp_path / "t.parquet")


def test_hdf5(tmp_path):
    path = tmp_path / "images.h5"
    with h5py.File(path, "w") as file:
        file["images"] = EXPECTED
        file["group/bands"] = EXPECTED[..., None] * 1e-3
        file["group/bands"].attrs.update({"unit": "uJy", "pixel_scale": 0.168})
        file["labels"] = np.ones((5, 3))
        file["coarse"] = EXPECTED
        file["coarse"].attrs["pixel_scale"] = 0.3
    np.testing.assert_array_equal(read(path)[0][..., 0], EXPECTED)
    np.testing.assert_allclose(read(f"{path}[group/bands]")[0][..., 0], EXPECTED, rtol=1e-6)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(read(file["images"])[0][..., 0], EXPECTED)
    with pytest.raises(ValueError, match="no dataset 'nope'; there are"):
        read(f"{path}[nope]")
    with pytest.raises(ValueError, match="image 0: pixel scale 0.3″"):
        read(f"{path}[coarse]")
    with h5py.File(tmp_path / "two.h5", "w") as file:
        file["a"], file["b"] = EXPECTED, EXPECTED
    with pytest.raises(ValueError, match=r"found a, b\. Choose one as"):
        read(tmp_path / "two.h5")


def test_a_damaged_chunk_of_hdf5_costs_its_own_image_alone(tmp_path):
    path = tmp_path / "images.h5"
    with h5py.File(path, "w") as file:
        chunks = file.create_dataset("images", data=EXPECTED, chunks=(1, 9, 9), fletcher32=True)
        at = chunks.id.get_chunk_info(2).byte_offset
    with open(path, "r+b") as file:
        file.seek(at + 8)
        file.write(b"\xff\x00\xff")
    found, flags, _ = read(path)
    assert flags.tolist() == [0, 0, Flag.UNREADABLE, 0, 0]
    np.testing.assert_array_equal(found[[0, 1, 3, 4], ..., 0], EXPECTED[[0, 1, 3, 4]])


def test_stopping_early_ends_the_reading(folder):
    import threading

    cutouts = read_cutouts(folder, **MODEL)
    for _ in cutouts.batches(1):
        break
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("cutouts") and thread.is_alive()]


def test_damaged_bytes_never_raise_and_always_have_a_reason(tmp_path):
    rng = np.random.default_rng(20260101)
    header = header_of(MAGZERO=31.4, SATURATE=1e5)
    whole = Path(write(tmp_path / "whole.fits", image_of(0, 20), header)).read_bytes()
    for number in range(200):
        damaged = bytearray(whole)
        for at in rng.integers(0, 1400, size=rng.integers(1, 6)):  # among the cards of the header
            damaged[at] = rng.choice(np.frombuffer(b"0123456789 ='/TF-.\x00\xff", np.uint8))
        (tmp_path / f"{number}.fits").write_bytes(damaged)
    found, flags, reasons = read([tmp_path / f"{number}.fits" for number in range(200)], check=False)
    refused = (flags & int(Flag.UNMEASURABLE)) != 0
    assert 20 < refused.sum() < 180
    np.testing.assert_array_equal(np.isnan(found).all(axis=(1, 2, 3)), refused)
    np.testing.assert_array_equal([reason != "" for reason in reasons], refused)


@pytest.mark.parametrize("form", ["shards", "fits"])
def test_a_simulated_data_set_by_its_folder(tmp_path, form):
    import gampen_tf

    dataset = gampen_tf.simulate(
        "hsc_wide_g", tmp_path / "set", n_images=2, seed=1, workers=1, format=form, progress_bar=False
    )
    model = {"image_shape": dataset.image_shape, "pixel_scale": 0.168}
    for source in (tmp_path / "set", dataset):
        cutouts = read_cutouts(source, **model)
        assert len(cutouts) == 2
        np.testing.assert_array_equal(cutouts.images, dataset.images())
    if form == "fits":
        np.testing.assert_array_equal(read_cutouts(tmp_path / "set/cutouts", **model).images, dataset.images())
    with pytest.raises(ValueError, match="galaxy 0: pixel scale 0.168″ from its header, but the model .* 0.2″"):
        read_cutouts(dataset, image_shape=dataset.image_shape, pixel_scale=0.2)
