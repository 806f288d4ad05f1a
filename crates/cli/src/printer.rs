//! Standard output is data, standard error is talk.

use std::collections::BTreeSet;
use std::io::{self, Write};

use clap::CommandFactory as _;
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use evenhand_audit::AuditError;
use evenhand_experiment::ExperimentError;
use evenhand_report::views;

use crate::args::Arguments;

/// Writes to standard output; a closed pipe becomes an error that `main` takes for success.
pub(crate) fn text(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Writes a value as indented JSON.
pub(crate) fn json(value: &serde_json::Value) -> anyhow::Result<()> {
    text(&format!("{}\n", serde_json::to_string_pretty(value)?))
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
    text(&out)
}

/// Tells something on standard error; settings that stand in brackets are told as the flags that give them.
pub(crate) fn tell(text: &str) {
    let text = with_flags(text);
    // Nobody listens to standard error any more: nothing is left to do.
    let _ = writeln!(io::stderr(), "{text}");
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

/// The text with `(--skip-lines)` where it says (`skip lines`): the crates below name settings, and only this face knows their flags.
fn with_flags(text: &str) -> String {
    if !text.contains("(`") {
        return text.to_owned();
    }
    let known: BTreeSet<String> = Arguments::command()
        .get_subcommands()
        .flat_map(|command| command.get_arguments().filter_map(|argument| argument.get_long().map(str::to_owned)).collect::<Vec<_>>())
        .collect();
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("(`") {
        told.push_str(before);
        match after.split_once("`)").map(|(name, left)| (name.replace([' ', '_'], "-"), left)) {
            Some((name, left)) if known.contains(&name) => {
                told.push_str(&format!("(--{name})"));
                rest = left;
            }
            _ => {
                told.push_str("(`");
                rest = after;
            }
        }
    }
    told + rest
}

/// True when standard output was closed by its reader.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe))
}

#[cfg(test)]
mod tests {
    use super::with_flags;

    #[test]
    fn settings_in_brackets_become_flags() {
        assert_eq!(
            with_flags("say how many lines to skip (`skip lines`), or (`skip_unscored`)"),
            "say how many lines to skip (--skip-lines), or (--skip-unscored)"
        );
        assert_eq!(with_flags("the file (`a.csv`) and (`"), "the file (`a.csv`) and (`");
    }
}
