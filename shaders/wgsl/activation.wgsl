// Elementwise functions of float mode: 0 ReLU, 1 ReLU6, 2 sigmoid, 3 swish.

const FUNCTION: u32 = 0u;

fn applied(values: Lanes) -> Lanes {
    if (FUNCTION == 0u) {
        return max(values, Lanes());
    }
    if (FUNCTION == 1u) {
        return clamp(values, Lanes(), Lanes(6.0));
    }
    // Beyond this exp overflows, and what follows is 0 or all but 0 anyway.
    let gates = Lanes(1.0) / (Lanes(1.0) + exp(-max(values, Lanes(-80.0))));
    if (FUNCTION == 2u) {
        return gates;
    }
    return values * gates;
}
