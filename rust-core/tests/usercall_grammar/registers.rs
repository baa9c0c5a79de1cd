//! Register names as IDA's processor modules have them.

/// A register by one of its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Register {
    /// The name that was used.
    pub(super) name: String,
    /// The name of the whole register.
    pub(super) whole: String,
    /// Bytes that the name stands for.
    pub(super) size: u64,
    /// Whether the name stands for less than the whole register.
    pub(super) partial: bool,
    /// Whether it is a float or vector register.
    pub(super) float: bool,
}

/// Bytes in a pointer.
pub(super) fn ptr_size(arch: &str) -> u64 {
    if matches!(arch, "386" | "arm" | "mips" | "mipsle") { 4 } else { 8 }
}

/// Bytes of the register name that goes with a value: arm64 has no names for less than four bytes.
pub(super) fn named_size(reg: &Register, value: u64) -> u64 {
    if reg.whole.starts_with('X') && value < 4 { 4 } else { value }
}

/// Finds a register.
pub(super) fn lookup(arch: &str, name: &str) -> Option<Register> {
    let found = |whole: &str, size, partial, float| {
        Some(Register { name: name.into(), whole: whole.into(), size, partial, float })
    };
    match arch {
        "amd64" | "386" => {
            if let Some(n) = name.strip_prefix("xmm") {
                return numbered(n, 16).and_then(|_| found(name, 16, false, true));
            }
            if let Some(n) = name.strip_prefix("st") {
                return numbered(n, 8).and_then(|_| found(name, 10, false, true));
            }
            x86(name, arch == "amd64").and_then(|(whole, size, partial)| found(&whole, size, partial, false))
        }
        "arm64" => {
            let (letter, n) = name.split_at_checked(1)?;
            numbered(n, if "XW".contains(letter) { 31 } else { 32 })?;
            match letter {
                "X" => found(&format!("X{n}"), 8, false, false),
                "W" => found(&format!("X{n}"), 4, true, false),
                "S" => found(&format!("V{n}"), 4, false, true),
                "D" => found(&format!("V{n}"), 8, false, true),
                "Q" => found(&format!("V{n}"), 16, false, true),
                _ => None,
            }
        }
        _ => {
            let (letter, n) = name.split_at_checked(1)?;
            let letters = match arch {
                "arm" => "rd",
                "riscv64" => "xf",
                _ => "rf",
            };
            numbered(n, 32).filter(|_| letters.contains(letter))?;
            found(name, 8, false, "fd".contains(letter))
        }
    }
}

fn numbered(text: &str, below: u32) -> Option<u32> {
    let canonical = text == "0" || !text.starts_with('0');
    text.parse().ok().filter(|n| canonical && *n < below)
}

/// Whole register, bytes of the name, and whether they are less than the whole.
fn x86(name: &str, wide: bool) -> Option<(String, u64, bool)> {
    const LETTERS: [&str; 4] = ["a", "b", "c", "d"];
    const INDEXES: [&str; 4] = ["si", "di", "bp", "sp"];
    let whole = |middle: &str| format!("{}{middle}", if wide { "r" } else { "e" });
    let word = if wide { 8 } else { 4 };
    let named = |middle: &str, size: u64| (size <= word).then(|| (whole(middle), size, size < word));
    for letter in LETTERS {
        let middle = format!("{letter}x");
        match name.strip_suffix(&middle) {
            Some("r") => return named(&middle, 8),
            Some("e") => return named(&middle, 4),
            Some("") => return named(&middle, 2),
            _ if name == format!("{letter}l") => return named(&middle, 1),
            _ => {}
        }
    }
    for index in INDEXES {
        match name.strip_suffix(index) {
            Some("r") => return named(index, 8),
            Some("e") => return named(index, 4),
            Some("") => return named(index, 2),
            _ if wide && name == format!("{index}l") => return named(index, 1),
            _ => {}
        }
    }
    let digits = name.strip_prefix('r').filter(|_| wide)?;
    let (n, size) = match digits.strip_suffix(['b', 'w', 'd']) {
        Some(n) => (
            n,
            match &digits[n.len()..] {
                "b" => 1,
                "w" => 2,
                _ => 4,
            },
        ),
        None => (digits, 8),
    };
    numbered(n, 16).filter(|n| *n >= 8)?;
    Some((format!("r{n}"), size, size < 8))
}

/// Whether a word cannot be a name in C or C++.
pub(super) fn is_keyword(word: &str) -> bool {
    const WORDS: &str = " auto bool break case catch char class const continue default delete do double else enum \
        extern false float for goto if inline int long namespace new operator private protected public register \
        return short signed sizeof static struct switch template this throw true try typedef union unsigned using \
        virtual void volatile while __int8 __int16 __int32 __int64 __int128 _BOOL1 ";
    WORDS.contains(&format!(" {word} "))
}
