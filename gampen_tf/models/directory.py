"""Writing, reading and checking of model directories.

A directory holds everything that inference needs and nothing that runs code::

    model.keras     architecture and weights
    model.json      what surrounds the network, where it comes from, sha256 of model.keras
    metrics.json    how good it is, measured
    README.md       the model card

Nothing here loads Keras.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from ..io import locations
from ..io.files import PathLike, check_format, damage_named, read_json, sha256, to_json, whole_file, write_whole

__all__ = [
    "FORMAT_VERSIONS",
    "GENERATIVE",
    "POSTERIOR",
    "ModelDirectory",
    "ModelKind",
    "list_models",
    "read_description",
    "read_directory",
    "write_directory",
]

#: Kinds of models: of parameters' posteriors from images, and generative ones of images.
ModelKind: TypeAlias = Literal["posterior", "galaxy_vae"]
POSTERIOR: Final = "posterior"
GENERATIVE: Final = "galaxy_vae"
#: The format of ``model.json`` that is written, and the newest that is read, of each kind.
FORMAT_VERSIONS = {POSTERIOR: 2, GENERATIVE: 1}
_OPENED_WITH = {POSTERIOR: "gampen_tf.load_model", GENERATIVE: "gampen_tf.GalaxyVAE.load"}
# What a description must hold.
_KEYS = {
    POSTERIOR: (
        "sha256",
        "head",
        "network_name",
        "network_options",
        "objective",
        "huber_delta",
        "label_scaling",
        "dropout_posterior",
        "scaler",
        "stretch",
        "image_shape",
        "psf_shape",
        "pixel_scale",
        "pixel_unit",
        "zero_point",
        "band",
        "calibration",
        "provenance",
    ),
    GENERATIVE: ("sha256", "image_shape", "n_latents", "variant", "softening", "provenance"),
}
# Keys of format 2 that not all of its descriptions hold, with what holds where they are missing.
_LATER_KEYS: dict = {"optional_inputs": [], "fills_masked": False, "scale_free": False}


@dataclass(frozen=True)
class ModelDirectory:
    """The content of a model's directory.

    Attributes
    ----------
    path : pathlib.Path
    description : dict
        Of ``model.json``.
    weights : pathlib.Path
        Of ``model.keras``, whose sha256 is the one expected.
    metrics : dict
    card : str or None
    """

    path: Path
    description: dict
    weights: Path
    metrics: dict = field(default_factory=dict)
    card: str | None = None


def list_models() -> list[str]:
    """Names of the models that ship with the package, generative ones among them (`gampen_tf.GalaxyVAE`)."""
    return locations.names("models")


def read_description(name_or_path: PathLike, kind: ModelKind | None = None) -> dict:
    """Read ``model.json``, converted to the present format; the network is not loaded.

    Parameters
    ----------
    name_or_path : str or path
        Name of a model that ships, or a model's directory.
    kind : {"posterior", "galaxy_vae"}, optional
        The only one that is accepted; any if not given.

    Returns
    -------
    dict
        With its ``kind``.

    Raises
    ------
    FileNotFoundError
        If there is no such model; the message lists those that ship.
    ValueError
        If it is not a model's description, of another kind, of a newer format, or incomplete.
    """
    path = locations.find_model_directory(name_or_path) / "model.json"
    with damage_named(path):
        return _checked_description(read_json(path), path, kind)


def read_directory(name_or_path: PathLike, kind: ModelKind) -> ModelDirectory:
    """Read a model's directory and check that its weights are those that were written.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`read_description`; if ``model.keras`` is missing, changed or truncated.
    """
    path = locations.find_model_directory(name_or_path)
    description = read_description(path, kind)
    weights, metrics, card = path / "model.keras", path / "metrics.json", path / "README.md"
    if not weights.is_file():
        raise ValueError(f"{weights}: not there; the model directory is incomplete, copy or train it again")
    found = sha256(weights)
    if found != description["sha256"]:
        raise ValueError(
            f"{weights}: changed or truncated; model.json expects sha256 {description['sha256'][:12]}…, the file has "
            f"{found[:12]}…. Copy the directory again from where it came."
        )
    measured = read_json(metrics) if metrics.is_file() else {}
    if not isinstance(measured, dict):
        raise ValueError(f"{metrics}: expected names and numbers, found {measured!r:.40}; copy it again, or remove it")
    with damage_named(card):
        text = card.read_text(encoding="utf-8") if card.is_file() else None
    return ModelDirectory(path, description, weights, measured, text)


def write_directory(
    directory: PathLike,
    kind: ModelKind,
    description: dict,
    write_weights: Callable[[Path], None],
    *,
    metrics: dict,
    card: str,
) -> Path:
    """Write a model's directory; files that were there are replaced, each in one step, others stay.

    Parameters
    ----------
    directory : path
        Made if it is not there.
    kind : {"posterior", "galaxy_vae"}
    description : dict
        For ``model.json``; its format and the digest of the weights are added.
    write_weights : callable
        ``write_weights(path)`` writes ``model.keras`` there.
    metrics : dict
    card : str

    Returns
    -------
    pathlib.Path
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    with whole_file(directory / "model.keras") as scratch:
        write_weights(scratch)
        digest = sha256(scratch)
    # a stop here leaves a digest that does not fit, which reading refuses
    head = {"format_version": FORMAT_VERSIONS[kind]} | ({"kind": kind} if kind != POSTERIOR else {})
    write_whole(directory / "model.json", to_json(head | description | {"sha256": digest}))
    write_whole(directory / "metrics.json", to_json(metrics))
    write_whole(directory / "README.md", card)
    return directory


def _checked_description(description: Any, path: Path, kind: ModelKind | None) -> dict:
    version = description.get("format_version") if isinstance(description, dict) else None
    found = description.get("kind", POSTERIOR) if isinstance(description, dict) else ""
    check_format(version, FORMAT_VERSIONS.get(found, 0), path, "the description of a gampen_tf model")
    if kind not in (None, found):
        raise ValueError(f"{path}: a model of kind {found!r}, not {kind!r}; open it with {_OPENED_WITH[found]}")
    if found == POSTERIOR and version == 1:
        description = _from_version_1(description)
    if found == POSTERIOR and "dropout_tuning" not in description and "provenance" in description:
        description = _with_dropout_tuning(description)
    if found == POSTERIOR:
        description = _LATER_KEYS | description
    missing = [key for key in _KEYS[found] if key not in description]
    if missing:
        raise ValueError(f"{path}: without {', '.join(missing)}; the file is damaged, copy it again")
    return description | {"kind": found}


def _from_version_1(description: dict) -> dict:
    """A description of format 1, which kept some of what a model does in the account of its training alone."""
    settings = description.get("provenance", {}).get("settings", {})
    head = description.get("head")
    objective = settings.get("objective", "gaussian_nll" if head == "gaussian" else "huber")
    new = {
        "network_name": settings.get("network"),
        "network_options": settings.get("network_options") or {},
        "objective": objective,
        "huber_delta": settings.get("huber_delta") if objective == "huber" else None,
        "label_scaling": settings.get("labels", "standard"),
        "dropout_posterior": head == "point" and bool(settings.get("validate_with_dropout")),
    }
    # beside the head, where format 2 has them
    upgraded = {}
    for key, value in description.items():
        upgraded[key] = value
        if key == "head":
            upgraded |= new
    return upgraded


def _with_dropout_tuning(description: dict) -> dict:
    """A description from when the tuning of the dropout rate stood in the account of the training."""
    provenance = dict(description["provenance"])
    return description | {"dropout_tuning": provenance.pop("dropout_tuning", None), "provenance": provenance}
