"""Loading a model directory."""

from __future__ import annotations

from pathlib import Path

from ..core.label_scaler import LabelScaler
from ..core.stretch import Stretch
from ..io import locations
from ..io.files import read_json, sha256
from .limits import FILE_NAME as TRUST_FILE_NAME
from .limits import TrustLimits
from .model import FORMAT_VERSION, Model, weights_hash
from .safe_loading import refuse_foreign_code

__all__ = ["list_models", "load_model", "read_description"]

# Of a model, as they stand in its description.
_PLAIN_FIELDS = (
    "image_shape",
    "pixel_scale",
    "pixel_unit",
    "zero_point",
    "band",
    "psf_shape",
    "head",
    "provenance",
    "calibration",
)


def load_model(name_or_path) -> Model:
    """Load a trained model by the name of one that ships, or by the path of its directory.

    Raises
    ------
    FileNotFoundError
        If there is no such model; the message lists those that ship.
    ValueError
        If a file is missing, changed or truncated, of a newer format, or names code that is not gampen_tf's or Keras's.
    """
    directory = _directory(name_or_path)
    description = read_description(directory)
    weights = directory / "model.keras"
    if not weights.is_file():
        raise ValueError(f"{weights}: not there; the model directory is incomplete, copy or train it again")
    found = sha256(weights)
    if found != description["sha256"]:
        raise ValueError(
            f"{weights}: changed or truncated; model.json expects sha256 {description['sha256'][:12]}…, the file has "
            f"{found[:12]}…. Copy the directory again from where it came."
        )
    # loading needs the registered layers, and so does telling them from others
    refuse_foreign_code(weights)
    network = _load_network(weights)
    trust = TrustLimits.load(directory)
    if trust is not None and trust.weights != weights_hash(network):
        raise ValueError(
            f"{directory / TRUST_FILE_NAME}: made for other weights than those of model.keras; remove it, or fit the "
            "limits again with `gampen-tf limits`"
        )
    return Model(
        network=network,
        trust=trust,
        scaler=LabelScaler.from_dict(description["scaler"]),
        stretch=Stretch.from_dict(description["stretch"]),
        metrics=read_json(directory / "metrics.json") if (directory / "metrics.json").is_file() else {},
        card=(directory / "README.md").read_text() if (directory / "README.md").is_file() else None,
        name=str(name_or_path),
        **{key: description[key] for key in _PLAIN_FIELDS},
    )


def list_models() -> list[str]:
    """Names of the models that ship with the package, generative ones among them (`gampen_tf.GalaxyVAE`)."""
    return locations.names("models")


def read_description(name_or_path) -> dict:
    """What ``model.json`` says, without loading the network.

    Raises
    ------
    ValueError
        If it is not a model's description, or of a newer format.
    """
    path = _directory(name_or_path) / "model.json"
    description = read_json(path)
    version = description.get("format_version") if isinstance(description, dict) else None
    if not isinstance(version, int):
        raise ValueError(f"{path}: no format_version; this is not the description of a gampen_tf model")
    if description.get("kind") == "galaxy_vae":
        raise ValueError(f"{path}: a generative model of galaxy images; open it with gampen_tf.GalaxyVAE.load")
    if version > FORMAT_VERSION:
        raise ValueError(
            f"{path}: format version {version}, this gampen_tf reads up to {FORMAT_VERSION}; install a newer gampen_tf"
        )
    missing = [key for key in ("sha256", "scaler", "stretch", *_PLAIN_FIELDS) if key not in description]
    if missing:
        raise ValueError(f"{path}: without {', '.join(missing)}; the file is damaged, copy it again")
    return description


def _directory(name_or_path):
    path = Path(name_or_path)
    if (path / "model.json").is_file():
        return path
    if path.is_dir():
        raise FileNotFoundError(f"{path}: no model.json in this directory; it holds no finished model")
    return locations.model_directory(str(name_or_path))


def _load_network(path):
    import keras

    return keras.saving.load_model(path, compile=False, safe_mode=True)
