//! Our own reader of containers against ffprobe: equal on ordinary recordings, silent on unusual, cut and damaged ones.

use std::path::{Path, PathBuf};

use evenhand_media::video::{Limits, Probe};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::clips::{Clips, clips};

/// Damaged copies of a file that are compared with ffprobe, each a start of that program. `EVENHAND_THOROUGH` times as many on request.
const COMPARED: usize = 12;

fn read(path: &Path) -> Option<Probe> {
    Probe::read(path, &Limits::default()).map(Result::unwrap)
}

fn thorough() -> usize {
    std::env::var("EVENHAND_THOROUGH").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

/// Ordinary recordings: name, and how they are made of the plain clip and the live one.
fn ordinary(clips: &Clips) -> Vec<PathBuf> {
    const X264: [&str; 4] = ["-c:v", "libx264", "-crf", "23"];
    let from = |input: &'static str, options: &[&'static str]| [&["-i", input], options].concat();
    let rotated = |angle: &'static str| ["-display_rotation", angle, "-i", "plain.mp4", "-c", "copy"].to_vec();
    let turned = |rotate: &'static str| ["-i", "plain.mp4", "-c", "copy", "-metadata:s:v:0", rotate].to_vec();
    let late_pictures = ["-i", "plain.mp4", "-itsoffset", "1.3", "-i", "plain.mp4", "-map", "1:v", "-map", "0:a", "-c", "copy"].to_vec();
    let opus = ["-c:a", "libopus"];
    let cases: Vec<(&str, Vec<&str>)> = vec![
        ("o-plain.mp4", from("plain.mp4", &["-c", "copy"])),
        ("o-fast.mp4", from("plain.mp4", &["-c", "copy", "-movflags", "+faststart"])),
        ("o-baseline.mp4", from("plain.mp4", &[&X264[..], &["-profile:v", "baseline", "-c:a", "copy"]].concat())),
        ("o-frames.mp4", from("plain.mp4", &[&X264[..], &["-bf", "3", "-b_strategy", "0", "-g", "25", "-c:a", "copy"]].concat())),
        ("o-intra.mp4", from("plain.mp4", &[&X264[..], &["-g", "1", "-c:a", "copy"]].concat())),
        ("o-ntsc.mp4", from("plain.mp4", &[&X264[..], &["-r", "30000/1001", "-c:a", "aac", "-ac", "2", "-ar", "44100"]].concat())),
        ("o-odd.mp4", from("plain.mp4", &[&X264[..], &["-vf", "scale=322:242", "-t", "1.23", "-c:a", "aac"]].concat())),
        ("o-range.mp4", from("plain.mp4", &[&X264[..], &["-vf", "scale=out_range=pc", "-pix_fmt", "yuvj420p", "-t", "1"]].concat())),
        ("o-mute.mp4", from("plain.mp4", &["-c", "copy", "-an"])),
        ("o-sound.m4a", from("plain.mp4", &["-c", "copy", "-vn"])),
        ("o-short.mp4", from("plain.mp4", &[&X264[..], &["-frames:v", "3", "-c:a", "aac", "-shortest"]].concat())),
        ("o-varying.mp4", from("plain.mp4", &[&X264[..], &["-vf", "select='mod(n\\,3)'", "-fps_mode", "vfr", "-c:a", "copy"]].concat())),
        ("o-scale.mp4", from("plain.mp4", &["-c", "copy", "-video_track_timescale", "90000", "-movie_timescale", "600"])),
        ("o-late-pictures.mp4", late_pictures),
        ("o-live.webm", from("live.webm", &["-c", "copy", "-f", "webm", "-live", "1"])),
        ("o-index.webm", from("live.webm", &["-c", "copy"])),
        ("o-mute.webm", from("live.webm", &["-c", "copy", "-an"])),
        ("o-sound.webm", from("live.webm", &["-c", "copy", "-vn"])),
        ("o-clusters.webm", from("live.webm", &["-c", "copy", "-cluster_time_limit", "300"])),
        ("o-sixty.webm", from("live.webm", &["-c:v", "copy", "-c:a", "libopus", "-frame_duration", "60"])),
        ("o-stereo.webm", from("live.webm", &["-c:v", "copy", "-c:a", "libopus", "-ac", "2", "-frame_duration", "10"])),
        (
            "o-vp9.webm",
            from("live.webm", &[&["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-t", "2"], &opus[..]].concat()),
        ),
        ("o-vp9-two.webm", from("live.webm", &["-c:v", "libvpx-vp9", "-cpu-used", "8", "-t", "2", "-c:a", "copy"])),
        ("o-late.webm", ["-i", "live.webm", "-itsoffset", "2", "-i", "live.webm", "-map", "0:v", "-map", "1:a", "-c", "copy"].to_vec()),
        ("o-h264.mkv", from("plain.mp4", &[&X264[..], &["-bf", "0", "-r", "25", "-c:a", "libopus"]].concat())),
    ];
    let mut made: Vec<PathBuf> = cases.iter().filter_map(|(name, arguments)| clips.make(name, arguments)).collect();
    for (angle, rotate) in [("90", "rotate=270"), ("180", "rotate=180"), ("270", "rotate=90")] {
        let name = format!("o-turned-{angle}.mp4");
        made.extend(clips.make(&name, &rotated(angle)).or_else(|| clips.make(&name, &turned(rotate))));
    }
    made
}

#[test]
fn ordinary_recordings_are_read_as_ffprobe_tells_them() {
    let Some(clips) = clips() else { return };
    let mut declined = Vec::new();
    let made = ordinary(clips);
    for path in &made {
        let asked = clips.decoder.ffprobe(path, &Limits::default()).unwrap();
        match read(path) {
            Some(read) => clips.assert_same(&read, &asked, &path.display().to_string()),
            None => declined.push(path.file_name().unwrap()),
        }
    }
    assert!(made.len() >= 20, "only {} recordings could be made", made.len());
    assert!(declined.is_empty(), "left to ffprobe: {declined:?}");
}

#[test]
fn unusual_recordings_are_left_to_ffprobe() {
    let Some(clips) = clips() else { return };
    std::fs::write(clips.path("u-words.srt"), "1\n00:00:00,000 --> 00:00:02,000\nhello\n").unwrap();
    let copy = ["-i", "plain.mp4", "-c", "copy"];
    let with = |options: &[&'static str]| [&copy[..], options].concat();
    let cases: Vec<(&str, Vec<&str>)> = vec![
        ("u-fragments.mp4", with(&["-movflags", "frag_keyframe+empty_moov+default_base_moof"])),
        ("u-index.mp4", with(&["-movflags", "frag_keyframe+global_sidx"])),
        ("u-quicktime.mov", copy.to_vec()),
        (
            "u-words.mp4",
            [&["-i", "plain.mp4", "-i", "u-words.srt"][..], &["-map", "0", "-map", "1", "-c", "copy", "-c:s", "mov_text"]].concat(),
        ),
        ("u-two.mp4", ["-i", "plain.mp4", "-map", "0", "-map", "0:a", "-c", "copy"].to_vec()),
        ("u-aac.mkv", copy.to_vec()),
        ("u-vorbis.webm", ["-i", "live.webm", "-c:v", "copy", "-c:a", "libvorbis"].to_vec()),
        ("u-hevc.mp4", ["-i", "plain.mp4", "-t", "1", "-c:v", "libx265", "-x265-params", "log-level=none", "-c:a", "copy"].to_vec()),
        ("u-444.mp4", ["-i", "plain.mp4", "-t", "1", "-c:v", "libx264", "-pix_fmt", "yuv444p"].to_vec()),
        ("u-ten.mp4", ["-i", "plain.mp4", "-t", "1", "-c:v", "libx264", "-pix_fmt", "yuv420p10le"].to_vec()),
        ("u-wide.mp4", ["-i", "plain.mp4", "-vf", "setsar=4/3", "-t", "1", "-c:v", "libx264"].to_vec()),
        ("u-wide.webm", ["-i", "live.webm", "-t", "1", "-vf", "setsar=4/3", "-c:v", "libvpx", "-c:a", "copy"].to_vec()),
        // A copy that begins between two key frames hides the pictures before its edit.
        ("u-middle.mp4", ["-ss", "2.5", "-i", "plain.mp4", "-c", "copy"].to_vec()),
        ("u-one.mp4", ["-i", "plain.mp4", "-frames:v", "1", "-an", "-c:v", "libx264"].to_vec()),
        // The track's own length ends before its last packet begins.
        ("u-late.mp4", ["-i", "plain.mp4", "-itsoffset", "2", "-i", "plain.mp4", "-map", "0:v", "-map", "1:a", "-c", "copy"].to_vec()),
        ("u-low.mp4", ["-i", "plain.mp4", "-c:v", "copy", "-c:a", "aac", "-ar", "22050"].to_vec()),
    ];
    let mut left = 0;
    for (name, arguments) in cases {
        let Some(path) = clips.make(name, &arguments) else { continue };
        assert_eq!(read(&path), None, "{name}");
        clips.probe(&path);
        left += 1;
    }
    assert!(left >= 10, "only {left} recordings could be made");
}

/// Compares where the reader has a say; whether it had one.
fn compared(clips: &Clips, path: &Path, what: &str) -> bool {
    let Some(read) = read(path) else { return false };
    match clips.decoder.ffprobe(path, &Limits::default()) {
        Ok(mut asked) => {
            // Damaged packets can hide from ffprobe's decoder what the headers say; nothing is made of these three.
            if let (Some(asked), Some(read)) = (&mut asked.video, &read.video) {
                asked.pixel_format.clone_from(&read.pixel_format);
            }
            if let (Some(asked), Some(read)) = (&mut asked.audio, &read.audio) {
                (asked.sample_rate, asked.channels) = (read.sample_rate, read.channels);
            }
            clips.assert_same(&read, &asked, what);
        }
        Err(error) => panic!("{what}: ffprobe says {error:?}"),
    }
    true
}

#[test]
fn cut_recordings_are_never_read_otherwise_than_by_ffprobe() {
    let Some(clips) = clips() else { return };
    for name in ["plain.mp4", "live.webm", "o2-fast.mp4", "o2-index.webm"] {
        let path = match name {
            "plain.mp4" => Some(clips.plain.clone()),
            "live.webm" => Some(clips.webm.clone()),
            "o2-fast.mp4" => clips.make(name, &["-i", "plain.mp4", "-t", "1", "-c", "copy", "-movflags", "+faststart"]),
            _ => clips.make(name, &["-i", "live.webm", "-t", "1", "-c", "copy"]),
        };
        let Some(path) = path else { return };
        let whole = std::fs::read(&path).unwrap();
        assert!(read(&path).is_some(), "{name}");
        let cut = clips.path(&format!("cut-{name}"));
        std::fs::write(&cut, &whole).unwrap();
        let file = std::fs::File::options().write(true).open(&cut).unwrap();
        // Every length near both ends and every 61st between, from long to short.
        let lengths = (0..whole.len()).filter(|&length| length < 1500 || length + 1500 > whole.len() || length.is_multiple_of(61));
        let mut told = 0;
        for length in lengths.rev() {
            file.set_len(length as u64).unwrap();
            if read(&cut).is_some() {
                // Only a live recording may end after any of its packets.
                assert!(name == "live.webm", "{name}, {length} bytes");
                told += 1;
                if told <= COMPARED * thorough() {
                    compared(clips, &cut, &format!("{name}, {length} bytes"));
                }
            }
        }
        let longer = [&whole[..], b"more of it"].concat();
        std::fs::write(&cut, longer).unwrap();
        assert_eq!(read(&cut), None, "{name} with a tail");
    }
}

#[test]
fn damaged_recordings_are_never_read_otherwise_than_by_ffprobe() {
    let Some(clips) = clips() else { return };
    for (number, from) in ["plain.mp4", "live.webm"].into_iter().enumerate() {
        let name = format!("damaged-{from}");
        let Some(path) = clips.make(&format!("short-{from}"), &["-i", from, "-t", "1.5", "-c", "copy"]) else { return };
        let whole = std::fs::read(&path).unwrap();
        let index = whole.windows(4).position(|kind| kind == b"moov").unwrap_or(0);
        let damaged = clips.path(&name);
        let mut rng = ChaCha8Rng::seed_from_u64(number as u64);
        let (mut told, mut silent) = (0, 0);
        for round in 0..600 * thorough() {
            let mut bytes = whole.clone();
            for _ in 0..rng.random_range(1..=6) {
                // Mostly where the numbers stand: the index of MP4, the beginning of WebM; sometimes anywhere.
                let at = match rng.random_range(0..4) {
                    0 => rng.random_range(0..bytes.len()),
                    _ if index > 0 => rng.random_range(index..bytes.len()),
                    _ => rng.random_range(0..bytes.len().min(800)),
                };
                bytes[at] = match rng.random_range(0..3) {
                    0 => rng.random(),
                    1 => bytes[at] ^ (1 << rng.random_range(0..8)),
                    _ => [0, 1, 0x7f, 0x80, 0xff][rng.random_range(0..5)],
                };
            }
            std::fs::write(&damaged, &bytes).unwrap();
            if read(&damaged).is_none() {
                silent += 1;
            } else {
                told += 1;
                if told <= COMPARED * thorough() {
                    compared(clips, &damaged, &format!("{name}, round {round}"));
                }
            }
        }
        assert!(silent > 100 && told > 0, "{name}: {silent} left to ffprobe, {told} read");
    }
}

#[test]
fn limits_hold_before_anything_is_read() {
    let Some(clips) = clips() else { return };
    for path in [&clips.plain, &clips.webm] {
        let limited = |limits: Limits| Probe::read(path, &limits);
        assert!(limited(Limits::default()).is_some());
        assert!(limited(Limits { frames: 100, ..Limits::default() }).is_none());
        assert!(limited(Limits { streams: 1, ..Limits::default() }).is_none());
        assert!(limited(Limits { pixels_side: 300, ..Limits::default() }).is_none());
        assert!(limited(Limits { bytes: 1000, ..Limits::default() }).is_none());
        assert!(limited(Limits { seconds: 4.0, ..Limits::default() }).is_some_and(|probe| probe.is_err()));
    }
}

/// An element of Matroska with a size of eight bytes.
fn element(id: &[u8], body: &[u8]) -> Vec<u8> {
    let size = (1_u64 << 56 | body.len() as u64).to_be_bytes();
    [id, &size, body].concat()
}

fn boxed(kind: &str, body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind.as_bytes(), body].concat()
}

/// Files that are all parts of no meaning, as many as fit: what is kept of each, or compared with each, is what an attacker chooses.
#[test]
fn a_file_of_nothing_but_padding_is_left_to_ffprobe_at_once() {
    const MEGABYTES: usize = 15 << 20;
    let (void, checksum) = ([0xec, 0x80], [0xbf, 0x80]);
    let ebml = element(&[0x1a, 0x45, 0xdf, 0xa3], &element(&[0x42, 0x82], b"webm"));
    let webm = |segment: &[u8]| [ebml.clone(), element(&[0x18, 0x53, 0x80, 0x67], segment)].concat();
    let information = element(&[0x15, 0x49, 0xa9, 0x66], &[]);
    let tracks = |body: &[u8]| element(&[0x16, 0x54, 0xae, 0x6b], body);
    let entry = |body: &[u8]| element(&[0xae], body);
    let cluster = |body: &[u8]| element(&[0x1f, 0x43, 0xb6, 0x75], body);
    let pads = void.repeat(MEGABYTES / 2);
    // As many entries as a track may have children, each of another kind of nonsense.
    let colours = element(&[0xe0], &element(&[0x55, 0xb0], &[]).repeat(MEGABYTES / 11));
    let moov = |body: &[u8]| [boxed("ftyp", b"isom"), boxed("moov", body)].concat();
    let cases: [(&str, Vec<u8>); 10] = [
        ("header.webm", [element(&[0x1a, 0x45, 0xdf, 0xa3], &void.repeat(500)), pads.clone()].concat()),
        ("segment.webm", webm(&pads)),
        ("segment-checksums.webm", webm(&checksum.repeat(MEGABYTES / 2))),
        ("information.webm", webm(&element(&[0x15, 0x49, 0xa9, 0x66], &pads))),
        ("tracks.webm", webm(&[information.clone(), tracks(&pads)].concat())),
        ("track.webm", webm(&[information.clone(), tracks(&entry(&pads))].concat())),
        ("track-checksums.webm", webm(&[information.clone(), tracks(&entry(&checksum.repeat(MEGABYTES / 2)))].concat())),
        ("colours.webm", webm(&[information.clone(), tracks(&entry(&colours))].concat())),
        ("cluster.webm", webm(&[information, tracks(&[]), cluster(&pads)].concat())),
        ("index.mp4", moov(&boxed("free", &[]).repeat(MEGABYTES / 8))),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in cases {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let before = std::time::Instant::now();
        assert_eq!(read(&path), None, "{name}");
        let took = before.elapsed();
        assert!(took < std::time::Duration::from_secs(1), "{name}: {took:?}");
    }
}

/// A tool for the eye: what share of a folder of recordings is read without ffprobe.
#[test]
#[ignore = "needs a folder of recordings, EVENHAND_RECORDINGS"]
fn a_folder_of_recordings_agrees() {
    let (Some(clips), Some(folder)) = (clips(), std::env::var_os("EVENHAND_RECORDINGS")) else { return };
    let (mut own, mut all) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all += 1;
        own += usize::from(read(&path).is_some() && compared(clips, &path, &path.display().to_string()));
    }
    println!("{own} of {all} recordings read by ourselves, all as ffprobe tells them");
}
