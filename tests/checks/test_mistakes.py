"""Every recognised mistake fails its check and is recognised as itself, never as another."""

import json
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from rnncourse.checks import report
from rnncourse.checks.bank import CHECKS
from rnncourse.checks.compare import same
from rnncourse.checks.draws import draw
from rnncourse.checks.judge import expected

ROOT = Path(__file__).resolve().parents[2]
DRAWN = [c for c in CHECKS.values() if getattr(c.items[0].cases[0], "func", None) is draw]
each_check = pytest.mark.parametrize("check", CHECKS.values(), ids=lambda check: check.id)
ALL = [(check, mistake) for check in CHECKS.values() for mistake in check.mistakes]


@pytest.mark.parametrize(
    ("check", "mistake"), [pytest.param(c, m, id=f"{c.id}:{m.slug}") for c, m in ALL]
)
def test_a_mistake_fails_its_check_and_is_recognised_as_itself(check, mistake):
    found = report(check.id, mistake.wrong)
    assert not found.passed
    # what is wrong may be right for a batch of one, or in one of the two forms of the GRU
    drawn = [inputs for item, inputs in check.cases(0) if item is check.items[0]]
    somewhere = any(
        same(check.probe(mistake.wrong, i), expected(check, i), check.tolerance) for i in drawn
    )
    assert found.score <= check.points * (0.75 if somewhere else 1 / 3)
    assert found.diagnosis == mistake.slug
    assert mistake.says in found.message
    assert mistake.asks in found.message
    assert found.link.endswith(f"#{mistake.section}")


@pytest.mark.parametrize("seed", [1, 2])
@each_check
def test_the_draws_of_any_seed_tell_all_mistakes_and_the_reference_apart(check, seed):
    drawn = [inputs for item, inputs in check.cases(seed) if item is check.items[0]]
    answers = {"right": [expected(check, inputs) for inputs in drawn]}
    for mistake in check.mistakes:
        answers[mistake.slug] = [check.probe(mistake.wrong, inputs) for inputs in drawn]
    assert len(answers) == len(check.mistakes) + 1, "two mistakes share a slug"
    for one, other in combinations(answers, 2):
        pairs = zip(answers[one], answers[other], strict=True)
        equal = all(same(a, b, check.tolerance) for a, b in pairs)
        assert not equal, f"{one} and {other} give the same numbers"


@pytest.mark.parametrize("check", DRAWN, ids=lambda check: check.id)
def test_the_draws_are_strong(check):
    arrays = {n: a for n, a in check.cases(seed=0)[0][1].items() if isinstance(a, np.ndarray)}
    sizes = {size for array in arrays.values() for size in array.shape}
    first = next(iter(arrays.values()))
    assert all(abs(array).min() > 0 for array in arrays.values()), "a zero hides a term"
    assert min(sizes) > 1
    assert len(set(first.shape)) == first.ndim
    assert first.ndim == 2 or len(first) >= 4


@each_check
def test_what_is_said_holds_a_question_and_no_blame(check):
    for said in [*(m.asks for m in check.mistakes), *(i.asks for i in check.items if i.asks)]:
        assert said.endswith("?")
    for mistake in check.mistakes:
        assert not re.search(r"\b(should|wrong|error|fix|instead use)\b", mistake.says)
        assert re.fullmatch(r"[\w-]+", mistake.slug)


@each_check
def test_every_link_leads_to_a_section_of_the_book(check):
    chapter = ROOT / check.page.replace(".html", ".ipynb")
    cells = json.loads(chapter.read_text())["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    for section in {check.section, *(mistake.section for mistake in check.mistakes)}:
        assert f"({section})=" in text, f"{chapter.name} has no section {section}"
