//! The program: an image with its Go metadata, as the evidence sources see it.

use crate::abi::registers::Convention;
use crate::code::decoder::Decoder;
use crate::code::flow::NONE;
use crate::golang::Metadata;
use crate::golang::func_id::FuncId;
use crate::golang::funcdata::{FuncData, funcdata_index};
use crate::golang::pclntab::Func;
use crate::image::Image;
use crate::limits;
use crate::options::Options;
use crate::types::TypeId;
use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use index::Index;
use std::borrow::Cow;

mod index;

/// What every evidence source reads. Functions are known by their index, in address order.
pub struct Program<'a> {
    /// The container.
    pub image: &'a Image<'a>,
    /// Go's metadata.
    pub meta: &'a Metadata,
    /// What compiled functions use.
    pub internal: Convention,
    /// What assembly uses unless it says otherwise.
    pub abi0: Convention,
    /// Whether names may be looked at.
    pub names: bool,
    /// Addresses of runtime types and itabs; none until they were read.
    pub types: HashSet<u64>,
    /// Receivers of methods, by entry; none until types were read.
    pub receivers: HashMap<u64, TypeId>,
    /// What was not possible or does not fit while types and debug information were read.
    pub notes: Vec<String>,
    /// Whether claims are to be put into words.
    pub explain: bool,
    index: Index,
}

impl<'a> Program<'a> {
    /// Puts image and metadata together.
    pub fn new(image: &'a Image<'a>, meta: &'a Metadata, options: &Options) -> Self {
        let abi0 = Convention::abi0(image.arch);
        let version = &meta.version;
        let index = Index::new(meta.pclntab.funcs.iter().map(|f| f.entry).collect());
        let registers = !version.experiment("noregabi");
        let internal = Convention::abi_internal(image.arch, image.os, u32::from(version.minor()));
        Program {
            image,
            meta,
            internal: if registers { internal } else { abi0 },
            abi0,
            names: options.names,
            types: HashSet::new(),
            receivers: HashMap::new(),
            notes: Vec::new(),
            explain: options.evidence,
            index,
        }
    }

    /// All functions.
    pub fn funcs(&self) -> &'a [Func] {
        &self.meta.pclntab.funcs
    }

    /// The function whose first instruction is at `addr`.
    pub fn at(&self, addr: u64) -> Option<usize> {
        self.index.at(addr)
    }

    /// The function that contains `addr`.
    pub fn containing(&self, addr: u64) -> Option<usize> {
        let index = self.index.up_to(addr).checked_sub(1)?;
        (addr < self.funcs()[index].end).then_some(index)
    }

    /// [`Program::containing`], with [`NONE`] for what is no function.
    pub fn callee(&self, addr: u64) -> u32 {
        self.containing(addr).map_or(NONE, |i| i as u32)
    }

    /// A function's bytes, as far as the file has them.
    pub fn code(&self, func: &Func) -> &'a [u8] {
        self.code_from(func.entry, func.end)
    }

    /// The bytes from `from` to `to`, as far as the file has them.
    pub fn code_from(&self, from: u64, to: u64) -> &'a [u8] {
        let tail = self.image.tail(from);
        let len = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
        &tail[..tail.len().min(len).min(limits::MAX_FUNCTION_BYTES)]
    }

    /// A function's Go name, empty when it is gone or not to be looked at.
    pub fn name(&self, func: &Func) -> Cow<'a, str> {
        if self.names { self.meta.pclntab.name(self.image, func) } else { Cow::Borrowed("") }
    }

    /// Whether two functions have one name, whatever it is: obfuscators give new names, but equal ones to equals.
    pub fn share_name(&self, one: &Func, other: &Func) -> bool {
        let name = |func| self.meta.pclntab.name(self.image, func);
        let one = name(one);
        !one.is_empty() && one == name(other)
    }

    /// Whether the function is one that `options` ask for.
    pub fn is_wanted(&self, func: &Func, options: &Options) -> bool {
        options.wants(func.entry..func.end, &self.name(func))
    }

    /// Whether the machine's code is understood.
    pub fn reads_code(&self) -> bool {
        Decoder::reads(self.image.arch)
    }

    /// Whether this Go version lists the parameters of every compiled function (FUNCDATA_ArgInfo).
    pub fn lists_arguments(&self) -> bool {
        funcdata_index(FuncData::ArgInfo, self.meta.version.minor()).is_some()
    }

    /// Whether C code is linked in: the build says so, or something else than Go imports functions.
    pub fn has_cgo(&self) -> bool {
        let built_with = self.meta.build.settings.iter().any(|(k, v)| k == "CGO_ENABLED" && v == "1");
        let bridges = self.funcs().iter().any(|f| f.id == FuncId::Cgocallback || f.id == FuncId::CgocallbackGofunc);
        built_with && bridges
    }
}
