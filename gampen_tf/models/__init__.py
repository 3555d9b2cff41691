"""Trained models and their directories: network, label scaler, stretch, recalibration, domain limits.

The public names stand in ``__init__.pyi`` and are loaded when they are first used: a list of models needs no Keras.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
