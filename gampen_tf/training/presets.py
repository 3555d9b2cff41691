"""Named settings of a training run.

>>> gampen_tf.train(data, preset="gampen")                                    # the paper's
>>> gampen_tf.train(data, preset=replace(PRESETS["modern"], epochs=60))       # your own
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .. import networks
from .preset import Preset

__all__ = ["PRESETS", "find_preset"]

# Ghosh et al. (2022), § 5.3: λ on all weights, loss summed over the batch
_GAMPEN = Preset(
    optimizer="sgd",
    learning_rate=5e-7,
    momentum=0.99,
    batch_size=16,
    epochs=40,
    reduction="sum",
    l2=1e-4,
    schedule="constant",
    warmup=0.0,
)
# A rate that falls, and a running mean of the weights
_MODERN = Preset(
    optimizer="adamw",
    learning_rate=2e-3,
    batch_size=128,
    epochs=30,
    weight_decay=1e-4,
    clip_norm=5.0,
    averaging=0.998,
)
# The same for runs of a few epochs on smaller batches
_SHORT = replace(_MODERN, batch_size=64, epochs=10, averaging=0.99)
_GALNET_POSTERIOR = replace(_MODERN, learning_rate=1.5e-3, batch_size=64)

PRESETS = {
    "gampen": _GAMPEN,
    "modern": _MODERN,
    "censored": replace(_MODERN, objective="censored_gaussian_nll"),
    # Ghosh et al. (2021), appendix A. Squared errors, as the likelihood behind Monte Carlo dropout of one value a
    # parameter has them, and λ, that of Ghosh et al. (2022), are ours
    "workshop": replace(_GAMPEN, objective="mse", learning_rate=5e-6, batch_size=32, validate_with_dropout=True),
    # the same objective in a few epochs
    "workshop_short": replace(_SHORT, objective="mse", learning_rate=5e-4, warmup=0.1, validate_with_dropout=True),
    # Li et al. (2022), § 2.3: Huber's loss and Adam; all else is ours
    "galnet": replace(_GALNET_POSTERIOR, objective="huber", huber_delta=1e-3, weight_decay=0.0),
    # the same networks with a Gaussian head: posteriors
    "galnet_posterior": _GALNET_POSTERIOR,
    # Tuccillo et al. (2018), § 4.3: ten epochs to warm up at the same rate, then 300 at most. The batch is ours.
    "deeplegato": Preset(
        objective="mae",
        label_scaling="range",
        learning_rate=1e-3,
        batch_size=64,
        epochs=310,
        schedule="constant",
        warmup=0.0,
        patience=20,
        max_shift=0.05,
        zoom=(0.7, 1.3),
    ),
    # the same objective, labels and shifts in a thirtieth of the epochs, without zoom
    "deeplegato_short": replace(_SHORT, objective="mae", label_scaling="range", max_shift=0.05),
}


def find_preset(preset: str | Preset | None, network_name: str | None, **changes: Any) -> Preset:
    """The preset of a name or of a network, with some settings changed.

    Parameters
    ----------
    preset : str, Preset or None
        With None, the one that goes with the network.
    network_name : str or None
        Published networks are registered with their papers' settings; others go with the modern ones.
    **changes
        Those that are not None replace the preset's.

    Raises
    ------
    ValueError
        If no preset has this name.
    """
    where = ""
    if preset is None:
        preset, where = "modern", f", with which network {network_name!r} is registered"
        if network_name in networks.names():
            preset = networks.find(network_name).preset
    if isinstance(preset, str):
        if preset not in PRESETS:
            raise ValueError(f"no preset {preset!r}{where}; there are {', '.join(PRESETS)}, or give a Preset")
        preset = PRESETS[preset]
    changed = {key: value for key, value in changes.items() if value is not None}
    return replace(preset, **changed)
