"""What learners write instead of the mean of several models' probabilities."""

import math
from collections.abc import Callable

from rnncourse.checks.declare import Mistake


def _together(slug: str, says: str, asks: str, wrong: Callable) -> Mistake:
    return Mistake(slug, says, asks, "hybrids-ensemble", wrong)


WHAT_IS_AVERAGED = "Of which quantity do you take the mean: scores, log-probabilities, or what?"
SUMS_TO_ONE = "Take the exp of your log_probs. Do they sum to 1 over the vocabulary?"
WHICH_AXIS = "Which of the three axes of logits counts the models, and which the words?"

ENSEMBLE = [
    _together(
        "mean-of-logits",
        "the mean of the logits",
        WHAT_IS_AVERAGED,
        lambda logits: logits.mean(0),
    ),
    _together(
        "mean-of-log-probs",
        "the mean of the log-probabilities, a geometric mean that is not normalised",
        WHAT_IS_AVERAGED,
        lambda logits: logits.log_softmax(-1).mean(0),
    ),
    _together(
        "normalised-geometric-mean",
        "the softmax of the mean logits, which is the geometric mean of the models",
        "Two models are sure of two different words. What does your ensemble think of each?",
        lambda logits: logits.mean(0).log_softmax(-1),
    ),
    _together(
        "sum-of-log-probs",
        "the sum of the log-probabilities, a product of the models",
        SUMS_TO_ONE,
        lambda logits: logits.log_softmax(-1).sum(0),
    ),
    _together(
        "normalised-product",
        "the softmax of the summed logits, a product of the models",
        "Two models are sure of two different words. What does your ensemble think of each?",
        lambda logits: logits.sum(0).log_softmax(-1),
    ),
    _together(
        "probabilities-without-log",
        "the mean of the probabilities, without the log",
        "Which sign has the log of a probability?",
        lambda logits: logits.softmax(-1).mean(0),
    ),
    _together(
        "sum-without-mean",
        "the log of the sum over the models, without the 1/M",
        SUMS_TO_ONE,
        lambda logits: logits.log_softmax(-1).logsumexp(0),
    ),
    _together(
        "m-without-log",
        "the log of the sum over the models, minus M",
        SUMS_TO_ONE,
        lambda logits: logits.log_softmax(-1).logsumexp(0) - len(logits),
    ),
    _together(
        "log-m-added",
        "the log of the sum over the models, plus log M",
        SUMS_TO_ONE,
        lambda logits: logits.log_softmax(-1).logsumexp(0) + math.log(len(logits)),
    ),
    _together(
        "log-m-to-base-2",
        "a mean whose log M is to base 2",
        SUMS_TO_ONE,
        lambda logits: logits.log_softmax(-1).logsumexp(0) - math.log2(len(logits)),
    ),
    _together(
        "divided-by-m-after-the-log",
        "the log of the sum over the models, divided by M",
        "What becomes of a division when you take the log?",
        lambda logits: logits.log_softmax(-1).logsumexp(0) / len(logits),
    ),
    _together(
        "m-is-the-batch",
        "a mean that divides by the size of the batch",
        WHICH_AXIS,
        lambda logits: logits.log_softmax(-1).logsumexp(0) - math.log(logits.shape[1]),
    ),
    _together(
        "m-is-the-vocabulary",
        "a mean that divides by the size of the vocabulary",
        WHICH_AXIS,
        lambda logits: logits.log_softmax(-1).logsumexp(0) - math.log(logits.shape[2]),
    ),
    _together(
        "exp-of-logits-averaged",
        "the log of the mean of exp(logits), without a softmax",
        SUMS_TO_ONE,
        lambda logits: logits.logsumexp(0) - math.log(len(logits)),
    ),
    _together(
        "normalised-after-the-mean",
        "the mean of exp(logits), normalised afterwards instead of for each model",
        "Add 100 to all logits of one model. Does its vote count for more now?",
        lambda logits: logits.logsumexp(0).log_softmax(-1),
    ),
    _together(
        "softmax-twice",
        "a softmax of the mean of the softmaxes",
        "The mean of distributions: what does it sum to, and what is left to normalise?",
        lambda logits: logits.softmax(-1).mean(0).log_softmax(-1),
    ),
    _together(
        "largest-probability",
        "the log of the largest probability that any model gives",
        SUMS_TO_ONE,
        lambda logits: logits.log_softmax(-1).amax(0),
    ),
    _together(
        "softmax-over-models",
        "a softmax over the models",
        WHICH_AXIS,
        lambda logits: logits.log_softmax(0).logsumexp(0) - math.log(len(logits)),
    ),
    _together(
        "softmax-over-the-batch",
        "a softmax over the batch",
        WHICH_AXIS,
        lambda logits: logits.log_softmax(1).logsumexp(0) - math.log(len(logits)),
    ),
    _together(
        "mean-over-the-batch",
        "a mean over the batch in place of the models",
        WHICH_AXIS,
        lambda logits: logits.log_softmax(-1).logsumexp(1) - math.log(logits.shape[1]),
    ),
    _together(
        "mean-over-the-vocabulary",
        "a mean over the words in place of the models",
        WHICH_AXIS,
        lambda logits: logits.log_softmax(-1).logsumexp(2) - math.log(logits.shape[2]),
    ),
    _together(
        "first-model-alone",
        "the first model alone",
        "Where do the other models come in?",
        lambda logits: logits.log_softmax(-1)[0],
    ),
    _together(
        "bits",
        "the right distribution with its logarithm to base 2, in bits",
        "To which base is the logarithm in this course?",
        lambda logits: (logits.log_softmax(-1).logsumexp(0) - math.log(len(logits))) / math.log(2),
    ),
    _together(
        "negative",
        "the loss, minus the log-probability",
        "Which sign has the log of a probability?",
        lambda logits: math.log(len(logits)) - logits.log_softmax(-1).logsumexp(0),
    ),
]
