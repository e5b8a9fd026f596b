"""What the notebook of problem set 2 says about the published gradient and the writer is so."""

from pathlib import Path

import nbformat
import numpy as np
import pytest

from rnncourse.checks.bank import CHECKS

NOTEBOOK = Path(__file__).resolve().parents[2] / "exercises/source/ps2-lstm/ps2-lstm.ipynb"
WRONG, NEXT = "        dh = da @ W_h\n", "        dc = (dc + dh * through_h) * f\n"


def run(*ids, **names):
    """Run these cells of the instructor's notebook, what prints below a function left out."""
    cells = {cell.id: cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells}
    for id in ids:
        exec(cells[id].split("\n\n\nfor ")[0], names)
    return names


@pytest.fixture(scope="module")
def notebook():
    steps = "lstm-step", "lstm-forward", "lstm-step-backward", "lstm-backward"
    more = "taught-backward", "numerical-gradient", "where-is-it-wrong", "write", "write-swapped"
    return run("imports", *steps, *more[:4])


def test_the_learners_gradient_agrees_at_any_length(notebook):
    for T in (1, 2, 3, 6):
        assert notebook["errors"](notebook["mine"], T).max() < 1e-8


@pytest.mark.parametrize("seed", range(5))
def test_the_taught_one_agrees_at_one_step_and_is_off_in_i_and_g_first(notebook, seed):
    off = [
        "".join(
            np.array([*"ifgo"])[notebook["errors"](notebook["taught_backward"], T, seed) > 1e-6]
        )
        for T in (1, 2, 3)
    ]
    assert off == ["", "ig", "ifgo"]


def test_two_lines_in_the_other_order_repair_it(notebook):
    cells = {cell.id: cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells}
    assert WRONG + NEXT in cells["taught-backward"]
    repaired = dict(notebook)
    exec(cells["taught-backward"].replace(WRONG + NEXT, NEXT + WRONG), repaired)
    for T in (1, 2, 6):
        assert notebook["errors"](repaired["taught_backward"], T).max() < 1e-8


def test_the_check_recognises_the_taught_mistake(notebook):
    rng = np.random.default_rng(0)
    T, B, I, H = 4, 2, 3, 5
    x, W_x, W_h, b = (rng.normal(size=s) for s in [(T, B, I), (4 * H, I), (4 * H, H), 4 * H])
    dhs, zero = np.zeros((T, B, H)), np.zeros((B, H))
    dhs[-1] = rng.normal(size=(B, H))
    (mistake,) = [
        m for m in CHECKS["lstm-backward"].mistakes if m.slug == "dh-overwritten-before-dc-prev"
    ]
    declared = mistake.wrong(x, zero, zero, W_x, W_h, b, dhs)[3:]
    for one, other in zip(
        notebook["taught_backward"](x, W_x, W_h, b, dhs[-1]), declared, strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_a_cold_writer_repeats_itself_and_a_hot_one_does_not(notebook):
    cold, hot = (notebook["write"](300, heat)[0] for heat in (0.2, 1.5))
    assert len(cold) == len(hot) == 300
    assert len(set(cold.split())) / len(cold.split()) < 0.75
    assert len(set(hot.split())) / len(hot.split()) > 0.9


def test_with_i_and_f_swapped_it_writes_no_words(notebook):
    common = {"the", "and", "to", "of", "a", "in", "that", "is", "my", "you", "with", "be", "I"}

    def share(text):
        return np.mean([word.strip(",.;:?!'") in common for word in text.split()])

    weights = run("imports", "write-swapped", model=notebook["model"], write=lambda *_: [""],
                  temperature=0.7)  # fmt: skip
    swapped = [weights["swapped"](parameter) for parameter in notebook["model"][1:4]]
    assert share(notebook["write"](1000, 0.7)[0]) > 0.1
    assert share(notebook["write"](1000, 0.7, swapped)[0]) < 0.05
