//! From what distribution the makers of the architectures draw initial weights.

/// A distribution of weights around zero. A kernel of `kh` by `kw` elements has a `fan_in` of `c_in / groups * kh * kw`
/// and a `fan_out` of `c_out * kh * kw`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distribution {
    /// Uniform within `1 / sqrt(fan_in)`, as PyTorch's layers do.
    Uniform,
    /// Uniform with the variance `2 / fan_in`: `kaiming_uniform_`.
    KaimingUniform,
    /// Normal with the variance `2 / fan_in`: `kaiming_normal_`.
    KaimingNormal,
    /// Normal with the variance `2 / fan_out`: `kaiming_normal_` with `mode="fan_out"`.
    KaimingNormalFanOut,
    /// Normal with this standard deviation.
    Normal(f64),
}

/// How the layers of an architecture begin. BatchNorm always begins with ones and zeros.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Initialization {
    /// Weights of convolutions.
    pub convolution: Distribution,
    /// Weights of linear layers.
    pub linear: Distribution,
    /// Whether biases are zero; otherwise they are uniform within `1 / sqrt(fan_in)`.
    pub zero_bias: bool,
    /// The name of a layer that differs, and the distribution of its weight.
    pub exception: Option<(&'static str, Distribution)>,
}

/// What the implementation does that the architecture of this name follows, and PyTorch's default for unknown names.
///
/// CIFAR-10: Yerlan Idelbayev's ResNets of 20 to 110 layers; Wei Yang's VGGs, pre-activation ResNets and DenseNets.
/// ImageNet: torchvision. The others leave PyTorch's default.
pub fn initialization(name: &str) -> Initialization {
    use Distribution::*;
    let (convolution, linear, zero_bias) = match name {
        "resnet20" | "resnet32" | "resnet44" | "resnet56" | "resnet110" => {
            (KaimingNormal, KaimingNormal, false)
        }
        "preresnet20" | "preresnet56" | "preresnet110" | "preresnet164" => {
            (KaimingNormalFanOut, Uniform, false)
        }
        "densenet40" | "cifar10/densenet121" | "cifar10/densenet169" => (KaimingNormalFanOut, Uniform, false),
        "resnet18" | "resnet34" | "resnet50" | "resnet101" | "resnet152" => {
            (KaimingNormalFanOut, Uniform, false)
        }
        "densenet121" | "densenet161" | "densenet169" | "densenet201" => (KaimingNormal, Uniform, true),
        "googlenet" => (Normal(0.01), Normal(0.01), false),
        "squeezenet1_0" | "squeezenet1_1" => (KaimingUniform, Uniform, true),
        "mobilenet_v2" => (KaimingNormalFanOut, Normal(0.01), true),
        vgg if vgg.trim_start_matches("cifar10/").starts_with("vgg") => {
            (KaimingNormalFanOut, Normal(0.01), true)
        }
        _ => (Uniform, Uniform, false),
    };
    let exception = name.starts_with("squeezenet").then_some(("classifier.1", Normal(0.01)));
    Initialization { convolution, linear, zero_bias, exception }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NAMES;

    /// A misspelt name would silently get the default.
    #[test]
    fn every_family_is_among_the_architectures() {
        let default = initialization("");
        let special = NAMES.iter().filter(|name| initialization(name) != default).count();
        assert_eq!(special, 5 + 4 + 3 + 5 + 4 + 1 + 2 + 1 + 4 + 8);
    }
}
