//! Finding and cutting out faces: `EVENHAND_MTCNN=... EVENHAND_PICTURES=... cargo bench --bench face`.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::PathBuf;

use divan::Bencher;
use evenhand_media::Picture;
use evenhand_media::face::crop::{CropSettings, crop};
use evenhand_media::face::weights::convert;
use evenhand_media::face::{Mtcnn, MtcnnSettings};

fn main() {
    divan::main();
}

/// scikit-image's portrait at 640 x 480.
fn portrait() -> Option<Picture> {
    let folder = PathBuf::from(std::env::var_os("EVENHAND_PICTURES")?);
    let picture = evenhand_media::picture::read(&folder.join("astronaut.png")).ok()?;
    let mut pixels = Vec::with_capacity(640 * 480 * 3);
    for y in 0..480 {
        for x in 0..640 {
            let at = (y * picture.height / 480 * picture.width + x * picture.width / 640) * 3;
            pixels.extend_from_slice(&picture.pixels[at..at + 3]);
        }
    }
    Picture::new(640, 480, pixels)
}

#[divan::bench(args = [40, 20])]
fn mtcnn_640_480(bencher: Bencher, min_face: u32) {
    let (Some(given), Some(picture)) = (std::env::var_os("EVENHAND_MTCNN").map(PathBuf::from), portrait()) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut path = given.clone();
    if given.is_dir() {
        path = folder.path().join("mtcnn.safetensors");
        convert(&[given], &path, false).unwrap();
    }
    let settings = MtcnnSettings { min_face: Some(min_face), ..MtcnnSettings::default() };
    let mtcnn = Mtcnn::load(&path).unwrap().with_settings(settings).unwrap();
    bencher.bench(|| mtcnn.faces(&picture).unwrap());
}

#[divan::bench]
fn crop_300_to_112(bencher: Bencher) {
    let picture = Picture::new(640, 480, vec![90; 640 * 480 * 3]).unwrap();
    bencher.bench(|| crop(&picture, [100.0, 80.0, 400.0, 420.0], &CropSettings::default()).unwrap());
}
