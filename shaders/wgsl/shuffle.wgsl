// Channel `g * EACH + i` becomes channel `i * GROUPS + g`.

const GROUPS: u32 = 1u;
const EACH: u32 = 1u;

fn source_of(pixel: u32, channel: u32) -> Source {
    return Source(pixel, channel % GROUPS * EACH + channel / GROUPS, true);
}
