//! Sound features against pyAudioAnalysis 0.3.14, and what happens to sound that is no speech.

use std::f64::consts::PI;
use std::path::{Path, PathBuf};
use std::process::Command;

use evenhand_media::MediaError;
use evenhand_media::audio::facts::Facts;
use evenhand_media::audio::features::{Extractor, FEATURES, NAMES, STATIC_FEATURES, short_term, smallest_window};
use evenhand_media::audio::pooling::{Pooling, pooled};
use evenhand_media::audio::{Waveform, wav};
use hound::{SampleFormat, WavSpec, WavWriter};
use serde_json::Value;

fn reference(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/media").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn names(value: &Value) -> Vec<&str> {
    value["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

/// The signal that `golden_audio.json` describes.
fn golden_signal() -> Waveform {
    let mut state = 12_345_u32;
    let sample = |n: i32| {
        state = (1_103_515_245_u32.wrapping_mul(state).wrapping_add(12_345)) & 0x7fff_ffff;
        let noise = ((state >> 16) % 601).cast_signed() - 300;
        let t = n % 73;
        let triangle = if t <= 36 { t * 12_000 / 36 - 6_000 } else { 6_000 - (t - 36) * 12_000 / 37 };
        let square = if n / 1_000 % 2 == 0 {
            0
        } else if n / 6 % 2 == 0 {
            1_500
        } else {
            -1_500
        };
        let value = noise + triangle + square;
        match n {
            20_000..24_000 => 0,
            30_000..32_000 => value.div_euclid(8) as i16,
            _ => value as i16,
        }
    };
    Waveform { rate: 16_000, samples: (0..48_000).map(sample).collect() }
}

fn sines(rate: u32, seconds: f64, tones: &[(f64, f64)]) -> Vec<f64> {
    let samples = (f64::from(rate) * seconds) as usize;
    let at = |index: usize| tones.iter().map(|(hertz, height)| height * (2.0 * PI * hertz * index as f64 / f64::from(rate)).sin()).sum();
    (0..samples).map(at).collect()
}

fn rounded(values: &[f64]) -> Vec<i16> {
    values.iter().map(|value| value.round() as i16).collect()
}

fn message(result: Result<impl std::fmt::Debug, MediaError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn golden_values_to_nine_digits() {
    let golden = reference("golden_audio.json");
    let waveform = golden_signal();
    assert_eq!(waveform.samples[..4], [-5_867, -5_595, -5_153, -4_807]);
    assert_eq!(waveform.samples.iter().map(|&v| i64::from(v)).sum::<i64>(), golden["signal_sum"].as_i64().unwrap());
    assert_eq!(waveform.samples.iter().map(|&v| i64::from(v).abs()).sum::<i64>(), golden["signal_abs_sum"].as_i64().unwrap());
    assert_eq!(names(&golden), NAMES);
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    let mut worst = 0.0_f64;
    for case in cases {
        let (window, step) = (case["window"].as_u64().unwrap() as usize, case["step"].as_u64().unwrap() as usize);
        let features = short_term(&waveform, window, step).unwrap();
        let frames = case["features_by_frame"].as_array().unwrap();
        assert_eq!(features.rows, frames.len());
        assert_eq!(features.values.len(), frames.len() * FEATURES);
        for (row, frame) in frames.iter().enumerate() {
            let expected = numbers(frame);
            assert_eq!(expected.len(), FEATURES);
            for (column, (found, expected)) in features.row(row).iter().zip(expected).enumerate() {
                let gap = (found - expected).abs();
                worst = worst.max(gap);
                assert!(gap <= 1e-9, "{window}/{step}, frame {row}, {}: {found} and {expected}", NAMES[column]);
            }
        }
    }
    assert!(worst <= 1e-11, "{worst:e}");
}

/// The frames that `reference/media/audio.py` chose, where espeak-ng speaks as it did there.
#[test]
fn synthetic_speech_as_pyaudioanalysis_sees_it() {
    let expected = reference("audio_speech.json");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("speech.wav");
    let options = expected["espeak_ng"].as_array().unwrap().iter().map(|option| option.as_str().unwrap());
    let ran = Command::new("espeak-ng").args(options).arg("-w").arg(&path).arg(expected["text"].as_str().unwrap()).status();
    if !ran.is_ok_and(|status| status.success()) {
        eprintln!("skipped: espeak-ng is not installed");
        return;
    }
    let waveform = wav::read(&path, LIMIT).unwrap();
    let total = |map: fn(i64) -> i64| waveform.samples.iter().map(|&sample| map(i64::from(sample))).sum::<i64>();
    let found = [i64::from(waveform.rate), waveform.samples.len() as i64, total(|v| v), total(i64::abs), total(|v| v * v)];
    let recorded = ["rate", "samples", "sample_sum", "sample_abs_sum", "sample_square_sum"].map(|name| expected[name].as_i64().unwrap());
    if found != recorded {
        eprintln!("skipped: this espeak-ng speaks otherwise than {}", expected["made_with"]["espeak-ng"]);
        return;
    }
    let (window, step) = (expected["window"].as_u64().unwrap() as usize, expected["step"].as_u64().unwrap() as usize);
    let features = short_term(&waveform, window, step).unwrap();
    assert_eq!(features.rows, expected["rows"].as_u64().unwrap() as usize);
    let frames = numbers(&expected["frames"]);
    assert_eq!(frames.len(), 60);
    for (frame, values) in frames.iter().zip(expected["features_by_frame"].as_array().unwrap()) {
        for ((found, expected), name) in features.row(*frame as usize).iter().zip(numbers(values)).zip(NAMES) {
            assert!((found - expected).abs() <= 1e-9, "frame {frame}, {name}: {found} and {expected}");
        }
    }
    let (sums, squares) = (numbers(&expected["sums"]), numbers(&expected["sums_of_squares"]));
    for column in 0..FEATURES {
        let values = || features.values.iter().skip(column).step_by(FEATURES);
        let (sum, square): (f64, f64) = (values().sum(), values().map(|value| value * value).sum());
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs().max(1.0);
        assert!(near(sum, sums[column]) && near(square, squares[column]), "{}", NAMES[column]);
    }
}

#[test]
fn silence_has_the_known_values() {
    // All zeros; a constant, which the mean takes away; zeros in a recording whose mean is not zero.
    for (samples, steady) in [(vec![0; 16_000], true), (vec![1_234; 16_000], true), ([vec![0; 8_000], vec![900; 8_000]].concat(), false)] {
        let waveform = Waveform { rate: 16_000, samples };
        let features = short_term(&waveform, 800, 400).unwrap();
        assert!(features.values.iter().all(|value| value.is_finite()));
        if !steady {
            // Constant frames: all of the spectrum in bin 0, which no triangle covers.
            assert!((features.row(0)[8] - f64::EPSILON.log10() * 40.0_f64.sqrt()).abs() < 1e-9);
            assert!(features.row(0)[1] > 0.2);
            continue;
        }
        for row in 0..features.rows {
            for (column, &value) in features.row(row).iter().enumerate() {
                let expected = if column == 8 { -99.001_8 } else { 0.0 };
                assert!((value - expected).abs() < 1e-4 && (column == 8 || value.abs() < 1e-12), "{}: {value}", NAMES[column]);
            }
        }
        for pooling in Pooling::ALL {
            let values = pooled(&waveform, pooling, 30).unwrap();
            assert_eq!(values.len(), 30 * FEATURES);
            assert!(values.chunks(FEATURES).all(|row| (row[8] + 99.001_8).abs() < 1e-4 && row[0] == 0.0));
        }
    }
}

#[test]
fn one_sample_moves_the_values_it_should() {
    // An impulse of full scale: its spectrum is flat, its energy 1/window less what the mean takes.
    let mut samples = vec![0; 8_000];
    samples[100] = i16::MAX;
    let features = short_term(&Waveform { rate: 16_000, samples }, 400, 400).unwrap();
    let first = features.row(0);
    assert!((first[1] - 1.0 / 400.0).abs() < 1e-6);
    assert!((first[3] - 0.5).abs() < 5e-3, "centroid of a flat spectrum");
    assert!((first[4] - 1.0 / 12.0_f64.sqrt()).abs() < 5e-3, "spread of a flat spectrum");
    assert!((first[7] - 0.9).abs() < 6e-3, "roll-off of a flat spectrum");
    assert!((first[5] - 10.0_f64.log2()).abs() < 1e-3, "entropy of a flat spectrum");
    assert_eq!(first[6], 0.0);
    assert_eq!(first[STATIC_FEATURES..], [0.0; STATIC_FEATURES]);
    assert!(features.row(1)[STATIC_FEATURES + 1] < -2e-3, "the energy falls in the second frame");
}

#[test]
fn rates_and_windows_without_features_are_refused() {
    for rate in [4_000, 6_000, 6_853] {
        assert!(message(Extractor::new(rate, 2_000)).contains("at least 6854 Hz"));
    }
    assert!(Extractor::new(6_854, 2_000).is_ok());
    // pyAudioAnalysis 0.3.14 fails and works at the same windows.
    for (rate, milliseconds, works) in [
        (16_000, 10, false),
        (16_000, 20, true),
        (8_000, 20, false),
        (8_000, 25, true),
        (11_025, 10, false),
        (22_050, 10, true),
        (44_100, 10, true),
        (48_000, 10, true),
    ] {
        let window = rate as usize * milliseconds / 1_000;
        assert_eq!(Extractor::new(rate, window).is_ok(), works, "{rate} Hz, {milliseconds} ms");
    }
    assert_eq!(smallest_window(16_000), 198);
    assert!(Extractor::new(16_000, 198).is_ok());
    assert!(message(Extractor::new(16_000, 197)).contains("at least 198 samples (12.4 ms) at 16000 Hz"));
    let waveform = golden_signal();
    assert!(message(short_term(&waveform, 800, 0)).contains("audio step is 0 samples"));
    assert!(message(short_term(&waveform, 48_001, 400)).contains("at most the 48000 samples of the recording"));
    assert_eq!(short_term(&waveform, 48_000, 1).unwrap().rows, 1);
    assert!(message(short_term(&Waveform { rate: 0, samples: vec![1; 100] }, 50, 50)).contains("0 Hz"));
}

#[test]
fn thirty_rows_whatever_the_length() {
    let long = golden_signal();
    for length in [48_000, 47_999, 30_031, 5_940, 5_969] {
        let waveform = Waveform { rate: 16_000, samples: long.samples[..length].to_vec() };
        let rows = pooled(&waveform, Pooling::Window30, 30).unwrap();
        let window = length / 30;
        assert_eq!(rows, short_term(&waveform, window, window).unwrap().values[..30 * FEATURES], "{length}");
        for pooling in [Pooling::Pool30, Pooling::MeanStd30] {
            assert_eq!(pooled(&waveform, pooling, 30).unwrap().len(), 30 * FEATURES);
        }
    }
    let six = pooled(&long, Pooling::default(), 6).unwrap();
    assert_eq!(six, short_term(&long, 8_000, 8_000).unwrap().values);
    for (length, pooling, needed) in
        [(5_939, Pooling::Window30, "0.371 s"), (899, Pooling::Window30, "0.371 s"), (0, Pooling::Window30, "0.371 s")]
            .into_iter()
            .chain([(799, Pooling::Pool30, "0.050 s"), (799, Pooling::MeanStd30, "0.050 s")])
    {
        let waveform = Waveform { rate: 16_000, samples: long.samples[..length].to_vec() };
        let text = message(pooled(&waveform, pooling, 30));
        assert!(text.contains("length of the recording") && text.contains(needed), "{text}");
    }
    assert!(message(pooled(&long, Pooling::Pool30, 0)).contains("segments is 0"));
}

#[test]
fn segments_are_means_and_deviations_of_their_frames() {
    let waveform = golden_signal();
    for segments in [30, 7, 1, 200] {
        let frames = short_term(&waveform, 800, 400).unwrap();
        let found = pooled(&waveform, Pooling::Pool30, segments).unwrap();
        assert_eq!(found.len(), segments * FEATURES);
        for segment in 0..segments {
            let mut rows: Vec<usize> = (0..frames.rows).filter(|row| (row + 1) * segments > segment * frames.rows).collect();
            rows.retain(|row| *row >= segment * frames.rows / segments && (*row < (segment + 1) * frames.rows / segments));
            if rows.is_empty() {
                rows.push(segment * frames.rows / segments);
            }
            for column in 0..FEATURES {
                let mean = rows.iter().map(|&row| frames.row(row)[column]).sum::<f64>() / rows.len() as f64;
                assert!((found[segment * FEATURES + column] - mean).abs() < 1e-10);
            }
        }
        let frames = short_term(&waveform, 800, 800).unwrap();
        let found = pooled(&waveform, Pooling::MeanStd30, segments).unwrap();
        if segments == 30 {
            // 60 frames, two per segment: the deviation of two values is half their distance.
            for segment in 0..30 {
                let (a, b) = (frames.row(2 * segment), frames.row(2 * segment + 1));
                for column in 0..STATIC_FEATURES {
                    let row = &found[segment * FEATURES..];
                    assert!((row[column] - f64::midpoint(a[column], b[column])).abs() < 1e-10);
                    assert!((row[STATIC_FEATURES + column] - (a[column] - b[column]).abs() / 2.0).abs() < 1e-10);
                }
            }
        }
        if segments == 200 {
            assert!(found.chunks(FEATURES).all(|row| row[STATIC_FEATURES..].iter().all(|deviation| *deviation == 0.0)));
        }
    }
    assert_eq!(Pooling::Pool30.columns()[34], "delta zcr");
    assert_eq!(Pooling::MeanStd30.columns()[34], "std zcr");
    assert!(Pooling::ALL.iter().all(|pooling| Pooling::from_id(pooling.id()) == Some(*pooling) && pooling.columns().len() == FEATURES));
}

#[test]
fn loudness_and_pauses() {
    let loud = rounded(&sines(16_000, 1.0, &[(1_000.0, 32_767.0)]));
    let facts = Facts::of(&Waveform { rate: 16_000, samples: [loud.clone(), vec![0; 16_000]].concat() });
    assert_eq!((facts.seconds, facts.voiced_share), (2.0, 0.5));
    assert!((facts.level_dbfs.unwrap() - (-6.02)).abs() < 0.01, "half of a sine of full scale");
    // A constant offset is no sound, and a sound at -56 dBFS counts as silent.
    let quiet: Vec<i16> = rounded(&sines(16_000, 1.0, &[(1_000.0, 73.0)])).iter().map(|value| value + 3_000).collect();
    let facts = Facts::of(&Waveform { rate: 16_000, samples: quiet });
    assert_eq!(facts.voiced_share, 0.0);
    assert!((facts.level_dbfs.unwrap() + 56.05).abs() < 0.05);
    for samples in [vec![], vec![0; 20], vec![700; 5_000]] {
        let facts = Facts::of(&Waveform { rate: 16_000, samples });
        assert_eq!((facts.voiced_share, facts.level_dbfs), (0.0, None));
    }
    assert_eq!(Facts::of(&Waveform { rate: 16_000, samples: loud[..100].to_vec() }).voiced_share, 1.0);
    assert_eq!(Facts::of(&Waveform { rate: 0, samples: loud }).seconds, 0.0);
}

#[test]
fn resampling_keeps_what_is_below_nyquist_and_nothing_above() {
    // Band-limited sums have exact values at every time; 44,099 Hz has more phases than are tabulated.
    for (from, to) in [(44_100, 16_000), (48_000, 16_000), (22_050, 16_000), (8_000, 16_000), (44_099, 16_000), (16_000, 22_050)] {
        let kept = [(200.0, 6_000.0), (1_000.0, 9_000.0), (3_300.0, 5_000.0)];
        let high = if from > to { vec![(0.52 * f64::from(to), 4_000.0), (0.45 * f64::from(from), 4_000.0)] } else { vec![] };
        let samples = rounded(&sines(from, 1.0, &[kept.as_slice(), &high].concat()));
        let found = Waveform { rate: from, samples }.resampled(to).unwrap();
        assert_eq!((found.rate, found.samples.len()), (to, to as usize));
        let expected = sines(to, 1.0, &kept);
        // The ends lie next to the nothing around the recording.
        let gaps = (1_000..found.samples.len() - 1_000).map(|index| (f64::from(found.samples[index]) - expected[index]).abs());
        let worst = gaps.fold(0.0, f64::max);
        assert!(worst < 1.5, "{from} to {to}: {worst}");
    }
    // 0.9 of Nyquist still passes whole.
    let edge = Waveform { rate: 48_000, samples: rounded(&sines(48_000, 1.0, &[(7_150.0, 20_000.0)])) }.resampled(16_000).unwrap();
    let expected = sines(16_000, 1.0, &[(7_150.0, 20_000.0)]);
    assert!((1_000..15_000).all(|index| (f64::from(edge.samples[index]) - expected[index]).abs() < 1.5));
    let loud = Waveform { rate: 44_100, samples: vec![i16::MIN; 44_100] }.resampled(16_000).unwrap();
    assert!(loud.samples[1_000..15_000].iter().all(|sample| *sample == i16::MIN), "constants stay, overshoot is clipped");
}

#[test]
fn resampling_at_its_limits() {
    let waveform = golden_signal();
    assert_eq!(waveform.clone().resampled(16_000).unwrap(), waveform);
    assert_eq!(Waveform { rate: 44_100, samples: vec![] }.resampled(16_000).unwrap().samples, [0_i16; 0]);
    assert_eq!(Waveform { rate: 44_100, samples: vec![5] }.resampled(16_000).unwrap().samples.len(), 1);
    assert_eq!(Waveform { rate: 44_100, samples: vec![5; 4] }.resampled(16_000).unwrap().samples.len(), 2);
    for rate in [0, 999, 384_001, u32::MAX] {
        let text = message(Waveform { rate, samples: vec![1; 10] }.resampled(16_000));
        assert!(text.contains("sampling rate of the recording") && text.contains("from 1000 to 384000 Hz"), "{text}");
        assert!(message(waveform.clone().resampled(rate)).contains("sampling rate to convert to"));
    }
}

#[test]
fn a_long_sound_is_resampled_without_seams() {
    // Two inputs an output: without the first 20,000 inputs everything comes 10,000 outputs earlier, wherever the blocks end.
    let mut state = 7_u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 18) as i16
    });
    let samples: Vec<i16> = noise.take(300_000).collect();
    let later = Waveform { rate: 16_000, samples: samples[20_000..].to_vec() }.resampled(8_000).unwrap().samples;
    let whole = Waveform { rate: 16_000, samples }.resampled(8_000).unwrap().samples;
    assert_eq!((whole.len(), later.len()), (150_000, 140_000));
    // The filter reaches 128 inputs to either side; the beginning of the shorter one lacks what came before it.
    assert!(whole[10_100..] == later[100..]);
}

/// Longest sound that is read here, in seconds.
const LIMIT: f64 = 600.0;

fn stored(
    folder: &Path,
    bits: u16,
    format: SampleFormat,
    channels: u16,
    write: impl FnOnce(&mut WavWriter<std::io::BufWriter<std::fs::File>>),
) -> PathBuf {
    let path = folder.join(format!("{bits}-{channels}.wav"));
    let spec = WavSpec { channels, sample_rate: 16_000, bits_per_sample: bits, sample_format: format };
    let mut writer = WavWriter::create(&path, spec).unwrap();
    write(&mut writer);
    writer.finalize().unwrap();
    path
}

#[test]
fn every_depth_reads_as_sixteen_bits() {
    let folder = tempfile::tempdir().unwrap();
    let whole = |bits: u16, values: &[i32]| {
        let path = stored(folder.path(), bits, SampleFormat::Int, 1, |writer| {
            for value in values {
                writer.write_sample(*value).unwrap();
            }
        });
        wav::read(&path, LIMIT).unwrap().samples
    };
    assert_eq!(whole(8, &[-128, -1, 0, 1, 127]), [-32_768, -256, 0, 256, 32_512]);
    assert_eq!(whole(16, &[-32_768, -1, 0, 1, 32_767]), [-32_768, -1, 0, 1, 32_767]);
    assert_eq!(whole(24, &[-8_388_608, -128, -129, 128, 384, 8_388_607]), [-32_768, 0, -1, 0, 2, 32_767]);
    assert_eq!(whole(32, &[i32::MIN, 32_768, 98_304, i32::MAX]), [-32_768, 0, 2, 32_767]);
    let path = stored(folder.path(), 32, SampleFormat::Float, 1, |writer| {
        for value in [-1.5_f32, -1.0, 0.5, 1.0, 3.0] {
            writer.write_sample(value).unwrap();
        }
    });
    assert_eq!(wav::read(&path, LIMIT).unwrap().samples, [-32_768, -32_768, 16_384, 32_767, 32_767]);
    let path = stored(folder.path(), 16, SampleFormat::Int, 2, |writer| {
        for value in [100_i16, 200, 1, 0, 3, 0, -32_768, -32_768, 32_767, -32_768] {
            writer.write_sample(value).unwrap();
        }
    });
    assert_eq!(wav::read(&path, LIMIT).unwrap().samples, [150, 0, 2, -32_768, 0]);
    assert_eq!(wav::read(&path, LIMIT).unwrap().rate, 16_000);
}

#[test]
fn the_length_is_judged_before_the_samples_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path =
        stored(folder.path(), 16, SampleFormat::Int, 2, |writer| (0..2_000_i16).for_each(|value| writer.write_sample(value).unwrap()));
    assert_eq!(wav::read(&path, 1000.0 / 16_000.0).unwrap().samples.len(), 1000);
    let text = message(wav::read(&path, 999.0 / 16_000.0));
    assert!(text.contains("lasts more than 0.0624375 s; cut it, or raise the limit"), "{text}");
    // Three hours that take no place on the disk, cut short inside the last frame: the refusal comes without reading to there.
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.truncate(44);
    bytes[40..44].copy_from_slice(&700_000_000_u32.to_le_bytes());
    std::fs::write(&path, &bytes).unwrap();
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(700_000_042).unwrap();
    assert!(message(wav::read(&path, 1800.0)).contains("lasts more than 1800 s"));
    // What was written to a pipe promises more than there is, and that is no length.
    bytes[40..44].copy_from_slice(&700_000_000_u32.to_le_bytes());
    std::fs::write(&path, &bytes).unwrap();
    assert!(message(wav::read(&path, 1.0)).contains("stops at second 0.000"));
}

/// A file as programs write it into a pipe: other chunks before the samples, and these sizes of the whole and of the samples.
fn piped(sizes: (u32, u32), samples: &[i16]) -> Vec<u8> {
    let mut bytes = b"RIFF".to_vec();
    bytes.extend(sizes.0.to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(32_000_u32.to_le_bytes());
    // An odd length, after which a byte fills up.
    bytes.extend(b"\x02\0\x10\0LIST\x05\0\0\0INFOx\0data");
    bytes.extend(sizes.1.to_le_bytes());
    bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    bytes
}

#[test]
fn case_12_what_was_written_to_a_pipe_goes_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe.wav");
    let samples: Vec<i16> = (0..64_000_i32).map(|place| (place % 2000 - 1000) as i16).collect();
    let read = |bytes: &[u8], longest: f64| {
        std::fs::write(&path, bytes).unwrap();
        wav::read(&path, longest)
    };
    let unset = u32::MAX;
    for sizes in [(unset, 0), (unset, unset), (0, 0), (36, 0), (unset, unset - 36), (0, i32::MAX as u32), (unset, 1 << 31)] {
        let waveform = read(&piped(sizes, &samples), LIMIT).unwrap();
        assert!(waveform.samples == samples, "{sizes:?}");
        assert!((waveform.seconds() - 4.0).abs() < 1e-12);
        // Half a sample at the end is none.
        assert_eq!(read(&[piped(sizes, &samples), vec![7]].concat(), LIMIT).unwrap().samples.len(), 64_000);
        assert!(message(read(&piped(sizes, &samples), 3.9)).contains("lasts more than 3.9 s"));
    }
    // No samples at all, and sizes that say so or say nothing.
    for sizes in [(unset, 0), (unset, unset), (0, 0), (50, 0)] {
        assert!(read(&piped(sizes, &[]), LIMIT).is_err(), "{sizes:?}");
    }
    // Another chunk behind no samples is no sound.
    let mut empty = piped((0, 0), &[]);
    empty.extend(b"LIST\x04\0\0\0INFO");
    let length = empty.len() as u32 - 8;
    empty[4..8].copy_from_slice(&length.to_le_bytes());
    assert!(read(&empty, LIMIT).is_err());
}

#[test]
fn unusable_files_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let good =
        stored(folder.path(), 16, SampleFormat::Int, 1, |writer| (0..1_000_i16).for_each(|value| writer.write_sample(value).unwrap()));
    let bytes = std::fs::read(&good).unwrap();
    let refused = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        message(wav::read(&path, LIMIT))
    };
    let text = refused("cut.wav", &bytes[..bytes.len() - 1_000]);
    assert!(text.contains("cut.wav") && text.contains("stops at second 0.031") && text.contains("promises 1000 samples"), "{text}");
    assert!(refused("header.wav", &bytes[..20]).contains("shorter than a WAV header"));
    assert!(refused("empty.wav", b"").contains("shorter than a WAV header"));
    assert!(refused("text.wav", b"this is no sound at all, only a long line of text").contains("is not a WAV file that can be read"));
    assert!(message(wav::read(&folder.path().join("absent.wav"), LIMIT)).contains("reading"));
    let none = stored(folder.path(), 16, SampleFormat::Int, 2, |_| ());
    assert!(message(wav::read(&none, LIMIT)).contains("holds no samples"));
    let six = stored(folder.path(), 16, SampleFormat::Int, 6, |writer| (0..12_i16).for_each(|value| writer.write_sample(value).unwrap()));
    assert!(message(wav::read(&six, LIMIT)).contains("has 6 channels"));
    let broken = stored(folder.path(), 32, SampleFormat::Float, 1, |writer| {
        for value in [0.0, f32::NAN] {
            writer.write_sample(value).unwrap();
        }
    });
    assert!(message(wav::read(&broken, LIMIT)).contains("holds `NaN` at sample 2"));
    // A header that promises 4 GB costs nothing.
    let mut forged = bytes.clone();
    forged[40..44].copy_from_slice(&0xFFFF_FFFE_u32.to_le_bytes());
    let text = refused("forged.wav", &forged);
    assert!(text.contains("stops at second 0.062") && text.contains("pipe"), "{text}");
    // Every damage to the header is an error or sound, never a panic.
    for place in 0..44 {
        for value in [0, 1, 3, 0x7F, 0xFF] {
            let mut damaged = bytes.clone();
            damaged[place] = value;
            let path = folder.path().join("damaged.wav");
            std::fs::write(&path, damaged).unwrap();
            if let Ok(waveform) = wav::read(&path, LIMIT) {
                assert!(!waveform.samples.is_empty() && waveform.rate > 0);
                let _ = short_term(&waveform, 400, 200);
            }
        }
    }
}
