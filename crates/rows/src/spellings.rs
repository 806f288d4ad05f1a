//! Categories of which two spellings of one thing are one.

use std::collections::HashMap;

use crate::roles::words::{shown, spelling_key};

/// The categories of a column, each once.
#[derive(Debug)]
pub(crate) struct Spellings {
    /// The spelling that most rows have, or the first of equals; in the order in which the things come first.
    pub(crate) levels: Vec<String>,
    /// For each category as it was spelled its place among the levels.
    pub(crate) places: Vec<u32>,
    /// Where a thing has several spellings, its place and those.
    pub(crate) joined: Vec<(usize, Vec<String>)>,
}

impl Spellings {
    pub(crate) fn of(spelled: &[String], codes: &[u32]) -> Self {
        let mut rows = vec![0_usize; spelled.len()];
        for &code in codes {
            if let Some(rows) = rows.get_mut(code as usize) {
                *rows += 1;
            }
        }
        let mut places = HashMap::with_capacity(spelled.len());
        let mut members: Vec<Vec<usize>> = Vec::new();
        let of = |(code, level): (usize, &String)| {
            let place = *places.entry(spelling_key(level)).or_insert_with(|| {
                members.push(Vec::new());
                members.len() - 1
            });
            members[place].push(code);
            place as u32
        };
        let places = spelled.iter().enumerate().map(of).collect();
        let most = |codes: &Vec<usize>| codes.iter().rev().max_by_key(|code| rows[**code]).map_or("", |code| spelled[*code].as_str());
        // A single spelling stays as it is; of several the number is shown without its closing `.0`.
        let level = |codes: &Vec<usize>| if codes.len() > 1 { shown(most(codes)).into_owned() } else { most(codes).to_owned() };
        let several = members.iter().enumerate().filter(|(_, codes)| codes.len() > 1);
        let joined = several.map(|(place, codes)| (place, codes.iter().map(|code| spelled[*code].clone()).collect())).collect();
        Spellings { levels: members.iter().map(level).collect(), places, joined }
    }

    /// A code as it is among the levels; a missing one stays.
    pub(crate) fn place(&self, code: u32) -> u32 {
        self.places.get(code as usize).copied().unwrap_or(code)
    }
}
