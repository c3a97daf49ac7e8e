// Integer activations: a quad is four neighbouring channels of a pixel, an i8 each, in one word.

alias Quad = u32;
alias Lanes = vec4<i32>;
alias Scalar = i32;

fn lanes(quad: Quad) -> Lanes {
    return bitcast<Lanes>(vec4<u32>(quad << 24u, quad << 16u, quad << 8u, quad)) >> vec4<u32>(24u);
}

fn packed(values: Lanes) -> Quad {
    let bytes = bitcast<vec4<u32>>(values) & vec4<u32>(255u);
    return bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
}

fn entered(quad: Quad) -> Quad {
    return quad;
}
