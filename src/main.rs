//! The `gradus` program.

use std::process::ExitCode;

#[global_allocator]
static MEMORY: gradus::memory::LargePages = gradus::memory::LargePages;

fn main() -> ExitCode {
    gradus::cli::main(std::env::args_os().skip(1)).into()
}

/// Before `main` the runtime opens `/dev/null` where a standard stream is closed, and a result that nobody
/// gets would look written. So this looks before the runtime does, as its own code for arguments does.
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod before_main {
    use gradus::front::streams::OUT_WAS_CLOSED;
    use std::sync::atomic::Ordering;

    #[used]
    #[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
    #[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
    static LOOK: extern "C" fn() = look;

    extern "C" fn look() {
        // SAFETY: asks for flags of a descriptor, which need not be open; C's library is ready by now.
        if unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) } == -1 {
            OUT_WAS_CLOSED.store(true, Ordering::Relaxed);
        }
    }
}
