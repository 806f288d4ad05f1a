//! What decoding a recording costs: `cargo bench --bench video -- FILE`. Without a file it makes a clip of 27 s at 480p.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use evenhand_media::video::segments::draw;
use evenhand_media::video::{Decoder, Limits, Wanted};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn main() {
    let given = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).map(PathBuf::from);
    let Ok(decoder) = Decoder::find(None, None) else {
        println!("skipped: no ffmpeg");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = given.unwrap_or_else(|| {
        let path = folder.path().join("clip.mp4");
        let sources = ["-f", "lavfi", "-i", "testsrc2=s=640x480:r=25:d=27", "-f", "lavfi", "-i", "sine=440:r=48000:d=27"];
        let options = ["-c:v", "libx264", "-preset", "veryfast", "-g", "250", "-pix_fmt", "yuv420p", "-c:a", "aac"];
        Command::new("ffmpeg").args(["-v", "error"]).args(sources).args(options).arg(&path).status().unwrap();
        path
    });
    let limits = Limits::default();
    for _ in 0..3 {
        let start = Instant::now();
        let probe = decoder.probe(&path, &limits).unwrap();
        let probed = start.elapsed();
        let video = probe.video.as_ref().unwrap();
        let places = draw(&probe.timeline(), video.duration, 30, 1, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        let wanted: Vec<i64> = places.iter().map(|&place| video.pts[place]).collect();
        let mut bytes = 0;
        let start = Instant::now();
        decoder
            .frames(&path, &probe, &Wanted::pictures(&wanted, 480), &limits, &mut |shown| {
                bytes += shown.picture.pixels.len();
                Ok(())
            })
            .unwrap();
        let framed = start.elapsed();
        let start = Instant::now();
        let samples = decoder.audio(&path, &probe, &limits).unwrap().len();
        println!("probe {probed:?}, 30 frames ({bytes} bytes) {framed:?}, sound ({samples} samples) {:?}", start.elapsed());
    }
    let memory = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", memory.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("most memory: unknown"));
}
