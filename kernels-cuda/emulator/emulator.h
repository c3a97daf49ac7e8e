// CUDA C++ for g++, as much of it as the kernels use: scripts/build/cuda-emulator puts it in front of each .cu file. Each thread
// is a fiber (fibers.h), and no warp runs in lockstep, so a kernel that relies on that is found out. Last bits of floats may
// differ from a GPU's: functions such as expf are g++'s, and nvcc makes a * b + c one operation with one rounding.
#pragma once

#include <math.h>
#include <stdint.h>

#include <type_traits>
#include <utility>

#include "fibers.h"

// scripts/build/cuda-emulator finds kernels by this.
#define __global__ __attribute__((used))
#define __device__
#define __shared__ static
#define __launch_bounds__(...)
#define threadIdx (static_cast<const uint3&>(emulator::current->index))

struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

namespace emulator {

// warp.cpp
unsigned shuffle_xor(unsigned mask, unsigned value, unsigned lane_mask);
void multiply_m16n8k32(int* d, const unsigned* a, const unsigned* b);

}  // namespace emulator

inline void __syncthreads() { emulator::barrier(); }
inline int __shfl_xor_sync(unsigned mask, int value, int lane_mask) {
  return emulator::shuffle_xor(mask, value, lane_mask);
}
inline void mma_m16n8k32_s8(int (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  emulator::multiply_m16n8k32(d, a, b);
}

// Blocks and fibers never run at the same time, so nothing comes between reading and writing, and all see what was written.
inline void __threadfence() {}
inline int atomicAdd(int* address, int value) {
  const int old = *address;
  *address = static_cast<unsigned>(old) + static_cast<unsigned>(value);
  return old;
}
inline int atomicExch(int* address, int value) { return std::exchange(*address, value); }

inline float __uint_as_float(unsigned value) {
  float result;
  std::memcpy(&result, &value, sizeof(result));
  return result;
}

inline int __dp4a(int a, int b, int c) {
  unsigned sum = c;
  for (int shift = 0; shift < 32; shift += 8) sum += static_cast<int8_t>(a >> shift) * static_cast<int8_t>(b >> shift);
  return sum;
}

// As CUDA's, these take mixed integers, and of a number and a NaN they give the number.
template <typename A, typename B>
auto min(A a, B b) {
  using T = decltype(a + b);
  if constexpr (std::is_floating_point_v<T>) return fmin(T(a), T(b));
  else return T(a) < T(b) ? T(a) : T(b);
}
template <typename A, typename B>
auto max(A a, B b) {
  using T = decltype(a + b);
  if constexpr (std::is_floating_point_v<T>) return fmax(T(a), T(b));
  else return T(a) > T(b) ? T(a) : T(b);
}
