//! Signature packs: once the file as it is, and once with the fuzzed bytes as its index and first block.
#![no_main]

use goabi::signature::pack::Pack;
use goabi_fuzz::parts;
use libfuzzer_sys::fuzz_target;

/// A deflate stream that stores `data`.
fn stored(data: &[u8]) -> Vec<u8> {
    let len = data.len() as u16;
    [&[1][..], &len.to_le_bytes(), &(!len).to_le_bytes(), data].concat()
}

fn read(pack: &[u8]) {
    let Some(pack) = Pack::read(pack) else { return };
    for package in pack.packages.values().take(4) {
        let Some(block) = pack.block(package) else { continue };
        (0..64).for_each(|number| {
            std::hint::black_box((block.text(number).len(), block.node(number)));
        });
        block.find("F", |set| pack.has(set, 0));
        block.starting("", |_| true).take(64).for_each(|entry| {
            std::hint::black_box(entry);
        });
    }
}

fuzz_target!(|data: &[u8]| {
    read(data);
    let [index, block] = parts(data);
    let (index, block) = (&index[..index.len().min(60_000)], &block[..block.len().min(60_000)]);
    let packed = stored(index);
    let sizes = [packed.len() as u32, index.len() as u32].map(u32::to_le_bytes).concat();
    read(&[b"goabisg\x01", &sizes[..], &packed, &stored(block), &[0; 32]].concat());
});
