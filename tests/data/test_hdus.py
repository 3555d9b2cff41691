"""Which HDU is the image."""

import numpy as np
from astropy.io import fits
from toy_images import EXPECTED, hdu_list, header_of, image_of, read

from gampen_tf.core import Flag


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
    # what everyone who gives images can do, not arguments that some functions lack
    assert "choose one as path[EXT]" in reasons[0]
    assert "hdu=" not in reasons[0]
    found, flags, _ = read(f"{path}[*]")
    assert not flags.any()
    np.testing.assert_allclose(found[..., 0], 57.543994 * EXPECTED[:3], rtol=1e-5)
