//! Recordings made on the fly. Every frame says its number: its lower half shows it in eight black or white blocks, the lowest bit
//! left, its upper half is red on the left and blue on the right. The sound is silent but for a click at one second and at three.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use evenhand_media::video::{Decoder, Limits, Probe, Shown, Wanted};
use evenhand_media::{Failure, Picture, StepError};

pub(crate) const WIDTH: usize = 320;
pub(crate) const HEIGHT: usize = 240;
pub(crate) const RATE: usize = 25;
/// Frames of the plain clip: five seconds.
pub(crate) const FRAMES: usize = 125;

/// A folder with the plain clip, and the decoder under test.
#[derive(Debug)]
pub(crate) struct Clips {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) decoder: Decoder,
    pub(crate) plain: PathBuf,
    pub(crate) webm: PathBuf,
    sound: PathBuf,
}

/// The shared clips, or `None` (said on the standard error output) where ffmpeg or one of the encoders is absent.
pub(crate) fn clips() -> Option<&'static Clips> {
    static CLIPS: OnceLock<Result<Clips, String>> = OnceLock::new();
    match CLIPS.get_or_init(build) {
        Ok(clips) => Some(clips),
        Err(why) => {
            eprintln!("skipped: {why}");
            None
        }
    }
}

fn build() -> Result<Clips, String> {
    let given = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let (ffmpeg, ffprobe) = (given("EVENHAND_FFMPEG"), given("EVENHAND_FFPROBE"));
    let decoder = Decoder::find(ffmpeg.as_deref(), ffprobe.as_deref()).map_err(|error| error.to_string())?;
    let folder = tempfile::tempdir().unwrap();
    let sound = folder.path().join("sound.raw");
    std::fs::write(&sound, clicks(5.0)).unwrap();
    let (plain, webm) = (folder.path().join("plain.mp4"), folder.path().join("live.webm"));
    let clips = Clips { folder, decoder, plain, webm, sound };
    let h264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-g", "250", "-pix_fmt", "yuv420p", "-c:a", "aac"];
    clips.encode(FRAMES, &h264, &clips.plain)?;
    // As a browser records: written to a pipe, so without duration and index, and with a single key frame.
    let live = [
        "-c:v",
        "libvpx",
        "-deadline",
        "realtime",
        "-cpu-used",
        "8",
        "-b:v",
        "1M",
        "-g",
        "3000",
        "-c:a",
        "libopus",
        "-f",
        "webm",
        "-live",
        "1",
    ];
    clips.encode(FRAMES, &live, &clips.webm)?;
    Ok(clips)
}

impl Clips {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Encodes numbered frames with the clicks.
    pub(crate) fn encode(&self, frames: usize, options: &[&str], to: &Path) -> Result<(), String> {
        let size = format!("{WIDTH}x{HEIGHT}");
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", &size, "-r", "25", "-i", "pipe:0"]);
        command.args(["-f", "s16le", "-ar", "48000", "-ac", "1", "-i"]).arg(&self.sound).args(options).arg("-shortest").arg(to);
        let mut child = command.stdin(Stdio::piped()).spawn().map_err(|error| format!("ffmpeg: {error}"))?;
        let mut input = child.stdin.take().unwrap();
        for number in 0..frames {
            let _ = input.write_all(&numbered(number));
        }
        drop(input);
        if child.wait().unwrap().success() { Ok(()) } else { Err(format!("ffmpeg cannot encode with {options:?}")) }
    }

    /// Makes a file from others with ffmpeg; `None` (and a line) where this ffmpeg cannot.
    pub(crate) fn make(&self, name: &str, arguments: &[&str]) -> Option<PathBuf> {
        let path = self.path(name);
        let mut command = Command::new("ffmpeg");
        command
            .current_dir(self.folder.path())
            .args(["-v", "error", "-y", "-nostdin"])
            .args(arguments)
            .arg(format!("file:{}", path.display()));
        if command.status().unwrap().success() {
            Some(path)
        } else {
            eprintln!("skipped: ffmpeg cannot do {arguments:?}");
            None
        }
    }

    /// The first part of a file.
    pub(crate) fn cut(&self, from: &Path, share: f64, name: &str) -> PathBuf {
        let bytes = std::fs::read(from).unwrap();
        let path = self.path(name);
        std::fs::write(&path, &bytes[..(bytes.len() as f64 * share) as usize]).unwrap();
        path
    }

    /// What both ways of probing say; our reader has to agree with ffprobe or to leave the file to it.
    pub(crate) fn probe(&self, path: &Path) -> Probe {
        let asked = self.decoder.ffprobe(path, &Limits::default()).unwrap();
        if let Some(read) = Probe::read(path, &Limits::default()) {
            self.assert_same(&read.unwrap(), &asked, &path.display().to_string());
        }
        self.decoder.probe(path, &Limits::default()).unwrap()
    }

    /// Equal in everything. Releases after 5 tell the end of the last packet of sound by other rules, so there it may be a packet apart.
    pub(crate) fn assert_same(&self, read: &Probe, asked: &Probe, what: &str) {
        let mut read = read.clone();
        if !["4.", "5."].iter().any(|release| self.decoder.version().trim_start_matches('n').starts_with(release)) {
            assert!((read.duration - asked.duration).abs() < 0.05, "{what}: {} and {}", read.duration, asked.duration);
            read.duration = asked.duration;
            if let (Some(read), Some(asked)) = (&mut read.audio, &asked.audio) {
                assert!((read.end - asked.end).abs() < 0.05, "{what}: {} and {}", read.end, asked.end);
                read.end = asked.end;
            }
        }
        assert_eq!(read, *asked, "{what}");
    }

    /// Pictures at these places of the timeline, and how many were decoded.
    pub(crate) fn pictures(&self, path: &Path, probe: &Probe, places: &[usize], max_side: u32) -> (Vec<Picture>, usize) {
        let pts = &probe.video.as_ref().unwrap().pts;
        let wanted: Vec<i64> = places.iter().map(|&place| pts[place]).collect();
        let mut pictures = vec![None; wanted.len()];
        let decoded = self
            .decoder
            .frames(path, probe, &Wanted::pictures(&wanted, max_side), &Limits::default(), &mut |Shown { position, picture, .. }| {
                assert!(pictures[position].replace(picture.clone()).is_none(), "position {position} came twice");
                Ok(())
            })
            .unwrap();
        assert_eq!(decoded.colours_unknown, 0, "ffmpeg reports the colours of every frame");
        (pictures.into_iter().map(Option::unwrap).collect(), decoded.decoded)
    }

    /// Numbers that the pictures at these places show.
    pub(crate) fn numbers(&self, path: &Path, probe: &Probe, places: &[usize]) -> Vec<usize> {
        self.pictures(path, probe, places, 480).0.iter().map(number).collect()
    }

    pub(crate) fn audio(&self, path: &Path, probe: &Probe) -> Vec<i16> {
        self.decoder.audio(path, probe, &Limits::default()).unwrap()
    }
}

/// Why a recording cannot be used.
pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, StepError>) -> Failure {
    match result.unwrap_err() {
        StepError::Recording(failure) => failure,
        StepError::Machine(error) => panic!("the machine is to blame: {error}"),
    }
}

/// One frame, planar YUV.
fn numbered(number: usize) -> Vec<u8> {
    let mut luma = vec![60_u8; WIDTH * HEIGHT];
    let mut chroma = vec![[128_u8; 2]; WIDTH * HEIGHT / 4];
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            if y >= HEIGHT / 2 {
                luma[y * WIDTH + x] = if number >> (x * 8 / WIDTH) & 1 == 1 { 235 } else { 16 };
            } else {
                // Red and blue, roughly, in BT.601.
                let left = x < WIDTH / 2;
                luma[y * WIDTH + x] = if left { 81 } else { 41 };
                chroma[y / 2 * (WIDTH / 2) + x / 2] = if left { [90, 240] } else { [240, 110] };
            }
        }
    }
    luma.extend(chroma.iter().map(|pair| pair[0]));
    luma.extend(chroma.iter().map(|pair| pair[1]));
    luma
}

/// The colour in the middle of a field of 16 x 16.
pub(crate) fn colour(picture: &Picture, column: usize, row: usize) -> [u8; 3] {
    let (x, y) = ((2 * column + 1) * picture.width / 32, (2 * row + 1) * picture.height / 32);
    let at = (y * picture.width + x) * 3;
    [picture.pixels[at], picture.pixels[at + 1], picture.pixels[at + 2]]
}

/// The number a frame shows.
pub(crate) fn number(picture: &Picture) -> usize {
    (0..8).map(|bit| usize::from(colour(picture, 2 * bit, 12)[1] > 128) << bit).sum()
}

pub(crate) fn red([r, g, b]: [u8; 3]) -> bool {
    r > 180 && g < 80 && b < 80
}

pub(crate) fn blue([r, g, b]: [u8; 3]) -> bool {
    b > 180 && r < 80 && g < 80
}

/// 48 kHz: silence with a click of 20 ms at every odd second.
fn clicks(seconds: f64) -> Vec<u8> {
    let sample = |n: usize| {
        let (second, within) = (n / 48_000, n % 48_000);
        if second % 2 == 1 && within < 960 && (n / 24).is_multiple_of(2) { 16_000_i16 } else { 0 }
    };
    (0..(48_000.0 * seconds) as usize).flat_map(|n| sample(n).to_le_bytes()).collect()
}

/// Seconds at which clicks begin.
pub(crate) fn onsets(samples: &[i16]) -> Vec<f64> {
    let mut found: Vec<usize> = Vec::new();
    for (n, _) in samples.iter().enumerate().filter(|(_, sample)| sample.unsigned_abs() > 3000) {
        if found.last().is_none_or(|&last| n > last + 8000) {
            found.push(n);
        }
    }
    found.into_iter().map(|n| n as f64 / 16_000.0).collect()
}
