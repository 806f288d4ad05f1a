//! What a recording holds, without decoding it.
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

use std::ffi::OsString;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use serde_json::Value;

use super::decoder::{AUDIO_CODECS, Decoder, VIDEO_CODECS, admit, collect, input};
use super::diagnosis::{failure, unstarted};
use super::limits::Limits;
use super::sandbox::{self, Job};
use crate::{Failure, Reason};

/// Fields of the first call.
const ENTRIES: &str = "stream=index,codec_type,codec_name,width,height,pix_fmt,time_base,sample_aspect_ratio,sample_rate,channels:\
                       stream_disposition=attached_pic:stream_side_data=rotation:format=format_name,start_time";
/// Duration of a single frame of unknown duration, in seconds.
const LONE_FRAME: f64 = 0.04;
/// Longest line of the list of packets.
const PACKET_LINE: u64 = 80;
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
    index: Option<usize>,
    pts: Vec<i64>,
    /// End of the latest packet, and the duration of the last one read.
    end: i64,
    duration: i64,
}

impl Packets {
    fn of(index: Option<usize>) -> Self {
        Self { index, end: i64::MIN, ..Self::default() }
    }

    fn take(&mut self, index: usize, pts: i64, duration: i64) {
        if self.index == Some(index) {
            self.pts.push(pts);
            self.end = self.end.max(pts.saturating_add(duration));
            self.duration = duration;
        }
    }
}

impl Decoder {
    /// What the recording holds, read by ffprobe without decoding; refused where it is over the limits.
    pub fn probe(&self, path: &Path, limits: &Limits) -> Result<Probe, Failure> {
        let path = admit(path, limits)?;
        let tracks = self.tracks(&path, limits)?;
        let streams = tracks["streams"].as_array().map_or(&[][..], Vec::as_slice);
        if streams.is_empty() {
            return Err(Failure::new(Reason::NotARecording, "no tracks"));
        }
        let video = streams.iter().find(|stream| stream["codec_type"] == "video" && stream["disposition"]["attached_pic"] != 1);
        let audio = streams.iter().find(|stream| stream["codec_type"] == "audio");
        let mut video = video.map(|stream| video_track(stream, limits)).transpose()?;
        let mut audio = audio.map(audio_track).transpose()?;
        if video.is_none() && audio.is_none() {
            return Err(Failure::new(Reason::NotARecording, "neither pictures nor sound"));
        }

        let indices = (video.as_ref().map(|track| track.index), audio.as_ref().map(|(track, _)| track.index));
        let (mut frames, sounds) = self.packets(&path, limits, indices)?;
        frames.pts.sort_unstable();
        frames.pts.dedup();
        // A track that is announced and never comes is no track.
        video = video.filter(|_| !frames.pts.is_empty());
        audio = audio.filter(|_| !sounds.pts.is_empty());
        if video.is_none() && audio.is_none() {
            return Err(Failure::new(Reason::IncompleteUpload, "tracks without content"));
        }

        let first_frame = video.as_ref().map(|track| seconds(frames.pts[0], track.time_base));
        let first_sound = audio.as_ref().map(|(_, base)| seconds(sounds.pts.iter().copied().min().unwrap_or_default(), *base));
        let first = first_frame.unwrap_or(f64::INFINITY).min(first_sound.unwrap_or(f64::INFINITY));
        // ffmpeg moves the sound by the container's idea of the start, so the pictures have to be moved by the same.
        let start = number(&tracks["format"]["start_time"]).unwrap_or(first);
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
            return Err(Failure::new(Reason::TooLong, format!("{duration:.1} s, limit {} s", limits.seconds)));
        }
        if duration.is_nan() || duration <= 0.0 {
            return Err(Failure::new(Reason::IncompleteUpload, "it lasts no time"));
        }
        let format = tracks["format"]["format_name"].as_str().unwrap_or_default().to_owned();
        Ok(Probe { format, start, duration, video, audio })
    }

    fn tracks(&self, path: &Path, limits: &Limits) -> Result<Value, Failure> {
        let job = self.probing(path, limits, &["-show_entries", ENTRIES, "-of", "json"], 1 << 20);
        let (ending, output) = collect(&job).map_err(|error| unstarted(&self.ffprobe, &error))?;
        if ending.stopped.is_some() || ending.code != Some(0) {
            let mut failure = failure(&ending, path, Reason::DecodeFailed);
            if failure.reason == Reason::IncompleteUpload && !begins_with_a_box(path) {
                failure.reason = Reason::NotARecording;
            }
            return Err(failure);
        }
        serde_json::from_slice(&output).map_err(|error| Failure::new(Reason::DecodeFailed, format!("answer of ffprobe: {error}")))
    }

    fn packets(&self, path: &Path, limits: &Limits, tracks: (Option<usize>, Option<usize>)) -> Result<(Packets, Packets), Failure> {
        let most = limits.frames.saturating_mul(4).saturating_mul(PACKET_LINE);
        let job = self.probing(path, limits, &["-show_entries", "packet=stream_index,pts,duration,flags", "-of", "csv=p=0"], most);
        let (mut frames, mut sounds) = (Packets::of(tracks.0), Packets::of(tracks.1));
        let mut line = Vec::new();
        let mut too_many = false;
        let ending = sandbox::run(&job, |_| {}, &mut |chunk| {
            for &byte in chunk {
                if byte != b'\n' {
                    line.push(byte);
                    continue;
                }
                if let Some((index, pts, duration)) = packet(&line) {
                    frames.take(index, pts, duration);
                    sounds.take(index, pts, duration);
                }
                line.clear();
            }
            too_many = frames.pts.len().max(sounds.pts.len()) as u64 > limits.frames || line.len() as u64 > limits.frames * PACKET_LINE;
            if too_many { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .map_err(|error| unstarted(&self.ffprobe, &error))?;
        if too_many {
            return Err(Failure::new(Reason::TooLong, format!("more than {} frames", limits.frames)));
        }
        // A damaged end is no reason to drop what comes before it, but being stopped is.
        if ending.stopped.is_some() || ending.signal.is_some() || (ending.code != Some(0) && frames.pts.is_empty() && sounds.pts.is_empty())
        {
            return Err(failure(&ending, path, Reason::DecodeFailed));
        }
        Ok((frames, sounds))
    }

    fn probing<'a>(&'a self, path: &'a Path, limits: &Limits, what: &[&str], output_bytes: u64) -> Job<'a> {
        let mut arguments: Vec<OsString> = ["-v", "error"].iter().chain(what).map(OsString::from).collect();
        arguments.extend(input(path, limits, true));
        Job {
            program: &self.ffprobe,
            arguments,
            input: Some(path),
            wall: limits.wall(0.0),
            cpu_seconds: limits.cpu(0.0),
            address_space: limits.address_space,
            output_bytes,
        }
    }
}

/// Whether the file begins as MP4 and MOV files do. Their reader also tries noise whose name ends in `.mp4`, and then misses an index.
fn begins_with_a_box(path: &Path) -> bool {
    let mut start = [0; 8];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && BOXES.contains(&&start[4..])
}

fn video_track(stream: &Value, limits: &Limits) -> Result<VideoTrack, Failure> {
    let codec = stream["codec_name"].as_str().unwrap_or("unknown");
    if !VIDEO_CODECS.contains(&codec) {
        return Err(Failure::new(Reason::CodecRefused, format!("pictures coded as {codec}")));
    }
    let side = |name: &str| stream[name].as_u64().and_then(|side| u32::try_from(side).ok()).unwrap_or(0);
    let (mut width, mut height) = (side("width"), side("height"));
    if width == 0 || height == 0 {
        return Err(Failure::new(Reason::DecodeFailed, "pictures of unknown size"));
    }
    if width.max(height) > limits.pixels_side {
        return Err(Failure::new(Reason::TooManyPixels, format!("{width} x {height}, limit {}", limits.pixels_side)));
    }
    let rotation = stream["side_data_list"].as_array().into_iter().flatten().find_map(|data| number(&data["rotation"])).unwrap_or(0.0);
    let aspect = fraction(stream["sample_aspect_ratio"].as_str().unwrap_or_default(), ':').map_or(1.0, |(a, b)| a as f64 / b as f64);
    let mut pixel_aspect = if PIXEL_ASPECTS.contains(&aspect) { aspect } else { 1.0 };
    // ffmpeg turns by quarters within one degree, and leaves the size alone for any other angle.
    if ((rotation.abs() % 180.0) - 90.0).abs() < 1.0 {
        (width, height) = (height, width);
        pixel_aspect = pixel_aspect.recip();
    }
    Ok(VideoTrack {
        index: index(stream)?,
        codec: codec.to_owned(),
        pixel_format: stream["pix_fmt"].as_str().unwrap_or("unknown").to_owned(),
        width,
        height,
        rotation,
        pixel_aspect,
        time_base: time_base(stream)?,
        pts: Vec::new(),
        duration: 0.0,
    })
}

/// The track and its seconds a tick.
fn audio_track(stream: &Value) -> Result<(AudioTrack, (i64, i64)), Failure> {
    let codec = stream["codec_name"].as_str().unwrap_or("unknown");
    if !AUDIO_CODECS.contains(&codec) {
        return Err(Failure::new(Reason::CodecRefused, format!("sound coded as {codec}")));
    }
    let count = |name: &str| number(&stream[name]).unwrap_or(0.0) as u32;
    let (sample_rate, channels) = (count("sample_rate"), count("channels"));
    let track = AudioTrack { index: index(stream)?, codec: codec.to_owned(), sample_rate, channels, start: 0.0, end: 0.0 };
    Ok((track, time_base(stream)?))
}

fn index(stream: &Value) -> Result<usize, Failure> {
    let index = stream["index"].as_u64().and_then(|index| usize::try_from(index).ok());
    index.ok_or_else(|| Failure::new(Reason::DecodeFailed, "a track without a number"))
}

fn time_base(stream: &Value) -> Result<(i64, i64), Failure> {
    fraction(stream["time_base"].as_str().unwrap_or_default(), '/')
        .ok_or_else(|| Failure::new(Reason::DecodeFailed, "a track without a time base"))
}

/// A fraction of two positive numbers.
fn fraction(text: &str, sign: char) -> Option<(i64, i64)> {
    let (a, b) = text.split_once(sign)?;
    let (a, b) = (a.parse().ok()?, b.parse().ok()?);
    (a > 0 && b > 0).then_some((a, b))
}

/// A finite number, which ffprobe writes as a number or as text.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|number| number.is_finite())
}

/// Track, time and duration of a packet that is shown.
fn packet(line: &[u8]) -> Option<(usize, i64, i64)> {
    let mut fields = std::str::from_utf8(line).ok()?.trim().split(',');
    let (index, pts) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let duration = fields.next()?.parse().unwrap_or(0);
    (!fields.next()?.contains('D')).then_some((index, pts, duration))
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
