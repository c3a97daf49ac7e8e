/// The output function of SplitMix64 (Steele, Lea and Flood 2014), a bijection of 64-bit integers: random numbers that are functions of
/// what they are for.
pub fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the generator with seed 1234567, from the reference implementation.
    #[test]
    fn the_sequence_is_that_of_the_reference_implementation() {
        let golden = 0x9E37_79B9_7F4A_7C15u64;
        let sequence = [0, 1, 2].map(|index: u64| mix(1_234_567u64.wrapping_add(index.wrapping_mul(golden))));
        assert_eq!(
            sequence,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }
}
