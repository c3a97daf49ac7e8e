//! How pictures are fed to networks that were not trained like the others of their data set.

use deepshift_core::{Interpolation, Preprocessing};

/// What an architecture's published weights expect, where that differs from torchvision's way for its data set.
pub fn preprocessing(architecture: &str) -> Option<Preprocessing> {
    // TensorFlow's EfficientNet-Lite: (byte - 127) / 128, the crop being 224 / (224 + 32) of the shorter side.
    (architecture == "efficientnet-lite0").then(|| Preprocessing {
        mean: vec![127.0 / 255.0; 3],
        std: vec![128.0 / 255.0; 3],
        resize: Some(256),
        interpolation: Interpolation::Bicubic,
    })
}
