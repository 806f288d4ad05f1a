//! Shortlists as plain tables: the methods side by side, or one ranking in full.

use evenhand_catalog::Direction;
use evenhand_metrics::Finding;

use crate::document::{GroupPlaces, Shortlists};
use crate::document::{MethodReport, Report};
use crate::naming::{BY_LOT, BY_SCORE, RERANKED, of_the_list, worded};
use crate::numbers::{counted, decimals, fixed, level, plain};
use crate::views::tables::{Table, direction, estimate_text, note};
use crate::{averages, cards};

/// What stands in the table of methods: utility first, then the groups.
const SHOWN: [&str; 4] = ["ndcg-original", "ndcg", "ndkl", "impact-ratio-at-k"];

/// What the tables of groups show of one ranking, with what their titles call it.
const OF_GROUPS: [(&str, [&str; 2]); 2] =
    [("places", ["share-at-k", "selection-rate-at-k"]), ("ranks and exposure", ["average-rank", "exposure"])];

/// The methods that have lists, with those of every run.
fn listed(report: &Report) -> Vec<(&MethodReport, Vec<&Shortlists>)> {
    report
        .methods
        .iter()
        .map(|method| (method, method.runs.iter().filter_map(|run| run.shortlists.as_ref()).collect::<Vec<_>>()))
        .filter(|(_, lists)| !lists.is_empty())
        .collect()
}

/// What a report's lists look like: one ranking in full, or a row a method; nothing where no lists were asked for.
pub fn tables(report: &Report) -> Vec<Table> {
    let listed = listed(report);
    match listed.as_slice() {
        [] => Vec::new(),
        [(_, lists)] if lists.len() == 1 => {
            let of_groups = OF_GROUPS.iter().map(|(what, wanted)| groups(lists[0], what, wanted));
            std::iter::once(metrics(lists[0])).chain(places(lists[0])).chain(of_groups).collect()
        }
        _ => vec![methods(&listed)],
    }
}

/// Ids of the metrics that the tables show, each once.
pub(crate) fn shown(report: &Report) -> Vec<&str> {
    let listed = listed(report);
    let findings = || listed.iter().flat_map(|(_, lists)| lists).flat_map(|lists| lists.before.iter().chain(&lists.after));
    let alone = matches!(listed.as_slice(), [(_, lists)] if lists.len() == 1);
    let stands = |finding: &&Finding| {
        let id = finding.metric.as_str();
        if alone { overall(finding) || OF_GROUPS.iter().any(|(_, wanted)| wanted.contains(&id)) } else { SHOWN.contains(&id) }
    };
    let mut ids: Vec<&str> = Vec::new();
    for finding in findings().filter(stands) {
        if !ids.contains(&finding.metric.as_str()) {
            ids.push(&finding.metric);
        }
    }
    ids
}

/// Whether a number says how good the order of all is; what is the same for every order of the whole pool stands in the tables of groups.
fn overall(finding: &Finding) -> bool {
    cards::metric(&finding.metric).is_some_and(|card| card.direction != Direction::Describes)
}

/// Characters of a line of a heading.
const HEADING: usize = 19;

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
    cards::metric(metric).map_or(metric, |card| card.name)
}

/// Which way a metric points, in words.
fn pointing(metric: &str) -> String {
    cards::metric(metric).map_or_else(String::new, direction)
}

/// What the lists are, in a sentence.
pub(crate) fn told(lists: &Shortlists) -> String {
    let reranked = lists.reranker.as_ref().map_or_else(String::new, |method| {
        let entered = counted(lists.entered, "candidate");
        format!(" Re-ranked by {}: {entered} entered a shortlist; {}.{}", method.id, reached(lists), kept(lists))
    });
    let of = if lists.jobs == 1 { "one list".to_owned() } else { counted(lists.jobs, "job") };
    let alone = match lists.of_one_group {
        0 => String::new(),
        alone => format!(" In {alone} of the lists all candidates are of one group, which counts as even."),
    };
    format!(
        "Lists: {} of {of}, shortlists of {} (the k of the metrics), {} by {}.{alone}{reranked}",
        counted(lists.candidates, "candidate"),
        counted(lists.top, "place"),
        lists.target,
        lists.attribute
    )
}

/// Whom the list by score has and the method alone would have left out, in words; nothing where there is nobody.
fn kept(lists: &Shortlists) -> String {
    let kept: Vec<&GroupPlaces> = lists.places.iter().filter(|group| group.kept > 0).collect();
    if kept.is_empty() {
        return String::new();
    }
    let groups: Vec<String> = kept.iter().map(|group| format!("{} of {}", crate::numbers::count(group.kept), group.group)).collect();
    let all: usize = kept.iter().map(|group| group.kept).sum();
    format!(
        " {} ({}) {} the shortlist although the method alone would leave {} out: nobody is pushed under what the order by score gives a group \
         whose wanted share comes to less than one place, nor under a floor that the order by score reaches.",
        counted(all, "candidate"),
        groups.join(", "),
        if all == 1 { "stays on" } else { "stay on" },
        if all == 1 { "that one" } else { "them" }
    )
}

/// One ranking: what was owed to every group and what it got; of a method alone.
fn places(lists: &Shortlists) -> Option<Table> {
    if lists.places.is_empty() {
        return None;
    }
    let any = lists.places.iter().any(|group| group.kept > 0);
    let mut headers = vec!["group", "candidates", "floor", "ceiling", BY_SCORE, RERANKED, "what happened"];
    if any {
        headers.insert(6, "kept");
    }
    let row = |group: &GroupPlaces| {
        let numbers = [group.candidates, group.floor, group.ceiling, group.by_score, group.after];
        let happened = match group.after.cmp(&group.by_score) {
            std::cmp::Ordering::Less => format!("{} fewer", group.by_score - group.after),
            std::cmp::Ordering::Equal => "as many".to_owned(),
            std::cmp::Ordering::Greater => format!("{} more", group.after - group.by_score),
        };
        let kept = any.then(|| crate::numbers::count(group.kept));
        std::iter::once(group.group.clone()).chain(numbers.map(crate::numbers::count)).chain(kept).chain([happened]).collect()
    };
    let of = if lists.jobs == 1 { "the shortlist" } else { "all shortlists together" };
    let mut footnotes = vec![format!(
        "Places in {of}. Floor and ceiling: wanted share times places of known group, rounded down and up{}.",
        if lists.jobs == 1 { "" } else { " in each list" }
    )];
    if any {
        footnotes.push("Kept: whom the list by score has, and the method alone would have left out.".to_owned());
    }
    Some(Table {
        title: format!("{} in the lists: floors and ceilings", lists.attribute),
        right_aligned: headers.iter().map(|header| !["group", "what happened"].contains(header)).collect(),
        headers: headers.into_iter().map(str::to_owned).collect(),
        rows: lists.places.iter().map(row).collect(),
        footnotes,
    })
}

/// Whether every group stands as often among the first places as its wanted share asks for. Some methods set no floors, or floors of
/// their own: what counts is what the wanted shares ask for.
fn reached(lists: &Shortlists) -> String {
    let index = lists.after.iter().find(|finding| finding.metric == "infeasible-index").and_then(|finding| finding.estimate.number());
    match index {
        None => "whether the wanted shares are reached could not be counted".to_owned(),
        Some(0.0) => "down to every place the candidates include as many of each group as its wanted share asks for".to_owned(),
        Some(index) => {
            let places = plain(index);
            let noun = if places == "1" { "place" } else { "places" };
            let average = if lists.jobs == 1 { "" } else { " of a list on average" };
            let ran_out = match (lists.ran_out, lists.jobs) {
                (0, _) => String::new(),
                (_, 1) => "; a group had no candidate left to put there".to_owned(),
                (ran_out, jobs) => format!("; in {ran_out} of {jobs} lists a group had no candidate left to put there"),
            };
            format!(
                "in {places} {noun}{average}, the candidates down to there include fewer of a group than its wanted share asks for{ran_out}"
            )
        }
    }
}

/// One ranking: a row a metric.
fn metrics(lists: &Shortlists) -> Table {
    let mut table = Table {
        title: format!("shortlists of {}", crate::numbers::count(lists.top)),
        headers: ["metric", "direction", BY_SCORE].map(str::to_owned).to_vec(),
        right_aligned: vec![false, false, true],
        footnotes: vec![told(lists)],
        ..Table::default()
    };
    if !lists.after.is_empty() {
        table.headers.push(RERANKED.to_owned());
        table.right_aligned.push(true);
    }
    if !lists.by_lot.is_empty() {
        table.headers.push(BY_LOT.to_owned());
        table.right_aligned.push(true);
    }
    for before in lists.before.iter().filter(|finding| overall(finding)) {
        let mut row = vec![name(&before.metric).to_owned(), pointing(&before.metric), estimate_text(&before.estimate)];
        if !lists.after.is_empty() {
            let after = lists.after.iter().find(|after| after.metric == before.metric);
            row.push(after.map_or_else(String::new, |after| estimate_text(&after.estimate)));
        }
        if !lists.by_lot.is_empty() {
            let lot = lists.by_lot.iter().find(|lot| lot.metric == before.metric);
            row.push(lot.map_or_else(String::new, |lot| estimate_text(&lot.estimate)));
        }
        table.rows.push(row);
    }
    table.footnotes.extend(reasons(lists));
    table.footnotes.extend(resting_on(lists));
    table.footnotes.extend(meaning_of_lots(&[lists]));
    table
        .footnotes
        .push("What a metric means: `evenhand catalog` with its id, for example `evenhand catalog infeasible-index`.".to_owned());
    table
}

/// Why numbers are undefined: a sentence a reason, which names the metrics and the orders it is about.
fn reasons(lists: &Shortlists) -> Vec<String> {
    let mut found: Vec<(String, Vec<&str>, Vec<&str>)> = Vec::new();
    for (order, findings) in [(BY_SCORE, &lists.before), (RERANKED, &lists.after), (BY_LOT, &lists.by_lot)] {
        let mut here: Vec<(String, Vec<&str>)> = Vec::new();
        for finding in findings.iter().filter(|finding| overall(finding)) {
            let Some(reason) = finding.estimate.reason() else { continue };
            let reason = worded(reason, order, lists.jobs);
            match here.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, names)) => names.push(name(&finding.metric)),
                None => here.push((reason, vec![name(&finding.metric)])),
            }
        }
        for (reason, names) in here {
            match found.iter_mut().find(|(known, of, _)| *known == reason && *of == names) {
                Some((.., orders)) => orders.push(order),
                None => found.push((reason, names, vec![order])),
            }
        }
    }
    found.into_iter().map(|(reason, names, orders)| format!("{}, {}: {reason}.", names.join(" and "), orders.join(" and "))).collect()
}

/// What the numbers and their intervals rest on.
fn resting_on(lists: &Shortlists) -> Option<String> {
    let findings = || lists.before.iter().chain(&lists.after).filter(|finding| overall(finding));
    if lists.jobs == 1 {
        return Some("One list: intervals come from drawing jobs with replacement, so there are none.".to_owned());
    }
    let intervals = findings()
        .find_map(|finding| finding.estimate.interval())
        .map_or_else(String::new, |interval| format!("Intervals: {}, from drawing jobs with replacement; ", level(interval.level)));
    let least = findings().filter(|finding| finding.estimate.number().is_some()).map(|finding| finding.n).min()?;
    let fewer = if least < lists.jobs {
        format!(", for some numbers fewer (at least {least}): a gap counts the jobs with candidates of both groups")
    } else {
        String::new()
    };
    Some(format!("{intervals}n = {}{fewer}.", counted(lists.jobs, "job")))
}

/// What the lists drawn by lot are for.
fn meaning_of_lots(lists: &[&Shortlists]) -> Option<String> {
    let drawn = lists.iter().filter_map(|lists| lists.by_lot.iter().map(|finding| finding.n).max());
    let (least, most) = (drawn.clone().min()?, drawn.max()?);
    let drawn = if least == most { counted(most, "list") } else { format!("{least} to {most} lists") };
    let of_a_run = if lists.len() > 1 { " for each run" } else { "" };
    Some(format!(
        "Drawn by lot: the mean of {drawn} of the same pools in random order{of_a_run}, which is what chance gives. Where a pool does not have \
         the wanted shares, chance does not reach them either."
    ))
}

/// One ranking: a row a group.
fn groups(lists: &Shortlists, what: &str, wanted: &[&str]) -> Table {
    let mut table = Table {
        title: format!("{} in the lists: {what}", lists.attribute),
        headers: vec!["group".to_owned()],
        right_aligned: vec![false],
        ..Table::default()
    };
    let find = |findings: &'_ [Finding], metric: &str| findings.iter().find(|finding| finding.metric == metric).cloned();
    let mut columns = Vec::new();
    for metric in wanted {
        let Some(before) = find(&lists.before, metric) else { continue };
        table.headers.push(format!("{}\n{BY_SCORE}", heading(metric)));
        columns.push(before);
        if let Some(after) = find(&lists.after, metric) {
            table.headers.push(format!("{}\n{RERANKED}", heading(metric)));
            columns.push(after);
        }
    }
    table.right_aligned.resize(table.headers.len(), true);
    let names: Vec<String> =
        columns.first().map(|first| first.by_group.iter().map(|group| group.group.clone()).collect()).unwrap_or_default();
    let mut notes = Vec::new();
    for group in names {
        let mut row = vec![group.clone()];
        for finding in &columns {
            row.push(finding.by_group.iter().find(|known| known.group == group).map_or_else(String::new, |found| {
                let reason = found.estimate.reason().map(|reason| of_the_list(reason, lists.jobs));
                let mark = reason.map_or_else(String::new, |reason| format!(" [{}]", note(&mut notes, &reason)));
                format!("{}{mark}", estimate_text(&found.estimate))
            }));
        }
        table.rows.push(row);
    }
    table.footnotes.extend(notes.iter().enumerate().map(|(position, note)| format!("[{}] {note}", position + 1)));
    table
}

/// Several methods or runs: means over the runs, with their deviation.
fn methods(listed: &[(&MethodReport, Vec<&Shortlists>)]) -> Table {
    let first = listed[0].1[0];
    let mut table = Table {
        title: format!("shortlists of {}, {BY_SCORE}, {RERANKED} and {BY_LOT}", crate::numbers::count(first.top)),
        headers: vec!["method".to_owned()],
        right_aligned: vec![false],
        ..Table::default()
    };
    let values = |lists: &[&Shortlists], metric: &str, order: &str| -> Vec<f64> {
        let of = |lists: &&Shortlists| {
            let findings = match order {
                BY_SCORE => &lists.before,
                RERANKED => &lists.after,
                _ => &lists.by_lot,
            };
            findings.iter().find(|finding| finding.metric == metric)?.estimate.number()
        };
        lists.iter().filter_map(of).collect()
    };
    let reranker = |lists: &[&Shortlists]| {
        let choice = lists.first().and_then(|lists| lists.reranker.as_ref());
        choice.map_or_else(|| "none".to_owned(), |choice| choice.id.clone())
    };
    let mut rerankers: Vec<String> = listed.iter().map(|(_, lists)| reranker(lists)).collect();
    rerankers.dedup();
    // One re-ranker for all is told below the table, which is wide enough.
    if rerankers.len() > 1 {
        table.headers.push("re-ranker".to_owned());
        table.right_aligned.push(false);
    }
    let mut columns = Vec::new();
    for metric in SHOWN {
        for order in [BY_SCORE, RERANKED, BY_LOT] {
            // By score, the original ranking is compared with itself.
            if metric == "ndcg-original" && order == BY_SCORE {
                continue;
            }
            let places = decimals(listed.iter().flat_map(|(_, lists)| values(lists, metric, order)));
            if listed.iter().any(|(_, lists)| !values(lists, metric, order).is_empty()) {
                table.headers.push(format!("{}\n{order}", heading(metric)));
                columns.push((metric, order, places));
            }
        }
    }
    table.right_aligned.resize(table.headers.len(), true);
    let runs = listed.iter().map(|(_, lists)| lists.len()).max().unwrap_or(0);
    for (method, lists) in listed {
        let cells = columns.iter().map(|&(metric, order, places)| {
            let found = values(lists, metric, order);
            let Some(mean) = averages::mean(found.iter().copied()) else {
                return if order == RERANKED && method.rerank.is_none() { String::new() } else { "undefined".to_owned() };
            };
            // The lots of another seed are other lots of nearly the same pools.
            let spread = averages::spread(&found).filter(|_| order != BY_LOT);
            let spread = spread.map_or_else(String::new, |std| format!(" ({})", fixed(std, places)));
            let fewer = if found.len() < lists.len() { format!(" in {} of {} runs", found.len(), lists.len()) } else { String::new() };
            format!("{}{spread}{fewer}", fixed(mean, places))
        });
        let named = (rerankers.len() > 1).then(|| reranker(lists));
        table.rows.push(std::iter::once(method.name.clone()).chain(named).chain(cells).collect());
    }
    if runs > 1 {
        table.footnotes.push(format!("Mean (standard deviation) over {}.", counted(runs, "run")));
    }
    if let ([reranker], true) = (rerankers.as_slice(), first.reranker.is_some()) {
        table.footnotes.push(format!("Re-ranked by {reranker}."));
    }
    table.footnotes.push(format!(
        "Wanted: {} by {}; k: the {} of a shortlist. NDCG against the original ranking is 1 before re-ranking.",
        first.target,
        first.attribute,
        counted(first.top, "place")
    ));
    if listed.iter().any(|(method, _)| method.sample != listed[0].0.sample) {
        table.footnotes.push("Methods of different samples rank different candidates: compare rows of one sample.".to_owned());
    }
    let mut directions: Vec<String> = Vec::new();
    for (metric, ..) in &columns {
        let told = format!("{}: {}", name(metric), pointing(metric));
        if !directions.contains(&told) {
            directions.push(told);
        }
    }
    table.footnotes.push(format!("{}.", directions.join("; ")));
    let all: Vec<&Shortlists> = listed.iter().flat_map(|(_, lists)| lists).copied().collect();
    table.footnotes.extend(meaning_of_lots(&all));
    table
}
