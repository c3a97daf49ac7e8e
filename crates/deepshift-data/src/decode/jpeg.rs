//! Where a JPEG file's picture ends.

const START_OF_SCAN: u8 = 0xda;
const END_OF_IMAGE: u8 = 0xd9;

/// The picture without what lies behind its end, such as the film that a phone appends, in which markers mean nothing.
///
/// # Errors
/// A file that stops before the end, of which the decoder would leave the rest gray, or that has two frames, of which a decoder
/// may believe either.
pub(super) fn picture(bytes: &[u8]) -> Result<&[u8], String> {
    let cut = || String::from("it ends in the middle of the picture");
    // After the start of the image.
    let (mut place, mut frames) = (2, 0);
    loop {
        let marker = next_marker(bytes, place).ok_or_else(cut)?;
        // A marker is 0xff and its code.
        place = marker + 2;
        match bytes[marker + 1] {
            END_OF_IMAGE => return Ok(&bytes[..place]),
            // Without a content.
            0x01 | 0xd0..=0xd8 => continue,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => frames += 1,
            _ => {}
        }
        if frames > 1 {
            return Err("it has two frames".into());
        }
        let length = bytes.get(place..).and_then(<[u8]>::first_chunk).ok_or_else(cut)?;
        place += usize::from(u16::from_be_bytes(*length)).max(2);
        if bytes[marker + 1] == START_OF_SCAN {
            place = end_of_scan(bytes, place);
        }
    }
}

/// Where the next 0xff stands that a code follows; what else lies between two contents is passed over, as all decoders do.
fn next_marker(bytes: &[u8], place: usize) -> Option<usize> {
    let pairs = bytes.get(place..)?.array_windows();
    Some(place + pairs.into_iter().position(|&[first, code]| first == 0xff && code != 0 && code != 0xff)?)
}

/// Where a scan's data end: at a marker that is not one of its own.
fn end_of_scan(bytes: &[u8], start: usize) -> usize {
    let is_own = |code: u8| matches!(code, 0 | 0xff | 0xd0..=0xd7);
    let mut pairs = bytes.get(start..).unwrap_or_default().array_windows();
    let end = pairs.position(|&[first, code]| first == 0xff && !is_own(code));
    end.map_or(bytes.len(), |end| start + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Start of image, a comment, a frame, a scan of two parts, a second scan, end of image.
    fn jpeg() -> Vec<u8> {
        let comment = b"\xff\xfe\0\x08\xff\xd9\xff\xda\xff\xd9";
        let frame = b"\xff\xc0\0\x04\x08\x01";
        let scan = b"\xff\xda\0\x03\0data\xff\0more\xff\xd0data";
        [b"\xff\xd8", &comment[..], frame, scan, b"\xff\xff", &scan[..], b"\xff\xd9"].concat()
    }

    #[test]
    fn what_lies_behind_the_end_is_no_part_of_it() {
        let whole = jpeg();
        assert_eq!(picture(&whole).unwrap(), whole);
        for behind in [&b"film"[..], b"\xff\xda\0\x03\0", b"\xff\xd8\xff\xd9", b"\xff\xc0\xff\xc0", b"\xff"] {
            assert_eq!(picture(&[&whole[..], behind].concat()).unwrap(), whole);
        }
    }

    #[test]
    fn every_cut_is_one() {
        let whole = jpeg();
        for length in 0..whole.len() {
            assert!(picture(&whole[..length]).is_err(), "cut to {length}");
        }
    }

    #[test]
    fn a_second_frame_is_refused() {
        let whole = jpeg();
        let frame = b"\xff\xc2\0\x04\x08\x01";
        let two = [&whole[..whole.len() - 2], frame, b"\xff\xd9"].concat();
        assert_eq!(picture(&two).unwrap_err(), "it has two frames");
    }
}
