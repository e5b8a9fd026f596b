"""What learners write instead of the masked cross-entropy, each mistake as a formula that runs."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.ps6_answers import log_softmax, masked_cross_entropy

Array = np.ndarray
Formula = Callable[[SimpleNamespace], Array]

LOSS = "training-loss"


def entropy(
    loss: Formula = lambda s: (s.nll * s.weight).sum(),
    dlogits: Formula = lambda s: (s.p - s.y) * s.weight[..., None],
    weight: Formula = lambda s: s.mask / s.n,
    log_p: Formula = lambda s: log_softmax(s.logits),
) -> Function:
    """Make a loss of these formulas.

    They see p, its logarithm, the one-hot targets y, the nll (T, B) of every token, the mask and
    the number n of tokens that count. ``weight`` (T, B) is the share of each token.
    """

    def wrong(logits: Array, targets: Array, mask: Array) -> tuple[Array, Array]:
        s = SimpleNamespace(logits=logits, mask=mask, n=mask.sum())
        s.T, s.B, s.V = logits.shape
        s.y = np.eye(s.V, dtype=logits.dtype)[targets]
        s.log_p = log_p(s)
        s.p = np.exp(s.log_p)
        s.nll = -(s.y * s.log_p).sum(axis=-1)
        s.weight = weight(s).astype(logits.dtype)
        return loss(s), dlogits(s)

    return wrong


def _scaled(loss: float, dlogits: float) -> Function:
    """The right loss and gradient, each times a number."""

    def wrong(logits: Array, targets: Array, mask: Array) -> tuple[Array, Array]:
        right = masked_cross_entropy(logits, targets, mask)
        return right[0] * loss, right[1] * dlogits

    return wrong


def _plus(eps: float) -> Mistake:
    return Mistake(
        f"log-of-p-plus-{eps:.0e}".replace("e-0", "e-"),
        f"log(p + {eps:g}) in the place of log(p)",
        "Which loss does your formula give a token whose p is 0 in floating point?",
        LOSS,
        entropy(loss=lambda s: -(np.log((s.p * s.y).sum(axis=-1) + eps) * s.weight).sum()),
    )


def _shifted(by: int) -> Function:
    """Compare the logits of step t with the target of step t + by, where there is one."""

    def wrong(logits: Array, targets: Array, mask: Array) -> tuple[Array, Array]:
        ahead = slice(max(by, 0), len(mask) - max(-by, 0))
        behind = slice(max(-by, 0), len(mask) - max(by, 0))
        dlogits = np.zeros_like(logits)
        loss, dlogits[behind] = entropy()(logits[behind], targets[ahead], mask[ahead])
        return loss, dlogits

    return wrong


def _masked_logits(logits: Array, targets: Array, mask: Array) -> tuple[Array, Array]:
    everything = np.ones_like(mask)
    return masked_cross_entropy(logits * mask[..., None], targets, everything)


COUNT = "Over how many tokens does your loss take the mean, and how many of them count?"
NATS = "Which logarithm gives nats?"
SAME = "Is your dlogits the gradient of the loss that you return, with its mask and its mean?"
MISTAKES = [
    Mistake(
        "sum-in-place-of-mean",
        "the sum over the tokens that count",
        "If the batch were twice as long, would your loss be about the same?",
        LOSS,
        entropy(weight=lambda s: 1.0 * s.mask),
    ),
    Mistake(
        "divided-by-all-tokens",
        "a masked sum divided by T B, the padding included",
        COUNT,
        LOSS,
        entropy(weight=lambda s: s.mask / s.mask.size),
    ),
    Mistake(
        "divided-by-batch",
        "a masked sum divided by the number of sequences",
        COUNT,
        LOSS,
        entropy(weight=lambda s: s.mask / s.B),
    ),
    Mistake(
        "divided-by-steps",
        "a masked sum divided by the number of steps",
        COUNT,
        LOSS,
        entropy(weight=lambda s: s.mask / s.T),
    ),
    Mistake(
        "divided-by-vocabulary",
        "a mean that also runs over the V entries of each token",
        "How many entries of a row of y log(p) are not zero, and how many does .mean() count?",
        LOSS,
        entropy(weight=lambda s: s.mask / (s.n * s.V)),
    ),
    Mistake(
        "divided-by-everything",
        "a masked sum divided by T B V",
        "How many entries does .mean() count, and how many of them are tokens that count?",
        LOSS,
        entropy(weight=lambda s: s.mask / (s.mask.size * s.V)),
    ),
    Mistake(
        "mean-of-sequence-means",
        "the mean over each sequence, then the mean of those means",
        "How much does a token of a short sequence count in your loss, and one of a long one?",
        LOSS,
        entropy(weight=lambda s: s.mask / np.maximum(s.mask.sum(axis=0), 1) / s.B),
    ),
    Mistake(
        "mean-of-step-means",
        "the mean over the batch at each step, then the mean of those means",
        "How much does a token count in your loss where few sequences have got that far?",
        LOSS,
        entropy(weight=lambda s: s.mask / np.maximum(s.mask.sum(axis=1), 1)[:, None] / s.T),
    ),
    Mistake(
        "padding-counted",
        "the mean over all T B tokens, as if the mask were all True",
        "Which line of yours reads the mask?",
        LOSS,
        entropy(weight=lambda s: np.full(s.mask.shape, 1 / s.mask.size)),
    ),
    Mistake(
        "mask-inverted",
        "the mean over the tokens whose mask is False",
        "Does True in the mask mark a token that counts, or padding?",
        LOSS,
        entropy(weight=lambda s: ~s.mask / max((~s.mask).sum(), 1)),
    ),
    Mistake(
        "mask-on-the-logits",
        "logits set to zero by the mask, and a mean over all T B tokens",
        "What is the loss of a token whose logits are all 0?",
        LOSS,
        _masked_logits,
    ),
    Mistake(
        "bits", "a loss and a gradient in bits", NATS, LOSS, _scaled(1 / np.log(2), 1 / np.log(2))
    ),
    Mistake("loss-in-bits", "a loss in bits", NATS, LOSS, _scaled(1 / np.log(2), 1)),
    Mistake(
        "loss-in-log-10",
        "a loss with logarithms to base 10",
        NATS,
        LOSS,
        _scaled(1 / np.log(10), 1),
    ),
    Mistake(
        "softmax-twice",
        "the cross-entropy of logits that went through a softmax before",
        "What range have the numbers that go into your softmax?",
        LOSS,
        entropy(log_p=lambda s: log_softmax(np.exp(log_softmax(s.logits)))),
    ),
    Mistake(
        "softmax-over-batch",
        "a softmax over the batch",
        "Along which axis do your probabilities add up to 1?",
        LOSS,
        entropy(log_p=lambda s: log_softmax(s.logits.swapaxes(1, 2)).swapaxes(1, 2)),
    ),
    Mistake(
        "softmax-over-time",
        "a softmax over time",
        "Along which axis do your probabilities add up to 1?",
        LOSS,
        entropy(log_p=lambda s: log_softmax(s.logits.swapaxes(0, 2)).swapaxes(0, 2)),
    ),
    Mistake(
        "probability-in-place-of-its-log",
        "minus the mean probability of the target",
        "What does a token cost whose p is 1, and one whose p is nearly 0?",
        LOSS,
        entropy(loss=lambda s: -(np.exp(-s.nll) * s.weight).sum()),
    ),
    Mistake(
        "log-likelihood",
        "the log-likelihood and its gradient, both with the opposite sign",
        "Which sign has log(p), and which sign must something have that training makes small?",
        LOSS,
        _scaled(-1, -1),
    ),
    Mistake(
        "loss-sign-swapped",
        "a loss with the opposite sign beside the right gradient",
        "Which sign has log(p), and which sign must something have that training makes small?",
        LOSS,
        _scaled(-1, 1),
    ),
    Mistake(
        "gradient-sign-swapped",
        "a gradient y - p",
        "When the logit of the target goes up a little, does the loss go up or down?",
        LOSS,
        _scaled(1, -1),
    ),
    Mistake(
        "loss-of-the-sum",
        "a summed loss beside the gradient of the mean",
        SAME,
        LOSS,
        entropy(loss=lambda s: (s.nll * s.mask).sum()),
    ),
    Mistake(
        "loss-over-padding",
        "a loss that counts the padding beside a gradient that does not",
        SAME,
        LOSS,
        entropy(loss=lambda s: s.nll.mean()),
    ),
    Mistake(
        "loss-divided-by-all-tokens",
        "a masked loss divided by T B beside the right gradient",
        COUNT,
        LOSS,
        entropy(loss=lambda s: (s.nll * s.mask).mean()),
    ),
    Mistake(
        "gradient-unmasked",
        "a gradient in which padding has its share",
        "Which gradient reaches the logits of a token that the loss does not read?",
        LOSS,
        entropy(dlogits=lambda s: (s.p - s.y) / s.n),
    ),
    Mistake(
        "gradient-of-the-sum",
        "the gradient of the sum beside the loss that is the mean",
        SAME,
        LOSS,
        entropy(dlogits=lambda s: (s.p - s.y) * s.mask[..., None]),
    ),
    Mistake(
        "gradient-unmasked-of-the-sum",
        "the plain p - y, as if the loss were a sum over all tokens",
        SAME,
        LOSS,
        entropy(dlogits=lambda s: s.p - s.y),
    ),
    Mistake(
        "gradient-divided-by-all-tokens",
        "a masked gradient divided by T B",
        SAME,
        LOSS,
        entropy(dlogits=lambda s: (s.p - s.y) * s.mask[..., None] / s.mask.size),
    ),
    Mistake(
        "gradient-divided-by-batch",
        "a masked gradient divided by the number of sequences",
        SAME,
        LOSS,
        entropy(dlogits=lambda s: (s.p - s.y) * s.mask[..., None] / s.B),
    ),
    Mistake(
        "perplexity-in-place-of-loss",
        "the exponential of the mean loss, the perplexity, beside the gradient of the loss",
        "In which unit is a loss in nats: a number of tokens, or its logarithm?",
        LOSS,
        entropy(loss=lambda s: np.exp((s.nll * s.weight).sum())),
    ),
    Mistake(
        "one-hot-not-subtracted",
        "a gradient that is p alone",
        "When the logit of the target goes up a little, does the loss go up or down?",
        LOSS,
        entropy(dlogits=lambda s: s.p * s.weight[..., None]),
    ),
    Mistake(
        "gradient-of-the-target-alone",
        "a gradient that is p - 1 at the target and 0 elsewhere",
        "If the logit of another token goes up, does the p of the target stay as it is?",
        LOSS,
        entropy(dlogits=lambda s: (s.p - s.y) * s.y * s.weight[..., None]),
    ),
    Mistake(
        "gradient-of-the-probabilities",
        "the gradient -1/p of the probabilities, not yet of the logits",
        "Through which function do the logits go before they are probabilities?",
        LOSS,
        entropy(dlogits=lambda s: -s.y * s.weight[..., None] / s.p),
    ),
    Mistake(
        "targets-one-step-late",
        "logits of step t compared with the target of step t + 1",
        "Have the targets that you are given been moved by one step already?",
        LOSS,
        _shifted(1),
    ),
    Mistake(
        "targets-one-step-early",
        "logits of step t compared with the target of step t - 1",
        "Have the targets that you are given been moved by one step already?",
        LOSS,
        _shifted(-1),
    ),
    *(_plus(eps) for eps in (1e-6, 1e-7, 1e-8, 1e-9)),
]
