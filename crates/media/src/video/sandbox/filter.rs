//! The system calls that a decoder may make: all that are not named here, of the calls that we know.
//!
//! ```text
//! other architecture, x32          refused
//! newer than NEWEST                absent (ENOSYS): the library falls back to an older call, which is looked at
//! by number                        refused, or absent where the library must fall back
//! by a number among the arguments  which process, which command, which flags
//! ```
//!
//! A decoder reads files, takes memory, starts threads and writes into pipes. A script in its place starts processes, and then signals may go to
//! them: [`Kind::Script`] is free to do so, and within the bounds of Landlock alone.

#![allow(clippy::wildcard_imports, reason = "the names of a hundred calls")]

use libc::{sock_filter as Step, *};

/// What stands in the decoder's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A program with threads.
    Program,
    /// A script, which starts programs.
    Script,
}

/// A filter, and where the child's own number has to be put.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    pub(super) steps: Vec<Step>,
    own: Vec<usize>,
}

impl Filter {
    /// Puts the number of the process in its places; allocates nothing.
    pub(super) fn address(&mut self, process: u32) {
        for &place in &self.own {
            self.steps[place].k = process;
        }
    }
}

/// The kernel's number of this machine's set of system calls.
pub(super) const ARCHITECTURE: Option<u32> = Some(if cfg!(target_arch = "x86_64") { 0xC000_003E } else { 0xC000_00B7 });

/// `set_mempolicy_home_node` of Linux 5.17, the same number everywhere. What came later (`fchmodat2`, `setxattrat`, ...) was not looked at.
const NEWEST: u32 = 450;

/// What is asked of a call beside its number.
#[derive(Debug, Clone, Copy)]
enum Test {
    /// The process in this argument must be the caller, by its number.
    Own(u32),
    /// The same, or 0 for the caller.
    Itself(u32),
    /// The argument must have none of these bits.
    Without(u32, u32),
    /// The argument must have one of these bits.
    With(u32, u32),
    /// The argument must be one of these.
    Among(u32, &'static [u32]),
    /// The argument must be none of these.
    NotAmong(u32, &'static [u32]),
}

/// Refused to all.
const DENIED: &[c_long] = &[
    // Connections of every kind.
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    // Modes, owners, times and attributes, which Landlock does not know.
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_utimensat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_fremovexattr,
    // Names and lengths of files, also where there is no Landlock.
    SYS_truncate,
    SYS_ftruncate,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_unlinkat,
    SYS_linkat,
    SYS_symlinkat,
    SYS_renameat,
    SYS_renameat2,
    SYS_name_to_handle_at,
    SYS_open_by_handle_at,
    SYS_flock,
    // What stays in the system: shared memory, queues, files without a name, keys.
    SYS_memfd_create,
    SYS_memfd_secret,
    SYS_shmget,
    SYS_shmat,
    SYS_shmctl,
    SYS_semget,
    SYS_semop,
    SYS_semtimedop,
    SYS_semctl,
    SYS_msgget,
    SYS_msgsnd,
    SYS_msgrcv,
    SYS_msgctl,
    SYS_mq_open,
    SYS_mq_unlink,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    // Other processes, and other programs.
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_process_madvise,
    SYS_process_mrelease,
    SYS_pidfd_open,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_kcmp,
    SYS_migrate_pages,
    SYS_move_pages,
    SYS_setpriority,
    SYS_ioprio_set,
    SYS_execveat,
    // The process group, which is what is ended with a program. The standard library has made it before.
    SYS_setsid,
    SYS_setpgid,
    // The kernel.
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_fanotify_init,
    SYS_fanotify_mark,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    SYS_unshare,
    SYS_setns,
    SYS_personality,
    SYS_syslog,
    SYS_acct,
    SYS_quotactl,
    SYS_quotactl_fd,
    SYS_swapon,
    SYS_swapoff,
    SYS_reboot,
    SYS_kexec_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_vhangup,
];

/// Older ways to the same.
#[cfg(target_arch = "x86_64")]
const DENIED_OF_OLD: &[c_long] = &[
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_utime,
    SYS_utimes,
    SYS_futimesat,
    SYS_creat,
    SYS_mkdir,
    SYS_rmdir,
    SYS_mknod,
    SYS_unlink,
    SYS_link,
    SYS_symlink,
    SYS_rename,
    SYS_kexec_file_load,
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
];
#[cfg(not(target_arch = "x86_64"))]
const DENIED_OF_OLD: &[c_long] = &[];

/// Absent to all: their arguments stand in memory, where a filter cannot look, and libraries have another way.
const ABSENT: &[c_long] = &[SYS_clone3, SYS_openat2];

/// Terminals are asked what they are, pipes how much they hold; others change files, or whom a signal is sent to.
const HARMLESS_REQUESTS: &[u32] = &[0x5401, 0x5413, 0x540F, 0x541B, 0x5421, 0x5450, 0x5451, 0x802C_542A];
/// Locks and leases of files, and signals that a file sends to another process.
const DENIED_COMMANDS: &[u32] = &[6, 7, 37, 38, 8, 10, 15, 1024, 1026];
/// The end with the parent, and who may look into the process.
const DENIED_OPTIONS: &[u32] =
    &[PR_SET_PDEATHSIG as u32, PR_SET_DUMPABLE as u32, PR_SET_MM as u32, PR_SET_PTRACER as u32, PR_SET_CHILD_SUBREAPER as u32];

/// Looked at more closely, of all.
const TESTED: &[(c_long, Test)] = &[
    (SYS_prctl, Test::NotAmong(0, DENIED_OPTIONS)),
    (SYS_fcntl, Test::NotAmong(1, DENIED_COMMANDS)),
    (SYS_ioctl, Test::Among(1, HARMLESS_REQUESTS)),
    (SYS_prlimit64, Test::Itself(0)),
    (SYS_sched_setaffinity, Test::Itself(0)),
    (SYS_sched_setscheduler, Test::Itself(0)),
    (SYS_sched_setparam, Test::Itself(0)),
    (SYS_sched_setattr, Test::Itself(0)),
];

/// Refused to programs alone: a script's children signal each other.
const DENIED_TO_PROGRAMS: &[c_long] = &[
    SYS_tkill,
    #[cfg(target_arch = "x86_64")]
    SYS_fork,
    #[cfg(target_arch = "x86_64")]
    SYS_vfork,
];
const WRITING: u32 = (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC) as u32;
const TESTED_OF_PROGRAMS: &[(c_long, Test)] = &[
    // A thread, never a process.
    (SYS_clone, Test::With(0, CLONE_THREAD as u32)),
    // Signals to itself: the way in which a failed check ends a program.
    (SYS_kill, Test::Own(0)),
    (SYS_tgkill, Test::Own(0)),
    (SYS_rt_sigqueueinfo, Test::Own(0)),
    (SYS_rt_tgsigqueueinfo, Test::Own(0)),
    // Also where there is no Landlock.
    (SYS_openat, Test::Without(2, WRITING)),
    #[cfg(target_arch = "x86_64")]
    (SYS_open, Test::Without(1, WRITING)),
];
const SPACES: u32 =
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_PARENT) as u32;
const TESTED_OF_SCRIPTS: &[(c_long, Test)] = &[(SYS_clone, Test::Without(0, SPACES))];

/// The filter for what stands in the decoder's place.
pub(super) fn filter(kind: Kind) -> Filter {
    // Offsets of `nr` and `arch` in the kernel's seccomp_data.
    const CALL: u32 = 0;
    const ARCH: u32 = 4;
    let program = kind == Kind::Program;
    let refused = end(SECCOMP_RET_ERRNO | EPERM as u32);
    let absent = end(SECCOMP_RET_ERRNO | ENOSYS as u32);
    let mut filter = Filter { steps: vec![load(ARCH)], own: Vec::new() };
    filter.steps.extend([equals(ARCHITECTURE.unwrap_or_default(), 1, 0), refused, load(CALL)]);
    // Numbers from 2^30 are x86's second set of the same calls.
    filter.steps.extend([at_least(0x4000_0000, 0, 1), refused, at_least(NEWEST + 1, 0, 1), absent]);
    let denied = DENIED.iter().chain(DENIED_OF_OLD).chain(DENIED_TO_PROGRAMS.iter().filter(|_| program));
    for (calls, action) in [(denied.collect::<Vec<_>>(), refused), (ABSENT.iter().collect(), absent)] {
        filter.steps.extend(calls.into_iter().flat_map(|&call| [equals(call as u32, 0, 1), action]));
    }
    let own = if program { TESTED_OF_PROGRAMS } else { TESTED_OF_SCRIPTS };
    for (call, test) in TESTED.iter().chain(own) {
        filter.test(*call as u32, *test, refused);
    }
    filter.steps.push(end(SECCOMP_RET_ALLOW));
    filter
}

impl Filter {
    /// Steps that look at one call's argument, and end.
    fn test(&mut self, call: u32, test: Test, refused: Step) {
        let allowed = end(SECCOMP_RET_ALLOW);
        let mut own = Vec::new();
        let (argument, mut steps) = match test {
            Test::Own(argument) | Test::Itself(argument) => {
                let mut steps = vec![];
                if matches!(test, Test::Itself(_)) {
                    steps.extend([equals(0, 0, 1), allowed]);
                }
                own.push(steps.len());
                steps.extend([equals(u32::MAX, 0, 1), allowed, refused]);
                (argument, steps)
            }
            Test::Without(argument, bits) => (argument, vec![has_bits(bits, 0, 1), refused, allowed]),
            Test::With(argument, bits) => (argument, vec![has_bits(bits, 0, 1), allowed, refused]),
            Test::Among(argument, values) => {
                let found = values.iter().flat_map(|&value| [equals(value, 0, 1), allowed]);
                (argument, found.chain([refused]).collect())
            }
            Test::NotAmong(argument, values) => {
                let found = values.iter().flat_map(|&value| [equals(value, 0, 1), refused]);
                (argument, found.chain([allowed]).collect())
            }
        };
        // The lower half of the argument, on a machine whose lower half comes first: all of these are numbers of 32 bits, or flags among those.
        steps.insert(0, load(16 + 8 * argument));
        self.steps.push(equals(call, 0, steps.len() as u8));
        self.own.extend(own.iter().map(|place| self.steps.len() + 1 + place));
        self.steps.extend(steps);
    }
}

fn step(code: u32, k: u32, jt: u8, jf: u8) -> Step {
    Step { code: code as u16, jt, jf, k }
}

fn load(offset: u32) -> Step {
    step(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0)
}

fn end(action: u32) -> Step {
    step(BPF_RET | BPF_K, action, 0, 0)
}

/// Steps to pass over where it is so, and where not.
fn equals(value: u32, yes: u8, no: u8) -> Step {
    step(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
}

fn at_least(value: u32, yes: u8, no: u8) -> Step {
    step(BPF_JMP | BPF_JGE | BPF_K, value, yes, no)
}

fn has_bits(bits: u32, yes: u8, no: u8) -> Step {
    step(BPF_JMP | BPF_JSET | BPF_K, bits, yes, no)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: u32 = SECCOMP_RET_ERRNO | EPERM as u32;
    const MISSING: u32 = SECCOMP_RET_ERRNO | ENOSYS as u32;
    const FINE: u32 = SECCOMP_RET_ALLOW;

    /// What the kernel would do with a call, by the rules of its interpreter.
    fn answer(filter: &Filter, call: c_long, arguments: [u64; 3]) -> u32 {
        let (mut at, mut value) = (0, 0);
        loop {
            let Step { code, jt, jf, k } = filter.steps[at];
            let jumps = |yes: bool| usize::from(if yes { jt } else { jf });
            at += 1;
            match u32::from(code) {
                code if code == BPF_LD | BPF_W | BPF_ABS => {
                    value = match k {
                        0 => call as u32,
                        4 => ARCHITECTURE.unwrap(),
                        place => arguments[(place as usize - 16) / 8] as u32,
                    }
                }
                code if code == BPF_JMP | BPF_JEQ | BPF_K => at += jumps(value == k),
                code if code == BPF_JMP | BPF_JGE | BPF_K => at += jumps(value >= k),
                code if code == BPF_JMP | BPF_JSET | BPF_K => at += jumps(value & k != 0),
                _ => return k,
            }
        }
    }

    #[test]
    fn calls_are_answered_by_their_number_and_their_arguments() {
        let (mut program, mut script) = (filter(Kind::Program), filter(Kind::Script));
        program.address(77);
        script.address(77);
        let threads = (CLONE_THREAD | CLONE_VM | CLONE_SIGHAND) as u64;
        for (call, arguments, of_program, of_script) in [
            (SYS_read, [0, 0, 0], FINE, FINE),
            (SYS_mmap, [0, 0, 0], FINE, FINE),
            (SYS_execve, [0, 0, 0], FINE, FINE),
            (SYS_socket, [1, 1, 0], REFUSED, REFUSED),
            (SYS_fchmodat, [0, 0, 0], REFUSED, REFUSED),
            (SYS_setsid, [0, 0, 0], REFUSED, REFUSED),
            (SYS_clone3, [0, 0, 0], MISSING, MISSING),
            (SYS_openat2, [0, 0, 0], MISSING, MISSING),
            // fchmodat2, and a call of years to come.
            (452, [0, 0, 0], MISSING, MISSING),
            (1000, [0, 0, 0], MISSING, MISSING),
            (0x4000_0000 + SYS_read, [0, 0, 0], REFUSED, REFUSED),
            (SYS_clone, [threads, 0, 0], FINE, FINE),
            (SYS_clone, [SIGCHLD as u64, 0, 0], REFUSED, FINE),
            (SYS_clone, [(SIGCHLD | CLONE_NEWUSER) as u64, 0, 0], REFUSED, REFUSED),
            (SYS_kill, [77, 9, 0], FINE, FINE),
            (SYS_kill, [76, 0, 0], REFUSED, FINE),
            (SYS_kill, [0, 9, 0], REFUSED, FINE),
            (SYS_kill, [u64::MAX, 9, 0], REFUSED, FINE),
            (SYS_tgkill, [77, 78, 6], FINE, FINE),
            (SYS_prlimit64, [0, 7, 0], FINE, FINE),
            (SYS_prlimit64, [77, 7, 0], FINE, FINE),
            (SYS_prlimit64, [1, 7, 0], REFUSED, REFUSED),
            (SYS_prctl, [PR_SET_NAME as u64, 0, 0], FINE, FINE),
            (SYS_prctl, [PR_SET_PDEATHSIG as u64, 0, 0], REFUSED, REFUSED),
            (SYS_openat, [0, 0, O_RDONLY as u64], FINE, FINE),
            (SYS_openat, [0, 0, (O_RDONLY | O_CLOEXEC | O_DIRECTORY) as u64], FINE, FINE),
            (SYS_openat, [0, 0, O_RDWR as u64], REFUSED, FINE),
            (SYS_openat, [0, 0, (O_RDONLY | O_TRUNC) as u64], REFUSED, FINE),
            (SYS_ioctl, [1, 0x5401, 0], FINE, FINE),
            // FS_IOC_SETFLAGS.
            (SYS_ioctl, [3, 0x4008_6602, 0], REFUSED, REFUSED),
            (SYS_fcntl, [0, F_GETFL as u64, 0], FINE, FINE),
            (SYS_fcntl, [0, F_SETOWN as u64, 1], REFUSED, REFUSED),
        ] {
            assert_eq!(answer(&program, call, arguments), of_program, "a program: {call} {arguments:?}");
            assert_eq!(answer(&script, call, arguments), of_script, "a script: {call} {arguments:?}");
        }
        assert!(program.steps.len() < 4096 && script.steps.len() < 4096, "BPF_MAXINSNS");
    }
}
