//! Everything that can be asked of metadata and of a report, to see that it comes to an end. Shared with the fuzz targets.

#![allow(dead_code, unreachable_pub)] // no user needs all of it, and the fuzz targets are elsewhere

use goabi::emit;
use goabi::golang::{FuncData, Metadata, PcData, Pclntab};
use goabi::image::Image;
use goabi::report::{Confidence, Report};
use std::hint::black_box;

/// Asks a function table for everything that it has.
pub fn tables(image: &Image, table: &Pclntab) {
    for func in &table.funcs {
        table.name(image, func);
        table.file_line(image, func);
        table.sp_deltas(image, func).into_iter().flatten().for_each(drop);
        table.pcdata(image, func, PcData::StackMapIndex).into_iter().flatten().for_each(drop);
        table.arg_info(image, func);
        table.pointer_maps(image, func, FuncData::ArgsPointerMaps).map(|maps| maps.pointers(0).count());
        table.stack_objects(image, func);
        table.inlined(image, func);
    }
}

/// Asks the metadata for everything that it has.
pub fn metadata(image: &Image, metadata: &Metadata) {
    tables(image, &metadata.pclntab);
    metadata.pclntab.funcs.iter().for_each(|func| {
        black_box(metadata.wrapped(image, func));
    });
}

/// Writes a report in one form.
pub type Form = fn(&Report, &mut dyn std::io::Write, Confidence) -> std::io::Result<()>;

/// Every form of output.
pub const FORMS: [(&str, Form); 7] = [
    ("text", emit::text::write),
    ("json", emit::json::write),
    ("header", emit::header::write),
    ("ida-plan", emit::ida::write),
    ("ghidra-plan", emit::ghidra::write),
    ("idapython", emit::idapython::write),
    ("html", emit::html::write),
];

/// A report in one form.
pub fn written(report: &Report, form: Form) -> String {
    let mut out = Vec::new();
    form(report, &mut out, Confidence::Guess).expect("memory does not fail");
    String::from_utf8(out).expect("every form is UTF-8")
}

/// Writes a report in every form.
pub fn forms(report: &Report) {
    FORMS.iter().for_each(|(_, form)| drop(written(report, *form)));
}
