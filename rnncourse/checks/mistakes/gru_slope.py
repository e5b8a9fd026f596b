"""What learners write for the slopes in the GRU's backward pass, as formulas that run."""

import numpy as np

from rnncourse.cells import sigmoid
from rnncourse.checks.declare import Mistake
from rnncourse.checks.mistakes.gru_backward_cell import cell

BACKWARD = "gru-backward"
SLOPE = "Is your da_{0} the gradient of {0}, or of what {0} is the {1} of?"
SLOPES = [
    Mistake(
        "r-slope-missing",
        "a backward pass without the slope of the sigmoid in r",
        SLOPE.format("r", "sigmoid"),
        BACKWARD,
        cell(r_slope=np.ones_like),
    ),
    Mistake(
        "z-slope-missing",
        "a backward pass without the slope of the sigmoid in z",
        SLOPE.format("z", "sigmoid"),
        BACKWARD,
        cell(z_slope=np.ones_like),
    ),
    Mistake(
        "gate-slopes-missing",
        "a backward pass without the slope of the sigmoid in r and z",
        SLOPE.format("z", "sigmoid"),
        BACKWARD,
        cell(r_slope=np.ones_like, z_slope=np.ones_like),
    ),
    Mistake(
        "candidate-slope-missing",
        "a backward pass without the slope of tanh in n",
        SLOPE.format("n", "tanh"),
        BACKWARD,
        cell(candidate_slope=np.ones_like),
    ),
    Mistake(
        "slopes-missing",
        "a backward pass without the slopes of the sigmoid and of tanh",
        "Are your da the gradients of the gates, or of what goes into them?",
        BACKWARD,
        cell(r_slope=np.ones_like, z_slope=np.ones_like, candidate_slope=np.ones_like),
    ),
    Mistake(
        "slopes-exchanged",
        "a backward pass with the slope of tanh in r and z, and that of the sigmoid in n",
        "Which of the two slopes is y (1 - y), and which is 1 - y**2?",
        BACKWARD,
        cell(
            r_slope=lambda r: 1 - r**2,
            z_slope=lambda z: 1 - z**2,
            candidate_slope=lambda n: n * (1 - n),
        ),
    ),
    Mistake(
        "activation-applied-twice",
        "a backward pass that applies the sigmoid and tanh to gates that went through them already",
        "What does the function that gives your slopes expect, a or the gate?",
        BACKWARD,
        cell(
            r_slope=lambda r: sigmoid(r) * (1 - sigmoid(r)),
            z_slope=lambda z: sigmoid(z) * (1 - sigmoid(z)),
            candidate_slope=lambda n: 1 - np.tanh(n) ** 2,
        ),
    ),
    Mistake(
        "tanh-slope-on-gates",
        "a backward pass with the slope of tanh in r and z",
        "Through which function did the gates go in the forward pass, and what is its slope?",
        BACKWARD,
        cell(r_slope=lambda r: 1 - r**2, z_slope=lambda z: 1 - z**2),
    ),
    Mistake(
        "sigmoid-slope-on-candidate",
        "a backward pass with the slope of the sigmoid in n",
        "Through which function did the candidate go in the forward pass, and what is its slope?",
        BACKWARD,
        cell(candidate_slope=lambda n: n * (1 - n)),
    ),
]
