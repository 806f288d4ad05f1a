//! Small convolutions on one thread, input channels last, without copying patches.
//!
//! ```text
//! out[y, x, k] = prelu_k(bias_k + sum over ky, kx, c of in[y + ky, x + kx, c] weight[k, c, ky, kx])     prelu_k(v) = max(v, 0) + slope_k min(v, 0)
//! ```
//!
//! No padding, step 1. With channels last, the patch row of an output pixel is one contiguous run of `kernel * inputs` numbers, so a row of
//! outputs is a product of overlapping runs with a matrix. Output channels come in blocks of 16 (filled up with zero weights): a few pixels
//! times a few blocks stay in registers over the whole patch.
//!
//! Written out instead of through a general matrix product, so that nothing is packed or copied for sizes this small (9 to 192 numbers a
//! patch row, 10 to 128 output channels). The instruction set is chosen at run time; with fused multiply-add the last bit of a sum differs from machines without it.

#![allow(clippy::inline_always, reason = "only what is inlined into the dispatched function uses its instruction set")]

use pulp::{Arch, Simd, WithSimd};

/// Output channels of a block.
pub(super) const BLOCK: usize = 16;

/// A picture-like array: entry (y, x, c) at `(y * width + x) * channels + c`.
#[derive(Debug, Clone, Default)]
pub(super) struct Map {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    pub(super) values: Vec<f32>,
}

impl Map {
    fn row(&self, y: usize) -> &[f32] {
        &self.values[y * self.width * self.channels..(y + 1) * self.width * self.channels]
    }
}

/// One convolution layer with its PReLU.
#[derive(Debug, Clone)]
pub(crate) struct Filters {
    kernel: usize,
    inputs: usize,
    outputs: usize,
    /// `[blocks, kernel, kernel, inputs, 16]`.
    weights: Vec<f32>,
    bias: Vec<f32>,
    slopes: Vec<f32>,
}

impl Filters {
    /// From weights `[outputs, inputs, kernel, kernel]` as torch stores them.
    pub(super) fn new(shape: &[usize], weights: &[f32], bias: &[f32], slopes: &[f32]) -> Self {
        let (outputs, inputs, kernel) = (shape[0], shape[1], shape[2]);
        let padded = outputs.next_multiple_of(BLOCK);
        let patch = kernel * kernel * inputs;
        let mut blocks = vec![0.0; padded * patch];
        for k in 0..outputs {
            for c in 0..inputs {
                for place in 0..kernel * kernel {
                    let at = ((k / BLOCK) * patch + place * inputs + c) * BLOCK + k % BLOCK;
                    blocks[at] = weights[(k * inputs + c) * kernel * kernel + place];
                }
            }
        }
        let fill = |values: &[f32]| values.iter().copied().chain(std::iter::repeat(0.0)).take(padded).collect();
        Filters { kernel, inputs, outputs, weights: blocks, bias: fill(bias), slopes: fill(slopes) }
    }

    /// Output channels rounded up to whole blocks: the distance of two output pixels.
    pub(super) fn padded(&self) -> usize {
        self.bias.len()
    }

    /// True output channels.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// One row of outputs `[width, padded]` from as many rows of inputs as the kernel is high.
    pub(super) fn row(&self, rows: &[&[f32]], width: usize, out: &mut [f32]) {
        Arch::new().dispatch(Row { filters: self, rows, width, out });
    }

    /// The whole output map; its channels are filled up to whole blocks.
    pub(super) fn map(&self, map: &Map) -> Map {
        let (height, width) = (map.height + 1 - self.kernel, map.width + 1 - self.kernel);
        let channels = self.padded();
        let mut values = vec![0.0; height * width * channels];
        let mut rows: [&[f32]; 3] = [&[]; 3];
        for (y, out) in values.chunks_exact_mut(width * channels).enumerate() {
            for (ky, row) in rows[..self.kernel].iter_mut().enumerate() {
                *row = map.row(y + ky);
            }
            self.row(&rows[..self.kernel], width, out);
        }
        Map { height, width, channels, values }
    }
}

struct Row<'a> {
    filters: &'a Filters,
    rows: &'a [&'a [f32]],
    width: usize,
    out: &'a mut [f32],
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            16 => self.pixels::<S, 1, 2, 4, 4>(simd),
            8 => self.pixels::<S, 2, 1, 2, 4>(simd),
            4 => self.pixels::<S, 4, 1, 1, 2>(simd),
            _ => self.pixels::<S, 16, 1, 1, 1>(simd),
        }
    }
}

impl Row<'_> {
    /// Six, three or one neighbouring pixels with as many blocks at a time (`SIX`, `THREE`, `ONE`) as the registers hold: a few sums
    /// alone would wait for each other, and an input that is loaded serves all blocks.
    #[inline(always)]
    fn pixels<S: Simd, const V: usize, const SIX: usize, const THREE: usize, const ONE: usize>(self, simd: S) {
        let Row { filters, rows, width, out } = self;
        let mut x = 0;
        while x + 6 <= width {
            blocks::<S, V, 6, SIX>(simd, filters, rows, x, out);
            x += 6;
        }
        if x + 3 <= width {
            blocks::<S, V, 3, THREE>(simd, filters, rows, x, out);
            x += 3;
        }
        while x < width {
            blocks::<S, V, 1, ONE>(simd, filters, rows, x, out);
            x += 1;
        }
    }
}

/// All blocks of `P` neighbouring pixels, `B` at a time.
#[inline(always)]
fn blocks<S: Simd, const V: usize, const P: usize, const B: usize>(simd: S, filters: &Filters, rows: &[&[f32]], x: usize, out: &mut [f32]) {
    let padded = filters.padded();
    let out = &mut out[x * padded..(x + P) * padded];
    let mut block = 0;
    while block + B <= padded / BLOCK {
        tile::<S, V, P, B>(simd, filters, rows, block, x, out);
        block += B;
    }
    while block < padded / BLOCK {
        tile::<S, V, P, 1>(simd, filters, rows, block, x, out);
        block += 1;
    }
}

/// `P` neighbouring pixels of `B` neighbouring blocks of channels, `V` vectors a pixel and block.
#[inline(always)]
fn tile<S: Simd, const V: usize, const P: usize, const B: usize>(
    simd: S,
    filters: &Filters,
    rows: &[&[f32]],
    block: usize,
    x: usize,
    out: &mut [f32],
) {
    let run = filters.kernel * filters.inputs;
    let patch = run * filters.kernel * BLOCK;
    let zero = simd.splat_f32s(0.0);
    let mut sums = [[[zero; V]; P]; B];
    for (b, sums) in sums.iter_mut().enumerate() {
        let (bias, _) = S::as_simd_f32s(&filters.bias[(block + b) * BLOCK..(block + b + 1) * BLOCK]);
        for sums in sums {
            sums.copy_from_slice(&bias[..V]);
        }
    }
    for (ky, row) in rows.iter().enumerate() {
        let mut weights: [&[[S::f32s; V]]; B] = [&[]; B];
        for (b, weights) in weights.iter_mut().enumerate() {
            let from = (block + b) * patch + ky * run * BLOCK;
            let (vectors, _) = S::as_simd_f32s(&filters.weights[from..from + run * BLOCK]);
            *weights = &vectors.as_chunks::<V>().0[..run];
        }
        let mut inputs: [&[f32]; P] = [&[]; P];
        for (pixel, input) in inputs.iter_mut().enumerate() {
            *input = &row[(x + pixel) * filters.inputs..][..run];
        }
        for place in 0..run {
            for pixel in 0..P {
                let value = simd.splat_f32s(inputs[pixel][place]);
                for b in 0..B {
                    for vector in 0..V {
                        sums[b][pixel][vector] = simd.mul_add_e_f32s(weights[b][place][vector], value, sums[b][pixel][vector]);
                    }
                }
            }
        }
    }
    for (b, sums) in sums.iter().enumerate() {
        let channels = (block + b) * BLOCK..(block + b + 1) * BLOCK;
        let (slopes, _) = S::as_simd_f32s(&filters.slopes[channels.clone()]);
        for (sums, out) in sums.iter().zip(out.chunks_exact_mut(filters.padded())) {
            let (out, _) = S::as_mut_simd_f32s(&mut out[channels.clone()]);
            for vector in 0..V {
                let sum = sums[vector];
                out[vector] = simd.mul_add_e_f32s(slopes[vector], simd.min_f32s(sum, zero), simd.max_f32s(sum, zero));
            }
        }
    }
}

/// Maximum over `size` x `size` windows every second pixel; the last window may reach over the border (torch's `ceil_mode`). Only the
/// first `channels` channels are kept.
pub(super) fn pool(map: &Map, size: usize, channels: usize) -> Map {
    let count = |length: usize| (length - size).div_ceil(2) + 1;
    let (height, width) = (count(map.height), count(map.width));
    let mut values = Vec::with_capacity(height * width * channels);
    for y in 0..height {
        for x in 0..width {
            let from = values.len();
            let first = (2 * y * map.width + 2 * x) * map.channels;
            values.extend_from_slice(&map.values[first..first + channels]);
            for row in 2 * y..(2 * y + size).min(map.height) {
                for column in 2 * x..(2 * x + size).min(map.width) {
                    let at = (row * map.width + column) * map.channels;
                    for (most, &value) in values[from..].iter_mut().zip(&map.values[at..at + channels]) {
                        *most = if value > *most { value } else { *most };
                    }
                }
            }
        }
    }
    Map { height, width, channels, values }
}

#[cfg(test)]
mod tests {
    use evenhand_kernels::{Grid, Threads, multiply};

    use super::*;
    use crate::face::mtcnn::networks::tests::signed;

    #[test]
    fn rows_equal_sliding_window_products() {
        for (outputs, inputs, kernel, width) in [(10, 3, 3, 20), (48, 28, 3, 9), (64, 48, 2, 3), (32, 16, 3, 7), (17, 1, 1, 1)] {
            let weights = signed(outputs * inputs * kernel * kernel, 1, 1.0);
            let (bias, slopes) = (signed(outputs, 2, 1.0), signed(outputs, 3, 0.5));
            let filters = Filters::new(&[outputs, inputs, kernel, kernel], &weights, &bias, &slopes);
            let map = Map { height: kernel + 1, width, channels: inputs, values: signed((kernel + 1) * width * inputs, 4, 1.0) };
            let found = filters.map(&map);
            let across = width + 1 - kernel;
            assert_eq!((found.height, found.width, found.channels), (2, across, outputs.next_multiple_of(BLOCK)));
            for y in 0..2 {
                let mut expected = vec![0.0; across * outputs];
                for ky in 0..kernel {
                    let runs = Grid::strided(map.row(y + ky), across, kernel * inputs, inputs, 1);
                    let mut columns = vec![0.0; kernel * inputs * outputs];
                    for (k, filter) in weights.chunks_exact(inputs * kernel * kernel).enumerate() {
                        for kx in 0..kernel {
                            for c in 0..inputs {
                                columns[(kx * inputs + c) * outputs + k] = filter[(c * kernel + ky) * kernel + kx];
                            }
                        }
                    }
                    multiply(&mut expected, runs, Grid::new(&columns, kernel * inputs, outputs), ky > 0, Threads::One);
                }
                for (x, pixel) in expected.chunks_exact(outputs).enumerate() {
                    for (k, sum) in pixel.iter().enumerate() {
                        let sum = sum + bias[k];
                        let expected = if sum > 0.0 { sum } else { slopes[k] * sum };
                        let found = found.row(y)[x * found.channels + k];
                        assert!((found - expected).abs() < 1e-4, "{outputs} {inputs} {kernel}: {found} against {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn windows_reach_over_the_border() {
        // 1 2 3 4 over 5 6 7 8, two channels of which one is kept: windows of 3 every 2 need a second column for the 4.
        let values = (1..=8).flat_map(|value| [value as f32, 99.0]).collect();
        let map = Map { height: 2, width: 4, channels: 2, values };
        let pooled = pool(&map, 2, 1);
        assert_eq!((pooled.height, pooled.width, pooled.values), (1, 2, vec![6.0, 8.0]));
        let map = Map { height: 3, width: 4, channels: 1, values: (1..=12).map(|value| -(value as f32)).collect() };
        let pooled = pool(&map, 3, 1);
        assert_eq!((pooled.height, pooled.width, pooled.values), (1, 2, vec![-1.0, -3.0]));
        let pooled = pool(&map, 2, 1);
        assert_eq!((pooled.height, pooled.width, pooled.values), (2, 2, vec![-1.0, -3.0, -9.0, -11.0]));
    }
}
