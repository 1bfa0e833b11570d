//! The program `plenum`.

use std::process::ExitCode;

/// Small objects of one size lie together here, so what thousands of sessions leave behind goes back to the system; with glibc's
/// allocator it stays (docs/performance.md).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    gateway::cli::run()
}
