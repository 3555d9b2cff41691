"""The light of a drawn galaxy: smooth components, and its disc where that has structure."""

import dataclasses

from ..rendering.stamps import Component
from ..rendering.structure import Structure
from ..rendering.structured_discs import StructuredDisc

__all__ = ["lights_of"]

_FIELDS = {field.name for field in dataclasses.fields(Component)}


def lights_of(galaxy):
    """The light of a drawn galaxy, without its neighbours.

    Returns
    -------
    components : list of Component
    discs : list of StructuredDisc
        The disc, where it has structure.
    """
    components, discs = [], []
    for name, drawn in galaxy["components"].items():
        if drawn["flux"] <= 0:
            continue
        light = {key: value for key, value in drawn.items() if key in _FIELDS}
        component = Component(**light, x=galaxy["x"], y=galaxy["y"])
        if name == "disc" and galaxy["structure"]:
            discs.append(StructuredDisc(component, Structure(**galaxy["structure"])))
        else:
            components.append(component)
    return components, discs
