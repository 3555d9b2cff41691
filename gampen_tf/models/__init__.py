"""Trained models: network, scaler, stretch, limits; their directories. Nothing here touches data.

The public names stand in ``__init__.pyi`` and are loaded when they are first used: a list of models needs no Keras.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
