//! Cutting a face out and resizing it.
//!
//! ```text
//! box -> centre kept, sides times (1 + margin) -> (squared: both sides the longer one) -> cut to the picture -> whole pixels -> side x side
//! out[i] = sum over k of w(i, k) in[k],   w(i, k) = max(0, 1 - |k + 0.5 - (i + 0.5) r| / max(r, 1)),  normalised;   r = length / side
//! ```
//!
//! margin: share of the box added in all, 0 or more (default 0, the paper's); facenet-pytorch's `margin` m for an image of S pixels is
//! m / (S - m). Not squared by default: the aspect ratio is not kept. Lower sides are cut to the whole pixel below, as are upper sides.
//! side: 1 to 1024 pixels, default 112. A box without a whole pixel inside the picture has no crop.
//!
//! The resize is Pillow's antialiased bilinear one: across first, then down, 8-bit in between, weights rounded to 22 binary digits. The
//! bytes equal `Image.crop(box).resize((side, side), Image.BILINEAR)` of Pillow 10.4.0 and 12.1.0. Pillow 13.0.0 goes down first for some
//! shapes; its bytes then differ (by at most 1 in 26 shapes tried). One order for all shapes is kept here.

use crate::{MediaError, Picture};

/// Fraction digits of a weight: 32 less 8 for the pixel and 2 for the sum's headroom.
const DIGITS: u32 = 22;

/// How faces are cut out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CropSettings {
    /// Pixels per row and column of the result, 1 to 1024.
    pub side: usize,
    /// Share of the box's width and height added to it, 0 to 4.
    pub margin: f32,
    /// Whether the box is made square first.
    pub squared: bool,
}

impl Default for CropSettings {
    fn default() -> Self {
        CropSettings { side: 112, margin: 0.0, squared: false }
    }
}

impl CropSettings {
    /// Refuses settings outside their ranges.
    pub fn check(&self) -> Result<(), MediaError> {
        if !(1..=1024).contains(&self.side) {
            let expected = "a whole number of pixels from 1 to 1024".to_owned();
            return Err(MediaError::BadSetting { setting: "side", value: self.side.to_string(), expected });
        }
        if !(0.0..=4.0).contains(&self.margin) {
            let expected = "a share from 0 to 4".to_owned();
            return Err(MediaError::BadSetting { setting: "margin", value: self.margin.to_string(), expected });
        }
        Ok(())
    }
}

/// The part of the picture under a box (left, top, right, bottom in pixels), `[side, side, 3]` RGB; `None` where no whole pixel lies under it.
pub fn crop(picture: &Picture, sides: [f32; 4], settings: &CropSettings) -> Result<Option<Vec<u8>>, MediaError> {
    settings.check()?;
    super::check_picture(picture)?;
    let Some([left, top, right, bottom]) = pixels_under(picture, sides, settings) else { return Ok(None) };
    Ok(Some(resize(picture, [left, top, right, bottom], settings.side, settings.side)))
}

/// Whole pixels under the box: left, top, and the first beyond right and bottom.
fn pixels_under(picture: &Picture, sides: [f32; 4], settings: &CropSettings) -> Option<[usize; 4]> {
    if !sides.iter().all(|side| side.is_finite()) {
        return None;
    }
    let [left, top, right, bottom] = sides.map(f64::from);
    let (mut width, mut height) = (right - left, bottom - top);
    if settings.squared {
        (width, height) = (width.max(height), width.max(height));
    }
    let margin = f64::from(settings.margin);
    let (more_width, more_height) = (width * (1.0 + margin) - (right - left), height * (1.0 + margin) - (bottom - top));
    let low = |side: f64| side.max(0.0) as usize;
    let high = |side: f64, length: usize| side.clamp(0.0, length as f64) as usize;
    let (left, right) = (low(left - more_width / 2.0), high(right + more_width / 2.0, picture.width));
    let (top, bottom) = (low(top - more_height / 2.0), high(bottom + more_height / 2.0, picture.height));
    (left < right && top < bottom).then_some([left, top, right, bottom])
}

/// Weights of one output pixel: the first input pixel and one weight for it and each behind it.
struct Weighted {
    from: usize,
    weights: Vec<i32>,
}

fn weights(length: usize, side: usize) -> Vec<Weighted> {
    let ratio = length as f64 / side as f64;
    let reach = ratio.max(1.0);
    (0..side)
        .map(|index| {
            let centre = (index as f64 + 0.5) * ratio;
            let from = (centre - reach + 0.5).max(0.0) as usize;
            let to = ((centre + reach + 0.5) as usize).min(length);
            let triangle: Vec<f64> = (from..to).map(|pixel| (1.0 - ((pixel as f64 - centre + 0.5) / reach).abs()).max(0.0)).collect();
            let total: f64 = triangle.iter().sum();
            let weights = triangle.iter().map(|weight| (0.5 + weight / total * f64::from(1 << DIGITS)) as i32).collect();
            Weighted { from, weights }
        })
        .collect()
}

/// Resizes the part (left, top, right, bottom) of a picture.
fn resize(picture: &Picture, part: [usize; 4], width: usize, height: usize) -> Vec<u8> {
    let [left, top, right, bottom] = part;
    let (across, down) = (weights(right - left, width), weights(bottom - top, height));
    let mut lines = vec![0_u8; (bottom - top) * width * 3];
    for (line, row) in lines.chunks_exact_mut(width * 3).zip(top..bottom) {
        let row = &picture.pixels[(row * picture.width + left) * 3..(row * picture.width + right) * 3];
        for (pixel, weighted) in line.as_chunks_mut::<3>().0.iter_mut().zip(&across) {
            let mut sums = [1_i32 << (DIGITS - 1); 3];
            for (weight, input) in weighted.weights.iter().zip(row[weighted.from * 3..].as_chunks::<3>().0) {
                for (sum, value) in sums.iter_mut().zip(input) {
                    *sum += weight * i32::from(*value);
                }
            }
            *pixel = sums.map(clip);
        }
    }
    let mut out = vec![0_u8; height * width * 3];
    let mut sums = vec![0_i32; width * 3];
    for (line, weighted) in out.chunks_exact_mut(width * 3).zip(&down) {
        sums.fill(1 << (DIGITS - 1));
        for (weight, input) in weighted.weights.iter().zip(lines[weighted.from * width * 3..].chunks_exact(width * 3)) {
            for (sum, value) in sums.iter_mut().zip(input) {
                *sum += weight * i32::from(*value);
            }
        }
        for (value, sum) in line.iter_mut().zip(&sums) {
            *value = clip(*sum);
        }
    }
    out
}

fn clip(sum: i32) -> u8 {
    (sum >> DIGITS).clamp(0, 255) as u8
}

/// A smaller copy whose longer side has `longest` pixels; the picture itself where it is no larger.
pub(super) fn shrunk(picture: &Picture, longest: usize) -> Picture {
    let side = picture.width.max(picture.height);
    if side <= longest {
        return picture.clone();
    }
    let scaled = |length: usize| ((length * longest + side / 2) / side).max(1);
    let (width, height) = (scaled(picture.width), scaled(picture.height));
    let pixels = resize(picture, [0, 0, picture.width, picture.height], width, height);
    Picture { width, height, pixels }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::face::mtcnn::networks::tests::noise;

    #[test]
    fn bytes_equal_pillow() {
        let fixture: Value = serde_json::from_str(include_str!("../../tests/fixtures/face/resize.json")).unwrap();
        for case in fixture["bilinear"].as_array().unwrap() {
            let number = |name: &str| case[name].as_u64().unwrap() as usize;
            let (height, width, side) = (number("height"), number("width"), number("side"));
            let pixels: Vec<u8> = noise(height * width * 3, number("seed") as u64).into_iter().map(|value| value as u8).collect();
            let picture = Picture::new(width, height, pixels).unwrap();
            let settings = CropSettings { side, ..CropSettings::default() };
            let found = crop(&picture, [0.0, 0.0, width as f32, height as f32], &settings).unwrap().unwrap();
            let expected: Vec<u8> = case["pixels"].as_array().unwrap().iter().map(|value| value.as_u64().unwrap() as u8).collect();
            assert_eq!(found, expected, "{height} x {width} to {side}");
        }
    }

    #[test]
    fn boxes_become_whole_pixels_by_hand() {
        let picture = Picture::new(100, 50, vec![0; 15_000]).unwrap();
        let under = |sides, margin, squared| pixels_under(&picture, sides, &CropSettings { side: 8, margin, squared });
        assert_eq!(under([10.9, 5.2, 30.9, 45.7], 0.0, false), Some([10, 5, 30, 45]));
        assert_eq!(under([10.0, 10.0, 30.0, 20.0], 0.5, false), Some([5, 7, 35, 22]));
        assert_eq!(under([10.0, 10.0, 30.0, 20.0], 0.0, true), Some([10, 5, 30, 25]));
        assert_eq!(under([-10.0, -3.0, 130.0, 20.0], 0.0, false), Some([0, 0, 100, 20]));
        assert_eq!(under([100.5, 0.0, 130.0, 20.0], 0.0, false), None);
        assert_eq!(under([10.2, 0.0, 10.9, 20.0], 0.0, false), None);
        assert_eq!(under([30.0, 0.0, 10.0, 20.0], 0.0, false), None);
        assert_eq!(under([f32::NAN, 0.0, 10.0, 20.0], 0.0, false), None);
        assert_eq!(under([-30.0, 0.0, -10.0, 20.0], 0.0, false), None);
    }

    #[test]
    fn the_part_and_not_its_surroundings_is_resized() {
        let mut pixels = vec![255; 20 * 10 * 3];
        for y in 3..7 {
            for x in 4..12 {
                pixels[(y * 20 + x) * 3..(y * 20 + x) * 3 + 3].copy_from_slice(&[9, 8, 7]);
            }
        }
        let picture = Picture::new(20, 10, pixels).unwrap();
        let found = crop(&picture, [4.0, 3.0, 12.0, 7.0], &CropSettings { side: 5, ..CropSettings::default() }).unwrap().unwrap();
        assert_eq!(found, [9, 8, 7].repeat(25));
        assert!(crop(&picture, [0.0, 0.0, 9.0, 9.0], &CropSettings { side: 0, ..CropSettings::default() }).is_err());
        assert!(crop(&picture, [0.0, 0.0, 9.0, 9.0], &CropSettings { margin: f32::NAN, ..CropSettings::default() }).is_err());
    }
}
