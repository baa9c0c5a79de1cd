fn main() {
    let a: Vec<String> = std::env::args().collect();
    let data = std::fs::read(&a[1]).unwrap();
    let mut o = goabi::Options::default();
    if a.len() > 2 { o.dwarf=false; o.symbols=false; o.names=false; }
    let t = std::time::Instant::now();
    let r = goabi::analyze(&data, &o).unwrap();
    eprintln!("{:?} {} funcs", t.elapsed(), r.functions.len());
    for f in &r.functions {
        let p = |v: &Vec<goabi::report::Value>| v.iter().map(|v| v.pieces.iter().map(|p| format!("{}:{}", p.loc, p.size)).collect::<Vec<_>>().join("+")).collect::<Vec<_>>().join(", ");
        println!("{} {} {:?} {:?} ({}) -> ({}) {:?} {:?} nr={}", f.entry, f.name, f.abi, f.kind, p(&f.params), p(&f.results), f.confidence, f.source, f.noreturn);
    }
}
