use deepshift_data::cifar10::{parse_binary, parse_python};

/// A binary batch of CIFAR-10.
pub fn cifar10_binary(bytes: &[u8]) -> bool {
    match parse_binary(bytes) {
        Ok(pictures) => {
            assert_eq!(pictures.images.len() + pictures.labels.len(), bytes.len());
            assert!(pictures.labels.iter().all(|&label| label < 10));
            true
        }
        Err(error) => {
            assert!(error.offset <= bytes.len());
            false
        }
    }
}

/// A python batch of CIFAR-10, and with it the machine that reads pickles.
pub fn cifar10_python(bytes: &[u8]) -> bool {
    match parse_python(bytes) {
        Ok(pictures) => {
            assert_eq!(pictures.images.len(), 3072 * pictures.labels.len());
            assert!(pictures.images.len() < bytes.len() && pictures.labels.iter().all(|&label| label < 10));
            true
        }
        Err(error) => {
            assert!(error.offset <= bytes.len());
            false
        }
    }
}
