//! Who is selected in each group: rates, ratios, tests, and what the unknown could change.

use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::{Against, Counted, GroupSelection, Report, Selections};
use crate::html::charts::rates as rates_chart;
use crate::html::grid::{Cell, Grid, Head, Notes};
use crate::numbers::{count, counted, fixed, percent, significant};
use crate::telling::{self, ratio_limit};
use crate::views::tables::{estimate_text, p_text};

pub(super) const SECTION: Section = Section {
    id: "selections",
    title: "Who is selected",
    folded: false,
    name: "sections/grids.html",
    template: include_str!("../../../templates/sections/grids.html"),
    content,
};

/// What the headings of the tests mean.
const WORDS: &str = "Shortfall: selections that the group would have at that rate, less those that it has. One selection moved: one more in the group and \
                     one less in the other. Smallest gap: the largest ratio below 1 that a test at .05 would have found with a power of .8 at these sizes.";

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let selected = telling::selected(report);
    let mut grids: Vec<Grid> = selected
        .iter()
        .flat_map(|(one, selections)| {
            let limit = ratio_limit(report, &one.attribute).map(|check| check.limit);
            std::iter::once(rates(&one.attribute, selections, limit)).chain(tests(&one.attribute, selections))
        })
        .collect();
    let figures: Vec<_> = selected
        .iter()
        .filter_map(|(one, selections)| {
            rates_chart::figure(&one.attribute, selections, ratio_limit(report, &one.attribute).map(|check| check.limit))
        })
        .collect();
    let how = report.selected.as_ref().map_or_else(String::new, |how| format!("Counted as selected: {how}. "));
    let lead = format!("{how}Impact ratio: the rate of a group over the highest rate of the groups that are compared.");
    if let Some(last) = grids.last_mut() {
        last.remarks.push(WORDS.to_owned());
    }
    (!grids.is_empty()).then(|| context! { lead => lead, figures => figures, grids => grids })
}

/// Counts, rates and ratios.
pub(super) fn rates(title: &str, selections: &Selections, limit: Option<f64>) -> Grid {
    let mut notes = Notes::default();
    let bounds = selections.groups.iter().any(|group| group.unknown_bounds.is_some());
    let word = match selections.counted {
        Counted::Selected => "selected",
        Counted::AboveMedian => "above the median",
    };
    let mut columns = vec![
        Head::words("group"),
        Head::number("n"),
        Head::number(word),
        Head::number("rate"),
        Head::number("impact ratio"),
        Head::number("difference of rates"),
    ];
    if bounds {
        columns.push(Head { text: "impact ratio".to_owned(), sub: "least and largest over the unknown".to_owned(), number: true });
    }
    let rows = selections.groups.iter().map(|group| {
        let mut row =
            vec![Cell::text(&group.group), Cell::text(count(group.n)), Cell::text(count(group.selected)), rate(group, &mut notes)];
        match &group.left_out {
            Some(reason) => {
                row.push(Cell { text: "not compared".to_owned(), class: "undefined", note: Some(notes.number(reason)), ..Cell::default() });
                row.push(Cell::default());
            }
            None if selections.highest.contains(&group.group) => {
                row.extend([Cell { sub: vec!["highest rate".to_owned()], ..Cell::text("1.00") }, Cell::default()]);
            }
            None => {
                row.push(match group.impact_ratio.reason() {
                    Some(_) => Cell::estimate(&group.impact_ratio, 2, &mut notes),
                    None => split(&telling::ratio_text(&group.impact_ratio, limit)),
                });
                row.push(Cell::estimate(&group.difference, 3, &mut notes));
            }
        }
        if bounds {
            row.push(Cell::text(
                group
                    .unknown_bounds
                    .map_or_else(String::new, |[low, high]| format!("{} to {}", telling::ratio(low, limit), telling::ratio(high, limit))),
            ));
        }
        row
    });
    let rows = rows.collect();
    let mut remarks = vec![format!("All of known group: {} of {} {word}.", count(selections.selected), count(selections.n))];
    if selections.unknown > 0 {
        remarks.push(format!("Of unknown group: {} of {} {word}.", count(selections.unknown_selected), count(selections.unknown)));
    }
    Grid { title: title.to_owned(), columns, rows, notes: notes.0, remarks, ..Grid::default() }
}

fn rate(group: &GroupSelection, notes: &mut Notes) -> Cell {
    match group.rate.number() {
        None => Cell::estimate(&group.rate, 3, notes),
        Some(rate) => {
            let sub = group.rate.interval().map(|interval| format!("[{}, {}]", percent(interval.low), percent(interval.high)));
            Cell { sub: sub.into_iter().collect(), ..Cell::text(percent(rate)) }
        }
    }
}

/// A number with its interval below.
fn split(text: &str) -> Cell {
    let (value, interval) = text.split_once(' ').map_or((text, None), |(value, interval)| (value, Some(interval.to_owned())));
    Cell { sub: interval.into_iter().collect(), ..Cell::text(value) }
}

/// Tests of each group against the one of the highest rate; nothing where there are none.
pub(super) fn tests(title: &str, selections: &Selections) -> Option<Grid> {
    let tested: Vec<(&GroupSelection, &Against)> =
        selections.groups.iter().filter_map(|group| Some((group, group.tests.as_ref()?))).collect();
    if tested.is_empty() {
        return None;
    }
    let against = selections.highest.first().map_or("the highest rate", String::as_str);
    let head = |text: &str, sub: &str| Head { text: text.to_owned(), sub: sub.to_owned(), number: true };
    let columns = vec![
        Head::words("group"),
        head("p", "Fisher"),
        head("p", "Fisher, Holm"),
        head("z", "standard deviations"),
        head("odds ratio", ""),
        head("shortfall", "to the rate of all"),
        head("shortfall", "to four fifths of the highest"),
        head("one selection moved", "impact ratio then"),
        head("smallest gap", "found with power .8"),
    ];
    let mut notes = Notes::default();
    let rows = tested.into_iter().map(|(group, tests)| {
        let mut flips = Vec::new();
        if tests.flip.crosses_four_fifths {
            flips.push("crosses four fifths".to_owned());
        }
        if tests.flip.crosses_significance {
            flips.push("p crosses .05".to_owned());
        }
        vec![
            Cell::text(&group.group),
            Cell::text(p_text(tests.fisher)),
            Cell::text(p_text(tests.fisher_holm)),
            Cell::estimate(&tests.z, 2, &mut notes),
            if tests.odds_ratio.reason().is_some() {
                Cell::estimate(&tests.odds_ratio, 2, &mut notes)
            } else {
                split(&estimate_text(&tests.odds_ratio))
            },
            Cell::text(fixed(tests.shortfall_to_overall, 1)),
            Cell::text(count(usize::try_from(tests.shortfall_to_four_fifths).unwrap_or(usize::MAX))),
            Cell { sub: flips, ..Cell::text(tests.flip.impact_ratio.map_or_else(|| "none".to_owned(), |ratio| fixed(ratio, 3))) },
            Cell::text(tests.smallest_gap.map_or_else(|| "none".to_owned(), |gap| fixed(gap, 2))),
        ]
    });
    let rows = rows.collect();
    let mut remarks = Vec::new();
    if let Some(test) = selections.chi_square {
        remarks.push(format!(
            "Chi-square test over all compared groups: {} with {} of freedom, p {}.",
            significant(test.statistic),
            counted(test.degrees, "degree"),
            equals(test.p_value)
        ));
    }
    Some(Grid { title: format!("{title}: tests against {against}"), columns, rows, notes: notes.0, remarks, ..Grid::default() })
}

fn equals(p: f64) -> String {
    let text = p_text(p);
    if text.starts_with(['<', '≤']) { text } else { format!("= {text}") }
}
