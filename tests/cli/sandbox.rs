//! What scripts of strangers may do: read and write below their own folder and the working folder, run
//! for a while, say so much, and nothing else.

use crate::cli_support::{Run, program};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// What nobody outside of `out/` may see.
const SECRET: &str = "the-secret-of-out";

/// A place with two folders, `in/` for scripts and `out/`, which is none of their business.
struct Place {
    top: PathBuf,
}

impl Place {
    fn new(test: &str) -> Place {
        let top = std::env::temp_dir().join(format!("gradus-{}-{test}", std::process::id()));
        for folder in ["in/deep", "out", "state"] {
            std::fs::create_dir_all(top.join(folder)).expect("a folder");
        }
        let place = Place { top };
        place.write("in/data.csv", "a,b\n1,2\n3,4\n");
        place.write("out/secret.csv", &format!("{SECRET},b\n1,2\n"));
        place.write("out/secret.opt", &format!("let a = 1\n{SECRET}\n"));
        #[cfg(unix)]
        for (to, from) in [
            ("../out", "in/folder_link"),
            ("../out/secret.csv", "in/file_link.csv"),
            ("../out/new.csv", "in/dangling.csv"),
            ("/proc/self", "in/system_link"),
            ("../../out", "in/deep/link"),
        ] {
            let _ = std::fs::remove_file(place.top.join(from));
            std::os::unix::fs::symlink(to, place.top.join(from)).expect("a link");
        }
        place
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.top.join(name), text).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.top.join(name)).unwrap_or_default()
    }

    /// The path of something here, as text.
    fn at(&self, name: &str) -> String {
        self.top.join(name).display().to_string()
    }

    fn run(&self, args: &[&str], input: &str) -> Run {
        let mut command = program();
        command.args(args).current_dir(self.top.join("in"));
        command.env("XDG_STATE_HOME", self.top.join("state")).env("OUT_SECRET", SECRET);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        if let Some(mut stdin) = child.stdin.take() {
            let _ = std::io::Write::write_all(&mut stdin, input.as_bytes());
        }
        let output = child.wait_with_output().expect("the program ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Run { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs a script in `in/`.
    fn script(&self, text: &str, flags: &[&str]) -> Run {
        self.write("in/script.opt", text);
        self.run(&[&["run", "script.opt"], flags].concat(), "")
    }
}

/// Everything below a folder, with contents.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            found.extend(contents(&entry.path()));
        } else if kind.is_file() {
            found.push((entry.path(), std::fs::read(entry.path()).expect("a file")));
        }
    }
    found.sort();
    found
}

#[test]
fn no_way_leads_out() {
    let place = Place::new("ways-out");
    let (csv, opt, npy) = (place.at("out/secret.csv"), place.at("out/secret.opt"), place.at("out"));
    let ways = [
        // By path.
        format!("csv(\"{csv}\")"),
        "csv(\"../out/secret.csv\")".to_string(),
        "csv(\"deep/../../out/secret.csv\")".to_string(),
        "csv(\"none/../../out/secret.csv\")".to_string(),
        "csv(\"./././../out/secret.csv\")".to_string(),
        "csv(\"..//out///secret.csv\")".to_string(),
        format!("npy(\"{csv}\")"),
        format!("npy(\"{npy}\")"),
        format!("use \"{opt}\""),
        "use \"../out/secret.opt\"".to_string(),
        // By links.
        "csv(\"folder_link/secret.csv\")".to_string(),
        "csv(\"file_link.csv\")".to_string(),
        "csv(\"deep/link/secret.csv\")".to_string(),
        "use \"folder_link/secret.opt\"".to_string(),
        // By what the system shows of itself.
        "csv(\"/proc/self/environ\")".to_string(),
        "csv(\"system_link/environ\")".to_string(),
        "csv(\"/proc/self/root/etc/passwd\")".to_string(),
        "csv(\"/proc/self/cwd/../out/secret.csv\")".to_string(),
        "csv(\"/dev/stdin\")".to_string(),
        "csv(\"/dev/fd/0\")".to_string(),
        "csv(\"/etc/passwd\")".to_string(),
        "use \"/etc/passwd\"".to_string(),
        // By names that are made when the script runs.
        "for i in 1..1 { let t = csv(\"../out/secret.csv\") }".to_string(),
        "let out = \"../out/secret.csv\"\nlet t = csv(out)".to_string(),
        format!("fn f(i) = sum(csv(\"{csv}\").b)*i\nf(1)"),
        "use \"helper.opt\"\nhelper(1)".to_string(),
        // By writing.
        format!("export [1, 2] to \"{}\"", place.at("out/new.csv")),
        "export [1, 2] to \"../out/new.csv\"".to_string(),
        "export [1, 2] to \"folder_link/new.csv\"".to_string(),
        "export [1, 2] to \"dangling.csv\"".to_string(),
        "export [1, 2] to \"file_link.csv\"".to_string(),
        "export [1, 2] to \"data.csv\"".to_string(),
        "export [1, 2] to \"deep\"".to_string(),
        "export [1, 2] to \"/dev/stdout.csv\"".to_string(),
        "export [1, 2] to \"helper.opt\"".to_string(),
    ];
    place.write("in/helper.opt", "fn helper(i) = sum(csv(\"../out/secret.csv\").b)*i\n");
    place.write("in/script.opt", "");
    let before = contents(&place.top);
    for way in &ways {
        for how in ["run", "check", "-", "sandboxed -e", "sandboxed :load"] {
            let found = match how {
                "run" => place.script(way, &[]),
                "check" => place.run(&["check", "script.opt"], ""),
                "-" => place.run(&["run", "-"], way),
                "sandboxed -e" => place.run(&["--sandbox", "-e", way], ""),
                _ => place.run(&["--sandbox"], ":load script.opt\n"),
            };
            // A check looks at definitions of functions only when they are called.
            assert!(found.status == Some(1), "{how}: {way}: {}{}", found.out, found.err);
            let said = found.out + &found.err;
            assert!(!said.contains(SECRET) && !said.contains("root:"), "{how}: {way}: {said}");
            assert!(!said.contains("bug in Gradus"), "{how}: {way}: {said}");
        }
    }
    let mut after = contents(&place.top);
    after.retain(|(path, _)| !path.ends_with("script.opt"));
    let before: Vec<_> = before.into_iter().filter(|(p, _)| !p.ends_with("script.opt")).collect();
    assert!(before == after, "nothing was written");
}

#[test]
fn rights_are_given_by_flags() {
    let place = Place::new("rights");
    let read = "let t = csv(\"../out/secret.csv\")\nt.b";
    let denied = place.script(read, &[]);
    assert!(denied.err.contains("E0709") && denied.err.contains("--allow-read"), "{}", denied.err);
    assert_eq!(place.script(read, &["--allow-read", "../out"]).out, "t.b = [2]\n");
    assert_eq!(place.script(read, &["--allow-read", "/"]).status, Some(0));
    assert_eq!(place.script(read, &["--sandbox", "--allow-read", "../out"]).status, Some(0));
    let write = "export [1, 2] to \"../out/new.csv\"";
    assert_eq!(place.script(write, &["--allow-read", "/"]).status, Some(1));
    assert_eq!(place.script(write, &["--allow-write", "../out"]).status, Some(0));
    assert_eq!(place.read("out/new.csv"), "\"[1, 2]\"\n1\n2\n");
    // The user's own words read what the user may.
    assert_eq!(place.run(&["-e", read], "").out, "t.b = [2]\n");
    assert_eq!(place.run(&[], &read.replace('\n', "; ")).status, Some(0));
    // A script that these words use is a script.
    place.write("in/evil.opt", "fn evil(i) = sum(csv(\"../out/secret.csv\").b)*i\n");
    assert_eq!(place.run(&["-e", "use \"evil.opt\"; evil(1)"], "").status, Some(1));
    for flags in [["--allow-read", "none"], ["--allow-write", "data.csv"], ["--output", "many"]] {
        assert_eq!(place.script("1", &flags).status, Some(2), "{flags:?}");
    }
    for flags in [["--time", "0"], ["--time", "nan"], ["--output", "0"], ["--output", "1X"]] {
        assert_eq!(place.script("1", &flags).status, Some(2), "{flags:?}");
    }
}

#[test]
fn only_what_gradus_wrote_is_replaced() {
    let place = Place::new("replaced");
    let script = "let a = [1, 2]\nexport a to \"a.csv\"";
    assert_eq!(place.script(script, &[]).status, Some(0));
    assert_eq!(place.read("in/a.csv"), "a\n1\n2\n");
    assert_eq!(place.script("let a = [3]\nexport a to \"a.csv\"", &[]).status, Some(0));
    assert_eq!(place.read("in/a.csv"), "a\n3\n");
    place.write("in/a.csv", "mine");
    let refused = place.script(script, &[]);
    assert_eq!((refused.status, place.read("in/a.csv").as_str()), (Some(1), "mine"));
    assert!(refused.err.contains("E0705") && refused.err.contains("--force"), "{}", refused.err);
    assert_eq!(place.script(script, &["--force"]).status, Some(0));
    assert_eq!(place.read("in/a.csv"), "a\n1\n2\n");
    // In a sandbox nothing is known of earlier runs.
    assert_eq!(place.script(script, &["--sandbox"]).status, Some(1));
}

#[test]
fn time_and_output_end() {
    let place = Place::new("limits");
    let endless = "for i in 1..1e7 { let a = i }";
    let found = place.script(endless, &["--sandbox", "--time", "0.2", "--json"]);
    assert_eq!(found.status, Some(1), "{}", found.err);
    assert!(found.err.contains("--time"), "{}", found.err);
    let found = place.script("for i in 1..1e6 { print i }", &["--output", "1K"]);
    assert_eq!(found.status, Some(1));
    assert!(found.out.len() <= 1024 && found.err.contains("E0710"), "{}", found.err);
    // In a sandbox the environment says nothing.
    let mut command = program();
    let text = "var x: R[3] = [1, 2, 3]\nlet f = sumsq(x)\nf at (x = [1, 2, 3])";
    command.args(["--sandbox", "-e", text]).env("GRADUS_SIMD", "baseline").env("NO_COLOR", "");
    let output = command.output().expect("the program runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "14\n");
}

/// The program starts no other and speaks to no network: its source names nothing that could.
#[test]
fn there_are_no_processes_and_no_network() {
    let words = [
        "process::Command",
        "std::net",
        "TcpStream",
        "UdpSocket",
        "UnixStream",
        "libc::fork",
        "libc::exec",
        "libc::system",
        "libc::socket",
        "libc::posix_spawn",
        "libc::dlopen",
    ];
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (file, text) in contents(&source) {
        let text = String::from_utf8_lossy(&text);
        for word in words {
            assert!(!text.contains(word), "{} names {word}", file.display());
        }
    }
}

/// Indices that data gives are checked as those that a person writes.
#[test]
fn indices_from_data_are_checked() {
    let place = Place::new("indices");
    for index in [
        "nan",
        "inf",
        "-inf",
        "9007199254740992",
        "18446744073709551617",
        "1e300",
        "0",
        "-1",
        "1.5",
    ] {
        place.write("in/index.csv", &format!("i,k\n1,1\n{index},2\n"));
        let text = "let t = csv(\"index.csv\", missing = \"drop\")\nlet t2 = t.i\nvar x: R[3] = [1, 2, 3]\n\
                    let y = [1, 2, 3]\ny[t2[2]]\n";
        let uses = [
            text.to_string(),
            text.replace("y[t2[2]]", "sum(x[t2[j]]^2 for j in 1..2) at (x = y)"),
            text.replace("y[t2[2]]", "minimize sum((x[t2[j]] - 1)^2 for j in 1..2)"),
            text.replace("y[t2[2]]", "sum(y[j] for j in 1..t2[2])"),
        ];
        for (k, text) in uses.iter().enumerate() {
            for flags in [&[][..], &["--no-jit"]] {
                let found = place.script(text, flags);
                let said = format!("{k} {index}: {}{}", found.out, found.err);
                assert!(!said.contains("bug in Gradus"), "{said}");
                // An empty range is one, and nan and infinities are no data under "drop".
                let may_run = k == 3 && matches!(index, "0" | "-1");
                assert_eq!(found.status, Some(i32::from(!may_run)), "{said}");
            }
        }
    }
}

/// NumPy can write objects as programs that run when they are read. They are refused.
#[test]
fn pickles_are_refused() {
    let place = Place::new("pickles");
    for kind in ["|O", "|O8", "[('a', '|O')]"] {
        let quoted = if kind.starts_with('[') { kind.to_string() } else { format!("'{kind}'") };
        let header = format!("{{'descr': {quoted}, 'fortran_order': False, 'shape': (1,), }}");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16 + 1).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(b"\ncos\nsystem\n(S'echo the-secret-of-out'\ntR.");
        std::fs::write(place.top.join("in/data.npy"), bytes).expect("a file");
        let found = place.script("npy(\"data.npy\")", &[]);
        assert_eq!(found.status, Some(1), "{}", found.out);
        assert!(!(found.out + &found.err).contains(SECRET));
    }
}
