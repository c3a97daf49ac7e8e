//! The names under which a caller chooses how a model is run, the same for every executor and the command line.

use crate::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// The two arithmetics of a `.dshift` file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// f32 between nodes.
    #[default]
    Float,
    /// i8 between nodes, the same bits everywhere.
    Integer,
}

/// The three families of kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kernel {
    /// Dot products of decoded weights: the fast path.
    #[default]
    Dot,
    /// Shift and add by the codes, without a multiplication; integer mode only.
    Shift,
    /// One output at a time with ordinary multiplications: the original's comparison.
    NaiveMultiply,
}

impl Kernel {
    /// All families.
    pub const ALL: [Self; 3] = [Self::Dot, Self::Shift, Self::NaiveMultiply];

    fn name(self) -> &'static str {
        match self {
            Self::Dot => "dot",
            Self::Shift => "shift",
            Self::NaiveMultiply => "naive-multiply",
        }
    }
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Integer => "integer",
        }
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kernel {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kernel| kernel.name() == name).ok_or_else(|| {
            Error::argument(format!("there is no kernel {name:?}: use dot, shift or naive-multiply"))
        })
    }
}

impl FromStr for Mode {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        [Self::Float, Self::Integer]
            .into_iter()
            .find(|mode| mode.name() == name)
            .ok_or_else(|| Error::argument(format!("there is no mode {name:?}: use float or integer")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for kernel in Kernel::ALL {
            assert_eq!(kernel.to_string().parse(), Ok(kernel));
        }
        for mode in [Mode::Float, Mode::Integer] {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
        assert!("multiply".parse::<Kernel>().unwrap_err().to_string().contains("naive-multiply"));
        assert!("int".parse::<Mode>().is_err());
    }
}
