//! What instructions do with their operands. A table: everything that it does not list writes its first operand and reads
//! the others.

use super::super::op::Flow;
use yaxpeax_arm::armv8::a64::Opcode;

/// What one instruction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Stop,
    Jump,
    Branch,
    BranchOnFlags,
    Call,
    JumpIndirect,
    CallIndirect,
    Return,
    /// Does nothing that registers show.
    Nothing,
    /// Reads every operand, and may do anything besides.
    Reads,
    /// Reads every operand and writes flags.
    Compares,
    /// The same, and reads flags.
    ComparesIf,
    /// Writes the first operand, reads the others.
    Writes,
    /// Reads the first operand too.
    Updates,
    /// As [`Class::Writes`], and writes flags.
    WritesAndFlags,
    /// As [`Class::Writes`], and reads flags.
    WritesIf,
    /// Both.
    WritesIfAndFlags,
    /// As [`Class::Writes`], of something that is no value of the program.
    System,
    /// The first operand, or the first two, from memory. `size` is 0 where the register tells.
    Load {
        size: u8,
        signed: bool,
        pair: bool,
    },
    /// The same to memory.
    Store {
        size: u8,
        pair: bool,
    },
    /// Reads and writes memory, reads the first operand, and puts what was there into the second.
    Atomic,
    /// The same, into the first operand.
    CompareAndSwap,
    /// Stores the second operand and says in the first whether it did.
    Exclusive,
}

const fn load(size: u8) -> Class {
    Class::Load { size, signed: false, pair: false }
}

const fn signed(size: u8) -> Class {
    Class::Load { size, signed: true, pair: false }
}

const fn store(size: u8) -> Class {
    Class::Store { size, pair: false }
}

/// The row of an instruction.
pub(super) fn class(opcode: Opcode) -> Class {
    flow(opcode).or_else(|| memory(opcode)).unwrap_or_else(|| computation(opcode))
}

fn flow(opcode: Opcode) -> Option<Class> {
    use Opcode::*;
    Some(match opcode {
        Invalid | UDF | BRK | HLT | ERET | DRPS => Class::Stop,
        B => Class::Jump,
        Bcc(14 | 15) => Class::Jump,
        Bcc(_) | BCcc(_) => Class::BranchOnFlags,
        CBZ | CBNZ | TBZ | TBNZ => Class::Branch,
        BL => Class::Call,
        BLR | BLRAA | BLRAAZ | BLRAB | BLRABZ => Class::CallIndirect,
        BR | BRAA | BRAAZ | BRAB | BRABZ => Class::JumpIndirect,
        RET | RETAA | RETAB => Class::Return,
        _ => return None,
    })
}

fn memory(opcode: Opcode) -> Option<Class> {
    use Opcode::*;
    Some(match opcode {
        LDR | LDUR | LDTR | LDAR | LDAXR | LDXR | LDLAR | LDAPR | LDAPUR | LDRAA | LDRAB => load(0),
        LDRB | LDURB | LDTRB | LDARB | LDAXRB | LDXRB | LDLARB | LDAPRB | LDAPURB => load(1),
        LDRH | LDURH | LDTRH | LDARH | LDAXRH | LDXRH | LDLARH | LDAPRH | LDAPURH => load(2),
        LDRSB | LDURSB | LDTRSB | LDAPURSB => signed(1),
        LDRSH | LDURSH | LDTRSH | LDAPURSH => signed(2),
        LDRSW | LDURSW | LDTRSW | LDAPURSW => signed(4),
        LDP | LDNP | LDXP | LDAXP => Class::Load { size: 0, signed: false, pair: true },
        LDPSW => Class::Load { size: 4, signed: true, pair: true },
        LD1 | LD2 | LD3 | LD4 | LD1R | LD2R | LD3R | LD4R => load(16),
        STR | STUR | STTR | STLR | STLLR | STLUR => store(0),
        STRB | STURB | STTRB | STLRB | STLLRB | STLURB => store(1),
        STRH | STURH | STTRH | STLRH | STLLRH | STLURH => store(2),
        STRW => store(4),
        STP | STNP => Class::Store { size: 0, pair: true },
        ST1 | ST2 | ST3 | ST4 => store(16),
        STXR | STXRB | STXRH | STLXR | STLXRB | STLXRH | STXP | STLXP => Class::Exclusive,
        SWP(_) | SWPB(_) | SWPH(_) => Class::Atomic,
        CAS(_) | CASB(_) | CASH(_) | CASP(_) => Class::CompareAndSwap,
        LDADD(_) | LDADDB(_) | LDADDH(_) | LDCLR(_) | LDCLRB(_) | LDCLRH(_) | LDEOR(_) | LDEORB(_) | LDEORH(_) => {
            Class::Atomic
        }
        LDSET(_) | LDSETB(_) | LDSETH(_) | LDSMAX(_) | LDSMAXB(_) | LDSMAXH(_) | LDSMIN(_) | LDSMINB(_)
        | LDSMINH(_) | LDUMAX(_) | LDUMAXB(_) | LDUMAXH(_) | LDUMIN(_) | LDUMINB(_) | LDUMINH(_) => Class::Atomic,
        _ => return None,
    })
}

fn computation(opcode: Opcode) -> Class {
    use Opcode::*;
    match opcode {
        HINT | ISB | DSB(_) | DMB(_) | SB | CLREX | PRFM | PRFUM => Class::Nothing,
        SVC | HVC | SMC | MSR | SYS(_) => Class::Reads,
        FCMP | FCMPE => Class::Compares,
        CCMP | CCMN | FCCMP | FCCMPE => Class::ComparesIf,
        ADDS | SUBS | ANDS | BICS => Class::WritesAndFlags,
        ADC | SBC | CSEL | CSINC | CSINV | CSNEG | FCSEL => Class::WritesIf,
        ADCS | SBCS => Class::WritesIfAndFlags,
        MOVK | BFM | INS | BIT | BIF | BSL | TBX | MLA | MLS | FMLA | FMLS | SLI | SRI | SSRA | USRA => Class::Updates,
        AESE | AESD | SHA1C | SHA1P | SHA1M | SHA1SU0 | SHA1SU1 | SHA256H | SHA256H2 | SHA256SU0 | SHA256SU1
        | SHA512H | SHA512H2 | SHA512SU0 | SHA512SU1 => Class::Updates,
        XTN2 | SHRN2 | UMLAL | UMLAL2 | SMLAL | SMLAL2 | UMLSL | UMLSL2 | SMLSL | SMLSL2 | UABA | SABA => {
            Class::Updates
        }
        MRS | SYSL(_) => Class::System,
        _ => Class::Writes,
    }
}

impl Class {
    pub(super) fn flow(self) -> Flow {
        match self {
            Class::Stop => Flow::Stop,
            Class::Jump => Flow::Jump,
            Class::Branch | Class::BranchOnFlags => Flow::Branch,
            Class::Call => Flow::Call,
            Class::JumpIndirect => Flow::JumpIndirect,
            Class::CallIndirect => Flow::CallIndirect,
            Class::Return => Flow::Ret,
            _ => Flow::Next,
        }
    }

    pub(super) fn reads_flags(self) -> bool {
        matches!(self, Class::BranchOnFlags | Class::ComparesIf | Class::WritesIf | Class::WritesIfAndFlags)
    }

    pub(super) fn writes_flags(self) -> bool {
        matches!(self, Class::Compares | Class::ComparesIf | Class::WritesAndFlags | Class::WritesIfAndFlags)
    }

    /// Bytes of one access to memory, when the register does not tell.
    pub(super) fn size(self) -> Option<u8> {
        match self {
            Class::Load { size, .. } | Class::Store { size, .. } if size > 0 => Some(size),
            _ => None,
        }
    }

    pub(super) fn is_signed(self) -> bool {
        matches!(self, Class::Load { signed: true, .. })
    }

    pub(super) fn is_pair(self) -> bool {
        matches!(self, Class::Load { pair: true, .. } | Class::Store { pair: true, .. })
    }
}
