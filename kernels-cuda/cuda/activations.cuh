// Made by scripts/build/ptx from the table in deepshift-core/src/graph/activation.rs.
ACTIVATION(relu, x < 0.0f ? 0.0f : x)
ACTIVATION(relu6, clamped(x, 0.0f, 6.0f))
ACTIVATION(sigmoid, 1.0f / (1.0f + expf(-x)))
ACTIVATION(swish, x * sigmoid(x))
ACTIVATION(hard_swish, x * clamped(x + 3.0f, 0.0f, 6.0f) / 6.0f)
