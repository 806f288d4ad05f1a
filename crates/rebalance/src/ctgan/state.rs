//! What is learned as bytes: little-endian, a mark and an edition in front, a digest at the end.

use evenhand_rows::digest;

const EDITION: u8 = 1;
const DIGEST: usize = 64;

/// Writes values one after another.
#[derive(Debug)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Begins with a mark of 7 letters.
    pub(super) fn new(mark: [u8; 7]) -> Self {
        let mut bytes = mark.to_vec();
        bytes.push(EDITION);
        Writer { bytes }
    }

    pub(super) fn byte(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(super) fn long(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn count(&mut self, value: usize) {
        self.long(value as u64);
    }

    pub(super) fn text(&mut self, value: &str) {
        self.count(value.len());
        self.bytes.extend_from_slice(value.as_bytes());
    }

    pub(super) fn doubles(&mut self, values: &[f64]) {
        for value in values {
            self.bytes.extend_from_slice(&value.to_le_bytes());
        }
    }

    /// The length, then the values.
    pub(super) fn floats(&mut self, values: &[f32]) {
        self.count(values.len());
        self.bytes.reserve(4 * values.len());
        for value in values {
            self.bytes.extend_from_slice(&value.to_le_bytes());
        }
    }

    /// All bytes and their digest.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let digest = digest::of_bytes(&self.bytes);
        self.bytes.extend_from_slice(digest.as_bytes());
        self.bytes
    }
}

/// Reads them back; every reading is `None` at the end of the bytes.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Checks mark, edition and digest.
    pub(super) fn new(bytes: &'a [u8], mark: [u8; 7]) -> Option<Self> {
        let (body, end) = bytes.split_at_checked(bytes.len().checked_sub(DIGEST)?)?;
        let (front, rest) = body.split_at_checked(8)?;
        (front[..7] == mark && front[7] == EDITION && digest::of_bytes(body).as_bytes() == end).then_some(Reader { bytes: rest })
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub(super) fn long(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    /// A count of things that take at least a byte each.
    pub(super) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.long()?).ok()
    }

    pub(super) fn text(&mut self) -> Option<String> {
        let length = self.count()?;
        let (text, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        String::from_utf8(text.to_vec()).ok()
    }

    pub(super) fn double(&mut self) -> Option<f64> {
        self.take().map(f64::from_le_bytes)
    }

    /// As many values as are expected.
    pub(super) fn floats(&mut self, expected: usize) -> Option<Vec<f32>> {
        if self.count()? != expected {
            return None;
        }
        let (values, rest) = self.bytes.split_at_checked(expected.checked_mul(4)?)?;
        self.bytes = rest;
        Some(values.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value)).collect())
    }

    /// Whether all was read.
    pub(super) fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }
}
