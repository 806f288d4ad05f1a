//! Shortlists as plain tables: the methods side by side, or one ranking in full.

use evenhand_catalog::Direction;
use evenhand_metrics::Finding;

use crate::numbers::{counted, decimals, fixed};
use crate::report::{MethodReport, Report};
use crate::shortlists::Shortlists;
use crate::view::{Table, estimate_text};
use crate::{evidence, registry};

/// What stands in the table of methods: utility first, then the groups.
const SHOWN: [&str; 4] = ["ndcg-original", "ndcg", "ndkl", "impact-ratio-at-k"];

/// What a report's lists look like: one ranking in full, or a row a method; nothing where no lists were asked for.
pub fn tables(report: &Report) -> Vec<Table> {
    let listed: Vec<(&MethodReport, Vec<&Shortlists>)> = report
        .methods
        .iter()
        .map(|method| (method, method.runs.iter().filter_map(|run| run.shortlists.as_ref()).collect::<Vec<_>>()))
        .filter(|(_, lists)| !lists.is_empty())
        .collect();
    match listed.as_slice() {
        [] => Vec::new(),
        [(_, lists)] if lists.len() == 1 => vec![
            metrics(lists[0]),
            groups(lists[0], &["share-at-k", "selection-rate-at-k"]),
            groups(lists[0], &["average-rank", "exposure"]),
        ],
        _ => vec![methods(&listed)],
    }
}

/// Characters of a line of a heading.
const HEADING: usize = 18;

/// A name on as many lines as a narrow column needs.
fn heading(metric: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in name(metric).split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= HEADING => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

fn name(metric: &str) -> &str {
    registry::card(metric).map_or(metric, |card| card.name)
}

/// What the lists are, in a sentence.
pub(crate) fn told(lists: &Shortlists) -> String {
    let reranked = lists.reranker.as_ref().map_or_else(String::new, |method| {
        // Some methods set no floors, or floors of their own: what counts is what the wanted shares ask for.
        let index = lists.after.iter().find(|finding| finding.metric == "infeasible-index").and_then(|finding| finding.estimate.number());
        let below = match (index, lists.ran_out) {
            (Some(0.0), _) => "every floor of the wanted shares reached".to_owned(),
            (Some(index), 0) => format!("{} prefixes a list below a floor of the wanted shares", crate::numbers::significant(index)),
            (Some(index), ran_out) => format!(
                "{} prefixes a list below a floor of the wanted shares; a group ran out in {ran_out} of {} lists",
                crate::numbers::significant(index),
                lists.jobs
            ),
            (None, _) => "floors of the wanted shares could not be counted".to_owned(),
        };
        format!(" Re-ranked by {}: {} entered a shortlist; {below}.", method.id, counted(lists.entered, "candidate"))
    });
    let of = if lists.jobs == 1 { "one list".to_owned() } else { counted(lists.jobs, "job") };
    format!(
        "Lists: {} of {of}, shortlists of {}, {} by {}.{reranked}",
        counted(lists.candidates, "candidate"),
        lists.top,
        lists.target,
        lists.attribute
    )
}

/// One ranking: a row a metric.
fn metrics(lists: &Shortlists) -> Table {
    let mut table = Table {
        title: format!("shortlists of {}", lists.top),
        headers: vec!["metric".to_owned(), "by score".to_owned()],
        right_aligned: vec![false, true],
        footnotes: vec![told(lists)],
        ..Table::default()
    };
    if !lists.after.is_empty() {
        table.headers.push("re-ranked".to_owned());
        table.right_aligned.push(true);
    }
    // What is the same for every order of the whole pool stands in the table of groups.
    let overall = |finding: &&Finding| registry::card(&finding.metric).is_ok_and(|card| card.direction != Direction::Describes);
    for before in lists.before.iter().filter(overall) {
        let mut row = vec![name(&before.metric).to_owned(), estimate_text(&before.estimate)];
        if let Some(after) = lists.after.iter().find(|after| after.metric == before.metric) {
            row.push(estimate_text(&after.estimate));
        }
        table.rows.push(row);
    }
    let mut reasons: Vec<String> = Vec::new();
    for finding in lists.before.iter().chain(&lists.after).filter(overall) {
        if let Some(reason) = finding.estimate.reason() {
            let told = format!("{}: {reason}.", name(&finding.metric));
            if !reasons.contains(&told) {
                reasons.push(told);
            }
        }
    }
    table.footnotes.extend(reasons);
    if lists.before.iter().any(|finding| finding.estimate.interval().is_some()) {
        table.footnotes.push("Intervals: jobs drawn with replacement.".to_owned());
    }
    table
}

/// One ranking: a row a group.
fn groups(lists: &Shortlists, wanted: &[&str]) -> Table {
    let mut table = Table {
        title: format!("{} in the lists", lists.attribute),
        headers: vec!["group".to_owned()],
        right_aligned: vec![false],
        ..Table::default()
    };
    let find = |findings: &'_ [Finding], metric: &str| findings.iter().find(|finding| finding.metric == metric).cloned();
    let mut columns = Vec::new();
    for metric in wanted {
        let Some(before) = find(&lists.before, metric) else { continue };
        table.headers.push(format!("{}\nby score", heading(metric)));
        columns.push(before);
        if let Some(after) = find(&lists.after, metric) {
            table.headers.push(format!("{}\nre-ranked", heading(metric)));
            columns.push(after);
        }
    }
    table.right_aligned.resize(table.headers.len(), true);
    let names: Vec<String> =
        columns.first().map(|first| first.by_group.iter().map(|group| group.group.clone()).collect()).unwrap_or_default();
    for group in names {
        let cells = columns.iter().map(|finding| {
            let found = finding.by_group.iter().find(|known| known.group == group);
            found.map_or_else(String::new, |found| estimate_text(&found.estimate))
        });
        table.rows.push(std::iter::once(group.clone()).chain(cells).collect());
    }
    table
}

/// Several methods or runs: means over the runs, with their deviation.
fn methods(listed: &[(&MethodReport, Vec<&Shortlists>)]) -> Table {
    let first = listed[0].1[0];
    let mut table = Table {
        title: format!("shortlists of {}, by score and re-ranked", first.top),
        headers: vec!["method".to_owned(), "re-ranker".to_owned()],
        right_aligned: vec![false, false],
        ..Table::default()
    };
    let values = |lists: &[&Shortlists], metric: &str, after: bool| -> Vec<f64> {
        lists
            .iter()
            .filter_map(|lists| {
                let findings = if after { &lists.after } else { &lists.before };
                findings.iter().find(|finding| finding.metric == metric)?.estimate.number()
            })
            .collect()
    };
    let mut columns = Vec::new();
    for metric in SHOWN {
        for after in [false, true] {
            // By score, the original ranking is compared with itself.
            if metric == "ndcg-original" && !after {
                continue;
            }
            let places = decimals(listed.iter().flat_map(|(_, lists)| values(lists, metric, after)));
            if listed.iter().any(|(_, lists)| !values(lists, metric, after).is_empty()) {
                table.headers.push(format!("{}\n{}", heading(metric), if after { "re-ranked" } else { "by score" }));
                columns.push((metric, after, places));
            }
        }
    }
    table.right_aligned.resize(table.headers.len(), true);
    let runs = listed.iter().map(|(_, lists)| lists.len()).max().unwrap_or(0);
    for (method, lists) in listed {
        let reranker = method.rerank.as_ref().map_or_else(|| "none".to_owned(), |choice| choice.id.clone());
        let cells = columns.iter().map(|&(metric, after, places)| {
            let found = values(lists, metric, after);
            let Some(mean) = evidence::mean(found.iter().copied()) else {
                return if after && method.rerank.is_none() { String::new() } else { "undefined".to_owned() };
            };
            let spread = evidence::spread(&found).map_or_else(String::new, |std| format!(" ({})", fixed(std, places)));
            let fewer = if found.len() < lists.len() { format!(" in {} of {} runs", found.len(), lists.len()) } else { String::new() };
            format!("{}{spread}{fewer}", fixed(mean, places))
        });
        table.rows.push([method.name.clone(), reranker].into_iter().chain(cells).collect());
    }
    if runs > 1 {
        table.footnotes.push(format!("Mean (standard deviation) over {}.", counted(runs, "run")));
    }
    table
        .footnotes
        .push(format!("Wanted: {} by {}. NDCG against the order by score is 1 before re-ranking.", first.target, first.attribute));
    table
}
