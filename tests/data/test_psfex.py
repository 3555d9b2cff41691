"""PSFs of PSFEx models."""

import numpy as np
import pytest
from astropy.io import fits

from gampen_tf.data import Refusal, psfex_stamps
from gampen_tf.data.map_files import read_psf

ZERO, SCALE = (1024.5, 2040.0), (2000.0, 4000.0)


def write_model(path, vectors, *, degree=2, step=1.0, **cards):
    """A model as PSFEx writes it."""
    n, height, width = vectors.shape
    column = fits.Column("PSF_MASK", f"{vectors.size}E", dim=f"({width},{height},{n})", array=vectors[None])
    header = fits.Header({"POLNAXIS": 2, "POLNGRP": 1, "POLDEG1": degree, "PSF_SAMP": step, "PSF_FWHM": 3.0})
    for axis, name in enumerate(("X_IMAGE", "Y_IMAGE")):
        header[f"POLGRP{axis + 1}"], header[f"POLNAME{axis + 1}"] = 1, name
        header[f"POLZERO{axis + 1}"], header[f"POLSCAL{axis + 1}"] = ZERO[axis], SCALE[axis]
    header["PSFNAXIS"], header["PSFAXIS1"], header["PSFAXIS2"], header["PSFAXIS3"] = 3, width, height, n
    header.update(cards)
    fits.BinTableHDU.from_columns([column], header, name="PSF_DATA").writeto(path, overwrite=True)
    return str(path)


def gaussian(size, sigma):
    y, x = np.mgrid[:size, :size] - size // 2
    return np.exp(-0.5 * (x**2 + y**2) / sigma**2) / (2 * np.pi * sigma**2)


def test_vectors_are_added_with_the_polynomial_of_the_position(tmp_path, rng):
    vectors = rng.normal(size=(6, 5, 7)).astype(np.float32)
    path = write_model(tmp_path / "a.psf", vectors)
    x, y = np.array([100.0, 1500.0, 1024.5]), np.array([3000.0, 20.0, 2040.0])
    found = psfex_stamps(path, x, y)
    for row in range(3):
        u, v = (x[row] - ZERO[0]) / SCALE[0], (y[row] - ZERO[1]) / SCALE[1]
        a, b, c, d, e, f = vectors.astype(float)
        expected = a + u * b + u**2 * c + v * d + u * v * e + v**2 * f
        np.testing.assert_allclose(found[row], expected, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(psfex_stamps(path, x[row], y[row]), expected, rtol=1e-6, atol=1e-9)
    for middle in (psfex_stamps(path), read_psf(path)):
        np.testing.assert_allclose(middle, vectors[0], rtol=1e-6)


@pytest.mark.parametrize("step", [0.5, 0.8, 1.25])
def test_a_model_with_another_step_is_on_the_pixels_of_its_image(tmp_path, step):
    """As GalSim reads and draws it; the closed form of a Gaussian too."""
    from galsim import ImageD, PositionD
    from galsim.des import DES_PSFEx

    size, sigma = 41, 1.7  # px of the image
    model = np.stack([gaussian(size, sigma / step), gaussian(size, 1.3 * sigma / step), gaussian(size, sigma / step)])
    path = write_model(tmp_path / "a.psf", model.astype(np.float32), degree=1, step=step)
    found = psfex_stamps(path, 1500.0, 1000.0)
    assert [side % 2 for side in found.shape] == [1, 1]
    drawn = (
        DES_PSFEx(path).getPSF(PositionD(1500.0, 1000.0)).drawImage(ImageD(*found.shape), scale=1.0, method="no_pixel")
    )
    scaled = found / found.sum()
    # GalSim interpolates with fewer lobes
    np.testing.assert_allclose(scaled, drawn.array / drawn.array.sum(), atol=0.01 * scaled.max())
    middle = psfex_stamps(path)
    np.testing.assert_allclose(middle / middle.sum(), gaussian(len(middle), sigma), atol=3e-3 * scaled.max())


def test_a_model_without_a_polynomial_is_the_same_everywhere(tmp_path):
    path = write_model(tmp_path / "a.psf", gaussian(9, 1.0)[None].astype(np.float32), degree=0, POLNAXIS=0)
    np.testing.assert_array_equal(psfex_stamps(path, [3.0, 900.0], [1.0, 2.0]), np.stack([psfex_stamps(path)] * 2))


def test_what_is_no_such_model_is_refused(tmp_path):
    (tmp_path / "text.psf").write_text("no model")
    fits.writeto(tmp_path / "image.psf", np.ones((5, 5)))
    vectors = np.ones((6, 5, 5), np.float32)
    for path, message in (
        (tmp_path / "missing.psf", "no such file"),
        (tmp_path / "text.psf", "not a readable PSFEx model"),
        (tmp_path / "image.psf", "expected one PSFEx model, found 0"),
        (write_model(tmp_path / "a.psf", vectors, degree=1), "of degree 1, 3 vectors; found 2 coordinates, 6 vectors"),
        (write_model(tmp_path / "b.psf", vectors, POLNAXIS=3), "found 3 coordinates"),
    ):
        with pytest.raises(Refusal, match=message):
            psfex_stamps(path)
    with pytest.raises(ValueError, match="both x and y"):
        psfex_stamps(write_model(tmp_path / "c.psf", vectors), x=1.0)
