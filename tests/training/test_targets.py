"""Parameters and label scalers of a training."""

import numpy as np

from gampen_tf.core import Parameter, ParameterSet
from gampen_tf.training import fit_scaler

LOG_RADIUS = Parameter("effective_radius", "arcsec", (0, np.inf), "log")


def test_labels_by_range_are_from_minus_one_to_one():
    class Data:
        def truth(self, names):
            return np.array([[16.0, 0.1], [23.0, np.nan], [20.0, 1.9], [99.0, 9.0]])

        def split(self, name):
            return np.array([0, 1, 2])

    parameters = ParameterSet([Parameter("magnitude", "mag"), LOG_RADIUS])
    scaler = fit_scaler(Data(), parameters, "range")
    np.testing.assert_allclose(scaler.transform([[16.0, 0.1], [23.0, 1.9], [19.5, 1.0]]), [[-1, -1], [1, 1], [0, 0]])
    np.testing.assert_allclose(scaler.inverse([[1.0, 1.0]]), [[23.0, 1.9]])
