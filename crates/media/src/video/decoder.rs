//! Finds ffmpeg and ffprobe and holds what their calls have in common.

use std::ffi::OsString;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::diagnosis::quotation;
use super::limits::Limits;
use super::sandbox::{self, Ending, Job};
use crate::{Failure, MediaError, Reason};

/// Oldest release whose options are known to do what is asked of them.
const OLDEST: (u32, u32) = (4, 2);
/// First release that calls the option `-fps_mode`; `-vsync` is gone from 8 on.
const FPS_MODE: (u32, u32) = (5, 1);
/// First release that is known to tell the colours of every frame.
const TELLS_COLOURS: (u32, u32) = (4, 4);
/// Where neither the settings nor the PATH lead to the programs.
const REMEDY: &str = "install ffmpeg 5.1 or later with ffprobe (for example `apt install ffmpeg`), put both on the PATH or name their paths; \
                      without them, hand in extracted pictures and WAV files";

/// Containers: MP4 and its kin, Matroska and WebM.
const FORMATS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm";
/// Decoders for pictures.
pub(super) const VIDEO_CODECS: [&str; 7] = ["h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mjpeg"];
/// Decoders for sound.
pub(super) const AUDIO_CODECS: [&str; 5] = ["aac", "opus", "vorbis", "mp3", "pcm_s16le"];
/// Other programs' names of the decoders above.
const DECODERS: [&str; 5] = ["libdav1d", "libaom-av1", "libopus", "mp3float", "libvorbis"];
/// Ignored tracks: covers and subtitles. ffprobe opens a decoder for every track, so they are let through there, not to ffmpeg.
const IGNORED: [&str; 5] = ["png", "mov_text", "subrip", "webvtt", "ass"];

/// The two programs.
#[derive(Debug, Clone)]
pub struct Decoder {
    pub(super) ffmpeg: PathBuf,
    pub(super) ffprobe: PathBuf,
    version: String,
    release: Option<(u32, u32)>,
}

impl Decoder {
    /// Finds both programs: at the given path, next to the other one, or on the PATH; asks for their version once.
    pub fn find(ffmpeg: Option<&Path>, ffprobe: Option<&Path>) -> Result<Self, MediaError> {
        let beside = |other: Option<&Path>, name: &str| {
            let candidate = other?.parent()?.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
            is_program(&candidate).then_some(candidate)
        };
        let locate = |name: &str, given: Option<&Path>, other: Option<&Path>| match given {
            Some(path) if is_program(path) => Ok(path.to_owned()),
            Some(path) => Err(unusable(&path.display().to_string(), "does not exist or cannot be executed")),
            None => beside(other, name).or_else(|| on_path(name)).ok_or_else(|| unusable(name, "was not found")),
        };
        let absolute =
            |path: PathBuf| std::path::absolute(&path).map_err(|source| MediaError::Io { action: "reading", path: path.clone(), source });
        let ffmpeg = absolute(locate("ffmpeg", ffmpeg, ffprobe)?)?;
        let ffprobe = absolute(locate("ffprobe", ffprobe, Some(&ffmpeg))?)?;
        let version = version(&ffmpeg, "ffmpeg")?;
        let probe_version = version_of_kin(&ffprobe)?;
        for (name, version) in [("ffmpeg", &version), ("ffprobe", &probe_version)] {
            if release(version).is_some_and(|release| release < OLDEST) {
                return Err(unusable(name, &format!("has version {version}, older than {}.{}", OLDEST.0, OLDEST.1)));
            }
        }
        let release = release(&version);
        Ok(Self { ffmpeg, ffprobe, version, release })
    }

    /// Version of ffmpeg as it names itself; decoded pictures may differ between versions, so it belongs into the settings file.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What stands between a hostile recording and this machine, one defence a line.
    pub fn defences(&self) -> Vec<String> {
        sandbox::defences([&self.ffmpeg, &self.ffprobe])
    }

    /// Defences that this machine lacks, each with what that means; empty where all of them stand.
    pub fn missing_defences() -> Vec<String> {
        sandbox::missing()
    }

    /// The option that hands out every frame as it is, neither doubled nor dropped.
    pub(super) fn passthrough(&self) -> &'static str {
        // A version without a number is a development build, and those are recent.
        if self.release.is_some_and(|release| release < FPS_MODE) { "-vsync" } else { "-fps_mode" }
    }

    /// Whether it says of every frame what its samples mean.
    pub(super) fn tells_colours(&self) -> bool {
        self.release.is_none_or(|release| release >= TELLS_COLOURS)
    }
}

/// Options before the input, the same for every call; the last is the input.
pub(super) fn input(path: &Path, limits: &Limits, probing: bool) -> Vec<OsString> {
    let mut codecs: Vec<&str> = [&VIDEO_CODECS[..], &AUDIO_CODECS, &DECODERS].concat();
    if probing {
        codecs.extend(IGNORED);
    }
    let side = u64::from(limits.pixels_side);
    let mut name = OsString::from("file:");
    name.push(path);
    let mut list: Vec<OsString> = [
        "-max_alloc",
        &limits.allocation.to_string(),
        "-protocol_whitelist",
        "file,pipe",
        "-format_whitelist",
        FORMATS,
        "-codec_whitelist",
        &codecs.join(","),
        "-max_streams",
        &limits.streams.to_string(),
        "-max_pixels",
        &(side * side).to_string(),
        "-threads",
        &limits.threads.to_string(),
        "-i",
    ]
    .map(OsString::from)
    .into();
    list.push(name);
    list
}

/// The checks that need no decoder; returns the absolute path.
pub(super) fn admit(path: &Path, limits: &Limits) -> Result<PathBuf, Failure> {
    let missing = |error: std::io::Error| Failure::new(Reason::NoSuchFile, error.kind().to_string());
    // Looked at before it is opened: opening a pipe waits for its other end.
    let facts = std::fs::metadata(path).map_err(missing)?;
    if !facts.is_file() {
        let what = if facts.is_dir() { "it is a folder" } else { "it is not a regular file" };
        return Err(Failure::new(Reason::NotARecording, what));
    }
    if facts.len() == 0 {
        return Err(Failure::new(Reason::EmptyFile, ""));
    }
    if facts.len() > limits.bytes {
        return Err(Failure::new(Reason::TooLarge, format!("{} bytes, limit {}", facts.len(), limits.bytes)));
    }
    File::open(path).map_err(missing)?;
    std::path::absolute(path).map_err(missing)
}

/// Runs a program whose whole output is wanted, up to a limit.
pub(super) fn collect(job: &Job) -> std::io::Result<(Ending, Vec<u8>)> {
    let mut bytes = Vec::new();
    let ending = sandbox::run(job, |_| {}, &mut |chunk| {
        bytes.extend_from_slice(chunk);
        ControlFlow::Continue(())
    })?;
    Ok((ending, bytes))
}

fn version_of_kin(ffprobe: &Path) -> Result<String, MediaError> {
    version(ffprobe, "ffprobe")
}

fn version(program: &Path, name: &str) -> Result<String, MediaError> {
    let limits = Limits::default();
    let job = Job {
        program,
        arguments: vec!["-version".into()],
        input: None,
        wall: Duration::from_secs(20),
        cpu_seconds: 10,
        address_space: limits.address_space,
        output_bytes: 1 << 20,
        second_output_bytes: None,
    };
    let shown = program.display().to_string();
    let (ending, output) = collect(&job).map_err(|error| unusable(&shown, &format!("could not be started ({error})")))?;
    let output = String::from_utf8_lossy(&output);
    let said = output.lines().next().and_then(|line| line.strip_prefix(name)?.trim_start().strip_prefix("version "));
    match said.and_then(|said| said.split_whitespace().next()) {
        Some(version) if ending.code == Some(0) => Ok(version.chars().filter(|c| !c.is_control()).take(80).collect()),
        _ => {
            let message = ending.messages.last().map_or_else(String::new, |line| format!(": {}", quotation(line, Path::new(""))));
            Err(unusable(&shown, &format!("does not answer to `-version` as {name} does, inside the sandbox{message}")))
        }
    }
}

/// Major and minor number; `None` for development builds (`N-109468-gd39b34123d`, `git-2024-...`).
fn release(version: &str) -> Option<(u32, u32)> {
    let digits = version.strip_prefix('n').unwrap_or(version);
    let mut numbers = digits.split(|c: char| !c.is_ascii_digit());
    let major = numbers.next()?.parse().ok()?;
    // Builds named by their date (`2024-05-02-git-...`) are no releases.
    if major >= 1000 {
        return None;
    }
    Some((major, numbers.next().and_then(|minor| minor.parse().ok()).unwrap_or(0)))
}

fn on_path(name: &str) -> Option<PathBuf> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(&file)).find(|candidate| is_program(candidate))
}

fn is_program(path: &Path) -> bool {
    let Ok(facts) = std::fs::metadata(path) else { return false };
    #[cfg(unix)]
    let executable = std::os::unix::fs::PermissionsExt::mode(&facts.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let executable = true;
    facts.is_file() && executable
}

fn unusable(program: &str, problem: &str) -> MediaError {
    MediaError::Program { program: program.to_owned(), problem: problem.to_owned(), remedy: REMEDY.to_owned() }
}
