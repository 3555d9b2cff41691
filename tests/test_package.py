"""The package as a stranger meets it: cheap to import, quiet, complete."""

import functools
import inspect
import os
import subprocess
import sys

import pytest

import gampen_tf


def run_python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={
            name: value
            for name, value in ({**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"} | environment).items()
            if value is not None
        },
        check=True,
    )


@pytest.mark.parametrize(
    "code", ["import gampen_tf; dir(gampen_tf)", "import gampen_tf.cli.arguments as a; a.parser()"]
)
def test_importing_loads_nothing_heavy(code):
    heavy = "{'tensorflow', 'keras', 'galsim', 'matplotlib', 'astropy', 'pandas', 'tensorflow_probability'}"
    result = run_python(f"import sys; {code}; print(sorted({heavy} & set(sys.modules)))")
    assert result.stdout.strip() == "[]"


def test_importing_leaves_the_import_system_and_standard_error_alone():
    code = (
        "import os, sys; before = list(sys.meta_path), os.fstat(2)\n"
        "import gampen_tf; dir(gampen_tf); gampen_tf.open_dataset\n"
        "print((list(sys.meta_path), os.fstat(2)) == before, 'TF_CPP_MIN_LOG_LEVEL' in os.environ)"
    )
    assert run_python(code, TF_CPP_MIN_LOG_LEVEL=None).stdout.split() == ["True", "False"]


def test_the_command_line_hides_the_notes_of_tensorflow_and_warnings_pass():
    code = (
        "from gampen_tf.cli import main; main(['models', 'list'])\n"
        "import tensorflow as tf; tf.constant(1.0) + 1; tf.get_logger().warning('a real warning')"
    )
    lines = [line for line in run_python(code).stderr.splitlines() if line.strip()]
    assert len(lines) == 1
    assert "a real warning" in lines[0]


def test_every_public_name_is_there():
    for name in gampen_tf.__all__:
        thing = getattr(gampen_tf, name)
        assert callable(thing) or inspect.ismodule(thing)


def test_the_parts_of_the_package_are_there_after_a_bare_import():
    code = (
        "import sys, gampen_tf\n"
        "assert gampen_tf.core.Parameter('flux', 'nJy').unit == 'nJy'\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
        "print(callable(gampen_tf.networks.check), {'data', 'networks', 'vae'} <= set(dir(gampen_tf)))"
    )
    assert run_python(code).stdout.split() == ["True", "True"]


HERE = os.path.dirname(gampen_tf.__file__)


def public_functions():
    """(Name, function) of the public functions, and of the methods of the public classes but the private ones."""
    for name in gampen_tf.__all__:
        thing = getattr(gampen_tf, name)
        if inspect.ismodule(thing):
            continue
        if not inspect.isclass(thing):
            yield name, thing
            continue
        own = [one for one in thing.__mro__ if one.__module__.split(".")[0] == "gampen_tf"]
        for member, method in ((member, method) for one in own for member, method in vars(one).items()):
            if isinstance(method, property):
                method = method.fget
            elif isinstance(method, functools.cached_property):
                method = method.func
            function = getattr(method, "__func__", method)  # of class methods and static ones
            # a dunder that no file of ours holds was made by dataclass or enum
            is_written = inspect.isfunction(function) and function.__code__.co_filename.startswith(HERE)
            if is_written and (not member.startswith("_") or member.startswith("__")):
                yield f"{name}.{member}", function


def not_annotated(function):
    """Names of the parameters of a function without an annotation, and "return" if what it gives back has none."""
    signature = inspect.signature(function)
    bare = [one.name for one in signature.parameters.values() if one.annotation is one.empty and one.name != "self"]
    gives = function.__name__ != "__init__" and signature.return_annotation is signature.empty
    return [name for name in bare if name != "cls"] + ["return"] * gives


def test_every_public_function_is_annotated():
    assert len(dict(public_functions())) > 100
    missing = {name: not_annotated(function) for name, function in public_functions()}
    assert {name: bare for name, bare in missing.items() if bare} == {}


def test_a_parameter_or_result_without_annotation_is_found():
    def function(self, a: int, b, *rest, c: int = 0, **options: int):
        pass

    assert not_annotated(function) == ["b", "rest", "return"]


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="gampen_tf attribute predcit"):
        _ = gampen_tf.predcit
