// Four pixels of a register tile.

struct Tile {
    a: Lanes,
    b: Lanes,
    c: Lanes,
    d: Lanes,
}

struct Quads {
    a: Quad,
    b: Quad,
    c: Quad,
    d: Quad,
}
