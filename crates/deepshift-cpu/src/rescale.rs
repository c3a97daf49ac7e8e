//! Integer epilogues over rows of channels.

use deepshift_core::FixedPoint;
use deepshift_core::integer::Epilogue;

/// The epilogue of each channel, one array for each number so that a loop over channels becomes vector code.
pub(crate) struct Rescaler {
    pre_shift: Vec<u32>,
    multiplier: Vec<i32>,
    offset: Vec<i32>,
    post_shift: Vec<u32>,
    lowest: i32,
    highest: i32,
}

/// How the integers of a node are kept.
pub(crate) trait Quantum: Copy + Default + Send + Sync {
    /// Keeps a value that is known to fit.
    fn from_i32(value: i32) -> Self;
}

impl Quantum for i8 {
    #[inline(always)]
    fn from_i32(value: i32) -> Self {
        value as i8
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
        Self {
            pre_shift: rescales.iter().map(|rescale| u32::from(rescale.pre_shift)).collect(),
            multiplier: rescales.iter().map(|rescale| rescale.multiplier).collect(),
            offset: rescales.iter().map(|rescale| rescale.offset).collect(),
            post_shift: rescales.iter().map(|rescale| u32::from(rescale.post_shift)).collect(),
            lowest: format.lowest,
            highest: format.highest,
        }
    }

    pub fn channels(&self) -> usize {
        self.multiplier.len()
    }

    /// Ends the sums of one pixel's channels, the first of which is channel `first`.
    #[inline(always)]
    pub fn apply<A: Copy + Into<i32>, O: Quantum>(&self, first: usize, sums: &[A], out: &mut [O]) {
        let lanes = first..first + out.len();
        let sums = &sums[..out.len()];
        let (pre_shift, multiplier) = (&self.pre_shift[lanes.clone()], &self.multiplier[lanes.clone()]);
        let (offset, post_shift) = (&self.offset[lanes.clone()], &self.post_shift[lanes]);
        for lane in 0..out.len() {
            let sum: i32 = sums[lane].into();
            let scaled = sum.wrapping_shr(pre_shift[lane]).wrapping_mul(multiplier[lane]);
            let value = scaled.wrapping_add(offset[lane]).wrapping_shr(post_shift[lane]);
            out[lane] = O::from_i32(value.max(self.lowest).min(self.highest));
        }
    }
}
