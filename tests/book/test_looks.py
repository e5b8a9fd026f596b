"""Each look reports the fault that it is there for, on a small page that has it."""

import importlib.util
from pathlib import Path

import pytest

from . import looks

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">{head}</head>
<body><main><article><h1>A page</h1>{body}</article></main></body></html>"""
PICTURE = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/%3E"
MATHJAX = "<script defer src='mathjax/tex-chtml.js'></script>"


@pytest.fixture
def look(browser, tmp_path):
    """Write a page and look at it; gives the faults of the visit and those of the look."""
    spec = importlib.util.find_spec("sphinx-mathjax-offline")
    (tmp_path / "mathjax").symlink_to(Path(spec.origin).parent / "static/mathjax")

    def look(look_for, body="", head="", **how):
        (tmp_path / "page.html").write_text(PAGE.format(head=head, body=body))
        with (
            looks.serve(tmp_path) as site,
            looks.visit(browser, site, "page.html", **how) as (page, faults),
        ):
            return look_for(page) + faults

    return look


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<img src='http://192.0.2.1/badge.svg' alt=''>", "request to another host: http://192"),
        ("<img src='absent.svg' alt=''>", "404: "),
        ("<script>console.error('broken')</script>", "console: broken"),
        ("<script>const a = 1</script><script>const a = 2</script>", "script error: "),
        ("<script>fetch('https://example.org/')</script>", "request to another host: https://ex"),
    ],
)
def test_a_visit_reports_what_goes_wrong(look, body, fault):
    found = look(lambda page: page.wait_for_load_state("networkidle") or [], body)
    assert any(each.startswith(fault) for each in found)


@pytest.mark.parametrize(
    ("formula", "fault"),
    [
        (r"<span class='math'>\(\frac{1}\)</span>", "not understood"),
        (r"<span class='math'>\(\unknown{x}\)</span>", "unknown command"),
        ("<span class='math'>x_t</span>", "not typeset"),
        ("<p>Here $x_t$ was not read as a formula.</p>", "a formula left as text"),
    ],
)
def test_a_formula_that_is_not_typeset(look, formula, fault):
    (found,) = look(looks.formulas_not_typeset, formula, MATHJAX)
    assert found.startswith(fault)


def test_without_mathjax_no_formula_is_typeset(look):
    assert look(looks.formulas_not_typeset, r"<span class='math'>\(x\)</span>")


@pytest.mark.parametrize(
    ("body", "culprit"),
    [
        ("<table id=t><tr><td style='min-width: 500px'>wide</table>", "table#t"),
        (f"<p>{'x' * 99}</p>", "the page"),
        ("<div style='overflow: hidden'><p id=p style='width: 500px'>cut off</p></div>", "p#p"),
        ("<details><summary>More</summary><pre style='width: 500px'>x</pre></details>", "pre"),
    ],
)
def test_what_is_wider_than_a_phone(look, body, culprit):
    found = look(looks.wider_than_the_screen, body, width=looks.PHONE)
    assert any(each.startswith(culprit) for each in found)


@pytest.mark.parametrize(
    ("picture", "fault"),
    [
        (f'<img src="{PICTURE}">', 'has the alt text ""'),
        (f'<img src="{PICTURE}" alt="gates.png">', 'has the alt text "gates.png"'),
    ],
)
def test_a_picture_that_is_not_described(look, picture, fault):
    (found,) = look(looks.pictures_not_described, picture)
    assert found.endswith(fault)


@pytest.mark.parametrize(
    ("head", "body", "rule"),
    [
        ("", f'<img src="{PICTURE}">', "image-alt"),
        ("<style>p {color: #ccc}</style>", "<p>pale</p>", "color-contrast"),
        ("", '<button aria-label="Go">Search</button>', "label-content-name-mismatch"),
    ],
)
def test_a_barrier(look, axe, head, body, rule):
    (found,) = look(looks.barriers, body, head)
    assert found.startswith(rule)


def test_a_barrier_in_the_dark_only(look, axe):
    rules = "body {background: #000} p {color: #444}"
    dark = f"<style>@media (prefers-color-scheme: dark) {{{rules}}}</style>"
    assert look(looks.barriers, "<p>Text.</p>", dark) == []
    (found,) = look(looks.barriers, "<p>Text.</p>", dark, theme="dark")
    assert found == "color-contrast: p"


def test_noise_in_an_output(look):
    body = "<div class='cell_output'><div class='output stderr'>RuntimeWarning</div></div>"
    assert look(looks.noise_in_outputs, body) == ["in a cell's output: RuntimeWarning"]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<a href='absent.html'>x</a>", "no such file: absent.html"),
        ("<a href='#absent'>x</a>", "no such place: #absent"),
        ("<a href='other.html#absent'>x</a>", "no such place: other.html#absent"),
        ("<img src='//example.org/x.png'>", "loads from another host: //example.org/x.png"),
    ],
)
def test_a_link_to_nowhere(tmp_path, body, fault):
    (tmp_path / "other.html").write_text("<p id=here>")
    links = "<a href='other.html#here'>x</a> <a href='https://example.org/'>x</a>"
    (tmp_path / "page.html").write_text(PAGE.format(head="", body=links + body))
    assert looks.links_to_nowhere(tmp_path, "page.html") == [fault]


def test_an_equation_misquoted(tmp_path):
    (tmp_path / "there.html").write_text("<div id=equation-a><span class=eqno>(1.2)#</span></div>")
    links = "<a href='there.html#equation-{}'>({})</a>"
    body = links.format("a", "1.2") + links.format("a", "1.3") + links.format("b", "1.2")
    (tmp_path / "page.html").write_text(PAGE.format(head="", body=body))
    assert looks.equations_misquoted(tmp_path, "page.html") == [
        "(1.3) leads to equation-a, (1.2)#",
        "(1.2) leads to equation-b, no equation",
    ]


def test_a_page_without_fault(look, axe, tmp_path):
    body = rf"""<p>See <a href="#there">there</a>: <span class='math'>\(x_t\)</span>.</p>
        <pre style="overflow: auto" tabindex="0">{"x" * 99}</pre> <h2 id="there">There</h2>
        <img src="{PICTURE}" alt="A square of nine by nine points, all of it empty.">"""
    searches = (
        looks.formulas_not_typeset,
        looks.wider_than_the_screen,
        looks.pictures_not_described,
        looks.barriers,
        looks.noise_in_outputs,
    )
    found = look(
        lambda page: [search(page) for search in searches], body, MATHJAX, width=looks.PHONE
    )
    assert found == [[], [], [], [], []]
    assert looks.links_to_nowhere(tmp_path, "page.html") == []
