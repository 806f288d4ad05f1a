//! Matroska and WebM as browsers, libwebm and ffmpeg write them.
//!
//! ```text
//! EBML  Segment ( Info Tracks Cluster ( Timestamp { SimpleBlock | BlockGroup ( Block ) } )* Cues )
//! pts = cluster + block - round(codec delay)      milliseconds
//! ```
//!
//! Sizes of the segment and of clusters may be unknown, as in a live recording; the file has to end where an element ends. Source:
//! RFC 8794 (EBML), RFC 9559 (Matroska).

use std::fs::File;
use std::io::{BufReader, Read};

use super::bytes::Bytes;
use super::{Contents, Kind, LARGEST_INDEX, Limits, MOST_CHILDREN, Track, codecs, micros, rescale};

/// Milliseconds: the only time base that is read here, and the one that all writers use.
const TIME_BASE: (i64, i64) = (1, 1000);
const NANOSECONDS_A_TICK: u64 = 1_000_000;
/// How far apart the first packets of two tracks may be: ffprobe looks no further than five seconds or five million bytes for them.
const APART_MILLISECONDS: i64 = 3000;
const APART_BYTES: u64 = 2 << 20;
/// Elements a frame that `Limits::frames` allows, in all of the file: two tracks of packets with their durations and references take six.
const ELEMENTS_A_FRAME: u64 = 8;
/// Longest packet of sound that is looked at.
const LONGEST_SOUND: u64 = 1 << 16;
/// Bytes of the first picture that are looked at.
const LOOKED_AT: u64 = 64;

/// Identifiers of elements.
mod id {
    pub(super) const EBML: u32 = 0x1a45_dfa3;
    pub(super) const SEGMENT: u32 = 0x1853_8067;
    pub(super) const SEEK_HEAD: u32 = 0x114d_9b74;
    pub(super) const INFO: u32 = 0x1549_a966;
    pub(super) const TRACKS: u32 = 0x1654_ae6b;
    pub(super) const CLUSTER: u32 = 0x1f43_b675;
    pub(super) const CUES: u32 = 0x1c53_bb6b;
    pub(super) const TAGS: u32 = 0x1254_c367;
    pub(super) const VOID: u32 = 0xec;
    pub(super) const CHECKSUM: u32 = 0xbf;
    pub(super) const TIMESTAMP: u32 = 0xe7;
    pub(super) const POSITION: u32 = 0xa7;
    pub(super) const PREVIOUS_SIZE: u32 = 0xab;
    pub(super) const SIMPLE_BLOCK: u32 = 0xa3;
    pub(super) const BLOCK_GROUP: u32 = 0xa0;
    pub(super) const BLOCK: u32 = 0xa1;
    pub(super) const BLOCK_DURATION: u32 = 0x9b;
    pub(super) const REFERENCE: u32 = 0xfb;
    pub(super) const DISCARD_PADDING: u32 = 0x75a2;
}

/// Identifier and size of an element; no size: it lasts until another element of its level.
#[derive(Debug, Clone, Copy)]
struct Head {
    id: u32,
    size: Option<u64>,
}

/// A file that is passed over once.
struct Stream {
    file: BufReader<File>,
    at: u64,
    length: u64,
    /// Elements that may still be read: the smallest take two bytes, so a file could hold a thousand million.
    elements: u64,
}

impl Stream {
    fn bytes(&mut self, count: u64, most: u64) -> Option<Vec<u8>> {
        if count > most || count > self.length.checked_sub(self.at)? {
            return None;
        }
        let mut bytes = vec![0; count as usize];
        self.file.read_exact(&mut bytes).ok()?;
        self.at += count;
        Some(bytes)
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        if count > self.length.checked_sub(self.at)? {
            return None;
        }
        self.file.seek_relative(i64::try_from(count).ok()?).ok()?;
        self.at += count;
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let mut byte = [0];
        self.file.read_exact(&mut byte).ok()?;
        self.at += 1;
        Some(byte[0])
    }

    /// A number whose first byte says its length by its leading zeros.
    fn number(&mut self, longest: u32) -> Option<(u64, u32)> {
        let first = self.byte()?;
        let length = first.leading_zeros() + 1;
        if length > longest {
            return None;
        }
        let mut number = u64::from(first);
        for _ in 1..length {
            number = number << 8 | u64::from(self.byte()?);
        }
        Some((number, length))
    }

    /// The head of the next element, which ends within the file.
    fn head(&mut self) -> Option<Head> {
        self.elements = self.elements.checked_sub(1)?;
        let (id, _) = self.number(4)?;
        let (size, length) = self.number(8)?;
        let size = plain(size, length);
        if size.is_some_and(|size| size > self.length.saturating_sub(self.at)) {
            return None;
        }
        Some(Head { id: u32::try_from(id).ok()?, size })
    }
}

/// A number without its length; `None` where all its bits are ones, which stands for an unknown size.
fn plain(number: u64, length: u32) -> Option<u64> {
    let ones = (1_u64 << (7 * length)) - 1;
    Some(number & ones).filter(|&value| value != ones)
}

/// The children of an element in memory, each of known size, without those that say nothing (padding, checksums).
fn children(bytes: &[u8]) -> Option<Vec<(u32, &[u8])>> {
    let mut bytes = Bytes(bytes);
    let mut list = Vec::new();
    for _ in 0..MOST_CHILDREN {
        if bytes.is_empty() {
            return Some(list);
        }
        let (id, _) = number(&mut bytes, 4)?;
        let (size, length) = number(&mut bytes, 8)?;
        let (id, value) = (u32::try_from(id).ok()?, bytes.take(usize::try_from(plain(size, length)?).ok()?)?);
        if ![id::VOID, id::CHECKSUM].contains(&id) {
            list.push((id, value));
        }
    }
    bytes.is_empty().then_some(list)
}

fn number(bytes: &mut Bytes<'_>, longest: u32) -> Option<(u64, u32)> {
    let first = bytes.u8()?;
    let length = first.leading_zeros() + 1;
    if length > longest {
        return None;
    }
    let rest = bytes.take(length as usize - 1)?;
    Some((rest.iter().fold(u64::from(first), |number, &byte| number << 8 | u64::from(byte)), length))
}

/// An unsigned integer of up to eight bytes.
fn unsigned(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

fn text(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    &bytes[..end]
}

/// A track as its header describes it; of pictures the size is confirmed by the first of them.
struct Described {
    number: u64,
    codec: &'static str,
    pictures: bool,
    width: u32,
    height: u32,
    pixel_format: &'static str,
    channels: u32,
    /// What is taken off every time, in ticks.
    delay: i64,
    pts: Vec<i64>,
    end: i64,
    /// Place of the first packet in the file.
    first: u64,
}

pub(super) fn read(file: File, length: u64, limits: &Limits) -> Option<Contents> {
    let elements = limits.frames.saturating_mul(ELEMENTS_A_FRAME).saturating_add(MOST_CHILDREN as u64);
    let mut stream = Stream { file: BufReader::with_capacity(1 << 16, file), at: 0, length, elements };
    header(&mut stream)?;
    let segment = stream.head()?;
    // Nothing follows the segment.
    if segment.id != id::SEGMENT || segment.size.is_some_and(|size| stream.at + size != length) {
        return None;
    }
    let mut tracks: Option<Vec<Described>> = None;
    let mut informed = false;
    let mut clusters = false;
    let mut pending = None;
    while pending.is_some() || stream.at < length {
        let head = match pending.take() {
            Some(head) => head,
            None => stream.head()?,
        };
        match (head.id, head.size) {
            (id::INFO, Some(size)) if !informed && !clusters => {
                information(&stream.bytes(size, LARGEST_INDEX)?)?;
                informed = true;
            }
            (id::TRACKS, Some(size)) if tracks.is_none() && !clusters => {
                tracks = Some(described(&stream.bytes(size, LARGEST_INDEX)?)?);
            }
            (id::CLUSTER, size) if informed => {
                clusters = true;
                pending = cluster(&mut stream, size, tracks.as_mut()?, limits)?;
            }
            (id::SEEK_HEAD | id::CUES | id::TAGS | id::VOID | id::CHECKSUM, Some(size)) => stream.skip(size)?,
            _ => return None,
        }
    }
    finished(tracks?)
}

fn header(stream: &mut Stream) -> Option<()> {
    let head = stream.head()?;
    if head.id != id::EBML {
        return None;
    }
    let body = stream.bytes(head.size?, 1024)?;
    let mut kind = None;
    for (id, value) in children(&body)? {
        let usual = match id {
            // Versions of the rules, longest identifier, longest size.
            0x4286 | 0x42f7 => unsigned(value)? == 1,
            0x42f2 => unsigned(value)? == 4,
            0x42f3 => unsigned(value)? == 8,
            0x4282 => kind.replace(text(value)).is_none(),
            // Versions of the format.
            0x4287 | 0x4285 => unsigned(value)? <= 4,
            _ => false,
        };
        if !usual {
            return None;
        }
    }
    matches!(kind, Some(b"webm" | b"matroska")).then_some(())
}

fn information(bytes: &[u8]) -> Option<()> {
    for (id, value) in children(bytes)? {
        if id == 0x2a_d7b1 && unsigned(value)? != NANOSECONDS_A_TICK {
            return None;
        }
    }
    Some(())
}

fn described(bytes: &[u8]) -> Option<Vec<Described>> {
    let mut tracks: Vec<Described> = Vec::new();
    for (id, value) in children(bytes)? {
        match id {
            0xae => {
                let track = entry(value)?;
                if tracks.len() >= 2 || tracks.iter().any(|known| known.number == track.number) {
                    return None;
                }
                tracks.push(track);
            }
            _ => return None,
        }
    }
    Some(tracks)
}

fn entry(bytes: &[u8]) -> Option<Described> {
    let (mut number, mut kind, mut codec, mut private, mut delay) = (0, 0, None, None, 0);
    let (mut pictures, mut sound) = (None, None);
    let mut seen = Vec::new();
    for (id, value) in children(bytes)? {
        // Of what passes below there are few kinds, each once: the list stays short.
        if seen.contains(&id) {
            return None;
        }
        seen.push(id);
        match id {
            0xd7 => number = unsigned(value)?,
            0x83 => kind = unsigned(value)?,
            0x86 => codec = Some(text(value)),
            0x63a2 => private = Some(value),
            0x56aa => delay = unsigned(value)?,
            0xe0 => pictures = Some(value),
            0xe1 => sound = Some(value),
            // Enabled.
            0xb9 if unsigned(value)? == 1 => {}
            // No word on times: unique number, default and forced, lacing allowed, caches, frame duration, additions, names, languages,
            // seek pre-roll.
            0x73c5 | 0x88 | 0x55aa | 0x9c | 0x6de7 | 0x6df8 | 0x23_e383 | 0x55ee | 0x536e | 0x22_b59c | 0x22_b59d | 0x25_8688 | 0x56bb => {}
            _ => return None,
        }
    }
    let mut track = Described {
        number,
        codec: "",
        pictures: kind == 1,
        width: 0,
        height: 0,
        pixel_format: "yuv420p",
        channels: 0,
        delay: rescale(i64::try_from(delay).ok()?, 1, NANOSECONDS_A_TICK as i64)?,
        pts: Vec::new(),
        end: 0,
        first: 0,
    };
    match (kind, codec?) {
        (1, codec) if delay == 0 => {
            (track.width, track.height) = sides(pictures?)?;
            track.codec = match codec {
                b"V_VP8" => "vp8",
                b"V_VP9" => "vp9",
                b"V_MPEG4/ISO/AVC" => {
                    let (width, height, pixel_format) = codecs::h264(private?)?;
                    track.pixel_format = pixel_format;
                    ((width, height) == (track.width, track.height)).then_some("h264")?
                }
                _ => return None,
            };
        }
        (2, b"A_OPUS") => {
            track.codec = "opus";
            track.channels = codecs::opus_channels(private?)?;
            (channels(sound?)? == track.channels).then_some(())?;
        }
        _ => return None,
    }
    (number > 0).then_some(track)
}

/// Width and height of square pixels.
fn sides(bytes: &[u8]) -> Option<(u32, u32)> {
    let [mut width, mut height, mut shown_width, mut shown_height] = [None; 4];
    for (id, value) in children(bytes)? {
        match id {
            0xb0 => width = Some(unsigned(value)?),
            0xba => height = Some(unsigned(value)?),
            0x54b0 => shown_width = Some(unsigned(value)?),
            0x54ba => shown_height = Some(unsigned(value)?),
            // Interlacing unknown or none; shown in pixels, or in who knows what; flat.
            0x9a if [0, 2].contains(&unsigned(value)?) => {}
            0x54b2 if [0, 4].contains(&unsigned(value)?) => {}
            0x53b8 if unsigned(value)? == 0 => {}
            0x55b0 => limited_range(value)?,
            // Transparency, frame rate: no word on sizes.
            0x53c0 | 0x23_83e3 => {}
            _ => return None,
        }
    }
    let (width, height) = (width?, height?);
    if shown_width.unwrap_or(width) != width || shown_height.unwrap_or(height) != height {
        return None;
    }
    Some((u32::try_from(width).ok()?, u32::try_from(height).ok()?))
}

/// Colours without a word that the range is full, which would be another pixel format.
fn limited_range(bytes: &[u8]) -> Option<()> {
    for (id, value) in children(bytes)? {
        if id == 0x55b9 && unsigned(value)? > 1 || id == 0x55b1 && unsigned(value)? == 0 {
            return None;
        }
    }
    Some(())
}

fn channels(bytes: &[u8]) -> Option<u32> {
    let mut channels = 1;
    for (id, value) in children(bytes)? {
        match id {
            0x9f => channels = unsigned(value)?,
            // Samples a second, and those after decoding; bits a sample. Opus is always decoded at 48 kHz.
            0xb5 | 0x78b5 => (float(value)? == 48_000.0).then_some(())?,
            0x6264 => {}
            _ => return None,
        }
    }
    u32::try_from(channels).ok()
}

fn float(bytes: &[u8]) -> Option<f64> {
    match bytes.len() {
        4 => bytes.try_into().ok().map(|bytes| f64::from(f32::from_be_bytes(bytes))),
        8 => bytes.try_into().ok().map(f64::from_be_bytes),
        _ => None,
    }
}

/// Reads a cluster; returns the head of what follows it where that had to be read to find its end.
#[expect(clippy::option_option, reason = "the outer one: left to ffprobe")]
fn cluster(stream: &mut Stream, size: Option<u64>, tracks: &mut [Described], limits: &Limits) -> Option<Option<Head>> {
    let end = size.map(|size| stream.at + size);
    let mut time = None;
    while stream.at < end.unwrap_or(stream.length) {
        let head = stream.head()?;
        let known = head.size.filter(|size| end.is_none_or(|end| stream.at + size <= end));
        match (head.id, known) {
            (id::TIMESTAMP, Some(size)) if time.is_none() => time = Some(i64::try_from(unsigned(&stream.bytes(size, 8)?)?).ok()?),
            (id::SIMPLE_BLOCK, Some(size)) => block(stream, size, time?, tracks, limits)?,
            (id::BLOCK_GROUP, Some(size)) => group(stream, size, time?, tracks, limits)?,
            (id::POSITION | id::PREVIOUS_SIZE | id::VOID | id::CHECKSUM, Some(size)) => stream.skip(size)?,
            (id::CLUSTER | id::CUES | id::TAGS, _) if end.is_none() => return Some(Some(head)),
            _ => return None,
        }
    }
    Some(None)
}

fn group(stream: &mut Stream, size: u64, cluster: i64, tracks: &mut [Described], limits: &Limits) -> Option<()> {
    let end = stream.at + size;
    let mut blocks = 0;
    while stream.at < end {
        let head = stream.head()?;
        let size = head.size.filter(|size| stream.at + size <= end)?;
        match head.id {
            id::BLOCK => {
                blocks += 1;
                block(stream, size, cluster, tracks, limits)?;
            }
            id::BLOCK_DURATION | id::REFERENCE | id::DISCARD_PADDING | id::VOID | id::CHECKSUM => stream.skip(size)?,
            _ => return None,
        }
    }
    (blocks == 1 && stream.at == end).then_some(())
}

fn block(stream: &mut Stream, size: u64, cluster: i64, tracks: &mut [Described], limits: &Limits) -> Option<()> {
    let (start, end) = (stream.at, stream.at + size);
    let (number, length) = stream.number(8)?;
    let number = plain(number, length)?;
    let offset = i64::from(i16::from_be_bytes([stream.byte()?, stream.byte()?]));
    let flags = stream.byte()?;
    let track = tracks.iter_mut().find(|track| track.number == number)?;
    let payload = end.checked_sub(stream.at).filter(|&payload| payload > 0)?;
    // Several frames in a block, or one that is not shown.
    if flags & 0x0e != 0 || track.pts.len() as u64 >= limits.frames {
        return None;
    }
    let time = cluster.checked_add(offset).filter(|&time| time >= 0)?.checked_sub(track.delay)?;
    if track.pts.is_empty() {
        track.first = start;
    }
    if track.pictures {
        if track.pts.is_empty() {
            let frame = stream.bytes(payload.min(LOOKED_AT), LOOKED_AT)?;
            let sides = match track.codec {
                "vp8" => codecs::vp8(&frame)?,
                "vp9" => codecs::vp9(&frame)?,
                _ => (track.width, track.height),
            };
            (sides == (track.width, track.height)).then_some(())?;
        }
        // Without a table of decoding times, the order of H.264 pictures is guessed from their coding.
        if track.codec == "h264" && track.pts.last().is_some_and(|&last| last >= time) {
            return None;
        }
    } else {
        let samples = codecs::opus_samples(&stream.bytes(payload, LONGEST_SOUND)?)?;
        let end = time.checked_add(samples as i64 / 48)?;
        track.end = if track.pts.is_empty() { end } else { track.end.max(end) };
    }
    track.pts.push(time);
    stream.skip(end.checked_sub(stream.at)?)
}

fn finished(tracks: Vec<Described>) -> Option<Contents> {
    let firsts: Vec<(i64, u64)> = tracks.iter().map(|track| Some((*track.pts.first()?, track.first))).collect::<Option<_>>()?;
    if let [(time, place), (other_time, other_place)] = firsts[..]
        && (time.abs_diff(other_time) > APART_MILLISECONDS as u64 || place.abs_diff(other_place) > APART_BYTES)
    {
        return None;
    }
    let start = firsts.iter().map(|&(time, _)| time).min()?;
    let tracks = tracks
        .into_iter()
        .map(|track| Track {
            kind: if track.pictures {
                let Described { codec, width, height, pixel_format, .. } = track;
                Kind::Pictures { codec, width, height, pixel_format, rotation: 0 }
            } else {
                Kind::Sound { codec: track.codec, sample_rate: 48_000, channels: track.channels }
            },
            time_base: TIME_BASE,
            pts: track.pts,
            end: track.end,
        })
        .collect();
    Some(Contents { format: "matroska,webm", start: micros(start, TIME_BASE)?, tracks })
}
