"""Every page of the built book, in Chromium, with all other hosts blocked."""

from pathlib import Path

import pytest
import yaml

from . import looks

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())


def documents(entry):
    """Names of all documents under an entry of _toc.yml, in reading order."""
    if isinstance(entry, list):
        return [name for each in entry for name in documents(each)]
    if not isinstance(entry, dict):
        return []
    own = [entry[key] for key in ("root", "file") if key in entry]
    return own + [name for value in entry.values() for name in documents(value)]


DOCUMENTS = documents(TOC)
CHAPTERS = [name for name in DOCUMENTS if (ROOT / f"{name}.ipynb").exists()]
PAGES = [f"{name}.html" for name in DOCUMENTS] + ["search.html?q=forget+gate"]


@pytest.fixture(scope="module", params=PAGES)
def desktop(request, browser, site):
    with looks.visit(browser, site, request.param) as page_and_faults:
        yield page_and_faults


@pytest.fixture(scope="module", params=PAGES)
def dark(request, browser, site):
    with looks.visit(browser, site, request.param, theme="dark") as (page, _):
        yield page


@pytest.fixture(scope="module", params=PAGES)
def phone(request, browser, site):
    with looks.visit(browser, site, request.param, width=looks.PHONE) as (page, _):
        yield page


def test_formulas_are_typeset(desktop):
    assert looks.formulas_not_typeset(desktop[0]) == []


def test_pictures_are_described(desktop):
    assert looks.pictures_not_described(desktop[0]) == []


def test_outputs_hold_no_warning(desktop):
    assert looks.noise_in_outputs(desktop[0]) == []


def test_no_barrier_in_the_light(desktop, axe):
    assert looks.barriers(desktop[0]) == []


def test_nothing_went_wrong_on_the_way(desktop):
    page, faults = desktop
    page.wait_for_load_state("networkidle")
    assert faults == []


def test_no_barrier_in_the_dark(dark, axe):
    assert dark.locator("html").get_attribute("data-theme") == "dark"
    assert looks.barriers(dark) == []


def test_nothing_is_wider_than_a_phone(phone):
    assert looks.wider_than_the_screen(phone) == []


def test_no_barrier_on_a_phone(phone, axe):
    assert looks.barriers(phone) == []


@pytest.mark.parametrize("name", [f"{name}.html" for name in DOCUMENTS] + ["search.html"])
def test_links_lead_somewhere(book, name):
    assert looks.links_to_nowhere(book, name) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_references_lead_to_their_equations(book, name):
    assert looks.equations_misquoted(book, f"{name}.html") == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_numbers_its_equations_and_refers_to_them(book, name):
    chapter = looks.read(book / f"{name}.html")
    numbers = [number.text.rstrip("#") for number in chapter.select(".math .eqno")]
    assert len(numbers) >= 2
    assert len(set(numbers)) == len(numbers)
    assert len(chapter.select("a[href*='#equation-']:not(.headerlink)")) >= 2


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_colab_button_opens_the_chapters_notebook(book, name):
    (button,) = looks.read(book / f"{name}.html").select("a.btn-colab")
    repository = CONFIG["repository"]["url"].removeprefix("https://github.com/")
    colab = "https://colab.research.google.com/github"
    assert button["href"] == f"{colab}/{repository}/blob/main/{name}.ipynb"


def test_a_page_without_code_has_no_colab_button(book):
    for name in set(DOCUMENTS) - set(CHAPTERS):
        assert not looks.read(book / f"{name}.html").select("a.btn-colab")


def test_a_reader_searches_for_the_forget_gate(browser, site):
    with looks.visit(browser, site, PAGES[0]) as (page, faults):
        page.get_by_role("button", name="Search").first.click()
        page.locator("dialog input[name=q]").fill("forget gate")
        page.keyboard.press("Enter")
        page.get_by_text("Search finished").wait_for()
        page.locator("ul.search").get_by_role("link", name="The LSTM cell").click()
        assert page.locator("article h1").inner_text().partition(" ")[2].startswith("The LSTM cell")
        assert faults == []


def test_the_front_door_opens_the_introduction(book):
    (refresh,) = looks.read(book / "index.html").select("meta[http-equiv=Refresh]")
    assert refresh["content"] == f"0; url={PAGES[0]}"


def test_a_reader_can_choose_the_dark(browser, site):
    with looks.visit(browser, site, PAGES[0]) as (page, faults):
        html = page.locator("html")
        assert html.get_attribute("data-theme") == "light"
        for _ in range(3):  # auto, light, dark
            page.get_by_role("button", name="Color mode").click()
            if html.get_attribute("data-theme") == "dark":
                break
        page.reload()
        assert html.get_attribute("data-theme") == "dark"
        assert faults == []
