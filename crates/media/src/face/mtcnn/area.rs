//! Adaptive area pooling of a picture or a part of it, from one table of sums.
//!
//! ```text
//! out[i, j, c] = mean of pixels over rows floor(i h / H) .. ceil((i + 1) h / H) and columns floor(j w / W) .. ceil((j + 1) w / W)
//! ```
//!
//! h x w: size of the part, H x W: size of the result, which may be larger (bins then overlap and repeat). This is torch's
//! `adaptive_avg_pool2d`, the resize of facenet-pytorch. MTCNN pools one picture some ten times whole and hundreds of times in parts; with
//! the sums over all rectangles that begin in the corner, each bin costs four look-ups whatever its size. Sums are whole numbers, so they are
//! exact; they wrap around, which cancels in the difference as long as one bin has fewer than 2^24 pixels.
//!
//! Memory: 12 bytes per pixel of the picture.

use super::convolution::Map;
use crate::Picture;

/// Sums of a picture's pixels over all rectangles from its upper left corner.
#[derive(Debug, Clone)]
pub(super) struct AreaSums {
    width: usize,
    /// `[height + 1, width + 1, 3]`.
    sums: Vec<u32>,
}

/// Rows and columns of a part of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) top: usize,
    pub(super) left: usize,
    pub(super) height: usize,
    pub(super) width: usize,
}

impl AreaSums {
    /// The sums of a picture, in the memory of an earlier table: fresh memory for every frame costs as much as the sums.
    pub(super) fn within(mut sums: Vec<u32>, picture: &Picture) -> Self {
        let line = (picture.width + 1) * 3;
        sums.resize((picture.height + 1) * line, 0);
        sums[..line].fill(0);
        sums.chunks_exact_mut(line).for_each(|row| row[..3].fill(0));
        for (y, pixels) in picture.pixels.chunks_exact(picture.width * 3).enumerate() {
            let (above, here) = sums.split_at_mut((y + 1) * line);
            let above = &above[y * line + 3..];
            let (mut red, mut green, mut blue) = (0_u32, 0_u32, 0_u32);
            let here = here[3..line].as_chunks_mut::<3>().0;
            for ((pixel, above), here) in pixels.as_chunks::<3>().0.iter().zip(above.as_chunks::<3>().0).zip(here) {
                red = red.wrapping_add(u32::from(pixel[0]));
                green = green.wrapping_add(u32::from(pixel[1]));
                blue = blue.wrapping_add(u32::from(pixel[2]));
                *here = [above[0].wrapping_add(red), above[1].wrapping_add(green), above[2].wrapping_add(blue)];
            }
        }
        AreaSums { width: picture.width, sums }
    }

    /// The memory, for the next picture.
    pub(super) fn into_memory(self) -> Vec<u32> {
        self.sums
    }

    /// Means over the bins of a part, as network input (mean - 127.5) / 128.
    pub(super) fn pool(&self, part: Part, height: usize, width: usize) -> Map {
        let mut values = self.means(part, height, width);
        for value in &mut values {
            *value = (*value - 127.5) * 0.007_812_5;
        }
        Map { height, width, channels: 3, values }
    }

    fn means(&self, part: Part, height: usize, width: usize) -> Vec<f32> {
        let line = (self.width + 1) * 3;
        let columns: Vec<(usize, usize, f32)> = (0..width)
            .map(|column| {
                let (from, to) = bin(column, part.width, width);
                ((part.left + from) * 3, (part.left + to) * 3, (to - from) as f32)
            })
            .collect();
        let mut values = vec![0.0; height * width * 3];
        for (row, out) in values.chunks_exact_mut(width * 3).enumerate() {
            let (from, to) = bin(row, part.height, height);
            let upper = &self.sums[(part.top + from) * line..][..line];
            let lower = &self.sums[(part.top + to) * line..][..line];
            let rows = (to - from) as f32;
            for (out, &(left, right, across)) in out.as_chunks_mut::<3>().0.iter_mut().zip(&columns) {
                let corner = |sums: &[u32], at: usize| -> [u32; 3] { [sums[at], sums[at + 1], sums[at + 2]] };
                let (a, b, c, d) = (corner(upper, left), corner(upper, right), corner(lower, left), corner(lower, right));
                for channel in 0..3 {
                    let sum = d[channel].wrapping_sub(c[channel]).wrapping_sub(b[channel].wrapping_sub(a[channel]));
                    out[channel] = sum as f32 / rows / across;
                }
            }
        }
        values
    }
}

/// First row of a bin and the row behind its last.
fn bin(index: usize, length: usize, bins: usize) -> (usize, usize) {
    (index * length / bins, ((index + 1) * length).div_ceil(bins))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::face::mtcnn::networks::tests::noise;

    #[test]
    fn means_equal_torch() {
        let fixture: Value = serde_json::from_str(include_str!("../../../tests/fixtures/face/resize.json")).unwrap();
        for case in fixture["area"].as_array().unwrap() {
            let number = |name: &str| case[name].as_u64().unwrap() as usize;
            let (height, width) = (number("height"), number("width"));
            let pixels: Vec<u8> = noise(height * width * 3, number("seed") as u64).into_iter().map(|value| value as u8).collect();
            // The same picture inside a larger one, so that the part's place matters.
            let mut larger = vec![77; (height + 5) * (width + 9) * 3];
            for (y, row) in pixels.chunks_exact(width * 3).enumerate() {
                let at = ((y + 2) * (width + 9) + 4) * 3;
                larger[at..at + width * 3].copy_from_slice(row);
            }
            let whole = Part { top: 0, left: 0, height, width };
            let inner = Part { top: 2, left: 4, height, width };
            for (picture, part) in
                [(Picture::new(width, height, pixels).unwrap(), whole), (Picture::new(width + 9, height + 5, larger).unwrap(), inner)]
            {
                // What an earlier picture left behind must not matter.
                let found = AreaSums::within(vec![99; 77], &picture).means(part, number("rows"), number("columns"));
                let expected = case["values"].as_array().unwrap();
                assert_eq!(found.len(), expected.len());
                for (found, expected) in found.iter().zip(expected) {
                    assert!((f64::from(*found) - expected.as_f64().unwrap()).abs() < 1e-4);
                }
            }
        }
    }

    #[test]
    fn sums_may_wrap() {
        // 2^32 / 255 white pixels are more than this picture has, so start from a table whose corner is near the end of the range.
        let picture = Picture::new(3, 2, vec![250; 18]).unwrap();
        let mut sums = AreaSums::within(Vec::new(), &picture);
        for value in &mut sums.sums {
            *value = value.wrapping_add(u32::MAX - 600);
        }
        assert_eq!(sums.means(Part { top: 0, left: 0, height: 2, width: 3 }, 1, 1), [250.0; 3]);
    }
}
