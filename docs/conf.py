"""Sphinx's settings. ``make docs`` builds the pages into ``docs/_build/html``."""

import importlib
import inspect
import re
from itertools import groupby
from pathlib import Path

from sphinx.addnodes import pending_xref

import gampen_tf

HERE = Path(__file__).resolve().parent

project = "gampen_tf"
author = "The gampen_tf developers"
project_copyright = f"%Y, {author}"
release = version = gampen_tf.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]

# -- Pages ------------------------------------------------------------------------------------------------------------

# The pages include README.md and its neighbours as they are: headings get the anchors that GitHub gives them.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
# They link to each other, too; see follow_links.
PAGES = {
    "README.md": "guide",
    "CHANGES.md": "changes",
    "ARCHITECTURE.md": "architecture",
    "CONTRIBUTING.md": "contributing",
}

# -- Reference --------------------------------------------------------------------------------------------------------

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings say the types, and the shapes besides
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True  # else the fields of a data class would stand there twice
napoleon_custom_sections = [("Call arguments", "params_style")]
# prompts and outputs of examples are not for copying
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# -- Look -------------------------------------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = f"gampen_tf {version}"
html_show_sourcelink = False
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
}

# Public modules besides gampen_tf itself. Their own __all__ says what is public in them.
PUBLIC_MODULES = ["classical", "data", "metrics", "layers", "networks", "plots"]


def write_reference(_app, _config):
    """Write ``api/index.rst`` from the public names, so that a name that comes or goes does so here as well."""
    lines = [
        *_heading("Reference", "="),
        "What ``import gampen_tf`` gives, by the part of the package it lives in.",
        "",
    ]
    public_names = [name for name in gampen_tf.__all__ if not inspect.ismodule(getattr(gampen_tf, name))]
    public = [(_room(name), name) for name in public_names]
    for room, names in groupby(sorted(public), key=lambda pair: pair[0]):
        lines += _table(room, "gampen_tf", [name for _, name in names])
    lines += [*_heading("Modules", "="), "What stands in a module, such as ``gampen_tf.networks.check``.", ""]
    for room in PUBLIC_MODULES:
        module = importlib.import_module(f"gampen_tf.{room}")
        # a constant has no docstring of its own, only that of its type; some names stand above already
        names = [name for name in module.__all__ if callable(getattr(module, name)) and name not in public_names]
        lines += _table(f"gampen_tf.{room}", f"gampen_tf.{room}", names)
    page = HERE / "api" / "index.rst"
    page.parent.mkdir(exist_ok=True)
    text = "\n".join(lines)
    if not page.is_file() or page.read_text(encoding="utf-8") != text:  # an unchanged page is not built again
        page.write_text(text, encoding="utf-8")


def _heading(title, line):
    return [title, line * len(title), ""]


def _room(name):
    # gampen_tf.training.finetuning -> training
    return inspect.getmodule(getattr(gampen_tf, name)).__name__.split(".")[1]


def _table(title, module, names):
    return [
        *_heading(title, "-"),
        f".. currentmodule:: {module}",
        "",
        ".. autosummary::",
        "   :toctree: .",
        "   :nosignatures:",
        "",
        *(f"   {name}" for name in sorted(names)),
        "",
    ]


def keep_bars(_app, _what, _name, _object, _options, lines):
    """Let ``|x|`` in a docstring be an absolute value: to Sphinx it would be the name of a substitution."""
    lines[:] = [re.sub(r"(``.*?``)|\|", lambda found: found[1] or r"\|", line) for line in lines]


def follow_links(_app, doctree):
    """Make links between files at the top of the repository links between the pages that include them.

    Code, folders and pictures of results have no page: a link to them stays as text. One to nothing is left for Sphinx
    to warn about.
    """
    for link in list(doctree.findall(pending_xref)):
        if link["reftype"] != "myst" or link["refdomain"] == "doc":
            continue
        name, _, anchor = link["reftarget"].partition("#")
        if name in PAGES:
            link.attributes.update(refdomain="doc", reftarget=PAGES[name], reftargetid=anchor or None)
        elif name and (HERE.parent / name).exists():
            link.replace_self(link.children)


def setup(app):
    app.connect("doctree-read", follow_links)
    app.connect("autodoc-process-docstring", keep_bars)
    # before Sphinx looks which pages there are: autosummary reads this one, and writes a page of each name in it
    app.connect("config-inited", write_reference)
