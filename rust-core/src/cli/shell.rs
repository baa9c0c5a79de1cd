//! What a shell and `man` want to know of the command.

use super::args::{Args, Completions, Man};
use super::exit::{Exit, Failure};
use super::output::Output;
use clap::CommandFactory;
use std::path::Path;

/// Writes the script that completes goabi's arguments.
pub(super) fn completions(args: &Completions) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "goabi", &mut script);
    let written = Output::open(Path::new("-")).and_then(|output| output.write(|out| out.write_all(&script)));
    written.map_or_else(Failure::report, |()| Exit::Done)
}

/// Writes a manual page for goabi and for each of its commands.
pub(super) fn man(args: &Man) -> Exit {
    match clap_mangen::generate_to(Args::command(), &args.folder) {
        Ok(()) => Exit::Done,
        Err(error) => Failure::writing(args.folder.display(), &error).report(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Command, Parser};

    /// Every command that does something, by its whole name.
    fn commands(command: &Command, name: &str, found: &mut Vec<(String, Command)>) {
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set()) {
            let name = format!("{name} {}", sub.get_name());
            match sub.has_subcommands() {
                true => commands(sub, &name, found),
                false => found.push((name, sub.clone())),
            }
        }
    }

    /// The words of a line, with quotes taken off.
    fn words(line: &str) -> Vec<String> {
        let quoted = line.split('\'').enumerate();
        let parts = quoted.flat_map(|(n, part)| match n % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
            _ => vec![part.to_owned()],
        });
        parts.collect()
    }

    #[test]
    fn every_command_has_an_example_that_it_understands() {
        let mut found = Vec::new();
        commands(&Args::command(), "goabi", &mut found);
        assert!(found.len() > 8);
        for (name, command) in found {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples: Vec<&str> = help.lines().map(str::trim).filter(|line| line.starts_with("goabi ")).collect();
            assert!(!examples.is_empty(), "{name} --help has no example");
            for example in examples {
                assert!(example.starts_with(&name), "{name}: {example}");
                let without_shell = example.split(" > ").next().unwrap_or_default();
                if let Err(error) = Args::try_parse_from(words(without_shell)) {
                    panic!("{example}: {error}");
                }
            }
        }
    }
}
