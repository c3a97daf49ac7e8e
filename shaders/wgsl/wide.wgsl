// Integers wider than i8, which occur on the way to the output only: a quad is four neighbouring channels of a pixel.

alias Quad = vec4<i32>;
alias Lanes = vec4<i32>;
alias Scalar = i32;

fn lanes(quad: Quad) -> Lanes {
    return quad;
}

fn packed(values: Lanes) -> Quad {
    return values;
}
