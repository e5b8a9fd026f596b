"""Imports run one way, __all__ is true, and NumPy alone is enough for cells and checks."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import rnncourse

PACKAGE = Path(rnncourse.__file__).parent
MAY_IMPORT = {
    "cells": {"cells"},
    "layers": {"cells", "layers"},
    "tasks": {"tasks"},
    "checks": {"cells", "layers", "checks"},
    "grading": {"cells", "checks", "grading"},
}
TOP = {"__init__", "__main__", "cli", "bench", "choose", "figures"}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def imports_of(path):
    """Top-level part of rnncourse that each import names, with the module's own part."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: imports are absolute"
            names = [node.module]
            if node.module == "rnncourse":
                names = [f"rnncourse.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] in ("tests", "book", "exercises"):
                yield name
            elif name.startswith("rnncourse."):
                yield name.split(".")[1]


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_run_one_way(path):
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if part in TOP:
        return
    assert part in MAY_IMPORT, f"{part}: say in MAY_IMPORT where it stands"
    climbs = sorted(set(imports_of(path)) - MAY_IMPORT[part])
    assert not climbs, f"{path.name} climbs: {part} may not import {climbs}"


@pytest.mark.parametrize(
    "name",
    ["rnncourse", *(f"rnncourse.{m.name}" for m in pkgutil.iter_modules(rnncourse.__path__))],
)
def test_all_names_what_is_there_once(name):  # ruff keeps it sorted
    if name == "rnncourse.__main__":
        return
    module = importlib.import_module(name)
    names = getattr(module, "__all__", [])
    assert len(names) == len(set(names))
    assert [n for n in names if not hasattr(module, n)] == []


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_cells_and_checks_load_neither_torch_nor_ipython():
    code = (
        "import sys, rnncourse, rnncourse.cells, rnncourse.checks, rnncourse.tasks; "
        "print(sorted({'torch', 'IPython', 'nbgrader', 'matplotlib'} & set(sys.modules)))"
    )
    assert run(code).stdout == "[]\n"


def test_without_torch_the_layers_say_what_is_missing():
    block = "import sys; sys.modules['torch'] = None; import rnncourse; "
    assert run(block + "rnncourse.check").returncode == 0
    done = run(block + "rnncourse.LSTM")
    assert done.returncode != 0
    assert "torch" in done.stderr.splitlines()[-1]


def test_the_package_is_typed():
    assert (PACKAGE / "py.typed").is_file()
