//! One recording: frames and sound into ffmpeg, and the broken kinds.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use image::RgbImage;
use rand::Rng;

use crate::picture::Scene;
use crate::score::{Container, Fault, Plan, Stream, stream};
use crate::transcripts::Clip;
use crate::voice::{self, Spoken};
use crate::{Arguments, Outcome, write_whole};

/// A file that is no recording but, played by a careless program, opens another one.
const PLAYLIST: &str = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:15\n#EXTINF:15.0,\nr00000.mp4\n#EXT-X-ENDLIST\n";

/// Makes sure that both programs start.
pub(crate) fn find_programs() -> Outcome<()> {
    for (program, argument) in [("ffmpeg", "-version"), ("espeak-ng", "--version")] {
        let found = Command::new(program).arg(argument).stdin(Stdio::null()).output();
        if !found.is_ok_and(|output| output.status.success()) {
            return Err(format!("`{program}` does not start; install it (Debian and Ubuntu: apt install {program})").into());
        }
    }
    Ok(())
}

/// The message of a program that failed.
pub(crate) fn failure(program: &str, output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = said.lines().rev().filter(|line| !line.trim().is_empty()).take(3).collect();
    format!("{program} failed ({}): {}", output.status, last.into_iter().rev().collect::<Vec<_>>().join(" / ").escape_debug())
}

/// Makes the file unless it is there; the spoken words are found again in both cases.
pub(crate) fn make(arguments: &Arguments, plan: &Plan, clip: &Clip, face: &RgbImage) -> Outcome<Spoken> {
    let folder = tempfile::Builder::new().prefix("compose-").tempdir()?;
    let wav = folder.path().join("sound.wav");
    let spoken = voice::speak(plan, clip, arguments.seed, arguments.seconds, folder.path(), &wav)?;
    let path = arguments.out.join(plan.file());
    if path.exists() {
        return Ok(spoken);
    }
    match plan.fault {
        Some(Fault::Empty) => write_whole(&path, b"")?,
        Some(Fault::PlaylistRenamed) => write_whole(&path, PLAYLIST.as_bytes())?,
        Some(Fault::RandomBytes) => {
            let mut bytes = vec![0; 20_000];
            stream(arguments.seed, Stream::Bytes, plan.number).fill_bytes(&mut bytes);
            write_whole(&path, &bytes)?;
        }
        fault => {
            let partial = path.with_extension("partial");
            encode(arguments, plan, face, &wav, &partial)?;
            if fault == Some(Fault::TruncatedMp4) {
                // The index of a plain mp4 stands at its end and is lost.
                let file = File::options().write(true).open(&partial)?;
                file.set_len(file.metadata()?.len() * 6 / 10)?;
            }
            fs::rename(&partial, &path)?;
        }
    }
    Ok(spoken)
}

fn encode(arguments: &Arguments, plan: &Plan, face: &RgbImage, wav: &Path, target: &Path) -> Outcome<()> {
    let (seen, heard) = (plan.fault != Some(Fault::NoVideo), plan.fault != Some(Fault::NoAudio));
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-nostdin", "-y", "-threads", "1", "-filter_threads", "1"]);
    if seen {
        let size = format!("{}x{}", arguments.width, arguments.height);
        ffmpeg.args(["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", &size, "-r", &arguments.frames_per_second.to_string(), "-i", "pipe:0"]);
    }
    if heard {
        ffmpeg.arg("-i").arg(wav);
    }
    ffmpeg.args(["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", "-threads", "1"]);
    ffmpeg.args(["-sws_flags", "bicubic+accurate_rnd+bitexact", "-pix_fmt", "yuv420p"]);
    match plan.container {
        Container::Mp4 => {
            ffmpeg.args(["-c:v", "libx264", "-preset", "ultrafast", "-crf", "26", "-g", "250", "-c:a", "aac", "-b:a", "64k"]);
            ffmpeg.args(["-ar", "44100", "-f", "mp4"]).arg(target).stdout(Stdio::null());
        }
        // To a pipe, as a browser records: no length in the header, no index, one key frame.
        // A positive speed is adapted to how busy the machine is and changes the bytes; a negative one is kept.
        Container::Webm => {
            ffmpeg.args(["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "-8", "-b:v", "600k", "-g", "3000"]);
            ffmpeg.args(["-c:a", "libopus", "-b:a", "48k", "-ar", "48000", "-f", "webm", "pipe:1"]).stdout(File::create(target)?);
        }
    }
    ffmpeg.stdin(if seen { Stdio::piped() } else { Stdio::null() }).stderr(Stdio::piped());
    let mut child = ffmpeg.spawn().map_err(|error| format!("starting ffmpeg failed: {error}"))?;
    let written = child.stdin.take().map_or(Ok(()), |mut pipe| {
        let scene = Scene::new(plan, face, arguments.seed, arguments.width, arguments.height);
        let mut frame = vec![0; (arguments.width * arguments.height * 3) as usize];
        (0..(arguments.seconds * arguments.frames_per_second) as usize).try_for_each(|number| {
            scene.draw(number, number as f64 / f64::from(arguments.frames_per_second), &mut frame);
            pipe.write_all(&frame)
        })
    });
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(failure("ffmpeg", &output).into());
    }
    written.map_err(|error| format!("ffmpeg stopped reading: {error}").into())
}
