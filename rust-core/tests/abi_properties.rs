//! What holds for every assignment and every text, however odd.

use goabi::abi::assign::{Assignment, assign};
use goabi::abi::location::{Loc, Reg};
use goabi::abi::registers::Convention;
use goabi::abi::shape::Shape;
use goabi::arch::{Arch, Os};
use goabi::emit::layout::{layout, layout_text};
use goabi::limits::MAX_COMPONENTS;
use goabi::types::{Field, Kind, Param, Signature, Type, TypeId, Types};
use proptest::prelude::*;

const WORDS: [&str; 40] = [
    "f",
    "(",
    ")",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    "*",
    ".",
    "...",
    "<-",
    "=",
    "func",
    "struct",
    "interface",
    "map",
    "chan",
    "type",
    "T",
    "T",
    "int",
    "int8",
    "string",
    "float64",
    "complex128",
    "a",
    "b",
    "_",
    "1",
    "2",
    "0",
    "99999999999999999999",
    "0x7fffffff",
    "error",
    "\n",
    "`tag`",
];

/// Words of the grammar in any order: most of it is wrong, some of it is not.
fn near_signature() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&WORDS[..]), 0..60).prop_map(|words| words.join(" "))
}

fn convention() -> impl Strategy<Value = Convention> {
    let machine = prop::sample::select(&["amd64", "arm64", "386", "s390x", "ppc64", "mips", "r10"][..]);
    (machine, 10u32..30).prop_map(|(name, minor)| Convention::named(name, Os::Linux, minor).expect(name))
}

/// A type whose numbers are whatever a damaged file says; references may lead anywhere, even to itself.
fn hostile_type() -> impl Strategy<Value = Type> {
    let id = || (0u32..12).prop_map(TypeId);
    let field = (id(), prop_oneof![0u64..64, any::<u64>()]);
    let fields = prop::collection::vec(field, 0..6).prop_map(|fields| {
        Kind::Struct(fields.into_iter().map(|(ty, offset)| Field { name: "x".into(), offset, ty }).collect())
    });
    let kind = prop_oneof![
        Just(Kind::Int { signed: true }),
        Just(Kind::Float),
        Just(Kind::Complex),
        Just(Kind::String),
        Just(Kind::Vector),
        fields,
        (id(), prop_oneof![0u64..4, any::<u64>()]).prop_map(|(elem, len)| Kind::Array { elem, len }),
    ];
    (kind, prop_oneof![0u64..40, any::<u64>()], prop_oneof![0u32..9, any::<u32>()])
        .prop_map(|(kind, size, align)| Type { name: "T".into(), size, align, kind })
}

fn registers(places: &Assignment) -> (Vec<Reg>, Vec<Reg>) {
    let side = |placed: &[goabi::abi::assign::Placed]| {
        let pieces = placed.iter().flat_map(|p| &p.pieces);
        pieces.filter_map(|p| if let Loc::Reg(reg) = p.loc { Some(reg) } else { None }).collect::<Vec<_>>()
    };
    (side(&places.params), side(&places.results))
}

fn is_prefix(used: &[Reg], all: &[Reg], float: bool) -> bool {
    let used: Vec<Reg> = used.iter().copied().filter(|r| r.is_float() == float).collect();
    all.starts_with(&used)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_stops_the_parser(text in near_signature(), convention in convention()) {
        if let Ok(layout) = layout(&text, &convention) {
            let area: u64 = layout.area.iter().map(|slot| u64::from(slot.size)).sum();
            prop_assert_eq!(area, u64::from(layout.frame.args.unwrap_or(0)));
            prop_assert!(layout_text(&text, &convention).is_ok());
        }
    }

    #[test]
    fn no_character_stops_the_lexer(text in "\\PC{0,80}") {
        let _ = layout(&text, &Convention::abi0(Arch::Amd64));
    }

    #[test]
    fn no_type_stops_the_assignment(
        list in prop::collection::vec(hostile_type(), 1..12),
        params in prop::collection::vec(0u32..12, 0..20),
        results in prop::collection::vec(0u32..12, 0..20),
        convention in convention(),
    ) {
        let mut types = Types::default();
        for ty in list {
            types.push(ty);
        }
        let side = |ids: &[u32]| -> Vec<Param> {
            ids.iter().map(|id| Param { name: String::new(), ty: TypeId(*id), role: None }).collect()
        };
        let signature = Signature { params: side(&params), results: side(&results), variadic: false };
        for id in params.iter().chain(&results) {
            prop_assert!(Shape::of(&types, TypeId(*id), convention.arch).components.len() <= MAX_COMPONENTS);
        }
        let places = assign(&types, &signature, &convention);
        prop_assert_eq!(places.params.len(), params.len());
        prop_assert_eq!(places.results.len(), results.len());
        let (of_params, of_results) = registers(&places);
        for used in [of_params, of_results] {
            prop_assert!(is_prefix(&used, convention.ints, false), "{used:?}");
            prop_assert!(is_prefix(&used, convention.floats, true), "{used:?}");
        }
    }
}

/// Two fields of no size on every level: 2^60 paths to nothing.
#[test]
fn deep_nothing_is_not_walked_to_its_end() {
    let mut types = Types::default();
    let mut inner = types.push(Type { name: "E".into(), size: 0, align: 1, kind: Kind::Struct(Vec::new()) });
    for _ in 0..60 {
        let fields = (0..2).map(|_| Field { name: "x".into(), offset: 0, ty: inner }).collect();
        inner = types.push(Type { name: "N".into(), size: 0, align: 1, kind: Kind::Struct(fields) });
    }
    assert!(!Shape::of(&types, inner, Arch::Amd64).registers);
}
