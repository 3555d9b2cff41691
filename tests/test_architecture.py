"""The house: which room may know which, as ARCHITECTURE.md draws it."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import gampen_tf

PACKAGE = Path(gampen_tf.__file__).parent

#: From the ground up: a room imports from floors below its own, never from beside or above.
FLOORS = (
    {"_version"},
    {"core", "io"},
    {"layers", "metrics", "rendering"},
    {"data", "networks", "plots"},
    {"posterior", "simulation", "classical"},
    {"calibration", "models"},
    {"inference"},
    {"training"},
    {"evaluation", "vae"},
    {"cli", "demo"},
    {"__init__", "__main__"},
)
#: Rooms below that a room may not import all the same.
FORBIDDEN = {"evaluation": {"training"}}
#: Rooms that may use the package as users do.
ABOVE_THE_FACE = {"cli", "demo", "__init__", "__main__"}
FLAT = {"__init__", "__main__", "_version", "demo"}
#: What only some uses need, or takes long to load, may be imported by the function that needs it.
HEAVY = {
    "astropy",
    "dask",
    "h5py",
    "jinja2",
    "keras",
    "matplotlib",
    "pandas",
    "pyarrow",
    "pyimfit",
    "sep",
    "sklearn",
    "tensorflow",
    "tensorflow_probability",
    "torch",
}
#: There on some systems alone.
OF_THE_SYSTEM = {"fcntl", "msvcrt"}


def module_name(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


FILES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def room(module):
    return module.split(".")[0]


def floor(module):
    return next(number for number, rooms in enumerate(FLOORS) if room(module) in rooms)


def imports_of(module, source):
    """(modules or names imported, line, whether inside a function) of the text of a module."""
    tree = ast.parse(source)
    outside = set(map(id, tree.body))
    package = module.split(".") if module in FILES and FILES[module].name == "__init__.py" else module.split(".")[:-1]
    package = [] if module in FLAT else package
    for node in ast.walk(tree):
        is_late = id(node) not in outside and not _is_for_types(node, tree)
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno, is_late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module, node.lineno, is_late
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
            for alias in node.names:
                whole = ".".join([*base, alias.name])
                yield f"gampen_tf.{whole if whole in FILES else '.'.join(base)}".rstrip("."), node.lineno, is_late


def _is_for_types(node, tree):
    blocks = [one for one in tree.body if isinstance(one, ast.If) and "TYPE_CHECKING" in ast.unparse(one.test)]
    return any(node in ast.walk(block) for block in blocks)


def own(imported):
    """The module of this package that is imported, or None."""
    if imported.split(".")[0] != "gampen_tf":
        return None
    return imported.removeprefix("gampen_tf").lstrip(".") or "__init__"


def faults_of(module, source):
    """What is wrong with a module's imports, a sentence each."""
    faults = []
    for imported, line, is_late in imports_of(module, source):
        target = own(imported)
        where = f"{module}, line {line}: imports {imported}"
        if target is None:
            if is_late and imported.split(".")[0] not in HEAVY | OF_THE_SYSTEM:
                faults.append(f"{where} inside a function")
        else:
            if target == "__init__" and room(module) not in ABOVE_THE_FACE:
                faults.append(f"{where}, the face of the package, by which every room can be reached")
            # the face is lazy: it loads what it is asked for
            if room(target) != room(module) and target != "__init__" and floor(target) >= floor(module):
                faults.append(f"{where}, which is not on a floor below")
            if room(target) in FORBIDDEN.get(room(module), ()):
                faults.append(f"{where}, which room {room(module)} may not use")
            if is_late:
                faults.append(f"{where} inside a function")
    return faults + [
        f"{module}, line {line}: uses {name}, which is private to another file" for name, line in private_names(source)
    ]


def private_names(source):
    """(name, line) of what a file takes from another file of the package although it begins with an underscore."""
    tree, modules = ast.parse(source), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.level or node.module.split(".")[0] == "gampen_tf"):
            modules |= {alias.asname or alias.name for alias in node.names}
            yield from ((alias.name, node.lineno) for alias in node.names if _is_private(alias.name))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            if _is_private(node.attr):
                yield f"{node.value.id}.{node.attr}", node.lineno


def _is_private(name):
    return name.startswith("_") and not name.startswith("__") and name != "_version"


def test_every_room_has_its_floor_and_no_file_lies_flat():
    known = set().union(*FLOORS)
    assert {room(module) for module in FILES} == known
    assert {path.stem for path in PACKAGE.glob("*.py")} == FLAT


@pytest.mark.parametrize("module", FILES)
def test_imports_keep_the_rules(module):
    assert faults_of(module, FILES[module].read_text(encoding="utf-8")) == []


def test_there_is_no_circle():
    graph = {
        module: {own(name) for name, _, _ in imports_of(module, path.read_text())} - {None, module, "__init__"}
        for module, path in FILES.items()
    }
    # a face hands out what its files hold: it is no part of a circle of theirs
    files = {module: {one for one in needs if one in FILES} for module, needs in graph.items()}
    try:
        list(TopologicalSorter(files).static_order())
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' → '.join(error.args[1])}")


def test_each_room_opens_with_its_rule():
    for module, path in FILES.items():
        if path.name == "__init__.py":
            doc = ast.get_docstring(ast.parse(path.read_text()))
            assert doc, f"{module}: no docstring"
            assert doc.splitlines()[0].endswith("."), f"{module}: the first line is no sentence"


@pytest.mark.parametrize(
    ("module", "line", "fault"),
    [
        ("core.flags", "from ..io.files import read_json", "not on a floor below"),
        ("posterior.draws", "from ..models.model import Model", "not on a floor below"),
        ("models.model", "from gampen_tf.training import train", "not on a floor below"),
        ("models.model", "import gampen_tf", "the face of the package"),
        ("training.loop", "def f():\n    from ..layers import heads", "inside a function"),
        ("metrics.ranks", "def f():\n    import json", "inside a function"),
        ("training.loop", "from ..layers import heads", None),
        ("training.loop", "def f():\n    import torch", None),
        ("inference.replica", "from .monte_carlo import Passes", None),
        ("evaluation.report", "from ..training import train", "may not use"),
        ("vae.training", "from ..training import devices", None),
        ("metrics.ranks", "from .draws import _at_rank", "uses _at_rank, which is private"),
        ("metrics.ranks", "from . import draws\ndraws._at_rank()", "uses draws._at_rank, which is private"),
        ("inference.predictor", "from .. import _version\nfrom .._version import __version__", None),
        ("layers.keras_graph", "import keras\nkeras._inside", None),
    ],
)
def test_the_rules_find_faults(module, line, fault):
    found = faults_of(module, line + "\n")
    assert (fault is None and found == []) or (fault is not None and len(found) == 1 and fault in found[0])


def texts_without_encoding(source):
    """Lines that read or write text in the encoding of the locale, which may be ASCII."""
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        given = {keyword.arg for keyword in call.keywords}
        mode = next((one.value for one in call.keywords if one.arg == "mode"), call.args[1] if call.args[1:] else None)
        is_open = isinstance(call.func, ast.Name) and name == "open"
        is_text = is_open and "b" not in (mode.value if isinstance(mode, ast.Constant) else "")
        if (is_text or name in ("read_text", "write_text")) and "encoding" not in given:
            yield call.lineno


@pytest.mark.parametrize("module", FILES)
def test_text_is_utf8_whatever_the_locale(module):
    assert list(texts_without_encoding(FILES[module].read_text(encoding="utf-8"))) == []


def test_texts_in_the_encoding_of_the_locale_are_found():
    wrong = "open(p)\nopen(p, 'w')\np.read_text()\nfolder().write_text(x)\nopen(p, mode='a')\n"
    right = "open(p, 'rb')\nopen(p, encoding='utf-8')\np.read_text(encoding='utf-8')\nfits.open(p)\n"
    assert list(texts_without_encoding(wrong + right)) == [1, 2, 3, 4, 5]
