//! Functions with their roles, and who is next to whom.

use super::roles::Role;
use crate::report::{Addr, Annotation};
use std::collections::BTreeMap;

/// One function of the chain.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) role: Role,
    pub(super) next: Vec<u64>,
    pub(super) callers: Vec<u64>,
    /// Name that something else than the function table gives.
    pub(super) name: String,
    /// What is to be said beside the role.
    pub(super) detail: String,
    /// The argument struct, as C.
    pub(super) frame: Option<String>,
}

/// All of them, by address.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pub(super) links: BTreeMap<u64, Link>,
}

/// Neighbours that are listed: as many as there are exports, unless it is absurd.
const MOST: usize = 2048;

impl Chain {
    /// Gives a function its role, unless it has one.
    pub(super) fn add(&mut self, entry: u64, role: Role) {
        self.links.entry(entry).or_insert_with(|| Link {
            role,
            next: Vec::new(),
            callers: Vec::new(),
            name: String::new(),
            detail: String::new(),
            frame: None,
        });
    }

    /// The first function with that role.
    pub(super) fn one(&self, role: Role) -> Option<u64> {
        self.all(role).next()
    }

    /// All functions with that role.
    pub(super) fn all(&self, role: Role) -> impl Iterator<Item = u64> {
        self.links.iter().filter(move |(_, link)| link.role == role).map(|(entry, _)| *entry)
    }

    /// Says that `from` leads to `to`.
    pub(super) fn link(&mut self, from: u64, to: u64) {
        let add = |list: &mut Vec<u64>, one: u64| {
            if list.len() < MOST && !list.contains(&one) {
                list.push(one);
            }
        };
        if let Some(link) = self.links.get_mut(&from) {
            add(&mut link.next, to);
        }
        if let Some(link) = self.links.get_mut(&to) {
            add(&mut link.callers, from);
        }
    }

    /// [`Chain::link`], when there is something to lead to.
    pub(super) fn links(&mut self, from: u64, to: Option<u64>) {
        if let Some(to) = to {
            self.link(from, to);
        }
    }

    /// Whether Go and C meet in this program at all: the runtime has its half of the bridge in any program.
    pub(super) fn crosses(&self) -> bool {
        let ends = [Role::Crosscall2, Role::CFunc, Role::CgoExp, Role::Callbackasm1];
        self.links.values().any(|link| ends.contains(&link.role))
    }

    /// The chain as the report has it. `name` gives a function's own name.
    pub(super) fn annotations(self, name: impl Fn(u64) -> String) -> Vec<Annotation> {
        let annotation = |(entry, link): (u64, Link)| {
            let row = link.role.row();
            let own = if link.name.is_empty() { name(entry) } else { link.name };
            let detail = if link.detail.is_empty() { String::new() } else { format!("; {}", link.detail) };
            Annotation {
                at: Addr(entry),
                role: row.name.to_string(),
                name: if own.is_empty() { row.function.to_string() } else { own },
                comment: format!("{}{detail}", row.comment),
                next: link.next.into_iter().map(Addr).collect(),
                callers: link.callers.into_iter().map(Addr).collect(),
                frame_type: link.frame,
                stack: Some(row.stack.to_string()),
            }
        };
        self.links.into_iter().map(annotation).collect()
    }
}
