//! Batch norm, ReLU and 2x2 max-pooling of a convolution's result in one pass, and their derivative.
//!
//! ```text
//! forward    y = scale_k z + shift_k;   out = max(0, largest y of the 2x2 cell);   choice = its place 0..3, or NONE where out = 0
//! backward   dy = dout at the choice, 0 elsewhere
//!            dz = slope_k dy + constant_k + linear_k z
//! ```
//!
//! With batch statistics (mean m, 1/deviation r, weight g, n pixels in the batch): scale = g r, shift = beta - g r m, and from the sums
//! s1 = sum dy, s2 = sum dy (z - m) r over the batch: slope = g r, linear = -g r^2 s2 / n, constant = -g r s1 / n - linear m;
//! the derivatives for g and beta are s2 and s1. So the sums are all that the batch's frames must share.
//!
//! Shapes: z `[height, width, channels]`; out, dout and choice `[height / 2, width / 2, channels]`, rounded down: a last odd line or
//! column enters no cell. Ties go to the first place, and a cell that holds a NaN gives NaN, as in common libraries: a network that
//! diverges is to show it.

use crate::extent;

/// The choice of a cell whose output is 0: nothing flows back.
pub const NONE: u8 = 4;

/// Sizes of one picture's block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pooled {
    /// Lines of z.
    pub height: usize,
    /// Pixels of a line of z.
    pub width: usize,
    /// Channels.
    pub channels: usize,
    /// Pixels of zeros around the output, which the next convolution needs.
    pub border: usize,
}

impl Pooled {
    /// Height and width of the output without its border.
    pub fn cells(&self) -> [usize; 2] {
        [self.height / 2, self.width / 2]
    }

    /// Values of the output with its border.
    pub fn output_len(&self) -> usize {
        (self.height / 2 + 2 * self.border) * (self.width / 2 + 2 * self.border) * self.channels
    }

    fn check(&self, z: &[f32], choice: &[u8]) {
        assert!(z.len() >= extent([self.height, self.width, self.channels]), "z fills its shape");
        assert!(choice.len() >= extent([self.height / 2, self.width / 2, self.channels]), "the choice fills its shape");
    }
}

/// Compiles a function for the processor's vectors and picks one at run time.
macro_rules! for_each_level {
    ($(#[$doc:meta])* $name:ident, $body:ident, ($($argument:ident: $kind:ty),* $(,)?)) => {
        $(#[$doc])*
        #[allow(unsafe_code, clippy::too_many_arguments, reason = "the same safe body, compiled for wider vectors")]
        pub fn $name($($argument: $kind),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx2,fma")]
                fn widest($($argument: $kind),*) {
                    $body($($argument),*);
                }
                #[target_feature(enable = "avx2,fma")]
                fn wide($($argument: $kind),*) {
                    $body($($argument),*);
                }
                match crate::lanes::level() {
                    // SAFETY: the level was found on this processor.
                    crate::lanes::Level::Avx512 => return unsafe { widest($($argument),*) },
                    // SAFETY: as above.
                    crate::lanes::Level::Avx2 => return unsafe { wide($($argument),*) },
                    crate::lanes::Level::Plain => {}
                }
            }
            $body($($argument),*);
        }
    };
}

for_each_level! {
    /// Adds the sum and the sum of squares of every channel of z.
    ///
    /// # Panics
    /// When z holds no whole pixels or the sums fewer than `channels` places.
    sums, sums_body, (z: &[f32], channels: usize, first: &mut [f64], second: &mut [f64])
}

/// Pixels whose sums are taken in `f32` before they join the `f64` ones.
const SPAN: usize = 64;

#[inline(always)]
fn sums_body(z: &[f32], channels: usize, first: &mut [f64], second: &mut [f64]) {
    assert!(z.len().is_multiple_of(channels) && first.len() >= channels && second.len() >= channels, "whole pixels");
    let mut partial = vec![0.0_f32; 2 * channels];
    for span in z.chunks(SPAN * channels) {
        partial.fill(0.0);
        let (sum, squares) = partial.split_at_mut(channels);
        for pixel in span.chunks_exact(channels) {
            for ((sum, squares), value) in sum.iter_mut().zip(squares.iter_mut()).zip(pixel) {
                *sum += value;
                *squares += value * value;
            }
        }
        first.iter_mut().zip(sum).for_each(|(total, part)| *total += f64::from(*part));
        second.iter_mut().zip(squares).for_each(|(total, part)| *total += f64::from(*part));
    }
}

for_each_level! {
    /// Batch norm, ReLU and pooling of one picture. `output` must hold zeros in its border; only the inside is written.
    ///
    /// # Panics
    /// When a slice does not fill its shape.
    pool_forward, pool_forward_body,
    (block: Pooled, z: &[f32], scale: &[f32], shift: &[f32], output: &mut [f32], choice: &mut [u8])
}

#[inline(always)]
fn pool_forward_body(block: Pooled, z: &[f32], scale: &[f32], shift: &[f32], output: &mut [f32], choice: &mut [u8]) {
    block.check(z, choice);
    assert!(output.len() >= block.output_len(), "the output has room");
    let channels = block.channels;
    let [rows, columns] = block.cells();
    let (scale, shift) = (&scale[..channels], &shift[..channels]);
    let wide = columns + 2 * block.border;
    for row in 0..rows {
        for column in 0..columns {
            let [a, b, c, d] = cell(block, z, row, column);
            let start = ((row + block.border) * wide + column + block.border) * channels;
            let output = &mut output[start..start + channels];
            let start = (row * columns + column) * channels;
            let choice = &mut choice[start..start + channels];
            for k in 0..channels {
                let (scale, shift) = (scale[k], shift[k]);
                let (a, b, c, d) = (a[k] * scale + shift, b[k] * scale + shift, c[k] * scale + shift, d[k] * scale + shift);
                let mut best = a;
                let mut place = 0_u32;
                if b > best {
                    best = b;
                    place = 1;
                }
                if c > best {
                    best = c;
                    place = 2;
                }
                if d > best {
                    best = d;
                    place = 3;
                }
                // Comparisons with a NaN are false, so that the ones above pass over it.
                let lost = a.is_nan() | b.is_nan() | c.is_nan() | d.is_nan();
                let best = if lost { f32::NAN } else { best };
                output[k] = if best <= 0.0 { 0.0 } else { best };
                choice[k] = (if best <= 0.0 { u32::from(NONE) } else { place }) as u8;
            }
        }
    }
}

/// The four pixels of a cell.
#[inline(always)]
fn cell(block: Pooled, z: &[f32], row: usize, column: usize) -> [&[f32]; 4] {
    let channels = block.channels;
    let top = (2 * row * block.width + 2 * column) * channels;
    let bottom = top + block.width * channels;
    [
        &z[top..top + channels],
        &z[top + channels..top + 2 * channels],
        &z[bottom..bottom + channels],
        &z[bottom + channels..bottom + 2 * channels],
    ]
}

for_each_level! {
    /// Adds, for every channel, the sum of dy and the sum of dy z over the chosen pixels of one picture.
    ///
    /// # Panics
    /// When a slice does not fill its shape.
    pool_sums, pool_sums_body,
    (block: Pooled, z: &[f32], choice: &[u8], slopes: &[f32], first: &mut [f64], second: &mut [f64])
}

#[inline(always)]
fn pool_sums_body(block: Pooled, z: &[f32], choice: &[u8], slopes: &[f32], first: &mut [f64], second: &mut [f64]) {
    block.check(z, choice);
    let channels = block.channels;
    let [rows, columns] = block.cells();
    let mut partial = vec![0.0_f32; 2 * channels];
    for row in 0..rows {
        partial.fill(0.0);
        let (sum, product) = partial.split_at_mut(channels);
        for column in 0..columns {
            let [a, b, c, d] = cell(block, z, row, column);
            let start = (row * columns + column) * channels;
            let (choice, slopes) = (&choice[start..start + channels], &slopes[start..start + channels]);
            for k in 0..channels {
                let place = u32::from(choice[k]);
                let chosen = if place == 0 {
                    a[k]
                } else if place == 1 {
                    b[k]
                } else if place == 2 {
                    c[k]
                } else {
                    d[k]
                };
                let slope = if place == u32::from(NONE) { 0.0 } else { slopes[k] };
                sum[k] += slope;
                product[k] += slope * chosen;
            }
        }
        first.iter_mut().zip(sum).for_each(|(total, part)| *total += f64::from(*part));
        second.iter_mut().zip(product).for_each(|(total, part)| *total += f64::from(*part));
    }
}

for_each_level! {
    /// dz of one picture. Line y, pixel x of it stands at `result[start + y * line + x * channels]`.
    ///
    /// # Panics
    /// When a slice does not fill its shape.
    pool_backward, pool_backward_body,
    (
        block: Pooled,
        z: &[f32],
        choice: &[u8],
        slopes: &[f32],
        slope: &[f32],
        constant: &[f32],
        linear: &[f32],
        result: &mut [f32],
        place: [usize; 2],
    )
}

#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "two pictures and the three coefficients of every channel")]
fn pool_backward_body(
    block: Pooled,
    z: &[f32],
    choice: &[u8],
    slopes: &[f32],
    slope: &[f32],
    constant: &[f32],
    linear: &[f32],
    result: &mut [f32],
    [start, line]: [usize; 2],
) {
    block.check(z, choice);
    let channels = block.channels;
    let [rows, columns] = block.cells();
    let (slope, constant, linear) = (&slope[..channels], &constant[..channels], &linear[..channels]);
    for y in 0..block.height {
        let z = &z[y * block.width * channels..(y + 1) * block.width * channels];
        let result = &mut result[start + y * line..start + y * line + block.width * channels];
        let row = y / 2;
        for (x, (z, result)) in z.chunks_exact(channels).zip(result.chunks_exact_mut(channels)).enumerate() {
            let column = x / 2;
            if row >= rows || column >= columns {
                for k in 0..channels {
                    result[k] = constant[k] + linear[k] * z[k];
                }
                continue;
            }
            let own = (2 * (y % 2) + x % 2) as u32;
            let cell = (row * columns + column) * channels;
            let (choice, slopes) = (&choice[cell..cell + channels], &slopes[cell..cell + channels]);
            for k in 0..channels {
                let arriving = if u32::from(choice[k]) == own { slope[k] * slopes[k] } else { 0.0 };
                result[k] = constant[k] + linear[k] * z[k] + arriving;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_by_hand() {
        // One channel, 2 lines of 5: the last column enters no cell.
        let block = Pooled { height: 2, width: 5, channels: 1, border: 1 };
        let z = [1.0, 4.0, -3.0, -2.0, 9.0, 2.0, 3.0, -1.0, -5.0, 9.0];
        let (mut output, mut choice) = (vec![0.0; block.output_len()], vec![9; 2]);
        pool_forward(block, &z, &[2.0], &[1.0], &mut output, &mut choice);
        // 2 * 4 + 1 = 9 at place 1; 2 * -1 + 1 = -1 is cut to 0.
        assert_eq!(output, [0.0, 0.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(choice, [1, NONE]);
        let (mut first, mut second) = ([0.0], [0.0]);
        pool_sums(block, &z, &choice, &[0.5, 7.0], &mut first, &mut second);
        assert_eq!((first, second), ([0.5], [2.0]));
        let mut result = vec![0.0; 10];
        pool_backward(block, &z, &choice, &[0.5, 7.0], &[2.0], &[0.25], &[-1.0], &mut result, [0, 5]);
        assert_eq!(result, [-0.75, -2.75, 3.25, 2.25, -8.75, -1.75, -2.75, 1.25, 5.25, -8.75]);
        let (mut first, mut second) = ([0.0], [0.0]);
        sums(&z, 1, &mut first, &mut second);
        assert_eq!((first, second), ([17.0], [231.0]));
    }

    #[test]
    fn a_number_that_is_lost_stays_lost() {
        let block = Pooled { height: 2, width: 2, channels: 16, border: 0 };
        for place in 0..4 {
            for (kind, scale) in [(f32::NAN, 1.0), (f32::INFINITY, 0.0)] {
                let mut z = vec![-1.0; 64];
                z[place * 16 + 3] = kind;
                let (mut output, mut choice) = (vec![7.0; 16], vec![9; 16]);
                pool_forward(block, &z, &[scale; 16], &[0.0; 16], &mut output, &mut choice);
                assert!(output[3].is_nan() && choice[3] != NONE, "{place}: {} {}", output[3], choice[3]);
                assert!((0..16).all(|k| k == 3 || output[k] == 0.0 && choice[k] == NONE), "{place}: {output:?}");
            }
        }
        // An infinity is no lost number.
        let (mut output, mut choice) = (vec![7.0; 16], vec![9; 16]);
        pool_forward(block, &[f32::INFINITY; 64], &[1.0; 16], &[0.0; 16], &mut output, &mut choice);
        assert!(output.iter().all(|&value| value == f32::INFINITY) && choice.iter().all(|&place| place == 0));
    }

    #[test]
    fn a_falling_scale_turns_the_choice() {
        let block = Pooled { height: 2, width: 2, channels: 2, border: 0 };
        let z = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0];
        let (mut output, mut choice) = (vec![0.0; 2], vec![9; 2]);
        pool_forward(block, &z, &[1.0, -1.0], &[0.0, 5.0], &mut output, &mut choice);
        assert_eq!((output, choice), (vec![4.0, 4.0], vec![3, 0]));
    }
}
