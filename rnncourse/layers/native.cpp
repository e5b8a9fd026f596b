// The step loops of the LSTM and the GRU, forward and back: the equations of rnncourse/cells.
//
// A step is one parallel region that cuts the hidden units into tiles. A tile multiplies the whole
// state by its own columns of the weights, then applies the gates to its units while the products
// are still in the cache. Tensors are contiguous, with the gates in PyTorch's order.
#include <ATen/Parallel.h>
#include <ATen/cpu/vec/vec.h>
#include <ATen/native/CPUBlas.h>
#include <torch/extension.h>

using at::Tensor;

struct Where {  // `count` neighbouring units of one row: what one vector register holds
  int64_t row, unit, count;
};

template <typename T>
struct Matrix {  // (B, ld) numbers: one step of a (T, B, ld) tensor, or a tensor of two axes
  using V = at::vec::Vectorized<T>;
  T* data;
  int64_t ld;
  Matrix(T* data, int64_t ld) : data(data), ld(ld) {}
  Matrix(const Tensor& x, int64_t t = 0) : Matrix(x.data_ptr<T>(), x.size(-1)) {
    data += t * x.size(-2) * ld;
  }
  Matrix from(int64_t column) const { return {data + column, ld}; }
  V load(Where w, int64_t column = 0) const {
    return V::loadu(data + w.row * ld + column + w.unit, w.count);
  }
  void store(Where w, V v, int64_t column = 0) const {
    v.store(data + w.row * ld + column + w.unit, w.count);
  }
};

// C (m, n) = A (m, k) B (k, n), added to what C holds where `add`
void product(Matrix<float> A, Matrix<float> B, Matrix<float> C, int64_t m, int64_t n, int64_t k,
             bool add) {
  at::native::cpublas::brgemm(m, n, k, A.ld, B.ld, C.ld, add, A.data, B.data, C.data, false);
}
void product(Matrix<double> A, Matrix<double> B, Matrix<double> C, int64_t m, int64_t n, int64_t k,
             bool add) {  // oneDNN's kernel has no float64, which is there for tests
  for (int64_t row = 0; row < m; row++) {
    double *a = A.data + row * A.ld, *c = C.data + row * C.ld;
    if (!add) std::fill_n(c, n, 0.0);
    for (int64_t i = 0; i < k; i++)
      for (int64_t j = 0; j < n; j++) c[j] += a[i] * B.data[i * B.ld + j];
  }
}

template <typename V>
V sigmoid(V a) {
  V s = V(1) / (V(1) + a.neg().exp_u20());
  return V::blendv(s, a, a != a);  // the fast exponential forgets NaN
}
template <typename V>
V tanh(V a) {
  return V(2) * sigmoid(V(2) * a) - V(1);
}

// product_of(first unit, number of units), then gates(where): for every tile, in parallel
template <typename V, typename Product, typename Gates>
void step(int64_t B, int64_t H, Product product_of, Gates gates) {
  int64_t width = std::clamp<int64_t>((H / at::get_num_threads() + 15) / 16 * 16, 16, 64);
  int64_t worth_a_thread = 100000 / (B * H * width) + 1;  // tiles; waking one costs about 1 µs
  at::parallel_for(0, (H + width - 1) / width, worth_a_thread, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin * width; j < std::min(H, end * width); j += width) {
      int64_t stop = std::min(H, j + width);
      product_of(j, stop - j);
      for (int64_t b = 0; b < B; b++)
        for (int64_t u = j; u < stop; u += V::size())
          gates(Where{b, u, std::min<int64_t>(V::size(), stop - u)});
    }
  });
}

// a (T, B, 4H): x W_xᵀ + b on entry, the gates i f g o on return. Fills hs (T, B, H) and cs, which
// is as long, or one step long where nobody needs the history.
template <typename T>
void lstm_forward(Tensor a, Tensor W_hT, Tensor h0, Tensor c0, Tensor hs, Tensor cs) {
  using V = typename Matrix<T>::V;
  int64_t B = hs.size(1), H = hs.size(2);
  Matrix<T> W(W_hT), h_prev(h0), c_prev(c0);
  for (int64_t t = 0; t < hs.size(0); t++) {
    Matrix<T> a_t(a, t), h(hs, t), c(cs, std::min(t, cs.size(0) - 1));
    auto product_of = [&](int64_t j, int64_t n) {
      for (int64_t g = 0; g < 4; g++)
        product(h_prev, W.from(g * H + j), a_t.from(g * H + j), B, n, H, true);
    };
    step<V>(B, H, product_of, [&](Where w) {
      V i = sigmoid(a_t.load(w)), f = sigmoid(a_t.load(w, H));
      V g = tanh(a_t.load(w, 2 * H)), o = sigmoid(a_t.load(w, 3 * H));
      V c_new = f * c_prev.load(w) + i * g;
      a_t.store(w, i), a_t.store(w, f, H), a_t.store(w, g, 2 * H), a_t.store(w, o, 3 * H);
      c.store(w, c_new);
      h.store(w, o * tanh(c_new));
    });
    h_prev = h, c_prev = c;
  }
}

// dh, dc (B, H): gradients of the last state on entry; dc is that of c0 on return. Fills da.
template <typename T>
void lstm_backward(Tensor gates, Tensor W_h, Tensor c0, Tensor cs, Tensor dhs, Tensor dh, Tensor dc,
                   Tensor da) {
  using V = typename Matrix<T>::V;
  int64_t steps = dhs.size(0), B = dhs.size(1), H = dhs.size(2);
  Matrix<T> W(W_h), dh_carry(dh), dc_carry(dc);
  for (int64_t t = steps - 1; t >= 0; t--) {
    Matrix<T> a(gates, t), c(cs, t), c_prev(t ? cs : c0, t ? t - 1 : 0), dh_out(dhs, t), da_t(da, t);
    auto product_of = [&](int64_t j, int64_t n) {
      if (t + 1 < steps)
        product(Matrix<T>(da, t + 1), W.from(j), dh_carry.from(j), B, n, 4 * H, false);
    };
    step<V>(B, H, product_of, [&](Where w) {
      V i = a.load(w), f = a.load(w, H), g = a.load(w, 2 * H), o = a.load(w, 3 * H), one(1);
      V tanh_c = tanh(c.load(w)), dh_t = dh_carry.load(w) + dh_out.load(w);
      V dc_t = dc_carry.load(w) + dh_t * o * (one - tanh_c * tanh_c);
      da_t.store(w, dc_t * g * i * (one - i));
      da_t.store(w, dc_t * c_prev.load(w) * f * (one - f), H);
      da_t.store(w, dc_t * i * (one - g * g), 2 * H);
      da_t.store(w, dh_t * tanh_c * o * (one - o), 3 * H);
      dc_carry.store(w, dc_t * f);
    });
  }
}

// a (T, B, 3H): x W_xᵀ + b_x on entry, with b_h of r and z in it; the gates r z n on return. Fills
// hs (T, B, H) and us, the candidate's h W_hnᵀ + b_hn: as long, or one step; b_hn is (1, H).
template <typename T>
void gru_forward(Tensor a, Tensor W_hT, Tensor b_hn, Tensor h0, Tensor hs, Tensor us) {
  using V = typename Matrix<T>::V;
  int64_t B = hs.size(1), H = hs.size(2);
  Matrix<T> W(W_hT), h_prev(h0), bias(b_hn);
  for (int64_t t = 0; t < hs.size(0); t++) {
    Matrix<T> a_t(a, t), h(hs, t), u_t(us, std::min(t, us.size(0) - 1));
    auto product_of = [&](int64_t j, int64_t n) {
      for (int64_t g = 0; g < 2; g++)
        product(h_prev, W.from(g * H + j), a_t.from(g * H + j), B, n, H, true);
      product(h_prev, W.from(2 * H + j), u_t.from(j), B, n, H, false);
    };
    step<V>(B, H, product_of, [&](Where w) {
      V r = sigmoid(a_t.load(w)), z = sigmoid(a_t.load(w, H));
      V u = u_t.load(w) + bias.load({0, w.unit, w.count});
      V n = tanh(a_t.load(w, 2 * H) + r * u);
      a_t.store(w, r), a_t.store(w, z, H), a_t.store(w, n, 2 * H), u_t.store(w, u);
      h.store(w, n + z * (h_prev.load(w) - n));
    });
    h_prev = h;
  }
}

// dh (B, H): gradient of the last h on entry; of h0, but for the product of step 0, on return.
// Fills da_n (T, B, H) and du (T, B, 3H), the gradient of h W_hᵀ + b_h: that of n is r ⊙ da_n.
template <typename T>
void gru_backward(Tensor gates, Tensor us, Tensor W_h, Tensor h0, Tensor hs, Tensor dhs, Tensor dh,
                  Tensor da_n, Tensor du) {
  using V = typename Matrix<T>::V;
  int64_t steps = dhs.size(0), B = dhs.size(1), H = dhs.size(2);
  Matrix<T> W(W_h), dh_carry(dh);
  for (int64_t t = steps - 1; t >= 0; t--) {
    Matrix<T> a(gates, t), u(us, t), h_prev(t ? hs : h0, t ? t - 1 : 0), dh_out(dhs, t);
    Matrix<T> da_nt(da_n, t), du_t(du, t);
    auto product_of = [&](int64_t j, int64_t n) {
      if (t + 1 < steps)
        product(Matrix<T>(du, t + 1), W.from(j), dh_carry.from(j), B, n, 3 * H, true);
    };
    step<V>(B, H, product_of, [&](Where w) {
      V r = a.load(w), z = a.load(w, H), n = a.load(w, 2 * H), one(1);
      V dh_t = dh_carry.load(w) + dh_out.load(w);
      V da_n = dh_t * (one - z) * (one - n * n);
      du_t.store(w, da_n * u.load(w) * r * (one - r));
      du_t.store(w, dh_t * (h_prev.load(w) - n) * z * (one - z), H);
      du_t.store(w, da_n * r, 2 * H);
      da_nt.store(w, da_n);
      dh_carry.store(w, dh_t * z);
    });
  }
}

PYBIND11_MODULE(TORCH_EXTENSION_NAME, module) {
  module.def("lstm_forward_float32", &lstm_forward<float>);
  module.def("lstm_forward_float64", &lstm_forward<double>);
  module.def("lstm_backward_float32", &lstm_backward<float>);
  module.def("lstm_backward_float64", &lstm_backward<double>);
  module.def("gru_forward_float32", &gru_forward<float>);
  module.def("gru_forward_float64", &gru_forward<double>);
  module.def("gru_backward_float32", &gru_backward<float>);
  module.def("gru_backward_float64", &gru_backward<double>);
}
