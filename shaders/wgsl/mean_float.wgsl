// Averages divide by the positions of their window.

const MEAN: bool = true;

fn mean(sum: Lanes, count: u32) -> Lanes {
    return sum / f32(count);
}
