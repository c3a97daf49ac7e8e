//! What a data set had to leave out.

#[cfg(not(target_family = "wasm"))]
/// How many are named; the rest is counted.
const NAMED: usize = 100;

/// Pictures that could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped {
    /// How many.
    pub count: usize,
    /// The first hundred of them.
    pub named: Vec<SkippedPicture>,
}

/// A picture that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedPicture {
    /// Its file.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Skipped {
    /// What is wrong with the first.
    pub fn reason(&self) -> String {
        match self.named.first() {
            Some(first) => format!("{}: {}", first.name, first.reason),
            None => "there is none".into(),
        }
    }

    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn add(&mut self, name: impl Into<String>, reason: impl Into<String>) {
        self.count += 1;
        if self.named.len() < NAMED {
            self.named.push(SkippedPicture { name: name.into(), reason: reason.into() });
        }
    }
}
