//! The REPL on a terminal: a pseudo-terminal, on whose other end the test types and reads.

#![cfg(unix)]

use crate::cli_support::{file, program};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Ends what hangs.
const HANGS: Duration = Duration::from_secs(30);

/// The program on a terminal of its own.
struct Terminal {
    child: Child,
    /// The end of the person.
    person: File,
    /// What the program writes.
    written: Receiver<Vec<u8>>,
    seen: String,
    /// Keeps the terminal when the program has ended.
    _end: OwnedFd,
}

impl Terminal {
    fn start(test: &str) -> Terminal {
        // SAFETY: a new descriptor, which is owned from here on; the name is copied before the next call.
        let (person, end) = unsafe {
            let person = libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY);
            assert!(person >= 0 && libc::grantpt(person) == 0 && libc::unlockpt(person) == 0);
            let end = libc::open(libc::ptsname(person), libc::O_RDWR | libc::O_NOCTTY);
            assert!(end >= 0, "a pseudo-terminal");
            libc::fcntl(person, libc::F_SETFD, libc::FD_CLOEXEC);
            (File::from_raw_fd(person), OwnedFd::from_raw_fd(end))
        };
        let state = file(test, "placeholder", b"").with_file_name("");
        let side = || Stdio::from(end.try_clone().expect("a descriptor"));
        let mut command = program();
        command.env("TERM", "xterm").env("XDG_STATE_HOME", state);
        command.stdin(side()).stdout(side()).stderr(side());
        // SAFETY: between fork and exec only system calls.
        unsafe {
            command.pre_exec(|| {
                // Ctrl-C goes to the session whose terminal it is.
                libc::setsid();
                libc::ioctl(0, libc::TIOCSCTTY, 0);
                Ok(())
            })
        };
        let child = command.spawn().expect("the program starts");
        let mut reader = person.try_clone().expect("a descriptor");
        let (sender, written) = channel();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut chunk) {
                if sender.send(chunk[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Terminal { child, person, written, seen: String::new(), _end: end }
    }

    fn types(&mut self, text: &str) {
        self.person.write_all(text.as_bytes()).expect("the terminal takes it");
    }

    /// Waits until the program has written a text after all that was waited for before.
    #[track_caller]
    fn shows(&mut self, text: &str) {
        let began = Instant::now();
        loop {
            if let Some(at) = self.seen.find(text) {
                self.seen.drain(..at + text.len());
                return;
            }
            let left = HANGS.saturating_sub(began.elapsed());
            let Ok(bytes) = self.written.recv_timeout(left) else {
                let _ = self.child.kill();
                panic!("`{text}` does not come: {}", self.seen)
            };
            self.seen += &String::from_utf8_lossy(&bytes);
        }
    }

    /// Whether the terminal gives whole lines and shows what is typed, as it does outside of editors.
    fn is_as_before(&self) -> bool {
        // SAFETY: zeros are a valid termios, and the descriptor is open.
        let modes = unsafe {
            let mut modes: libc::termios = std::mem::zeroed();
            assert_eq!(libc::tcgetattr(self.person.as_raw_fd(), &mut modes), 0);
            modes
        };
        let lines = libc::ICANON | libc::ECHO | libc::ISIG;
        modes.c_lflag & lines == lines
    }

    #[track_caller]
    fn ends(&mut self) -> std::process::ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(began.elapsed() < HANGS, "the program goes on");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn signals_that_end_the_process_leave_the_terminal_as_it_was() {
    use std::os::unix::process::ExitStatusExt;
    for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
        let mut terminal = Terminal::start("signals");
        terminal.shows(">> ");
        let began = Instant::now();
        while terminal.is_as_before() {
            assert!(began.elapsed() < HANGS, "the editor takes the terminal");
            std::thread::sleep(Duration::from_millis(5));
        }
        let pid = i32::try_from(terminal.child.id()).expect("a process id");
        // SAFETY: signals a child that was started here and not yet waited for.
        unsafe { libc::kill(pid, signal) };
        assert_eq!(terminal.ends().signal(), Some(signal));
        assert!(terminal.is_as_before(), "after signal {signal}");
    }
}

#[test]
fn the_conversation_goes_on_after_an_interrupt() {
    let mut terminal = Terminal::start("interrupt");
    let scripts = [
        "let a = sum(sin(i*j) for i in 1..1000000 for j in 1..100000)",
        "let B = inv(eye(3000) + outer(ones(3000), ones(3000)))",
        "for i in 1..10000000 { let c = i^2 }",
    ];
    for script in scripts {
        terminal.shows(">> ");
        terminal.types(&format!("{script}\r"));
        std::thread::sleep(Duration::from_millis(700));
        terminal.types("\x03");
        terminal.shows("interrupted");
    }
    terminal.shows(">> ");
    terminal.types("var x = 3\r");
    terminal.shows(">> ");
    terminal
        .types("let fit = minimize sum((x - sin(i*j))^2 for i in 1..1000000 for j in 1..100000)\r");
    std::thread::sleep(Duration::from_millis(700));
    terminal.types("\x03");
    terminal.shows("interrupted");
    terminal.shows(">> ");
    terminal.types("fit.x + 0.25\r");
    terminal.shows("3.25");
    terminal.shows(">> ");
    terminal.types(":quit\r");
    assert!(terminal.ends().success());
}
