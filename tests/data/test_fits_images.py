"""Images out of FITS files, whole and damaged ones."""

import gzip
import warnings
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Table
from toy_images import EXPECTED, hdu_list, header_of, image_of, opened, read, write_fits

from gampen_tf.core import Flag


def test_every_kind_of_broken_file_costs_its_own_row_alone(folder):
    whole = (folder / "galaxy_0.fits").read_bytes()
    large = Path(write_fits(folder / "large.fits", image_of(0, 200))).read_bytes()
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


def test_compressed_files_hold_the_same_images(tmp_path):
    data = np.round(image_of(0, 40) * 100).astype(np.float32)
    plain = read(write_fits(tmp_path / "a.fits", data))[0]
    np.testing.assert_array_equal(plain[0, ..., 0], data[16:25, 16:25])
    gz = write_fits(tmp_path / "a.fits.gz", data)
    compressed = fits.CompImageHDU(data.astype(np.int32), header_of(), compression_type="RICE_1")
    fits.HDUList([fits.PrimaryHDU(), compressed]).writeto(tmp_path / "a.fits.fz")
    for path in (gz, tmp_path / "a.fits.fz"):
        found, flags, _ = read(path)
        np.testing.assert_array_equal(found, plain)
        assert flags[0] == Flag.CROPPED
    assert len(opened(tmp_path)) == 3


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
    found = read(write_fits(tmp_path / "cube.fits", cube), image_shape=(9, 9, 3))[0]
    np.testing.assert_array_equal(found[0], np.moveaxis(cube, 0, -1))


def test_only_the_centre_of_a_tile_is_read(tmp_path):
    import tracemalloc

    path = write_fits(tmp_path / "tile.fits", np.random.default_rng(0).normal(size=(3001, 3001)).astype(np.float32))
    read(path)
    tracemalloc.start()
    read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6  # the tile takes 36 MB


def test_damaged_bytes_never_raise_and_always_have_a_reason(tmp_path):
    rng = np.random.default_rng(20260101)
    header = header_of(MAGZERO=31.4, SATURATE=1e5)
    whole = Path(write_fits(tmp_path / "whole.fits", image_of(0, 20), header)).read_bytes()
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
