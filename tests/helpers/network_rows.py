"""The rows of a network's table, to compare with its paper's."""

import keras

from gampen_tf.layers import MonteCarloDropout


def rows(network):
    """N noise, D dropout, P pooling; of convolutions the number of filters and their side, of dense layers units."""
    found = []
    for layer in network.layers:
        if isinstance(layer, keras.layers.GaussianNoise):
            found.append("N")
        elif isinstance(layer, MonteCarloDropout):
            found.append("D")
        elif isinstance(layer, keras.layers.MaxPooling2D):
            found.append("P")
        elif isinstance(layer, keras.layers.Conv2D):
            found.append(f"{layer.filters}@{layer.kernel_size[0]}")
        elif isinstance(layer, keras.layers.Dense):
            found.append(str(layer.units))
    return " ".join(found)
