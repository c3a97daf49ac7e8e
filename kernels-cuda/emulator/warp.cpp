// What the lanes of a warp do together.
#include "emulator.h"

namespace emulator {

namespace {

struct Exchange {
  unsigned value;
  // The lane it comes from.
  unsigned source;
};

void exchange(Thread* lanes, unsigned mask) {
  unsigned values[warpSize];
  for (int lane = 0; lane < warpSize; lane++) {
    if (mask >> lane & 1) values[lane] = static_cast<Exchange*>(lanes[lane].data)->value;
  }
  for (int lane = 0; lane < warpSize; lane++) {
    if (!(mask >> lane & 1)) continue;
    auto* arguments = static_cast<Exchange*>(lanes[lane].data);
    if (!(mask >> arguments->source & 1)) {
      fail("lane %d reads in %s from lane %u, which mask 0x%08x lacks", lane, lanes[lane].operation->name,
           arguments->source, mask);
    }
    arguments->value = values[arguments->source];
  }
}

struct Fragments {
  int* d;
  const unsigned* a;
  const unsigned* b;
};

// The layout is that of PTX, which cuda/intrinsics.cuh spells out.
void multiply(Thread* lanes, unsigned) {
  int8_t a[16][32], b[8][32];
  for (int lane = 0; lane < warpSize; lane++) {
    const auto& fragments = *static_cast<const Fragments*>(lanes[lane].data);
    const int group = lane / 4, k = lane % 4 * 4;
    std::memcpy(&a[group][k], &fragments.a[0], 4);
    std::memcpy(&a[group + 8][k], &fragments.a[1], 4);
    std::memcpy(&a[group][k + 16], &fragments.a[2], 4);
    std::memcpy(&a[group + 8][k + 16], &fragments.a[3], 4);
    std::memcpy(&b[group][k], &fragments.b[0], 4);
    std::memcpy(&b[group][k + 16], &fragments.b[1], 4);
  }
  for (int lane = 0; lane < warpSize; lane++) {
    int* d = static_cast<const Fragments*>(lanes[lane].data)->d;
    for (int i = 0; i < 4; i++) {
      const int8_t* row = a[lane / 4 + i / 2 * 8];
      const int8_t* column = b[lane % 4 * 2 + i % 2];
      int sum = 0;
      for (int k = 0; k < 32; k++) sum += row[k] * column[k];
      // Without the instruction's .satfinite, sums wrap around.
      d[i] = static_cast<unsigned>(d[i]) + static_cast<unsigned>(sum);
    }
  }
}

constexpr Operation SHUFFLE = {"__shfl_xor_sync", exchange};
constexpr Operation MULTIPLY = {"mma_m16n8k32_s8", multiply};

}  // namespace

unsigned shuffle_xor(unsigned mask, unsigned value, unsigned lane_mask) {
  Exchange arguments = {value, (lane_of(current) ^ lane_mask) % warpSize};
  together(SHUFFLE, mask, &arguments);
  return arguments.value;
}

void multiply_m16n8k32(int* d, const unsigned* a, const unsigned* b) {
  Fragments arguments = {d, a, b};
  together(MULTIPLY, 0xffffffff, &arguments);
}

}  // namespace emulator
