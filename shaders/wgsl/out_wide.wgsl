// Results are wider than the i8 operands.

alias Out = vec4<i32>;

fn stored(values: Lanes) -> Out {
    return values;
}

fn restored(out: Out) -> Lanes {
    return out;
}
