"""The parameters that the package knows."""

from __future__ import annotations

import numpy as np

from .parameters import Parameter

__all__ = ["STANDARD_PARAMETERS"]

# Sizes and fluxes through the logarithm, fractions through the logit (Ghosh et al. 2022, § 5.2).  The clip of 0.01 is
# our choice: it maps one-component galaxies, whose B/T is exactly 0 or 1, to finite labels.
STANDARD_PARAMETERS = {
    parameter.name: parameter
    for parameter in (
        Parameter("bulge_to_total", "", (0, 1), "logit", 0.01),
        Parameter("effective_radius", "arcsec", (0, np.inf), "log"),
        Parameter("semi_major_axis", "arcsec", (0, np.inf), "log"),
        Parameter("flux", "nJy", (0, np.inf), "log"),
        Parameter("magnitude", "mag"),
        Parameter("sersic_index", "", (0, np.inf), "log"),
        Parameter("axis_ratio", "", (0, 1), "logit", 0.01),
        Parameter("position_angle", "deg"),
        # both together, without its seam: see gampen_tf.core.ellipticity
        Parameter("eta1"),
        Parameter("eta2"),
        Parameter("x", "arcsec"),
        Parameter("y", "arcsec"),
    )
}
