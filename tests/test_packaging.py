"""The wheel and the source distribution: complete, and of use in another folder."""

import configparser
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def options():
    parser = configparser.ConfigParser()
    parser.read(REPOSITORY / "setup.cfg")
    return parser


def test_every_sub_package_is_listed():
    listed = {name for name in options()["options"]["packages"].split() if not name.startswith("gampen_tf._shipped")}
    there = {
        ".".join(path.parent.relative_to(REPOSITORY).parts) for path in (REPOSITORY / "gampen_tf").rglob("__init__.py")
    }
    assert listed == there


def files_of(*rooms):
    """Paths of what git knows, of the whole repository or of some of its folders."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not in a git checkout")
    command = ["git", "ls-files", "-z", "--", *rooms]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.split("\0")
    return {name for name in listed if (REPOSITORY / name).is_file()}


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    # from a copy of what git would give to a stranger: a build leaves folders behind
    source = folder / "source"
    source.mkdir()
    for name in files_of():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((REPOSITORY / name).read_bytes())
    built = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source], capture_output=True, text=True
    )
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]
    return folder


@pytest.mark.slow
def test_the_wheel_carries_models_recipes_samples_and_templates(distributions):
    with zipfile.ZipFile(next(distributions.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    samples, templates = files_of("gampen_tf/samples"), files_of("gampen_tf/evaluation/templates")
    assert samples
    assert templates
    expected = samples | templates
    expected |= {f"gampen_tf/_shipped/{name}" for name in files_of("models", "data_recipes")}
    assert expected - names == set()
    assert {
        "gampen_tf/_shipped/models/hsc_wide_g/model.keras",
        "gampen_tf/_shipped/data_recipes/hsc_wide_g.yaml",
    } <= names
    assert not [name for name in names if name.split("/")[0] in ("tests", "benchmarks", "tutorials", "models")]


@pytest.mark.slow
def test_the_source_distribution_holds_what_a_rebuild_and_the_tests_need(distributions):
    with tarfile.open(next(distributions.glob("*.tar.gz"))) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    expected = {"setup.cfg", "pyproject.toml", "LICENSE", "README.md", "Makefile", "tutorials/predict.ipynb"}
    assert (expected | files_of("gampen_tf/samples", "models", "data_recipes")) - names == set()


@pytest.mark.slow
def test_the_wheel_runs_the_demo_from_another_folder(distributions, tmp_path):
    installed = tmp_path / "site"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            installed,
            next(distributions.glob("*.whl")),
        ],
        check=True,
    )
    environment = {**os.environ, "PYTHONPATH": str(installed)}

    def run(*command):
        result = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert result.returncode == 0, result.stderr[-2000:]
        return result.stdout

    assert run("-c", "import gampen_tf; print(gampen_tf.__file__)").startswith(str(installed))
    assert "hsc_wide_g" in run("-m", "gampen_tf", "models", "list")
    assert "Inside, of 12" in run("-m", "gampen_tf.demo", "shown")
    assert (tmp_path / "shown" / "posteriors.png").is_file()
