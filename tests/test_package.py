"""The package as a stranger meets it: cheap to import, quiet, complete."""

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
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0", **environment},
        check=True,
    )


@pytest.mark.parametrize(
    "code", ["import gampen_tf; dir(gampen_tf)", "import gampen_tf.cli.arguments as a; a._parser()"]
)
def test_importing_loads_nothing_heavy(code):
    heavy = "{'tensorflow', 'keras', 'galsim', 'matplotlib', 'astropy', 'pandas', 'tensorflow_probability'}"
    result = run_python(f"import sys; {code}; print(sorted({heavy} & set(sys.modules)))")
    assert result.stdout.strip() == "[]"


def test_tensorflow_starts_without_its_notes_but_warnings_pass():
    code = "import gampen_tf, tensorflow as tf; tf.constant(1.0) + 1; tf.get_logger().warning('a real warning')"
    result = run_python(code)
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(lines) == 1
    assert "a real warning" in lines[0]


def test_every_public_name_is_there():
    for name in gampen_tf.__all__:
        assert callable(getattr(gampen_tf, name))


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'predcit'"):
        _ = gampen_tf.predcit
