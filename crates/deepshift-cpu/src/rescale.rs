//! Integer epilogues over rows of channels.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
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
    /// Both shifts for vectors; `None` where it cannot be done.
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    pub shifts: Option<[VectorShift; 2]>,
}

/// How the integers of a node are kept.
pub(crate) trait Quantum: Copy + Default + Send + Sync {
    /// Keeps a value that is known to fit.
    fn from_i32(value: i32) -> Self;

    /// As many of the first channels as vectors can end; returns how many.
    #[inline(always)]
    fn rescale_vectors(_rescaler: &Rescaler, _first: usize, _sums: &[i32], _out: &mut [Self]) -> usize {
        0
    }
}

impl Quantum for i8 {
    #[inline(always)]
    fn from_i32(value: i32) -> Self {
        value as i8
    }

    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    #[inline(always)]
    fn rescale_vectors(rescaler: &Rescaler, first: usize, sums: &[i32], out: &mut [Self]) -> usize {
        crate::kernels::rescale(rescaler, first, sums, out)
    }
}

impl Quantum for i32 {
    #[inline(always)]
    fn from_i32(value: i32) -> Self {
        value
    }
}

impl Rescaler {
    pub fn new(epilogue: &Epilogue, channels: usize, format: FixedPoint) -> Self {
        let rescales: Vec<_> = (0..channels).map(|channel| epilogue.channel(channel)).collect();
        let pre_shift: Vec<u32> = rescales.iter().map(|rescale| u32::from(rescale.pre_shift)).collect();
        let post_shift: Vec<u32> = rescales.iter().map(|rescale| u32::from(rescale.post_shift)).collect();
        Self {
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            shifts: VectorShift::new(&pre_shift)
                .zip(VectorShift::new(&post_shift))
                .map(|(pre_shift, post_shift)| [pre_shift, post_shift]),
            pre_shift,
            multiplier: rescales.iter().map(|rescale| rescale.multiplier).collect(),
            offset: rescales.iter().map(|rescale| rescale.offset).collect(),
            post_shift,
            lowest: format.lowest,
            highest: format.highest,
        }
    }

    pub fn channels(&self) -> usize {
        self.multiplier.len()
    }

    /// Ends the sums of one pixel's channels, the first of which is channel `first`.
    #[inline(always)]
    pub fn apply<O: Quantum>(&self, first: usize, sums: &[i32], out: &mut [O]) {
        let sums = &sums[..out.len()];
        let done = O::rescale_vectors(self, first, sums, out);
        self.apply_scalar(first + done, &sums[done..], &mut out[done..]);
    }

    #[inline(always)]
    fn apply_scalar<O: Quantum>(&self, first: usize, sums: &[i32], out: &mut [O]) {
        let lanes = first..first + out.len();
        let (pre_shift, multiplier) = (&self.pre_shift[lanes.clone()], &self.multiplier[lanes.clone()]);
        let (offset, post_shift) = (&self.offset[lanes.clone()], &self.post_shift[lanes]);
        for lane in 0..out.len() {
            let scaled = sums[lane].wrapping_shr(pre_shift[lane]).wrapping_mul(multiplier[lane]);
            let value = scaled.wrapping_add(offset[lane]).wrapping_shr(post_shift[lane]);
            out[lane] = O::from_i32(value.max(self.lowest).min(self.highest));
        }
    }
}
