//! Shortlists and balanced rows: what stood before and what stands after.

use std::fmt::Write as _;

use super::{Markup, plain_table};
use crate::document::{PrefixShares, Report};
use crate::html::markup::{Share, escaped};
use crate::numbers::{count, percent, significant};
use crate::views::{Table, listing, making};

/// Groups drawn, at most.
const MOST: usize = 16;

/// Each group's share of the first places, by score and re-ranked, and the numbers of the lists.
pub(super) fn shortlists(report: &Report, body: &mut Markup) {
    for method in &report.methods {
        let Some(lists) = method.runs.first().and_then(|run| run.shortlists.as_ref()) else { continue };
        let place = lists.top.saturating_sub(1);
        if !lists.shares.is_empty() {
            body.raw("<section class=\"keep\"><h2>Share of the first ").text(&count(lists.top)).raw(" places by ").name(&lists.attribute);
            if report.methods.len() > 1 {
                body.text(": ").name(&method.name);
            }
            body.raw("</h2><p class=\"sub\">").text(&listing::told(lists)).raw("</p><figure><table class=\"dots\">");
            body.raw("<thead><tr><th scope=\"col\">Group</th><th scope=\"col\" class=\"n\">wanted</th><th scope=\"col\" class=\"c\"><span class=\"vh\">Drawn</span></th><th scope=\"col\" class=\"rt\">by score, re-ranked</th></tr></thead><tbody>");
            let top = lists.shares.iter().flat_map(|group| {
                [group.wanted].into_iter().chain(group.before.get(place).copied()).chain(group.after.get(place).copied())
            });
            let top = top.fold(0.01, f64::max) * 1.05;
            for group in lists.shares.iter().take(MOST) {
                row(group, place, top, body);
            }
            body.raw("</tbody></table><p class=\"key\"><span>Hollow grey: by score</span><span>Filled: re-ranked</span><span>Line: wanted share</span></p></figure></section>\n");
        }
        break;
    }
    body.raw("<section class=\"keep\"><h2>The numbers of the lists</h2>");
    if let Some(mut table) = listing::tables(report).into_iter().next() {
        table.title.clear();
        table.footnotes.retain(|note| !note.starts_with("Lists: ") && !note.contains('`'));
        table.headers.iter_mut().for_each(|header| *header = header.replace('\n', ", "));
        plain_table(&table, body);
    }
    body.raw("</section>\n");
}

fn row(group: &PrefixShares, place: usize, top: f64, body: &mut Markup) {
    let at = |share: f64| Share((share / top).clamp(0.0, 1.0));
    let (before, after) = (group.before.get(place).copied(), group.after.get(place).copied());
    let shown = |share: Option<f64>| share.map_or_else(|| "none".to_owned(), percent);
    let told = format!("wanted {}, by score {}, re-ranked {}", percent(group.wanted), shown(before), shown(after));
    body.raw("<tr>").named("th scope=\"row\"", &group.group).element("td class=\"n\"", &percent(group.wanted)).raw("<td class=\"c\">");
    let mut svg = format!(
        "<svg role=\"img\" aria-label=\"{}\"><line class=\"ax\" x1=\"0\" x2=\"100%\" y1=\"50%\" y2=\"50%\"/><line class=\"ref\" x1=\"{w}\" x2=\"{w}\" y1=\"15%\" y2=\"85%\"/>",
        escaped(&told),
        w = at(group.wanted)
    );
    if let Some(before) = before {
        if let Some(after) = after {
            let _ = write!(svg, "<line class=\"ar\" x1=\"{}\" x2=\"{}\" y1=\"50%\" y2=\"50%\"/>", at(before), at(after));
        }
        let _ = write!(svg, "<circle class=\"old\" cx=\"{}\" cy=\"50%\" r=\"5\"/>", at(before));
    }
    if let Some(after) = after {
        let _ = write!(svg, "<circle class=\"pt\" cx=\"{}\" cy=\"50%\" r=\"5\"/>", at(after));
    }
    body.raw(&svg)
        .raw("</svg></td><td class=\"rt\">")
        .element("span", &format!("{} → ", shown(before)))
        .element("b", &shown(after))
        .raw("</td></tr>\n");
}

/// Rows before and after, and what was made.
pub(super) fn balance(report: &Report, body: &mut Markup) {
    let run = report.methods.first().and_then(|method| method.runs.first());
    let made = run.and_then(|run| run.synthesis.as_ref()).map_or(&[][..], |made| &made.tilt);
    let rows: Vec<Vec<String>> = report
        .data
        .tilt
        .iter()
        .chain(made)
        .map(|tilt| {
            let [high_one, high_other, low_one, low_other] = tilt.cells;
            let number = |estimate: &evenhand_metrics::Estimate| estimate.number().map_or_else(|| "undefined".to_owned(), significant);
            let share = |high: usize, low: usize| format!("{} of {}", count(high), count(high + low));
            vec![
                format!("{}: {} and {}", tilt.stage, tilt.privileged, tilt.unprivileged),
                share(high_one, low_one),
                share(high_other, low_other),
                number(&tilt.alpha),
                number(&tilt.demographic_parity_difference),
            ]
        })
        .collect();
    if !rows.is_empty() {
        body.raw("<section class=\"keep\"><h2>How far the labels tilt</h2>");
        let table = Table {
            headers: ["stage and groups", "high labels, first group", "second group", "alpha (1 at balance)", "gap of the shares"]
                .map(str::to_owned)
                .to_vec(),
            right_aligned: vec![false, true, true, true, true],
            rows,
            ..Table::default()
        };
        plain_table(&table, body);
        body.raw("</section>\n");
    }
    for mut table in making::tables(report, &[]).into_iter().take(3) {
        table.rows.truncate(2 * MOST);
        let title = std::mem::take(&mut table.title);
        body.raw("<section class=\"keep\">").element("h2", &capital(&title));
        plain_table(&table, body);
        body.raw("</section>\n");
    }
}

/// A title with a capital.
fn capital(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
