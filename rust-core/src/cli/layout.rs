//! `goabi layout`: where the values of a signature go.

use super::args::Layout;
use super::exit::Exit;

pub(super) fn run(_args: &Layout) -> Exit {
    Exit::Done
}
