//! Sizes and rates as the coded streams themselves state them, which is what a decoder believes.
//!
//! Sources: RFC 6386 (VP8), the VP9 bitstream specification 0.6, ITU-T H.264 (7.3.2.1 and annex E) and ISO/IEC 14496-15 for its
//! configuration record, RFC 7845 and RFC 6716 (Opus), ISO/IEC 14496-3 (AAC). Anything out of the ordinary is `None`.

use super::bytes::{Bits, Bytes};

/// Samples a second of AAC by its index.
const AAC_RATES: [u32; 13] = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
/// Longest Opus packet: 120 ms at 48 kHz.
const LONGEST_OPUS: usize = 5760;

/// Width and height of a VP8 key frame.
pub(super) fn vp8(frame: &[u8]) -> Option<(u32, u32)> {
    let &[first, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..] = frame else { return None };
    let [width, height] = [[w0, w1], [h0, h1]].map(u16::from_le_bytes);
    // A key frame that is shown, of a known profile, without upscaling.
    let usual = first & 1 == 0 && first >> 1 & 7 <= 3 && first >> 4 & 1 == 1 && width >> 14 == 0 && height >> 14 == 0;
    usual.then_some((u32::from(width), u32::from(height)))
}

/// Width and height of a VP9 key frame of profile 0.
pub(super) fn vp9(frame: &[u8]) -> Option<(u32, u32)> {
    let mut bits = Bits::new(frame);
    // Marker, profile, no repetition; key frame, shown.
    if bits.number(2)? != 2 || bits.number(3)? != 0 || bits.number(2)? != 1 {
        return None;
    }
    bits.flag()?;
    // In profile 0 the colour space RGB does not exist.
    if bits.number(24)? != 0x49_8342 || bits.number(3)? == 7 {
        return None;
    }
    bits.flag()?;
    Some((bits.number(16)? + 1, bits.number(16)? + 1))
}

/// Width, height and pixel format of H.264 from its configuration record.
pub(super) fn h264(record: &[u8]) -> Option<(u32, u32, &'static str)> {
    let mut bytes = Bytes(record);
    let &[1, _, _, _, lengths, sets] = bytes.take(6)? else { return None };
    if lengths & 3 != 3 || sets & 31 != 1 {
        return None;
    }
    let length = usize::from(bytes.u16()?);
    let set = bytes.take(length)?;
    if bytes.u8()? != 1 || set.first()? & 31 != 7 {
        return None;
    }
    sequence(&unescaped(set.get(1..)?))
}

/// Without the bytes that keep start codes out of the stream.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut zeros = 0;
    for &byte in bytes {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        plain.push(byte);
    }
    plain
}

/// A sequence parameter set: progressive pictures, 8 bits, 4:2:0, square pixels, cropped at the right and the bottom only.
fn sequence(set: &[u8]) -> Option<(u32, u32, &'static str)> {
    let mut bits = Bits::new(set);
    let profile = bits.number(8)?;
    bits.number(16)?;
    bits.golomb()?;
    match profile {
        66 | 77 | 88 => {}
        100 => {
            if bits.golomb()? != 1 || bits.golomb()? != 0 || bits.golomb()? != 0 || bits.flag()? {
                return None;
            }
            if bits.flag()? {
                for list in 0..8 {
                    if bits.flag()? {
                        scaling_list(&mut bits, if list < 6 { 16 } else { 64 })?;
                    }
                }
            }
        }
        _ => return None,
    }
    bits.golomb()?;
    match bits.golomb()? {
        0 => {
            bits.golomb()?;
        }
        1 => {
            bits.flag()?;
            bits.signed_golomb()?;
            bits.signed_golomb()?;
            let count = bits.golomb()?;
            for _ in 0..(count <= 255).then_some(count)? {
                bits.signed_golomb()?;
            }
        }
        2 => {}
        _ => return None,
    }
    bits.golomb()?;
    bits.flag()?;
    let side = |blocks: u32| blocks.checked_add(1)?.checked_mul(16);
    let (mut width, mut height) = (side(bits.golomb()?)?, side(bits.golomb()?)?);
    let progressive = bits.flag()?;
    bits.flag()?;
    if !progressive {
        return None;
    }
    if bits.flag()? {
        let [left, right, top, bottom] = [bits.golomb()?, bits.golomb()?, bits.golomb()?, bits.golomb()?];
        if left != 0 || top != 0 {
            return None;
        }
        width = width.checked_sub(right.checked_mul(2)?)?;
        height = height.checked_sub(bottom.checked_mul(2)?)?;
    }
    let mut full_range = false;
    if bits.flag()? {
        // Pixels are square or of unknown shape.
        if bits.flag()? && bits.number(8)? > 1 {
            return None;
        }
        if bits.flag()? {
            bits.flag()?;
        }
        if bits.flag()? {
            bits.number(3)?;
            full_range = bits.flag()?;
            if bits.flag()? {
                let [_, _, matrix] = [bits.number(8)?, bits.number(8)?, bits.number(8)?];
                // 0: the planes are green, blue and red.
                if matrix == 0 {
                    return None;
                }
            }
        }
    }
    Some((width, height, if full_range { "yuvj420p" } else { "yuv420p" }))
}

fn scaling_list(bits: &mut Bits<'_>, size: usize) -> Option<()> {
    let (mut last, mut next) = (8_i64, 8_i64);
    for _ in 0..size {
        if next != 0 {
            next = (last + bits.signed_golomb()?).rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

/// Samples a second and channels of AAC of low complexity, without its extensions.
pub(super) fn aac(config: &[u8]) -> Option<(u32, u32)> {
    let mut bits = Bits::new(config);
    if bits.number(5)? != 2 {
        return None;
    }
    let rate = *AAC_RATES.get(bits.number(4)? as usize)?;
    let channels = bits.number(4)?;
    // At low rates the upper half of the spectrum is often coded apart, without a word here.
    if rate <= 24_000 || !(1..=2).contains(&channels) {
        return None;
    }
    // Frames of 1024 samples, no dependence on another coder, no extension.
    if bits.number(3)? != 0 {
        return None;
    }
    while bits.left() >= 17 {
        let mut here = bits.clone();
        if here.number(11)? == 0x2b7 && here.number(5)? == 5 && here.flag()? {
            return None;
        }
        bits.flag()?;
    }
    Some((rate, channels))
}

/// Channels of Opus from its header: one stream, one or two channels.
pub(super) fn opus_channels(header: &[u8]) -> Option<u32> {
    let &[b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', 1, channels @ 1..=2, _, _, _, _, _, _, _, _, 0] = header else { return None };
    Some(u32::from(channels))
}

/// Samples at 48 kHz of an Opus packet.
pub(super) fn opus_samples(packet: &[u8]) -> Option<usize> {
    let (&toc, rest) = packet.split_first()?;
    let frame = match toc >> 3 {
        mode @ 0..12 => [480, 960, 1920, 2880][usize::from(mode & 3)],
        mode @ 12..16 => [480, 960][usize::from(mode & 1)],
        mode => [120, 240, 480, 960][usize::from(mode & 3)],
    };
    let count = match toc & 3 {
        0 => 1,
        1 if rest.len().is_multiple_of(2) => 2,
        2 => {
            let (first, rest) = opus_length(rest)?;
            (first <= rest.len()).then_some(2)?
        }
        3 => opus_many(rest)?,
        _ => return None,
    };
    // One frame alone may have 1275 bytes.
    if count < 3 && rest.len() > count * 1275 + 2 {
        return None;
    }
    Some(count * frame).filter(|&samples| samples <= LONGEST_OPUS)
}

fn opus_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [first, rest @ ..] if *first < 252 => Some((usize::from(*first), rest)),
        [first, second, rest @ ..] => Some((usize::from(*first) + 4 * usize::from(*second), rest)),
        _ => None,
    }
}

/// Frames of a packet that says their number, where its lengths add up.
fn opus_many(rest: &[u8]) -> Option<usize> {
    let (&counted, mut rest) = rest.split_first()?;
    let count = usize::from(counted & 63);
    if count == 0 || count > 48 {
        return None;
    }
    let mut padding = 0;
    if counted & 64 != 0 {
        loop {
            let (&byte, after) = rest.split_first()?;
            rest = after;
            padding += usize::from(byte.min(254));
            if byte < 255 {
                break;
            }
        }
    }
    let mut bytes = rest.len().checked_sub(padding)?;
    if counted & 128 == 0 {
        return (bytes.is_multiple_of(count) && bytes / count <= 1275).then_some(count);
    }
    let mut told = 0;
    for _ in 1..count {
        let before = rest.len();
        let (length, after) = opus_length(rest)?;
        rest = after;
        bytes = bytes.checked_sub(before - rest.len())?;
        told += length;
    }
    bytes.checked_sub(told).filter(|&last| last <= 1275).map(|_| count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opus_packets_by_hand() {
        // CELT, full band, 20 ms: one frame, two of a size, two of two sizes, three of a size.
        let toc = 31 << 3;
        assert_eq!(opus_samples(&[toc, 1, 2, 3]), Some(960));
        assert_eq!(opus_samples(&[toc | 1, 1, 2]), Some(1920));
        assert_eq!(opus_samples(&[toc | 1, 1, 2, 3]), None);
        assert_eq!(opus_samples(&[toc | 2, 1, 9, 9, 9]), Some(1920));
        assert_eq!(opus_samples(&[toc | 2, 5, 9, 9]), None);
        assert_eq!(opus_samples(&[toc | 3, 3, 1, 2, 3]), Some(2880));
        assert_eq!(opus_samples(&[toc | 3, 3, 1, 2]), None);
        assert_eq!(opus_samples(&[toc | 3, 128 | 2, 1, 9, 9, 9]), Some(1920));
        assert_eq!(opus_samples(&[toc | 3, 128 | 64 | 2, 1, 1, 9, 9, 0]), Some(1920));
        assert_eq!(opus_samples(&[toc | 3, 64 | 2, 9, 1, 2]), None);
        // Speech, narrow band, 60 ms; three of them would be 180 ms.
        assert_eq!(opus_samples(&[3 << 3]), Some(2880));
        assert_eq!(opus_samples(&[3 << 3 | 3, 3]), None);
        assert_eq!(opus_samples(&[]), None);
    }

    #[test]
    fn configurations_of_aac() {
        assert_eq!(aac(&[0x12, 0x10]), Some((44_100, 2)));
        assert_eq!(aac(&[0x11, 0x88]), Some((48_000, 1)));
        // ffmpeg's encoder says that nothing is coded apart; others say that it is.
        assert_eq!(aac(&[0x12, 0x08, 0x56, 0xe5, 0x00]), Some((44_100, 1)));
        assert_eq!(aac(&[0x12, 0x08, 0x56, 0xe5, 0x80]), None);
        // HE-AAC said at once; 22.05 kHz; six channels; nothing.
        assert_eq!(aac(&[0x2b, 0x92, 0x08, 0x00]), None);
        assert_eq!(aac(&[0x13, 0x90]), None);
        assert_eq!(aac(&[0x12, 0x30]), None);
        assert_eq!(aac(&[]), None);
    }

    #[test]
    fn sizes_of_key_frames() {
        let frame = [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00];
        assert_eq!(vp8(&frame), Some((320, 240)));
        assert_eq!(vp8(&frame[..9]), None);
        let mut between = frame;
        between[0] |= 1;
        assert_eq!(vp8(&between), None);
        // 10 0 0 0 0 1 0 | sync | 001 0 | 319 | 239
        let frame = [0x82, 0x49, 0x83, 0x42, 0x20, 0x13, 0xf0, 0x0e, 0xf0];
        assert_eq!(vp9(&frame), Some((320, 240)));
        for end in 0..frame.len() {
            assert_eq!(vp9(&frame[..end]), None);
        }
    }

    #[test]
    fn start_codes_are_unescaped() {
        assert_eq!(unescaped(&[1, 0, 0, 3, 0, 0, 3, 1, 3]), [1, 0, 0, 0, 0, 1, 3]);
    }
}
