//! The `goabi` command.

fn main() -> std::process::ExitCode {
    goabi::cli::run(std::env::args_os()).into()
}
