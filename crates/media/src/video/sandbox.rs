//! Runs one decoding program on one untrusted file.
//!
//! ```text
//! before the start   empty environment, nothing to read but the file, an empty working folder, its own process group
//! in the child       limits of address space, processor time and open files, no core, no byte into any file, no new privileges,
//!                    Landlock (may read the recording and its own libraries, may write nowhere, no TCP, no signals to others),
//!                    a system-call filter (no sockets, no tracing of other processes, no leaving the process group)
//! from outside       wall-clock time, caps on all outputs, and the end of the whole process group, whatever happened
//! ```
//!
//! Limits of the operating system hold on any Unix, the rest where Linux has it; [`defences`] says which are in force. Nothing is
//! left to other programs (`prlimit`, `bwrap`, ...), which may be absent. The clock stands still while we work on what the
//! program has put out.
//!
//! This is the one file of the crate with unsafe code: the limits must be set in the child, between fork and exec.

#![allow(unsafe_code, reason = "limits are set between fork and exec, by system calls")]

use std::ffi::OsString;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::group::Group;

/// Bytes read at a time.
const CHUNK: usize = 1 << 16;
/// Longest line of messages that is kept; the rest of the line is dropped.
const LONGEST_LINE: usize = 2000;
/// Messages kept, the newest.
const KEPT_LINES: usize = 40;
/// Open files a program may have.
const OPEN_FILES: u64 = 64;
/// How often we look whether a program that has closed its output has ended.
const PATIENCE: Duration = Duration::from_millis(1);

/// One call.
#[derive(Debug)]
pub(super) struct Job<'a> {
    /// The program, absolute.
    pub(super) program: &'a Path,
    /// Its arguments.
    pub(super) arguments: Vec<OsString>,
    /// The one file it may read, absolute.
    pub(super) input: Option<&'a Path>,
    /// Wall-clock time.
    pub(super) wall: Duration,
    /// Processor seconds.
    pub(super) cpu_seconds: u64,
    /// Address space in bytes.
    pub(super) address_space: u64,
    /// Most bytes of output.
    pub(super) output_bytes: u64,
    /// Most bytes of a second output, which the program writes to descriptor 0, where others have their input; `None`: no such output.
    pub(super) second_output_bytes: Option<u64>,
}

/// Why a program was ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    /// It took too long.
    Wall,
    /// It put out too much.
    Output,
    /// We had enough.
    Enough,
}

/// How a call ended.
#[derive(Debug)]
pub(super) struct Ending {
    /// Ended from outside, or not.
    pub(super) stopped: Option<Stopped>,
    /// Exit code, where it ended by itself.
    pub(super) code: Option<i32>,
    /// The signal that ended it, where one did.
    pub(super) signal: Option<i32>,
    /// The last messages, one a line, free of control characters.
    pub(super) messages: Vec<String>,
    /// The second output; empty where it was larger than allowed.
    pub(super) second: Vec<u8>,
}

/// Runs the program. `line` gets every line of its messages (on a thread of its own), `output` every piece of its output.
pub(super) fn run(
    job: &Job,
    line: impl FnMut(&str) + Send + 'static,
    output: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
) -> io::Result<Ending> {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(job.program);
    command.args(&job.arguments).current_dir(folder.path()).env_clear().env("LC_ALL", "C").env("AV_LOG_FORCE_NOCOLOR", "1");
    if script(job.program) {
        command.env("PATH", "/usr/bin:/bin");
    }
    if let Some(path) = std::env::var_os("LD_LIBRARY_PATH") {
        command.env("LD_LIBRARY_PATH", path);
    }
    let second = if let Some(most) = job.second_output_bytes {
        let (from, to) = io::pipe()?;
        command.stdin(to);
        Some((from, most))
    } else {
        command.stdin(Stdio::null());
        None
    };
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    confinement::apply(&mut command, job)?;
    let mut group = Group::start(&mut command)?;
    // It holds our end of the second output's writing side, which must close for the reader to see the end.
    drop(command);

    let tail = Arc::new(Mutex::new(Tail::default()));
    let messages_end = group.child().stderr.take().map(|from| {
        let (tell, end) = channel::<()>();
        let tail = Arc::clone(&tail);
        thread::spawn(move || {
            read_messages(from, &tail, line);
            drop(tell);
        });
        end
    });
    let second = second.map(|(mut from, most)| {
        let (send, bytes) = channel();
        thread::spawn(move || {
            let _ = send.send(read_whole(&mut from, most));
        });
        bytes
    });
    let (send, chunks) = sync_channel(2);
    if let Some(from) = group.child().stdout.take() {
        thread::spawn(move || read_output(from, &send));
    }

    let mut deadline = Instant::now() + job.wall;
    let mut stopped = consume(&chunks, &mut deadline, job.output_bytes, output);
    while stopped.is_none() && !group.has_ended()? {
        if Instant::now() >= deadline {
            stopped = Some(Stopped::Wall);
        }
        thread::sleep(PATIENCE);
    }
    let status = group.end()?;
    // The whole group is dead, so the pipe is closed; a process that has left the group must not hold us up.
    if let Some(end) = messages_end {
        let _ = end.recv_timeout(Duration::from_secs(1));
    }
    let second = second.and_then(|bytes| bytes.recv_timeout(Duration::from_secs(1)).ok()).unwrap_or_default();
    let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
    tail.finish();
    let messages = std::mem::take(&mut tail.lines).into();
    Ok(Ending { stopped, code: status.code(), signal: confinement::signal(status), messages, second })
}

/// Hands the output on until it ends, or one of the limits is reached.
fn consume(
    chunks: &Receiver<Vec<u8>>,
    deadline: &mut Instant,
    most: u64,
    output: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
) -> Option<Stopped> {
    let mut bytes = 0_u64;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match chunks.recv_timeout(left) {
            Ok(chunk) => {
                bytes += chunk.len() as u64;
                if bytes > most {
                    return Some(Stopped::Output);
                }
                let start = Instant::now();
                if output(&chunk).is_break() {
                    return Some(Stopped::Enough);
                }
                *deadline += start.elapsed();
            }
            Err(RecvTimeoutError::Timeout) => return Some(Stopped::Wall),
            Err(RecvTimeoutError::Disconnected) => return None,
        }
        // A program that always has output ready would never see the timeout above.
        if Instant::now() >= *deadline {
            return Some(Stopped::Wall);
        }
    }
}

fn read_output(mut from: impl Read, to: &SyncSender<Vec<u8>>) {
    loop {
        let mut chunk = vec![0; CHUNK];
        let Ok(count @ 1..) = read_some(&mut from, &mut chunk) else { return };
        chunk.truncate(count);
        if to.send(chunk).is_err() {
            return;
        }
    }
}

/// All that comes, or nothing where it is more than allowed or breaks off with an error.
fn read_whole(from: &mut impl Read, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let complete = from.take(most + 1).read_to_end(&mut bytes).is_ok() && bytes.len() as u64 <= most;
    if complete { bytes } else { Vec::new() }
}

fn read_messages(mut from: impl Read, tail: &Mutex<Tail>, mut line: impl FnMut(&str)) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(count @ 1..) = read_some(&mut from, &mut chunk) {
        tail.lock().unwrap_or_else(PoisonError::into_inner).take(&chunk[..count], &mut line);
    }
}

fn read_some(from: &mut impl Read, chunk: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// The newest lines of the messages.
#[derive(Debug, Default)]
struct Tail {
    lines: std::collections::VecDeque<String>,
    open: Vec<u8>,
}

impl Tail {
    fn take(&mut self, bytes: &[u8], line: &mut impl FnMut(&str)) {
        for &byte in bytes {
            if byte == b'\n' || byte == b'\r' {
                self.close(line);
            } else if self.open.len() < LONGEST_LINE {
                self.open.push(byte);
            }
        }
    }

    fn close(&mut self, line: &mut impl FnMut(&str)) {
        let text: String = String::from_utf8_lossy(&self.open).chars().filter(|c| !c.is_control()).collect();
        self.open.clear();
        if text.trim().is_empty() {
            return;
        }
        line(&text);
        if self.lines.len() == KEPT_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(text);
    }

    fn finish(&mut self) {
        self.close(&mut |_| {});
    }
}

/// Has the system end the program with the thread that starts it, where the system can: a killed parent ends nothing itself.
pub(crate) fn end_with_parent(command: &mut Command) {
    confinement::end_with_parent(command);
}

/// What is in force on this machine, for the settings file.
pub(super) fn defences() -> Vec<String> {
    let mut list = vec![
        "whitelists of protocols, formats and codecs".to_owned(),
        "limits of tracks, pixels, frames, seconds, bytes and single allocations".to_owned(),
        "wall-clock limit that ends the whole process group".to_owned(),
        "empty environment and working folder, capped output".to_owned(),
    ];
    list.extend(confinement::defences());
    list
}

/// Whether the program is a script, which needs an interpreter and the usual tools.
fn script(program: &Path) -> bool {
    let mut start = [0; 2];
    std::fs::File::open(program).and_then(|mut file| file.read_exact(&mut start)).is_ok() && &start == b"#!"
}

/// Folders a program needs for itself: the system's libraries, those next to it, and those the environment names.
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only Landlock needs them"))]
fn own_folders(program: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = [
        "/lib",
        "/lib32",
        "/lib64",
        "/usr/lib",
        "/usr/lib32",
        "/usr/lib64",
        "/usr/local/lib",
        "/usr/local/lib64",
        "/nix/store",
        "/gnu/store",
        "/home/linuxbrew/.linuxbrew",
        "/etc/ld.so.cache",
    ]
    .map(PathBuf::from)
    .into();
    let real = program.canonicalize().unwrap_or_else(|_| program.to_owned());
    if let Some(above) = real.parent().and_then(Path::parent).filter(|above| above.parent().is_some()) {
        folders.extend(["lib", "lib64"].map(|name| above.join(name)));
    }
    if let Some(named) = std::env::var_os("LD_LIBRARY_PATH") {
        folders.extend(std::env::split_paths(&named).filter(|folder| folder.is_absolute()));
    }
    if script(program) {
        folders.extend(["/bin", "/usr/bin"].map(PathBuf::from));
    }
    folders.push(real);
    folders
}

#[cfg(unix)]
mod confinement {
    use std::io;
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::{Command, ExitStatus};

    use super::{Job, OPEN_FILES};

    /// Prepares everything that needs memory or files here, and leaves only system calls to the child.
    pub(super) fn apply(command: &mut Command, job: &Job) -> io::Result<()> {
        let limits = limits(job)?;
        #[cfg(target_os = "linux")]
        let barrier = super::linux::Barrier::prepare(job)?;
        let enter = move || {
            for (resource, limit) in &limits {
                // SAFETY: the pointer is to a value that lives until the call returns.
                if unsafe { libc::setrlimit(*resource, limit) } != 0 {
                    return Err(io::Error::last_os_error());
                }
            }
            #[cfg(target_os = "linux")]
            barrier.enter()?;
            Ok(())
        };
        // SAFETY: the closure runs in the child between fork and exec, where only async-signal-safe calls are allowed. It makes
        // system calls only (setrlimit, prctl, close_range, landlock_restrict_self) on values prepared above; it takes no lock and
        // allocates nothing, and its errors are made of a number.
        unsafe { command.pre_exec(enter) };
        Ok(())
    }

    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    type Resource = libc::__rlimit_resource_t;
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    type Resource = libc::c_int;

    /// The limits of the child. Those that the user of this process has set already are kept where they are lower, as nobody may raise
    /// them.
    fn limits(job: &Job) -> io::Result<Vec<(Resource, libc::rlimit)>> {
        let wanted = [
            // macOS knows this limit but refuses to set it.
            #[cfg(not(target_vendor = "apple"))]
            (libc::RLIMIT_AS, job.address_space, job.address_space),
            // Above the soft limit comes a signal that tells the cause; a program that handles it is killed two seconds later.
            (libc::RLIMIT_CPU, job.cpu_seconds, job.cpu_seconds.saturating_add(2)),
            (libc::RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES),
            (libc::RLIMIT_CORE, 0, 0),
            (libc::RLIMIT_FSIZE, 0, 0),
        ];
        let within = |(resource, soft, hard): (Resource, u64, u64)| {
            let mut own = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            // SAFETY: the pointer is to a value that lives until the call returns.
            if unsafe { libc::getrlimit(resource, &raw mut own) } != 0 {
                return Err(io::Error::last_os_error());
            }
            let most = own.rlim_max;
            Ok((resource, libc::rlimit { rlim_cur: most.min(soft as libc::rlim_t), rlim_max: most.min(hard as libc::rlim_t) }))
        };
        wanted.into_iter().map(within).collect()
    }

    pub(super) fn end_with_parent(command: &mut Command) {
        #[cfg(target_os = "linux")]
        // SAFETY: the function runs in the child between fork and exec; it makes one system call, on numbers, and allocates nothing.
        unsafe {
            command.pre_exec(super::linux::end_with_parent);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = command;
    }

    pub(super) fn signal(status: ExitStatus) -> Option<i32> {
        status.signal()
    }

    pub(super) fn defences() -> Vec<String> {
        let mut list = vec!["limits of address space, processor time, open files, core and file size".to_owned()];
        #[cfg(target_os = "linux")]
        list.extend(super::linux::defences());
        list
    }
}

#[cfg(not(unix))]
mod confinement {
    use std::io;
    use std::process::{Command, ExitStatus};

    use super::Job;

    pub(super) fn apply(_command: &mut Command, _job: &Job) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn signal(_status: ExitStatus) -> Option<i32> {
        None
    }

    pub(super) fn end_with_parent(_command: &mut Command) {}

    pub(super) fn defences() -> Vec<String> {
        Vec::new()
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::os::fd::{AsRawFd, OwnedFd};

    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, Scope,
        path_beneath_rules,
    };

    use super::{Job, own_folders};

    /// The newest set of rules this was written and tested for; an older kernel enforces what it knows of it.
    const RULES: ABI = ABI::V6;

    /// All that a child needs to shut itself in.
    pub(super) struct Barrier {
        rules: Option<OwnedFd>,
        filter: Vec<libc::sock_filter>,
    }

    impl Barrier {
        pub(super) fn prepare(job: &Job) -> io::Result<Self> {
            Ok(Self { rules: rules(job).map_err(io::Error::other)?, filter: if filters() { filter() } else { Vec::new() } })
        }

        /// Runs in the child: system calls only.
        pub(super) fn enter(&self) -> io::Result<()> {
            end_with_parent()?;
            // SAFETY: numbers only, apart from the filter, whose pointer and length are those of a vector that outlives the call.
            unsafe {
                // Older kernels lack the call; everything we open ourselves closes at exec anyway.
                libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
                refused(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0).into())?;
                if let Some(rules) = &self.rules {
                    refused(libc::syscall(libc::SYS_landlock_restrict_self, rules.as_raw_fd(), 0_u32))?;
                }
                if !self.filter.is_empty() {
                    let program = libc::sock_fprog { len: self.filter.len() as u16, filter: self.filter.as_ptr().cast_mut() };
                    refused(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program, 0, 0).into())?;
                }
            }
            Ok(())
        }
    }

    fn refused(result: libc::c_long) -> io::Result<()> {
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Runs in the child.
    pub(super) fn end_with_parent() -> io::Result<()> {
        // SAFETY: numbers only.
        refused(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) }.into())
    }

    /// `None` where the kernel has no Landlock.
    fn rules(job: &Job) -> Result<Option<OwnedFd>, RulesetError> {
        let own = AccessFs::ReadFile | AccessFs::ReadDir | AccessFs::Execute;
        let rules = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(RULES))?
            .handle_access(AccessNet::from_all(RULES))?
            .scope(Scope::from_all(RULES))?
            .create()?
            .add_rules(path_beneath_rules(own_folders(job.program), own))?
            .add_rules(path_beneath_rules(["/dev/null"], AccessFs::ReadFile | AccessFs::WriteFile))?
            // Some builds take random numbers from here as they start.
            .add_rules(path_beneath_rules(["/dev/urandom", "/dev/random"], AccessFs::ReadFile))?
            .add_rules(path_beneath_rules(job.input, AccessFs::ReadFile))?;
        Ok(rules.into())
    }

    /// Refuses sockets of every kind, everything that reaches into other processes or the kernel, and the ways out of the process group,
    /// which is what is ended with a program; the decoders need none of it. The standard library has made the group before.
    fn filter() -> Vec<libc::sock_filter> {
        let denied = [
            libc::SYS_socket,
            libc::SYS_socketpair,
            libc::SYS_connect,
            libc::SYS_ptrace,
            libc::SYS_process_vm_readv,
            libc::SYS_process_vm_writev,
            libc::SYS_pidfd_getfd,
            libc::SYS_io_uring_setup,
            libc::SYS_bpf,
            libc::SYS_perf_event_open,
            libc::SYS_userfaultfd,
            libc::SYS_keyctl,
            libc::SYS_add_key,
            libc::SYS_request_key,
            libc::SYS_mount,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_setsid,
            libc::SYS_setpgid,
        ];
        let step = |code: u32, k: u32, jt: u8, jf: u8| libc::sock_filter { code: code as u16, jt, jf, k };
        let load = |offset: u32| step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset, 0, 0);
        let end = |action: u32| step(libc::BPF_RET | libc::BPF_K, action, 0, 0);
        let count = denied.len() as u8;
        // Offsets of `arch` and `nr` in the kernel's seccomp_data; numbers from 2^30 are x86's second set of the same calls.
        let mut filter = vec![
            load(4),
            step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, ARCHITECTURE.unwrap_or(0), 0, count + 3),
            load(0),
            step(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 0x4000_0000, count + 1, 0),
        ];
        for (i, &call) in denied.iter().enumerate() {
            filter.push(step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, call as u32, count - i as u8, 0));
        }
        filter.push(end(libc::SECCOMP_RET_ALLOW));
        filter.push(end(libc::SECCOMP_RET_ERRNO | libc::EPERM as u32));
        filter
    }

    /// The kernel's number of this machine's set of system calls.
    const ARCHITECTURE: Option<u32> = if cfg!(target_arch = "x86_64") {
        Some(0xC000_003E)
    } else if cfg!(target_arch = "aarch64") {
        Some(0xC000_00B7)
    } else {
        None
    };

    /// Whether the kernel takes filters: with a null pointer it complains about the pointer if it does, about the mode if not.
    fn filters() -> bool {
        // SAFETY: the null pointer is refused before anything is installed.
        ARCHITECTURE.is_some()
            && unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, std::ptr::null::<libc::sock_fprog>(), 0, 0) } != 0
            && io::Error::last_os_error().raw_os_error() == Some(libc::EFAULT)
    }

    pub(super) fn defences() -> Vec<String> {
        let required = || Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        let mut list = vec!["no new privileges, ends with its parent".to_owned()];
        if required().handle_access(AccessFs::from_all(ABI::V1)).is_ok() {
            list.push("Landlock: reads the recording and its own libraries only, writes nowhere".to_owned());
        }
        if required().handle_access(AccessNet::from_all(ABI::V4)).is_ok() {
            list.push("Landlock: no TCP".to_owned());
        }
        if required().scope(Scope::from_all(ABI::V6)).is_ok() {
            list.push("Landlock: no signals to other processes".to_owned());
        }
        if filters() {
            list.push("system-call filter: no sockets, no access to other processes, no leaving the process group".to_owned());
        }
        list
    }
}
