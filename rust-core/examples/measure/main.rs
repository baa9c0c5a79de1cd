//! Compares what goabi says of a stripped program with the debug information of its unstripped twin. Prints counts as
//! JSON; `scripts/measure` makes a table of them.
//!
//! With `--debug` the unstripped program is analysed, debug information and all: what sources refute is then wrong.
//!
//! ```text
//! measure FULL STRIPPED [--types FILE] [--abis FILE] [--sigs PACK] [--no-names | --debug] [--program MODULE] [--errors N]
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr)] // a program for the terminal

mod abi;
mod callers;
mod compare;
mod truth;

use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Default)]
struct Args {
    files: Vec<PathBuf>,
    types: Option<PathBuf>,
    abis: Option<PathBuf>,
    packs: Vec<PathBuf>,
    no_names: bool,
    debug: bool,
    program: String,
    errors: usize,
    truth: bool,
}

fn main() -> ExitCode {
    match parse(std::env::args().skip(1)).and_then(|args| run(&args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("measure: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Args, String> {
    let mut args = Args::default();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--sigs" => args.packs.push(value()?.into()),
            "--types" => args.types = Some(value()?.into()),
            "--abis" => args.abis = Some(value()?.into()),
            "--program" => args.program = value()?,
            "--errors" => args.errors = value()?.parse().map_err(|_| "--errors needs a number")?,
            "--debug" => args.debug = true,
            "--no-names" => args.no_names = true,
            "--truth" => args.truth = true,
            _ => args.files.push(word.into()),
        }
    }
    if args.files.len() == 2 { Ok(args) } else { Err("two files are needed: FULL STRIPPED".to_owned()) }
}

fn run(args: &Args) -> Result<(), String> {
    let read = |path: &PathBuf| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let (full, stripped) = (read(&args.files[0])?, read(&args.files[1])?);
    let sources = match &args.types {
        Some(path) => truth::read_sources(&String::from_utf8_lossy(&read(path)?)),
        None => Default::default(),
    };
    let truth = truth::Truth::of(&full, &stripped, &sources, &args.program).map_err(|error| error.to_string())?;
    if args.truth {
        truth.functions.values().for_each(|function| println!("{function}"));
        truth.doubtful.iter().for_each(|line| println!("# {line}"));
        eprintln!("{} functions, left out: {:?}", truth.functions.len(), truth.left_out);
        return Ok(());
    }
    let mut options = goabi::Options::default();
    (options.dwarf, options.symbols, options.names) = (args.debug, args.debug, !args.no_names);
    options.evidence = args.errors > 0;
    options.packs = args.packs.iter().map(|path| read(path).map(Into::into)).collect::<Result<_, _>>()?;
    let start = std::time::Instant::now();
    let report =
        goabi::analyze(if args.debug { &full } else { &stripped }, &options).map_err(|error| error.to_string())?;
    let seconds = start.elapsed().as_secs_f64();
    let mut outcome = compare::compare(&truth, &report, args.errors);
    let written = args.abis.as_ref().map(read).transpose()?;
    let known = written.map(|text| abi::Conventions::of(&full, &String::from_utf8_lossy(&text))).transpose();
    let known = known.map_err(|error| error.to_string())?.flatten();
    let (abi, wrong) = known.map(|known| known.compare(&report)).unwrap_or_default();
    if args.errors > 0 {
        outcome.errors.push(format!("== convention: {}", wrong.len()));
        outcome.errors.extend(wrong.into_iter().take(args.errors));
    }
    let counts = outcome.counts;
    let result = serde_json::json!({ "seconds": seconds, "left_out": truth.left_out, "counts": counts, "abi": abi });
    println!("{result}");
    outcome.errors.iter().for_each(|line| eprintln!("{line}"));
    Ok(())
}
