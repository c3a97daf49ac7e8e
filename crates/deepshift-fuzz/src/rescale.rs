use deepshift_core::integer::Rescale;

/// A rescaling, the bound of its accumulator and an accumulator, each with how far it is scaled down: where the proof takes them, no step leaves 32 bits.
pub fn rescale(bytes: &[u8]) -> bool {
    let Some(&[words @ .., pre_shift, post_shift]) = bytes.first_chunk::<22>() else { return false };
    let (words, scales) = words.split_at(16);
    let word = |index: usize| i32::from_le_bytes(words.as_chunks().0[index]) >> (scales[index] % 32);
    let rescale = Rescale { multiplier: word(0), offset: word(1), pre_shift, post_shift };
    let bound = i64::from(word(2)).abs();
    if !rescale.is_safe(bound) {
        return false;
    }
    let inside = i64::from(word(3)).clamp(-bound, bound);
    for acc in [-bound, inside, bound].map(|acc| acc as i32) {
        let product = i64::from(acc >> pre_shift) * i64::from(rescale.multiplier);
        let sum = product + i64::from(rescale.offset);
        let exact = i32::try_from(product).and_then(|_| i32::try_from(sum)).map(|sum| sum >> post_shift);
        assert_eq!(exact, Ok(rescale.apply(acc)), "{rescale:?} of {acc}");
    }
    true
}
