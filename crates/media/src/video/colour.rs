//! From the planes that decoders put out to red, green and blue.
//!
//! ```text
//! C(x, y) = sum over 4 x 4 of b(dx) b(dy) c       chroma between its samples, which lie in the middle of 2 x 2 pixels
//! b(d) = (8.4 d^3 - 14.4 d^2 + 6) / 6             |d| < 1
//!      = (-3.6 d^3 + 18 d^2 - 28.8 d + 14.4) / 6  1 <= |d| < 2
//!
//! L = k (Y - o)      R = L + 2 s (1 - kr) V      B = L + 2 s (1 - kb) U      G = L - (kr (R - L) + kb (B - L)) / kg
//! ```
//!
//! Y, U, V: samples of 8 bits, 0..=255, U and V less 128; U and V have half the columns and rows, rounded up (4:2:0), and go on beyond
//! the border as they are at it. Limited range: o = 16, k = 255/219, s = 255/224; full range: o = 0, k = s = 1. kr, kg, kb: shares of the
//! colours in the brightness, by the standard that the recording names; BT.601 where it names none.
//!
//! The filter is the one that ffmpeg's scaler uses with the flags `bicubic+full_chroma_int+full_chroma_inp`, so are its ideas of where
//! chroma lies, of what an unnamed standard means, and that chroma above its largest sample is cut between the two directions. The pixels
//! are those of its conversion but for rounding (a test allows 1 of 255) and for the third row and column of a picture, where its filter has a
//! slip of its own (up to 7 of 255 at the sharpest edges). That conversion, bit-exact on every processor, took a quarter of ffmpeg's time; this one is whole numbers throughout, so it is the same on
//! every processor too, and no longer depends on ffmpeg's version.
//!
//! Sources: ITU-T H.273 (ranges and matrices); the cubic family of Mitchell and Netravali with B = 0, C = 0.6.

#![allow(clippy::inline_always, reason = "bodies must be compiled inside the function that enables the processor's vectors")]

use pulp::{Arch, Simd, WithSimd};

use crate::Picture;

/// b at the distances 1.75, 0.75, 0.25, 1.25 from a chroma sample, in 2^-14; they add up to 1.
const TAPS: [i32; 4] = [-461, 3942, 14_285, -1382];
const TAP_DIGITS: u32 = 14;
/// Binary digits behind the point of chroma between its samples, and of the matrix.
const DIGITS: u32 = 6;
const MATRIX_DIGITS: u32 = 13;
/// Chroma just below 128.
const HIGHEST: i32 = (128 << DIGITS) - 1;
/// Samples added at each end of a row of chroma.
const MARGIN: usize = 2;
/// Rows of chroma that are alive.
const ROWS: usize = 4;

/// What samples mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Colours {
    full: bool,
    kr: f64,
    kb: f64,
}

impl Default for Colours {
    fn default() -> Self {
        Self::named("unknown", "unknown")
    }
}

impl Colours {
    /// By ffmpeg's names of range and standard.
    pub(super) fn named(range: &str, standard: &str) -> Self {
        let (kr, kb) = match standard {
            "bt709" => (0.2126, 0.0722),
            "fcc" => (0.30, 0.11),
            "smpte240m" => (0.212, 0.087),
            "bt2020nc" | "bt2020c" => (0.2627, 0.0593),
            _ => (0.299, 0.114),
        };
        Colours { full: ["pc", "full", "jpeg"].contains(&range), kr, kb }
    }

    fn matrix(self) -> Matrix {
        let Colours { full, kr, kb } = self;
        let (offset, luma, chroma) = if full { (0, 1.0, 1.0) } else { (16, 255.0 / 219.0, 255.0 / 224.0) };
        let kg = 1.0 - kr - kb;
        let fixed = |factor: f64| (factor * f64::from(1 << MATRIX_DIGITS)).round() as i32;
        Matrix {
            offset,
            luma: fixed(luma),
            red_v: fixed(chroma * 2.0 * (1.0 - kr)),
            green_u: fixed(-chroma * 2.0 * (1.0 - kb) * kb / kg),
            green_v: fixed(-chroma * 2.0 * (1.0 - kr) * kr / kg),
            blue_u: fixed(chroma * 2.0 * (1.0 - kb)),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Matrix {
    offset: i32,
    luma: i32,
    red_v: i32,
    green_u: i32,
    green_v: i32,
    blue_u: i32,
}

/// Bytes of a picture in planes.
pub(super) fn bytes(width: usize, height: usize) -> usize {
    width * height + 2 * width.div_ceil(2) * height.div_ceil(2)
}

/// Converts pictures of one size; its memory is used again for each.
#[derive(Debug)]
pub(super) struct Converter {
    width: usize,
    height: usize,
    /// A row of chroma less 128, with its margins.
    samples: Vec<i16>,
    /// Rows of U and of V at every pixel, row r in place r modulo their number.
    between: [[Vec<i16>; ROWS]; 2],
    /// A row of red, of green and of blue.
    lines: [Vec<u8>; 3],
}

impl Converter {
    pub(super) fn new(width: usize, height: usize) -> Self {
        let chroma = width.div_ceil(2);
        let rows = || std::array::from_fn(|_| vec![0; 2 * chroma]);
        Converter {
            width,
            height,
            samples: vec![0; chroma + 2 * MARGIN],
            between: [rows(), rows()],
            lines: std::array::from_fn(|_| vec![0; width]),
        }
    }

    /// The picture of these planes: Y, then U, then V; `None` where their size is another.
    pub(super) fn picture(&mut self, planes: &[u8], colours: Colours) -> Option<Picture> {
        let &mut Converter { width, height, .. } = self;
        let (chroma_width, chroma_height) = (width.div_ceil(2), height.div_ceil(2));
        if planes.len() != bytes(width, height) || width == 0 || height == 0 {
            return None;
        }
        let (luma, chroma) = planes.split_at(width * height);
        let (u, v) = chroma.split_at(chroma_width * chroma_height);
        let mut pixels = vec![0; width * height * 3];
        Arch::new().dispatch(Planes { luma, chroma: [u, v], matrix: colours.matrix(), pixels: &mut pixels, converter: self });
        Picture::new(width, height, pixels)
    }
}

struct Planes<'a> {
    luma: &'a [u8],
    chroma: [&'a [u8]; 2],
    matrix: Matrix,
    pixels: &'a mut [u8],
    converter: &'a mut Converter,
}

impl WithSimd for Planes<'_> {
    type Output = ();

    /// Plain loops: being compiled for the vectors at hand is what they need.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Planes { luma, chroma, matrix, pixels, converter } = self;
        let Converter { width, height, samples, between, lines } = converter;
        let (chroma_width, last) = (width.div_ceil(2), height.div_ceil(2) - 1);
        let mut done = 0;
        for (y, (luma, out)) in luma.chunks_exact(*width).zip(pixels.chunks_exact_mut(*width * 3)).enumerate() {
            // The four rows of chroma around this one; of an even row two lie above its nearest one, of an odd row one.
            let first = y / 2 + y % 2;
            let row = |step: usize| (first + step).saturating_sub(2).min(last);
            while done <= row(3) {
                for (plane, rows) in chroma.iter().zip(between.iter_mut()) {
                    across(&plane[done * chroma_width..][..chroma_width], samples, &mut rows[done % ROWS]);
                }
                done += 1;
            }
            let taps = if y % 2 == 0 { TAPS } else { [TAPS[3], TAPS[2], TAPS[1], TAPS[0]] };
            let [u, v] = [&between[0], &between[1]].map(|rows| [0, 1, 2, 3].map(|step| &rows[row(step) % ROWS][..*width]));
            line(luma, u, v, taps, matrix, lines);
            let [red, green, blue] = lines;
            for (((out, &red), &green), &blue) in out.as_chunks_mut::<3>().0.iter_mut().zip(red.iter()).zip(green.iter()).zip(blue.iter()) {
                *out = [red, green, blue];
            }
        }
    }
}

/// A row of chroma at every pixel, in 2^-6.
#[inline(always)]
fn across(row: &[u8], samples: &mut [i16], out: &mut [i16]) {
    let count = row.len();
    let samples = &mut samples[..count + 2 * MARGIN];
    for (sample, &byte) in samples[MARGIN..].iter_mut().zip(row) {
        *sample = i16::from(byte) - 128;
    }
    let (first, last) = (samples[MARGIN], samples[MARGIN + count - 1]);
    samples[..MARGIN].fill(first);
    samples[MARGIN + count..].fill(last);
    let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|step| &samples[step..][..count]);
    for (((((pair, &a), &b), &c), &d), &e) in out.as_chunks_mut::<2>().0.iter_mut().zip(a).zip(b).zip(c).zip(d).zip(e) {
        let [a, b, c, d, e] = [a, b, c, d, e].map(i32::from);
        let left = TAPS[0] * a + TAPS[1] * b + TAPS[2] * c + TAPS[3] * d;
        let right = TAPS[3] * b + TAPS[2] * c + TAPS[1] * d + TAPS[0] * e;
        *pair = [left, right].map(|sum| rounded(sum, TAP_DIGITS - DIGITS).min(HIGHEST) as i16);
    }
}

/// A row of pixels.
#[inline(always)]
fn line(luma: &[u8], u: [&[i16]; 4], v: [&[i16]; 4], taps: [i32; 4], matrix: Matrix, lines: &mut [Vec<u8>; 3]) {
    let width = luma.len();
    let [red, green, blue] = lines;
    let (red, green, blue) = (&mut red[..width], &mut green[..width], &mut blue[..width]);
    let [u, v] = [u, v].map(|rows| rows.map(|row| &row[..width]));
    for x in 0..width {
        let between = |rows: [&[i16]; 4]| {
            let sum = taps[0] * i32::from(rows[0][x])
                + taps[1] * i32::from(rows[1][x])
                + taps[2] * i32::from(rows[2][x])
                + taps[3] * i32::from(rows[3][x]);
            rounded(sum, TAP_DIGITS)
        };
        let (u, v) = (between(u), between(v));
        let y = ((i32::from(luma[x]) - matrix.offset) << DIGITS) * matrix.luma;
        red[x] = byte(y + v * matrix.red_v);
        green[x] = byte(y + u * matrix.green_u + v * matrix.green_v);
        blue[x] = byte(y + u * matrix.blue_u);
    }
}

#[inline(always)]
fn rounded(value: i32, digits: u32) -> i32 {
    (value + (1 << (digits - 1))) >> digits
}

#[inline(always)]
fn byte(value: i32) -> u8 {
    rounded(value, DIGITS + MATRIX_DIGITS).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(width: usize, height: usize, [y, u, v]: [u8; 3], colours: Colours) -> Vec<u8> {
        let chroma = width.div_ceil(2) * height.div_ceil(2);
        let planes = [vec![y; width * height], vec![u; chroma], vec![v; chroma]].concat();
        Converter::new(width, height).picture(&planes, colours).unwrap().pixels
    }

    #[test]
    fn taps_are_the_cubic_filter() {
        let b = |d: f64| {
            let d = d.abs();
            (if d < 1.0 { 8.4 * d.powi(3) - 14.4 * d * d + 6.0 } else { -3.6 * d.powi(3) + 18.0 * d * d - 28.8 * d + 14.4 }) / 6.0
        };
        for (tap, distance) in TAPS.iter().zip([1.75, 0.75, 0.25, 1.25]) {
            assert!((f64::from(*tap) / 16_384.0 - b(distance)).abs() < 5e-5);
        }
        assert_eq!(TAPS.iter().sum::<i32>(), 1 << TAP_DIGITS);
    }

    #[test]
    fn plain_colours_by_hand() {
        // White, black, and the red of BT.601 and BT.709 at limited range; a full-range grey.
        let bt601 = Colours::named("tv", "smpte170m");
        assert_eq!(flat(1, 1, [235, 128, 128], bt601), [255, 255, 255]);
        assert_eq!(flat(5, 3, [16, 128, 128], bt601), [0; 45]);
        assert_eq!(flat(2, 2, [81, 90, 240], bt601), [254, 0, 0, 254, 0, 0, 254, 0, 0, 254, 0, 0]);
        assert_eq!(flat(1, 2, [63, 102, 240], Colours::named("tv", "bt709")), [255, 1, 0, 255, 1, 0]);
        assert_eq!(flat(3, 1, [77, 128, 128], Colours::named("pc", "unknown")), [77; 9]);
        assert_eq!(Colours::default(), bt601);
    }

    #[test]
    fn any_size_and_any_bytes() {
        let mut state = 7_u64;
        for (width, height) in [(1, 1), (1, 7), (7, 1), (2, 2), (3, 5), (33, 9), (64, 31)] {
            let planes: Vec<u8> = std::iter::repeat_with(|| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                // Mostly extremes, where sums are largest.
                [0, 255, (state >> 40) as u8, 128][(state >> 60) as usize % 4]
            })
            .take(bytes(width, height))
            .collect();
            let mut converter = Converter::new(width, height);
            for standard in ["bt709", "fcc", "bt470bg", "smpte240m", "bt2020nc"] {
                for range in ["tv", "pc"] {
                    let colours = Colours::named(range, standard);
                    let picture = converter.picture(&planes, colours).unwrap();
                    assert_eq!(picture, converter.picture(&planes, colours).unwrap());
                    assert_close(&picture, &planes, colours);
                }
            }
            assert!(converter.picture(&planes[1..], Colours::default()).is_none());
        }
    }

    /// Against the formula above in floating point.
    fn assert_close(picture: &Picture, planes: &[u8], Colours { full, kr, kb }: Colours) {
        let (width, height) = (picture.width as i64, picture.height as i64);
        let (chroma_width, chroma_height) = ((width + 1) / 2, (height + 1) / 2);
        let plane = |from: i64, x: i64, y: i64| {
            let (x, y) = (x.clamp(0, chroma_width - 1), y.clamp(0, chroma_height - 1));
            f64::from(planes[(from + y * chroma_width + x) as usize]) - 128.0
        };
        let b = |d: f64| {
            let d = d.abs();
            let cubic = if d < 1.0 { 8.4 * d.powi(3) - 14.4 * d * d + 6.0 } else { -3.6 * d.powi(3) + 18.0 * d * d - 28.8 * d + 14.4 };
            if d < 2.0 { cubic / 6.0 } else { 0.0 }
        };
        for y in 0..height {
            for x in 0..width {
                let (cx, cy) = (x as f64 / 2.0 - 0.25, y as f64 / 2.0 - 0.25);
                let chroma = |from: i64| {
                    let around = |at: f64| at.floor() as i64 - 1..=at.floor() as i64 + 2;
                    let across = |row| around(cx).map(|column| b(column as f64 - cx) * plane(from, column, row)).sum::<f64>().min(127.99);
                    around(cy).map(|row| b(row as f64 - cy) * across(row)).sum::<f64>()
                };
                let (u, v) = (chroma(width * height), chroma(width * height + chroma_width * chroma_height));
                let luma = f64::from(planes[(y * width + x) as usize]);
                let (luma, scale) = if full { (luma, 1.0) } else { ((luma - 16.0) * 255.0 / 219.0, 255.0 / 224.0) };
                let (red, blue) = (scale * 2.0 * (1.0 - kr) * v, scale * 2.0 * (1.0 - kb) * u);
                let green = -(kr * red + kb * blue) / (1.0 - kr - kb);
                let at = ((y * width + x) * 3) as usize;
                for (channel, shift) in [red, green, blue].into_iter().enumerate() {
                    let expected = (luma + shift).clamp(0.0, 255.0);
                    let found = f64::from(picture.pixels[at + channel]);
                    assert!((found - expected).abs() < 0.6, "({x}, {y}) of {width} x {height}, channel {channel}: {found}, {expected}");
                }
            }
        }
    }
}
