//! The network against itself composed of the tensor library's operations: values and gradients.

use burn::tensor::activation::{relu, sigmoid, tanh};
use burn::tensor::module::{conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor, TensorData};
use evenhand_data::recordings::{RecordStore, Recording, Shape};
use rand::RngExt;

use super::*;
use crate::objective::training_device;
use crate::randomness::{Purpose, stream};
use crate::weights::host;

const SHAPE: Shape = Shape { segments: 3, per_segment: 2, side: 13, audio: 5, text: 4 };

fn settings() -> InterviewArchitecture {
    InterviewArchitecture {
        channels: vec![8, 16, 24],
        video_width: 7,
        audio_inner: 6,
        audio_width: 4,
        text_width: 3,
        head: vec![5],
        ..InterviewArchitecture::default()
    }
}

/// Five candidates: all there; one frame lost; no audio; no text; no video.
fn recordings() -> Recordings {
    let mut rng = stream(5, Purpose::Batches, 1);
    let rows: Vec<Recording> = (0..5)
        .map(|row| Recording {
            video: (row != 4).then(|| {
                let frames = (0..SHAPE.frame_bytes()).map(|_| rng.random::<u8>()).collect();
                (frames, (0..6).map(|frame| row != 1 || frame / 2 != 1).collect())
            }),
            audio: (row != 2).then(|| (0..15).map(|_| rng.random::<f32>() * 4.0 - 1.0).collect()),
            text: (row != 3).then(|| (0..4).map(|_| rng.random::<f32>()).collect()),
        })
        .collect();
    let store = RecordStore::in_memory(SHAPE, &rows).unwrap();
    Recordings::new(Arc::new(store), (0..5).collect())
}

/// A network whose norms and biases are not at their first values.
fn network() -> (Interview, Weights) {
    let mut rng = stream(3, Purpose::Initialisation, 0);
    let (network, mut weights) = Interview::new(&settings(), SHAPE, 2, &mut rng).unwrap();
    network.standardise(&mut weights, &recordings()).unwrap();
    for array in &mut weights.arrays {
        if array.name.ends_with("gamma") || array.name.ends_with("beta") {
            array.values.iter_mut().for_each(|value| *value += rng.random::<f32>() - 0.3);
        }
    }
    (network, weights)
}

struct Composed<'a> {
    weights: &'a Weights,
    bound: &'a Bound,
    device: Device,
}

impl Composed<'_> {
    fn slot(&self, name: &str) -> Slot {
        self.weights.arrays.iter().position(|array| array.name == name).unwrap()
    }

    fn vector(&self, name: &str) -> Tensor<1> {
        self.bound.vector(self.slot(name))
    }

    fn matrix(&self, name: &str) -> Tensor<2> {
        self.bound.matrix(self.slot(name))
    }

    fn lstm(&self, name: &str, input: Vec<Tensor<2>>, width: usize) -> Tensor<2> {
        let mut sequence = input;
        for layer in 0..2 {
            let name = format!("{name}.{layer}");
            let rows = sequence[0].dims()[0];
            let mut hidden = Tensor::<2>::zeros([rows, width], &self.device);
            let mut cell = hidden.clone();
            let mut next = Vec::new();
            for step in sequence {
                let gates = linear(step, self.matrix(&format!("{name}.input")), Some(self.vector(&format!("{name}.bias"))))
                    + hidden.matmul(self.matrix(&format!("{name}.hidden")));
                let gate = |place: usize| gates.clone().narrow(1, place * width, width);
                cell = sigmoid(gate(1)) * cell + sigmoid(gate(0)) * tanh(gate(2));
                hidden = sigmoid(gate(3)) * tanh(cell.clone());
                next.push(hidden.clone());
            }
            sequence = next;
        }
        sequence.pop().unwrap()
    }

    /// Z of the recordings; `training` takes batch statistics.
    fn embed(&self, recorded: &Recorded, training: bool) -> Tensor<2> {
        let (rows, side, segments) = (recorded.rows, SHAPE.side, SHAPE.segments);
        let places: Vec<usize> = (0..rows * segments).filter(|&place| recorded.found[place]).collect();
        let size = side * side * 3;
        let pixels: Vec<f32> = places
            .iter()
            .flat_map(|&place| &recorded.frames[place * size..(place + 1) * size])
            .map(|&byte| f32::from(byte) / 255.0)
            .collect();
        let mut values = Tensor::<4>::from_data(TensorData::new(pixels, [places.len(), side, side, 3]), &self.device).permute([0, 3, 1, 2]);
        for (number, &outputs) in settings().channels.iter().enumerate() {
            let name = format!("video.block.{number}");
            let inputs = values.dims()[1];
            let filter = self.vector(&format!("{name}.filter")).reshape([3, 3, inputs, outputs]).permute([3, 2, 0, 1]);
            values = conv2d(values, filter, None, ConvOptions::new([1, 1], [1, 1], [1, 1], 1));
            let spread = |values: Tensor<1>| values.reshape([1, outputs, 1, 1]);
            let (mean, variance) = if training {
                let mean = values.clone().mean_dim(0).mean_dim(2).mean_dim(3);
                let centred = values.clone() - mean.clone();
                (mean, (centred.clone() * centred).mean_dim(0).mean_dim(2).mean_dim(3))
            } else {
                (spread(self.vector(&format!("{name}.norm.mean"))), spread(self.vector(&format!("{name}.norm.variance"))))
            };
            values = (values - mean) / variance.add_scalar(1e-5).sqrt() * spread(self.vector(&format!("{name}.norm.gamma")))
                + spread(self.vector(&format!("{name}.norm.beta")));
            values = max_pool2d(relu(values), MaxPoolOptions::new([2, 2]));
        }
        let [_, channels, height, width] = values.dims();
        let flat = values.permute([0, 2, 3, 1]).reshape([places.len(), height * width * channels]);
        let nothing = Tensor::<2>::zeros([1, height * width * channels], &self.device);
        let frame = |row: usize, segment: usize| match places.iter().position(|&place| place == row * segments + segment) {
            Some(place) => flat.clone().narrow(0, place, 1),
            None => nothing.clone(),
        };
        let steps = (0..segments).map(|segment| Tensor::cat((0..rows).map(|row| frame(row, segment)).collect(), 0)).collect();
        let mask = |there: Vec<bool>| {
            let mask: Vec<f32> = there.into_iter().map(|there| f32::from(u8::from(there))).collect();
            Tensor::<2>::from_data(TensorData::new(mask, [rows, 1]), &self.device)
        };
        let video = self.lstm("video.lstm", steps, settings().video_width)
            * mask(recorded.found.chunks(segments).map(|found| found.contains(&true)).collect());

        let (mean, deviation) = (self.vector("audio.mean"), self.vector("audio.deviation"));
        let steps = (0..segments)
            .map(|segment| {
                let values: Vec<f32> = (0..rows)
                    .flat_map(|row| {
                        let start = (row * segments + segment) * SHAPE.audio;
                        recorded.audio[start..start + SHAPE.audio].to_vec()
                    })
                    .collect();
                let values = Tensor::<2>::from_data(TensorData::new(values, [rows, SHAPE.audio]), &self.device);
                let values = ((values - mean.clone().unsqueeze()) / deviation.clone().unsqueeze()).clamp(-AUDIO_LIMIT, AUDIO_LIMIT);
                linear(values, self.matrix("audio.weight"), Some(self.vector("audio.bias")))
            })
            .collect();
        let audio = self.lstm("audio.lstm", steps, settings().audio_width) * mask(recorded.has_audio.clone());
        let text = Tensor::<2>::from_data(TensorData::new(recorded.text.clone(), [rows, SHAPE.text]), &self.device);
        let text = linear(text, self.matrix("text.weight"), Some(self.vector("text.bias"))) * mask(recorded.has_text.clone());
        Tensor::cat(vec![video, audio, text], 1)
    }
}

#[test]
fn values_and_gradients_are_those_of_the_composed_network() {
    let (network, weights) = network();
    let recorded = Arc::new(Recorded::gather(&recordings(), &[0, 1, 2, 3, 4, 0], None).unwrap());
    let device = training_device();
    for training in [true, false] {
        let bound = weights.bind(&device);
        let composed = Composed { weights: &weights, bound: &bound, device: device.clone() }.embed(&recorded, training);
        let other = weights.bind(&device);
        let embedding = network.embed(&other, &recorded, training, &mut Vec::new());
        let (found, wanted) = (host(embedding.clone().inner()), host(composed.clone().inner()));
        assert_eq!(found.len(), 6 * 14);
        for (place, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
            assert!((found - wanted).abs() < 2e-5, "training {training}, Z {place}: {found} {wanted}");
        }
        if !training {
            continue;
        }
        let slopes: Vec<f32> = (0..6 * 14).map(|place| ((place * 37 % 23) as f32 - 11.0) / 10.0).collect();
        let slopes = Tensor::<2>::from_data(TensorData::new(slopes, [6, 14]), &device);
        let wanted = bound.gradients(&mut (composed * slopes.clone()).sum().backward(), &weights);
        let found = other.gradients(&mut (embedding * slopes).sum().backward(), &weights);
        for ((array, found), wanted) in weights.arrays.iter().zip(&found.arrays).zip(&wanted.arrays).take(network.encoder_arrays()) {
            let scale = wanted.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
            assert!(!array.trained || scale > 1e-6, "{} has a gradient", array.name);
            for (place, (found, wanted)) in found.iter().zip(wanted).enumerate() {
                assert!((found - wanted).abs() < 2e-4 * scale, "{} {place}: {found} {wanted} of {scale}", array.name);
            }
        }
    }
}

#[test]
fn what_is_missing_is_zeros_and_moves_nothing() {
    let (network, weights) = network();
    let bound = weights.bind(&Device::flex());
    let recorded = Arc::new(Recorded::gather(&recordings(), &[0, 1, 2, 3, 4], None).unwrap());
    let z = host(network.embed(&bound, &recorded, false, &mut Vec::new()));
    let part = |row: usize, from: usize, to: usize| z[row * 14 + from..row * 14 + to].iter().all(|&value| value == 0.0);
    assert!(part(4, 0, 7) && part(2, 7, 11) && part(3, 11, 14), "video, audio and text that are absent");
    assert!(!part(1, 0, 7) && !part(0, 0, 7) && !part(0, 7, 11) && !part(0, 11, 14));
}

#[test]
fn a_draw_picks_among_a_segments_frames_and_no_draw_takes_the_first() {
    let recordings = recordings();
    let first = Recorded::gather(&recordings, &[0], None).unwrap();
    let mut rng = stream(1, Purpose::Frames, 1);
    let draws: Vec<Recorded> = (0..8).map(|_| Recorded::gather(&recordings, &[0], Some(&mut rng)).unwrap()).collect();
    assert!(draws.iter().any(|drawn| drawn.frames != first.frames), "another frame is drawn now and then");
    assert!(draws.iter().all(|drawn| drawn.audio == first.audio && drawn.found == first.found));
}

#[test]
fn sizes_that_cannot_be_are_refused_with_their_key() {
    let refusal = |change: fn(&mut InterviewArchitecture)| {
        let mut settings = settings();
        change(&mut settings);
        Interview::new(&settings, SHAPE, 1, &mut stream(1, Purpose::Initialisation, 0)).unwrap_err().to_string()
    };
    assert!(refusal(|settings| settings.channels = vec![8, 12]).contains("model.interview.channels"));
    assert!(refusal(|settings| settings.channels = vec![8; 4]).contains("at most 3 blocks for frames of 13 x 13"));
    assert!(refusal(|settings| settings.layers = 0).contains("layers"));
    assert!(refusal(|settings| settings.dropout = 1.0).contains("dropout"));
    let silent = Shape { audio: 0, ..SHAPE };
    let settings = InterviewArchitecture { modalities: vec![Modality::Audio], ..settings() };
    let error = Interview::new(&settings, silent, 1, &mut stream(1, Purpose::Initialisation, 0)).unwrap_err().to_string();
    assert!(error.contains("audio") && error.contains("video, text"), "{error}");
}
