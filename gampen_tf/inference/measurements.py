"""Measurements of batches of images, before they are joined into a posterior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from .flagging import Flags
from .monte_carlo import Passes

__all__ = ["Measured", "passes_account", "with_progress"]


@dataclass(frozen=True)
class Measured:
    """Passes and flags of the images of a `Batch`, with its `part`, `first` and `units`."""

    part: int
    first: int
    passes: Passes
    flags: Flags
    units: np.ndarray | None = None


def with_progress(measured, n_images, progress_bar):
    """Show a bar that counts galaxies while their measurements are generated."""
    with tqdm(total=n_images, unit="galaxy", disable=not progress_bar) as bar:
        for part in measured:
            yield part
            bar.update(len(part.flags))


def passes_account(found):
    """Numbers of passes and the largest Monte Carlo error, as plain data for a posterior's metadata."""
    measured = found.n_passes > 0
    if not measured.any():
        return {}
    n_passes, error = found.n_passes[measured], found.error[measured]
    return {
        "n_passes": {"smallest": int(n_passes.min()), "mean": float(n_passes.mean()), "largest": int(n_passes.max())},
        "monte_carlo_error": float(error.max()),
    }
