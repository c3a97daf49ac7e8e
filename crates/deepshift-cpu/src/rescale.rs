//! Integer epilogues over rows of channels.

#[cfg(target_feature = "simd128")]
use crate::kernels::VectorShift;
use deepshift_core::FixedPoint;
use deepshift_core::integer::Epilogue;

/// The epilogue of each channel, one array for each number so that a loop over channels becomes vector code.
pub(crate) struct Rescaler {
    pub pre_shift: Vec<u32>,
    pub multiplier: Vec<i32>,
    pub offset: Vec<i32>,
    pub post_shift: Vec<u32>,
    pub lowest: i32,
    pub highest: i32,
    /// Bytes of a value: one, or the four of an i32 where i8 does not hold them all.
    pub width: usize,
    /// Both shifts for vectors; `None` where it cannot be done.
    #[cfg(target_feature = "simd128")]
    pub shifts: Option<[VectorShift; 2]>,
}

impl Rescaler {
    pub fn new(epilogue: &Epilogue, channels: usize, format: FixedPoint) -> Self {
        let rescales: Vec<_> = (0..channels).map(|channel| epilogue.channel(channel)).collect();
        let pre_shift: Vec<u32> = rescales.iter().map(|rescale| u32::from(rescale.pre_shift)).collect();
        let post_shift: Vec<u32> = rescales.iter().map(|rescale| u32::from(rescale.post_shift)).collect();
        Self {
            #[cfg(target_feature = "simd128")]
            shifts: VectorShift::new(&pre_shift)
                .zip(VectorShift::new(&post_shift))
                .map(|(pre_shift, post_shift)| [pre_shift, post_shift]),
            pre_shift,
            multiplier: rescales.iter().map(|rescale| rescale.multiplier).collect(),
            offset: rescales.iter().map(|rescale| rescale.offset).collect(),
            post_shift,
            lowest: format.lowest,
            highest: format.highest,
            width: width(format),
        }
    }

    pub fn channels(&self) -> usize {
        self.multiplier.len()
    }

    /// Bytes of the values of one pixel.
    pub fn row_bytes(&self) -> usize {
        self.channels() * self.width
    }

    /// Ends the sums of one pixel's channels, the first of which is channel `first`. Loops for an instruction set need it
    /// inlined; a page loads it once, which costs no time there.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    #[cfg_attr(target_family = "wasm", inline(never))]
    pub fn apply(&self, first: usize, sums: &[i32], out: &mut [i8]) {
        if self.width == 1 {
            let sums = &sums[..out.len()];
            let done = self.apply_vectors(first, sums, out);
            self.apply_scalar(first + done, &sums[done..], &mut out[done..], |value| value as i8);
        } else {
            let out = out.as_chunks_mut().0;
            self.apply_scalar(first, &sums[..out.len()], out, wide_bytes);
        }
    }

    /// As many of the first channels as vectors can end; returns how many.
    #[cfg(target_feature = "simd128")]
    #[inline(always)]
    fn apply_vectors(&self, first: usize, sums: &[i32], out: &mut [i8]) -> usize {
        crate::kernels::rescale(self, first, sums, out)
    }

    /// The compiler makes vectors of [`apply_scalar`](Self::apply_scalar).
    #[cfg(not(target_feature = "simd128"))]
    #[inline(always)]
    fn apply_vectors(&self, _first: usize, _sums: &[i32], _out: &mut [i8]) -> usize {
        0
    }

    #[inline(always)]
    fn apply_scalar<O>(&self, first: usize, sums: &[i32], out: &mut [O], kept: impl Fn(i32) -> O) {
        let lanes = first..first + out.len();
        let (pre_shift, multiplier) = (&self.pre_shift[lanes.clone()], &self.multiplier[lanes.clone()]);
        let (offset, post_shift) = (&self.offset[lanes.clone()], &self.post_shift[lanes]);
        for lane in 0..out.len() {
            let scaled = sums[lane].wrapping_shr(pre_shift[lane]).wrapping_mul(multiplier[lane]);
            let value = scaled.wrapping_add(offset[lane]).wrapping_shr(post_shift[lane]);
            out[lane] = kept(value.max(self.lowest).min(self.highest));
        }
    }
}

/// Bytes of a value of this format: one, or the four of an i32.
pub(crate) fn width(format: FixedPoint) -> usize {
    if format.fits_i8() { 1 } else { size_of::<i32>() }
}

/// How a value that i8 does not hold is kept.
fn wide_bytes(value: i32) -> [i8; 4] {
    value.to_le_bytes().map(|byte| byte as i8)
}

/// The value of [`wide_bytes`].
pub(crate) fn wide_value(bytes: [i8; 4]) -> i32 {
    i32::from_le_bytes(bytes.map(|byte| byte as u8))
}
