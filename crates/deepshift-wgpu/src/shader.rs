//! Shader variants: files one after the other, with other values for their constants.

use std::fmt::Write;

/// The text of one shader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shader(String);

/// A value that WGSL has a literal for.
pub enum Literal {
    U32(u32),
    I32(i32),
    F32(f32),
    Bool(bool),
}

impl Shader {
    pub fn new(files: &[&str]) -> Self {
        // A line of `set` begins after a line's end, also the first one.
        Self(format!("\n{}", files.concat()))
    }

    /// Replaces the value in the line `const <name>: <type> = <value>;`, which some file must have.
    pub fn set(mut self, name: &str, value: impl Into<Literal>) -> Self {
        let line = self.0.find(&format!("\nconst {name}: ")).map(|newline| newline + 1);
        let place = line.and_then(|line| {
            let value = line + self.0[line..].find(" = ")? + 3;
            Some(value..value + self.0[value..].find(';')?)
        });
        match place {
            Some(place) => self.0.replace_range(place, &value.into().text()),
            // Not WGSL: the test of all variants finds it.
            None => self.0.push_str(&format!("no constant {name}")),
        }
        self
    }

    /// Several numbers.
    pub fn set_all(self, values: &[(&str, usize)]) -> Self {
        values.iter().fold(self, |shader, &(name, value)| shader.set(name, value))
    }

    pub fn text(&self) -> &str {
        &self.0
    }
}

impl Literal {
    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = match self {
            Self::U32(value) => write!(text, "{value}u"),
            Self::I32(value) => write!(text, "i32({value})"),
            Self::F32(value) => {
                let (significand, exponent) = parts(*value);
                let sign = if value.is_sign_negative() { "-" } else { "" };
                write!(text, "f32({sign}{significand:#x}p{exponent})")
            }
            Self::Bool(value) => write!(text, "{value}"),
        };
        text
    }
}

/// A finite value is `±significand * 2^exponent`. Written like that it needs none of the 18 KB that format floats.
fn parts(value: f32) -> (u32, i32) {
    let (fraction, exponent) = (value.to_bits() & 0x7f_ffff, value.to_bits() >> 23 & 0xff);
    match exponent {
        0 => (fraction, -149),
        _ => (fraction | 0x80_0000, exponent as i32 - 150),
    }
}

impl From<usize> for Literal {
    /// Nothing is cut off: `Graph::shapes` allows no size, stride or dilation above `2^28`, and numbers of workgroups and
    /// quads stay below what a buffer holds.
    fn from(value: usize) -> Self {
        Self::U32(value as u32)
    }
}

impl From<i32> for Literal {
    fn from(value: i32) -> Self {
        Self::I32(value)
    }
}

impl From<f32> for Literal {
    fn from(value: f32) -> Self {
        Self::F32(value)
    }
}

impl From<bool> for Literal {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_replaced() {
        let shader =
            Shader::new(&["// x\nconst A: u32 = 1u;\nconst B: f32 = 0.0;\n", "const AB: bool = true;\n"]);
        let text = shader.set("A", 7usize).set("B", -1f32).set("AB", false);
        assert_eq!(
            text.text(),
            "\n// x\nconst A: u32 = 7u;\nconst B: f32 = f32(-0x800000p-23);\nconst AB: bool = false;\n"
        );
        for value in [0.1f32, 1.5e-9, f32::MAX, f32::MIN_POSITIVE, 1e-45, 0.0] {
            let (significand, exponent) = parts(value);
            assert_eq!(f64::from(significand) * f64::from(exponent).exp2(), f64::from(value));
        }
        assert!(Shader::new(&["const A: u32 = 1u;"]).set("C", 1usize).text().contains("no constant C"));
    }
}
