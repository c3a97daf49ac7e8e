//! Dense packing of 2 to 8 bit codes: code `i` occupies bits `i*b .. (i+1)*b` of the little-endian bit stream.

/// Bytes that `len` codes of `bits` bits take, or `None` where that overflows.
pub fn packed_len(len: usize, bits: u8) -> Option<usize> {
    Some(len.checked_mul(usize::from(bits))?.div_ceil(8))
}

/// Packs codes; bits above `bits` are ignored.
pub fn pack(codes: &[u8], bits: u8) -> Vec<u8> {
    let mut bytes = Vec::with_capacity((codes.len() * usize::from(bits)).div_ceil(8));
    let (mut buffer, mut filled) = (0u32, 0u32);
    for &code in codes {
        buffer |= (u32::from(code) & ((1 << bits) - 1)) << filled;
        filled += u32::from(bits);
        while filled >= 8 {
            bytes.push(buffer as u8);
            buffer >>= 8;
            filled -= 8;
        }
    }
    if filled > 0 {
        bytes.push(buffer as u8);
    }
    bytes
}

/// Code number `index`. Panics where `bytes` is too short.
pub fn get(bytes: &[u8], bits: u8, index: usize) -> u8 {
    let bit = index * usize::from(bits);
    let low = u16::from(bytes[bit / 8]);
    let high = bytes.get(bit / 8 + 1).map_or(0, |&byte| u16::from(byte) << 8);
    (((low | high) >> (bit % 8)) & ((1 << bits) - 1)) as u8
}

/// Replaces code number `index`; bits above `bits` are ignored. Panics where `bytes` is too short.
pub fn set(bytes: &mut [u8], bits: u8, index: usize, code: u8) {
    let bit = index * usize::from(bits);
    let mask = ((1u16 << bits) - 1) << (bit % 8);
    let moved = (u16::from(code) << (bit % 8)) & mask;
    bytes[bit / 8] = bytes[bit / 8] & !(mask as u8) | moved as u8;
    if mask > 0xff {
        let high = &mut bytes[bit / 8 + 1];
        *high = *high & !((mask >> 8) as u8) | (moved >> 8) as u8;
    }
}

/// The first `len` codes. Panics where `bytes` is too short.
pub fn unpack(bytes: &[u8], bits: u8, len: usize) -> Vec<u8> {
    (0..len).map(|index| get(bytes, bits, index)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_and_unpacks_all_widths_and_lengths() {
        for bits in 2..=8u8 {
            for len in 0..70 {
                let codes: Vec<u8> =
                    (0..len).map(|i| (i * 37 + 11) as u8 & ((1u16 << bits) - 1) as u8).collect();
                let bytes = pack(&codes, bits);
                assert_eq!(Some(bytes.len()), packed_len(len, bits));
                assert_eq!(unpack(&bytes, bits, len), codes, "{bits} bits, {len} codes");
            }
        }
    }

    #[test]
    fn setting_one_code_leaves_the_others() {
        for bits in 2..=8u8 {
            let mut codes = vec![1; 23];
            let mut bytes = pack(&codes, bits);
            for index in 0..codes.len() {
                codes[index] = ((1u16 << bits) - 1) as u8 - (index % 2) as u8;
                set(&mut bytes, bits, index, codes[index]);
                assert_eq!(unpack(&bytes, bits, codes.len()), codes, "{bits} bits, code {index}");
            }
        }
    }

    #[test]
    fn the_first_code_is_in_the_low_bits() {
        assert_eq!(pack(&[0b00001, 0b00010, 0b00100], 5), [0b0100_0001, 0b0001_0000]);
        assert_eq!(packed_len(usize::MAX, 8), None);
    }
}
