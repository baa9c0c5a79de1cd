//! The command line of `goabi batch`.

use super::Analysis;
use clap::{Args as Group, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Group)]
pub(in crate::cli) struct Batch {
    /// Files, and folders that are searched for programs, with all folders in them
    #[arg(required = true, value_name = "DIR")]
    pub(in crate::cli) inputs: Vec<PathBuf>,
    /// Folder for reports, tables and the summary; a run that was stopped goes on where it was
    #[arg(short, long, value_name = "OUT")]
    pub(in crate::cli) output: PathBuf,
    /// Seconds that one file may take
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) timeout: u64,
    /// Memory that one file may take, such as 512M or 4G
    #[arg(long, value_name = "SIZE", default_value = "4G", value_parser = bytes)]
    pub(in crate::cli) memory: u64,
    /// Also try again what failed in an earlier run
    #[arg(long)]
    pub(in crate::cli) retry_failed: bool,
    /// Add every claim that was made on each function to the reports
    #[arg(long)]
    pub(in crate::cli) evidence: bool,
    /// Also annotate each Go program in this host, without a window; may be repeated
    #[arg(long, value_enum, value_name = "HOST")]
    pub(in crate::cli) with: Vec<Host>,
    /// IDA's folder or its idat; without it $IDADIR, then PATH
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) ida: Option<PathBuf>,
    /// The plugin's goabi_headless.py; without it, that of the plugin installed for this user
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) ida_script: Option<PathBuf>,
    /// Ghidra's folder or its analyzeHeadless; without it $GHIDRA_INSTALL_DIR, then PATH
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) ghidra: Option<PathBuf>,
    /// Seconds that a host may take for one file
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) host_timeout: u64,
    /// Run on the Ray cluster at this address; `local` starts one on this machine
    #[arg(long, value_name = "ADDRESS")]
    pub(in crate::cli) ray: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) analysis: Analysis,
}

/// One file of a batch; `goabi batch` runs itself with this.
#[derive(Debug, Group)]
pub(in crate::cli) struct Worker {
    pub(in crate::cli) file: PathBuf,
    #[arg(long)]
    pub(in crate::cli) output: PathBuf,
    #[arg(long)]
    pub(in crate::cli) sha256: String,
    #[arg(long)]
    pub(in crate::cli) key: String,
    #[arg(long)]
    pub(in crate::cli) memory: u64,
    #[arg(long)]
    pub(in crate::cli) evidence: bool,
    #[command(flatten)]
    pub(in crate::cli) analysis: Analysis,
}

/// The hosts that can annotate a program without a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(in crate::cli) enum Host {
    /// `idat`, with goabi's plugin
    Ida,
    /// `analyzeHeadless`, with goabi's extension
    Ghidra,
}

/// A size as people write it: `4G`, `512M`, `65536K`, or bytes.
fn bytes(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.to_ascii_uppercase().strip_suffix(['K', 'M', 'G']) {
        Some(digits) if text.ends_with(['k', 'K']) => (digits.to_owned(), 10),
        Some(digits) if text.ends_with(['m', 'M']) => (digits.to_owned(), 20),
        Some(digits) => (digits.to_owned(), 30),
        None => (text.to_owned(), 0),
    };
    let number: Option<u64> = digits.parse().ok().filter(|number| *number > 0);
    number.and_then(|number| number.checked_mul(1 << shift)).ok_or_else(|| "write it as 512M or 4G".into())
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!(bytes("4G"), Ok(4 << 30));
        assert_eq!(bytes("512m"), Ok(512 << 20));
        assert_eq!(bytes("64K"), Ok(64 << 10));
        assert_eq!(bytes("1000"), Ok(1000));
        for wrong in ["", "G", "-1G", "0", "4GB", "99999999999G", "1.5G"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
