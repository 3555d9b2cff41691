"""Demonstration: posteriors of the sample galaxies with a shipped model.

    python -m gampen_tf.demo [FOLDER [MODEL]]

Prints the measurements beside the truth, which is known because the galaxies are drawn, and writes the table of
posteriors and a figure into the folder: some of the galaxies, the crop that the network chose for each, and their
posteriors.
"""

import sys
from pathlib import Path

import numpy as np

import gampen_tf

from .io.locations import sample_cutouts
from .io.quiet import hide_tensorflow_notes
from .metrics.draws import SIGMA_LEVELS
from .plots.images import outline_crop
from .plots.posteriors import plot_posterior_gallery

__all__ = ["comparison", "figure", "main"]

# A neighbour that nearly touches, a disc alone, a disc with a bulge, a bulge alone.
_SHOWN = [5, 8, 1, 10]


def main(folder="demo_output", model="hsc_wide_g"):
    """Predict the sample galaxies, print the measurements, and write table and figure.

    Parameters
    ----------
    folder : path, optional
        For ``posteriors.ecsv`` and ``posteriors.png``; made if it is not there.
    model : str, path or Model, optional

    Returns
    -------
    Posterior
    """
    hide_tensorflow_notes()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    samples = gampen_tf.open_dataset(sample_cutouts())
    model = model if isinstance(model, gampen_tf.Model) else gampen_tf.load_model(model)
    truth = samples.truth(model.parameters.names)
    posterior = gampen_tf.predict(sample_cutouts() / "cutouts", model=model, seed=1)
    posterior.to_table().write(folder / "posteriors.ecsv", overwrite=True)
    figure(posterior[_SHOWN], samples.images(_SHOWN), truth[_SHOWN], model).savefig(folder / "posteriors.png", dpi=110)
    print(comparison(posterior, truth))
    print(f"\nWrote {folder / 'posteriors.ecsv'} and {folder / 'posteriors.png'}.")
    return posterior


def figure(posterior, images, truth, model):
    """A row for each galaxy: its cutout with the crop's outline, and its marginal posteriors with the truth.

    Parameters
    ----------
    posterior : Posterior
        Of N galaxies.
    images : (N, H, W, C) array
    truth : (N, P) array
    model : Model

    Returns
    -------
    matplotlib.figure.Figure
    """
    # All but the outermost thousandths of each posterior.
    ends = posterior.quantile([5e-4, 1 - 5e-4])
    grid = np.linspace(ends[..., 0], ends[..., 1], 512, axis=1)
    density = posterior.pdf(grid)
    drawn = plot_posterior_gallery(
        images,
        posterior.samples,
        names=posterior.names,
        units=posterior.units,
        truth=truth,
        modes=posterior.mode(),
        intervals=np.moveaxis(posterior.interval(SIGMA_LEVELS), 1, 2),
        densities=lambda i, p: (grid[i, :, p], density[i, :, p]),
        pixel_scale=model.pixel_scale,
    )
    localise = gampen_tf.networks.parts.localisation(model.network)
    scales = np.asarray(localise(model.prepare(images), training=False))[:, 0]
    for axes, scale in zip(drawn.axes[:: 1 + len(posterior.names)], scales, strict=True):
        outline_crop(axes, images.shape[1:3], scale)
    return drawn


def comparison(posterior, truth):
    """A text table of modes and 68.27 % intervals beside the truth; a star where the truth lies outside.

    Parameters
    ----------
    posterior : Posterior
    truth : (N, P) array
    """
    inside = posterior.contains(truth)
    named = zip(posterior.names, posterior.units, strict=True)
    headings = [f"{name} ({unit})" if unit else name for name, unit in named]
    lines = ["Most probable value [68.27 % interval] and truth; * where the truth lies outside:", ""]
    lines.append("galaxy" + "".join(f"{heading:>42}" for heading in headings))
    for i, (modes, ends) in enumerate(zip(posterior.mode(), posterior.interval(), strict=True)):
        cells = [
            f"{mode:10.4g} [{low:.4g}, {high:.4g}] {true:10.4g}{' ' if found else '*'}"
            for mode, (low, high), true, found in zip(modes, ends, truth[i], inside[i], strict=True)
        ]
        lines.append(f"{i:6d}" + "".join(f"{cell:>42}" for cell in cells))
    shares = ", ".join(f"{name} {np.sum(column)}" for name, column in zip(posterior.names, inside.T, strict=True))
    lines.append(f"\nInside, of {len(truth)} (about two thirds are expected): {shares}.")
    return "\n".join(lines)


if __name__ == "__main__":
    main(*sys.argv[1:3])
