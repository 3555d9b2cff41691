"""Safe loading of network files: an architecture may name known classes alone, so that no file can run code.

The check reads the architecture before Keras does, and does not depend on the safe mode of Keras, which a program can
switch off. What a file may name is listed here; all else is refused, also what a newer Keras adds.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from .. import layers  # noqa: F401 - registered: what is not looks like foreign code
from ..io.files import PathLike, damage_named

__all__ = ["load_network", "refuse_foreign_code"]

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_MEMBERS = {_CONFIG, _WEIGHTS, "metadata.json"}

# Not here: layers of a function (Lambda), of another file (TFSMLayer, StringLookup, TextVectorization, …) or of
# another framework (TorchModuleWrapper, JaxLayer, FlaxLayer), and operations that take a function (Map, Scan, …).
_ALLOWED = {
    "keras": "DTypePolicy Model Sequential",
    "keras.models": "Model Sequential",
    "keras.src.models.functional": "Functional",
    "keras.dtype_policies": "DTypePolicy DTypePolicyMap FloatDTypePolicy",
    "keras.random": "SeedGenerator",
    "keras.layers": """
        Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D
        AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout Attention
        Average AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization Bidirectional CategoryEncoding
        CenterCrop Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D
        ConvLSTM2D ConvLSTM3D Cropping1D Cropping2D Cropping3D Dense DepthwiseConv1D DepthwiseConv2D Discretization Dot
        Dropout ELU EinsumDense Embedding Flatten GRU GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D
        GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D
        GroupNormalization GroupQueryAttention Identity InputLayer LSTM LSTMCell LayerNormalization LeakyReLU Masking
        MaxPooling1D MaxPooling2D MaxPooling3D Maximum Minimum MultiHeadAttention Multiply Normalization PReLU Permute
        RMSNormalization RNN RandomBrightness RandomContrast RandomCrop RandomErasing RandomFlip RandomGaussianBlur
        RandomRotation RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape Resizing SeparableConv1D
        SeparableConv2D SimpleRNN SimpleRNNCell Softmax SpatialDropout1D SpatialDropout2D SpatialDropout3D
        SpectralNormalization StackedRNNCells Subtract TimeDistributed UnitNormalization UpSampling1D UpSampling2D
        UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
    """,
    "keras.initializers": """
        Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones Orthogonal
        RandomNormal RandomUniform STFT TruncatedNormal VarianceScaling Zeros
    """,
    "keras.regularizers": "L1 L1L2 L2 OrthogonalRegularizer",
    "keras.constraints": "MaxNorm MinMaxNorm NonNeg UnitNorm",
    # an inner model that was compiled keeps how
    "keras.optimizers": """
        Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer Muon Nadam RMSprop SGD
    """,
    "keras.optimizers.schedules": """
        CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay PiecewiseConstantDecay PolynomialDecay
    """,
    "keras.losses": "Huber LogCosh MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError",
    "keras.src.ops.core": "Cast ConvertToTensor SaturateCast Slice SliceUpdate StopGradient Unstack",
}
_ALLOWED_CLASSES = {(module, name) for module, names in _ALLOWED.items() for name in names.split()}
# Operations on tensors, such as x + y in a graph; none of them takes a function.
_OPERATIONS = {f"keras.src.ops.{name}" for name in ("image", "linalg", "math", "nn", "numpy")}
_DATA = {"__bytes__", "__ellipsis__", "__keras_tensor__", "__numpy__", "__slice__", "__tensor__"}


def load_network(path: PathLike) -> keras.Model:
    """Load a network from its ``.keras`` file; how it was compiled, and its optimiser, are left out.

    Its layers of gampen_tf must have been imported: their registered names distinguish them from foreign ones.

    Raises
    ------
    ValueError
        If the file is damaged, names foreign code, or has weights that are not finite.
    """
    with damage_named(path):
        refuse_foreign_code(path)
        network = keras.saving.load_model(path, compile=False, safe_mode=True)
    for weight in network.weights:
        if not np.all(np.isfinite(np.asarray(weight))):
            raise ValueError(f"{path}: weights of {weight.path} are not finite; the training failed, train it again")
    return network


def refuse_foreign_code(path: PathLike) -> None:
    """Check every class that the architecture names, before Keras looks at it.

    Raises
    ------
    ValueError
        If the file is no network file, holds more than one, or names a class that is not on the list.
    """
    with damage_named(path), zipfile.ZipFile(path) as archive:
        members = archive.namelist()
        if len(members) != len(set(members)) or not {_CONFIG, _WEIGHTS} <= set(members) <= _MEMBERS:
            raise ValueError(
                f"{path}: not a Keras model file of {', '.join(sorted(_MEMBERS))}, each once; it holds {members[:9]}"
            )
        config = json.loads(archive.read(_CONFIG))
    if isinstance(config, dict):
        config.pop("compile_config", None)  # which is not loaded
    for entry in _entries(config):
        if not (_is_data(entry) or _is_of_keras(entry) or _is_registered(entry)):
            found = f"{entry.get('module')}.{entry['class_name']} (registered as {entry.get('registered_name')!r})"
            raise ValueError(
                f"{path}: the architecture names {found[:200]}, which is neither gampen_tf's nor one of Keras's own "
                "layers; it is not loaded, because it could run foreign code"
            )


def _entries(node: Any) -> Iterator[dict]:
    """Every description of an object, at any depth."""
    if isinstance(node, dict):
        if "class_name" in node:
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _entries(item)


def _names(entry: dict) -> tuple[Any, ...]:
    names = tuple(entry.get(key) for key in ("module", "class_name", "registered_name"))
    return names if all(name is None or isinstance(name, str) for name in names) else (None, "", "")


def _is_data(entry: dict) -> bool:
    module, name, registered = _names(entry)
    return name in _DATA and module is None and registered is None


def _is_of_keras(entry: dict) -> bool:
    module, name, registered = _names(entry)
    if registered not in (None, "", name):  # which Keras would look for first
        return False
    if module in _OPERATIONS:
        kind = vars(sys.modules[module]).get(name)
        return isinstance(kind, type) and issubclass(kind, keras.Operation) and kind.__module__ == module
    return (module, name) in _ALLOWED_CLASSES


def _is_registered(entry: dict) -> bool:
    """Whether module, class and registered name are all those of one registered class.

    Classes of the package may have been in another of its files; a user's own may be in a script.
    """
    module, name, registered = _names(entry)
    if module is None or registered is None or not registered.startswith("gampen_tf>"):
        return False
    kind = keras.saving.get_registered_object(registered)
    if not isinstance(kind, type) or name not in (kind.__name__, registered.removeprefix("gampen_tf>")):
        return False
    return module.startswith("gampen_tf.") or not kind.__module__.startswith("gampen_tf.")
