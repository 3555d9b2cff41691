"""Speed of training: images per second of each network, in float32 and in bfloat16.

    python benchmarks/training.py --quick      # some three minutes on two cores
    python benchmarks/training.py              # some fifteen

*whole* trains the network on images with Keras's own ``fit``, the plain way; *loop* trains it with gampen_tf's loop on
the same images; *kept front* is what ``gampen_tf.train`` does where the network begins without weights: the part
before the first weight is computed once, and the loop trains the rest. Images are random, in memory; the
first epoch, which compiles, is not counted. The losses of the two kinds of arithmetic are compared after the same steps
from the same weights. The table is printed and written to ``benchmarks/training.md``.
"""

import argparse
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from gampen_tf.training import GaussianNegativeLogLikelihood, Preset, Trainer
from gampen_tf.training.fixed_front import compute_front, split_front
from gampen_tf.training.network_building import build_network
from gampen_tf.training.pipelines import TensorPipeline

HERE = Path(__file__).parent
SIDE = 239
CHANNELS = {"compact": 1, "gampen": 3}
BATCH = {"compact": 128, "gampen": 16}


def main():
    options = _options()
    rows = []
    for name in options.networks:
        for precision in ("float32", "bfloat16"):
            for way in (keras_fit, our_loop, kept_front):
                measured = way(name, precision, options.batches * BATCH[name])
                if measured is not None:
                    rows.append((name, precision, way.__doc__.split(".")[0], *measured))
                    print(*rows[-1], sep="  ", flush=True)
    report = _report(rows)
    print("\n" + report)
    (HERE / "training.md").write_text(report)


def keras_fit(name, precision, n_images):
    """whole. Keras's ``fit``; (images per second, mean loss of the epoch)."""
    network, images, labels, strategy = _problem(name, precision, n_images)
    network.compile(keras.optimizers.AdamW(1e-4, weight_decay=1e-4), GaussianNegativeLogLikelihood())
    options = {"batch_size": BATCH[name], "shuffle": False, "verbose": 0}
    network.fit(images, labels, **options)
    started = time.perf_counter()
    history = network.fit(images, labels, **options)
    return n_images / (time.perf_counter() - started), history.history["loss"][0]


def our_loop(name, precision, n_images):
    """loop."""
    network, images, labels, strategy = _problem(name, precision, n_images)
    return _trained(network, TensorPipeline((images,), labels, BATCH[name]), strategy)


def kept_front(name, precision, n_images):
    """kept front."""
    network, images, labels, strategy = _problem(name, precision, n_images)
    parts = split_front(network)
    if parts is None:
        return None
    kept = compute_front(parts[0], TensorPipeline((images,), labels, 64))
    pipeline = TensorPipeline(kept.values, labels, BATCH[name], scales=kept.scales)
    return _trained(parts[1], pipeline, strategy)


def _problem(name, precision, n_images):
    keras.utils.clear_session()
    rng = np.random.default_rng(0)
    images = rng.normal(0, 1.6, (n_images, SIDE, SIDE, CHANNELS[name])).astype(np.float32)
    strategy = tf.distribute.get_strategy()
    network, _ = build_network(name, images.shape[1:], 3, {"dropout_rate": 0.0}, 0, precision, strategy)
    return network, images, rng.normal(size=(n_images, 3)).astype(np.float32), strategy


def _trained(network, pipeline, strategy):
    preset = Preset(learning_rate=1e-4, weight_decay=1e-4, schedule="constant", warmup=0.0)
    loss = GaussianNegativeLogLikelihood(reduction=None)
    trainer = Trainer(network, preset, loss, strategy, 2 * pipeline.n_batches, progress_bar=False)
    history = trainer.run(pipeline, None, 2)
    return pipeline.n_images / history[1]["seconds"], history[1]["loss"]


def _report(rows):
    lines = [
        f"Training at {SIDE} px, AdamW, batches of {BATCH}; TensorFlow {tf.__version__}, Keras {keras.__version__}, "
        f"{len(tf.config.list_physical_devices('GPU'))} GPUs.",
        "",
        "| network | arithmetic | way | images/s | ms an image | loss of the second epoch |",
        "| --- | --- | --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {name} | {precision} | {way} | {rate:.1f} | {1e3 / rate:.2f} | {loss:.4f} |"
        for name, precision, way, rate, loss in rows
    ]
    return "\n".join(lines) + "\n"


def _options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--networks", nargs="+", default=["compact", "gampen"], choices=sorted(BATCH))
    parser.add_argument("--batches", type=int, default=12, help="of an epoch")
    parser.add_argument("--quick", action="store_true", help="three batches an epoch")
    options = parser.parse_args()
    options.batches = 3 if options.quick else options.batches
    return options


if __name__ == "__main__":
    main()
