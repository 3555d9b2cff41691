"""Published networks, one a file, and functions on their graphs; untrained, in Keras alone.

A new network is one file: a function under ``@register("its_name", preset=..., stretch_inside=..., paper=...)``, and a
line below that imports it. The rest of the package takes any network that keeps this contract, and :func:`check` names
what is missing:

* The function takes ``image_shape``, ``n_parameters`` and options that all have defaults: ``dropout_rate`` and ``head``
  ("gaussian" or "point") among them. Defaults are plain data, for they are kept with a trained model.
* It returns a functional ``keras.Model``, whose graph can be cut, with the input ``images`` (N, H, W, C) and, by these
  names, what it takes beside it: ``psf`` (N, h, w, 1), and ``noise`` (N, 1), the standard deviation of a pixel of an
  image of one band, in the unit of the images.
* Inputs that a user may leave out are named in ``@register(..., optional=("psf", "noise"))``. A PSF that is not known
  is an image of zeros; a noise that is not given is measured from the image. Under ``fills_masked=True`` lost pixels
  come as NaN, and the network fills them in.
* The last layer is named ``head``, in float32 whatever the dtype policy, with
  ``find_head(head).n_outputs(n_parameters)`` outputs.
* Dropout is `MonteCarloDropout`, each layer with an ``index`` of its own, as
  :func:`gampen_tf.layers.numbered_dropout` gives them: Keras's own is off when a network predicts.
* Where there is a ``keras.layers.Normalization``, its statistics are those of the training images, and it stands before
  any weight.
* Layers that are not Keras's are registered under "gampen_tf", with their arguments in ``get_config``; there is no
  ``Lambda``. Files that name other code are not loaded.
* A layer that may stand between convolutions and compute in bfloat16 as they do, and is none of the usual ones, is
  named in ``@register(..., between_convolutions=(MyLayer,))``.
"""

from .compact_network import compact
from .contract import check
from .deeplegato_network import deeplegato
from .galnet_network import galnet1, galnet2
from .gampen_network import gampen
from .gampen_weights import load_gampen_weights
from .informed_network import informed
from .parts import inputs_beside
from .registry import Network, build, find, names, options_of, register
from .workshop_network import workshop

__all__ = [
    "Network",
    "build",
    "check",
    "compact",
    "deeplegato",
    "find",
    "galnet1",
    "galnet2",
    "gampen",
    "informed",
    "inputs_beside",
    "load_gampen_weights",
    "names",
    "options_of",
    "register",
    "workshop",
]
