// Everything of a picture in one vector, channel after channel.

const IN_PIXELS: u32 = 1u;

fn source_of(pixel: u32, channel: u32) -> Source {
    return Source(pixel * IN_PIXELS + channel % IN_PIXELS, channel / IN_PIXELS, true);
}
