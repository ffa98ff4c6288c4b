//! The program `concordat`.

use std::process::ExitCode;

// What is freed is wiped, also by libraries that hold a request on its way (RTC-10).
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<mimalloc::MiMalloc> =
    zeroizing_alloc::ZeroAlloc(mimalloc::MiMalloc);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    concordat::run().await
}
