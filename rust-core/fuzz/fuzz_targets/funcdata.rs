//! ArgInfo, ArgLiveInfo, pcvalue tables, pointer maps and symbol names, as bare bytes.
#![no_main]

use goabi::golang::stack_maps::PointerMaps;
use goabi::golang::symbol_name::{SymbolName, split_package_path};
use goabi::golang::{arg_info, pcvalue::PcValues};
use goabi::reader::Reader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let info = arg_info::parse(data);
    (info.truncated(), info.end());
    PcValues::new(data, data.first().copied().unwrap_or(1), 1 << 20).for_each(drop);
    for minor in [2, 12, 27] {
        let maps = PointerMaps::read(Reader::new(data, minor == 2, 8), minor);
        maps.map(|maps| (maps.pointers(0).count(), maps.pointers(u32::MAX).count(), maps.is_pointer(1, 1)));
    }
    let name = String::from_utf8_lossy(data);
    let parsed = SymbolName::parse(&name);
    (parsed.instance(), parsed.is_closure(), parsed.is_generic_shaped(), split_package_path(&name));
});
