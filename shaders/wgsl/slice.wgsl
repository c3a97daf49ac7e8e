// Some of the channels.

const START: u32 = 0u;

fn source_of(pixel: u32, channel: u32) -> Source {
    return Source(pixel, channel + START, true);
}
