//! Which instruction set the kernels use.

pub use crate::kernels::Isa;
use crate::kernels::Kernels;
use crate::{Error, Result};
use std::fmt;
use std::str::FromStr;
#[cfg(not(target_family = "wasm"))]
use {crate::kernels::Scalar, std::sync::LazyLock};

/// The environment variable that names an instruction set.
pub const ENVIRONMENT_VARIABLE: &str = "DEEPSHIFT_CPU";

impl Isa {
    /// Whether this CPU has it.
    pub fn is_available(self) -> bool {
        Kernels::new(self).is_some()
    }

    /// Those of this CPU, the best last.
    pub fn available() -> impl DoubleEndedIterator<Item = Self> {
        Self::ALL.into_iter().filter(|isa| isa.is_available())
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

/// What the environment names; a page has none, and no choice either.
pub(crate) fn from_environment() -> Result<Option<Isa>> {
    #[cfg(target_family = "wasm")]
    return Ok(None);
    #[cfg(not(target_family = "wasm"))]
    named(std::env::var(ENVIRONMENT_VARIABLE).ok().as_deref())
}

#[cfg(any(test, not(target_family = "wasm")))]
fn named(environment: Option<&str>) -> Result<Option<Isa>> {
    let isa = environment.filter(|name| !name.is_empty()).map(str::parse).transpose();
    isa.map_err(|error| Error::BadArgument(format!("{ENVIRONMENT_VARIABLE}: {error}")))
}

/// The kernels of the asked-for set, else of the best one.
pub(crate) fn choose(asked: Option<Isa>) -> Result<Kernels> {
    let isa = asked.or_else(|| Isa::available().next_back()).unwrap_or(Isa::Scalar);
    Kernels::new(isa).ok_or_else(|| {
        Error::Unsupported(format!("this CPU has no {isa}: use one of {}", names(Isa::available())))
    })
}

/// Runs a loop compiled for this CPU's vectors. The closure and the functions that it calls must be `#[inline(always)]`: what
/// stays a call runs with the instructions that every CPU has.
#[cfg(not(target_family = "wasm"))]
#[inline(always)]
pub fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    static KERNELS: LazyLock<Kernels> =
        LazyLock::new(|| from_environment().and_then(choose).unwrap_or(Kernels::Scalar(Scalar)));
    KERNELS.vectorize(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_forces_a_set() {
        assert_eq!(named(Some("scalar")), Ok(Some(Isa::Scalar)));
        assert_eq!(named(None), Ok(None));
        assert_eq!(named(Some("")), Ok(None));
        let best = Isa::available().next_back().unwrap();
        assert_eq!(choose(None).unwrap().isa(), best);
        assert_eq!(choose(Some(best)).unwrap().isa(), best);
    }

    #[test]
    fn what_is_unknown_or_missing_is_an_error() {
        let message = named(Some("sse9")).unwrap_err().to_string();
        assert!(message.contains("DEEPSHIFT_CPU") && message.contains("scalar, avx2"), "{message}");
        for isa in Isa::ALL {
            assert_eq!(named(Some(&isa.to_string())), Ok(Some(isa)));
            match choose(Some(isa)) {
                Ok(kernels) => assert_eq!(kernels.isa(), isa),
                Err(error) => assert!(!isa.is_available() && matches!(error, Error::Unsupported(_))),
            }
        }
    }
}
