// What CUDA C++ has no function for. Compiled by nvcc these are PTX instructions; in the emulator (kernels-cuda/emulator)
// emulator.h brings functions of the same names along, before anything else is read.
#pragma once

#ifdef __CUDACC__

// d += a * b for a tile of 16 rows and 8 columns over 32 bytes, by all 32 lanes of a warp together. With
// group = lane / 4 and member = lane % 4, a register of `a` or `b` holds 4 consecutive k, the lowest in its low byte:
//   a[0], a[1]  rows group and group + 8, k = member * 4 ...;  a[2], a[3]  the same rows, k = 16 + member * 4 ...
//   b[0], b[1]  column group, k = member * 4 ... and k = 16 + member * 4 ...
//   d[0], d[1]  row group, columns member * 2 and member * 2 + 1;  d[2], d[3]  the same columns of row group + 8
__device__ __forceinline__ void mma_m16n8k32_s8(int (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

#endif
