"""Safe loading of network files: those that name code of other packages are refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from typing import Any

import keras

from .. import layers  # noqa: F401 - registered: what is not looks like foreign code
from ..io.files import PathLike

__all__ = ["load_network", "refuse_foreign_code"]

# What a configuration may name: Keras's own layers and what they are made of, and what gampen_tf registered.
_KERAS_MODULES = (
    "keras",
    "keras.activations",
    "keras.constraints",
    "keras.dtype_policies",
    "keras.initializers",
    "keras.layers",
    "keras.models",
    "keras.random",
    "keras.regularizers",
)
_KERAS_PREFIXES = ("keras.src.ops.", "keras.src.models.", "keras.src.layers.")
_FORBIDDEN_CLASSES = ("Lambda", "TFSMLayer", "TorchModuleWrapper", "FlaxLayer", "JaxLayer", "TensorFlowModule")


def load_network(path: PathLike) -> keras.Model:
    """Load a network from its ``.keras`` file.

    Its layers of gampen_tf must have been imported: their registered names distinguish them from foreign ones.

    Raises
    ------
    ValueError
        If the file names foreign code.
    """
    refuse_foreign_code(path)
    return keras.saving.load_model(path, compile=False, safe_mode=True)


def refuse_foreign_code(path: PathLike) -> None:
    """Check every class that the architecture names, before Keras looks at it."""
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: not a Keras model file ({error})") from error
    for entry in _dicts(config):
        name = entry.get("class_name")
        if name is None:
            continue
        registered = str(entry.get("registered_name") or "")
        module = entry.get("module")
        # a name that nobody registered would send Keras to the module
        ours = registered.startswith("gampen_tf>") and keras.saving.get_registered_object(registered) is not None
        keras_own = module in _KERAS_MODULES or str(module).startswith(_KERAS_PREFIXES)
        data = name in ("__tuple__", "__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__slice__")
        if not (ours or keras_own or data) or name in _FORBIDDEN_CLASSES:
            raise ValueError(
                f"{path}: the architecture names {module}.{name} (registered as {registered!r}), which is neither "
                "gampen_tf's nor one of Keras's own layers; it is not loaded, because it could run foreign code"
            )


def _dicts(node: Any) -> Iterator[dict]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _dicts(item)
