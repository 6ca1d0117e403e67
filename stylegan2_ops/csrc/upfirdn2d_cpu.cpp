// upfirdn2d on the CPU, a row of output at a time: taps down the columns, then taps along the row.
//
// A row is W pixels of C numbers: C = 1 for planes of a contiguous tensor, C = channels for channels_last. Taps along
// the row then lie C numbers apart, and both layouts share one loop that runs over consecutive memory.
#include <ATen/Parallel.h>
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <algorithm>
#include <type_traits>
#include <vector>

#include "element.h"

namespace fice {
namespace {

constexpr int64_t kGrain = 16384;  // outputs a thread takes at least

// A filter as a sum of outer products: one where the table is one, else one for each of its rows.
template <class A>
struct Term {
  std::vector<A> down, along;
};

template <class A>
std::vector<Term<A>> split(const Upfirdn& p) {
  const auto* taps = static_cast<const double*>(p.f);
  const auto at = [&](int y, int x) { return p.flip ? taps[y * p.fw + x] : taps[(p.fh - 1 - y) * p.fw + p.fw - 1 - x]; };
  int py = 0, px = 0;  // the largest tap
  for (int y = 0; y < p.fh; ++y)
    for (int x = 0; x < p.fw; ++x)
      if (std::abs(at(y, x)) > std::abs(at(py, px))) py = y, px = x;
  bool outer = at(py, px) != 0;
  for (int y = 0; y < p.fh && outer; ++y)  // products of float32 taps are exact in double
    for (int x = 0; x < p.fw && outer; ++x) outer = at(y, x) * at(py, px) == at(y, px) * at(py, x);
  std::vector<Term<A>> terms;
  for (int row = 0; row < (outer ? 1 : p.fh); ++row) {
    Term<A> term{std::vector<A>(p.fh), std::vector<A>(p.fw)};
    for (int y = 0; y < p.fh; ++y) term.down[y] = A(outer ? at(y, px) / at(py, px) : y == row);
    for (int x = 0; x < p.fw; ++x) term.along[x] = A(p.gain * at(outer ? py : row, x));
    terms.push_back(std::move(term));
  }
  return terms;
}

// out[i] (+)= sum over k < N of w[k] * in[k][i * Step]
template <int N, int Step, bool Add, class T, class A>
void weigh(const T* const* in, const A* w, A* __restrict out, int64_t n) {
  const T* a = in[0];
  const T* b = in[N > 1 ? 1 : 0];
  const T* c = in[N > 2 ? 2 : 0];
  const T* d = in[N > 3 ? 3 : 0];
  const A wa = w[0], wb = w[N > 1 ? 1 : 0], wc = w[N > 2 ? 2 : 0], wd = w[N > 3 ? 3 : 0];
  for (int64_t i = 0; i < n; ++i) {
    A sum = wa * static_cast<A>(a[i * Step]);
    if (N > 1) sum += wb * static_cast<A>(b[i * Step]);
    if (N > 2) sum += wc * static_cast<A>(c[i * Step]);
    if (N > 3) sum += wd * static_cast<A>(d[i * Step]);
    out[i] = Add ? out[i] + sum : sum;
  }
}

template <int Step, bool Add, class T, class A>
void weigh_some(const T* const* in, const A* w, int taps, A* out, int64_t n) {
  switch (taps) {
    case 1: return weigh<1, Step, Add>(in, w, out, n);
    case 2: return weigh<2, Step, Add>(in, w, out, n);
    case 3: return weigh<3, Step, Add>(in, w, out, n);
    default: return weigh<4, Step, Add>(in, w, out, n);
  }
}

// Any number of taps, four at a time.
template <int Step, class T, class A>
void weigh_all(const T* const* in, const A* w, int taps, A* out, int64_t n, bool add) {
  if (taps == 0 && !add) std::fill(out, out + n, A(0));
  for (int k = 0; k < taps; k += 4, add = true) {
    const int some = std::min(4, taps - k);
    add ? weigh_some<Step, true>(in + k, w + k, some, out, n) : weigh_some<Step, false>(in + k, w + k, some, out, n);
  }
}

template <class T, class A>
class Rows {
 public:
  Rows(const Upfirdn& p, const std::vector<Term<A>>& terms)
      : p_(p),
        terms_(terms),
        c_(p.channels_last ? p.channels : 1),
        margin_(std::max<int64_t>(0, floor_div(p.x0, p.ux))),
        far_(std::max<int64_t>(0, floor_div((p.out_w - 1) * p.dx - p.x0 + p.fw - 1, p.ux) - (p.in_w - 1))),
        line_((margin_ + p.in_w + far_) * c_, A(0)),
        phase_(p.out_w * c_),
        taps_(std::max(p.fw, p.fh)),
        from_(taps_.size()),
        rows_(taps_.size()) {}

  // x: the plane (or picture, channels_last); y: the row oy of its result
  void row(const T* x, T* y, int64_t oy) {
    A* sum = phase_.data();
    if constexpr (std::is_same_v<T, A>) {
      if (p_.ux == 1) sum = y;  // no detour
    }
    for (int ux = 0; ux < p_.ux; ++ux) {
      const int64_t n = (p_.out_w - ux + p_.ux - 1) / p_.ux;  // outputs ox = q * up + ux
      for (size_t t = 0; t < terms_.size(); ++t) {
        if (ux == 0 || terms_.size() > 1) columns(x, oy, terms_[t].down);
        along(terms_[t].along, ux, n, sum, t > 0);
      }
      if (static_cast<const void*>(sum) == y) continue;
      store(sum, y, ux, n);
    }
  }

 private:
  // line_ = the rows of x under output row oy, weighed
  void columns(const T* x, int64_t oy, const std::vector<A>& w) {
    const int64_t top = oy * p_.dy - p_.y0;
    const int64_t begin = std::max<int64_t>(0, ceil_div(top, p_.uy));
    const int64_t end = std::min(p_.in_h - 1, floor_div(top + p_.fh - 1, p_.uy));
    int n = 0;
    for (int64_t iy = begin; iy <= end; ++iy) {
      const A tap = w[iy * p_.uy - top];
      if (tap == A(0)) continue;
      taps_[n] = tap, rows_[n++] = x + iy * p_.in_w * c_;
    }
    weigh_all<1>(rows_.data(), taps_.data(), n, line_.data() + margin_ * c_, p_.in_w * c_, false);
  }

  // out[q] (+)= the taps that meet pixels at outputs ox = q * up + ux
  void along(const std::vector<A>& w, int ux, int64_t count, A* out, bool add) {
    const int64_t left = ux * p_.dx - p_.x0, ix = ceil_div(left, p_.ux);
    int n = 0;
    for (int64_t k = ix * p_.ux - left, i = ix; k < p_.fw; k += p_.ux, ++i)
      taps_[n] = w[k], from_[n++] = line_.data() + (margin_ + i) * c_;
    if (p_.dx == 1) return weigh_all<1>(from_.data(), taps_.data(), n, out, count * c_, add);
    if (p_.dx == 2 && c_ == 1) return weigh_all<2>(from_.data(), taps_.data(), n, out, count, add);
    for (int64_t q = 0; q < count; ++q) {
      weigh_all<1>(from_.data(), taps_.data(), n, out + q * c_, c_, add);
      for (int i = 0; i < n; ++i) from_[i] += p_.dx * c_;
    }
  }

  void store(const A* sum, T* y, int ux, int64_t n) const {
    if (p_.ux == 2 && c_ == 1) {
      for (int64_t q = 0; q < n; ++q) y[2 * q + ux] = static_cast<T>(sum[q]);
      return;
    }
    for (int64_t q = 0; q < n; ++q)
      for (int64_t c = 0; c < c_; ++c) y[(q * p_.ux + ux) * c_ + c] = static_cast<T>(sum[q * c_ + c]);
  }

  const Upfirdn& p_;
  const std::vector<Term<A>>& terms_;
  const int64_t c_, margin_, far_;  // numbers in a pixel; pixels of zeros before and after a row
  std::vector<A> line_, phase_, taps_;
  std::vector<const A*> from_;
  std::vector<const T*> rows_;
};

// Both up and down along a row: rare, so pixel by pixel.
template <class T, class A>
void pixels(const Upfirdn& p, int64_t begin, int64_t end) {
  const auto* f = static_cast<const double*>(p.f);
  for (int64_t i = begin; i < end; ++i) {
    const int64_t n = i / p.out_h / p.channels, c = i / p.out_h % p.channels, oy = i % p.out_h;
    const T* x = static_cast<const T*>(p.x) + n * p.xs[0] + c * p.xs[1];
    T* y = static_cast<T*>(p.y) + n * p.ys[0] + c * p.ys[1] + oy * p.ys[2];
    for (int64_t ox = 0; ox < p.out_w; ++ox)
      y[ox * p.ys[3]] = static_cast<T>(upfirdn_element<A, 0, 0, 0, 0, 0, 0>(p, x, f, oy, ox));
  }
}

template <class T, class A>
void all(const Upfirdn& p) {
  if (p.ux > 1 && p.dx > 1) {
    const int64_t rows = p.batch * p.channels * p.out_h;
    at::parallel_for(0, rows, std::max<int64_t>(1, kGrain / p.out_w), [&](int64_t b, int64_t e) { pixels<T, A>(p, b, e); });
    return;
  }
  const auto terms = split<A>(p);
  const int64_t c = p.channels_last ? p.channels : 1, planes = p.batch * p.channels / c;
  const int64_t grain = std::max<int64_t>(1, kGrain / (p.out_w * c));
  at::parallel_for(0, planes * p.out_h, grain, [&](int64_t begin, int64_t end) {
    Rows<T, A> rows(p, terms);
    for (int64_t i = begin; i < end; ++i) {
      const T* x = static_cast<const T*>(p.x) + i / p.out_h * p.in_h * p.in_w * c;
      rows.row(x, static_cast<T*>(p.y) + i * p.out_w * c, i % p.out_h);
    }
  });
}

}  // namespace

void upfirdn2d_cpu(const Upfirdn& p, Dtype dtype) {
  switch (dtype) {
    case Dtype::f32: return all<float, float>(p);
    case Dtype::f64: return all<double, double>(p);
    case Dtype::f16: return all<c10::Half, float>(p);
    case Dtype::bf16: return all<c10::BFloat16, float>(p);
  }
}

}  // namespace fice
