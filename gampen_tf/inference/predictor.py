"""A model made ready to measure images: its compiled network and the settings of its passes.

>>> predictor = gampen_tf.Predictor("hsc_wide_g", seed=1)      # loads and compiles once
>>> for night in nights:
...     posterior = predictor.predict(night)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .._version import __version__
from ..calibration.recalibration import Recalibration
from ..core.flags import Flag
from ..models.combination import as_model
from ..models.hashes import fingerprint
from ..posterior.posterior import Posterior
from .batches import batches, open_with_beside
from .flagging import Flags
from .measurements import Measured, passes_account, with_progress
from .monte_carlo import DEFAULT_TOLERANCE, MonteCarloEngine, Passes, joined, usable_rows
from .precision import decided_precision
from .replica import network_features

if TYPE_CHECKING:
    from astropy.units import UnitBase

    from ..data.dialects import HeaderDialect
    from ..models.combination import ModelLike
    from ..networks.precision import Precision
    from .batches import Batch
    from .given_maps import MapLike

__all__ = ["Predictor"]

# Of a posterior of dropout alone: the ends of a 68.27 % interval are then known to an eighth of half its width.
_PASSES_OF_POINTS = 128
# Of labels that were scaled to −1 … 1 over the training set: a tenth of the way beyond its centre.
_END_OF_RANGE = 1.1


class Predictor:
    """A model, compiled, with the settings of its passes.

    It keeps the compiled network, so that several calls of :meth:`predict` compile once; the memory is freed with it
    and with the model.

    Parameters
    ----------
    model : str, path or Model, or list of them
    seed, passes, tolerance, batch_size, precision
        See `gampen_tf.predict`.
    chunk_size : int, optional
        See `gampen_tf.inference.MonteCarloEngine`.

    Attributes
    ----------
    model : Model
    engine : MonteCarloEngine
    precision : {"float32", "bfloat16"}
        As decided where ``"auto"`` was asked for.
    model_hash : str
    """

    def __init__(
        self,
        model: ModelLike,
        *,
        seed: int = 0,
        passes: int | Literal["auto"] = "auto",
        tolerance: float = DEFAULT_TOLERANCE,
        batch_size: int | None = None,
        chunk_size: int | None = None,
        precision: Precision = "auto",
    ):
        if not isinstance(seed, int | np.integer):
            raise ValueError(f"seed {seed!r}; expected an integer")
        self.model = as_model(model)
        if passes == "auto" and self.model.dropout_posterior:
            passes = _PASSES_OF_POINTS
        self.seed, self.passes, self.tolerance = int(seed), passes, float(tolerance)
        self.precision = decided_precision(self.model, precision)
        self.model_hash = fingerprint(self.model)
        self.engine = _engine(self.model, self.model_hash, self.precision, batch_size, chunk_size)

    def settings(self) -> dict:
        """All that posteriors and flags depend on, as plain data."""
        return {
            "model": self.model.name,
            "model_hash": self.model_hash,
            "gampen_tf": __version__,
            "seed": self.seed,
            "passes": self.passes,
            "tolerance": self.tolerance,
            "precision": self.precision,
            "values_alone": not self.model.head.has_width and self.passes in ("auto", 1),
            "limits": None if self.model.limits is None else self.model.limits.fingerprint(),
        }

    def predict(
        self,
        images: Any,
        n_mc: int = 1000,
        *,
        psf: MapLike | None = None,
        noise: MapLike | None = None,
        mask: MapLike | None = None,
        pixel_scale: float | None = None,
        unit: str | UnitBase | None = None,
        zero_point: float | None = None,
        pad: bool = False,
        dialect: str | HeaderDialect | None = None,
        band: str | None = None,
        bands: str | Sequence[str] | None = None,
        recalibrate: bool = True,
        progress_bar: bool = True,
    ) -> Posterior:
        """Posteriors of galaxies from their images; arguments and result as of `gampen_tf.predict`."""
        cutouts, beside = open_with_beside(
            images,
            self.model,
            psf=psf,
            noise=noise,
            mask=mask,
            pixel_scale=pixel_scale,
            unit=unit,
            zero_point=zero_point,
            pad=pad,
            dialect=dialect,
            band=band,
            bands=bands,
        )
        measured = self.measured(batches(self.model, cutouts, beside, size=self.engine.chunk_size))
        return self.posterior(
            with_progress(measured, len(cutouts), progress_bar),
            n_mc=n_mc,
            identifiers=list(cutouts.names),
            recalibrate=recalibrate,
        )

    def measured(self, images: Iterable[Batch], *, keep_features: bool = False) -> Iterator[Measured]:
        """Generate the passes and flags of batches of images: the loop of all that measures with a model.

        Parameters
        ----------
        images : iterable of Batch
            Of `engine.chunk_size` images at most, as :mod:`gampen_tf.inference.batches` generates them.
        keep_features : bool, optional
            See :meth:`measure`.

        Yields
        ------
        Measured
        """
        for batch in images:
            passes = self.measure(batch.images, batch.flags, batch.beside, keep_features=keep_features)
            yield Measured(batch.part, batch.first, passes, batch.flags, batch.units)

    def measure(
        self,
        images: np.ndarray,
        flags: Flags,
        beside: dict[str, np.ndarray] | None = None,
        *,
        keep_features: bool = False,
    ) -> Passes:
        """Passes over images as they were read.

        Parameters
        ----------
        images : (N, H, W, C) array
            In the model's unit.
        flags : Flags
            Rows that are not measurable hold NaN and no passes. Added are NOT_MEASURED, where the network
            gave no usable number, and those of the model's domain limits, if it has any.
        beside : dict of str: (N, ...) array, optional
            What the network takes beside the images, by name.
        keep_features : bool, optional
            Give `Passes.features` too, those of passes in float32. Kept for every galaxy of a long run, they would fill
            the memory.
        """
        beside = beside or {}
        found = self._passes_over(images, np.flatnonzero(flags.measurable), beside, keep_features)
        flags.set(
            found.n_passes == 0,
            Flag.NOT_MEASURED,
            "the network's outputs are not finite or out of range: are the pixel values in the right unit?",
        )
        if self.model.limits is not None:
            # the model's own medians, whatever recalibration makes of them: the limits were set on such
            means, scale_trils = self.model.head.components(found.outputs)
            medians = Posterior(means, scale_trils, self.model.scaler, weights=found.weights, n_mc=1).median()
            features = self._features(images, medians, beside) if found.features is None else found.features
            flags.set(flags.measurable, self.model.limits.flags(images, medians, features))
        elif self.model.label_scaling == "range":
            labels = np.mean(found.outputs, axis=1)
            flags.set(np.any(np.abs(labels) > _END_OF_RANGE, axis=1), Flag.EXTRAPOLATED)
        return found if keep_features else found._replace(features=None)

    def _passes_over(self, images, good, beside, keep_features):
        """Passes over the good rows; the others, and those without a usable output, have NaN and no passes."""
        # from what bfloat16 computes, the distance to galaxies seen in float32 would be another
        features = (self.model.limits is not None or keep_features) and self.precision == "float32"
        part = self.engine.run(
            self.model.prepare(images[good]),
            seed=self.seed,
            passes=self.passes,
            tolerance=self.tolerance,
            beside={name: x[good] for name, x in beside.items()},
            features=features,
        )
        n = len(images)
        outputs = np.full((n, max(1, part.outputs.shape[1]), self.engine.n_outputs), np.nan, np.float32)
        n_passes, error = np.zeros(n, int), np.full(n, np.nan)
        outputs[good, : part.outputs.shape[1]] = part.outputs
        n_passes[good], error[good] = part.n_passes, part.error
        broken = good[~usable_rows(part.outputs)]
        outputs[broken], n_passes[broken], error[broken] = np.nan, 0, np.nan
        seen = None
        if part.features is not None:
            seen = np.full((n, part.features.shape[1]), np.nan, np.float32)
            seen[good] = part.features
        return Passes(outputs, n_passes, error, seen)

    def _features(self, images, medians, beside):
        """Features in float32 of the galaxies that have a median, (N, F), where the passes were in bfloat16."""
        rows = np.flatnonzero(np.all(np.isfinite(medians), axis=1))
        seen = network_features(self.model, images[rows], beside={name: x[rows] for name, x in beside.items()})
        features = np.full((len(images), seen.shape[1]), np.nan, np.float32)
        features[rows] = seen
        return features

    def posterior(
        self,
        measured: Iterable[Measured],
        *,
        n_mc: int = 1000,
        identifiers: Sequence[str] | None = None,
        recalibrate: bool = True,
    ) -> Posterior:
        """Join measurements into a posterior in physical units, recalibrated where the model can be.

        Parameters
        ----------
        measured : iterable of Measured
            In the order of the rows.
        n_mc, recalibrate
            See `gampen_tf.predict`.
        identifiers : list of str, optional
        """
        parts = list(measured)
        found = joined([part.passes for part in parts], self.engine.n_outputs)
        flags = Flags.joined(part.flags for part in parts)
        means, scale_trils = self.model.head.components(found.outputs)
        posterior = Posterior(
            means,
            scale_trils,
            self.model.scaler,
            weights=found.weights,
            n_mc=n_mc,
            seed=self.seed,
            flags=flags.bits,
            identifiers=identifiers,
            metadata=self.settings() | passes_account(found) | {"reasons": flags.reasons_by_row()},
        )
        posterior = self.recalibrated(posterior) if recalibrate else posterior
        return self._in_physical_units(posterior, parts) if self.model.scale_free else posterior

    def _in_physical_units(self, posterior, parts):
        """Posteriors of a scale-free model, from pixels and noise to arcsec and the model's unit."""
        units = np.concatenate([np.zeros((0, 2)), *(part.units for part in parts)])
        # a galaxy without units has no measurement either
        length, flux = np.where(np.isfinite(units), units, 1.0).T
        return posterior.rescaled(np.ones(len(self.model.parameters)), self.model.scaler.changes(length, flux))

    def recalibrated(self, posterior: Posterior) -> Posterior:
        """The model's own posterior as its recalibration corrects it, where it has one."""
        if self.model.calibration is None:
            return posterior
        return Recalibration.from_dict(self.model.calibration).apply(posterior)


def _engine(model, model_hash, precision, batch_size, chunk_size):
    """An engine for the model. The latest stays with it, so that another predictor of the same model compiles nothing.

    Its weights are part of the key: the engine may hold copies of them.
    """
    key = model_hash, precision, batch_size, chunk_size
    kept = model.compiled.pop("engine", None)
    if kept is None or kept[0] != key:
        kept = None  # its memory is freed first
        engine = MonteCarloEngine(
            model.network, precision=precision, batch_size=batch_size, chunk_size=chunk_size, head=model.head
        )
        kept = key, engine
    model.compiled["engine"] = kept
    return kept[1]
