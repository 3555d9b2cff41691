"""Short trainings of small networks, for tests of what training does."""

from dataclasses import replace

import keras
import numpy as np

from gampen_tf.core import Parameter, ParameterSet
from gampen_tf.layers import find_head
from gampen_tf.training import Preset, finetune, train

QUICK = Preset(learning_rate=3e-3, batch_size=16, epochs=4, weight_decay=1e-4, clip_norm=5.0, averaging=0.9)
SGD = Preset(optimizer="sgd", schedule="constant", warmup=0.0, learning_rate=0.05, momentum=0.9, batch_size=8, epochs=5)
POINT = replace(QUICK, objective="huber", epochs=40, learning_rate=0.01)
SEEING = ParameterSet([Parameter("psf_fwhm", "arcsec", (0, np.inf), "log")])


def quick(dataset, output=None, **options):
    options = {"preset": QUICK, "precision": "float32", "progress_bar": False, "seed": 5, **options}
    return train(dataset, output, network="small", **options)


def tuned(base, dataset, **options):
    options = {"preset": replace(QUICK, averaging=None), "epochs": 1, "precision": "float32", **options}
    return finetune(base, dataset, progress_bar=False, **options)


def weights(model):
    return [variable.numpy() for variable in model.network.variables]


def layer_weights(model, name):
    return model.network.get_layer(name).kernel.numpy()


def without_times(model):
    return [{k: v for k, v in entry.items() if k != "seconds"} for entry in model.provenance["history"]]


def psf_network(image_shape, n_parameters, head="gaussian"):
    """Sees the image's sum and the PSF."""
    images, psf = keras.Input(image_shape, name="images"), keras.Input((15, 15, 1), name="psf")
    total = keras.layers.Rescaling(1e-4)(keras.layers.Flatten()(keras.layers.AveragePooling2D(image_shape[0])(images)))
    x = keras.layers.Flatten()(keras.layers.Rescaling(30.0, name="rescaled")(psf))
    x = keras.layers.Dense(16, activation="tanh", name="dense")(x)
    x = keras.layers.Concatenate()([total, x])
    n_outputs = find_head(head).n_outputs(n_parameters)
    return keras.Model({"images": images, "psf": psf}, keras.layers.Dense(n_outputs, name="head")(x), name="with_psf")
