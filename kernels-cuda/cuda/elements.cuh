// What values are made of: quads of four neighbouring channels, in integer mode four i8 in a word or, on the way to the
// output, four i32; in float mode four f32. Every struct here that a kernel takes has a twin in deepshift-cuda.
#pragma once

#include "intrinsics.cuh"

// Aligned, as what follows, so that four lanes are loaded and stored at once.
template <class Scalar>
struct alignas(16) Lanes {
    Scalar lane[4];
};

typedef Lanes<int> Integers;
typedef Lanes<float> Floats;

struct Narrow {
    typedef unsigned Quad;
    typedef int Scalar;

    __device__ static Integers lanes(Quad quad) {
        return {{int(quad << 24) >> 24, int(quad << 16) >> 24, int(quad << 8) >> 24, int(quad) >> 24}};
    }

    __device__ static Quad packed(const Integers &values) {
        return (values.lane[0] & 255u) | (values.lane[1] & 255u) << 8 | (values.lane[2] & 255u) << 16 |
               unsigned(values.lane[3]) << 24;
    }
};

template <class Type>
struct Whole {
    typedef Lanes<Type> Quad;
    typedef Type Scalar;

    __device__ static Lanes<Type> lanes(const Quad &quad) { return quad; }
    __device__ static Quad packed(const Lanes<Type> &values) { return values; }
};

typedef Whole<int> Wide;
typedef Whole<float> Single;

// Four channels of an epilogue: `((acc >> pre_shift) * multiplier + offset) >> post_shift`.
struct alignas(16) Rescale {
    int multiplier[4];
    int offset[4];
    unsigned pre_shift[4];
    unsigned post_shift[4];
};

struct alignas(16) Affine {
    float scale[4];
    float offset[4];
};

struct alignas(16) Norm {
    float mean[4];
    float scale[4];
    float offset[4];
};

enum EndKind { AS_IS, RESCALE, AFFINE, NORM };

// What is done with results before they are stored.
struct End {
    const void *parameters;
    unsigned kind;
    int lowest;
    int highest;
    // Whether integers are stored as four i32.
    unsigned is_wide;
};

__device__ inline Integers applied(const End &end, const Rescale &rescale, Integers acc) {
    for (int i = 0; i < 4; i++) {
        const int moved = acc.lane[i] >> rescale.pre_shift[i];
        const int scaled = (moved * rescale.multiplier[i] + rescale.offset[i]) >> rescale.post_shift[i];
        acc.lane[i] = min(max(scaled, end.lowest), end.highest);
    }
    return acc;
}

// NaN stays NaN, which fmaxf and fminf would lose.
__device__ inline float clamped(float x, float lowest, float highest) {
    return x < lowest ? lowest : x > highest ? highest : x;
}

// Lanes without a channel have a scale of 0 and stay 0, also where their sum is NaN because the input is not finite.
__device__ inline Floats applied(const End &, const Affine &affine, Floats acc) {
    for (int i = 0; i < 4; i++) {
        acc.lane[i] = affine.scale[i] == 0.0f ? 0.0f : acc.lane[i] * affine.scale[i] + affine.offset[i];
    }
    return acc;
}

__device__ inline Floats applied(const End &, const Norm &norm, Floats acc) {
    for (int i = 0; i < 4; i++) acc.lane[i] = (acc.lane[i] - norm.mean[i]) * norm.scale[i] + norm.offset[i];
    return acc;
}

// `channel` counts quads, here and everywhere.
template <class Parameters>
__device__ const Parameters &parameters_of(const End &end, unsigned channel) {
    return static_cast<const Parameters *>(end.parameters)[channel];
}

__device__ inline Integers ended(const End &end, const Integers &acc, unsigned channel) {
    return end.kind == RESCALE ? applied(end, parameters_of<Rescale>(end, channel), acc) : acc;
}

__device__ inline Floats ended(const End &end, const Floats &acc, unsigned channel) {
    if (end.kind == AFFINE) return applied(end, parameters_of<Affine>(end, channel), acc);
    return end.kind == NORM ? applied(end, parameters_of<Norm>(end, channel), acc) : acc;
}

__device__ inline void store(const End &end, void *y, size_t index, const Integers &values) {
    if (end.is_wide) {
        static_cast<Integers *>(y)[index] = values;
    } else {
        static_cast<unsigned *>(y)[index] = Narrow::packed(values);
    }
}

__device__ inline void store(const End &, void *y, size_t index, const Floats &values) {
    static_cast<Floats *>(y)[index] = values;
}

template <class Type>
__device__ void finish(const End &end, void *y, size_t index, const Lanes<Type> &acc, unsigned channel) {
    store(end, y, index, ended(end, acc, channel));
}

__device__ inline unsigned thread_index() { return blockIdx.x * blockDim.x + threadIdx.x; }
