//! Two builds of a program: which functions are the same, and whose convention has changed.
//!
//! Plain data, like the report that it is made from; its JSON Schema is `docs/diff.schema.json`.

mod matching;

use crate::report::{Abi, Addr, Confidence, Function, Loc, Report, Sides, Value};
pub use matching::Matched;
use matching::Pairs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The `schema` field of every comparison that this version writes.
pub const SCHEMA: &str = "goabi.diff/1";

/// What differs between two builds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diff {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The old build.
    pub old: Build,
    /// The new build.
    pub new: Build,
    /// Functions that are in both and have not changed.
    pub unchanged: usize,
    /// Functions that are in both and have changed, by their new address.
    pub changed: Vec<Change>,
    /// Functions that only the new build has.
    pub added: Vec<Face>,
    /// Functions that only the old build has.
    pub removed: Vec<Face>,
    /// What could not be compared, and why.
    pub notes: Vec<String>,
}

/// One of the builds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Build {
    /// SHA-256 of the file.
    pub sha256: String,
    /// Go's version.
    pub go: String,
    /// `GOOS/GOARCH`.
    pub system: String,
    /// Main module path, empty when unknown.
    pub module: String,
    /// How many functions it has.
    pub functions: usize,
}

/// A function that is in both builds and has changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// What has changed.
    pub what: Vec<What>,
    /// How the two were found to be the same function.
    pub matched: Matched,
    /// As it was.
    pub old: Face,
    /// As it is.
    pub new: Face,
}

/// What can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// The convention as a whole: register or stack, Go's or C's.
    Abi,
    /// Places of the parameters.
    Params,
    /// Places of the results.
    Results,
    /// Types or names of values, in the same places.
    Types,
    /// The function's name.
    Name,
    /// A side that is known in one build only.
    Known,
}

/// A function of one build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Face {
    /// Its address.
    pub entry: Addr,
    /// Its name, empty when it is gone.
    pub name: String,
    /// Its convention.
    pub abi: Abi,
    /// Go-style prototype.
    pub prototype: Box<str>,
    /// IDA prototype.
    pub usercall: Option<Box<str>>,
    /// How sure it is.
    pub confidence: Sides<Confidence>,
}

impl Face {
    fn of(f: &Function) -> Face {
        Face {
            entry: f.entry,
            name: f.name.clone(),
            abi: f.abi,
            prototype: f.prototype.clone(),
            usercall: f.usercall.clone(),
            confidence: f.confidence,
        }
    }
}

/// Compares two builds.
pub fn compare(old: &Report, new: &Report) -> Diff {
    compare_some(old, new, |_| true, |_| true)
}

/// The same, and only what is said of pairs of which one is wanted. All functions are there to be matched.
pub fn compare_some(
    old: &Report,
    new: &Report,
    wants_old: impl Fn(&Function) -> bool,
    wants_new: impl Fn(&Function) -> bool,
) -> Diff {
    let pairs = Pairs::of(&old.functions, &new.functions);
    let mut changed = Vec::new();
    let mut unchanged = 0;
    for (o, n, matched) in pairs.list() {
        let (Some(was), Some(is)) = (old.functions.get(o), new.functions.get(n)) else { continue };
        if !(wants_old(was) || wants_new(is)) {
            continue;
        }
        match changes((old, was), (new, is)) {
            what if what.is_empty() => unchanged += 1,
            what => changed.push(Change { what, matched, old: Face::of(was), new: Face::of(is) }),
        }
    }
    changed.sort_by_key(|change| change.new.entry);
    let alone = |functions: &[Function], wanted: &dyn Fn(usize, &Function) -> bool| -> Vec<Face> {
        functions.iter().enumerate().filter(|(i, f)| wanted(*i, f)).map(|(_, f)| Face::of(f)).collect()
    };
    Diff {
        schema: SCHEMA.to_string(),
        old: build(old),
        new: build(new),
        unchanged,
        changed,
        added: alone(&new.functions, &|i, f| !pairs.has_new(i) && wants_new(f)),
        removed: alone(&old.functions, &|i, f| !pairs.has_old(i) && wants_old(f)),
        notes: notes(old, new),
    }
}

fn build(report: &Report) -> Build {
    Build {
        sha256: report.binary.sha256.clone(),
        go: report.go.version.clone(),
        system: format!("{}/{}", report.binary.os, report.binary.arch),
        module: report.go.module.clone(),
        functions: report.functions.len(),
    }
}

fn changes((old_report, old): (&Report, &Function), (new_report, new): (&Report, &Function)) -> Vec<What> {
    let mut what = Vec::new();
    let mut say = |is: bool, change: What| what.extend(is.then_some(change));
    say(old.name != new.name, What::Name);
    say((old.abi, &old.c_abi) != (new.abi, &new.c_abi), What::Abi);
    let known = |f: &Function| [f.confidence.params, f.confidence.results].map(|c| c > Confidence::Unknown);
    let ([old_params, old_results], [new_params, new_results]) = (known(old), known(new));
    let params = old_params && new_params && places(&old.params) != places(&new.params);
    let results = old_results && new_results && places(&old.results) != places(&new.results);
    say(params, What::Params);
    say(results, What::Results);
    let one_sided = (old_params, old_results) != (new_params, new_results);
    say(one_sided, What::Known);
    let same_places = !params && !results && !one_sided;
    say(same_places && !typed(old_report, old).eq(typed(new_report, new)), What::Types);
    what
}

/// Names and types of all values; of a value without a type, that of its shape.
fn typed<'r>(report: &'r Report, f: &'r Function) -> impl Iterator<Item = (&'r str, &'r str)> {
    let of = |id: Option<u32>| id.and_then(|id| report.types.get(id as usize));
    f.params.iter().chain(&f.results).map(move |value| {
        let shape = || of(value.shape).map(|ty| ty.c_name.as_str());
        (&*value.name, of(value.ty).map(|ty| ty.go_name.as_str()).or_else(shape).unwrap_or_default())
    })
}

/// Where values are, however they are typed.
fn places(values: &[Value]) -> Vec<(Loc, u32)> {
    values.iter().flat_map(|value| &value.pieces).map(|piece| (piece.loc, piece.size)).collect()
}

fn notes(old: &Report, new: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    for (name, report) in [("old", old), ("new", new)] {
        if report.functions.iter().all(|f| f.code.is_none()) && !report.functions.is_empty() {
            notes.push(format!(
                "the {name} build's functions are matched by name alone: its report was made without --evidence, or its \
                 machine's code is not read"
            ));
        }
    }
    if old.binary.arch != new.binary.arch {
        notes.push(format!("the builds are for different machines: {} and {}", old.binary.arch, new.binary.arch));
    }
    notes
}

#[cfg(test)]
mod tests;
