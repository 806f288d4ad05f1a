//! Damage to bytes, as disks, networks and attackers do it.

use rand::{Rng, RngExt};

/// Texts that mean something to some reader, or to a terminal.
const WORDS: [&[u8]; 24] = [
    b"\x1b[31m",
    b"\0",
    b"\xe2\x80\xae",
    b"\xc2\x85",
    b"\xc2\x9b",
    b"\r",
    b"\t",
    b"\x7f",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\"",
    b"\"\"\"",
    b"\n\n\n",
    b",,,,",
    b";",
    b"{",
    b"[[[[[[[[",
    b"]",
    b"NaN",
    b"-inf",
    b"null",
    b"../../etc/passwd",
    b"%s%n",
    b"=1+1",
];

/// Numbers in the place of others.
const NUMBERS: [&str; 18] = [
    "0",
    "-1",
    "1",
    "2147483647",
    "4294967295",
    "9223372036854775807",
    "18446744073709551615",
    "-9223372036854775808",
    "99999999999999999999999999",
    "1e308",
    "1e309",
    "-1e308",
    "1e-320",
    "0.1e-5",
    "NaN",
    "65536",
    "1000000",
    "1000000000",
];

/// Values of a length, an offset or a count.
const LENGTHS: [u64; 14] = [
    0,
    1,
    2,
    0x7f,
    0x80,
    0xff,
    0xffff,
    0x00ff_ffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_ffff_ffff,
];

/// Most bytes that a damage adds.
const ADDED: usize = 1 << 16;

fn place(chance: &mut impl Rng, length: usize) -> usize {
    chance.random_range(0..=length)
}

/// A piece of bytes, short more often than long.
fn piece(chance: &mut impl Rng, length: usize) -> std::ops::Range<usize> {
    let longest = 1_usize << chance.random_range(0..16_u32);
    let from = place(chance, length);
    from..(from + chance.random_range(1..=longest)).min(length)
}

/// The bytes of a seed, damaged in one to four ways; `other` is another seed of the same reader.
pub(super) fn damaged(chance: &mut impl Rng, seed: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..[1, 1, 1, 2, 2, 3, 4][chance.random_range(0..7_usize)] {
        damage(chance, &mut bytes, other);
    }
    bytes
}

fn damage(chance: &mut impl Rng, bytes: &mut Vec<u8>, other: &[u8]) {
    let length = bytes.len();
    if length == 0 {
        bytes.extend_from_slice(WORDS[chance.random_range(0..WORDS.len())]);
        return;
    }
    match chance.random_range(0..13_u32) {
        0 => bytes[chance.random_range(0..length)] ^= 1 << chance.random_range(0..8_u32),
        1 => {
            let values = [0, 1, 0x7f, 0x80, 0xff, b'\n', b'"', b',', b' ', b'-', b'9', b'<', chance.random_range(0..=255)];
            bytes[chance.random_range(0..length)] = values[chance.random_range(0..values.len())];
        }
        2 => {
            // Ends that are nearly whole find other faults than heads alone.
            let cut = if chance.random_bool(0.5) { length - chance.random_range(1..=length.min(64)) } else { place(chance, length) };
            bytes.truncate(cut);
        }
        3 => {
            let copied = bytes[piece(chance, length)].to_vec();
            let (at, times) = (place(chance, length), chance.random_range(1..=8_usize));
            let added = copied.repeat(times.min(ADDED / copied.len().max(1)).max(1));
            bytes.splice(at..at, added);
        }
        4 => drop(bytes.drain(piece(chance, length))),
        5 => {
            let count = 1_usize << chance.random_range(0..14_u32);
            let (at, same) = (place(chance, length), chance.random::<bool>().then(|| chance.random::<u8>()));
            let added: Vec<u8> = (0..count).map(|_| same.unwrap_or_else(|| chance.random())).collect();
            bytes.splice(at..at, added);
        }
        6 | 7 => number(chance, bytes),
        8 => {
            let size = [1, 2, 4, 8][chance.random_range(0..4_usize)];
            if length < size {
                return;
            }
            // Most formats keep what steers them at their beginning or at their end.
            let at = match chance.random_range(0..4_u32) {
                0 => chance.random_range(0..=(length - size).min(64)),
                1 => length - size - chance.random_range(0..=(length - size).min(64)),
                _ => chance.random_range(0..=length - size),
            };
            let at = if chance.random_bool(0.7) { at / size * size } else { at };
            let value = match chance.random_range(0..=LENGTHS.len()) {
                drawn if drawn < LENGTHS.len() => LENGTHS[drawn],
                _ => length as u64,
            };
            let value = if chance.random_bool(0.2) { value.wrapping_sub(1) } else { value };
            let little = value.to_le_bytes();
            let written: Vec<u8> = if chance.random() { little[..size].to_vec() } else { little[..size].iter().rev().copied().collect() };
            bytes[at..at + size].copy_from_slice(&written);
        }
        9 => {
            let size = chance.random_range(1..=(length / 2).max(1));
            let (one, two) = (chance.random_range(0..=length - size), chance.random_range(0..=length - size));
            if one.abs_diff(two) >= size {
                let (first, second) = (one.min(two), one.max(two));
                let (left, right) = bytes.split_at_mut(second);
                left[first..first + size].swap_with_slice(&mut right[..size]);
            }
        }
        10 => {
            let (from, to) = (place(chance, length), place(chance, other.len()));
            bytes.truncate(from);
            bytes.extend_from_slice(&other[to..]);
        }
        11 => {
            let (at, word) = (place(chance, length), WORDS[chance.random_range(0..WORDS.len())]);
            bytes.splice(at..at, word.iter().copied());
        }
        _ => {
            // A line or a field of a text twice, or gone.
            let (at, separator) = (chance.random_range(0..length), [b'\n', b',', b'}'][chance.random_range(0..3_usize)]);
            let from = bytes[..at].iter().rposition(|&byte| byte == separator).map_or(0, |found| found + 1);
            let to = bytes[at..].iter().position(|&byte| byte == separator).map_or(length, |found| at + found + 1);
            if chance.random() {
                bytes.drain(from..to);
            } else {
                let line = bytes[from..to].to_vec();
                bytes.splice(from..from, line);
            }
        }
    }
}

/// Puts another number in the place of one that is written in digits.
fn number(chance: &mut impl Rng, bytes: &mut Vec<u8>) {
    let (length, from) = (bytes.len(), chance.random_range(0..bytes.len()));
    let Some(at) = (from..length).chain(0..from).find(|&at| bytes[at].is_ascii_digit()) else { return };
    let inside = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    let start = (0..at).rev().take_while(|&at| inside(bytes[at])).last().unwrap_or(at);
    let end = (at..length).take_while(|&at| inside(bytes[at])).last().unwrap_or(at) + 1;
    bytes.splice(start..end, NUMBERS[chance.random_range(0..NUMBERS.len())].bytes());
}
