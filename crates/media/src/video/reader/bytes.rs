//! Numbers and bits out of a slice; `None` where it ends.

/// A slice that is read from its beginning. Numbers are stored highest byte first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Bits, highest first.
#[derive(Debug, Clone)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Bits { bytes, at: 0 }
    }

    /// Bits that are left.
    pub(super) fn left(&self) -> usize {
        self.bytes.len() * 8 - self.at
    }

    /// Up to 32 bits as a number.
    pub(super) fn number(&mut self, count: u32) -> Option<u32> {
        let mut number = 0_u64;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            number = number << 1 | u64::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        u32::try_from(number).ok()
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        self.number(1).map(|bit| bit == 1)
    }

    /// Exponential Golomb code without sign: k zeros, a one, k bits.
    pub(super) fn golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.number(zeros)?)
    }

    /// Exponential Golomb code with sign: 0, 1, -1, 2, -2, ...
    pub(super) fn signed_golomb(&mut self) -> Option<i64> {
        let code = i64::from(self.golomb()?);
        Some(if code % 2 == 1 { (code + 1) / 2 } else { -code / 2 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golomb_codes_by_hand() {
        // 1 | 010 | 011 | 00100 | 00101 : 0 1 2 3 4
        let coded = [0b1010_0110, 0b0100_0010, 0b1000_0000];
        let mut bits = Bits::new(&coded);
        assert_eq!((0..5).map(|_| bits.golomb().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!(bits.left(), 7);
        let mut bits = Bits::new(&coded);
        assert_eq!((0..5).map(|_| bits.signed_golomb().unwrap()).collect::<Vec<_>>(), [0, 1, -1, 2, -2]);
        assert_eq!(Bits::new(&[0; 9]).golomb(), None);
        assert_eq!(Bits::new(&[0, 0]).golomb(), None);
        assert_eq!(Bits::new(&[0, 0, 0, 1, 255, 255, 255, 255]).golomb(), Some(u32::MAX - 1));
    }

    #[test]
    fn a_slice_ends() {
        let mut bytes = Bytes(&[1, 2, 3]);
        assert_eq!(bytes.u16(), Some(0x0102));
        assert_eq!(bytes.u16(), None);
        assert_eq!(bytes.u8(), Some(3));
        assert!(bytes.is_empty());
        assert_eq!(bytes.take(usize::MAX), None);
    }
}
