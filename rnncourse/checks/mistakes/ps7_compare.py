"""What learners run and subtract instead of a fair comparison of two cells."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import combinations

import numpy as np

from rnncourse.cells.costs import matched_hidden_size
from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.mistakes.ps7_sign_flip import t_test_p
from rnncourse.checks.ps7_answers import Run, decide, sign_flip_p

Array = np.ndarray
Seeds = Sequence[int]

EQUAL, PAIRS = "fair-equal", "fair-pairs"


def matched(input_size: int, hidden_size: int) -> int:
    return matched_hidden_size("lstm", "gru", input_size, hidden_size)


def own_size(input_size: int, hidden_size: int) -> int:
    return hidden_size


def own_seeds(seeds: Seeds) -> Seeds:
    return seeds


def comparison(
    gru_size: Callable[[int, int], int] = matched,
    lstm_size: Callable[[int, int], int] = own_size,
    gru_seeds: Callable[[Seeds], Seeds] = own_seeds,
    lstm_seeds: Callable[[Seeds], Seeds] = own_seeds,
    arm: Callable[[Array], Array] = lambda losses: losses,
    difference: Callable[[Array, Array], Array] = np.subtract,
    p: Callable[[Array, Array], float] | None = None,
    verdict: Callable[[Array, float, float], str] = decide,
) -> Function:
    """Make a comparison that is right but for what is given; gru comes before lstm everywhere."""

    def compare(
        run: Run, seeds: Sequence[int], input_size: int, hidden_size: int, delta: float
    ) -> tuple[Array, float, str]:
        g, h = gru_size(input_size, hidden_size), lstm_size(input_size, hidden_size)
        gru = arm(np.array([run("gru", g, int(seed)) for seed in gru_seeds(seeds)]))
        lstm = arm(np.array([run("lstm", h, int(seed)) for seed in lstm_seeds(seeds)]))
        differences = difference(gru, lstm)
        found = p(gru, lstm) if p else sign_flip_p(differences)
        return differences, found, verdict(differences, found, delta)

    return compare


def mean_returned(
    run: Run, seeds: Sequence[int], input_size: int, hidden_size: int, delta: float
) -> tuple[Array, float, str]:
    differences, p, verdict = comparison()(run, seeds, input_size, hidden_size, delta)
    return differences.mean(), p, verdict


@lru_cache
def halves(n: int) -> Array:
    """Every choice of n out of 2n."""
    return np.array(list(combinations(range(2 * n), n)))


def unpaired_p(gru: Array, lstm: Array) -> float:
    """Exact permutation test of two groups, which forgets who shares a seed with whom."""
    pooled = np.concatenate([gru, lstm])
    gaps = 2 * pooled[halves(len(gru))].sum(axis=1) - pooled.sum()
    return float(np.mean(abs(gaps) >= abs(gru.sum() - lstm.sum()) - 1e-9))


def of_one_pair(differences: Array, p: float, delta: float) -> str:
    return "undecided"  # p is 1, and one difference has no interval


SIZE = "How many parameters have the two cells that you run?"
ORDER = "In which order does the signature promise the two cells in a difference?"
SEED = "Which seeds did the LSTM see in the first difference, and which did the GRU?"
COMPARE = [
    Mistake(
        "equal-hidden-sizes",
        "a comparison at equal hidden sizes",
        SIZE,
        EQUAL,
        comparison(gru_size=own_size),
    ),
    Mistake(
        "gru-made-smaller",
        "a comparison whose GRU has the size of the LSTM that matches a GRU",
        "Which cell has fewer parameters at the same size, and so must be the wider one?",
        EQUAL,
        comparison(gru_size=lambda I, H: matched_hidden_size("gru", "lstm", I, H)),
    ),
    Mistake(
        "lstm-matched-to-gru",
        "a comparison whose GRU has hidden_size, with an LSTM that matches it",
        "Whose size does hidden_size give?",
        EQUAL,
        comparison(
            gru_size=own_size, lstm_size=lambda I, H: matched_hidden_size("gru", "lstm", I, H)
        ),
    ),
    Mistake(
        "one-bias",
        "a comparison matched with one bias vector",
        "How many bias vectors has a layer of torch.nn?",
        EQUAL,
        comparison(gru_size=lambda I, H: matched_hidden_size("lstm", "gru", I, H, biases=1)),
    ),
    Mistake(
        "no-bias",
        "a comparison matched without biases",
        "How many bias vectors has a layer of torch.nn?",
        EQUAL,
        comparison(gru_size=lambda I, H: matched_hidden_size("lstm", "gru", I, H, biases=0)),
    ),
    Mistake(
        "both-wider",
        "a comparison in which both cells have the size that was found for the GRU",
        SIZE,
        EQUAL,
        comparison(lstm_size=matched),
    ),
    Mistake(
        "sizes-traded",
        "a comparison in which the LSTM has the size that was found for the GRU",
        "Which cell has fewer parameters at the same size, and so must be the wider one?",
        EQUAL,
        comparison(gru_size=own_size, lstm_size=matched),
    ),
    Mistake(
        "four-thirds",
        "a comparison whose GRU is wider by 4/3",
        "By how much do the parameters of a cell grow when its hidden size doubles?",
        EQUAL,
        comparison(gru_size=lambda I, H: round(4 * H / 3)),
    ),
    Mistake(
        "lstm-minus-gru",
        "differences LSTM - GRU, with the verdict that fits them",
        ORDER,
        PAIRS,
        comparison(
            difference=lambda gru, lstm: lstm - gru,
            verdict=lambda d, p, delta: decide(-d, p, delta),
        ),
    ),
    Mistake(
        "lstm-minus-gru-throughout",
        "differences LSTM - GRU, read as if they were GRU - LSTM",
        ORDER,
        PAIRS,
        comparison(difference=lambda gru, lstm: lstm - gru),
    ),
    Mistake(
        "sizes-of-differences",
        "differences without their signs",
        "What is left of your differences when the two cells trade places?",
        PAIRS,
        comparison(difference=lambda gru, lstm: abs(gru - lstm)),
    ),
    Mistake(
        "best-seed-alone",
        "a comparison of the best LSTM with the best GRU",
        "How much of the best of many seeds is luck?",
        PAIRS,
        comparison(arm=lambda losses: losses[[losses.argmin()]], verdict=of_one_pair),
    ),
    Mistake(
        "first-seed-alone",
        "a comparison on the first seed",
        "What is the smallest p that one pair can give?",
        PAIRS,
        comparison(arm=lambda losses: losses[:1], verdict=of_one_pair),
    ),
    Mistake(
        "mean-returned",
        "a comparison that returns the mean difference in the place of all of them",
        "Which shape does the signature promise for differences?",
        PAIRS,
        mean_returned,
    ),
    Mistake(
        "arms-sorted",
        "a comparison that sorts the losses of each cell before it takes differences",
        "Which two losses did the same seed give, after your sort?",
        PAIRS,
        comparison(arm=np.sort),
    ),
    Mistake(
        "next-seed",
        "a comparison whose GRU runs with seed + 1",
        SEED,
        PAIRS,
        comparison(gru_seeds=lambda seeds: [seed + 1 for seed in seeds]),
    ),
    Mistake(
        "seeds-reversed",
        "a comparison whose GRU takes the seeds from the last to the first",
        SEED,
        PAIRS,
        comparison(gru_seeds=lambda seeds: seeds[::-1]),
    ),
    Mistake(
        "one-seed-throughout",
        "a comparison that runs the first seed again and again",
        "Which seed did your third difference come from?",
        PAIRS,
        comparison(
            gru_seeds=lambda seeds: [seeds[0] for _ in seeds],
            lstm_seeds=lambda seeds: [seeds[0] for _ in seeds],
        ),
    ),
    Mistake(
        "seeds-counted",
        "a comparison that runs the seeds 0, 1, 2 and so on, whatever it is given",
        "Which seeds does the caller ask for?",
        PAIRS,
        comparison(
            gru_seeds=lambda seeds: range(len(seeds)),
            lstm_seeds=lambda seeds: range(len(seeds)),
        ),
    ),
    Mistake(
        "seeds-sorted",
        "a comparison that runs the seeds in ascending order",
        "In which order does the caller expect the differences?",
        PAIRS,
        comparison(gru_seeds=sorted, lstm_seeds=sorted),
    ),
    Mistake(
        "unpaired",
        "a p from shuffling all losses between the two cells",
        "When two runs share a seed, which swaps leave everything else as it was?",
        PAIRS,
        comparison(p=unpaired_p),
    ),
    Mistake(
        "one-sided-p",
        "a p that counts only the means on the side of the observed one",
        "Would a mean as large on the other side have surprised you less?",
        "fair-sign-flip",
        comparison(p=lambda gru, lstm: sign_flip_p(gru - lstm) / 2),
    ),
    Mistake(
        "t-test",
        "a p of the t test on the differences",
        "Which of your functions gives p?",
        "fair-sign-flip",
        comparison(p=lambda gru, lstm: t_test_p(gru - lstm)),
    ),
    Mistake(
        "ratio",
        "a comparison of the ratio GRU / LSTM, as if it were a difference",
        "Which number stands for no difference in a ratio, and which in your test?",
        PAIRS,
        comparison(difference=np.divide),
    ),
    Mistake(
        "relative-difference",
        "differences divided by the loss of the LSTM",
        "In which unit is delta?",
        PAIRS,
        comparison(difference=lambda gru, lstm: (gru - lstm) / lstm),
    ),
]
