// Shift codes as the file packs them: BITS bits each, TERMS for a weight. Eight steps of `k` for four output channels
// and one term are BITS whole words: `[k / 8][output quad][term][BITS]`, within them `[k % 8][channel]`.

const BITS: u32 = 5u;
const TERMS: u32 = 1u;
// Whether the first term is of type Q, which has no zero; the second is always of type PS.
const Q: bool = false;
const CODE_QUADS: u32 = 1u;

@group(0) @binding(3) var<storage, read> weights: array<u32>;

const MAGNITUDE: u32 = (1u << (BITS - 1u)) - 1u;

// The codes of four output channels.
fn codes(k: u32, channel: u32, term: u32) -> vec4<u32> {
    let block = ((k / 8u * CODE_QUADS + channel) * TERMS + term) * BITS;
    let bit = k % 8u * (4u * BITS);
    let word = block + bit / 32u;
    let skip = bit % 32u;
    var four = weights[word] >> skip;
    if (skip + 4u * BITS > 32u) {
        four |= weights[word + 1u] << (32u - skip);
    }
    return (vec4<u32>(four) >> vec4<u32>(0u, BITS, 2u * BITS, 3u * BITS)) & vec4<u32>((1u << BITS) - 1u);
}

fn is_negative(code: vec4<u32>) -> vec4<bool> {
    return code > vec4<u32>(MAGNITUDE);
}
