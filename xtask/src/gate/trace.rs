//! A process that is killed at one of its system calls, counted over all of its threads from the moment when it is seized.
//!
//! `strace` can inject a signal too, but counts for each thread and each kind of call by itself, so that most calls of a
//! process with several threads cannot be named. The tracer is a process of its own, since whoever waits for a
//! traced child is told of every stop.

use std::collections::HashSet;
use std::convert::Infallible;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::fd::AsFd as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::libc::PTRACE_SYSCALL_INFO_ENTRY;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

use super::world::PATIENCE;

/// What became of a process that is traced.
#[derive(Debug)]
pub(super) enum Fate {
    /// It was killed at this system call, whose number is the kernel's, and was gone by the time that this is known.
    Killed { call: String, at: Duration },
    /// It made fewer calls.
    Spared,
}

/// Whoever kills it.
pub(super) struct Tracer {
    child: Child,
    input: ChildStdin,
    words: BufReader<ChildStdout>,
}

impl Tracer {
    /// Seizes a process, to kill it as it begins its `nth` system call from now.
    pub(super) fn seize(pid: Pid, nth: u64) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["gate-part", "trace", &pid.to_string(), &nth.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (input, words) = (child.stdin.take(), child.stdout.take());
        let (Some(input), Some(words)) = (input, words) else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let mut tracer = Self { child, input, words: BufReader::new(words) };
        match tracer.word()?.as_str() {
            "ready" => Ok(tracer),
            other => Err(io::Error::other(format!(
                "{pid} cannot be traced: {other}; run the gate as root, or set kernel.yama.ptrace_scope to 0"
            ))),
        }
    }

    /// Lets go of it, if it has not been killed by now.
    pub(super) fn let_go(self) -> io::Result<Fate> {
        let Self { child, input, words } = self;
        drop(input);
        Self::last_word(child, words)
    }

    /// Waits until the process has ended, or been killed.
    pub(super) fn wait(self) -> io::Result<Fate> {
        let Self { child, input, words } = self;
        let fate = Self::last_word(child, words);
        drop(input);
        fate
    }

    /// Waits until the process has been killed, and no longer than something takes, which goes on by itself.
    pub(super) fn wait_while(self, phase: impl FnOnce() + Send + 'static) -> io::Result<Fate> {
        let Self { child, input, words } = self;
        std::thread::spawn(move || {
            phase();
            drop(input);
        });
        Self::last_word(child, words)
    }

    fn last_word(mut child: Child, mut words: BufReader<ChildStdout>) -> io::Result<Fate> {
        let mut line = String::new();
        words.read_line(&mut line)?;
        child.wait()?;
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["killed", call, at] => {
                let at = at.parse().map(Duration::from_micros).map_err(io::Error::other)?;
                Ok(Fate::Killed { call: (*call).to_owned(), at })
            }
            ["spared"] => Ok(Fate::Spared),
            _ => Err(io::Error::other(format!("the tracer says {line:?}"))),
        }
    }

    fn word(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.words.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }
}

/// A clock that processes share.
pub(super) fn now() -> Duration {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from).unwrap_or_default()
}

/// Held by whoever says the last word, to the end of the process.
static LAST_WORD: Mutex<()> = Mutex::new(());

fn have_last_word() -> MutexGuard<'static, ()> {
    LAST_WORD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn over(_last: MutexGuard<'static, ()>, word: &str) -> ! {
    println!("{word}");
    let _flushed = io::stdout().flush();
    #[expect(
        clippy::exit,
        reason = "the other thread waits for what need not come, and this frees what is traced"
    )]
    std::process::exit(0)
}

/// The tracer's part.
pub(super) fn part(pid: &str, nth: &str) -> String {
    let (Ok(pid), Ok(nth)) = (pid.parse(), nth.parse()) else { return "no numbers".to_owned() };
    match trace(Pid::from_raw(pid), nth) {
        Err(errno) => errno.to_string(),
    }
}

fn trace(process: Pid, nth: u64) -> nix::Result<Infallible> {
    seize_all(process)?;
    println!("ready");
    std::thread::spawn(|| {
        let input = io::stdin();
        let mut end = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
        let closed = poll(&mut end, PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::MAX));
        let word = if closed == Ok(0) { "it hangs" } else { "spared" };
        over(have_last_word(), word)
    });
    let (mut calls, mut killed) = (0_u64, None);
    loop {
        match waitpid(None, Some(WaitPidFlag::__WALL))? {
            WaitStatus::PtraceSyscall(thread) => {
                let enters =
                    ptrace::syscall_info(thread).is_ok_and(|stop| stop.op == PTRACE_SYSCALL_INFO_ENTRY);
                calls += u64::from(enters);
                if enters && calls == nth {
                    let last = have_last_word();
                    killed =
                        Some((last, format!("killed {} {}", number(process, thread), now().as_micros())));
                    kill(process, Signal::SIGKILL)?;
                } else {
                    go_on(thread, None);
                }
            }
            // A signal of its own, which it is to have.
            WaitStatus::Stopped(thread, signal) => go_on(thread, Some(signal)),
            WaitStatus::PtraceEvent(thread, _, _) => go_on(thread, None),
            WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, _, _) if thread == process => {
                match killed {
                    Some((last, word)) => over(last, &word),
                    None => over(have_last_word(), "spared"),
                }
            }
            _ => {}
        }
    }
}

/// Seizes all threads, which run on when each has been stopped once.
fn seize_all(process: Pid) -> nix::Result<()> {
    let options = Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACECLONE;
    let (mut known, mut seized) = (HashSet::new(), Vec::new());
    ptrace::seize(process, options)?;
    ptrace::interrupt(process)?;
    seized.push(process);
    known.insert(process);
    loop {
        let new: Vec<Pid> = threads(process).into_iter().filter(|thread| known.insert(*thread)).collect();
        if new.is_empty() {
            break;
        }
        for thread in new {
            // One that a seized one has begun is seized already, and one that has ended is no loss.
            if ptrace::seize(thread, options).and_then(|()| ptrace::interrupt(thread)).is_ok() {
                seized.push(thread);
            }
        }
    }
    for thread in seized {
        waitpid(thread, Some(WaitPidFlag::__WALL))?;
        go_on(thread, None);
    }
    Ok(())
}

/// Up to its next system call. It may have been killed meanwhile.
fn go_on(thread: Pid, signal: Option<Signal>) {
    let _gone = ptrace::syscall(thread, signal);
}

fn threads(process: Pid) -> Vec<Pid> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    tasks.filter_map(|task| task.file_name().to_str()?.parse().ok().map(Pid::from_raw)).collect()
}

/// The number of the system call in which a thread is stopped.
fn number(process: Pid, thread: Pid) -> String {
    let line = fs::read_to_string(format!("/proc/{process}/task/{thread}/syscall")).unwrap_or_default();
    line.split_whitespace().next().unwrap_or("?").to_owned()
}
