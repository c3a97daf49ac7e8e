//! Which instruction set the kernels use.

use crate::kernels::Kernels;
use crate::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// The environment variable that names an instruction set.
pub const ENVIRONMENT_VARIABLE: &str = "DEEPSHIFT_CPU";

/// Instruction sets for which there are kernels, the simplest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isa {
    /// Plain Rust, on every machine.
    Scalar,
    /// 256-bit vectors of x86-64.
    Avx2,
    /// 128-bit vectors of wasm, in a build with `-C target-feature=+simd128`.
    WasmSimd128,
    /// Wasm's dot products of bytes, in a build with `+relaxed-simd` too.
    WasmRelaxedSimd,
}

impl Isa {
    /// All of them, the best last.
    pub const ALL: [Self; 4] = [Self::Scalar, Self::Avx2, Self::WasmSimd128, Self::WasmRelaxedSimd];

    /// Whether this CPU has it.
    pub fn is_available(self) -> bool {
        Kernels::new(self).is_some()
    }

    /// Those of this CPU, the best last.
    pub fn available() -> impl DoubleEndedIterator<Item = Self> {
        Self::ALL.into_iter().filter(|isa| isa.is_available())
    }

    fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::WasmSimd128 => "wasm-simd128",
            Self::WasmRelaxedSimd => "wasm-relaxed-simd",
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Isa {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|isa| isa.name() == name).ok_or_else(|| {
            Error::BadArgument(format!("there are no kernels for {name:?}: use one of {}", names(Self::ALL)))
        })
    }
}

fn names(sets: impl IntoIterator<Item = Isa>) -> String {
    sets.into_iter().map(Isa::name).collect::<Vec<_>>().join(", ")
}

/// The kernels of the asked-for set, else of the one that the environment's text names, else of the best one.
pub(crate) fn choose(asked: Option<Isa>, environment: Option<&str>) -> Result<Kernels> {
    let named = environment.filter(|name| !name.is_empty());
    let isa = match (asked, named) {
        (Some(isa), _) => isa,
        (None, Some(name)) => {
            name.parse().map_err(|error| Error::BadArgument(format!("{ENVIRONMENT_VARIABLE}: {error}")))?
        }
        (None, None) => Isa::available().next_back().unwrap_or(Isa::Scalar),
    };
    Kernels::new(isa).ok_or_else(|| {
        Error::Unsupported(format!("this CPU has no {isa}: use one of {}", names(Isa::available())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_forces_a_set() {
        assert_eq!(choose(None, Some("scalar")).unwrap().isa(), Isa::Scalar);
        let best = Isa::available().next_back().unwrap();
        assert_eq!(choose(None, None).unwrap().isa(), best);
        assert_eq!(choose(None, Some("")).unwrap().isa(), best);
        assert_eq!(choose(Some(best), Some("scalar")).unwrap().isa(), best);
    }

    #[test]
    fn what_is_unknown_or_missing_is_an_error() {
        let message = choose(None, Some("sse9")).unwrap_err().to_string();
        assert!(message.contains("DEEPSHIFT_CPU") && message.contains("scalar, avx2"), "{message}");
        for isa in Isa::ALL {
            match choose(None, Some(&isa.to_string())) {
                Ok(kernels) => assert_eq!(kernels.isa(), isa),
                Err(error) => assert!(!isa.is_available() && matches!(error, Error::Unsupported(_))),
            }
        }
    }
}
