// Convolutions and linear layers on ordinary cores; `tensor.cu` has those on tensor cores.

#include "weights.cuh"

static const int PIXELS = 4;
static const unsigned LANES_OUT = 8;

// A matrix product with an implicit im2col: a thread computes four pixels and four output channels in registers.
template <class Weights>
__device__ void product(const Layer &layer, void *y, const void *input, const unsigned *weights) {
    typedef typename Weights::Element Element;
    const typename Element::Quad *x = static_cast<const typename Element::Quad *>(input);
    const unsigned group_in = (layer.group_in + 3) / 4, group_out = (layer.group_out + 3) / 4;
    const unsigned tiles = (group_out + LANES_OUT - 1) / LANES_OUT;
    const unsigned lanes_pixels = blockDim.x / LANES_OUT;
    const unsigned group = blockIdx.x / tiles % layer.groups;
    const unsigned in_group = blockIdx.x % tiles * LANES_OUT + threadIdx.x % LANES_OUT;
    const unsigned first = (blockIdx.x / (tiles * layer.groups) * lanes_pixels + threadIdx.x / LANES_OUT) * PIXELS;
    if (in_group >= group_out || first >= layer.pixels) return;
    const unsigned channel = group * group_out + in_group;
    Place places[PIXELS];
    for (int p = 0; p < PIXELS; p++) places[p] = place_of(layer, min(first + p, layer.pixels - 1));
    Lanes<typename Element::Scalar> sums[PIXELS] = {};
    for (unsigned down = 0; down < layer.kernel_height; down++) {
        for (unsigned right = 0; right < layer.kernel_width; right++) {
            Tap taps[PIXELS];
            for (int p = 0; p < PIXELS; p++) taps[p] = tap_of(layer, places[p], down, right);
            const unsigned start = (down * layer.kernel_width + right) * group_in;
            for (unsigned k = 0; k < group_in; k++) {
                typename Element::Quad seen[PIXELS];
                for (int p = 0; p < PIXELS; p++) seen[p] = fetched(layer, x, taps[p], group * group_in + k);
                Weights::template step<PIXELS>(layer, weights, sums, seen, start + k, channel);
            }
        }
    }
    // Read once: what is stored might change them, as far as the compiler knows.
    const auto parameters = parameters_of<typename LayerEnd<typename Element::Scalar>::Parameters>(layer.end, channel);
    for (int p = 0; p < PIXELS; p++) {
        if (first + p < layer.pixels) {
            store(layer.end, y, size_t(first + p) * layer.out_quads + channel, applied(layer.end, parameters, sums[p]));
        }
    }
}

static const unsigned VECTOR_LANES = 32;
static const unsigned SPLIT = 8;

// A linear layer for a few vectors: neighbouring threads read neighbouring weights, and SPLIT warps share the sums.
template <class Weights>
__device__ void vector(const Layer &layer, void *y, const void *input, const unsigned *weights) {
    typedef typename Weights::Element Element;
    typedef Lanes<typename Element::Scalar> Values;
    __shared__ Values partial[SPLIT][VECTOR_LANES];
    const typename Element::Quad *x = static_cast<const typename Element::Quad *>(input);
    const unsigned tiles = (layer.out_quads + VECTOR_LANES - 1) / VECTOR_LANES;
    const unsigned row = blockIdx.x / tiles, lane = threadIdx.x % VECTOR_LANES, slice = threadIdx.x / VECTOR_LANES;
    const unsigned wanted = blockIdx.x % tiles * VECTOR_LANES + lane;
    const unsigned channel = min(wanted, layer.out_quads - 1);
    Values sums[1] = {};
    for (unsigned k = slice; k < layer.in_quads; k += SPLIT) {
        const typename Element::Quad seen[1] = {entered(layer, x[row * layer.in_quads + k])};
        Weights::template step<1>(layer, weights, sums, seen, k, channel);
    }
    partial[slice][lane] = sums[0];
    __syncthreads();
    if (slice > 0 || wanted >= layer.out_quads) return;
    for (unsigned other = 1; other < SPLIT; other++) {
        for (int i = 0; i < 4; i++) sums[0].lane[i] += partial[other][lane].lane[i];
    }
    finish(layer.end, y, size_t(row) * layer.out_quads + channel, sums[0], channel);
}

// What an output channel sees at one step of its own group.
template <class Element>
__device__ typename Element::Scalar seen(const Layer &layer, const typename Element::Quad *x, const Tap &tap,
                                         unsigned output, unsigned step) {
    const unsigned source = min(output / layer.group_out * layer.group_in + step, layer.in_channels - 1);
    return Element::lanes(fetched(layer, x, tap, source / 4)).lane[source % 4];
}

// Depthwise convolutions, and those whose groups do not fall on quads: a thread computes four channels of a pixel.
template <class Weights>
__device__ void direct(const Layer &layer, void *y, const void *input, const unsigned *weights) {
    typedef typename Weights::Element Element;
    const typename Element::Quad *x = static_cast<const typename Element::Quad *>(input);
    const unsigned pixel = thread_index() / layer.out_quads, channel = thread_index() % layer.out_quads;
    if (pixel >= layer.pixels) return;
    const Place place = place_of(layer, pixel);
    const bool is_depthwise = layer.group_in == 1 && layer.group_out == 1;
    Lanes<typename Element::Scalar> sums[1] = {};
    for (unsigned down = 0; down < layer.kernel_height; down++) {
        for (unsigned right = 0; right < layer.kernel_width; right++) {
            const Tap tap = tap_of(layer, place, down, right);
            if (!tap.inside) continue;
            const unsigned start = (down * layer.kernel_width + right) * layer.group_in;
            for (unsigned step = 0; step < layer.group_in; step++) {
                Lanes<typename Element::Scalar> values[1];
                if (is_depthwise) {
                    values[0] = Element::lanes(fetched(layer, x, tap, channel));
                } else {
                    for (int i = 0; i < 4; i++) values[0].lane[i] = seen<Element>(layer, x, tap, 4 * channel + i, step);
                }
                Weights::template add<1>(layer, weights, sums, values, start + step, channel);
            }
        }
    }
    finish(layer.end, y, thread_index(), sums[0], channel);
}

// `naive-multiply`: one output after the other with ordinary multiplications, weights `[output channel][tap][channel of the
// group]`. Nothing is shared between outputs; a thread has the four that are stored together.
template <class Element>
__device__ void naive(const Layer &layer, void *y, const void *input, const void *words) {
    typedef typename Element::Scalar Scalar;
    const typename Element::Quad *x = static_cast<const typename Element::Quad *>(input);
    const Scalar *weights = static_cast<const Scalar *>(words);
    const unsigned pixel = thread_index() / layer.out_quads, channel = thread_index() % layer.out_quads;
    if (pixel >= layer.pixels) return;
    const Place place = place_of(layer, pixel);
    Lanes<Scalar> sums = {};
    for (int i = 0; i < 4; i++) {
        const unsigned output = 4 * channel + i;
        if (output >= layer.out_channels) continue;
        for (unsigned down = 0; down < layer.kernel_height; down++) {
            for (unsigned right = 0; right < layer.kernel_width; right++) {
                const Tap tap = tap_of(layer, place, down, right);
                if (!tap.inside) continue;
                const unsigned start =
                    ((output * layer.kernel_height + down) * layer.kernel_width + right) * layer.group_in;
                for (unsigned step = 0; step < layer.group_in; step++) {
                    sums.lane[i] += seen<Element>(layer, x, tap, output, step) * weights[start + step];
                }
            }
        }
    }
    finish(layer.end, y, thread_index(), sums, channel);
}

#define ARGUMENTS void *__restrict__ y, const void *__restrict__ x, const unsigned *__restrict__ weights, Layer layer

extern "C" __global__ void product_planes(ARGUMENTS) {
    product<Planes>(layer, y, x, weights);
}

extern "C" __global__ void product_shifts(ARGUMENTS) {
    product<ByLane<Shifts>>(layer, y, x, weights);
}

extern "C" __global__ void product_floats(ARGUMENTS) {
    product<ByLane<Multiplied<FloatsOfCodes>>>(layer, y, x, weights);
}

extern "C" __global__ void product_plain(ARGUMENTS) {
    product<ByLane<Multiplied<Plain>>>(layer, y, x, weights);
}

extern "C" __global__ void vector_planes(ARGUMENTS) {
    vector<Planes>(layer, y, x, weights);
}

extern "C" __global__ void vector_shifts(ARGUMENTS) {
    vector<ByLane<Shifts>>(layer, y, x, weights);
}

extern "C" __global__ void vector_floats(ARGUMENTS) {
    vector<ByLane<Multiplied<FloatsOfCodes>>>(layer, y, x, weights);
}

extern "C" __global__ void vector_plain(ARGUMENTS) {
    vector<ByLane<Multiplied<Plain>>>(layer, y, x, weights);
}

extern "C" __global__ void direct_shifts(ARGUMENTS) {
    direct<Shifts>(layer, y, x, weights);
}

extern "C" __global__ void direct_integers(ARGUMENTS) {
    direct<Multiplied<IntegersOfCodes>>(layer, y, x, weights);
}

extern "C" __global__ void direct_floats(ARGUMENTS) {
    direct<Multiplied<FloatsOfCodes>>(layer, y, x, weights);
}

extern "C" __global__ void direct_plain(ARGUMENTS) {
    direct<Multiplied<Plain>>(layer, y, x, weights);
}

extern "C" __global__ void naive_integers(ARGUMENTS) {
    naive<Narrow>(layer, y, x, weights);
}

extern "C" __global__ void naive_floats(ARGUMENTS) {
    naive<Single>(layer, y, x, weights);
}
