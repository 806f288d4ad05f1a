//! The detectors and the weights through the public interface; the network's arithmetic is tested beside it.
//!
//! What needs files that are not part of the source is skipped with a line on standard error:
//! `EVENHAND_MTCNN` (a converted weights file, or the folder of pnet.pt, rnet.pt, onet.pt), `EVENHAND_PICTURES` (a folder with scikit-image's
//! pictures), `EVENHAND_FACE_FRAMES` (a folder made by `reference/media/mtcnn.py frames`).

use std::path::{Path, PathBuf};

use evenhand_media::face::boxes::TOLERANCE;
use evenhand_media::face::weights::{LICENCE_CAUTION, SHAPES, convert};
use evenhand_media::face::{Boxes, Centre, Face, FaceDetector, FrameContext, Mtcnn, MtcnnSettings, Units};
use evenhand_media::{Picture, picture};
use serde_json::Value;

/// The path in an environment variable, or a line about what is skipped without it.
fn path_of(variable: &str, purpose: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.exists());
    if path.is_none() {
        eprintln!("skipped: {purpose} ({variable} names no file or folder)");
    }
    path
}

/// The detector with the released weights.
fn released(purpose: &str) -> Option<Mtcnn> {
    let path = path_of("EVENHAND_MTCNN", purpose)?;
    if path.is_file() {
        return Some(Mtcnn::load(&path).unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("mtcnn.safetensors");
    convert(&[path], &out, false).unwrap();
    Some(Mtcnn::load(&out).unwrap())
}

fn with_min_face(mtcnn: &Mtcnn, min_face: u32) -> Mtcnn {
    mtcnn.clone().with_settings(MtcnnSettings { min_face: Some(min_face), ..MtcnnSettings::default() }).unwrap()
}

fn sides(face: &Value) -> [f32; 4] {
    let numbers: Vec<f32> = face["box"].as_array().unwrap().iter().map(|side| side.as_f64().unwrap() as f32).collect();
    numbers.try_into().unwrap()
}

fn overlap(a: [f32; 4], b: [f32; 4]) -> f32 {
    let area = |a: [f32; 4]| (a[2] - a[0]).max(0.0) * (a[3] - a[1]).max(0.0);
    let shared = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    shared / (area(a) + area(b) - shared)
}

#[test]
fn pictures_give_the_boxes_of_facenet_pytorch() {
    let purpose = "MTCNN on scikit-image's pictures";
    let (Some(folder), Some(mtcnn)) = (path_of("EVENHAND_PICTURES", purpose), released(purpose)) else { return };
    let fixture: Value = serde_json::from_str(include_str!("../fixtures/face/pictures.json")).unwrap();
    let mut compared = 0;
    for case in fixture.as_array().unwrap() {
        let path = folder.join(case["file"].as_str().unwrap());
        if !path.exists() {
            eprintln!("skipped: {} is not in the folder", path.display());
            continue;
        }
        let picture = picture::read(&path).unwrap();
        let found = with_min_face(&mtcnn, case["min_face"].as_u64().unwrap() as u32).faces(&picture).unwrap();
        let expected = case["faces"].as_array().unwrap();
        assert_eq!(found.len(), expected.len(), "{case}");
        for (found, expected) in found.iter().zip(expected) {
            // A tenth of the half pixel that is promised: what is left is rounding.
            for (found, expected) in found.sides().iter().zip(sides(expected)) {
                assert!((found - expected).abs() < 0.05, "{found} against {expected}");
            }
            assert!((f64::from(found.score) - expected["score"].as_f64().unwrap()).abs() < 1e-4);
            for (found, expected) in found.landmarks.iter().zip(expected["landmarks"].as_array().unwrap()) {
                for axis in 0..2 {
                    assert!((f64::from(found[axis]) - expected[axis].as_f64().unwrap()).abs() < 0.05);
                }
            }
        }
        compared += 1;
    }
    assert!(compared > 0);
}

#[test]
fn composed_frames_give_the_boxes_of_facenet_pytorch() {
    let purpose = "MTCNN on composed frames";
    let (Some(folder), Some(mtcnn)) = (path_of("EVENHAND_FACE_FRAMES", purpose), released(purpose)) else { return };
    let frames: Value = serde_json::from_slice(&std::fs::read(folder.join("frames.json")).unwrap()).unwrap();
    let frames = frames.as_array().unwrap();
    let (mut total, mut faces, mut other_count, mut least) = (0.0, 0, 0, 1.0_f32);
    let mut farthest = 0.0_f32;
    for case in frames {
        let picture = picture::read(&folder.join(case["file"].as_str().unwrap())).unwrap();
        let found = with_min_face(&mtcnn, case["min_face"].as_u64().unwrap() as u32).faces(&picture).unwrap();
        let expected = case["faces"].as_array().unwrap();
        other_count += usize::from(found.len() != expected.len());
        // Face by face in order, so that the first is checked to be the same.
        for (place, expected) in expected.iter().enumerate() {
            let expected = sides(expected);
            let shared = found.get(place).map_or(0.0, |found| overlap(found.sides(), expected));
            if let Some(found) = found.get(place) {
                farthest = found.sides().iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(farthest, f32::max);
            }
            total += f64::from(shared);
            least = least.min(shared);
            faces += 1;
        }
    }
    let mean = total / f64::from(faces);
    eprintln!(
        "{} frames, {faces} faces, mean IoU {mean:.6}, least {least:.6}, farthest side {farthest} px, other count in {other_count}",
        frames.len()
    );
    assert!(frames.len() >= 200, "enough frames to say something");
    assert!(mean >= 0.98 && other_count * 50 <= frames.len());
}

#[test]
fn calls_at_once_give_the_same_faces() {
    let Some(mtcnn) = released("the same faces from several threads") else { return };
    let picture = hashed_picture(160, 120);
    let alone = mtcnn.faces(&picture).unwrap();
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..4).map(|_| scope.spawn(|| mtcnn.faces(&picture).unwrap())).collect();
        for call in calls {
            assert_eq!(call.join().unwrap(), alone);
        }
    });
}

#[test]
fn released_files_are_recognised() {
    let Some(path) = path_of("EVENHAND_MTCNN", "the conversion of the released files").filter(|path| path.is_dir()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("mtcnn.safetensors");
    let converted = convert(std::slice::from_ref(&path), &out, false).unwrap();
    assert_eq!(converted.parameters, 6_632 + 100_178 + 389_040);
    assert_eq!(
        converted.sources.iter().map(|source| (source.network, source.released)).collect::<Vec<_>>(),
        [("pnet", true), ("rnet", true), ("onet", true)]
    );
    // The same bytes again, from the files in another order.
    let again = folder.path().join("again.safetensors");
    let files = ["onet.pt", "pnet.pt", "rnet.pt"].map(|name| path.join(name));
    assert_eq!(convert(&files, &again, false).unwrap().sha256, converted.sha256);
    assert_eq!(std::fs::read(&out).unwrap(), std::fs::read(&again).unwrap());
    assert_eq!(Mtcnn::load(&out).unwrap().settings()["sha256"], converted.sha256);
}

fn hash(index: u64) -> u32 {
    let mut x = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^= x >> 29;
    (x.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32) as u32
}

fn hashed_picture(width: usize, height: usize) -> Picture {
    Picture::new(width, height, (0..(width * height * 3) as u64).map(|index| hash(index) as u8).collect()).unwrap()
}

/// An old container of torch with arrays of small numbers in the given shapes.
fn container(arrays: &[(&str, &[usize])]) -> Vec<u8> {
    let text = |text: &str| [b"X".as_slice(), &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    let number = |number: usize| [b"J".as_slice(), &(number as u32).to_le_bytes()].concat();
    let numbers = |numbers: &[usize]| {
        let items: Vec<u8> = numbers.iter().flat_map(|&item| number(item)).collect();
        [b"(".as_slice(), &items, b"t"].concat()
    };
    let mut bytes = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.".to_vec();
    bytes.extend([b"\x80\x02}".as_slice(), &text("little_endian"), b"\x88s.\x80\x02ccollections\nOrderedDict\n)R("].concat());
    for (key, (name, shape)) in arrays.iter().enumerate() {
        let count = shape.iter().product();
        let strides: Vec<usize> = (0..shape.len()).map(|axis| shape[axis + 1..].iter().product()).collect();
        let key = text(&key.to_string());
        bytes.extend([text(name), b"ctorch._utils\n_rebuild_tensor_v2\n((".to_vec(), text("storage")].concat());
        bytes.extend([b"ctorch\nFloatStorage\n".to_vec(), key, text("cpu"), number(count), b"NtQ".to_vec(), number(0)].concat());
        bytes.extend([numbers(shape), numbers(&strides), b"\x89ccollections\nOrderedDict\n)RtR".to_vec()].concat());
    }
    let keys: Vec<u8> = (0..arrays.len()).flat_map(|key| text(&key.to_string())).collect();
    bytes.extend([b"u.\x80\x02](".as_slice(), &keys, b"e."].concat());
    for (_, shape) in arrays {
        let (count, inputs) = (shape.iter().product::<usize>(), shape[1..].iter().product::<usize>());
        bytes.extend((count as u64).to_le_bytes());
        for index in 0..count {
            let value = (f64::from(hash(index as u64)) / f64::from(u32::MAX) - 0.5) * 3.4 / (inputs as f64).sqrt();
            bytes.extend((value as f32).to_le_bytes());
        }
    }
    bytes
}

fn arrays_of(network: &str) -> Vec<(&'static str, &'static [usize])> {
    SHAPES.iter().filter_map(|(name, shape)| Some((name.strip_prefix(network)?.strip_prefix('.')?, *shape))).collect()
}

#[test]
fn unknown_weights_are_refused_unless_accepted() {
    let folder = tempfile::tempdir().unwrap();
    for network in ["pnet", "rnet", "onet"] {
        std::fs::write(folder.path().join(format!("{network}.pt")), container(&arrays_of(network))).unwrap();
    }
    let (given, out) = ([folder.path().to_owned()], folder.path().join("out.safetensors"));
    let refusal = convert(&given, &out, false).unwrap_err().to_string();
    assert!(refusal.contains("pnet.pt` has the sha256 ") && refusal.contains("which no released file of facenet-pytorch has"), "{refusal}");
    assert!(!out.exists());
    let converted = convert(&given, &out, true).unwrap();
    assert_eq!(converted.parameters, 495_850);
    assert!(converted.sources.iter().all(|source| !source.released));
    assert!(String::from_utf8_lossy(&std::fs::read(&out).unwrap()).contains(&LICENCE_CAUTION[..80]));
    // Random networks find what they find, but the same every time, and in finite numbers.
    let mtcnn = Mtcnn::load(&out).unwrap().with_settings(MtcnnSettings { min_face: Some(20), thresholds: [0.3; 3], factor: 0.7 }).unwrap();
    for (width, height) in [(90, 70), (31, 20), (20, 19), (1, 1), (200, 12), (0, 0)] {
        let picture = hashed_picture(width, height);
        let faces = mtcnn.faces(&picture).unwrap();
        assert_eq!(faces, mtcnn.faces(&picture).unwrap());
        assert!(faces.iter().all(|face| face.sides().iter().all(|side| side.is_finite())));
        assert!(width.min(height) >= 20 || faces.is_empty());
    }
    // Two files of one network, a missing array, a wrong shape.
    let pnet = folder.path().join("pnet.pt");
    assert!(convert(&[pnet.clone(), pnet.clone(), folder.path().join("rnet.pt")], &out, true).unwrap_err().to_string().contains("onet"));
    let mut arrays = arrays_of("pnet");
    arrays.retain(|(name, _)| *name != "conv2.bias");
    std::fs::write(&pnet, container(&arrays)).unwrap();
    assert!(convert(&given, &out, true).unwrap_err().to_string().contains("lacks the array `pnet.conv2.bias`"));
    arrays.push(("conv2.bias", &[4, 4]));
    std::fs::write(&pnet, container(&arrays)).unwrap();
    let refusal = convert(&given, &out, true).unwrap_err().to_string();
    assert!(refusal.contains("holds `pnet.conv2.bias` with the shape [4, 4] instead of [16]"), "{refusal}");
    arrays.last_mut().unwrap().1 = &[16];
    arrays.push(("conv9.bias", &[1]));
    std::fs::write(&pnet, container(&arrays)).unwrap();
    assert!(convert(&given, &out, true).unwrap_err().to_string().contains("holds the array `pnet.conv9.bias`"));
}

#[test]
fn what_is_no_weights_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mtcnn.safetensors");
    std::fs::write(&path, b"not weights").unwrap();
    let refusal = Mtcnn::load(&path).unwrap_err().to_string();
    assert!(refusal.contains("is no safetensors file") && refusal.contains("make it from pnet.pt"), "{refusal}");
    assert!(Mtcnn::load(Path::new("absent.safetensors")).unwrap_err().to_string().starts_with("reading `absent.safetensors` failed"));
    assert!(convert(&[path.clone(), path], Path::new("out"), true).unwrap_err().to_string().contains("2 paths"));
}

#[test]
fn settings_outside_their_ranges_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for network in ["pnet", "rnet", "onet"] {
        std::fs::write(folder.path().join(format!("{network}.pt")), container(&arrays_of(network))).unwrap();
    }
    let out = folder.path().join("out.safetensors");
    convert(&[folder.path().to_owned()], &out, true).unwrap();
    let mtcnn = Mtcnn::load(&out).unwrap();
    let normal = MtcnnSettings::default();
    for wrong in [
        MtcnnSettings { min_face: Some(11), ..normal },
        MtcnnSettings { thresholds: [0.6, 1.0, 0.7], ..normal },
        MtcnnSettings { thresholds: [0.6, f32::NAN, 0.7], ..normal },
        MtcnnSettings { factor: 1.0, ..normal },
        MtcnnSettings { factor: f64::NAN, ..normal },
    ] {
        assert!(mtcnn.clone().with_settings(wrong).is_err(), "{wrong:?}");
    }
    let broken = Picture { width: 5, height: 5, pixels: vec![0; 3] };
    assert!(mtcnn.faces(&broken).unwrap_err().to_string().contains("3 bytes for 5 x 5 pixels"));
    let settings = mtcnn.settings();
    assert_eq!(settings["thresholds"].to_string(), "[0.6,0.7,0.7]");
    assert_eq!(settings["min_face"], "max(40, shorter side / 10)");
}

#[test]
fn the_centre_is_a_square() {
    let found = Centre::new(0.5).unwrap().detect(&hashed_picture(100, 60), &FrameContext::default()).unwrap();
    assert_eq!(found.iter().map(Face::sides).collect::<Vec<_>>(), [[35.0, 15.0, 65.0, 45.0]]);
    assert_eq!(found[0].score, 1.0);
    assert!(Centre::new(0.0).is_err() && Centre::new(1.1).is_err() && Centre::new(f32::NAN).is_err());
    assert!(Centre::default().detect(&Picture::new(0, 0, vec![]).unwrap(), &FrameContext::default()).unwrap().is_empty());
    assert_eq!(Centre::default().settings().to_string(), r#"{"name":"centre","share":0.6}"#);
}

fn boxes(text: &str, units: Units) -> Result<Boxes, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("boxes.csv");
    std::fs::write(&path, text).unwrap();
    Boxes::load(&path, units, TOLERANCE).map_err(|error| error.to_string())
}

#[test]
fn the_box_nearest_in_time_counts() {
    let text = "\u{feff}seconds,candidate,left,top,right,bottom,score,note\n\
                1.0,\"c,1\",1,2,11,12,0.5,a\n\
                3.0,\"c,1\",5,5,9,9,,\"b \"\"quoted\"\"\"\n\
                2.0,\"c,1\",3,4,13,24,0.25,\n\
                2.0,\"c,1\",3,4,43,24,0.75,\n\
                0,c2,0,0,1,1,1,\n";
    let boxes = boxes(text, Units::Pixels).unwrap();
    assert_eq!(boxes.candidates().unwrap(), ["c,1", "c2"]);
    let picture = hashed_picture(50, 40);
    let at = |candidate, seconds, original| {
        let context = FrameContext { candidate, frame: 0, seconds, original };
        boxes.detect(&picture, &context).unwrap().iter().map(|face| (face.sides(), face.score)).collect::<Vec<_>>()
    };
    assert_eq!(at("c,1", 1.2, None), [([1.0, 2.0, 11.0, 12.0], 0.5)]);
    // Two faces at 2.0, the larger first.
    assert_eq!(at("c,1", 1.9, None), [([3.0, 4.0, 43.0, 24.0], 0.75), ([3.0, 4.0, 13.0, 24.0], 0.25)]);
    // Equally near: the earlier. Exactly the tolerance away counts, more does not.
    assert_eq!(at("c,1", 1.5, None)[0].0, [1.0, 2.0, 11.0, 12.0]);
    assert_eq!(at("c,1", 3.5, None), [([5.0, 5.0, 9.0, 9.0], 1.0)]);
    assert!(at("c,1", 3.51, None).is_empty() && at("c3", 1.0, None).is_empty());
    assert!(at("c,1", f64::NAN, None).is_empty());
    // The recording's frames were twice as large.
    assert_eq!(at("c,1", 1.0, Some((100, 80)))[0].0, [0.5, 1.0, 5.5, 6.0]);
}

#[test]
fn relative_boxes_grow_with_the_picture() {
    let boxes = boxes("candidate,seconds,left,top,right,bottom\nc,0,0.1,0.25,0.5,1\n", Units::Relative).unwrap();
    let context = FrameContext { candidate: "c", original: Some((999, 9)), ..FrameContext::default() };
    let found = boxes.detect(&hashed_picture(50, 40), &context).unwrap();
    for (found, expected) in found[0].sides().iter().zip([5.0, 10.0, 25.0, 40.0]) {
        assert!((found - expected).abs() < 1e-5);
    }
    assert!(found[0].landmarks[0][0].is_nan());
}

#[test]
fn bad_rows_are_refused_with_their_place() {
    let head = "candidate,seconds,left,top,right,bottom,score\n";
    for (rows, units, expected) in [
        ("c,x,1,1,2,2,1\n", Units::Pixels, "has `x` in row 2, column `seconds`"),
        ("c,1,1,1,2,2,1\nc,-1,1,1,2,2,1\n", Units::Pixels, "has `-1` in row 3, column `seconds`"),
        ("c,1,1,nan,2,2,1\n", Units::Pixels, "has `nan` in row 2, column `top`"),
        ("c,1,1,1,1,2,1\n", Units::Pixels, "has `1` in row 2, column `right`, which is not larger than `left`"),
        ("c,1,1,3,2,2,1\n", Units::Pixels, "column `bottom`, which is not larger than `top`"),
        ("c,1,0.1,0.1,1.5,0.5,1\n", Units::Relative, "has `1.5` in row 2, column `right`, instead of a share"),
        ("c,1,1,1,2,2,1.5\n", Units::Pixels, "has `1.5` in row 2, column `score`"),
        (",1,1,1,2,2,1\n", Units::Pixels, "has an empty field in row 2, column `candidate`"),
        ("c,1,1,1,2\n", Units::Pixels, "has 5 fields instead of 7 in row 2"),
        ("\"c,1,1,1,2,2,1\n", Units::Pixels, "has 1 fields instead of 7 in row 2 (a quote may not be closed)"),
    ] {
        let refusal = boxes(&format!("{head}{rows}"), units).unwrap_err();
        assert!(refusal.contains(expected) && refusal.contains("boxes.csv"), "{refusal}");
    }
    assert!(boxes("candidate,seconds,left,top,right\n", Units::Pixels).unwrap_err().contains("has no column `bottom`"));
    assert!(boxes("candidate,candidate\n", Units::Pixels).unwrap_err().contains("has two columns `candidate`"));
    assert!(boxes("", Units::Pixels).unwrap_err().contains("is empty"));
    assert!(Boxes::load(Path::new("boxes.csv"), Units::Pixels, f64::NAN).is_err());
}

const PNG: &[u8] = include_bytes!("../fixtures/face/small.png");
const JPEG: &[u8] = include_bytes!("../fixtures/face/turned.jpg");

fn read_bytes(bytes: &[u8]) -> Result<Picture, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frame");
    std::fs::write(&path, bytes).unwrap();
    picture::read(&path).map_err(|error| error.to_string())
}

#[test]
fn png_and_jpeg_files_are_read() {
    // 3 x 2 pixels with alpha: pixel (x, y) is (40 x, 100 y, 7).
    let png = read_bytes(PNG).unwrap();
    assert_eq!((png.width, png.height), (3, 2));
    assert_eq!(png.pixels, [0, 0, 7, 40, 0, 7, 80, 0, 7, 0, 100, 7, 40, 100, 7, 80, 100, 7]);
    // Stored 32 wide and 16 high, left half red, right half blue, orientation 6: upright red is on top.
    let jpeg = read_bytes(JPEG).unwrap();
    assert_eq!((jpeg.width, jpeg.height), (16, 32));
    let (top, bottom) = (&jpeg.pixels[..3], &jpeg.pixels[jpeg.pixels.len() - 3..]);
    assert!(top[0] > 245 && top[2] < 10 && bottom[0] < 10 && bottom[2] > 245, "{top:?} {bottom:?}");
}

#[test]
fn shortened_pictures_are_refused() {
    for whole in [PNG, JPEG] {
        for end in 0..whole.len() - 1 {
            // The last bytes of a PNG are the empty end chunk: its pixels are whole by then.
            if let Ok(picture) = read_bytes(&whole[..end]) {
                assert!(whole == PNG && end + 12 >= whole.len(), "{end} of {} bytes", whole.len());
                assert_eq!(picture, read_bytes(whole).unwrap());
            }
        }
    }
    assert!(read_bytes(b"GIF89a").unwrap_err().contains("is neither PNG nor JPEG; give a whole PNG or JPEG file"));
    // A header that says 20000 x 2 pixels.
    let mut wide = PNG.to_vec();
    wide[16..20].copy_from_slice(&20_000_u32.to_be_bytes());
    assert!(read_bytes(&wide).is_err());
}
