//! The assembly on the way between Go and C, by what it does.

use super::{Finder, c_registers};
use crate::abi::location::{Reg, RegSet};
use crate::abi::platform::CAbi;
use crate::annotate::look::call_base;
use crate::annotate::roles::Role;
use crate::arch::{Arch, Os};
use crate::code::values::Value;
use crate::golang::pclntab::Func;

/// Bytes of the longest assembly function that is looked at.
const LONGEST: u32 = 4096;

impl Finder<'_, '_> {
    /// Assembly around it: crosscall2, callbackasm1, cgocallback of old, the landing pad.
    pub(super) fn assembly(&mut self) {
        let gofunc = self.chain.one(Role::CgocallbackGofunc);
        let entry = gofunc.or(self.chain.one(Role::Cgocallback));
        let asmcgocall = self.chain.one(Role::Asmcgocall);
        let c = c_registers(self.program);
        let base = call_base(self.program);
        // On arm64 crosscall2 loads g first, by a call, with what it is to call in a register that C keeps.
        let kept = CAbi::of(self.program.image.arch, self.program.image.os).map_or(RegSet::NONE, CAbi::preserved);
        let asm: Vec<Func> =
            self.program.funcs().iter().zip(self.resolved).filter(|(_, r)| r.asm).map(|(f, _)| *f).collect();
        for func in asm {
            let function = func.entry;
            if func.size() > LONGEST || Some(function) == entry {
                continue;
            }
            for call in self.looker.calls_keeping(self.program, &func, kept) {
                let words = [0, 8, 16].map(|at| call.state.slot(base + at, 8));
                let holds = |at: usize, reg: usize| words[at] == Value::Entry(c[reg], 0);
                let into = call.target.is_some() && call.target == entry;
                if into && gofunc.is_none() && holds(0, 0) && holds(1, 1) && holds(2, 3) {
                    self.chain.add(function, Role::Crosscall2);
                    self.chain.links(function, entry);
                } else if call.value == Value::Entry(c[0], 0) && holds(0, 1) && holds(1, 2) && holds(2, 3) {
                    self.chain.add(function, Role::Crosscall2);
                } else if into && gofunc.is_some() && matches!(words[0], Value::Frame(_)) {
                    self.chain.add(function, Role::Cgocallback);
                    self.chain.links(function, entry);
                } else if into && self.program.image.os == Os::Windows && words[0].constant().is_some() {
                    self.chain.add(function, Role::Callbackasm1);
                    self.chain.links(function, entry);
                    if let Some(wrap) = words[0].constant().filter(|at| self.func(*at).is_some()) {
                        self.chain.add(wrap, Role::CallbackWrap);
                        self.chain.link(function, wrap);
                    }
                }
            }
        }
        self.callback_table();
        self.stdcall();
        let Some(asmcgocall) = asmcgocall else { return };
        let callees: Vec<u64> = self.calls(asmcgocall).iter().filter_map(|call| call.target).collect();
        for callee in callees.into_iter().filter(|c| *c != asmcgocall && self.is_asm(*c)).collect::<Vec<_>>() {
            let through = self.calls(callee).iter().any(|call| call.value == Value::Entry(Reg(0), 0));
            if through {
                self.chain.add(callee, Role::Landingpad);
                self.chain.link(asmcgocall, callee);
            }
        }
    }

    /// `asmstdcall`: assembly that clears the last error in the thread's block, and reads it on arm64
    /// (`runtime/sys_windows_*.s`).
    fn stdcall(&mut self) {
        let patterns: [&[u8]; 2] = match self.program.image.arch {
            // mov rdi, gs:[0x30]; mov dword [rdi+0x68], 0
            Arch::Amd64 => [&[0x65, 0x48, 0x8b, 0x3c, 0x25, 0x30, 0, 0, 0], &[0xc7, 0x47, 0x68, 0, 0, 0, 0]],
            // str xzr, [x18, 0x68]; ldr x0, [x18, 0x68]
            Arch::Arm64 => [&[0x5f, 0x36, 0x00, 0xf9], &[0x40, 0x36, 0x40, 0xf9]],
            _ => return,
        };
        if self.program.image.os != Os::Windows || self.chain.one(Role::Asmstdcall).is_some() {
            return;
        }
        let has = |code: &[u8], bytes: &[u8]| code.windows(bytes.len()).any(|window| window == bytes);
        let asm = self.program.funcs().iter().zip(self.resolved).filter(|(func, r)| r.asm && func.size() <= LONGEST);
        let mut found = asm.filter(|(func, _)| {
            let code = self.program.code(func);
            patterns.iter().all(|pattern| has(code, pattern))
        });
        if let (Some((func, _)), None) = (found.next(), found.next()) {
            self.chain.add(func.entry, Role::Asmstdcall);
        }
    }
}
