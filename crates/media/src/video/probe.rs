//! What a recording holds, without decoding it: read by ourselves where it is ordinary, told by ffprobe elsewhere.
//!
//! ```text
//! t_k  = p_k a/b - t_start        time of frame k
//! D    = max t_k + median(t_{k+1} - t_k)
//! ```
//!
//! p_k: presentation time of packet k in ticks, sorted and without repetition; a/b: seconds a tick; t_start: earliest time of any
//! track, in seconds; D: duration in seconds. Headers are not asked: recordings made by browsers carry no duration, no index and no
//! frame count, and a header is text of a stranger. One frame: its packet's duration, 0.04 s where that is unknown. Packets that the
//! container marks as not to be shown are left out. Works for files that were cut off as long as their index is not at their end.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use super::decoder::{AUDIO_CODECS, Decoder, VIDEO_CODECS, admit, input};
use super::diagnosis::{failure, unstarted};
use super::limits::Limits;
use super::protection::encrypted;
use super::reader::{self, Contents, Kind};
use super::sandbox::{self, Job};
use crate::{Failure, Reason, StepError};

/// What ffprobe is asked for. One call: starting the program costs more than reading a recording of a minute.
const ENTRIES: &str = "packet=stream_index,pts,duration,flags:\
                       stream=index,codec_type,codec_name,width,height,pix_fmt,time_base,sample_aspect_ratio,sample_rate,channels:\
                       stream_disposition=attached_pic:stream_side_data=rotation:format=format_name,start_time";
/// Duration of a single frame of unknown duration, in seconds.
const LONE_FRAME: f64 = 0.04;
/// Longest line about a packet.
const PACKET_LINE: u64 = 120;
/// Longest line of any kind; what is over is dropped.
const LONGEST_LINE: usize = 4000;
/// Kinds of box an MP4 or MOV file begins with.
const BOXES: [&[u8]; 8] = [b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"];
/// Shapes of pixels that are believed; anything else counts as square.
const PIXEL_ASPECTS: std::ops::RangeInclusive<f64> = 0.2..=5.0;

/// What a recording holds. A missing track is a fact, not a failure.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Name of the container format.
    pub format: String,
    /// Time stamp of the beginning in seconds; all other times count from here.
    pub start: f64,
    /// Seconds until the later end of pictures and sound.
    pub duration: f64,
    /// The first video track that is not an attached picture.
    pub video: Option<VideoTrack>,
    /// The first sound track.
    pub audio: Option<AudioTrack>,
}

/// Moving pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoTrack {
    /// Number of the track in the file.
    pub index: usize,
    /// Name of the codec.
    pub codec: String,
    /// Name of the pixel format.
    pub pixel_format: String,
    /// Pixels a row, as shown: after rotation.
    pub width: u32,
    /// Rows, as shown: after rotation.
    pub height: u32,
    /// Rotation by the file's display matrix in degrees, as written there.
    pub rotation: f64,
    /// Width of a pixel divided by its height, as shown: after rotation.
    pub pixel_aspect: f64,
    /// Seconds a tick, as a fraction.
    pub time_base: (i64, i64),
    /// Times of the frames in ticks, ascending, each once.
    pub pts: Vec<i64>,
    /// Seconds from the recording's beginning to the end of the last frame.
    pub duration: f64,
}

/// Sound.
#[derive(Debug, Clone, PartialEq)]
pub struct AudioTrack {
    /// Number of the track in the file.
    pub index: usize,
    /// Name of the codec.
    pub codec: String,
    /// Samples a second, as coded.
    pub sample_rate: u32,
    /// Channels, as coded.
    pub channels: u32,
    /// Seconds from the recording's beginning to the first sound.
    pub start: f64,
    /// Seconds from the recording's beginning to the end of the sound.
    pub end: f64,
}

impl Probe {
    /// Times of the frames in seconds since the recording's beginning, ascending; empty without pictures.
    pub fn timeline(&self) -> Vec<f64> {
        self.video.as_ref().map_or_else(Vec::new, |video| video.pts.iter().map(|&pts| seconds(pts, video.time_base) - self.start).collect())
    }
}

/// Times of one track's packets.
#[derive(Debug, Default)]
struct Packets {
    pts: Vec<i64>,
    /// End of the latest packet, and the duration of the last one read.
    end: i64,
    duration: i64,
}

impl Packets {
    fn take(&mut self, pts: i64, duration: i64) {
        let end = pts.saturating_add(duration);
        self.end = if self.pts.is_empty() { end } else { self.end.max(end) };
        self.pts.push(pts);
        self.duration = duration;
    }
}

/// What ffprobe writes about a track or the container: `name=value` pairs.
#[derive(Debug, Default)]
struct Facts(Vec<(String, String)>);

impl Facts {
    fn of<'a>(fields: impl Iterator<Item = &'a str>) -> Self {
        Self(fields.filter_map(|field| field.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Empty where it is not said.
    fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.text(name).parse().ok().filter(|number: &f64| number.is_finite())
    }

    fn add(&mut self, name: &str, value: &impl ToString) {
        self.0.push((name.to_owned(), value.to_string()));
    }
}

/// Everything one call, or our own reading, tells.
#[derive(Debug, Default)]
struct Told {
    packets: BTreeMap<usize, Packets>,
    tracks: Vec<Facts>,
    container: Facts,
    most: u64,
    too_many: bool,
}

impl Told {
    fn line(&mut self, line: &[u8]) {
        let Ok(line) = std::str::from_utf8(line) else { return };
        let mut fields = line.trim().split('|');
        match fields.next() {
            Some("packet") => {
                if let Some((track, pts, duration)) = packet(fields) {
                    let packets = self.packets.entry(track).or_default();
                    packets.take(pts, duration);
                    self.too_many |= packets.pts.len() as u64 > self.most;
                }
            }
            Some("stream") => self.tracks.push(Facts::of(fields)),
            Some("format") => self.container = Facts::of(fields),
            _ => {}
        }
    }
}

impl From<Contents> for Told {
    /// In ffprobe's words, so that everything after this is the same for both.
    fn from(contents: Contents) -> Self {
        let mut told = Told::default();
        told.container.add("format_name", &contents.format);
        told.container.add("start_time", &format!("{:.6}", contents.start as f64 / 1e6));
        for (index, track) in contents.tracks.into_iter().enumerate() {
            let mut facts = Facts::default();
            facts.add("index", &index);
            facts.add("time_base", &format!("{}/{}", track.time_base.0, track.time_base.1));
            match track.kind {
                Kind::Pictures { codec, width, height, pixel_format, rotation } => {
                    facts.add("codec_type", &"video");
                    facts.add("codec_name", &codec);
                    facts.add("width", &width);
                    facts.add("height", &height);
                    facts.add("pix_fmt", &pixel_format);
                    facts.add("sample_aspect_ratio", &"1:1");
                    facts.add("rotation", &rotation);
                }
                Kind::Sound { codec, sample_rate, channels } => {
                    facts.add("codec_type", &"audio");
                    facts.add("codec_name", &codec);
                    facts.add("sample_rate", &sample_rate);
                    facts.add("channels", &channels);
                }
            }
            told.tracks.push(facts);
            told.packets.insert(index, Packets { pts: track.pts, end: track.end, duration: 0 });
        }
        told
    }
}

impl Probe {
    /// What an ordinary recording holds, without any other program; `None` for whatever is unusual or damaged in any way, which is
    /// left to ffprobe. Refused where it is over the limits.
    pub fn read(path: &Path, limits: &Limits) -> Option<Result<Self, StepError>> {
        let path = admit(path, limits).ok()?;
        reader::read(&path, limits).map(|contents| Self::of(contents.into(), limits))
    }

    fn of(told: Told, limits: &Limits) -> Result<Self, StepError> {
        let Told { mut packets, tracks, container, .. } = told;
        if tracks.is_empty() {
            return Err(Failure::new(Reason::NotARecording, "no tracks").into());
        }
        let kind = |track: &&Facts, kind: &str| track.text("codec_type") == kind;
        let video = tracks.iter().find(|track| kind(track, "video") && track.text("disposition:attached_pic") != "1");
        let audio = tracks.iter().find(|track| kind(track, "audio"));
        let mut video = video.map(|track| video_track(track, limits)).transpose()?;
        let mut audio = audio.map(audio_track).transpose()?;
        if video.is_none() && audio.is_none() {
            return Err(Failure::new(Reason::NotARecording, "neither pictures nor sound").into());
        }

        let mut packets_of = |index: Option<usize>| index.and_then(|index| packets.remove(&index)).unwrap_or_default();
        let mut frames = packets_of(video.as_ref().map(|track| track.index));
        let sounds = packets_of(audio.as_ref().map(|(track, _)| track.index));
        frames.pts.sort_unstable();
        frames.pts.dedup();
        // A track that is announced and never comes is no track.
        video = video.filter(|_| !frames.pts.is_empty());
        audio = audio.filter(|_| !sounds.pts.is_empty());
        if video.is_none() && audio.is_none() {
            return Err(Failure::new(Reason::IncompleteUpload, "tracks without content").into());
        }

        let first_frame = video.as_ref().map(|track| seconds(frames.pts[0], track.time_base));
        let first_sound = audio.as_ref().map(|(_, base)| seconds(sounds.pts.iter().copied().min().unwrap_or_default(), *base));
        let first = first_frame.unwrap_or(f64::INFINITY).min(first_sound.unwrap_or(f64::INFINITY));
        // ffmpeg moves the sound by the container's idea of the start, so the pictures have to be moved by the same.
        let start = container.number("start_time").unwrap_or(first);
        if let Some(track) = &mut video {
            let last = seconds(frames.pts[frames.pts.len() - 1], track.time_base) - start;
            track.duration = last + typical_gap(&frames, track.time_base);
            track.pts = std::mem::take(&mut frames.pts);
        }
        let audio = audio.map(|(mut track, base)| {
            track.start = first_sound.unwrap_or(start) - start;
            track.end = seconds(sounds.end, base) - start;
            track
        });
        let duration = video.as_ref().map_or(0.0, |track| track.duration).max(audio.as_ref().map_or(0.0, |track| track.end));
        if duration > limits.seconds {
            return Err(Failure::new(Reason::TooLong, format!("{duration:.1} s, limit {} s", limits.seconds)).into());
        }
        if duration.is_nan() || duration <= 0.0 {
            return Err(Failure::new(Reason::IncompleteUpload, "it lasts no time").into());
        }
        Ok(Probe { format: container.text("format_name").to_owned(), start, duration, video, audio })
    }
}

impl Decoder {
    /// What the recording holds, without decoding; refused where it is over the limits.
    pub fn probe(&self, path: &Path, limits: &Limits) -> Result<Probe, StepError> {
        Probe::read(path, limits).unwrap_or_else(|| self.ffprobe(path, limits))
    }

    /// As [`Decoder::probe`], always told by ffprobe.
    pub fn ffprobe(&self, path: &Path, limits: &Limits) -> Result<Probe, StepError> {
        let path = admit(path, limits)?;
        // Our own reading knows no encrypted track and leaves such files to ffprobe, which tells only of the coder below.
        if let Ok(Some(told)) = encrypted(&path) {
            return Err(Failure::new(Reason::Encrypted, told).into());
        }
        Probe::of(self.told(&path, limits)?, limits)
    }

    fn told(&self, path: &Path, limits: &Limits) -> Result<Told, StepError> {
        let mut arguments: Vec<OsString> = ["-v", "error", "-show_entries", ENTRIES, "-of", "compact"].map(OsString::from).into();
        arguments.extend(input(path, limits, true));
        let job = Job {
            program: &self.ffprobe,
            arguments,
            input: Some(path),
            wall: limits.wall(0.0),
            cpu_seconds: limits.cpu(0.0),
            address_space: limits.address_space,
            output_bytes: limits.frames.saturating_mul(4).saturating_mul(PACKET_LINE).saturating_add(1 << 20),
            second_output_bytes: None,
        };
        let mut told = Told { most: limits.frames, ..Told::default() };
        let mut line = Vec::new();
        let ending = sandbox::run(&job, |_| {}, &mut |chunk| {
            for &byte in chunk {
                if byte == b'\n' {
                    told.line(&line);
                    line.clear();
                } else if line.len() < LONGEST_LINE {
                    line.push(byte);
                }
            }
            if told.too_many { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .map_err(|error| unstarted(&self.ffprobe, &error))?;
        if told.too_many {
            return Err(Failure::new(Reason::TooLong, format!("more than {} frames", limits.frames)).into());
        }
        // A damaged end is no reason to drop what comes before it, but being stopped is.
        if ending.stopped.is_some() || ending.signal.is_some() || (ending.code != Some(0) && told.packets.is_empty()) {
            let mut failure = failure(&ending, path, Reason::DecodeFailed);
            if failure.reason == Reason::IncompleteUpload && !begins_with_a_box(path) {
                failure.reason = Reason::NotARecording;
            }
            return Err(failure.into());
        }
        Ok(told)
    }
}

/// Whether the file begins as MP4 and MOV files do. Their reader also tries noise whose name ends in `.mp4`, and then misses an index.
fn begins_with_a_box(path: &Path) -> bool {
    let mut start = [0; 8];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && BOXES.contains(&&start[4..])
}

fn video_track(track: &Facts, limits: &Limits) -> Result<VideoTrack, Failure> {
    let codec = named(track, "codec_name");
    if !VIDEO_CODECS.contains(&codec) {
        return Err(Failure::new(Reason::CodecRefused, format!("pictures coded as {codec}")));
    }
    let side = |name: &str| -> u32 { track.text(name).parse().unwrap_or(0) };
    let (mut width, mut height) = (side("width"), side("height"));
    if width == 0 || height == 0 {
        return Err(Failure::new(Reason::DecodeFailed, "pictures of unknown size"));
    }
    if width.max(height) > limits.pixels_side {
        return Err(Failure::new(Reason::TooManyPixels, format!("{width} x {height}, limit {}", limits.pixels_side)));
    }
    let rotation = track.number("rotation").unwrap_or(0.0);
    let aspect = fraction(track.text("sample_aspect_ratio"), ':').map_or(1.0, |(a, b)| a as f64 / b as f64);
    let mut pixel_aspect = if PIXEL_ASPECTS.contains(&aspect) { aspect } else { 1.0 };
    // ffmpeg turns by quarters within one degree, and leaves the size alone for any other angle.
    if ((rotation.abs() % 180.0) - 90.0).abs() < 1.0 {
        (width, height) = (height, width);
        pixel_aspect = pixel_aspect.recip();
    }
    Ok(VideoTrack {
        index: index(track)?,
        codec: codec.to_owned(),
        pixel_format: named(track, "pix_fmt").to_owned(),
        width,
        height,
        rotation,
        pixel_aspect,
        time_base: time_base(track)?,
        pts: Vec::new(),
        duration: 0.0,
    })
}

/// The track and its seconds a tick.
fn audio_track(track: &Facts) -> Result<(AudioTrack, (i64, i64)), Failure> {
    let codec = named(track, "codec_name");
    if !AUDIO_CODECS.contains(&codec) {
        return Err(Failure::new(Reason::CodecRefused, format!("sound coded as {codec}")));
    }
    let count = |name: &str| -> u32 { track.text(name).parse().unwrap_or(0) };
    let (sample_rate, channels) = (count("sample_rate"), count("channels"));
    let sound = AudioTrack { index: index(track)?, codec: codec.to_owned(), sample_rate, channels, start: 0.0, end: 0.0 };
    Ok((sound, time_base(track)?))
}

fn index(track: &Facts) -> Result<usize, Failure> {
    track.text("index").parse().map_err(|_| Failure::new(Reason::DecodeFailed, "a track without a number"))
}

fn time_base(track: &Facts) -> Result<(i64, i64), Failure> {
    fraction(track.text("time_base"), '/').ok_or_else(|| Failure::new(Reason::DecodeFailed, "a track without a time base"))
}

fn named<'a>(track: &'a Facts, name: &str) -> &'a str {
    match track.text(name) {
        "" => "unknown",
        name => name,
    }
}

/// A fraction of two positive numbers.
fn fraction(text: &str, sign: char) -> Option<(i64, i64)> {
    let (a, b) = text.split_once(sign)?;
    let (a, b) = (a.parse().ok()?, b.parse().ok()?);
    (a > 0 && b > 0).then_some((a, b))
}

/// Track, time and duration of a packet that is shown.
fn packet<'a>(fields: impl Iterator<Item = &'a str>) -> Option<(usize, i64, i64)> {
    let (mut track, mut pts, mut duration, mut hidden) = (None, None, 0, false);
    for (name, value) in fields.filter_map(|field| field.split_once('=')) {
        match name {
            "stream_index" => track = value.parse().ok(),
            "pts" => pts = value.parse().ok(),
            "duration" => duration = value.parse().unwrap_or(0),
            "flags" => hidden = value.contains('D'),
            _ => {}
        }
    }
    if hidden { None } else { Some((track?, pts?, duration)) }
}

fn seconds(ticks: i64, base: (i64, i64)) -> f64 {
    ticks as f64 * base.0 as f64 / base.1 as f64
}

/// Median distance of two frames in seconds. `frames.pts` is ascending.
fn typical_gap(frames: &Packets, base: (i64, i64)) -> f64 {
    let mut gaps: Vec<i64> = frames.pts.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    gaps.sort_unstable();
    match (gaps.get(gaps.len() / 2), frames.duration) {
        (Some(&gap), _) => seconds(gap, base),
        (None, duration) if duration > 0 => seconds(duration, base),
        (None, _) => LONE_FRAME,
    }
}
