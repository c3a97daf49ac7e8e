// Float activations: a quad is four neighbouring channels of a pixel.

alias Quad = vec4<f32>;
alias Lanes = vec4<f32>;
alias Scalar = f32;

// Rounding of a layer's input to fixed point: `clamp(floor(x * UNITS), LOWEST, HIGHEST) / UNITS`.
const ROUNDED: bool = false;
const UNITS: f32 = 1.0;
const UNIT: f32 = 1.0;
const LOWEST: f32 = 0.0;
const HIGHEST: f32 = 0.0;

fn lanes(quad: Quad) -> Lanes {
    return quad;
}

fn packed(values: Lanes) -> Quad {
    return values;
}

fn entered(quad: Quad) -> Quad {
    if (ROUNDED) {
        // `clamp` may lose NaN.
        let units = floor(quad * UNITS);
        let low = select(units, vec4<f32>(LOWEST), units < vec4<f32>(LOWEST));
        return select(low, vec4<f32>(HIGHEST), low > vec4<f32>(HIGHEST)) * UNIT;
    }
    return quad;
}
