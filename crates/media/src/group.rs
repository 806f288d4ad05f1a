//! A running program with all it has started; none of it outlives the [`Group`].

use std::io;
use std::process::{Child, Command, ExitStatus};

/// A program and its process group (elsewhere than on Unix: the program alone), ended at the latest when this is dropped.
#[derive(Debug)]
pub(crate) struct Group {
    child: Child,
    /// Ends the group when we are gone and can end nothing ourselves.
    guard: Option<Child>,
    /// Its number may belong to somebody else by now.
    reaped: bool,
}

impl Group {
    /// Starts the program as the leader of a group of its own.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        Ok(Group { child: command.spawn()?, guard: None, reaped: false })
    }

    /// The same for a program that starts others: those end with us too, even where we are killed. Without a shell only the program itself does.
    pub(crate) fn guarded(command: &mut Command) -> io::Result<Self> {
        #[cfg_attr(not(unix), allow(unused_mut, reason = "the guard is a shell"))]
        let mut group = Group::start(command)?;
        #[cfg(unix)]
        {
            group.guard = guard(group.child.id()).ok();
        }
        Ok(group)
    }

    /// The program itself.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Whether the program itself has ended. It is not reaped: its number stays taken, so that [`Group::end`] cannot hit another group.
    #[cfg(unix)]
    pub(crate) fn has_ended(&mut self) -> io::Result<bool> {
        use rustix::process::{WaitId, WaitIdOptions, waitid};
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let process = rustix::process::Pid::from_child(&self.child);
        Ok(rustix::io::retry_on_intr(|| waitid(WaitId::Pid(process), options))?.is_some())
    }

    #[cfg(not(unix))]
    pub(crate) fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Ends what is left of the group and reaps the program. One that has ended by itself keeps its own status.
    pub(crate) fn end(&mut self) -> io::Result<ExitStatus> {
        if !self.reaped {
            // What has ended already cannot be killed; nothing is to be done about it.
            #[cfg(unix)]
            let _ = rustix::process::kill_process_group(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::KILL);
            #[cfg(not(unix))]
            let _ = self.child.kill();
        }
        let status = self.child.wait();
        self.reaped |= status.is_ok();
        if let Some(mut guard) = self.guard.take() {
            // It was in the group.
            let _ = guard.kill().and_then(|()| guard.wait());
        }
        status
    }
}

/// Waits in the group for the end of a pipe whose other end we hold, and that comes with our own end at the latest.
#[cfg(unix)]
fn guard(group: u32) -> io::Result<Child> {
    use std::os::unix::process::CommandExt;
    use std::process::Stdio;
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "read _; kill -9 0"]).env_clear().current_dir("/").process_group(group as i32);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = self.end();
    }
}
