"""Warnings of astropy, held back."""

import warnings

from gampen_tf.io.quiet import quiet_astropy


def test_quiet_astropy_leaves_the_callers_filters():
    before = list(warnings.filters)
    with quiet_astropy(), quiet_astropy():
        pass
    assert list(warnings.filters) == before
