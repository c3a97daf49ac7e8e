//! Tensors of a file, and how they become f32.

use half::{bf16, f16};

/// A tensor by its place in the file.
#[derive(Debug, Clone)]
pub(crate) struct Tensor<'a> {
    /// The keys that lead to it, joined by dots.
    pub name: String,
    /// How much of the name is that of the dictionary that holds it, its dot included.
    pub base: usize,
    pub shape: Vec<usize>,
    pub content: Content<'a>,
}

#[derive(Debug, Clone)]
pub(crate) enum Content<'a> {
    /// Row after row.
    Plain { bytes: &'a [u8], element: Element },
    /// Elements of a storage.
    View(View),
    /// What it is, where it cannot be decoded.
    Unreadable(String),
}

/// Elements of a storage, steps in elements.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct View {
    /// The storage's name.
    pub storage: String,
    pub element: Element,
    pub offset: usize,
    pub strides: Vec<usize>,
}

/// The type of an element, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    F64,
    F32,
    F16,
    BF16,
    I64,
    I32,
    I16,
    I8,
    U8,
}

impl Element {
    pub fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::BF16 | Self::I16 => 2,
            Self::I8 | Self::U8 => 1,
        }
    }

    fn value(self, bytes: &[u8]) -> f32 {
        fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
            bytes.first_chunk().copied().unwrap_or([0; N])
        }
        match self {
            Self::F64 => f64::from_le_bytes(array(bytes)) as f32,
            Self::F32 => f32::from_le_bytes(array(bytes)),
            Self::F16 => f16::from_le_bytes(array(bytes)).to_f32(),
            Self::BF16 => bf16::from_le_bytes(array(bytes)).to_f32(),
            Self::I64 => i64::from_le_bytes(array(bytes)) as f32,
            Self::I32 => i32::from_le_bytes(array(bytes)) as f32,
            Self::I16 => f32::from(i16::from_le_bytes(array(bytes))),
            Self::I8 => f32::from(i8::from_le_bytes(array(bytes))),
            Self::U8 => bytes.first().copied().map_or(0.0, f32::from),
        }
    }

    /// All of them, row after row.
    pub fn values(self, bytes: &[u8]) -> Vec<f32> {
        bytes.chunks_exact(self.size()).map(|bytes| self.value(bytes)).collect()
    }
}

/// Elements of a shape, or `None` where that is more than a machine can address.
pub(crate) fn elements(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size))
}

impl View {
    /// Bytes of the storage that are needed, from its start.
    pub fn reach(&self, shape: &[usize]) -> Option<usize> {
        if shape.len() != self.strides.len() {
            return None;
        }
        if elements(shape)? == 0 {
            return Some(0);
        }
        let steps = shape.iter().zip(&self.strides);
        let last = steps.map(|(size, step)| (size - 1).checked_mul(*step));
        let last = last.into_iter().try_fold(self.offset, |sum, reach| sum.checked_add(reach?));
        last?.checked_add(1)?.checked_mul(self.element.size())
    }

    /// The elements row after row, from a storage of at least [`reach`](Self::reach) bytes.
    pub fn values(&self, shape: &[usize], storage: &[u8]) -> Vec<f32> {
        let size = self.element.size();
        let (Some(count), true) =
            (elements(shape), self.reach(shape).is_some_and(|end| end <= storage.len()))
        else {
            return Vec::new();
        };
        if self.is_contiguous(shape) {
            return self.element.values(&storage[self.offset * size..][..count * size]);
        }
        let mut index = vec![0; shape.len()];
        let mut at = self.offset;
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            values.push(self.element.value(&storage[at * size..]));
            for axis in (0..shape.len()).rev() {
                index[axis] += 1;
                at += self.strides[axis];
                if index[axis] < shape[axis] {
                    break;
                }
                at -= self.strides[axis] * shape[axis];
                index[axis] = 0;
            }
        }
        values
    }

    fn is_contiguous(&self, shape: &[usize]) -> bool {
        let mut expected = 1;
        shape.iter().zip(&self.strides).rev().all(|(&size, &step)| {
            let fits = size <= 1 || step == expected;
            expected *= size.max(1);
            fits
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(element: Element, offset: usize, strides: &[usize]) -> View {
        View { storage: "0".into(), element, offset, strides: strides.into() }
    }

    #[test]
    fn elements_of_every_type_become_f32() {
        for (element, bytes) in [
            (Element::F64, &(-1.5f64).to_le_bytes()[..]),
            (Element::F32, &(-1.5f32).to_le_bytes()),
            (Element::F16, &[0x00, 0xbe]),
            (Element::BF16, &[0xc0, 0xbf]),
        ] {
            assert_eq!(element.values(bytes), [-1.5]);
        }
        for (element, bytes) in [
            (Element::I64, &[255; 8][..]),
            (Element::I32, &[255; 4]),
            (Element::I16, &[255; 2]),
            (Element::I8, &[255]),
        ] {
            assert_eq!(element.values(bytes), [-1.0]);
        }
        assert_eq!(Element::U8.values(&[255]), [255.0]);
    }

    #[test]
    fn strides_are_followed() {
        let storage: Vec<u8> = (0..12).collect();
        assert_eq!(view(Element::U8, 1, &[3, 1]).values(&[2, 3], &storage), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(view(Element::U8, 1, &[1, 4]).values(&[2, 3], &storage), [1.0, 5.0, 9.0, 2.0, 6.0, 10.0]);
        assert_eq!(view(Element::U8, 5, &[0]).values(&[3], &storage), [5.0; 3]);
        assert_eq!(view(Element::U8, 5, &[]).values(&[], &storage), [5.0]);
    }

    #[test]
    fn what_a_view_says_is_checked() {
        assert_eq!(view(Element::F32, 2, &[3, 1]).reach(&[2, 3]), Some(32));
        assert_eq!(view(Element::F32, 2, &[3]).reach(&[2, 3]), None);
        assert_eq!(view(Element::F32, usize::MAX, &[1]).reach(&[2]), None);
        assert_eq!(view(Element::F32, 0, &[usize::MAX, 1]).reach(&[3, 1]), None);
        assert_eq!(view(Element::F32, 0, &[1, 1]).reach(&[usize::MAX, 2]), None);
        assert!(view(Element::F32, 0, &[1]).values(&[2], &[0; 7]).is_empty());
    }
}
