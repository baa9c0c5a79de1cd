//! The dictionary: the hidden parameter of generic code that several instances share.
//!
//! *Reads* names, which spell shapes as type arguments of such code, and up to Go 1.20 leave all arguments out.
//! *Can be trusted* as far as the compiler wrote them. *Lies* when names were changed, so it counts only where a pointer
//! could be. *Example*: `slices.Sort[go.shape.[]int,go.shape.int]` takes it first, a method behind its receiver (before
//! Go 1.20 in front of it).

use super::Value;
use crate::abi::location::Scalar;
use crate::golang::func_id::FuncId;
use crate::golang::symbol_name::{Instance, NameKind, SymbolName};
use crate::types::Role;

/// Marks the dictionary among the parameters of a function with that name.
pub fn mark(values: &mut [Value], name: &str, id: FuncId, dictionary_first: bool, word: u32) {
    if !name.contains('[') {
        return;
    }
    let name = SymbolName::parse(name);
    let shaped = match name.instance() {
        Instance::Shaped => true,
        // Wrappers, which have no dictionary of their own, have all of their parameters listed or are marked.
        Instance::Elided => id == FuncId::Normal,
        Instance::None | Instance::Concrete => false,
    };
    if !shaped || name.kind != NameKind::Func {
        return;
    }
    let behind = name.receiver.is_some() && !dictionary_first;
    let Some(value) = values.get_mut(usize::from(behind)).filter(|value| value.ty.is_none() && value.role.is_none())
    else {
        return;
    };
    if let [piece] = &mut value.pieces[..]
        && piece.size == word
        && !piece.kind.is_float()
    {
        piece.kind = Scalar::Ptr;
        (value.role, value.name) = (Some(Role::Dict), ".dict".into());
    }
}
