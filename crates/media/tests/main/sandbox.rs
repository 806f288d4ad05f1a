//! What hostile recordings and misbehaving programs can do: nothing that outlives the call.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use evenhand_media::video::{Decoder, Limits, Wanted};
use evenhand_media::{Failure, MediaError, Reason, StepError};

use crate::clips::{clips, refused};

/// A program that calls itself by this name and then runs this shell text.
pub(crate) fn impostor(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\nif [ \"$1\" = -version ]; then echo '{name} version 5.1.9'; exit 0; fi\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// What probing a real recording with an impostor says, and how long it took.
fn probe_with(text: &str, limits: &Limits) -> Option<(Failure, Duration, Decoder)> {
    let clips = clips()?;
    let folder = tempfile::tempdir().unwrap();
    let ffprobe = impostor(folder.path(), "ffprobe", text);
    let decoder = Decoder::find(None, Some(&ffprobe)).unwrap();
    let start = Instant::now();
    let failure = refused(decoder.ffprobe(&clips.plain, limits));
    Some((failure, start.elapsed(), decoder))
}

fn brief() -> Limits {
    Limits { wall_seconds: 1, ..Limits::default() }
}

/// Whether a process with this word among its arguments lives.
pub(crate) fn lives(word: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
        .any(|line| line.split(|&byte| byte == 0).any(|argument| argument == word.as_bytes()))
}

#[test]
fn a_program_that_hangs_is_ended_with_its_children() {
    if !Path::new("/proc/self/cmdline").exists() {
        eprintln!("skipped: no /proc to look for processes");
        return;
    }
    let word = format!("98.{}", std::process::id());
    let seen = AtomicBool::new(false);
    let done = AtomicBool::new(false);
    let result = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                seen.fetch_or(lives(&word), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(20));
            }
        });
        let result = probe_with(&format!("sleep {word} & sleep {word} & wait"), &brief());
        done.store(true, Ordering::Relaxed);
        result
    });
    let Some((failure, time, _)) = result else { return };
    assert_eq!(failure.reason, Reason::TimeLimit);
    assert!(time < Duration::from_secs(6), "{time:?}");
    assert!(seen.load(Ordering::Relaxed), "the children were there");
    // A killed process is gone as soon as somebody has reaped it.
    let gone = (0..100).any(|_| {
        thread::sleep(Duration::from_millis(20));
        !lives(&word)
    });
    assert!(gone, "the children live on");
}

#[test]
fn children_do_not_outlive_a_program_that_ends() {
    let word = format!("97.{}", std::process::id());
    let text = format!("sleep {word} >/dev/null 2>&1 & echo 'file: Invalid data found when processing input' >&2; exit 1");
    let Some((failure, ..)) = probe_with(&text, &Limits::default()) else { return };
    assert_eq!(failure.reason, Reason::NotARecording);
    thread::sleep(Duration::from_millis(200));
    assert!(!Path::new("/proc/self/cmdline").exists() || !lives(&word));
}

#[test]
fn nobody_leaves_the_process_group() {
    let word = format!("96.{}", std::process::id());
    let text = format!("setsid sleep {word} >/dev/null 2>&1 & setsid -f sleep {word} >/dev/null 2>&1; sleep 0.3; exit 1");
    let Some((_, _, decoder)) = probe_with(&text, &Limits::default()) else { return };
    if !decoder.defences().iter().any(|defence| defence.contains("no leaving the process group")) {
        eprintln!("skipped: this kernel takes no filters");
        return;
    }
    thread::sleep(Duration::from_millis(200));
    assert!(!Path::new("/proc/self/cmdline").exists() || !lives(&word));
}

#[test]
fn a_program_that_is_gone_is_no_fact_about_the_recording() {
    let folder = tempfile::tempdir().unwrap();
    let (ffmpeg, ffprobe) = (impostor(folder.path(), "ffmpeg", "exit 1"), impostor(folder.path(), "ffprobe", "exit 1"));
    let decoder = Decoder::find(Some(&ffmpeg), Some(&ffprobe)).unwrap();
    assert_eq!(refused(decoder.ffprobe(&ffmpeg, &Limits::default())).reason, Reason::DecodeFailed);
    std::fs::remove_file(&ffprobe).unwrap();
    let error = decoder.ffprobe(&ffmpeg, &Limits::default()).unwrap_err();
    assert!(matches!(&error, StepError::Machine(MediaError::Program { .. })), "{error}");
    assert!(error.to_string().contains("could not be started") && error.to_string().contains("make room"), "{error}");
}

/// Runs one test of this binary again, alone, with this variable set, by this shell text; `$0` is the binary.
pub(crate) fn again(test: &str, variable: &str, value: &str, text: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("{text} \"$0\" --exact {test} --nocapture"));
    command.arg(std::env::current_exe().unwrap()).env(variable, value);
    command
}

#[test]
fn a_lower_limit_of_the_user_is_kept() {
    const INNER: &str = "EVENHAND_TEST_LOWER_LIMIT";
    if std::env::var_os(INNER).is_none() {
        // Nobody may raise what is set here for good.
        let status = again("sandbox::a_lower_limit_of_the_user_is_kept", INNER, "1", "ulimit -n 48; exec").output().unwrap();
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let text = "echo \"$(ulimit -n) $(ulimit -H -n)\" >&2; exit 1";
    let (ffmpeg, ffprobe) = (impostor(folder.path(), "ffmpeg", text), impostor(folder.path(), "ffprobe", text));
    let decoder = Decoder::find(Some(&ffmpeg), Some(&ffprobe)).unwrap();
    assert_eq!(refused(decoder.ffprobe(&ffmpeg, &Limits::default())).detail, "48 48");
}

#[test]
fn what_the_system_kills_names_both_causes() {
    let Some((failure, ..)) = probe_with("kill -9 $$", &Limits::default()) else { return };
    assert_eq!(failure.reason, Reason::MemoryLimit);
    assert!(failure.detail.contains("memory") && failure.detail.contains("processor time"), "{failure}");
}

#[test]
fn endless_output_is_stopped() {
    let Some((failure, time, _)) = probe_with("exec yes", &Limits { wall_seconds: 30, ..Limits::default() }) else { return };
    assert_eq!(failure.reason, Reason::TooLong);
    assert!(time < Duration::from_secs(10), "{time:?}");
}

#[test]
fn endless_messages_are_stopped() {
    let Some((failure, time, _)) = probe_with("exec yes >&2", &brief()) else { return };
    assert_eq!(failure.reason, Reason::TimeLimit);
    assert!(time < Duration::from_secs(6), "{time:?}");
}

#[test]
fn a_busy_program_runs_out_of_processor_time() {
    let Some((failure, time, _)) = probe_with("while :; do :; done", &Limits { cpu_seconds: 1, ..Limits::default() }) else { return };
    assert_eq!((failure.reason, failure.detail.as_str()), (Reason::TimeLimit, "processor time"));
    assert!(time < Duration::from_secs(30), "{time:?}");
}

#[test]
fn messages_lose_their_control_characters() {
    let Some((failure, ..)) = probe_with("printf 'a\\033[31mb\\007c\\n' >&2; exit 1", &Limits::default()) else { return };
    assert_eq!((failure.reason, failure.detail.as_str()), (Reason::DecodeFailed, "a[31mbc"));
}

#[test]
fn the_environment_the_input_and_the_folder_are_empty() {
    let text = "n=$(env | grep -c -v -E '^(PATH|LC_ALL|AV_LOG_FORCE_NOCOLOR|LD_LIBRARY_PATH|PWD|_|OLDPWD|SHLVL)='); read line && n=input; \
                for f in ./*; do [ -e \"$f\" ] && n=folder; done; echo \"found $n\" >&2; exit 1";
    let Some((failure, ..)) = probe_with(text, &Limits::default()) else { return };
    assert_eq!(failure.detail, "found 0");
}

#[test]
fn limits_of_the_system_are_in_force() {
    let Some((failure, ..)) =
        probe_with("echo \"$(ulimit -v) $(ulimit -t) $(ulimit -n) $(ulimit -c) $(ulimit -f)\" >&2; exit 1", &Limits::default())
    else {
        return;
    };
    assert_eq!(failure.detail, "1953125 60 64 0 0");
}

#[test]
fn nothing_else_can_be_read_or_written() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, target) = (folder.path().join("secret"), folder.path().join("target"));
    std::fs::write(&secret, "hunter2").unwrap();
    let text = format!(
        "cd / ; s=$(cat {0}/secret 2>/dev/null); {{ mkdir {0}/made; rm {0}/secret; echo x > {0}/target; }} 2>/dev/null; echo \"secret: $s\" >&2; exit 1",
        folder.path().display()
    );
    let Some((failure, _, decoder)) = probe_with(&text, &Limits::default()) else { return };
    if !decoder.defences().iter().any(|defence| defence.starts_with("Landlock")) {
        eprintln!("skipped: this kernel has no Landlock");
        return;
    }
    assert_eq!(failure.detail, "secret:");
    assert!(secret.exists() && !target.exists() && !folder.path().join("made").exists());
    // Without the sandbox the same text does all of it.
    let free = Command::new("sh").arg("-c").arg(&text).output().unwrap();
    assert!(String::from_utf8_lossy(&free.stderr).contains("secret: hunter2"));
    assert!(!secret.exists() && target.exists());
}

#[test]
fn no_connection_is_made() {
    if !Path::new("/bin/bash").exists() {
        eprintln!("skipped: no bash to open a connection with");
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let text = format!("bash -c 'echo > /dev/tcp/127.0.0.1/{}'", listener.local_addr().unwrap().port());
    let Some((_, _, decoder)) = probe_with(&format!("{text}; exit 1"), &Limits::default()) else { return };
    if !decoder.defences().iter().any(|defence| defence.contains("no TCP") || defence.contains("no sockets")) {
        eprintln!("skipped: this kernel cannot refuse connections");
        return;
    }
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    Command::new("sh").arg("-c").arg(&text).status().unwrap();
    assert!(listener.accept().is_ok(), "without the sandbox the connection is made");
}

/// Runs something while watching a named pipe; whether anybody opened it for reading.
fn opened(pipe: &Path, run: impl FnOnce()) -> bool {
    let (done, seen) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                // Succeeds only while a reader has it open or waits for it.
                let writer = std::fs::OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(pipe);
                seen.fetch_or(writer.is_ok(), Ordering::Relaxed);
                drop(writer);
                thread::sleep(Duration::from_millis(1));
            }
        });
        run();
        done.store(true, Ordering::Relaxed);
    });
    seen.load(Ordering::Relaxed)
}

#[test]
fn cases_08_09_playlists_in_disguise_open_nothing() {
    let Some(clips) = clips() else { return };
    let folder = clips.path("disguise");
    std::fs::create_dir(&folder).unwrap();
    let pipe = folder.join("second.ts");
    if !Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: no mkfifo");
        return;
    }
    let playlist = |target: &Path| format!("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile://{}\n#EXT-X-ENDLIST\n", target.display());
    let attack = folder.join("attack.mp4");
    std::fs::write(&attack, playlist(&pipe)).unwrap();
    let concat = folder.join("attack.webm");
    std::fs::write(&concat, "ffconcat version 1.0\nfile second.ts\n").unwrap();
    let real = clips.make("target.ts", &["-i", "plain.mp4", "-c", "copy"]);
    let second = folder.join("video.mp4");
    std::fs::write(&second, playlist(&real.unwrap())).unwrap();

    for path in [&attack, &concat, &second] {
        let touched = opened(&pipe, || {
            let failure = refused(clips.decoder.probe(path, &Limits::default()));
            assert_eq!(failure.reason, Reason::FormatRefused, "{failure:?}");
            // The decoding calls stand on their own feet: a file swapped after it was probed gets no further.
            let probe = clips.probe(&clips.plain);
            let frames =
                clips.decoder.frames(path, &probe, &Wanted::pictures(&[0], 480), &Limits::default(), &mut |_| panic!("a picture came out"));
            assert_eq!(refused(frames).reason, Reason::FormatRefused);
            assert_eq!(refused(clips.decoder.audio(path, &probe, &Limits::default())).reason, Reason::FormatRefused);
        });
        assert!(!touched, "{}", path.display());
    }
    // The watcher sees an unguarded ffprobe open the pipe (versions that refuse the name by themselves prove nothing).
    let unguarded = opened(&pipe, || {
        let mut child = Command::new("ffprobe").args(["-v", "quiet"]).arg(&attack).spawn().unwrap();
        let ended = (0..100).any(|_| {
            thread::sleep(Duration::from_millis(20));
            child.try_wait().unwrap().is_some()
        });
        if !ended {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    });
    if !unguarded {
        eprintln!("skipped: this ffprobe does not open the pipe even without guard");
    }
}

#[test]
fn a_tiny_file_of_absurd_length_is_refused() {
    let Some(clips) = clips() else { return };
    let arguments =
        ["-i", "plain.mp4", "-an", "-frames:v", "2", "-vf", "settb=1,setpts=N*1000000", "-fps_mode", "passthrough", "-c:v", "libvpx"];
    let Some(path) = clips.make("absurd.mkv", &arguments) else { return };
    assert!(std::fs::metadata(&path).unwrap().len() < 50_000);
    let failure = refused(clips.decoder.probe(&path, &Limits::default()));
    assert_eq!(failure.reason, Reason::TooLong, "{failure}");
}

/// A minute of black pictures: small to store, long to decode.
fn bomb() -> Option<PathBuf> {
    let clips = clips()?;
    let source =
        ["-f", "lavfi", "-i", "color=black:s=2048x2048:r=25:d=1", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];
    clips.make("bomb-second.mp4", &source)?;
    let path = clips.make("bomb.mp4", &["-stream_loop", "59", "-i", "bomb-second.mp4", "-c", "copy"])?;
    assert!(std::fs::metadata(&path).unwrap().len() < 2_000_000);
    Some(path)
}

#[test]
fn a_decompression_bomb_runs_into_the_limits() {
    let Some(path) = bomb() else { return };
    let clips = clips().unwrap();
    let probe = clips.probe(&path);
    let pts = &probe.video.as_ref().unwrap().pts;
    let wanted = [pts[0], pts[pts.len() - 1]];
    let reason =
        |limits: &Limits| refused(clips.decoder.frames(&path, &probe, &Wanted::pictures(&wanted, 480), limits, &mut |_| Ok(()))).reason;
    let start = Instant::now();
    assert_eq!(reason(&Limits { cpu_seconds: 1, ..Limits::default() }), Reason::TimeLimit);
    assert_eq!(reason(&brief()), Reason::TimeLimit);
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(reason(&Limits { allocation: 1_000_000, ..Limits::default() }), Reason::MemoryLimit);
    assert_eq!(reason(&Limits { pixels_side: 1000, ..Limits::default() }), Reason::TooManyPixels);
}

#[test]
fn a_slow_caller_is_not_counted() {
    let Some(clips) = clips() else { return };
    let probe = clips.probe(&clips.plain);
    let pts = &probe.video.as_ref().unwrap().pts;
    let mut came = 0;
    clips
        .decoder
        .frames(
            &clips.plain,
            &probe,
            &Wanted::pictures(&[pts[1], pts[2], pts[100]], 480),
            &Limits { wall_seconds: 3, ..Limits::default() },
            &mut |_| {
                came += 1;
                thread::sleep(Duration::from_millis(1500));
                Ok(())
            },
        )
        .unwrap();
    assert_eq!(came, 3);
}

#[test]
fn the_defences_are_reported() {
    let Some(clips) = clips() else { return };
    let list = clips.decoder.defences();
    assert!(list.iter().any(|line| line.contains("whitelists")) && list.iter().any(|line| line.contains("address space")));
    eprintln!("{list:#?}");
}
