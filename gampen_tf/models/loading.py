"""Loading of trained models from their directories."""

from __future__ import annotations

import math

from ..core.label_scaler import LabelScaler
from ..core.stretch import Stretch
from ..io.files import PathLike, damage_named
from .directory import POSTERIOR, read_directory
from .hashes import weights_hash
from .limits import FILE_NAME as LIMITS_FILE_NAME
from .limits import DomainLimits
from .model import PLAIN_FIELDS, Model
from .safe_loading import load_network

__all__ = ["load_model"]


def load_model(name_or_path: PathLike) -> Model:
    """Load a trained model by the name of one that ships, or by the path of its directory.

    Raises
    ------
    FileNotFoundError
        If there is no such model; the message lists those that ship.
    ValueError
        If a file is missing, changed or truncated, of a newer format, names code that is not gampen_tf's or Keras's,
        or its weights are not finite.
    """
    there = read_directory(name_or_path, POSTERIOR)
    network, limits = load_network(there.weights), DomainLimits.load(there.path)
    if limits is not None and limits.weights != weights_hash(network):
        raise ValueError(
            f"{there.path / LIMITS_FILE_NAME}: made for other weights than those of model.keras; remove it, or fit the "
            "limits again with gampen_tf.fit_limits"
        )
    with damage_named(there.path / "model.json"):
        _check_numbers(there.description)
        return Model(
            network=network,
            scaler=LabelScaler.from_dict(there.description["scaler"]),
            stretch=Stretch.from_dict(there.description["stretch"]),
            limits=limits,
            metrics=there.metrics,
            card=there.card,
            name=str(name_or_path),
            **{key: there.description[key] for key in PLAIN_FIELDS},
        )


def _check_numbers(description: dict) -> None:
    """Refuse what a damaged description may hold in the place of numbers."""
    shape, scale, zero_point = (description[key] for key in ("image_shape", "pixel_scale", "zero_point"))
    if not (isinstance(shape, list) and len(shape) == 3):
        raise ValueError(f"image_shape {shape!r:.40}, expected height, width and channels")
    if not (isinstance(scale, int | float) and 0 < scale < math.inf):
        raise ValueError(f"pixel_scale {scale!r:.40}, expected arcsec")
    if not (zero_point is None or isinstance(zero_point, int | float) and math.isfinite(zero_point)):
        raise ValueError(f"zero_point {zero_point!r:.40}, expected a magnitude")
    if not isinstance(description["calibration"], dict | None):
        raise ValueError("calibration: expected a recalibration, or null")
