//! The three networks of MTCNN.
//!
//! ```text
//! P-Net, any size   conv3 3>10  pool2   conv3 10>16  conv3 16>32                                  heads 1x1: face 2, box 4
//! R-Net, 24 x 24    conv3 3>28  pool3   conv3 28>48  pool3  conv2 48>64                 576>128   heads: face 2, box 4
//! O-Net, 48 x 48    conv3 3>32  pool3   conv3 32>64  pool3  conv3 64>64 pool2  conv2 64>128  1152>256   heads: face 2, box 4, landmarks 10
//! ```
//!
//! Input: (pixel - 127.5) / 128, RGB, channels last. No padding; every convolution and dense layer but the heads ends in a PReLU with one
//! slope per channel; pooling windows step by 2 and may reach over the border. `face` is a softmax of two, of which the second counts.
//! A cell (row, column) of P-Net sees the 12 x 12 pixels from (2 row, 2 column).
//!
//! Dense layers read the last map in the order (column, row, channel), the order of the network's first framework; our maps are (row,
//! column, channel), so the columns of their weights are rearranged when they are loaded. The file keeps torch's order.
//!
//! P-Net runs row by row: three rows of each layer are alive, so the working set stays in the first caches whatever the picture's size. Its
//! heads are a dot product first (the difference of the two logits) and computed whole only where that comes near the threshold.

use evenhand_kernels::{Grid, Threads, multiply};

use super::convolution::{Filters, Map, pool};

/// Name, shape and values of one array, by the names of the weights file.
pub(crate) trait Arrays {
    /// The values of an array whose shape was checked before.
    fn values(&self, name: &str) -> (&[usize], &[f32]);

    fn filters(&self, convolution: &str, slopes: &str) -> Filters {
        let (shape, weights) = self.values(&format!("{convolution}.weight"));
        let (_, bias) = self.values(&format!("{convolution}.bias"));
        let (_, slopes) = self.values(&format!("{slopes}.weight"));
        Filters::new(shape, weights, bias, slopes)
    }

    fn dense(&self, name: &str) -> Dense {
        let (shape, weights) = self.values(&format!("{name}.weight"));
        let (_, bias) = self.values(&format!("{name}.bias"));
        Dense { outputs: shape[0], inputs: shape[1..].iter().product(), weights: weights.to_vec(), bias: bias.to_vec() }
    }
}

/// A layer `out = in weights' + bias`.
#[derive(Debug, Clone)]
pub(crate) struct Dense {
    inputs: usize,
    outputs: usize,
    /// `[outputs, inputs]`.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Dense {
    /// Rearranges columns from (column, row, channel) to (row, column, channel) of a square map.
    fn channels_last(mut self, side: usize) -> Self {
        let channels = self.inputs / (side * side);
        let stored = self.weights.clone();
        for (to, from) in self.weights.chunks_exact_mut(self.inputs).zip(stored.chunks_exact(self.inputs)) {
            for row in 0..side {
                for column in 0..side {
                    let (here, there) = ((row * side + column) * channels, (column * side + row) * channels);
                    to[here..here + channels].copy_from_slice(&from[there..there + channels]);
                }
            }
        }
        self
    }

    fn apply(&self, rows: usize, input: &[f32]) -> Vec<f32> {
        let mut out = self.bias.repeat(rows);
        let weights = Grid::new(&self.weights, self.outputs, self.inputs).transposed();
        multiply(&mut out, Grid::new(input, rows, self.inputs), weights, true, Threads::One);
        out
    }
}

fn prelu(values: &mut [f32], slopes: &[f32]) {
    for row in values.chunks_exact_mut(slopes.len()) {
        for (value, slope) in row.iter_mut().zip(slopes) {
            *value = value.max(0.0) + slope * value.min(0.0);
        }
    }
}

/// Probability of the second of two logits.
fn second(logits: [f32; 2]) -> f32 {
    1.0 / (1.0 + (logits[0] - logits[1]).exp())
}

/// A cell of P-Net's output at or above the threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) score: f32,
    /// Shifts of left, top, right, bottom in box widths and heights.
    pub(super) shift: [f32; 4],
}

/// P-Net.
#[derive(Debug, Clone)]
pub(super) struct ProposalNet {
    first: Filters,
    second: Filters,
    third: Filters,
    face: Dense,
    shift: Dense,
    /// Logit of a face less that of none, as one dot product.
    contrast: [f32; 32],
    contrast_bias: f32,
}

impl ProposalNet {
    pub(super) fn new(arrays: &impl Arrays) -> Self {
        let face = arrays.dense("pnet.conv4_1");
        let mut contrast = [0.0; 32];
        for (channel, contrast) in contrast.iter_mut().enumerate() {
            *contrast = face.weights[32 + channel] - face.weights[channel];
        }
        ProposalNet {
            first: arrays.filters("pnet.conv1", "pnet.prelu1"),
            second: arrays.filters("pnet.conv2", "pnet.prelu2"),
            third: arrays.filters("pnet.conv3", "pnet.prelu3"),
            contrast,
            contrast_bias: face.bias[1] - face.bias[0],
            face,
            shift: arrays.dense("pnet.conv4_2"),
        }
    }

    /// All cells with a score of at least `threshold` (within (0, 1)), row after row. `input` has three channels and sides of 12 or more.
    pub(super) fn cells(&self, input: &Map, threshold: f32) -> Vec<Cell> {
        const POOLED: usize = 10;
        // Far above the rounding of a sum of 33 terms; what lies between is decided by the exact probability.
        let nearly = (threshold / (1.0 - threshold)).ln() - 0.01;
        let width = input.width - 2;
        let pooled_width = width.div_ceil(2);
        let mut upper = vec![0.0; width * self.first.padded()];
        let mut lower = upper.clone();
        let mut pooled = vec![vec![0.0; pooled_width * POOLED + self.first.padded()]; 3];
        let mut middle = vec![vec![0.0; (pooled_width - 2) * self.second.padded()]; 3];
        let mut last = vec![0.0; (pooled_width - 4) * self.third.padded()];
        let line = |y: usize| &input.values[y * input.width * 3..(y + 1) * input.width * 3];
        let mut cells = Vec::new();
        for row in 0..(input.height - 2).div_ceil(2) {
            let y = 2 * row;
            self.first.row(&[line(y), line(y + 1), line(y + 2)], width, &mut upper);
            if y + 3 < input.height {
                self.first.row(&[line(y + 1), line(y + 2), line(y + 3)], width, &mut lower);
            } else {
                lower.copy_from_slice(&upper);
            }
            pool_pairs::<POOLED>(&upper, &lower, &mut pooled[row % 3]);
            if row >= 2 {
                let rows = [0, 1, 2].map(|ky| pooled[(row - 2 + ky) % 3].as_slice());
                self.second.row(&rows, pooled_width - 2, &mut middle[(row - 2) % 3]);
            }
            if row >= 4 {
                let rows = [0, 1, 2].map(|ky| middle[(row - 4 + ky) % 3].as_slice());
                self.third.row(&rows, pooled_width - 4, &mut last);
                for (column, features) in last.as_chunks::<32>().0.iter().enumerate() {
                    if self.contrast_bias + dot(&self.contrast, features) >= nearly {
                        let face = self.face.apply(1, features);
                        let score = second([face[0], face[1]]);
                        if score >= threshold {
                            let shift = self.shift.apply(1, features);
                            cells.push(Cell { row: row - 4, column, score, shift: [shift[0], shift[1], shift[2], shift[3]] });
                        }
                    }
                }
            }
        }
        cells
    }
}

/// Maximum over 2 x 2 pixels of two rows of 16 channels, of which `KEPT` are written next to each other. A last single column stands for
/// itself. The output has room for 16 channels behind its last pixel.
fn pool_pairs<const KEPT: usize>(upper: &[f32], lower: &[f32], out: &mut [f32]) {
    let largest = |a: &[f32; 16], b: &[f32; 16]| {
        let mut most = *a;
        for (most, &value) in most.iter_mut().zip(b) {
            *most = if value > *most { value } else { *most };
        }
        most
    };
    let (upper, lower) = (upper.as_chunks::<16>().0, lower.as_chunks::<16>().0);
    for (pixel, (upper, lower)) in upper.chunks(2).zip(lower.chunks(2)).enumerate() {
        let mut most = largest(&upper[0], &lower[0]);
        if let ([_, upper], [_, lower]) = (upper, lower) {
            most = largest(&most, &largest(upper, lower));
        }
        // All 16: the next pixel overwrites the unused ones.
        out[pixel * KEPT..pixel * KEPT + 16].copy_from_slice(&most);
    }
}

fn dot(a: &[f32; 32], b: &[f32; 32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}

/// What R-Net and O-Net say about one crop.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Verdict {
    pub(super) score: f32,
    pub(super) shift: [f32; 4],
    /// Five x then five y in box widths and heights; zeros from R-Net.
    pub(super) landmarks: [f32; 10],
}

/// R-Net or O-Net.
#[derive(Debug, Clone)]
pub(super) struct CropNet {
    /// Convolutions and the pooling window behind them (0: none).
    layers: Vec<(Filters, usize)>,
    dense: Dense,
    slopes: Vec<f32>,
    face: Dense,
    shift: Dense,
    landmarks: Option<Dense>,
    /// Side of a crop in pixels.
    pub(super) side: usize,
}

impl CropNet {
    pub(super) fn refine(arrays: &impl Arrays) -> Self {
        CropNet {
            layers: vec![
                (arrays.filters("rnet.conv1", "rnet.prelu1"), 3),
                (arrays.filters("rnet.conv2", "rnet.prelu2"), 3),
                (arrays.filters("rnet.conv3", "rnet.prelu3"), 0),
            ],
            dense: arrays.dense("rnet.dense4").channels_last(3),
            slopes: arrays.values("rnet.prelu4.weight").1.to_vec(),
            face: arrays.dense("rnet.dense5_1"),
            shift: arrays.dense("rnet.dense5_2"),
            landmarks: None,
            side: 24,
        }
    }

    pub(super) fn output(arrays: &impl Arrays) -> Self {
        CropNet {
            layers: vec![
                (arrays.filters("onet.conv1", "onet.prelu1"), 3),
                (arrays.filters("onet.conv2", "onet.prelu2"), 3),
                (arrays.filters("onet.conv3", "onet.prelu3"), 2),
                (arrays.filters("onet.conv4", "onet.prelu4"), 0),
            ],
            dense: arrays.dense("onet.dense5").channels_last(3),
            slopes: arrays.values("onet.prelu5.weight").1.to_vec(),
            face: arrays.dense("onet.dense6_1"),
            shift: arrays.dense("onet.dense6_2"),
            landmarks: Some(arrays.dense("onet.dense6_3")),
            side: 48,
        }
    }

    /// The last map of one crop, flattened.
    pub(super) fn features(&self, crop: Map) -> Vec<f32> {
        let mut map = crop;
        for (filters, window) in &self.layers {
            map = filters.map(&map);
            if *window > 0 {
                map = pool(&map, *window, filters.outputs());
            }
        }
        map.values
    }

    /// Judges crops by their features, one row each.
    pub(super) fn judge(&self, features: &[f32]) -> Vec<Verdict> {
        let rows = features.len() / self.dense.inputs;
        let mut hidden = self.dense.apply(rows, features);
        prelu(&mut hidden, &self.slopes);
        let (face, shift) = (self.face.apply(rows, &hidden), self.shift.apply(rows, &hidden));
        let landmarks = self.landmarks.as_ref().map(|landmarks| landmarks.apply(rows, &hidden));
        let mut verdicts = vec![Verdict::default(); rows];
        for (row, verdict) in verdicts.iter_mut().enumerate() {
            verdict.score = second([face[2 * row], face[2 * row + 1]]);
            verdict.shift.copy_from_slice(&shift[4 * row..4 * row + 4]);
            if let Some(landmarks) = &landmarks {
                verdict.landmarks.copy_from_slice(&landmarks[10 * row..10 * row + 10]);
            }
        }
        verdicts
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::Value;

    use super::*;
    use crate::face::weights::SHAPES;

    /// The hash of `reference/media/mtcnn.py`.
    pub(crate) fn noise(count: usize, seed: u64) -> Vec<u32> {
        let hash = |index: u64| {
            let mut x = ((index + seed * 1_000_003) * 2_654_435_761) & 0xffff_ffff;
            x ^= x >> 15;
            x = (x * 2_246_822_519) & 0xffff_ffff;
            x ^= x >> 13;
            x as u32
        };
        (0..count as u64).map(hash).collect()
    }

    pub(crate) fn signed(count: usize, seed: u64, scale: f64) -> Vec<f32> {
        noise(count, seed).into_iter().map(|value| ((f64::from(value % 2001) - 1000.0) / 1000.0 * scale) as f32).collect()
    }

    pub(crate) struct RandomWeights(Vec<(String, Vec<usize>, Vec<f32>)>);

    impl RandomWeights {
        pub(crate) fn new() -> Self {
            let mut arrays = Vec::new();
            for (network, seed) in [("pnet", 100), ("rnet", 200), ("onet", 300)] {
                let mut names: Vec<_> = SHAPES.iter().filter(|(name, _)| name.starts_with(network)).collect();
                names.sort();
                for (place, (name, shape)) in names.into_iter().enumerate() {
                    let (count, seed) = (shape.iter().product(), seed + place as u64);
                    let values = if name.contains("prelu") {
                        signed(count, seed, 0.25).into_iter().map(|value| value + 0.25).collect()
                    } else if shape.len() == 1 {
                        signed(count, seed, 0.1)
                    } else {
                        signed(count, seed, 1.7 / (shape[1..].iter().product::<usize>() as f64).sqrt())
                    };
                    arrays.push(((*name).to_owned(), shape.to_vec(), values));
                }
            }
            RandomWeights(arrays)
        }
    }

    impl Arrays for RandomWeights {
        fn values(&self, name: &str) -> (&[usize], &[f32]) {
            let (_, shape, values) = self.0.iter().find(|(known, ..)| known == name).unwrap();
            (shape, values)
        }
    }

    fn fixture() -> Value {
        serde_json::from_str(include_str!("../../../tests/fixtures/face/networks.json")).unwrap()
    }

    fn numbers(value: &Value) -> Vec<f32> {
        value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
    }

    #[test]
    fn proposals_equal_torch() {
        let net = ProposalNet::new(&RandomWeights::new());
        for case in fixture()["pnet"].as_array().unwrap() {
            let side = |name: &str| case[name].as_u64().unwrap() as usize;
            let (height, width) = (side("height"), side("width"));
            let input = Map { height, width, channels: 3, values: signed(height * width * 3, 7, 1.0) };
            let (rows, columns) = ((height - 2).div_ceil(2) - 4, (width - 2).div_ceil(2) - 4);
            let (score, shift) = (numbers(&case["score"]), numbers(&case["box"]));
            let area = rows * columns;
            assert_eq!(score.len(), 2 * area);
            let all = net.cells(&input, 1e-6);
            assert_eq!(all.len(), area);
            for cell in &all {
                let at = cell.row * columns + cell.column;
                assert!((cell.score - score[area + at]).abs() < 2e-5);
                for side in 0..4 {
                    assert!((cell.shift[side] - shift[side * area + at]).abs() < 2e-5, "{cell:?} side {side}");
                }
            }
            // Scores differ, so a threshold keeps some and drops others.
            let some = net.cells(&input, 0.5);
            assert_eq!(some, all.into_iter().filter(|cell| cell.score >= 0.5).collect::<Vec<_>>());
        }
    }

    #[test]
    fn crops_equal_torch() {
        let (weights, fixture) = (RandomWeights::new(), fixture());
        for (net, name, count, seed) in [(CropNet::refine(&weights), "rnet", 3, 8), (CropNet::output(&weights), "onet", 2, 9)] {
            let size = net.side * net.side * 3;
            let pixels = signed(count * size, seed, 1.0);
            let crop = |values: &[f32]| Map { height: net.side, width: net.side, channels: 3, values: values.to_vec() };
            let features: Vec<f32> = pixels.chunks_exact(size).flat_map(|values| net.features(crop(values))).collect();
            let verdicts = net.judge(&features);
            assert_eq!(verdicts.len(), count);
            let (score, shift) = (numbers(&fixture[name]["score"]), numbers(&fixture[name]["box"]));
            for (row, verdict) in verdicts.iter().enumerate() {
                assert!((verdict.score - score[2 * row + 1]).abs() < 2e-5, "{name}");
                for side in 0..4 {
                    assert!((verdict.shift[side] - shift[4 * row + side]).abs() < 2e-5, "{name}");
                }
                if name == "onet" {
                    let landmarks = numbers(&fixture[name]["landmarks"]);
                    for place in 0..10 {
                        assert!((verdict.landmarks[place] - landmarks[10 * row + place]).abs() < 2e-5);
                    }
                }
            }
        }
    }
}
