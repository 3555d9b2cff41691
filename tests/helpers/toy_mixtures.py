"""Random mixtures of Gaussians and their marginals."""

import numpy as np

from gampen_tf.core import Parameter
from gampen_tf.posterior.marginal import Marginal

RADIUS = Parameter("effective_radius", "arcsec", (0, np.inf), "log")
RATIO = Parameter("bulge_to_total", "", (0, 1), "logit", clip=0.01)
INDEX = Parameter("sersic_index")


def mixture(rng, n=40, n_components=6, scatter=0.5):
    mean = rng.normal(size=(n, 1)) + scatter * rng.normal(size=(n, n_components))
    sd = np.exp(rng.normal(-0.7, 0.5, (n, n_components)))
    return mean, sd, rng.dirichlet(np.full(n_components, 2.0), n)


def single(parameter, mean, sd, shift=0.0, scale=1.0):
    return Marginal(parameter, shift, scale, np.array([[mean]]), np.array([[sd]]), np.ones((1, 1)))
