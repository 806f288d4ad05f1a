//! Long names cut in the middle, for where a line of text must not wrap.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::document::Report;
use crate::marks;

/// Fewer letters leave no room for both ends and a number.
const LEAST: usize = 12;

/// The same report with its names (of attributes, groups, strata, methods, data) cut to so many letters in every text of it. Two names that were different
/// still are. Marks that nobody sees are written out before, and count.
pub fn narrowed(report: &Report, most: usize) -> Cow<'_, Report> {
    let shown = marks::shown(report);
    let most = most.max(LEAST);
    let long = long_names(&shown, most);
    if long.is_empty() {
        return shown;
    }
    let short = shortened(&long, most);
    let Ok(mut value) = serde_json::to_value(&*shown) else { return shown };
    // The longest first: one name may be the beginning of another.
    let mut pairs: Vec<(&str, &str)> = long.iter().map(String::as_str).zip(short.iter().map(String::as_str)).collect();
    pairs.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    replace(&mut value, &pairs);
    match serde_json::from_value(value) {
        Ok(narrow) => Cow::Owned(narrow),
        Err(_) => shown,
    }
}

fn long_names(report: &Report, most: usize) -> Vec<String> {
    let data = &report.data;
    let mut names: Vec<&String> = data.label.iter().map(|label| &label.name).collect();
    for attribute in &data.attributes {
        names.push(&attribute.name);
        names.extend(attribute.groups.iter().map(|group| &group.name));
    }
    for method in &report.methods {
        names.push(&method.name);
        let attributes = method.runs.iter().flat_map(|run| &run.attributes);
        for strata in attributes.clone().flat_map(|one| &one.strata) {
            names.push(&strata.by);
            names.extend(strata.strata.iter().map(|stratum| &stratum.name));
        }
        for one in attributes {
            names.push(&one.attribute);
            names.extend(one.groups.iter().map(|group| &group.name));
        }
    }
    for table in report.law.iter().flat_map(|law| &law.tables) {
        names.push(&table.classification);
        names.extend(table.selections.groups.iter().map(|group| &group.group));
        names.extend(table.within.iter().flatten());
    }
    let mut long: Vec<String> = names.into_iter().filter(|name| name.chars().count() > most).cloned().collect();
    long.sort_unstable();
    long.dedup();
    long
}

/// Each name by its two ends; where these are those of another name as well, with a number.
fn shortened(names: &[String], most: usize) -> Vec<String> {
    let cut = |name: &str, most: usize| {
        let letters: Vec<char> = name.chars().collect();
        let tail = most / 3;
        let head = most - tail - 1;
        letters[..head].iter().chain(&['\u{2026}']).chain(&letters[letters.len() - tail..]).collect::<String>()
    };
    let plain: Vec<String> = names.iter().map(|name| cut(name, most)).collect();
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for short in &plain {
        *times.entry(short).or_default() += 1;
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let numbered = names.iter().zip(&plain).map(|(name, short)| {
        if times.get(short.as_str()) == Some(&1) {
            return short.clone();
        }
        let number = seen.entry(short).or_default();
        *number += 1;
        let number = format!(" ({number})");
        cut(name, most.saturating_sub(number.len()).max(2)) + &number
    });
    numbered.collect()
}

fn replace(value: &mut Value, pairs: &[(&str, &str)]) {
    let of = |text: &mut String| {
        for (name, short) in pairs {
            if text.contains(name) {
                *text = text.replace(name, short);
            }
        }
    };
    match value {
        Value::String(text) => of(text),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, pairs)),
        Value::Object(fields) => {
            *fields = std::mem::take(fields)
                .into_iter()
                .map(|(mut key, mut field)| {
                    of(&mut key);
                    replace(&mut field, pairs);
                    (key, field)
                })
                .collect();
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn names_that_differ_in_the_middle_alone_stay_apart() {
        let name = |middle: &str| format!("{}{middle}{}", "a".repeat(100), "z".repeat(100));
        let short = shortened(&[name("1"), name("2"), format!("{}b", "c".repeat(40))], 20);
        assert_eq!(short, ["aaaaaaaaaa\u{2026}zzzzz (1)", "aaaaaaaaaa\u{2026}zzzzz (2)", "ccccccccccccc\u{2026}cccccb"]);
        assert!(short.iter().all(|name| name.chars().count() <= 20));
    }
}
