"""The package in one minute: posteriors of the sample galaxies with a shipped model.

    python -m gampen_tf.demo [FOLDER]

Writes the table of posteriors and a figure into the folder: each galaxy, the crop that the network chose for it, and
its posterior with the truth, which is known because the galaxies are drawn.
"""

import sys
from pathlib import Path

import numpy as np

from .resources import sample_cutouts

__all__ = ["main", "show"]

_MODEL = "hsc_wide_g"
_SHOWN = 4


def main(folder="demo_output"):
    """Predict the sample galaxies; print and write what comes out.

    Parameters
    ----------
    folder : path

    Returns
    -------
    Posterior
    """
    from . import load_model, predict
    from .crop import crop_scales
    from .datasets import open_dataset

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    samples = open_dataset(sample_cutouts())
    model = load_model(_MODEL)
    posterior = predict(sample_cutouts() / "cutouts", model=model, seed=1)
    table = posterior.to_table()
    table.write(folder / "posteriors.ecsv", overwrite=True)
    names = model.parameters.names
    print(_comparison(posterior, samples.labels(names), names))
    images = samples.images(np.arange(len(samples)))
    figure = show(posterior, images, samples.labels(names), crop_scales(model, images), model.pixel_scale)
    figure.savefig(folder / "posteriors.png", dpi=110)
    print(f"\nWrote {folder / 'posteriors.ecsv'} and {folder / 'posteriors.png'}.")
    return posterior


def show(posterior, images, truth, scales, pixel_scale):
    """Figure of the first galaxies: cutout with the crop's outline, and the marginal posteriors with the truth.

    Parameters
    ----------
    posterior : Posterior
    images : (N, H, W, 1) array
    truth : (N, P) array
    scales : (N,) array
        Side of the crop over that of the frame.
    pixel_scale : float
        arcsec.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt

    from .plots import plot_marginal, show_cutout

    n_parameters = truth.shape[1]
    figure, axes = plt.subplots(
        _SHOWN, 1 + n_parameters, figsize=(3.0 * (1 + n_parameters), 2.6 * _SHOWN), layout="constrained", squeeze=False
    )
    for i, row in enumerate(axes):
        show_cutout(row[0], images[i], pixel_scale=pixel_scale)
        side = images.shape[1]
        width = scales[i] * side
        row[0].add_patch(
            plt.Rectangle(((side - 1 - width) / 2,) * 2, width, width, fill=False, edgecolor="#E69F00", linewidth=1.5)
        )
        interval = posterior[i].interval(0.6827)[0]
        mode = posterior[i].mode()[0]
        for k in range(n_parameters):
            plot_marginal(
                posterior[i].samples[0, :, k],
                intervals=[interval[k]],
                mode=mode[k],
                truth=truth[i, k],
                name=posterior.names[k],
                unit=posterior.units[k],
                ax=row[1 + k],
            )
    return figure


def _comparison(posterior, truth, names):
    mode, interval = posterior.mode(), posterior.interval(0.6827)
    lines = ["Most probable value, 68.27 % interval and truth of each sample galaxy:", ""]
    lines.append("galaxy  " + "".join(f"{name:>36s}" for name in names))
    for i in range(len(truth)):
        cells = [
            f"{mode[i, k]:12.4g} [{interval[i, k, 0]:.4g}, {interval[i, k, 1]:.4g}] {truth[i, k]:.4g}"
            for k in range(len(names))
        ]
        lines.append(f"{i:<8d}" + "".join(f"{cell:>36s}" for cell in cells))
    return "\n".join(lines)


if __name__ == "__main__":
    main(*sys.argv[1:2])
