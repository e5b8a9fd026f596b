"""Problem set 6: what surrounds a cell in training, in NumPy."""

from functools import partial

import numpy as np

from rnncourse.cells import chrono_bias, keep_bias
from rnncourse.checks.declare import Check, Item
from rnncourse.checks.draws import extreme
from rnncourse.checks.mistakes.ps6_bias import CHRONO, KEEP
from rnncourse.checks.mistakes.ps6_clip import MISTAKES as CLIP_MISTAKES
from rnncourse.checks.mistakes.ps6_loss import MISTAKES as LOSS_MISTAKES
from rnncourse.checks.mistakes.ps6_state import LAST_STATE, PERPLEXITIES
from rnncourse.checks.mistakes.ps6_tbptt import MISTAKES as TBPTT_MISTAKES
from rnncourse.checks.ps6_answers import (
    clip_by_global_norm,
    last_valid_state,
    masked_cross_entropy,
    perplexity,
    tbptt_gradients,
)
from rnncourse.checks.ps6_draws import (
    far_apart,
    gradients,
    keep,
    keep_default,
    padded,
    single,
    text,
    timescales,
    tokens,
    uniform,
    windows,
)
from rnncourse.checks.ps6_probe import Clipped, Loss
from rnncourse.checks.values import Returning

PAGE = "book/2-cells/training.html"

SMALL = "Which line drops or mixes an axis of length 1?"
SINGLE = "Which line brings float64 into a float32 computation?"
LARGE = "What is np.exp(1000), and what does your code do with it?"
WRITES = "Which line writes into an array that the caller still needs?"


CELLS = ("lstm", "gru")
CHECKS = (
    Check(
        id="masked-cross-entropy",
        title="The loss over the tokens that count",
        page=PAGE,
        section="training-loss",
        reference=masked_cross_entropy,
        probe=Loss("loss: float", "dlogits: T B V"),
        items=(
            Item("random inputs", 4, (tokens,) * 5),
            Item(
                "a single step, a batch of one",
                1,
                (partial(tokens, B=1), partial(tokens, T=1), partial(tokens, T=1, B=1)),
                SMALL,
            ),
            Item("inputs in float32", 1, (partial(single, tokens),), SINGLE),
            Item("logits of ±1000", 1, (*(partial(tokens, large=True),) * 2, far_apart), LARGE),
            Item("inputs left as they were", 1, (tokens,), WRITES, read_only=True),
        ),
        mistakes=tuple(LOSS_MISTAKES),
    ),
    Check(
        id="last-valid-state",
        title="The last true state",
        page=PAGE,
        section="training-lengths",
        reference=last_valid_state,
        probe=Returning("h: B H"),
        items=(
            # a step too late is still a step: what raises cannot be recognised
            Item("random inputs", 2, tuple(partial(padded, spare=k) for k in (1, 1, 1, 2, 2))),
            Item(
                "a single step, a batch of one",
                1,
                (partial(padded, B=1), partial(padded, B=1, T=1)),
                SMALL,
            ),
            Item("inputs left as they were", 1, (padded,), WRITES, read_only=True),
        ),
        mistakes=tuple(LAST_STATE),
    ),
    Check(
        id="tbptt-gradients",
        title="Truncated backpropagation through time",
        page=PAGE,
        section="training-tbptt",
        reference=tbptt_gradients,
        probe=Returning("dW_x: H I", "dW_h: H H", "db: H"),
        items=(
            Item(
                "random inputs",
                4,
                tuple(partial(windows, T=T, k=k) for T, k in ((10, 4), (11, 3), (11, 4), (13, 5))),
            ),
            Item(
                "one window, windows of one step, a batch of one",
                1,
                (
                    *(
                        partial(windows, T=T, k=k)
                        for T, k in ((4, 4), (4, 9), (4, 1), (6, 3), (1, 2))
                    ),
                    partial(windows, T=10, k=4, B=1),
                ),
                "Which steps make your last window, if k is as large as T, or larger?",
            ),
            Item("inputs in float32", 1, (partial(single, windows, T=10, k=4),), SINGLE),
            Item(
                "pre-activations of ±1000",
                1,
                (partial(windows, T=10, k=4, make=extreme),) * 2,
                "Which function of yours grows without limit where tanh does not?",
            ),
            Item(
                "inputs left as they were",
                1,
                (partial(windows, T=10, k=4),),
                WRITES,
                read_only=True,
            ),
        ),
        mistakes=tuple(TBPTT_MISTAKES),
    ),
    Check(
        id="clip-by-global-norm",
        title="Clipping by the global norm",
        page=PAGE,
        section="training-clipping",
        reference=clip_by_global_norm,
        probe=Clipped(),
        items=(
            Item(
                "random inputs",
                2,
                tuple(
                    partial(gradients, share=share, loudest=loudest)
                    for share, loudest in ((0.1, 0), (0.4, 1), (3, 2), (0.2, 2))
                ),
            ),
            Item(
                "gradients of zero, one array, large numbers",
                1,
                (
                    partial(gradients, share=1, scale=0),
                    partial(gradients, share=0.5, arrays=1),
                    partial(gradients, share=0.5, scale=1e6),
                ),
                "What does your code divide by, and can that be zero?",
            ),
            Item(
                "inputs in float32",
                1,
                tuple(partial(single, gradients, share=share) for share in (0.3, 3)),
                SINGLE,
            ),
            Item(
                "inputs left as they were",
                1,
                tuple(partial(gradients, share=share) for share in (0.3, 3)),
                WRITES,
                read_only=True,
            ),
        ),
        mistakes=tuple(CLIP_MISTAKES),
        tolerance={"float64": 1e-5, "float32": 1e-4},  # torch adds 1e-6 to the norm it divides by
    ),
    Check(
        id="perplexity",
        title="Perplexity",
        page=PAGE,
        section="training-perplexity",
        reference=perplexity,
        probe=Returning("perplexity: float"),
        items=(
            Item("random sums", 1, tuple(partial(text, n_tokens=n) for n in (7, 12, 31, 50))),
            Item(
                "a long text, a single token, even odds",
                1,
                (partial(text, n_tokens=np.int64(10**6)), partial(text, n_tokens=1), uniform),
                "How large may the sum of a whole book be before your code overflows?",
            ),
        ),
        mistakes=tuple(PERPLEXITIES),
    ),
    Check(
        id="keep-bias",
        title="A bias that keeps",
        page=PAGE,
        section="training-gate-bias",
        reference=keep_bias,
        probe=Returning("b_x: GH", "b_h: GH"),
        items=(
            Item("random sizes and values", 1, tuple(partial(keep, cell=c) for c in CELLS * 3)),
            Item(
                "the value left out",
                1,
                tuple(partial(keep_default, cell=c) for c in CELLS),
                "Which value does your function take when it is called with two arguments?",
            ),
            Item(
                "one unit, sizes from NumPy",
                1,
                tuple(partial(keep, cell=c, size=n) for c in CELLS for n in (1, np.int64(4))),
                "Which line needs hidden_size to be more than 1?",
            ),
        ),
        mistakes=tuple(KEEP),
    ),
    Check(
        id="chrono-bias",
        title="Timescales (bonus)",
        page=PAGE,
        section="training-gate-bias",
        reference=chrono_bias,
        probe=Returning("b_x: GH", "b_h: GH"),
        items=(
            Item("random timescales", 1, tuple(partial(timescales, cell=c) for c in CELLS * 2)),
            Item(
                "one unit, many units",
                1,
                tuple(partial(timescales, cell=c, size=n) for c in CELLS for n in (1, 40)),
                "From which argument does your function know the number of units?",
            ),
        ),
        mistakes=tuple(CHRONO),
    ),
)
