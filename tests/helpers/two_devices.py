"""Run by a test in a process of its own: two logical CPU devices give the losses of one to rounding."""

import numpy as np
import tensorflow as tf
from toy_data import blobs, small_network

from gampen_tf.training import GaussianNegativeLogLikelihood, Preset, Trainer
from gampen_tf.training.pipelines import TensorPipeline

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
images, labels = blobs(80)
images, labels = np.arcsinh(images), np.log(np.stack(list(labels.values()), axis=1)) - [5.0, 0.7]
initial = small_network(dropout_rate=0.0).get_weights()
presets = [
    # clipping that acts, decoupled decay, averaged weights; and the paper's: summed loss, penalty, momentum
    Preset(learning_rate=1e-2, batch_size=16, epochs=3, weight_decay=0.1, clip_norm=0.5, averaging=0.9),
    Preset("sgd", 1e-4, 16, 3, momentum=0.9, reduction="sum", l2=1e-2, schedule="constant"),
]


def histories(strategy):
    for preset in presets:
        with strategy.scope():
            network = small_network(dropout_rate=0.0)
            network.set_weights(initial)
        loss = GaussianNegativeLogLikelihood(reduction=None)
        trainer = Trainer(network, preset, loss, strategy, 12, progress_bar=False)
        training = TensorPipeline((images[:64],), labels[:64], 16, shuffle=True, drop_remainder=True)
        validation = TensorPipeline((images[64:],), labels[64:], 7)  # the last batch gives one device less
        for entry in trainer.run(training, validation, preset.epochs):
            yield [entry[key] for key in ("loss", "penalty", "validation_loss")]


one = np.array(list(histories(tf.distribute.get_strategy())))
two = np.array(list(histories(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))))
assert np.ptp(one[:3, 0]) > 0.1, "the loss should have changed"
assert np.ptp(one[3:, 0]) > 0.1, "the loss should have changed"
np.testing.assert_allclose(two, one, rtol=2e-5)
