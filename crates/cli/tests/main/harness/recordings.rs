//! Small recordings and pictures that ffmpeg makes, where it is there.

use std::path::Path;
use std::process::{Command, Stdio};

/// What ffmpeg writes into a file of this name; `None` where it is absent or cannot.
fn made(folder: &Path, name: &str, arguments: &str) -> Option<Vec<u8>> {
    let path = folder.join(name);
    let arguments = arguments.split_whitespace();
    let made = Command::new("ffmpeg")
        .args(["-v", "quiet", "-nostdin", "-y"])
        .args(arguments)
        .arg(&path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    made.is_ok_and(|status| status.success()).then(|| std::fs::read(path).unwrap())
}

const PICTURES: &str = "-f lavfi -i testsrc2=s=64x48:r=10:d=1";
const BOTH: &str = "-f lavfi -i testsrc2=s=64x48:r=10:d=1 -f lavfi -i sine=d=1";

/// Recordings by the ending of their names.
pub(super) fn recordings(folder: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let wanted = [
        ("mp4", "a.mp4", format!("{BOTH} -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac")),
        ("mp4", "b.mp4", format!("{BOTH} -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac -movflags frag_keyframe+empty_moov")),
        ("mp4", "c.mp4", format!("{PICTURES} -c:v libx264 -preset ultrafast -pix_fmt yuv420p -bf 2 -movflags faststart")),
        ("webm", "d.webm", format!("{BOTH} -c:v libvpx -deadline realtime -cpu-used 8 -c:a libopus")),
        ("webm", "e.webm", format!("{BOTH} -c:v libvpx -deadline realtime -cpu-used 8 -c:a libopus -f webm -live 1")),
        ("mkv", "f.mkv", format!("{PICTURES} -c:v libx264 -preset ultrafast -pix_fmt yuv420p")),
    ];
    wanted.into_iter().filter_map(|(ending, name, arguments)| Some((ending, made(folder, name, &arguments)?))).collect()
}

/// JPEG pictures; without ffmpeg the one of the source tree, which is turned by its Exif data.
pub(super) fn jpegs(folder: &Path) -> Vec<Vec<u8>> {
    let turned = concat!(env!("CARGO_MANIFEST_DIR"), "/../media/tests/fixtures/face/turned.jpg");
    let mut found = vec![std::fs::read(turned).unwrap()];
    for (name, options) in [("a.jpg", "-pix_fmt yuvj420p"), ("b.jpg", "-pix_fmt yuvj444p"), ("c.jpg", "-pix_fmt gray")] {
        found.extend(made(folder, name, &format!("{PICTURES} -frames:v 1 {options}")));
    }
    found
}
