//! The program as a child whose time and memory are measured.
#![allow(unsafe_code, reason = "no safe interface tells the peak memory of one child that has ended")]

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The program under attack.
pub(super) fn program() -> PathBuf {
    // It is started from other folders.
    let given = std::env::var_os("EVENHAND_HARNESS_BINARY").map(|path| fs::canonicalize(path).unwrap());
    given.unwrap_or_else(|| env!("CARGO_BIN_EXE_evenhand").into())
}

/// Words of a command line; a word in single quotes may hold blanks.
fn arguments(words: &str) -> Vec<String> {
    let parts = words.split('\'').enumerate();
    parts
        .flat_map(|(place, part)| match place % 2 {
            1 => vec![part.to_owned()],
            _ => part.split_whitespace().map(str::to_owned).collect(),
        })
        .collect()
}

/// A child that runs.
pub(super) struct Running {
    child: Child,
    started: Instant,
    said: TempDir,
}

/// How a child ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) wall: Duration,
    /// The most memory that it or a child of its own held, in bytes.
    pub(super) peak: u64,
    pub(super) stdout: String,
    pub(super) stderr: String,
    /// It was ended because it ran past the limit.
    pub(super) late: bool,
}

/// Starts a command in a folder.
pub(super) fn start(folder: &Path, words: &str, environment: &[(&str, OsString)]) -> Running {
    let said = TempDir::new().unwrap();
    let file = |name: &str| File::create(said.path().join(name)).unwrap();
    let mut command = Command::new(program());
    command
        .args(arguments(words))
        .current_dir(folder)
        .env("EVENHAND_DATA", folder.join("no-corpora"))
        .env_remove("RUST_BACKTRACE")
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(std::process::Stdio::null())
        .stdout(file("out"))
        .stderr(file("err"))
        // Whatever it starts ends with it.
        .process_group(0);
    let started = Instant::now();
    Running { child: command.spawn().unwrap(), started, said }
}

impl Running {
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Ends the child and whatever it started at once, as a power cut would.
    pub(super) fn kill(&self) {
        // SAFETY: a signal to the group of a child that was not waited for, so that the number is still its own.
        unsafe { libc::kill(-(self.child.id() as i32), libc::SIGKILL) };
    }

    /// Asks the child to stop, as a container's end does.
    pub(super) fn terminate(&self) {
        // SAFETY: a signal to a child that was not waited for, so that the number is still its own.
        unsafe { libc::kill(self.child.id() as i32, libc::SIGTERM) };
    }

    /// Asks the child to stop, as Ctrl-C does.
    pub(super) fn interrupt(&self) {
        // SAFETY: a signal to a child that was not waited for, so that the number is still its own.
        unsafe { libc::kill(self.child.id() as i32, libc::SIGINT) };
    }

    /// Waits for the end, at most as long as this.
    pub(super) fn wait(self, most: Duration) -> Ended {
        let mut late = false;
        let (mut status, mut usage) = (0, unsafe { std::mem::zeroed::<libc::rusage>() });
        loop {
            // SAFETY: both places are valid for writing, and the child is ours and was not waited for.
            let found = unsafe { libc::wait4(self.child.id() as i32, &raw mut status, libc::WNOHANG, &raw mut usage) };
            assert!(found >= 0, "the child cannot be waited for: {}", std::io::Error::last_os_error());
            if found > 0 {
                break;
            }
            if !late && self.elapsed() > most {
                late = true;
                self.kill();
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let read = |name: &str| String::from_utf8_lossy(&fs::read(self.said.path().join(name)).unwrap()).into_owned();
        Ended {
            status: ExitStatus::from_raw(status),
            wall: self.elapsed(),
            // In KiB on Linux.
            peak: usage.ru_maxrss as u64 * 1024,
            stdout: super::untimed(&read("out")),
            stderr: read("err"),
            late,
        }
    }
}

/// Runs a command to its end.
pub(super) fn run(folder: &Path, words: &str, environment: &[(&str, OsString)], most: Duration) -> Ended {
    start(folder, words, environment).wait(most)
}

/// The most memory that this process has held: a child that starts from it is counted with it.
pub(super) fn own_peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Longest time that a command without attack may take.
pub(super) const PATIENCE: Duration = Duration::from_mins(5);

/// Runs a command that must succeed.
pub(super) fn fine(folder: &Path, words: &str) -> Ended {
    let ended = run(folder, words, &[], PATIENCE);
    assert_eq!(ended.status.code(), Some(0), "{words}: {}{}", ended.stdout, ended.stderr);
    ended
}

impl Ended {
    /// What no input may bring about: another end than 0, 1 or 2, a panic, an error without a message, signs that steer a terminal.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.late {
            faults.push(format!("did not end in {:.0} s", self.wall.as_secs_f64()));
        } else if let Some(signal) = self.status.signal() {
            faults.push(format!("ended by signal {signal}"));
        } else if !matches!(self.status.code(), Some(0..=2)) {
            faults.push(format!("exit code {:?}", self.status.code()));
        }
        if self.stderr.contains("panicked") {
            faults.push(format!("panicked: {}", self.stderr.lines().take(2).collect::<Vec<_>>().join(" ")));
        }
        if self.status.code() == Some(2) && self.stderr.trim().is_empty() {
            faults.push("an error without a message".to_owned());
        }
        for (name, text) in [("output", &self.stdout), ("messages", &self.stderr)] {
            if let Some(sign) = text.chars().find(|sign| sign.is_control() && *sign != '\n') {
                let line = text.lines().find(|line| line.contains(sign)).unwrap_or_default();
                let line: String = line.chars().take(200).collect();
                faults.push(format!("the control character {sign:?} in the {name}: {line:?}"));
            }
        }
        faults
    }
}
