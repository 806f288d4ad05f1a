//! Standard output is data, standard error is talk.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use clap::CommandFactory as _;
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use evenhand_audit::AuditError;
use evenhand_experiment::ExperimentError;
use evenhand_report::{marks, views};

use crate::args::Arguments;

/// Writes to standard output; a closed pipe becomes an error that `main` takes for success.
pub(crate) fn text(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Writes a value as indented JSON, without signs that steer a terminal.
pub(crate) fn json(value: &serde_json::Value) -> anyhow::Result<()> {
    json_text(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// Writes the text of JSON, without signs that steer a terminal.
pub(crate) fn json_text(shown: &str) -> anyhow::Result<()> {
    // What steers a terminal stands inside of texts alone, where JSON has a way to write it; its writer does so for the first 32 signs.
    let escaped = shown.chars().fold(String::with_capacity(shown.len()), |mut shown, sign| {
        if sign != '\n' && steers(sign) {
            let _ = write!(shown, "\\u{:04x}", u32::from(sign));
        } else {
            shown.push(sign);
        }
        shown
    });
    text(&escaped)
}

/// Lines above, below and under the heading; none between rows.
const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// Writes a table with its title and footnotes.
pub(crate) fn table(view: &views::Table) -> anyhow::Result<()> {
    if view.rows.is_empty() {
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled).set_header(&view.headers);
    for row in &view.rows {
        table.add_row(row);
    }
    for (index, right) in view.right_aligned.iter().enumerate() {
        if let Some(column) = table.column_mut(index)
            && *right
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut out = String::new();
    if !view.title.is_empty() {
        out.push_str(&view.title);
        out.push('\n');
    }
    out.push_str(&table.to_string());
    out.push('\n');
    for note in &view.footnotes {
        out.push_str(note);
        out.push('\n');
    }
    out.push('\n');
    text(&printable(&out))
}

/// Whether a sign steers a terminal or turns the direction of what follows.
fn steers(sign: char) -> bool {
    sign == '\t' || marks::is_hidden(sign)
}

/// The text without signs that steer a terminal or turn the direction of what follows; names of columns and groups may hold any. They are shown as pages show
/// them, as `[U+001B]`.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    match marks::visible(text) {
        shown if shown.contains('\t') => Cow::Owned(shown.replace('\t', "\\t")),
        shown => shown,
    }
}

/// Tells something on standard error; settings that stand in brackets are told as the flags that give them.
pub(crate) fn tell(text: &str) {
    let text = with_flags(text);
    let text = printable(&text);
    let text = readable(&text);
    // Nobody listens to standard error any more: nothing is left to do.
    let _ = writeln!(io::stderr(), "{text}");
}

/// The text without the middle of what is too long to be read: a field of a file may hold megabytes.
fn readable(text: &str) -> Cow<'_, str> {
    const MOST: usize = 6000;
    if text.len() <= MOST {
        return Cow::Borrowed(text);
    }
    let (head, tail) = (text.floor_char_boundary(MOST / 2), text.ceil_char_boundary(text.len() - MOST / 2));
    Cow::Owned(format!("{} [{} bytes are left out] {}", &text[..head], tail - head, &text[tail..]))
}

/// Tells an error and what caused it; a cause that the message already holds is not told twice.
pub(crate) fn error(error: &anyhow::Error) {
    let mut text = given_as_flag(error).unwrap_or_else(|| error.to_string());
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    tell(&format!("error: {text}"));
}

/// A setting's error with the flag that gives the setting; `None` for other errors.
fn given_as_flag(error: &anyhow::Error) -> Option<String> {
    let of_rows = error.downcast_ref().and_then(|error| match error {
        AuditError::Setting { setting, value, message } => Some((setting, value, message)),
        _ => None,
    });
    let (setting, value, message) = of_rows.or_else(|| match error.downcast_ref()? {
        ExperimentError::Setting { setting, value, message } => Some((setting, value, message)),
        _ => None,
    })?;
    let flag = format!("--{} {value}", setting.replace('_', "-"));
    Some(format!("{}: {message}", flag.trim_end()))
}

/// Settings that messages of the crates below name in brackets, as in (`skip lines`) or (`read` 'zip=category').
const SETTINGS: [&str; 24] = [
    "separator",
    "decimal",
    "skip lines",
    "worksheet",
    "encoding",
    "missing",
    "categories",
    "favourable",
    "undecided",
    "skip_unscored",
    "range",
    "label_range",
    "limit",
    "read",
    "label",
    "by",
    "from",
    "modalities",
    "replace",
    "drop_away",
    "data",
    "ceiling",
    "spreadsheet_safe",
    "sensitive",
];

/// The text with `(--skip-lines)` where it says (`skip lines`), for the flags that the command at hand has: the crates below name settings, and
/// only this face knows their flags.
fn with_flags(text: &str) -> String {
    let program = Arguments::command();
    // The first word that names a command; later ones may be columns of the same name.
    let command = std::env::args().skip(1).find_map(|word| program.get_subcommands().find(|command| word == command.get_name()).cloned());
    let has = |flag: &str| {
        program.get_arguments().any(|argument| argument.is_global_set() && argument.get_long() == Some(flag))
            || command.as_ref().is_some_and(|command| command.get_arguments().any(|argument| argument.get_long() == Some(flag)))
    };
    flagged(text, has)
}

fn flagged(text: &str, has: impl Fn(&str) -> bool) -> String {
    SETTINGS.iter().fold(text.to_owned(), |text, setting| {
        let flag = setting.replace([' ', '_'], "-");
        if !has(&flag) {
            return text;
        }
        [")", " "].iter().fold(text, |text, end| text.replace(&format!("(`{setting}`{end}"), &format!("(--{flag}{end}")))
    })
}

/// True when standard output was closed by its reader.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe))
}

#[cfg(test)]
mod tests {
    use super::{flagged, printable};

    #[test]
    fn names_of_groups_do_not_steer_the_terminal() {
        let text = "a\u{1b}[2J\u{9b}31m\u{202e}b\n\u{e9}\tc";
        assert_eq!(printable(text), "a[U+001B][2J[U+009B]31m[U+202E]b\n\u{e9}\\tc");
    }

    #[test]
    fn settings_in_brackets_become_flags_that_the_command_has() {
        let text = "say how many lines to skip (`skip lines`), or (`skip_unscored`); persons (`person`); (`read` 'a=number')";
        assert_eq!(
            flagged(text, |_| true),
            "say how many lines to skip (--skip-lines), or (--skip-unscored); persons (`person`); (--read 'a=number')"
        );
        assert_eq!(flagged(text, |_| false), text);
    }
}
