"""The release notebooks in JupyterLab, in Chromium, as a learner meets them."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from ..book import looks

SOURCE = Path(__file__).resolve().parents[2] / "exercises/source"
NAMES = sorted(folder.name for folder in SOURCE.iterdir())
SETTINGS = {  # all cells in the page, not only those in view; no questions about news
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
OPEN = "path => void jupyterapp.commands.execute('docmanager:open', {path})"
IS_READY = """path => {
    const { context, sessionContext } = jupyterapp.shell.currentWidget ?? {};
    const kernel = sessionContext?.session?.kernel;
    const runs = kernel?.connectionStatus === "connected" && kernel.status === "idle";
    return document.querySelector(".jp-Dialog") || (context?.path === path && runs);
}"""
PATIENCE = 60_000  # milliseconds


@pytest.fixture(scope="module")
def address(releases, tmp_path_factory):
    """A JupyterLab over copies of the releases; it knows no settings of whoever runs the tests."""
    home = tmp_path_factory.mktemp("jupyterlab")
    (home / "work").mkdir()
    for path in releases.values():
        shutil.copy(path, home / "work")
    for name, values in SETTINGS.items():
        path = home / f"config/lab/user-settings/@jupyterlab/{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    mine = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    own = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "IPYTHONDIR": "ipython"}
    options = ["--no-browser", "--allow-root", "--ServerApp.port=0", "--IdentityProvider.token="]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options, "--LabApp.expose_app_in_browser=True"],
            cwd=home / "work",
            env=mine | {name: str(home / folder) for name, folder in own.items()},
            stdout=log,
            stderr=log,
        )
    try:
        told = home / f"data/runtime/jpserver-{server.pid}.json"  # written once it listens
        until = time.monotonic() + PATIENCE / 1000
        while not (told.exists() and told.read_text()):
            assert server.poll() is None, (home / "log").read_text()
            assert time.monotonic() < until, (home / "log").read_text()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{json.loads(told.read_text())['port']}/"
    finally:
        server.terminate()  # it ends its kernels
        server.wait(PATIENCE / 1000)


@pytest.fixture(scope="module")
def lab(browser, address):
    """JupyterLab's page and a list of what goes wrong in it."""
    with looks.visit(browser, address, "lab") as (page, faults):
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page.route("**/colab-badge.svg", lambda route: route.fulfill(body=""))  # each has it
        page.wait_for_function("window.jupyterapp")
        page.evaluate("jupyterapp.restored")
        yield page, faults


@pytest.fixture
def opened(lab, releases):
    """Open a notebook, wait for its kernel; gives its panel, the faults, and its cells on disk."""
    page, faults = lab

    def opened(name):
        faults.clear()
        page.evaluate(OPEN, f"{name}.ipynb")
        page.wait_for_function(IS_READY, arg=f"{name}.ipynb")
        panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        return panel, faults, nbformat.read(releases[name], as_version=4).cells

    return opened


@pytest.mark.parametrize("name", NAMES)
def test_a_release_opens(opened, name):
    panel, faults, cells = opened(name)
    assert panel.page.locator(".jp-Dialog").all_inner_texts() == []
    expect(panel.get_by_role("heading", level=1)).to_be_visible()
    expect(panel.locator(".jp-Notebook .jp-Cell")).to_have_count(len(cells))
    expect(panel.locator(".jp-RenderedMarkdown", has_text="$")).to_have_count(0)  # all typeset
    assert panel.locator("mjx-merror").all_inner_texts() == []
    # JupyterLab asks for the debugger at once and may give up waiting
    assert [fault for fault in faults if "restore the debugger state" not in fault] == []


def write(cell, source):
    """Replace a cell's source as a learner does, with the mouse and the keyboard."""
    cell.locator(".cm-content").click()
    cell.page.keyboard.press("ControlOrMeta+A")
    cell.page.keyboard.insert_text(source)


def run(cell):
    """Run a cell by its shortcut; gives its output, once it ran."""
    prompt = cell.locator(".jp-InputArea-prompt")
    before = prompt.inner_text()
    cell.locator(".cm-content").click()
    cell.page.keyboard.press("ControlOrMeta+Enter")
    expect(prompt).not_to_have_text(before)
    expect(prompt).to_have_text(re.compile(r"\[\d+\]"))
    return cell.locator(".jp-OutputArea")


def wrong_step():
    """The instructor's cell of ps2 with two gates swapped, without its marks."""
    cells = nbformat.read(SOURCE / "ps2-lstm/ps2-lstm.ipynb", as_version=4).cells
    source = next(cell.source for cell in cells if cell.id == "lstm-step")
    assert source.count("i, f, o = ") == 1
    return source.replace("i, f, o = ", "f, i, o = ")


def test_a_mistake_is_named_below_the_check(opened, axe):
    panel, _, cells = opened("ps2-lstm")
    shown = panel.locator(".jp-Notebook .jp-Cell")
    place = {cell.id: place for place, cell in enumerate(cells)}
    ids = "imports", "lstm-step", "check-lstm-step"
    imports, step, check = (shown.nth(place[id]) for id in ids)
    run(imports)
    run(step)
    expect(run(check)).to_contain_text("lstm_step is not written yet.")
    write(step, wrong_step())
    run(step)
    report = run(check)
    expect(report).to_contain_text("a cell whose input and forget gates are swapped")
    assert "Traceback" not in report.inner_text()
    assert ".py" not in report.inner_text()  # neither our files nor IPython's
    page = panel.page
    page.add_script_tag(path=looks.AXE)
    page.add_style_tag(content="body {height: 100vh}")  # at its 0, axe-core takes all for hidden
    for theme in "Light", "Dark":
        page.evaluate(
            "theme => jupyterapp.commands.execute('apputils:change-theme', {theme})",
            f"JupyterLab {theme}",
        )
        expect(page.locator("body")).to_have_attribute(
            "data-jp-theme-light", str(theme == "Light").lower()
        )
        expect(page.locator("#jupyterlab-splash")).to_have_count(0)  # it covers a change of theme
        assert report.evaluate("output => axe.run(output)")["violations"] == []
        found = report.locator(".jp-RenderedHTML").evaluate("output => axe.run(output)")
        assert found["violations"] == []
        assert "color-contrast" in [rule["id"] for rule in found["passes"]]
