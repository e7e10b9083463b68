"""How Sphinx builds the documentation."""

from __future__ import annotations

import re

from plugbus._version import __version__


project = "plugbus"
author = "the plugbus developers"
copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = f"plugbus {release}"
html_copy_source = False


CODE = re.compile(r"(?<![`:])`([^`]+)`(?!`)(?=(\w)?)")


def mark_code(app, what, name, obj, options, lines):
    """Docstrings write `code` as Markdown does; turn it into the literals of reStructuredText."""
    text = CODE.sub(lambda found: f"``{found[1]}``" + ("\\ " if found[2] else ""), "\n".join(lines))
    lines[:] = text.split("\n")


def setup(app):
    # Ahead of napoleon, to which a colon inside of code would be one between a type and its description.
    app.connect("autodoc-process-docstring", mark_code, priority=100)
