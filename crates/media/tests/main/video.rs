//! Recordings of every kind that platforms, phones and attackers hand in.

use std::path::Path;

use evenhand_media::video::segments::draw;
use evenhand_media::video::{Decoder, Limits, Probe, Shown, Wanted};
use evenhand_media::{Failure, MediaError, Reason, StepError};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::clips::{FRAMES, HEIGHT, RATE, WIDTH, blue, clips, colour, number, onsets, red, refused};

/// Seconds within which a click has to be found: half a frame, and the encoder's delay of 21.3 ms, which some containers cannot tell.
const ALIGNED: f64 = 0.025;

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} instead of {expected}");
}

fn assert_clicks(samples: &[i16], expected: &[f64]) {
    let found = onsets(samples);
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (&found, &expected) in found.iter().zip(expected) {
        near(found, expected, ALIGNED);
    }
}

/// Thirty places of a clip, drawn as the extraction does it.
fn thirty(timeline: &[f64], duration: f64) -> Vec<usize> {
    draw(timeline, duration, 30, 1, &mut ChaCha8Rng::seed_from_u64(5)).unwrap()
}

fn reason_of(path: &Path) -> Option<Reason> {
    let clips = clips()?;
    let reason = refused(clips.decoder.probe(path, &Limits::default())).reason;
    assert_eq!(reason, refused(clips.decoder.ffprobe(path, &Limits::default())).reason);
    Some(reason)
}

#[test]
fn a_plain_recording_comes_back_frame_by_frame() {
    let Some(clips) = clips() else { return };
    let probe = clips.probe(&clips.plain);
    let video = probe.video.as_ref().unwrap();
    assert_eq!((video.width as usize, video.height as usize, video.pts.len()), (WIDTH, HEIGHT, FRAMES));
    assert_eq!((video.codec.as_str(), video.pixel_format.as_str(), video.rotation), ("h264", "yuv420p", 0.0));
    near(video.duration, 5.0, 1e-9);
    near(probe.duration, 5.0, 0.05);
    // Every frame, asked for backwards: the picture belongs to its time, and so does its place in the answer.
    let places: Vec<usize> = (0..FRAMES).rev().collect();
    assert_eq!(clips.numbers(&clips.plain, &probe, &places), places);
    let timeline = probe.timeline();
    for (place, time) in timeline.iter().enumerate() {
        near(*time, place as f64 / RATE as f64, 1e-9);
    }
    let samples = clips.audio(&clips.plain, &probe);
    near(samples.len() as f64 / 16_000.0, 5.0, 0.05);
    assert_clicks(&samples, &[1.0, 3.0]);
}

#[test]
fn colours_and_sides_are_right() {
    let Some(clips) = clips() else { return };
    let probe = clips.probe(&clips.plain);
    let (pictures, decoded) = clips.pictures(&clips.plain, &probe, &[3, 3, 90], 480);
    assert_eq!(decoded, 2);
    assert_eq!(pictures[0], pictures[1]);
    for picture in &pictures {
        assert_eq!((picture.width, picture.height), (WIDTH, HEIGHT), "never scaled up");
        assert!(red(colour(picture, 2, 3)), "{:?}", colour(picture, 2, 3));
        assert!(blue(colour(picture, 13, 3)), "{:?}", colour(picture, 13, 3));
    }
}

#[test]
fn colours_are_those_of_ffmpegs_own_conversion() {
    let Some(clips) = clips() else { return };
    let x264 = ["-c:v", "libx264", "-crf", "20"];
    let vp9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "2M"];
    let cases: [(&str, &str, Vec<&str>); 9] = [
        ("c-untold.mp4", "322x242", x264.to_vec()),
        ("c-bt709.mp4", "320x240", [&x264[..], &["-colorspace", "bt709", "-color_range", "tv"]].concat()),
        ("c-smpte170m.mp4", "320x240", [&x264[..], &["-colorspace", "smpte170m"]].concat()),
        ("c-smpte240m.mp4", "320x240", [&x264[..], &["-colorspace", "smpte240m"]].concat()),
        ("c-fcc.mp4", "320x240", [&x264[..], &["-colorspace", "fcc"]].concat()),
        ("c-bt2020.mp4", "320x240", [&x264[..], &["-colorspace", "bt2020nc"]].concat()),
        ("c-full.webm", "320x240", [&vp9[..], &["-colorspace", "bt709", "-color_range", "pc"]].concat()),
        ("c-odd.webm", "321x241", vp9.to_vec()),
        ("c-vp8.webm", "161x99", vec!["-c:v", "libvpx", "-b:v", "1M"]),
    ];
    for (name, size, options) in cases {
        // Saturated, sharp edges everywhere: what differs between conversions differs here.
        let source = format!("testsrc2=s={size}:r=5:d=1.2");
        let input = ["-f", "lavfi", "-i", &source, "-pix_fmt", "yuv420p"];
        let Some(path) = clips.make(name, &[&input[..], &options].concat()) else { continue };
        let probe = clips.probe(&path);
        let places: Vec<usize> = (0..probe.timeline().len()).collect();
        let (pictures, _) = clips.pictures(&path, &probe, &places, 480);
        let filter = "scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact,format=rgb24";
        let output = std::process::Command::new("ffmpeg")
            .args(["-v", "error", "-i"])
            .arg(&path)
            .args(["-vf", filter, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
            .output()
            .unwrap();
        let ours: Vec<u8> = pictures.iter().flat_map(|picture| picture.pixels.iter().copied()).collect();
        assert_eq!(ours.len(), output.stdout.len(), "{name}");
        let (width, height) = (pictures[0].width, pictures[0].height);
        let (mut inside, mut border, mut sum) = (0, 0, 0);
        for (at, (&ours, &theirs)) in ours.iter().zip(&output.stdout).enumerate() {
            let (x, y) = (at / 3 % width, at / 3 / width % height);
            let difference = ours.abs_diff(theirs);
            // The third row and column of ffmpeg's scaler have weights that do not follow from its filter.
            let largest = if x == 2 || y == 2 { &mut border } else { &mut inside };
            *largest = difference.max(*largest);
            sum += u64::from(difference);
        }
        let mean = sum as f64 / ours.len() as f64;
        println!("{name}: largest difference {inside} of 255, in the third row and column {border}, mean {mean:.4}");
        assert!(inside <= 1 && border <= 12 && mean < 0.02, "{name}: {inside}, {border}, {mean}");
    }
}

#[test]
fn pictures_of_other_formats_are_converted_too() {
    let Some(clips) = clips() else { return };
    for (name, format) in [("f-full.mp4", "yuvj420p"), ("f-444.mp4", "yuv444p"), ("f-ten.mp4", "yuv420p10le")] {
        let arguments = ["-i", "plain.mp4", "-t", "1", "-vf", "scale=out_range=tv", "-c:v", "libx264", "-crf", "18", "-pix_fmt", format];
        let Some(path) = clips.make(name, &arguments) else { continue };
        let probe = clips.probe(&path);
        assert_eq!(probe.video.as_ref().unwrap().pixel_format, format);
        let (pictures, _) = clips.pictures(&path, &probe, &[11], 480);
        assert!(red(colour(&pictures[0], 2, 3)) && blue(colour(&pictures[0], 13, 3)), "{name}");
        assert_eq!(number(&pictures[0]), 11);
    }
}

#[test]
fn the_short_side_is_scaled_down() {
    let Some(clips) = clips() else { return };
    let probe = clips.probe(&clips.plain);
    let (pictures, _) = clips.pictures(&clips.plain, &probe, &[100], 96);
    assert_eq!((pictures[0].width, pictures[0].height), (128, 96));
    assert_eq!(number(&pictures[0]), 100);
}

#[test]
fn the_same_call_gives_the_same_bytes() {
    let Some(clips) = clips() else { return };
    for path in [&clips.plain, &clips.webm] {
        let probe = clips.probe(path);
        assert_eq!(probe, clips.probe(path));
        let places = thirty(&probe.timeline(), probe.duration);
        assert_eq!(clips.pictures(path, &probe, &places, 100).0, clips.pictures(path, &probe, &places, 100).0);
        assert_eq!(clips.audio(path, &probe), clips.audio(path, &probe));
    }
}

#[test]
fn case_01_a_browser_recording_without_duration_and_index() {
    let Some(clips) = clips() else { return };
    let probe = clips.probe(&clips.webm);
    let video = probe.video.as_ref().unwrap();
    assert_eq!((video.codec.as_str(), video.pts.len()), ("vp8", FRAMES));
    assert_eq!(probe.audio.as_ref().unwrap().codec, "opus");
    near(video.duration, 5.0, ALIGNED);
    let places = thirty(&probe.timeline(), video.duration);
    assert_eq!(clips.numbers(&clips.webm, &probe, &places), places);
    assert_clicks(&clips.audio(&clips.webm, &probe), &[1.0, 3.0]);
}

#[test]
fn case_02_a_varying_frame_rate() {
    let Some(clips) = clips() else { return };
    let filter = "select='not(between(t\\,2\\,3))*not(mod(n\\,3))+between(t\\,4\\,5)'";
    let Some(path) =
        clips.make("vfr.mp4", &["-i", "plain.mp4", "-vf", filter, "-fps_mode", "vfr", "-c:v", "libx264", "-crf", "18", "-c:a", "copy"])
    else {
        return;
    };
    let expected: Vec<usize> = (0..FRAMES).filter(|n| (n % 3 == 0 && !(50..=75).contains(n)) || *n >= 100).collect();
    let probe = clips.probe(&path);
    let video = probe.video.as_ref().unwrap();
    assert_eq!(video.pts.len(), expected.len());
    let all: Vec<usize> = (0..expected.len()).collect();
    assert_eq!(clips.numbers(&path, &probe, &all), expected);
    // In the frozen second every segment shows the frame that stood on the screen.
    let timeline = probe.timeline();
    let chosen = draw(&timeline, 5.0, 30, 1, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
    let shown = clips.numbers(&path, &probe, &chosen);
    assert_eq!(shown[13..18], [48; 5]);
    for (i, &number) in shown.iter().enumerate() {
        assert!(number as f64 / 25.0 < (i as f64 + 1.0) / 6.0 + 1e-9, "segment {i} shows frame {number} of its future");
    }
}

#[test]
fn case_03_a_rotated_phone_recording() {
    let Some(clips) = clips() else { return };
    // From version 6 on the rotation is an option of the input, before it was metadata.
    let older = || clips.make("rotated.mp4", &["-i", "plain.mp4", "-c", "copy", "-metadata:s:v:0", "rotate=270"]);
    let newer = clips.make("rotated.mp4", &["-display_rotation", "90", "-i", "plain.mp4", "-c", "copy"]);
    let Some(path) = newer.or_else(older) else { return };
    let probe = clips.probe(&path);
    let video = probe.video.as_ref().unwrap();
    assert_eq!((video.width as usize, video.height as usize), (HEIGHT, WIDTH));
    near(video.rotation.abs(), 90.0, 1e-9);
    let (pictures, _) = clips.pictures(&path, &probe, &[9], 480);
    assert_eq!((pictures[0].width, pictures[0].height), (HEIGHT, WIDTH));
    // The red left of the upper half and the blue right of it now stand one above the other, on one side.
    let corners = [(2, 2), (13, 2), (2, 13), (13, 13)].map(|(column, row)| colour(&pictures[0], column, row));
    assert_eq!(corners.iter().filter(|&&c| red(c)).count(), 1, "{corners:?}");
    assert_eq!(corners.iter().filter(|&&c| blue(c)).count(), 1, "{corners:?}");
    let one_above_the_other = |a: usize, b: usize| (red(corners[a]) && blue(corners[b])) || (blue(corners[a]) && red(corners[b]));
    assert!(one_above_the_other(0, 2) || one_above_the_other(1, 3), "{corners:?}");
}

#[test]
fn case_04_a_fragmented_recording_whole_and_cut_off() {
    let Some(clips) = clips() else { return };
    let flags = [
        "-i",
        "plain.mp4",
        "-c:v",
        "libx264",
        "-crf",
        "18",
        "-g",
        "25",
        "-c:a",
        "copy",
        "-movflags",
        "frag_keyframe+empty_moov+default_base_moof",
    ];
    let Some(path) = clips.make("fragmented.mp4", &flags) else { return };
    let probe = clips.probe(&path);
    assert_eq!(probe.video.as_ref().unwrap().pts.len(), FRAMES);
    assert_clicks(&clips.audio(&path, &probe), &[1.0, 3.0]);
    let cut = clips.cut(&path, 0.6, "fragmented-cut.mp4");
    let probe = clips.probe(&cut);
    let video = probe.video.as_ref().unwrap();
    assert!((40..110).contains(&video.pts.len()), "{}", video.pts.len());
    near(video.duration, video.pts.len() as f64 / 25.0, 0.1);
    let places = thirty(&probe.timeline(), video.duration);
    let shown = clips.numbers(&cut, &probe, &places);
    // The very last frame of what arrived may be damaged.
    assert_eq!(shown[..28], places[..28]);
    assert_clicks(&clips.audio(&cut, &probe)[..32_000], &[1.0]);
}

#[test]
fn case_05_a_plain_recording_that_was_cut_off() {
    let Some(clips) = clips() else { return };
    assert_eq!(reason_of(&clips.cut(&clips.plain, 0.6, "cut.mp4")), Some(Reason::IncompleteUpload));
}

#[test]
fn case_06_a_browser_recording_that_was_cut_off() {
    let Some(clips) = clips() else { return };
    let cut = clips.cut(&clips.webm, 0.6, "cut.webm");
    let probe = clips.probe(&cut);
    let video = probe.video.as_ref().unwrap();
    assert!((30..120).contains(&video.pts.len()), "{}", video.pts.len());
    let places = thirty(&probe.timeline(), video.duration);
    assert_eq!(clips.numbers(&cut, &probe, &places)[..28], places[..28]);
}

#[test]
fn case_07_random_bytes_and_text() {
    let Some(clips) = clips() else { return };
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as u8
    })
    .take(50_000)
    .collect();
    for (name, bytes) in [("noise.mp4", noise), ("letter.webm", b"Dear Sir or Madam".to_vec())] {
        let path = clips.path(name);
        std::fs::write(&path, bytes).unwrap();
        let failure = refused(clips.decoder.probe(&path, &Limits::default()));
        assert_eq!(failure.reason, Reason::NotARecording, "{name}: {failure:?}");
    }
}

#[test]
fn files_that_are_none() {
    let Some(clips) = clips() else { return };
    assert_eq!(reason_of(&clips.path("nowhere.mp4")), Some(Reason::NoSuchFile));
    assert_eq!(reason_of(clips.folder.path()), Some(Reason::NotARecording));
    let empty = clips.path("empty.mp4");
    std::fs::write(&empty, b"").unwrap();
    assert_eq!(reason_of(&empty), Some(Reason::EmptyFile));
}

#[test]
fn case_10_no_sound() {
    let Some(clips) = clips() else { return };
    let Some(path) = clips.make("mute.mp4", &["-i", "plain.mp4", "-c", "copy", "-an"]) else { return };
    let probe = clips.probe(&path);
    assert_eq!(probe.audio, None);
    near(probe.duration, 5.0, 1e-9);
    assert_eq!(refused(clips.decoder.audio(&path, &probe, &Limits::default())).reason, Reason::NoAudio);
    assert_eq!(clips.numbers(&path, &probe, &[77]), [77]);
}

#[test]
fn case_11_sound_only() {
    let Some(clips) = clips() else { return };
    for (name, from) in [("sound.m4a", "plain.mp4"), ("sound.webm", "live.webm")] {
        let Some(path) = clips.make(name, &["-i", from, "-c", "copy", "-vn"]) else { return };
        let probe = clips.probe(&path);
        assert_eq!(probe.video, None);
        assert!(probe.timeline().is_empty());
        near(probe.duration, 5.0, 0.06);
        assert_clicks(&clips.audio(&path, &probe), &[1.0, 3.0]);
        let frames = clips.decoder.frames(&path, &probe, &Wanted::pictures(&[0], 480), &Limits::default(), &mut |_| Ok(()));
        assert_eq!(refused(frames).reason, Reason::NoVideo);
    }
}

#[test]
fn case_12_sound_that_starts_late() {
    let Some(clips) = clips() else { return };
    for name in ["late.mp4", "late.mkv"] {
        let arguments = ["-i", "plain.mp4", "-itsoffset", "2", "-i", "plain.mp4", "-map", "0:v", "-map", "1:a", "-c", "copy"];
        let Some(path) = clips.make(name, &arguments) else { return };
        let probe = clips.probe(&path);
        let audio = probe.audio.as_ref().unwrap();
        near(audio.start, 2.0, 0.03);
        near(audio.end, 7.0, 0.06);
        near(probe.video.as_ref().unwrap().duration, 5.0, 1e-3);
        let samples = clips.audio(&path, &probe);
        near(samples.len() as f64 / 16_000.0, 7.0, 0.06);
        assert_clicks(&samples, &[3.0, 5.0]);
    }
}

#[test]
fn pictures_that_start_late() {
    let Some(clips) = clips() else { return };
    let arguments = ["-i", "plain.mp4", "-itsoffset", "2", "-i", "plain.mp4", "-map", "1:v", "-map", "0:a", "-c", "copy"];
    let Some(path) = clips.make("late-pictures.mkv", &arguments) else { return };
    let probe = clips.probe(&path);
    near(probe.timeline()[10], 2.4, ALIGNED);
    near(probe.duration, 7.0, ALIGNED);
    assert_eq!(clips.numbers(&path, &probe, &[0, 10]), [0, 10]);
    assert_clicks(&clips.audio(&path, &probe), &[1.0, 3.0]);
}

#[test]
fn time_stamps_that_do_not_start_at_zero() {
    let Some(clips) = clips() else { return };
    let Some(path) = clips.make("offset.mkv", &["-i", "plain.mp4", "-c", "copy", "-output_ts_offset", "1000"]) else { return };
    let probe = clips.probe(&path);
    near(probe.start, 1000.0, 0.1);
    near(probe.duration, 5.0, 0.1);
    assert_eq!(clips.numbers(&path, &probe, &[0, 60, 124]), [0, 60, 124]);
    let click = onsets(&clips.audio(&path, &probe))[0];
    // The click and the frame at one second stay together.
    near(click, probe.timeline()[25], ALIGNED);
}

#[test]
fn case_13_cover_pictures_are_no_video() {
    let Some(clips) = clips() else { return };
    for (cover, codec) in [("cover.png", "png"), ("cover.jpg", "mjpeg")] {
        let Some(_) = clips.make(cover, &["-i", "plain.mp4", "-frames:v", "1", "-vf", "scale=64:64", "-update", "1"]) else { return };
        let name = format!("with-{codec}.mp4");
        let arguments =
            ["-i", cover, "-i", "plain.mp4", "-map", "0:v", "-map", "1", "-c", "copy", "-c:v:0", codec, "-disposition:v:0", "attached_pic"];
        let Some(path) = clips.make(&name, &arguments) else { return };
        let probe = clips.probe(&path);
        let video = probe.video.as_ref().unwrap();
        assert_eq!((video.codec.as_str(), video.width as usize, video.pts.len()), ("h264", WIDTH, FRAMES));
        assert_eq!(clips.numbers(&path, &probe, &[31]), [31]);
        let Some(path) = clips.make(
            &format!("only-{codec}.m4a"),
            &["-i", &name, "-map", "0:a", "-map", "0:v:1", "-c", "copy", "-disposition:v:0", "attached_pic"],
        ) else {
            return;
        };
        assert_eq!(clips.probe(&path).video, None, "a song with a cover");
    }
}

#[test]
fn subtitles_do_not_matter() {
    let Some(clips) = clips() else { return };
    std::fs::write(clips.path("words.srt"), "1\n00:00:00,000 --> 00:00:02,000\nhello\n").unwrap();
    let Some(path) =
        clips.make("words.mp4", &["-i", "plain.mp4", "-i", "words.srt", "-map", "0", "-map", "1", "-c", "copy", "-c:s", "mov_text"])
    else {
        return;
    };
    assert_eq!(clips.numbers(&path, &clips.probe(&path), &[64]), [64]);
}

#[test]
fn case_14_names_that_look_like_something_else() {
    let Some(clips) = clips() else { return };
    let folder = clips.path("names");
    std::fs::create_dir(&folder).unwrap();
    for name in ["-x.mp4", "a:b%d.mp4", "http:1.mp4", "concat:a|b.mp4", "with space 'quote'.mp4", "면접.mp4"] {
        let path = folder.join(name);
        std::fs::copy(&clips.plain, &path).unwrap();
        let probe = clips.probe(&path);
        assert_eq!(clips.numbers(&path, &probe, &[12]), [12], "{name}");
        assert_eq!(clips.audio(&path, &probe).len(), clips.audio(&clips.plain, &probe).len(), "{name}");
    }
}

#[test]
fn case_15_too_many_pixels() {
    let Some(clips) = clips() else { return };
    let source = ["-f", "lavfi", "-i", "color=s=8192x8192:r=5:d=0.4", "-c:v", "libx264", "-preset", "ultrafast"];
    let Some(path) = clips.make("huge.mp4", &source) else { return };
    assert_eq!(reason_of(&path), Some(Reason::TooManyPixels));
    let narrow = Limits { pixels_side: 300, ..Limits::default() };
    assert_eq!(refused(clips.decoder.probe(&clips.plain, &narrow)).reason, Reason::TooManyPixels);
}

#[test]
fn an_encrypted_recording_is_refused() {
    let Some(clips) = clips() else { return };
    let key = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb", "-encryption_kid"];
    let copy = ["-i", "plain.mp4", "-c", "copy"];
    let arguments: Vec<&str> = copy.into_iter().chain(key).chain(["a7e61c373e219033c21091fa607bf3b8"]).collect();
    let Some(path) = clips.make("locked.mp4", &arguments) else { return };
    assert_eq!(reason_of(&path), Some(Reason::Encrypted));
}

#[test]
fn an_encrypted_track_of_matroska_is_refused() {
    let Some(clips) = clips() else { return };
    // The first child of the first track is put behind a description of how its blocks are undone: what a key undoes, and what zlib does.
    let whole = std::fs::read(&clips.webm).unwrap();
    // The first place names them in the index of the file.
    let places = whole.windows(4).enumerate().filter(|(_, id)| *id == [0x16, 0x54, 0xae, 0x6b]);
    let tracks = places.map(|(place, _)| place + 4).nth(1).unwrap();
    let size = |at: usize| {
        let length = whole[at].leading_zeros() as usize + 1;
        let value = whole[at..at + length].iter().fold(0_usize, |value, &byte| value << 8 | usize::from(byte));
        (length, value & ((1 << (7 * length)) - 1))
    };
    let wide = |value: usize| [&[0x01][..], &(value as u64).to_be_bytes()[1..]].concat();
    let (tracks_length, tracks_size) = size(tracks);
    let track = tracks + tracks_length;
    assert_eq!(whole[track], 0xae);
    let (track_length, track_size) = size(track + 1);
    let body = track + 1 + track_length;
    for (name, encoding, expected) in [
        ("locked.webm", &[0x50, 0x31, 0x81, 0, 0x50, 0x33, 0x81, 1, 0x50, 0x35, 0x84, 0x47, 0xe1, 0x81, 5][..], true),
        ("packed.webm", &[0x50, 0x31, 0x81, 0, 0x50, 0x33, 0x81, 0, 0x50, 0x34, 0x84, 0x42, 0x54, 0x81, 0], false),
    ] {
        let inner = [&[0x62, 0x40, 0x80 | encoding.len() as u8][..], encoding].concat();
        let added = [&[0x6d, 0x80, 0x80 | inner.len() as u8][..], &inner].concat();
        let entry = [&[0xae][..], &wide(track_size + added.len()), &added, &whole[body..body + track_size]].concat();
        let others = &whole[body + track_size..track + tracks_size];
        let bytes = [&whole[..tracks], &wide(entry.len() + others.len()), &entry, others, &whole[track + tracks_size..]].concat();
        let path = clips.path(name);
        std::fs::write(&path, bytes).unwrap();
        let found = clips.decoder.probe(&path, &Limits::default());
        let refused = matches!(&found, Err(StepError::Recording(failure)) if failure.reason == Reason::Encrypted);
        assert_eq!(refused, expected, "{name}: {found:?}");
    }
}

#[test]
fn a_recording_of_which_most_does_not_decode_has_no_pictures() {
    let Some(clips) = clips() else { return };
    let Some(path) = clips.make("keys.mp4", &["-i", "plain.mp4", "-an", "-c:v", "libx264", "-crf", "18", "-g", "1"]) else { return };
    let whole = std::fs::read(&path).unwrap();
    let content = whole.windows(4).position(|kind| kind == b"mdat").unwrap() + 4;
    let end = whole.windows(4).position(|kind| kind == b"moov").filter(|moov| *moov > content).unwrap_or(whole.len());
    let damaged = |share: f64| {
        let mut bytes = whole.clone();
        // From behind the first frame on, so that a decoder begins.
        let from = content + (end - content) / 10;
        let to = from + ((end - content) as f64 * share) as usize;
        bytes[from..to.min(end - 8)].fill(0xA5);
        let path = clips.path("mostly.mp4");
        std::fs::write(&path, bytes).unwrap();
        let probe = clips.probe(&path);
        let pts = &probe.video.as_ref().unwrap().pts;
        clips.decoder.frames(&path, &probe, &Wanted::pictures(&pts[..], 480), &Limits::default(), &mut |_| Ok(()))
    };
    let few = damaged(0.3).unwrap();
    assert!(few.decoded < few.asked && 2 * few.decoded >= few.asked, "{few:?}");
    let failure = refused(damaged(0.8));
    assert_eq!(failure.reason, Reason::DecodeFailed);
    assert!(failure.detail.contains("of the 125 frames looked for could be decoded: "), "{failure}");
}

#[test]
fn case_16_fewer_than_thirty_frames() {
    let Some(clips) = clips() else { return };
    for (count, seconds) in [(12, 0.48), (1, 0.04)] {
        let Some(path) = clips.make(
            &format!("short-{count}.mp4"),
            &["-i", "plain.mp4", "-an", "-frames:v", &count.to_string(), "-c:v", "libx264", "-crf", "18"],
        ) else {
            return;
        };
        let probe = clips.probe(&path);
        near(probe.duration, seconds, 1e-3);
        let places = thirty(&probe.timeline(), probe.duration);
        assert_eq!(clips.numbers(&path, &probe, &places), places);
        assert_eq!(places.len(), 30);
    }
}

#[test]
fn case_17_silence_is_sound() {
    let Some(clips) = clips() else { return };
    let Some(path) = clips.make(
        "silent.mp4",
        &[
            "-i",
            "plain.mp4",
            "-f",
            "lavfi",
            "-i",
            "anullsrc=r=48000:cl=mono",
            "-map",
            "0:v",
            "-map",
            "1:a",
            "-c:v",
            "copy",
            "-c:a",
            "aac",
            "-t",
            "5",
        ],
    ) else {
        return;
    };
    let samples = clips.audio(&path, &clips.probe(&path));
    near(samples.len() as f64 / 16_000.0, 5.0, 0.05);
    assert!(samples.iter().all(|&sample| sample == 0));
}

#[test]
fn case_18_stereo_is_averaged() {
    let Some(clips) = clips() else { return };
    let source = "aevalsrc=0.5*sin(440*2*PI*t)|0:s=44100:d=3";
    let arguments =
        ["-i", "plain.mp4", "-f", "lavfi", "-i", source, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "pcm_s16le", "-shortest"];
    let Some(path) = clips.make("stereo.mkv", &arguments) else { return };
    let probe = clips.probe(&path);
    let audio = probe.audio.as_ref().unwrap();
    assert_eq!((audio.sample_rate, audio.channels, audio.codec.as_str()), (44_100, 2, "pcm_s16le"));
    let samples = clips.audio(&path, &probe);
    let middle = &samples[8000..24_000];
    let peak = f64::from(middle.iter().map(|sample| sample.unsigned_abs()).max().unwrap());
    near(peak, 0.25 * 32_768.0, 30.0);
    let rises = middle.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
    assert!((439..=441).contains(&rises), "{rises} periods a second");
}

#[test]
fn case_20_two_people_side_by_side() {
    let Some(clips) = clips() else { return };
    let Some(path) = clips.make(
        "two.mp4",
        &["-i", "plain.mp4", "-filter_complex", "[0:v]split[a][b];[a][b]hstack", "-t", "1", "-c:v", "libx264", "-crf", "18"],
    ) else {
        return;
    };
    let probe = clips.probe(&path);
    let (pictures, _) = clips.pictures(&path, &probe, &[7], 480);
    assert_eq!((pictures[0].width, pictures[0].height), (2 * WIDTH, HEIGHT));
    assert!(
        red(colour(&pictures[0], 1, 3))
            && blue(colour(&pictures[0], 6, 3))
            && red(colour(&pictures[0], 9, 3))
            && blue(colour(&pictures[0], 14, 3))
    );
}

#[test]
fn pixels_that_are_not_square_are_made_square() {
    let Some(clips) = clips() else { return };
    let Some(path) = clips.make("wide.mp4", &["-i", "plain.mp4", "-vf", "setsar=4/3", "-t", "1", "-c:v", "libx264", "-crf", "18"]) else {
        return;
    };
    let probe = clips.probe(&path);
    near(probe.video.as_ref().unwrap().pixel_aspect, 4.0 / 3.0, 1e-9);
    let (pictures, _) = clips.pictures(&path, &probe, &[7], 480);
    assert_eq!((pictures[0].width, pictures[0].height), (427, 240));
    assert_eq!(number(&pictures[0]), 7);
}

#[test]
fn frames_that_do_not_decode_are_filled_and_counted() {
    let Some(clips) = clips() else { return };
    let probe = clips.probe(&clips.plain);
    let pts = &probe.video.as_ref().unwrap().pts;
    // Times between two frames exist in no packet; before the first and after the last neither.
    let wanted = [pts[50] + 1, pts[0] - 5, pts[50], pts[124] + 9, pts[51]];
    let mut shown = vec![None; wanted.len()];
    let decoded = clips
        .decoder
        .frames(&clips.plain, &probe, &Wanted::pictures(&wanted, 480), &Limits::default(), &mut |Shown { position, picture, filled }| {
            shown[position] = Some((number(picture), filled));
            Ok(())
        })
        .unwrap();
    assert_eq!(shown, [(50, true), (50, true), (50, false), (51, true), (51, false)].map(Some));
    assert_eq!((decoded.asked, decoded.decoded, decoded.filled), (5, 2, vec![0, 1, 3]));
    let nothing = clips.decoder.frames(&clips.plain, &probe, &Wanted::pictures(&[pts[3] + 1], 480), &Limits::default(), &mut |_| Ok(()));
    assert_eq!(refused(nothing).reason, Reason::DecodeFailed);
}

#[test]
fn hidden_frames_of_vp8_are_not_shown() {
    let Some(clips) = clips() else { return };
    let two = |number: &str, name: &str| {
        clips.make(
            name,
            &[
                "-i",
                "plain.mp4",
                "-an",
                "-c:v",
                "libvpx",
                "-b:v",
                "300k",
                "-auto-alt-ref",
                "1",
                "-lag-in-frames",
                "16",
                "-pass",
                number,
                "-passlogfile",
                "alt",
            ],
        )
    };
    let (Some(_), Some(path)) = (two("1", "pass.webm"), two("2", "hidden.webm")) else { return };
    let probe = clips.probe(&path);
    let timeline = probe.timeline();
    let all: Vec<usize> = (0..timeline.len()).collect();
    let (pictures, decoded) = clips.pictures(&path, &probe, &all, 480);
    assert_eq!(pictures.len(), timeline.len());
    assert!(decoded <= timeline.len());
    // The encoder did hide some: there are more packets than frames to show.
    let count = ["-v", "error", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "default=nw=1:nk=1"];
    let counted = std::process::Command::new("ffprobe").args(count).arg(&path).output().unwrap().stdout;
    let packets: usize = String::from_utf8(counted).unwrap().trim().parse().unwrap();
    assert!(packets > timeline.len() && timeline.len() == FRAMES, "{packets} packets, {} frames", timeline.len());
    for (picture, time) in pictures.iter().zip(&timeline) {
        near(number(picture) as f64 / 25.0, *time, 0.041);
    }
}

#[test]
fn refused_formats_and_codecs() {
    let Some(clips) = clips() else { return };
    for (name, arguments, expected) in [
        ("plain.avi", &["-i", "plain.mp4", "-c", "copy"][..], Reason::FormatRefused),
        ("plain.ts", &["-i", "plain.mp4", "-c", "copy"], Reason::FormatRefused),
        ("ffv1.mkv", &["-i", "plain.mp4", "-t", "0.5", "-c:v", "ffv1", "-c:a", "copy"], Reason::CodecRefused),
        ("flac.mkv", &["-i", "plain.mp4", "-t", "0.5", "-c:v", "copy", "-c:a", "flac"], Reason::CodecRefused),
    ] {
        let Some(path) = clips.make(name, arguments) else { return };
        let failure = refused(clips.decoder.probe(&path, &Limits::default()));
        assert_eq!(failure.reason, expected, "{failure:?}");
        assert!(!failure.detail.contains(clips.folder.path().to_str().unwrap()) && !failure.detail.contains("0x"), "{failure}");
    }
}

#[test]
fn limits_of_size_length_and_frames() {
    let Some(clips) = clips() else { return };
    let refused = |limits: Limits| {
        let failure = refused(clips.decoder.probe(&clips.plain, &limits));
        // Whoever reads the file, the words are the same.
        assert_eq!(failure, refused(clips.decoder.ffprobe(&clips.plain, &limits)));
        failure.reason
    };
    assert!(Probe::read(&clips.plain, &Limits::default()).is_some());
    assert_eq!(refused(Limits { bytes: 1000, ..Limits::default() }), Reason::TooLarge);
    assert_eq!(refused(Limits { seconds: 4.0, ..Limits::default() }), Reason::TooLong);
    assert_eq!(refused(Limits { frames: 124, ..Limits::default() }), Reason::TooLong);
    assert_eq!(refused(Limits { streams: 1, ..Limits::default() }), Reason::FormatRefused);
}

#[test]
fn the_errors_of_the_caller_come_back() {
    let Some(clips) = clips() else { return };
    let probe = clips.probe(&clips.plain);
    let pts = probe.video.as_ref().unwrap().pts.clone();
    let mut calls = 0;
    let error = clips
        .decoder
        .frames(&clips.plain, &probe, &Wanted::pictures(&pts, 480), &Limits::default(), &mut |_| {
            calls += 1;
            if calls == 3 { Err(Failure::new(Reason::ModelFailed, "x").into()) } else { Ok(()) }
        })
        .unwrap_err();
    assert!(matches!(error, StepError::Recording(failure) if failure == Failure::new(Reason::ModelFailed, "x")));
    assert_eq!(calls, 3);
}

#[test]
fn absent_programs_are_named_with_a_remedy() {
    let error = Decoder::find(Some(Path::new("/nowhere/ffmpeg")), None).unwrap_err().to_string();
    assert!(error.contains("/nowhere/ffmpeg") && error.contains("install ffmpeg"), "{error}");
    let Some(clips) = clips() else { return };
    let error = Decoder::find(Some(&clips.plain), None).unwrap_err();
    assert!(matches!(error, MediaError::Program { .. }), "{error}");
}

#[test]
fn reasons_have_stable_ids() {
    let ids: Vec<&str> = Reason::ALL.iter().map(|reason| reason.id()).collect();
    assert_eq!(
        ids,
        [
            "no-such-file",
            "empty-file",
            "not-a-recording",
            "incomplete-upload",
            "format-refused",
            "codec-refused",
            "encrypted",
            "too-large",
            "too-long",
            "too-many-pixels",
            "no-video",
            "no-audio",
            "decode-failed",
            "time-limit",
            "memory-limit",
            "not-a-file",
            "bad-pictures",
            "no-times",
            "bad-sound",
            "too-short",
            "no-face",
            "face-floor",
            "no-transcript",
            "bad-transcript",
            "recogniser-failed",
            "transcript-empty",
            "too-few-words",
            "too-many-words",
            "low-confidence",
            "no-tokens",
            "nothing-found",
            "model-failed",
        ]
    );
    assert!(Reason::ALL.iter().all(|&reason| Reason::from_id(reason.id()) == Some(reason) && reason.sentence().ends_with('.')));
}

#[test]
fn limits_outside_their_ranges_are_refused() {
    Limits::default().check().unwrap();
    for limits in [
        Limits { pixels_side: 0, ..Limits::default() },
        Limits { seconds: f64::NAN, ..Limits::default() },
        Limits { cpu_seconds: 0, ..Limits::default() },
        Limits { threads: 0, ..Limits::default() },
        Limits { address_space: 1, ..Limits::default() },
    ] {
        assert!(matches!(limits.check(), Err(MediaError::BadSetting { .. })), "{limits:?}");
    }
}
