// A convolution or linear layer: its geometry, its coding, the rounding of its input.
#pragma once

#include "elements.cuh"

struct Layer {
    End end;
    unsigned kernel_height, kernel_width;
    unsigned stride_down, stride_right;
    unsigned dilation_down, dilation_right;
    unsigned padding_top, padding_left;
    unsigned in_height, in_width, in_quads;
    unsigned out_height, out_width, out_quads;
    unsigned in_channels, out_channels;
    unsigned group_in, group_out, groups;
    // Output pixels of all pictures.
    unsigned pixels;
    // Of `tensor.cu`: steps of the sum that a block does.
    unsigned steps;
    // Bits of a code and codes of a weight, or planes of i8.
    unsigned bits, terms, planes;
    // Whether the first term is of type Q, which has no zero; the second is always of type PS.
    unsigned is_q;
    // The f32 exponent of magnitude 0 in every term.
    unsigned exponent;
    // Rounding of inputs to fixed point: `clamp(floor(x * units), lowest, highest) * unit`.
    unsigned is_rounded;
    float units, unit, lowest, highest;
};

// The parameters of a layer's end: a rescaling of integers, scale and offset of floats.
template <class Scalar>
struct LayerEnd;

template <>
struct LayerEnd<int> {
    typedef Rescale Parameters;
};

template <>
struct LayerEnd<float> {
    typedef Affine Parameters;
};

// Where the kernel's first tap lies, counted from the first zero of the padding, and the picture's first pixel.
struct Place {
    unsigned row, column, picture;
};

// First quad of an input pixel; `inside` is false in the padding.
struct Tap {
    unsigned first;
    bool inside;
};

__device__ inline Place place_of(const Layer &layer, unsigned pixel) {
    const unsigned pixels = layer.out_height * layer.out_width;
    const unsigned within = pixel % pixels;
    return {within / layer.out_width * layer.stride_down, within % layer.out_width * layer.stride_right,
            pixel / pixels * (layer.in_height * layer.in_width)};
}

__device__ inline Tap tap_of(const Layer &layer, const Place &place, unsigned down, unsigned right) {
    // Above and to the left of the picture these wrap around and so become large.
    const unsigned row = place.row + down * layer.dilation_down - layer.padding_top;
    const unsigned column = place.column + right * layer.dilation_right - layer.padding_left;
    const bool inside = row < layer.in_height && column < layer.in_width;
    return {inside ? (place.picture + row * layer.in_width + column) * layer.in_quads : 0, inside};
}

__device__ inline unsigned entered(const Layer &, unsigned quad) { return quad; }

__device__ inline Floats entered(const Layer &layer, Floats quad) {
    if (layer.is_rounded) {
        for (int i = 0; i < 4; i++) {
            const float units = floorf(quad.lane[i] * layer.units);
            quad.lane[i] = clamped(units, layer.lowest, layer.highest) * layer.unit;
        }
    }
    return quad;
}

// What a tap sees, zeros in the padding.
template <class Quad>
__device__ Quad fetched(const Layer &layer, const Quad *x, const Tap &tap, unsigned quad) {
    return tap.inside ? entered(layer, x[tap.first + quad]) : Quad();
}
