//! Pictures as columns: matrix `[c_in * kh * kw, n * h' * w']`, the input value under each element of the kernel at each
//! output pixel, and the transposed operation, which sums gradients.

use super::geometry::Geometry;

/// Writes the columns of `images` pictures `[n, c_in, h, w]`; padding gives zeros.
#[cfg(any(test, target_family = "wasm"))]
pub(super) fn gather(geometry: &Geometry, pictures: &[f32], columns: &mut [f32]) {
    let picture_size = geometry.channels_in * geometry.input_pixels();
    let images = pictures.len() / picture_size;
    let row_length = images * geometry.output_pixels();
    for (row, values) in columns.chunks_exact_mut(row_length).enumerate() {
        let taps = Taps::new(geometry, row);
        let of_images = values.chunks_exact_mut(geometry.output_pixels());
        for (picture, values) in pictures.chunks_exact(picture_size).zip(of_images) {
            taps.read(geometry, taps.plane(geometry, picture), values);
        }
    }
}

/// Adds the columns of `images` pictures to the pictures `[n, c_in, h, w]`.
#[cfg(any(test, not(target_family = "wasm")))]
pub(super) fn scatter(geometry: &Geometry, columns: &[f32], pictures: &mut [f32]) {
    let picture_size = geometry.channels_in * geometry.input_pixels();
    let images = pictures.len() / picture_size;
    let row_length = images * geometry.output_pixels();
    for (row, values) in columns.chunks_exact(row_length).enumerate() {
        let taps = Taps::new(geometry, row);
        let of_images = values.chunks_exact(geometry.output_pixels());
        for (picture, values) in pictures.chunks_exact_mut(picture_size).zip(of_images) {
            let start = taps.channel * geometry.input_pixels();
            taps.add(geometry, values, &mut picture[start..start + geometry.input_pixels()]);
        }
    }
}

/// One row of the columns: one element of the kernel in one channel.
struct Taps {
    channel: usize,
    /// Output rows and columns where the element lies inside the picture.
    inside: [std::ops::Range<usize>; 2],
    /// Input row and column at the first of them.
    start: [usize; 2],
}

impl Taps {
    fn new(geometry: &Geometry, row: usize) -> Self {
        let [height, width] = geometry.kernel;
        let (down, down_start) = geometry.inside(0, row / width % height);
        let (right, right_start) = geometry.inside(1, row % width);
        Self { channel: row / (height * width), inside: [down, right], start: [down_start, right_start] }
    }

    #[cfg(any(test, target_family = "wasm"))]
    fn plane<'a>(&self, geometry: &Geometry, picture: &'a [f32]) -> &'a [f32] {
        let start = self.channel * geometry.input_pixels();
        &picture[start..start + geometry.input_pixels()]
    }

    #[cfg(any(test, target_family = "wasm"))]
    fn read(&self, geometry: &Geometry, plane: &[f32], values: &mut [f32]) {
        let [down, right] = &self.inside;
        for (y, line) in values.chunks_exact_mut(geometry.output[1]).enumerate() {
            if !down.contains(&y) || right.is_empty() {
                line.fill(0.0);
                continue;
            }
            line[..right.start].fill(0.0);
            line[right.end..].fill(0.0);
            let source = &plane[self.source(geometry, y)..];
            let line = &mut line[right.clone()];
            if geometry.stride[1] == 1 {
                copy(&source[..line.len()], line);
            } else {
                let stepped = source.iter().step_by(geometry.stride[1]);
                line.iter_mut().zip(stepped).for_each(|(value, &pixel)| *value = pixel);
            }
        }
    }

    #[cfg(any(test, not(target_family = "wasm")))]
    fn add(&self, geometry: &Geometry, values: &[f32], plane: &mut [f32]) {
        let [down, right] = &self.inside;
        if right.is_empty() {
            return;
        }
        for y in down.clone() {
            let line = &values[y * geometry.output[1]..][right.clone()];
            let target = &mut plane[self.source(geometry, y)..];
            if geometry.stride[1] == 1 {
                target.iter_mut().zip(line).for_each(|(pixel, &value)| *pixel += value);
            } else {
                let stepped = target.iter_mut().step_by(geometry.stride[1]);
                stepped.zip(line).for_each(|(pixel, &value)| *pixel += value);
            }
        }
    }

    /// Where in its plane the input of output row `y` begins.
    fn source(&self, geometry: &Geometry, y: usize) -> usize {
        let line = self.start[0] + (y - self.inside[0].start) * geometry.stride[0];
        line * geometry.input[1] + self.start[1]
    }
}

/// `copy_from_slice` without the call, which would take longer than the copying of these short lines.
pub(super) fn copy(source: &[f32], target: &mut [f32]) {
    let (source, source_rest) = source.as_chunks::<8>();
    let (target, target_rest) = target.as_chunks_mut::<8>();
    target.iter_mut().zip(source).for_each(|(target, source)| *target = *source);
    for (target, source) in target_rest.iter_mut().zip(source_rest) {
        *target = *source;
    }
}
