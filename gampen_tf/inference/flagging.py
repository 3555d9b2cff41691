"""Flags of images and the reasons behind them, gathered on the way from the file to the posterior."""

from __future__ import annotations

import numpy as np

from ..core.flags import is_unmeasurable

__all__ = ["Flags"]


class Flags:
    """Flags of some images, to which every check adds its own.

    Parameters
    ----------
    bits : (N,) int array
        As they were set while the images were read; zero if nothing is wrong.
    reasons : sequence of N str, optional
        What is wrong, for reading; empty where nothing is.
    """

    def __init__(self, bits, reasons=None):
        self.bits = np.array(bits, np.int64)
        self.reasons = [""] * len(self.bits) if reasons is None else list(reasons)

    def __len__(self):
        return len(self.bits)

    @property
    def measurable(self) -> np.ndarray:
        """(N,) booleans: whether nothing forbids a measurement so far."""
        return ~is_unmeasurable(self.bits)

    def set(self, rows, flag, reason=""):
        """Set a flag where it holds; images that are not measurable keep what they have.

        Parameters
        ----------
        rows : (N,) bool array
        flag : Flag or (N,) int array
            The same for all rows, or bits of each.
        reason : str or (N,) sequence of str, optional
            The same for all rows, or that of each; without, reasons stay.
        """
        rows = np.asarray(rows, bool) & self.measurable
        self.bits[rows] |= np.broadcast_to(np.asarray(flag, np.int64), self.bits.shape)[rows]
        if reason:
            reasons = [reason] * len(self) if isinstance(reason, str) else reason
            self.reasons = [new if row else old for row, new, old in zip(rows, reasons, self.reasons, strict=True)]

    def reasons_by_row(self) -> dict[str, str]:
        """Row number, as text, to the reason; of the rows that have one."""
        return {str(row): reason for row, reason in enumerate(self.reasons) if reason}

    @classmethod
    def joined(cls, parts) -> Flags:
        """Flags of several lots of images, one after the other."""
        parts = list(parts)
        bits = np.concatenate([np.zeros(0, np.int64), *(part.bits for part in parts)])
        return cls(bits, [reason for part in parts for reason in part.reasons])
