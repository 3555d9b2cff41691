"""Rows of posteriors: selection and concatenation."""

import numpy as np
import pytest
from toy_posteriors import PLAIN, SCALER, UNMEASURED, components

from gampen_tf.posterior import Posterior


def test_a_galaxy_is_the_same_alone_and_in_any_company(posterior):
    order = np.array([7, 0, UNMEASURED, 11, 4])
    some = posterior[order]
    assert some.identifiers == [f"galaxy {i}" for i in order]
    np.testing.assert_allclose(some.samples, posterior.samples[order], rtol=1e-10)
    np.testing.assert_allclose(some.mode(), posterior.mode()[order], rtol=1e-9)
    np.testing.assert_allclose(some.interval(), posterior.interval()[order], rtol=1e-9)
    np.testing.assert_allclose(posterior[-1].samples, posterior.samples[-1:], rtol=1e-10)
    np.testing.assert_array_equal(posterior[posterior.flags == 0].flags, 0)
    joined = Posterior.concatenate([posterior[:5], posterior[5:]])
    np.testing.assert_allclose(joined.samples, posterior.samples, rtol=1e-10)
    with pytest.raises(IndexError):
        posterior[len(posterior)]


def test_concatenated_posteriors_may_have_different_numbers_of_passes(rng):
    few, many = Posterior(*components(rng, n=2, n_components=3), PLAIN), Posterior(*components(rng, n=2), PLAIN)
    joined = Posterior.concatenate([few, many])
    np.testing.assert_allclose(joined.median(), np.concatenate([few.median(), many.median()]), rtol=1e-12)
    np.testing.assert_allclose(joined.samples, np.concatenate([few.samples, many.samples]), rtol=1e-12)
    other = Posterior(few.means, few.scale_trils, SCALER)
    with pytest.raises(ValueError, match="different models"):
        Posterior.concatenate([few, other])


def test_reasons_stay_with_their_rows(rng):
    posterior = Posterior(*components(rng, n=4), PLAIN, metadata={"reasons": {"1": "late", "3": "lost"}, "seed": 2})
    assert posterior[1:].metadata == {"reasons": {"0": "late", "2": "lost"}, "seed": 2}
    assert posterior[0].metadata["reasons"] == {}
    joined = Posterior.concatenate([posterior[[3]], posterior[:2]])
    assert joined.metadata["reasons"] == {"0": "lost", "2": "late"}
    with pytest.raises(ValueError, match="no posteriors"):
        Posterior.concatenate([])
