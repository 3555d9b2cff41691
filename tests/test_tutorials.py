"""The tutorials run, and the README's commands and calls are ones that there are."""

import ast
import importlib
import inspect
import json
import os
import pkgutil
import re
import shlex
import shutil
from pathlib import Path

import pytest

from gampen_tf.cli import program as cli

REPOSITORY = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((REPOSITORY / "tutorials").glob("*.ipynb"))
README = (REPOSITORY / "README.md").read_text()

# What must hold when a notebook has run, said in its own variables.
CHECKS = {
    "predict": """
assert posterior.contains(truth, 0.9973).mean() > 0.8
assert np.allclose(again.mode(), posterior.mode(), rtol=1e-2, atol=1e-2)      # counts or nJy: the same galaxies
assert np.isnan(flagged.mode()[1]).all() and np.isfinite(flagged.mode()[[0, 2]]).all()
""",
    "simulate_and_train": """
assert model.pixel_scale == 0.168 and model.image_shape == (95, 95, 1)
assert (evaluation.metrics["n_measured"], len(posterior)) == (len(data.split("test")), 20)
assert np.ptp(evaluation.posterior.mode()[:, 2]) > 0
""",
    # an image with larger pixels than the model thinks gives radii that are short by their ratio
    "finetune": """
assert abs(ratio - 0.84) < 0.15
assert model.pixel_scale == 0.2 and model.band == "r"
assert model.scaler.to_dict() == base.scaler.to_dict()
assert np.abs(np.median(errors(after)[:, 1])) < np.abs(np.median(errors(before)[:, 1]))
""",
    "other_systems": """
assert np.isfinite(aware.median()).mean() == np.isfinite(values.median()).mean() == 1
assert errors[1] < errors[0]                                    # of the axis ratio: the PSF helps
assert np.all(vae.log_likelihood_bound(noise_alone) < vae.log_likelihood_bound(galaxies).min())
""",
}


def run(path, folder, monkeypatch):
    """Execute a notebook's quick setting in a copy of the tutorials, then its checks."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    shutil.copytree(path.parent, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("output"))
    monkeypatch.setenv("GAMPEN_TF_TUTORIAL", "quick")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")])))
    # figures into the notebook, as a reader has them
    monkeypatch.delenv("MPLBACKEND", raising=False)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(CHECKS[path.stem]))
    nbclient.NotebookClient(
        notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    return notebook


def complaints(notebook):
    return [
        output["text"]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if output["output_type"] == "stream" and output["name"] == "stderr"
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:jupyter_client.*", "ignore::DeprecationWarning:nbclient.*")
@pytest.mark.parametrize(
    "path", [pytest.param(p, marks=[] if p.stem == "predict" else pytest.mark.slow, id=p.stem) for p in NOTEBOOKS]
)
def test_a_tutorial_runs_without_complaints(path, tmp_path, monkeypatch):
    assert complaints(run(path, tmp_path, monkeypatch)) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_tutorial_is_stripped_but_for_small_figures(path):
    assert path.stat().st_size < 300_000
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "code":
            assert cell["execution_count"] is None
            for output in cell["outputs"]:
                assert set(output["data"]) <= {"image/png", "text/plain"}


def sources():
    found = [pytest.param(block, id=f"README {i}") for i, block in enumerate(blocks("python"))]
    for path in NOTEBOOKS:
        cells = json.loads(path.read_text())["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        found.append(pytest.param("\n".join(code), id=path.stem))
    return found


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("source", sources())
def test_calls_of_public_verbs_fit_their_signatures(source):
    found = 0
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module)
            assert all(hasattr(module, name.name) for name in node.names)
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        name = ast.unparse(node.func)
        if re.fullmatch(r"gampen_tf(\.\w+)+", name):
            keywords = {keyword.arg: None for keyword in node.keywords}
            inspect.signature(pkgutil.resolve_name(name)).bind(*node.args, **keywords)
            found += 1
    assert found


def commands():
    lines = "\n".join(blocks("console")).splitlines()
    for path in NOTEBOOKS:
        cells = json.loads(path.read_text())["cells"]
        text = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        lines += [line.strip() for line in "\n".join(text).splitlines() if line.startswith("    gampen-tf ")]
    return lines


@pytest.mark.parametrize("command", commands())
def test_commands_are_understood(command):
    program, *arguments = shlex.split(command)
    assert program == "gampen-tf"
    assert callable(cli.parser().parse_args(arguments).run)


def test_links_of_the_readme_lead_somewhere():
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert len(targets) >= 5
    assert [target for target in targets if not (REPOSITORY / target).exists()] == []
