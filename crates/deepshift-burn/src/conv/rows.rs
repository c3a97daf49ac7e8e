//! Pictures as rows: matrix `[h' * w', c_in / groups * kh * kw]` of one picture and group, the input value under each
//! element of the kernel for each output pixel, and the transposed operation, which sums gradients.

use super::geometry::Geometry;

/// How the rows of one group lie in a picture.
pub(super) struct Rows<'a> {
    geometry: &'a Geometry,
    /// From the first value under the kernel to the first of each line of the kernel, channel after channel.
    lines: Vec<usize>,
    /// Input row and column under the first element of the kernel, for each output pixel; none where the kernel does
    /// not lie inside the picture as a whole.
    starts: Vec<Option<usize>>,
    /// Where the group's channels begin.
    first: usize,
}

impl<'a> Rows<'a> {
    pub fn new(geometry: &'a Geometry, group: usize) -> Self {
        let channels = geometry.channels_in / geometry.groups;
        let down = 0..geometry.kernel[0];
        let lines = (0..channels).flat_map(|channel| {
            let plane = channel * geometry.input_pixels();
            down.clone().map(move |tap| plane + tap * geometry.dilation[0] * geometry.input[1])
        });
        let start = |pixel: usize| {
            let output = [pixel / geometry.output[1], pixel % geometry.output[1]];
            let [top, left] = [0, 1].map(|axis| {
                position(geometry, axis, output[axis], geometry.kernel[axis] - 1)?;
                position(geometry, axis, output[axis], 0)
            });
            // Neighbours under the kernel must be neighbours in the picture too.
            top.zip(left).filter(|_| geometry.dilation[1] == 1).map(|(y, x)| y * geometry.input[1] + x)
        };
        Self {
            geometry,
            lines: lines.collect(),
            starts: (0..geometry.output_pixels()).map(start).collect(),
            first: group * channels * geometry.input_pixels(),
        }
    }

    /// Writes the rows of a picture `[c_in, h, w]`; padding gives zeros.
    pub fn gather(&self, picture: &[f32], rows: &mut [f32]) {
        let picture = &picture[self.first..];
        for (pixel, row) in rows.chunks_exact_mut(self.geometry.fan_in()).enumerate() {
            match self.starts[pixel] {
                Some(start) => self.gather_lines(&picture[start..], row),
                None => {
                    row.fill(0.0);
                    self.for_each_inside(pixel, |place, source| row[place] = picture[source]);
                }
            }
        }
    }

    /// Adds the rows of a picture to the picture `[c_in, h, w]`.
    pub fn scatter(&self, rows: &[f32], picture: &mut [f32]) {
        let picture = &mut picture[self.first..];
        for (pixel, row) in rows.chunks_exact(self.geometry.fan_in()).enumerate() {
            match self.starts[pixel] {
                Some(start) => self.scatter_lines(row, &mut picture[start..]),
                None => self.for_each_inside(pixel, |place, target| picture[target] += row[place]),
            }
        }
    }

    /// Lines are so short that their usual lengths are worth code of their own.
    fn gather_lines(&self, source: &[f32], row: &mut [f32]) {
        match self.geometry.kernel[1] {
            5 => copy_lines::<5>(&self.lines, source, row),
            3 => copy_lines::<3>(&self.lines, source, row),
            width => self.lines.iter().zip(row.chunks_exact_mut(width)).for_each(|(&line, row)| {
                row.copy_from_slice(&source[line..][..width]);
            }),
        }
    }

    fn scatter_lines(&self, row: &[f32], target: &mut [f32]) {
        match self.geometry.kernel[1] {
            5 => add_lines::<5>(&self.lines, row, target),
            3 => add_lines::<3>(&self.lines, row, target),
            width => self.lines.iter().zip(row.chunks_exact(width)).for_each(|(&line, row)| {
                target[line..].iter_mut().zip(row).for_each(|(target, value)| *target += value);
            }),
        }
    }

    /// Calls `visit` with the place in its row and that in the picture of each element of the kernel at `pixel` that
    /// lies inside the picture.
    fn for_each_inside(&self, pixel: usize, mut visit: impl FnMut(usize, usize)) {
        let geometry = self.geometry;
        let [height, width] = geometry.kernel;
        let (y, x) = (pixel / geometry.output[1], pixel % geometry.output[1]);
        for place in 0..geometry.fan_in() {
            let (channel, down, right) = (place / width / height, place / width % height, place % width);
            if let (Some(line), Some(column)) =
                (position(geometry, 0, y, down), position(geometry, 1, x, right))
            {
                visit(place, channel * geometry.input_pixels() + line * geometry.input[1] + column);
            }
        }
    }
}

/// Along `axis`, where element `tap` of the kernel lies for an output position; none in the padding.
fn position(geometry: &Geometry, axis: usize, output: usize, tap: usize) -> Option<usize> {
    let padded = output * geometry.stride[axis] + tap * geometry.dilation[axis];
    padded.checked_sub(geometry.padding[axis]).filter(|&position| position < geometry.input[axis])
}

fn copy_lines<const N: usize>(lines: &[usize], source: &[f32], row: &mut [f32]) {
    for (&line, row) in lines.iter().zip(row.as_chunks_mut::<N>().0) {
        if let Some(source) = source.get(line..).and_then(|source| source.first_chunk::<N>()) {
            *row = *source;
        }
    }
}

fn add_lines<const N: usize>(lines: &[usize], row: &[f32], target: &mut [f32]) {
    for (&line, row) in lines.iter().zip(row.as_chunks::<N>().0) {
        if let Some(target) = target.get_mut(line..).and_then(|target| target.first_chunk_mut::<N>()) {
            *target = std::array::from_fn(|index| target[index] + row[index]);
        }
    }
}
