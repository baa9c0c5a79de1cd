//! Lines of text with coloured parts, as wide as the reader's terminal.

use crate::cli::exit::printable;
use anstyle::{AnsiColor, Color, Style};
use std::io::{self, Write};
use textwrap::core::display_width;

/// Columns when nothing says how many there are.
const COLUMNS: usize = 100;
/// The fewest that the text is made for.
const FEWEST: usize = 80;
/// Columns before what does not fit on a line that was written elsewhere.
const FURTHER: usize = 12;
/// One colour after the other for parameters, then results.
const TONES: [AnsiColor; 12] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::Red,
    AnsiColor::BrightCyan,
    AnsiColor::BrightYellow,
    AnsiColor::BrightGreen,
    AnsiColor::BrightMagenta,
    AnsiColor::BrightBlue,
    AnsiColor::BrightRed,
];

/// How a page looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    colour: bool,
    width: usize,
}

impl Look {
    /// Without colours, in `COLUMNS` columns: for files and programs.
    #[cfg(feature = "python")]
    pub(crate) const PLAIN: Look = Look { colour: false, width: COLUMNS };

    /// What fits the standard output; `width` and `colour` say otherwise.
    pub(super) fn of_stdout(width: Option<u16>, colour: clap::ColorChoice) -> Look {
        let stdout = std::io::stdout();
        let terminal = terminal_size::terminal_size_of(&stdout).map(|(width, _)| width.0);
        let colour = match colour {
            clap::ColorChoice::Always => true,
            clap::ColorChoice::Never => false,
            clap::ColorChoice::Auto => anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never,
        };
        Look { colour, width: width.or(terminal).map_or(COLUMNS, |width| usize::from(width).max(FEWEST)) }
    }
}

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    text: String,
    style: Style,
}

/// A part without colour.
pub(super) fn plain(text: impl Into<String>) -> Span {
    Span { text: text.into(), style: Style::new() }
}

/// A part that belongs to the `n`-th value.
pub(super) fn tone(n: usize, text: impl Into<String>) -> Span {
    let colour = TONES[n % TONES.len()];
    Span { text: text.into(), style: Style::new().fg_color(Some(Color::Ansi(colour))) }
}

/// A heading, or what else is to be seen first.
pub(super) fn strong(text: impl Into<String>) -> Span {
    Span { text: text.into(), style: Style::new().bold() }
}

/// What may be overlooked.
pub(super) fn faint(text: impl Into<String>) -> Span {
    Span { text: text.into(), style: Style::new().dimmed() }
}

/// Columns of the spans.
pub(super) fn width(spans: &[Span]) -> usize {
    spans.iter().map(|span| display_width(&printable(&span.text))).sum()
}

/// Adds blanks until the spans have `columns`.
pub(super) fn pad(spans: &mut Vec<Span>, columns: usize) {
    spans.push(plain(" ".repeat(columns.saturating_sub(width(spans)))));
}

/// Where lines go.
pub(super) struct Page<'o> {
    out: &'o mut dyn Write,
    look: Look,
}

impl<'o> Page<'o> {
    pub(super) fn new(out: &'o mut dyn Write, look: Look) -> Page<'o> {
        Page { out, look }
    }

    /// Columns of a line.
    pub(super) fn width(&self) -> usize {
        self.look.width
    }

    /// A line that is as long as it is.
    pub(super) fn line(&mut self, spans: &[Span]) -> io::Result<()> {
        let text: String = spans.iter().map(|span| self.rendered(span)).collect();
        writeln!(self.out, "{}", text.trim_end())
    }

    /// Text that goes on in further lines, `indent` columns from the left.
    pub(super) fn text(&mut self, indent: usize, spans: &[Span]) -> io::Result<()> {
        let text: String = spans.iter().map(|span| self.rendered(span)).collect();
        let further = " ".repeat(indent);
        let options = textwrap::Options::new(self.look.width).subsequent_indent(&further).break_words(false);
        textwrap::wrap(&text, options).iter().try_for_each(|line| writeln!(self.out, "{}", line.trim_end()))
    }

    /// An empty line and a heading.
    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        self.line(&[])?;
        self.text(2, &[strong(text)])
    }

    /// Lines that were written elsewhere.
    pub(super) fn block(&mut self, write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<()> {
        let mut text = Vec::new();
        write(&mut text)?;
        String::from_utf8_lossy(&text).lines().try_for_each(|line| self.text(FURTHER, &[plain(line)]))
    }

    /// Names come from the sample, and a terminal may be reading.
    fn rendered(&self, span: &Span) -> String {
        let (text, style) = (printable(&span.text), span.style);
        if self.look.colour && !style.is_plain() { format!("{style}{text}{style:#}") } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(look: Look, spans: &[Span]) -> String {
        let mut out = Vec::new();
        Page::new(&mut out, look).text(4, spans).expect("memory does not fail");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn colours_take_no_columns_and_names_no_colours() {
        let look = Look { colour: true, width: 80 };
        let spans = [plain("  "), tone(0, "a\u{1b}[31m"), plain(" word".repeat(20))];
        let text = written(look, &spans);
        assert!(text.starts_with("  \u{1b}[36ma\u{fffd}[31m\u{1b}[0m word"), "{text:?}");
        assert_eq!(text.lines().count(), 2);
        assert!(
            text.lines().all(|line| display_width(line) <= 80)
                && text.lines().nth(1) == Some("    word word word word word word"),
            "{text}"
        );
        assert!(!written(Look { colour: false, ..look }, &spans).contains('\u{1b}'));
    }
}
