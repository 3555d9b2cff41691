"""Monte Carlo dropout passes: images in, the outputs of T passes for each image out.

Pass *t* drops the units of the mask of (seed, t), in all images alike: one draw ω_t of the network from
its approximate posterior (Gal & Ghahramani 2016; Ghosh et al. 2022, eq. 6). A galaxy's outputs are therefore the
same alone or in any batch. Three things make it fast:

* what no dropout precedes is computed once per image, not once per pass;
* the T Gaussians are kept, so that T passes know as much as thousands of draws, and passes stop, galaxy by
  galaxy, when more of them would move its posterior by less than a tolerance;
* every call has about the same number of rows, images times passes, whatever the number of images.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ..layers.heads import GaussianHead, mixture_parameters
from ..layers.monte_carlo_dropout import set_dropout_rate
from ..posterior import mixtures
from .replica import Replica, padded_length
from .tensor_float import full_float32

__all__ = ["DEFAULT_TOLERANCE", "MonteCarloEngine", "Passes", "joined", "usable_rows"]

#: Largest Monte Carlo standard error of a galaxy's mean and interval ends, in units of half the width of its
#: 68.27 % interval, with which ``passes="auto"`` is content: in quadrature it adds half a per cent to that width.
#: An end of an interval from 1000 draws, one a pass, has √(p (1 − p) / 1000) / φ(1) = 0.048. To ask for that here
#: takes four times the passes where dropout matters, and no coverage of the shipped model moved by its error.
DEFAULT_TOLERANCE = 0.1
# Numbers of passes after which a galaxy may stop, and after the last must: 4, 6, 8, 12, 16 … 1024, each about 1.4
# times the one before.
_CHECKPOINTS = tuple(2 * round(2 * 2 ** (k / 2)) for k in range(17))
# In place of a number of passes: one, which is the network's own value.
_WITHOUT_DROPOUT = "without dropout"
# Larger outputs are out of range: labels are standardised, and a variance of exp(1000) overflows.
_LARGEST_OUTPUT = 700.0


class Passes(NamedTuple):
    """Outputs of the passes over N images.

    Attributes
    ----------
    outputs : (N, T, K) float32 array
        Outputs of the head; zero beyond each image's own number of passes.
    n_passes : (N,) int array
        Number of passes of each image.
    error : (N,) float array
        Monte Carlo standard error of the mean and the ends of the 68.27 % interval, the largest over the
        parameters, in units of half the width of that interval; infinite for a single pass with dropout, which
        cannot tell its error; NaN where the outputs are not finite or out of range.
    features : (N, F) float32 array, optional
        Inputs of the last layer with weights, without dropout; where they were asked for.
    """

    outputs: np.ndarray
    n_passes: np.ndarray
    error: np.ndarray
    features: np.ndarray | None = None

    @property
    def weights(self):
        """(N, T) weights of the mixture: 1/n for the image's own n passes, 0 beyond them."""
        n_passes = np.maximum(self.n_passes, 1)[:, None]
        return (np.arange(self.outputs.shape[1]) < n_passes) / n_passes


class MonteCarloEngine:
    """Runs Monte Carlo dropout passes of one network.

    Parameters
    ----------
    network : keras.Model
        A functional model.
    precision : {"float32", "bfloat16"}, optional
        Arithmetic of the passes.
    batch_size : int, optional
        Rows (images times passes) of one call; chosen from the free memory if not given. Results do not depend
        on it but for rounding.
    chunk_size : int, optional
        Images that are worked on at once, on all devices together; chosen from the free memory if not given.
    devices : list of str, optional
        TensorFlow devices among which images are shared out; all GPUs, or the CPU, if not given.
    head : GaussianHead or PointHead, optional
        Gaussian if not given. Of a point head there is no Monte Carlo error: ``passes="auto"`` makes one pass, without
        dropout.

    Attributes
    ----------
    batch_size, chunk_size : int
    n_outputs : int
        K, the outputs of the head.
    """

    def __init__(self, network, *, precision="float32", batch_size=None, chunk_size=None, devices=None, head=None):
        if precision not in ("float32", "bfloat16"):
            raise ValueError(f"precision {precision!r}; expected 'float32' or 'bfloat16'")
        if batch_size is not None and batch_size < 1:
            raise ValueError(f"batch_size {batch_size}; expected 1 or more")
        if devices is None:
            devices = [device.name for device in tf.config.list_logical_devices("GPU")] or ["/CPU:0"]
        self.precision, self.head = precision, head or GaussianHead()
        self._replicas = [Replica(network, precision, device, alone=len(devices) == 1) for device in devices]
        first = self._replicas[0]
        self.n_outputs = first.n_outputs
        self.batch_size = int(batch_size) if batch_size else first.largest_batch()
        self.chunk_size = chunk_size or first.largest_chunk(self.batch_size) * len(devices)

    def run(self, images, *, seed=0, passes="auto", tolerance=DEFAULT_TOLERANCE, beside=None, features=False):
        """Outputs of the passes over images.

        Parameters
        ----------
        images : (N, H, W, C) float array
            As the network takes them (stretched).
        seed : int, optional
            Pass t of seed s is the same network whatever the images.
        passes : int or "auto", optional
            ``"auto"`` goes on, for each image, until its Monte Carlo standard error is below `tolerance`, or
            1024 passes. Without dropout there is one pass, which is exact.
        tolerance : float, optional
            See `DEFAULT_TOLERANCE`.
        beside : dict of str: (N, ...) float array, optional
            What the network takes beside them, by name: "psf", "noise".
        features : bool, optional
            Give `Passes.features` too, at the cost of one pass.

        Returns
        -------
        Passes

        Raises
        ------
        ValueError
            For a number of passes or a tolerance that is not positive, or images of another shape.
        """
        if passes != "auto" and (not isinstance(passes, int | np.integer) or passes < 1):
            raise ValueError(f"passes {passes!r}; expected 'auto' or a number of 1 or more")
        if not tolerance > 0:
            raise ValueError(f"tolerance {tolerance}; expected a positive number")
        if not self.head.has_width and passes == "auto":
            passes = _WITHOUT_DROPOUT
        elif self._replicas[0].is_deterministic:
            passes = 1
        inputs = {name: np.asarray(x, np.float32) for name, x in {"images": images, **(beside or {})}.items()}
        self._replicas[0].check(inputs)
        n_images, step = len(images), max(1, self.chunk_size // len(self._replicas))
        chunks = [
            {name: array[start : start + step] for name, array in inputs.items()} for start in range(0, n_images, step)
        ]
        with full_float32():
            parts = self._share_out(chunks, seed, passes, tolerance, features)
        return joined(parts, self.n_outputs)

    def set_dropout_rate(self, rate):
        """Another rate of every dropout layer for the passes to come; nothing is traced again.

        Where the engine runs the network's own weights, the network's rate changes too.
        """
        for replica in self._replicas:
            set_dropout_rate(replica.back, rate)

    def _share_out(self, chunks, seed, passes, tolerance, features):
        """Chunk i on device i modulo their number, the devices side by side."""
        n_devices = len(self._replicas)
        if n_devices == 1:
            return [self._run_chunk(self._replicas[0], chunk, seed, passes, tolerance, features) for chunk in chunks]

        def work(number):
            replica = self._replicas[number]
            return [
                self._run_chunk(replica, chunk, seed, passes, tolerance, features)
                for chunk in chunks[number::n_devices]
            ]

        with ThreadPoolExecutor(n_devices) as pool:
            by_device = list(pool.map(work, range(n_devices)))
        return [by_device[i % n_devices][i // n_devices] for i in range(len(chunks))]

    def _run_chunk(self, replica, inputs, seed, passes, tolerance, features):
        """Passes over as many images as one device holds the boundary of."""
        n_images = len(inputs["images"])
        without_dropout = passes == _WITHOUT_DROPOUT
        checkpoints = _CHECKPOINTS if passes == "auto" else (1 if without_dropout else passes,)
        boundary = replica.boundary(inputs, self.batch_size)
        outputs = np.zeros((n_images, checkpoints[0], self.n_outputs), np.float32)
        n_passes, error = np.zeros(n_images, int), np.full(n_images, np.nan)
        # The checkpoint at which each image is looked at next. It follows from the image's own outputs alone.
        target = np.full(n_images, checkpoints[0])
        done = 0
        for checkpoint in checkpoints:
            active = np.flatnonzero(target >= checkpoint)
            if not len(active):
                break
            outputs = np.pad(outputs, ((0, 0), (0, checkpoint - outputs.shape[1]), (0, 0)))
            for rows, n_together in _batches(active, self.batch_size, checkpoint - done):
                if without_dropout:
                    outputs[rows, :1] = replica.without_dropout(boundary, rows)
                else:
                    outputs[rows, done:checkpoint] = replica.passes(boundary, rows, n_together, seed, done, checkpoint)
            done = checkpoint
            due = active[target[active] == checkpoint]
            n_passes[due] = checkpoint
            error[due] = self._monte_carlo_error(outputs[due, :checkpoint])
            if passes == "auto":
                # The scatter of T passes is itself known to 1/√(2 (T − 1)) only: its upper end must be small enough.
                excess = error / tolerance * (1 + 1 / np.sqrt(2 * checkpoint - 2))
                undecided = due[excess[due] > 1]  # not those of NaN, whose outputs are out of range
                target[undecided] = _next_checkpoint(checkpoint, excess[undecided])
        return Passes(
            outputs[:, :done], n_passes, error, replica.features(boundary, self.batch_size) if features else None
        )

    def _monte_carlo_error(self, outputs):
        if self._replicas[0].is_deterministic or not len(outputs):
            return np.zeros(len(outputs))
        if not self.head.has_width:
            return np.full(len(outputs), np.nan)
        error = np.full(len(outputs), np.nan)
        usable = usable_rows(outputs)
        if usable.any():
            components = mixture_parameters(outputs[usable])
            error[usable] = np.max(mixtures.monte_carlo_error(*components), axis=1)
        return error


def usable_rows(outputs):
    """Whether the outputs (N, T, K) of each image are finite and in range: labels and log-variances are of order one.

    Others come of pixel values far beyond those the network knows, in a wrong unit, say, and may not be finite.
    """
    with np.errstate(invalid="ignore"):
        return np.all(np.abs(outputs) < _LARGEST_OUTPUT, axis=(1, 2))


def joined(parts, n_outputs):
    """The passes over several lots of images as one, padded to the longest."""
    longest = max((part.outputs.shape[1] for part in parts), default=1)
    outputs = np.zeros((sum(len(part.n_passes) for part in parts), longest, n_outputs), np.float32)
    start = 0
    for part in parts:
        n_images, n_passes, _ = part.outputs.shape
        outputs[start : start + n_images, :n_passes] = part.outputs
        start += n_images
    features = [part.features for part in parts if part.features is not None]
    return Passes(
        outputs,
        np.concatenate([np.zeros(0, int), *(part.n_passes for part in parts)]),
        np.concatenate([np.zeros(0), *(part.error for part in parts)]),
        np.concatenate(features) if features else None,
    )


def _next_checkpoint(checkpoint, excess):
    """The next checkpoint for images whose error is `excess` times too large: it falls as 1/√T.

    Aimed a little short, since the estimate is high by intention and a look costs little. Past the last, 0.
    """
    wanted = np.nan_to_num(0.8 * checkpoint * np.square(excess), nan=0.0, posinf=np.inf)
    later = np.array([c for c in _CHECKPOINTS if c > checkpoint] or [0])
    return later[np.minimum(np.searchsorted(later, wanted), len(later) - 1)]


def _batches(active, batch_size, n_passes):
    """Share out images so that every call has about `batch_size` rows.

    Yields
    ------
    rows : (B,) int array
        Images of the batch.
    n_together : int
        Passes that one call makes over them.
    """
    full = len(active) // batch_size * batch_size
    for start in range(0, full, batch_size):
        yield active[start : start + batch_size], 1
    if full < len(active):
        rest = active[full:]
        yield rest, min(max(1, batch_size // padded_length(len(rest))), n_passes)
