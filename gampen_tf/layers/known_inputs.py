"""What is known of an image beside its pixels: its unit, pixels that are masked, and what is withheld in training."""

import keras
from keras import ops

__all__ = ["FillMasked", "InUnitsOf", "RandomlyWithheld"]


@keras.saving.register_keras_serializable("gampen_tf")
class FillMasked(keras.layers.Layer):
    """Pixels that are NaN take the value of their counterpart: half a turn about the centre away, else a quarter turn.

    A galaxy is nearly the same there. Where all counterparts are NaN too, the pixel becomes 0, the mean of the sky.

    Call arguments
    --------------
    images : (N, S, S, C) float tensor
    """

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})

    def build(self, input_shape):
        if input_shape[1] != input_shape[2]:
            raise ValueError(f"expected square images, found {tuple(input_shape[1:3])}")

    def call(self, images):
        turned = ops.flip(images, axis=(1, 2))
        quarter = ops.flip(ops.transpose(images, (0, 2, 1, 3)), axis=1)
        filled = images
        for counterpart in (turned, quarter, ops.flip(quarter, axis=(1, 2)), ops.zeros_like(images)):
            filled = ops.where(ops.isnan(filled), counterpart, filled)
        return filled

    def compute_output_shape(self, input_shape):
        return input_shape


@keras.saving.register_keras_serializable("gampen_tf")
class InUnitsOf(keras.layers.Layer):
    """Each image divided by a number of its own.

    Call arguments
    --------------
    inputs : (images, units)
        (N, H, W, C) and (N, 1) float tensors.
    """

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})

    def call(self, inputs):
        images, units = inputs
        return images / units[:, :, None, None]

    def compute_output_shape(self, input_shape):
        return input_shape[0]


@keras.saving.register_keras_serializable("gampen_tf")
class RandomlyWithheld(keras.layers.Layer):
    """In training, all features of a random part of the galaxies are set to zero; otherwise the identity.

    Unlike dropout, a galaxy's features go or stay together and are not rescaled: a network learns to do without them.

    Parameters
    ----------
    rate : float
        Fraction of the galaxies.
    seed : int, optional

    Call arguments
    --------------
    features : (N, F) float tensor
    training : bool
    """

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate <= 1:
            raise ValueError(f"rate {rate}; expected a fraction from 0 to 1")
        self.rate, self.seed = float(rate), seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, features, training=False):
        if not training or not self.rate:
            return features
        kept = keras.random.uniform((ops.shape(features)[0], 1), seed=self.seed_generator) >= self.rate
        return ops.where(kept, features, ops.zeros_like(features))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
