//! Impact ratios within each job, site or other stratum: a table of cells; rows whose whole interval breaches the limit that was set first, then those of the lowest ratio.

use std::fmt::Write as _;

use super::Markup;
use crate::document::{GroupSelection, Report, Selections, Standing, Stratum};
use crate::numbers::{count, counted, fixed, plain};
use crate::telling::{self, ratio, ratio_limit};

/// Columns, at most: more do not fit a printed page.
const MOST_COLUMNS: usize = 10;
/// Columns, at most, that a narrow page shows beside each other.
const MOST_NARROW: usize = 6;
/// Rows, at most.
const MOST_ROWS: usize = 16;
/// Rows that are printed, at most: two pages hold no more beside three attributes.
const MOST_PRINTED: usize = 8;

/// One column: the attribute's place among those with strata, the group, whether it is the first of its attribute, its limit.
struct Column<'a> {
    attribute: usize,
    group: &'a str,
    first: bool,
    limit: Option<f64>,
}

/// A row: the name and the selections of every attribute.
struct Row<'a> {
    name: &'a str,
    n: usize,
    of: Vec<Option<&'a Selections>>,
}

impl<'a> Row<'a> {
    fn cell(&self, column: &Column<'_>) -> Option<(&'a Selections, &'a GroupSelection)> {
        let selections = self.of.get(column.attribute).copied().flatten()?;
        Some((selections, selections.groups.iter().find(|group| group.group == column.group)?))
    }

    /// The lowest ratio, and whether some interval lies wholly beyond its limit.
    fn evidence(&self, columns: &[Column<'_>]) -> (bool, f64) {
        let cells = columns.iter().filter_map(|column| Some((column, self.cell(column)?.1)));
        cells.filter_map(|(column, group)| Some((column, group, group.impact_ratio.number()?))).fold(
            (false, 1.0),
            |(clear, least), (column, group, value)| {
                let breached = column.limit.and_then(|limit| telling::standing(&group.impact_ratio, limit)) == Some(Standing::Breached);
                (clear || breached, least.min(value))
            },
        )
    }
}

/// The section of the first column of strata; nothing where there is none.
pub(super) fn section(report: &Report, body: &mut Markup) {
    let selected = telling::selected(report);
    let Some(by) = selected.iter().find_map(|(one, _)| Some(one.strata.first()?.by.clone())) else { return };
    let strata: Vec<(usize, &[Stratum])> = selected
        .iter()
        .enumerate()
        .filter_map(|(place, (one, _))| Some((place, one.strata.iter().find(|strata| strata.by == by)?.strata.as_slice())))
        .collect();
    let mut columns: Vec<Column<'_>> = Vec::new();
    let mut elsewhere: Vec<&str> = Vec::new();
    for &(place, _) in &strata {
        let (one, selections) = &selected[place];
        let groups: Vec<&GroupSelection> = selections.groups.iter().filter(|group| group.left_out.is_none()).collect();
        if columns.len() + groups.len() > MOST_COLUMNS && !columns.is_empty() {
            elsewhere.push(&one.attribute);
            continue;
        }
        let limit = ratio_limit(report, &one.attribute).map(|check| check.limit);
        columns.extend(groups.iter().take(MOST_COLUMNS).enumerate().map(|(at, group)| Column {
            attribute: place,
            group: &group.group,
            first: at == 0,
            limit,
        }));
    }
    let names: Vec<(&str, usize)> = strata
        .iter()
        .max_by_key(|(_, strata)| strata.len())
        .map_or_else(Vec::new, |(_, strata)| strata.iter().map(|stratum| (stratum.name.as_str(), stratum.n)).collect());
    let of = |name: &str| {
        let mut of = vec![None; selected.len()];
        for (place, strata) in &strata {
            of[*place] = strata.iter().find(|stratum| stratum.name == name).map(|stratum| &stratum.selections);
        }
        of
    };
    let mut rows: Vec<Row<'_>> = names.iter().map(|(name, n)| Row { name, n: *n, of: of(name) }).collect();
    if rows.is_empty() || columns.is_empty() {
        return;
    }
    rows.sort_by(|one, other| {
        let (one, other) = (one.evidence(&columns), other.evidence(&columns));
        other.0.cmp(&one.0).then(one.1.total_cmp(&other.1))
    });
    let all = rows.len();
    rows.truncate(MOST_ROWS);
    let limit = columns.iter().find_map(|column| column.limit);
    let last = limit.unwrap_or(0.8);
    let steps = if last < 0.9 { [0.95, 0.9, last] } else { [1.0, f64::midpoint(1.0, last), last] };
    heading(&rows, &columns, &by, body);
    // More columns than a phone shows beside each other stay a table that scrolls: parted over two lines nobody could tell which is which.
    let wide = columns.len() > MOST_NARROW;
    body.raw("<figure>");
    if wide {
        body.raw("<div class=\"side\">");
    }
    body.raw(&format!("<table class=\"heat c{}{}\">", columns.len(), if wide { " wide" } else { "" }))
        .raw("<thead><tr>")
        .named("th scope=\"col\"", &by);
    for column in &columns {
        body.named(&format!("th scope=\"col\"{}", if column.first && column.attribute > 0 { " class=\"vl\"" } else { "" }), column.group);
    }
    body.raw("</tr></thead><tbody>\n");
    let (mut cells, mut under, mut clear) = (0_usize, 0_usize, 0_usize);
    for (at, row) in rows.iter().enumerate() {
        body.raw(if at < MOST_PRINTED { "<tr>" } else { "<tr class=\"px\">" })
            .raw("<th scope=\"row\">")
            .name(row.name)
            .raw("<br> ")
            .element("span", &counted(row.n, "candidate"))
            .raw("</th>");
        for column in &columns {
            let side = if column.first && column.attribute > 0 { " vl" } else { "" };
            let Some((selections, group)) = row.cell(column) else {
                body.raw(&format!("<td class=\"sm{side}\">none</td>"));
                continue;
            };
            let n = format!("n {}", count(group.n));
            match (group.impact_ratio.number(), &group.left_out) {
                (Some(value), None) => {
                    cells += 1;
                    let standing = column.limit.and_then(|limit| telling::standing(&group.impact_ratio, limit));
                    let beyond = column.limit.is_some_and(|limit| value < limit);
                    under += usize::from(value < last);
                    clear += usize::from(standing == Some(Standing::Breached));
                    let class = match value {
                        _ if selections.highest.contains(&group.group) => "top2",
                        value if value < steps[2] => "b3",
                        value if value < steps[1] => "b2",
                        value if value < steps[0] => "b1",
                        _ => "",
                    };
                    let mark = match (standing, beyond) {
                        (Some(Standing::Breached), _) => " ▼",
                        (_, true) => " ▽",
                        _ => "",
                    };
                    let class = format!("{class}{side}");
                    let open = if class.trim().is_empty() { "td".to_owned() } else { format!("td class=\"{}\"", class.trim()) };
                    body.open(&open).text(&ratio(value, column.limit)).text(mark).element("small", &n).raw("</td>");
                }
                (_, left) => {
                    let word = if left.is_some() { "small" } else { "no ratio" };
                    body.raw(&format!("<td class=\"sm{side}\">{word}")).element("small", &n).raw("</td>");
                }
            }
        }
        body.raw("</tr>\n");
    }
    let [first, second, third] = steps;
    body.raw("</tbody></table>");
    if wide {
        body.raw("</div><p class=\"note swipe\">wider than the page: scroll sideways →</p>");
    }
    body.raw("<p class=\"key\"><span><i class=\"top2\"></i>highest rate of the row</span>");
    body.raw(&format!(
        "<span><i></i>{} or more</span><span><i class=\"b1\"></i>{} to {}</span><span><i class=\"b2\"></i>{} to {}</span><span><i class=\"b3\"></i>under {}</span><span><i class=\"sm\"></i>too few candidates: no ratio</span></p>",
        fixed(first, 2), fixed(second, 2), fixed(first, 2), fixed(third, 2), fixed(second, 2), fixed(third, 2)
    ));
    let mut note = format!("{under} of {cells} cells are under {}", plain(last));
    if limit.is_some() {
        let _ = write!(note, ", the limit that was set; {clear} with the whole interval (▼)");
    }
    note.push_str(if under > 0 && cells >= MANY { ". Of so many cells a few fall under by chance." } else { "." });
    if rows.len() > MOST_PRINTED {
        body.element("p class=\"note po\"", &format!("Printed are the first {MOST_PRINTED} of {all} rows."));
    }
    if all > rows.len() {
        let _ = write!(note, " {} further rows stand in the expert report.", all - rows.len());
    }
    if !elsewhere.is_empty() {
        let _ = write!(note, " {} stands in the expert report.", elsewhere.join(", "));
    }
    body.element("p class=\"note\"", &note).raw("</figure></section>\n");
}

/// Cells from which on some are low by chance.
const MANY: usize = 20;

/// The title, which names the lowest cell.
fn heading(rows: &[Row<'_>], columns: &[Column<'_>], by: &str, body: &mut Markup) {
    let cells = rows.iter().flat_map(|row| columns.iter().map(move |column| (row, column)));
    let cells = cells.filter_map(|(row, column)| Some((row, column, row.cell(column)?.1.impact_ratio.number()?)));
    let lowest = cells.filter(|(row, column, _)| row.cell(column).is_some_and(|(_, group)| group.left_out.is_none()));
    let clear = |row: &Row<'_>, column: &Column<'_>| {
        let group = row.cell(column).map(|(_, group)| group);
        group.zip(column.limit).and_then(|(group, limit)| telling::standing(&group.impact_ratio, limit)) == Some(Standing::Breached)
    };
    let cells: Vec<_> = lowest.collect();
    let first = cells.iter().min_by(|one, other| clear(other.0, other.1).cmp(&clear(one.0, one.1)).then(one.2.total_cmp(&other.2)));
    let any_clear = first.is_some_and(|(row, column, _)| clear(row, column));
    body.raw("<section class=\"long\"><h2>By ").name(by);
    if let Some((row, column, value)) = first.filter(|(.., value)| *value < 1.0) {
        // A lower ratio of few candidates may settle less.
        let which = match (any_clear, cells.iter().any(|(.., other)| other < value)) {
            (true, true) => "the lowest ratio that breaches the limit by its whole interval",
            _ => "the lowest ratio",
        };
        body.text(&format!(": {which} is {} for ", ratio(*value, column.limit))).name(column.group).text(" in ").name(row.name);
    } else if first.is_some() {
        body.text(": no gap in any row");
    }
    let order = if any_clear { "those whose whole interval breaches the limit first, then the lowest" } else { "the lowest first" };
    body.raw("</h2>").element(
        "p class=\"sub\"",
        &format!("Impact ratio within each row, against the highest rate of the row; {order}. Darker is farther below it."),
    );
}
