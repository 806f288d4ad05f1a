//! Ranks the list on standard input and prints the order and the median of the seconds it took: `reference/rerank.py --time` compares them.
//!
//! Input: {"method": "det-const-sort", "scores": [..], "groups": [..], "shares": [..], "length": 25, "repeats": 5}
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::collections::BTreeMap;
use std::time::Instant;

use evenhand_catalog::{Parameters, find};
use evenhand_rerank::{RERANKERS, Shares, Shortlist};
use serde_json::{Value, json};

fn main() {
    let input: Value = serde_json::from_reader(std::io::stdin()).unwrap();
    let numbers = |name: &str| input[name].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect::<Vec<_>>();
    let (scores, shares) = (numbers("scores"), numbers("shares"));
    let groups: Vec<u32> = numbers("groups").into_iter().map(|code| code as u32).collect();
    let levels: Vec<String> = (0..shares.len()).map(|group| format!("group {group}")).collect();
    let entry = find(RERANKERS, input["method"].as_str().unwrap()).unwrap();
    let method = (entry.build)(&Parameters::resolve(entry.card, &BTreeMap::new()).unwrap()).unwrap();
    let length = input["length"].as_u64().unwrap() as usize;
    let mut seconds = Vec::new();
    let mut order = Vec::new();
    for _ in 0..input["repeats"].as_u64().unwrap() {
        let start = Instant::now();
        let shortlist = Shortlist::new(&scores, &groups, &levels).unwrap();
        let wanted = Shares::in_order(&levels, shares.clone()).unwrap();
        let ranking = method.rerank(&shortlist, &wanted, length, 1).unwrap();
        seconds.push(start.elapsed().as_secs_f64());
        order = ranking.places.iter().map(|place| place.candidate).collect();
    }
    seconds.sort_by(f64::total_cmp);
    println!("{}", json!({ "order": order, "seconds": seconds[seconds.len() / 2] }));
}
