// Which input pixels the taps of a convolution see. Pictures are `[height, width, quads]`, one after the other.

const KERNEL_HEIGHT: u32 = 1u;
const KERNEL_WIDTH: u32 = 1u;
const STRIDE_DOWN: u32 = 1u;
const STRIDE_RIGHT: u32 = 1u;
const DILATION_DOWN: u32 = 1u;
const DILATION_RIGHT: u32 = 1u;
const PADDING_TOP: u32 = 0u;
const PADDING_LEFT: u32 = 0u;
const IN_HEIGHT: u32 = 1u;
const IN_WIDTH: u32 = 1u;
const IN_QUADS: u32 = 1u;
const OUT_HEIGHT: u32 = 1u;
const OUT_WIDTH: u32 = 1u;
const OUT_QUADS: u32 = 1u;
// Whether a tap may lie in the padding.
const PADDED: bool = true;

// Where the kernel's first tap lies, counted from the first zero of the padding, and the picture's first pixel.
struct Place {
    row: u32,
    column: u32,
    picture: u32,
}

// First quad of an input pixel; `inside` is false in the padding.
struct Tap {
    first: u32,
    inside: bool,
}

fn place_of(pixel: u32) -> Place {
    let within = pixel % (OUT_HEIGHT * OUT_WIDTH);
    let picture = pixel / (OUT_HEIGHT * OUT_WIDTH) * (IN_HEIGHT * IN_WIDTH);
    return Place(within / OUT_WIDTH * STRIDE_DOWN, within % OUT_WIDTH * STRIDE_RIGHT, picture);
}

fn tap_of(place: Place, down: u32, right: u32) -> Tap {
    // Above and to the left of the picture these wrap around and so become large.
    let row = place.row + down * DILATION_DOWN - PADDING_TOP;
    let column = place.column + right * DILATION_RIGHT - PADDING_LEFT;
    if (!PADDED) {
        return Tap((place.picture + row * IN_WIDTH + column) * IN_QUADS, true);
    }
    let inside = row < IN_HEIGHT && column < IN_WIDTH;
    return Tap(select(0u, (place.picture + row * IN_WIDTH + column) * IN_QUADS, inside), inside);
}
