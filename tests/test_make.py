"""What `make course` says where it cannot work: one line, a non-zero exit, nothing left behind."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def checkout(tmp_path):
    """Just what make reads before it installs anything."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def refused(checkout, *arguments, **options):
    before = sorted(checkout.rglob("*"))
    done = subprocess.run(
        ["make", "--silent", "course", *arguments],
        cwd=checkout,
        capture_output=True,
        text=True,
        **options,
    )
    assert done.returncode != 0
    assert sorted(checkout.rglob("*")) == before
    lines = [line for line in done.stderr.splitlines() if ": *** [" not in line]
    assert len(lines) == 1, lines
    return lines[0]


def test_no_python(checkout):
    assert refused(checkout, "PYTHON=python9").startswith("rnncourse: found no python9; install")


def test_python_too_old(checkout):
    old = checkout / "oldpython"
    old.write_text("#!/bin/sh\n[ $1 = --version ] && echo Python 3.8.1\nexit 1\n")
    old.chmod(0o755)
    line = refused(checkout, f"PYTHON={old}")
    assert "is Python 3.8.1, expected Python 3.11 or newer" in line


def test_python_without_venv(checkout):
    bare = checkout / "barepython"
    bare.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\n')
    bare.chmod(0o755)
    assert "apt-get install python3-venv" in refused(checkout, f"PYTHON={bare}")


def test_unwritable_folder(checkout):
    options = {}
    if os.geteuid() == 0:  # root writes anywhere: go there as nobody
        for folder in [checkout, *checkout.parents]:
            if folder.owner() == "root" and folder.stat().st_mode & 0o005 == 0:
                folder.chmod(folder.stat().st_mode | 0o055)
        options = {"user": 65534, "group": 65534, "extra_groups": []}
    checkout.chmod(0o555)
    try:
        line = refused(checkout, **options)
    finally:
        checkout.chmod(0o755)
    assert "cannot write into" in line
