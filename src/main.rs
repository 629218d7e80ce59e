//! Arguments -> settings -> telemetry -> command.

use std::process::ExitCode;

/// Half of a password hash's cost with the system's allocator is fetching its 19 MiB anew each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    sanad::cli::run().await
}
