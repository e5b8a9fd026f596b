"""What learners write instead of the GRU's backward pass, each mistake as a formula that runs."""

from types import SimpleNamespace

import numpy as np

from rnncourse.checks.declare import Mistake
from rnncourse.checks.mistakes.gru import untransposed
from rnncourse.checks.mistakes.gru_backward_cell import Array, Formula, cell
from rnncourse.checks.mistakes.gru_slope import BACKWARD, SLOPES


def _joined(r: Formula, z: Formula, n: Formula) -> Formula:
    return lambda s: np.concatenate([r(s), z(s), n(s)], axis=-1)


def _nothing(s: SimpleNamespace) -> Array:
    return np.zeros_like(s.dh)


def _reset_before_the_product(s: SimpleNamespace) -> Array:
    gates = np.concatenate([s.da_r, s.da_z], axis=-1)
    return np.vstack([gates.T @ s.h_prev, s.da_n.T @ (s.r * s.h_prev)])


def _z_first(da: Array) -> Array:
    r, z, n = np.split(da, 3, axis=-1)
    return np.concatenate([z, r, n], axis=-1)


ROADS = "Along how many roads does h_prev reach h, and does your dh_prev count each of them?"
Z_ROADS = "Which two terms of h = (1 - z) n + z h_prev does z move, and in which direction?"
THROUGH_R = "In the forward pass, what multiplies h_prev W_hn.T + b_hn before n sees it?"
STEP = [
    Mistake(
        "direct-road-dropped",
        "a backward pass without the road dh z, on which h_prev reaches h past all matrices",
        ROADS,
        BACKWARD,
        cell(direct=_nothing),
    ),
    Mistake(
        "direct-road-without-z",
        "a backward pass in which dh reaches h_prev past the update gate",
        "With z at 0, how much does h move directly when h_prev moves?",
        BACKWARD,
        cell(direct=lambda s: s.dh),
    ),
    Mistake(
        "direct-road-with-1-minus-z",
        "a backward pass in which dh (1 - z) goes to h_prev",
        "Which factor does h_prev have in h = (1 - z) n + z h_prev?",
        BACKWARD,
        cell(direct=lambda s: s.dh * (1 - s.z)),
    ),
    Mistake(
        "roads-through-W_h-dropped",
        "a backward pass whose dh_prev is dh z and nothing else",
        ROADS,
        BACKWARD,
        cell(hidden=lambda s: 0 * s.du),
    ),
    Mistake(
        "roads-through-the-gates-dropped",
        "a backward pass whose dh_prev counts the candidate's block of W_h, and not the gates'",
        ROADS,
        BACKWARD,
        cell(hidden=_joined(_nothing, _nothing, lambda s: s.du_n)),
    ),
    Mistake(
        "road-through-the-candidate-dropped",
        "a backward pass whose dh_prev counts the gates' blocks of W_h, and not the candidate's",
        ROADS,
        BACKWARD,
        cell(hidden=_joined(lambda s: s.da_r, lambda s: s.da_z, _nothing)),
    ),
    Mistake(
        "road-through-r-dropped",
        "a backward pass whose dh_prev leaves out the block of r",
        ROADS,
        BACKWARD,
        cell(hidden=_joined(_nothing, lambda s: s.da_z, lambda s: s.du_n)),
    ),
    Mistake(
        "road-through-z-dropped",
        "a backward pass whose dh_prev leaves out the block of z",
        ROADS,
        BACKWARD,
        cell(hidden=_joined(lambda s: s.da_r, _nothing, lambda s: s.du_n)),
    ),
    Mistake(
        "reset-gate-learns-nothing",
        "a backward pass in which no gradient reaches r",
        "If r moves a little, does h move?",
        BACKWARD,
        cell(dr=_nothing),
    ),
    Mistake(
        "update-gate-learns-nothing",
        "a backward pass in which no gradient reaches z",
        "If z moves a little, does h move?",
        BACKWARD,
        cell(dz=_nothing),
    ),
    Mistake(
        "sign-of-dz",
        "a backward pass with dz = dh (n - h_prev)",
        Z_ROADS,
        BACKWARD,
        cell(dz=lambda s: s.dh * (s.n - s.h_prev)),
    ),
    Mistake(
        "dz-from-h-prev-alone",
        "a backward pass with dz = dh h_prev",
        Z_ROADS,
        BACKWARD,
        cell(dz=lambda s: s.dh * s.h_prev),
    ),
    Mistake(
        "dz-from-n-alone",
        "a backward pass with dz = -dh n",
        Z_ROADS,
        BACKWARD,
        cell(dz=lambda s: -s.dh * s.n),
    ),
    Mistake(
        "dz-from-the-new-h",
        "a backward pass with dz = dh (h - n)",
        "Which h did z multiply in the forward pass?",
        BACKWARD,
        cell(dz=lambda s: s.dh * (s.h - s.n)),
    ),
    Mistake(
        "update-gate-missing-in-dn",
        "a backward pass in which all of dh reaches the candidate",
        "With z at 1, how much does h move when n moves?",
        BACKWARD,
        cell(dn=lambda s: s.dh),
    ),
    Mistake(
        "dn-with-z",
        "a backward pass with dn = dh z",
        "Which factor does n have in h = (1 - z) n + z h_prev?",
        BACKWARD,
        cell(dn=lambda s: s.dh * s.z),
    ),
    Mistake(
        "z-swapped-on-the-way-back",
        "a backward pass that takes z for 1 - z, over a forward pass that does not",
        "Which factor does n have in your forward pass, and which h_prev?",
        BACKWARD,
        cell(
            dz=lambda s: s.dh * (s.n - s.h_prev),
            dn=lambda s: s.dh * s.z,
            direct=lambda s: s.dh * (1 - s.z),
        ),
    ),
    Mistake(
        "dh-overwritten-by-the-direct-road",
        "a backward pass that puts dh z in the place of dh before it computes dz and dn from dh",
        "Which value does the name dh hold in the line that computes your dz?",
        BACKWARD,
        cell(dz=lambda s: s.dh * s.z * (s.h_prev - s.n), dn=lambda s: s.dh * s.z * (1 - s.z)),
    ),
    Mistake(
        "dr-without-b_hn",
        "a backward pass whose dr leaves out b_hn",
        THROUGH_R,
        BACKWARD,
        cell(dr=lambda s: s.da_n * (s.u_n - s.b_hn)),
    ),
    Mistake(
        "dr-from-h-prev",
        "a backward pass with dr = da_n h_prev",
        "What does r multiply in the forward pass, the state or its product with W_hn?",
        BACKWARD,
        cell(dr=lambda s: s.da_n * s.h_prev),
    ),
    Mistake(
        "dr-before-the-slope-of-tanh",
        "a backward pass whose dr starts from dn, without the slope of tanh",
        "Is r inside the tanh of the candidate, or outside?",
        BACKWARD,
        cell(dr=lambda s: s.dh * (1 - s.z) * s.u_n),
    ),
    *SLOPES,
    Mistake(
        "roads-of-the-form-before",
        "a backward pass of the form that resets before the product, over gates of the other",
        THROUGH_R,
        BACKWARD,
        cell(
            dr=lambda s: (s.da_n @ s.W_hn) * s.h_prev,
            du_n=lambda s: s.da_n,
            direct=lambda s: s.dh * s.z + (s.da_n @ s.W_hn) * s.r,
            hidden=_joined(lambda s: s.da_r, lambda s: s.da_z, _nothing),
            dW_h=_reset_before_the_product,
        ),
    ),
    Mistake(
        "stacked-z-r-n-on-the-way-back",
        "a backward pass that stacks the gradients z r n, over a forward pass that does not",
        "In which order does your code join the gradients of the three blocks?",
        BACKWARD,
        cell(
            inputs=lambda s: _z_first(s.da),
            hidden=lambda s: _z_first(s.du),
            dW_h=lambda s: _z_first(s.du).T @ s.h_prev,
            db_h=lambda s: _z_first(s.du).sum(axis=0),
        ),
    ),
    Mistake(
        "db_h-equal-to-db_x",
        "a backward pass whose db_h leaves r out of the candidate's block, and so equals db_x",
        THROUGH_R,
        BACKWARD,
        cell(db_h=lambda s: s.da.sum(axis=0)),
    ),
    Mistake(
        "dW_h-without-r",
        "a backward pass whose dW_h leaves r out of the candidate's block",
        THROUGH_R,
        BACKWARD,
        cell(dW_h=lambda s: s.da.T @ s.h_prev),
    ),
    Mistake(
        "dW_h-and-db_h-without-r",
        "a backward pass whose dW_h and db_h leave r out of the candidate's block",
        THROUGH_R,
        BACKWARD,
        cell(dW_h=lambda s: s.da.T @ s.h_prev, db_h=lambda s: s.da.sum(axis=0)),
    ),
    Mistake(
        "dh-prev-without-r",
        "a backward pass whose dh_prev leaves r out of the candidate's block",
        THROUGH_R,
        BACKWARD,
        cell(hidden=lambda s: s.da),
    ),
    Mistake(
        "r-forgotten-on-the-way-back",
        "a backward pass that leaves r out of the candidate's block on the side of the past",
        THROUGH_R,
        BACKWARD,
        cell(du_n=lambda s: s.da_n),
    ),
    Mistake(
        "r-on-the-side-of-the-input",
        "a backward pass in which the input's part of the candidate is multiplied by r, too",
        "With r at 0, does n still move when x does?",
        BACKWARD,
        cell(inputs=lambda s: s.du),
    ),
    Mistake(
        "r-on-the-other-side-of-the-product",
        "a backward pass whose dW_h multiplies h_prev by r, and not the gradient of the candidate",
        "Does r stand on the side of the rows of W_hn, or on that of its columns?",
        BACKWARD,
        cell(dW_h=_reset_before_the_product),
    ),
    Mistake(
        "W_h-transposed",
        "a backward pass that uses each (H, H) block of W_h the other way round",
        "If u = h W.T, which matrix takes du back to h?",
        BACKWARD,
        cell(W_h_back=untransposed),
    ),
    Mistake(
        "dW_h-from-new-h",
        "a backward pass whose dW_h is made with the new h",
        "Which h did W_h multiply in the forward pass?",
        BACKWARD,
        cell(dW_h=lambda s: s.du.T @ s.h),
    ),
    Mistake(
        "averaged-over-batch",
        "a backward pass that averages the gradients of the parameters over the batch",
        "Does dhs already hold the share of each sequence in the loss?",
        BACKWARD,
        cell(share=lambda B: 1 / B),
    ),
]
