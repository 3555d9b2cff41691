"""Common parts of all figures: panels, texts of axes with units, colours for colour blindness and print."""

from __future__ import annotations

import numpy as np

from ..core.known_parameters import symbol_of

__all__ = [
    "COLOURS",
    "LINES",
    "MARKERS",
    "axis_label",
    "columns",
    "compact_numbers",
    "density_map",
    "note",
    "number",
    "panels",
]

# From Okabe & Ito (2008) and Tol (2021), the first four as far apart as any to eyes with dichromacy; lines and markers
# differ too, for print in grey.
COLOURS = ("#0072B2", "#D55E00", "#882255", "#56B4E9", "#E69F00", "#009E73", "#000000")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)), "-")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
# One hue whose lightness falls steadily: few galaxies pale, many dark, the same to all eyes and in print.
_DENSITY = ("#bcd8eb", "#4f97c7", "#1b5a96", "#061a3a")


def axis_label(name, unit="", template="{}"):
    """Label of an axis, such as "Predicted R_e [arcsec]" for the template "Predicted {}"."""
    text = template.format(symbol_of(name))
    return f"{text} [{unit}]" if unit else text


def density_map():
    """Colour map of counts."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("galaxies", _DENSITY)


def panels(ax, n_rows=1, n_columns=1, *, width=3.4, height=2.9, **options):
    """Figure and (n_rows, n_columns) array of axes: those given, or new ones.

    Parameters
    ----------
    ax : matplotlib Axes, array of them, or None
    width, height : float, optional
        Of one new panel, in inches.
    **options
        For `matplotlib.pyplot.subplots`.

    Raises
    ------
    ValueError
        If another number of axes was given than is drawn in.
    """
    if ax is None:
        import matplotlib.pyplot as plt

        size = (width * n_columns, height * n_rows)
        return plt.subplots(n_rows, n_columns, figsize=size, squeeze=False, layout="constrained", **options)
    axes = np.asarray(ax, dtype=object)
    if axes.size != n_rows * n_columns:
        raise ValueError(f"expected {n_rows} x {n_columns} axes to draw in, found {axes.size}")
    axes = axes.reshape(n_rows, n_columns)
    return axes[0, 0].figure, axes


def columns(array, names, what="values"):
    """Check that an array has a column for each name; gives it as an (N, P) float array.

    Raises
    ------
    ValueError
        If it does not have one column for each name.
    """
    array = np.asarray(array, float)
    if array.ndim == 1 and len(names) == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != len(names):
        raise ValueError(f"{what}: expected (galaxies, {len(names)}) for {', '.join(names)}, found shape {array.shape}")
    return array


def number(value, digits=3):
    """Text of a number with so many significant digits, powers of ten written as such."""
    if not np.isfinite(value):
        return "–"
    text = f"{value:.{digits}g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        return rf"${mantissa}\times10^{{{int(exponent)}}}$"
    return text.replace("-", "−")


def note(ax, text, where="upper left", **options):
    """Write a text in a corner of a panel, on a pale ground that keeps it readable over data."""
    vertical, horizontal = where.split()
    x, y = {"left": 0.03, "right": 0.97}[horizontal], {"upper": 0.97, "lower": 0.03}[vertical]
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5}
    options = {"fontsize": "small", "linespacing": 1.25, **options}
    return ax.text(
        x,
        y,
        text,
        transform=ax.transAxes,
        va="top" if vertical == "upper" else "bottom",
        ha=horizontal,
        bbox=box,
        zorder=5,
        **options,
    )


def compact_numbers(ax, axis="both", n_ticks=5):
    """Set few ticks, and large numbers as multiples of a power of ten, so that their texts do not overlap."""
    from matplotlib.ticker import LogFormatterSciNotation, LogLocator, MaxNLocator, NullFormatter, ScalarFormatter

    for name, one in (("x", ax.xaxis), ("y", ax.yaxis)):
        if axis not in ("both", name):
            continue
        if one.get_scale() == "linear":
            one.set_major_locator(MaxNLocator(n_ticks))
            formatter = ScalarFormatter(useMathText=True)
            formatter.set_powerlimits((-3, 4))
            one.set_major_formatter(formatter)
        elif one.get_scale() == "log":
            low, high = one.get_view_interval()
            # over two decades or less the powers of ten alone would leave one or two labels
            one.set_major_locator(LogLocator(subs=(1,) if high > 100 * low else (1, 3)))
            one.set_major_formatter(LogFormatterSciNotation(labelOnlyBase=False))
            one.set_minor_formatter(NullFormatter())
