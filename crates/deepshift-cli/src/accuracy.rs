//! How often a network is right.

use deepshift_core::rank;

/// Pictures whose class came first, and among the first five.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accuracy {
    pictures: u32,
    top1: u32,
    top5: u32,
}

impl Accuracy {
    /// One picture more, of this label.
    pub fn count(&mut self, logits: &[f32], label: usize) {
        let right = rank(logits, label);
        self.pictures += 1;
        self.top1 += u32::from(right == 0);
        self.top5 += u32::from(right < 5);
    }

    pub fn pictures(self) -> u32 {
        self.pictures
    }

    pub fn top1_percent(self) -> f64 {
        self.percent(self.top1)
    }

    pub fn top5_percent(self) -> f64 {
        self.percent(self.top5)
    }

    fn percent(self, count: u32) -> f64 {
        100.0 * f64::from(count) / f64::from(self.pictures.max(1))
    }
}
