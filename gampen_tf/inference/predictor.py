"""A model with the settings of its passes: what `predict` and `predict_catalogue` do with a batch of images."""

from pathlib import Path

import numpy as np

from .._version import __version__
from ..calibration.recalibration import Recalibration
from ..core.flags import Flag, is_unmeasurable
from ..data.dataset import open_dataset
from ..data.reading import read_cutouts
from ..models.combination import as_model
from ..models.model import fingerprint
from ..posterior.posterior import Posterior
from .monte_carlo import DEFAULT_TOLERANCE, Engine, Passes, usable_rows
from .precision import _decided_precision
from .replica import network_features

__all__ = ["Measurement", "flag_unmeasured", "open_cutouts"]


def own_psf(images):
    """The PSFs of a simulated data set, opened or given by its folder; None of anything else."""
    if isinstance(images, str | Path) and (Path(images) / "dataset.json").is_file():
        images = open_dataset(images)
    metadata = getattr(images, "metadata", None)
    return images.psfs() if isinstance(metadata, dict) and metadata.get("psf_shape") else None


def open_cutouts(images, model, *, pixel_scale=None, unit=None, zero_point=None, pad=False, check=True):
    """Images from anywhere, as `model` wants them; the arguments are those of `predict`.

    Returns
    -------
    gampen_tf.data.Cutouts
    """
    return read_cutouts(
        images,
        image_shape=model.image_shape,
        pixel_scale=model.pixel_scale,
        pixel_unit=model.pixel_unit,
        zero_point=model.zero_point,
        model_name=model.name,
        given_pixel_scale=pixel_scale,
        given_unit=unit,
        given_zero_point=zero_point,
        pad=pad,
        check=check,
    )


# Of a posterior of dropout alone: the ends of a 68.27 % interval are then known to an eighth of half its width.
_PASSES_OF_POINTS = 128
# Of labels that were scaled to −1 … 1 over the training set: a tenth of the way beyond its centre.
_END_OF_RANGE = 1.1


class Measurement:
    """How images are measured.

    Parameters
    ----------
    model : str, path or Model
    seed, passes, tolerance, batch_size, precision
        See `gampen_tf.predict`.
    chunk_size : int, optional
        See `gampen_tf.inference.Engine`.

    Attributes
    ----------
    model : Model
    engine : Engine
    precision : {"float32", "bfloat16"}
        As decided where ``"auto"`` was asked for.
    model_hash : str
    """

    def __init__(
        self,
        model,
        *,
        seed=0,
        passes="auto",
        tolerance=DEFAULT_TOLERANCE,
        batch_size=None,
        chunk_size=None,
        precision="auto",
    ):
        if not isinstance(seed, int | np.integer):
            raise ValueError(f"seed {seed!r}; expected an integer")
        self.model = as_model(model)
        if passes == "auto" and self.model.measures_with_dropout:
            passes = _PASSES_OF_POINTS
        self.seed, self.passes, self.tolerance = int(seed), passes, float(tolerance)
        self.precision = _decided_precision(self.model, precision)
        self.model_hash = fingerprint(self.model)
        self.engine = _engine(self.model, self.model_hash, self.precision, batch_size, chunk_size)

    def settings(self):
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
            "limits": None if self.model.trust is None else self.model.trust.fingerprint(),
        }

    def measure(self, images, flags, reasons, psf=None):
        """Passes over images as they were read, and what else is to be said of each.

        Parameters
        ----------
        images, flags, psf
            See `passes_over`.
        reasons : list of N str

        Returns
        -------
        Passes
        flags : (N,) int64 array
            With NOT_MEASURED where the network gave no number, and by the model's limits of trust, if it has any.
        reasons : list of N str
        """
        flags, reasons = _flag_psfs(psf, np.asarray(flags, np.int64), reasons)
        found = self.passes_over(images, flags, psf)
        flags, reasons = flag_unmeasured(found, flags, reasons)
        if self.model.trust is not None:
            # the model's own medians, whatever recalibration makes of them: the limits were set on such
            medians = Posterior(
                *self.model.head.components(found.outputs), self.model.scaler, weights=found.weights, n_mc=1
            ).median()
            features = self._features(images, medians, psf) if found.features is None else found.features
            flags = flags | self.model.trust.flags(images, medians, features)
        elif self.model.labels_span_range:
            labels = np.mean(found.outputs, axis=1)
            is_beyond = np.any(np.abs(labels) > _END_OF_RANGE, axis=1) & ~is_unmeasurable(flags)
            flags = np.where(is_beyond, flags | int(Flag.EXTRAPOLATED), flags)
        # kept for every galaxy of a long run, features would fill the memory
        return found._replace(features=None), flags, reasons

    def _features(self, images, medians, psf):
        """Features in float32 of the galaxies that have a median, (N, F), where the passes were in bfloat16."""
        rows = np.flatnonzero(np.all(np.isfinite(medians), axis=1))
        seen = network_features(self.model, images[rows], psf=None if psf is None else psf[rows])
        features = np.full((len(images), seen.shape[1]), np.nan, np.float32)
        features[rows] = seen
        return features

    def passes_over(self, images, flags, psf=None):
        """Passes over images as they were read.

        Rows flagged as not measurable hold NaN and no passes; and so do those for which the network's outputs say
        nothing, see :func:`flag_unmeasured`.

        Parameters
        ----------
        images : (N, H, W, C) array
            In the model's unit.
        flags : (N,) int array
        psf : (N, h, w, 1) array, optional

        Returns
        -------
        Passes
        """
        good = np.flatnonzero(~is_unmeasurable(flags))
        # from what bfloat16 computes, the distance to galaxies seen in float32 would be another
        features = self.model.trust is not None and self.precision == "float32"
        part = self.engine.run(
            self.model.prepare(images[good]),
            seed=self.seed,
            passes=self.passes,
            tolerance=self.tolerance,
            psf=None if psf is None else psf[good],
            features=features,
        )
        outputs = np.full((len(flags), max(1, part.outputs.shape[1]), self.engine.n_outputs), np.nan, np.float32)
        n_passes, error = np.zeros(len(flags), int), np.full(len(flags), np.nan)
        outputs[good, : part.outputs.shape[1]] = part.outputs
        n_passes[good], error[good] = part.n_passes, part.error
        broken = good[~usable_rows(part.outputs)]
        outputs[broken], n_passes[broken], error[broken] = np.nan, 0, np.nan
        seen = None
        if part.features is not None:
            seen = np.full((len(flags), part.features.shape[1]), np.nan, np.float32)
            seen[good] = part.features
        return Passes(outputs, n_passes, error, seen)

    def posterior(self, found, *, n_mc=1000, flags, identifiers, recalibrate=True, metadata=None):
        """The posterior that `Passes` give, with the model's scaler, and as its recalibration corrects it."""
        means, scale_trils = self.model.head.components(found.outputs)
        posterior = Posterior(
            means,
            scale_trils,
            self.model.scaler,
            weights=found.weights,
            n_mc=n_mc,
            seed=self.seed,
            flags=flags,
            identifiers=identifiers,
            metadata=self.settings() | (metadata or {}),
        )
        if not recalibrate or self.model.calibration is None:
            return posterior
        return Recalibration.from_dict(self.model.calibration).apply(posterior)

    def psf_of_each(self, psf, n_images):
        """PSFs (N, h, w, 1) float32 of sum 1 for the model's network, or None where it takes none.

        One of many that has no positive sum becomes NaN, and its galaxy is flagged as not measured.

        Raises
        ------
        ValueError
            If the model takes PSFs and there is none, or the other way round, or the shape is wrong, or the one PSF for
            all images has no positive sum.
        """
        psf = self.checked_psf(psf, n_images)
        if psf is None:
            return None
        total = np.sum(psf, axis=(-2, -1), keepdims=True, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            psf = np.where(np.isfinite(total) & (total > 0), psf / total, np.nan).astype(np.float32)
        return np.broadcast_to(psf, (n_images, *self.model.psf_shape))[..., None]

    def checked_psf(self, psf, n_images):
        """PSFs as they were given, (h, w) or (N, h, w), if the model can take them; errors as of `psf_of_each`."""
        expected, name = self.model.psf_shape, self.model.name
        if (psf is None) != (expected is None):
            raise ValueError(
                f"model {name!r} takes no PSF; leave psf out"
                if expected is None
                else f"model {name!r} takes the PSF: give psf as an array of shape {expected} for all "
                f"images, or {('N', *expected)} for each"
            )
        if psf is None:
            return None
        if isinstance(psf, str | Path):
            raise ValueError(f"psf: expected an array, found the path {str(psf)!r}; astropy.io.fits.getdata reads it")
        psf = np.asarray(psf)
        if psf.shape not in (expected, (n_images, *expected)):
            raise ValueError(f"psf: expected shape {expected} or {(n_images, *expected)}, found {psf.shape}")
        if psf.ndim == 2 and not (np.isfinite(np.sum(psf)) and np.sum(psf) > 0):
            raise ValueError(f"psf: expected an image with a positive sum, found {np.sum(psf)}")
        return psf


def _flag_psfs(psf, flags, reasons):
    """Flags and reasons, with those of galaxies whose PSF is none; a network might make something of its NaN."""
    if psf is None:
        return flags, reasons
    broken = ~np.isfinite(psf).all(axis=(1, 2, 3)) & ~is_unmeasurable(flags)
    flags = np.where(broken, flags | int(Flag.NOT_MEASURED), flags)
    why = "the PSF is not finite or has no positive sum"
    return flags, [why if is_broken else reason for is_broken, reason in zip(broken, reasons, strict=True)]


def flag_unmeasured(found, flags, reasons):
    """Flags and reasons, with those of images that were fit to be measured but for which the network gave no number.

    Parameters
    ----------
    found : Passes
    flags : (N,) int array
    reasons : list of N str

    Returns
    -------
    flags, reasons
    """
    broken = (found.n_passes == 0) & ~is_unmeasurable(flags)
    flags = np.where(broken, flags | int(Flag.NOT_MEASURED), flags)
    why = "the network's outputs say nothing: are the pixel values in the right unit?"
    return flags, [why if is_broken else reason for is_broken, reason in zip(broken, reasons, strict=True)]


_latest_engine = None


def _engine(model, model_hash, precision, batch_size, chunk_size):
    """An engine for the model; the latest is kept, so that a second call compiles nothing."""
    global _latest_engine
    key = model_hash, precision, batch_size, chunk_size
    if _latest_engine is None or _latest_engine[0] != key:
        _latest_engine = None  # its memory is freed first
        _latest_engine = (
            key,
            Engine(model.network, precision=precision, batch_size=batch_size, chunk_size=chunk_size, head=model.head),
        )
    return _latest_engine[1]
