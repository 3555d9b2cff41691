"""The compact network."""

from network_cases import NetworkCase


class TestCompact(NetworkCase):
    name = "compact"
    image_shape = (95, 95, 1)
