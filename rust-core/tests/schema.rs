//! `docs/report.schema.json` is the schema of the report as it is, and reports keep it. `BLESS=1` rewrites the file.

mod emit_support;

use std::path::Path;

use emit_support::{SAMPLES, filled};
use goabi::report::Report;
use serde_json::{Map, Value, json};

fn schema() -> Value {
    serde_json::to_value(schemars::schema_for!(Report)).expect("a schema is JSON")
}

#[test]
fn the_schema_on_file_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/report.schema.json");
    let text = serde_json::to_string_pretty(&schema()).expect("JSON") + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).expect("the schema's file");
    }
    let on_file = std::fs::read_to_string(&path).expect("the schema's file");
    assert!(on_file == text, "report.rs has changed: BLESS=1 cargo test --test schema");
}

#[test]
fn the_schema_of_comparisons_on_file_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/diff.schema.json");
    let schema = serde_json::to_value(schemars::schema_for!(goabi::diff::Diff)).expect("a schema is JSON");
    let text = serde_json::to_string_pretty(&schema).expect("JSON") + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).expect("the schema's file");
    }
    assert!(
        std::fs::read_to_string(&path).expect("the schema's file") == text,
        "diff.rs has changed: BLESS=1 cargo test --test schema"
    );
    let report = filled("amd64");
    let mut other = report.clone();
    other.functions.pop();
    let diff = serde_json::to_value(goabi::diff::compare(&report, &other)).expect("JSON");
    assert_eq!(validate(&schema, &schema, &diff), Ok(()));
}

#[test]
fn every_field_is_described() {
    let schema = schema();
    let bare = |fields: &Map<String, Value>| {
        let undescribed = fields.iter().filter(|(_, field)| field.get("description").is_none());
        undescribed.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    for (name, ty) in schema["$defs"].as_object().expect("types") {
        assert_eq!(ty["properties"].as_object().map(bare).unwrap_or_default(), [""; 0], "{name}");
    }
}

#[test]
fn reports_keep_the_schema() {
    let schema = schema();
    for name in SAMPLES {
        let report = serde_json::to_value(filled(name)).expect("JSON");
        assert_eq!(validate(&schema, &schema, &report), Ok(()), "{name}");
    }
}

#[test]
fn the_validator_can_say_no() {
    let schema = schema();
    let good = serde_json::to_value(filled("amd64")).expect("JSON");
    for (pointer, wrong) in [
        ("/functions/0/entry", json!(4198400)),
        ("/functions/0/entry", json!("401000")),
        ("/functions/0/confidence/params", json!("certain")),
        ("/functions/0/params/0/pieces/0/size", json!("8")),
        ("/functions/0/params/0/pieces/0/size", json!(-8)),
        ("/types/0/id", json!(null)),
        ("/binary", json!({})),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).expect("a place in the sample") = wrong;
        assert!(validate(&schema, &schema, &bad).is_err(), "{pointer}");
    }
}

#[test]
fn a_report_survives_being_written_and_read() {
    for name in SAMPLES {
        let report = filled(name);
        let mut text = Vec::new();
        goabi::emit::json::write(&report, &mut text, goabi::report::Confidence::Unknown).expect("memory does not fail");
        let again: Report = serde_json::from_slice(&text).expect("a report");
        assert_eq!(report, again, "{name}");
    }
}

/// The keywords of JSON Schema that the schema uses; any other one is an error.
fn validate(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let Some(rules) = schema.as_object() else { return Ok(()) };
    for (keyword, rule) in rules {
        let fine = match keyword.as_str() {
            "$schema" | "title" | "description" | "$defs" | "default" | "format" | "maximum" => true,
            "$ref" => {
                let pointer = rule.as_str().and_then(|text| text.strip_prefix('#')).unwrap_or("?");
                validate(root, root.pointer(pointer).ok_or("a dangling $ref")?, value)?;
                true
            }
            "type" => rule.as_array().map_or_else(|| is(rule, value), |any| any.iter().any(|rule| is(rule, value))),
            "enum" => rule.as_array().is_some_and(|any| any.contains(value)),
            "const" => rule == value,
            "minimum" => value.as_f64() >= rule.as_f64() || !value.is_number(),
            "pattern" => value.as_str().is_some_and(|text| match rule.as_str() {
                Some("^0x[0-9a-f]+$") => is_address(text),
                Some(r"^(stack\+[0-9]+|[A-Z][A-Z0-9]*)$") => goabi::report::Loc::parse(text).is_some(),
                _ => false,
            }),
            "required" => names(rule).all(|name| value.get(name).is_some() || !value.is_object()),
            "anyOf" | "oneOf" => {
                let any = rule.as_array().into_iter().flatten();
                any.filter(|rule| validate(root, rule, value).is_ok()).count() >= 1
            }
            "items" => {
                value.as_array().into_iter().flatten().try_for_each(|item| validate(root, rule, item))?;
                true
            }
            "properties" => {
                let fields = rule.as_object().into_iter().flatten();
                for (name, rule) in fields {
                    let field = value.get(name).map_or(Ok(()), |field| validate(root, rule, field));
                    field.map_err(|why| format!("{name}: {why}"))?;
                }
                true
            }
            "additionalProperties" => {
                let known = rules.get("properties").and_then(Value::as_object);
                let fields = value.as_object().into_iter().flatten();
                let others = fields.filter(|(name, _)| !known.is_some_and(|known| known.contains_key(*name)));
                others.map(|(_, field)| field).try_for_each(|field| validate(root, rule, field))?;
                true
            }
            other => return Err(format!("the validator does not know {other}")),
        };
        if !fine {
            return Err(format!("{keyword} {rule} against {value}"));
        }
    }
    Ok(())
}

fn names(rule: &Value) -> impl Iterator<Item = &str> {
    rule.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn is_address(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is(ty: &Value, value: &Value) -> bool {
    match ty.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => false,
    }
}
