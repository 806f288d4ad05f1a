//! Whether the tracks of an MP4 or MOV file are encrypted: a decoder takes the ciphertext for content, and of what it makes some looks like pictures.
//!
//! The description of an encrypted track's samples is called `encv` or `enca` (ISO/IEC 23001-7), in older shops' files `drmi` or `drms`; programs that
//! only decode tell of the coder below it.

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

/// The name of the first encrypted description of samples in a file of boxes; `None` where there is none, and where the boxes cannot be read.
pub(super) fn protected(path: &Path) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut at = 0;
    for _ in 0..MOST_BOXES {
        let mut head = [0; 16];
        file.seek(SeekFrom::Start(at))?;
        let read = file.by_ref().take(16).read(&mut head)?;
        let Some((kind, header, size)) = head_of(&head[..read], length - at) else { return Ok(None) };
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
    use super::within;

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
