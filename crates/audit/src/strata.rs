//! The same comparison within jobs, sites or any other column, and what the pooled numbers hide.
//!
//! ```text
//! pooled      all rows together
//! adjusted    Mantel and Haenszel's odds ratio, risk ratio and risk difference over the strata; SPDD averaged by the strata's rows
//! turned round    the group with the lower pooled rate has the higher one in every stratum that tells (Simpson's paradox)
//! hidden      a stratum breaches a limit that the pooled number keeps, or the pooled number one that every stratum keeps
//! at odds     no limit was set, and the intervals of the pooled ratio and of the adjusted one have no number in common
//! ```
//!
//! Strata are sorted by their rows. Small ones are counted and shown: within a stratum a group of fewer than [`TELLING`] rows has its counts and rate and no ratio.

use evenhand_metrics::significance::{self as tests, Stratum as Table, Undefined};
use evenhand_metrics::{Conventions, Estimate, Finding, Interval, Outcomes};
use evenhand_report::numbers::{count, fixed, ratio};
use evenhand_report::{Adjusted, GroupSelection, Selections, Strata, Stratum};
use evenhand_rows::{Groups, Scored, UNKNOWN};
use rayon::prelude::*;

use crate::AuditError;
use crate::evidence;
use crate::selections::{GroupRows, selections};
use crate::settings::IntervalSection;

/// Rows of each group that a stratum needs before it can speak against the pooled number.
const TELLING: usize = 30;

/// What strata are made with.
pub(crate) struct Asked<'a> {
    pub(crate) conventions: Conventions,
    pub(crate) intervals: IntervalSection,
    /// The lowest impact ratio that was set as a limit.
    pub(crate) lowest_ratio: Option<f64>,
    /// What is counted.
    pub(crate) counted: evenhand_report::Counted,
    /// Who counts as selected.
    pub(crate) selects: &'a (dyn Fn(f64) -> bool + Sync),
}

/// Counts of every group, with the rows and the selected of unknown group last; a group below the minimum is left out of comparisons.
pub(crate) fn group_rows(groups: &Groups, scores: &[f64], minimum: usize, selects: &dyn Fn(f64) -> bool) -> (Vec<GroupRows>, [u64; 2]) {
    let mut counts = vec![[0_u64; 2]; groups.levels().len() + 1];
    for (&code, &score) in groups.codes().iter().zip(scores) {
        let place = if code == UNKNOWN { groups.levels().len() } else { code as usize };
        counts[place][0] += 1;
        counts[place][1] += u64::from(selects(score));
    }
    let unknown = counts.pop().unwrap_or_default();
    let rows = groups.levels().iter().zip(counts).map(|(group, [n, selected])| {
        let left_out = (n > 0 && n < minimum as u64).then(|| format!("{n} rows, fewer than the minimum of {minimum}"));
        GroupRows { group: group.clone(), n, selected, left_out }
    });
    (rows.collect(), unknown)
}

/// One attribute within the strata of one column; `pooled` is what all rows gave.
pub(crate) fn within(
    scored: &Scored,
    decided: Option<&Scored>,
    attribute: usize,
    by: usize,
    pooled: &Selections,
    asked: &Asked<'_>,
) -> Result<Strata, AuditError> {
    let column = &scored.groups[by];
    let mut parts: Vec<(u32, Vec<usize>)> = (0..column.levels().len() as u32).map(|code| (code, Vec::new())).collect();
    for (row, &code) in column.codes().iter().enumerate().filter(|(_, code)| **code != UNKNOWN) {
        parts[code as usize].1.push(row);
    }
    parts.retain(|(_, rows)| !rows.is_empty());
    parts.sort_by(|one, other| other.1.len().cmp(&one.1.len()).then(one.0.cmp(&other.0)));
    let made: Result<Vec<Stratum>, AuditError> = parts
        .par_iter()
        .map(|(code, rows)| {
            let part = scored.select(rows);
            let judged = decided.map(|decided| {
                let rows: Vec<usize> =
                    decided.groups[by].codes().iter().enumerate().filter(|(_, own)| *own == code).map(|(row, _)| row).collect();
                decided.select(&rows)
            });
            stratum(column.level(*code), &part, judged.as_ref(), attribute, asked)
        })
        .collect();
    let strata = made?;
    let (adjusted, told) = if scored.weights.is_some() {
        (Vec::new(), Vec::new())
    } else {
        let adjusted = adjusted(&strata, pooled, asked);
        let told = told(column.name(), &strata, pooled, &adjusted, asked);
        (adjusted, told)
    };
    Ok(Strata { by: column.name().to_owned(), unknown: column.unknown_count(), strata, adjusted, told })
}

fn stratum(name: &str, part: &Scored, decided: Option<&Scored>, attribute: usize, asked: &Asked<'_>) -> Result<Stratum, AuditError> {
    let groups = &part.groups[attribute];
    // The rate of a handful is high or low by chance, and as the highest it would lower the ratios of all others. It is shown, and compared with none.
    let minimum = asked.conventions.minimum_group_size.max(TELLING);
    let (rows, unknown) = group_rows(groups, &part.scores, minimum, &|score| (asked.selects)(score));
    // Groups that nobody of the stratum belongs to are none of it.
    let rows: Vec<GroupRows> = rows.into_iter().filter(|group| group.n > 0).collect();
    let plan = asked.intervals.plan();
    let mut findings = measured(part, part.labels().filter(|_| decided.is_none()), attribute, asked, plan.as_ref())?;
    if let Some(decided) = decided.filter(|decided| !decided.is_empty()) {
        evidence::fill(&mut findings, measured(decided, decided.labels(), attribute, asked, plan.as_ref())?);
    }
    Ok(Stratum {
        name: name.to_owned(),
        n: part.len(),
        // Tests count persons; of rows that weigh unequally there are none.
        selections: match &part.weights {
            None => selections(&rows, unknown, asked.counted, asked.intervals.level_in_force()),
            Some(_) => Selections { counted: asked.counted, ..Selections::default() },
        },
        findings,
    })
}

fn measured(
    part: &Scored,
    labels: Option<&[f64]>,
    attribute: usize,
    asked: &Asked<'_>,
    plan: Option<&evenhand_metrics::IntervalPlan>,
) -> Result<Vec<Finding>, AuditError> {
    let groups = part.groups[attribute].without_empty_levels();
    let mut outcomes = Outcomes::new(&part.scores, &groups)?.conventions(asked.conventions.clone());
    if let Some(labels) = labels {
        outcomes = outcomes.labels(labels)?;
    }
    if let Some(weights) = part.weights.as_ref().filter(|weights| weights.iter().any(|weight| *weight > 0.0)) {
        outcomes = outcomes.weights(weights)?;
    }
    Ok(evidence::findings(&outcomes, plan)?.1)
}

/// Rows and selected of a group in some selections; few ones count in what is pooled over strata, too.
fn counts(selections: &Selections, group: &str) -> Option<tests::Counted> {
    let found = selections.groups.iter().find(|one| one.group == group)?;
    tests::Counted::new(found.selected as u64, found.n as u64)
}

fn adjusted(strata: &[Stratum], pooled: &Selections, asked: &Asked<'_>) -> Vec<Adjusted> {
    let level = asked.intervals.level_in_force();
    let mut all = Vec::new();
    let Some(highest) = pooled.highest.first() else { return all };
    for group in pooled.groups.iter().filter(|group| group.left_out.is_none() && group.n > 0 && group.group != *highest) {
        let tables: Vec<Table> = strata
            .iter()
            .filter_map(|stratum| {
                Some(Table { group: counts(&stratum.selections, &group.group)?, reference: counts(&stratum.selections, highest)? })
            })
            .collect();
        let groups = Some([group.group.clone(), highest.clone()]);
        let found = tests::mantel_haenszel(&tables, if level > 0.0 { level } else { 0.95 });
        let one = |id: &str, measured: &dyn Fn(&tests::MantelHaenszel) -> Result<tests::Measured, Undefined>| {
            let undefined = |reason: &Undefined| Estimate::undefined(reason.to_string());
            let estimate = match found.as_ref().map(measured) {
                Ok(Ok(measured)) => Estimate::Value {
                    value: measured.value,
                    interval: measured.interval.ok().filter(|_| level > 0.0).map(|(low, high)| Interval {
                        low,
                        high,
                        level,
                        method: "mantel-haenszel".to_owned(),
                        replicates: 0,
                    }),
                },
                Ok(Err(reason)) => undefined(&reason),
                Err(reason) => undefined(reason),
            };
            let p_value = |test: fn(&tests::MantelHaenszel) -> &Result<tests::ChiSquared, Undefined>| {
                found.as_ref().ok().and_then(|found| test(found).as_ref().ok().map(|test| test.p_value))
            };
            let informative = found.as_ref().map_or(0, |found| found.strata - found.uninformative.len());
            Adjusted {
                id: id.to_owned(),
                groups: groups.clone(),
                estimate,
                strata: [informative, strata.len()],
                p_value: p_value(|found| &found.test),
                alike_p_value: p_value(|found| &found.tarone),
            }
        };
        all.push(one("mantel-haenszel-odds-ratio", &|found| found.odds_ratio));
        all.push(one("mantel-haenszel-risk-ratio", &|found| found.risk_ratio));
        all.push(one("mantel-haenszel-risk-difference", &|found| found.risk_difference));
    }
    all
}

/// The number within the strata once averaged: it stands among the adjusted ones.
pub(crate) fn conditional(strata: &mut Strata, finding: &Finding) {
    let without = finding.left_out.iter().filter(|(name, _)| strata.strata.iter().any(|stratum| stratum.name == *name)).count();
    strata.adjusted.push(Adjusted {
        id: finding.metric.clone(),
        groups: None,
        estimate: finding.estimate.clone(),
        strata: [strata.strata.len() - without, strata.strata.len()],
        p_value: None,
        alike_p_value: None,
    });
}

/// The smallest ratio of some selections, with its group: of groups with at least so many rows, as is the group of the highest rate.
fn smallest(selections: &Selections, least: usize) -> Option<(&str, &Estimate, f64)> {
    let highest = selections.groups.iter().filter(|group| selections.highest.contains(&group.group)).map(|group| group.n).max()?;
    let ratios = selections
        .groups
        .iter()
        .filter(|group| group.n >= least && highest >= least)
        .filter_map(|group| Some((group.group.as_str(), &group.impact_ratio, group.impact_ratio.number()?)));
    ratios.min_by(|one, other| one.2.total_cmp(&other.2))
}

/// The strata that tell, in words: `the 12 strata by job`, or `the 9 strata by job with at least 30 rows of both groups (of 12)`.
fn of_strata(tell: usize, all: usize, by: &str) -> String {
    let strata = if tell == 1 { "stratum" } else { "strata" };
    if tell == all {
        format!("the {tell} {strata} by {by}")
    } else {
        format!("the {tell} {strata} by {by} with at least {TELLING} rows of both groups (of {all})")
    }
}

fn told(by: &str, strata: &[Stratum], pooled: &Selections, adjusted: &[Adjusted], asked: &Asked<'_>) -> Vec<String> {
    let (mut told, turned) = turned(by, strata, pooled, adjusted);
    let mut against = smallest(pooled, 0).map(|(_, estimate, _)| estimate);
    if asked.lowest_ratio.is_none() {
        for (group, within, sentence) in at_odds(by, pooled, adjusted).into_iter().filter(|(group, ..)| !turned.contains(group)) {
            told.push(sentence);
            // What the strata have in common is told: one of them alone is worth a word where it is worse than that.
            let lowest = smallest(pooled, 0).is_some_and(|(lowest, ..)| lowest == group);
            let end = |estimate: &Estimate| estimate.interval().map_or(f64::INFINITY, |interval| interval.low);
            against = against.map(|pooled| if lowest || end(within) < end(pooled) { within } else { pooled });
        }
    }
    let Some((group, estimate, value)) = smallest(pooled, 0) else { return told };
    // A handful of people cannot speak against the pooled number.
    let ratios: Vec<(&Stratum, &str, &Estimate, f64)> = strata
        .iter()
        .filter_map(|stratum| smallest(&stratum.selections, TELLING).map(|(group, estimate, ratio)| (stratum, group, estimate, ratio)))
        .collect();
    let among = of_strata(ratios.len(), strata.len(), by);
    if let Some(limit) = asked.lowest_ratio {
        let below = |ratio: f64| ratio < limit * (1.0 - 1e-12);
        let shown = |value: f64| ratio(value, Some(limit));
        let breaching: Vec<_> = ratios.iter().filter(|(.., ratio)| below(*ratio)).collect();
        if below(value) && breaching.is_empty() && !ratios.is_empty() {
            told.push(format!(
                "Over all rows the impact ratio of {group} is {}, below the limit {limit} that was set; in {among} no ratio is below it.",
                shown(value)
            ));
        } else if !below(value)
            && let Some((stratum, group, estimate, low)) = breaching.iter().min_by(|one, other| one.3.total_cmp(&other.3))
        {
            let interval =
                estimate.interval().map_or_else(String::new, |interval| format!(" [{}, {}]", shown(interval.low), shown(interval.high)));
            told.push(format!(
                "Over all rows no impact ratio is below the limit {limit} that was set (smallest {}); one is in {} of {among}, the lowest in {} (n = {}): {}{interval} \
                 for {group}.",
                shown(value),
                breaching.len(),
                stratum.name,
                count(stratum.n),
                shown(*low),
            ));
        }
    } else if let Some((stratum, group, within, low)) = ratios
        .iter()
        .filter(|(.., within, _)| {
            let against = against.and_then(Estimate::interval);
            within.interval().zip(against).is_some_and(|(within, against)| within.high < against.low)
        })
        .min_by(|one, other| one.3.total_cmp(&other.3))
    {
        told.push(format!(
            "Over all rows the smallest impact ratio is {}{}; in {} (n = {}) that of {group} is {}{}, which the pooled number hides.",
            fixed(value, 2),
            bracket(estimate),
            stratum.name,
            count(stratum.n),
            fixed(*low, 2),
            bracket(within)
        ));
    }
    told
}

fn bracket(estimate: &Estimate) -> String {
    estimate.interval().map_or_else(String::new, |interval| format!(" [{}, {}]", fixed(interval.low, 2), fixed(interval.high, 2)))
}

/// The risk ratio of a group over the strata.
fn risk_ratio<'a>(adjusted: &'a [Adjusted], group: &str) -> Option<&'a Adjusted> {
    let of_group = |one: &&Adjusted| one.groups.as_ref().is_some_and(|groups| groups[0] == group);
    adjusted.iter().filter(|one| one.id == "mantel-haenszel-risk-ratio").find(of_group)
}

/// Groups whose pooled ratio and the one within strata have intervals without a number in common, with the latter and a sentence.
fn at_odds<'a>(by: &str, pooled: &'a Selections, adjusted: &'a [Adjusted]) -> Vec<(&'a str, &'a Estimate, String)> {
    let Some(highest) = pooled.highest.first() else { return Vec::new() };
    let of_group = |group: &'a GroupSelection| {
        let found = risk_ratio(adjusted, &group.group)?;
        let (over, within) = (group.impact_ratio.interval()?, found.estimate.interval()?);
        let why = if within.low > over.high && within.low > 1.0 {
            format!("the pooled number turns the order of the two round that holds within {by}")
        } else if within.low > over.high && found.estimate.number()?.ln().abs() <= group.impact_ratio.number()?.ln().abs() {
            "the pooled number shows a wider gap than there is within strata".to_owned()
        } else if within.low > over.high {
            "the pooled number shows another gap than there is within strata".to_owned()
        } else if within.high < over.low {
            "the pooled number hides a gap that there is within strata".to_owned()
        } else {
            return None;
        };
        let strata = if found.strata[0] == 1 { "stratum" } else { "strata" };
        let sentence = format!(
            "Over all rows the ratio of {} to {highest} is {}{}; within the same {by} ({} {strata} taken together) it is {}{}: {why}.",
            group.group,
            fixed(group.impact_ratio.number()?, 2),
            bracket(&group.impact_ratio),
            found.strata[0],
            fixed(found.estimate.number()?, 2),
            bracket(&found.estimate),
        );
        Some((group.group.as_str(), &found.estimate, sentence))
    };
    pooled.groups.iter().filter(|group| group.left_out.is_none() && !pooled.highest.contains(&group.group)).filter_map(of_group).collect()
}

/// Simpson's paradox: the order of two groups over all rows is the reverse of that in every stratum that tells. The sentences, and the groups they are about.
fn turned<'a>(by: &str, strata: &[Stratum], pooled: &'a Selections, adjusted: &[Adjusted]) -> (Vec<String>, Vec<&'a str>) {
    let Some(highest) = pooled.highest.first() else { return (Vec::new(), Vec::new()) };
    let rate = |counted: &tests::Counted| counted.selected() as f64 / counted.n() as f64;
    let (mut told, mut groups) = (Vec::new(), Vec::new());
    for group in pooled.groups.iter().filter(|group| group.left_out.is_none() && group.n > 0 && !pooled.highest.contains(&group.group)) {
        let both = |stratum: &Stratum| {
            let sides = (counts(&stratum.selections, &group.group)?, counts(&stratum.selections, highest)?);
            (sides.0.n() as usize >= TELLING && sides.1.n() as usize >= TELLING).then_some(sides)
        };
        let sides: Vec<_> = strata.iter().filter_map(both).collect();
        let ahead = sides.iter().filter(|(own, other)| rate(own) > rate(other)).count();
        let level = sides.iter().filter(|(own, other)| rate(own) >= rate(other)).count();
        if sides.len() < 2 || level < sides.len() || ahead == 0 {
            continue;
        }
        let found = risk_ratio(adjusted, &group.group).map(|one| &one.estimate);
        let adjusted = found.and_then(|estimate| {
            Some(format!("; taken together over {by} the ratio is {}{}", fixed(estimate.number()?, 2), bracket(estimate)))
        });
        let among = of_strata(sides.len(), strata.len(), by);
        let turned = match sides.len() - ahead {
            0 => format!("in each of {among} they are selected more often"),
            1 => format!("they are selected more often in {ahead} of {among}, and as often in the other"),
            level => format!("they are selected more often in {ahead} of {among}, and as often in the other {level}"),
        };
        groups.push(group.group.as_str());
        told.push(format!(
            "The order turns round: over all rows {} are selected less often than {highest} (ratio {}); {turned}{}.",
            group.group,
            group.impact_ratio.number().map_or_else(String::new, |ratio| fixed(ratio, 2)),
            adjusted.unwrap_or_default()
        ));
    }
    (told, groups)
}
