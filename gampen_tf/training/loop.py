"""The training loop: epochs of compiled steps on one device or several, resumed exactly after a stop.

It stands in the place of Keras's ``fit`` because a run that was stopped is to go on to the same weights bit for bit
(``fit`` keeps shuffling, seeds and early stopping where a checkpoint does not reach), gradients are to be clipped by
their norm over all devices together, not on each, and the loss may be summed over a batch, on one device as on several.
"""

from __future__ import annotations

import math
import time

import numpy as np
import tensorflow as tf
from tqdm import tqdm

__all__ = ["Trainer", "TrainingDiverged"]

_CHUNKS_PER_EPOCH = 20
_MAX_STEPS_PER_CALL = 100


class TrainingDiverged(RuntimeError):
    """The loss is no longer a finite number."""


class Trainer:
    """The training of a network on a pipeline.

    Parameters
    ----------
    network : keras.Model
        Made under ``strategy.scope()``.
    preset : Preset
    loss : callable
        ``loss(labels, outputs) -> (B,)``, one number an image.
    strategy : tf.distribute.Strategy
    n_steps : int
        Of the whole run, for the schedule.
    files : RunFiles, optional
        For checkpoints and logs; none are written without it.
    progress_bar : bool

    Attributes
    ----------
    history : list of dict
        One entry an epoch.
    """

    def __init__(
        self,
        network,
        preset,
        loss,
        strategy,
        n_steps,
        *,
        files=None,
        progress_bar=True,
    ):
        self.network, self.preset, self._loss, self._strategy = network, preset, loss, strategy
        self._files, self._progress_bar = files, progress_bar
        self.history, self._best = [], None
        with strategy.scope():
            self.optimizer = preset.build_optimizer(n_steps)
            if preset.weight_decay:
                # biases and other vectors are left alone
                vectors = [v for v in network.trainable_variables if len(v.shape) < 2]
                self.optimizer.exclude_from_weight_decay(var_list=vectors)
            self.optimizer.build(network.trainable_variables)
            averaged = network.trainable_variables if preset.averaging else []
            self._averages = [tf.Variable(v.numpy(), trainable=False) for v in averaged]
        self._variables = [*network.variables, *self.optimizer.variables, *self._averages]
        self._paths = [variable.path for variable in (*network.variables, *self.optimizer.variables)]
        self._paths += [f"average/{variable.path}" for variable in averaged]
        self._train_call, self._test_call = self._compile()

    def run(self, training, validation, n_epochs):
        """Train up to `n_epochs` epochs in all; the network ends with the weights of the best one.

        Parameters
        ----------
        training, validation : ShardPipeline or TensorPipeline
            Without `validation` the last epoch counts as the best.
        n_epochs : int

        Returns
        -------
        list of dict
            The history.
        """
        while len(self.history) < n_epochs and not self._is_patience_out():
            epoch = len(self.history)
            rate = float(self.optimizer.learning_rate)
            started = time.perf_counter()
            training_loss, penalty = self._train_epoch(training, epoch, n_epochs)
            seconds = time.perf_counter() - started
            with _AveragedWeights(self):
                entry = {"epoch": epoch + 1, "loss": training_loss, "penalty": penalty}
                entry["validation_loss"] = None if validation is None else self._mean_loss(validation)
                if not math.isfinite(entry["validation_loss"] or 0.0):
                    raise TrainingDiverged(self._advice(epoch, "on the validation images"))
                entry["learning_rate"] = rate
                entry["seconds"] = round(seconds, 2)
                self.history.append(entry)
                self._keep_if_best(epoch + 1)
            if self._files is not None:
                self._files.write_last(self._paths, _values(self._variables), self.history)
        if self._best is not None:
            _assign(self.network.variables, self._best)
        return self.history

    def resume(self) -> bool:
        """Load the last checkpoint; False where there is none.

        Raises
        ------
        ValueError
            If it is of a run with other settings, or of another network.
        """
        kept = None if self._files is None else self._files.read(self._paths)
        if kept is None:
            return False
        arrays, self.history, self._best = kept
        _assign(self._variables, arrays)
        return True

    @property
    def best_epoch(self) -> int | None:
        """Number, from 1, of the epoch with the smallest validation loss, or of the last one."""
        losses = [entry["validation_loss"] for entry in self.history]
        if not losses:
            return None
        return len(losses) if losses[-1] is None else 1 + int(np.argmin(losses))

    @property
    def best(self) -> dict:
        """The entry of the history for the best epoch.

        Raises
        ------
        ValueError
            If there is none yet.
        """
        if self.best_epoch is None:
            raise ValueError("no epoch has been trained yet")
        return self.history[self.best_epoch - 1]

    def _compile(self):
        strategy, network, optimizer, preset = self._strategy, self.network, self.optimizer, self.preset
        n_replicas = strategy.num_replicas_in_sync
        variables = network.trainable_variables

        def train_on_replica(inputs, labels, batch_size):
            with tf.GradientTape() as tape:
                losses = tf.cast(self._loss(labels, network(inputs, training=True)), tf.float32)
                total = tf.reduce_sum(losses)
                penalty = self._penalty()
                # gradients are summed over the replicas, so each takes its share of the penalty
                if preset.reduction == "sum":
                    objective = total + penalty / n_replicas
                else:
                    objective = total / batch_size + penalty / n_replicas
            gradients = tape.gradient(objective, variables)
            if preset.clip_norm is not None:
                # of the whole batch: the optimiser itself would clip each replica's part
                if n_replicas > 1:
                    gradients = tf.distribute.get_replica_context().all_reduce("SUM", gradients)
                    gradients = [g / n_replicas for g in gradients]
                gradients = _clipped(gradients, preset.clip_norm, n_replicas)
            optimizer.apply(gradients, variables)
            return total, penalty / n_replicas

        def train_step(batch, totals):
            inputs, labels = batch
            batch_size = _global_size(strategy, labels)
            per_replica = strategy.run(train_on_replica, args=(inputs, labels, batch_size))
            total, penalty = (strategy.reduce("SUM", x, axis=None) for x in per_replica)
            self._update_averages()
            return totals[0] + total, totals[1] + batch_size, totals[2] + penalty

        def test_on_replica(inputs, labels):
            outputs = network(inputs, training=preset.validate_with_dropout)
            return tf.reduce_sum(tf.cast(self._loss(labels, outputs), tf.float32))

        def test_step(batch):
            total = strategy.reduce("SUM", strategy.run(test_on_replica, args=batch), axis=None)
            return total, _global_size(strategy, batch[1])

        @tf.function(reduce_retracing=True)
        def train_call(iterator, n_steps):
            totals = (tf.constant(0.0), tf.constant(0.0), tf.constant(0.0))
            for _ in tf.range(n_steps):
                totals = train_step(next(iterator), totals)
            return totals

        return train_call, tf.function(test_step, reduce_retracing=True)

    def _update_averages(self):
        if not self._averages:
            return
        # shorter in the first steps, so that the mean soon forgets the initial weights
        step = tf.cast(self.optimizer.iterations.value, tf.float32)
        decay = tf.minimum(self.preset.averaging, (1.0 + step) / (10.0 + step))
        for average, variable in zip(self._averages, self.network.trainable_variables, strict=True):
            self._strategy.extended.update(
                average, lambda mean, value: mean.assign(value + decay * (mean - value)), args=(variable.value,)
            )

    def _penalty(self):
        penalty = tf.add_n([tf.constant(0.0), *(tf.cast(loss, tf.float32) for loss in self.network.losses)])
        if self.preset.l2:
            squares = [tf.reduce_sum(tf.square(tf.cast(v.value, tf.float32))) for v in self.network.trainable_variables]
            penalty += self.preset.l2 * tf.add_n(squares)
        return penalty

    def _train_epoch(self, pipeline, epoch, n_epochs):
        iterator = iter(self._strategy.experimental_distribute_dataset(pipeline.epoch(epoch)))
        n_batches = pipeline.n_batches
        chunk = min(_MAX_STEPS_PER_CALL, max(1, n_batches // _CHUNKS_PER_EPOCH))
        total = n_images = penalty = 0.0
        bar = tqdm(
            total=pipeline.n_images, desc=f"epoch {epoch + 1}/{n_epochs}", unit="img", disable=not self._progress_bar
        )
        with bar:
            for first in range(0, n_batches, chunk):
                n_steps = min(chunk, n_batches - first)
                sums = self._train_call(iterator, tf.constant(n_steps))
                loss, images, penalties = (float(x) for x in sums)
                if not math.isfinite(loss + penalties):
                    raise TrainingDiverged(self._advice(epoch, f"batches {first + 1} to {first + n_steps}"))
                total, n_images, penalty = total + loss, n_images + images, penalties / n_steps
                bar.update(int(images))
                bar.set_postfix(loss=f"{total / n_images:.4f}", refresh=False)
        return total / n_images, penalty

    def _mean_loss(self, pipeline):
        batches = self._strategy.experimental_distribute_dataset(pipeline.epoch())
        sums = np.array([[float(x) for x in self._test_call(batch)] for batch in batches], np.float64).sum(axis=0)
        return float(sums[0] / sums[1])

    def _keep_if_best(self, epoch):
        if self.best_epoch == epoch:
            self._best = _values(self.network.variables)
            if self._files is not None:
                self._files.write_best(self._paths[: len(self._best)], self._best, epoch)

    def _is_patience_out(self):
        patience = self.preset.patience
        return bool(patience and self.history and len(self.history) - self.best_epoch >= patience)

    def _advice(self, epoch, where):
        rate = float(self.optimizer.learning_rate)
        kept = f" The checkpoint of epoch {epoch} is in {self._files.directory}." if self._files and epoch else ""
        return (
            f"the loss is not a finite number in epoch {epoch + 1}, {where}, at learning rate {rate:.3g}. Try a "
            "learning rate ten times smaller, a longer warm-up or gradient clipping (warmup=0.1, clip_norm=1 in the "
            f"preset), precision='float32'; and look for NaN or infinite pixels in the data set.{kept}"
        )


class _AveragedWeights:
    """A context in which the network has the running mean of its weights, if there is one."""

    def __init__(self, trainer):
        self._averages = trainer._averages
        self._variables = trainer.network.trainable_variables if trainer._averages else []

    def __enter__(self):
        self._raw = _values(self._variables)
        _assign(self._variables, _values(self._averages))

    def __exit__(self, *_):
        _assign(self._variables, self._raw)


def _values(variables):
    return [np.array(variable.numpy()) for variable in variables]


def _assign(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _global_size(strategy, labels):
    sizes = [tf.shape(x)[0] for x in strategy.experimental_local_results(labels)]
    return tf.cast(tf.add_n(sizes), tf.float32)


def _clipped(gradients, clip_norm, n_replicas):
    # the optimiser adds the replicas' gradients up again, so each hands over its share
    norm = tf.linalg.global_norm(gradients) * n_replicas
    factor = clip_norm / tf.maximum(norm, clip_norm)
    return [g * factor for g in gradients]
