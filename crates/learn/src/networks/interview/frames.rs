//! Convolution blocks over all frames of a batch, computed on the host from bytes, with their derivative written out.
//!
//! ```text
//! block: z = conv3x3(in, pad 1);  y = gamma (z - m) / sqrt(v + 1e-5) + beta;  out = maxpool2x2(max(0, y))
//! m, v:  mean and population variance of z over all pixels of the batch's frames in training, running ones in evaluation
//! ```
//!
//! The convolution has no bias: batch norm would take it out again. Frames without a face take no part at all, neither in the statistics
//! nor in the time; their features are zeros. The first block reads bytes (divided by 255), so frames are never stored as floats.
//! One block is three sweeps over the frames (convolution and sums; norm, ReLU and pooling; backwards two), each frame by itself on one
//! thread; only the sums are shared. Gradients are added up in a fixed number of groups of frames in a fixed order, so that the number
//! of threads does not change a bit.

use evenhand_kernels::{Filter, Pooled, filter_gradient, pool_backward, pool_forward, pool_sums, sums};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::recorded::Recorded;
use crate::weights::{Bound, Slot, SlotGradients, Weights};

const NORM_EPSILON: f64 = 1e-5;
/// Groups of frames whose filter gradients are added up separately.
const GROUPS: usize = 16;

/// The blocks.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    side: usize,
    blocks: Vec<Block>,
}

#[derive(Debug, Clone, Copy)]
struct Block {
    inputs: usize,
    outputs: usize,
    filter: Slot,
    gamma: Slot,
    beta: Slot,
    mean: Slot,
    variance: Slot,
    shape: Pooled,
}

/// A batch statistic for the running ones.
pub(super) type Seen = (Slot, Vec<f32>);

/// What a block keeps of a training pass for the way back.
#[derive(Debug)]
struct Saved {
    filter: Vec<f32>,
    gamma: Vec<f32>,
    mean: Vec<f32>,
    /// 1 / sqrt(v + epsilon)
    inverse: Vec<f32>,
    /// Results of the convolution, frame after frame.
    z: Vec<f32>,
    choice: Vec<u8>,
    /// Inputs with their border; empty in the first block, which reads the bytes again.
    input: Vec<f32>,
}

/// A pass over a batch.
#[derive(Debug)]
pub(super) struct Passed {
    /// Empty after a prediction.
    blocks: Vec<Saved>,
    /// Place of each computed frame among all frames of the batch.
    places: Vec<usize>,
}

impl Blocks {
    /// Blocks with these channels for frames of this side; first filters are drawn uniformly from +-1/sqrt(9 inputs).
    pub(super) fn new(side: usize, channels: &[usize], weights: &mut Weights, rng: &mut ChaCha8Rng) -> Self {
        let mut inputs = 3;
        let mut size = side;
        let blocks = channels
            .iter()
            .enumerate()
            .map(|(number, &outputs)| {
                let name = format!("video.block.{number}");
                let bound = 1.0 / ((9 * inputs) as f32).sqrt();
                let last = number + 1 == channels.len();
                let block = Block {
                    inputs,
                    outputs,
                    filter: weights.add_uniform(format!("{name}.filter"), &[3, 3, inputs, outputs], bound, rng),
                    gamma: weights.add(format!("{name}.norm.gamma"), &[outputs], vec![1.0; outputs], true),
                    beta: weights.add(format!("{name}.norm.beta"), &[outputs], vec![0.0; outputs], true),
                    mean: weights.add(format!("{name}.norm.mean"), &[outputs], vec![0.0; outputs], false),
                    variance: weights.add(format!("{name}.norm.variance"), &[outputs], vec![1.0; outputs], false),
                    shape: Pooled { height: size, width: size, channels: outputs, border: usize::from(!last) },
                };
                (inputs, size) = (outputs, size / 2);
                block
            })
            .collect();
        Blocks { side, blocks }
    }

    /// Features of a frame.
    pub(super) fn width(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.shape.output_len())
    }

    /// Features of all frames, `[rows * segments, width]`, zeros where there is no face; batch statistics in training.
    pub(super) fn forward(&self, weights: &Bound, recorded: &Recorded, training: bool) -> (Vec<f32>, Passed, Vec<Seen>) {
        let places: Vec<usize> = (0..recorded.found.len()).filter(|&place| recorded.found[place]).collect();
        let frames = places.len();
        let mut passed = Passed { blocks: Vec::with_capacity(self.blocks.len()), places };
        let mut seen = Vec::new();
        let mut input: Vec<f32> = Vec::new();
        if frames > 0 {
            for block in &self.blocks {
                let (output, saved) = self.block(block, weights, recorded, &passed.places, input, training, &mut seen);
                // Nothing carries a slope back through a prediction.
                if training {
                    passed.blocks.push(saved);
                }
                input = output;
            }
        }
        let width = self.width();
        let mut features = vec![0.0; recorded.found.len() * width];
        for (&place, values) in passed.places.iter().zip(input.chunks_exact(width)) {
            features[place * width..(place + 1) * width].copy_from_slice(values);
        }
        (features, passed, seen)
    }

    #[allow(clippy::too_many_arguments, reason = "one sweep of the network with everything it reads")]
    fn block(
        &self,
        block: &Block,
        weights: &Bound,
        recorded: &Recorded,
        places: &[usize],
        input: Vec<f32>,
        training: bool,
        seen: &mut Vec<Seen>,
    ) -> (Vec<f32>, Saved) {
        let Pooled { height, width, channels, .. } = block.shape;
        let frames = places.len();
        let filter = weights.values(block.filter);
        let kernel = Filter::new(&filter, 3, block.inputs, block.outputs);
        let mut z = vec![0.0; frames * height * width * channels];
        let first = input.is_empty();
        let parts: Vec<(Vec<f64>, Vec<f64>)> = z
            .par_chunks_mut(height * width * channels)
            .enumerate()
            .map_init(Vec::new, |scratch, (frame, z)| {
                let picture = self.picture(block, recorded, places[frame], frame, &input, scratch);
                kernel.apply(picture, height + 2, width + 2, z);
                let (mut sum, mut squares) = (vec![0.0; channels], vec![0.0; channels]);
                if training {
                    sums(z, channels, &mut sum, &mut squares);
                }
                (sum, squares)
            })
            .collect();

        let count = (frames * height * width) as f64;
        let (mut mean, mut variance) = (weights.values(block.mean), weights.values(block.variance));
        if training {
            for channel in 0..channels {
                let centre = parts.iter().map(|(sum, _)| sum[channel]).sum::<f64>() / count;
                let squares = parts.iter().map(|(_, squares)| squares[channel]).sum::<f64>() / count;
                let spread = (squares - centre * centre).max(0.0);
                mean[channel] = centre as f32;
                variance[channel] = spread as f32;
            }
            let unbiased = count / (count - 1.0).max(1.0);
            seen.push((block.mean, mean.clone()));
            seen.push((block.variance, variance.iter().map(|spread| (f64::from(*spread) * unbiased) as f32).collect()));
        }
        let inverse: Vec<f32> = variance.iter().map(|spread| (1.0 / (f64::from(*spread) + NORM_EPSILON).sqrt()) as f32).collect();
        let (gamma, beta) = (weights.values(block.gamma), weights.values(block.beta));
        let scale: Vec<f32> = gamma.iter().zip(&inverse).map(|(gamma, inverse)| gamma * inverse).collect();
        let shift: Vec<f32> = beta.iter().zip(&scale).zip(&mean).map(|((beta, scale), mean)| beta - scale * mean).collect();

        let [rows, columns] = block.shape.cells();
        let mut output = vec![0.0; frames * block.shape.output_len()];
        let mut choice = vec![0; frames * rows * columns * channels];
        output
            .par_chunks_mut(block.shape.output_len())
            .zip(choice.par_chunks_mut(rows * columns * channels))
            .zip(z.par_chunks(height * width * channels))
            .for_each(|((output, choice), z)| pool_forward(block.shape, z, &scale, &shift, output, choice));
        (output, Saved { filter, gamma, mean, inverse, z, choice, input: if first { Vec::new() } else { input } })
    }

    /// One frame's input with its border of zeros: a piece of `input`, or the bytes in the first block.
    fn picture<'a>(
        &self,
        block: &Block,
        recorded: &Recorded,
        place: usize,
        frame: usize,
        input: &'a [f32],
        scratch: &'a mut Vec<f32>,
    ) -> &'a [f32] {
        let (line, bordered) = (self.side * 3, (self.side + 2) * 3);
        if !input.is_empty() {
            let size = (block.shape.height + 2) * (block.shape.width + 2) * block.inputs;
            return &input[frame * size..(frame + 1) * size];
        }
        scratch.resize((self.side + 2) * bordered, 0.0);
        let bytes = &recorded.frames[place * self.side * line..(place + 1) * self.side * line];
        for (row, bytes) in bytes.chunks_exact(line).enumerate() {
            let start = (row + 1) * bordered + 3;
            scratch[start..start + line].iter_mut().zip(bytes).for_each(|(value, &byte)| *value = f32::from(byte) * (1.0 / 255.0));
        }
        scratch
    }

    /// Gradients of the blocks' arrays, for the derivative of the features `[rows * segments, width]` of a training pass.
    pub(super) fn backward(&self, passed: &Passed, recorded: &Recorded, slopes: &[f32]) -> SlotGradients {
        let width = self.width();
        let mut gradients = Vec::new();
        let mut arriving: Vec<f32> = passed.places.iter().flat_map(|&place| &slopes[place * width..(place + 1) * width]).copied().collect();
        for (number, (block, saved)) in self.blocks.iter().zip(&passed.blocks).enumerate().rev() {
            let Pooled { height, width, channels, .. } = block.shape;
            let [rows, columns] = block.shape.cells();
            let (cells, pixels) = (rows * columns * channels, height * width * channels);
            let parts: Vec<(Vec<f64>, Vec<f64>)> = saved
                .z
                .par_chunks(pixels)
                .zip(saved.choice.par_chunks(cells))
                .zip(arriving.par_chunks(cells))
                .map(|((z, choice), slopes)| {
                    let (mut sum, mut product) = (vec![0.0; channels], vec![0.0; channels]);
                    pool_sums(block.shape, z, choice, slopes, &mut sum, &mut product);
                    (sum, product)
                })
                .collect();
            let count = (passed.places.len() * height * width) as f64;
            let (mut beta, mut gamma) = (vec![0.0; channels], vec![0.0; channels]);
            let (mut slope, mut constant, mut linear) = (vec![0.0; channels], vec![0.0; channels], vec![0.0; channels]);
            for k in 0..channels {
                let (mean, inverse, weight) = (f64::from(saved.mean[k]), f64::from(saved.inverse[k]), f64::from(saved.gamma[k]));
                let first: f64 = parts.iter().map(|part| part.0[k]).sum();
                let second = (parts.iter().map(|part| part.1[k]).sum::<f64>() - mean * first) * inverse;
                (beta[k], gamma[k]) = (first as f32, second as f32);
                let steep = -weight * inverse * inverse * second / count;
                slope[k] = (weight * inverse) as f32;
                linear[k] = steep as f32;
                constant[k] = (-weight * inverse * first / count - steep * mean) as f32;
            }

            // dz, the filter's gradient and the gradient of the block below, frame by frame while dz is in the cache.
            let below = if number == 0 { 0 } else { height * width * block.inputs };
            let back = (number > 0).then(|| Filter::backward(&saved.filter, 3, block.inputs, block.outputs));
            let group = passed.places.len().div_ceil(GROUPS);
            let mut next = vec![0.0; passed.places.len() * below];
            let mut pieces: Vec<&mut [f32]> = if below == 0 { Vec::new() } else { next.chunks_mut(group * below).collect() };
            pieces.resize_with(passed.places.len().div_ceil(group), Default::default);
            let wide = (width + 2) * channels;
            let filters: Vec<Vec<f32>> = pieces
                .into_par_iter()
                .enumerate()
                .map(|(piece, next)| {
                    let mut filter = vec![0.0; saved.filter.len()];
                    let mut bordered = vec![0.0; (height + 2) * wide];
                    let mut scratch = Vec::new();
                    let last = ((piece + 1) * group).min(passed.places.len());
                    for (place, frame) in (piece * group..last).enumerate() {
                        let z = &saved.z[frame * pixels..(frame + 1) * pixels];
                        let (choice, slopes) =
                            (&saved.choice[frame * cells..(frame + 1) * cells], &arriving[frame * cells..(frame + 1) * cells]);
                        let start = [wide + channels, wide];
                        pool_backward(block.shape, z, choice, slopes, &slope, &constant, &linear, &mut bordered, start);
                        let picture = self.picture(block, recorded, passed.places[frame], frame, &saved.input, &mut scratch);
                        filter_gradient(&mut filter, 3, block.inputs, block.outputs, picture, [height + 2, width + 2], &bordered, start);
                        if let Some(back) = &back {
                            back.apply(&bordered, height + 2, width + 2, &mut next[place * below..(place + 1) * below]);
                        }
                    }
                    filter
                })
                .collect();
            let mut filter = vec![0.0; saved.filter.len()];
            for piece in filters {
                filter.iter_mut().zip(piece).for_each(|(sum, value)| *sum += value);
            }
            gradients.extend([(block.filter, filter), (block.gamma, gamma), (block.beta, beta)]);
            arriving = next;
        }
        gradients
    }
}

#[cfg(test)]
mod tests {
    use burn_tensor::Device;
    use evenhand_rows::recordings::Shape;

    use super::*;
    use crate::randomness::{Purpose, stream};

    #[test]
    fn a_prediction_keeps_nothing_for_the_way_back() {
        let mut weights = Weights::default();
        let blocks = Blocks::new(8, &[8, 16], &mut weights, &mut stream(1, Purpose::Initialisation, 0));
        let recorded = Recorded {
            shape: Shape { segments: 2, per_segment: 1, side: 8, audio: 0, text: 0 },
            rows: 1,
            frames: (0..2 * 8 * 8 * 3).map(|place| (place * 7 % 251) as u8).collect(),
            found: vec![true; 2],
            audio: Vec::new(),
            has_audio: Vec::new(),
            text: Vec::new(),
            has_text: Vec::new(),
        };
        let bound = weights.bind(&Device::flex());
        let kept = |training: bool| blocks.forward(&bound, &recorded, training).1.blocks.len();
        assert_eq!((kept(true), kept(false)), (2, 0));
    }
}
