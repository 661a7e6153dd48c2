//! `use`, `--set` and many errors, as users of the program see them.

use crate::cli_support::{file, program, run, run_with};

/// Writes files, runs the first one.
fn with(test: &str, files: &[(&str, &str)]) -> crate::cli_support::Run {
    for (name, text) in files {
        let (folder, name) = name.rsplit_once('/').unwrap_or(("", name));
        let path = file(test, "placeholder", b"").with_file_name(folder);
        std::fs::create_dir_all(&path).expect("a folder");
        std::fs::write(path.join(name), text).expect("a file");
    }
    let first = file(test, "placeholder", b"").with_file_name(files[0].0);
    run(&["--quiet", first.to_str().expect("UTF-8")])
}

#[test]
fn a_file_is_used_once_whatever_its_path() {
    let found = with(
        "diamond",
        &[
            ("m.opt", "use \"u/a.opt\"\nuse \"u/b.opt\"\nuse \"./u/../u/a.opt\"\na + b"),
            ("u/a.opt", "use \"v/c.opt\"\nlet a = c"),
            ("u/b.opt", "use \"../u/v/c.opt\"\nlet b = 2*c"),
            ("u/v/c.opt", "let c = 3"),
        ],
    );
    assert_eq!((found.status, found.out.as_str(), found.err.as_str()), (Some(0), "9\n", ""));
}

#[test]
fn a_circle_is_reported_where_a_name_is_missing() {
    let found = with("itself", &[("s.opt", "use \"s.opt\"\nlet s = 1\ns")]);
    assert_eq!((found.status, found.out.as_str(), found.err.as_str()), (Some(0), "s = 1\n", ""));
    let both =
        [("a.opt", "let k = 1\nuse \"b.opt\"\nl"), ("b.opt", "use \"a.opt\"\nlet l = k + 1")];
    let found = with("circle", &both);
    assert_eq!((found.status, found.out.as_str(), found.err.as_str()), (Some(0), "l = 2\n", ""));
    let found = with(
        "broken",
        &[("a.opt", "use \"b.opt\"\nlet k = 1"), ("b.opt", "use \"a.opt\"\nlet l = k")],
    );
    assert_eq!(found.status, Some(1));
    assert!(found.err.contains("unknown name `k`"), "{}", found.err);
    assert!(found.err.contains("a.opt` uses `b.opt` uses `a.opt`"), "{}", found.err);
}

#[test]
fn a_setting_that_nothing_takes_is_named_everywhere() {
    let script = file("settings", "a.opt", b"var x\nlet rate = 2\nlet f = (x - rate)^2\n");
    let script = script.to_str().expect("UTF-8");
    for args in [
        &["run", script][..],
        &["check", script],
        &["bench", script, "f"],
        &["--json", "run", script],
    ] {
        let found = run(&[args, &["--set", "rat=3"]].concat());
        assert_eq!(found.status, Some(0), "{args:?}: {}", found.err);
        assert!(
            found.err.contains("W0007") && found.err.contains("`rat`"),
            "{args:?}: {}",
            found.err
        );
        assert!(found.err.contains("--set rate="), "{args:?}: {}", found.err);
        assert_eq!(args[0] == "--json", found.out.contains("\"W0007\""), "{}", found.out);
        let found = run(&[args, &["--set", "rate=3"]].concat());
        assert!(!found.err.contains("W0007"), "{args:?}: {}", found.err);
    }
    let found = run_with(&["--set", "zz=1"], b"let a = 1\n");
    assert!(found.err.contains("`zz`"), "from a pipe: {}", found.err);
}

#[test]
fn a_benchmark_names_what_it_does_not_find() {
    let script = file("bench", "a.opt", b"var x\nlet loss = (x - 3)^2\n");
    let found = run(&["bench", script.to_str().expect("UTF-8"), "los"]);
    assert_eq!(found.status, Some(1));
    assert!(found.err.contains("`los`") && found.err.contains("`loss`"), "{}", found.err);
}

#[test]
fn errors_beyond_twenty_are_counted() {
    let script: String = (0..50).map(|i| format!("missing{i}\n")).collect();
    let found = run(&["-e", &script]);
    assert_eq!(found.err.matches("[E0301]").count(), 20, "{}", found.err);
    assert!(found.err.ends_with("30 more errors, not shown\n"), "{}", found.err);
    let found = run(&["--json", "-e", &script]);
    assert_eq!(found.out.lines().count(), 50, "programs get them all");
    assert_eq!(found.err.matches("[E0301]").count(), 20);
}

#[cfg(unix)]
mod streams {
    use super::program;
    use std::io::Read;
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
    use std::os::unix::process::CommandExt;
    use std::process::Stdio;

    /// Results that nobody gets are a failure, unless there are none.
    #[test]
    fn a_closed_stdout_is_a_failure() {
        for (script, status) in [("1 + 1", 1), ("let a = 1", 0)] {
            let mut command = program();
            command.args(["-e", script]).stderr(Stdio::piped());
            // SAFETY: between fork and exec only a descriptor is closed.
            unsafe {
                command.pre_exec(|| {
                    libc::close(libc::STDOUT_FILENO);
                    Ok(())
                })
            };
            let output = command.spawn().and_then(|c| c.wait_with_output()).expect("it runs");
            let err = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(status), "{script}: {err}");
            assert_eq!(err.contains("cannot write to standard output"), status == 1, "{err}");
        }
    }

    /// A pipe that takes little at a time and is full most of the time.
    #[test]
    fn a_stream_that_is_full_gets_the_rest_later() {
        let mut ends = [0; 2];
        // SAFETY: two descriptors are asked for; they are owned from here on.
        let (read, write) = unsafe {
            assert_eq!(libc::pipe(ends.as_mut_ptr()), 0);
            (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))
        };
        // SAFETY: the descriptor is open.
        unsafe { libc::fcntl(write.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
        let script = "let a = [i for i in 1..100000]\na";
        let mut command = program();
        command.args(["--json", "-e", script]).stdout(Stdio::from(write)).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program starts");
        drop(command);
        let mut reader = std::fs::File::from(read);
        let (mut bytes, mut chunk) = (Vec::new(), [0; 10_000]);
        loop {
            match reader.read(&mut chunk).expect("a pipe") {
                0 => break,
                n => bytes.extend_from_slice(&chunk[..n]),
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        assert!(child.wait().expect("it ends").success());
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert!(text.ends_with("99999,100000]}\n"), "{} bytes", text.len());
    }
}
