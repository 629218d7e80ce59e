//! Arguments -> settings -> telemetry -> command.

use std::process::ExitCode;

/// Half of a password hash's cost with the system's allocator is fetching its 19 MiB anew each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    leave_no_core();
    sanad::cli::run().await
}

/// The memory holds keys and passwords: no core file of it is written, and no other process of the same user reads it
/// (`security.md` 3.7).
fn leave_no_core() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

    let nothing = Rlimit { current: Some(0), maximum: Some(0) };
    // A system that refuses has rules of its own about it.
    let _ = setrlimit(Resource::Core, nothing);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}
