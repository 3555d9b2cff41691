"""The PSF of the toy galaxies."""

import pytest
from toy_galaxies import PSF, SCALE


@pytest.fixture(scope="module")
def psf():
    return PSF.drawImage(nx=61, ny=61, scale=SCALE).array.astype(float)
