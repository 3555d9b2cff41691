"""Posteriors of galaxy morphology from images.

>>> import gampen_tf
>>> posterior = gampen_tf.predict("cutouts/*.fits", n_mc=1000, model="hsc_wide_g")
>>> posterior.to_table()

The public names stand in ``__init__.pyi`` and are loaded when they are first used: importing the package loads neither
TensorFlow nor GalSim.
"""

import lazy_loader

from ._version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
