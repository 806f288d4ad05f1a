//! Pictures in memory, and PNG and JPEG files of decoded frames.
//!
//! ```text
//! pixels[(y * width + x) * 3 + channel]      channel 0 red, 1 green, 2 blue; 0..=255; y grows downwards
//! ```
//!
//! Grey and palette pictures become RGB, 16-bit samples keep their upper byte, an alpha channel is dropped (as Pillow's `convert("RGB")`
//! does). A JPEG's EXIF orientation is applied, so that a face stands upright for the detector. Sides are limited to 8192 pixels; a file
//! that ends early is refused, never filled with grey.

use std::io::Cursor;
use std::path::Path;

use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;

use crate::MediaError;

/// Longest side that is read, in pixels.
pub const LONGEST_SIDE: usize = 8192;

/// A picture of 8-bit RGB pixels, row after row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `height * width * 3` bytes, red first.
    pub pixels: Vec<u8>,
}

impl Picture {
    /// `None` when the number of bytes is not `width * height * 3`.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Option<Self> {
        (width.checked_mul(height)?.checked_mul(3)? == pixels.len()).then_some(Picture { width, height, pixels })
    }
}

/// Reads a PNG or JPEG file; its first bytes, not its name, say which.
pub fn read(path: &Path) -> Result<Picture, MediaError> {
    let bytes = std::fs::read(path).map_err(|source| MediaError::Io { action: "reading", path: path.to_owned(), source })?;
    let picture = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        png(&bytes)
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        jpeg(&bytes)
    } else {
        Err("is neither PNG nor JPEG".to_owned())
    };
    picture.map_err(|problem| MediaError::BadFile {
        path: path.to_owned(),
        problem,
        remedy: format!("give a whole PNG or JPEG file of at most {LONGEST_SIDE} pixels a side"),
    })
}

fn check_sides(width: usize, height: usize) -> Result<(), String> {
    if (1..=LONGEST_SIDE).contains(&width) && (1..=LONGEST_SIDE).contains(&height) {
        Ok(())
    } else {
        Err(format!("has {width} x {height} pixels"))
    }
}

fn png(bytes: &[u8]) -> Result<Picture, String> {
    let broken = |error: png::DecodingError| match error {
        png::DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => "is cut short".to_owned(),
        error => format!("is no PNG file that can be read ({error})"),
    };
    let limits = png::Limits { bytes: 4 * LONGEST_SIDE * LONGEST_SIDE };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let header = decoder.read_header_info().map_err(broken)?;
    check_sides(header.width as usize, header.height as usize)?;
    let mut reader = decoder.read_info().map_err(broken)?;
    let mut samples = vec![0; reader.output_buffer_size().ok_or("is too large for the memory of this machine")?];
    let frame = reader.next_frame(&mut samples).map_err(broken)?;
    samples.truncate(frame.buffer_size());
    let pixels = match frame.color_type {
        png::ColorType::Rgb => samples,
        png::ColorType::Rgba => samples.as_chunks::<4>().0.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect(),
        png::ColorType::Grayscale => samples.iter().flat_map(|grey| [*grey; 3]).collect(),
        png::ColorType::GrayscaleAlpha => samples.as_chunks::<2>().0.iter().flat_map(|[grey, _]| [*grey; 3]).collect(),
        png::ColorType::Indexed => return Err("has a palette that could not be resolved".to_owned()),
    };
    Picture::new(frame.width as usize, frame.height as usize, pixels)
        .ok_or_else(|| "holds another number of pixels than it says".to_owned())
}

fn jpeg(bytes: &[u8]) -> Result<Picture, String> {
    // Strict: a file that ends early is an error instead of a half grey picture.
    let options = DecoderOptions::default()
        .set_max_width(LONGEST_SIDE)
        .set_max_height(LONGEST_SIDE)
        .set_strict_mode(true)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    // Some decoders accept a missing end; the end-of-image marker must stand somewhere in the last bytes.
    if !bytes.windows(2).rev().take(4096).any(|pair| pair == [0xff, 0xd9]) {
        return Err("is cut short (it has no end-of-image marker)".to_owned());
    }
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(Cursor::new(bytes), options);
    let broken =
        |error: zune_jpeg::errors::DecodeErrors| format!("is no JPEG file that can be read ({})", first_line(&format!("{error:?}")));
    decoder.decode_headers().map_err(broken)?;
    let info = decoder.info().ok_or("has no picture")?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    check_sides(width, height)?;
    let pixels = decoder.decode().map_err(broken)?;
    let orientation = decoder.exif().and_then(|exif| orientation(exif)).unwrap_or(1);
    let picture = Picture::new(width, height, pixels).ok_or("holds another number of pixels than it says")?;
    Ok(upright(picture, orientation))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The EXIF orientation 1..=8 of the first directory, where there is one.
fn orientation(exif: &[u8]) -> Option<u16> {
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    let little = match exif.get(..2)? {
        b"II" => true,
        b"MM" => false,
        _ => return None,
    };
    let short = |at: usize| -> Option<u16> {
        let pair = [*exif.get(at)?, *exif.get(at + 1)?];
        Some(if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
    };
    let long = |at: usize| -> Option<usize> {
        let (first, second) = (usize::from(short(at)?), usize::from(short(at + 2)?));
        Some(if little { second << 16 | first } else { first << 16 | second })
    };
    let directory = long(4)?;
    let entries = usize::from(short(directory)?);
    let entry = (0..entries).map(|entry| directory + 2 + 12 * entry).find(|&at| short(at) == Some(0x0112))?;
    short(entry + 8).filter(|orientation| (1..=8).contains(orientation))
}

/// Turns and mirrors a picture that was stored with an EXIF orientation.
fn upright(picture: Picture, orientation: u16) -> Picture {
    let (width, height) = (picture.width, picture.height);
    let (turned_width, turned_height) = if orientation >= 5 { (height, width) } else { (width, height) };
    if orientation == 1 {
        return picture;
    }
    let mut pixels = Vec::with_capacity(picture.pixels.len());
    for y in 0..turned_height {
        for x in 0..turned_width {
            let (from_x, from_y) = match orientation {
                2 => (width - 1 - x, y),
                3 => (width - 1 - x, height - 1 - y),
                4 => (x, height - 1 - y),
                5 => (y, x),
                6 => (y, height - 1 - x),
                7 => (width - 1 - y, height - 1 - x),
                _ => (width - 1 - y, x),
            };
            let at = (from_y * width + from_x) * 3;
            pixels.extend_from_slice(&picture.pixels[at..at + 3]);
        }
    }
    Picture { width: turned_width, height: turned_height, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_orientations_by_hand() {
        // One row of two pixels: 10, 20.
        let picture = Picture::new(2, 1, vec![10, 10, 10, 20, 20, 20]).unwrap();
        let reds = |orientation: u16| {
            let turned = upright(picture.clone(), orientation);
            (turned.width, turned.height, turned.pixels.iter().step_by(3).copied().collect::<Vec<_>>())
        };
        assert_eq!(reds(1), (2, 1, vec![10, 20]));
        assert_eq!(reds(2), (2, 1, vec![20, 10]));
        assert_eq!(reds(3), (2, 1, vec![20, 10]));
        assert_eq!(reds(4), (2, 1, vec![10, 20]));
        // A picture stored with orientation 6 is shown after a quarter turn clockwise: its left end comes up.
        assert_eq!(reds(5), (1, 2, vec![10, 20]));
        assert_eq!(reds(6), (1, 2, vec![10, 20]));
        assert_eq!(reds(7), (1, 2, vec![20, 10]));
        assert_eq!(reds(8), (1, 2, vec![20, 10]));
        // A second column tells a turn from a mirror: 1 2 over 3 4.
        let square = Picture::new(2, 2, [1, 2, 3, 4].iter().flat_map(|&grey| [grey; 3]).collect()).unwrap();
        let reds = |orientation| upright(square.clone(), orientation).pixels.into_iter().step_by(3).collect::<Vec<_>>();
        assert_eq!(reds(6), [3, 1, 4, 2]);
        assert_eq!(reds(8), [2, 4, 1, 3]);
        assert_eq!(reds(5), [1, 3, 2, 4]);
        assert_eq!(reds(7), [4, 2, 3, 1]);
    }

    #[test]
    fn orientation_is_found_in_both_byte_orders() {
        let little = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        assert_eq!(orientation(little), Some(6));
        let big = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0";
        assert_eq!(orientation(big), Some(8));
        for end in 0..20 {
            assert_eq!(orientation(&big[..end.min(17)]), None);
        }
    }

    #[test]
    fn the_number_of_bytes_must_fit() {
        assert!(Picture::new(2, 2, vec![0; 11]).is_none());
        assert!(Picture::new(usize::MAX, 2, vec![]).is_none());
    }
}
