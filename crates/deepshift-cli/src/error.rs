//! What ends a command early, and with which exit code.

/// Why a command ends without its result. The message is one line and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something that the user gave, or the machine behind it, is not as it must be.
    #[error("{0}")]
    Input(String),
    /// Ctrl-C, after everything worth saving was saved.
    #[error("stopped by Ctrl-C")]
    Interrupted,
    /// The program that reads standard output is gone; nobody is there to be told.
    #[error("standard output is closed")]
    OutputClosed,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub fn input(message: impl std::fmt::Display) -> Self {
        Self::Input(message.to_string())
    }

    /// 2 for bad input, as clap's own errors; 128 plus the signal's number where a shell expects that.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Input(_) => 2,
            Self::Interrupted => crate::interrupt::EXIT_CODE,
            Self::OutputClosed => 141,
        }
    }
}

impl From<deepshift_core::Error> for Error {
    fn from(error: deepshift_core::Error) -> Self {
        Self::input(error)
    }
}

impl From<deepshift_cpu::Error> for Error {
    fn from(error: deepshift_cpu::Error) -> Self {
        Self::input(error)
    }
}

impl From<deepshift_wgpu::Error> for Error {
    fn from(error: deepshift_wgpu::Error) -> Self {
        Self::input(error)
    }
}

impl From<deepshift::Error> for Error {
    fn from(error: deepshift::Error) -> Self {
        Self::input(error)
    }
}

impl From<deepshift_burn::Error> for Error {
    fn from(error: deepshift_burn::Error) -> Self {
        Self::input(error)
    }
}

impl From<deepshift_train::Error> for Error {
    fn from(error: deepshift_train::Error) -> Self {
        Self::input(error)
    }
}

impl From<deepshift_train::data::Error> for Error {
    fn from(error: deepshift_train::data::Error) -> Self {
        Self::input(error)
    }
}
