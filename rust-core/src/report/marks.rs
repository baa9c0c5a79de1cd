//! What the marks say, in the report's words.

use super::assemble::{names, value};
use super::types::TypeList;
use super::{Abi, Addr, Confidence, Frame, Function, FunctionKind, Sides, Source};
use crate::abi::platform::CAbi;
use crate::annotate::CFunction;
use crate::options::Options;
use crate::program::Program;
use std::sync::Arc;

/// A C function, which the function table does not have.
pub(super) fn c_function(program: &Program<'_>, function: CFunction, types: &mut TypeList<'_>) -> Function {
    let arch = program.image.arch;
    let abi = CAbi::of(arch, program.image.os);
    let known = function.results.is_some();
    Function {
        entry: Addr(function.entry),
        end: None,
        package: String::new(),
        file: String::new(),
        line: 0,
        abi: Abi::C,
        c_abi: abi.map(|abi| abi.name().to_string()),
        kind: FunctionKind::C,
        noreturn: false,
        pair: None,
        entries: Vec::new(),
        params: function.params.iter().map(|v| value(v, arch, types)).collect(),
        results: function.results.iter().flatten().map(|v| value(v, arch, types)).collect(),
        closure_context: None,
        captures: Vec::new(),
        clobbers: abi.map_or_else(Arc::default, |abi| names(abi.clobbers(), arch)),
        arg_base: abi.map_or(0, CAbi::arg_base),
        frame: Frame::default(),
        source: Sides { params: Some(Source::Code), results: known.then_some(Source::Code) },
        confidence: Sides {
            params: Confidence::Likely,
            results: if known { Confidence::Likely } else { Confidence::Unknown },
        },
        prototype: String::new(),
        usercall: None,
        tuple: None,
        notes: Vec::new(),
        evidence: Vec::new(),
        name: function.name,
    }
}

/// Adds C functions to the functions of the report, in the order of addresses.
pub(super) fn add(
    program: &Program<'_>,
    found: Vec<CFunction>,
    options: &Options,
    types: &mut TypeList<'_>,
    functions: &mut Vec<Function>,
) {
    if found.is_empty() || options.only.is_some() {
        return;
    }
    functions.extend(found.into_iter().map(|f| c_function(program, f, types)));
    functions.sort_by_key(|f| f.entry);
}
