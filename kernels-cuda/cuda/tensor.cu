// Convolutions and linear layers of integer mode on tensor cores: `dot` with i8 products, exact sums in i32.
//
// A block computes 64 pixels and 64 output channels of a group, four warps a 32 x 32 quarter each. The sum runs over quads
// of four steps of `k` in the order of the weights; eight quads are one step of the tensor cores. Tiles of pixels and
// weights go through registers into shared memory, the next ones while the present ones are multiplied. Where there are few
// tiles, the blocks of a column of the grid share the steps of one.

#include "layer.cuh"

static const unsigned THREADS = 128;
static const unsigned TILE = 64;
static const unsigned STEP = 8;
// Words between rows in shared memory: with 12 a warp reads its fragments from 32 different banks.
static const unsigned PITCH = 12;
// Pixels of a tile that a thread fetches.
static const int FETCHED = TILE * STEP / THREADS;

template <int PLANES>
struct Tiles {
    unsigned pixels[TILE][PITCH];
    unsigned weights[PLANES][TILE][PITCH];
};

// Parts of tiles on their way to shared memory. A thread always fetches the same quad of a step, for four pixels and for
// one quad of output channels.
template <int PLANES>
struct Fetcher {
    Place places[FETCHED];
    bool is_pixel[FETCHED];
    unsigned words[FETCHED];
    uint4 weights[PLANES];
    unsigned quad, down, right;

    __device__ Fetcher(const Layer &layer, unsigned first_pixel, unsigned first_step)
        : quad(first_step * STEP + threadIdx.x % STEP), down(0), right(0) {
        for (int p = 0; p < FETCHED; p++) {
            const unsigned pixel = first_pixel + threadIdx.x / STEP + p * (THREADS / STEP);
            is_pixel[p] = pixel < layer.pixels;
            places[p] = place_of(layer, min(pixel, layer.pixels - 1));
        }
    }

    // Moves on until `quad` is one of its tap again.
    __device__ void settle(const Layer &layer, unsigned group_in) {
        while (quad >= group_in && down < layer.kernel_height) {
            quad -= group_in;
            right++;
            if (right == layer.kernel_width) {
                right = 0;
                down++;
            }
        }
    }

    __device__ void fetch(const Layer &layer, const unsigned *x, const uint4 *planes, unsigned group_in,
                          unsigned first_in, unsigned step, unsigned channel, bool is_channel) {
        settle(layer, group_in);
        const bool is_tap = down < layer.kernel_height;
        for (int p = 0; p < FETCHED; p++) {
            Tap tap = tap_of(layer, places[p], down, right);
            tap.inside &= is_tap && is_pixel[p];
            words[p] = fetched(layer, x, tap, first_in + quad);
        }
        quad += STEP;
        const unsigned k = step * STEP + threadIdx.x % STEP;
        const bool is_weight = is_channel && k < layer.kernel_height * layer.kernel_width * group_in;
        for (int plane = 0; plane < PLANES; plane++) {
            weights[plane] = is_weight ? planes[(k * layer.out_quads + channel) * PLANES + plane]
                                       : make_uint4(0, 0, 0, 0);
        }
    }

    __device__ void put(Tiles<PLANES> &tiles) const {
        for (int p = 0; p < FETCHED; p++) {
            tiles.pixels[threadIdx.x / STEP + p * (THREADS / STEP)][threadIdx.x % STEP] = words[p];
        }
        // Neighbouring threads write neighbouring words, so that few of them meet in a bank.
        const unsigned row = threadIdx.x / STEP * 4, column = threadIdx.x % STEP;
        for (int plane = 0; plane < PLANES; plane++) {
            tiles.weights[plane][row][column] = weights[plane].x;
            tiles.weights[plane][row + 1][column] = weights[plane].y;
            tiles.weights[plane][row + 2][column] = weights[plane].z;
            tiles.weights[plane][row + 3][column] = weights[plane].w;
        }
    }
};

// A warp's 32 x 32 sums: two tiles of 16 pixels by four of 8 channels, for each plane.
template <int PLANES>
struct Sums {
    int sum[PLANES][2][4][4];

    __device__ void add(const Tiles<PLANES> &tiles, unsigned first_row, unsigned first_column) {
        const unsigned row = threadIdx.x % 32 / 4, word = threadIdx.x % 4;
        unsigned pixels[2][4];
        for (int m = 0; m < 2; m++) {
            const unsigned(*rows)[PITCH] = tiles.pixels + first_row + 16 * m + row;
            pixels[m][0] = rows[0][word];
            pixels[m][1] = rows[8][word];
            pixels[m][2] = rows[0][word + 4];
            pixels[m][3] = rows[8][word + 4];
        }
#pragma unroll
        for (int plane = 0; plane < PLANES; plane++) {
#pragma unroll
            for (int n = 0; n < 4; n++) {
                const unsigned *column = tiles.weights[plane][first_column + 8 * n + row];
                const unsigned weights[2] = {column[word], column[word + 4]};
#pragma unroll
                for (int m = 0; m < 2; m++) mma_m16n8k32_s8(sum[plane][m][n], pixels[m], weights);
            }
        }
    }

    // Of all planes.
    __device__ void total(int (&totals)[2][4][4]) const {
#pragma unroll
        for (int place = 0; place < 32; place++) {
            const int m = place / 16, n = place / 4 % 4, i = place % 4;
            unsigned total = 0;
            for (int plane = 0; plane < PLANES; plane++) total += unsigned(sum[plane][m][n][i]) << (8 * plane);
            totals[m][n][i] = int(total);
        }
    }
};

// Words of the workspace for a tile: its sums, how many blocks have added theirs, and what keeps tiles apart.
static const unsigned WORKSPACE = TILE * TILE + 32;

// Adds up what the blocks of a tile have. The last one gets the sums and leaves zeros for the next launch; for the others
// this is false.
__device__ inline bool join(int (&totals)[2][4][4], int *workspace) {
    __shared__ int before;
#pragma unroll
    for (int place = 0; place < 32; place++) {
        atomicAdd(&workspace[place * THREADS + threadIdx.x], totals[place / 16][place / 4 % 4][place % 4]);
    }
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) before = atomicAdd(&workspace[TILE * TILE], 1);
    __syncthreads();
    if (before + 1 < int(gridDim.y)) return false;
    __threadfence();
#pragma unroll
    for (int place = 0; place < 32; place++) {
        totals[place / 16][place / 4 % 4][place % 4] = atomicExch(&workspace[place * THREADS + threadIdx.x], 0);
    }
    if (threadIdx.x == 0) workspace[TILE * TILE] = 0;
    return true;
}

// A thread has two neighbouring channels of two pixels; with its neighbour it gets the four of one.
__device__ inline Integers whole_quad(const int (&own)[4]) {
    const bool is_second = threadIdx.x % 2 == 1;
    const int first = __shfl_xor_sync(0xffffffff, is_second ? own[0] : own[2], 1);
    const int second = __shfl_xor_sync(0xffffffff, is_second ? own[1] : own[3], 1);
    if (is_second) return {{first, second, own[2], own[3]}};
    return {{own[0], own[1], first, second}};
}

template <int PLANES>
__device__ void multiply(const Layer &layer, void *y, const unsigned *x, const uint4 *weights, int *workspace) {
    __shared__ Tiles<PLANES> tiles[2];
    const unsigned group_in = (layer.group_in + 3) / 4, group_out = (layer.group_out + 3) / 4;
    const unsigned columns = (group_out + TILE / 4 - 1) / (TILE / 4);
    const unsigned group = blockIdx.x / columns % layer.groups;
    const unsigned first_quad = blockIdx.x % columns * (TILE / 4);
    const unsigned first_pixel = blockIdx.x / (columns * layer.groups) * TILE;
    const unsigned all_steps = (layer.kernel_height * layer.kernel_width * group_in + STEP - 1) / STEP;
    const unsigned first_step = blockIdx.y * layer.steps, steps = min(first_step + layer.steps, all_steps);
    const unsigned in_group = first_quad + threadIdx.x / STEP;
    const unsigned channel = group * group_out + in_group;
    const unsigned warp = threadIdx.x / 32, first_row = warp / 2 * 32, first_column = warp % 2 * 32;

    Sums<PLANES> sums = {};
    Fetcher<PLANES> fetcher(layer, first_pixel, first_step);
    fetcher.fetch(layer, x, weights, group_in, group * group_in, first_step, channel, in_group < group_out);
    for (unsigned step = first_step; step < steps; step++) {
        Tiles<PLANES> &now = tiles[step % 2];
        fetcher.put(now);
        // One barrier a step is enough: who writes a tile again has passed the barrier after which it was last read.
        __syncthreads();
        if (step + 1 < steps) {
            fetcher.fetch(layer, x, weights, group_in, group * group_in, step + 1, channel, in_group < group_out);
        }
        sums.add(now, first_row, first_column);
    }
    int totals[2][4][4];
    sums.total(totals);
    if (gridDim.y > 1 && !join(totals, workspace + blockIdx.x * WORKSPACE)) return;

#pragma unroll
    for (int n = 0; n < 4; n++) {
        const unsigned stored = first_quad + first_column / 4 + 2 * n + threadIdx.x % 4 / 2;
        const unsigned output = group * group_out + min(stored, group_out - 1);
        // Read once: what is stored might change them, as far as the compiler knows.
        const Rescale parameters = parameters_of<Rescale>(layer.end, output);
#pragma unroll
        for (int m = 0; m < 2; m++) {
            const Integers quad = applied(layer.end, parameters, whole_quad(totals[m][n]));
            const unsigned pixel =
                first_pixel + first_row + 16 * m + threadIdx.x % 32 / 4 + threadIdx.x % 2 * 8;
            if (pixel < layer.pixels && stored < group_out) {
                store(layer.end, y, size_t(pixel) * layer.out_quads + output, quad);
            }
        }
    }
}

#define ARGUMENTS                                                                                           \
    void *__restrict__ y, const unsigned *__restrict__ x, const uint4 *__restrict__ weights, int *workspace, \
        Layer layer

extern "C" __global__ void __launch_bounds__(THREADS) tensor_1(ARGUMENTS) {
    multiply<1>(layer, y, x, weights, workspace);
}

extern "C" __global__ void __launch_bounds__(THREADS) tensor_2(ARGUMENTS) {
    multiply<2>(layer, y, x, weights, workspace);
}

extern "C" __global__ void __launch_bounds__(THREADS) tensor_3(ARGUMENTS) {
    multiply<3>(layer, y, x, weights, workspace);
}
