//! FUNCDATA_ArgInfo (Go ≥ 1.17): which bytes of the argument area belong to which parameter.
//!
//! *Reads* the items that `golang::arg_info` decodes. *Can be trusted*: the compiler writes it for tracebacks
//! (`cmd/compile/internal/ssagen/ssa.go`, `EmitArgInfo`), from the assignment itself; but it stops after ten
//! components, and leaves out the first parameter of any function whose name contains `[`.

use crate::golang::arg_info::{ArgInfo, Item};
use smallvec::SmallVec;

/// One parameter as the runtime prints it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// (offset in the argument area, bytes) of each scalar.
    pub components: SmallVec<[(u32, u32); 2]>,
    /// Scalars behind them whose offset is too large to be listed.
    pub far: usize,
    /// Further scalars are not listed.
    pub cut: bool,
}

/// The parameters, as far as they are listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArgList {
    /// In declaration order; most lists are short.
    pub groups: SmallVec<[Group; 8]>,
    /// Further parameters are not listed.
    pub more: bool,
}

impl ArgList {
    /// Groups what is listed of one function.
    pub fn new(info: &ArgInfo) -> ArgList {
        let mut groups = SmallVec::<[Group; 8]>::new();
        let mut more = !info.complete;
        let mut depth = 0u32;
        for item in &info.items {
            if depth == 0 && !matches!(item, Item::Close | Item::DotDotDot) {
                groups.push(Group::default());
            }
            match (*item, groups.last_mut()) {
                (Item::Open, _) => depth += 1,
                (Item::Close, _) => depth = depth.saturating_sub(1),
                (Item::DotDotDot, _) if depth == 0 => more = true,
                (Item::Component { offset, size }, Some(group)) => {
                    group.components.push((u32::from(offset), u32::from(size)));
                }
                (Item::ComponentTooFar, Some(group)) => group.far += 1,
                (Item::DotDotDot, Some(group)) => group.cut = true,
                (_, None) => {}
            }
        }
        ArgList { groups, more }
    }

    /// Whether everything is listed, as far as the list itself tells.
    pub fn is_complete(&self) -> bool {
        !self.more && !self.groups.iter().any(|g| g.cut || g.far > 0)
    }

    /// Behind the last listed scalar, in bytes from the start of the argument area.
    pub fn end(&self) -> u32 {
        self.scalars().map(|(off, size)| off + size).max().unwrap_or(0)
    }

    /// All scalars, in order.
    pub fn scalars(&self) -> impl Iterator<Item = (u32, u32)> {
        self.groups.iter().flat_map(|g| g.components.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golang::arg_info;

    #[test]
    fn groups_follow_the_outer_braces() {
        let info = arg_info::parse(&[0xfe, 0, 8, 0xfe, 0xfc, 0xfd, 0xfd, 8, 4, 0xfe, 0xfd, 0xff]);
        let list = ArgList::new(&info);
        assert_eq!(list.groups.len(), 3);
        assert!(list.groups[0].cut && !list.more && !list.is_complete());
        assert_eq!(list.groups[1].components[..], [(8, 4)]);
        assert_eq!(list.groups[2], Group::default());
        assert_eq!(list.end(), 12);
    }
}
