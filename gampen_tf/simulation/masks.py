"""Pixels that an image lacks: bad columns and rows, cosmic rays, regions around bright stars, all beyond its frame."""

import numpy as np

__all__ = ["DEFECTS", "draw_mask"]

#: What may be masked in an image, and its limits: numbers of bad ``columns`` and ``rows``, of ``cosmic_rays`` of
#: ``cosmic_ray_length`` (px), of round ``regions`` of ``region_radius`` (px); and the height (px) of the
#: ``frame`` in the middle beyond which there is no image, and its width over its height, ``frame_ratio``.
DEFECTS = {
    "columns": (0, 100),
    "rows": (0, 100),
    "cosmic_rays": (0, 1000),
    "cosmic_ray_length": (1.0, 1000.0),
    "regions": (0, 100),
    "region_radius": (0.5, 1000.0),
    "frame": (8.0, 4096.0),
    "frame_ratio": (0.1, 10.0),
}


def draw_mask(size, drawn, rng):
    """Draw a mask.

    Parameters
    ----------
    size : int
        Side of the frame in pixels.
    drawn : dict
        Values of some of the keys of `DEFECTS`.
    rng : numpy.random.Generator
        For the places.

    Returns
    -------
    (size, size) array of bool
        True where a pixel is masked.
    """
    mask = np.zeros((size, size), bool)
    for _ in range(int(drawn.get("columns", 0))):
        mask[:, rng.integers(size)] = True
    for _ in range(int(drawn.get("rows", 0))):
        mask[rng.integers(size), :] = True
    for _ in range(int(drawn.get("cosmic_rays", 0))):
        (row, column), angle = rng.uniform(0, size, 2), rng.uniform(0, np.pi)
        steps = np.arange(0.0, drawn["cosmic_ray_length"], 0.5)
        rows, columns = (row + steps * np.sin(angle)).astype(int), (column + steps * np.cos(angle)).astype(int)
        inside = (rows < size) & (columns >= 0) & (columns < size)
        mask[rows[inside], columns[inside]] = True
    y, x = np.ogrid[:size, :size]
    for _ in range(int(drawn.get("regions", 0))):
        row, column = rng.uniform(0, size, 2)
        mask |= (y - row) ** 2 + (x - column) ** 2 <= drawn["region_radius"] ** 2
    if "frame" in drawn:
        for along, side in ((y, int(drawn["frame"])), (x, int(drawn["frame"] * drawn.get("frame_ratio", 1.0)))):
            first = size // 2 - side // 2
            mask |= (along < first) | (along >= first + side)
    return mask
