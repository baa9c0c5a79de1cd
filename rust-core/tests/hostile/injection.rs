//! Names that try to be more than names, in every form of output.

use crate::forge::{Function, Program, TypeData};
use crate::{FORMS, functions, options, written};
use goabi::emit;
use goabi::report::{Confidence, Field, Report, Type};
use std::io::Write;
use std::process::{Command, Stdio};

/// The word that must stay a part of names, comments and strings.
const WORD: &str = "INJECTED";

const NAMES: [&str; 16] = [
    "main.\u{1b}]0;INJECTED\u{7}\u{1b}[2J",
    "main.\u{9b}31mINJECTED",
    "main.\r\nINJECTED exact/exact",
    "main.\u{202e}INJECTED\u{2066}",
    "main.*/ int INJECTED; /*",
    "main.f(); int INJECTED; //",
    "main.f\n#define INJECTED 1\n",
    "main.f\\\nint INJECTED;",
    "main.f??/\nint INJECTED;",
    "main.\"\"\"\nINJECTED()\n\"\"\"",
    "main.'''+INJECTED()+'''",
    "main.\\x22\\\"+INJECTED()+\\\"",
    "main.<script>INJECTED()</script>",
    "main.\"><img src=x onerror=INJECTED()>",
    "main.(*T[go.shape.struct { INJECTED int \"*/\" }]).m",
    "main.$(INJECTED)`INJECTED`%n%s{INJECTED}",
];

/// A program with these names for functions and fields, among enough others to look like one.
fn report() -> Report {
    let mut list = functions(80);
    list.iter_mut().skip(48).zip(NAMES).for_each(|(function, text)| function.name = text.as_bytes().to_vec());
    list[0] = Function { args: 8, arg_info: vec![0, 8, 0xff], ..list[0].clone() };
    let data = Program::new(&list, TypeData::new(), &[]).elf(&[]);
    let mut report = goabi::analyze(&data, &options()).unwrap();
    let kept = NAMES.iter().filter(|name| report.functions.iter().any(|f| f.name == **name)).count();
    assert_eq!(kept, NAMES.len(), "the report has the names as they are");
    // The reader of types refuses such names, but a report may come from elsewhere, and debug information is not so strict.
    let known = report.functions.iter().find(|f| !f.params.is_empty()).unwrap().clone();
    let word = report.types.len() as u32;
    let (go_name, kind) = ("int".to_owned(), "int".to_owned());
    report.types.push(Type { id: word, go_name, kind, size: 8, align: 8, ..Type::default() });
    for (id, name) in (report.types.len() as u32..).zip(NAMES) {
        let field = Field { name: name.into(), offset: 0, ty: word };
        let (go_name, kind) = (name.to_owned(), "struct".to_owned());
        report.types.push(Type { id, go_name, kind, size: 8, align: 8, fields: vec![field], ..Type::default() });
        let function = report.functions.iter_mut().find(|f| f.name == name).unwrap();
        (function.params, function.results, function.confidence) =
            (known.params.clone(), Box::default(), known.confidence);
        function.confidence.results = Confidence::Exact;
        (function.params[0].ty, function.params[0].name) = (Some(id), name.into());
        function.notes.push(name.to_owned());
    }
    emit::fill(&mut report);
    report
}

#[test]
fn no_form_has_what_a_terminal_obeys() {
    let report = report();
    for (form, write) in FORMS {
        let text = written(&report, write);
        let bidi = |c: char| ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
        // JSON is data, whose readers take bidirectional marks as what they are. The page's libraries have tabs.
        let layout = |c: char| c == '\n' || form == "html" && c == '\t';
        let found = text.chars().find(|c| c.is_control() && !layout(*c) || form == "text" && bidi(*c));
        assert_eq!(found.map(u32::from), None, "{form}");
        if form == "text" {
            let lines = text.lines().filter(|line| line.starts_with("0x")).count();
            assert_eq!(lines, report.functions.len(), "one line for each function");
        }
    }
}

#[test]
fn json_stays_json() {
    let report = report();
    for (form, write) in FORMS.iter().filter(|(form, _)| form.contains("json") || form.contains("plan")) {
        let value: serde_json::Value = serde_json::from_str(&written(&report, *write)).unwrap();
        assert!(value.is_object(), "{form}");
    }
    let again: Report = serde_json::from_str(&written(&report, emit::json::write)).unwrap();
    assert_eq!(again, report);
}

/// C without comments, strings and characters, as a compiler sees it: trigraphs and spliced lines first.
fn bare_c(text: &str) -> String {
    let text = text.replace("??/", "\\").replace("\\\n", "");
    let mut bare = String::new();
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let end = match c {
            _ if rest.starts_with("/*") => rest[2..].find("*/").map_or(rest.len(), |at| at + 4),
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => {
                let mut escaped = false;
                let closing = rest[1..].find(|d| {
                    let closes = d == c && !escaped;
                    escaped = d == '\\' && !escaped;
                    closes
                });
                closing.map_or(rest.len(), |at| at + 2)
            }
            _ => {
                bare.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[end..];
    }
    bare
}

/// Whether a word begins with [`WORD`] outside of longer names, as a declaration or a call would have it.
fn stands_alone(code: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.split(|c| !is_word(c)).any(|word| word == WORD)
}

#[test]
fn c_stays_c() {
    assert!(
        stands_alone(&bare_c("/* */ int INJECTED; /* */")) && !stands_alone(&bare_c("/* x INJECTED */ \"INJECTED\""))
    );
    let report = report();
    let header = written(&report, emit::header::write);
    assert!(!stands_alone(&bare_c(&header)), "a name escapes its comment in the header");
    let prototypes: Vec<_> = report.functions.iter().filter_map(|f| f.usercall.as_deref()).collect();
    assert!(prototypes.len() >= NAMES.len(), "{} prototypes", prototypes.len());
    for usercall in prototypes {
        assert!(!stands_alone(&bare_c(usercall)), "{usercall}");
    }
}

/// Outside of its data, which is base64, the page has no tag that is not its own.
#[test]
fn html_stays_html() {
    let mut report = report();
    let tags = |page: &str| page.matches('<').count() + page.matches("&lt;").count();
    let plain = written(&report, emit::html::write);
    (report.go.module, report.go.version) = (NAMES[12].into(), NAMES[13].into());
    report.binary.sha256 = "</title>".into();
    let page = written(&report, emit::html::write);
    assert!(page.contains("&lt;script&gt;INJECTED()&lt;/script&gt;") && page.contains("&lt;/title&gt;"));
    assert!(!page.contains("<script>INJECTED") && !page.contains("<img src=x") && !page.contains("</title>:"));
    assert_eq!(page.matches('<').count(), plain.matches('<').count(), "no tag was added");
    assert!(tags(&page) > tags(&plain), "they are in it as text");
}

/// Python's own parser says which names a script uses.
#[test]
fn python_stays_python() {
    let script = written(&report(), emit::idapython::write);
    let names = "import ast, sys\nfor n in ast.walk(ast.parse(sys.stdin.read())):\n  print(getattr(n, 'id', ''), getattr(n, 'attr', ''))";
    let mut python = Command::new("python3");
    let mut child = python.args(["-c", names]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3");
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(script.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let used = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && used.contains("MODULES"), "the script is Python");
    assert!(!used.contains(WORD), "a name became code");
}
