"""The deep generative model of galaxy images (Regier, McAuliffe & Prabhat 2015), and a convolutional variant.

x | z ~ N(f_μ(z), diag f_Σ(z)),  z ~ N(0, I),  q(z | x) = N(g_μ(x), diag g_Σ(x)).

An *encoder* g gives (g_μ, ln g_Σ), a *decoder* f gives (f_μ, ln f_Σ) for each pixel: the variances are exponentials of
what the last layers give.  The whole is the paper's "denoising autoencoder": the encoder's mean is corrupted by its
standard deviation times noise that comes in as an input, so that the network itself is deterministic.
"""

import math
from collections.abc import Callable

import keras
from keras import layers, ops

__all__ = [
    "DrawLatents",
    "GALAXY_VAES",
    "GalaxyVaeLoss",
    "autoencoder",
    "convolutional_galaxy_vae",
    "galaxy_vae",
    "kl_from_standard_normal",
    "log_density",
    "split",
]


def galaxy_vae(image_shape=(69, 69, 1), n_latents=8, units=(128, 128), name="galaxy_vae"):
    """The paper's model: two fully connected hidden layers in each half.

    Parameters
    ----------
    image_shape : (int, int, int)
    n_latents : int
    units : sequence of int
        Of the encoder's hidden layers; the decoder's are the same in reverse.

    Returns
    -------
    keras.Model
        See `autoencoder`.
    """
    images = keras.Input(image_shape, name="images")
    x = layers.Flatten()(images)
    for i, n in enumerate(units, start=1):
        x = layers.Dense(n, activation="relu", name=f"encoder_hidden{i}")(x)
    encoder = keras.Model(images, _latent_head(x, n_latents), name="encoder")

    latents = keras.Input((n_latents,), name="latents")
    x = latents
    for i, n in enumerate(reversed(units), start=1):
        x = layers.Dense(n, activation="relu", name=f"decoder_hidden{i}")(x)
    height, width, channels = image_shape
    x = layers.Dense(height * width * channels * 2, dtype="float32", name="pixels")(x)
    decoder = keras.Model(latents, layers.Reshape((height, width, 2 * channels))(x), name="decoder")
    return autoencoder(encoder, decoder, name=name)


def convolutional_galaxy_vae(
    image_shape=(69, 69, 1), n_latents=8, filters=(16, 32, 32), units=128, name="convolutional_galaxy_vae"
):
    """A convolutional variant: encoder and decoder with convolutions next to the images, and fewer weights.

    Parameters
    ----------
    image_shape : (int, int, int)
        Any height and width.
    n_latents : int
    filters : sequence of int
        Of the encoder's 3 × 3 convolutions, each of stride 2; the decoder goes back by bilinear upsampling and
        convolutions, and to the full resolution by a transposed one.
    units : int
        Of one dense layer in each half.

    Returns
    -------
    keras.Model
        See `autoencoder`.
    """
    height, width, channels = image_shape
    images = keras.Input(image_shape, name="images")
    x = images
    for i, n in enumerate(filters, start=1):
        x = layers.Conv2D(n, 3, strides=2, padding="same", activation="relu", name=f"encoder_conv{i}")(x)
    coarse = x.shape[1:]
    x = layers.Dense(units, activation="relu", name="encoder_hidden")(layers.Flatten()(x))
    encoder = keras.Model(images, _latent_head(x, n_latents), name="encoder")

    latents = keras.Input((n_latents,), name="latents")
    x = layers.Dense(units, activation="relu", name="decoder_hidden1")(latents)
    x = layers.Dense(coarse[0] * coarse[1] * coarse[2], activation="relu", name="decoder_hidden2")(x)
    x = layers.Reshape(coarse)(x)
    for i, n in enumerate(reversed(filters[:-1]), start=1):
        x = layers.UpSampling2D(2, interpolation="bilinear")(x)
        x = layers.Conv2D(n, 3, padding="same", activation="relu", name=f"decoder_conv{i}")(x)
    # the kernel's side is a multiple of the stride: every pixel has as many terms as its neighbours
    x = layers.Conv2DTranspose(2 * channels, 4, strides=2, padding="same", dtype="float32", name="pixels")(x)
    # halving rounds up, so doubling back overshoots by less than the coarse pixel
    extra = x.shape[1] - height, x.shape[2] - width
    x = layers.Cropping2D([(n // 2, n - n // 2) for n in extra], dtype="float32")(x)
    return autoencoder(encoder, keras.Model(latents, x, name="decoder"), name=name)


GALAXY_VAES: dict[str, Callable[..., keras.Model]] = {"dense": galaxy_vae, "convolutional": convolutional_galaxy_vae}


# its name in files is the paper's word
@keras.saving.register_keras_serializable("gampen_tf", name="Corrupt")
class DrawLatents(layers.Layer):
    """Latents drawn from the encoder's normal distribution: z = μ + exp(ln σ² / 2) ε (Regier et al. 2015, eq. 7).

    Call arguments
    --------------
    encoded : (B, 2 L) tensor
        Means, then log-variances.
    noise : (B, L) tensor
        Standard normal.
    """

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})

    def call(self, encoded, noise):
        mean, log_variance = ops.split(encoded, 2, axis=-1)
        return mean + ops.exp(0.5 * log_variance) * noise

    def compute_output_shape(self, encoded_shape, noise_shape):
        return noise_shape


def autoencoder(encoder, decoder, name="autoencoder"):
    """Join an encoder and a decoder to one network.

    Parameters
    ----------
    encoder : keras.Model
        From images (B, H, W, C) to (B, 2 L): means, then log-variances of the latents.
    decoder : keras.Model
        From latents (B, L) to (B, H, W, 2 C): means, then log-variances of the pixels.

    Returns
    -------
    keras.Model
        From ``images`` and standard normal ``noise`` (B, L) to a dict of ``latents`` (B, 2 L) and ``pixels``
        (B, H, W, 2 C), float32; its layers "encoder" and "decoder" are the two.
    """
    images = keras.Input(encoder.input_shape[1:], name="images")
    noise = keras.Input(decoder.input_shape[1:], name="noise")
    encoded = encoder(images)
    pixels = decoder(DrawLatents(name="corrupt")(encoded, noise))
    return keras.Model({"images": images, "noise": noise}, {"latents": encoded, "pixels": pixels}, name=name)


def _latent_head(x, n_latents):
    return layers.Dense(2 * n_latents, dtype="float32", name="latents")(x)


def split(parameters):
    """Means and log-variances, the two halves of the last axis."""
    half = parameters.shape[-1] // 2
    return parameters[..., :half], parameters[..., half:]


def log_density(x, mean, log_variance, n_axes=1):
    """Log-density of a normal distribution, ln N(x; mean, diag exp(log_variance)), over the last `n_axes` axes."""
    terms = (x - mean) ** 2 * ops.exp(-log_variance) + log_variance + math.log(2 * math.pi)
    return -0.5 * ops.sum(terms, axis=tuple(range(-n_axes, 0)))


def kl_from_standard_normal(mean, log_variance):
    """Kullback–Leibler divergence of N(mean, diag exp(log_variance)) from N(0, I), over the last axis.

    ½ Σ (μ² + σ² − 1 − ln σ²).
    """
    return 0.5 * ops.sum(mean**2 + ops.exp(log_variance) - 1 - log_variance, axis=-1)


class GalaxyVaeLoss:
    """The loss: minus the bound on the log-likelihood of each image, in nats a pixel.

    (B,) from images (B, H, W, C) and the outputs of an `autoencoder`. The expectation over q is that of the noise the
    network was given, one draw an image.
    """

    def __call__(self, images, outputs):
        likelihood = log_density(images, *split(outputs["pixels"]), n_axes=3)
        divergence = kl_from_standard_normal(*split(outputs["latents"]))
        return (divergence - likelihood) / math.prod(images.shape[1:])
