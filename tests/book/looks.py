"""Looks at a page of the book. Each returns the faults that it finds, a line each."""

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page, Route

HERE = Path(__file__).parent
AXE = HERE / "node_modules/axe-core/axe.min.js"
ARGUMENTS = [
    "--no-sandbox",  # tests may run as root, in a container
    "--disable-gpu",
    "--disable-background-networking",  # Chromium's own calls home
    "--disable-component-update",
    "--no-first-run",
]
DESKTOP = 1200
PHONE = 390
SHORTEST_ALT_TEXT = 20  # less is a name, not a description


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Leave the tests' output alone."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of this machine; gives its address, with a slash at the end."""
    handler = functools.partial(_Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@contextmanager
def visit(
    browser: Browser,
    site: str,
    name: str,
    width: int = DESKTOP,
    theme: Literal["light", "dark"] = "light",
) -> Iterator[tuple[Page, list[str]]]:
    """Open a page of ``site`` as a new reader whose system is light or dark, and unfold its parts.

    Gives the page, its formulas typeset, and a list that fills while the page is open: console
    errors, script errors, answers from 400 on, and requests to other hosts, which are blocked.
    """
    faults: list[str] = []

    def stay(route: Route) -> None:
        if route.request.url.startswith(site):
            route.continue_()
        else:
            faults.append(f"request to another host: {route.request.url}")
            route.abort()

    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce"
    )
    try:
        context.route("**/*", stay)
        context.add_init_script(path=HERE / "looks.js")
        page = context.new_page()
        page.on("console", lambda it: it.type == "error" and faults.append(f"console: {it.text}"))
        page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
        page.on("response", lambda it: it.status >= 400 and faults.append(f"{it.status}: {it.url}"))
        page.goto(site + name)
        page.evaluate("looks.settle()")
        yield page, faults
    finally:
        context.close()


def formulas_not_typeset(page: Page) -> list[str]:
    """Find formulas left as text, and what MathJax did not understand in the others."""
    return page.evaluate("looks.formulasNotTypeset()")


def wider_than_the_screen(page: Page) -> list[str]:
    """Find what makes the page scroll sideways, and what is cut off instead."""
    return page.evaluate("looks.widerThanTheScreen()")


def pictures_not_described(page: Page) -> list[str]:
    """Find pictures of the text without an alt text that says something, or not loaded."""
    return page.evaluate(f"looks.picturesNotDescribed({SHORTEST_ALT_TEXT})")


def barriers(page: Page) -> list[str]:
    """Find what axe-core calls serious or critical."""
    page.add_script_tag(path=AXE)
    return page.evaluate("looks.barriers()")


def noise_in_outputs(page: Page) -> list[str]:
    """Find warnings and tracebacks in outputs: in a book they are mistakes of its code."""
    return page.evaluate("looks.noiseInOutputs()")


@functools.cache
def read(file: Path) -> BeautifulSoup:
    """Parse a built page."""
    return BeautifulSoup(file.read_bytes(), "html.parser")


def links_to_nowhere(folder: Path, name: str) -> list[str]:
    """Find links to files or places that the book lacks, and files loaded from other hosts."""
    faults = []
    for tag in read(folder / name).select("a[href], link[href], [src]"):
        loads = tag.name != "a" and tag.get("rel") != ["canonical"]
        link = tag.get("href") or tag.get("src")
        parts = urlsplit(urljoin(name, link))
        if parts.netloc or parts.scheme:
            if loads and parts.scheme != "data":
                faults.append(f"loads from another host: {link}")
            continue
        target = folder / unquote(parts.path)
        if not target.is_file():
            faults.append(f"no such file: {link}")
        elif parts.fragment and not read(target).find(id=unquote(parts.fragment)):
            faults.append(f"no such place: {link}")
    return faults


def equations_misquoted(folder: Path, name: str) -> list[str]:
    """Find references whose number is not that of the equation to which they lead."""
    faults = []
    for link in read(folder / name).select("a[href*='#equation-']:not(.headerlink)"):
        path, _, label = urljoin(name, link["href"]).partition("#")
        number = read(folder / path).select_one(f"[id='{label}'] .eqno")
        if number is None or not number.text.startswith(link.text):
            faults.append(
                f"{link.text} leads to {label}, {number.text if number else 'no equation'}"
            )
    return faults
