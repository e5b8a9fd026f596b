"""The one command that sets the repository's address: everywhere, and linted."""

import importlib.util
import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
spec = importlib.util.spec_from_file_location("repository", ROOT / "tools/repository.py")
repository = importlib.util.module_from_spec(spec)
spec.loader.exec_module(repository)

OLD = "https://github.com/ada/old"
NEW = "https://github.com/grace-h/new.course"


def notebook(where, url):
    owner, name = repository.owner_and_name(url)
    colab = f"https://colab.research.google.com/github/{owner}/{name}/blob/main/{where}"
    badge = f"[![Open in Colab]({repository.BADGE})]({colab})"
    cells = [("badge", badge), ("setup", repository.SETUP.format(url=url))]
    return {"cells": [{"id": id, "source": [source]} for id, source in cells]}


@pytest.fixture
def root(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "_config.yml").write_text(f"title: x\nrepository:\n  branch: main\n  url: {OLD}\n")
    (tmp_path / "book/a.ipynb").write_text(json.dumps(notebook("book/a.ipynb", OLD)))
    (tmp_path / "README.md").write_text(
        f"{OLD}/issues https://ada.github.io/old/book {OLD}er https://github.com/ada/olden-days"
    )
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff" + OLD.encode())
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    return tmp_path


def test_one_command_sets_it_everywhere_and_leaves_longer_names_alone(root):
    assert repository.main([NEW], root) == 0
    assert repository.current_url(root) == NEW
    assert json.loads((root / "book/a.ipynb").read_text()) == notebook("book/a.ipynb", NEW)
    assert (root / "README.md").read_text() == (
        f"{NEW}/issues https://grace-h.github.io/new.course/book "
        f"{OLD}er https://github.com/ada/olden-days"
    )
    assert OLD.encode() in (root / "picture.png").read_bytes()
    assert repository.main([OLD], root) == 0  # and back


@pytest.mark.parametrize(
    "url", ["github.com/a/b", "https://github.com/a", "https://github.com/a/b.git"]
)
def test_an_address_that_is_none_is_refused_in_one_line_and_changes_nothing(root, url):
    before = (root / "README.md").read_text()
    with pytest.raises(SystemExit, match=r"^got '.*', expected an address such as"):
        repository.main([url], root)
    assert (root / "README.md").read_text() == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda nb: nb["cells"][0].update(source=["[![Open in Colab](x)](y)"]),
        lambda nb: nb["cells"][1].update(source=["%pip install -U torch"]),
        lambda nb: nb["cells"].pop(0),
        lambda nb: nb.update(cells=[]),
        lambda nb: nb.pop("cells"),
    ],
)
def test_a_notebook_with_another_start_is_named(root, spoil, capsys):
    spoilt = notebook("book/a.ipynb", OLD)
    spoil(spoilt)
    (root / "book/a.ipynb").write_text(json.dumps(spoilt))
    assert repository.main([], root) == 1
    assert "book/a.ipynb: " in capsys.readouterr().err


def test_a_backup_of_jupyters_is_no_notebook_of_ours(root):
    (root / "book/.ipynb_checkpoints").mkdir()
    (root / "book/.ipynb_checkpoints/a-checkpoint.ipynb").write_text("{}")
    assert repository.main([], root) == 0


def test_a_notebook_that_is_no_json_is_named(root, capsys):
    (root / "book/a.ipynb").write_text("{")
    assert repository.main([], root) == 1
    assert capsys.readouterr().err.startswith("book/a.ipynb: is no notebook")
