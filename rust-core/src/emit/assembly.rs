//! A written signature for Go's assembler: the skeleton of a routine that implements it, and one that calls a func value
//! of it.
//!
//! Names follow what `go vet` (`asmdecl`) expects: `name+offset(FP)`, with `_base`, `_len`, `_cap`, `_itable`, `_type`,
//! `_data`, `_real`, `_imag`, field names and indices behind the parameter's.

mod call;
mod machine;
mod names;
mod skeleton;

use crate::Result;
use crate::abi::registers::Convention;
use crate::signature::{self, Written};
use crate::types::{Role, Types};

/// The skeleton of an assembly routine with that signature: a file that Go's assembler takes.
///
/// # Errors
///
/// [`Error::Syntax`](crate::Error::Syntax) when `text` can't be read.
pub fn skeleton(text: &str, convention: &Convention) -> Result<String> {
    let (types, written) = read(text, convention)?;
    Ok(skeleton::text(&types, &written, convention.arch))
}

/// A routine that calls a func value of that signature: a file that Go's assembler takes.
///
/// # Errors
///
/// As [`skeleton`].
pub fn call(text: &str, convention: &Convention) -> Result<String> {
    let (types, written) = read(text, convention)?;
    Ok(call::text(types, &written, convention))
}

/// Assembly knows no methods: there, and behind a func value, a receiver is the first parameter.
fn read(text: &str, convention: &Convention) -> Result<(Types, Written)> {
    let mut types = Types::default();
    let mut written = signature::parse(text, convention.arch, &mut types)?;
    let receiver = written.signature.params.first_mut().filter(|p| p.role == Some(Role::Receiver));
    if let Some(receiver) = receiver {
        receiver.role = None;
        let unnamed = written.signature.params.iter().any(|p| !p.name.is_empty());
        let params = written.signature.params.iter_mut().filter(|p| p.name.is_empty() && unnamed);
        params.for_each(|p| p.name = "_".to_string());
    }
    written.name = written.name.rsplit('.').next().unwrap_or_default().to_string();
    if written.name.is_empty() {
        written.name = "f".to_string();
    }
    Ok((types, written))
}
