// How weights are kept, and what they add to sums. Each kind has `add`, one step of `k` for four output channels, and
// those for matrix products `step`, a quad of four steps for several pixels at once.
#pragma once

#include "layer.cuh"

// The codes of four output channels, packed as the file packs them: eight steps of `k` for four output channels and one
// term are `bits` whole words, `[k / 8][output quad][term][bits]`, within them `[k % 8][channel]`.
__device__ inline unsigned four_codes(const Layer &layer, const unsigned *weights, unsigned k, unsigned channel,
                                      unsigned term) {
    const unsigned block = ((k / 8 * layer.out_quads + channel) * layer.terms + term) * layer.bits;
    const unsigned bit = k % 8 * (4 * layer.bits);
    const unsigned word = block + bit / 32, skip = bit % 32;
    unsigned four = weights[word] >> skip;
    if (skip + 4 * layer.bits > 32) four |= weights[word + 1] << (32 - skip);
    return four;
}

struct Code {
    unsigned magnitude;
    bool is_negative, is_zero;
};

// Calls `use` with each of four output channels and the code of each of its terms.
template <class Use>
__device__ void for_each_code(const Layer &layer, const unsigned *weights, unsigned k, unsigned channel, Use use) {
    const unsigned sign = 1u << (layer.bits - 1);
    for (unsigned term = 0; term < layer.terms; term++) {
        const unsigned four = four_codes(layer, weights, k, channel, term);
        const bool has_zero = term > 0 || !layer.is_q;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const unsigned code = four >> (i * layer.bits), magnitude = code & (sign - 1);
            use(i, Code{magnitude, (code & sign) != 0, has_zero && magnitude == 0});
        }
    }
}

// `shift`: every product is a left shift by the code and a sign; nothing is multiplied by a weight.
struct Shifts {
    typedef Narrow Element;

    // Magnitude M stands for a left shift by M in a layer of type Q, in either term, and by M - 1 in one of type PS.
    __device__ static int shifted(const Layer &layer, Code code, int value) {
        if (code.is_zero) return 0;
        const int product = int(unsigned(value) << (layer.is_q ? code.magnitude : code.magnitude - 1));
        return code.is_negative ? -product : product;
    }

    template <int PIXELS>
    __device__ static void add(const Layer &layer, const unsigned *weights, Integers (&acc)[PIXELS],
                               const Integers (&values)[PIXELS], unsigned k, unsigned channel) {
        for_each_code(layer, weights, k, channel, [&](int i, Code code) {
#pragma unroll
            for (int p = 0; p < PIXELS; p++) acc[p].lane[i] += shifted(layer, code, values[p].lane[i]);
        });
    }
};

// Kinds that multiply: `Decoded::weight` gives the weights of four output channels.
template <class Decoded>
struct Multiplied {
    typedef typename Decoded::Element Element;
    typedef Lanes<typename Element::Scalar> Values;

    template <int PIXELS>
    __device__ static void add(const Layer &layer, const unsigned *weights, Values (&acc)[PIXELS],
                               const Values (&values)[PIXELS], unsigned k, unsigned channel) {
        const Values weight = Decoded::weight(layer, weights, k, channel);
#pragma unroll
        for (int p = 0; p < PIXELS; p++) {
#pragma unroll
            for (int i = 0; i < 4; i++) acc[p].lane[i] += values[p].lane[i] * weight.lane[i];
        }
    }
};

// The exact integers, decoded from their codes: sign * 2^M, or 2^(M - 1) in layers of type PS.
struct IntegersOfCodes {
    typedef Narrow Element;

    __device__ static Integers weight(const Layer &layer, const unsigned *weights, unsigned k, unsigned channel) {
        Integers sum = {};
        for_each_code(layer, weights, k, channel,
                      [&](int i, Code code) { sum.lane[i] += Shifts::shifted(layer, code, 1); });
        return sum;
    }
};

// f32, decoded by writing the exponent's bits; the channel's exponent is part of the layer's scale.
struct FloatsOfCodes {
    typedef Single Element;

    __device__ static Floats weight(const Layer &layer, const unsigned *weights, unsigned k, unsigned channel) {
        Floats sum = {};
        for_each_code(layer, weights, k, channel, [&](int i, Code code) {
            const unsigned bits = unsigned(code.is_negative) << 31 | (code.magnitude + layer.exponent) << 23;
            if (!code.is_zero) sum.lane[i] += __uint_as_float(bits);
        });
        return sum;
    }
};

// Ordinary f32 weights, `[k][output channel]`.
struct Plain {
    typedef Single Element;

    __device__ static Floats weight(const Layer &layer, const unsigned *weights, unsigned k, unsigned channel) {
        return reinterpret_cast<const Floats *>(weights)[k * layer.out_quads + channel];
    }
};

// Four steps of `k`, one for each lane of the quads that the pixels see.
template <class Weights>
struct ByLane {
    typedef typename Weights::Element Element;
    typedef Lanes<typename Element::Scalar> Values;

    template <int PIXELS>
    __device__ static void step(const Layer &layer, const unsigned *weights, Values (&acc)[PIXELS],
                                const typename Element::Quad (&x)[PIXELS], unsigned quad, unsigned channel) {
        Values seen[PIXELS];
        for (int p = 0; p < PIXELS; p++) seen[p] = Element::lanes(x[p]);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            Values values[PIXELS];
            for (int p = 0; p < PIXELS; p++) {
                const typename Element::Scalar value = seen[p].lane[i];
                values[p] = {{value, value, value, value}};
            }
            Weights::add(layer, weights, acc, values, 4 * quad + i, channel);
        }
    }
};

// `dot`: the exact integers as i8, four steps of `k` in a word, `[k / 4][output quad][plane][channel]`; a weight is the sum
// of 256^plane times its planes.
struct Planes {
    typedef Narrow Element;

    template <int PIXELS>
    __device__ static void step(const Layer &layer, const unsigned *weights, Integers (&acc)[PIXELS],
                                const unsigned (&x)[PIXELS], unsigned quad, unsigned channel) {
        const uint4 *planes = reinterpret_cast<const uint4 *>(weights) + (quad * layer.out_quads + channel) * layer.planes;
        for (unsigned plane = 0; plane < layer.planes; plane++) {
            const uint4 weight = planes[plane];
            const unsigned words[4] = {weight.x, weight.y, weight.z, weight.w};
#pragma unroll
            for (int p = 0; p < PIXELS; p++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    const int dot = __dp4a(int(x[p]), int(words[i]), 0);
                    acc[p].lane[i] += int(unsigned(dot) << (8 * plane));
                }
            }
        }
    }
};
