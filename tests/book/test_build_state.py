"""A build executes what changed, and what failed once fails again."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = """
title: A trial
only_build_toc_files: true
execute: {execute_notebooks: force}
html: {favicon: "", home_page_in_navbar: false}
sphinx:
  local_extensions: {build_state: book/_ext}
"""
TOC = "{format: jb-book, root: book/intro, chapters: [{file: book/page}]}"
INTRO = "(here)=\n# Introduction\n\nText.\n"
CELL = """
import pathlib, time
with open("../executions", "a") as log: log.write("x")
while pathlib.Path("../wait").exists(): time.sleep(0.02)
print("module", pathlib.Path("../rnncourse/cells/module.py").read_text())
print("table", pathlib.Path("results/table.csv").read_text())
"""


class Trial:
    """A book of two pages, one of them a notebook, and the folders that it reads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.good = False
        shutil.copytree(ROOT / "book/_ext", root / "book/_ext")
        self.write("_config.yml", CONFIG)
        self.write("_toc.yml", TOC)
        self.write("book/results/table.csv", "10")
        self.write("rnncourse/cells/module.py", "1")
        self.write("requirements.txt", "")
        # half of a build's time goes into this grammar of addresses, which no trial has
        self.write("quick/rfc3987_syntax.py", "raise ImportError")
        self.write_pages()

    def write_pages(self) -> None:
        self.write("book/intro.md", INTRO)
        self.write_cell(CELL)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def write_cell(self, source: str) -> None:
        cells = [
            {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Page\n\n{ref}`here`"},
            {
                "cell_type": "code",
                "id": "b",
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            },
        ]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = {"cells": cells, "metadata": {"kernelspec": kernel}}
        self.write("book/page.ipynb", json.dumps(notebook | {"nbformat": 4, "nbformat_minor": 5}))

    def start(self) -> subprocess.Popen:
        jupyter_book = Path(sys.executable).with_name("jupyter-book")
        command = [jupyter_book, "build", self.root, "-W", "--keep-going"]
        return subprocess.Popen(
            command,
            env=os.environ | {"PYTHONPATH": str(self.root / "quick")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def build(self) -> bool:
        self.good = self.start().wait(timeout=100) == 0
        return self.good

    @property
    def executions(self) -> int:
        log = self.root / "executions"
        return log.stat().st_size if log.exists() else 0

    @property
    def page(self) -> str:
        return (self.root / "_build/html/book/page.html").read_text()


@pytest.fixture(scope="module")
def shared_trial(tmp_path_factory):
    return Trial(tmp_path_factory.mktemp("trial"))


@pytest.fixture
def trial(shared_trial):
    """The trial after a good build. What a test writes into it is there for the next one."""
    (shared_trial.root / "wait").unlink(missing_ok=True)
    if not shared_trial.good:
        shared_trial.write_pages()
        assert shared_trial.build()
    return shared_trial


@pytest.mark.parametrize(
    "file",
    [
        "rnncourse/module.py",
        "rnncourse/layers/steps.cpp",
        "book/results/speed/cpu.json",
        "book/_ext/extension.py",
        "requirements.txt",
    ],
)
def test_every_page_depends_on(file, tmp_path):
    spec = importlib.util.spec_from_file_location("build_state", ROOT / "book/_ext/build_state.py")
    build_state = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build_state)
    page = tmp_path / "page.md"
    page.write_text("# Page")
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    env = SimpleNamespace(srcdir=tmp_path, found_docs={"page"}, doc2path=lambda name: page)
    digests = {str(build_state.page_digests(env))}
    for content in ("one", "two"):
        (tmp_path / file).write_text(content)
        digests.add(str(build_state.page_digests(env)))
    (tmp_path / "README.md").write_text("of no page")
    digests.add(str(build_state.page_digests(env)))
    assert len(digests) == 3  # without the file, and with each content


def start_and_wait_for_the_cell(trial):
    before = trial.executions
    trial.write("wait", "")
    build = trial.start()
    while trial.executions == before:
        assert build.poll() is None, "the build ended without executing the notebook"
        time.sleep(0.02)
    return build


def test_an_unchanged_tree_executes_nothing(trial):
    before = trial.executions
    assert before
    assert trial.build()
    assert trial.executions == before


def test_a_changed_page_does_not_execute_the_others(trial):
    before = trial.executions
    trial.write("book/intro.md", INTRO + "More text.\n")
    assert trial.build()
    assert "More text." in (trial.root / "_build/html/book/intro.html").read_text()
    assert trial.executions == before


@pytest.mark.parametrize(
    ("file", "name"), [("rnncourse/cells/module.py", "module"), ("book/results/table.csv", "table")]
)
def test_a_changed_file_reaches_the_page(trial, file, name):
    old = trial.root.joinpath(file).read_text()
    assert f"{name} {old}" in trial.page
    trial.write(file, f"{old}77")
    assert trial.build()
    assert f"{name} {old}77" in trial.page


def test_a_page_changed_while_it_is_executed_is_executed_again(trial):
    trial.write("book/results/table.csv", "20")
    build = start_and_wait_for_the_cell(trial)
    trial.write_cell(CELL + "print('second thoughts')")
    (trial.root / "wait").unlink()
    assert build.wait() == 0
    assert "second thoughts" not in trial.page
    assert trial.build()
    assert "second thoughts" in trial.page


def test_a_killed_build_is_a_full_one_next_time(trial):
    old = trial.root.joinpath("book/results/table.csv").read_text()
    trial.write("book/results/table.csv", "30")
    build = start_and_wait_for_the_cell(trial)
    build.kill()
    build.wait()
    (trial.root / "wait").unlink()
    trial.write("book/results/table.csv", old)  # as the last good build had it
    before = trial.executions
    assert trial.build()
    assert trial.executions == before + 1


def test_a_cell_that_fails_fails_again(trial):
    trial.write_cell(CELL + "1 / 0")
    assert not trial.build()
    assert not trial.build()


def test_a_label_that_is_gone_fails_again_though_another_page_names_it(trial):
    trial.write("book/intro.md", INTRO.replace("(here)=", ""))
    assert not trial.build()
    assert not trial.build()


def test_a_mended_book_builds(trial):
    assert "ZeroDivisionError" not in trial.page
    assert "Introduction" in trial.page
