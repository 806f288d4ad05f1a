//! Convolution of pictures with stride 1, without im2col: forward, and the gradient of the filter.
//!
//! ```text
//! z[y, x, k]     = sum over i, j < size, c < C of  in[y + i, x + j, c] * w[i, j, c, k]
//! dw[i, j, c, k] = sum over y, x of                in[y + i, x + j, c] * dz[y, x, k]
//! din            = z of dz, padded by size - 1 on every side, with w[size - 1 - i, size - 1 - j, k, c]
//! ```
//!
//! Layout `[height, width, channels]`: for a fixed i the inputs of one output pixel are one run of `size * C` numbers, so that a tile of
//! pixels times a tile of channels stays in registers while it walks along that run. Padding is the caller's: a picture that is to keep
//! its size carries a border of zeros.
//!
//! Shapes: in `[height, width, C]`, z `[height - size + 1, width - size + 1, K]`, w `[size, size, C, K]` with K a multiple of 8.

use crate::extent;
use crate::lanes::{Lanes, Level, level};

/// A filter, its weights laid out in the order in which tiles read them.
#[derive(Debug, Clone)]
pub struct Filter {
    /// The vectors that the blocks were cut for.
    level: Level,
    size: usize,
    inputs: usize,
    outputs: usize,
    /// For each block of output channels: first channel, width, offset of its weights `[size * size * inputs, width]`.
    blocks: Vec<(usize, usize, usize)>,
    packed: Vec<f32>,
}

/// Output channels must come in multiples of this.
pub const CHANNEL_STEP: usize = 8;

/// Widths of channel blocks, widest first.
fn widths(level: Level) -> &'static [usize] {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => &[32, 16, 8],
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => &[16, 8],
        Level::Plain => &[8],
    }
}

fn blocks(level: Level, outputs: usize) -> Vec<(usize, usize)> {
    let mut blocks = Vec::new();
    let mut first = 0;
    while first < outputs {
        let width = widths(level).iter().copied().find(|&width| width <= outputs - first).unwrap_or(CHANNEL_STEP);
        blocks.push((first, width));
        first += width;
    }
    blocks
}

impl Filter {
    /// A filter from weights `[size, size, inputs, outputs]`.
    ///
    /// # Panics
    /// When the weights do not fill that shape or `outputs` is no multiple of [`CHANNEL_STEP`].
    pub fn new(weights: &[f32], size: usize, inputs: usize, outputs: usize) -> Self {
        Self::at(level(), weights, size, inputs, outputs)
    }

    fn at(level: Level, weights: &[f32], size: usize, inputs: usize, outputs: usize) -> Self {
        assert_eq!(weights.len(), extent([size, size, inputs, outputs]), "the weights fill their shape");
        Self::packed(level, size, inputs, outputs, |tap, input, output| weights[(tap * inputs + input) * outputs + output])
    }

    /// The filter that carries a gradient back to the input: taps mirrored, inputs and outputs swapped.
    ///
    /// # Panics
    /// When the weights `[size, size, inputs, outputs]` do not fill that shape or `inputs` is no multiple of [`CHANNEL_STEP`].
    pub fn backward(weights: &[f32], size: usize, inputs: usize, outputs: usize) -> Self {
        Self::backward_at(level(), weights, size, inputs, outputs)
    }

    fn backward_at(level: Level, weights: &[f32], size: usize, inputs: usize, outputs: usize) -> Self {
        assert_eq!(weights.len(), extent([size, size, inputs, outputs]), "the weights fill their shape");
        let mirrored = |tap: usize, output: usize, input: usize| weights[((size * size - 1 - tap) * inputs + input) * outputs + output];
        Self::packed(level, size, outputs, inputs, mirrored)
    }

    fn packed(level: Level, size: usize, inputs: usize, outputs: usize, weight: impl Fn(usize, usize, usize) -> f32) -> Self {
        assert!(size > 0 && inputs > 0 && outputs > 0 && outputs.is_multiple_of(CHANNEL_STEP), "channels come in steps of {CHANNEL_STEP}");
        let mut packed = Vec::with_capacity(size * size * inputs * outputs);
        let mut places = Vec::new();
        for (first, width) in blocks(level, outputs) {
            places.push((first, width, packed.len()));
            for tap in 0..size * size {
                for input in 0..inputs {
                    packed.extend((first..first + width).map(|output| weight(tap, input, output)));
                }
            }
        }
        Filter { level, size, inputs, outputs, blocks: places, packed }
    }

    /// Convolves one picture `[height, width, inputs]` into `[height - size + 1, width - size + 1, outputs]`, on the calling thread.
    ///
    /// # Panics
    /// When a slice is too short or the picture smaller than the filter.
    pub fn apply(&self, input: &[f32], height: usize, width: usize, output: &mut [f32]) {
        assert!(height >= self.size && width >= self.size, "the picture is at least as large as the filter");
        let (rows, columns) = (height - self.size + 1, width - self.size + 1);
        assert!(input.len() >= extent([height, width, self.inputs]), "the input fills its shape");
        assert!(output.len() >= extent([rows, columns, self.outputs]), "the output has room");
        for &(first, block, offset) in &self.blocks {
            let plan = Plan {
                size: self.size,
                run: self.size * self.inputs,
                step: self.inputs,
                line: width * self.inputs,
                outputs: self.outputs,
                weights: self.packed[offset..].as_ptr(),
            };
            for row in 0..rows {
                let from = input[row * width * self.inputs..].as_ptr();
                let to = output[row * columns * self.outputs + first..].as_mut_ptr();
                #[allow(unsafe_code, reason = "tiles are read through pointers")]
                // SAFETY: tile (row, x) reads in[row + i, x .. x + size] for i < size, inside `height x width` because
                // row <= height - size and x < columns; it writes `block` channels of pixel x of output row `row`, inside the asserted
                // length; the block's weights were packed for size * size * inputs taps. The vectors exist: the level is one of this
                // processor's.
                unsafe {
                    match self.level {
                        #[cfg(target_arch = "x86_64")]
                        Level::Avx512 => line_avx512(&plan, from, to, columns, block),
                        #[cfg(target_arch = "x86_64")]
                        Level::Avx2 => line_avx2(&plan, from, to, columns, block),
                        Level::Plain => line::<[f32; 8], 1, 4>(&plan, from, to, columns),
                    }
                }
            }
        }
    }
}

/// Strides of a convolution.
struct Plan {
    size: usize,
    /// Numbers in the run of one filter row.
    run: usize,
    /// From one pixel to the next.
    step: usize,
    /// From one input line to the next.
    line: usize,
    /// From one output pixel to the next.
    outputs: usize,
    weights: *const f32,
}

#[allow(unsafe_code, reason = "dispatch")]
mod dispatch {
    #[cfg(target_arch = "x86_64")]
    use std::arch::x86_64::{__m256, __m512};

    use super::{Gradient, Lanes, Plan, gradient_line, tile};

    /// One line of output pixels, in tiles of up to P pixels.
    #[inline(always)]
    pub(super) unsafe fn line<V: Lanes, const N: usize, const P: usize>(plan: &Plan, from: *const f32, to: *mut f32, columns: usize) {
        let mut x = 0;
        // SAFETY: the caller vouches for the whole line.
        unsafe {
            while x + P <= columns {
                tile::<V, N, P>(plan, from.add(x * plan.step), to.add(x * plan.outputs));
                x += P;
            }
            if P > 7 && x + 7 <= columns {
                tile::<V, N, 7>(plan, from.add(x * plan.step), to.add(x * plan.outputs));
                x += 7;
            }
            while x + 3 <= columns {
                tile::<V, N, 3>(plan, from.add(x * plan.step), to.add(x * plan.outputs));
                x += 3;
            }
            while x < columns {
                tile::<V, N, 1>(plan, from.add(x * plan.step), to.add(x * plan.outputs));
                x += 1;
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx2,fma")]
    pub(super) unsafe fn line_avx512(plan: &Plan, from: *const f32, to: *mut f32, columns: usize, block: usize) {
        // SAFETY: as the caller vouches.
        unsafe {
            match block {
                32 => line::<__m512, 2, 14>(plan, from, to, columns),
                16 => line::<__m512, 1, 14>(plan, from, to, columns),
                _ => line::<__m256, 1, 14>(plan, from, to, columns),
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn line_avx2(plan: &Plan, from: *const f32, to: *mut f32, columns: usize, block: usize) {
        // SAFETY: as the caller vouches.
        unsafe {
            match block {
                16 => line::<__m256, 2, 6>(plan, from, to, columns),
                _ => line::<__m256, 1, 12>(plan, from, to, columns),
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx2,fma")]
    pub(super) unsafe fn gradient_avx512(plan: &Gradient, block: usize) {
        // SAFETY: as the caller vouches.
        unsafe {
            match block {
                32 => gradient_line::<__m512, 2, 12>(plan),
                16 => gradient_line::<__m512, 1, 12>(plan),
                _ => gradient_line::<__m256, 1, 12>(plan),
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn gradient_avx2(plan: &Gradient, block: usize) {
        // SAFETY: as the caller vouches.
        unsafe {
            match block {
                16 => gradient_line::<__m256, 2, 6>(plan),
                _ => gradient_line::<__m256, 1, 12>(plan),
            }
        }
    }
}
use dispatch::line;
#[cfg(target_arch = "x86_64")]
use dispatch::{gradient_avx2, gradient_avx512, line_avx2, line_avx512};

/// P pixels times N vectors of channels.
#[allow(unsafe_code, reason = "reads and writes through pointers that `Filter::apply` checked")]
#[inline(always)]
unsafe fn tile<V: Lanes, const N: usize, const P: usize>(plan: &Plan, from: *const f32, to: *mut f32) {
    // SAFETY: `Filter::apply` asserted the extent of every run and block.
    unsafe {
        let mut sums = [[V::splat(0.0); N]; P];
        let mut weights = plan.weights;
        for tap in 0..plan.size {
            let start = from.add(tap * plan.line);
            for place in 0..plan.run {
                let mut row = [V::splat(0.0); N];
                for (n, lane) in row.iter_mut().enumerate() {
                    *lane = V::load(weights.add(n * V::WIDTH));
                }
                weights = weights.add(N * V::WIDTH);
                for (p, sums) in sums.iter_mut().enumerate() {
                    let value = V::splat(*start.add(p * plan.step + place));
                    for (sum, lane) in sums.iter_mut().zip(row) {
                        *sum = value.multiply_add(lane, *sum);
                    }
                }
            }
        }
        for (p, sums) in sums.iter().enumerate() {
            for (n, sum) in sums.iter().enumerate() {
                sum.store(to.add(p * plan.outputs + n * V::WIDTH));
            }
        }
    }
}

/// Adds to `gradient` (`[size, size, inputs, outputs]`) what one picture says about a filter: `input` is `[height, width, inputs]`,
/// `slopes` the derivative for the convolution's result, whose line y, pixel x stands at `slopes[slope_start + y * slope_line + x * outputs]`.
///
/// # Panics
/// When a slice is too short, the picture smaller than the filter, or `outputs` no multiple of [`CHANNEL_STEP`].
#[allow(clippy::too_many_arguments, reason = "two pictures with their strides")]
pub fn filter_gradient(
    gradient: &mut [f32],
    size: usize,
    inputs: usize,
    outputs: usize,
    input: &[f32],
    shape: [usize; 2],
    slopes: &[f32],
    places: [usize; 2],
) {
    filter_gradient_at(level(), gradient, [size, inputs, outputs], input, shape, slopes, places);
}

fn filter_gradient_at(
    level: Level,
    gradient: &mut [f32],
    [size, inputs, outputs]: [usize; 3],
    input: &[f32],
    [height, width]: [usize; 2],
    slopes: &[f32],
    [slope_start, slope_line]: [usize; 2],
) {
    assert!(height >= size && width >= size && size > 0, "the picture is at least as large as the filter");
    assert!(outputs.is_multiple_of(CHANNEL_STEP), "channels come in steps of {CHANNEL_STEP}");
    let (rows, columns) = (height - size + 1, width - size + 1);
    assert!(gradient.len() >= extent([size, size, inputs, outputs]), "the gradient has room");
    assert!(input.len() >= extent([height, width, inputs]), "the input fills its shape");
    let end = extent([rows - 1, slope_line]).checked_add(extent([columns, outputs])).and_then(|end| end.checked_add(slope_start));
    assert!(end.is_some_and(|end| slopes.len() >= end), "the slopes fill their shape");
    for (first, block) in blocks(level, outputs) {
        for row in 0..rows {
            for tap in 0..size {
                let plan = Gradient {
                    run: size * inputs,
                    step: inputs,
                    columns,
                    outputs,
                    input: input[(row + tap) * width * inputs..].as_ptr(),
                    slopes: slopes[slope_start + row * slope_line + first..].as_ptr(),
                    sums: gradient[tap * size * inputs * outputs + first..].as_mut_ptr(),
                };
                #[allow(unsafe_code, reason = "tiles are read through pointers")]
                // SAFETY: the run of pixel x ends at (row + tap, x + size), inside the picture since x < columns; slopes of pixel x and
                // the rows `tap` of the gradient lie inside the asserted lengths; the vectors exist: the level is one of this
                // processor's.
                unsafe {
                    match level {
                        #[cfg(target_arch = "x86_64")]
                        Level::Avx512 => gradient_avx512(&plan, block),
                        #[cfg(target_arch = "x86_64")]
                        Level::Avx2 => gradient_avx2(&plan, block),
                        Level::Plain => gradient_line::<[f32; 8], 1, 4>(&plan),
                    }
                }
            }
        }
    }
}

/// One line of slopes against one filter row.
struct Gradient {
    run: usize,
    step: usize,
    columns: usize,
    outputs: usize,
    input: *const f32,
    slopes: *const f32,
    sums: *mut f32,
}

#[allow(unsafe_code, reason = "reads and writes through pointers that `filter_gradient` checked")]
#[inline(always)]
unsafe fn gradient_line<V: Lanes, const N: usize, const M: usize>(plan: &Gradient) {
    let mut place = 0;
    // SAFETY: `filter_gradient` asserted the extent of every run and block.
    unsafe {
        while place + M <= plan.run {
            gradient_tile::<V, N, M>(plan, place);
            place += M;
        }
        while place + 3 <= plan.run {
            gradient_tile::<V, N, 3>(plan, place);
            place += 3;
        }
        while place < plan.run {
            gradient_tile::<V, N, 1>(plan, place);
            place += 1;
        }
    }
}

/// M numbers of the run times N vectors of channels, summed over the line.
#[allow(unsafe_code, reason = "reads and writes through pointers that `filter_gradient` checked")]
#[inline(always)]
unsafe fn gradient_tile<V: Lanes, const N: usize, const M: usize>(plan: &Gradient, place: usize) {
    // SAFETY: `filter_gradient` asserted the extent of every run and block.
    unsafe {
        let home = plan.sums.add(place * plan.outputs);
        let mut sums = [[V::splat(0.0); N]; M];
        for (m, sums) in sums.iter_mut().enumerate() {
            for (n, sum) in sums.iter_mut().enumerate() {
                *sum = V::load(home.add(m * plan.outputs + n * V::WIDTH));
            }
        }
        let mut input = plan.input.add(place);
        let mut slopes = plan.slopes;
        for _ in 0..plan.columns {
            let mut row = [V::splat(0.0); N];
            for (n, lane) in row.iter_mut().enumerate() {
                *lane = V::load(slopes.add(n * V::WIDTH));
            }
            for (m, sums) in sums.iter_mut().enumerate() {
                let value = V::splat(*input.add(m));
                for (sum, lane) in sums.iter_mut().zip(row) {
                    *sum = value.multiply_add(lane, *sum);
                }
            }
            // One past the last pixel is formed but never read; wrapping keeps that sound.
            input = input.wrapping_add(plan.step);
            slopes = slopes.wrapping_add(plan.outputs);
        }
        for (m, sums) in sums.iter().enumerate() {
            for (n, sum) in sums.iter().enumerate() {
                sum.store(home.add(m * plan.outputs + n * V::WIDTH));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::levels;

    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        (0..count)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            })
            .collect()
    }

    fn by_hand(input: &[f32], [height, width]: [usize; 2], weights: &[f32], size: usize, inputs: usize, outputs: usize) -> Vec<f64> {
        let (rows, columns) = (height - size + 1, width - size + 1);
        let mut found = vec![0.0; rows * columns * outputs];
        for y in 0..rows {
            for x in 0..columns {
                for i in 0..size {
                    for j in 0..size {
                        for c in 0..inputs {
                            for k in 0..outputs {
                                found[(y * columns + x) * outputs + k] += f64::from(input[((y + i) * width + x + j) * inputs + c])
                                    * f64::from(weights[((i * size + j) * inputs + c) * outputs + k]);
                            }
                        }
                    }
                }
            }
        }
        found
    }

    fn agree(found: &[f32], wanted: &[f64], what: &str) {
        assert_eq!(found.len(), wanted.len());
        for (place, (found, wanted)) in found.iter().zip(wanted).enumerate() {
            assert!((f64::from(*found) - wanted).abs() < 1e-4 * (1.0 + wanted.abs()), "{what} {place}: {found} {wanted}");
        }
    }

    #[test]
    fn convolutions_and_their_gradients_agree_with_the_sums_written_out() {
        // All that this processor has: its widest vectors hide the others.
        for level in levels() {
            agree_at(level);
        }
    }

    fn agree_at(level: Level) {
        // Every block width, line lengths with every rest, filters of 2 and 3.
        for (size, inputs, outputs, height, width) in [
            (3, 3, 8, 6, 16),
            (3, 8, 16, 5, 31),
            (3, 5, 24, 4, 9),
            (3, 16, 40, 6, 12),
            (3, 4, 64, 9, 9),
            (2, 7, 56, 5, 24),
            (1, 6, 8, 2, 5),
        ] {
            let name = format!("{level:?} {size} {inputs} {outputs} {height} {width}");
            let input = numbers(height * width * inputs, 1);
            let weights = numbers(size * size * inputs * outputs, 2);
            let (rows, columns) = (height - size + 1, width - size + 1);
            let mut output = vec![0.0; rows * columns * outputs];
            Filter::at(level, &weights, size, inputs, outputs).apply(&input, height, width, &mut output);
            agree(&output, &by_hand(&input, [height, width], &weights, size, inputs, outputs), &name);

            // sum(z * dz) is linear in w and in the input: its derivatives are the filter's and the input's gradients.
            let slopes = numbers(output.len(), 3);
            let mut gradient = vec![0.5; weights.len()];
            let strides = [0, columns * outputs];
            filter_gradient_at(level, &mut gradient, [size, inputs, outputs], &input, [height, width], &slopes, strides);
            let value = |weights: &[f32]| -> f64 {
                by_hand(&input, [height, width], weights, size, inputs, outputs)
                    .iter()
                    .zip(&slopes)
                    .map(|(z, slope)| z * f64::from(*slope))
                    .sum()
            };
            for place in (0..weights.len()).step_by(17) {
                let mut unit = vec![0.0; weights.len()];
                unit[place] = 1.0;
                let wanted = value(&unit) + 0.5;
                assert!((f64::from(gradient[place]) - wanted).abs() < 1e-3, "{name}: {} {wanted}", gradient[place]);
            }

            if inputs % CHANNEL_STEP == 0 {
                let border = size - 1;
                let (tall, wide) = (rows + 2 * border, columns + 2 * border);
                let mut padded = vec![0.0; tall * wide * outputs];
                for y in 0..rows {
                    let start = ((y + border) * wide + border) * outputs;
                    padded[start..start + columns * outputs].copy_from_slice(&slopes[y * columns * outputs..(y + 1) * columns * outputs]);
                }
                let mut back = vec![0.0; height * width * inputs];
                Filter::backward_at(level, &weights, size, inputs, outputs).apply(&padded, tall, wide, &mut back);
                for place in (0..input.len()).step_by(23) {
                    let mut unit = vec![0.0; input.len()];
                    unit[place] = 1.0;
                    let z = by_hand(&unit, [height, width], &weights, size, inputs, outputs);
                    let wanted: f64 = z.iter().zip(&slopes).map(|(z, slope)| z * f64::from(*slope)).sum();
                    assert!((f64::from(back[place]) - wanted).abs() < 1e-4, "{name}: {} {wanted}", back[place]);
                }
            }
        }
    }

    #[test]
    fn the_public_functions_take_the_widest_vectors() {
        let (input, weights) = (numbers(6 * 7 * 5, 4), numbers(9 * 5 * 8, 5));
        let (mut output, mut gradient) = (vec![0.0; 4 * 5 * 8], vec![0.0; weights.len()]);
        Filter::new(&weights, 3, 5, 8).apply(&input, 6, 7, &mut output);
        agree(&output, &by_hand(&input, [6, 7], &weights, 3, 5, 8), "widest");
        filter_gradient(&mut gradient, 3, 5, 8, &input, [6, 7], &output, [0, 40]);
        let mut wanted = vec![0.0; weights.len()];
        filter_gradient_at(levels()[0], &mut wanted, [3, 5, 8], &input, [6, 7], &output, [0, 40]);
        assert_eq!(gradient, wanted);
    }

    #[test]
    #[should_panic(expected = "fewer values than the address space")]
    fn a_picture_whose_size_wraps_is_refused() {
        // 2^32 lines of 2^32 pixels: 0 values, if counted in 64 bits that wrap.
        let side = 1 << (usize::BITS / 2);
        Filter::new(&[0.0; 8], 1, 1, 8).apply(&[], side, side, &mut []);
    }

    #[test]
    #[should_panic(expected = "the slopes fill their shape")]
    fn slopes_whose_place_wraps_are_refused() {
        let input = [0.0; 2];
        filter_gradient(&mut [0.0; 8], 1, 1, 8, &input, [2, 1], &[0.0; 16], [usize::MAX - 15, 8]);
    }
}
