//! MP4 as cameras, phones and encoders write it: one index, no fragments.
//!
//! ```text
//! ftyp  moov ( mvhd  trak ( tkhd  edts ( elst )  mdia ( mdhd hdlr minf ( dinf stbl ( stsd stts ctts stss stsc stsz stco ) ) ) ) )  mdat
//!
//! d_i = sum of the durations before sample i      c_i = d_i + offset_i      decoding and composition time, in ticks
//! no edit         pts_i = c_i
//! one edit        pts_i = p + c_i - m,   m <= c_i < m + e
//! ```
//!
//! p: length of the pause before the edit, 0 without one; m: where the edit begins; e: its length; all in ticks. Of pictures all must lie in
//! the edit and the first be its first. Of sound, packets that end before m are not shown, and none comes after the one that reaches
//! m + e; the last one ends with the track. Source: ISO/IEC 14496-12 and -14.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::bytes::Bytes;
use super::{Contents, Kind, LARGEST_INDEX, Limits, MOST_CHILDREN, Track, codecs, micros, rescale};

/// Boxes beside the index that a file may have.
const MOST_BOXES: usize = 1000;
/// How far behind the first picture the first sound may lie in the file where no edit says when it begins.
const APART_BYTES: u64 = 1 << 20;
/// An Apple programme's note on samples to skip, which is a rule of its own.
const ITUNES_GAPS: &[u8] = b"iTunSMPB";
/// 1 in fixed point of 16 and of 30 bits.
const ONE: i32 = 1 << 16;
const ONE_30: i32 = 1 << 30;

type Boxes<'a> = Vec<([u8; 4], &'a [u8])>;

pub(super) fn read(mut file: File, length: u64, limits: &Limits) -> Option<Contents> {
    let index = index(&mut file, length)?;
    if index.windows(ITUNES_GAPS.len()).any(|window| window == ITUNES_GAPS) {
        return None;
    }
    let boxes = children(&index, &[b"mvhd", b"trak", b"udta", b"iods", b"meta", b"free", b"skip"])?;
    let time_scale = movie(one(&boxes, *b"mvhd")?)?;
    let traks: Vec<&[u8]> = boxes.iter().filter(|(kind, _)| kind == b"trak").map(|&(_, body)| body).collect();
    if traks.len() > 2 {
        return None;
    }
    let mut firsts = Vec::new();
    let mut start = i64::MAX;
    let mut tracks = Vec::new();
    for body in traks {
        let read = trak(body, time_scale, length, limits)?;
        start = start.min(micros(read.start, read.track.time_base)?);
        firsts.push((read.first, read.edited));
        tracks.push(read.track);
    }
    if let [(first, edited), (other, other_edited)] = firsts[..]
        && !(edited && other_edited)
        && first.abs_diff(other) > APART_BYTES
    {
        return None;
    }
    Some(Contents { format: "mov,mp4,m4a,3gp,3g2,mj2", start, tracks })
}

/// The body of the one index. Every box ends within the file.
fn index(file: &mut File, length: u64) -> Option<Vec<u8>> {
    let mut at = 0;
    let mut index = None;
    for _ in 0..MOST_BOXES {
        if at == length {
            return index;
        }
        file.seek(SeekFrom::Start(at)).ok()?;
        let mut head = [0; 8];
        file.read_exact(&mut head).ok()?;
        let mut fields = Bytes(&head);
        let mut size = u64::from(fields.u32()?);
        let mut body = 8;
        if size == 1 {
            let mut long = [0; 8];
            file.read_exact(&mut long).ok()?;
            size = u64::from_be_bytes(long);
            body = 16;
        }
        if size < body || size > length - at {
            return None;
        }
        match fields.0 {
            b"ftyp" if at == 0 && size <= 1024 => {}
            b"free" | b"skip" | b"wide" | b"mdat" if at > 0 => {}
            b"moov" if at > 0 && index.is_none() && size <= LARGEST_INDEX => {
                let mut bytes = vec![0; (size - body) as usize];
                file.read_exact(&mut bytes).ok()?;
                index = Some(bytes);
            }
            _ => return None,
        }
        at += size;
    }
    None
}

/// The boxes within another, all of known kinds.
fn children<'a>(bytes: &'a [u8], known: &[&[u8; 4]]) -> Option<Boxes<'a>> {
    let mut bytes = Bytes(bytes);
    let mut boxes = Vec::new();
    while !bytes.is_empty() {
        let size = bytes.u32()?;
        let kind: [u8; 4] = bytes.take(4)?.try_into().ok()?;
        let body = bytes.take((size as usize).checked_sub(8)?)?;
        if !known.contains(&&kind) || boxes.len() == MOST_CHILDREN {
            return None;
        }
        boxes.push((kind, body));
    }
    Some(boxes)
}

/// The only box of its kind.
fn one<'a>(boxes: &Boxes<'a>, kind: [u8; 4]) -> Option<&'a [u8]> {
    at_most_one(boxes, kind)?
}

/// The only box of its kind, or none.
#[expect(clippy::option_option, reason = "the outer one: left to ffprobe")]
fn at_most_one<'a>(boxes: &Boxes<'a>, kind: [u8; 4]) -> Option<Option<&'a [u8]>> {
    let mut found = boxes.iter().filter(|(known, _)| *known == kind).map(|&(_, body)| body);
    let first = found.next();
    found.next().is_none().then_some(first)
}

/// Version and flags of a box, and what follows.
fn versioned(body: &[u8]) -> Option<(u8, u32, Bytes<'_>)> {
    let mut bytes = Bytes(body);
    let word = bytes.u32()?;
    Some(((word >> 24) as u8, word & 0x00ff_ffff, bytes))
}

/// A box that is a list: as many entries of this size as it says.
fn entries(body: &[u8], size: usize) -> Option<std::slice::ChunksExact<'_, u8>> {
    let (0, _, mut bytes) = versioned(body)? else { return None };
    let count = bytes.u32()? as usize;
    (count.checked_mul(size)? == bytes.0.len()).then(|| bytes.0.chunks_exact(size))
}

/// Ticks a second of the whole; it turns nothing.
fn movie(body: &[u8]) -> Option<i64> {
    let (version, _, mut bytes) = versioned(body)?;
    bytes.take(if version == 1 { 16 } else { 8 })?;
    let time_scale = bytes.u32()?;
    // Duration, rate, volume, reserved.
    bytes.take(if version == 1 { 8 } else { 4 } + 16)?;
    let identity = [ONE, 0, 0, 0, ONE, 0, 0, 0, ONE_30];
    if version > 1 || matrix(&mut bytes)? != identity {
        return None;
    }
    scale(time_scale)
}

fn scale(time_scale: u32) -> Option<i64> {
    (1..=i32::MAX as u32).contains(&time_scale).then_some(i64::from(time_scale))
}

fn matrix(bytes: &mut Bytes<'_>) -> Option<[i32; 9]> {
    let mut matrix = [0; 9];
    for cell in &mut matrix {
        *cell = bytes.i32()?;
    }
    Some(matrix)
}

/// A track, when it starts in its ticks, where its first sample lies, and whether edits say when it begins.
struct Taken {
    track: Track,
    start: i64,
    first: u64,
    edited: bool,
}

fn trak(body: &[u8], movie_scale: i64, length: u64, limits: &Limits) -> Option<Taken> {
    let boxes = children(body, &[b"tkhd", b"edts", b"mdia", b"udta", b"meta", b"free"])?;
    let (rotation, width, height) = placement(one(&boxes, *b"tkhd")?)?;
    let media = children(one(&boxes, *b"mdia")?, &[b"mdhd", b"hdlr", b"minf", b"free"])?;
    let (time_scale, told_duration) = media_header(one(&media, *b"mdhd")?)?;
    let pictures = match one(&media, *b"hdlr")?.get(8..12)? {
        b"vide" => true,
        b"soun" => false,
        _ => return None,
    };
    let information = children(one(&media, *b"minf")?, &[b"vmhd", b"smhd", b"dinf", b"stbl", b"free"])?;
    self_contained(one(&information, *b"dinf")?)?;
    let known: [&[u8; 4]; 13] =
        [b"stsd", b"stts", b"ctts", b"stss", b"stsc", b"stsz", b"stco", b"co64", b"sgpd", b"sbgp", b"sdtp", b"cslg", b"free"];
    let table = children(one(&information, *b"stbl")?, &known)?;
    let kind = if pictures { described_pictures(&table, rotation, (width, height))? } else { described_sound(&table)? };
    for (_, body) in table.iter().filter(|(kind, _)| kind == b"sgpd" || kind == b"sbgp") {
        // Other groups than those of decoders that have to roll in change which samples count as key frames.
        (body.get(4..8)? == b"roll").then_some(())?;
    }

    let samples = samples(&table, length, limits)?;
    let (sum, edit) = (samples.sum, edit(&boxes, movie_scale, time_scale)?);
    let duration = told_duration.min(sum);
    let (pts, end, start) = if pictures { shown_pictures(&samples, edit)? } else { heard(&samples, edit, duration)? };
    let first = samples.first;
    Some(Taken { track: Track { kind, time_base: (1, time_scale), pts, end }, start, first, edited: edit.is_some() })
}

/// Rotation in degrees as ffmpeg writes it, and the size to be shown before it.
fn placement(body: &[u8]) -> Option<(i32, u32, u32)> {
    let (version @ 0..=1, _, mut bytes) = versioned(body)? else { return None };
    // Times, number, duration, layer, group, volume.
    bytes.take(if version == 1 { 32 } else { 20 } + 16)?;
    let [a, b, u, c, d, v, _, _, w] = matrix(&mut bytes)?;
    let rotation = match (a, b, c, d) {
        (ONE, 0, 0, ONE) => 0,
        (0, ONE, c, 0) if c == -ONE => -90,
        (a, 0, 0, d) if a == -ONE && d == -ONE => -180,
        (0, b, ONE, 0) if b == -ONE => 90,
        _ => return None,
    };
    let (width, height) = (bytes.u32()?, bytes.u32()?);
    ((u, v, w) == (0, 0, ONE_30) && width.trailing_zeros() >= 16 && height.trailing_zeros() >= 16).then_some((
        rotation,
        width >> 16,
        height >> 16,
    ))
}

/// Ticks a second of a track, and its duration.
fn media_header(body: &[u8]) -> Option<(i64, i64)> {
    let (version, _, mut bytes) = versioned(body)?;
    match version {
        0 => {
            bytes.take(8)?;
            Some((scale(bytes.u32()?)?, i64::from(bytes.u32().filter(|&duration| duration != u32::MAX)?)))
        }
        1 => {
            bytes.take(16)?;
            Some((scale(bytes.u32()?)?, bytes.i64().filter(|duration| (0..1 << 60).contains(duration))?))
        }
        _ => None,
    }
}

/// All samples are in this file.
fn self_contained(body: &[u8]) -> Option<()> {
    let boxes = children(body, &[b"dref"])?;
    let (0, _, mut bytes) = versioned(one(&boxes, *b"dref")?)? else { return None };
    if bytes.u32()? != 1 {
        return None;
    }
    let references = children(bytes.0, &[b"url ", b"alis"])?;
    let &[(_, body)] = &references[..] else { return None };
    (body == [0, 0, 0, 1]).then_some(())
}

/// The only description of samples: its kind and body.
fn description<'a>(table: &Boxes<'a>) -> Option<([u8; 4], &'a [u8])> {
    let (0, _, mut bytes) = versioned(one(table, *b"stsd")?)? else { return None };
    if bytes.u32()? != 1 {
        return None;
    }
    match children(bytes.0, &[b"avc1", b"mp4a"])?[..] {
        [only] => Some(only),
        _ => None,
    }
}

fn described_pictures(table: &Boxes<'_>, rotation: i32, shown: (u32, u32)) -> Option<Kind> {
    let (kind, body) = description(table)?;
    let mut bytes = Bytes(body);
    // Which reference, version and vendor, qualities.
    if &kind != b"avc1" || bytes.take(8)?[6..] != [0, 1] {
        return None;
    }
    bytes.take(16)?;
    let (width, height) = (u32::from(bytes.u16()?), u32::from(bytes.u16()?));
    // Resolutions, data size, frames a sample, the coder's name.
    bytes.take(4 + 4 + 4 + 2 + 32)?;
    if bytes.u16()? != 24 || bytes.u16()? != u16::MAX {
        return None;
    }
    let boxes = children(bytes.0, &[b"avcC", b"pasp", b"colr", b"btrt"])?;
    if let Some(aspect) = at_most_one(&boxes, *b"pasp")? {
        let mut bytes = Bytes(aspect);
        (bytes.u32()? == bytes.u32()?).then_some(())?;
    }
    if let Some(colour) = at_most_one(&boxes, *b"colr")? {
        // Matrix 0: the planes are green, blue and red. The last bit of `nclx`: full range, another pixel format.
        match colour {
            [b'n', b'c', b'l', b'c', _, _, _, _, _, matrix] | [b'n', b'c', b'l', b'x', _, _, _, _, _, matrix, 0] if *matrix > 0 => {}
            _ => return None,
        }
    }
    let (coded_width, coded_height, pixel_format) = codecs::h264(one(&boxes, *b"avcC")?)?;
    let agreed = [(coded_width, coded_height), shown].iter().all(|&sides| sides == (width, height));
    agreed.then_some(Kind::Pictures { codec: "h264", width, height, pixel_format, rotation })
}

fn described_sound(table: &Boxes<'_>) -> Option<Kind> {
    let (kind, body) = description(table)?;
    let mut bytes = Bytes(body);
    if &kind != b"mp4a" || bytes.take(8)?[6..] != [0, 1] {
        return None;
    }
    // QuickTime's later versions say more here.
    if bytes.u16()? != 0 {
        return None;
    }
    bytes.take(18)?;
    let boxes = children(bytes.0, &[b"esds", b"btrt"])?;
    let (0, _, mut bytes) = versioned(one(&boxes, *b"esds")?)? else { return None };
    let stream = descriptor(&mut bytes, 3)?;
    let mut bytes = Bytes(stream);
    // Number; no dependence on another stream, no address.
    bytes.u16()?;
    if bytes.u8()? & 0xe0 != 0 {
        return None;
    }
    let mut bytes = Bytes(descriptor(&mut bytes, 4)?);
    // AAC; kind of stream, buffer, rates.
    if bytes.u8()? != 0x40 {
        return None;
    }
    bytes.take(12)?;
    let (sample_rate, channels) = codecs::aac(descriptor(&mut bytes, 5)?)?;
    Some(Kind::Sound { codec: "aac", sample_rate, channels })
}

/// The body of a descriptor of this kind.
fn descriptor<'a>(bytes: &mut Bytes<'a>, kind: u8) -> Option<&'a [u8]> {
    if bytes.u8()? != kind {
        return None;
    }
    let mut size = 0;
    for _ in 0..4 {
        let byte = bytes.u8()?;
        size = size << 7 | usize::from(byte & 127);
        if byte < 128 {
            return bytes.take(size);
        }
    }
    None
}

/// One packet of the index.
#[derive(Debug, Clone, Copy)]
struct Sample {
    decoded: i64,
    shown: i64,
    duration: i64,
    key: bool,
}

#[derive(Debug)]
struct Samples {
    list: Vec<Sample>,
    /// Whether composition offsets are stated.
    offsets: bool,
    /// Sum of the durations.
    sum: i64,
    /// Where the first lies in the file.
    first: u64,
}

fn samples(table: &Boxes<'_>, length: u64, limits: &Limits) -> Option<Samples> {
    let (0, _, mut bytes) = versioned(one(table, *b"stsz")?)? else { return None };
    let (same, count) = (bytes.u32()?, bytes.u32()? as usize);
    // Its size stands in the file, so the memory taken is bounded by what was read.
    if same != 0 || count.checked_mul(4)? != bytes.0.len() || count == 0 || count as u64 > limits.frames {
        return None;
    }
    let sizes = bytes.0.chunks_exact(4).map(|size| u64::from(word(size, 0)));
    let first = places(table, sizes, count, length)?;

    let mut list = Vec::with_capacity(count);
    let mut decoded = 0;
    for entry in entries(one(table, *b"stts")?, 8)? {
        let (times, duration) = (word(entry, 0) as usize, i64::from(word(entry, 4)));
        if times > count - list.len() || !(1..1 << 28).contains(&duration) {
            return None;
        }
        for _ in 0..times {
            list.push(Sample { decoded, shown: decoded, duration, key: false });
            decoded += duration;
        }
    }
    if list.len() != count {
        return None;
    }
    let offsets = at_most_one(table, *b"ctts")?;
    if let Some(body) = offsets {
        let mut at = 0_usize;
        // Version 1 allows negative offsets; as positive ones both versions look alike.
        let body = if body.first() == Some(&1) { [&[0], &body[1..]].concat() } else { body.to_vec() };
        for entry in entries(&body, 8)? {
            let (times, offset) = (word(entry, 0) as usize, i64::from(word(entry, 4)));
            let until = at.checked_add(times)?;
            if offset >= 1 << 28 {
                return None;
            }
            for sample in list.get_mut(at..until)? {
                sample.shown += offset;
            }
            at = until;
        }
        if at != count {
            return None;
        }
    }
    match at_most_one(table, *b"stss")? {
        None => list.iter_mut().for_each(|sample| sample.key = true),
        Some(body) => {
            let mut before = 0;
            for entry in entries(body, 4)? {
                let number = word(entry, 0) as usize;
                if number <= before {
                    return None;
                }
                list.get_mut(number - 1)?.key = true;
                before = number;
            }
        }
    }
    list.first()?.key.then_some(())?;
    Some(Samples { list, offsets: offsets.is_some(), sum: decoded, first })
}

/// Number `at` bytes into an entry, which is long enough.
fn word(entry: &[u8], at: usize) -> u32 {
    Bytes(entry.get(at..).unwrap_or_default()).u32().unwrap_or_default()
}

/// Checks that every sample lies in the file; returns where the first does.
fn places(table: &Boxes<'_>, mut sizes: impl Iterator<Item = u64>, count: usize, length: u64) -> Option<u64> {
    let short = at_most_one(table, *b"stco")?;
    let long = at_most_one(table, *b"co64")?;
    let chunks: Vec<u64> = match (short, long) {
        (Some(body), None) => entries(body, 4)?.map(|entry| u64::from(word(entry, 0))).collect(),
        (None, Some(body)) => entries(body, 8)?.map(|entry| u64::from(word(entry, 0)) << 32 | u64::from(word(entry, 4))).collect(),
        _ => return None,
    };
    // First chunk, samples a chunk, description.
    let runs: Vec<(usize, usize)> = entries(one(table, *b"stsc")?, 12)?
        .map(|entry| (word(entry, 8) == 1).then(|| (word(entry, 0) as usize, word(entry, 4) as usize)))
        .collect::<Option<_>>()?;
    let rising = runs.windows(2).all(|pair| pair[0].0 < pair[1].0);
    if !rising || runs.first()?.0 != 1 || runs.last()?.0 > chunks.len() {
        return None;
    }
    let mut seen = 0;
    for (position, &(first, a_chunk)) in runs.iter().enumerate() {
        let until = runs.get(position + 1).map_or(chunks.len(), |next| next.0 - 1);
        for &chunk in chunks.get(first - 1..until)? {
            let mut at = chunk;
            if a_chunk == 0 || a_chunk > count - seen {
                return None;
            }
            for _ in 0..a_chunk {
                at = at.checked_add(sizes.next().filter(|&size| size > 0)?).filter(|&end| end <= length)?;
            }
            seen += a_chunk;
        }
    }
    (seen == count).then_some(chunks.first().copied()?)
}

/// A pause and a stretch of the track, in its ticks.
#[derive(Debug, Clone, Copy)]
struct Edit {
    pause: i64,
    from: i64,
    lasts: i64,
}

/// The one edit of a track.
#[expect(clippy::option_option, reason = "the outer one: left to ffprobe")]
fn edit(boxes: &Boxes<'_>, movie_scale: i64, time_scale: i64) -> Option<Option<Edit>> {
    let Some(body) = at_most_one(boxes, *b"edts")? else { return Some(None) };
    let (version, _, mut bytes) = versioned(one(&children(body, &[b"elst"])?, *b"elst")?)?;
    let count = bytes.u32()?;
    let mut list = Vec::new();
    for _ in 0..(1..=2).contains(&count).then_some(count)? {
        let (lasts, from) = match version {
            0 => (i64::from(bytes.u32()?), i64::from(bytes.i32()?)),
            1 => (i64::try_from(bytes.u64()?).ok()?, bytes.i64()?),
            _ => return None,
        };
        if bytes.i32()? != ONE || lasts <= 0 {
            return None;
        }
        list.push((rescale(lasts, time_scale, movie_scale)?, from));
    }
    let edit = match list[..] {
        [(lasts, from @ 0..)] => Edit { pause: 0, from, lasts },
        [(pause, -1), (lasts, from @ 0..)] => Edit { pause, from, lasts },
        _ => return None,
    };
    let small = [edit.pause, edit.from, edit.lasts].iter().all(|&ticks| ticks < 1 << 60);
    (bytes.is_empty() && small).then_some(Some(edit))
}

/// Times of the pictures, nothing, and when they start.
fn shown_pictures(samples: &Samples, edit: Option<Edit>) -> Option<(Vec<i64>, i64, i64)> {
    let first = samples.list.first()?.shown;
    if samples.list.iter().any(|sample| sample.shown < first) {
        return None;
    }
    let Some(Edit { pause, from, lasts }) = edit else {
        return Some((samples.list.iter().map(|sample| sample.shown).collect(), 0, first));
    };
    if first != from || !(samples.offsets || from == 0) {
        return None;
    }
    let end = from + lasts;
    let (_, before) = samples.list.split_last()?;
    // A key frame that reaches the end ends the search for more.
    let cut = samples.list.iter().any(|sample| sample.shown >= end);
    let stopped = before.iter().any(|sample| sample.key && sample.shown + sample.duration >= end);
    (!cut && !stopped).then(|| (samples.list.iter().map(|sample| pause + sample.shown - from).collect(), 0, pause))
}

/// Times of the sound's packets, the end of the last, and when they start. `duration`: of the whole track.
fn heard(samples: &Samples, edit: Option<Edit>, duration: i64) -> Option<(Vec<i64>, i64, i64)> {
    if samples.offsets || samples.list.iter().any(|sample| !sample.key) {
        return None;
    }
    let edited = edit.is_some();
    let Edit { pause, from, lasts } = edit.unwrap_or(Edit { pause: 0, from: 0, lasts: i64::MAX / 2 });
    let last_of_all = samples.list.last()?.decoded;
    let mut pts = Vec::with_capacity(samples.list.len());
    for sample in &samples.list {
        if sample.decoded + sample.duration > from {
            pts.push(pause + sample.decoded - from);
        }
        if sample.decoded < last_of_all && sample.decoded + sample.duration >= from + lasts {
            break;
        }
    }
    let last = *pts.last()?;
    // The length of the last packet is the track's to say.
    if last < pause {
        return None;
    }
    let end = if edited { duration.min(pause + lasts) } else { duration };
    (end > last).then_some((pts, end, pause))
}
