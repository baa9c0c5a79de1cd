//! The grammar of IDA prototypes, written independently of the emitter: what IDA's manual says of `__usercall` and of
//! scattered argument locations, and no more than goabi needs of it.
//!
//! ```text
//! prototype := type declarator [location] '(' ('void' | argument {',' argument}) ')' [';']
//! declarator := convention ['__spoils<' [reg {',' reg}] '>'] name | '(' convention [spoils] '*' name ')'
//! argument  := type name [location] | type '(*' name ')(' types ')' [location]
//! location  := '@<' (reg | stack | part {',' part}) '>'
//! part      := offset ':' (reg ['.' size] | stack)
//! stack     := '^' offset '.' size
//! ```

mod registers;

use registers::{Register, lookup};

/// Arguments that IDA allows.
const MAX_ARGS: usize = 256;

/// Checks one prototype for a machine (`GOARCH`): its syntax, and that places, sizes and names can be true together.
pub(crate) fn check(line: &str, arch: &str) -> Result<(), String> {
    let mut parser = Parser { rest: line.trim(), arch };
    let prototype = parser.prototype().map_err(|why| format!("{why}, at `{}`", parser.rest))?;
    prototype.check()
}

struct Prototype {
    usercall: bool,
    result: Type,
    result_at: Option<Vec<Part>>,
    args: Vec<Argument>,
    spoils: Vec<Register>,
    ptr_size: u64,
    arch: String,
}

/// An argument's type, name and place.
type Argument = (Type, String, Option<Vec<Part>>);

/// A type, with its size when the name tells it.
#[derive(Clone)]
struct Type {
    void: bool,
    size: Option<u64>,
}

/// Bytes of a value; `off` and `size` are `None` in a location that is one whole register.
struct Part {
    off: Option<u64>,
    size: Option<u64>,
    at: At,
}

enum At {
    Reg(Register),
    Stack(u64),
}

impl Prototype {
    fn check(&self) -> Result<(), String> {
        if self.args.len() > MAX_ARGS {
            return Err(format!("{} arguments", self.args.len()));
        }
        self.check_names()?;
        if !self.usercall {
            let located = self.result_at.is_some() || self.args.iter().any(|arg| arg.2.is_some());
            return if located { Err("a location under a convention that has its own".into()) } else { Ok(()) };
        }
        match (&self.result_at, self.result.void) {
            (Some(_), true) => return Err("void has a location".into()),
            (None, false) => return Err("the result has no location".into()),
            (Some(parts), false) => check_value(parts, &self.result, self.ptr_size)?,
            (None, true) => {}
        }
        for (ty, name, at) in &self.args {
            let why = |why| format!("{name}: {why}");
            at.as_deref().map_or(Ok(()), |parts| check_value(parts, ty, self.ptr_size)).map_err(why)?;
        }
        let parts = || self.args.iter().filter_map(|arg| arg.2.as_ref()).flatten();
        let stack = parts().any(|part| matches!(part.at, At::Stack(_)));
        if stack && self.args.iter().any(|arg| arg.2.is_none()) {
            return Err("some stack locations are written and some are not".into());
        }
        check_apart(parts())?;
        check_apart(self.result_at.iter().flatten())?;
        check_distinct(self.spoils.iter().map(|reg| &reg.whole))
    }

    fn check_names(&self) -> Result<(), String> {
        for (_, name, _) in &self.args {
            if registers::is_keyword(name) {
                return Err(format!("{name} is a word of C"));
            }
            if lookup(&self.arch, name).is_some() {
                return Err(format!("{name} is a register"));
            }
        }
        check_distinct(self.args.iter().map(|arg| &arg.1))
    }
}

/// Parts of one value: in order, apart, not beyond the value, and of the size that the type has.
fn check_value(parts: &[Part], ty: &Type, ptr_size: u64) -> Result<(), String> {
    if let [Part { off: None, at, size }] = parts {
        return match (at, ty.size) {
            (At::Reg(reg), Some(wanted)) if !reg.float && reg.size != registers::named_size(reg, wanted) => {
                Err(format!("{wanted} bytes in {} of {}", reg.name, reg.size))
            }
            (At::Reg(reg), Some(wanted)) if reg.float && reg.size < wanted => {
                Err(format!("{wanted} bytes in {}", reg.name))
            }
            (At::Stack(at), Some(wanted)) => check_slot(*at, *size, wanted, ptr_size),
            _ => Ok(()),
        };
    }
    let mut end = 0;
    for part in parts {
        let off = part.off.ok_or("a part without offset")?;
        let size = match (&part.at, part.size) {
            (At::Reg(reg), None) if reg.partial => return Err(format!("{} is not a whole register", reg.name)),
            (At::Reg(reg), None) => reg.size,
            (At::Reg(reg), Some(size)) if size < reg.size && size > 0 => size,
            (At::Stack(_), Some(size)) if size > 0 => size,
            _ => return Err(format!("part {off} has a wrong size")),
        };
        if off < end {
            return Err(format!("part {off} overlaps the one before"));
        }
        end = off + size;
        if off > 0xffff || size > 0xffff {
            return Err(format!("part {off} is beyond 64 KiB"));
        }
    }
    match ty.size {
        Some(size) if end > size => Err(format!("parts up to {end} of {size} bytes")),
        Some(size) if parts.len() == 1 && end != size => Err(format!("{end} of {size} bytes have a place")),
        _ => Ok(()),
    }
}

fn check_slot(at: u64, size: Option<u64>, wanted: u64, ptr_size: u64) -> Result<(), String> {
    if size != Some(wanted) {
        return Err(format!("a slot of {size:?} bytes for {wanted}"));
    }
    if !at.is_multiple_of(wanted.min(ptr_size)) { Err(format!("slot {at} is not aligned")) } else { Ok(()) }
}

fn check_apart<'a>(parts: impl Iterator<Item = &'a Part>) -> Result<(), String> {
    let mut regs = Vec::new();
    let mut slots = Vec::new();
    for part in parts {
        match &part.at {
            At::Reg(reg) => regs.push(&reg.whole),
            At::Stack(at) => slots.push((*at, at + part.size.unwrap_or(0))),
        }
    }
    slots.sort_unstable();
    if let Some(pair) = slots.windows(2).find(|pair| pair[0].1 > pair[1].0) {
        return Err(format!("slots {} and {} overlap", pair[0].0, pair[1].0));
    }
    check_distinct(regs.into_iter())
}

fn check_distinct<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), String> {
    let mut seen = std::collections::HashSet::new();
    names.filter(|name| !seen.insert(*name)).map(|name| Err(format!("{name} twice"))).next().unwrap_or(Ok(()))
}

struct Parser<'a> {
    rest: &'a str,
    arch: &'a str,
}

impl<'a> Parser<'a> {
    fn prototype(&mut self) -> Result<Prototype, String> {
        let result = self.ty()?;
        let pointer = self.take("(");
        let usercall = match self.word()? {
            "__usercall" => true,
            "__fastcall" | "__cdecl" | "__stdcall" => false,
            other => return Err(format!("{other} is no convention")),
        };
        let spoils = self.spoils()?;
        if pointer {
            self.need("*")?;
        }
        self.identifier()?;
        if pointer {
            self.need(")")?;
        }
        let result_at = self.location()?;
        self.need("(")?;
        let args = self.arguments()?;
        self.take(";");
        if !self.rest.is_empty() {
            return Err("something follows".into());
        }
        let ptr_size = registers::ptr_size(self.arch);
        Ok(Prototype { usercall, result, result_at, args, spoils, ptr_size, arch: self.arch.into() })
    }

    fn arguments(&mut self) -> Result<Vec<Argument>, String> {
        let mut args = Vec::new();
        if self.take("void)") || self.take(")") {
            return Ok(args);
        }
        loop {
            let mut ty = self.ty()?;
            let name = if self.take("(*") {
                let name = self.identifier()?;
                self.need(")(")?;
                let close = self.rest.find(')').ok_or("an open parameter list")?;
                self.rest = &self.rest[close + 1..];
                ty = Type { void: false, size: Some(registers::ptr_size(self.arch)) };
                name
            } else {
                self.identifier()?
            };
            if ty.void {
                return Err(format!("{name} is void"));
            }
            args.push((ty, name, self.location()?));
            if self.take(")") {
                return Ok(args);
            }
            self.need(",")?;
        }
    }

    fn ty(&mut self) -> Result<Type, String> {
        let mut word = self.word()?;
        while matches!(word, "unsigned" | "signed" | "struct" | "const") {
            word = self.word()?;
        }
        let mut size = match word {
            "__int8" | "char" | "_BOOL1" => Some(1),
            "__int16" | "short" => Some(2),
            "__int32" | "int" | "float" => Some(4),
            "__int64" | "double" => Some(8),
            _ => None,
        };
        if word.is_empty() || (size.is_none() && word != "void" && registers::is_keyword(word)) {
            return Err(format!("`{word}` is no type"));
        }
        let mut void = word == "void";
        while !self.rest.starts_with("*)") && self.take("*") {
            (void, size) = (false, Some(registers::ptr_size(self.arch)));
        }
        Ok(Type { void, size })
    }

    fn spoils(&mut self) -> Result<Vec<Register>, String> {
        let mut regs = Vec::new();
        if !self.take("__spoils<") || self.take(">") {
            return Ok(regs);
        }
        loop {
            regs.push(self.register()?);
            if self.take(">") {
                return Ok(regs);
            }
            self.need(",")?;
        }
    }

    fn location(&mut self) -> Result<Option<Vec<Part>>, String> {
        if !self.take("@<") {
            return Ok(None);
        }
        let mut parts = Vec::new();
        if self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            loop {
                let off = Some(self.number()?);
                self.need(":")?;
                let part = if self.rest.starts_with('^') { self.slot()? } else { self.part_register()? };
                parts.push(Part { off, ..part });
                if !self.take(",") {
                    break;
                }
            }
        } else if self.rest.starts_with('^') {
            parts.push(self.slot()?);
        } else {
            parts.push(Part { off: None, size: None, at: At::Reg(self.register()?) });
        }
        self.need(">")?;
        Ok(Some(parts))
    }

    fn slot(&mut self) -> Result<Part, String> {
        self.need("^")?;
        let at = At::Stack(self.number()?);
        self.need(".")?;
        Ok(Part { off: None, size: Some(self.number()?), at })
    }

    fn part_register(&mut self) -> Result<Part, String> {
        let at = At::Reg(self.register()?);
        let size = if self.take(".") { Some(self.number()?) } else { None };
        Ok(Part { off: None, size, at })
    }

    fn register(&mut self) -> Result<Register, String> {
        let name = self.word()?;
        lookup(self.arch, name).ok_or_else(|| format!("`{name}` is no register of {}", self.arch))
    }

    fn number(&mut self) -> Result<u64, String> {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        let canonical = digits == "0" || !digits.starts_with('0');
        if digits.is_empty() || !canonical || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("`{digits}` is no decimal number"));
        }
        self.rest = rest;
        digits.parse().map_err(|e| format!("{digits}: {e}"))
    }

    fn identifier(&mut self) -> Result<String, String> {
        let word = self.word()?;
        if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
            return Err("no name".into());
        }
        Ok(word.to_string())
    }

    fn word(&mut self) -> Result<&'a str, String> {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        Ok(word)
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest.strip_prefix(token);
        self.rest = found.map_or(self.rest, str::trim_start);
        found.is_some()
    }

    fn need(&mut self, token: &str) -> Result<(), String> {
        if self.take(token) { Ok(()) } else { Err(format!("`{token}` is missing")) }
    }
}
