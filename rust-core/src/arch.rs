//! Machines and operating systems: the facts that everything else looks up.

/// A machine that Go has a port for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are GOARCH's
pub enum Arch {
    Amd64,
    I386,
    Arm64,
    Arm,
    Ppc64,
    Ppc64le,
    Riscv64,
    Loong64,
    S390x,
    Mips,
    Mipsle,
    Mips64,
    Mips64le,
}

/// One machine's row.
#[derive(Debug, Clone, Copy)]
pub struct ArchInfo {
    /// Go's name (`GOARCH`).
    pub name: &'static str,
    /// Bytes in a pointer and in a general register.
    pub ptr_size: u8,
    /// Whether the most significant byte comes first.
    pub big_endian: bool,
    /// Smallest distance of two instructions (pclntab `minLC`); riscv64 used 4 before Go 1.26.
    pub min_lc: &'static [u8],
    /// Bytes from SP at entry to the argument area: the return address, or the fixed frame (go-formats: args pointer).
    pub arg_base: u32,
    /// Bytes from SP at a call to the callee's argument area: less than `arg_base` where calls push the return address.
    pub outgoing: u32,
    /// Bytes of a frame that the assembler adds to what a TEXT line declares: the frame pointer on amd64, the return
    /// address on machines with a link register (`cmd/internal/obj/*/obj*.go`, `preprocess`).
    pub saved: u32,
    /// Whether compiled code loads signed values of less than a register with their sign, always, and others without.
    pub loads_tell_sign: bool,
    /// Largest alignment of a value on the stack and in memory.
    pub max_align: u32,
}

impl Arch {
    /// The machine's row.
    pub fn info(self) -> &'static ArchInfo {
        const fn row(
            name: &'static str,
            ptr_size: u8,
            big_endian: bool,
            min_lc: &'static [u8],
            arg_base: u32,
        ) -> ArchInfo {
            ArchInfo {
                name,
                ptr_size,
                big_endian,
                min_lc,
                arg_base,
                outgoing: arg_base,
                saved: arg_base,
                loads_tell_sign: true,
                max_align: ptr_size as u32,
            }
        }
        const AMD64: ArchInfo = ArchInfo { outgoing: 0, loads_tell_sign: false, ..row("amd64", 8, false, &[1], 8) };
        const I386: ArchInfo =
            ArchInfo { outgoing: 0, saved: 0, loads_tell_sign: false, ..row("386", 4, false, &[1], 4) };
        const ARM64: ArchInfo = row("arm64", 8, false, &[4], 8);
        const ARM: ArchInfo = row("arm", 4, false, &[4], 4);
        const PPC64: ArchInfo = row("ppc64", 8, true, &[4], 32);
        const PPC64LE: ArchInfo = row("ppc64le", 8, false, &[4], 32);
        const RISCV64: ArchInfo = row("riscv64", 8, false, &[2, 4], 8);
        const LOONG64: ArchInfo = row("loong64", 8, false, &[4], 8);
        const S390X: ArchInfo = row("s390x", 8, true, &[2], 8);
        const MIPS: ArchInfo = row("mips", 4, true, &[4], 4);
        const MIPSLE: ArchInfo = row("mipsle", 4, false, &[4], 4);
        const MIPS64: ArchInfo = row("mips64", 8, true, &[4], 8);
        const MIPS64LE: ArchInfo = row("mips64le", 8, false, &[4], 8);
        match self {
            Arch::Amd64 => &AMD64,
            Arch::I386 => &I386,
            Arch::Arm64 => &ARM64,
            Arch::Arm => &ARM,
            Arch::Ppc64 => &PPC64,
            Arch::Ppc64le => &PPC64LE,
            Arch::Riscv64 => &RISCV64,
            Arch::Loong64 => &LOONG64,
            Arch::S390x => &S390X,
            Arch::Mips => &MIPS,
            Arch::Mipsle => &MIPSLE,
            Arch::Mips64 => &MIPS64,
            Arch::Mips64le => &MIPS64LE,
        }
    }

    /// Every machine, for tables and for `--arch`.
    pub const ALL: [Arch; 13] = [
        Arch::Amd64,
        Arch::I386,
        Arch::Arm64,
        Arch::Arm,
        Arch::Ppc64,
        Arch::Ppc64le,
        Arch::Riscv64,
        Arch::Loong64,
        Arch::S390x,
        Arch::Mips,
        Arch::Mipsle,
        Arch::Mips64,
        Arch::Mips64le,
    ];

    /// The machine that Go calls `name`.
    pub fn from_name(name: &str) -> Option<Arch> {
        Arch::ALL.into_iter().find(|a| a.info().name == name)
    }

    /// Bytes in a pointer.
    pub fn ptr_size(self) -> u32 {
        u32::from(self.info().ptr_size)
    }
}

/// An operating system, as far as the container tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are GOOS's
pub enum Os {
    Linux,
    Windows,
    Darwin,
    FreeBsd,
    NetBsd,
    OpenBsd,
    DragonFly,
    Solaris,
    Android,
    Ios,
    Unknown,
}

impl Os {
    /// Every system that has a name of its own.
    pub const ALL: [Os; 10] = [
        Os::Linux,
        Os::Windows,
        Os::Darwin,
        Os::FreeBsd,
        Os::NetBsd,
        Os::OpenBsd,
        Os::DragonFly,
        Os::Solaris,
        Os::Android,
        Os::Ios,
    ];

    /// The system that Go calls `name`.
    pub fn from_name(name: &str) -> Option<Os> {
        Os::ALL.into_iter().find(|os| os.name() == name)
    }

    /// Go's name (`GOOS`); `unknown` when the container does not say.
    pub fn name(self) -> &'static str {
        match self {
            Os::Linux => "linux",
            Os::Windows => "windows",
            Os::Darwin => "darwin",
            Os::FreeBsd => "freebsd",
            Os::NetBsd => "netbsd",
            Os::OpenBsd => "openbsd",
            Os::DragonFly => "dragonfly",
            Os::Solaris => "solaris",
            Os::Android => "android",
            Os::Ios => "ios",
            Os::Unknown => "unknown",
        }
    }
}
