"""Does the pipeline keep ahead of the training step?  Images per second that each way of reading delivers.

    python benchmarks/pipeline.py              # a minute or two on two cores; 0.5 GB on disk for its time

Shards of random 239 px images are written to a temporary folder and read back by the pipelines that training uses,
with nothing else running: shuffled, arcsinh-stretched and augmented.  The files were just written, so they come from
the operating system's cache: what is measured is the pipeline, not the disk.  Compare with the rates in
``benchmarks/training.md``.  The table is printed and written to ``benchmarks/pipeline.md``.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from gampen_tf.core import Stretch
from gampen_tf.training import Augmentation
from gampen_tf.training.fixed_front import compute_front, split_front
from gampen_tf.training.network_building import build_network
from gampen_tf.training.pipelines import ShardPipeline, TensorPipeline

HERE = Path(__file__).parent
SHAPE = (239, 239, 1)
SHARD_SIZE = 250


def main():
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.directory) as folder:
        rows = list(_rates(Path(folder), options.n_images))
    lines = [
        f"{options.n_images} images of {SHAPE[0]} px; TensorFlow {tf.__version__}, its own number of threads.",
        "",
        "| what | images/s | MB/s as float32 |",
        "| --- | ---: | ---: |",
    ]
    size = 4e-6 * np.prod(SHAPE)
    lines += [f"| {what} | {rate:.0f} | {rate * size:.0f} |" for what, rate in rows]
    report = "\n".join(lines) + "\n"
    print(report)
    (HERE / "pipeline.md").write_text(report)


def _rates(folder, n_images):
    paths, labels = _write_shards(folder, n_images)
    stretch, augment = Stretch("arcsinh", 1.6), Augmentation()
    ways = {
        "shards, in order": {},
        "shards, shuffled": {"shuffle": True},
        "shards, shuffled and stretched": {"shuffle": True, "stretch": stretch},
        "shards, shuffled, stretched and turned": {"shuffle": True, "stretch": stretch, "augment": augment},
        "and shifted": {"shuffle": True, "stretch": stretch, "augment": Augmentation(max_shift=4)},
    }
    for what, settings in ways.items():
        yield what, _rate(ShardPipeline(paths, SHAPE, labels, 64, **settings))

    network, _ = build_network("compact", SHAPE, 3, {}, 0, "float32", tf.distribute.get_strategy())
    front, _ = split_front(network)
    source = ShardPipeline(paths, SHAPE, labels, 64)
    compute_front(front, source)
    started = time.perf_counter()
    kept = compute_front(front, source)
    yield "front of `compact`, computed once a run", n_images / (time.perf_counter() - started)
    pipeline = TensorPipeline(kept.values, labels, 128, scales=kept.scales, shuffle=True, augment=augment)
    yield "kept fronts of `compact`, shuffled and turned", _rate(pipeline)


def _rate(pipeline):
    for epoch in range(2):
        started = time.perf_counter()
        for _ in pipeline.epoch(epoch):
            pass
    return pipeline.n_images / (time.perf_counter() - started)


def _write_shards(folder, n_images):
    rng = np.random.default_rng(0)
    paths = []
    for first in range(0, n_images, SHARD_SIZE):
        paths.append(folder / f"shard-{first:06d}.f32")
        rng.normal(0, 1.6, (min(SHARD_SIZE, n_images - first), *SHAPE)).astype("<f4").tofile(paths[-1])
    return paths, rng.normal(size=(n_images, 3))


def _options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n-images", type=int, default=2000)
    parser.add_argument("--directory", help="where to write the shards")
    return parser.parse_args()


if __name__ == "__main__":
    main()
