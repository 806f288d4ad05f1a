//! Chosen frames of a recording, in one decoding pass.
//!
//! ```text
//! decode -> turn upright -> keep frames whose time is wanted -> scale to w x h -> RGB        pictures to be made smaller, or of unusual formats
//! decode -> turn upright -> keep frames whose time is wanted -> planes -> RGB (colour)       4:2:0 of 8 bits at its own size, the usual case
//! s = min(1, side / min(W a, H))        w = round(W a s)    h = round(H s)
//! ```
//!
//! W, H: size as shown, in pixels; a: width of a pixel divided by its height; side: longest allowed short side, in pixels; w, h: size
//! handed out, at least 1. Frames come through a pipe, one in memory at a time. Each is matched with its time, which ffmpeg reports on
//! its other output before the frame: a wanted frame that does not decode is replaced by the last one shown before it, or by the
//! first of all, and counted. Nothing decodes, or less than half while the decoder complains: an error.
//!
//! Scaling is bicubic with the scaler's bit-exact code paths, so the pixels do not depend on the processor; those that ffmpeg scaled may
//! differ between its versions. Seeking to every frame instead, as public code does, costs about ten times as much. The default frame-rate
//! mode doubles and drops frames of recordings with a varying rate.

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::audio::SoundOutput;
use super::colour::{self, Colours, Converter};
use super::decoder::{Decoder, admit, input};
use super::diagnosis::{failure, is_complaint, quotation, unstarted};
use super::limits::Limits;
use super::probe::{Probe, VideoTrack};
use super::sandbox::{self, Job, Stopped};
use crate::{Failure, Picture, Reason, StepError};

/// Most times in one filter; the expression has to fit into one argument of a program.
const MOST_TIMES: usize = 2000;
/// How long the time of a frame may come after the frame. It is written before it, so only a stuck reader makes us wait.
const TIME_PATIENCE: Duration = Duration::from_secs(10);
/// How ffmpeg's filter that reports times and colours begins its lines. Text of the recording never stands at the beginning of a line.
const REPORT: &str = "[Parsed_showinfo";

/// The pixel format that is converted here.
const PLANAR: &str = "yuv420p";

/// What is wanted of a recording.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Times of pictures in ticks of the video track, in any order; repetitions are allowed.
    pub times: &'a [i64],
    /// Pictures whose shorter side has more pixels are scaled down to it.
    pub max_side: u32,
    /// Whether the sound is decoded in the same call, where there is a track of it.
    pub sound: bool,
}

impl<'a> Wanted<'a> {
    /// Pictures only.
    pub fn pictures(times: &'a [i64], max_side: u32) -> Self {
        Wanted { times, max_side, sound: false }
    }
}

/// How many frames came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Different times asked for.
    pub asked: usize,
    /// Frames decoded for them.
    pub decoded: usize,
    /// Positions in the list of wanted times whose own frame did not decode, ascending; they got a neighbour's picture.
    pub filled: Vec<usize>,
    /// Frames decoded whose colours ffmpeg did not report; those of the frame before were taken, the usual ones where there is none.
    pub colours_unknown: usize,
    /// The sound, as [`Decoder::audio`] gives it; `None` where it was not asked for, or the call did not end well enough to trust it.
    pub sound: Option<Vec<i16>>,
}

/// One wanted picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown<'a> {
    /// Its position in the wanted times.
    pub position: usize,
    /// What was shown at that time.
    pub picture: &'a Picture,
    /// It is a neighbour's picture, as its own frame did not decode.
    pub filled: bool,
}

/// Who takes the pictures; an error stops the decoding and comes back from it.
type Taker<'a> = dyn FnMut(Shown<'_>) -> Result<(), StepError> + 'a;

impl Decoder {
    /// Hands the wanted pictures to `each` in order of time.
    pub fn frames(
        &self,
        path: &Path,
        probe: &Probe,
        wanted: &Wanted<'_>,
        limits: &Limits,
        each: &mut Taker<'_>,
    ) -> Result<Decoded, StepError> {
        let path = admit(path, limits)?;
        let video = probe.video.as_ref().ok_or_else(|| Failure::new(Reason::NoVideo, ""))?;
        let &Wanted { times: wanted, max_side, sound } = wanted;
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        order.sort_by_key(|&position| wanted[position]);
        let groups: Vec<&[usize]> = order.chunk_by(|&a, &b| wanted[a] == wanted[b]).collect();
        let mut result = Decoded { asked: groups.len(), decoded: 0, filled: Vec::new(), colours_unknown: 0, sound: None };
        let mut sound = probe.audio.as_ref().filter(|_| sound).map(|track| SoundOutput::of(probe, track, limits));
        let size = size(video, max_side);
        let mut complaint = None;
        let mut last = None;
        for part in groups.chunks(MOST_TIMES) {
            let times: Vec<i64> = part.iter().map(|group| wanted[group[0]]).collect();
            let mut handout = Handout { groups: part, next: 0, last, filled: Vec::new(), each: &mut *each };
            let passed = self.pass(&path, probe, video, &times, size, sound.take(), limits, &mut handout)?;
            result.decoded += passed.decoded;
            result.colours_unknown += passed.colours_unknown;
            result.sound = result.sound.or(passed.sound);
            complaint = complaint.or(passed.complaint);
            handout.finish()?;
            result.filled.append(&mut handout.filled);
            last = handout.last;
        }
        result.filled.sort_unstable();
        // What a decoder makes of damage is no picture of anybody, and neighbours of most of the frames stand for none of them.
        if 2 * result.decoded < result.asked
            && let Some(complaint) = complaint
        {
            let said = quotation(&complaint, &path);
            let detail = format!("{} of the {} frames looked for could be decoded: {said}", result.decoded, result.asked);
            return Err(Failure::new(Reason::DecodeFailed, detail).into());
        }
        Ok(result)
    }

    #[expect(clippy::too_many_arguments, reason = "one call of a program, each argument once")]
    fn pass(
        &self,
        path: &Path,
        probe: &Probe,
        video: &VideoTrack,
        times: &[i64],
        (width, height): (u32, u32),
        sound: Option<SoundOutput>,
        limits: &Limits,
        handout: &mut Handout,
    ) -> Result<Passed, StepError> {
        // The usual pictures come as the decoder makes them, half the bytes, and are converted here.
        let planar = self.tells_colours() && video.pixel_format == PLANAR && (width, height) == (video.width, video.height);
        let (columns, rows) = (width as usize, height as usize);
        let bytes = if planar { colour::bytes(columns, rows) } else { columns * rows * 3 };
        let mut converter = planar.then(|| Converter::new(columns, rows));
        let mut arguments = self.arguments(path, video, times, (width, height), planar, limits);
        arguments.extend(sound.iter().flat_map(|sound| sound.arguments("pipe:0")));
        let job = Job {
            program: &self.ffmpeg,
            arguments,
            input: Some(path),
            wall: limits.wall(probe.duration),
            cpu_seconds: limits.cpu(probe.duration),
            address_space: limits.address_space,
            output_bytes: (bytes * times.len()) as u64,
            second_output_bytes: sound.as_ref().map(SoundOutput::bytes),
        };
        let (tell, told) = channel();
        let mut reports = Reports::new(told);
        let mut picture = Vec::with_capacity(bytes);
        let mut decoded = 0;
        let mut error = None;
        let complaint = Arc::new(Mutex::new(None));
        let (mut report, last) = (reporter(tell), Arc::clone(&complaint));
        let listen = move |line: &str| {
            report(line);
            if is_complaint(line) {
                *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(line.to_owned());
            }
        };
        let ending = sandbox::run(&job, listen, &mut |mut chunk| {
            while !chunk.is_empty() {
                let (now, later) = chunk.split_at(chunk.len().min(bytes - picture.len()));
                picture.extend_from_slice(now);
                chunk = later;
                if picture.len() < bytes {
                    break;
                }
                let pixels = std::mem::replace(&mut picture, Vec::with_capacity(bytes));
                let group = reports.time().and_then(|time| times.binary_search(&time).ok()).unwrap_or(handout.next);
                let picture = match &mut converter {
                    Some(converter) => converter.picture(&pixels, reports.colours()),
                    None => Picture::new(columns, rows, pixels),
                };
                let taken = picture.map_or(Ok(()), |picture| handout.take(group, picture));
                if let Err(refused) = taken {
                    error = Some(refused);
                    return ControlFlow::Break(());
                }
                decoded += 1;
            }
            ControlFlow::Continue(())
        })
        .map_err(|error| unstarted(&self.ffmpeg, &error))?;
        if let Some(error) = error {
            return Err(error);
        }
        // More output than the frames asked for: all that were asked for are here.
        let stopped = ending.stopped.is_some_and(|stopped| stopped != Stopped::Output);
        let out_of_time = ending.code == Some(255) && decoded < times.len();
        if decoded == 0 || stopped || ending.signal.is_some() || out_of_time {
            return Err(failure(&ending, path, Reason::DecodeFailed).into());
        }
        let whole = ending.code == Some(0) && ending.stopped.is_none() && ending.second.len() >= 2;
        let sound = sound.filter(|_| whole).map(|sound| sound.samples(&ending.second));
        let complaint = complaint.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(Passed { decoded, colours_unknown: reports.unknown, sound, complaint })
    }

    fn arguments(
        &self,
        path: &Path,
        video: &VideoTrack,
        times: &[i64],
        (width, height): (u32, u32),
        planar: bool,
        limits: &Limits,
    ) -> Vec<OsString> {
        let wanted = selection(times);
        let format = if planar { PLANAR } else { "rgb24" };
        // Frames of the wanted size and format pass through the scaler untouched; it is there for those that change midway.
        let filter = format!(
            "select='{wanted}',scale={width}:{height}:flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact,setsar=1,\
             format={format},showinfo=checksum=0"
        );
        let mut list: Vec<OsString> =
            ["-v", "level+info", "-hide_banner", "-nostats", "-nostdin", "-copyts", "-flags", "+bitexact", "-filter_threads", "1"]
                .map(OsString::from)
                .into();
        list.extend(input(path, limits, false));
        let output = [
            "-map",
            &format!("0:{}", video.index),
            "-an",
            "-sn",
            "-dn",
            "-vf",
            &filter,
            "-frames:v",
            &times.len().to_string(),
            self.passthrough(),
            "passthrough",
            "-f",
            "rawvideo",
            "-pix_fmt",
            format,
            "pipe:1",
        ];
        list.extend(output.map(OsString::from));
        list
    }
}

/// Pictures on their way to the caller.
struct Handout<'a> {
    /// Positions in the caller's list, grouped by time, in order of time.
    groups: &'a [&'a [usize]],
    next: usize,
    last: Option<Picture>,
    filled: Vec<usize>,
    each: &'a mut Taker<'a>,
}

impl Handout<'_> {
    /// Gives the picture to its group, and the groups passed over to their neighbour.
    fn take(&mut self, group: usize, picture: Picture) -> Result<(), StepError> {
        let before = self.last.take();
        // A damaged file may hand out a time twice or in disorder; the first picture of a time stays.
        while self.next < group.min(self.groups.len()) {
            self.fill(Some(before.as_ref().unwrap_or(&picture)))?;
        }
        if self.next == group && group < self.groups.len() {
            for &position in self.groups[group] {
                (self.each)(Shown { position, picture: &picture, filled: false })?;
            }
            self.next += 1;
        }
        self.last = Some(picture);
        Ok(())
    }

    fn fill(&mut self, stand_in: Option<&Picture>) -> Result<(), StepError> {
        for &position in self.groups[self.next] {
            if let Some(picture) = stand_in {
                (self.each)(Shown { position, picture, filled: true })?;
            }
            self.filled.push(position);
        }
        self.next += 1;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), StepError> {
        let last = self.last.take();
        while self.next < self.groups.len() {
            self.fill(last.as_ref())?;
        }
        self.last = last;
        Ok(())
    }
}

/// What one call of ffmpeg gave.
struct Passed {
    decoded: usize,
    colours_unknown: usize,
    sound: Option<Vec<i16>>,
    /// The last thing the decoder complained of.
    complaint: Option<String>,
}

/// What ffmpeg reports of a frame: its time, then its colours.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Report {
    Time(i64),
    Colours(Colours),
}

/// What is reported of each frame, in the order of the frames: colours belong to the time before them.
struct Reports {
    told: Receiver<Report>,
    /// Whether reports still come.
    alive: bool,
    /// The next frame's time, met while colours were looked for.
    ahead: Option<i64>,
    /// Colours last reported.
    last: Colours,
    /// Frames without colours of their own.
    unknown: usize,
}

impl Reports {
    fn new(told: Receiver<Report>) -> Self {
        Reports { told, alive: true, ahead: None, last: Colours::default(), unknown: 0 }
    }

    fn next(&mut self) -> Option<Report> {
        if !self.alive {
            return None;
        }
        let told = self.told.recv_timeout(TIME_PATIENCE);
        self.alive = !matches!(told, Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected));
        told.ok()
    }

    /// Time of the next frame; `None` where nothing is reported, so that frames count in their order.
    fn time(&mut self) -> Option<i64> {
        if let Some(time) = self.ahead.take() {
            return Some(time);
        }
        loop {
            if let Report::Time(time) = self.next()? {
                return Some(time);
            }
        }
    }

    /// Colours of the frame whose time came last; where none are reported, those of the frame before.
    fn colours(&mut self) -> Colours {
        match self.next() {
            Some(Report::Colours(colours)) => self.last = colours,
            Some(Report::Time(time)) => {
                self.ahead = Some(time);
                self.unknown += 1;
            }
            None => self.unknown += 1,
        }
        self.last
    }
}

/// Picks times and colours out of the messages.
fn reporter(tell: Sender<Report>) -> impl FnMut(&str) + Send + 'static {
    move |line| {
        if !line.starts_with(REPORT) {
            return;
        }
        if let Some(report) = reported_time(line).map(Report::Time).or_else(|| reported_colours(line).map(Report::Colours)) {
            let _ = tell.send(report);
        }
    }
}

/// `[Parsed_showinfo_1 @ ...] [info] color_range:tv color_space:bt709 ...`
fn reported_colours(line: &str) -> Option<Colours> {
    let (_, after) = line.split_once("] color_range:")?;
    let (range, after) = after.split_once(" color_space:")?;
    Some(Colours::named(range, after.split_whitespace().next()?))
}

/// `[Parsed_showinfo_1 @ ...] [info] n:   0 pts:    512 pts_time:0.04 ...`
fn reported_time(line: &str) -> Option<i64> {
    let (_, after) = line.split_once("] n:")?;
    let (_, after) = after.split_once(" pts:")?;
    after.split_whitespace().next()?.parse().ok()
}

/// An expression that is true at these times, which ascend: a search tree, as ffmpeg refuses sums of more than a hundred terms and
/// a tree costs little per frame.
fn selection(times: &[i64]) -> String {
    match times {
        [] => "0".to_owned(),
        [time] => format!("eq(pts\\,{time})"),
        _ => {
            let (before, after) = times.split_at(times.len() / 2);
            format!("if(lt(pts\\,{})\\,{}\\,{})", after[0], selection(before), selection(after))
        }
    }
}

/// Size of the pictures handed out.
fn size(video: &VideoTrack, max_side: u32) -> (u32, u32) {
    let (width, height) = (f64::from(video.width) * video.pixel_aspect, f64::from(video.height));
    let scale = (f64::from(max_side.max(1)) / width.min(height)).min(1.0);
    let side = |length: f64| ((length * scale).round() as u32).max(1);
    (side(width), side(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_stay_with_their_frame_where_a_line_is_missing() {
        let (tell, told) = channel();
        let mut tell = reporter(tell);
        for line in [
            "[Parsed_showinfo_4 @ 0x1] [info] config in time_base: 1/12800, frame_rate: 25/1",
            "[Parsed_showinfo_4 @ 0x1] [info] n:   0 pts:      0 pts_time:0 duration: 512",
            "[Parsed_showinfo_4 @ 0x1] [info] n:   1 pts:    512 pts_time:0.04 duration: 512",
            "[Parsed_showinfo_4 @ 0x1] [info] color_range:pc color_space:bt709 color_primaries:bt709 color_trc:bt709",
            "[h264 @ 0x2] [info] color_range:tv color_space:fcc",
            "[Parsed_showinfo_4 @ 0x1] [info] n:   2 pts:   1024 pts_time:0.08 duration: 512",
            "[Parsed_showinfo_4 @ 0x1] [info] n:   3 pts:   1536 pts_time:0.12 duration: 512",
            "[Parsed_showinfo_4 @ 0x1] [info] color_range:tv color_space:bt2020nc color_primaries:unknown color_trc:unknown",
            "[Parsed_showinfo_4 @ 0x1] [info] n:   4 pts:   2048 pts_time:0.16 duration: 512",
        ] {
            tell(line);
        }
        drop(tell);
        let mut reports = Reports::new(told);
        let (full, wide) = (Colours::named("pc", "bt709"), Colours::named("tv", "bt2020nc"));
        for (time, colours) in [(0, Colours::default()), (512, full), (1024, full), (1536, wide), (2048, wide)] {
            assert_eq!((reports.time(), reports.colours()), (Some(time), colours));
        }
        assert_eq!(reports.unknown, 3);
        assert_eq!(reports.time(), None);
    }
}
