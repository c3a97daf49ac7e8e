/// The value of a number that was found to be one. Numbers of up to 15 digits and powers of ten up to 22 are exact before
/// the last rounding, as is all that f32 writes in its usual range; others may be off by a few units in the last place of f64.
pub(super) fn float(text: &[u8]) -> f64 {
    let (text, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(end) => (&text[..end], exponent(&text[end + 1..])),
        None => (text, 0),
    };
    let (mut significand, mut exponent, mut after_point) = (0u64, exponent, false);
    for byte in text {
        if !byte.is_ascii_digit() {
            after_point |= *byte == b'.';
        } else if significand < u64::MAX / 10 {
            significand = significand * 10 + u64::from(byte - b'0');
            exponent -= i32::from(after_point);
        } else {
            exponent += i32::from(!after_point);
        }
    }
    let magnitude = scaled(significand as f64, exponent);
    if text.starts_with(b"-") { -magnitude } else { magnitude }
}

/// More than the digits of any number in a header could make good.
const MAX_EXPONENT: i32 = 1 << 22;

fn exponent(text: &[u8]) -> i32 {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit());
    let magnitude = digits.fold(0, |sum, byte| (sum * 10 + i32::from(byte - b'0')).min(MAX_EXPONENT));
    if text.starts_with(b"-") { -magnitude } else { magnitude }
}

fn scaled(mut value: f64, mut exponent: i32) -> f64 {
    // The largest power of ten that f64 holds exactly.
    const STEP: i32 = 22;
    while exponent != 0 && value != 0.0 && value.is_finite() {
        let step = exponent.clamp(-STEP, STEP);
        let power = (0..step.abs()).fold(1.0, |power, _| power * 10.0);
        value = if step < 0 { value / power } else { value * power };
        exponent -= step;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_f32_writes_comes_back() {
        for bits in (0..0x7f80_0000u32).step_by(9973) {
            let x = f32::from_bits(bits);
            for text in [format!("{x}"), format!("-{x:e}"), serde_json::to_string(&x).unwrap()] {
                assert_eq!((float(text.as_bytes()) as f32).abs().to_bits(), bits, "{text}");
            }
        }
    }

    #[test]
    fn equals_the_standard_library_where_it_is_exact() {
        for text in [
            "0",
            "-0",
            "1",
            "-1.5",
            "0.1307",
            "123456789012345",
            "1e22",
            "-3.25E-2",
            "1e-22",
            "9007199254740993",
        ] {
            assert_eq!(float(text.as_bytes()).to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
        }
    }

    #[test]
    fn extremes_saturate() {
        let digits = "9".repeat(5000);
        assert_eq!(float(digits.as_bytes()), f64::INFINITY);
        assert_eq!(float(b"1e300") as f32, f32::INFINITY);
        assert_eq!(float(b"-1e99999999999"), f64::NEG_INFINITY);
        assert_eq!(float(b"1e-99999999999"), 0.0);
        assert_eq!(float(b"0e99999999999"), 0.0);
        assert_eq!(float(format!("0.{digits}").as_bytes()) as f32, 1.0);
        assert_eq!(float(format!("{digits}e-5000").as_bytes()) as f32, 1.0);
    }
}
