//! Every cap on hostile input, in one place.
//!
//! Each is far above what any real binary has, and low enough that time and memory stay linear in the file.

/// Bytes of one input.
pub const MAX_INPUT: u64 = 16 << 30;
/// Functions that one binary may have (the largest known has about 1.5 million).
pub const MAX_FUNCTIONS: usize = 4 << 20;
/// Bytes that every function has in its function table: two numbers in functab and the shortest record that ever was. A
/// table whose functions share records would have a report that is a hundred times its size.
pub const MIN_FUNCTION_BYTES: u64 = 40;
/// Segments or sections of one container.
pub const MAX_SECTIONS: usize = 1 << 16;
/// Bytes that one segment may occupy in memory beyond its file bytes.
pub const MAX_ZERO_FILL: u64 = 1 << 32;
/// Bytes of a name that are kept; the rest is cut.
pub const MAX_NAME: usize = 4096;
/// Bytes of code decoded for one function.
pub const MAX_FUNCTION_BYTES: usize = 4 << 20;
/// Instructions decoded for one function.
pub const MAX_FUNCTION_OPS: usize = 1 << 20;
/// Jumps out of one function that are followed.
pub const MAX_EXITS: usize = 64;
/// Targets read from one jump table.
pub const MAX_JUMP_TABLE: usize = 4096;
/// Targets read from all jump tables of one function.
pub const MAX_JUMP_TARGETS: usize = 1 << 16;
/// Runtime types read from one binary.
pub const MAX_TYPES: usize = 2 << 20;
/// Fields, methods or parameters of one type.
pub const MAX_MEMBERS: usize = 1 << 14;
/// Nesting of aggregates that is followed when a value is split into pieces.
pub const MAX_TYPE_DEPTH: usize = 64;
/// Scalars that one value is split into; larger values are in memory anyway.
pub const MAX_COMPONENTS: usize = 64;
/// Types visited to split one value; a thousand fields of no size take as many as real ones.
pub const MAX_SHAPE_VISITS: usize = 4096;
/// Bytes of a written signature with its declarations.
pub const MAX_SIGNATURE_TEXT: usize = 1 << 16;
/// Bytes of a value whose type someone wrote down.
pub const MAX_VALUE_SIZE: u64 = 1 << 30;
/// Modules that `moduledata.next` is followed through.
pub const MAX_MODULES: usize = 1024;
/// Rounds of a fixpoint over all functions.
pub const MAX_ROUNDS: usize = 64;
/// Notes kept in one report.
pub const MAX_NOTES: usize = 1000;
/// Bytes that one compressed debug section may inflate to.
pub const MAX_DEBUG_SECTION: u64 = 1 << 30;
/// How many times its size a compressed section may inflate to; zlib cannot exceed 1032.
pub const MAX_INFLATION: u64 = 1040;
/// Imports or exports of one binary.
pub const MAX_LINKS: usize = 1 << 18;
/// Symbols of one binary.
pub const MAX_SYMBOLS: usize = 8 << 20;
/// Headers that are tried when the function table has to be searched for.
pub const MAX_CANDIDATES: usize = 4096;
/// Bytes of the build info's module text that are read.
pub const MAX_BUILD_INFO: usize = 2 << 20;
/// Bytes that the names of all functions may take together; each is cut to its share.
pub const MAX_NAMES: usize = 1 << 30;
/// Bytes that a name may have however many functions there are.
pub const MIN_NAME: usize = 256;
/// Bytes of a source file's path that are kept.
pub const MAX_PATH: usize = 1024;
/// Stack slots of one function whose values are followed, and loops inside each other that are told apart.
pub const MAX_STACK_SLOTS: usize = 256;
/// Places of one function that wait for further paths to meet there, at a time.
pub const MAX_MEETINGS: usize = 512;
/// How often an instruction of a function may be looked at because loops around it are.
pub const MAX_LOOP_VISITS: usize = 16;
/// Bytes that one package of a signature pack may inflate to, and bytes of its strings.
pub const MAX_PACK_BLOCK: u64 = 64 << 20;
/// Strings of one package of a signature pack.
pub const MAX_PACK_ENTRIES: usize = 4 << 20;
