//! Shift codes: how a weight `±2^(e-k)` or zero is stored in 2 to 8 bits.

use crate::round::exp2;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// The two parametrisations of the DeepShift paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ShiftType {
    /// Trained as a real weight that is rounded in forward; has no zero.
    Q,
    /// Trained as a shift and a sign; has a zero.
    PS,
}

/// Type and width of a code. The sign is the high bit; PS stores `kmax + 1 - k` below it, 0 meaning zero; Q stores
/// `kmax - k`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct ShiftFormat {
    /// Q or PS.
    pub shift_type: ShiftType,
    /// Bits of a weight, sign included: 2 to 8.
    pub bits: u8,
}

/// A decoded term `sign * 2^-k`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// -1, 0 or 1.
    pub sign: i8,
    /// The right shift, 0 to `kmax`; 0 where the sign is 0.
    pub k: u8,
}

impl Term {
    /// The zero weight.
    pub const ZERO: Self = Self { sign: 0, k: 0 };
}

impl ShiftFormat {
    /// Checks the width.
    pub fn new(shift_type: ShiftType, bits: u8) -> Result<Self> {
        if !(2..=8).contains(&bits) {
            return Err(Error::argument(format!("weight bits must be 2 to 8, not {bits}")));
        }
        Ok(Self { shift_type, bits })
    }

    /// The largest shift: `2^(b-1) - 1` for Q, `2^(b-1) - 2` for PS.
    pub fn kmax(self) -> u8 {
        let magnitudes = 1u8 << (self.bits - 1);
        match self.shift_type {
            ShiftType::Q => magnitudes - 1,
            ShiftType::PS => magnitudes - 2,
        }
    }

    /// The code of a term, or `None` for what has none: zero in type Q, a shift above `kmax`.
    pub fn encode(self, term: Term) -> Option<u8> {
        let kmax = self.kmax();
        let magnitude = match (self.shift_type, term.sign) {
            (ShiftType::PS, 0) => return Some(0),
            (ShiftType::Q, 0) => return None,
            _ if term.k > kmax => return None,
            (ShiftType::PS, _) => kmax + 1 - term.k,
            (ShiftType::Q, _) => kmax - term.k,
        };
        Some(magnitude | u8::from(term.sign < 0) << (self.bits - 1))
    }

    /// The term of a code, or `None` for the one code that means nothing (PS with sign 1 and magnitude 0).
    pub fn decode(self, code: u8) -> Option<Term> {
        let sign_bit = 1u8 << (self.bits - 1);
        let magnitude = code & (sign_bit - 1);
        let sign = if code & sign_bit == 0 { 1 } else { -1 };
        match self.shift_type {
            ShiftType::PS if magnitude == 0 => (sign == 1).then_some(Term::ZERO),
            ShiftType::PS => Some(Term { sign, k: self.kmax() + 1 - magnitude }),
            ShiftType::Q => Some(Term { sign, k: self.kmax() - magnitude }),
        }
    }

    /// The term nearest to `sign * 2^exponent` in the exponent, with the channel exponent `e`. A shift beyond the
    /// range stays at its end; in type Q a zero becomes the smallest positive weight.
    pub fn term(self, sign: i8, exponent: i32, channel_exponent: i32) -> Term {
        match (self.shift_type, sign) {
            (ShiftType::PS, 0) => Term::ZERO,
            (ShiftType::Q, 0) => Term { sign: 1, k: self.kmax() },
            _ => {
                let k = i64::from(channel_exponent) - i64::from(exponent);
                Term { sign: sign.signum(), k: k.clamp(0, i64::from(self.kmax())) as u8 }
            }
        }
    }
}

/// `sign * 2^(e - k)`, exact.
pub fn term_value(term: Term, channel_exponent: i32) -> f32 {
    f32::from(term.sign) * exp2(channel_exponent - i32::from(term.k))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formats() -> impl Iterator<Item = ShiftFormat> {
        [ShiftType::Q, ShiftType::PS]
            .into_iter()
            .flat_map(|shift_type| (2..=8).map(move |bits| ShiftFormat::new(shift_type, bits).unwrap()))
    }

    #[test]
    fn every_code_decodes_and_encodes_back() {
        for format in formats() {
            let mut bad = 0;
            for code in 0..=(((1u16 << format.bits) - 1) as u8) {
                match format.decode(code) {
                    Some(term) => assert_eq!(format.encode(term), Some(code), "{format:?}"),
                    None => bad += 1,
                }
            }
            assert_eq!(bad, i32::from(format.shift_type == ShiftType::PS), "{format:?}");
        }
    }

    #[test]
    fn ranges_are_the_originals() {
        assert_eq!(ShiftFormat::new(ShiftType::Q, 5).unwrap().kmax(), 15);
        assert_eq!(ShiftFormat::new(ShiftType::PS, 5).unwrap().kmax(), 14);
        assert_eq!(ShiftFormat::new(ShiftType::PS, 2).unwrap().kmax(), 0);
        assert!(ShiftFormat::new(ShiftType::PS, 1).is_err());
        assert!(ShiftFormat::new(ShiftType::Q, 9).is_err());
    }

    #[test]
    fn five_bit_ps_codes_are_an_f16_prefix() {
        let format = ShiftFormat::new(ShiftType::PS, 5).unwrap();
        let code = format.encode(Term { sign: -1, k: 3 }).unwrap();
        assert_eq!(code, 0b1_1100);
        assert_eq!(format.term(1, 4, 0), Term { sign: 1, k: 0 });
        assert_eq!(format.term(-1, -99, 0), Term { sign: -1, k: 14 });
        assert_eq!(term_value(Term { sign: -1, k: 3 }, 1), -0.25);
    }
}
