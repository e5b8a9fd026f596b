"""What learners write instead of a fair comparison of two cells."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import combinations

import numpy as np

from rnncourse.cells.costs import matched_hidden_size
from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.ps7_answers import Run, decide, equivalent, sign_flip_p

Array = np.ndarray
Seeds = Sequence[int]

EQUAL, PAIRS, FLIP = "fair-equal", "fair-pairs", "fair-sign-flip"
SAME, VERDICT = "fair-equivalence", "fair-verdict"


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
    return float(np.mean(abs(gaps) >= abs(gru.sum() - lstm.sum())))


def of_one_pair(differences: Array, p: float, delta: float) -> str:
    return "undecided"  # p is 1, and one difference has no interval


def lower(differences: Array) -> str:
    return "gru" if np.mean(differences) < 0 else "lstm"


def loser(differences: Array, p: float, delta: float) -> str:
    found = decide(differences, p, delta)
    return {"gru": "lstm", "lstm": "gru"}.get(found, found)


def by_p_alone(differences: Array, p: float, delta: float) -> str:
    if p < 0.05:
        return lower(differences)
    return "comparable" if equivalent(differences, delta) else "undecided"


def comparable_if_not_significant(differences: Array, p: float, delta: float) -> str:
    found = decide(differences, p, delta)
    return "comparable" if found == "undecided" else found


def comparable_if_small(differences: Array, p: float, delta: float) -> str:
    small = abs(np.mean(differences)) < delta
    if p < 0.05:
        return "undecided" if small else lower(differences)
    return "comparable" if small else "undecided"


def by_mean_and_delta(differences: Array, p: float, delta: float) -> str:
    return "comparable" if abs(np.mean(differences)) < delta else lower(differences)


def never_comparable(differences: Array, p: float, delta: float) -> str:
    found = decide(differences, p, delta)
    return "undecided" if found == "comparable" else found


def comparable_alone(differences: Array, p: float, delta: float) -> str:
    return "comparable" if equivalent(differences, delta) else lower(differences)


SIZE = "How many parameters have the two cells that you run?"
ORDER = "In which order does the signature promise the two cells in a difference?"
SEED = "Which seeds did the LSTM see in the first difference, and which did the GRU?"
RULE = "Which of the four verdicts has your rule for many seeds, a tiny difference and p = 0.001?"
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
        "loser-named",
        "a verdict that names the cell with the higher loss",
        "Is a loss better when it is high or when it is low?",
        VERDICT,
        comparison(verdict=loser),
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
    Mistake(
        "p-alone",
        "a verdict for a cell wherever p is below 0.05",
        RULE,
        VERDICT,
        comparison(verdict=by_p_alone),
    ),
    Mistake(
        "mean-alone",
        "a verdict by the sign of the mean difference alone",
        "What does your rule say of two runs of the very same cell?",
        VERDICT,
        comparison(verdict=lambda d, p, delta: lower(d)),
    ),
    Mistake(
        "mean-and-delta-alone",
        "a verdict by the mean difference and delta, whatever p is",
        "What does your rule say of two noisy runs of the very same cell?",
        VERDICT,
        comparison(verdict=by_mean_and_delta),
    ),
    Mistake(
        "comparable-if-not-significant",
        "a verdict of comparable for whatever is not significant",
        "What does your rule say of two very different cells after three noisy seeds?",
        SAME,
        comparison(verdict=comparable_if_not_significant),
    ),
    Mistake(
        "comparable-if-small",
        "a verdict of comparable where p is at least 0.05 and the mean is within delta",
        "Which differences has your data not ruled out, when the mean is small and noisy?",
        SAME,
        comparison(verdict=comparable_if_small),
    ),
    Mistake(
        "comparable-or-a-winner",
        "a verdict for the cell with the lower loss wherever the two are not comparable",
        "What do you say when you know too little?",
        VERDICT,
        comparison(verdict=comparable_alone),
    ),
    Mistake(
        "never-comparable",
        "a verdict that is never comparable",
        "With which result would you say that the two are the same for your purpose?",
        SAME,
        comparison(verdict=never_comparable),
    ),
]
