//! A program in the decoder's place tries what one could try that a recording took over: nothing of it succeeds.
//!
//! The program is `fixtures/escapes.c`. Outside of the sandbox most of what it tries succeeds, which shows that the tries are real.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use evenhand_media::video::{Decoder, Limits};

use crate::clips::clips;
use crate::sandbox::{again, lives};

/// The user without rights, where we are root.
const NOBODY: u32 = 65_534;
/// The folder in which a second process looks for its program.
const STAGE: &str = "EVENHAND_TEST_STAGE";

/// A folder with a recording, another file and the program; a process that it may try to reach.
struct Stage {
    folder: tempfile::TempDir,
    sibling: Child,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.sibling.kill().and_then(|()| self.sibling.wait());
    }
}

impl Stage {
    /// `None` (said on standard error) where the system has none of the defences, or nothing builds C.
    fn set(defined: &[&str]) -> Option<Stage> {
        let missing = Decoder::missing_defences();
        if !missing.is_empty() {
            eprintln!("skipped: this system lacks {missing:?}");
            return None;
        }
        let clips = clips()?;
        let folder = tempfile::tempdir().unwrap();
        let sibling = Command::new("sleep").arg("120").spawn().unwrap();
        std::fs::copy(&clips.plain, folder.path().join("recording.mp4")).unwrap();
        let stage = Stage { folder, sibling };
        stage.put_out_the_other();
        let mut build = Command::new("cc");
        build.args(["-x", "c", "-", "-w", "-O1", "-o"]).arg(stage.program()).args(defined);
        build.arg(format!("-DFOLDER=\"{}\"", stage.folder.path().display())).arg(format!("-DSIBLING={}", stage.sibling.id()));
        let mut build = match build.stdin(Stdio::piped()).spawn() {
            Ok(build) => build,
            Err(error) => {
                eprintln!("skipped: cc cannot be started ({error})");
                return None;
            }
        };
        std::io::Write::write_all(&mut build.stdin.take().unwrap(), include_bytes!("../fixtures/escapes.c")).unwrap();
        assert!(build.wait().unwrap().success(), "the program is built");
        Some(stage)
    }

    fn put_out_the_other(&self) {
        std::fs::write(self.folder.path().join("other.txt"), "hunter2").unwrap();
    }

    fn recording(&self) -> PathBuf {
        self.folder.path().join("recording.mp4")
    }

    fn program(&self) -> PathBuf {
        self.folder.path().join("ffmpeg")
    }

    /// What of the folder can be changed: names, contents, modes, times of change.
    fn state(&self) -> Vec<(PathBuf, Vec<u8>, u32, std::time::SystemTime)> {
        let mut state: Vec<_> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let facts = std::fs::metadata(&path).unwrap();
                (path.clone(), std::fs::read(&path).unwrap_or_default(), facts.permissions().mode(), facts.modified().unwrap())
            })
            .collect();
        state.sort();
        state
    }
}

/// What came of each try.
fn outcomes(told: &str) -> Vec<(String, String)> {
    told.lines().filter_map(|line| line.split_once(": ")).map(|(name, outcome)| (name.to_owned(), outcome.to_owned())).collect()
}

fn nothing_succeeds(user: &str) {
    let Some(stage) = Stage::set(&[]) else { return };
    let clips = clips().unwrap();
    let decoder = Decoder::find(Some(&stage.program()), Some(&which("ffprobe"))).unwrap();
    let probe = clips.probe(&stage.recording());
    let before = stage.state();
    // What it puts out is taken for sound.
    let samples = decoder.audio(&stage.recording(), &probe, &Limits::default()).unwrap();
    let told: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let inside = outcomes(&String::from_utf8_lossy(&told));
    assert!(stage.state() == before, "the folder is as it was");
    // The same program on its own, as the same user.
    let free = Command::new(stage.program()).current_dir(stage.folder.path()).output().unwrap();
    let outside = outcomes(&String::from_utf8_lossy(&free.stdout));
    let outcome = |name: &str| outside.iter().find(|(known, _)| known == name).map_or("-", |(_, outcome)| outcome.as_str());
    eprintln!("{:<44} {:<38} without the sandbox ({user})", "try", "in the sandbox");
    for (name, told) in &inside {
        eprintln!("{name:<44} {told:<38} {}", outcome(name));
    }
    let real = outside.iter().filter(|(_, outcome)| outcome == "DONE").count();
    eprintln!("{} tries in the sandbox, {real} of them succeed without it", inside.len());
    assert!(inside.len() > 65 && inside.last().unwrap().0.starts_with("start a shell by"), "it came to its end: {inside:?}");
    assert!(real >= 25, "the tries are real ones");
    let escaped: Vec<&(String, String)> = inside.iter().filter(|(_, outcome)| outcome == "DONE").collect();
    assert!(escaped.is_empty(), "{escaped:?}");
}

fn which(name: &str) -> PathBuf {
    std::env::var_os("EVENHAND_FFPROBE").map_or_else(
        || std::env::split_paths(&std::env::var_os("PATH").unwrap()).map(|folder| folder.join(name)).find(|path| path.is_file()).unwrap(),
        PathBuf::from,
    )
}

#[test]
fn what_stands_in_the_decoders_place_can_do_nothing() {
    let user = if rustix::process::getuid().is_root() { "root" } else { "this user" };
    nothing_succeeds(user);
}

/// Runs one test of this binary again as a user without rights; `None` where we are no root.
fn as_nobody(test: &str, value: &str) -> Option<std::process::Output> {
    if !rustix::process::getuid().is_root() {
        eprintln!("skipped: only root can become another user");
        return None;
    }
    // The binary may lie where that user cannot look.
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let binary = folder.path().join("tests");
    std::fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
    let mut command = Command::new(&binary);
    command.args(["--exact", test, "--nocapture"]).env(STAGE, value).current_dir("/").uid(NOBODY).gid(NOBODY);
    Some(command.output().unwrap())
}

#[test]
fn nor_can_it_without_rights() {
    if std::env::var_os(STAGE).is_some() {
        return nothing_succeeds("a user without rights");
    }
    let Some(output) = as_nobody("escapes::nor_can_it_without_rights", "1") else { return };
    let told = String::from_utf8_lossy(&output.stderr);
    eprintln!("{told}");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(told.contains("tries in the sandbox") || told.contains("skipped"), "{told}");
}

#[test]
fn recordings_are_decoded_without_rights() {
    if std::env::var_os(STAGE).is_some() {
        let Some(clips) = clips() else { return };
        let probe = clips.probe(&clips.plain);
        assert!(!clips.decoder.audio(&clips.plain, &probe, &Limits::default()).unwrap().is_empty());
        eprintln!("decoded");
        return;
    }
    let Some(output) = as_nobody("escapes::recordings_are_decoded_without_rights", "1") else { return };
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && (told.contains("decoded") || told.contains("skipped")), "{told}");
}

#[test]
fn root_decodes_what_only_another_user_may_read() {
    let Some(clips) = clips() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.mp4");
    std::fs::copy(&clips.plain, &path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    if !rustix::process::getuid().is_root() {
        eprintln!("skipped: only root may give files away");
        return;
    }
    for place in [&path, folder.path()] {
        std::os::unix::fs::chown(place, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let probe = clips.probe(&path);
    assert!(!clips.decoder.audio(&path, &probe, &Limits::default()).unwrap().is_empty());
}

#[test]
fn it_does_not_outlive_a_parent_that_is_killed() {
    let name = "escapes::it_does_not_outlive_a_parent_that_is_killed";
    if let Some(place) = std::env::var_os(STAGE) {
        let folder = PathBuf::from(place);
        let Some(clips) = clips() else { return };
        let decoder = Decoder::find(Some(&folder.join("ffmpeg")), Some(&which("ffprobe"))).unwrap();
        let recording = folder.join("recording.mp4");
        let _ = decoder.audio(&recording, &clips.probe(&recording), &Limits::default());
        return;
    }
    let Some(stage) = Stage::set(&["-DSTAYS"]) else { return };
    let program = stage.program().display().to_string();
    let mut parent = again(name, STAGE, &stage.folder.path().display().to_string(), "exec").spawn().unwrap();
    let within = |wanted: bool| {
        (0..500).any(|_| {
            thread::sleep(Duration::from_millis(20));
            lives(&program) == wanted
        })
    };
    assert!(within(true), "it was started");
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert!(within(false), "it lives on");
}
