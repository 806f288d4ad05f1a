//! Runs one decoding program on one untrusted file. What stands in its place can read, write, make, connect, start, signal and outlive nothing.
//!
//! ```text
//! before the start   empty environment, nothing to read but the file, an empty working folder, its own process group
//! in the child       limits of address space, processor time and open files, no core, no byte into any file, no new privileges and of
//!                    root's only the one to read, Landlock (may read the recording and its own libraries, may write nowhere, no TCP,
//!                    no signals to others), a system-call filter (see `filter`: no processes, no sockets, no change of modes, owners,
//!                    times or names), the end with its parent
//! from outside       wall-clock time, caps on all outputs, and the end of the whole process group, whatever happened
//! ```
//!
//! A script in its place starts programs, so it may start processes and signal them; they stay in its group. What it may see of other files is
//! whether they exist, how long they are and whose.
//!
//! Limits of the operating system hold on any Unix, the rest where Linux has it; [`defences`] says which are in force and [`missing`] which are not. Nothing is
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

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod filter;

/// Machines whose calls nobody has looked at have no filter.
#[cfg(all(target_os = "linux", not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod filter {
    pub(super) const ARCHITECTURE: Option<u32> = None;

    pub(super) enum Kind {
        Program,
        Script,
    }

    pub(super) struct Filter {
        pub(super) steps: Vec<libc::sock_filter>,
    }

    impl Filter {
        pub(super) fn address(&mut self, _process: u32) {}
    }

    pub(super) fn filter(_kind: Kind) -> Filter {
        Filter { steps: Vec::new() }
    }
}

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
    let mut group = if script(job.program) { Group::guarded(&mut command)? } else { Group::start(&mut command)? };
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

/// What is in force on this machine for these programs, for the settings file.
pub(super) fn defences(programs: [&Path; 2]) -> Vec<String> {
    let mut list = vec![
        "whitelists of protocols, formats and codecs".to_owned(),
        "limits of tracks, pixels, frames, seconds, bytes and single allocations".to_owned(),
        "wall-clock limit that ends the whole process group".to_owned(),
        "empty environment and working folder, capped output".to_owned(),
    ];
    list.extend(confinement::defences());
    if programs.into_iter().any(script) {
        list.push("weaker: a decoder that is a script may start processes and signal them, within its process group".to_owned());
    }
    list
}

/// What this machine lacks, with what that means; empty where every wall stands.
pub(super) fn missing() -> Vec<String> {
    #[cfg(target_os = "linux")]
    return linux::Walls::here().missing();
    #[cfg(not(target_os = "linux"))]
    return vec![
        "Landlock and filters of system calls, which Linux has: a decoder that a recording takes over can do all that you can".to_owned(),
    ];
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
        let mut barrier = super::linux::Barrier::prepare(job)?;
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
        // system calls only (setrlimit, getpid, getppid, capget, capset, prctl, close_range, landlock_restrict_self) on values prepared above; it takes
        // no lock and allocates nothing, and its errors are made of a number.
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
        {
            let parent = std::process::id();
            // SAFETY: the closure runs in the child between fork and exec; it makes two system calls, on numbers, and allocates nothing.
            unsafe {
                command.pre_exec(move || super::linux::end_with_parent(parent));
            }
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

    use super::filter::{ARCHITECTURE, Filter, Kind, filter};
    use super::{Job, own_folders, script};

    /// The newest set of rules this was written and tested for; an older kernel enforces what it knows of it.
    const RULES: ABI = ABI::V6;

    /// All that a child needs to shut itself in.
    pub(super) struct Barrier {
        parent: u32,
        rules: Option<OwnedFd>,
        filter: Option<Filter>,
    }

    impl Barrier {
        pub(super) fn prepare(job: &Job) -> io::Result<Self> {
            let kind = if script(job.program) { Kind::Script } else { Kind::Program };
            Ok(Self { parent: std::process::id(), rules: rules(job).map_err(io::Error::other)?, filter: filters().then(|| filter(kind)) })
        }

        /// Runs in the child: system calls only.
        pub(super) fn enter(&mut self) -> io::Result<()> {
            drop_capabilities()?;
            end_with_parent(self.parent)?;
            // SAFETY: numbers only, apart from the filter, whose pointer and length are those of a vector that outlives the call.
            unsafe {
                // Older kernels lack the call; everything we open ourselves closes at exec anyway.
                libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
                refused(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0).into())?;
                if let Some(rules) = &self.rules {
                    refused(libc::syscall(libc::SYS_landlock_restrict_self, rules.as_raw_fd(), 0_u32))?;
                }
                if let Some(filter) = &mut self.filter {
                    filter.address(libc::getpid() as u32);
                    let program = libc::sock_fprog { len: filter.steps.len() as u16, filter: filter.steps.as_ptr().cast_mut() };
                    refused(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program, 0, 0).into())?;
                }
            }
            Ok(())
        }
    }

    fn refused(result: libc::c_long) -> io::Result<()> {
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Runs in the child of this process, which may have ended already: then nobody would tell the child.
    pub(super) fn end_with_parent(parent: u32) -> io::Result<()> {
        // SAFETY: numbers only.
        unsafe {
            refused(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0).into())?;
            if libc::getppid() as u32 == parent { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::ESRCH)) }
        }
    }

    /// What the kernel takes with `capget` and `capset`: two words each of 32 capabilities.
    #[repr(C)]
    struct CapabilityHeader {
        version: u32,
        process: libc::c_int,
    }

    #[repr(C)]
    #[derive(Clone, Copy, Default)]
    struct CapabilityWord {
        effective: u32,
        permitted: u32,
        inheritable: u32,
    }

    /// Runs in the child. Root keeps one capability, to read: the recording may be another user's, and Landlock bounds what is read.
    fn drop_capabilities() -> io::Result<()> {
        const VERSION: u32 = 0x2008_0522;
        const READING: libc::c_ulong = 2;
        let mut header = CapabilityHeader { version: VERSION, process: 0 };
        let mut words = [CapabilityWord::default(); 2];
        // SAFETY: numbers only, and pointers to a header and two words as this version of the calls takes them.
        unsafe {
            // Refused to who has none to give; beyond the last there are none. The words below and no new privileges hold without it.
            for capability in (0..64).filter(|capability| *capability != READING) {
                libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0);
            }
            libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
            refused(libc::syscall(libc::SYS_capget, &raw mut header, words.as_mut_ptr()))?;
            let kept = words[0].permitted & (1 << READING);
            words = [CapabilityWord { effective: kept, permitted: kept, inheritable: 0 }, CapabilityWord::default()];
            refused(libc::syscall(libc::SYS_capset, &raw mut header, words.as_ptr()))
        }
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

    /// Whether the kernel takes filters: with a null pointer it complains about the pointer if it does, about the mode if not.
    fn filters() -> bool {
        // SAFETY: the null pointer is refused before anything is installed.
        ARCHITECTURE.is_some()
            && unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, std::ptr::null::<libc::sock_fprog>(), 0, 0) } != 0
            && io::Error::last_os_error().raw_os_error() == Some(libc::EFAULT)
    }

    /// What the kernel at hand can do.
    #[derive(Debug, Clone, Copy)]
    #[expect(clippy::struct_excessive_bools, reason = "each stands or not, whatever the others do")]
    pub(super) struct Walls {
        pub(super) files: bool,
        pub(super) connections: bool,
        pub(super) signals: bool,
        pub(super) filters: bool,
    }

    impl Walls {
        pub(super) fn here() -> Self {
            let required = || Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
            Walls {
                files: required().handle_access(AccessFs::from_all(ABI::V1)).is_ok(),
                connections: required().handle_access(AccessNet::from_all(ABI::V4)).is_ok(),
                signals: required().scope(Scope::from_all(ABI::V6)).is_ok(),
                filters: filters(),
            }
        }

        pub(super) fn defences(self) -> Vec<String> {
            let mut list = vec!["no new privileges, of capabilities only the one to read, ends with its parent".to_owned()];
            for (stands, defence) in [
                (self.files, "Landlock: reads the recording and its own libraries only, writes nowhere"),
                (self.connections, "Landlock: no TCP"),
                (self.signals, "Landlock: no signals to other processes"),
                (
                    self.filters,
                    "system-call filter: no sockets, no processes, no signals to others, no access to other processes, no change of modes, owners, times, \
                     attributes and names, no shared memory, no leaving the process group, no call newer than Linux 5.17",
                ),
            ] {
                if stands {
                    list.push(defence.to_owned());
                }
            }
            list
        }

        /// The filter refuses connections and signals, too; only where it is missing does it matter whether Landlock does.
        pub(super) fn missing(self) -> Vec<String> {
            let mut list = Vec::new();
            if !self.files {
                list.push(
                    "Landlock (Linux 5.13 or later, switched on at boot): a decoder that a recording takes over can read what you can read",
                );
            }
            if !self.filters {
                list.push("filters of system calls: a decoder that a recording takes over can start processes and change modes and owners of your files");
                if !self.connections || !self.signals {
                    list.push("Landlock's rules for connections and signals (Linux 6.12): it can connect to others and end your processes");
                }
            }
            list.into_iter().map(str::to_owned).collect()
        }
    }

    pub(super) fn defences() -> Vec<String> {
        Walls::here().defences()
    }

    #[cfg(test)]
    mod tests {
        use super::Walls;

        #[test]
        fn walls_that_are_missing_are_named() {
            let all = Walls { files: true, connections: true, signals: true, filters: true };
            assert!(all.missing().is_empty() && all.defences().len() == 5);
            let told = |walls: Walls| walls.missing().join("\n");
            assert!(told(Walls { connections: false, signals: false, ..all }).is_empty(), "the filter refuses them");
            assert!(told(Walls { files: false, ..all }).contains("Landlock (Linux 5.13 or later"));
            assert!(told(Walls { filters: false, ..all }).starts_with("filters of system calls"));
            let bare = Walls { files: false, connections: false, signals: false, filters: false };
            assert_eq!((bare.missing().len(), bare.defences().len()), (3, 1));
        }
    }
}
