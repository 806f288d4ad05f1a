//! A report as text for other documents: Markdown, and tables of LaTeX.

use std::fmt::Write as _;

use super::tables::{Table, choice_table, front_tables, group_tables, limits_table, method_table, tilt_table};
use super::{listing, making, selected};
use crate::document::{Report, ReportKind};
use crate::{marks, telling};

/// All tables of a report in reading order; those without a row are left out.
fn tables(report: &Report) -> Vec<Table> {
    let mut tables = vec![limits_table(report)];
    tables.extend(report.law.iter().flat_map(|law| &law.tables).map(published));
    tables.extend(selected::tables(report));
    tables.push(method_table(report));
    tables.push(choice_table(report));
    tables.extend(front_tables(report));
    tables.extend(listing::tables(report));
    if report.kind == ReportKind::Balancing {
        tables.extend(making::tables(report, &[]));
    }
    // With many methods the groups of each are a document of their own.
    if report.methods.len() <= 2 {
        tables.extend(group_tables(report));
    }
    tables.push(tilt_table(report));
    // A table of names alone says nothing.
    tables.retain(|table| !table.rows.is_empty() && table.headers.len() > 1);
    tables
}

/// A table of a rule in the rule's words.
fn published(table: &crate::document::LawTable) -> Table {
    let rows = table.selections.groups.iter().map(|group| {
        let rate = group.rate.number().map_or_else(|| "not estimable".to_owned(), crate::numbers::percent);
        let ratio = match (&group.left_out, super::law::impact_ratio(group)) {
            (Some(reason), _) => format!("not calculated: {reason}"),
            (None, Some(ratio)) => ratio,
            (None, None) => "not estimable".to_owned(),
        };
        vec![group.group.clone(), crate::numbers::count(group.n), crate::numbers::count(group.selected), rate, ratio]
    });
    Table {
        title: if table.classification.is_empty() { table.title.clone() } else { format!("{}: {}", table.classification, table.title) },
        headers: std::iter::once(table.title.clone()).chain(table.headings.clone()).collect(),
        right_aligned: vec![false, true, true, true, true],
        rows: rows.collect(),
        footnotes: vec![super::law::unknown_told(table)],
    }
}

/// Sentences that stand before the tables.
fn sentences(report: &Report) -> Vec<String> {
    let of = |collapse: bool| {
        let grave = report.notes.iter().filter(move |note| telling::is_grave(note.kind) && telling::is_of_collapse(note.kind) == collapse);
        grave.map(|note| note.text.clone())
    };
    of(true).chain(telling::say(report).iter().map(telling::Words::text)).chain(of(false)).collect()
}

/// The finding and all tables in Markdown. What the data holds is escaped: no name of it becomes markup.
pub fn markdown(report: &Report) -> String {
    let report = &*marks::shown(report);
    let mut text = format!("# {}\n\n", markdown_of(&telling::title(report)));
    for sentence in sentences(report) {
        let _ = writeln!(text, "{}\n", markdown_of(&sentence));
    }
    for table in tables(report) {
        let _ = writeln!(text, "## {}\n", markdown_of(&table.title));
        let line = |cells: &[String]| format!("| {} |", cells.iter().map(|cell| markdown_of(cell)).collect::<Vec<_>>().join(" | "));
        let rule: Vec<&str> = table.right_aligned.iter().map(|right| if *right { "---:" } else { "---" }).collect();
        let _ = writeln!(text, "{}\n|{}|", line(&table.headers), rule.join("|"));
        for row in &table.rows {
            let _ = writeln!(text, "{}", line(row));
        }
        text.push('\n');
        for note in &table.footnotes {
            let _ = writeln!(text, "{}\n", markdown_of(note));
        }
    }
    text.push_str("Evidence about these rows, not a legal opinion.\n");
    text
}

/// A text that is no markup of Markdown, on one line.
fn markdown_of(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\n' | '\r' | '\t' => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            other => escaped.push(other),
        }
    }
    escaped
}

/// All tables in LaTeX, each in a `table` of plain `tabular`, to be read by `\input`; they need no package. What the data holds is escaped.
pub fn latex(report: &Report) -> String {
    let report = &*marks::shown(report);
    let comment = |text: &str| text.replace(['\n', '\r'], " ");
    let mut text = format!("% {}\n", comment(&telling::title(report)));
    for sentence in sentences(report) {
        let _ = writeln!(text, "% {}", comment(&sentence));
    }
    for table in tables(report) {
        let columns: String = table.right_aligned.iter().map(|right| if *right { 'r' } else { 'l' }).collect();
        let line = |cells: &[String]| cells.iter().map(|cell| latex_of(cell)).collect::<Vec<_>>().join(" & ") + " \\\\";
        let _ = writeln!(
            text,
            "\n\\begin{{table}}[htbp]\n\\centering\n\\caption{{{}}}\n\\begin{{tabular}}{{{columns}}}\n\\hline",
            latex_of(&table.title)
        );
        let _ = writeln!(text, "{}\n\\hline", line(&table.headers));
        for row in &table.rows {
            let _ = writeln!(text, "{}", line(row));
        }
        text.push_str("\\hline\n\\end{tabular}\n");
        for note in &table.footnotes {
            let _ = writeln!(text, "\n{{\\footnotesize {}}}", latex_of(note));
        }
        text.push_str("\\end{table}\n");
    }
    text
}

/// A text that LaTeX sets as it is. A bracket at the beginning of a row would be an argument of the line before.
fn latex_of(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '<' => escaped.push_str("$<$"),
            '>' => escaped.push_str("$>$"),
            '|' => escaped.push_str("$|$"),
            '"' => escaped.push_str("''"),
            '[' => escaped.push_str("{[}"),
            ']' => escaped.push_str("{]}"),
            '{' | '}' | '$' | '&' | '#' | '%' | '_' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '\n' | '\r' | '\t' => escaped.push(' '),
            '±' => escaped.push_str("$\\pm$"),
            '×' => escaped.push_str("$\\times$"),
            '≤' => escaped.push_str("$\\leq$"),
            '≥' => escaped.push_str("$\\geq$"),
            '→' => escaped.push_str("$\\rightarrow$"),
            '−' => escaped.push_str("$-$"),
            '–' => escaped.push_str("--"),
            '…' => escaped.push_str("\\ldots{}"),
            '◆' => escaped.push_str("$\\diamond$"),
            '†' => escaped.push_str("$\\dagger$"),
            '▼' | '▽' => escaped.push_str("$\\downarrow$"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{latex_of, markdown_of};

    #[test]
    fn no_name_becomes_markup() {
        assert_eq!(markdown_of("<b>|*x*|\n[a](b)"), "&lt;b&gt;\\|\\*x\\*\\| \\[a\\](b)");
        assert_eq!(latex_of("\\input{x} 5 % & [1]"), "\\textbackslash{}input\\{x\\} 5 \\% \\& {[}1{]}");
    }
}
