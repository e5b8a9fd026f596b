"""One step of the GRU back, as a formula with exchangeable parts."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from rnncourse.cells import gru_gates
from rnncourse.checks.declare import Function

Array = np.ndarray
Formula = Callable[[SimpleNamespace], Array]


def cell(
    dz: Formula = lambda s: s.dh * (s.h_prev - s.n),
    dn: Formula = lambda s: s.dh * (1 - s.z),
    dr: Formula = lambda s: s.da_n * s.u_n,
    r_slope: Callable = lambda r: r * (1 - r),
    z_slope: Callable = lambda z: z * (1 - z),
    candidate_slope: Callable = lambda n: 1 - n**2,
    du_n: Formula = lambda s: s.da_n * s.r,
    inputs: Formula = lambda s: s.da,
    direct: Formula = lambda s: s.dh * s.z,
    hidden: Formula = lambda s: s.du,
    dW_h: Formula = lambda s: s.du.T @ s.h_prev,
    db_h: Formula = lambda s: s.du.sum(axis=0),
    W_h_back: Callable[[Array], Array] = lambda W_h: W_h,
    share: Callable[[int], float] = lambda B: 1.0,
) -> Function:
    """Make a backward step of these formulas, which see the gates, dh and what precedes.

    s.da is the gradient of the input's side and s.du that of the past's. ``inputs`` makes dx, dW_x
    and db_x, ``hidden`` goes through W_h to h_prev, and ``direct`` is the road past it.
    """

    def backward(
        x: Array, h_prev: Array, W_x: Array, W_h: Array, b_x: Array, b_h: Array, dh: Array
    ) -> tuple:
        s = SimpleNamespace(h_prev=h_prev, dh=dh)
        s.r, s.z, s.n = gru_gates(x, h_prev, W_x, W_h, b_x, b_h)
        s.h = (1 - s.z) * s.n + s.z * h_prev
        s.u_n = np.split(h_prev @ W_h.T + b_h, 3, axis=-1)[2]
        s.W_hn, s.b_hn = np.split(W_h, 3)[2], np.split(b_h, 3)[2]
        s.da_z = dz(s) * z_slope(s.z)
        s.da_n = dn(s) * candidate_slope(s.n)
        s.da_r = dr(s) * r_slope(s.r)
        s.du_n = du_n(s)
        s.da = np.concatenate([s.da_r, s.da_z, s.da_n], axis=-1)
        s.du = np.concatenate([s.da_r, s.da_z, s.du_n], axis=-1)
        da = inputs(s)
        dh_prev = direct(s) + hidden(s) @ W_h_back(W_h)
        parameters = da.T @ x, dW_h(s), da.sum(axis=0), db_h(s)
        return da @ W_x, dh_prev, *(gradient * share(len(x)) for gradient in parameters)

    return backward
