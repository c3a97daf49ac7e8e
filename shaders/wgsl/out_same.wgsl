// Results are kept as the operands are.

alias Out = Quad;

fn stored(values: Lanes) -> Out {
    return packed(values);
}

fn restored(out: Out) -> Lanes {
    return lanes(out);
}
