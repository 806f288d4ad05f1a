//! The interview network: frames, voice and words of a candidate into one embedding and a logit per target.
//!
//! ```text
//! Z_v = LSTM(blocks(frame_1), ..., blocks(frame_T))        blocks: [conv 3x3, batch norm, ReLU, max-pool 2x2] for every entry of `channels`
//! Z_a = LSTM(audio_1 A + a, ..., audio_T A + a)             audio: (x - mean) / deviation of the training rows, cut to +-5
//! Z_t = text B + b                                          text: the frozen encoder's vector
//! Z   = [Z_v, Z_a, Z_t]                                     a part that a candidate lacks is zeros
//! logits = dropout(relu(norm(dropout(Z) C + c))) D + d      one per target; score = sigmoid(logit)
//! ```
//!
//! Shapes: frames `[rows, segments, side, side, 3]` bytes, audio `[rows, segments, 68]`, text `[rows, text]`; Z `[rows, width]`.
//! The blocks and the LSTMs are computed by own kernels with their derivatives written out ([`frames`], [`lstm`]), where they meet the
//! graph as leaves ([`crate::weights::Bound::leaf`]); the tests hold them against the same network composed of the tensor library's
//! operations. First derivatives only.
//!
//! Source: Kim et al. 2023, section V.E and figure 2. The paper gives no layer sizes; the defaults are those of the first author's public
//! code. It differs: its convolutions and LSTMs have further biases that change nothing (batch norm removes one, the other is added to
//! its twin), and its audio is not standardised.

mod frames;
mod lstm;

use std::sync::Arc;

use burn_tensor::module::linear;
use burn_tensor::{Tensor, TensorData};
use evenhand_catalog::{Allowed, Card, Direction, Entry, Kind, Literal, Parameter};
use evenhand_kernels::{CHANNEL_STEP, Grid, Threads, multiply};
use evenhand_rows::recordings::{Modality, Recordings, Shape};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Mlp, Network, Reads, Sizes};
use crate::LearnError;
use crate::architecture::Architecture;
use crate::models::{Inputs, Mode, Model, Observed, Output};
use crate::randomness::dropout_mask;
use crate::recorded::Recorded;
use crate::rows::{Candidates, Rows};
use crate::weights::{Bound, Slot, Weights};
use frames::Blocks;
use lstm::Lstm;

/// Standardised audio beyond this many deviations is cut: quiet frames put single features tens of deviations away.
const AUDIO_LIMIT: f32 = 5.0;
/// Rows of a prediction that pass the network together.
const BLOCK: usize = 16;

/// The registry's line.
pub const ENTRY: Entry<dyn Network> = Entry { card: &CARD, build: |_| Ok(Box::new(OfRecordings)) };

/// What model folders call the network: its card's id.
const ID: &str = CARD.id;

static CARD: Card = Card {
    id: "interview",
    name: "Interview network",
    kind: Kind::Network,
    summary: "Reads frames, voice and words of recorded candidates. Taken without being named where rows have recordings. Its parameters are keys of [model.interview].",
    formula: r"
Z_v = LSTM(blocks(frame_1), ..., blocks(frame_T));  blocks: [conv 3x3, batch norm, ReLU, max-pool 2x2] for every entry of channels
Z_a = LSTM(audio_1 A + a, ..., audio_T A + a);  Z_t = text B + b;  a part that a candidate lacks is zeros
logits = dropout(relu(norm(dropout([Z_v, Z_a, Z_t]) C + c))) D + d, one per target;  score = sigmoid(logit)",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Kim et al. 2023, section V.E and figure 2; sizes from the first author's public code",
    parameters: &[
        Parameter {
            name: "modalities",
            default: Literal::Absent,
            allowed: Allowed::OneOf(&["video", "audio", "text"]),
            purpose: "list of what the network reads; left out: all that the recordings hold",
        },
        Parameter {
            name: "channels",
            default: Literal::Numbers(&[8.0, 16.0, 32.0, 64.0, 128.0]),
            allowed: Allowed::Between(8.0, 512.0),
            purpose: "channels of the convolution blocks, multiples of 8; each block halves width and height",
        },
        width("video_width", 512, "width of the LSTM over frames"),
        width("audio_inner", 32, "width of the linear layer before the LSTM over audio"),
        width("audio_width", 32, "width of the LSTM over audio"),
        Parameter { name: "layers", default: Literal::Integer(2), allowed: Allowed::Between(1.0, 8.0), purpose: "layers of both LSTMs" },
        width("text_width", 256, "width of the linear layer on the text vector"),
        Parameter {
            name: "head",
            default: Literal::Numbers(&[256.0]),
            allowed: WIDTH,
            purpose: "widths of the layers between embedding and logits",
        },
        Parameter {
            name: "dropout",
            default: Literal::Number(0.2),
            allowed: Allowed::Between(0.0, 1.0),
            purpose: "share of activations set to 0 before and in the head, in training, below 1",
        },
    ],
};

const WIDTH: Allowed = Allowed::Between(1.0, 4096.0);

const fn width(name: &'static str, default: i64, purpose: &'static str) -> Parameter {
    Parameter { name, default: Literal::Integer(default), allowed: WIDTH, purpose }
}

/// The kind of network that [`Interview`] is.
#[derive(Debug)]
struct OfRecordings;

impl Network for OfRecordings {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn reads(&self) -> Reads {
        Reads::Recordings
    }

    fn build(&self, architecture: &Architecture, sizes: &Sizes, rng: &mut ChaCha8Rng) -> Result<(Box<dyn Model>, Weights), LearnError> {
        let Some(shape) = sizes.shape else {
            return bad("modalities", &"given", "for rows with recordings, and these have none; load them with the loader `interviews`");
        };
        let settings = architecture.interview.clone().unwrap_or_default();
        let (model, weights) = Interview::new(&settings, shape, sizes.outputs, rng)?;
        Ok((Box::new(model), weights))
    }
}

/// The recipe's `[model.interview]`.
///
/// | key | default | purpose | allowed |
/// |---|---|---|---|
/// | `modalities` | what the recordings hold | which of `video`, `audio`, `text` the network reads | a subset |
/// | `channels` | `[8, 16, 32, 64, 128]` | channels of the convolution blocks; each halves width and height | multiples of 8, up to 512 |
/// | `video_width` | `512` | width of the LSTM over frames | 1 to 4096 |
/// | `audio_inner` | `32` | width of the linear layer before the LSTM over audio | 1 to 4096 |
/// | `audio_width` | `32` | width of the LSTM over audio | 1 to 4096 |
/// | `layers` | `2` | layers of both LSTMs | 1 to 8 |
/// | `text_width` | `256` | width of the linear layer on the text vector | 1 to 4096 |
/// | `head` | `[256]` | widths of the layers between embedding and logits | 1 to 4096 each |
/// | `dropout` | `0.2` | share of activations set to 0 before and in the head, in training | 0 to below 1 |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InterviewArchitecture {
    /// Which inputs the network reads; empty for all that the recordings hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modalities: Vec<Modality>,
    /// Channels of the convolution blocks.
    pub channels: Vec<usize>,
    /// Width of the LSTM over frames.
    pub video_width: usize,
    /// Width of the linear layer before the LSTM over audio.
    pub audio_inner: usize,
    /// Width of the LSTM over audio.
    pub audio_width: usize,
    /// Layers of both LSTMs.
    pub layers: usize,
    /// Width of the linear layer on the text vector.
    pub text_width: usize,
    /// Widths of the layers between embedding and logits.
    pub head: Vec<usize>,
    /// Share of activations dropped in training.
    pub dropout: f64,
}

impl Default for InterviewArchitecture {
    fn default() -> Self {
        InterviewArchitecture {
            modalities: Vec::new(),
            channels: vec![8, 16, 32, 64, 128],
            video_width: 512,
            audio_inner: 32,
            audio_width: 32,
            layers: 2,
            text_width: 256,
            head: vec![256],
            dropout: 0.2,
        }
    }
}

fn bad<T>(key: &'static str, value: &dyn ToString, expected: impl Into<String>) -> Result<T, LearnError> {
    Err(LearnError::BadSetting { section: "model.interview", key, value: value.to_string(), expected: expected.into() })
}

impl InterviewArchitecture {
    /// Refuses sizes outside their range.
    pub fn check(&self) -> Result<(), LearnError> {
        if let Some(channels) =
            self.channels.iter().find(|channels| !(1..=512).contains(*channels) || !channels.is_multiple_of(CHANNEL_STEP))
        {
            return bad("channels", &channels, format!("a multiple of {CHANNEL_STEP} up to 512"));
        }
        if self.channels.is_empty() {
            return bad("channels", &"[]", "at least one block");
        }
        let widths = [
            ("video_width", self.video_width),
            ("audio_inner", self.audio_inner),
            ("audio_width", self.audio_width),
            ("text_width", self.text_width),
        ];
        for (key, width) in widths.into_iter().chain(self.head.iter().map(|&width| ("head", width))) {
            if !(1..=4096).contains(&width) {
                return bad(key, &width, "between 1 and 4096");
            }
        }
        if !(1..=8).contains(&self.layers) {
            return bad("layers", &self.layers, "between 1 and 8");
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return bad("dropout", &self.dropout, "at least 0 and below 1");
        }
        Ok(())
    }

    /// The modalities that a network of these settings reads of recordings of this shape.
    fn read(&self, shape: Shape) -> Result<Vec<Modality>, LearnError> {
        let held = |modality: &Modality| match modality {
            Modality::Video => shape.side > 0,
            Modality::Audio => shape.audio > 0,
            Modality::Text => shape.text > 0,
        };
        if let Some(absent) = self.modalities.iter().find(|modality| !held(modality)) {
            let there: Vec<&str> = Modality::ALL.iter().filter(|modality| held(modality)).map(|modality| modality.name()).collect();
            return bad("modalities", &absent.name(), format!("among what was extracted: {}", there.join(", ")));
        }
        let wanted = |modality: &Modality| self.modalities.is_empty() || self.modalities.contains(modality);
        Ok(Modality::ALL.into_iter().filter(|modality| held(modality) && wanted(modality)).collect())
    }
}

#[derive(Debug, Clone)]
struct Video {
    blocks: Blocks,
    lstm: Lstm,
}

#[derive(Debug, Clone)]
struct Audio {
    mean: Slot,
    deviation: Slot,
    weight: Slot,
    bias: Slot,
    lstm: Lstm,
}

#[derive(Debug, Clone, Copy)]
struct Text {
    weight: Slot,
    bias: Slot,
}

/// The network that an [`InterviewArchitecture`] describes, for recordings of a shape.
#[derive(Debug, Clone)]
pub struct Interview {
    settings: InterviewArchitecture,
    shape: Shape,
    /// The modalities it reads.
    read: Vec<Modality>,
    video: Option<Arc<Video>>,
    audio: Option<Arc<Audio>>,
    text: Option<Text>,
    head: Mlp,
    head_start: Slot,
    width: usize,
}

impl Interview {
    /// The network and its first weights, with `outputs` logits per row.
    pub fn new(
        settings: &InterviewArchitecture,
        shape: Shape,
        outputs: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<(Self, Weights), LearnError> {
        settings.check()?;
        let read = settings.read(shape)?;
        let mut weights = Weights::default();
        let mut width = 0;
        let video = if read.contains(&Modality::Video) {
            let blocks = settings.channels.len();
            let most = shape.side.ilog2();
            if blocks > most as usize {
                return bad("channels", &format!("{blocks} blocks"), format!("at most {most} blocks for frames of {0} x {0}", shape.side));
            }
            let blocks = Blocks::new(shape.side, &settings.channels, &mut weights, rng);
            let lstm = Lstm::new("video.lstm", blocks.width(), settings.video_width, settings.layers, &mut weights, rng);
            width += settings.video_width;
            Some(Arc::new(Video { blocks, lstm }))
        } else {
            None
        };
        let audio = read.contains(&Modality::Audio).then(|| {
            let (inputs, inner) = (shape.audio, settings.audio_inner);
            let bound = 1.0 / (inputs as f32).sqrt();
            width += settings.audio_width;
            Arc::new(Audio {
                mean: weights.add("audio.mean", &[inputs], vec![0.0; inputs], false),
                deviation: weights.add("audio.deviation", &[inputs], vec![1.0; inputs], false),
                weight: weights.add_uniform("audio.weight", &[inputs, inner], bound, rng),
                bias: weights.add_uniform("audio.bias", &[inner], bound, rng),
                lstm: Lstm::new("audio.lstm", inner, settings.audio_width, settings.layers, &mut weights, rng),
            })
        });
        let text = read.contains(&Modality::Text).then(|| {
            let bound = 1.0 / (shape.text as f32).sqrt();
            width += settings.text_width;
            Text {
                weight: weights.add_uniform("text.weight", &[shape.text, settings.text_width], bound, rng),
                bias: weights.add_uniform("text.bias", &[settings.text_width], bound, rng),
            }
        });
        let architecture =
            Architecture { hidden: settings.head.clone(), batch_norm: true, dropout: settings.dropout, ..Architecture::default() };
        let (head, own) = Mlp::with_outputs(&architecture, width, outputs, rng);
        let head_start = weights.arrays.len();
        for mut array in own.arrays {
            array.name = format!("head.{}", array.name);
            weights.arrays.push(array);
        }
        Ok((Interview { settings: settings.clone(), shape, read, video, audio, text, head, head_start, width }, weights))
    }

    /// Sets the audio's mean and deviation from training recordings. Rows without audio take no part; a feature that never changes is
    /// only centred. The frames are not read.
    fn standardise_audio(&self, weights: &mut Weights, recordings: &Recordings) -> Result<(), LearnError> {
        let Some(audio) = &self.audio else { return Ok(()) };
        let columns = self.shape.audio;
        let (mut sum, mut squares, mut count) = (vec![0.0_f64; columns], vec![0.0_f64; columns], 0_u64);
        let mut range = vec![(f32::INFINITY, f32::NEG_INFINITY); columns];
        let mut buffer = Vec::new();
        for row in 0..recordings.len() {
            let record = recordings.read_without_frames(row, &mut buffer)?;
            if !record.has(Modality::Audio) {
                continue;
            }
            for (place, value) in record.audio().enumerate() {
                sum[place % columns] += f64::from(value);
                squares[place % columns] += f64::from(value).powi(2);
                let (low, high) = &mut range[place % columns];
                (*low, *high) = (low.min(value), high.max(value));
            }
            count += self.shape.segments as u64;
        }
        if count == 0 {
            return Ok(());
        }
        for column in 0..columns {
            let (low, high) = range[column];
            if low >= high {
                // Rounding would leave a spread that is not there, and blow up the first value that differs.
                weights.arrays[audio.mean].values[column] = low;
                weights.arrays[audio.deviation].values[column] = 1.0;
                continue;
            }
            let mean = sum[column] / count as f64;
            let spread = (squares[column] / count as f64 - mean * mean).max(0.0).sqrt();
            weights.arrays[audio.mean].values[column] = mean as f32;
            weights.arrays[audio.deviation].values[column] = if spread > 1e-9 * mean.abs().max(1e-9) { spread as f32 } else { 1.0 };
        }
        Ok(())
    }

    fn video(&self, video: &Arc<Video>, weights: &Bound, recorded: &Arc<Recorded>, training: bool, observed: &mut Vec<Seen>) -> Tensor<2> {
        let (rows, segments, width) = (recorded.rows, self.shape.segments, video.blocks.width());
        let (features, frames, seen) = video.blocks.forward(weights, recorded, training);
        observed.extend(seen);
        let (mut last, passed) = video.lstm.forward(weights, turned(&features, rows, segments, width), rows);
        let present: Vec<bool> = recorded.found.chunks(segments).map(|found| found.contains(&true)).collect();
        blank(&mut last, &present);
        let (video, recorded) = (Arc::clone(video), Arc::clone(recorded));
        let lstm_width = last.len() / rows;
        weights.leaf(last, [rows, lstm_width], move |slopes| {
            let mut slopes = slopes.to_vec();
            blank(&mut slopes, &present);
            let (mut gradients, back) = video.lstm.backward(&passed, &slopes);
            gradients.extend(video.blocks.backward(&frames, &recorded, &turned(&back, segments, rows, width)));
            gradients
        })
    }

    fn audio(&self, audio: &Arc<Audio>, weights: &Bound, recorded: &Arc<Recorded>) -> Tensor<2> {
        let (rows, segments, columns, inner) = (recorded.rows, self.shape.segments, self.shape.audio, self.settings.audio_inner);
        let (mean, deviation) = (weights.values(audio.mean), weights.values(audio.deviation));
        let mut input = turned(&recorded.audio, rows, segments, columns);
        for row in input.chunks_exact_mut(columns) {
            for ((value, mean), deviation) in row.iter_mut().zip(&mean).zip(&deviation) {
                *value = ((*value - mean) / deviation).clamp(-AUDIO_LIMIT, AUDIO_LIMIT);
            }
        }
        let all = rows * segments;
        let mut inside = weights.values(audio.bias).repeat(all);
        let weight = weights.values(audio.weight);
        multiply(&mut inside, Grid::new(&input, all, columns), Grid::new(&weight, columns, inner), true, Threads::All);
        let (mut last, passed) = audio.lstm.forward(weights, inside, rows);
        let present = recorded.has_audio.clone();
        blank(&mut last, &present);
        let audio = Arc::clone(audio);
        let width = last.len() / rows;
        weights.leaf(last, [rows, width], move |slopes| {
            let mut slopes = slopes.to_vec();
            blank(&mut slopes, &present);
            let (mut gradients, back) = audio.lstm.backward(&passed, &slopes);
            let mut weight = vec![0.0; columns * inner];
            multiply(&mut weight, Grid::new(&input, all, columns).transposed(), Grid::new(&back, all, inner), false, Threads::All);
            let mut bias = vec![0.0; inner];
            for row in back.chunks_exact(inner) {
                bias.iter_mut().zip(row).for_each(|(sum, slope)| *sum += slope);
            }
            gradients.extend([(audio.weight, weight), (audio.bias, bias)]);
            gradients
        })
    }

    fn text(&self, text: Text, weights: &Bound, recorded: &Recorded) -> Tensor<2> {
        let device = weights.vector(text.bias).device();
        let rows = recorded.rows;
        let input = Tensor::<2>::from_data(TensorData::new(recorded.text.clone(), [rows, self.shape.text]), &device);
        let values = linear(input, weights.matrix(text.weight), Some(weights.vector(text.bias)));
        if recorded.has_text.iter().all(|&there| there) {
            return values;
        }
        let mask: Vec<f32> = recorded.has_text.iter().map(|&there| f32::from(u8::from(there))).collect();
        values * Tensor::<2>::from_data(TensorData::new(mask, [rows, 1]), &device)
    }

    /// Z, the parts side by side.
    fn embed(&self, weights: &Bound, recorded: &Arc<Recorded>, training: bool, observed: &mut Vec<Seen>) -> Tensor<2> {
        let mut parts = Vec::new();
        if let Some(video) = &self.video {
            parts.push(self.video(video, weights, recorded, training, observed));
        }
        if let Some(audio) = &self.audio {
            parts.push(self.audio(audio, weights, recorded));
        }
        if let Some(text) = self.text {
            parts.push(self.text(text, weights, recorded));
        }
        Tensor::cat(parts, 1)
    }
}

use frames::Seen;

/// `[first, second, width]` to `[second, first, width]`.
fn turned(values: &[f32], first: usize, second: usize, width: usize) -> Vec<f32> {
    let mut turned = vec![0.0; values.len()];
    for (place, row) in values.chunks_exact(width.max(1)).enumerate() {
        let target = (place % second) * first + place / second;
        turned[target * width..(target + 1) * width].copy_from_slice(row);
    }
    turned
}

/// Zeros for the rows that are absent.
fn blank(values: &mut [f32], present: &[bool]) {
    let width = values.len() / present.len().max(1);
    for (row, _) in values.chunks_exact_mut(width.max(1)).zip(present).filter(|(_, present)| !**present) {
        row.fill(0.0);
    }
}

impl Model for Interview {
    fn name(&self) -> &'static str {
        ID
    }

    fn standardise(&self, weights: &mut Weights, rows: &Rows<'_>) -> Result<(), LearnError> {
        rows.recordings.map_or(Ok(()), |recordings| self.standardise_audio(weights, recordings))
    }

    fn columns(&self) -> usize {
        0
    }

    fn embedding_width(&self) -> usize {
        self.width
    }

    fn encoder_arrays(&self) -> usize {
        self.head_start
    }

    fn block(&self) -> usize {
        BLOCK
    }

    fn shape(&self) -> Option<Shape> {
        Some(self.shape)
    }

    fn modalities(&self) -> &[Modality] {
        &self.read
    }

    fn accepts(&self, candidates: Candidates<'_>) -> Result<(), LearnError> {
        let misfit = |reason: String| Err(LearnError::Unreadable { reason });
        let Some(recordings) = candidates.recordings else {
            return misfit("it reads recordings and these rows have none; extract them with `evenhand extract`".to_owned());
        };
        let columns = candidates.features.columns();
        if columns > 0 {
            return misfit(format!(
                "it reads recordings only and these rows have {columns} encoded columns beside them; remove `data.features` and \
                 `data.sensitive_as_features`"
            ));
        }
        let (found, wanted) = (recordings.shape(), self.shape);
        if (Shape { per_segment: 1, ..found }) != (Shape { per_segment: 1, ..wanted }) {
            return misfit(format!(
                "it was trained on {} segments of {}x{} pixels, {} audio features and a text vector of {}; these recordings have {}, \
                 {}x{}, {} and {}: extract them with the settings that the model's recordings had",
                wanted.segments,
                wanted.side,
                wanted.side,
                wanted.audio,
                wanted.text,
                found.segments,
                found.side,
                found.side,
                found.audio,
                found.text
            ));
        }
        Ok(())
    }

    fn forward(&self, weights: &Bound, inputs: &Inputs, mode: &mut Mode<'_>) -> Output {
        let recorded = inputs.recordings.as_ref().expect("`accepts` refused rows without recordings");
        let training = !matches!(mode, Mode::Evaluation);
        let mut seen = Vec::new();
        let embedding = self.embed(weights, recorded, training, &mut seen);
        let device = embedding.device();
        let mut entering = embedding.clone();
        if let Mode::Training(rng) | Mode::Repeating(rng, _) = mode
            && self.settings.dropout > 0.0
        {
            let mask = dropout_mask(rng, recorded.rows * self.width, self.settings.dropout);
            entering = entering * Tensor::<2>::from_data(TensorData::new(mask, [recorded.rows, self.width]), &device);
        }
        let output = self.head.forward(&weights.from(self.head_start), &entering.into(), mode);
        let mut observed: Vec<Observed> = output.observed;
        for seen in &mut observed {
            seen.slot += self.head_start;
        }
        let inner = device.inner();
        observed.extend(seen.into_iter().map(|(slot, values)| {
            let length = values.len();
            Observed { slot, values: Tensor::<1>::from_data(TensorData::new(values, [length]), &inner) }
        }));
        // The head counts its own arrays, here as where the pass is repeated.
        Output::new(embedding, output.logits, observed).with_statistics(output.statistics)
    }
}

#[cfg(test)]
mod tests;
