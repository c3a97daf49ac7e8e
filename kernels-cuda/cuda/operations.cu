// Operations without weights. A thread computes one quad of the result.

#include "elements.cuh"

// A function of each element.
struct Each {
    End end;
    // Quads of all pictures, and of a pixel.
    unsigned count, quads;
    // Channels; the lanes of the last quad beyond them stay 0.
    unsigned channels;
};

template <class Type>
__device__ void finish_used(const Each &each, void *y, Lanes<Type> values) {
    const unsigned channel = thread_index() % each.quads;
    for (int i = 0; i < 4; i++) {
        if (4 * channel + i >= each.channels) values.lane[i] = Type();
    }
    finish(each.end, y, thread_index(), values, channel);
}

template <class Element>
__device__ void identity(const Each &each, void *y, const void *x) {
    if (thread_index() >= each.count) return;
    finish_used(each, y, Element::lanes(static_cast<const typename Element::Quad *>(x)[thread_index()]));
}

extern "C" __global__ void identity_integers(void *y, const void *x, Each each) { identity<Narrow>(each, y, x); }
extern "C" __global__ void identity_floats(void *y, const void *x, Each each) { identity<Single>(each, y, x); }

extern "C" __global__ void table_integers(void *y, const unsigned *x, const signed char *table, Each each) {
    if (thread_index() >= each.count) return;
    Integers values = Narrow::lanes(x[thread_index()]);
    for (int i = 0; i < 4; i++) values.lane[i] = table[values.lane[i] + 128];
    finish_used(each, y, values);
}

template <float (*FUNCTION)(float)>
__device__ void activate(const Each &each, void *y, const Floats *x) {
    if (thread_index() >= each.count) return;
    Floats values = x[thread_index()];
    for (int i = 0; i < 4; i++) values.lane[i] = FUNCTION(values.lane[i]);
    finish_used(each, y, values);
}

#define ACTIVATION(NAME, EXPRESSION)                                                                                    \
    __device__ inline float NAME(float x) { return EXPRESSION; }                                                       \
    extern "C" __global__ void NAME##_floats(void *y, const Floats *x, Each each) { activate<NAME>(each, y, x); }

#include "activations.cuh"

static const int MAX_OPERANDS = 6;

// The sum of operands of one shape.
struct Add {
    End end;
    const void *x[MAX_OPERANDS];
    // Left shifts that bring integers to a common unit.
    unsigned shifts[MAX_OPERANDS];
    int operands;
    unsigned count, quads;
};

__device__ inline int moved(int value, unsigned shift) { return int(unsigned(value) << shift); }
__device__ inline float moved(float value, unsigned) { return value; }

template <class Element>
__device__ void sum(const Add &add, void *y) {
    if (thread_index() >= add.count) return;
    Lanes<typename Element::Scalar> sums = {};
#pragma unroll
    for (int operand = 0; operand < MAX_OPERANDS; operand++) {
        if (operand >= add.operands) break;
        const typename Element::Quad *x = static_cast<const typename Element::Quad *>(add.x[operand]);
        const Lanes<typename Element::Scalar> values = Element::lanes(x[thread_index()]);
        for (int i = 0; i < 4; i++) sums.lane[i] += moved(values.lane[i], add.shifts[operand]);
    }
    finish(add.end, y, thread_index(), sums, thread_index() % add.quads);
}

extern "C" __global__ void add_integers(void *y, Add add) { sum<Narrow>(add, y); }
extern "C" __global__ void add_floats(void *y, Add add) { sum<Single>(add, y); }

// The product of two operands; a second one of a single pixel serves the whole picture.
struct Multiply {
    End end;
    unsigned count, quads;
    // Pixels that share a gate.
    unsigned repeat;
};

template <class Element>
__device__ void gated(const Multiply &multiply, void *y, const void *x, const void *gate) {
    typedef typename Element::Quad Quad;
    if (thread_index() >= multiply.count) return;
    const unsigned channel = thread_index() % multiply.quads;
    const unsigned shared = thread_index() / (multiply.quads * multiply.repeat) * multiply.quads + channel;
    Lanes<typename Element::Scalar> values = Element::lanes(static_cast<const Quad *>(x)[thread_index()]);
    const Lanes<typename Element::Scalar> gates = Element::lanes(static_cast<const Quad *>(gate)[shared]);
    for (int i = 0; i < 4; i++) values.lane[i] *= gates.lane[i];
    finish(multiply.end, y, thread_index(), values, channel);
}

extern "C" __global__ void multiply_integers(void *y, const void *x, const void *gate, Multiply multiply) {
    gated<Narrow>(multiply, y, x, gate);
}

extern "C" __global__ void multiply_floats(void *y, const void *x, const void *gate, Multiply multiply) {
    gated<Single>(multiply, y, x, gate);
}

// The largest value, the sum or the mean of each window.
struct Pool {
    End end;
    unsigned count, quads;
    unsigned in_height, in_width, out_height, out_width;
    unsigned kernel_height, kernel_width;
    unsigned stride_down, stride_right;
    unsigned padding_down, padding_right;
    // The windows of PyTorch's adaptive_avg_pool2d instead.
    unsigned is_adaptive;
};

// The part of a window inside the picture, and how many positions a mean counts: padding counts, what lies beyond it does
// not.
struct Span {
    unsigned start, end, count;
};

__device__ inline Span window(unsigned index, unsigned size, unsigned kernel, unsigned stride, unsigned padding) {
    const unsigned first = index * stride, end = min(first + kernel, size + 2 * padding);
    return {max(first, padding) - padding, min(max(first + kernel, padding) - padding, size), end - first};
}

__device__ inline Span adaptive_window(unsigned index, unsigned size, unsigned windows) {
    const unsigned first = index * size / windows, end = ((index + 1) * size + windows - 1) / windows;
    return {first, end, end - first};
}

enum Reduction { LARGEST, SUM, MEAN };

// NaN stays, which max would lose.
template <class Scalar>
__device__ Scalar larger(Scalar result, Scalar value) {
    return result != result || result > value ? result : value;
}

template <class Element, Reduction REDUCTION>
__device__ void pool_quad(const Pool &pool, void *y, const void *input) {
    typedef typename Element::Scalar Scalar;
    if (thread_index() >= pool.count) return;
    const typename Element::Quad *x = static_cast<const typename Element::Quad *>(input);
    const unsigned channel = thread_index() % pool.quads, pixel = thread_index() / pool.quads;
    const unsigned within = pixel % (pool.out_height * pool.out_width);
    const unsigned picture = pixel / (pool.out_height * pool.out_width) * (pool.in_height * pool.in_width);
    const unsigned row = within / pool.out_width, column = within % pool.out_width;
    const Span rows = pool.is_adaptive
                          ? adaptive_window(row, pool.in_height, pool.out_height)
                          : window(row, pool.in_height, pool.kernel_height, pool.stride_down, pool.padding_down);
    const Span columns = pool.is_adaptive
                             ? adaptive_window(column, pool.in_width, pool.out_width)
                             : window(column, pool.in_width, pool.kernel_width, pool.stride_right, pool.padding_right);
    Lanes<Scalar> result = {};
    // Every window covers a pixel.
    if (REDUCTION == LARGEST) {
        result = Element::lanes(x[(picture + rows.start * pool.in_width + columns.start) * pool.quads + channel]);
    }
    for (unsigned down = rows.start; down < rows.end; down++) {
        for (unsigned right = columns.start; right < columns.end; right++) {
            const Lanes<Scalar> values = Element::lanes(x[(picture + down * pool.in_width + right) * pool.quads + channel]);
            for (int i = 0; i < 4; i++) {
                if (REDUCTION == LARGEST) {
                    result.lane[i] = larger(result.lane[i], values.lane[i]);
                } else {
                    result.lane[i] += values.lane[i];
                }
            }
        }
    }
    if (REDUCTION == MEAN) {
        for (int i = 0; i < 4; i++) result.lane[i] /= Scalar(rows.count * columns.count);
    }
    finish(pool.end, y, thread_index(), result, channel);
}

extern "C" __global__ void largest_integers(void *y, const void *x, Pool pool) { pool_quad<Narrow, LARGEST>(pool, y, x); }
extern "C" __global__ void largest_floats(void *y, const void *x, Pool pool) { pool_quad<Single, LARGEST>(pool, y, x); }
extern "C" __global__ void sum_integers(void *y, const void *x, Pool pool) { pool_quad<Narrow, SUM>(pool, y, x); }
extern "C" __global__ void mean_floats(void *y, const void *x, Pool pool) { pool_quad<Single, MEAN>(pool, y, x); }

// One operand of a concatenation: it becomes channels `start..` of the output. Operands follow each other, so that a quad
// which two of them share is read and written again.
struct Concat {
    End end;
    // Quads that are touched in all pictures.
    unsigned count;
    unsigned in_quads, in_channels, out_quads;
    unsigned start;
    // Output quads that the operand touches in each pixel.
    unsigned touched;
};

__device__ inline Integers restored(const End &end, const void *y, unsigned index, Integers) {
    return end.is_wide ? static_cast<const Integers *>(y)[index] : Narrow::lanes(static_cast<const unsigned *>(y)[index]);
}

__device__ inline Floats restored(const End &, const void *y, unsigned index, Floats) {
    return static_cast<const Floats *>(y)[index];
}

template <class Element>
__device__ void join(const Concat &concat, void *y, const void *input) {
    typedef Lanes<typename Element::Scalar> Values;
    if (thread_index() >= concat.count) return;
    const typename Element::Quad *x = static_cast<const typename Element::Quad *>(input);
    const unsigned pixel = thread_index() / concat.touched;
    const unsigned quad = concat.start / 4 + thread_index() % concat.touched;
    const unsigned index = pixel * concat.out_quads + quad;
    Values values = {};
    if (4 * quad < concat.start) values = restored(concat.end, y, index, Values());
    for (unsigned i = 0; i < 4; i++) {
        const unsigned channel = 4 * quad + i - concat.start;
        if (4 * quad + i >= concat.start && channel < concat.in_channels) {
            const Values four = Element::lanes(x[pixel * concat.in_quads + channel / 4]);
            values.lane[i] = ended(concat.end, four, channel / 4).lane[channel % 4];
        }
    }
    store(concat.end, y, index, values);
}

extern "C" __global__ void concat_integers(void *y, const void *x, Concat concat) { join<Narrow>(concat, y, x); }
extern "C" __global__ void concat_floats(void *y, const void *x, Concat concat) { join<Single>(concat, y, x); }

// Values in other places, as two tables say: one entry for each channel of the output, then one for each of its pixels. Both
// added up are the number of the input's value, channel after channel; the highest bit marks a zero.
struct Gather {
    unsigned count, in_quads, in_pixels, out_quads, out_pixels, out_channels;
};

// The i8 or the 32-bit words of a quad, whatever they stand for.
template <class Element>
__device__ void move_quad(const Gather &gather, void *y, const void *input, const unsigned *map) {
    if (thread_index() >= gather.count) return;
    const typename Element::Quad *x = static_cast<const typename Element::Quad *>(input);
    const unsigned pixel = thread_index() / gather.out_quads, quad = thread_index() % gather.out_quads;
    const unsigned picture = pixel / gather.out_pixels * gather.in_pixels;
    const unsigned of_pixel = map[gather.out_channels + pixel % gather.out_pixels];
    Integers values = {};
    for (unsigned i = 0; i < 4; i++) {
        if (4 * quad + i >= gather.out_channels) continue;
        const unsigned of_channel = map[4 * quad + i];
        if ((of_channel | of_pixel) >> 31) continue;
        const unsigned source = of_channel + of_pixel, channel = source / gather.in_pixels;
        const unsigned index = (picture + source % gather.in_pixels) * gather.in_quads + channel / 4;
        values.lane[i] = Element::lanes(x[index]).lane[channel % 4];
    }
    static_cast<typename Element::Quad *>(y)[thread_index()] = Element::packed(values);
}

extern "C" __global__ void gather_bytes(void *y, const void *x, const unsigned *map, Gather gather) {
    move_quad<Narrow>(gather, y, x, map);
}

extern "C" __global__ void gather_words(void *y, const void *x, const unsigned *map, Gather gather) {
    move_quad<Wide>(gather, y, x, map);
}
