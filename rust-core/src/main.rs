//! The `goabi` command.

/// Many small values of short life: the systems' own allocators take up to a fifth of the time for them.
#[global_allocator]
static ALLOCATOR: goabi_allocator::Allocator = goabi_allocator::Allocator;

fn main() -> std::process::ExitCode {
    goabi_allocator::keep_freed();
    let again = std::env::current_exe().map_or_else(|_| "goabi".into(), std::path::PathBuf::into_os_string);
    goabi::cli::run(std::env::args_os(), vec![again]).into()
}
