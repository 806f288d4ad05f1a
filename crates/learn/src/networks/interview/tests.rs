//! The network against itself composed of the tensor library's operations: values and gradients.

use burn_tensor::activation::{relu, sigmoid, tanh};
use burn_tensor::module::{conv2d, max_pool2d};
use burn_tensor::ops::{ConvOptions, MaxPoolOptions};
use burn_tensor::{Device, Tensor, TensorData};
use evenhand_data::recordings::{RecordStore, RecordWriter};
use evenhand_rows::recordings::{Recording, Shape};
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

/// Five candidates: all there; a segment lost; no audio; no text; no video.
fn recordings(shape: Shape) -> Recordings {
    let mut rng = stream(5, Purpose::Batches, 1);
    let rows: Vec<Recording> = (0..5)
        .map(|row| Recording {
            video: (row != 4).then(|| {
                let frames = (0..shape.frame_bytes()).map(|_| rng.random::<u8>()).collect();
                (frames, (0..2 * shape.segments).map(|frame| row != 1 || frame / 2 != 1).collect())
            }),
            audio: (row != 2).then(|| (0..5 * shape.segments).map(|_| rng.random::<f32>() * 4.0 - 1.0).collect()),
            text: (row != 3).then(|| (0..4).map(|_| rng.random::<f32>()).collect()),
        })
        .collect();
    let store = RecordStore::in_memory(shape, &rows).unwrap();
    Recordings::new(Arc::new(store), (0..5).collect())
}

/// A network whose norms, running statistics and biases are not at their first values.
fn network(shape: Shape) -> (Interview, Weights) {
    let mut rng = stream(3, Purpose::Initialisation, 0);
    let (network, mut weights) = Interview::new(&settings(), shape, 2, &mut rng).unwrap();
    network.standardise_audio(&mut weights, &recordings(shape)).unwrap();
    for array in &mut weights.arrays {
        let norm = ["gamma", "beta", "norm.mean", "norm.variance"].into_iter().any(|end| array.name.ends_with(end));
        if norm {
            array.values.iter_mut().for_each(|value| *value += rng.random::<f32>() - 0.3);
        }
    }
    (network, weights)
}

fn gathered(recordings: &Recordings, rows: &[usize]) -> Arc<Recorded> {
    Arc::new(Recorded::gather(recordings, rows, &Modality::ALL, None).unwrap())
}

struct Composed<'a> {
    shape: Shape,
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

    /// Z of the recordings, and what each block says of the running mean and variance; `training` takes batch statistics.
    fn embed(&self, recorded: &Recorded, training: bool) -> (Tensor<2>, Vec<Seen>) {
        let (rows, side, segments) = (recorded.rows, self.shape.side, self.shape.segments);
        let mut observed = Vec::new();
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
                let variance = (centred.clone() * centred).mean_dim(0).mean_dim(2).mean_dim(3);
                let [frames, _, height, width] = values.dims();
                let count = (frames * height * width) as f32;
                observed.push((self.slot(&format!("{name}.norm.mean")), host(mean.clone().inner())));
                let unbiased = variance.clone().mul_scalar(count / (count - 1.0));
                observed.push((self.slot(&format!("{name}.norm.variance")), host(unbiased.inner())));
                (mean, variance)
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
                        let start = (row * segments + segment) * self.shape.audio;
                        recorded.audio[start..start + self.shape.audio].to_vec()
                    })
                    .collect();
                let values = Tensor::<2>::from_data(TensorData::new(values, [rows, self.shape.audio]), &self.device);
                let values = ((values - mean.clone().unsqueeze()) / deviation.clone().unsqueeze()).clamp(-AUDIO_LIMIT, AUDIO_LIMIT);
                linear(values, self.matrix("audio.weight"), Some(self.vector("audio.bias")))
            })
            .collect();
        let audio = self.lstm("audio.lstm", steps, settings().audio_width) * mask(recorded.has_audio.clone());
        let text = Tensor::<2>::from_data(TensorData::new(recorded.text.clone(), [rows, self.shape.text]), &self.device);
        let text = linear(text, self.matrix("text.weight"), Some(self.vector("text.bias"))) * mask(recorded.has_text.clone());
        (Tensor::cat(vec![video, audio, text], 1), observed)
    }
}

#[test]
fn values_and_gradients_are_those_of_the_composed_network() {
    let device = training_device();
    let one_segment = Shape { segments: 1, ..SHAPE };
    for (shape, training) in [(SHAPE, true), (SHAPE, false), (one_segment, true), (one_segment, false)] {
        let (network, weights) = network(shape);
        let recorded = gathered(&recordings(shape), &[0, 1, 2, 3, 4, 0]);
        let bound = weights.bind(&device);
        let (composed, wanted) = Composed { shape, weights: &weights, bound: &bound, device: device.clone() }.embed(&recorded, training);
        let other = weights.bind(&device);
        let mut seen = Vec::new();
        let embedding = network.embed(&other, &recorded, training, &mut seen);
        assert_eq!(seen.len(), if training { 2 * settings().channels.len() } else { 0 });
        for ((slot, found), (place, wanted)) in seen.iter().zip(&wanted) {
            assert_eq!((slot, found.len()), (place, wanted.len()));
            for (found, wanted) in found.iter().zip(wanted) {
                assert!((found - wanted).abs() < 2e-5 * wanted.abs().max(1.0), "{}: {found} {wanted}", weights.arrays[*slot].name);
            }
        }
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
            // With one segment an LSTM never meets a state of its own.
            let idle = !array.trained || shape.segments == 1 && array.name.ends_with(".hidden");
            assert!(idle || scale > 1e-6, "{} has a gradient", array.name);
            for (place, (found, wanted)) in found.iter().zip(wanted).enumerate() {
                assert!((found - wanted).abs() <= 2e-4 * scale, "{} {place}: {found} {wanted} of {scale}", array.name);
            }
        }
    }
}

#[test]
fn what_is_missing_is_zeros_and_moves_nothing() {
    let (network, weights) = network(SHAPE);
    let bound = weights.bind(&Device::flex());
    let recorded = gathered(&recordings(SHAPE), &[0, 1, 2, 3, 4]);
    let z = host(network.embed(&bound, &recorded, false, &mut Vec::new()));
    let part = |row: usize, from: usize, to: usize| z[row * 14 + from..row * 14 + to].iter().all(|&value| value == 0.0);
    assert!(part(4, 0, 7) && part(2, 7, 11) && part(3, 11, 14), "video, audio and text that are absent");
    assert!(!part(1, 0, 7) && !part(0, 0, 7) && !part(0, 7, 11) && !part(0, 11, 14));
}

#[test]
fn a_batch_without_a_face_trains_the_rest_and_moves_no_convolution() {
    let (network, weights) = network(SHAPE);
    let device = training_device();
    let bound = weights.bind(&device);
    let mut seen = Vec::new();
    let embedding = network.embed(&bound, &gathered(&recordings(SHAPE), &[4, 4]), true, &mut seen);
    assert!(seen.is_empty(), "no frame says anything of the running statistics");
    let z = host(embedding.clone().inner());
    assert!(z.chunks(14).all(|row| row[..7].iter().all(|&value| value == 0.0) && row[7..].iter().any(|&value| value != 0.0)));
    let gradients = bound.gradients(&mut embedding.sum().backward(), &weights);
    for (array, gradient) in weights.arrays.iter().zip(&gradients.arrays).take(network.encoder_arrays()).filter(|(array, _)| array.trained)
    {
        let moved = gradient.iter().any(|&value| value != 0.0);
        assert!(gradient.iter().all(|value| value.is_finite()));
        assert_eq!(moved, !array.name.starts_with("video"), "{}", array.name);
    }
}

#[test]
fn audio_is_standardised_by_the_rows_that_have_some() {
    let shape = Shape { segments: 2, per_segment: 1, side: 0, audio: 3, text: 1 };
    let row = |audio: Option<[f32; 6]>| Recording { audio: audio.map(Vec::from), text: Some(vec![0.0]), ..Recording::default() };
    let rows = [row(Some([1.0, 0.1, 0.0, 3.0, 0.1, 0.0])), row(None), row(Some([5.0, 0.1, 0.0, 7.0, 0.1, 4.0]))];
    let store: Arc<dyn evenhand_rows::recordings::RecordSource> = Arc::new(RecordStore::in_memory(shape, &rows).unwrap());
    let standardised = |records: Vec<u32>| {
        let (network, mut weights) = Interview::new(&settings(), shape, 1, &mut stream(3, Purpose::Initialisation, 0)).unwrap();
        network.standardise_audio(&mut weights, &Recordings::new(Arc::clone(&store), records)).unwrap();
        let values = |name: &str| weights.arrays.iter().find(|array| array.name == name).unwrap().values.clone();
        [values("audio.mean"), values("audio.deviation")]
    };
    // 1, 3, 5, 7: mean 4, variance 5; a feature that never changes is only centred; 0, 0, 0, 4: mean 1, variance 3.
    let wanted = [vec![4.0, 0.1, 1.0], vec![5.0_f32.sqrt(), 1.0, 3.0_f32.sqrt()]];
    assert_eq!(standardised(vec![0, 1, 2]), wanted);
    // The mean square of 2000 times 0.1 differs from the square of the mean by its rounding.
    assert_eq!(standardised([0, 1, 2].repeat(500)), wanted);
    assert_eq!(standardised(vec![1]), [vec![0.0; 3], vec![1.0; 3]], "without any audio nothing is moved");
}

#[test]
fn a_network_of_voice_and_words_reads_no_frames() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tensors");
    let mut writer = RecordWriter::create(&path, SHAPE, 1).unwrap();
    let whole = recordings(SHAPE).read(0, &mut Vec::new()).unwrap().to_recording();
    writer.push(&whole.to_bytes(&SHAPE).unwrap()).unwrap();
    writer.finish().unwrap();
    let recordings = Recordings::new(Arc::new(RecordStore::open(&path).unwrap()), vec![0]);
    // The frames stand last in the file; whoever asks for them now meets its end.
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(file.metadata().unwrap().len() - SHAPE.frame_bytes() as u64 / 2).unwrap();
    assert!(recordings.read(0, &mut Vec::new()).is_err());

    let settings = InterviewArchitecture { modalities: vec![Modality::Audio, Modality::Text], ..settings() };
    let (network, mut weights) = Interview::new(&settings, SHAPE, 1, &mut stream(1, Purpose::Initialisation, 0)).unwrap();
    network.standardise_audio(&mut weights, &recordings).unwrap();
    let read = Recorded::gather(&recordings, &[0], network.modalities(), None).unwrap();
    assert_eq!((read.audio, read.text), (whole.audio.unwrap(), whole.text.unwrap()));
}

#[test]
fn only_the_modalities_that_a_network_reads_are_fetched() {
    let recordings = recordings(SHAPE);
    let all = gathered(&recordings, &[0, 2, 3]);
    let only = |modality: Modality| {
        let settings = InterviewArchitecture { modalities: vec![modality], ..settings() };
        let (network, _) = Interview::new(&settings, SHAPE, 1, &mut stream(1, Purpose::Initialisation, 0)).unwrap();
        assert_eq!(network.modalities(), [modality]);
        Recorded::gather(&recordings, &[0, 2, 3], network.modalities(), None).unwrap()
    };
    let nothing = Recorded { rows: 3, ..Recorded::gather(&recordings, &[], &[], None).unwrap() };
    let Recorded { frames, found, audio, has_audio, text, has_text, .. } = all.as_ref().clone();
    assert_eq!(only(Modality::Video), Recorded { frames, found, ..nothing.clone() });
    assert_eq!(only(Modality::Audio), Recorded { audio, has_audio, ..nothing.clone() });
    assert_eq!(only(Modality::Text), Recorded { text, has_text, ..nothing });
}

#[test]
fn a_draw_picks_among_a_segments_frames_and_no_draw_takes_the_first() {
    let recordings = recordings(SHAPE);
    let first = gathered(&recordings, &[0]);
    let mut rng = stream(1, Purpose::Frames, 1);
    let draws: Vec<Recorded> = (0..8).map(|_| Recorded::gather(&recordings, &[0], &Modality::ALL, Some(&mut rng)).unwrap()).collect();
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
    for blocks in [4, 63, 64, 65, 200] {
        let mut settings = settings();
        settings.channels = vec![8; blocks];
        let refused = Interview::new(&settings, SHAPE, 1, &mut stream(1, Purpose::Initialisation, 0)).unwrap_err().to_string();
        assert!(refused.contains("at most 3 blocks for frames of 13 x 13"), "{refused}");
    }
    assert!(refusal(|settings| settings.layers = 0).contains("layers"));
    assert!(refusal(|settings| settings.dropout = 1.0).contains("dropout"));
    let silent = Shape { audio: 0, ..SHAPE };
    let settings = InterviewArchitecture { modalities: vec![Modality::Audio], ..settings() };
    let error = Interview::new(&settings, silent, 1, &mut stream(1, Purpose::Initialisation, 0)).unwrap_err().to_string();
    assert!(error.contains("audio") && error.contains("video, text"), "{error}");
}
