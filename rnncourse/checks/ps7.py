"""Problem set 7: two cells compared, with a sign-flip test and a test of equivalence."""

from rnncourse.checks import ps7_draws as draws
from rnncourse.checks.declare import Check, Item
from rnncourse.checks.mistakes.ps7_compare import COMPARE
from rnncourse.checks.mistakes.ps7_equivalent import EQUIVALENT
from rnncourse.checks.mistakes.ps7_sign_flip import SIGN_FLIP
from rnncourse.checks.mistakes.ps7_verdict import VERDICT
from rnncourse.checks.ps7_answers import compare_cells, equivalent, sign_flip_p
from rnncourse.checks.ps7_probe import Comparing
from rnncourse.checks.values import Returning

PAGE = "book/4-comparisons/fair.html"


CHECKS = (
    Check(
        id="sign-flip-p",
        title="The sign-flip test",
        page=PAGE,
        section="fair-sign-flip",
        reference=sign_flip_p,
        probe=Returning("p: float"),
        items=(
            Item(
                "random differences",
                2,
                (
                    draws.mixed(6, 1),
                    draws.mixed(7, -1),
                    draws.mixed(8, -1),
                    draws.slight(8, 1),
                    draws.mixed(9, -1, zeros=1),
                ),
                "Is your p the same in every call, and p times 2^n a whole number?",
            ),
            Item(
                "zeros and ties",
                1,
                (
                    draws.mixed(7, -1, zeros=2, ties=3),
                    draws.mixed(9, 1, zeros=1, ties=3),
                    draws.mixed(10, -1, zeros=1, ties=2),
                    draws.balanced,
                ),
                "Can a probability be above 1, and do you count every mean that is as far out?",
            ),
            Item(
                "all of one sign",
                1,
                (draws.one_sided(5, 1), draws.one_sided(7, -1), draws.one_sided(6, -1)),
                "Which sign patterns are as far out as all plus, and how many patterns are there?",
            ),
            Item(
                "two differences, and twelve",
                1,
                (draws.one_sided(2, -1), draws.mixed(12, -1), draws.mixed(12, 1)),
                "How many patterns are there for n = 2, and for n = 12?",
            ),
            Item(
                "differences left as they were",
                1,
                (draws.mixed(8, -1), draws.mixed(9, 1), draws.mixed(7, -1)),
                "Which line writes into an array that the caller still needs?",
                read_only=True,
            ),
        ),
        mistakes=tuple(SIGN_FLIP),
    ),
    Check(
        id="equivalent",
        title="The same, for all that matters",
        page=PAGE,
        section="fair-equivalence",
        reference=equivalent,
        probe=Returning("same: bool"),
        items=(
            Item(
                "random differences",
                3,
                (*draws.LADDER, *(draws.anywhere,) * 40),
                "What are the two ends of your interval, and where are -delta and delta?",
            ),
            Item(
                "differences left as they were",
                1,
                draws.LADDER,
                "Which line writes into an array that the caller still needs?",
                read_only=True,
            ),
            Item(
                "differences that are all equal",
                1,
                (draws.constant(0.75), draws.constant(1.0)),
                "Do the ends of the interval lie inside (-delta, delta) when they lie on its ends?",
            ),
        ),
        mistakes=tuple(EQUIVALENT),
    ),
    Check(
        id="compare-cells",
        title="LSTM or GRU?",
        page=PAGE,
        section="fair-verdict",
        reference=compare_cells,
        probe=Comparing(),
        items=(
            Item(
                "random losses",
                5,
                draws.kinds((7, 8, 6)),
                "For which cell, size and seed do you call run, and in which order do you decide?",
            ),
            Item(
                "seeds in an array, left as they were",
                1,
                draws.kinds((6, 8), as_array=True),
                "Which line needs seeds to be a list, or writes into it?",
                read_only=True,
            ),
            Item(
                "few seeds, and equal losses",
                1,
                (draws.losses("wide", 3), draws.losses("noisy", 4), draws.losses("equal", 6)),
                "What p do you get when no difference is left, and what can three seeds show?",
            ),
        ),
        mistakes=(*COMPARE, *VERDICT),
    ),
)
