//! Drops what only people read, while the crate is compiled: whole-line comments, indentation and empty lines.

/// Copies what counts to `to` as far as it reaches, and returns how much that is.
const fn copy(text: &[u8], to: &mut [u8]) -> usize {
    let (mut from, mut length) = (0, 0);
    while from < text.len() {
        while from < text.len() && matches!(text[from], b' ' | b'\n') {
            from += 1;
        }
        let is_comment = from + 1 < text.len() && text[from] == b'/' && text[from + 1] == b'/';
        while from < text.len() {
            if !is_comment {
                if length < to.len() {
                    to[length] = text[from];
                }
                length += 1;
            }
            from += 1;
            if text[from - 1] == b'\n' {
                break;
            }
        }
    }
    length
}

pub const fn length(text: &str) -> usize {
    copy(text.as_bytes(), &mut [])
}

pub const fn bytes<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    copy(text.as_bytes(), &mut bytes);
    bytes
}

/// `bytes` are whole characters of a text.
pub const fn text(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("a character was cut"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_indentation_go() {
        const TEXT: &str = "// a\n\nfn f() {\n    // b\n    let x = 1u; // c\n}\n";
        const LENGTH: usize = length(TEXT);
        assert_eq!(text(&bytes::<LENGTH>(TEXT)), "fn f() {\nlet x = 1u; // c\n}\n");
    }
}
