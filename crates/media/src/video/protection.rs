//! Whether the tracks of a recording are encrypted: a decoder takes the ciphertext for content, and of what it makes some looks like pictures.
//!
//! The description of an encrypted track's samples is called `encv` or `enca` (ISO/IEC 23001-7), in older shops' files `drmi` or `drms`; programs that
//! only decode tell of the coder below it. A track of a Matroska or WebM file says how its blocks are to be undone (RFC 9559, `ContentEncodings`): by
//! decompressing, or by a key.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Descriptions of samples that are encrypted.
const PROTECTED: [&[u8; 4]; 6] = [b"encv", b"enca", b"enct", b"encs", b"drmi", b"drms"];
/// Boxes on the way from a movie to the descriptions of samples.
const WAY: [&[u8; 4]; 5] = [b"moov", b"trak", b"mdia", b"minf", b"stbl"];
/// Largest description of a movie that is looked at; longer ones are of recordings over every limit.
const LARGEST_MOVIE: u64 = 64 << 20;
/// Boxes at the top of a file that are passed over in search of the movie.
const MOST_BOXES: usize = 100_000;

/// How Matroska and WebM files begin.
const EBML: u32 = 0x1a45_dfa3;
const SEGMENT: u32 = 0x1853_8067;
const TRACKS: u32 = 0x1654_ae6b;
/// From a track to how one of its blocks is undone.
const WAY_TO_ENCODINGS: [u32; 3] = [0xae, 0x6d80, 0x6240];
const ENCODING_TYPE: u32 = 0x5033;
const ENCRYPTION: u32 = 0x5035;

/// What says that a track is encrypted, in a file of boxes or of Matroska's elements; `None` where nothing does, and where the file cannot be read.
pub(super) fn encrypted(path: &Path) -> io::Result<Option<String>> {
    let mut start = [0; 4];
    if File::open(path)?.read_exact(&mut start).is_ok() && u32::from_be_bytes(start) == EBML {
        return Ok(tracks(path)?.filter(|tracks| has_key(tracks, &WAY_TO_ENCODINGS)).map(|_| "a track has a ContentEncryption".to_owned()));
    }
    Ok(protected(path)?.map(|kind| format!("a track is described as {kind}")))
}

/// The descriptions of the tracks of a Matroska file; they stand before the first cluster, or behind clusters of known length.
fn tracks(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = File::open(path)?;
    let mut at = 0;
    for _ in 0..MOST_BOXES {
        let mut head = Vec::new();
        file.seek(SeekFrom::Start(at))?;
        file.by_ref().take(12).read_to_end(&mut head)?;
        let Some((id, header, size)) = element(&head) else { return Ok(None) };
        at += header;
        match (id, size) {
            (SEGMENT, _) => {}
            (TRACKS, Some(size)) => {
                let mut tracks = Vec::new();
                file.seek(SeekFrom::Start(at))?;
                file.take(size.min(LARGEST_MOVIE)).read_to_end(&mut tracks)?;
                return Ok(Some(tracks));
            }
            (_, Some(size)) => match at.checked_add(size) {
                Some(next) => at = next,
                None => return Ok(None),
            },
            (_, None) => return Ok(None),
        }
    }
    Ok(None)
}

/// Id, length of the head, and length of the body of the element that begins here, where that is known.
fn element(bytes: &[u8]) -> Option<(u32, u64, Option<u64>)> {
    let digits = |bytes: &[u8], longest: usize| {
        let length = bytes.first()?.leading_zeros() as usize + 1;
        let bytes = bytes.get(..length).filter(|_| length <= longest)?;
        Some((length, bytes.iter().fold(0_u64, |value, &byte| value << 8 | u64::from(byte))))
    };
    let (id_length, id) = digits(bytes, 4)?;
    let (size_length, size) = digits(&bytes[id_length..], 8)?;
    let mask = (1_u64 << (7 * size_length)) - 1;
    let size = Some(size & mask).filter(|size| *size != mask);
    Some((id as u32, (id_length + size_length) as u64, size))
}

/// Whether there is an encoding by a key at the end of this way.
fn has_key(mut bytes: &[u8], way: &[u32]) -> bool {
    while let Some((id, header, Some(size))) = element(bytes) {
        let Some(body) = bytes.get(header as usize..).and_then(|rest| rest.get(..usize::try_from(size).ok()?)) else { return false };
        let found = match way {
            [next, rest @ ..] => id == *next && has_key(body, rest),
            // 0, the default: compressed.
            [] => id == ENCRYPTION || id == ENCODING_TYPE && body.iter().any(|&byte| byte != 0),
        };
        if found {
            return true;
        }
        bytes = &bytes[header as usize + body.len()..];
    }
    false
}

/// The name of the first encrypted description of samples in a file of boxes; `None` where there is none, and where the boxes cannot be read.
fn protected(path: &Path) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut at = 0;
    for _ in 0..MOST_BOXES {
        let mut head = Vec::new();
        file.seek(SeekFrom::Start(at))?;
        file.by_ref().take(16).read_to_end(&mut head)?;
        let Some((kind, header, size)) = head_of(&head, length - at) else { return Ok(None) };
        if kind == *b"moov" {
            let mut movie = Vec::new();
            file.seek(SeekFrom::Start(at + header))?;
            file.take((size - header).min(LARGEST_MOVIE)).read_to_end(&mut movie)?;
            return Ok(within(&movie, WAY.len()).map(|kind| String::from_utf8_lossy(&kind).into_owned()));
        }
        at += size;
        if at >= length {
            return Ok(None);
        }
    }
    Ok(None)
}

/// Kind, length of the head and of the whole of the box that begins here; `left` bytes there are at most.
fn head_of(bytes: &[u8], left: u64) -> Option<([u8; 4], u64, u64)> {
    let short = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
    let kind = bytes.get(4..8)?.try_into().ok()?;
    let (header, size) = match short {
        0 => (8, left),
        1 => (16, u64::from_be_bytes(bytes.get(8..16)?.try_into().ok()?)),
        size => (8, u64::from(size)),
    };
    (header <= size && size <= left).then_some((kind, header, size))
}

/// Looks into boxes that lie at most so deep in each other.
fn within(bytes: &[u8], depth: usize) -> Option<[u8; 4]> {
    each(bytes, |kind, body| match kind {
        _ if WAY.contains(&&kind) => within(body, depth.checked_sub(1)?),
        // Version, flags and the number of descriptions come first.
        _ if kind == *b"stsd" => each(body.get(8..)?, |kind, _| PROTECTED.contains(&&kind).then_some(kind)),
        _ => None,
    })
}

/// What is found in the first box that holds any.
fn each(mut bytes: &[u8], find: impl Fn([u8; 4], &[u8]) -> Option<[u8; 4]>) -> Option<[u8; 4]> {
    while let Some((kind, header, size)) = head_of(bytes, bytes.len() as u64) {
        if let Some(found) = find(kind, &bytes[header as usize..size as usize]) {
            return Some(found);
        }
        bytes = &bytes[size as usize..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{WAY_TO_ENCODINGS, element, has_key, within};

    /// An element of fewer than 127 bytes.
    fn made(id: &[u8], body: &[u8]) -> Vec<u8> {
        [id, &[0x80 | body.len() as u8], body].concat()
    }

    #[test]
    fn a_key_is_found_among_the_encodings_of_a_track() {
        let track = |encoding: &[u8]| {
            let encodings = made(&[0x6d, 0x80], &made(&[0x62, 0x40], encoding));
            [made(&[0xae], &made(&[0xd7], &[1])), made(&[0xae], &[made(&[0xd7], &[2]), encodings].concat())].concat()
        };
        for (encoding, encrypted) in [
            (made(&[0x50, 0x33], &[1]), true),
            (made(&[0x50, 0x35], &made(&[0x47, 0xe1], &[5])), true),
            (made(&[0x50, 0x33], &[0]), false),
            (made(&[0x50, 0x34], &[]), false),
        ] {
            let tracks = track(&encoding);
            assert_eq!(has_key(&tracks, &WAY_TO_ENCODINGS), encrypted, "{encoding:?}");
            for cut in 0..tracks.len() {
                let _ = has_key(&tracks[..cut], &WAY_TO_ENCODINGS);
            }
        }
        assert_eq!(element(&[0x18, 0x53, 0x80, 0x67, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Some((0x1853_8067, 12, None)));
        assert_eq!(element(&[0xae, 0x40, 0x80]), Some((0xae, 3, Some(128))));
        assert_eq!(element(&[0, 0, 0]), None);
    }

    fn boxed(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes()[..], &kind, body].concat()
    }

    #[test]
    fn descriptions_are_found_however_the_boxes_are_nested() {
        for (kind, found) in [(b"encv", true), (b"drms", true), (b"avc1", false)] {
            let descriptions = boxed(*b"stsd", &[&[0; 8][..], &boxed(*kind, b"body")].concat());
            let track = boxed(*b"trak", &boxed(*b"mdia", &boxed(*b"minf", &boxed(*b"stbl", &descriptions))));
            let movie = [boxed(*b"mvhd", b"encv"), boxed(*b"trak", b""), track].concat();
            assert_eq!(within(&movie, 5).is_some(), found);
            assert_eq!(within(&movie, 3), None, "deeper than any movie");
            // Cut off, or with a size that leads outside, it is no box.
            assert_eq!(within(&movie[..movie.len() - 1], 5), None);
        }
    }
}
